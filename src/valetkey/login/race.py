# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""One login whose answer comes to the listener or is pasted, whichever comes first; the other way then ends."""

import os
import socket
import threading
from contextlib import AbstractContextManager, nullcontext

from valetkey.errors import AuthError
from valetkey.login.listener import LoopbackAttempt
from valetkey.login.pasting import PastedAnswer
from valetkey.login.prompt import logged_in_text, print_link, print_link_alone, print_text, show_in_browser
from valetkey.login.signs import sign_of_life
from valetkey.login.surroundings import surroundings_of
from valetkey.login.whereabouts import NOWHERE, is_person_here, is_watched, no_person_here, person_to_ask
from valetkey.seams import LoginPrompt

_QUESTION = """\
If that browser is on another computer, it stops after the login at an address that begins with
{redirect_uri}
and may say that it cannot connect. Then copy that whole address from the address bar and paste it here:
"""


class RaceAttempt(LoopbackAttempt):
    """One login at one address; it `opens` a browser, or else only prints the link and waits for the listener."""

    def __init__(self, listeners: list[socket.socket], redirect_uri: str, *, opens: bool) -> None:
        super().__init__(print_link, listeners, redirect_uri)
        self._opens = opens
        self._prompt: LoginPrompt | None = None

    def ask(self, prompt: LoginPrompt, *, seconds: float, cancelled: threading.Event) -> str:
        """Show the prompt, wait for the browser or a pasted address, and give the URL."""
        self.prepare(prompt)
        self._prompt = prompt
        with self._shown(prompt), sign_of_life(seconds):
            return self._wait(prompt, seconds, cancelled)

    def _shown(self, prompt: LoginPrompt) -> AbstractContextManager[object]:
        if not self._opens:
            print_link(prompt)
            return nullcontext()
        asking = self._asking(prompt)
        opened = show_in_browser(prompt, can_paste=asking is not None)
        if not opened and not is_person_here():  # the browser that is there cannot be started
            raise no_person_here(NOWHERE)
        # Over SSH, `open` of macOS and Windows find the desktop of this computer, where the person is not; what an
        # editor opens may be on a computer without its ports, and Windows may not reach its Linux.
        if asking is None or (opened and not surroundings_of(os.environ, os.path.exists).may_lose_answers):
            return nullcontext()
        return asking

    def _asking(self, prompt: LoginPrompt) -> PastedAnswer | None:
        """Give what asks for the pasted address while it is open; None where no person can enter a line."""
        reader = person_to_ask()
        question = _QUESTION.format(redirect_uri=self.redirect_uri)
        return reader and PastedAnswer(reader, question, prompt, take=self.take_pasted, give_up=lambda: None)

    def conclude(self, error: AuthError | None) -> None:
        """Show the result in the browser, and to a person who reads along that the login worked."""
        super().conclude(error)
        if error is None and self._prompt is not None and is_watched():
            print_text(logged_in_text(self._prompt))


class LinkAttempt(RaceAttempt):
    """One login whose link is only printed; where a person can enter a line, the answer may be pasted too."""

    def _shown(self, prompt: LoginPrompt) -> AbstractContextManager[object]:
        asking = self._asking(prompt)
        (print_link if asking is None else print_link_alone)(prompt)
        return nullcontext() if asking is None else asking


class BrowserAttempt(RaceAttempt):
    """One login whose answer comes from a browser alone; where none can be started, the link is printed and read."""

    def _shown(self, prompt: LoginPrompt) -> AbstractContextManager[object]:
        show_in_browser(prompt)
        return nullcontext()
