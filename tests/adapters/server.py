# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A little MCP server on 127.0.0.1 that remembers each request, with the fake authorization server behind it."""

import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.fakes.authorization_server import AuthorizationServer
from tests.fakes.seams import Person
from tests.fakes.threads import LONGEST_WAIT
from valetkey.wire import HttpRequest

_POLL = 0.02


@dataclass(frozen=True)
class Seen:
    """A request as it came: its line, its fields in their order, its body without the framing of chunks."""

    line: str
    fields: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def path(self) -> str:
        """The path, without the query."""
        return urlsplit(self.line.split()[1]).path

    def field(self, name: str) -> str | None:
        """
        Look a field up.

        :param name: Its name.
        :returns: Its value, or None.
        """
        return next((value for key, value in self.fields if key.lower() == name), None)

    @property
    def token(self) -> str | None:
        """The access token, if there is one."""
        value = self.field("authorization")
        return value.removeprefix("Bearer ") if value is not None else None


@dataclass(frozen=True)
class Answer:
    """What is answered; `rest` goes on after `body`, piece by piece, and `body` then has no length."""

    status: int = 200
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b'{"jsonrpc":"2.0","id":1,"result":{}}'
    rest: Callable[[], bytes] | None = field(default=None, compare=False)


class McpServer:
    """
    An MCP server at `/mcp`, and its authorization server on the same port, while the context is open.

    :param wants_login: False for a server that is open to everybody.
    :param switches: Switches of the authorization server.
    """

    def __init__(self, *, wants_login: bool = True, **switches: object) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{self.origin}/mcp"
        self.wants_login = wants_login
        self.metadata_url = f"{self.origin}/.well-known/oauth-protected-resource/mcp"
        self.authorization = AuthorizationServer(
            mcp_url=self.url, issuer=self.origin, describes_the_resource_at=(self.metadata_url,), **switches
        )
        self.person = Person(visits=self.authorization.visit)
        self.seen: list[Seen] = []
        self.routes: dict[str, Callable[[Seen], Answer]] = {}
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, seen: Seen) -> Answer | None:
        """
        Answer a request, unless it is one to the authorization server.

        :param seen: The request.
        :returns: The answer, or None.
        """
        if not (seen.path in self.routes or seen.path.startswith("/mcp")):
            return None
        self.seen.append(seen)
        if seen.path in self.routes:
            return self.routes[seen.path](seen)
        if self.wants_login and not self.authorization.accepts(seen.token or ""):
            return self.rejects(seen)
        return Answer()

    def rejects(self, seen: Seen) -> Answer:
        """
        Answer that another token is wanted.

        :param seen: The request.
        :returns: The answer.
        """
        challenge = f'Bearer error="invalid_token", resource_metadata="{self.metadata_url}"'
        return Answer(401, (("WWW-Authenticate", "Basic"), ("WWW-Authenticate", challenge)), b"unauthorized")

    def ask(self, request: HttpRequest) -> Answer:
        """
        Ask the authorization server.

        :param request: The request.
        :returns: Its answer.
        """
        response = self.authorization(request)
        return Answer(response.status, response.headers, response.body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    owner: McpServer

    def server_bind(self) -> None:
        """Bind, and ask DNS for no name."""
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = LONGEST_WAIT
    disable_nagle_algorithm = True  # it would wait 40 ms between head and body

    def do_GET(self) -> None:
        """Answer a request, whatever its method."""
        owner = self.server.owner
        seen = Seen(self.requestline, tuple(self.headers.items()), self._body())
        answer = owner.answer(seen)
        if answer is None:
            url = f"{owner.origin}{self.path}"
            answer = owner.ask(HttpRequest(self.command, url, "asked", seen.fields, seen.body))
        self.send_response(answer.status)
        for name, value in answer.fields:
            self.send_header(name, value)
        if answer.rest is None:
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            return
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)
        while piece := answer.rest():
            self.wfile.write(piece)

    do_POST = do_DELETE = do_PUT = do_GET  # noqa: N815 - the names of the base class

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Write nothing."""
