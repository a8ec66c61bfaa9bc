# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A bounded number of threads for the work of a process, and who gets the next one."""

import contextvars
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from tests.fakes.network import Gate, no_answer
from tests.fakes.threads import LONGEST_WAIT, until
from valetkey._engine import workers as module
from valetkey._engine.turns import Turns
from valetkey._engine.workers import WORKERS, Workers, aside, leaving_workers, run_steps
from valetkey.errors import AuthError


class Office:
    """Workers, and work for them that ends when the test says so."""

    def __init__(self, most=2, most_of_a_lane=2, idle_seconds=1.0):
        self.workers = Workers(most, most_of_a_lane, idle_seconds)
        self.begun, self.ended, self.threads = [], [], {}
        self._may_end = threading.Semaphore(0)
        self._changed = threading.Condition()

    def give(self, name, lane="", before=lambda: None):
        self.workers.start(self._work(name, before), lane)

    def let_one_end(self):
        ended = len(self.ended)
        self._may_end.release()
        until(lambda: len(self.ended) > ended)

    def _work(self, name, before):
        self.threads[name] = threading.current_thread()
        before()
        self.begun.append(name)
        assert self._may_end.acquire(timeout=LONGEST_WAIT)
        self.ended.append(name)
        return
        yield


@pytest.fixture
def office():
    return Office()


def test_so_many_threads_work_and_the_rest_waits_its_turn(office):
    """Row J4."""
    for number in range(5):
        office.give(number)
    until(lambda: len(office.begun) == 2)
    assert office.workers.threads == 2
    for number in range(5):
        office.let_one_end()
        until(lambda number=number: len(office.begun) == min(number + 3, 5))
        assert office.workers.threads == 2
    assert office.begun[2:] == [2, 3, 4]


def test_a_thousand_pieces_of_work_never_have_more_threads_than_the_bound():
    """Row J4."""
    office, most = Office(most=32, most_of_a_lane=30), []
    for number in range(1000):
        office.give(number, lane=f"server-{number % 7}", before=lambda: most.append(office.workers.threads))
    for _ in range(1000):
        office._may_end.release()
    until(lambda: len(office.ended) == 1000)
    assert sorted(office.begun) == list(range(1000))
    assert len(set(office.threads.values())) <= 32
    assert max(most) <= 32


def test_one_lane_never_has_all_threads_so_another_servers_work_need_not_wait():
    """Row J4."""
    office = Office(most=3, most_of_a_lane=2)
    for number in range(10):
        office.give(number, lane="a server that hangs")
    until(lambda: len(office.begun) == 2)
    office.give("other", lane="another server")
    until(lambda: "other" in office.begun)
    assert office.begun[:3] == [0, 1, "other"]
    for _ in range(11):
        office._may_end.release()
    until(lambda: len(office.ended) == 11)


def test_lanes_take_turns_and_within_a_lane_the_first_comes_first():
    office = Office(most=1, most_of_a_lane=1)
    office.give("one that runs", lane="d")
    until(lambda: office.begun)
    for name in ("a1", "a2", "a3", "b1", "b2", "c1"):
        office.give(name, lane=name[0])
    for _ in range(7):
        office.let_one_end()
    assert office.begun[1:] == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_a_thread_without_work_ends_after_a_while():
    office = Office(idle_seconds=0.0)
    for name in ("first", "second"):
        office.give(name)
        office.let_one_end()
        until(lambda: office.workers.threads == 0)
        office.threads[name].join(LONGEST_WAIT)
        assert not office.threads[name].is_alive()


def test_a_thread_that_has_work_again_soon_is_the_same():
    office = Office(idle_seconds=LONGEST_WAIT)
    for name in ("first", "second"):
        office.give(name)
        office.let_one_end()
        until(lambda: office.workers._pool.looking == 1)
    assert office.threads["first"] is office.threads["second"]


