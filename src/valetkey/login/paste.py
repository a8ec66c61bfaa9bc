# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The person copies the answer of a login from the browser into the terminal: for a browser on another computer.

Nothing listens. The browser ends at an address it cannot reach, and that address holds the answer; it passes the same
checks as one that came to a listener.
"""

import queue
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from valetkey.errors import AuthError, LoginFailed, LoginRequired
from valetkey.login.device import NoticeAttempt
from valetkey.seams import LoginPrompt

_LOOPBACK = "127.0.0.1"
_POLL = 0.05
_QUESTION = """
Log in there. Your browser then stops at an address that begins with
{redirect_uri}
and may say that it cannot connect. Copy that whole address from the address bar and paste it here:
"""


class PasteLogin:
    """
    Asks through `show`, and reads the answer with `read`.

    :param show: Brings the prompt to the person; must not block.
    :param read: Gives the next line the person enters, for a question; raises EOFError when there is nobody.
    :param tell: Shows the person a text.
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

        :param redirect_uri: The address to use, None for a free port.
        :param fixed: Not used: an address that is taken will do too, because nothing is read from it.
        :returns: The visit.
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
        Get ready to show a code; nothing is pasted.

        :returns: The visit.
        """
        return NoticeAttempt(self._show)


class PasteAttempt:
    """
    One login whose answer is pasted.

    :param redirect_uri: The address the browser stops at.
    :param reserved: The socket that keeps its port.
    :param show: Brings the prompt to the person.
    :param read: Gives the next line the person enters.
    :param tell: Shows the person a text.
    """

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

    def ask(self, prompt: LoginPrompt, *, seconds: float, cancelled: threading.Event) -> str:
        """
        Show the prompt and wait for the pasted address.

        :param prompt: What to tell.
        :param seconds: How long the person has.
        :param cancelled: Ends the waiting.
        :returns: The address, unchecked but for having an answer in it.
        :raises LoginRequired: If there is nobody to paste anything.
        :raises LoginFailed: If the time is over or nobody waits any more.
        """
        self._show(prompt)
        deadline = time.monotonic() + seconds
        pasted: queue.Queue[str | None] = queue.Queue()
        # Reading a line cannot be broken off; a thread that nobody waits for ends with the process.
        threading.Thread(target=self._read_lines, args=(pasted,), name="valetkey-paste", daemon=True).start()
        while not cancelled.is_set() and time.monotonic() < deadline:
            with suppress(queue.Empty):
                answer = pasted.get(timeout=_POLL)
                if answer is None:
                    message = f"{prompt.server_url} wants a login, and there is no terminal to paste the answer into."
                    raise LoginRequired(message, hint='Use login="auto", or log in once in a terminal.')
                return answer
        message = f"Nobody pasted the answer of {prompt.issuer} within {seconds:g} seconds."
        raise LoginFailed(message, hint="Start again to log in.")

    def _read_lines(self, pasted: "queue.Queue[str | None]") -> None:
        question = _QUESTION.format(redirect_uri=self.redirect_uri)
        try:
            while True:
                text = self._read(question).strip().strip("\"'")
                if _has_answer(text):
                    pasted.put(text)
                    return
                question = "That address holds no answer to a login. Paste the one your browser stopped at:\n"
        except (EOFError, OSError, RuntimeError, ValueError):  # no terminal, a closed one, or no stdin at all
            pasted.put(None)

    def conclude(self, error: AuthError | None) -> None:
        """
        Tell the person how it ended.

        :param error: What went wrong, None if the login succeeded.
        """
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
    """
    Ask in the terminal.

    :param question: The question.
    :returns: The line.
    :raises EOFError: If nobody is there.
    """
    if sys.stdin is None:
        raise EOFError
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line
