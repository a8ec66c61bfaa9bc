# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A lease is extended as long as its holder works, and given up with its process."""

import gc
import logging
import math
import os
import threading
import time
from dataclasses import dataclass, field

import pytest

from tests.fakes.threads import LONGEST_WAIT
from valetkey.errors import StoreError
from valetkey.store import upkeep
from valetkey.store.leases.keeping import EVERY_SECONDS, LEASE_SECONDS, KeptLease, kept, kept_alive
from valetkey.store.leases.owned_lease import OwnedLease

AWAY = StoreError("Away.", hint="Wait.")


@dataclass
class Lease:
    """A lease that writes down how often it was extended, and has this to say to it."""

    answers: list = field(default_factory=list)
    left: float = 20.0
    extended: list = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)
    released: int = 0
    threads: set = field(default_factory=set)

    def remaining(self):
        return self.left

    def extend(self, seconds):
        self.extended.append(seconds)
        self.threads.add(threading.current_thread())
        if len(self.extended) == 3:
            self.enough.set()
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        return answer

    def release(self):
        self.released += 1


@dataclass
class LeaseServer:
    """A server that keeps leases for their owners, and writes down what is asked of it."""

    place: str = "redis://server"
    owners: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)
    trouble: list = field(default_factory=list)

    def lease(self, key, owner="me"):
        self.owners[key] = owner
        return OwnedLease(self, key, owner, time.monotonic() + LEASE_SECONDS)

    def extend(self, owners, seconds):
        self.asked.append((set(owners), seconds))
        if len(self.asked) == 3:
            self.enough.set()
        if self.trouble:
            raise self.trouble.pop(0)
        return {key for key, owner in owners.items() if self.owners.get(key) == owner}

    def release(self, key, owner):
        if self.owners.get(key) == owner:
            del self.owners[key]


@dataclass
class HangingServer(LeaseServer):
    """A server that does not answer until it is told to go on."""

    goes_on: threading.Event = field(default_factory=threading.Event)

    def extend(self, owners, seconds):
        self.asked.append((set(owners), seconds))
        self.enough.set()
        assert self.goes_on.wait(LONGEST_WAIT)
        return set(owners)


def kept_quickly(lease, every=0.01, seconds=7.0):
    keeping = KeptLease(lease, every, seconds)
    keeping.begin()
    return keeping


def wait_until(condition):
    ends_at = time.monotonic() + LONGEST_WAIT
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.005)


def test_a_lease_is_extended_until_the_work_is_done():
    lease = Lease()
    with kept_alive(lease, every=0.01, seconds=7.0):
        assert lease.enough.wait(LONGEST_WAIT)
    count = len(lease.extended)
    assert set(lease.extended) == {7.0}
    assert lease.released == 0, "it is its holder who releases it"
    with kept_alive(other := Lease(), every=0.01):
        assert other.enough.wait(LONGEST_WAIT)
    assert len(lease.extended) == count


def test_a_lease_that_is_held_is_extended_until_it_is_released():
    lease = Lease()
    with kept_quickly(lease) as keeping:
        assert lease.enough.wait(LONGEST_WAIT)
        assert keeping.remaining() == 20.0
        assert keeping.extend(9.0)
    assert lease.released == 1
    assert set(lease.extended) == {7.0, 9.0}


def test_four_extensions_are_due_before_a_lease_ends():
    assert 4 * EVERY_SECONDS < LEASE_SECONDS < 5.0


def test_one_thread_extends_all_leases_of_a_store():
    leases = [Lease() for _ in range(20)]
    held = [kept_quickly(lease) for lease in leases]
    for lease in leases:
        assert lease.enough.wait(LONGEST_WAIT)
    [thread] = set().union(*(lease.threads for lease in leases))
    assert thread.name == upkeep.THREAD_NAME
    for keeping in held:
        keeping.release()


def test_a_server_that_hangs_delays_the_leases_of_no_other():
    """Row J4."""
    hanging, answering = HangingServer(place="redis://hangs"), LeaseServer(place="redis://answers")
    held = [kept_quickly(hanging.lease("key"))]
    assert hanging.enough.wait(LONGEST_WAIT)
    held.append(kept_quickly(answering.lease("key")))
    assert answering.enough.wait(LONGEST_WAIT)
    assert len(hanging.asked) == 1
    hanging.goes_on.set()
    for keeping in held:
        keeping.release()


