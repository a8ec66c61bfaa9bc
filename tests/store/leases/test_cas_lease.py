# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Leases made of conditional writes: whose clock ends them, and what is remembered between two tries."""

import math
import os
import threading

import pytest

from tests.fakes.threads import LONGEST_WAIT
from valetkey.errors import StoreError
from valetkey.store import Conflict
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.leases.cas_lease import CasLeases

AWAY = StoreError("The store is away.", hint="Wait.")


class Clock:
    def __init__(self, now=0.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def records():
    return MemoryStore()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def leases(records, clock):
    return CasLeases(records, clock)


def test_a_lease_seen_unchanged_for_as_long_as_it_lasts_is_taken_over(records, leases):
    """The clock of the host that waits counts, from its first look on; that of the holder may say anything."""
    CasLeases(records, Clock(1e9)).take("key", seconds=20)
    waiting_clock = Clock(-500.0)
    waiting = CasLeases(records, waiting_clock)
    assert waiting.take("key", seconds=20) is None
    waiting_clock.now += 19.9
    assert waiting.take("key", seconds=20) is None
    waiting_clock.now += 0.1
    assert waiting.take("key", seconds=20).remaining() == 20


def test_the_holder_says_how_long_its_lease_lasts_and_not_who_waits(records, leases, clock):
    leases.take("key", seconds=100)
    waiting = CasLeases(records, clock)
    assert waiting.take("key", seconds=1) is None
    clock.now += 50
    assert waiting.take("key", seconds=1) is None
    clock.now += 50
    assert waiting.take("key", seconds=1) is not None


def test_another_holder_in_between_is_watched_from_the_beginning(records, leases, clock):
    first = leases.take("key", seconds=20)
    waiting = CasLeases(records, clock)
    assert waiting.take("key", seconds=20) is None
    clock.now += 15
    first.release()
    leases.take("key", seconds=20)
    assert waiting.take("key", seconds=20) is None
    clock.now += 15
    assert waiting.take("key", seconds=20) is None
    clock.now += 5
    assert waiting.take("key", seconds=20) is not None


def test_of_two_that_take_over_one_does(records, leases, clock):
    leases.take("key", seconds=20)
    one, other = CasLeases(records, clock), CasLeases(records, clock)
    assert (one.take("key", seconds=20), other.take("key", seconds=20)) == (None, None)
    clock.now += 20
    assert one.take("key", seconds=20) is not None
    assert other.take("key", seconds=20) is None


def test_who_loses_the_race_for_a_free_lease_has_none(clock):
    class Raced(MemoryStore):
        def put(self, key, value, **condition):
            super().put(key, b"somebody was faster")
            return super().put(key, value, **condition)

    assert CasLeases(Raced(), clock).take("key", seconds=20) is None


def test_a_lease_counts_from_before_it_was_written(clock):
    """The others can only have seen it later."""

    class Slow(MemoryStore):
        def put(self, key, value, **condition):
            clock.now += 3
            return super().put(key, value, **condition)

    lease = CasLeases(Slow(), clock).take("key", seconds=20)
    assert lease.remaining() == 17


def test_a_lease_that_is_over_has_no_time_left_and_does_not_take_the_next_holders(records, leases, clock):
    late = leases.take("key", seconds=20)
    waiting = CasLeases(records, clock)
    waiting.take("key", seconds=20)
    clock.now += 30
    following = waiting.take("key", seconds=20)
    assert (late.remaining(), following.remaining()) == (0, 20)
    late.release()
    assert leases.take("key", seconds=20) is None


def test_releasing_leaves_no_record(records, leases):
    with leases.take("key", seconds=20):
        assert records.get("key:lease") is not None
    assert records.get("key:lease") is None


def test_the_record_of_a_lease_names_no_time_of_day(records, leases, clock):
    clock.now = 4711.25
    leases.take("key", seconds=20)
    assert b"4711" not in records.get("key:lease").value
    assert b"4731" not in records.get("key:lease").value


@pytest.mark.parametrize("value", [b"", b"\xff", b"[]", b"{}", b'{"seconds": null}', b'{"seconds": "x"}'])
def test_a_record_that_is_no_lease_is_never_taken_over(records, leases, clock, value):
    records.put("key:lease", value)
    assert leases.take("key", seconds=20) is None
    clock.now += 1e6
    assert leases.take("key", seconds=20) is None


def test_a_store_that_is_away_ends_the_release_without_an_error(clock):
    class Away(MemoryStore):
        def delete(self, key, **condition):
            raise AWAY

    lease = CasLeases(Away(), clock).take("key", seconds=20)
    lease.release()
    lease.release()


def test_a_store_that_is_away_is_an_error_when_a_lease_is_wanted(clock):
    class Away(MemoryStore):
        def get(self, key):
            raise AWAY

    with pytest.raises(StoreError):
        CasLeases(Away(), clock).take("key", seconds=20)


def test_what_is_remembered_of_others_leases_is_bounded(records, clock):
    holder, waiting = CasLeases(records, clock), CasLeases(records, clock)
    for number in range(1500):
        holder.take(str(number), seconds=20)
        assert waiting.take(str(number), seconds=20) is None
        clock.now += 0.001
    assert len(waiting._seen) == 1000
    clock.now += 20
    assert waiting.take("1499", seconds=20) is not None
    assert waiting.take("0", seconds=20) is None, "the oldest is watched anew"


@pytest.mark.parametrize("seconds", [0.001, 20, 1e6])
def test_the_time_left_is_finite(leases, seconds):
    assert 0 < leases.take("key", seconds=seconds).remaining() < math.inf


def test_threads_can_wait_for_one_lease(records, clock):
    leases, given = CasLeases(records, clock), []
    leases.take("key", seconds=20)
    leases.take("key", seconds=20)
    clock.now += 20
    start = threading.Barrier(8)

    def take(_):
        start.wait(LONGEST_WAIT)
        lease = leases.take("key", seconds=20)
        if lease is not None:
            given.append(lease)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_WAIT)
    assert len(given) == 1


def test_the_copy_of_a_lease_in_another_process_releases_nothing(records, leases, monkeypatch):
    lease = leases.take("key", seconds=20)
    lease._process = os.getpid() + 1  # as the copy in a forked child sees it
    lease.release()
    assert records.get("key:lease") is not None


def test_a_fork_in_the_middle_of_a_look_leaves_no_lock_behind(leases):
    leases._lock.acquire()
    leases.after_fork()
    assert leases.take("key", seconds=20) is not None
    assert leases.take("key", seconds=20) is None


def test_a_conflict_of_the_records_stays_a_conflict(records, leases):
    """The lease keeps nobody from writing: only versions do."""
    version = records.put("key", b"1")
    with leases.take("key", seconds=20):
        records.put("key", b"2")
        with pytest.raises(Conflict):
            records.put("key", b"3", if_version=version)


@pytest.mark.parametrize(
    "content",
    [b'{"seconds": NaN}', b'{"seconds": 1' + b"0" * 400 + b"}", b"[" * 100_000, b"\xff", b"5", b'{"seconds": []}'],
    ids=lambda content: repr(content[:16]),
)
def test_a_lease_in_a_format_that_cannot_be_read_has_another_holder(content):
    """Row I11."""
    store = MemoryStore()
    store.put("key:lease", content)
    now = [0.0]
    leases = CasLeases(store, monotonic=lambda: now[0])
    for _ in range(3):
        assert leases.take("key", seconds=20) is None
        now[0] += 1e6
