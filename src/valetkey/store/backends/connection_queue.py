# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The few connections of a process to a server that keeps sessions, and the queue of the threads that want one.

A thread that finds none free waits its turn, first come first served, so a thousand threads at once are no error. The
server has a limit too, which other processes share: while it takes no more connections, a thread waits for one of this
process, and tries again after a pause. A connection that no thread has used for
some seconds is closed, for the other processes.
"""

import os
import random
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from valetkey.errors import StoreBusy
from valetkey.store import upkeep

MOST_OPEN = 8
"""How many connections a process opens: by default, a PostgreSQL accepts a hundred from all clients together."""

PATIENCE_SECONDS = 60.0
"""How long a thread waits for a connection; a thousand others in front of it take a few seconds."""

IDLE_SECONDS = 5.0
"""After how many seconds an unused connection is closed."""

RESTED_SECONDS = 0.02
"""After how many seconds of rest it is looked at whether the server has ended a connection; a restart takes longer."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5
"""Seconds before the next try at a server that takes no more connections."""

Connection = TypeVar("Connection")


class Dialect(Protocol[Connection]):
    """What the queue needs to know of a kind of server."""

    def open(self) -> Connection:
        """Open a connection."""

    def close(self, connection: Connection) -> None:
        """Close a connection."""

    def is_usable(self, connection: Connection) -> bool:
        """Tell whether a connection that was just used can be used again."""

    def is_alive(self, connection: Connection) -> bool:
        """Tell whether the server has not ended a connection that was idle."""

    def is_full(self, error: Exception) -> bool:
        """Tell whether a server has said that it takes no more connections."""


class _Turn(Generic[Connection]):
    """A thread's place in the queue: its turn has come when it has a connection, or may open one."""

    def __init__(self) -> None:
        self.has_come = threading.Event()
        self.connection: Connection | None = None
        self.has_rested = False

    def give(self, connection: Connection | None, *, has_rested: bool = False) -> None:
        self.connection, self.has_rested = connection, has_rested
        self.has_come.set()


