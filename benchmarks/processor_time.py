# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What the processor has to do for a request with a valid token, for a login, and for a start with a good token.

A login and a start are those of a whole MCP session.
"""

import gc
import ssl
import time
from dataclasses import dataclass
from pathlib import Path

import httpx2

from benchmarks.contenders import FASTMCP, PERSON, PLAIN, SDK, VALETKEY, Contender, Valetkey, contenders
from benchmarks.measuring import Effort, Findings, ratio, spread
from benchmarks.parallel_calls import session_of
from benchmarks.running import Server, running
from valetkey.store.backends.memory import MemoryStore

_REQUESTS = 1000
_BOUND = 0.4
"""What a token adds to the processor time of a request, as a part of that of the request with a plain bearer token."""

_ROUNDS = 25


@dataclass(frozen=True, slots=True)
class _Way:
    """
    One way to compare starts.

    :param name: What is special about it.
    :param in_memory: True if Valetkey keeps its sessions in memory, as the MCP SDK's provider does here.
    :param makes_context: True if the TLS context of the HTTP client is made in the start, as in most programs.
    :param cold: How many times the processor time of the MCP SDK's provider a login may take.
    :param warm: How many times that of a plain bearer token a start may take.
    """

    name: str
    cold: float
    warm: float
    in_memory: bool = False
    makes_context: bool = False


_WAYS = (
    _Way("", cold=1.45, warm=1.25),  # the aims are 1.2 and 1.1: the file of the store costs the rest
    _Way(", sessions in memory", cold=1.2, warm=1.2, in_memory=True),
    _Way(", its HTTP client made too", cold=1.2, warm=1.1, makes_context=True),
)


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:
    await _requests_with_a_token(findings, effort, folder)
    for number, way in enumerate(_WAYS):
        part = folder / f"way-{number}"
        part.mkdir(mode=0o700)
        await _starts(findings, effort, part, way)


async def _starts(findings: Findings, effort: Effort, folder: Path, way: _Way) -> None:
    """Starts in turns: a login on a new store, then a start on what it has left there."""
    cold: dict[str, list[float]] = {}
    warm: dict[str, list[float]] = {}
    rounds = max(effort.rounds, _ROUNDS)
    context = None if way.makes_context else httpx2.create_ssl_context()
    with running() as server:
        for number in range(rounds + 1):
            if number == 1:  # the first round loads modules
                cold, warm = {}, {}
            part = folder / f"starts-{number}"
            part.mkdir(mode=0o700)
            turn = [one for one in contenders(server, part) if one.name in (PLAIN, VALETKEY, SDK, FASTMCP)]
            for contender in turn[::-1] if number % 2 else turn:
                if way.in_memory and isinstance(contender, Valetkey):
                    contender.store = MemoryStore()
                cold.setdefault(contender.name, []).append(await _start(server, contender, context))
                warm.setdefault(contender.name, []).append(await _start(server, contender, context))
    for case, taken, other, bound in (("a cold login", cold, SDK, way.cold), ("a warm start", warm, PLAIN, way.warm)):
        name = f"processor time of {case}{way.name} (× {other})"
        shown = {one: values for one, values in taken.items() if one != PLAIN or taken is warm}
        cells = {
            one: f"{spread(values, 'ms', 1)}, {ratio(values, taken[other]):.2f} ×" for one, values in shown.items()
        }
        findings.add(name, cells, rounds)
        measured, most = ratio(taken[VALETKEY], taken[other]), bound * effort.processor_slack
        findings.demand(measured <= most, f"{name}: {measured:.2f}, more than {most:.2f}")


async def _start(server: Server, contender: Contender, context: ssl.SSLContext | None) -> float:
    """Give milliseconds of this process, without those of the person: an MCP session is opened and lists its tools."""
    gc.collect()
    started, by_person = time.process_time(), PERSON.seconds
    async with session_of(server, contender, context or True) as session:
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
                (await client.get(f"{server.url}/mcp/plain")).raise_for_status()  # logs in
        for _ in range(max(effort.rounds, 9)):
            plain = 0.0
            for name, auth in auths:
                async with httpx2.AsyncClient(auth=auth, transport=nobody) as client:
                    taken = await _requests(client, f"{server.url}/mcp/plain")
                plain = taken if name == PLAIN else plain
                over.setdefault(name, []).append(taken if name == PLAIN else taken - plain)
    cells = {name: spread(taken, "µs", 1) + (" in all" if name == PLAIN else " more") for name, taken in over.items()}
    case = "processor time of one request with a valid token, nothing sent"
    findings.add(case, cells, effort.rounds)
    part = ratio(over[VALETKEY], over[PLAIN])
    findings.demand(part <= _BOUND, f"{case}: {cells[VALETKEY]}, {part:.2f} of the whole, more than {_BOUND}")


async def _requests(client: httpx2.AsyncClient, url: str) -> float:
    await client.get(url)
    started = time.process_time()
    for _ in range(_REQUESTS):
        await client.get(url)
    return (time.process_time() - started) / _REQUESTS * 1e6
