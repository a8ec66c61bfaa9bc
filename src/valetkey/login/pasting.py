# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Asking for the address that a browser stopped at, in a thread of its own, until one is pasted or the asking ends.

Several logins of one process may wait at once, and there is one terminal or notebook. So one of them asks at a time,
and what is pasted goes to the login whose state it holds.
"""

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from valetkey.login.line_reading import LineReader, Stopped
from valetkey.login.pasted_text import answer_in, cleaned, readings
from valetkey.seams import LoginPrompt

NO_ANSWER = "That address holds no answer to a login. Paste the whole address that your browser stopped at:\n"
A_PART = "That is not the whole address. Paste the rest of it, or all of it:\n"
ANOTHER_LOGIN = """\
That address belongs to another login. Log in through the link above, and paste the address that your browser then
stops at:
"""
_END_SECONDS = 1.0
"""How long the end of a login waits until nothing is read any more."""
_LOOK_SECONDS = 0.1
"""Seconds between two looks of a login that waits for its turn whether it has ended."""
_LONGEST = 1 << 16
"""Characters of an address that comes in parts."""

_turn = threading.Lock()  # held by the login that asks
_registering = threading.Lock()  # guards _waiting
_waiting: "weakref.WeakSet[PastedAnswer]" = weakref.WeakSet()


class PastedAnswer:
    """
    Asks while the context is open.

    `take` gets the first address with the answer to the login of `prompt` in it, or one that the person pastes a
    second time; `give_up` is called where no person can enter a line. A reader that `is_blocking` belongs to one login
    and does not notice that it is stopped; its thread does not keep the process from ending.
    """

    def __init__(
        self,
        read: LineReader,
        question: str,
        prompt: LoginPrompt,
        *,
        take: Callable[[str], object],
        give_up: Callable[[], object],
        is_blocking: bool = False,
    ) -> None:
        self._read = read
        self._question = question
        self._state = parse_qs(urlsplit(prompt.authorization_url).query).get("state", [None])[0]
        self._take = take
        self._give_up = give_up
        self._is_blocking = is_blocking
        self._stopped = threading.Event()
        if not is_blocking:  # now, because the person may paste as soon as the link is shown
            with _registering:
                _waiting.add(self)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._ask, name="valetkey-paste", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopped.set()
        if not self._is_blocking:  # the program's next line is its own
            with _registering:
                _waiting.discard(self)
            self._thread.join(_END_SECONDS)

    def _ask(self) -> None:
        try:
            with nullcontext() if self._is_blocking else _own_turn(self._stopped):
                self._ask_until_answered()
        except Stopped:
            return
        except Exception:  # noqa: BLE001 - no terminal, a closed one, no stdin at all, or a window that broke
            self._give_up()

    def _ask_until_answered(self) -> None:
        question, earlier, last = self._question, "", ""
        while not self._stopped.is_set():
            pasted = cleaned(self._read(question, self._stopped))
            login, address = self._login_of(pasted, earlier, is_repeated=pasted == last)
            if login is not None:
                login._take(address)
                if login is self:
                    return
                question, earlier, last = self._question, "", ""
                continue
            question, last = _what_is_wrong(pasted), pasted
            earlier = pasted if "://" in pasted else (earlier + pasted)[:_LONGEST]

    def _login_of(self, pasted: str, earlier: str, *, is_repeated: bool) -> tuple["PastedAnswer | None", str]:
        with _registering:
            others = [] if self._is_blocking else list(_waiting)
        for address in readings(pasted, earlier):
            answer = answer_in(address)
            if not answer:
                continue
            state = answer.get("state")
            # Some servers leave the state out of an error, or change it: then no other address will come.
            if self._state in (None, state) or is_repeated or (state is None and "error" in answer):
                return self, address
            for login in others:
                if state is not None and login._state == state:
                    return login, address
        return None, ""


def _what_is_wrong(pasted: str) -> str:
    answer = answer_in(pasted)
    if not answer:
        return NO_ANSWER
    return ANOTHER_LOGIN if "state" in answer else A_PART


@contextmanager
def _own_turn(stopped: threading.Event) -> Iterator[None]:
    """Wait until no other login of this process asks."""
    turn = _turn
    while not turn.acquire(timeout=_LOOK_SECONDS):
        if stopped.is_set():
            raise Stopped
    try:
        yield
    finally:
        turn.release()


def _after_fork() -> None:
    """A forked child has the logins of its parent and not the threads that would ever end them."""
    global _turn, _registering
    _turn, _registering = threading.Lock(), threading.Lock()
    _waiting.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
