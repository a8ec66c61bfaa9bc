# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What stores do from time to time: leases are extended, and idle connections are closed.

All of it is done by one thread of the process, whatever the number of stores, leases and connections. The thread begins
with the first task, ends after the last one, and does not exist in a forked child, which begins without tasks.
"""

import heapq
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable

_logger = logging.getLogger("valetkey")

THREAD_NAME = "valetkey-upkeep"

Task = Callable[[], float | None]
"""Does its work, and gives the seconds after which it wants to be called again; None if it is done."""


class Upkeep:
    """Tasks and the times when they are due, and the thread that does them."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all tasks: a forked child has no thread that would do them."""
        self._changed = threading.Condition()  # guards the rest
        self._due: list[tuple[float, int, Task]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    def later(self, seconds: float, task: Task) -> bool:
        """Call a task after some seconds. False if the interpreter ends, and begins no thread any more."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), task))
            if self._thread is not None:
                self._changed.notify()
                return True
            thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
            try:
                thread.start()
            except RuntimeError:
                self._due.clear()
                return False
            self._thread = thread
            return True

    def _run(self) -> None:
        while True:
            task = self._next()
            if task is None:
                return
            try:
                again = task()
            except Exception:  # the other tasks must go on
                _logger.exception("a store could not be kept up")
                continue
            if again is not None:
                self.later(again, task)

    def _next(self) -> Task | None:
        """Wait for the next task that is due; None if there is none at all."""
        with self._changed:
            while self._due:
                wait = self._due[0][0] - time.monotonic()
                if wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
            self._thread = None
            return None


_of_process = Upkeep()


def later(seconds: float, task: Task) -> bool:
    """Call a task after some seconds, in the one thread of the process; False if the interpreter ends."""
    return _of_process.later(seconds, task)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_of_process.begin_anew)
