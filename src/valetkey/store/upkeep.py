# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What stores do from time to time: leases are extended, and idle connections are closed.

Each store has a line of tasks, done by one thread, whatever the number of leases and connections: a store that hangs
holds up no other. There are eight lines at most; further stores share them. A thread begins with the first task of its
line, ends after the last one, and does not exist in a forked child, which begins without tasks.
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

MOST_LINES = 8
"""How many lines there are at most, each with a thread while it has tasks."""

Task = Callable[[], float | None]
"""Does its work, and gives the seconds after which it wants to be called again; None if it is done."""


class Line:
    """Tasks and the times when they are due, and the thread that does them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()  # guards the rest
        self._due: list[tuple[float, int, Task]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self.is_busy: bool = False  # a task runs, or hangs

    @property
    def tasks(self) -> int:
        """Count the tasks, with the one that runs."""
        return len(self._due) + (self._thread is not None)

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
            self.is_busy = True
            try:
                again = task()
            except Exception:  # the other tasks must go on
                _logger.exception("a store could not be kept up")
                continue
            finally:
                self.is_busy = False
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


class Upkeep:
    """The lines of a process, each by the place of its store."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all tasks: a forked child has no thread that would do them."""
        self._lock = threading.Lock()  # guards _lines
        self._lines: dict[str, Line] = {}

    def later(self, seconds: float, task: Task, place: str) -> bool:
        """Call a task of the store at a place after some seconds. False if the interpreter ends."""
        with self._lock:
            return self._line(place).later(seconds, task)

    def _line(self, place: str) -> Line:
        if place not in self._lines:
            self._lines = {name: line for name, line in self._lines.items() if line.tasks}
            lines = set(self._lines.values())
            shared = min(lines, key=lambda line: (line.is_busy, line.tasks)) if len(lines) >= MOST_LINES else None
            self._lines[place] = shared or Line()
        return self._lines[place]


_of_process = Upkeep()


def later(seconds: float, task: Task, place: str) -> bool:
    """Call a task of the store at a place after some seconds, in a thread; False if the interpreter ends."""
    return _of_process.later(seconds, task, place)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_of_process.begin_anew)
