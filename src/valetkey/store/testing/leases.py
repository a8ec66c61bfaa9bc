# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What leases promise to the threads of one process."""

import math
import threading
import time

from valetkey.store.leases.holding import LeaseTimeout, hold
from valetkey.store.leases.keeping import kept_alive
from valetkey.store.testing.promise import (
    LEASE_SECONDS,
    PATIENCE_SECONDS,
    SHORT_LEASE_SECONDS,
    Check,
    Open,
    expect,
    in_threads,
    new_key,
    taken,
    taken_within,
)


def check_exclusion(open_store: Open) -> None:
    """A lease is held once; it needs no record, makes none, locks none, and leaves other keys alone."""
    store, key = open_store(), new_key()
    with taken(store.lease(key, seconds=LEASE_SECONDS), "a free lease is given"):
        expect(store.lease(key, seconds=LEASE_SECONDS) is None, "a lease is held once")
        expect(store.get(key) is None, "a lease makes no record under its key")
        store.put(key, b"1")
        store.delete(key)
        with taken(store.lease(key + ":other", seconds=LEASE_SECONDS), "each key has a lease of its own"):
            pass
    for _ in range(3):
        taken(store.lease(key, seconds=LEASE_SECONDS), "what was released is given again").release()
    store.close()


def check_release(open_store: Open) -> None:
    """A lease is given back by any thread, and once: a second release does not take it from the next holder."""
    store, key = open_store(), new_key()
    first = taken(store.lease(key, seconds=LEASE_SECONDS), "a free lease is given")
    in_threads(lambda _: first.release(), 1)
    with taken(store.lease(key, seconds=LEASE_SECONDS), "another thread may give a lease back"):
        first.release()
        expect(store.lease(key, seconds=LEASE_SECONDS) is None, "a second release takes nothing from the next holder")
    try:
        with taken(store.lease(key, seconds=LEASE_SECONDS), "what was released is given again"):
            raise InterruptedError
    except InterruptedError:
        pass
    taken(store.lease(key, seconds=LEASE_SECONDS), "a holder that fails gives the lease back").release()
    store.close()


def check_end(open_store: Open) -> None:
    """
    A lease says when it ends, and passes on then and not before. A lock of the operating system has none.

    A former holder cannot take it from the next one.
    """
    store, key = open_store(), new_key()
    lease = taken(store.lease(key, seconds=SHORT_LEASE_SECONDS), "a free lease is given")
    started = time.monotonic()
    remaining = lease.remaining()
    if remaining == math.inf:
        time.sleep(2 * SHORT_LEASE_SECONDS)
        expect(store.lease(key, seconds=LEASE_SECONDS) is None, "a lease without an end does not pass on")
        lease.release()
        store.close()
        return
    expect(0 <= remaining <= SHORT_LEASE_SECONDS, "a lease tells how long it lasts")
    following, _ = taken_within(store, key, PATIENCE_SECONDS, "a lease whose time is over passes on")
    expect(time.monotonic() - started >= remaining - 0.05, "a lease does not pass on before its end")
    expect(lease.remaining() == 0, "a lease that is over has no time left")
    lease.release()
    expect(store.lease(key, seconds=LEASE_SECONDS) is None, "the former holder takes nothing from the next one")
    following.release()
    store.close()


def check_extension(open_store: Open) -> None:
    """A lease that is extended in time stays with its holder; one that has passed on or was given back does not."""
    store, key = open_store(), new_key()
    lease = taken(store.lease(key, seconds=SHORT_LEASE_SECONDS), "a free lease is given")
    expect(lease.extend(LEASE_SECONDS), "a lease that is held can be extended")
    expect(lease.remaining() > SHORT_LEASE_SECONDS, "an extended lease lasts longer")
    time.sleep(2 * SHORT_LEASE_SECONDS)
    expect(store.lease(key, seconds=LEASE_SECONDS) is None, "an extended lease does not pass on at its first end")
    lease.release()
    if lease.remaining() != math.inf:
        expect(not lease.extend(LEASE_SECONDS), "what was given back cannot be extended")
        late = taken(store.lease(key, seconds=SHORT_LEASE_SECONDS), "what was released is given again")
        following, _ = taken_within(store, key, PATIENCE_SECONDS, "a lease whose time is over passes on")
        expect(not late.extend(LEASE_SECONDS), "a lease that has passed on cannot be extended")
        expect(store.lease(key, seconds=LEASE_SECONDS) is None, "the former holder takes nothing from the next one")
        following.release()
    store.close()


def check_keeping(open_store: Open) -> None:
    """A lease that another thread extends stays with its holder as long as the work takes, and is then free at once."""
    store, key = open_store(), new_key()
    ends_at = time.monotonic() + 4 * SHORT_LEASE_SECONDS
    lease = taken(store.lease(key, seconds=SHORT_LEASE_SECONDS), "a free lease is given")
    with lease, kept_alive(lease, every=SHORT_LEASE_SECONDS / 5, seconds=SHORT_LEASE_SECONDS):
        while time.monotonic() < ends_at:
            expect(lease.remaining() > 0, "a lease that is extended in time has time left")
            expect(store.lease(key, seconds=LEASE_SECONDS) is None, "a lease that is extended does not pass on")
            time.sleep(0.02)
    taken(store.lease(key, seconds=LEASE_SECONDS), "what was released is given again, also after extensions").release()
    store.close()


def check_racing_holders(open_store: Open) -> None:
    """Of several threads, one at a time holds the lease, and each gets it in the end."""
    store, key = open_store(), new_key()
    inside: list[int] = []
    crowds: list[int] = []

    def enter(number: int) -> None:
        for _ in range(5):
            with hold(store, key, seconds=PATIENCE_SECONDS):
                inside.append(number)
                crowds.append(len(inside))
                inside.remove(number)

    in_threads(enter, 4)
    expect(max(crowds) == 1, "one holder at a time")
    expect(len(crowds) == 20, "every thread gets the lease")
    store.close()


def check_cancellation(open_store: Open) -> None:
    """A thread that is cancelled while it waits does not hold the lease."""
    store, key = open_store(), new_key()
    cancelled = threading.Event()
    ended: list[bool] = []

    def wait(number: int) -> None:
        if number:
            time.sleep(0.05)
            cancelled.set()
            return
        try:
            hold(store, key, seconds=PATIENCE_SECONDS, cancelled=cancelled).release()
        except LeaseTimeout:
            ended.append(True)

    with taken(store.lease(key, seconds=LEASE_SECONDS), "a free lease is given"):
        in_threads(wait, 2)
    expect(ended == [True], "waiting ends when it is cancelled")
    taken(store.lease(key, seconds=LEASE_SECONDS), "a cancelled thread does not hold the lease").release()
    store.close()


LEASES: tuple[Check, ...] = (
    check_exclusion,
    check_release,
    check_end,
    check_extension,
    check_keeping,
    check_racing_holders,
    check_cancellation,
)
"""What leases promise."""
