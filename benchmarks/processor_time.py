# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What one request with a valid token costs the processor, over the same request with a plain bearer token."""

import statistics
import time
from pathlib import Path

import httpx2

from benchmarks.contenders import PLAIN, VALETKEY, contenders
from benchmarks.measuring import Effort, Findings, spread
from benchmarks.running import running

_REQUESTS = 1000
_BOUND = 20.0
"""Microseconds, on whatever machine this runs; the page shows what it was."""


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:
    over: dict[str, list[float]] = {}
    nobody = httpx2.MockTransport(lambda _: httpx2.Response(200))
    with running() as server:
        auths = []
        for contender in contenders(server, folder):
            auths.append((contender.name, contender.open()))
            async with httpx2.AsyncClient(auth=auths[-1][1], timeout=30.0) as client:
                (await client.get(f"{server.url}/plain")).raise_for_status()  # logs in
        for _ in range(max(effort.rounds, 9)):
            plain = 0.0
            for name, auth in auths:
                async with httpx2.AsyncClient(auth=auth, transport=nobody) as client:
                    taken = await _requests(client, f"{server.url}/plain")
                plain = taken if name == PLAIN else plain
                over.setdefault(name, []).append(taken if name == PLAIN else taken - plain)
    cells = {name: spread(taken, "µs", 1) + (" in all" if name == PLAIN else " more") for name, taken in over.items()}
    case = "processor time of one request with a valid token, nothing sent"
    findings.add(case, cells, effort.rounds)
    findings.demand(statistics.median(over[VALETKEY]) <= _BOUND, f"{case}: {cells[VALETKEY]}, more than {_BOUND}")


async def _requests(client: httpx2.AsyncClient, url: str) -> float:
    await client.get(url)
    started = time.process_time()
    for _ in range(_REQUESTS):
        await client.get(url)
    return (time.process_time() - started) / _REQUESTS * 1e6
