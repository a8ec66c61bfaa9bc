# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The Store protocol: where sessions and clients are kept, and the one lock of the house.

An engine of a store needs conditional writes and a lease; bytes in, bytes out. What the bytes mean is in
`valetkey._sessions.codec`. For an engine of your own, `valetkey.store.leases.cas_lease` makes the lease, and
`valetkey.store.testing` tries whether everything holds.
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
    Refuse what is no condition: a None could mean `ANY` as well as `ABSENT`.

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
    """A stored value and its version: an opaque text that is only ever compared."""

    value: bytes
    version: str


class Conflict(Exception):
    """The record is not at the version the caller named: somebody else has written it."""


class Lease(Protocol):
    """
    The right to change one record, held by at most one task of all threads, processes and hosts.

    A context manager; leaving it releases the lease.
    """

    def remaining(self) -> float:
        """Give the seconds until the lease may pass to another holder; infinite for a lock of the kernel."""

    def extend(self, seconds: float) -> bool:
        """
        Keep the lease for longer, for work that waits for a person.

        :param seconds: How long it lasts from now on, if its holder freezes.
        :returns: False if it is not held any more. A lock of the kernel needs no extending.
        """

    def release(self) -> None:
        """Give the lease back; doing it twice is allowed."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class Store(Protocol):
    """
    Versioned records and leases. Safe to use from any thread.

    Every method raises `StoreError` when the store cannot do its work.
    """

    def get(self, key: str) -> Record | None:
        """
        Read a record.

        :param key: The record's key.
        :returns: The record, or None.
        """

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """
        Write a record durably.

        :param key: The record's key.
        :param value: The new value.
        :param if_version: What must be there now.
        :returns: The new version.
        :raises Conflict: If something else is there.
        """

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """
        Delete a record.

        :param key: The record's key.
        :param if_version: What must be there now.
        :returns: True if it was there.
        :raises Conflict: If something else is there.
        """

    def lease(self, key: str, *, seconds: float) -> Lease | None:
        """
        Try to take the lease of a record. Never waits: who waits reads the record meanwhile.

        :param key: The record's key; the record need not exist.
        :param seconds: How long the lease lasts if its holder freezes. A lock of the kernel ends with its process.
        :returns: The lease, or None when somebody else holds it.
        """

    def close(self) -> None:
        """Let go of files and connections; the store may not be used any more."""
