# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""200 parallel requests with a valid token, each contender in turn on one client."""

import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import anyio
import httpx2

from benchmarks.contenders import PLAIN, VALETKEY, contenders
from benchmarks.measuring import Effort, Findings
from benchmarks.rounds import Run, compare
from benchmarks.running import running

_REQUESTS = 200
_SECONDS = 0.02


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    async with AsyncExitStack() as stack:
        server = stack.enter_context(running())
        url = f"{server.url}/mcp/plain?seconds={_SECONDS}"
        runs: dict[str, Run] = {}
        for contender in contenders(server, folder):
            client = httpx2.AsyncClient(auth=contender.open(), timeout=30.0, limits=limits)
            await stack.enter_async_context(client)
            (await client.get(url)).raise_for_status()
            runs[contender.name] = partial(_requests, client, url)
            if contender.name in (PLAIN, VALETKEY):
                await _requests(client, url)  # opens the connections; who has one request at a time needs one
        await compare(findings, effort, f"{_REQUESTS} parallel GETs of {_SECONDS * 1000:.0f} ms", runs)


async def _requests(client: httpx2.AsyncClient, url: str) -> float:
    async def one() -> None:
        (await client.get(url)).raise_for_status()

    started = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(_REQUESTS):
            group.start_soon(one)
    return time.perf_counter() - started
