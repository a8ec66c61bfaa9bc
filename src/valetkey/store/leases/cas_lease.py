# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A lease for every backend with conditional writes: DynamoDB, etcd, Vault, a Kubernetes secret, a file in a bucket.

The lease is a record beside the one it protects. It names its holder and its length in seconds, but no time of day: a
program that waits measures with its own clock. If it has seen the lease unchanged for that length, the holder is dead,
and it takes the lease with a conditional write. So hosts need no common clock, and waiting for a dead holder takes at
least the whole length of a lease.

The methods here do not wait. Between two tries, a `CasLeases` object remembers when it first saw a lease; so use one
object for each store of a process.
"""

import json
import math
import os
import secrets
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from valetkey.errors import StoreError
from valetkey.store.protocol import ABSENT, ANY, Condition, Conflict, Record

__all__ = ["CasLease", "CasLeases", "Records"]

_SUFFIX = ":lease"

_MOST_REMEMBERED = 1000
"""How many leases of other holders are remembered; the time of a forgotten one is measured from the beginning."""


class Records(Protocol):
    """What `CasLeases` needs of a backend: the first three methods of a `Store`."""

    def get(self, key: str) -> Record | None:
        """Read a record, see `Store.get`."""

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """Write a record, see `Store.put`."""

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """Delete a record, see `Store.delete`."""


class _Sighting(NamedTuple):
    version: str
    at: float
    seconds: float


class CasLeases:
    """
    Makes the `lease` method of a backend out of `get`, `put` and `delete`.

    ```python
    class MyStore:
        def __init__(self) -> None:
            self._leases = CasLeases(self)

        def lease(self, key: str, *, seconds: float) -> Lease | None:
            return self._leases.take(key, seconds=seconds)
    ```

    :param records: The backend.
    :param monotonic: A monotonic clock, in seconds.
    """

    def __init__(self, records: Records, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._records = records
        self._monotonic = monotonic
        self._lock = threading.Lock()  # guards _seen
        self._seen: dict[str, _Sighting] = {}
        _all_leases.add(self)

    def take(self, key: str, *, seconds: float) -> "CasLease | None":
        """
        Try to take the lease of a record; do not wait.

        :param key: The record's key.
        :param seconds: How long the lease lasts if its holder freezes or dies.
        :returns: The lease; None if another holder has it, or may still have it.
        :raises StoreError: If the store cannot do its work.
        """
        name = key + _SUFFIX
        record = self._records.get(name)
        if record is not None and not self._is_over(name, record):
            return None
        ends_at = self._monotonic() + seconds  # before the write, so that no waiter sees it end earlier
        try:
            version = self._records.put(name, _content(seconds), if_version=record.version if record else ABSENT)
        except Conflict:
            return None
        self._forget(name)
        return CasLease(self._records, name, version, ends_at, self._monotonic)

    def after_fork(self) -> None:
        """Replace the lock: a thread that does not exist in the forked child may have held it."""
        self._lock = threading.Lock()

    def _is_over(self, name: str, record: Record) -> bool:
        now = self._monotonic()
        with self._lock:
            seen = self._seen.get(name)
            if seen is None or seen.version != record.version:
                if len(self._seen) >= _MOST_REMEMBERED:
                    del self._seen[min(self._seen, key=lambda other: self._seen[other].at)]
                self._seen[name] = _Sighting(record.version, now, _duration(record.value))
                return False
            return now - seen.at >= seen.seconds

    def _forget(self, name: str) -> None:
        with self._lock:
            self._seen.pop(name, None)


class CasLease:
    """
    A lease that is held.

    `valetkey.store.leases.hold` extends it; without that, work that takes longer than the lease ends in a `Conflict`.

    :param records: The backend.
    :param name: The key of the lease's own record.
    :param version: Its version.
    :param ends_at: When it may pass to another holder, on the monotonic clock.
    :param monotonic: The clock, in seconds.
    """

    def __init__(
        self, records: Records, name: str, version: str, ends_at: float, monotonic: Callable[[], float]
    ) -> None:
        self._records = records
        self._name = name
        self._version: str | None = version
        self._ends_at = ends_at
        self._monotonic = monotonic
        self._process = os.getpid()

    def remaining(self) -> float:
        """Give the seconds until the lease may pass to another holder."""
        return max(0.0, self._ends_at - self._monotonic())

    def extend(self, seconds: float) -> bool:
        """
        Keep the lease for longer. A program that waits sees the change, and measures from the beginning again.

        :param seconds: How long it lasts from now on.
        :returns: False if it is not held any more.
        :raises StoreError: If the store cannot do its work.
        """
        version, ends_at = self._version, self._monotonic() + seconds
        if version is None or self._process != os.getpid():
            return False
        try:
            self._version = self._records.put(self._name, _content(seconds), if_version=version)
        except Conflict:
            return False
        self._ends_at = ends_at
        return True

    def release(self) -> None:
        """
        Give the lease back. In a forked child this does nothing, because the parent holds the lease.

        If the store does not answer, there is no error: the lease ends by itself.
        """
        version, self._version = self._version, None
        if version is None or self._process != os.getpid():
            return
        with suppress(Conflict, StoreError):
            self._records.delete(self._name, if_version=version)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


_all_leases: "weakref.WeakSet[CasLeases]" = weakref.WeakSet()


def _after_fork() -> None:
    for leases in list(_all_leases):
        leases.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _content(seconds: float) -> bytes:
    return json.dumps({"owner": secrets.token_hex(8), "seconds": seconds}).encode()


def _duration(value: bytes) -> float:
    """Read the length of a lease; a record in another format never ends by itself."""
    try:
        seconds = float(json.loads(value)["seconds"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return math.inf
    return math.inf if math.isnan(seconds) else seconds
