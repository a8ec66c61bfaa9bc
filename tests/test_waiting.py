# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Waiting for other threads: in any event loop, and for several results by one deadline."""

import asyncio
import concurrent.futures
import threading

import anyio
import pytest

from tests.fakes.seams import BEGINNING, Clock
from tests.fakes.threads import LONGEST_WAIT
from valetkey.waiting import is_on_event_loop, run_rounds, run_rounds_async, wait_for_future

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def in_thread(rounds, seconds, clock):
    return run_rounds(rounds, seconds, clock.now)


def on_asyncio(rounds, seconds, clock):
    return anyio.run(run_rounds_async, rounds, seconds, clock.now, backend="asyncio")


def on_trio(rounds, seconds, clock):
    return anyio.run(run_rounds_async, rounds, seconds, clock.now, backend="trio")


WAYS = pytest.mark.parametrize("run", [in_thread, on_asyncio, on_trio])


def done(result):
    future = concurrent.futures.Future()
    future.set_result(result)
    return future


# Rounds.


@pytest.mark.parametrize("is_told", [True, False])
def test_who_interrupts_the_waiting_is_heard(is_told):
    """Row F12."""

    def rounds():
        raise KeyboardInterrupt
        yield

    heard = []
    with pytest.raises(KeyboardInterrupt):
        run_rounds(rounds(), 20.0, interrupted=(lambda: heard.append("stop")) if is_told else None)
    assert heard == ["stop"] * is_told


@WAYS
@pytest.mark.parametrize("seconds", [None, 0.0, 20.0])
def test_each_future_is_done_when_its_generator_goes_on(run, seconds):
    def rounds():
        futures = [done("first"), done("second")]
        yield from futures
        return [future.result(0) for future in futures]

    assert run(rounds(), seconds, Clock()) == ["first", "second"]


@WAYS
def test_a_generator_that_needs_no_future_is_run_too(run):
    def rounds():
        if False:
            yield
        return "at once"

    assert run(rounds(), None, Clock()) == "at once"


@WAYS
def test_a_future_of_another_thread_is_waited_for(run):
    future = concurrent.futures.Future()

    def rounds():
        threading.Thread(target=future.set_result, args=["done"], daemon=True).start()
        yield future
        return future.result(0)

    assert run(rounds(), None, Clock()) == "done"


@WAYS
def test_all_rounds_share_one_deadline(run):
    """The first takes all of the time, so that nothing is left for the second."""
    clock = Clock()

    def rounds():
        clock.time += 20
        yield done("first")
        with pytest.raises(TimeoutError):
            yield concurrent.futures.Future()
        return "told once"

    assert run(rounds(), 20, clock) == "told once"
    assert clock.time == BEGINNING + 20


@WAYS
def test_what_the_generator_raises_reaches_the_caller_and_it_cleans_up(run):
    has_ended = threading.Event()

    def rounds():
        try:
            yield concurrent.futures.Future()
        except TimeoutError as error:
            message = "too late"
            raise ValueError(message) from error
        finally:
            has_ended.set()

    with pytest.raises(ValueError, match="too late"):
        run(rounds(), 0, Clock())
    assert has_ended.is_set()


@BACKENDS
def test_a_cancelled_task_closes_its_generator_and_leaves_the_future_alone(backend):
    future, has_ended = concurrent.futures.Future(), threading.Event()

    def rounds():
        try:
            yield future
        finally:
            has_ended.set()

    async def main():
        with anyio.CancelScope() as scope:
            scope.cancel()
            await run_rounds_async(rounds(), None)

    anyio.run(main, backend=backend)
    assert has_ended.is_set()
    assert not future.cancelled()


# One future.


@BACKENDS
def test_an_event_loop_is_noticed_on_its_own_thread_only(backend):
    async def main():
        return is_on_event_loop(), await anyio.to_thread.run_sync(is_on_event_loop)

    assert anyio.run(main, backend=backend) == (True, False)
    assert not is_on_event_loop()


class LandsInBetween(concurrent.futures.Future):
    """A future whose work ends just after somebody has looked whether it has ended."""

    def done(self):
        was_done = super().done()
        if not was_done:
            self.set_result("landed")
        return was_done


@BACKENDS
def test_work_that_ends_while_a_task_begins_to_wait_is_not_missed(backend):
    """The callback then runs in the loop's own thread, which must not wait for itself."""

    async def main():
        return await wait_for_future(LandsInBetween(), LONGEST_WAIT)

    assert anyio.run(main, backend=backend) == "landed"


@BACKENDS
def test_a_loop_that_is_gone_does_not_keep_the_others_from_their_result(backend):
    future = concurrent.futures.Future()

    async def give_up():
        with pytest.raises(TimeoutError):
            await wait_for_future(future, 0)

    anyio.run(give_up, backend=backend)
    future.set_result("late")
    assert future.result(0) == "late"


def test_a_loop_at_rest_does_not_keep_the_others_from_their_result():
    """Who runs a loop only now and then leaves waiters behind in it."""
    loop = asyncio.new_event_loop()
    future = concurrent.futures.Future()
    try:
        waiter = loop.create_task(wait_for_future(future, None))
        loop.run_until_complete(asyncio.sleep(0))  # the waiter waits, and the loop rests
        told = threading.Thread(target=future.set_result, args=["done"], daemon=True)
        told.start()
        told.join(LONGEST_WAIT)
        assert not told.is_alive()
        assert loop.run_until_complete(waiter) == "done"
    finally:
        loop.close()
