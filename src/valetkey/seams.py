# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the engine reaches outside for: network, person, clock, randomness. A test replaces each with a fake."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from valetkey.errors import AuthError, ConfigurationError

if TYPE_CHECKING:  # an import of `OAuth` loads this module, and needs no HTTP messages
    from valetkey.wire import Send


@dataclass(frozen=True, slots=True)
class LoginPrompt:
    """
    What a person needs to know to log in. All links are http(s) and hold nothing that a shell would read, except `&`.

    The links and the code are for that person alone, so `repr` does not show them.

    :param server_url: The MCP server that needs the login.
    :param issuer: The authorization server where the person logs in.
    :param authorization_url: The link to open; for a login on another device, the page where the code is entered.
    :param redirect_uri: The address that the browser is sent back to; None for a login on another device.
    :param user_code: The code to enter there (RFC 8628 §3.3); None for a login in the browser of this computer.
    :param link_with_code: A link to the same page with the code in it, if the server has one. The code is shown all the
        same, so that the person can compare it (RFC 8628 §3.3.1).
    :param ends_at: Until when the login waits, as Unix time in seconds.
    """

    server_url: str
    issuer: str
    authorization_url: str = field(repr=False)
    redirect_uri: str | None = None
    user_code: str | None = field(default=None, repr=False)
    link_with_code: str | None = field(default=None, repr=False)
    ends_at: float | None = None


class Cancellation(threading.Event):
    """The `cancelled` that a login gets from the engine: an event that also wakes a thread that waits for another."""

    def __init__(self) -> None:
        super().__init__()
        self._others: list[threading.Event] = []

    def set(self) -> None:
        """Set this event, and every event that it wakes."""
        super().set()
        for other in self._others.copy():
            other.set()

    @contextmanager
    def wakes(self, other: threading.Event) -> Iterator[None]:
        """Set `other` too if this event is set, now or before the block ends."""
        self._others.append(other)
        try:
            if self.is_set():
                other.set()
            yield
        finally:
            self._others.remove(other)


class LoginAttempt(Protocol):
    """
    One login of a person in a browser, from before the link exists until the person sees the result.

    The engine uses it as a context manager, calls `ask` once and then `conclude` once; `__exit__` frees whatever the
    login holds. All calls come from one thread, which runs no event loop.

    :param redirect_uri: The address that the answer of this login comes to; set from the start.
    """

    redirect_uri: str

    def ask(self, prompt: LoginPrompt, *, seconds: float, cancelled: threading.Event) -> str:
        """
        Ask the person to log in, and block until the answer is there.

        :param prompt: What to show.
        :param seconds: How long the person has (`login_timeout`).
        :param cancelled: Set when the program ends, or no longer needs the login; `ask` should then fail at once.
        :returns: The URL that the browser was sent to, with its query. The caller checks it.
        :raises LoginFailed: If no answer came.
        """

    def conclude(self, error: AuthError | None) -> None:
        """
        Show the person the result; called after the code has been exchanged for a token, or could not be.

        :param error: What went wrong; None if the login succeeded. Its text may be shown.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class Login(Protocol):
    """A way to ask a person to log in. Implement it for a user interface of your own, and pass it as `login=`."""

    def open(self, redirect_uri: str | None, *, fixed: bool) -> LoginAttempt:
        """
        Prepare for the answer, before the client is registered and the link is built.

        :param redirect_uri: The address that the answer should come to; port 0 stands for any free port. None leaves
            the address to the login.
        :param fixed: True if no other address may be used, because this one is registered; False if a different port
            will do.
        :returns: The attempt, with the address it has chosen.
        :raises LoginRequired: If no person may be asked here.
        :raises LoginFailed: If the address cannot be used.
        """


class DeviceAttempt(Protocol):
    """
    One login of a person on another device (RFC 8628): the person is told what to do, and no answer comes back here.

    The engine uses it as a context manager, calls `show` once and then `conclude` once.
    """

    def show(self, prompt: LoginPrompt) -> None:
        """
        Show the person the page and the code, and return without waiting.

        :param prompt: What to show; its `user_code` has to be visible, whatever else is shown.
        :raises LoginRequired: If it cannot be shown.
        """

    def conclude(self, error: AuthError | None) -> None:
        """
        Show the person the result.

        :param error: What went wrong; None if the login succeeded. Its text may be shown.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


@runtime_checkable
class DeviceLogin(Protocol):
    """What a `Login` also implements for `grant="device_code"`: it asks a person who logs in on another device."""

    def open_device(self) -> DeviceAttempt:
        """
        Prepare to show a code.

        :raises LoginRequired: If no person may be asked here.
        """


def require_device_login(login: Login) -> DeviceLogin:
    """Give a way to ask a person as one that can show a code; a `ConfigurationError` if it cannot."""
    if not isinstance(login, DeviceLogin):
        message = f"The grant device_code needs a login that can show a code; {type(login).__name__} cannot."
        hint = 'Give it a method open_device() (see valetkey.login.DeviceLogin), or use login="auto" or "device".'
        raise ConfigurationError(message, hint=hint)
    return login


def random_text() -> str:
    """Make a state or a code verifier: 32 random bytes as 43 characters of the alphabet of RFC 7636 §4.1."""
    return secrets.token_urlsafe(32)


def random_share() -> float:
    """Draw a number from 0 up to 1."""
    return secrets.randbelow(1000) / 1000


def any_link(_url: str) -> None:
    """Refuse no link."""


@dataclass(frozen=True, slots=True)
class Seams:
    """
    The seams of one engine: the functions and objects that reach outside, each of which a test may replace.

    `now` is Unix time; `monotonic` is a clock that is never set, for deadlines. `jitter` is a number from 0 up to 1, so
    that not all programs renew at the same moment. `later` calls a task of a store after some seconds; None for the
    thread that keeps stores up.

    :param send_to_provider: Sends a request to the user's identity provider, which may be in another network than the
        MCP server; None for `send`.
    :param keep_connections: Opens a block in which the requests of this context to one origin use one connection.
    :param judge_link: Raises `InsecureEndpoint` for a link that the MCP server may not let a person's browser open.
    """

    send: "Send"
    login: Login
    now: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep
    random: Callable[[], str] = random_text
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random_share
    send_to_provider: "Send | None" = None
    keep_connections: Callable[[], AbstractContextManager[object]] = nullcontext
    judge_link: Callable[[str], None] = any_link
    later: Callable[[float, Callable[[], float | None], str], object] | None = None
