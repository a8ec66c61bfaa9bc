# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The MCP clients that a program may use: the SDK's session and, where it is installed, FastMCP's client."""

import importlib
import importlib.util
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import mcp.client.sse
import mcp.client.streamable_http
from mcp import ClientSession

LIBRARY: ModuleType = getattr(mcp.client.streamable_http, "httpx2", None) or mcp.client.streamable_http.httpx
"""The HTTP library of the SDK that is installed."""

OURS: ModuleType = importlib.import_module(f"valetkey.{LIBRARY.__name__}")

Call = Callable[..., Any]
"""Awaited with the arguments of the tool "add", it gives the text of the result."""


@dataclass(frozen=True)
class Program:
    """One of them: "sdk" or "fastmcp", over "http" or "sse"."""

    client: str
    transport: str

    def __str__(self) -> str:
        return f"{self.client} {self.transport}"

    @asynccontextmanager
    async def session(self, url: str, factory: Callable[..., Any], *, auth: Any, **options: Any) -> AsyncIterator[Call]:
        """Open an MCP session over an HTTP client of the factory; the options are those of the session."""
        opened = self._fastmcp if self.client == "fastmcp" else self._sdk
        async with opened(url, factory, auth, options) as call:
            yield call

    @asynccontextmanager
    async def _sdk(self, url: str, factory: Any, auth: Any, options: dict[str, Any]) -> AsyncIterator[Call]:
        if self.transport == "sse":
            transport = mcp.client.sse.sse_client(url, auth=auth, httpx_client_factory=factory)
            async with transport as streams, ClientSession(streams[0], streams[1], **options) as session:
                await session.initialize()
                yield _calling(session.call_tool)
            return
        async with factory(auth=auth) as http_client:
            transport = mcp.client.streamable_http.streamable_http_client(url, http_client=http_client)
            async with transport as streams, ClientSession(streams[0], streams[1], **options) as session:
                await session.initialize()
                yield _calling(session.call_tool)

    @asynccontextmanager
    async def _fastmcp(self, url: str, factory: Any, auth: Any, options: dict[str, Any]) -> AsyncIterator[Call]:
        fastmcp, transports = (importlib.import_module(name) for name in ("fastmcp", "fastmcp.client.transports"))
        kind = transports.SSETransport if self.transport == "sse" else transports.StreamableHttpTransport
        timeout = options.get("read_timeout_seconds")
        async with fastmcp.Client(kind(url, auth=auth, httpx_client_factory=factory), timeout=timeout) as client:
            yield _calling(client.call_tool)


def _calling(call_tool: Callable[..., Any]) -> Call:
    async def call(**arguments: int) -> str:
        result = await call_tool("add", arguments)
        text: str = result.content[0].text
        return text

    return call


CLIENTS = ["sdk", *(["fastmcp"] if importlib.util.find_spec("fastmcp") else [])]
PROGRAMS = [Program(client, transport) for client in CLIENTS for transport in ("http", "sse")]
