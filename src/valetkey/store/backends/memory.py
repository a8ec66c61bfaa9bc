# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A backend in memory."""

import math
import os
import secrets
import threading
import weakref
from types import TracebackType
from typing import Self

from valetkey.store.protocol import ANY, Condition, Conflict, Record, is_met

__all__ = ["MemoryStore"]


class MemoryStore:
    """Sessions in the memory of this process, which end with it: for tests, and where no file may be written."""

    def __init__(self) -> None:
        self.place: str = "memory:"
        self._lock = threading.RLock()  # guards _records and _leased; a lease may be collected while it is held
        self._records: dict[str, Record] = {}
        self._leased: set[str] = set()
        _stores.add(self)

    def get(self, key: str) -> Record | None:
        """Read a record."""
        with self._lock:
            return self._records.get(key)

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """Write a record."""
        with self._lock:
            self._check(key, if_version)
            version = secrets.token_hex(8)
            self._records[key] = Record(value, version)
            return version

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """Delete a record."""
        with self._lock:
            self._check(key, if_version)
            return self._records.pop(key, None) is not None

    def lease(self, key: str, *, seconds: float) -> "_MemoryLease | None":  # noqa: ARG002 - it ends with its holder
        """Try to take the lease of a record."""
        with self._lock:
            if key in self._leased:
                return None
            self._leased.add(key)
        return _MemoryLease(self, key)

    def keys(self) -> list[str]:
        """Give the keys of all records."""
        with self._lock:
            return sorted(self._records)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._records.clear()

    def forget_leases(self) -> None:
        """Free the leases of threads that do not exist in a forked child."""
        self._lock = threading.RLock()
        self._leased.clear()

    def _check(self, key: str, wanted: Condition) -> None:
        record = self._records.get(key)
        if not is_met(wanted, record.version if record else None):
            raise Conflict(key)

    def _release(self, key: str) -> None:
        with self._lock:
            self._leased.discard(key)


_stores: "weakref.WeakSet[MemoryStore]" = weakref.WeakSet()


def _after_fork() -> None:
    for store in list(_stores):
        store.forget_leases()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class _MemoryLease:
    def __init__(self, store: MemoryStore, key: str) -> None:
        self._store: MemoryStore | None = store
        self._key = key

    def remaining(self) -> float:
        return math.inf

    def extend(self, seconds: float) -> bool:  # noqa: ARG002 - it ends with its holder
        return True

    def release(self) -> None:
        if self._store is not None:
            self._store._release(self._key)
            self._store = None

    def __del__(self) -> None:
        self.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()
