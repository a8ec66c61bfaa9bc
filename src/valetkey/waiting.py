# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Waiting for the results of other threads, in a thread or in a task of any event loop.

What waits for several results in turn is written once, as a generator that yields the future it waits for. It is
resumed when that future is done; where the time is over, `TimeoutError` is raised at its `yield`.
"""

import concurrent.futures
import math
import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from typing import Any, TypeVar

import anyio
import anyio.lowlevel

_STEP_SECONDS = 0.5
"""How long a thread that waits may not notice Ctrl-C."""

_LEAST_SECONDS = 0.05
"""How long a thread waits in any case: work that only looks into a store is done by then."""

Result = TypeVar("Result")
Rounds = Generator[concurrent.futures.Future[Any], None, Result]


def run_rounds(
    rounds: Rounds[Result],
    seconds: float | None,
    monotonic: Callable[[], float] = time.monotonic,
    *,
    interrupted: Callable[[], None] | None = None,
) -> Result:
    """
    Run a generator of futures in this thread.

    :param seconds: How long all its futures may take together; None waits without limit. If the person ends the
        waiting with Ctrl-C, `interrupted` is called.
    """
    deadline = _Deadline(seconds, monotonic)
    with closing(rounds):
        try:
            future = next(rounds)
            while True:
                _wait_here(future, deadline.remaining())
                future = next(rounds) if future.done() else rounds.throw(TimeoutError())
        except StopIteration as end:
            result: Result = end.value
            return result
        except KeyboardInterrupt:
            if interrupted is not None:
                interrupted()
            raise


def _wait_here(future: concurrent.futures.Future[Any], seconds: float | None) -> None:
    """Wait in steps: Ctrl-C wakes no thread that waits for a lock on Windows, nor where another thread gets it."""
    ends_at = math.inf if seconds is None else time.monotonic() + max(seconds, _LEAST_SECONDS)
    while not future.done() and (left := ends_at - time.monotonic()) > 0:
        concurrent.futures.wait([future], min(left, _STEP_SECONDS))


async def run_rounds_async(
    rounds: Rounds[Result], seconds: float | None, monotonic: Callable[[], float] = time.monotonic
) -> Result:
    """Do what `run_rounds` does, in a task of any event loop."""
    deadline = _Deadline(seconds, monotonic)
    with closing(rounds):
        try:
            future = next(rounds)
            while True:
                await _wait_until_done(future, deadline.remaining())
                future = next(rounds) if future.done() else rounds.throw(TimeoutError())
        except StopIteration as end:
            result: Result = end.value
            return result


async def wait_for_future(future: concurrent.futures.Future[Result], seconds: float | None) -> Result:
    """
    Wait for a result in any event loop, without a thread. Being cancelled does not touch the work.

    :param seconds: Timeout in seconds; None waits without limit.
    :raises TimeoutError: If it takes longer.
    """
    await _wait_until_done(future, seconds)
    if not future.done():
        raise TimeoutError
    return future.result()


def is_on_event_loop() -> bool:
    """Tell whether an event loop runs in this thread."""
    try:
        anyio.lowlevel.current_token()
    except RuntimeError:
        return False
    return True


async def _wait_until_done(future: concurrent.futures.Future[Any], seconds: float | None) -> None:
    is_done = anyio.Event()
    loop: Any = anyio.lowlevel.current_token().native_token
    # Not anyio.from_thread: it waits for the loop, which may be at rest, or be the one that calls.
    call_soon = loop.run_sync_soon if hasattr(loop, "run_sync_soon") else loop.call_soon_threadsafe  # trio, asyncio

    def tell(_: object) -> None:
        with suppress(RuntimeError):  # the loop is closed, and the task that waited in it has ended
            call_soon(is_done.set)

    if not future.done():
        future.add_done_callback(tell)
        with anyio.move_on_after(seconds):
            await is_done.wait()


class _Deadline:
    """When the time that several rounds share is over."""

    def __init__(self, seconds: float | None, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends_at = None if seconds is None else monotonic() + seconds

    def remaining(self) -> float | None:
        return None if self._ends_at is None else max(0.0, self._ends_at - self._monotonic())
