# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The protocol of a store: versioned records with conditional writes, and a lease for each record.

A backend stores bytes and does not read them; `valetkey._sessions.codec` does. For a backend of your own,
`valetkey.store.leases.cas_lease` makes the leases, and `valetkey.store.testing` checks the backend.
"""

from enum import Enum
from types import TracebackType
from typing import Final, Literal, NamedTuple, Protocol, Self


class _Special(Enum):
    ANY = "any"
    ABSENT = "absent"


ANY: Final = _Special.ANY
"""Write or delete whatever is there."""

ABSENT: Final = _Special.ABSENT
"""Nothing may be there."""

Absent = Literal[_Special.ABSENT]
"""The type of `ABSENT`."""

Condition = str | Literal[_Special.ANY] | Absent
"""What must be there for a write to happen: a version, `ABSENT` or `ANY`."""


def require_condition(value: object) -> None:
    """
    Refuse a value that is no condition, such as None, which could mean `ANY` or `ABSENT`.

    :param value: What a caller gave as `if_version`.
    :raises TypeError: If it is neither a text, nor `ABSENT`, nor `ANY`.
    """
    if not isinstance(value, str | _Special):
        message = f"if_version= takes a version, ABSENT or ANY, and not {value!r}"
        raise TypeError(message)


def is_met(condition: Condition, version: str | None) -> bool:
    """
    Tell whether a write may happen.

    :param condition: What must be there.
    :param version: The version of the record that is there; None if there is no record.
    :returns: True if it may.
    :raises TypeError: If the condition is none.
    """
    require_condition(condition)
    if condition is ANY:
        return True
    return version is None if condition is ABSENT else condition == version


class Record(NamedTuple):
    """A stored value and its version, an opaque text that is only compared."""

    value: bytes
    version: str

    def __repr__(self) -> str:
        """Show no byte of the value: a store gives it without encryption, with every token in it."""
        return f"Record({len(self.value)} bytes, version={self.version!r})"


class Conflict(Exception):
    """The record does not meet the condition of a write: another thread, process or host has written it."""


class Lease(Protocol):
    """
    The right to change one record, held by at most one thread of all processes and hosts.

    A context manager; leaving it releases the lease.
    """

    def remaining(self) -> float:
        """Give the seconds until the lease may pass to another holder; infinite for a lock of the operating system."""

    def extend(self, seconds: float) -> bool:
        """
        Keep the lease for longer. A thread of the process calls this again and again while the holder works.

        :param seconds: How long it lasts from now on if its holder freezes.
        :returns: False if the lease has passed to another holder or was released. True without any effect for a lock of
            the operating system.
        :raises StoreError: If the store cannot do its work.
        """

    def release(self) -> None:
        """Give the lease back. A second call does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class Store(Protocol):
    """
    Versioned records and leases, for use by any number of threads.

    Every method raises `StoreError` if the store cannot do its work.
    """

    def get(self, key: str) -> Record | None:
        """
        Read a record.

        :param key: The record's key.
        :returns: The record; None if there is none.
        """

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """
        Write a record durably.

        :param key: The record's key.
        :param value: The new value.
        :param if_version: What must be there now: a version, `ABSENT` or `ANY`.
        :returns: The new version, which this record never had before.
        :raises Conflict: If the condition is not met; the record is unchanged then.
        :raises TypeError: If `if_version` is no condition.
        """

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """
        Delete a record.

        :param key: The record's key.
        :param if_version: What must be there now: a version, `ABSENT` or `ANY`.
        :returns: True if there was a record.
        :raises Conflict: If the condition is not met; the record is unchanged then.
        :raises TypeError: If `if_version` is no condition.
        """

    def lease(self, key: str, *, seconds: float) -> Lease | None:
        """
        Try to take the lease of a record. This never waits; `valetkey.store.leases.hold` does.

        :param key: The record's key; the record need not exist.
        :param seconds: How long the lease lasts if its holder freezes. A lock of the operating system has no end and is
            released when its process ends.
        :returns: The lease; None if another holder has it.
        """

    def close(self) -> None:
        """Close files and connections. The store must not be used afterwards."""
