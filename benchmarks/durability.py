# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Renewals that are killed, and many processes that renew at once; writes docs/durability.md.

Each renewal is a process of its own that finds an expired access token, sends its refresh token to a real HTTP
endpoint, and gets a SIGKILL at a random moment. Then another process goes on with what is in the store. A session is
lost if that process gets no token, or is left with a refresh token that the server does not take any more.

The run fails when a bound is missed: with a grace period no session may be lost, without one only those that were
killed between the server's rotation and the durable write.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from benchmarks.durability_page import (
    AFTER_WRITE,
    BEFORE_ANSWER,
    BEFORE_INTENT,
    BEFORE_ROTATION,
    BEFORE_SEND,
    BEFORE_WRITE,
    MOMENTS,
    Deaths,
    Stampede,
    write_page,
)
from benchmarks.rotation import RotatingServer

_ROOT = Path(__file__).parent.parent
PAGE = _ROOT / "docs" / "durability.md"

KILLS, KILLS_ON_SERVERS = 1000, 100
GRACE_SECONDS = 30.0
PROCESSES, ROUNDS = 20, 50
WORKERS = 2
_MEASURED = 9
"""How many renewals that are not killed say how long one takes now; one more is measured after as many kills."""


class BoundMissed(Exception):
    """A figure is not what the project promises."""


