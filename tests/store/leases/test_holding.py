# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Who waits for a lease looks at the record first, each time, and not for ever."""

import threading

import pytest

from valetkey.store.backends.memory import MemoryStore
from valetkey.store.leases.holding import LEASE_SECONDS, LeaseTimeout, hold


class Clock:
    """A clock that only waiting moves; what is to happen meanwhile happens at its time."""

    def __init__(self):
        self.seconds = 1000.0
        self.pauses = []
        self.events = []

    def at(self, seconds, event):
        self.events.append((1000.0 + seconds, event))

    def monotonic(self):
        return self.seconds

    def pause(self, seconds):
        self.pauses.append(seconds)
        self.seconds += seconds
        for event in [event for event in self.events if event[0] <= self.seconds]:
            self.events.remove(event)
            event[1]()


class Leases(MemoryStore):
    """Remembers for how long leases were asked for."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def lease(self, key, *, seconds):
        self.asked.append(seconds)
        return super().lease(key, seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store():
    return Leases()


def take(store, clock, done=lambda: None, seconds=25.0, cancelled=None):
    return hold(store, "key", done, seconds=seconds, pause=clock.pause, cancelled=cancelled, monotonic=clock.monotonic)


def test_a_free_lease_is_taken_without_waiting(store, clock):
    with take(store, clock):
        assert store.lease("key", seconds=20) is None
    assert clock.pauses == []
    assert store.asked[0] == LEASE_SECONDS


def test_what_is_already_there_is_taken_without_a_lease(store, clock):
    assert take(store, clock, lambda: "token") == "token"
    assert store.asked == []


def test_the_result_of_the_holder_is_taken_while_it_still_holds_the_lease(store, clock):
    """Waiters that all want the lease in turn would pass it one by one, for nothing."""
    results = []
    with store.lease("key", seconds=20):
        clock.at(3.0, lambda: results.append("token"))
        assert take(store, clock, lambda: results[0] if results else None) == "token"
    assert 3.0 <= clock.seconds - 1000.0 < 3.1


def test_a_lease_whose_holder_brings_nothing_passes_to_the_next(store, clock):
    held = store.lease("key", seconds=20)
    clock.at(1.0, held.release)
    with take(store, clock):
        assert 1.0 <= clock.seconds - 1000.0 < 1.1


def test_a_holder_that_takes_too_long_is_not_waited_for_for_ever(store, clock):
    with store.lease("key", seconds=20):
        with pytest.raises(LeaseTimeout):
            take(store, clock, seconds=25.0)
        assert 25.0 <= clock.seconds - 1000.0 < 25.1
        assert store.lease("key", seconds=20) is None


def test_one_look_is_made_even_without_any_time(store, clock):
    assert take(store, clock, lambda: "token", seconds=0) == "token"
    with take(store, clock, seconds=0) as lease:
        assert lease is not None
    with store.lease("key", seconds=20), pytest.raises(LeaseTimeout):
        take(store, clock, seconds=0)
    assert clock.pauses == []


def test_waiting_can_be_broken_off(store, clock):
    cancelled = threading.Event()
    clock.at(2.0, cancelled.set)
    with store.lease("key", seconds=20), pytest.raises(LeaseTimeout):
        take(store, clock, seconds=300.0, cancelled=cancelled)
    assert clock.seconds - 1000.0 < 2.1


def test_what_needs_no_waiting_is_not_broken_off(store, clock):
    cancelled = threading.Event()
    cancelled.set()
    with take(store, clock, cancelled=cancelled) as lease:
        assert lease is not None


def test_the_pauses_grow_from_milliseconds_and_stay_short(store, clock):
    """A renewal takes a tenth of a second; who looks every second would make ten of it."""
    with store.lease("key", seconds=20), pytest.raises(LeaseTimeout):
        take(store, clock, seconds=5.0)
    assert 0 < clock.pauses[0] <= 0.005
    assert max(clock.pauses) <= 0.05
    assert all(pause >= 0.025 for pause in clock.pauses[5:])


def test_the_pauses_are_not_in_step_with_those_of_others(store):
    clocks = [Clock(), Clock()]
    with store.lease("key", seconds=20):
        for clock in clocks:
            with pytest.raises(LeaseTimeout):
                take(store, clock, seconds=1.0)
    assert clocks[0].pauses != clocks[1].pauses


def test_an_error_while_looking_takes_no_lease(store, clock):
    with pytest.raises(ZeroDivisionError):
        take(store, clock, lambda: 1 / 0)
    assert store.asked == []
