# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Extending the leases that a process holds, as long as it works with them.

A lease is short, so that another process gets it soon after its holder was killed; and a login or a slow token request
takes longer. So a thread for each store extends all leases there, those on one server together in one request.
"""

import logging
import math
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import TracebackType
from typing import Self

from valetkey.errors import StoreError
from valetkey.store import upkeep
from valetkey.store.leases.owned_lease import OwnedLease, extend_together
from valetkey.store.protocol import Lease

_logger = logging.getLogger("valetkey")

LEASE_SECONDS = 3.0
"""How long a lease lasts after its holder was killed or has frozen."""

EVERY_SECONDS = LEASE_SECONDS / 5
"""Seconds between two extensions: three may fail before the lease ends."""

UNATTENDED_SECONDS = 20.0
"""How long a lease lasts that is taken when no thread can begin, as at the end of the interpreter."""


class KeptLease:
    """A lease that is extended until it is released, or until no variable has it any more."""

    def __init__(self, lease: Lease, every: float, seconds: float) -> None:
        self._lease = lease
        self._every = every
        self._seconds = seconds
        self._process = os.getpid()
        self._turn = threading.Lock()  # held while the lease is extended alone, or is released
        self._due = time.monotonic() + every
        self._is_kept = True
        self._is_lost = False

    def remaining(self) -> float:
        """Give the seconds until the lease may pass to another holder."""
        return 0.0 if self._is_lost else self._lease.remaining()

    def extend(self, seconds: float) -> bool:
        """
        Keep the lease for longer.

        :raises StoreError: If the store cannot do its work.
        """
        if self._process != os.getpid():
            return self._lease.extend(seconds)
        with self._turn:
            return not self._is_lost and self._lease.extend(seconds)

    def release(self) -> None:
        """Give the lease back. A second call does nothing."""
        self.let_go()
        self._lease.release()

    def let_go(self) -> None:
        """Extend the lease no more. An extension that runs has ended when this returns."""
        if self._process != os.getpid():  # a thread that does not exist in the forked child may hold `_turn`
            return
        with self._turn:
            self._is_kept = False
        _kept.discard(self)

    def begin(self) -> None:
        """Extend the lease from now on."""
        _kept.add(self)
        if not upkeep.later(self._every, partial(_keep, weakref.ref(self)), _place_of(self._lease)):
            with suppress(StoreError):
                self._lease.extend(max(self._seconds, UNATTENDED_SECONDS))

    def keep(self) -> float | None:
        """Extend the lease if it is due, and those beside it; give the seconds until the next time."""
        if self._is_kept and self._due <= time.monotonic():
            if isinstance(self._lease, OwnedLease):
                self._extend_together(self._lease)
            else:
                self._extend_alone()
        return max(0.0, self._due - time.monotonic()) if self._is_kept and not self._is_lost else None

    def _extend_alone(self) -> None:
        with self._turn:
            if not self._is_kept:
                return
            try:
                self._note(is_held=self._lease.extend(self._seconds))
            except Exception as error:  # noqa: BLE001 - the lease may be of a store of the user's own
                self._note_failure(error)

    def _extend_together(self, lease: OwnedLease) -> None:
        """Extend the leases on one server that are due or nearly due in one request."""
        soon = time.monotonic() + self._every / 2
        beside = [
            (other, owned)
            for other in _kept.all()
            if other._due <= soon and other._seconds == self._seconds and not other._is_lost
            if isinstance(owned := other._lease, OwnedLease) and owned.is_beside(lease)
        ]
        try:
            lost = extend_together([owned for _, owned in beside], self._seconds)
        except StoreError as error:
            for other, _ in beside:
                other._note_failure(error)
        else:
            for other, owned in beside:
                other._note(is_held=owned not in lost)

    def _note(self, *, is_held: bool) -> None:
        self._due = time.monotonic() + self._every
        if not is_held and self._is_kept:
            self._is_lost = True
            _logger.warning("the lease of a session has passed to another holder before the work was done")

    def _note_failure(self, error: Exception) -> None:
        self._due = time.monotonic() + self._every
        what = error if isinstance(error, StoreError) else type(error).__name__
        _logger.info("a lease could not be extended, that is tried again: %s", what)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class _Leases:
    """The leases that are kept in this process, as long as a variable has them."""

    def __init__(self) -> None:
        self.begin_anew()

    def add(self, lease: KeptLease) -> None:
        with self._lock:
            self._leases.add(lease)

    def discard(self, lease: KeptLease) -> None:
        with self._lock:
            self._leases.discard(lease)

    def all(self) -> list[KeptLease]:
        with self._lock:
            return list(self._leases)

    def begin_anew(self) -> None:
        """Forget all: a forked child has none of the leases of its parent."""
        self._lock = threading.Lock()
        self._leases: weakref.WeakSet[KeptLease] = weakref.WeakSet()


_kept = _Leases()


def kept(lease: Lease) -> Lease:
    """Extend a lease until it is released. A lock of the operating system needs no extending."""
    if math.isinf(lease.remaining()):
        return lease
    keeping = KeptLease(lease, EVERY_SECONDS, LEASE_SECONDS)
    keeping.begin()
    return keeping


@contextmanager
def kept_alive(lease: Lease, *, every: float = EVERY_SECONDS, seconds: float = LEASE_SECONDS) -> Iterator[None]:
    """
    Extend a lease until the context ends. `hold` does so by itself; this is for a lease that `Store.lease` has given.

    :param lease: The lease. A lock of the operating system needs no extending.
    :param every: Seconds between two extensions.
    :param seconds: How long the lease lasts after each.
    """
    if math.isinf(lease.remaining()):
        yield
        return
    keeping = KeptLease(lease, every, seconds)
    keeping.begin()
    try:
        yield
    finally:
        keeping.let_go()


def _place_of(lease: Lease) -> str:
    """Say whose lease it is: leases of two stores are extended in two threads."""
    keeper = getattr(lease, "_server" if isinstance(lease, OwnedLease) else "_records", lease)
    return str(getattr(keeper, "place", "")) or type(keeper).__name__


def _keep(lease: "weakref.ref[KeptLease]") -> float | None:
    held = lease()
    return None if held is None else held.keep()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_kept.begin_anew)
