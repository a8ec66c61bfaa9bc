# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Calls from threads, at the same moment or in the background, and how long a test waits for what must happen."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

LONGEST_WAIT = 60.0
"""Seconds. A test waits for an event; only where the event never comes does this bound count, on a busy machine too."""

Result = TypeVar("Result")


def in_threads(count: int, call: Callable[[int], Result]) -> list[Result]:
    """Call from several threads at the same moment and give what came back."""
    start = threading.Barrier(count)

    def one(number: int) -> Result:
        start.wait(LONGEST_WAIT)
        return call(number)

    with ThreadPoolExecutor(count) as pool:
        return [future.result(LONGEST_WAIT) for future in [pool.submit(one, number) for number in range(count)]]


def in_background(call: Callable[[], Result]) -> "Future[Result]":
    """Call from another thread and go on."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(call)
    pool.shutdown(wait=False)
    return future


def until(holds: Callable[[], bool]) -> None:
    """Wait until something is true that no event tells."""
    deadline = time.monotonic() + LONGEST_WAIT
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        threading.Event().wait(0.005)
