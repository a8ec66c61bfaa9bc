# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Connections to PostgreSQL: a few are kept, a broken one is replaced before it is used, and a forked child opens its own.

A pool library would need a thread of its own, which does not exist in a forked child.
"""

import os
import selectors
import socket
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from valetkey.errors import ConfigurationError

Connection = psycopg.Connection[tuple[Any, ...]]

_MOST_OPEN = 8
"""More threads wait for a free connection; by default a server accepts a hundred from all clients together."""

_DEFAULTS: dict[str, Any] = {
    "connect_timeout": 5,
    "application_name": "valetkey",
    # They notice a server that has disappeared. libpq ignores them where the operating system does not have them.
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


class Connections:
    """
    The connections of one store, for any thread.

    :param url: Where to, as libpq takes it.
    """

    def __init__(self, url: str, seconds: float) -> None:
        self._seconds = seconds
        try:
            given = conninfo_to_dict(url)
            _require_place(given)
        except (psycopg.Error, ValueError):
            message = "The URL of the PostgreSQL store is not understood."
            hint = 'Use "postgresql://user:password@host:5432/database", with options of libpq.'
            raise ConfigurationError(message, hint=hint) from None  # its words may hold the password
        host = ":".join(str(given[name]) for name in ("host", "port") if name in given)
        self.place: str = f"postgresql://{host}/{given.get('dbname', '')}"
        self._settings = make_conninfo(**{**_DEFAULTS, **given})
        self._inherited: list[list[Connection]] = []
        self._begin()
        _all_connections.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()  # guards _idle
        self._free = threading.BoundedSemaphore(_MOST_OPEN)
        self._idle: list[Connection] = []
        weakref.finalize(self, _close_all, self._idle, os.getpid())

    @contextmanager
    def one(self) -> Iterator[Connection]:
        """Lend a connection, in autocommit."""
        with self._free:
            connection = self._take()
            # Ends the wait for a frozen server, whose operating system still acknowledges packets.
            watch = threading.Timer(self._seconds, _cut, (connection,))
            watch.daemon = True
            watch.start()
            try:
                yield connection
            finally:
                watch.cancel()
                self._give_back(connection)

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            _close_all(self._idle, os.getpid())

    def after_fork(self) -> None:
        """Start without connections in a forked child, and leave the parent's open: the parent uses them."""
        self._inherited.append(self._idle)
        self._begin()

    def _take(self) -> Connection:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._connect()
            if _is_quiet(connection):
                return connection
            connection.close()

    def _give_back(self, connection: Connection) -> None:
        if connection.closed or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)

    def _connect(self) -> Connection:
        connection = psycopg.connect(
            self._settings,
            autocommit=True,
            prepare_threshold=None,  # a PgBouncer would give the next transaction another session
        )
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return connection


def _require_place(given: Mapping[str, Any]) -> None:
    """Refuse what no host and port are: a password with a character that is not percent-encoded is read as one."""
    ports = [int(port) for port in str(given.get("port", "")).split(",") if port]
    if "@" in str(given.get("host", "")) or not all(0 < port < 65536 for port in ports):
        raise ValueError


_all_connections: "weakref.WeakSet[Connections]" = weakref.WeakSet()


def _after_fork() -> None:
    for connections in list(_all_connections):
        connections.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _close_all(idle: list[Connection], process: int) -> None:
    if process == os.getpid():  # a forked child must not close the connections of its parent
        while idle:
            idle.pop().close()


def _cut(connection: Connection) -> None:
    with suppress(OSError, psycopg.Error), socket.fromfd(connection.fileno(), 0, 0) as line:
        line.shutdown(socket.SHUT_RDWR)


def _is_quiet(connection: Connection) -> bool:
    """An idle server sends nothing; anything to read is an error or the end of the connection."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        return not selector.select(0)
