# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Who listens to events, and how they get there: one thread delivers them, in their order.

While nothing listens, `tell` is a look at two variables, and no kind of event is loaded. A listener gets an event with
the context variables (`contextvars`) of the caller that has begun the attempt: a span of the caller is its parent.
"""

import atexit
import itertools
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from valetkey.errors.texts import harmless_value

if TYPE_CHECKING:
    from valetkey.events.kinds import Event

Listener = Callable[["Event"], object]

_logger = logging.getLogger("valetkey")

MOST_WAITING = 10_000
"""Events that wait for a slow listener; further ones are lost, and the log says so."""

_IDLE_SECONDS = 5.0
_LAST_SECONDS = 5.0
"""How long the end of the process waits for listeners."""

_attempts = itertools.count(1)
_listeners: tuple[Listener, ...] = ()  # of the whole process; replaced as a whole
_changing = threading.Lock()  # guards _listeners while it is replaced


class Source:
    """One attempt whose events are heard: the session, the listeners, the context of the caller that has begun it."""

    __slots__ = ("_about", "_context", "_listeners")

    def __init__(self, listeners: tuple[Listener, ...], about: dict[str, str]) -> None:
        self._listeners = listeners
        self._context = copy_context()
        self._about = about

    def tell(self, kind: str, members: dict[str, Any]) -> None:
        """Make an event and queue it for each listener."""
        from valetkey.events import kinds  # loaded for the first event that is heard

        shown = {name: harmless_value(value) for name, value in members.items()}
        event: Event = getattr(kinds, kind)(time=time.time(), **self._about, **shown)
        for listener in self._listeners:
            _delivery.put(self._context, listener, event)


_source: ContextVar[Source | None] = ContextVar("source of events", default=None)


def source_of(own: Listener | None = None, **about: str) -> Source | None:
    """
    Give the source of an attempt that begins now; None if nothing listens. It keeps the context of its caller.

    `own` listens to this session only; `about` names the session.
    """
    listeners = _listeners if own is None else (*_listeners, own)
    if not listeners:
        return None
    if about:
        about = {**about, "server_url": _plain(about["server_url"]), "attempt": f"{os.getpid()}-{next(_attempts)}"}
    return Source(listeners, about)


@contextmanager
def telling_of(source: Source | None) -> Iterator[None]:
    """Let what happens in the block be told as of this source: it begins an attempt and ends it."""
    if source is None:
        yield
        return
    started, token = time.monotonic(), _source.set(source)
    tell("AttemptStarted")
    try:
        yield
    except BaseException as error:
        tell("AttemptEnded", seconds=time.monotonic() - started, **failure(error))
        raise
    else:
        tell("AttemptEnded", seconds=time.monotonic() - started)
    finally:
        _source.reset(token)


def is_heard() -> bool:
    """Tell whether anything listens to what happens here."""
    return _source.get() is not None or bool(_listeners)


def tell(kind: str, **members: Any) -> None:
    """Tell of an event, by the name of its kind; nothing happens while nothing listens."""
    source = _source.get() or source_of()
    if source is not None:
        source.tell(kind, members)


def failure(error: BaseException) -> dict[str, Any]:
    """Give the members of an event that tell of an error."""
    return {"error": type(error).__name__, "message": str(getattr(error, "message", ""))}


def listen(listener: Listener) -> Callable[[], None]:
    """
    Get the events of all sessions of this process, from the next attempt on.

    :param listener: A function that gets each `Event`, in a thread that delivers one after another. What it raises is
        logged, and ends nothing.
    :returns: A function that ends the listening; events that wait are delivered before.
    """
    global _listeners  # noqa: PLW0603 - one for the process
    with _changing:
        _listeners = (*_listeners, listener)

    def end() -> None:
        global _listeners  # noqa: PLW0603 - the same one
        flush()
        with _changing:
            _listeners = tuple(each for each in _listeners if each is not listener)

    return end


def flush(seconds: float = _LAST_SECONDS) -> bool:
    """
    Wait until every event so far has been delivered, as at the end of a script or of a test.

    :param seconds: The longest wait.
    :returns: False if events still wait then. In a listener it returns at once.
    """
    return _delivery.wait(seconds)


class _Delivery:
    """A queue, and a thread that lives while there is something to deliver and a little longer."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Context, Listener, Event]] = deque()
        self._thread: threading.Thread | None = None
        self._is_busy = False
        self._has_lost = False

    def put(self, context: Context, listener: Listener, event: "Event") -> None:
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                is_news, self._has_lost = not self._has_lost, True
            else:
                is_news = self._has_lost = False
                self._waiting.append((context, listener, event))
                self._start()
                self._changed.notify_all()
        if is_news:
            _logger.warning("a listener of events is too slow: %d wait, and further ones are lost", MOST_WAITING)

    def wait(self, seconds: float) -> bool:
        with self._changed:
            if threading.current_thread() is self._thread:
                return False
            return self._changed.wait_for(lambda: not self._waiting and not self._is_busy, seconds)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="valetkey-events", daemon=True)
            try:
                self._thread.start()
            except RuntimeError:  # no thread can be started; a later event tries again
                self._thread = None

    def _run(self) -> None:
        while (item := self._next()) is not None:
            context, listener, event = item
            try:
                context.run(listener, event)
            except BaseException as error:
                _logger.warning("the listener of events %r has failed: %r", listener, error, exc_info=True)

    def _next(self) -> "tuple[Context, Listener, Event] | None":
        with self._changed:
            self._is_busy = False
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._waiting, _IDLE_SECONDS):
                self._thread = None
                return None
            self._is_busy = True
            return self._waiting.popleft()


_delivery = _Delivery()


def _plain(url: str) -> str:
    """A URL without what may be a secret in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


@atexit.register
def _end_of_process() -> None:
    flush(_LAST_SECONDS)


def _after_fork() -> None:
    """A forked child has no thread that delivers, and its parent delivers what waited."""
    global _delivery  # noqa: PLW0603 - one for the process
    _delivery = _Delivery()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
