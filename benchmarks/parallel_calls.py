# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
50 parallel tool calls of 100 ms in one MCP session (SDK 2.x), each contender in turn: who locks takes 5 s.

All sessions live in one process and talk to one server, so that what disturbs the one disturbs the others.
"""

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import httpx2
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from benchmarks.contenders import PLAIN, VALETKEY, Contender, contenders
from benchmarks.measuring import Effort, Findings
from benchmarks.rounds import Run, compare
from benchmarks.running import Server, running

_CALLS = 50
_SECONDS = 0.1


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:
    for answers in ("JSON", "SSE"):
        async with AsyncExitStack() as stack:
            server = stack.enter_context(running(json_response=answers == "JSON"))
            runs: dict[str, Run] = {}
            for contender in contenders(server, folder):
                session = await stack.enter_async_context(session_of(server, contender))
                runs[contender.name] = partial(calls, session)
                if answers == "SSE" or contender.name in (PLAIN, VALETKEY):
                    await calls(session)  # opens the connections; who has one request at a time needs one
            case = f"{_CALLS} parallel tool calls of {_SECONDS * 1000:.0f} ms, {answers} answers"
            await compare(findings, effort, case, runs)


@asynccontextmanager
async def session_of(
    server: Server, contender: Contender, verify: ssl.SSLContext | bool = True
) -> AsyncIterator[ClientSession]:
    """Open an MCP session, logged in."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    async with (
        httpx2.AsyncClient(auth=contender.open(), timeout=30.0, limits=limits, verify=verify) as client,
        streamable_http_client(server.mcp_url, http_client=client) as (read, write, *_),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        yield session


async def calls(session: ClientSession) -> float:
    started = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(_CALLS):
            group.start_soon(session.call_tool, "slow", {"seconds": _SECONDS})
    return time.perf_counter() - started
