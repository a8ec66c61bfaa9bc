# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Sessions in Redis, for many hosts; the extra `valetkey[redis]`.

A record is a hash with a value and a version, which a script compares and writes in one step. A lease is a key with the
token of its owner, which Redis lets expire by the server's clock. No command is sent twice: if the answer to a write is
lost, the caller gets an error and writes again, on the version that is there.

The server must not lose records: it needs an append-only file and no eviction. The store checks both where the server
allows `INFO`; with `?persistence=unchecked` in the URL it does not check.
"""

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import redis
from redis import exceptions

from valetkey.errors import ConfigurationError, StoreError, quote
from valetkey.store.another import as_record, not_of_valetkey
from valetkey.store.backends.connection_queue import PATIENCE_SECONDS, ConnectionQueue
from valetkey.store.backends.redis_connections import Dialect, send_together
from valetkey.store.leases.owned_lease import OwnedLease
from valetkey.store.protocol import ABSENT, ANY, Condition, Conflict, Record, require_condition

__all__ = ["RedisStore"]

_PUT = """
local found = redis.call('HGET', KEYS[1], 'version')
if ARGV[1] == 'absent' and found or ARGV[1] == 'version' and found ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'value', ARGV[3], 'version', ARGV[4])
return 1
"""
_DELETE = """
local found = redis.call('HGET', KEYS[1], 'version')
if ARGV[1] == 'absent' and found or ARGV[1] == 'version' and found ~= ARGV[2] then return -1 end
return redis.call('DEL', KEYS[1])
"""
_EXTEND = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class RedisStore:
    """
    Sessions on a Redis server. The first method call opens the connection.

    :param url: `redis://`, `rediss://` (TLS) or `unix://`, as redis-py takes them.
    :raises ConfigurationError: If the URL cannot be read.
    """

    def __init__(self, url: str) -> None:
        self.place: str = _without_credentials(url)
        self._connections, self._must_persist = _connections(url, self.place)
        self._is_checked = False

    def get(self, key: str) -> Record | None:
        """Read a record."""
        with self._answers() as client:
            found: list[Any] = client.hmget(_name(key), "value", "version")  # bytes, as `decode_responses` says
            value, version = found
            return None if version is None else as_record(value, version.decode())

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """Write a record."""
        condition, version = _condition(if_version), secrets.token_hex(8)
        with self._answers() as client:
            is_done = client.eval(_PUT, 1, _name(key), *condition, value, version)
        if not is_done:
            raise Conflict(key)
        return version

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """Delete a record."""
        condition = _condition(if_version)
        with self._answers() as client:
            count = int(client.eval(_DELETE, 1, _name(key), *condition))
        if count < 0:
            raise Conflict(key)
        return count > 0

    def lease(self, key: str, *, seconds: float) -> OwnedLease | None:
        """Try to take the lease of a record."""
        owner = secrets.token_hex(8)
        ends_at = time.monotonic() + seconds  # before the request: the server begins to count later
        with self._answers() as client:
            if not client.set(_lease_name(key), owner, nx=True, px=max(1, int(seconds * 1000))):
                return None
        return OwnedLease(self, key, owner, ends_at)

    def keys(self) -> list[str]:
        """Give the keys of all records."""
        start, end = (part.encode() for part in _name("\n").split("\n"))
        with self._answers() as client:
            names = set(client.scan_iter(_name("*"), count=1000))  # a scan may meet one twice
            return [name.removeprefix(start).removesuffix(end).decode() for name in names]

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
        with self._answers(is_urgent=True) as client:
            commands = [
                ("EVAL", _EXTEND, 1, _lease_name(key), owner, int(seconds * 1000)) for key, owner in owners.items()
            ]
            return {key for key, is_held in zip(owners, send_together(client, commands), strict=True) if is_held}

    def release(self, key: str, owner: str) -> None:
        """
        Give a lease back, unless it has passed to another owner.

        :param key: The record's key.
        :param owner: The owner's token.
        :raises StoreError: If the server cannot be asked.
        """
        with self._answers() as client:
            client.eval(_RELEASE, 1, _lease_name(key), owner)

    @contextmanager
    def _answers(self, *, is_urgent: bool = False) -> Iterator["redis.Redis"]:
        """Turn what goes wrong into a `StoreError`. The server's words may quote a command, so they are not shown."""
        try:
            with self._connections.one(is_urgent=is_urgent) as client:
                self._check_settings(client)
                yield client
        except redis.RedisError as error:
            if isinstance(error, redis.ConnectionError):
                self._is_checked = False  # it may come back with other settings
            if self._connections.is_full(error):
                raise self._connections.busy() from None
            raise _store_error(self.place, error) from None
        except (ValueError, TypeError, LookupError, AttributeError) as error:  # what the client library makes of them
            raise not_of_valetkey(self.place) from error

    def _check_settings(self, client: "redis.Redis") -> None:
        if self._is_checked:
            return
        fault = _fault(_settings(client), must_persist=self._must_persist)
        if fault is not None:
            message = f"The Redis at {self.place} would lose sessions: {fault[0]}."
            raise StoreError(message, hint=fault[1])
        self._is_checked = True


