# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Keeping a lease while a person logs in, which takes longer than a lease lasts.

Or a second host would take the lease over and ask the person too. A process that dies stops keeping, so its lease ends
as soon as any other.
"""

import logging
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from valetkey.errors import StoreError
from valetkey.store.leases.holding import LEASE_SECONDS
from valetkey.store.protocol import Lease

_logger = logging.getLogger("valetkey")

EVERY_SECONDS = LEASE_SECONDS / 4
"""How often a lease is extended: three may fail before it ends."""


@contextmanager
def kept_alive(lease: Lease, *, every: float = EVERY_SECONDS, seconds: float = LEASE_SECONDS) -> Iterator[None]:
    """
    Extend a lease until the work is done; nothing is done for a lock of the kernel.

    :param lease: The lease.
    :param every: Seconds between two times.
    :param seconds: How long it lasts each time.
    """
    if math.isinf(lease.remaining()):
        yield
        return
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lease, done, every, seconds), name="valetkey-lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()  # or it would extend a lease that is given back


def _keep(lease: Lease, done: threading.Event, every: float, seconds: float) -> None:
    while not done.wait(every):
        try:
            if not lease.extend(seconds):
                _logger.warning("the lease of a session was lost while a person was asked")
                return
        except StoreError as error:
            _logger.info("a lease could not be extended, that is tried again: %s", error)
