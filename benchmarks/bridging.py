# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What `valetkey bridge` adds to a tool call, and what its start takes, beside the SDK's client that connects directly.

The two sessions take turns, call by call, so that what disturbs the one disturbs the other.
"""

import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from benchmarks.contenders import PLAIN, VALETKEY, PlainBearer, Valetkey
from benchmarks.measuring import Effort, Findings, spread
from benchmarks.parallel_calls import session_of
from benchmarks.running import Server, running

_CALLS = 150
_MOST_ADDED = 0.002
_WARMING = 20


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:
    for answers in ("JSON", "SSE"):
        with running(json_response=answers == "JSON") as server:
            contender = Valetkey(server, folder)
            async with session_of(server, contender) as session:  # logs in, for the bridge too
                await session.list_tools()
            direct, bridged, starts = await _calls(server, str(contender.store), _CALLS * effort.repeats)
        added = statistics.median(two - one for one, two in zip(direct, bridged, strict=True))
        cells = {
            PLAIN: spread([1000 * each for each in direct], "ms"),
            VALETKEY: f"{spread([1000 * each for each in bridged], 'ms')}, {1000 * added:.2f} ms more",
        }
        findings.add(
            f"a tool call through `valetkey bridge`, beside a direct one, {answers} answers", cells, len(direct)
        )
        findings.demand(
            added <= _MOST_ADDED, f"a bridge adds {1000 * added:.2f} ms to a call, not {_MOST_ADDED * 1000:g}"
        )
    findings.add("`valetkey bridge`, from its start to an open MCP session", {VALETKEY: f"{starts:.2f} s"}, 1)


async def _calls(server: Server, store: str, count: int) -> tuple[list[float], list[float], float]:
    arguments = ["-m", "valetkey", "bridge", server.mcp_url, "--login", "never"]
    environment = {**os.environ, "VALETKEY_STORE": store}
    parameters = StdioServerParameters(command=sys.executable, args=arguments, env=environment)
    started = time.perf_counter()
    async with (
        stdio_client(parameters) as (read, write),
        ClientSession(read, write) as through,
        session_of(server, PlainBearer(server)) as direct,
    ):
        await through.initialize()
        start = time.perf_counter() - started
        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "direct": lambda: direct.call_tool("slow", {"seconds": 0.0}),
            "through": lambda: through.call_tool("slow", {"seconds": 0.0}),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(count + _WARMING):
            for name in list(ways) if number % 2 else list(ways)[::-1]:
                begun = time.perf_counter()
                await ways[name]()
                taken[name].append(time.perf_counter() - begun)
    return taken["direct"][_WARMING:], taken["through"][_WARMING:], start
