# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The calls of one process on one SQLite file: the thread whose turn it is makes those of all threads that wait.

A durable commit costs some 20 ms, however many records it holds, and locks the file for that long. So the thread whose
turn it is reads for all that wait to read, and then writes what all others want to write in one transaction. Each call
ends only after that, with a result or an error of its own. Then the turn passes to the thread that has waited longest.
A thread that comes alone has its turn at once, and waits for no other thread.

SQLite never waits for a lock itself, because its pauses grow: a process that has waited for long would ask seldom, and
one that has just written would be first again. A process that has met others waits in a line before it writes.
"""

import math
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol, TypeGuard, TypeVar, cast

from valetkey.errors import AuthError
from valetkey.store.backends.sqlite_line import Line
from valetkey.store.protocol import Conflict

SCHEMA = "CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, version TEXT NOT NULL, value BLOB NOT NULL)"

Result = TypeVar("Result")

_WAIT_SECONDS = 10.0
"""How long a call waits for other processes that use the file."""

_PAUSE = 0.005
"""Seconds between two tries while other processes use the file."""

_READING_SECONDS = 0.001
"""Seconds between two tries to commit while other processes read."""

_TRYING_SECONDS = 0.05
"""For how long one connection is tried, before the file at the path is looked at again."""

_REMEMBERED_SECONDS = 1.0
"""For how long after meeting others a process waits in the line before it writes."""


class File(Protocol):
    """What `Turns` needs of the file."""

    line: Line

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """Give a connection to read from; an error closes it, and so ends its transaction."""

    def writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """Give a connection to write to; an error closes it, and so ends its transaction."""


class Turns:
    """The calls on one file, for any thread."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._others_until = -math.inf
        self._begin()
        with _forking:
            _all_turns.add(self)

    def after_fork(self) -> None:
        """Begin without calls in a forked child: the threads that wait are not there."""
        self._file.line.after_fork()
        self._begin()

    def _begin(self) -> None:
        self.working: threading.Lock = threading.Lock()  # held while SQLite works
        self._lock = threading.Lock()  # guards _waiting and _first
        self._waiting: list[_Call] = []
        self._first: _Call | None = None  # whose turn it is
        self._woken = threading.Event()  # one that wants to read has come, or this process is first in the line

    def read(self, act: Callable[[sqlite3.Connection], Result]) -> Result:
        """Call a function that reads."""
        return cast("Result", self._take(_Call(act, writes=False)))

    def write(self, act: Callable[[sqlite3.Connection], Result]) -> Result:
        """Call a function that writes, durably when this returns. After an error of others it is called once more."""
        return cast("Result", self._take(_Call(act, writes=True)))

    def _take(self, call: "_Call") -> object:
        with self._lock:
            self._waiting.append(call)
            self._first = self._first or call
        if not call.writes:
            self._woken.set()
        try:
            if self._first is not call:
                call.turn.wait()
            while not call.has_ended:
                self._serve()
        finally:
            self._leave(call)
        return call.outcome()

    def _leave(self, call: "_Call") -> None:
        """Pass the turn on. An interrupt may end a call that still waits, or has just got its turn."""
        with self._lock:
            self._waiting = [each for each in self._waiting if each is not call and not each.has_ended]
            if self._first is call:
                self._first = next(iter(self._waiting), None)
                if self._first is not None:
                    self._first.turn.set()
                else:
                    self._file.line.leave()

    def _calls(self, *, writes: bool) -> list["_Call"]:
        with self._lock:
            return [call for call in self._waiting if call.writes is writes and not call.has_ended]

    def _serve(self) -> None:
        """Make the calls of all that wait. Those that other processes hold up wait on, until their time is over."""
        with self.working:
            self._woken.clear()
            # A file that is busy for one is busy for the others.
            busy = self._read()
            wants_to_write = busy is None and bool(self._calls(writes=True))
            patience = self._patience() if wants_to_write else 0
            if wants_to_write and not patience:
                busy = self._write()
                if busy is None:
                    self._file.line.leave()
        if busy is not None:
            now = time.monotonic()
            self._others_until = now + _REMEMBERED_SECONDS
            for call in (*self._calls(writes=False), *self._calls(writes=True)):
                if now - call.since >= _WAIT_SECONDS:
                    call.end(busy)
        if patience:
            self._woken.wait(patience)

    def _patience(self) -> float:
        """Give how long to wait in the line before the next look; 0 for a process that has met no others lately."""
        now = time.monotonic()
        if now >= self._others_until:
            return 0
        self._file.line.join(self._woken)
        patience = self._file.line.patience()
        if patience:
            self._others_until = now + patience + _REMEMBERED_SECONDS
        return patience

    def _read(self) -> sqlite3.OperationalError | None:
        """Read for all that wait, with one look at the file; give the error if the file is busy."""
        calls = self._calls(writes=False)
        while calls:
            try:
                with self._file.reading() as connection:
                    while calls:
                        _try(partial(calls[0].make, connection), _PAUSE, time.sleep)
                        calls.pop(0).end()
            except Exception as error:  # noqa: BLE001 - it is the call's, whose thread raises it
                if is_busy(error):
                    return error
                if calls:  # else all have what they wanted, and only the end of the use has failed
                    calls.pop(0).end(error)
        return None

    def _write(self, alone: "_Call | None" = None) -> sqlite3.OperationalError | None:
        """Write for all that wait, or for one of them, in one transaction; give the error if the file is busy."""
        batch, has_begun = self._writers(alone), False
        try:
            with self._file.writing() as connection:
                seconds = _TRYING_SECONDS if time.monotonic() < self._others_until else 0
                _try(lambda: _begin(connection), _PAUSE, self._woken.wait, seconds)
                batch, has_begun = self._writers(alone), True  # also those that came meanwhile
                _commit(connection, batch)
        except Exception as error:  # noqa: BLE001 - it is the calls', whose threads raise it
            if is_busy(error):
                return error
            if len(batch) > 1 and has_begun:  # it may be the error of one of them alone
                return next(filter(None, [self._write(call) for call in batch]), None)
            for call in batch:
                call.end(error)
        return None

    def _writers(self, alone: "_Call | None") -> list["_Call"]:
        return self._calls(writes=True) if alone is None else [alone]


