# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
An MCP server and its authorization server in one, in a thread of the test, that does what its switches say.

With no switch thrown it is right in everything. It answers JSON, so what it has seen is known as soon as a call is
over, and it remembers the tokens that came with the requests, which real servers do not show.
"""

import json
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.fakes.threads import LONGEST_WAIT, until

_HOST = "127.0.0.1"
_FIRST_SCOPE = "mcp"
TOKEN_PATH = "/oauth/token"
"""Not where a client would look without having read the metadata."""
_TOOL = {
    "name": "add",
    "description": "Add two numbers.",
    "inputSchema": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}},
}


@dataclass
class Switches:
    """What this server does wrong, or otherwise than usual."""

    open: bool = False
    """Wants no token."""
    hangs: bool = False
    """Gives no answer to a message."""
    hangs_in: str | None = None
    """Gives no answer to messages with this method."""
    fails_to_open: bool = False
    """Answers 500 to who opens a session."""
    moves: dict[str, tuple[int, str]] = field(default_factory=dict)
    """The status and the Location by which a path redirects."""
    breaks_off: bool = False
    """Ends the connection instead of answering."""
    publishes: bool = True
    """Has metadata; without it, every other path is unknown too."""
    announces: bool = True
    """Names the metadata in its challenge."""
    knows_s256: bool = True
    registers: bool = True
    issuer: str | None = None
    """The issuer that the metadata names instead of the right one."""
    slash: bool = False
    """Publishes its issuer with a slash at the end, as FastMCP does."""
    denies: bool = False
    """The person says no."""
    names_token_endpoint: bool = True
    token_page: bool = False
    """The token endpoint shows a web page."""
    lifetime: int = 3600
    """Seconds of life of the access tokens it issues."""
    scope_of_calls: str | None = None
    """The scope that only calls of tools want."""
    scope_of_sessions: str | None = None
    """The scope that opening a session wants."""
    forbids_calls: bool = False
    before_call: Callable[[], None] | None = None
    """What happens when the call of a tool arrives, before its token is judged; once."""
    before_session: Callable[[], None] | None = None
    """The same, when a session is opened."""
    holds: int | None = None
    """Executes calls with this first number, and answers them when `released` is set."""
    fails_calls: bool = False
    """Answers 500 to calls of tools."""
    page_of_calls: str | None = None
    """The media type with which it answers calls of tools, 200 and no MCP."""
    answer_to_calls: tuple[str, bytes, int] | None = None
    """The media type and the body with which it answers calls of tools, and how many bytes are missing at its end."""
    explains_failures: bool = False
    """Sends a JSON-RPC error with its 500."""
    grants: str | None = None
    """The only scope that it grants, whatever is asked for."""
    accepts_tokens: bool = True
    notifications_to_reject: int = 0
    sessions_to_forget: int = 0
    """How many calls of tools are told that their session is unknown."""
    forgets_tokens_too: bool = False
    """Has forgotten every token when it has forgotten a session."""
    streams: bool = False
    """Offers a stream of its own messages."""
    refuses_streams: bool = False
    """Answers 401 to who asks for that stream."""
    pages: list[list[str]] = field(default_factory=lambda: [["add"]])
    """The names of its tools, page by page."""
    next_page: dict[str, str] = field(default_factory=dict)
    """The cursor on a page that leads elsewhere than to the next one."""
    fails_at_page: int | None = None
    fails_to_list: bool = False
    rejects_listing: bool = False
    answers_revision: str | None = None
    """The revision by which it answers the handshake, whatever it is asked for."""
    refuses_handshake: tuple[int, int | None] | None = None
    """Does not know `initialize`: the status it answers, and the code of its JSON-RPC error if it sends one."""
    speaks: str | None = None
    """The revision of MCP, from 2026-07-28 on, that it speaks if it is asked by `server/discover`."""


@dataclass
class Seen:
    """
    One request.

    `message`, `id` and `capabilities` are those of JSON-RPC, `token` the Bearer token, `parameters` those of OAuth.
    """

    method: str
    path: str
    message: str | None
    token: str | None
    parameters: dict[str, str]
    headers: Mapping[str, str]
    id: int | str | None = None
    capabilities: dict[str, object] | None = None
    status: int | None = None
    at: float = field(default_factory=time.monotonic)


class MisbehavingServer:
    """The server; it runs while the context is open."""

    def __init__(self):
        self.switches = Switches()
        self.seen = []
        self.executed = 0
        self.scopes = {}
        self.sessions = 0
        self.accounts = {}  # by token: the login that it comes from, as a number
        self.stream_opened = threading.Event()
        self.released = threading.Event()
        self._said = queue.SimpleQueue()
        self._refresh_tokens = {}
        self._codes = {}
        self._issued = self._logins = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(self)
        self.origin = f"http://{_HOST}:{self._server.server_address[1]}"
        self.mcp_url = self.origin + "/mcp"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._closing.set()
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def stops(self):
        """Listen no more, and end every connection when its next request comes."""
        self.switches.breaks_off = True
        self._server.shutdown()
        self._server.server_close()

    def requests(self, path=None, message=None):
        """Give the requests to a path or with a message."""
        return [one for one in list(self.seen) if path in (None, one.path) and message in (None, one.message)]

    def forget_requests(self):
        """Forget all requests when the client, which has connected, has asked for the server's stream too."""
        until(lambda: any(one.method == "GET" and one.status for one in self.requests("/mcp")))
        self.seen.clear()

    def accounts_in_sessions(self):
        """Give for each MCP session the accounts whose tokens came with its requests."""
        found = {}
        for one in self.requests("/mcp"):
            if (session := one.headers.get("Mcp-Session-Id")) is not None and one.token is not None:
                found.setdefault(session, set()).add(self.accounts[one.token])
        return found

    def revoke_access_tokens(self):
        """Refuse every access token from now on; refresh tokens stay."""
        self.scopes.clear()

    def revoke_everything(self):
        self.scopes.clear()
        self._refresh_tokens.clear()

    def says(self, method):
        """Send a notification to the client that listens."""
        self._said.put(method)

    def said(self):
        """Give what is to be sent to the client that listens, until the server stops."""
        while not self._closing.is_set():
            try:
                yield self._said.get(timeout=0.02)
            except queue.Empty:
                continue

    def listed(self, cursor):
        """Give the answer to `tools/list`."""
        pages = self.switches.pages
        number = int(cursor.partition(".")[0]) if cursor else 0
        tools = [_TOOL | {"name": name} for name in pages[number % len(pages)]]
        following = self.switches.next_page.get(str(number), str(number + 1) if number + 1 < len(pages) else None)
        return {"tools": tools} | ({} if following is None else {"nextCursor": following})

    def wait_for_end(self):
        """Block a handler as long as the server runs, but not for ever."""
        self._closing.wait(LONGEST_WAIT)

    def code_for(self, scope):
        with self._lock:
            code = f"secret-code-{len(self._codes)}"
            self._codes[code] = scope
        return code

    def _granted(self, scope):
        return scope if self.switches.grants is None else self.switches.grants

    def redeem(self, form):
        """Answer a token request."""
        with self._lock:
            self._logins += form["grant_type"] == "authorization_code"
            account = self.accounts.get(form.get("refresh_token"), self._logins)
            if form["grant_type"] == "refresh_token":
                scope = self._refresh_tokens.pop(form["refresh_token"], None)
            elif form["grant_type"] == "client_credentials":
                scope = form.get("scope", _FIRST_SCOPE)
            else:
                scope = self._codes.pop(form.get("code"), None)
            if scope is None:
                return 400, {"error": "invalid_grant"}
            scope = self._granted(scope)
            self._issued += 1
            access_token, refresh_token = f"secret-access-{self._issued}", f"secret-refresh-{self._issued}"
            self.scopes[access_token], self._refresh_tokens[refresh_token] = scope, scope
            self.accounts[access_token] = self.accounts[refresh_token] = account
        answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": self.switches.lifetime}
        return 200, {**answer, "refresh_token": refresh_token, "scope": scope}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, owner):
        self.owner = owner
        super().__init__((_HOST, 0), _Handler)

    def handle_error(self, request, client_address):
        """Keep quiet about clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = LONGEST_WAIT

    def do_GET(self):
        self._handle()

    def do_POST(self):
        self._handle()

    def do_DELETE(self):
        self._handle()

    def log_message(self, format, *args):  # noqa: A002 - the base class's name
        pass

    def _handle(self):
        self.owner, self.switches = self.server.owner, self.server.owner.switches
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        bearer = self.headers.get("Authorization", "")
        self.message = json.loads(body) if path.startswith("/mcp") and body else {}
        parameters = parse_qs(urlsplit(self.path).query or (body.decode() if path == TOKEN_PATH else ""))
        token = bearer.removeprefix("Bearer ") if bearer.startswith("Bearer ") else None
        asked = {name: values[0] for name, values in parameters.items()}
        message = self.message
        capabilities = message.get("params", {}).get("capabilities")
        self.one = Seen(
            self.command, path, message.get("method"), token, asked, self.headers, message.get("id"), capabilities
        )
        self.owner.seen.append(self.one)
        if path in self.switches.moves:
            status, location = self.switches.moves[path]
            self._send(status, b"", "text/plain", Location=location)
        elif path.startswith("/mcp"):
            self._mcp()
        elif not self.switches.publishes:
            self._send(404, b"nothing here", "text/plain")
        elif path == "/.well-known/oauth-protected-resource/mcp":
            issuer = self.owner.origin + "/" * self.switches.slash
            self._json(200, {"resource": self.owner.mcp_url, "authorization_servers": [issuer]})
        elif path == "/.well-known/oauth-authorization-server":
            self._json(200, self._metadata())
        elif path == "/register" and self.switches.registers:
            self._json(201, {**json.loads(body), "client_id": "registered-client"})
        elif path == "/authorize":
            self._authorize()
        elif path == TOKEN_PATH and self.switches.token_page:
            self._send(200, b"<!doctype html><title>Welcome</title>", "text/html")
        elif path == TOKEN_PATH:
            self._json(*self.owner.redeem(asked))
        else:
            self._send(404, b"nothing here", "text/plain")

    def _metadata(self):
        origin = self.owner.origin
        document = {
            "issuer": self.switches.issuer or origin,
            "authorization_endpoint": origin + "/authorize",
            "token_endpoint": origin + (TOKEN_PATH if self.switches.names_token_endpoint else "/elsewhere"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"] if self.switches.knows_s256 else ["plain"],
            "token_endpoint_auth_methods_supported": ["none"],
        }
        return document | ({"registration_endpoint": origin + "/register"} if self.switches.registers else {})

    def _authorize(self):
        asked = self.one.parameters
        answer = {"state": asked["state"]}
        if self.switches.denies:
            answer["error"] = "access_denied"
        else:
            answer["code"] = self.owner.code_for(asked.get("scope", _FIRST_SCOPE))
        self._send(302, b"", "text/plain", Location=f"{asked['redirect_uri']}?{urlencode(answer)}")

    def _mcp(self):
        if self.switches.hangs or (self.one.message is not None and self.one.message == self.switches.hangs_in):
            self.owner.wait_for_end()
            return
        if self.switches.breaks_off:
            self.close_connection = True
            return
        refusal = self._refusal()
        if refusal is not None:
            status, challenge = refusal
            self._send(status, b"no", "text/plain", **({"WWW-Authenticate": challenge} if challenge else {}))
        elif self.one.message == "tools/call" and self.switches.fails_calls:
            error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32603, "message": "the disk is full"}}
            self._json(500, error if self.switches.explains_failures else {})
        elif self.one.message == "tools/call" and self.switches.page_of_calls is not None:
            self._send(200, b"<p>hello</p>", self.switches.page_of_calls)
        elif self.one.message == "tools/call" and self.switches.answer_to_calls is not None:
            self._send_a_part(*self.switches.answer_to_calls)
        elif self.command == "GET":
            self._stream()
        elif self.command == "DELETE" or "id" not in self.message:
            self._send(202 if self.command == "POST" else 200, b"", "text/plain")
        else:
            self._answer()

    def _refusal(self):
        """Give the status and the challenge of a rejection, if this request is rejected."""
        switches, method = self.switches, self.one.message or ""
        before = {"tools/call": "before_call", "initialize": "before_session"}.get(method)
        if before is not None and (happens := getattr(switches, before)) is not None and self.one.token is not None:
            setattr(switches, before, None)
            happens()
        scope = self.owner.scopes.get(self.one.token)
        where = f'resource_metadata="{self.owner.origin}/.well-known/oauth-protected-resource/mcp"'
        challenge = f"Bearer {where}, scope={_FIRST_SCOPE!r}".replace("'", '"') if switches.announces else "Bearer"
        if not switches.open and (scope is None or not switches.accepts_tokens):
            return 401, challenge
        if self.command == "GET" and switches.refuses_streams:
            return 401, challenge
        if method.startswith("notifications/") and switches.notifications_to_reject > 0:
            switches.notifications_to_reject -= 1
            return 401, challenge
        if method == "tools/list" and switches.rejects_listing:
            return 401, challenge
        if (method == "initialize" and switches.fails_to_open) or (method == "tools/list" and switches.fails_to_list):
            return 500, None
        if method == "initialize" and switches.refuses_handshake and switches.refuses_handshake[1] is None:
            return switches.refuses_handshake[0], None
        if method == "initialize" and switches.scope_of_sessions not in (None, *(scope or "").split()):
            return 403, f'Bearer error="insufficient_scope", scope="{switches.scope_of_sessions}"'
        if method != "tools/call":
            return None
        if switches.sessions_to_forget > 0:
            switches.sessions_to_forget -= 1
            if switches.forgets_tokens_too:
                self.owner.revoke_everything()
            return 404, None
        if switches.forbids_calls:
            return 403, None
        if switches.scope_of_calls is not None and switches.scope_of_calls not in (scope or "").split():
            return 403, f'{challenge.rpartition(",")[0]}, error="insufficient_scope", scope="{switches.scope_of_calls}"'
        return None

    def _send_a_part(self, media_type, body, missing):
        body = body.replace(b"<id>", str(self.message["id"]).encode())
        self._send(200, body, media_type, **{"Content-Length": str(len(body) + missing)})
        self.close_connection = missing > 0

    def _stream(self):
        if not self.switches.streams:
            self._send(405, b"", "text/plain")
            return
        self.one.status = 200
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.owner.stream_opened.set()
        if self.message:
            self._send_event("notifications/subscriptions/acknowledged", {"notifications": {"toolsListChanged": True}})
        for method in self.owner.said():
            self._send_event(method, {})

    def _send_event(self, method, params):
        if self.message:
            params = params | {"_meta": {"io.modelcontextprotocol/subscriptionId": self.message["id"]}}
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        self.wfile.write(f"event: message\ndata: {json.dumps(message)}\n\n".encode())
        self.wfile.flush()

    def _answer(self):
        if self.one.message == "subscriptions/listen":
            self._stream()
            return
        error = self._error()
        if error is not None:
            status, said = error
            self._json(status, {"jsonrpc": "2.0", "id": self.message["id"], "error": said})
            return
        results = {
            "initialize": {
                "protocolVersion": self.switches.answers_revision
                or (self.message.get("params") or {}).get("protocolVersion"),
                "capabilities": self._abilities(),
                "serverInfo": {"name": "misbehaving", "version": "1"},
            },
            "server/discover": {"supportedVersions": [self.switches.speaks], "capabilities": self._abilities()},
        }
        if self.one.message == "tools/list":
            results["tools/list"] = self.owner.listed((self.message.get("params") or {}).get("cursor"))
        if self.one.message == "tools/call":
            self.owner.executed += 1
            arguments = self.message["params"]["arguments"]
            if arguments["a"] == self.switches.holds:
                self.owner.released.wait(LONGEST_WAIT)
            text = str(arguments["a"] + arguments["b"])
            results["tools/call"] = {"content": [{"type": "text", "text": text}], "isError": False}
        result = results.get(self.one.message, {})
        if self.switches.speaks:
            result = result | {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
        answer = {"jsonrpc": "2.0", "id": self.message["id"], "result": result}
        session = {} if self.switches.speaks else {"Mcp-Session-Id": self._session()}
        self._send(200, json.dumps(answer).encode(), "application/json", **session)

    def _session(self):
        if self.one.message == "initialize":
            self.owner.sessions += 1
            return f"session-{self.owner.sessions}"
        return self.headers.get("Mcp-Session-Id", "none")

    def _abilities(self):
        return {"tools": {"listChanged": self.switches.streams}}

    def _error(self):
        """Give the status and the JSON-RPC error by which this request is answered, if it is."""
        method, switches = self.one.message, self.switches
        if method == "initialize" and switches.refuses_handshake:
            status, code = switches.refuses_handshake
            supported = {"supported": [switches.speaks], "requested": self.message["params"]["protocolVersion"]}
            return status, {"code": code, "message": "Unsupported protocol version", "data": supported}
        if method == "server/discover" and not switches.speaks:
            return 404, {"code": -32601, "message": "Method not found"}
        if method == "server/discover" and self.headers["MCP-Protocol-Version"] != switches.speaks:
            return 400, {
                "code": -32022,
                "message": "Unsupported protocol version",
                "data": {"supported": [switches.speaks]},
            }
        cursor = (self.message.get("params") or {}).get("cursor")
        if method == "tools/list" and cursor is not None and cursor == str(switches.fails_at_page):
            return 200, {"code": -32602, "message": "Invalid cursor"}
        return None

    def _json(self, status, document):
        self._send(status, json.dumps(document).encode(), "application/json")

    def _send(self, status, body, media_type, **headers):
        self.one.status = status
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
