# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a store does from time to time is done by one thread, which is there only while there is something to do."""

import threading

import pytest

from tests.fakes.threads import LONGEST_WAIT
from valetkey.store.upkeep import MOST_LINES, THREAD_NAME, Upkeep


@pytest.fixture
def upkeep():
    return Upkeep()


class Tasks:
    """Tasks that write down when they were called, and in which thread."""

    def __init__(self, upkeep):
        self.upkeep, self.called, self.threads = upkeep, [], set()
        self.done = threading.Event()

    def after(self, seconds, name, answers=(), place="store"):
        answers = list(answers)

        def task():
            self.called.append(name)
            self.threads.add(threading.current_thread())
            again = answers.pop(0) if answers else None
            if name == "last":
                self.done.set()
            if isinstance(again, Exception):
                raise again
            return again

        assert self.upkeep.later(seconds, task, place)


def test_tasks_are_called_in_the_order_of_their_times_by_one_thread(upkeep):
    tasks = Tasks(upkeep)
    for seconds, name in [(0.2, "last"), (0.0, "first"), (0.1, "second")]:
        tasks.after(seconds, name)
    assert tasks.done.wait(LONGEST_WAIT)
    assert tasks.called == ["first", "second", "last"]
    [thread] = tasks.threads
    assert thread.daemon
    assert thread.name == THREAD_NAME
    thread.join(LONGEST_WAIT)
    assert not thread.is_alive(), "it ends after the last task"


def test_a_task_is_called_again_when_it_says_so(upkeep):
    tasks = Tasks(upkeep)
    tasks.after(0.0, "again", [0.0, 0.01, None])
    tasks.after(0.2, "last")
    assert tasks.done.wait(LONGEST_WAIT)
    assert tasks.called == ["again", "again", "again", "last"]


def test_a_task_that_fails_is_in_the_log_and_ends_no_other(upkeep, caplog):
    tasks = Tasks(upkeep)
    tasks.after(0.0, "fails", [ZeroDivisionError()])
    tasks.after(0.1, "last")
    assert tasks.done.wait(LONGEST_WAIT)
    assert "could not be kept up" in caplog.text


def test_a_thread_begins_again_for_a_later_task(upkeep):
    for _ in range(2):
        tasks = Tasks(upkeep)
        tasks.after(0.0, "last")
        assert tasks.done.wait(LONGEST_WAIT)
        for thread in tasks.threads:
            thread.join(LONGEST_WAIT)
            assert not thread.is_alive()


def test_where_no_thread_can_begin_the_caller_is_told(upkeep, monkeypatch):
    """So it is while the interpreter ends."""

    def refuse(thread):
        message = "can't create new thread at interpreter shutdown"
        raise RuntimeError(message)

    called = []
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert not upkeep.later(0.0, lambda: called.append("early"), "store")
    monkeypatch.undo()
    tasks = Tasks(upkeep)
    tasks.after(0.0, "last")
    assert tasks.done.wait(LONGEST_WAIT)
    assert called == [], "a task that was refused is not called later"


def test_a_forked_child_begins_without_tasks(upkeep):
    Tasks(upkeep).after(600.0, "never")
    upkeep.begin_anew()  # what a child does
    tasks = Tasks(upkeep)
    tasks.after(0.0, "last")
    assert tasks.done.wait(LONGEST_WAIT)
    assert tasks.called == ["last"]


def test_a_store_that_hangs_holds_up_no_other(upkeep):
    """Row J4."""
    hangs, goes_on = threading.Event(), threading.Event()

    def hanging():
        hangs.set()
        assert goes_on.wait(LONGEST_WAIT)

    assert upkeep.later(0.0, hanging, "hanging")
    assert hangs.wait(LONGEST_WAIT)
    tasks = Tasks(upkeep)
    tasks.after(0.0, "last", place="answering")
    assert tasks.done.wait(LONGEST_WAIT)
    goes_on.set()


def test_a_store_too_many_shares_the_line_of_one_that_does_not_hang(upkeep):
    """Row J4."""
    hangs, goes_on = threading.Event(), threading.Event()

    def hanging():
        hangs.set()
        assert goes_on.wait(LONGEST_WAIT)

    for number in range(MOST_LINES - 1):
        assert upkeep.later(600.0, hanging, f"store {number}")
        assert upkeep.later(600.0, hanging, f"store {number}")
    assert upkeep.later(0.0, hanging, "hanging")
    assert hangs.wait(LONGEST_WAIT)
    for _ in range(2):
        tasks = Tasks(upkeep)
        tasks.after(0.0, "last", place="one too many")
        assert tasks.done.wait(LONGEST_WAIT)
    goes_on.set()


def test_many_stores_share_a_bounded_number_of_threads(upkeep):
    """Row J4."""
    goes_on, done, threads = threading.Event(), threading.Semaphore(0), set()

    def hanging():
        threads.add(threading.current_thread())
        assert goes_on.wait(LONGEST_WAIT)
        done.release()

    stores = 5 * MOST_LINES
    for number in range(stores):
        assert upkeep.later(0.0, hanging, f"store {number}")
    goes_on.set()
    for _ in range(stores):
        assert done.acquire(timeout=LONGEST_WAIT)
    assert len(threads) == MOST_LINES
    for thread in threads:
        thread.join(LONGEST_WAIT)
    tasks = Tasks(upkeep)
    tasks.after(0.0, "last", place="one more")
    assert tasks.done.wait(LONGEST_WAIT)
    assert tasks.threads.isdisjoint(threads), "a line without tasks gives its place to another store"
