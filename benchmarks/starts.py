# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a start costs: from nothing, with a token in the store, with an expired one in the store."""

import time
from pathlib import Path

import anyio
import httpx2

from benchmarks.contenders import PLAIN, VALETKEY, Contender, contenders
from benchmarks.measuring import Effort, Findings
from benchmarks.running import Server, running

_LATENCY = 0.05
_SHORT_LIFE = 2


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:  # noqa: ARG001 - counts do not vary
    cold: dict[str, str] = {}
    warm: dict[str, str] = {}
    expired: dict[str, str] = {}
    with running() as server:
        all_contenders = contenders(server, folder)
        server.set_life(_SHORT_LIFE)
        for contender in all_contenders:
            cold[contender.name] = await _start(server, contender)
        server.set_life(3600)
        await anyio.sleep(_SHORT_LIFE + 0.1)
        for contender in all_contenders:
            if contender.name != PLAIN:
                expired[contender.name] = await _start(server, contender)
                warm[contender.name] = await _start(server, contender)
    findings.add("cold start: a person logs in", cold, 1)
    findings.add("warm start: a token is in the store", warm, 1)
    findings.add("start with an expired token and a refresh token in the store", expired, 1)
    findings.demand(cold[VALETKEY].startswith("5 + 1 rejected"), f"cold start: {cold[VALETKEY]}")
    findings.demand(warm[VALETKEY].startswith("0,"), f"warm start: {warm[VALETKEY]}")
    findings.demand(expired[VALETKEY].startswith("1,"), f"expired start: {expired[VALETKEY]}")


async def _start(server: Server, contender: Contender) -> str:
    """Start, make one request, and tell what that took beside the request itself."""
    server.reset()
    server.set_latency(_LATENCY)
    before = contender.visits
    try:
        async with httpx2.AsyncClient(auth=contender.open(), timeout=30.0) as client:
            started = time.perf_counter()
            (await client.get(f"{server.url}/mcp/plain")).raise_for_status()
            seconds = time.perf_counter() - started
    finally:
        server.set_latency(0.0)
    log = server.log()
    rejected = log.count(" 401")
    others = len(log.requests) - rejected - 1
    visits = contender.visits - before
    cell = f"{others} + {rejected} rejected" if rejected else str(others)
    cell += f", {seconds / _LATENCY:.1f} round trips"
    return cell + (", a person asked" if visits else "")