def test_who_waits_for_a_person_takes_no_place_of_the_others(office):
    for number in range(4):
        office.give(f"person {number}", before=office.workers.leave)
    until(lambda: len(office.begun) == 4)
    assert office.workers.threads <= 2
    for name in ("a", "b", "c"):
        office.give(name)
    until(lambda: len(office.begun) == 6)
    assert set(office.begun[4:]) == {"a", "b"}
    for _ in range(7):
        office._may_end.release()
    until(lambda: len(office.ended) == 7)


def test_a_thread_that_has_left_ends_with_its_work(office):
    office.give("person", before=office.workers.leave)
    office.let_one_end()
    office.threads["person"].join(LONGEST_WAIT)
    assert not office.threads["person"].is_alive()


def test_leaving_twice_or_from_a_thread_of_the_program_changes_nothing(office):
    def leave_twice():
        office.workers.leave()
        office.workers.leave()

    office.workers.leave()
    office.give("person", before=leave_twice)
    office.let_one_end()
    office.give("next")
    office.let_one_end()
    assert office.workers.threads == 1


def test_announcing_a_question_leaves_and_announcing_its_end_does_not(monkeypatch):
    left, told = [], []
    monkeypatch.setattr(WORKERS, "leave", lambda: left.append(True))
    announce = leaving_workers(told.append)
    announce("a prompt")
    announce(None)
    assert (told, left) == (["a prompt", None], [True])


class TakingTurns:
    """Work of several threads of which one works at a time, and a server that answers when the test says so."""

    def __init__(self):
        self.workers = Workers(3, 3, 1.0, turns=lambda: Turns(most=1, longest=LONGEST_WAIT))
        self.server, self.done = Gate(), []

    def give(self, name, work):
        self.workers.start(self._work(name, work))

    def ask(self):
        with self.workers.aside():
            self.server.pass_through()

    def _work(self, name, work):
        work()
        self.done.append(name)
        return
        yield


def test_one_works_while_another_waits_for_a_server():
    taking = TakingTurns()
    taking.give("asks", taking.ask)
    assert taking.server.reached.wait(LONGEST_WAIT)
    assert taking.workers.at_work == 0
    taking.give("another", lambda: taking.done.append(taking.workers.at_work))
    until(lambda: taking.done == [1, "another"])
    taking.server.opened.set()
    until(lambda: taking.done[-1] == "asks")
    until(lambda: taking.workers.at_work == 0)


def test_the_one_whose_answer_has_come_goes_on_when_its_turn_comes():
    taking, office = TakingTurns(), Gate()
    taking.give("asks", taking.ask)
    assert taking.server.reached.wait(LONGEST_WAIT)
    taking.give("at work", office.pass_through)
    assert office.reached.wait(LONGEST_WAIT)
    taking.server.opened.set()
    until(lambda: taking.workers._pool.turns._going_on)
    assert taking.done == []
    office.opened.set()
    until(lambda: taking.done == ["at work", "asks"])


def test_a_thread_that_has_stepped_aside_steps_aside_once():
    taking = TakingTurns()

    def ask_within():
        with taking.workers.aside(), taking.workers.aside():
            assert taking.workers.at_work == 0
        taking.done.append(taking.workers.at_work)

    taking.give("asks", ask_within)
    until(lambda: taking.done == [1, "asks"])
    until(lambda: taking.workers.at_work == 0)


def test_a_request_that_fails_is_waited_for_aside_too():
    taking = TakingTurns()

    def ask_in_vain():
        with suppress(AuthError), taking.workers.aside():
            raise no_answer()
        taking.done.append(taking.workers.at_work)

    taking.give("asks", ask_in_vain)
    until(lambda: taking.done == [1, "asks"])


def test_a_thread_of_the_program_works_without_a_turn():
    taking = TakingTurns()
    with taking.workers.aside():
        assert taking.workers.at_work == 0
    assert taking.workers.at_work == 0


