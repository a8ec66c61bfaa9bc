# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the checks are made of."""

import secrets
import threading
import time
from collections.abc import Callable

from valetkey.store.protocol import Conflict, Lease, Store

PATIENCE_SECONDS = 30.0
"""How long anything may take before it counts as stuck."""

LEASE_SECONDS = 20.0
"""A lease that does not end while a check runs."""

SHORT_LEASE_SECONDS = 0.5
"""A lease whose end a check waits for."""

Open = Callable[[], Store]
Check = Callable[[Open], None]


def expect(is_kept: bool, promise: str) -> None:
    """
    Break off if a promise is broken, also when Python runs with `-O`.

    :param is_kept: Whether it is kept.
    :param promise: What was promised.
    :raises AssertionError: If it is not.
    """
    if not is_kept:
        raise AssertionError(promise)


def expect_conflict(write: Callable[[], object], promise: str) -> None:
    """
    Break off unless a write is a conflict.

    :param write: The write.
    :param promise: What was promised.
    :raises AssertionError: If it is none.
    """
    try:
        write()
    except Conflict:
        return
    raise AssertionError(promise)


def taken(lease: Lease | None, promise: str) -> Lease:
    """
    Break off if a lease was not given.

    :param lease: The lease, or None.
    :param promise: What was promised.
    :returns: The lease.
    :raises AssertionError: If there is none.
    """
    if lease is None:
        raise AssertionError(promise)
    return lease


def taken_within(store: Store, key: str, seconds: float, promise: str) -> tuple[Lease, float]:
    """
    Try to take a lease until it is given.

    :param store: The store.
    :param key: The record's key.
    :param seconds: How long to try.
    :param promise: What was promised.
    :returns: The lease, and after how many seconds it was given.
    :raises AssertionError: If it is not given in time.
    """
    started = time.monotonic()
    while True:
        lease = store.lease(key, seconds=LEASE_SECONDS)
        waited = time.monotonic() - started
        if lease is not None:
            return lease, waited
        expect(waited < seconds, promise)
        time.sleep(0.01)


def in_threads(work: Callable[[int], None], count: int) -> None:
    """
    Run a piece of work in several threads at once, and wait for all.

    :param work: Takes the thread's number.
    :param count: How many.
    :raises AssertionError: If one is stuck; and what one of them raised.
    """
    failures: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            start.wait(PATIENCE_SECONDS)
            work(number)
        except BaseException as error:  # noqa: BLE001 - it is raised below, where somebody sees it
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        expect(not thread.is_alive(), "no thread waits for ever")
    for failure in failures:
        raise failure


def new_key() -> str:
    """
    Make the key of a record that nobody else has.

    :returns: The key.
    """
    return f"kit:{secrets.token_hex(8)}"
