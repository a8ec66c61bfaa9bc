# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Taking turns: get the lease of a record, or what its holder has meanwhile written."""

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from valetkey.store.protocol import Lease, Store

LEASE_SECONDS = 20.0
"""How long a lease lasts if its holder freezes; longer than any single exchange."""

_SHORTEST_PAUSE = 0.005
_LONGEST_PAUSE = 0.05

Result = TypeVar("Result")


class LeaseTimeout(Exception):
    """The holder of the lease took too long."""


def acquire_unless(
    store: Store,
    key: str,
    done: Callable[[], Result | None],
    *,
    seconds: float,
    pause: Callable[[float], None] = time.sleep,
    cancelled: threading.Event | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Result | Lease:
    """
    Wait for the lease of a record, looking at the record first each time.

    Whoever waited only for the lease would make all waiters go through it one by one.

    :param store: The store.
    :param key: The record's key.
    :param done: Gives the result if somebody else has already brought it.
    :param seconds: How long to wait.
    :param pause: Sleeps.
    :param cancelled: Ends the waiting.
    :param monotonic: The clock of the deadline.
    :returns: The result, or the lease: then it is the caller's turn, and `done` has to be asked once more.
    :raises LeaseTimeout: If neither came in time.
    """
    deadline = monotonic() + seconds
    interval = _SHORTEST_PAUSE
    while True:
        result = done()
        if result is not None:
            return result
        lease = store.lease(key, seconds=LEASE_SECONDS)
        if lease is not None:
            return lease
        if monotonic() >= deadline or (cancelled is not None and cancelled.is_set()):
            raise LeaseTimeout(key)
        pause(interval * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
        interval = min(interval * 2, _LONGEST_PAUSE)