class _Call:
    """What one thread wants, and what has come of it."""

    def __init__(self, act: Callable[[sqlite3.Connection], object], *, writes: bool) -> None:
        self.writes = writes
        self.since = time.monotonic()
        self.turn = threading.Event()  # set when it has ended, or when it is its thread's turn
        self.has_ended = False
        self._act = act
        self._result: object = None
        self._error: Exception | None = None

    def make(self, connection: sqlite3.Connection) -> None:
        """Make the call. What comes of it counts when it ends; a conflict is a result like others."""
        self._error = None
        try:
            self._result = self._act(connection)
        except Conflict as conflict:
            self._error = conflict

    def end(self, error: Exception | None = None) -> None:
        """Let it end, with an error or with what has come of it."""
        if not self.has_ended:
            self._error, self.has_ended = error or self._error, True
            self.turn.set()

    def outcome(self) -> object:
        """Give the result or raise the error. Other threads may get the same error, and each may add to its text."""
        error, self._error = self._error, None
        if isinstance(error, AuthError):
            raise error.with_hint(error.hint) from error.__cause__
        if error is not None:
            raise error
        return self._result


def is_busy(error: Exception) -> TypeGuard[sqlite3.OperationalError]:
    """Tell whether an error says that others use the file."""
    code: int = getattr(error, "sqlite_errorcode", 0)  # an extended code has the plain one in its last byte
    return isinstance(error, sqlite3.OperationalError) and code & 0xFF == sqlite3.SQLITE_BUSY


def hold_still() -> None:
    """Wait until no thread is in the middle of a call, and let none begin, before this process is forked."""
    _forking.acquire()
    _held_still.extend(_all_turns)
    for turns in _held_still:
        turns.working.acquire()


def go_on(*, is_child: bool) -> None:
    """Go on after a fork."""
    for turns in _held_still:
        if is_child:
            turns.after_fork()
        else:
            turns.working.release()
    _held_still.clear()
    _forking.release()


_all_turns: "weakref.WeakSet[Turns]" = weakref.WeakSet()
_forking = threading.Lock()  # guards _all_turns and _held_still
_held_still: list[Turns] = []


def _try(
    act: Callable[[], object], pause: float, sleep: Callable[[float], bool | None], seconds: float = _TRYING_SECONDS
) -> None:
    """Try again while others use the file, for some seconds, or until the sleep is broken off; then raise the error."""
    ends_at = time.monotonic() + seconds
    while True:
        try:
            act()
        except sqlite3.OperationalError as error:
            jitter = random.uniform(0.5, 1)  # noqa: S311 - no secret
            if not is_busy(error) or time.monotonic() >= ends_at or sleep(pause * jitter):
                raise
        else:
            return


def _begin(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON").fetchall()  # reads the file, so that may be busy too
    connection.execute("BEGIN IMMEDIATE")


def _commit(connection: sqlite3.Connection, batch: list[_Call]) -> None:
    """Make the calls and commit them. They end also if an interrupt comes after the commit."""
    try:
        connection.execute(SCHEMA)
        for call in batch:
            call.make(connection)
        # While it is busy, other processes still read, and none begins to.
        _try(lambda: connection.execute("COMMIT"), _READING_SECONDS, time.sleep, _WAIT_SECONDS)
        for call in batch:
            call.end()
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        elif not isinstance(error, sqlite3.Error):  # else SQLite has rolled back
            for call in batch:
                call.end()
        raise
