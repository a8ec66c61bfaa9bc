# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Sessions in PostgreSQL, for many hosts; the extra `valetkey[postgres]`.

Two tables: records with their versions, and leases with an end by the server's clock. Each method is one short
transaction, and a record is on the disk when its method returns, whatever the server's `synchronous_commit` is. There
are neither advisory locks nor prepared statements, so PgBouncer can be used, and no row is locked during a token
request.
"""

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, LiteralString, TypeAlias

import psycopg
from psycopg import errors

from valetkey.errors import StoreError, quote
from valetkey.store.another import as_record, not_of_valetkey
from valetkey.store.backends.postgres_connections import Connections
from valetkey.store.leases.owned_lease import OwnedLease
from valetkey.store.protocol import ABSENT, ANY, Condition, Conflict, Record, require_condition

__all__ = ["PostgresStore"]

_SCHEMA: tuple[LiteralString, ...] = (
    "CREATE TABLE IF NOT EXISTS valetkey_records (key text PRIMARY KEY, version text NOT NULL, value bytea NOT NULL)",
    "CREATE TABLE IF NOT EXISTS valetkey_leases (key text PRIMARY KEY, owner text NOT NULL, ends timestamptz NOT NULL)",
)

_BEGIN = """
    BEGIN ISOLATION LEVEL READ COMMITTED;
    SELECT set_config('synchronous_commit', %s, true), set_config('statement_timeout', %s, true)
"""
"""
For a record a message of its own: what a frozen server has not answered does not happen later, when it goes on.

The timeout, for this transaction only, also ends a statement that waits for another client's lock.
"""

_BEFORE_THE_STATEMENT = 2
"""How many results come before that of a statement which is sent together with `_BEGIN`."""

_GET = "SELECT value, version FROM valetkey_records WHERE key = %s"
_PUT = """
    INSERT INTO valetkey_records (key, value, version) VALUES (%s, %s, %s)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version
"""
_CREATE = "INSERT INTO valetkey_records (key, value, version) VALUES (%s, %s, %s) ON CONFLICT (key) DO NOTHING"
_REPLACE = "UPDATE valetkey_records SET value = %s, version = %s WHERE key = %s AND version = %s"
_DELETE = "DELETE FROM valetkey_records WHERE key = %s"
_LEASE = """
    INSERT INTO valetkey_leases AS held (key, owner, ends)
    VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s))
    ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, ends = excluded.ends WHERE held.ends <= clock_timestamp()
"""
_EXTEND = """
    UPDATE valetkey_leases AS held SET ends = clock_timestamp() + %s * interval '1 second'
    FROM unnest(%s::text[], %s::text[]) AS mine (key, owner) WHERE held.key = mine.key AND held.owner = mine.owner
    RETURNING held.key
