# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The parts of which the checks are made."""

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
    """Raise AssertionError if a promise is broken, also when Python runs with `-O`."""
    if not is_kept:
        raise AssertionError(promise)


def expect_conflict(write: Callable[[], object], promise: str) -> None:
    """Raise AssertionError unless a write raises `Conflict`."""
    try:
        write()
    except Conflict:
        return
    raise AssertionError(promise)


def taken(lease: Lease | None, promise: str) -> Lease:
    """Raise AssertionError if a lease was not given; else give it."""
    if lease is None:
        raise AssertionError(promise)
    return lease


def taken_within(store: Store, key: str, seconds: float, promise: str) -> tuple[Lease, float]:
    """Try to take a lease until it is given; give it and the seconds that it took."""
    started = time.monotonic()
    while True:
        lease = store.lease(key, seconds=LEASE_SECONDS)
        waited = time.monotonic() - started
        if lease is not None:
            return lease, waited
        expect(waited < seconds, promise)
        time.sleep(0.01)


def in_threads(work: Callable[[int], None], count: int) -> None:
    """Run a function in several threads at once, each with its number, and wait for all."""
    failures: list[BaseException] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            start.wait(PATIENCE_SECONDS)
            work(number)
        except BaseException as error:  # noqa: BLE001 - it is raised below, in the caller's thread
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
    """Make the key of a record that no other check uses."""
    return f"check:{secrets.token_hex(8)}"
