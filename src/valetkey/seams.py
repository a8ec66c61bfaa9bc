# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where the engine touches the world: network, person, clock, randomness. Each can be replaced by a fake."""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from valetkey.errors import AuthError
from valetkey.wire import Send


@dataclass(frozen=True, slots=True)
class LoginPrompt:
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


class LoginAttempt(Protocol):
    """
    One login, from before its link is known until the person sees how it ended. A context manager.

    `redirect_uri` is where the answer of this login comes in.
    """

    redirect_uri: str

    def ask(self, prompt: LoginPrompt, *, seconds: float, cancelled: threading.Event) -> str:
        """
        Ask the person and wait.

        :param prompt: What to tell.
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

    def open(self, redirect_uri: str | None, *, fixed: bool) -> LoginAttempt:
        """
        Get ready for an answer.

        :param redirect_uri: The address to use, None for any.
        :param fixed: True if no other address will do.
        :returns: The visit.
        :raises LoginRequired: If nobody may be asked, or the address cannot be used.
        """


class DeviceAttempt(Protocol):
    """One login on another device: the person is told what to do, and nothing comes back here. A context manager."""

    def show(self, prompt: LoginPrompt) -> None:
        """
        Show the person the page and the code, and return at once.

        :param prompt: What to tell; its `user_code` has to be seen, whatever else is done.
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

    def open_device(self) -> DeviceAttempt:
        """
        Get ready to show a code.

        :returns: The visit.
        :raises LoginRequired: If nobody may be asked.
        """


def random_text() -> str:
    """
    Make a state or a code verifier: 32 random bytes in the alphabet of RFC 7636 §4.1.

    :returns: 43 characters.
    """
    return secrets.token_urlsafe(32)


def random_share() -> float:
    """
    Draw a number from 0 up to 1.

    :returns: The number.
    """
    return secrets.randbelow(1000) / 1000


@dataclass(frozen=True, slots=True)
class Seams:
    """
    The seams of one engine.

    :param send: Sends a request.
    :param login: Asks a person.
    :param now: Gives the Unix time in seconds.
    :param pause: Sleeps for seconds.
    :param random: Makes random text.
    :param monotonic: Gives the seconds of a clock that nobody sets, for deadlines.
    :param jitter: Gives a number from 0 up to 1, so that not everybody renews at the same moment.
    :param send_to_provider: Sends a request to the user's identity provider, which may live elsewhere than the MCP
        server; None for `send`.
    :param keep_connections: Opens a block in which this thread's requests to one origin use one connection.
    """

    send: Send
    login: Login
    now: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep
    random: Callable[[], str] = random_text
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random_share
    send_to_provider: Send | None = None
    keep_connections: Callable[[], AbstractContextManager[object]] = nullcontext
