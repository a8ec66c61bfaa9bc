# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A lease that a server keeps for its owner until a time on the server's clock: Redis's and PostgreSQL's."""

import os
import time
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from valetkey.errors import StoreError


class LeaseServer(Protocol):
    """What `OwnedLease` needs of a backend."""

    def extend(self, key: str, owner: str, seconds: float) -> bool:
        """Extend a lease; False if it has passed to another owner."""

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
        server, ends_at = (
            self._server,
            time.monotonic() + seconds,
        )  # before the request: the server counts later
        if server is None or self._process != os.getpid() or not server.extend(self._key, self._owner, seconds):
            return False
        self._ends_at = ends_at
        return True

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