def test_who_waits_for_a_person_gives_its_turn_to_another_and_needs_none_any_more():
    taking, person = TakingTurns(), Gate()

    def log_in():
        taking.workers.leave()
        person.pass_through()
        taking.ask()

    taking.server.opened.set()
    taking.give("person", log_in)
    assert person.reached.wait(LONGEST_WAIT)
    taking.give("another", lambda: None)
    until(lambda: taking.done == ["another"])
    person.opened.set()
    until(lambda: taking.done == ["another", "person"])
    assert taking.workers.at_work == 0


def test_who_comes_back_from_a_server_in_a_forked_child_takes_no_turn_there():
    taking = TakingTurns()
    taking.give("asks", taking.ask)
    assert taking.server.reached.wait(LONGEST_WAIT)
    taking.workers.forget()
    taking.server.opened.set()
    until(lambda: taking.done == ["asks"])
    assert taking.workers.at_work == 0


def test_a_request_is_a_reason_to_step_aside(monkeypatch):
    stepped = []

    @contextmanager
    def stepping_aside():
        stepped.append("aside")
        yield
        stepped.append("back")

    monkeypatch.setattr(WORKERS, "aside", stepping_aside)
    assert aside(str.upper)("request") == "REQUEST"
    assert stepped == ["aside", "back"]


def test_work_that_waits_holds_no_thread_and_goes_on_when_its_time_comes():
    office, gate, steps = Office(most=1, most_of_a_lane=1), Gate(), []

    def waiting():
        while not gate.opened.is_set():
            steps.append(threading.current_thread())
            gate.reached.set()
            yield 0.001
        steps.append("went on")

    office.workers.start(waiting())
    assert gate.reached.wait(LONGEST_WAIT)
    office.give("other")
    office.let_one_end()
    gate.opened.set()
    until(lambda: steps[-1] == "went on")
    assert office.threads["other"] in steps


def test_many_pieces_of_work_that_wait_do_not_keep_one_that_comes_from_running():
    """A frozen program may hold the leases of more sessions than there are threads. Row J4."""
    office, may_end, ended = Office(most=2, most_of_a_lane=2), threading.Event(), []

    def waiting(number):
        while not may_end.is_set():
            yield 0.001
        ended.append(number)

    for number in range(100):
        office.workers.start(waiting(number))
    office.give("other")
    office.let_one_end()
    assert office.workers.threads == 2
    may_end.set()
    until(lambda: len(ended) == 100)


def test_a_thread_stays_for_work_that_waits_longer_than_a_thread_without_work():
    office, ended = Office(idle_seconds=0.0), []

    def waiting():
        yield 0.01
        ended.append(threading.current_thread())

    office.workers.start(waiting())
    until(lambda: ended)
    until(lambda: office.workers.threads == 0)
    assert len(ended) == 1


def test_parked_work_is_looked_after_while_another_piece_runs_for_long(office):
    ended = []

    def waiting():
        yield 0.001
        ended.append("parked")

    office.give("long")
    until(lambda: office.begun)
    office.workers.start(waiting())
    until(lambda: ended)
    assert office.ended == []
    office.let_one_end()


def test_several_that_are_due_at_once_run_at_the_same_time():
    clock, together, passed = [0.0], threading.Barrier(3), []
    workers = Workers(3, 3, 1.0, lambda: clock[0])

    def waiting():
        yield 0.1
        passed.append(together.wait(LONGEST_WAIT))

    for _ in range(3):
        workers.start(waiting())
    until(lambda: len(workers._pool.parked) == 3)
    clock[0] = 1.0
    until(lambda: len(passed) == 3)
    assert workers.threads == 3


def test_work_that_has_left_may_still_be_parked():
    office, threads = Office(most=1, most_of_a_lane=1), []

    def waiting():
        office.workers.leave()
        threads.append(threading.current_thread())
        yield 0.001
        threads.append(threading.current_thread())

    office.workers.start(waiting())
    until(lambda: len(threads) == 2)
    assert threads[0] is not threads[1]


