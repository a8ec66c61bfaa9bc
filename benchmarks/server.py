# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The server of the benchmarks: `python -m benchmarks.server --port 9000`.

An MCP server (FastMCP) at `/mcp`, plain answers at `/mcp/plain` and `/mcp/stream`, all for a bearer token, and the
authorization server that issues it. The cases start it through `benchmarks.running`.
"""

import argparse
import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from fastmcp import Context, FastMCP
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import Message, Receive, Scope, Send

from benchmarks.authorization import AuthorizationServer
from tests.servers.process import HOST

_OPEN = ("/control/", "/.well-known/", "/oauth/")
_PULSE = 0.05


async def slow(seconds: float) -> str:
    """Answer later."""
    await asyncio.sleep(seconds)
    return "done"


async def ping(context: Context) -> str:
    """Ask the client something before answering."""
    await context.session.send_ping()
    return "pinged"


async def plain(request: Request) -> Response:
    await asyncio.sleep(float(request.query_params.get("seconds", "0")))
    return Response(b"here you are", media_type="text/plain")


async def stream(request: Request) -> Response:
    pulses = int(float(request.query_params["seconds"]) / _PULSE)

    async def pulse() -> AsyncIterator[bytes]:
        for number in range(pulses):
            yield b"%d\n" % number
            await asyncio.sleep(_PULSE)

    return StreamingResponse(pulse(), media_type="text/plain")


class Gate:
    """
    Lets requests with a good token through, notes every request, and lets the cases steer the server.

    :param app: What is behind it.
    :param tokens: Who issues the tokens.
    """

    def __init__(self, app: Starlette, tokens: AuthorizationServer) -> None:
        self._app = app
        self._tokens = tokens
        self._entries: list[dict[str, Any]] = []
        self._latency = self._latency_of_tokens = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith("/control/"):
            await self._steer(Request(scope))(scope, receive, send)
            return
        entry = {"method": scope["method"], "path": scope["path"], "status": None, "grant_type": None}
        self._entries.append(entry)
        scope.setdefault("state", {})["entry"] = entry

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
            await send(message)

        await asyncio.sleep(self._latency_of_tokens if scope["path"] == "/oauth/token" else self._latency)
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        is_open = scope["path"].startswith(_OPEN)
        app = self._app if is_open or self._tokens.accepts(headers.get(b"authorization", "")) else self._reject
        await app(scope, receive, note)

    async def _reject(self, scope: Scope, receive: Receive, send: Send) -> None:
        metadata = f"{self._tokens.issuer}/.well-known/oauth-protected-resource/mcp"
        challenge = f'Bearer resource_metadata="{metadata}", scope="mcp"'
        await Response(status_code=401, headers={"WWW-Authenticate": challenge})(scope, receive, send)

    def _steer(self, request: Request) -> Response:
        asked = request.query_params
        if request.url.path == "/control/log":
            return JSONResponse({"entries": self._entries, "reuses": self._tokens.reuses})
        if request.url.path == "/control/reset":
            self._entries.clear()
            self._tokens.reuses = 0
        elif request.url.path == "/control/revoke":
            self._tokens.revoke()
        elif request.url.path == "/control/life":
            self._tokens.life = int(asked["seconds"])
        elif request.url.path == "/control/latency":
            self._latency_of_tokens = float(asked["seconds"])
            self._latency = self._latency_of_tokens if asked["where"] == "everywhere" else 0.0
        return Response(status_code=204)


def main() -> None:
    parser = argparse.ArgumentParser(prog="server")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--origin", help="where clients see the server; it has to be said behind a relay")
    parser.add_argument("--json-response", action="store_true", help="answer JSON instead of an event stream")
    options = parser.parse_args()
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    server: FastMCP[Any] = FastMCP("valetkey-benchmarks")
    for tool in (slow, ping):
        server.tool(tool)
    mcp = server.http_app(path="/mcp", json_response=options.json_response)
    tokens = AuthorizationServer(options.origin or f"http://{HOST}:{options.port}")
    routes = [*tokens.routes(), Route("/mcp/plain", plain), Route("/mcp/stream", stream), Mount("/", mcp)]
    app = Gate(Starlette(routes=routes, lifespan=mcp.lifespan), tokens)
    uvicorn.run(app, host=HOST, port=options.port, log_level="warning", backlog=2048, timeout_graceful_shutdown=1)


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
