# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Connections to one SQLite file: one is kept while this process holds a lease, so that a critical section opens only one.

No lock guards them. A connection is taken out of a list for each use, so no other thread has it meanwhile; the list's
operations are atomic, and a lease may be released by any thread and by the garbage collector in the middle of a use.
Between two uses no transaction is open, so a kept connection locks nothing.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_File = tuple[int, int]  # device and inode


class Connections:
    """The connections of one store, for any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._locks: set[sqlite3.Connection] = set()  # those of the leases that this process holds
        self._idle: list[tuple[sqlite3.Connection, _File]] = []

    @contextmanager
    def use(self, found: os.stat_result) -> Iterator[sqlite3.Connection]:
        """
        Give a connection to the file that is at the path now. After an error it is closed.

        :param found: What `lstat` has just said of the path. A kept connection to another file is not used: what it
            writes into a deleted file would be lost.
        """
        file = (found.st_dev, found.st_ino)
        connection = self._take(file)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if self._locks and not self._idle:
            self._idle.append((connection, file))
            self.close_unneeded()  # the last lease may have been released meanwhile
        else:
            connection.close()

    def begin_lease(self, lock: sqlite3.Connection) -> None:
        """Keep a connection from now on."""
        self._locks.add(lock)

    def end_lease(self, lock: sqlite3.Connection) -> None:
        """Close the kept connection if this was the last lease."""
        self._locks.discard(lock)
        self.close_unneeded()

    def close_unneeded(self) -> None:
        """Close the kept connection unless a lease is held. In a forked child it has no locks that closing drops."""
        while not self._locks:
            try:
                connection, _ = self._idle.pop()
            except IndexError:
                return
            connection.close()

    def _take(self, file: _File) -> sqlite3.Connection:
        with suppress(IndexError):
            connection, opened = self._idle.pop()
            if opened == file:
                return connection
            connection.close()
        return sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
