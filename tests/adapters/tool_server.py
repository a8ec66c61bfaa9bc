# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The little MCP server with a tool, over streamable HTTP and SSE, with switches for what real ones do oddly."""

import json
import queue
import threading
import zlib
from collections.abc import Callable
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.adapters.server import Answer, McpServer, Seen
from tests.fakes.threads import LONGEST_WAIT

_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_END = b""


class ToolServer(McpServer):
    """It speaks streamable HTTP at `url` and SSE at `sse_url`; every request is as the switches say."""

    def __init__(self, **switches: object) -> None:
        super().__init__(**switches)  # type: ignore[arg-type]  # as there
        self.sse_url = f"{self.url}/sse"
        self.moves: dict[str, tuple[int, str]] = {}
        """The status and the Location by which a path redirects."""
        self.compresses = ""
        """The Content-Encoding of the SSE stream, whatever the client asks for."""
        self.fails_calls: list[Answer] = []
        """What calls of tools are answered with instead, one each."""
        self.breaks_off_calls = 0
        """How many calls of tools end their connection instead."""
        self.holds_calls: Callable[[], object] | None = None
        """What a call of a tool waits for."""
        self.wanted_header: tuple[str, str] | None = None
        """A header of the caller's own that is as good as a token."""
        self.sessions = self.calls = 0
        self._streams: list[queue.Queue[bytes]] = []

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for stream in self._streams:
            stream.put(_END)
        super().__exit__(kind, error, traceback)

    def url_of(self, transport: str) -> str:
        """Give the URL of "http" or "sse"."""
        return self.sse_url if transport == "sse" else self.url

    def messages(self, method: str) -> list[Seen]:
        """Give the requests with a JSON-RPC message."""
        return [seen for seen in self.seen if seen.body and json.loads(seen.body).get("method") == method]

    def answer(self, seen: Seen) -> Answer | None:
        """Answer a request, unless it is one to the authorization server."""
        if seen.path in self.routes or not seen.path.startswith("/mcp"):
            return super().answer(seen)
        self.seen.append(seen)
        if seen.path in self.moves:
            status, location = self.moves[seen.path]
            return Answer(status, (("Location", location),), b"")
        has_own = self.wanted_header is not None and seen.field(self.wanted_header[0]) == self.wanted_header[1]
        if self.wants_login and not has_own and not self.authorization.accepts(seen.token or ""):
            return self.rejects(seen)
        if seen.line.startswith("GET "):
            return self._stream() if seen.path.startswith("/mcp/sse") else Answer(405, (), b"")
        return self._take(seen) if seen.body else Answer(200, (), b"")

    def _take(self, seen: Seen) -> Answer:
        message = json.loads(seen.body)
        over_sse = seen.path.startswith("/mcp/messages")
        if "id" not in message:
            return Answer(202, (), b"")
        if message["method"] == "tools/call" and self.fails_calls:
            return self.fails_calls.pop(0)
        if message["method"] == "tools/call" and self.breaks_off_calls:
            self.breaks_off_calls -= 1
            raise ConnectionAbortedError
        if not over_sse:
            fields = (("Content-Type", "application/json"), ("Mcp-Session-Id", "one"))
            return Answer(200, fields, json.dumps(self._result(message)).encode())
        number = parse_qs(urlsplit(seen.line.split()[1]).query).get("session_id", ["0"])[0]  # a redirect may lose it
        stream = self._streams[int(number) - 1]
        threading.Thread(
            target=lambda: stream.put(f"event: message\ndata: {json.dumps(self._result(message))}\n\n".encode()),
            daemon=True,
        ).start()
        return Answer(202, (), b"Accepted")

    def _result(self, message: dict[str, Any]) -> dict[str, Any]:
        method, params = message["method"], message.get("params") or {}
        if method == "initialize":
            self.sessions += 1
            server = {"name": "tools", "version": "1"}
            result = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": server}
        elif method == "tools/list":
            result = {"tools": [{"name": "add", "description": "Add.", "inputSchema": {"type": "object"}}]}
        elif method == "tools/call":
            self.calls += 1
            if self.holds_calls is not None:
                self.holds_calls()
            text = str(sum(params["arguments"].values()))
            result = {"content": [{"type": "text", "text": text}], "isError": False}
        else:
            error = {"code": -32601, "message": "no such method"}
            return {"jsonrpc": "2.0", "id": message["id"], "error": error}
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}

    def _stream(self) -> Answer:
        events: queue.Queue[bytes] = queue.Queue()
        self._streams.append(events)
        events.put(f"event: endpoint\ndata: /mcp/messages?session_id={len(self._streams)}\n\n".encode())
        fields = (("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"))
        codings = [coding.strip() for coding in self.compresses.split(",") if coding.strip()]
        if codings:
            fields += (("Content-Encoding", self.compresses),)
        compressors = [zlib.compressobj(wbits=_WINDOWS[coding.lower()]) for coding in codings]

        def rest() -> bytes:
            piece = events.get(timeout=LONGEST_WAIT)
            if piece == _END:
                return _END
            for compressor in compressors:
                piece = compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH)
            return piece

        return Answer(200, fields, b"", rest)
