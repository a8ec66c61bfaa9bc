# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A lease is kept while a person logs in, and given up with the process that asked."""

import math
import threading
from dataclasses import dataclass, field

import pytest

from tests.fakes.threads import LONGEST_WAIT
from valetkey.errors import StoreError
from valetkey.store.leases.keeping import kept_alive


@dataclass
class Lease:
    """A lease that writes down how often it was extended, and has this to say to it."""

    answers: list = field(default_factory=list)
    left: float = 20.0
    extended: list = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    def remaining(self):
        return self.left

    def extend(self, seconds):
        self.extended.append(seconds)
        if len(self.extended) == 3:
            self.enough.set()
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        return answer


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "valetkey-lease"]


def test_a_lease_is_extended_until_the_work_is_done():
    lease = Lease()
    with kept_alive(lease, every=0.01, seconds=7.0):
        assert lease.enough.wait(LONGEST_WAIT)
    assert set(lease.extended) == {7.0}
    assert threads() == []


def test_a_store_that_is_away_is_asked_again():
    lease = Lease([StoreError("Away.", hint="Wait."), StoreError("Away.", hint="Wait.")])
    with kept_alive(lease, every=0.01):
        assert lease.enough.wait(LONGEST_WAIT)


def test_a_lease_that_was_lost_is_let_go_and_the_log_says_so(caplog):
    lease = Lease([False])
    with kept_alive(lease, every=0.01):
        for thread in threads():
            thread.join(LONGEST_WAIT)
        assert len(lease.extended) == 1
    assert "was lost while a person was asked" in caplog.text


def test_a_lock_of_the_kernel_needs_no_keeping():
    lease = Lease(left=math.inf)
    with kept_alive(lease, every=0.001):
        assert threads() == []
    assert lease.extended == []


def test_work_that_fails_ends_the_keeping_too():
    with pytest.raises(ZeroDivisionError), kept_alive(Lease(), every=0.01):
        _ = 1 / 0
    assert threads() == []
