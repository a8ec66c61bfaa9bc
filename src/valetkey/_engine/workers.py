# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The threads of a process that obtain tokens: a bounded number of them, with a fair queue in front.

Each piece of work stands in a lane, such as that of its MCP server. Within a lane the first comes first, the lanes take
turns, and one lane never has all threads: a server that answers late delays the others' work little.

Work that waits for a lease is parked and holds no thread. Work that waits for a person leaves the pool with its thread,
and another thread may take its place. Of those that have work, the ones whose turn it is do it (`turns`); one that
waits for a server's answer has stepped aside.
"""

import heapq
import itertools
import os
import threading
import time
import weakref
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from typing import TypeVar

from valetkey._engine.turns import Turns

MOST_THREADS = 30
"""How many pieces of work run at the same time. With the threads that look after stores and host names, 32 run."""

MOST_OF_A_LANE = 29
"""How many of them may be of one lane."""

IDLE_SECONDS = 5.0
"""How long a thread without work waits for some before it ends."""

Result = TypeVar("Result")
Asked = TypeVar("Asked")

Steps = Generator[float, None, Result]
"""Work that may be parked: it yields the seconds until it is to go on, and then holds no thread and no lock."""


def run_steps(steps: Steps[Result], pause: Callable[[float], None]) -> Result:
    """Do work in this thread, which pauses where a worker would park it."""
    while True:
        try:
            pause(next(steps))
        except StopIteration as end:
            result: Result = end.value
            return result


class _Work:
    """Work in a lane. It keeps its context variables, whichever thread does its steps."""

    __slots__ = ("_context", "_steps", "lane")

    def __init__(self, steps: Steps[None], lane: str) -> None:
        self._steps = steps
        self._context = Context()
        self.lane = lane

    def step(self) -> float | None:
        """Do the next step, and give the seconds until the one after it; None at the end."""
        return self._context.run(next, self._steps, None)


class Workers:
    """Threads that end when they have had nothing to do for a while."""

    def __init__(
        self,
        most: int = MOST_THREADS,
        most_of_a_lane: int = MOST_OF_A_LANE,
        idle_seconds: float = IDLE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        turns: Callable[[], Turns] = Turns,
    ) -> None:
        self._most = most
        self._most_of_a_lane = most_of_a_lane
        self._idle_seconds = idle_seconds
        self._monotonic = monotonic
        self._numbers = itertools.count()  # which of two that are due at the same time was parked first
        self._here = threading.local()  # the pool's state and the lane of the work that this thread does
        self._turns = turns
        self._pool = _Pool(turns())
        _all_workers.add(self)

    def start(self, steps: Steps[None], lane: str = "") -> None:
        """
        Queue work; it must not raise.

        `RuntimeError` if no thread runs and none can be started: then the work is not queued.
        """
        work, pool = _Work(steps, lane), self._pool
        with pool.changed:
            pool.queue(work)
            try:
                self._staff(pool)
            except RuntimeError:
                if pool.threads == 0:
                    pool.unqueue(work)
                    raise
            pool.changed.notify()

    def leave(self) -> None:
        """Take this thread out of the pool until its work ends, because it waits for a person."""
        pool = self._own_pool()
        if pool is None:
            return
        self._end_turn(pool)
        with pool.changed:
            pool.free(self._here.lane)
            pool.threads -= 1
            self._here.pool = None
            with suppress(RuntimeError):
                self._staff(pool)
            pool.changed.notify()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """A block in which a thread of the pool waits for a server's answer, and another one may work."""
        pool = self._own_pool()
        if pool is None or self._here.turn is None:
            yield
            return
        self._end_turn(pool)
        try:
            yield
        finally:
            if pool is self._own_pool():  # it may have forked, or left
                self._here.turn = pool.turns.take(goes_on=True)

    def forget(self) -> None:
        """Begin anew in a forked child, which has none of these threads; what they do there is left as it is."""
        _of_parents.append(self._pool)  # or its work would be closed here, with connections that the parent uses
        self._pool = _Pool(self._turns())

    @property
    def at_work(self) -> int:
        """Count the threads whose turn it is to work."""
        return self._pool.turns.at_work

    @property
    def threads(self) -> int:
        """Count the threads of the pool."""
        return self._pool.threads

    def _own_pool(self) -> "_Pool | None":
        """Give the pool whose thread this is; None for a thread of the program, and for one that has left."""
        pool: _Pool | None = getattr(self._here, "pool", None)
        return pool if pool is self._pool else None

    def _end_turn(self, pool: "_Pool") -> None:
        turn, self._here.turn = self._here.turn, None
        if turn is not None:
            pool.turns.give_back(turn)

    def _staff(self, pool: "_Pool") -> None:
        """Start a thread if there is work that none looks for; parked work has one that looks when its time comes."""
        if pool.queued + bool(pool.parked) <= pool.looking or pool.threads >= self._most:
            return
        pool.threads += 1
        pool.looking += 1
        try:
            threading.Thread(target=self._run, args=(pool,), name="valetkey", daemon=True).start()
        except RuntimeError:
            pool.threads -= 1
            pool.looking -= 1
            raise

    def _run(self, pool: "_Pool") -> None:
        while (work := self._take(pool)) is not None:
            self._here.pool, self._here.lane, self._here.turn = pool, work.lane, pool.turns.take()
            pause = work.step()
            if pool is not self._pool:  # forked meanwhile
                return
            self._end_turn(pool)
            has_left, self._here.pool = self._here.pool is None, None
            with pool.changed:
                if pause is not None:
                    heapq.heappush(pool.parked, (self._monotonic() + pause, next(self._numbers), work))
                    pool.changed.notify()
                if has_left:
                    with suppress(RuntimeError):
                        self._staff(pool)
                    return
                pool.free(work.lane)
                pool.looking += 1

    def _take(self, pool: "_Pool") -> _Work | None:
        """Wait for work; None if there has been none for a while."""
        with pool.changed:
            ends_at = self._monotonic() + self._idle_seconds
            while True:
                now = self._monotonic()
                pool.unpark(now)
                work = pool.next(self._most_of_a_lane)
                if work is not None:
                    pool.looking -= 1
                    with suppress(RuntimeError):
                        self._staff(pool)
                    if pool.queued:
                        pool.changed.notify()  # of several that were parked until now
                    return work
                is_needed = bool(pool.parked) and pool.looking == 1
                if now >= ends_at and not is_needed:
                    pool.looking -= 1
                    pool.threads -= 1
                    return None
                ends: list[float] = [pool.parked[0][0]] if pool.parked else []
                pool.changed.wait(min(ends if is_needed else [*ends, ends_at]) - now)