def _settings(client: "redis.Redis") -> dict[str, Any]:
    found: dict[Any, Any] = {}
    for ask, subject in ((client.info, "persistence"), (client.info, "memory"), (client.config_get, "appendfsync")):
        with suppress(redis.ResponseError):  # not every service allows it
            found.update(ask(subject))
    return found


def _connections(url: str, place: str) -> tuple[ConnectionQueue["redis.Redis"], bool]:
    address, _, query = url.partition("?")
    options = parse_qsl(query, keep_blank_values=True)
    persistence = [value for name, value in options if name == "persistence"]
    others = urlencode([(name, value) for name, value in options if name != "persistence"])
    try:
        if persistence not in ([], ["unchecked"]):
            raise ValueError
        dialect = Dialect(f"{address}?{others}")
        connections = ConnectionQueue(dialect, place, most=dialect.most, patience=PATIENCE_SECONDS)
    except (TypeError, ValueError, redis.RedisError):
        message = f"The store {place} has an address or an option that is not understood."
        hint = 'Use "redis://user:password@host:6379/0", with options of redis-py, or "persistence=unchecked".'
        raise ConfigurationError(message, hint=hint) from None  # their words may hold the password
    return connections, not persistence


def _without_credentials(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{url.partition(':')[0]}://…"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _name(key: str) -> str:
    return f"valetkey:{{{key}}}"  # in braces: a cluster keeps a record and its lease on one node


def _lease_name(key: str) -> str:
    return _name(key) + ":lease"


def _condition(wanted: Condition) -> tuple[str, str]:
    require_condition(wanted)
    return (wanted.value, "") if wanted is ANY or wanted is ABSENT else ("version", wanted)


def _fault(settings: dict[str, Any], *, must_persist: bool) -> tuple[str, str] | None:
    if must_persist and settings.get("aof_enabled", 1) == 0:
        hint = 'Set "appendonly yes" and "appendfsync always"; "?persistence=unchecked" in the URL takes it as it is.'
        return "it has no append-only file", hint
    if must_persist and settings.get("appendfsync") == "no":
        return "it leaves writing to the disk to chance (appendfsync no)", 'Set "appendfsync always".'
    if settings.get("maxmemory", 0) and settings.get("maxmemory_policy", "noeviction") != "noeviction":
        return f"it evicts keys ({settings['maxmemory_policy']})", 'Set "maxmemory-policy noeviction".'
    return None


def _store_error(place: str, error: redis.RedisError) -> StoreError:
    if isinstance(error, (redis.AuthenticationError, exceptions.NoPermissionError)):
        what, hint = "it refuses the user or what the user does", "Check user, password and rights in the store's URL."
    elif isinstance(error, exceptions.OutOfMemoryError):
        what, hint = "its memory is full", "Give it more memory."
    elif isinstance(error, redis.TimeoutError):
        what, hint = "no answer in time", "See whether Redis runs there, and try again."
    elif isinstance(error, redis.ConnectionError):
        cause = error.__cause__ or error.__context__
        reason = quote(cause.strerror) if isinstance(cause, OSError) and cause.strerror else type(error).__name__
        what, hint = f"it cannot be reached ({reason})", "See whether Redis runs there, and try again."
    else:
        what, hint = f"it answered with an error ({_code(error)})", "See the log of the Redis server."
    return StoreError(f"The session store {place} cannot be used: {what}.", hint=hint)


def _code(error: redis.RedisError) -> str:
    first = str(error).partition(" ")[0]
    return first if first.isupper() and first.isalpha() else type(error).__name__