class Worker:
    """The program `killing` in a process of its own, while the context is open."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.killing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
        )

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def do(self, work: str, **job: object) -> Any:
        self._process.stdin.write(json.dumps({"work": work, **job}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            message = "the worker has failed, see its standard error"
            raise AssertionError(message)
        return json.loads(line)


def count_deaths(backend: str, store: str, *, grace: float, kills: int, together: int = 1) -> Deaths:
    """
    Kill renewals, and see what is lost.

    :param backend: The name of the backend.
    :param store: Where the sessions are.
    :param grace: The server's grace period in seconds.
    :param kills: How many.
    :param together: How many are killed before the next processes go on with all of them at the same time.
    :returns: What became of them.
    """
    deaths, started = Deaths(backend, grace), time.monotonic()
    sizes: SimpleQueue[int] = SimpleQueue()
    for first in range(0, kills, together):
        sizes.put(min(together, kills - first))
    with RotatingServer(grace) as server, ExitStack() as stack:
        workers = [stack.enter_context(Worker()) for _ in range(WORKERS)]
        lock, failures = threading.Lock(), []

        def work(number: int, worker: Worker) -> None:
            try:
                _kill_in_turn(number, worker, server, store, sizes, deaths, lock)
            except BaseException as error:  # noqa: BLE001 - it ends the run
                failures.append(error)

        threads = [threading.Thread(target=work, args=each) for each in enumerate(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
    deaths.seconds = time.monotonic() - started
    return deaths


def _kill_in_turn(
    number: int,
    worker: Worker,
    server: RotatingServer,
    store: str,
    sizes: "SimpleQueue[int]",
    deaths: Deaths,
    lock: threading.Lock,
) -> None:
    usual = {"origin": server.origin, "store": store}
    worker.do("warm", **usual, name=f"w{number}", refresh_token=server.begin(f"w{number}"))
    seconds: deque[float] = deque(maxlen=_MEASURED)

    def measure() -> None:
        name = f"m{number}-{turn}-{len(seconds)}"
        seconds.append(worker.do("measure", **usual, name=name, refresh_token=server.begin(name)))

    turn = 0
    for _ in range(_MEASURED):
        measure()
    while not sizes.empty():
        size, victims = sizes.get(), []
        if turn % _MEASURED == 0:
            measure()  # the machine may have become busier
        for _ in range(size):
            turn += 1
            name = f"k{number}-{turn}"
            delay = random.uniform(0, 1.1 * statistics.median(seconds))  # noqa: S311 - a moment, not a secret
            victims.append({"name": name, "refresh_token": server.begin(name), "delay": delay})
        for found in worker.do("kill", **usual, victims=victims):
            moment = _moment(server, found)
            is_alive = server.is_alive(found["name"], found["access_token"], found["refresh_token"])
            with lock:
                deaths.killed[moment] += 1
                deaths.recovery.append(found["seconds"])
                if found["outcome"] != "renewed" or not is_alive:
                    deaths.lost[moment] += 1


def _moment(server: RotatingServer, found: dict[str, Any]) -> str:
    """Tell when a process was killed, from what is left in the store and what the server has seen by its clock."""
    if found["left"] == "answer":
        return AFTER_WRITE
    if found["left"] == "nothing":
        return BEFORE_INTENT
    killed_at, arrivals = found["killed_at"], server.families[found["name"]].arrivals
    if len(arrivals) < 2:  # one is of the next process
        return BEFORE_SEND
    if arrivals[0].rotated_at > killed_at:
        return BEFORE_ROTATION
    return BEFORE_ANSWER if arrivals[0].answered_at > killed_at else BEFORE_WRITE


def run_stampede(backend: str, store: str, *, processes: int, rounds: int) -> Stampede:
    """
    Let many processes on one store find the same token rejected, in rounds.

    :param backend: The name of the backend.
    :param store: Where the session is.
    :param processes: How many.
    :param rounds: How often.
    :returns: What they did.
    """
    with RotatingServer(0.0, latency=(0.015, 0.04)) as server, Worker() as worker:
        usual = {"origin": server.origin, "store": store}
        worker.do("warm", **usual, name="w", refresh_token=server.begin("w"))
        refresh_token = server.begin("s")
        found = worker.do(
            "stampede", **usual, name="s", refresh_token=refresh_token, processes=processes, rounds=rounds
        )
        family = server.families["s"]
    failures = sum(not answer.startswith("s.") for outcome in found for answer in outcome["answers"])
    refreshes = [
        sum(outcome["began"] <= arrival.arrived_at <= outcome["ended"] for arrival in family.arrivals)
        for outcome in found
    ]
    seconds = [outcome["ended"] - outcome["began"] for outcome in found]
    return Stampede(backend, processes, refreshes, family.reuses, failures, seconds)


@contextmanager
def backends(folder: Path) -> Iterator[dict[str, str]]:
    """Give the backends to measure, by name: the embedded one, and those whose servers are installed here."""
    from tests.store.servers import PostgresServer, RedisServer

    folder.chmod(0o755)  # PostgreSQL runs as a user of its own
    with ExitStack() as stack:
        found = {"SQLite": f"sqlite:///{folder}/valetkey/credentials.db"}
        for name, kind in (("Redis", RedisServer), ("PostgreSQL", PostgresServer)):
            try:
                found[name] = stack.enter_context(kind(folder / name.lower())).url
            except FileNotFoundError:
                print(f"{name} is not installed here and is left out")
        yield found


def main() -> None:
    parser = argparse.ArgumentParser(description="Renewals that are killed, and many processes that renew at once.")
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--page", type=Path, default=PAGE)
    arguments = parser.parse_args()
    deaths, stampedes = [], []
    with tempfile.TemporaryDirectory(prefix="valetkey-durability-") as name, backends(Path(name)) as found:
        for backend, store in found.items():
            embedded = backend == "SQLite"
            kills = arguments.kills if embedded else min(KILLS_ON_SERVERS, arguments.kills)
            for grace in (GRACE_SECONDS, 0.0):
                deaths.append(count_deaths(backend, store, grace=grace, kills=kills, together=1 if embedded else 25))
                _print(deaths[-1])
            stampedes.append(run_stampede(backend, store, processes=PROCESSES, rounds=ROUNDS))
            print(stampedes[-1].backend, Counter(stampedes[-1].refreshes), flush=True)
    arguments.page.write_text(write_page(deaths, stampedes, _machine()))
    missed = [line for each in (*deaths, *stampedes) for line in each.missed()]
    if missed:
        raise BoundMissed("; ".join(missed))


def _print(deaths: Deaths) -> None:
    print(f"{deaths.backend}, grace {deaths.grace:g} s: {sum(deaths.killed.values())} killed in {deaths.seconds:.0f} s")
    for moment in MOMENTS:
        print(f"  {deaths.killed[moment]:5} {moment}: {deaths.lost[moment]} lost", flush=True)


def _machine() -> str:
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores, {system}, {python}, servers on 127.0.0.1"


if __name__ == "__main__":
    main()