class _Pool:
    """What the threads of one process share; `changed` guards it."""

    def __init__(self, turns: Turns) -> None:
        self.changed = threading.Condition()
        self.turns = turns
        self.threads = 0
        self.looking = 0  # threads without work, and those that were just started
        self.queued = 0
        self.parked: list[tuple[float, int, _Work]] = []  # a heap
        self._lanes: dict[str, deque[_Work]] = {}  # the one whose turn it is comes first
        self._running: Counter[str] = Counter()

    def queue(self, work: _Work) -> None:
        self._lanes.setdefault(work.lane, deque()).append(work)
        self.queued += 1

    def unqueue(self, work: _Work) -> None:
        self._lanes[work.lane].remove(work)
        self.queued -= 1

    def unpark(self, now: float) -> None:
        while self.parked and self.parked[0][0] <= now:
            self.queue(heapq.heappop(self.parked)[2])

    def next(self, most_of_a_lane: int) -> _Work | None:
        """Give the first work of the lane whose turn it is, of those that may have one more thread."""
        for lane, works in self._lanes.items():
            if works and self._running[lane] < most_of_a_lane:
                work = works.popleft()
                del self._lanes[lane]
                if works:
                    self._lanes[lane] = works
                self._running[lane] += 1
                self.queued -= 1
                return work
        return None

    def free(self, lane: str) -> None:
        self._running[lane] -= 1
        if not self._running[lane]:
            del self._running[lane]


_all_workers: "weakref.WeakSet[Workers]" = weakref.WeakSet()
_of_parents: list[_Pool] = []

WORKERS = Workers()
"""Those of this process."""


def aside(send: Callable[[Asked], Result]) -> Callable[[Asked], Result]:
    """Let the thread that sends a request step aside until the answer has come."""

    def send_it(request: Asked) -> Result:
        with WORKERS.aside():
            return send(request)

    return send_it


def leaving_workers(announce: Callable[[Asked], None]) -> Callable[[Asked], None]:
    """Let the thread that announces a question to a person leave the pool."""

    def announce_it(asked: Asked) -> None:
        if asked is not None:
            WORKERS.leave()
        announce(asked)

    return announce_it


def _after_fork() -> None:
    for workers in list(_all_workers):
        workers.forget()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
