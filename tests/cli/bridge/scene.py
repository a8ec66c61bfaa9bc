# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A bridge in this process, between lines of a test and answers of a test."""

import asyncio
import json

import httpx2

from tests.fakes.threads import LONGEST_WAIT
from valetkey._cli.bridge.bodies import LONGEST
from valetkey._cli.bridge.http_client import HttpClient
from valetkey._cli.bridge.ignored_tools import IgnoredTools
from valetkey._cli.bridge.mcp_session import McpSession
from valetkey._cli.bridge.relay import Relay
from valetkey._cli.bridge.sse import Patience, Sse
from valetkey._cli.bridge.transports import StreamableHttp

URL = "https://mcp.example.com/mcp"
CHUNK = b"a" * 1_000_000
GONE = httpx2.ReadError("the connection has ended")
REFUSED = httpx2.ConnectError("nothing listens")
SERVER = {"name": "server", "version": "1"}


def message(request):
    """The JSON-RPC message in a POST; None for another request."""
    return json.loads(request.content) if request.method == "POST" else None


def answer(request_id, **result):
    """An answer to a request."""
    return {"jsonrpc": "2.0", "id": request_id, "result": result}


def opened(request, *, session="one", version="2025-11-25", **capabilities):
    """The response to an `initialize`."""
    result = {"protocolVersion": version, "capabilities": capabilities, "serverInfo": SERVER}
    return httpx2.Response(200, json=answer(message(request)["id"], **result), headers={"Mcp-Session-Id": session})


def events(*texts, breaks=False):
    """The response that is a stream of events; it breaks off at its end or ends well."""

    async def stream():
        for text in texts:
            yield text.encode()
        if breaks:
            raise GONE

    return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=stream())


class Scene:
    """A server that answers as `handle` says, and the client in front of the bridge. Made in an event loop."""

    def __init__(self, handle, transports=("http", "sse"), auth=None, patience=None):
        self.requests = []
        self.pauses = []
        self.told = []
        self._handle = handle
        self._written = asyncio.Queue()
        client = HttpClient(auth, {}, lambda: None, httpx2.MockTransport(self._answer))
        self.relay = Relay(URL, self._write, self.told.append, IgnoredTools(()))
        made = {
            "http": lambda: StreamableHttp(client, URL, self._pause),
            "sse": lambda: Sse(client, URL, self._take, patience or Patience()),
        }
        self._session = McpSession(
            [made[name]() for name in transports], self.relay.hear, self.told.append, self._pause
        )
        self.relay.start(self._session)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.relay.close()

    def send(self, *messages):
        """Send messages of the client."""
        for each in messages:
            self.relay.receive(json.dumps(each).encode())

    def ask(self, request_id, method, **params):
        """Send a request of the client."""
        self.send({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})

    async def heard(self):
        """Wait for what the client hears next."""
        async with asyncio.timeout(LONGEST_WAIT):
            return await self._written.get()

    async def answered(self, request_id, method, **params):
        """Send a request and wait for its answer."""
        self.ask(request_id, method, **params)
        while (said := await self.heard()).get("id") != request_id or "method" in said:
            pass
        return said

    async def open(self):
        """Open the MCP session."""
        said = await self.answered(0, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=SERVER)
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return said

    def sent(self, method):
        """The messages of a method that the server has got."""
        return [each for each in map(message, self.requests) if isinstance(each, dict) and each.get("method") == method]

    async def until(self, is_so):
        """Let the bridge work until something is so."""
        async with asyncio.timeout(LONGEST_WAIT):
            while not is_so():
                await asyncio.sleep(0)

    async def _answer(self, request):
        self.requests.append(request)
        response = self._handle(request)
        response = await response if asyncio.iscoroutine(response) else response
        if isinstance(response, Exception):
            raise response
        return response

    async def _write(self, text):
        assert "\n" not in text
        self._written.put_nowait(json.loads(text))

    async def _pause(self, seconds):
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    async def _take(self, text):
        await self._session.take(text)


class Server:
    """A server with sessions; `plan` has what it answers next to a method instead, one after the other."""

    def __init__(self, **capabilities):
        self.sessions = 0
        self.plan = {}
        self.get = lambda request: httpx2.Response(405)
        self._capabilities = capabilities
        self.version = "2025-11-25"

    def forget(self, response=None):
        """Forget the session: the next requests in it are refused."""
        self._forgotten = response or httpx2.Response(404)
        self.known = None

    known = None
    _forgotten = None

    def handle(self, request):
        if request.method == "DELETE":
            return httpx2.Response(204)
        said = message(request)
        if said is not None and said.get("method") == "initialize":
            self.sessions += 1
            self.known = f"session-{self.sessions}"
            return opened(request, session=self.known, version=self.version, **self._capabilities)
        if request.headers.get("Mcp-Session-Id") != self.known:
            return self._forgotten
        if said is None:
            return self.get(request)
        waiting = self.plan.get(said.get("method"), [])
        if waiting:
            return waiting.pop(0)
        return httpx2.Response(200, json=answer(said["id"], n=1)) if "id" in said else httpx2.Response(202)


class Endless:
    """A body without end, which counts what was read of it."""

    def __init__(self, beginning):
        self.beginning = beginning
        self.size = 0

    async def __aiter__(self):
        yield self.beginning
        while self.size < 3 * LONGEST:
            self.size += len(CHUNK)
            yield CHUNK