def test_context_variables_stay_with_the_work_and_those_of_the_caller_stay_outside(office):
    variable, seen = contextvars.ContextVar("variable", default="nothing"), []

    def work(name):
        seen.append(variable.get())
        token = variable.set(name)
        yield 0.001
        seen.append(variable.get())
        variable.reset(token)
        yield 0.001
        seen.append(variable.get())

    variable.set("of the caller")
    for name in ("a", "b"):
        office.workers.start(work(name))
    until(lambda: len(seen) == 6)
    assert sorted(seen) == ["a", "b", "nothing", "nothing", "nothing", "nothing"]


def test_work_is_refused_if_no_thread_runs_and_none_can_be_started(monkeypatch, office):
    with monkeypatch.context() as broken:
        broken.setattr(threading.Thread, "start", cannot_start)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            office.give("refused")
    office.give("taken")
    office.let_one_end()
    assert office.begun == ["taken"]


@pytest.mark.parametrize("leaves", [True, False])
def test_where_no_further_thread_can_be_started_those_that_run_do_the_work(monkeypatch, office, leaves):
    office.give("first", before=lambda: None)
    until(lambda: office.begun)
    with monkeypatch.context() as broken:
        broken.setattr(threading.Thread, "start", cannot_start)
        office.give("second")
        office.give("third", before=office.workers.leave if leaves else lambda: None)
        for _ in range(3):
            office.let_one_end()
    assert office.begun == ["first", "second", "third"]


def cannot_start(thread):
    message = "can't start new thread"
    raise RuntimeError(message)


@pytest.mark.parametrize("leaves", [True, False])
def test_what_runs_while_the_process_forks_ends_without_a_trace_in_the_child(office, leaves):
    office.give("of the parent")
    until(lambda: office.begun)
    office.workers.forget()
    assert office.workers.threads == 0
    office.give("of the child", before=office.workers.leave if leaves else lambda: None)
    until(lambda: len(office.begun) == 2)
    for _ in range(2):
        office.let_one_end()
    office.threads["of the parent"].join(LONGEST_WAIT)
    office.give("another")
    office.let_one_end()
    assert office.ended[2:] == ["another"]


def test_a_child_that_is_forked_by_a_worker_leaves_no_pool_of_its_parent(office):
    def fork_here():
        office.workers.forget()
        office.workers.leave()

    office.give("forks", before=fork_here)
    office.let_one_end()
    office.threads["forks"].join(LONGEST_WAIT)
    assert office.workers.threads == 0


def test_every_pool_is_new_in_a_forked_child(monkeypatch, office):
    monkeypatch.setattr(module, "_all_workers", [office.workers])
    office.give("of the parent")
    until(lambda: office.begun)
    module._after_fork()
    assert office.workers.threads == 0
    office.let_one_end()


def test_a_forked_child_works_though_all_threads_of_its_parent_are_busy():
    program = """if True:
        import os
        import threading
        from valetkey._engine.single_flight import SingleFlight
        from valetkey._engine.workers import MOST_THREADS

        may_end, busy = threading.Event(), threading.Semaphore(0)

        def work(cancelled):
            busy.release()
            may_end.wait(20)

        flights = [SingleFlight(lane=f"server {number % 2}") for number in range(100)]
        futures = [flight.join(work)[0] for flight in flights]
        assert all(busy.acquire(timeout=20) for _ in range(MOST_THREADS))
        child = os.fork()
        if child == 0:
            print([SingleFlight().join(lambda cancelled: "child")[0].result(20) for _ in range(3)], flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        may_end.set()
        print(len([future.result(20) for future in futures]), flush=True)
        """
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LONGEST_WAIT, check=True
    )
    assert ended.stdout == "['child', 'child', 'child']\n100\n"


def test_steps_can_be_done_in_the_callers_thread():
    pauses = []

    def steps():
        yield 1.0
        yield 2.0
        return "done"

    assert run_steps(steps(), pauses.append) == "done"
    assert pauses == [1.0, 2.0]


def test_the_clock_of_the_process_is_the_one_that_is_never_set():
    assert WORKERS._monotonic is time.monotonic
