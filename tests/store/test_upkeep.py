# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What stores do from time to time is done by one thread, which is there only while there is something to do."""

import threading

import pytest

from tests.fakes.threads import LONGEST_WAIT
from valetkey.store.upkeep import THREAD_NAME, Upkeep


@pytest.fixture
def upkeep():
    return Upkeep()


class Tasks:
    """Tasks that write down when they were called, and in which thread."""

    def __init__(self, upkeep):
        self.upkeep, self.called, self.threads = upkeep, [], set()
        self.done = threading.Event()

    def after(self, seconds, name, answers=()):
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

        assert self.upkeep.later(seconds, task)


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
    assert not upkeep.later(0.0, lambda: called.append("early"))
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
