# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Who of the threads that obtain tokens works now, and who comes next."""

import threading

from tests.fakes.threads import LONGEST_WAIT, in_background, in_threads, until
from valetkey._engine.turns import Turns


class Queue:
    """Threads that wait for their turn, and the order in which it has come."""

    def __init__(self, turns):
        self.turns = turns
        self.come, self._taken = [], {}

    def join(self, name, *, goes_on=False):
        """Begin to wait, in a thread; the next one that joins comes after this one."""
        waiting = self._count()

        def take():
            self._taken[name] = self.turns.take(goes_on=goes_on)
            self.come.append(name)

        threading.Thread(target=take, daemon=True).start()
        until(lambda: self._count() > waiting or name in self.come)

    def give_back(self, name):
        self.turns.give_back(self._taken.pop(name))

    def _count(self):
        return len(self.turns._going_on) + len(self.turns._beginning)


def test_so_many_work_at_once_and_each_that_ends_lets_the_next_one_work():
    queue = Queue(Turns(most=2, longest=LONGEST_WAIT))
    for name in "abcde":
        queue.join(name)
    until(lambda: len(queue.come) == 2)
    assert sorted(queue.come) == ["a", "b"]
    for name, next_one in zip("abc", "cde", strict=True):
        queue.give_back(name)
        until(lambda next_one=next_one: queue.come[-1] == next_one)
        assert queue.turns.at_work == 2


def test_who_goes_on_with_work_comes_before_who_begins():
    """The answer of a server may hold the only copy of a refresh token: it is saved before other work begins."""
    queue = Queue(Turns(most=1, longest=LONGEST_WAIT))
    queue.join("at work")
    until(lambda: queue.come == ["at work"])
    for name in ("begins", "begins later"):
        queue.join(name)
    for name in ("goes on", "goes on later"):
        queue.join(name, goes_on=True)
    for name in ("at work", "goes on", "goes on later", "begins"):
        queue.give_back(name)
        until(lambda name=name: queue.come[-1] != name)
    assert queue.come[1:] == ["goes on", "goes on later", "begins", "begins later"]


def test_a_turn_counts_no_more_when_its_thread_has_had_it_for_long():
    clock = [100.0]
    queue = Queue(Turns(most=1, longest=LONGEST_WAIT, monotonic=lambda: clock[0]))
    queue.join("waits for its store")
    until(lambda: queue.come)
    queue.join("next")
    assert queue.come == ["waits for its store"]
    clock[0] += LONGEST_WAIT
    in_background(queue.turns.take)  # who looks for its own turn looks for all
    until(lambda: len(queue.come) == 2)
    assert queue.come == ["waits for its store", "next"]
    assert queue.turns.at_work == 2
    for name in queue.come:
        queue.give_back(name)
    until(lambda: queue.turns.at_work == 1)


def test_giving_back_a_turn_that_counts_no_more_lets_no_further_thread_work():
    clock = [100.0]
    queue = Queue(Turns(most=1, longest=LONGEST_WAIT, monotonic=lambda: clock[0]))
    queue.join("waits for its store")
    until(lambda: queue.come)
    clock[0] += LONGEST_WAIT
    queue.join("at work")
    until(lambda: len(queue.come) == 2)
    queue.join("waits")
    queue.give_back("waits for its store")
    assert (queue.come, queue.turns.at_work) == (["waits for its store", "at work"], 1)
    queue.give_back("at work")
    until(lambda: queue.come[-1] == "waits")


def test_every_thread_comes_to_its_turn_though_none_ever_ends():
    turns = Turns(most=2, longest=0.001)
    assert len(in_threads(30, lambda number: turns.take())) == 30
    assert turns.at_work == 30


def test_of_many_threads_never_more_work_at_once():
    turns, at_once, most = Turns(most=2, longest=LONGEST_WAIT), [], []

    def work(number):
        for goes_on in (False, True) * 25:
            turn = turns.take(goes_on=goes_on)
            at_once.append(number)
            most.append(len(at_once))
            at_once.remove(number)
            turns.give_back(turn)

    in_threads(20, work)
    assert len(most) == 20 * 50
    assert max(most) <= 2
    assert turns.at_work == 0
