# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A lease that a server keeps for its owner until a time on the server's clock: Redis's and PostgreSQL's."""

import os
import time
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from valetkey.errors import StoreError


class LeaseServer(Protocol):
    """What `OwnedLease` needs of a backend."""

    def extend(self, owners: Mapping[str, str], seconds: float) -> Set[str]:
        """Extend the lease of each key for its owner; give the keys of those that have not passed to another one."""

    def release(self, key: str, owner: str) -> None:
        """Give a lease back, unless it has passed to another owner."""


class OwnedLease:
    """A lease that is held."""

    def __init__(self, server: LeaseServer, key: str, owner: str, ends_at: float) -> None:
        self._server: LeaseServer | None = server
        self._key = key
        self._owner = owner
        self._ends_at = ends_at
        self._process = os.getpid()

    def remaining(self) -> float:
        """Give the seconds until the lease may pass to another holder."""
        return max(0.0, self._ends_at - time.monotonic())

    def extend(self, seconds: float) -> bool:
        """
        Keep the lease for longer.

        :raises StoreError: If the server cannot be asked.
        """
        return self.is_held() and not extend_together([self], seconds)

    def is_held(self) -> bool:
        """Tell whether the lease was not released, and is not the copy of a forked child."""
        return self._server is not None and self._process == os.getpid()

    def is_beside(self, other: "OwnedLease") -> bool:
        """Tell whether the same server keeps both."""
        return self._server is not None and self._server is other._server

    def release(self) -> None:
        """Give the lease back. A second call does nothing."""
        server, self._server = self._server, None
        if server is None or self._process != os.getpid():  # in a forked child, whose parent holds the lease
            return
        with suppress(StoreError):  # the lease ends by itself
            server.release(self._key, self._owner)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


def extend_together(leases: Sequence[OwnedLease], seconds: float) -> Set[OwnedLease]:
    """
    Extend leases of one server in one request; give those that have passed to another owner.

    :raises StoreError: If the server cannot be asked.
    """
    held = {lease._key: lease for lease in leases if lease.is_held()}
    server = next((lease._server for lease in held.values()), None)
    if server is None:
        return frozenset()
    ends_at = time.monotonic() + seconds  # before the request: the server counts later
    kept = server.extend({key: lease._owner for key, lease in held.items()}, seconds)
    for key in kept & held.keys():
        held[key]._ends_at = ends_at
    return {lease for key, lease in held.items() if key not in kept and lease.is_held()}
