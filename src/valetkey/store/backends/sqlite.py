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

from valetkey.errors import StoreError
from valetkey.store.another import ANOTHER_STORE
from valetkey.store.backends.file_names import in_folder
from valetkey.store.backends.private_files import check_file, check_folder, creation, prepare_file, prepare_folder
from valetkey.store.backends.sqlite_connections import Connections
from valetkey.store.protocol import ANY, Condition, Conflict, Record, is_met

__all__ = ["SqliteStore"]

_SCHEMA = "CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, version TEXT NOT NULL, value BLOB NOT NULL)"


class SqliteStore:
    """
    Sessions in a file that only its owner can read (mode 0600, in a folder with mode 0700).

    A connection is kept only while this process holds a lease (`sqlite_connections`).

    :param path: The file; it and its folder are created when they are first written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self.place: str = str(self._path)
        self._folder = self._path.parent
        self._lock_folder = self._path.with_name(self._path.name + ".locks")
        self._connections = Connections(self._path)

    def get(self, key: str) -> Record | None:
        """Read a record."""
        if not self._exists():
            return None
        with self._connection() as connection:
            rows = _read(connection, "SELECT value, version FROM records WHERE key = ?", key)
            if rows and not isinstance(rows[0][0], bytes):
                message = "a record is damaged"
                raise sqlite3.DatabaseError(message)
        return Record(rows[0][0], str(rows[0][1])) if rows else None

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """Write a record."""
        version = secrets.token_hex(8)
        with self._transaction() as connection:
            _check(connection, key, if_version)
            connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (key, version, value))
        return version

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """Delete a record."""
        with self._transaction() as connection:
            _check(connection, key, if_version)
            return connection.execute("DELETE FROM records WHERE key = ?", (key,)).rowcount > 0

    def lease(self, key: str, *, seconds: float) -> "_KernelLease | None":  # noqa: ARG002 - it ends with its process
        """Try to take the lease of a record."""
        name = hashlib.sha256(key.encode()).hexdigest()[:16]
        path = self._lock_folder / name
        with _as_store_error(self._path):
            prepare_folder(self._folder)
            prepare_folder(self._lock_folder, is_ours=True)
            prepare_file(path)
            connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                connection.close()
                if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                    return None
                raise
            except BaseException:
                connection.close()
                raise
        return _KernelLease(connection, self._connections)

    def keys(self) -> list[str]:
        """Give the keys of all records."""
        if not self._exists():
            return []
        with self._connection() as connection:
            return [str(row[0]) for row in _read(connection, "SELECT key FROM records ORDER BY key")]

    def close(self) -> None:
        """Do nothing: a connection is kept only while a lease is held, and closed with it."""

    def _exists(self) -> bool:
        with _as_store_error(self._path):
            try:
                self._path.lstat()
            except (FileNotFoundError, NotADirectoryError):
                return False
        return True

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with _as_store_error(self._path):
            check_folder(self._folder)
            with self._connections.use(check_file(self._path)) as connection:
                yield connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _as_store_error(self._path):
            prepare_folder(self._folder)
            prepare_file(self._path)
        with self._connection() as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON").fetchall()
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute(_SCHEMA)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


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


def _after_fork() -> None:
    """Close the parent's leases: SQLite would count their locks as the child's and never release them."""
    creation.release()
    for lease in list(_held):
        lease.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=creation.acquire, after_in_parent=creation.release, after_in_child=_after_fork)


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


@contextmanager
def _as_store_error(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:  # SQLite quotes a damaged file in its messages
        if path.is_dir():
            message = f"The session store {path} cannot be used: it is a folder."
            raise StoreError(message, hint=in_folder(path.as_posix())) from error
        message = f"The session store {path} cannot be used: {error}."
        hint = "Check the disk and the file's rights; if the file is damaged, move it away and log in again."
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            hint = f"Check the file's rights and the folder's: this user has to write both; or {ANOTHER_STORE}."
        if code == sqlite3.SQLITE_BUSY:
            hint = f"Another program keeps it locked: end that program (`fuser {path}` finds it), or try again."
        raise StoreError(message, hint=hint) from error
    except OSError as error:
        message = f"The session store {path} cannot be used: {error.strerror or error}."
        hint = f"Check the disk and the folder's rights, or {ANOTHER_STORE}."
        raise StoreError(message, hint=hint) from error
