# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The embedded backend: one SQLite file, and a lock of the operating system for each key.

Rollback journal and `synchronous=FULL`: a write that has returned survives a loss of power, and a read-only folder
can still be read. `secure_delete`: a deleted token is overwritten in the file. A lease is an exclusive transaction on a
small database of its own; it is released when its process dies, and a forked child does not hold it. Lock files are
never deleted, because two processes could then hold locks on two files of one name.
"""

import hashlib
import math
import os
import secrets
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from valetkey.store.backends.private_files import check_file, check_folder, creation, prepare_file, prepare_folder
from valetkey.store.backends.sqlite_connections import Connections
from valetkey.store.backends.sqlite_errors import as_store_error
from valetkey.store.backends.sqlite_line import Line
from valetkey.store.backends.sqlite_turns import Turns, go_on, hold_still, is_busy
from valetkey.store.protocol import ANY, Condition, Conflict, Record, is_met, require_condition

__all__ = ["SqliteStore"]


class SqliteStore:
    """
    Sessions in a file that only its owner can read (mode 0600, in a folder with mode 0700).

    A connection is kept only while this process holds a lease (`sqlite_connections`). What several threads write at the
    same time is written in one transaction (`sqlite_turns`).

    :param path: The file; it and its folder are created when they are first written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self.place: str = str(self._path)
        self._lock_folder = self._path.with_name(self._path.name + ".locks")
        self._file = _File(self._path, Line(self._lock_folder / "line"))
        self._turns = Turns(self._file)

    def get(self, key: str) -> Record | None:
        """Read a record."""

        def read(connection: sqlite3.Connection) -> Record | None:
            rows = _read(connection, "SELECT value, version FROM records WHERE key = ?", key)
            if rows and not isinstance(rows[0][0], bytes):
                message = "a record is damaged"
                raise sqlite3.DatabaseError(message)
            return Record(rows[0][0], str(rows[0][1])) if rows else None

        with as_store_error(self._path):
            return self._turns.read(read) if self._file.exists() else None

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """Write a record."""
        require_condition(if_version)
        version = secrets.token_hex(8)

        def write(connection: sqlite3.Connection) -> str:
            _check(connection, key, if_version)
            connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (key, version, value))
            return version

        with as_store_error(self._path):
            return self._turns.write(write)

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """Delete a record."""
        require_condition(if_version)

        def delete(connection: sqlite3.Connection) -> bool:
            _check(connection, key, if_version)
            return connection.execute("DELETE FROM records WHERE key = ?", (key,)).rowcount > 0

        with as_store_error(self._path):
            return self._turns.write(delete)

    def lease(self, key: str, *, seconds: float) -> "_KernelLease | None":  # noqa: ARG002 - it ends with its process
        """Try to take the lease of a record."""
        name = hashlib.sha256(key.encode()).hexdigest()[:16]
        path = self._lock_folder / name
        with as_store_error(self._path):
            prepare_folder(self._file.folder)
            prepare_folder(self._lock_folder, is_ours=True)
            prepare_file(path)
            with creation:
                lock = _locked(path)
                return None if lock is None else _KernelLease(lock, self._file.connections)

    def keys(self) -> list[str]:
        """Give the keys of all records."""

        def read(connection: sqlite3.Connection) -> list[str]:
            return [str(row[0]) for row in _read(connection, "SELECT key FROM records ORDER BY key")]

        with as_store_error(self._path):
            return self._turns.read(read) if self._file.exists() else []

    def close(self) -> None:
        """Do nothing: a connection is kept only while a lease is held, and closed with it."""


class _File:
    """The file with the records, which is looked at before each use."""

    def __init__(self, path: Path, line: Line) -> None:
        self.path = path
        self.line = line
        self.folder = path.parent
        self.connections = Connections(path)

    def exists(self) -> bool:
        try:
            self.path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        check_folder(self.folder)
        with self.connections.use(check_file(self.path)) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        prepare_folder(self.folder)
        with self.connections.use(prepare_file(self.path)) as connection:
            yield connection


class _KernelLease:
    def __init__(self, lock: sqlite3.Connection, connections: Connections) -> None:
        self._lock = lock
        self._connections = connections
        _held.add(self)
        connections.begin_lease(lock)

    def remaining(self) -> float:
        return math.inf

    def extend(self, seconds: float) -> bool:  # noqa: ARG002 - it ends with its holder
        return True

    def release(self) -> None:
        with creation:
            _held.discard(self)
            try:
                self._connections.end_lease(self._lock)
            finally:
                self._lock.close()  # rolls the exclusive transaction back, and so frees the lock

    def __del__(self) -> None:
        self.release()  # Python 3.13 warns of a connection that is only collected

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


_held: "weakref.WeakSet[_KernelLease]" = weakref.WeakSet()


def _before_fork() -> None:
    """Let no thread be in the middle of SQLite: a forked child would keep its locks for ever."""
    hold_still()
    creation.acquire()


def _after_fork_in_parent() -> None:
    creation.release()
    go_on(is_child=False)


def _after_fork_in_child() -> None:
    """Close the parent's leases: SQLite would count their locks as the child's and never release them."""
    creation.release()
    go_on(is_child=True)
    for lease in list(_held):
        lease.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)


def _locked(path: Path) -> sqlite3.Connection | None:
    """Lock a lock file; None if another holder has locked it."""
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = MEMORY").fetchall()  # nothing is written, so no second file is opened
        connection.execute("BEGIN EXCLUSIVE")
    except BaseException as error:
        connection.close()
        if isinstance(error, Exception) and is_busy(error):
            return None
        raise
    return connection


def _read(connection: sqlite3.Connection, query: str, *values: str) -> list[Any]:
    """Read all rows, so that no lock stays; none without the table: the file may be new or its first write cut off."""
    try:
        return connection.execute(query, values).fetchall()
    except sqlite3.OperationalError as error:
        table = "SELECT 1 FROM sqlite_master WHERE name = 'records'"
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR or connection.execute(table).fetchall():
            raise
        return []


def _check(connection: sqlite3.Connection, key: str, wanted: Condition) -> None:
    if wanted is ANY:
        return
    rows = connection.execute("SELECT version FROM records WHERE key = ?", (key,)).fetchall()
    if not is_met(wanted, str(rows[0][0]) if rows else None):
        raise Conflict(key)
