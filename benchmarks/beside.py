# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What must not wait for each other: a request beside a slow one, a tool that asks its client, threads with their loops.

Every case has a time limit: a contender that gets stuck says so in the table.
"""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import anyio
import httpx2

from benchmarks.contenders import VALETKEY, Contender, contenders
from benchmarks.measuring import Effort, Findings
from benchmarks.parallel_calls import session_of
from benchmarks.running import Server, running

_SLOW = 3.0
_HEAD_START = 0.2
_PATIENCE = 3.0
_THREADS = 4
_STUCK = f"stuck, ended after {_PATIENCE:.0f} s"


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:  # noqa: ARG001 - each is done once
    with running(json_response=True) as server:
        await _beside_a_slow_one(findings, server, folder)
        await _ping(findings, server, folder)
        await _threads(findings, server, folder)


async def _beside_a_slow_one(findings: Findings, server: Server, folder: Path) -> None:
    cells: dict[str, str] = {}
    waits: dict[str, float] = {}
    for contender in contenders(server, folder):
        async with httpx2.AsyncClient(auth=contender.open(), timeout=30.0) as client:
            (await client.get(f"{server.url}/mcp/plain")).raise_for_status()
            async with anyio.create_task_group() as group:
                group.start_soon(client.get, f"{server.url}/mcp/plain?seconds={_SLOW}")
                await anyio.sleep(_HEAD_START)
                started = time.perf_counter()
                (await client.get(f"{server.url}/mcp/plain")).raise_for_status()
                waits[contender.name] = time.perf_counter() - started
                group.cancel_scope.cancel()
        cells[contender.name] = f"{waits[contender.name] * 1000:.0f} ms"
    case = f"a request beside one whose headers take {_SLOW:.0f} s"
    findings.add(case, cells, 1)
    findings.demand(waits[VALETKEY] < 1.0, f"{case}: {cells[VALETKEY]}")


async def _ping(findings: Findings, server: Server, folder: Path) -> None:
    all_contenders = contenders(server, folder)
    cells = {contender.name: _STUCK for contender in all_contenders}

    async def ask(contender: Contender) -> None:
        with anyio.move_on_after(3 * _PATIENCE):  # a provider that is stuck does not let its session end either
            async with session_of(server, contender) as session:
                await session.call_tool("slow", {"seconds": 0.0})
                with anyio.move_on_after(_PATIENCE):
                    result = await session.call_tool("ping", {})
                    cells[contender.name] = "answered" if not result.is_error else "an error"

    async with anyio.create_task_group() as group:
        for contender in all_contenders:
            group.start_soon(ask, contender)
    case = "a tool that pings its client, JSON answers"
    findings.add(case, cells, 1)
    findings.demand(cells[VALETKEY] == "answered", f"{case}: {cells[VALETKEY]}")


async def _threads(findings: Findings, server: Server, folder: Path) -> None:
    cells: dict[str, str] = {}

    async def serve(contender: Contender) -> None:
        auth = contender.open()
        async with httpx2.AsyncClient(auth=auth, timeout=30.0) as client:
            (await client.get(f"{server.url}/mcp/plain")).raise_for_status()
        served = await anyio.to_thread.run_sync(_serve_threads, server, auth)
        cells[contender.name] = f"{served} of {_THREADS} served"

    async with anyio.create_task_group() as group:
        for contender in contenders(server, folder):
            group.start_soon(serve, contender)
    case = f"one auth object used from {_THREADS} threads with {_THREADS} event loops at once"
    findings.add(case, cells, 1)
    findings.demand(cells[VALETKEY].startswith(f"{_THREADS} of"), f"{case}: {cells[VALETKEY]}")


def _serve_threads(server: Server, auth: Any) -> int:
    """Count in how many threads a request came to its end."""
    served: list[bool] = []
    start = threading.Barrier(_THREADS)

    async def requests() -> None:
        async with httpx2.AsyncClient(auth=auth, timeout=_PATIENCE) as client:
            start.wait()
            with anyio.fail_after(_PATIENCE):
                (await client.get(f"{server.url}/mcp/plain?seconds=0.2")).raise_for_status()
        served.append(True)

    def run() -> None:
        try:
            asyncio.run(requests())
        except Exception as error:  # noqa: BLE001 - whatever it is, this thread was not served
            served.append(False)
            del error

    threads = [threading.Thread(target=run, daemon=True) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _PATIENCE + 1.0
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return sum(served)
