# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Connections to PostgreSQL: an answer is waited for a limited time, and a broken connection is not used again.

A pool library would need a thread of its own, which does not exist in a forked child.
"""

import math
import selectors
import socket
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from valetkey.errors import ConfigurationError
from valetkey.store.backends.connection_queue import MOST_OPEN, PATIENCE_SECONDS, ConnectionQueue

Result = TypeVar("Result")

_FULL = ("too many clients", "too many connections", "remaining connection slots", "no more connections allowed")
"""What a PostgreSQL or a PgBouncer says while it takes no more; libpq gives no code for an error of the beginning."""

_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)  # without a file descriptor of its own

_DEFAULTS: dict[str, Any] = {
    "connect_timeout": 5,
    "application_name": "valetkey",
    # They notice a server that has disappeared. libpq ignores them where the operating system does not have them.
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection whose answers have to come until a moment of the monotonic clock."""

    answer_by: float = math.inf

    def wait(self, gen: Generator[Any, Any, Result], *arguments: Any, **options: Any) -> Result:
        """Wait for an answer as psycopg does, which looks up ten times in a second."""
        return super().wait(self._in_time(gen), *arguments, **options)

    def _in_time(self, steps: Generator[Any, Any, Result]) -> Generator[Any, Any, Result]:
        """Cut the connection to a frozen server, whose operating system still acknowledges packets."""
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() >= self.answer_by:
                    _cut(self)
                wanted = steps.send(ready)
        except StopIteration as end:
            result: Result = end.value
            return result


class Dialect:
    """How connections to PostgreSQL are opened and closed."""

    def __init__(self, settings: str) -> None:
        self._settings = settings

    def __reduce__(self) -> NoReturn:
        message = "the address of a session store is not pickled: its password would be readable in the pickle"
        raise TypeError(message)

    def open(self) -> Connection:
        """Open a connection, in autocommit."""
        connection = Connection.connect(
            self._settings,
            autocommit=True,
            prepare_threshold=None,  # a PgBouncer would give the next transaction another session
        )
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return connection

    def close(self, connection: Connection) -> None:
        """Close a connection."""
        connection.close()

    def is_usable(self, connection: Connection) -> bool:
        """Tell whether a connection is open and in no transaction."""
        return not connection.closed and connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE

    def is_alive(self, connection: Connection) -> bool:
        """Tell whether the server has not ended a connection; an idle server sends nothing else either."""
        return self.is_usable(connection) and _is_quiet(connection)

    def is_full(self, error: Exception) -> bool:
        """Tell whether the server has said that it takes no more connections."""
        if isinstance(error, errors.TooManyConnections):
            return True
        return isinstance(error, psycopg.OperationalError) and any(words in str(error) for words in _FULL)


class Connections:
    """The connections of one store, for any thread; the URL is as libpq takes it."""

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
        dialect = Dialect(self._settings)
        self._queue = ConnectionQueue(dialect, self.place, most=MOST_OPEN, patience=PATIENCE_SECONDS)

    @contextmanager
    def one(self, *, is_urgent: bool = False) -> Iterator[Connection]:
        """Lend a connection, in autocommit; an urgent request comes before all others."""
        with self._queue.one(is_urgent=is_urgent) as connection:
            connection.answer_by = time.monotonic() + self._seconds
            yield connection

    def close(self) -> None:
        """Close the idle connections."""
        self._queue.close()


def _require_place(given: Mapping[str, Any]) -> None:
    """Refuse what no host and port are: a password with a character that is not percent-encoded is read as one."""
    ports = [int(port) for port in str(given.get("port", "")).split(",") if port]
    if "@" in str(given.get("host", "")) or not all(0 < port < 65536 for port in ports):
        raise ValueError


def _cut(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    with suppress(OSError, psycopg.Error), socket.fromfd(connection.fileno(), 0, 0) as line:
        line.shutdown(socket.SHUT_RDWR)


def _is_quiet(connection: Connection) -> bool:
    """Tell whether there is nothing to read, which would be an error or the end of the connection."""
    with _Selector() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        return not selector.select(0)
