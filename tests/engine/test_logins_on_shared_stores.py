# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Two hosts on one store: while a person logs in for one, the other asks nobody, however long it takes."""

import threading

from tests.fakes.network import Gate
from tests.fakes.threads import LONGEST_WAIT, in_background
from tests.fakes.world import World
from valetkey.store.leases.holding import LEASE_SECONDS
from valetkey.store.leases.keeping import EVERY_SECONDS


class EndingLease:
    """A lease that ends by itself, and tells when it is extended."""

    def __init__(self, lease, extended):
        self._lease = lease
        self._extended = extended

    def remaining(self):
        return LEASE_SECONDS

    def extend(self, seconds):
        self._extended.set()
        return True

    def release(self):
        self._lease.release()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.release()


def test_the_lease_is_extended_while_a_person_is_asked_and_given_back_afterwards():
    world = World()
    extended = threading.Event()
    take = world.store.lease

    class Shared:
        def __getattr__(self, name):
            return getattr(world.store, name)

        def lease(self, key, *, seconds):
            lease = take(key, seconds=seconds)
            return None if lease is None else EndingLease(lease, extended)

    world.person.gate = Gate()
    engine = world.engine(store=Shared())
    running = in_background(lambda: engine.replace(None))
    assert world.person.gate.reached.wait(LONGEST_WAIT)
    assert extended.wait(EVERY_SECONDS + LONGEST_WAIT)
    world.person.gate.opened.set()
    assert running.result(LONGEST_WAIT)
    assert len(world.person.asked) == 1
    key = engine._attempts.sessions.key
    again = take(key, seconds=LEASE_SECONDS)
    assert again is not None, "the lease was given back"
    again.release()
