# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Renewing while requests run: ahead of the expiry, at the expiry, after a revocation, beside a long stream."""

import statistics
import time
from pathlib import Path

import anyio
import httpx2

from benchmarks.contenders import PLAIN, VALETKEY, Contender, contenders
from benchmarks.measuring import Effort, Findings, ratio, spread
from benchmarks.running import Server, running

_LIFE = 10
_RENEWAL = 0.5
_REQUEST = 0.1
_TASKS = 50
_SHORT_LIFE = 2
_STREAM = 2.0


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:
    slowest: dict[str, list[float]] = {}
    typical: dict[str, list[float]] = {}
    for number in range(effort.repeats):
        part = folder / str(number)
        part.mkdir(mode=0o700)
        with running() as server:
            for name, taken in (await _steady_load(server, part)).items():
                slowest.setdefault(name, []).append(max(taken))
                typical.setdefault(name, []).append(statistics.median(taken))
    _add_steady_load(findings, slowest, typical)
    for what in ("expired", "revoked"):
        with running() as server:
            await _stampede(findings, server, folder, what)
    with running() as server:
        await _stream(findings, server, folder)


def _add_steady_load(findings: Findings, slowest: dict[str, list[float]], typical: dict[str, list[float]]) -> None:
    cells = {
        name: f"{spread([each * 1000 for each in taken], 'ms', 0)}, {ratio(taken, typical[name]):.2f} × its median"
        for name, taken in slowest.items()
    }
    case = f"slowest request of {_REQUEST * 1000:.0f} ms while a renewal takes {_RENEWAL * 1000:.0f} ms"
    findings.add(case, {name: cells[name] for name in sorted(cells)}, len(slowest[VALETKEY]))
    # Beyond the noise of a busy machine, and well below what waiting for the renewal would take.
    is_undisturbed = statistics.median(slowest[VALETKEY]) < _REQUEST + _RENEWAL / 2
    findings.demand(is_undisturbed, f"{case}: {cells[VALETKEY]}")


async def _steady_load(server: Server, folder: Path) -> dict[str, list[float]]:
    """Make one request after the other, past the expiry; the token endpoint takes longer than a request may."""
    seconds: dict[str, list[float]] = {}

    async def load(name: str, client: httpx2.AsyncClient, until: float) -> None:
        taken = seconds.setdefault(name, [])
        async with client:
            (await client.get(f"{server.url}/mcp/plain")).raise_for_status()  # opens the connection
            while time.monotonic() < until:
                started = time.perf_counter()
                (await client.get(f"{server.url}/mcp/plain?seconds={_REQUEST}")).raise_for_status()
                taken.append(time.perf_counter() - started)

    all_contenders = [(contender, contender.open()) for contender in contenders(server, folder)]
    server.set_life(_LIFE)
    for _, auth in all_contenders:
        async with httpx2.AsyncClient(auth=auth, timeout=30.0) as client:
            (await client.get(f"{server.url}/mcp/plain")).raise_for_status()
    until = time.monotonic() + _LIFE + 2 * _RENEWAL + 0.5
    server.set_life(3600)
    server.set_latency(_RENEWAL, "token endpoint")
    async with anyio.create_task_group() as group:
        for contender, auth in all_contenders:
            group.start_soon(load, contender.name, httpx2.AsyncClient(auth=auth, timeout=30.0), until)
    return seconds


async def _stampede(findings: Findings, server: Server, folder: Path, what: str) -> None:
    cells: dict[str, str] = {}
    all_contenders = [
        (contender, contender.open()) for contender in contenders(server, folder) if contender.name != PLAIN
    ]
    server.set_life(_SHORT_LIFE if what == "expired" else 3600)
    for _, auth in all_contenders:
        async with httpx2.AsyncClient(auth=auth, timeout=30.0) as client:
            (await client.get(f"{server.url}/mcp/plain")).raise_for_status()
    server.set_life(3600)
    await anyio.sleep(_SHORT_LIFE + 0.1)
    for contender, auth in all_contenders:
        cells[contender.name] = await _all_at_once(server, contender, auth, is_revoked=what == "revoked")
    case = f"{_TASKS} parallel requests, the token just {what}"
    findings.add(case, cells, 1)
    findings.demand(cells[VALETKEY].startswith("1 token request, no person asked"), f"{case}: {cells[VALETKEY]}")


async def _all_at_once(server: Server, contender: Contender, auth: httpx2.Auth, *, is_revoked: bool) -> str:
    if is_revoked:
        server.revoke()
    server.reset()
    before = contender.visits
    async with httpx2.AsyncClient(auth=auth, timeout=30.0) as client, anyio.create_task_group() as group:
        for _ in range(_TASKS):
            group.start_soon(client.get, f"{server.url}/mcp/plain")
    log = server.log()
    token_requests = log.count("POST /oauth/token")
    accepted = log.count("/mcp/plain 200")
    visits = contender.visits - before
    cell = f"{token_requests} token request{'s' if token_requests > 1 else ''}"
    cell += f", a person asked {visits} ×" if visits else ", no person asked"
    return cell if accepted == _TASKS else f"{cell}, {_TASKS - accepted} requests refused"


async def _stream(findings: Findings, server: Server, folder: Path) -> None:
    """A stream runs, its token is revoked, another request renews: the stream's next line must not wait for that."""
    cells: dict[str, str] = {}
    gaps: dict[str, float] = {}
    lines: dict[str, int] = {}

    async def read(name: str, client: httpx2.AsyncClient) -> None:
        last = time.perf_counter()
        async with client.stream("GET", f"{server.url}/mcp/stream?seconds={_STREAM}") as response:
            response.raise_for_status()
            async for _ in response.aiter_lines():
                now = time.perf_counter()
                gaps[name] = max(gaps.get(name, 0.0), now - last) if lines.get(name) else 0.0
                lines[name] = lines.get(name, 0) + 1
                last = now

    for contender in contenders(server, folder):
        if contender.name == PLAIN:
            continue
        server.set_latency(0.0)
        async with httpx2.AsyncClient(auth=contender.open(), timeout=30.0) as client:
            (await client.get(f"{server.url}/mcp/plain")).raise_for_status()
            server.set_latency(_RENEWAL, "token endpoint")
            async with anyio.create_task_group() as group:
                group.start_soon(read, contender.name, client)
                await anyio.sleep(_STREAM / 4)
                server.revoke()
                (await client.get(f"{server.url}/mcp/plain")).raise_for_status()
        cells[contender.name] = f"{lines[contender.name]} lines, longest gap {gaps[contender.name] * 1000:.0f} ms"
    case = "a stream of 40 lines, one each 50 ms, beside a renewal that takes 500 ms"
    findings.add(case, cells, 1)
    is_whole = lines[VALETKEY] == 40 and gaps[VALETKEY] < _RENEWAL
    findings.demand(is_whole, f"{case}: {cells[VALETKEY]}")
