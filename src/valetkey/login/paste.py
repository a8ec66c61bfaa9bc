# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The person copies the answer of a login from the browser into the terminal: for a browser on another computer.

No program listens. The browser ends at an address that it cannot reach, and that address holds the answer, which is
checked like one that came to a listener.
"""

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from valetkey.errors import AuthError, LoginRequired
from valetkey.login.device import NoticeAttempt
from valetkey.login.unanswered import login_cancelled, login_timed_out, wait_for_answer
from valetkey.seams import LoginPrompt

__all__ = ["PasteLogin"]

_LOOPBACK = "127.0.0.1"
_QUESTION = """
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
        self._show = show
        self._read = read
        self._tell = tell

    def open(self, redirect_uri: str | None, *, fixed: bool) -> "PasteAttempt":  # noqa: ARG002 - nothing listens there
        """
        Reserve an address, so that no other program of this computer gets the answer.

        :param redirect_uri: The address to use; None for a free port.
        :param fixed: Not used: an address that another program listens at will do, because nothing is read from it.
        :returns: The attempt.
        """
        parts = urlsplit(redirect_uri or f"http://{_LOOPBACK}:0/callback")
        reserved = socket.socket()
        with suppress(OSError):
            reserved.bind((_LOOPBACK, parts.port or 0))
        port = parts.port or reserved.getsockname()[1]
        address = parts._replace(netloc=f"{parts.hostname}:{port}").geturl()
        return PasteAttempt(address, reserved, self._show, self._read, self._tell)

    def open_device(self) -> NoticeAttempt:
        """
        Prepare to show a code; nothing is pasted.

        :returns: The attempt.
        """
        return NoticeAttempt(self._show)


class PasteAttempt:
    """One login whose answer is pasted; `reserved` is the socket that keeps the port of `redirect_uri`."""

    def __init__(
        self,
        redirect_uri: str,
        reserved: socket.socket,
        show: Callable[[LoginPrompt], None],
        read: Callable[[str], str],
        tell: Callable[[str], None],
    ) -> None:
        self.redirect_uri = redirect_uri
        self._reserved = reserved
        self._show = show
        self._read = read
        self._tell = tell
        self._entered = threading.Event()
        self._pasted: str | None = None
        self._has_no_terminal = False

    def ask(self, prompt: LoginPrompt, *, seconds: float, cancelled: threading.Event) -> str:
        """Show the prompt, wait for the pasted address, and give it; only checked for having an answer in it."""
        self._show(prompt)
        # Reading a line cannot be interrupted. The thread is a daemon: it does not keep the process from ending.
        threading.Thread(target=self._read_lines, name="valetkey-paste", daemon=True).start()
        wait_for_answer(self._entered, cancelled, seconds)
        if self._pasted is not None:
            return self._pasted
        if self._has_no_terminal:
            message = f"{prompt.server_url} needs a login, and there is no terminal to paste the answer into."
            raise LoginRequired(message, hint='Use login="auto", or log in once in a terminal.')
        if cancelled.is_set():
            raise login_cancelled()
        raise login_timed_out(prompt.issuer, seconds, hint="Start again, and paste the answer in time.")

    def _read_lines(self) -> None:
        question = _QUESTION.format(redirect_uri=self.redirect_uri)
        try:
            while self._pasted is None:
                text = self._read(question).strip().strip("\"'")
                if _has_answer(text):
                    self._pasted = text
                question = "That address holds no answer to a login. Paste the one your browser stopped at:\n"
        except (EOFError, OSError, RuntimeError, ValueError):  # no terminal, a closed one, or no stdin at all
            self._has_no_terminal = True
        self._entered.set()

    def conclude(self, error: AuthError | None) -> None:
        """Tell the person the result."""
        self._tell("You are logged in." if error is None else f"The login did not work. {error}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._reserved.close()


def _has_answer(text: str) -> bool:
    try:
        parameters = parse_qs(urlsplit(text).query, keep_blank_values=True)
    except ValueError:
        return False
    return "code" in parameters or "error" in parameters


def read_terminal(question: str) -> str:
    """Ask in the terminal, and give the line; EOFError where there is none."""
    if sys.stdin is None:
        raise EOFError
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line
