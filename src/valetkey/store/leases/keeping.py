# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Extending a lease while a user logs in, which takes longer than a lease lasts.

Otherwise a second host would take the lease and ask the user too. A process that dies stops extending its lease.
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
"""Seconds between two extensions: three may fail before the lease ends."""


@contextmanager
def kept_alive(lease: Lease, *, every: float = EVERY_SECONDS, seconds: float = LEASE_SECONDS) -> Iterator[None]:
    """
    Extend a lease, in a thread, until the context ends. A lock of the operating system needs no extending.

    :param lease: The lease.
    :param every: Seconds between two extensions.
    :param seconds: How long the lease lasts after each.
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
        keeper.join()  # it must not extend a lease that has been released


def _keep(lease: Lease, done: threading.Event, every: float, seconds: float) -> None:
    while not done.wait(every):
        try:
            if not lease.extend(seconds):
                _logger.warning("the lease of a session was lost while a person was asked")
                return
        except StoreError as error:
            _logger.info("a lease could not be extended, that is tried again: %s", error)
