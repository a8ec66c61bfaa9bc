# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How a person is asked to log in, and how the answer comes back."""

import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self, runtime_checkable

from valetkey.errors import AuthError, ConfigurationError

LoginName = Literal["auto", "link", "paste", "never"]


@dataclass(frozen=True, slots=True)
class Invitation:
    """
    What a person is told.

    :param server_url: The MCP server that asks for the login.
    :param issuer: The authorization server where the login happens.
    :param authorization_url: The link to open; for a login on another device, the page where the code is entered.
    :param redirect_uri: Where the answer comes in; None for a login on another device.
    :param user_code: The code to enter there (RFC 8628 §3.3); None for a login in the browser of this computer.
    :param link_with_code: A link to the same page that brings the code along. The person still has to see the code,
        and compare it (RFC 8628 §3.3.1).
    """

    server_url: str
    issuer: str
    authorization_url: str
    redirect_uri: str | None = None
    user_code: str | None = None
    link_with_code: str | None = None


class Visit(Protocol):
    """
    One login, from before its link is known until the person sees how it ended. A context manager.

    `redirect_uri` is where the answer of this login comes in.
    """

    redirect_uri: str

    def ask(self, invitation: Invitation, *, seconds: float, cancelled: threading.Event) -> str:
        """
        Ask the person and wait.

        :param invitation: What to tell.
        :param seconds: How long the person has.
        :param cancelled: Set when nobody waits for the login any more.
        :returns: The URL the browser was sent to, unchecked.
        :raises LoginFailed: If no answer came.
        """

    def conclude(self, error: AuthError | None) -> None:
        """
        Tell the person how it ended.

        :param error: What went wrong, None if the login succeeded.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class Login(Protocol):
    """The seam: a way to ask a person."""

    def open(self, redirect_uri: str | None, *, fixed: bool) -> Visit:
        """
        Get ready for an answer.

        :param redirect_uri: The address to use, None for any.
        :param fixed: True if no other address will do.
        :returns: The visit.
        :raises LoginRequired: If nobody may be asked, or the address cannot be used.
        """


class DeviceVisit(Protocol):
    """One login on another device: the person is told what to do, and nothing comes back here. A context manager."""

    def show(self, invitation: Invitation) -> None:
        """
        Show the person the page and the code, and return at once.

        :param invitation: What to tell; its `user_code` has to be seen, whatever else is done.
        :raises LoginRequired: If it cannot be shown.
        """

    def conclude(self, error: AuthError | None) -> None:
        """
        Tell the person how it ended.

        :param error: What went wrong, None if the login succeeded.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


@runtime_checkable
class DeviceLogin(Protocol):
    """What a `Login` can also do, for the device grant: ask a person who logs in on another device (RFC 8628)."""

    def open_device(self) -> DeviceVisit:
        """
        Get ready to show a code.

        :returns: The visit.
        :raises LoginRequired: If nobody may be asked.
        """


def open_login(name: LoginName) -> Login:
    """
    Give the way of asking that a text names.

    :param name: `auto` opens a browser where there is one and prints the link; `link` only prints it; `paste` prints it
        and lets the person paste the answer, for a browser on another computer; `never` asks nobody and fails at once.
    :returns: The login.
    :raises ConfigurationError: If there is no such way.
    """
    from valetkey.login.invitation import print_link, print_link_alone, print_text, show_in_browser
    from valetkey.login.loopback import LoopbackLogin
    from valetkey.login.never import NeverLogin
    from valetkey.login.paste import PasteLogin, read_terminal

    if name == "auto":
        return LoopbackLogin(show_in_browser)
    if name == "link":
        return LoopbackLogin(print_link)
    if name == "paste":
        return PasteLogin(print_link_alone, read_terminal, print_text)
    if name == "never":
        return NeverLogin()
    message = f"There is no way {name!r} to ask a person."
    raise ConfigurationError(message, hint='Use "auto", "link", "paste" or "never".')
