# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A login that finds the person: in a browser of this computer, or in front of this terminal or notebook.

Where no browser can be opened, the person's browser is on another computer, and the link leads back to that one. So the
address that it stops at may be pasted here too; whichever answer comes first counts.
"""

from typing import TYPE_CHECKING

from valetkey.login.loopback import LoopbackLogin
from valetkey.login.prompt import print_link, show_in_browser

if TYPE_CHECKING:
    import socket

    from valetkey.login.listener import LoopbackAttempt
    from valetkey.seams import LoginPrompt


class LoginHere(LoopbackLogin):
    """`login="auto"`, which opens a browser or fails where no person is, and `PrintedLink`, which only prints."""

    def __init__(self, *, opens: bool, listen_at: str | None = None) -> None:
        super().__init__(_show_in_browser if opens else print_link, listen_at=listen_at)
        self._opens = opens

    def is_without_browser(self) -> bool:
        """Tell whether a person is here and no browser can be opened: its answer would have to be pasted."""
        from valetkey.login.browser import can_open_browser
        from valetkey.login.whereabouts import is_person_here

        return self._opens and not can_open_browser() and is_person_here()

    def open(self, redirect_uri: str | None, *, fixed: bool) -> "LoopbackAttempt":
        """
        Start listening.

        :raises LoginRequired: If no person can be asked here.
        :raises LoginFailed: If the address cannot be used.
        """
        if self._opens:
            from valetkey.login.browser import can_open_browser  # each start of a program loads this module
            from valetkey.login.whereabouts import NOWHERE, is_person_here, no_person_here

            if not can_open_browser() and not is_person_here():
                raise no_person_here(NOWHERE)
        return super().open(redirect_uri, fixed=fixed)

    def _attempt(self, listeners: "list[socket.socket]", address: str) -> "LoopbackAttempt":
        from valetkey.login.race import RaceAttempt

        return RaceAttempt(listeners, address, opens=self._opens)


class BrowserLogin(LoopbackLogin):
    """`login="browser"`: opens a browser, prints the link too, and waits for the answer at a loopback address."""

    def __init__(self) -> None:
        super().__init__(_show_in_browser)

    def _attempt(self, listeners: "list[socket.socket]", address: str) -> "LoopbackAttempt":
        from valetkey.login.race import BrowserAttempt

        return BrowserAttempt(listeners, address, opens=True)


class LinkHere(LoginHere):
    """Prints the link, opens no browser, and takes the answer in either way (`valetkey login --no-browser`)."""

    def __init__(self, *, listen_at: str | None = None) -> None:
        super().__init__(opens=False, listen_at=listen_at)

    def _attempt(self, listeners: "list[socket.socket]", address: str) -> "LoopbackAttempt":
        from valetkey.login.race import LinkAttempt

        return LinkAttempt(listeners, address, opens=False)


class PrintedLink(LoginHere):
    """
    Prints the link to standard error, opens no browser, and waits for the answer at a loopback address.

    For a program whose output a person reads, and whose computer has the browser, or a forwarded port.
    """

    def __init__(self) -> None:
        super().__init__(opens=False)


def _show_in_browser(prompt: "LoginPrompt") -> None:
    show_in_browser(prompt)
