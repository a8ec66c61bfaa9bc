# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Asking for the address that a browser stopped at, in a thread of its own, until one is pasted or the asking ends."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from valetkey.login.line_reading import LineReader, Stopped

AGAIN = "That address holds no answer to a login. Paste the one your browser stopped at:\n"
_END_SECONDS = 1.0
"""How long the end of a login waits until nothing is read any more."""


class PastedAnswer:
    """
    Asks while the context is open.

    `take` gets the first line with an answer in it; `give_up` is called where no person can enter a line. A reader that
    `is_blocking` does not notice that it is stopped; its thread does not keep the process from ending.
    """

    def __init__(
        self,
        read: LineReader,
        question: str,
        *,
        take: Callable[[str], object],
        give_up: Callable[[], object],
        is_blocking: bool = False,
    ) -> None:
        self._read = read
        self._question = question
        self._take = take
        self._give_up = give_up
        self._is_blocking = is_blocking
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._ask, name="valetkey-paste", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopped.set()
        if not self._is_blocking:  # the program's next line is its own
            self._thread.join(_END_SECONDS)

    def _ask(self) -> None:
        question = self._question
        try:
            while not self._stopped.is_set():
                text = self._read(question, self._stopped).strip().strip("\"'<>")
                if has_answer(text):
                    self._take(text)
                    return
                question = AGAIN
        except Stopped:
            return
        except Exception:  # noqa: BLE001 - no terminal, a closed one, no stdin at all, or a window that broke
            self._give_up()


def has_answer(text: str) -> bool:
    """Tell whether a text is an address with an answer in it; it is checked later."""
    try:
        parameters = parse_qs(urlsplit(text).query, keep_blank_values=True)
    except ValueError:
        return False
    return "code" in parameters or "error" in parameters
