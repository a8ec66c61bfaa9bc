# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The servers of `wire` on a real port of this computer, for what is about processes and connections."""

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.doctor import wire

_POLL = 0.02


class Broken:
    """
    Literal answers at `/mcp` and at `/as`, while the context is open.

    :param answers: What differs from a server at which nothing is wrong, as in `wire`.
    :param repeating: True to answer every call with what came, also in the challenge.
    """

    def __init__(self, answers: Mapping[str, str] | None = None, *, repeating: bool = False) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.owner = self
        self.repeating = repeating
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{self.origin}/mcp"
        self.seen: list[str] = []
        given = {**wire.GOOD, **(answers or {})}
        self.table = {self.here(key).replace(self.origin, ""): self.here(text) for key, text in given.items()}
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL,))

    def here(self, text: str) -> str:
        """Put this server's addresses in the place of those of `wire`."""
        for name in ("oauth-authorization-server", "openid-configuration"):
            text = text.replace(f"{wire.ISSUER}/.well-known/{name}", f"{self.origin}/.well-known/{name}/as")
        return text.replace(wire.ORIGIN, self.origin).replace(wire.ISSUER, f"{self.origin}/as")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        owner = self.server.owner
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        owner.seen.append(f"{self.command} {self.path}")
        text = owner.table.get(f"{self.command} {self.path.partition('?')[0]}", wire.NOT_FOUND)
        if owner.repeating:
            everything = f"{self.path} {dict(self.headers)} {body.decode()}".replace('"', "'")
            text = text.replace('scope="tools"', f'scope="tools", error_description="{everything}"')
            text = text.replace('"Not Found"', f'"{everything}"')
        head, _, answered = text.partition("\n\n")
        status, *lines = head.split("\n")
        self.send_response(int(status.split()[0]))
        for line in lines:
            name, _, value = line.partition(":")
            self.send_header(name, value.strip())
        self.send_header("Content-Length", str(len(answered.encode())))
        self.end_headers()
        self.wfile.write(answered.encode())

    do_POST = do_DELETE = do_GET  # noqa: N815 - the names of the base class

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""
