# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
One piece of work, any number of callers: a token is obtained once, however many threads, tasks and loops wait for it.

The work runs in a thread of the process's `workers`. A caller that is cancelled or gives up leaves it running, so a
rotated refresh token is always saved, and a login goes on while a person types.
"""

import atexit
import concurrent.futures
import os
import threading
import time
import weakref
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

from valetkey._engine.workers import WORKERS, Steps, Workers, run_steps
from valetkey.errors import AuthError
from valetkey.errors.causes import make_causes_harmless
from valetkey.errors.redaction import redacting
from valetkey.events.listening import Source, telling_of
from valetkey.seams import Cancellation

_LAST_SECONDS = 12.0
"""How long the end of the process waits for work that has to finish: longer than one exchange."""

_LETTING_GO_SECONDS = 1.0
"""How long a thread that the person has interrupted waits for work that goes on, such as a renewal."""

Result = TypeVar("Result")

Work = Callable[[threading.Event], Result | Steps[Result]]


def _as_it_is(_: AuthError) -> None:
    pass


def _unheard() -> None:
    return None


class SingleFlight(Generic[Result]):
    """Runs one piece of work at a time; callers that join it get the same result. Safe in threads and event loops."""

    def __init__(
        self,
        *,
        must_finish: bool = True,
        describe: Callable[[AuthError], None] = _as_it_is,
        lane: str = "",
        pause: Callable[[float], None] = time.sleep,
        workers: Workers = WORKERS,
        source: Callable[[], Source | None] = _unheard,
    ) -> None:
        self._describe = describe  # completes an error of the work: its callers may have many servers and stores
        self._lane = lane
        self._pause = pause  # another than the real one moves the clock of a test, so it is called and nothing parked
        self._workers = workers
        self._source = source  # whose events the work tells of, if anything listens
        self._must_finish = must_finish  # False: the end of the process breaks the work off
        self._lock = threading.Lock()  # guards _running and _cancelled
        self._running: concurrent.futures.Future[Result] | None = None
        self._cancelled: Cancellation | None = None  # of the work that runs
        _flights.add(self)

    def join(self, work: Work[Result]) -> tuple[concurrent.futures.Future[Result], bool]:
        """
        Queue the work, or join the work that was begun. The event it gets tells it to stop waiting for a person.

        :returns: The future of the result, and whether this call has started the work.
        """
        with self._lock:
            if self._running is not None:
                return self._running, False
            future: concurrent.futures.Future[Result] = concurrent.futures.Future()
            self._running, self._cancelled = future, (cancelled := Cancellation())
            steps = self._run(work, future, cancelled, self._source())
        try:
            self._workers.start(steps, self._lane)
        except BaseException:
            self._finish()  # or later callers would wait for work that never began
            raise
        return future, True

    def running(self) -> concurrent.futures.Future[Result] | None:
        """Give the future of the work that runs, if any."""
        with self._lock:
            return self._running

    def unfinished(self) -> concurrent.futures.Future[Result] | None:
        """Give the future of the work that has to finish before the process ends, if any."""
        return self.running() if self._must_finish else None

    def cancel(self) -> None:
        """Tell the running work to stop waiting for a person; work that waits for none is finished."""
        with self._lock:
            if self._cancelled is not None:
                self._cancelled.set()

    def interrupt(self) -> None:
        """Do what `cancel` does, and give work that waits for a person the time to let go of the terminal."""
        running = self.running()
        self.cancel()
        if running is not None:
            concurrent.futures.wait([running], timeout=_LETTING_GO_SECONDS)

    def forget(self) -> None:
        """Let go of work whose thread does not exist in this process."""
        self._lock = threading.Lock()
        self._running = self._cancelled = None

    def _run(
        self,
        work: Work[Result],
        future: concurrent.futures.Future[Result],
        cancelled: threading.Event,
        source: Source | None,
    ) -> Steps[None]:
        try:
            with redacting(), telling_of(source):
                result = yield from self._done(work, cancelled)
        except BaseException as error:  # noqa: BLE001 - its callers get it
            self._finish()
            if isinstance(error, AuthError):
                self._describe(error)
            future.set_exception(error)
        else:
            self._finish()
            future.set_result(result)

    def _done(self, work: Work[Result], cancelled: threading.Event) -> Steps[Result]:
        """Do the work; what stands behind its error shows no secret either."""
        try:
            outcome = work(cancelled)
            if not isinstance(outcome, Generator):
                return outcome
            steps: Steps[Result] = outcome
            return run_steps(steps, self._pause) if self._pause is not time.sleep else (yield from steps)
        except AuthError as error:
            make_causes_harmless(error)
            raise

    def _finish(self) -> None:
        with self._lock:
            self._running = self._cancelled = None


_flights: "weakref.WeakSet[SingleFlight[Any]]" = weakref.WeakSet()
_ending = threading.Event()


def is_ending() -> bool:
    """Tell whether the interpreter has begun to end: work that starts now would be broken off."""
    return _ending.is_set()


def _break_off_logins() -> None:
    """End the waiting for a person before the interpreter waits for the threads that wait with it."""
    for flight in list(_flights):
        flight.cancel()


_register_first = getattr(threading, "_register_atexit", None)
if _register_first is not None:  # pragma: no branch - CPython's
    # `atexit` is too late: it comes after the threads that are no daemons, those of a pool among them. What is
    # registered last is called first, so the module of the pools has to have registered its own before.
    import concurrent.futures.thread

    _register_first(_break_off_logins)


@atexit.register
def _end_of_process() -> None:
    """Break off logins that wait for a person, and let a renewal finish."""
    _ending.set()
    running = [future for flight in list(_flights) if (future := flight.unfinished()) is not None]
    for flight in list(_flights):
        flight.cancel()
    concurrent.futures.wait(running, timeout=_LAST_SECONDS)


def _after_fork() -> None:
    """A forked child has the futures of its parent and not the threads that would ever end them."""
    for flight in list(_flights):
        flight.forget()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