class ConnectionQueue(Generic[Connection]):
    """Lends connections to threads; an error names their place."""

    def __init__(
        self,
        dialect: Dialect[Connection],
        place: str,
        *,
        most: int,
        patience: float,
        rested: float = RESTED_SECONDS,
    ) -> None:
        self._rested = rested
        self._dialect = dialect
        self._place = place
        self._most = most
        self._patience = patience
        self._inherited: list[object] = []
        self._begin()
        _all_queues.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()  # guards the rest
        self._waiting: deque[_Turn[Connection]] = deque()
        self._idle: deque[tuple[float, Connection]] = deque()  # the longest unused first
        self._open = 0
        self._is_trimmed = False  # whether a task will close what is idle
        weakref.finalize(self, _close_all, self._dialect, self._idle, os.getpid())

    @contextmanager
    def one(self, *, is_urgent: bool = False) -> Iterator[Connection]:
        """Lend a connection; an urgent turn comes before all others."""
        connection = self._take(is_urgent)
        try:
            yield connection
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            self._open -= len(self._idle)
            _close_all(self._dialect, self._idle, os.getpid())

    def after_fork(self) -> None:
        """Start without connections in a forked child, and leave the parent's open: the parent uses them."""
        self._inherited.append(self._idle)
        self._begin()

    def is_full(self, error: Exception) -> bool:
        """Tell whether the server has said that it takes no more connections."""
        return self._dialect.is_full(error)

    def busy(self) -> StoreBusy:
        """Make the error for a thread whose turn did not come."""
        message = f"The session store {self._place} is busy: no connection became free in time."
        return StoreBusy(message, hint="Try again in a moment.")

    def _take(self, is_urgent: bool) -> Connection:
        ends_at = time.monotonic() + self._patience
        turn, pause = self._queue(is_urgent), _FIRST_PAUSE
        self._wait(turn, ends_at)
        while True:
            connection = self._used_or_new(turn, ends_at)
            if connection is not None:
                return connection
            turn = self._wait_at_the_front(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _used_or_new(self, turn: _Turn[Connection], ends_at: float) -> Connection | None:
        """Give a connection that can be used; None if the server is full now."""
        connection = turn.connection
        if connection is not None:
            if not turn.has_rested or self._dialect.is_alive(connection):
                return connection
            self._dialect.close(connection)
        try:
            return self._dialect.open()
        except BaseException as error:
            if isinstance(error, Exception) and self._dialect.is_full(error) and time.monotonic() < ends_at:
                return None
            self._has_closed()
            if isinstance(error, Exception) and self._dialect.is_full(error):
                raise self.busy() from None
            raise

    def _queue(self, is_urgent: bool) -> _Turn[Connection]:
        """Take a place in the queue; if it is empty, the turn has come already."""
        turn: _Turn[Connection] = _Turn()
        with self._lock:
            if self._idle and (is_urgent or not self._waiting):
                since, connection = self._idle.pop()
                turn.give(connection, has_rested=time.monotonic() - since >= self._rested)
            elif self._open < self._most and (is_urgent or not self._waiting):
                self._open += 1
                turn.give(None)
            elif is_urgent:
                self._waiting.appendleft(turn)
            else:
                self._waiting.append(turn)
        return turn

    def _wait(self, turn: _Turn[Connection], ends_at: float) -> None:
        try:
            if not turn.has_come.wait(max(0.0, ends_at - time.monotonic())):
                raise self.busy()
        except BaseException:  # the thread may be interrupted, too
            self._leave(turn)
            raise

    def _leave(self, turn: _Turn[Connection]) -> None:
        """Give up a place in the queue; if its turn has come meanwhile, pass it on."""
        with self._lock:
            has_come = turn.has_come.is_set()
            if not has_come:
                self._waiting.remove(turn)
        if has_come:
            self._pass_on(turn)

    def _pass_on(self, turn: _Turn[Connection]) -> None:
        if turn.connection is not None:
            self._give_back(turn.connection)
        else:
            self._has_closed()

    def _wait_at_the_front(self, pause: float) -> _Turn[Connection]:
        """Where the server is full, wait for a connection of this process, or for the time of the next try."""
        turn: _Turn[Connection] = _Turn()
        with self._lock:
            self._open -= 1
            self._waiting.appendleft(turn)
        try:
            turn.has_come.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
        except BaseException:
            self._leave(turn)
            raise
        with self._lock:
            if not turn.has_come.is_set():
                self._waiting.remove(turn)
                self._open += 1
                turn.give(None)
        return turn

    def _give_back(self, connection: Connection) -> None:
        if not self._dialect.is_usable(connection):
            self._dialect.close(connection)
            self._has_closed()
            return
        with self._lock:
            if self._waiting:
                self._waiting.popleft().give(connection)
                return
            self._idle.append((time.monotonic(), connection))
            must_trim, self._is_trimmed = not self._is_trimmed, True
        if must_trim:
            self._is_trimmed = upkeep.later(IDLE_SECONDS, partial(_trim, weakref.ref(self)), self._place)

    def _has_closed(self) -> None:
        """Let the next one open a connection in the place of the one that is closed, or could not be opened."""
        with self._lock:
            self._open -= 1
            if self._waiting and self._open < self._most:
                self._open += 1
                self._waiting.popleft().give(None)

    def trim(self) -> float | None:
        """Close what is idle for long; give the seconds until there may be more."""
        oldest = time.monotonic() - IDLE_SECONDS
        with self._lock:
            unused = []
            while self._idle and self._idle[0][0] <= oldest:
                unused.append(self._idle.popleft()[1])
            self._open -= len(unused)
            self._is_trimmed = bool(self._idle)
            again = self._idle[0][0] - oldest if self._idle else None
        for connection in unused:
            self._dialect.close(connection)
        return again


def _trim(queue: "weakref.ref[ConnectionQueue[Connection]]") -> float | None:
    found = queue()
    return None if found is None else found.trim()


def _close_all(dialect: Dialect[Connection], idle: "deque[tuple[float, Connection]]", process: int) -> None:
    if process == os.getpid():  # a forked child must not close the connections of its parent
        while idle:
            dialect.close(idle.pop()[1])


_all_queues: "weakref.WeakSet[ConnectionQueue[Any]]" = weakref.WeakSet()


def _after_fork() -> None:
    for queue in list(_all_queues):
        queue.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
