# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
50 users of one process who call at the same time, each with an auth object: calls in a second, and memory.

`python -m benchmarks.principals NAME ORIGIN` measures one contender in a process of its own, and prints both with the
processor time.
"""

import asyncio
import gc
import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.measuring import Effort, Findings, ratio, spread
from tests.servers import ServerProcess, free_port
from tests.servers.process import HOST

_ROOT = Path(__file__).parent.parent

PRINCIPALS = 50
CALLS = 40
"""Calls of each, one after the other."""
MOST_OF_PLAIN = 1.3
"""How many times as long as with plain tokens the calls may take."""
MOST_MEMORY = 6.0
"""Megabytes over those of the process with plain tokens: the engine, and 10 KB for each session."""


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:  # noqa: ARG001 - nothing is kept
    from benchmarks.contenders import PLAIN, VALETKEY

    found: dict[str, list[dict[str, float]]] = {PLAIN: [], VALETKEY: []}
    port = free_port()
    server = [sys.executable, "-m", "benchmarks.renewal_server", f"--port={port}"]
    with ServerProcess(server, port, ready_path="/counts", directory=_ROOT):
        for number in range(effort.rounds):
            for name in list(found)[:: -1 if number % 2 else 1]:
                found[name].append(_in_a_process(name, f"http://{HOST}:{port}"))

    def of(name: str, what: str) -> list[float]:
        return [each[what] for each in found[name]]

    case = f"{PRINCIPALS} principals in one process, all calling at once"
    times = ratio(of(VALETKEY, "seconds"), of(PLAIN, "seconds"))
    cells = {
        name: spread([PRINCIPALS * CALLS / each for each in of(name, "seconds")], "calls/s", 0)
        + f", {ratio(of(name, 'seconds'), of(PLAIN, 'seconds')):.2f} × the time"
        for name in found
    }
    findings.add(case, cells, effort.rounds)
    most = MOST_OF_PLAIN * effort.latency_slack
    findings.demand(times <= most, f"{case}: {times:.2f} × the time of plain bearer tokens, more than {most:.2f}")
    sizes = {name: spread(of(name, "megabytes"), "MB", 1) for name in found}
    findings.add(f"memory of the process of these {PRINCIPALS} principals", sizes, effort.rounds)
    more = max(one - other for one, other in zip(of(VALETKEY, "megabytes"), of(PLAIN, "megabytes"), strict=True))
    findings.demand(more <= MOST_MEMORY, f"{case}: {more:.1f} MB more than with plain tokens, not {MOST_MEMORY:.0f}")


def _in_a_process(name: str, origin: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.principals", name, origin]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120.0, cwd=_ROOT)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main(name: str, origin: str) -> None:
    logging.disable(logging.CRITICAL)
    auths = _sessions(origin) if name == "valetkey" else [_plain(number) for number in range(PRINCIPALS)]
    seconds, processor = asyncio.run(_call(auths, f"{origin}/plain"))
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    print(json.dumps({"seconds": seconds, "processor": processor, "megabytes": pages * 4096 / 2**20}))


async def _call(auths: list[Any], url: str) -> tuple[float, float]:
    """Give the seconds, and those of the processor, of all calls after the first ones."""

    async def one_after_the_other(client: httpx2.AsyncClient, auth: Any, calls: int) -> None:
        for _ in range(calls):
            (await client.get(url, auth=auth)).raise_for_status()

    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx2.AsyncClient(timeout=60.0, limits=limits) as client:
        await asyncio.gather(*(one_after_the_other(client, auth, 2) for auth in auths))  # opens the connections
        started, processor = time.perf_counter(), time.process_time()
        await asyncio.gather(*(one_after_the_other(client, auth, CALLS) for auth in auths))
        return time.perf_counter() - started, time.process_time() - processor


def _plain(number: int) -> Callable[[httpx2.Request], httpx2.Request]:
    def put(request: httpx2.Request) -> httpx2.Request:
        request.headers["Authorization"] = f"Bearer user.{number}"
        return request

    return put


def _sessions(origin: str) -> list[Any]:
    from benchmarks.renewing_program import open_session
    from valetkey.store.backends.memory import MemoryStore

    store, end = MemoryStore(), time.time() + 3600
    return [open_session(store, origin, f"user {number}", end, f"user.{number}") for number in range(PRINCIPALS)]


if __name__ == "__main__":
    main(*sys.argv[1:])
