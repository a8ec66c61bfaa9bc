# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Waiting for the lease of a record, or for what its holder writes meanwhile."""

import random
import threading
import time
from collections.abc import Callable, Generator
from typing import TypeVar, overload

from valetkey.store.leases.keeping import LEASE_SECONDS, kept
from valetkey.store.protocol import Lease, Store

WAIT_SECONDS = 25.0
"""How long to wait for another holder, which may ask a slow server twice; if it was killed, its lease ends before."""

_SHORTEST_PAUSE = 0.005
_LONGEST_PAUSE = 0.05

Result = TypeVar("Result")


class LeaseTimeout(Exception):
    """The holder of the lease took too long, or the waiting was cancelled."""


@overload
def hold(
    store: Store,
    key: str,
    unless: None = None,
    *,
    seconds: float = WAIT_SECONDS,
    pause: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
    cancelled: threading.Event | None = None,
) -> Lease: ...


@overload
def hold(
    store: Store,
    key: str,
    unless: Callable[[], Result | None],
    *,
    seconds: float = WAIT_SECONDS,
    pause: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
    cancelled: threading.Event | None = None,
) -> Result | Lease: ...


def hold(
    store: Store,
    key: str,
    unless: Callable[[], Result | None] | None = None,
    *,
    seconds: float = WAIT_SECONDS,
    pause: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
    cancelled: threading.Event | None = None,
) -> Result | Lease:
    """
    Wait for the lease of a record, unless the result that the caller wants has appeared.

    The result is looked for before each try, so that many waiters do not go through the lease one by one.

    :param store: The store.
    :param key: The record's key.
    :param unless: Gives the result once it is there, and None before. Without it only the lease ends the waiting.
    :param seconds: How long to wait.
    :param pause: Sleeps for a number of seconds.
    :param monotonic: The clock of the deadline.
    :param cancelled: Ends the waiting when it is set.
    :returns: The result; or the lease, and then the caller has to look for the result once more. The lease is extended
        until it is released.
    :raises LeaseTimeout: If neither came in time.
    :raises StoreError: If the store cannot do its work.
    """
    waiting = holding(store, key, unless, seconds=seconds, monotonic=monotonic, cancelled=cancelled)
    while True:
        try:
            pause(next(waiting))
        except StopIteration as end:
            turn: Result | Lease = end.value
            return turn


def holding(
    store: Store,
    key: str,
    unless: Callable[[], Result | None] | None = None,
    *,
    seconds: float = WAIT_SECONDS,
    monotonic: Callable[[], float] = time.monotonic,
    cancelled: threading.Event | None = None,
) -> Generator[float, None, Result | Lease]:
    """Do what `hold` does, and yield the seconds until the next try instead of sleeping."""
    deadline = monotonic() + seconds
    interval = _SHORTEST_PAUSE
    while True:
        result = None if unless is None else unless()
        if result is not None:
            return result
        lease = store.lease(key, seconds=LEASE_SECONDS)
        if lease is not None:
            return kept(lease)
        if monotonic() >= deadline or (cancelled is not None and cancelled.is_set()):
            raise LeaseTimeout(key)
        yield interval * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
        interval = min(interval * 2, _LONGEST_PAUSE)