def test_leases_on_one_server_are_extended_in_one_request():
    """Row J4."""
    server, other = LeaseServer(), LeaseServer()
    held = [kept_quickly(server.lease(f"key {number}"), every=0.1) for number in range(200)]
    held.append(kept_quickly(other.lease("elsewhere"), every=0.1))
    assert server.enough.wait(LONGEST_WAIT)
    assert other.enough.wait(LONGEST_WAIT)
    for keeping in held:
        keeping.release()
    assert max(len(keys) for keys, _ in server.asked) == 200
    assert {"elsewhere"} == set().union(*(keys for keys, _ in other.asked))
    assert sum(len(keys) for keys, _ in server.asked) <= 200 * len(server.asked)


@pytest.mark.parametrize("trouble", [AWAY, ConnectionError("canary-77 of a library")], ids=["the store", "a library"])
def test_a_store_that_is_away_is_asked_again(trouble, caplog):
    caplog.set_level(logging.INFO, "valetkey")
    lease = Lease([trouble, trouble])
    with kept_quickly(lease) as keeping:
        assert lease.enough.wait(LONGEST_WAIT)
        assert keeping.remaining() == 20.0, "it may still be held"
    assert "could not be extended" in caplog.text
    assert "canary-77" not in caplog.text


def test_a_server_that_is_away_is_asked_again_for_all_leases():
    server = LeaseServer(trouble=[AWAY, AWAY])
    held = [kept_quickly(server.lease(key), every=0.05) for key in ("one", "other")]
    assert server.enough.wait(LONGEST_WAIT)
    assert [keeping.remaining() > 0 for keeping in held] == [True, True]
    for keeping in held:
        keeping.release()


def test_a_lease_that_was_lost_has_no_time_left_and_the_log_says_so(caplog):
    """The holder looks at that before it sends a refresh token."""
    lease = Lease([False])
    with kept_quickly(lease) as keeping:
        wait_until(lambda: keeping.remaining() == 0)
        assert not keeping.extend(7.0)
        assert len(lease.extended) == 1
    assert "has passed to another holder" in caplog.text


def test_of_the_leases_on_a_server_only_the_lost_ones_have_no_time_left():
    server = LeaseServer()
    lost, held = kept_quickly(server.lease("lost"), every=0.05), kept_quickly(server.lease("held"), every=0.05)
    server.owners["lost"] = "another program"
    wait_until(lambda: lost.remaining() == 0)
    assert held.remaining() > 0
    lost.release()
    held.release()
    assert server.owners == {"lost": "another program"}


def test_a_lease_that_was_released_meanwhile_is_not_called_lost(caplog):
    server = LeaseServer()

    class Slow(LeaseServer):
        def extend(self, owners, seconds):
            keeping.release()
            return super().extend(owners, seconds)

    server = Slow()
    keeping = kept_quickly(server.lease("key"))
    wait_until(lambda: server.asked)
    keeping.release()
    assert server.owners == {}
    assert "has passed" not in caplog.text


def test_a_lease_that_no_variable_has_is_let_go():
    """Else a thread that died with its lease would keep it for as long as the process lives."""
    lease = Lease()
    keeping = kept_quickly(lease, every=0.05)
    del keeping
    gc.collect()
    before = len(lease.extended)
    with kept_quickly(other := Lease(), every=0.05):
        assert other.enough.wait(LONGEST_WAIT)
    assert len(lease.extended) == before


def test_a_lock_of_the_kernel_needs_no_keeping():
    lease = Lease(left=math.inf)
    assert kept(lease) is lease
    with kept_alive(lease, every=0.001):
        pass
    assert lease.extended == []


def test_work_that_fails_ends_the_keeping_too():
    lease = Lease()
    with pytest.raises(ZeroDivisionError), kept_quickly(lease):
        _ = 1 / 0
    assert lease.released == 1
    with pytest.raises(ZeroDivisionError), kept_alive(other := Lease(), every=0.01):
        _ = 1 / 0
    assert other.released == 0


@pytest.mark.parametrize("answer", [True, AWAY], ids=["extended", "the store is away"])
def test_at_the_end_of_the_interpreter_a_lease_lasts_for_a_whole_exchange(monkeypatch, answer):
    """No thread begins there, and the renewal that runs is finished."""
    monkeypatch.setattr(upkeep, "later", lambda seconds, task, place: False)
    lease = Lease([answer])
    with kept(lease):
        assert lease.extended == [20.0]


def test_a_forked_child_does_not_wait_for_the_thread_that_extends_in_its_parent(monkeypatch):
    lease = Lease()
    keeping = kept_quickly(lease, every=600.0)
    with keeping._turn:  # held by a thread that does not exist in the child
        monkeypatch.setattr(os, "getpid", lambda: -1)
        keeping.extend(1.0)
        keeping.release()
        monkeypatch.undo()
    assert (lease.extended, lease.released) == ([1.0], 1), "the lease itself knows whose it is"
    keeping.release()
