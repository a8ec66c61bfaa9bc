# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The program that has many sessions: `python -m benchmarks.renewing_program ORIGIN STORE SESSIONS`.

The tokens of all sessions end within the same five seconds, each one's user makes a call at that moment, and another
user makes one call after the other before that and meanwhile. It writes what it has found as one line of JSON.
"""

import asyncio
import itertools
import json
import logging
import os
import random
import statistics
import sys
import threading
import time
from collections import Counter
from typing import Any

import httpx2

from benchmarks.killing import open_plain
from valetkey._sessions.codec import encode_session, session_key
from valetkey.httpx2 import OAuth
from valetkey.settings.settings import Settings
from valetkey.store import Store
from valetkey.store.backends.memory import MemoryStore
from valetkey.values import Client, ClientOrigin, Secret, ServerMetadata, Session, Token

WITHIN = 5.0
"""Seconds within which all tokens end."""
CALL = 0.1
"""Seconds that the server takes for a call of the user who needs no renewal."""
QUIET = 4.0
"""Seconds in which that user is alone."""
AT_ONCE = 5
"""How many calls that user makes at the same time."""
PATIENCE = 120.0


def open_session(store: Store, origin: str, principal: str, end: float, access_token: str = "expired") -> OAuth:
    """Put a session into a store, and make its auth object as a program that goes on with it."""
    session = Session(
        token=Token(Secret(access_token), end - 3600, end, Secret(f"{principal}.0")),
        client=Client("many", origin, redirect_uri="http://127.0.0.1/", origin=ClientOrigin.REGISTERED),
        server=ServerMetadata(origin, token_endpoint=f"{origin}/token"),
        resource=origin,
    )
    key = session_key(Settings(principal=principal).for_server(origin))
    store.put(key, encode_session(session))
    auth = OAuth(origin, principal=principal, store=store, login="never")
    auth.engine.look()
    return auth


class Program:
    """Many sessions in one process, each with its auth object."""

    def __init__(self, origin: str, store: Store, sessions: int) -> None:
        self._origin = origin
        self._store = store
        self._url = f"{origin}/plain"
        self._failures: Counter[str] = Counter()
        self._served = 0
        self._threads = 0
        self._user = self._open("user", time.time() + 3600, "user.token")
        self._open("warm", time.time() - 1).engine.replace(None)  # loads what is loaded late
        ends_at = time.time() + QUIET + 1.0 + sessions * self._seconds_of_a_session()
        self._ends = [ends_at + random.uniform(0, WITHIN) for _ in range(sessions)]  # noqa: S311 - a moment
        self._auths = [self._open(f"s{number}", end) for number, end in enumerate(self._ends)]
        self._first = min(self._ends)

    def _seconds_of_a_session(self) -> float:
        """Give how long it takes to put a session into the store, with something to spare."""
        started, tries = time.monotonic(), 20
        for number in range(tries):
            self._open(f"warm{number}", time.time() - 1)
        return 2 * (time.monotonic() - started) / tries

    def _open(self, name: str, end: float, access_token: str = "expired") -> OAuth:
        return open_session(self._store, self._origin, name, end, access_token)

    async def run(self) -> dict[str, Any]:
        assert time.time() < self._first - QUIET, "the store takes too long to begin with"
        few = httpx2.Limits(max_keepalive_connections=AT_ONCE)  # it looks at each idle one with every request
        callers = httpx2.AsyncClient(timeout=PATIENCE, limits=few)
        async with callers as client, httpx2.AsyncClient(timeout=PATIENCE) as own:
            for _ in range(2):
                await self._calls(own, asyncio.get_running_loop().time() + 1.0)  # opens the connections
            own_threads = len(os.listdir("/proc/self/task"))
            await asyncio.sleep(self._first - QUIET - time.time())
            quiet = await self._calls(own, asyncio.get_running_loop().time() + QUIET - 0.2)
            processor = time.process_time()
            storm = asyncio.ensure_future(self._storm(client))
            watch = asyncio.ensure_future(self._watch(storm))
            busy = await self._calls(own, None, storm)
            wall = await storm
            processor = time.process_time() - processor
            await watch
        return {
            "wall": wall,
            "served": self._served,
            "failures": dict(self._failures),
            "threads": self._threads - own_threads,
            "quiet": quiet,
            "busy": busy,
            "processor": processor,
        }

    async def _storm(self, client: httpx2.AsyncClient) -> float:
        await asyncio.gather(*map(self._call, itertools.repeat(client), self._auths, self._ends))
        return time.time() - self._first

    async def _call(self, client: httpx2.AsyncClient, auth: OAuth, end: float) -> None:
        await asyncio.sleep(end - time.time())
        try:
            (await client.get(self._url, auth=auth)).raise_for_status()
        except Exception as error:  # noqa: BLE001 - it is what is counted
            self._failures[f"{type(error).__name__}: {error}"[:200]] += 1
        else:
            self._served += 1

    async def _calls(
        self, client: httpx2.AsyncClient, until: float | None, storm: "asyncio.Future[float] | None" = None
    ) -> list[float]:
        """Give the seconds of the calls that the other user makes, a few at a time, one after the other."""
        seconds: list[float] = []
        now = asyncio.get_running_loop().time

        async def one_after_the_other() -> None:
            while now() < until if until is not None else not storm.done():
                started = time.perf_counter()
                (await client.get(f"{self._url}?seconds={CALL}", auth=self._user)).raise_for_status()
                seconds.append(time.perf_counter() - started)

        await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
        return seconds

    async def _watch(self, storm: "asyncio.Future[float]") -> None:
        while not storm.done():
            self._threads = max(self._threads, len(os.listdir("/proc/self/task")))
            await asyncio.sleep(0.02)


def main(origin: str, store: str, sessions: str) -> None:
    logging.getLogger("valetkey").addHandler(logging.NullHandler())
    opened = MemoryStore() if store == "memory:" else open_plain(store)
    found = asyncio.run(Program(origin, opened, int(sessions)).run())
    found["left"] = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    for phase in ("quiet", "busy"):
        percentiles = statistics.quantiles(found.pop(phase), n=100)
        found[phase] = {"p50": percentiles[49], "p99": percentiles[98]}
    print(json.dumps(found), flush=True)
    os._exit(0)  # without waiting for what may still run


if __name__ == "__main__":
    main(*sys.argv[1:])
