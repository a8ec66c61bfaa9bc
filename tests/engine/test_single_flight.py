# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""One piece of work for any number of callers."""

import subprocess
import sys
import threading

import anyio
import anyio.lowlevel
import pytest

from tests.fakes.threads import LONGEST_WAIT, in_threads
from valetkey._engine import single_flight
from valetkey._engine.single_flight import SingleFlight
from valetkey._engine.workers import Workers
from valetkey.errors import StoreError
from valetkey.errors.redaction import revealed
from valetkey.waiting import wait_for_future

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


class Work:
    """Work that ends when the test says so."""

    def __init__(self, outcome="done"):
        self.outcome = outcome
        self.runs = 0
        self.cancelled = None
        self.has_started = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, cancelled):
        self.runs += 1
        self.cancelled = cancelled
        self.has_started.set()
        assert self.may_end.wait(LONGEST_WAIT)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


def test_who_comes_while_the_work_runs_gets_the_same_result():
    flight, work = SingleFlight(), Work()
    first, is_first = flight.join(work)
    second, is_second = flight.join(work)
    work.may_end.set()
    assert (first.result(LONGEST_WAIT), second.result(LONGEST_WAIT), work.runs) == ("done", "done", 1)
    assert (is_first, is_second) == (True, False)


def test_who_comes_after_the_work_has_ended_starts_it_anew():
    flight, work = SingleFlight(), Work()
    work.may_end.set()
    for _ in range(2):
        flight.join(work)[0].result(LONGEST_WAIT)
    assert work.runs == 2
    assert flight.running() is None


def test_everybody_gets_the_error_and_the_next_one_starts_anew():
    flight, work = SingleFlight(), Work(ValueError("no"))
    futures = [flight.join(work)[0] for _ in range(3)]
    work.may_end.set()
    assert [str(future.exception(LONGEST_WAIT)) for future in futures] == ["no"] * 3
    assert flight.join(lambda cancelled: "better")[0].result(LONGEST_WAIT) == "better"


def test_what_runs_can_be_looked_at():
    flight, work = SingleFlight(), Work()
    future, _ = flight.join(work)
    assert flight.running() is future
    work.may_end.set()
    future.result(LONGEST_WAIT)
    assert flight.running() is None


def test_cancelling_reaches_the_work_that_runs_and_not_the_next():
    flight, work = SingleFlight(), Work()
    future, _ = flight.join(work)
    assert work.has_started.wait(LONGEST_WAIT)
    flight.cancel()
    assert work.cancelled.is_set()
    work.may_end.set()
    future.result(LONGEST_WAIT)
    assert flight.join(lambda cancelled: cancelled.is_set())[0].result(LONGEST_WAIT) is False


def test_many_threads_share_one_run():
    flight, work = SingleFlight(), Work()
    joined = in_threads(20, lambda number: flight.join(work))
    work.may_end.set()
    assert {future.result(LONGEST_WAIT) for future, _ in joined} == {"done"}
    assert (work.runs, sum(is_own for _, is_own in joined)) == (1, 1)


@BACKENDS
def test_a_task_waits_for_what_a_thread_brings(backend):
    async def main():
        flight, work = SingleFlight(), Work()
        future, _ = flight.join(work)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait_for_future, future, None)
            await anyio.lowlevel.checkpoint()
            work.may_end.set()
        return await wait_for_future(future, None)

    assert anyio.run(main, backend=backend) == "done"


@BACKENDS
def test_a_task_that_gives_up_leaves_the_work_running(backend):
    async def main():
        flight, work = SingleFlight(), Work()
        future, _ = flight.join(work)
        with pytest.raises(TimeoutError):
            await wait_for_future(future, 0)
        work.may_end.set()
        return await wait_for_future(future, LONGEST_WAIT)

    assert anyio.run(main, backend=backend) == "done"


@BACKENDS
def test_a_cancelled_task_leaves_the_work_running(backend):
    async def main():
        flight, work = SingleFlight(), Work()
        future, _ = flight.join(work)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await wait_for_future(future, None)
        work.may_end.set()
        return await wait_for_future(future, LONGEST_WAIT)

    assert anyio.run(main, backend=backend) == "done"


def test_the_end_of_the_process_waits_for_work_but_not_for_a_person():
    program = """if True:
        from valetkey._engine.single_flight import SingleFlight

        def work(cancelled):
            if cancelled.wait(20):
                print("the person is not waited for, the work is finished", flush=True)

        SingleFlight().join(work)
        """
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LONGEST_WAIT, check=True
    )
    assert ended.stdout == "the person is not waited for, the work is finished\n"


def test_the_end_of_the_process_does_not_wait_for_work_that_may_be_lost():
    program = """if True:
        import threading
        from valetkey._engine.single_flight import SingleFlight

        has_started = threading.Event()

        def work(cancelled):
            has_started.set()
            threading.Event().wait(60)

        SingleFlight(must_finish=False).join(work)
        has_started.wait(20)
        """
    subprocess.run([sys.executable, "-c", program], timeout=10, check=True)


