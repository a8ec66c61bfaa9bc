# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Many processes on one store, all of them finding an expired token at the same moment: one of them renews.

The peers are left out: with every store, two of their processes may renew at once.
`python -m benchmarks.processes URL STORE` is one of the processes: a line on its standard input starts a round.
"""

import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx2

from benchmarks.measuring import Effort, Findings
from benchmarks.running import Log, Server, running
from valetkey.httpx2 import OAuth

_ROOT = Path(__file__).parent.parent
_LIFE = 2
_CASE = "{} processes on one store (SQLite), the token just expired, {} rounds"


async def measure(findings: Findings, effort: Effort, folder: Path) -> None:
    from benchmarks.contenders import VALETKEY, Valetkey

    with running() as server, ExitStack() as stack:
        first = Valetkey(server, folder)
        command = [sys.executable, "-m", "benchmarks.processes", f"{server.url}/mcp/plain", first.store]
        pipe = subprocess.PIPE
        children = [
            stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=_ROOT))
            for _ in range(effort.processes)
        ]
        for child in children:
            _line(child)
        logs = [_round(server, first.open(), children) for _ in range(effort.process_rounds)]
        for child in children:
            child.communicate(timeout=30.0)
    refreshes = [log.count("POST /oauth/token") for log in logs]
    served = [log.count("/mcp/plain 200") for log in logs]
    reuses, logins = sum(log.reuses for log in logs), sum(log.count("/oauth/authorize") for log in logs)
    case = _CASE.format(effort.processes, effort.process_rounds)
    cell = f"{sum(refreshes)} refreshes, {reuses} reuses, {logins} logins, {sum(served)} of "
    cell += f"{effort.processes * effort.process_rounds} requests served"
    findings.add(case, {VALETKEY: cell}, effort.process_rounds)
    is_fine = set(refreshes) == {1} and set(served) == {effort.processes} and reuses == logins == 0
    findings.demand(is_fine, f"{case}: {cell}")


def _round(server: Server, auth: OAuth, children: list[subprocess.Popen[str]]) -> Log:
    """
    Let the token expire under all of them, and let all of them go on at once.

    The one that renews it has to get a token that lives long, or it would expire again before the slowest has used it.
    So each round begins with a login anew, whose token lives for a short time.
    """
    server.set_life(_LIFE)
    auth.logout()
    with httpx2.Client(auth=auth, timeout=30.0) as client:
        client.get(f"{server.url}/mcp/plain").raise_for_status()
    time.sleep(_LIFE + 0.1)
    server.set_life(3600)
    server.reset()
    _step(children)
    return server.log()


def _step(children: list[subprocess.Popen[str]]) -> None:
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        _line(child)


def _line(child: subprocess.Popen[str]) -> None:
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line.startswith("ready"):
        message = f"a process ended or failed: {line}"
        raise RuntimeError(message)


def main(url: str, store: str) -> None:
    """Make one request for each line, as a program that has just started."""
    server = url.removesuffix("/plain")
    print("ready", flush=True)
    for _ in sys.stdin:
        with httpx2.Client(auth=OAuth(server, store=store, login="never"), timeout=60.0) as client:
            status = client.get(url).status_code
        print(f"ready {status}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