"""
_RELEASE = "DELETE FROM valetkey_leases WHERE key = %s AND owner = %s"

_LACKS = (errors.DiskFull, errors.OutOfMemory, errors.TooManyConnections, errors.InsufficientResources)

_ATTEMPTS_TO_CREATE = 20


class PostgresStore:
    """
    Sessions on a PostgreSQL server. The first method call opens the connection; the first write creates the tables.

    :param url: `postgresql://…` as libpq takes it; libpq's environment variables fill in the parts that are missing.
    :param seconds: Timeout of one method in seconds; half of it for locks in the server.
    :raises ConfigurationError: If the URL cannot be read.
    """

    def __init__(self, url: str, *, seconds: float = 10.0) -> None:
        self._connections = Connections(url, seconds)
        self.place: str = self._connections.place
        self._lock_wait = f"{max(1, int(seconds * 500))}ms"

    def get(self, key: str) -> Record | None:
        """Read a record."""
        try:
            for value, version in self._read(_GET, key):
                return as_record(value, version)
        except TypeError as error:  # the columns have other types
            raise not_of_valetkey(self.place) from error
        return None

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """Write a record."""
        require_condition(if_version)
        version = secrets.token_hex(8)
        if if_version is ANY:
            count = self._change(_PUT, key, value, version)
        elif if_version is ABSENT:
            count = self._change(_CREATE, key, value, version)
        else:
            count = self._change(_REPLACE, value, version, key, if_version)
        if count == 0:
            raise Conflict(key)
        return version

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """Delete a record."""
        require_condition(if_version)
        if if_version is ANY:
            return self._change(_DELETE, key) > 0
        if if_version is ABSENT:
            if self.get(key) is not None:
                raise Conflict(key)
            return False
        if self._change(_DELETE + " AND version = %s", key, if_version) == 0:
            raise Conflict(key)
        return True

    def lease(self, key: str, *, seconds: float) -> OwnedLease | None:
        """Try to take the lease of a record."""
        owner = secrets.token_hex(8)
        ends_at = time.monotonic() + seconds  # before the request: the server begins to count later
        if self._change(_LEASE, key, owner, seconds, is_durable=False) == 0:
            return None
        return OwnedLease(self, key, owner, ends_at)

    def keys(self) -> list[str]:
        """Give the keys of all records."""
        return [str(row[0]) for row in self._read("SELECT key FROM valetkey_records")]

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def extend(self, owners: Mapping[str, str], seconds: float) -> set[str]:
        """
        Keep leases for longer, unless they have passed to another owner.

        :param owners: The owner's token for each record's key.
        :param seconds: How long they last from now on.
        :returns: The keys of the leases that are still the owner's.
        :raises StoreError: If the server cannot be asked.
        """
        mine = list(owners), list(owners.values())
        rows = self._write(_EXTEND, seconds, *mine, is_durable=False, is_urgent=True).fetchall()
        return {str(row[0]) for row in rows}

    def release(self, key: str, owner: str) -> None:
        """
        Give a lease back, unless it has passed to another owner.

        :param key: The record's key.
        :param owner: The owner's token.
        :raises StoreError: If the server cannot be asked.
        """
        self._change(_RELEASE, key, owner, is_durable=False)

    def _read(self, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        with self._answers() as connection:
            try:
                return connection.execute(query, values).fetchall()
            except errors.UndefinedTable:
                return []  # reading makes nothing

    def _change(self, statement: LiteralString, *values: Any, is_durable: bool = True) -> int:
        """Run a statement in a transaction of its own, and give the number of changed rows."""
        return self._write(statement, *values, is_durable=is_durable).rowcount

    def _write(
        self, statement: LiteralString, *values: Any, is_durable: bool = True, is_urgent: bool = False
    ) -> "psycopg.Cursor[tuple[Any, ...]]":
        """
        Run a statement in a transaction of its own, in two round trips; what is not durable in one.

        That is on disk with the next record: a lease is lost with its server only before its holder has written that it
        sends something. If a frozen server takes, extends or releases one later, that is over after a few seconds.
        """
        begin = ("on" if is_durable else "off", self._lock_wait)
        run = _run if is_durable else _run_at_once
        with self._answers(is_urgent=is_urgent) as connection:
            for _ in range(_ATTEMPTS_TO_CREATE):
                try:
                    return run(psycopg.ClientCursor(connection), begin, statement, values)
                except errors.UndefinedTable:
                    connection.rollback()
                    _create_tables(connection)
                except psycopg.Error:
                    with suppress(psycopg.Error):
                        connection.rollback()
                    raise
            message = "its tables appear and disappear"
            raise psycopg.DatabaseError(message)

    @contextmanager
    def _answers(self, *, is_urgent: bool = False) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
        """Give a connection, and turn what goes wrong into a `StoreError`."""
        try:
            with self._connections.one(is_urgent=is_urgent) as connection:
                yield connection
        except psycopg.Error as error:
            error._pgconn = None  # its representation shows the password, and `__context__` keeps the error
            raise _store_error(self._connections.place, error) from None
        except ValueError as error:  # bytes that are no text in the encoding of the connection
            raise not_of_valetkey(self.place) from error


_Cursor: TypeAlias = "psycopg.ClientCursor[tuple[Any, ...]]"


def _run(cursor: _Cursor, begin: tuple[str, str], statement: LiteralString, values: tuple[Any, ...]) -> _Cursor:
    cursor.execute(_BEGIN, begin)
    return cursor.execute(statement + "; COMMIT", values)


def _run_at_once(cursor: _Cursor, begin: tuple[str, str], statement: LiteralString, values: tuple[Any, ...]) -> _Cursor:
    cursor.execute(f"{_BEGIN}; {statement}; COMMIT", (*begin, *values))
    for _ in range(_BEFORE_THE_STATEMENT):
        cursor.nextset()
    return cursor


def _create_tables(connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
    """`IF NOT EXISTS` is not enough: of clients that create at the same time, all but one fail at a catalogue index."""
    for statement in _SCHEMA:
        with suppress(errors.UniqueViolation, errors.DuplicateTable, errors.DuplicateObject):
            connection.execute(statement)


def _store_error(place: str, error: psycopg.Error) -> StoreError:
    """Only the first line of the server's error is shown, because its details may repeat the record."""
    hint = "See the log of the PostgreSQL server."
    if isinstance(error, errors.InsufficientPrivilege):
        hint = f"Give the user rights on the two tables, or let an administrator make them: {'; '.join(_SCHEMA)}."
    elif isinstance(error, (errors.QueryCanceled, errors.LockNotAvailable)):
        hint = "Another client holds a lock on the tables; try again."
    elif isinstance(error, errors.ReadOnlySqlTransaction):
        hint = "Name the primary server: target_session_attrs=read-write in the URL finds it among several hosts."
    elif isinstance(error, _LACKS):
        hint = "Give the server what it lacks."
    elif isinstance(error, psycopg.OperationalError):
        hint = "See whether PostgreSQL runs there and lets this user in, and try again."
    lines = (error.diag.message_primary or str(error) or type(error).__name__).splitlines()
    return StoreError(f"The session store {place} cannot be used: {quote(lines[0])}.", hint=hint)
