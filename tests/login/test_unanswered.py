# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Waiting for the answer of a login ends with the answer, with the time, or because the program cancels it."""

import threading

import pytest

from tests.fakes.threads import LONGEST_WAIT
from valetkey.login.unanswered import wait_for_answer
from valetkey.seams import Cancellation


class Answered(threading.Event):
    """Counts how often a thread begins to wait for it, and says when."""

    def __init__(self):
        super().__init__()
        self.waits = []
        self.is_awaited = threading.Event()

    def wait(self, timeout=None):
        self.waits.append(timeout)
        self.is_awaited.set()
        return super().wait(timeout)


class Waiting:
    def __init__(self, cancelled, seconds=600.0):
        self.answered = Answered()
        self._thread = threading.Thread(target=wait_for_answer, args=(self.answered, cancelled, seconds))
        self._thread.start()
        assert self.answered.is_awaited.wait(LONGEST_WAIT)

    def has_ended(self):
        self._thread.join(LONGEST_WAIT)
        return not self._thread.is_alive()


@pytest.mark.parametrize("cancellation", [Cancellation, threading.Event])
def test_the_answer_ends_the_waiting(cancellation):
    waiting = Waiting(cancellation())
    waiting.answered.set()
    assert waiting.has_ended()


@pytest.mark.parametrize("cancellation", [Cancellation, threading.Event])
def test_who_cancels_ends_the_waiting(cancellation):
    cancelled = cancellation()
    waiting = Waiting(cancelled)
    cancelled.set()
    assert waiting.has_ended()


@pytest.mark.parametrize("cancellation", [Cancellation, threading.Event])
def test_a_login_that_is_cancelled_already_does_not_wait(cancellation):
    cancelled = cancellation()
    cancelled.set()
    wait_for_answer(threading.Event(), cancelled, 600.0)


@pytest.mark.parametrize("cancellation", [Cancellation, threading.Event])
@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_the_time_ends_the_waiting(cancellation, seconds):
    answered, cancelled = threading.Event(), cancellation()
    wait_for_answer(answered, cancelled, seconds)
    assert not answered.is_set()


def test_a_cancellation_wakes_the_thread_that_waits_which_does_not_look_again_and_again():
    cancelled = Cancellation()
    waiting = Waiting(cancelled, 600.0)
    cancelled.set()
    assert waiting.has_ended()
    assert waiting.answered.waits == [600.0]


def test_an_answer_that_nobody_waits_for_any_more_is_not_set_by_a_later_cancellation():
    cancelled, answered = Cancellation(), threading.Event()
    wait_for_answer(answered, cancelled, 0.0)
    cancelled.set()
    assert not answered.is_set()


def test_a_time_without_limit_is_as_long_as_a_thread_can_wait():
    cancelled = Cancellation()
    waiting = Waiting(cancelled, float("inf"))
    cancelled.set()
    assert waiting.has_ended()
