# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The person copies the answer of a login from the browser into the terminal: for a browser on another computer.

No program listens. The browser ends at an address that it cannot reach, and that address holds the answer, which is
checked like one that came to a listener.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from valetkey import urls
from valetkey.errors import AuthError
from valetkey.login.device import NoticeAttempt
from valetkey.login.line_reading import read_terminal
from valetkey.login.pasting import PastedAnswer
from valetkey.login.prompt import logged_in_text, print_link_alone, print_text
from valetkey.login.signs import sign_of_life
from valetkey.login.unanswered import login_cancelled, login_timed_out, unless_page_failed, wait_for_answer
from valetkey.login.whereabouts import may_enter_line, no_person_to_paste, person_to_ask
from valetkey.seams import LoginPrompt

__all__ = ["PasteLogin"]

_LOOPBACK = "127.0.0.1"
_QUESTION = """\
Log in there. Your browser then stops at an address that begins with
{redirect_uri}
and may say that it cannot connect. Copy that whole address from the address bar and paste it here:
"""


class PasteLogin:
    """
    Shows a prompt, and lets the person paste the address that the browser stopped at (`login="paste"`).

    :param show: Shows the prompt to the person, and returns without waiting.
    :param read: Asks the question it is called with, and blocks until the person has entered a line; raises EOFError
        where no person can enter one.
    :param tell: Shows a text to the person.
    """

    def __init__(
        self, show: Callable[[LoginPrompt], None], read: Callable[[str], str], tell: Callable[[str], None]
    ) -> None:
        self.show = show
        self._read = read
        self.tell = tell

    def open(self, redirect_uri: str | None, *, fixed: bool) -> "PasteAttempt":  # noqa: ARG002 - nothing listens there
        """
        Reserve an address, so that no other program of this computer gets the answer.

        :param redirect_uri: The address to use; None for a free port. It may be any that a browser can be sent to, also
            one on another computer, because nothing listens at it.
        :param fixed: Not used: an address that another program listens at will do, because nothing is read from it.
        :returns: The attempt.
        """
        address, reserved = redirect_uri or f"http://{_LOOPBACK}:0/callback", None
        if address.lower().startswith("http:") and urls.is_loopback(address):
            address, reserved = _reserve(address)
        return PasteAttempt(address, reserved, self)

    def open_device(self) -> NoticeAttempt:
        """
        Prepare to show a code; nothing is pasted.

        :returns: The attempt.
        """
        return NoticeAttempt(self.show)

    def asking(
        self, question: str, prompt: LoginPrompt, *, take: Callable[[str], None], give_up: Callable[[], None]
    ) -> PastedAnswer:
        """Ask with `read`, which cannot be stopped, while the block runs."""

        def read(text: str, _: threading.Event) -> str:
            return self._read(text)

        return PastedAnswer(read, question, prompt, take=take, give_up=give_up, is_blocking=True)

    def signs(self, seconds: float) -> AbstractContextManager[None]:  # noqa: ARG002 - the caller shows what it wants
        """Give no sign of life while the block runs."""
        return nullcontext()


class PasteHere(PasteLogin):
    """Asks in the notebook or the terminal that this program runs in (`login="paste"`)."""

    def __init__(self) -> None:
        super().__init__(print_link_alone, input, print_text)

    def open(self, redirect_uri: str | None, *, fixed: bool) -> "PasteAttempt":
        """
        Reserve an address.

        :raises LoginRequired: If nothing can be pasted here: there is no terminal, no notebook, and standard input is
            at its end.
        """
        if not may_enter_line():
            raise no_person_to_paste()
        return super().open(redirect_uri, fixed=fixed)

    def asking(
        self, question: str, prompt: LoginPrompt, *, take: Callable[[str], None], give_up: Callable[[], None]
    ) -> PastedAnswer:
        """Ask the person where they are now, or read from a pipe."""
        return PastedAnswer(person_to_ask() or read_terminal, question, prompt, take=take, give_up=give_up)

    def signs(self, seconds: float) -> AbstractContextManager[None]:
        """Give a sign of life now and then while the block runs."""
        return sign_of_life(seconds)


def _reserve(redirect_uri: str) -> tuple[str, socket.socket]:
    parts = urlsplit(redirect_uri)
    reserved = socket.socket()
    with suppress(OSError):
        reserved.bind((_LOOPBACK, parts.port or 0))
    port = parts.port or reserved.getsockname()[1]
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts._replace(netloc=f"{host}:{port}").geturl(), reserved


class PasteAttempt:
    """One login whose answer is pasted; `reserved` is the socket that keeps the port of `redirect_uri`."""

    def __init__(self, redirect_uri: str, reserved: socket.socket | None, login: PasteLogin) -> None:
        self.redirect_uri = redirect_uri
        self._reserved = reserved
        self._login = login
        self._ended = threading.Event()
        self._pasted: str | None = None
        self._has_no_person = False
        self._is_cancelled = False
        self._prompt: LoginPrompt | None = None

    def ask(self, prompt: LoginPrompt, *, seconds: float, cancelled: threading.Event) -> str:
        """Show the prompt, wait for the pasted address, and give it; only checked for having an answer in it."""
        self._prompt = prompt
        question = _QUESTION.format(redirect_uri=self.redirect_uri)
        asking = self._login.asking(question, prompt, take=self._take, give_up=self._give_up)
        self._login.show(prompt)
        with self._login.signs(seconds), asking:
            wait_for_answer(self._ended, cancelled, seconds)
        if self._pasted is not None:
            return self._pasted
        if self._has_no_person:
            raise no_person_to_paste()
        if cancelled.is_set():
            self._is_cancelled = True
            raise login_cancelled()
        hint = unless_page_failed("Start again, and paste the answer in time", prompt)
        raise login_timed_out(prompt.issuer, seconds, hint=hint)

    def _take(self, pasted: str) -> None:
        self._pasted = pasted
        self._ended.set()

    def _give_up(self) -> None:
        self._has_no_person = True
        self._ended.set()

    def conclude(self, error: AuthError | None) -> None:
        """Tell the person the result."""
        if self._is_cancelled:  # the person who has pressed Ctrl-C knows, and the terminal is the program's again
            return
        if error is not None:
            self._login.tell(f"The login did not work. {error}")
        elif self._prompt is not None:
            self._login.tell(logged_in_text(self._prompt))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._reserved is not None:
            self._reserved.close()