def test_the_end_of_the_process_is_known_so_that_nothing_is_begun_that_would_be_broken_off():
    program = """if True:
        import atexit
        from valetkey._engine import single_flight

        print(single_flight.is_ending(), flush=True)
        single_flight._end_of_process()
        print(single_flight.is_ending(), flush=True)
        """
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LONGEST_WAIT, check=True
    )
    assert ended.stdout == "False\nTrue\n"


@pytest.mark.parametrize("must_finish", [True, False])
def test_at_the_end_of_the_process_work_that_waits_for_a_person_is_told_to_stop(monkeypatch, must_finish):
    flight = SingleFlight(must_finish=must_finish)
    monkeypatch.setattr(single_flight, "_ending", threading.Event())
    monkeypatch.setattr(single_flight, "_flights", [flight])
    future, _ = flight.join(lambda cancelled: cancelled.wait(LONGEST_WAIT))
    single_flight._end_of_process()
    assert single_flight.is_ending()
    assert future.result(LONGEST_WAIT) is True


def test_before_python_waits_for_its_threads_only_what_waits_for_a_person_is_told_to_stop(monkeypatch):
    login, renewal = SingleFlight(must_finish=False), SingleFlight()
    monkeypatch.setattr(single_flight, "_flights", [login, renewal])
    work = Work()
    waiting, _ = login.join(lambda cancelled: cancelled.wait(LONGEST_WAIT))
    running, _ = renewal.join(work)
    assert work.has_started.wait(LONGEST_WAIT)
    single_flight._break_off_logins()
    assert waiting.result(LONGEST_WAIT) is True
    work.may_end.set()
    assert running.result(LONGEST_WAIT) == "done"


def test_after_a_fork_the_work_of_the_parent_is_nothing_to_join(monkeypatch):
    flight, work = SingleFlight(), Work()
    monkeypatch.setattr(single_flight, "_flights", [flight])
    of_parent, _ = flight.join(work)
    single_flight._after_fork()
    assert flight.running() is None
    assert flight.join(lambda cancelled: "child")[0].result(LONGEST_WAIT) == "child"
    work.may_end.set()
    assert of_parent.result(LONGEST_WAIT) == "done"


def test_a_forked_child_does_not_wait_for_work_that_only_its_parent_does():
    program = """if True:
        import os
        import threading
        from valetkey._engine.single_flight import SingleFlight

        flight, has_started, may_end = SingleFlight(), threading.Event(), threading.Event()

        def work(cancelled):
            has_started.set()
            may_end.wait(20)
            return "parent"

        future, _ = flight.join(work)
        has_started.wait(20)
        child = os.fork()
        if child == 0:
            print(flight.join(lambda cancelled: "child")[0].result(20), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        may_end.set()
        print(future.result(20), flush=True)
        """
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LONGEST_WAIT, check=True
    )
    assert ended.stdout == "child\nparent\n"


def test_cancelling_when_nothing_runs_cancels_nothing():
    flight = SingleFlight()
    flight.cancel()
    assert flight.join(lambda cancelled: cancelled.is_set())[0].result(LONGEST_WAIT) is False


def test_work_that_could_not_begin_does_not_keep_others_waiting(monkeypatch):
    flight = SingleFlight(workers=Workers())  # those of the process may have a thread that runs
    with monkeypatch.context() as broken:
        broken.setattr(threading.Thread, "start", _cannot_start)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            flight.join(lambda cancelled: "first")
    assert flight.join(lambda cancelled: "second")[0].result(LONGEST_WAIT) == "second"


def _cannot_start(thread):
    message = "can't start new thread"
    raise RuntimeError(message)


@pytest.mark.parametrize("is_running", [True, False])
def test_an_interrupt_cancels_the_work_and_waits_until_it_has_let_go(is_running):
    """Row F12."""
    flight, let_go = SingleFlight(), []

    def work(cancelled):
        cancelled.wait(LONGEST_WAIT)
        let_go.append("let go")

    if is_running:
        flight.join(work)
    flight.interrupt()
    assert let_go == ["let go"] * is_running


@pytest.mark.parametrize("is_real", [True, False])
def test_work_in_steps_is_parked_by_the_real_clock_and_pauses_by_that_of_a_test(is_real):
    pauses = []

    def work(cancelled):
        yield 0.001
        return "done"

    flight = SingleFlight() if is_real else SingleFlight(pause=pauses.append)
    assert flight.join(work)[0].result(LONGEST_WAIT) == "done"
    assert pauses == ([] if is_real else [0.001])


def test_secrets_that_were_at_hand_before_work_was_parked_are_left_out_of_its_error_after_that():
    secret = "canary-9c1e-secret"

    def work(cancelled):
        revealed(secret)
        yield 0.001
        try:
            raise ValueError(secret)
        except ValueError as error:
            message = f"The server says {secret}."
            raise StoreError(message, hint="Look after it.") from error

    error = SingleFlight().join(work)[0].exception(LONGEST_WAIT)
    assert isinstance(error, StoreError)
    assert "canary" not in "".join(map(repr, (error, error.__cause__, error.message)))
