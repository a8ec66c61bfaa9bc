# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a program asks an engine for by name: to log in and out, to begin a login, and to complete one."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from valetkey._engine.progress import overdue
from valetkey.errors import ConfigurationError
from valetkey.login.link import LinkLogin
from valetkey.waiting import Rounds, is_on_event_loop, run_rounds, run_rounds_async

if TYPE_CHECKING:
    from valetkey._engine.login_and_logout import LoginAndLogout, Result
    from valetkey._engine.logout import LogoutResult
    from valetkey._engine.single_flight import SingleFlight
    from valetkey.login.pending import PendingLogin
    from valetkey.made_once import made_once
    from valetkey.seams import LoginPrompt, Seams
    from valetkey.settings.settings import Settings
    from valetkey.values import Session


class ByName:
    """The part of an engine that is used by name."""

    settings: "Settings"
    _seams: "Seams"
    _flight: "SingleFlight[Result]"
    _prompt: "LoginPrompt | None"
    _login_and_logout: "made_once[Any, LoginAndLogout]"

    @property
    @abstractmethod
    def session(self) -> "Session | None":
        """The session at hand."""

    def login(self, *, seconds: float | None = None) -> "Session | None":
        """
        Log in if the MCP server wants or offers a login, and give the session; None if it does neither.

        The server is asked first, and a session that it does not reject is given without asking a person. What holds a
        login back otherwise (a pause after failures, a declined scope) is passed. The time limit is that of `replace`.
        """
        if is_on_event_loop():
            message = "login() may wait for a person, and this thread runs an event loop, which would stand still."
            raise ConfigurationError(message, hint="Call `await login_async()` there, or login() in another thread.")
        rounds = self._logging_in()
        return run_rounds(rounds, seconds, self._seams.monotonic, interrupted=self._flight.interrupt)

    async def login_async(self, *, seconds: float | None = None) -> "Session | None":
        """Do what `login` does, from a task of any event loop."""
        return await run_rounds_async(self._logging_in(), seconds, self._seams.monotonic)

    def _logging_in(self) -> "Rounds[Session | None]":
        try:
            return (yield from self._login_and_logout.logging_in())
        except TimeoutError as error:
            raise overdue(self.settings, self._prompt, _reason(self.session)) from error

    def logout(self) -> "LogoutResult":
        """
        End the session: revoke its tokens where the server offers it (RFC 7009), and forget them in any case.

        A login that waits for a person is broken off. A server that cannot be reached is a problem of the result and
        no error.

        :raises StoreError: If the session cannot be deleted.
        """
        return run_rounds(self._login_and_logout.logging_out(), None)

    async def logout_async(self) -> "LogoutResult":
        """Do what `logout` does, from a task of any event loop."""
        return await run_rounds_async(self._login_and_logout.logging_out(), None)

    def renew(self) -> "Session":
        """
        Renew the stored session now, whether its token still serves or not, and give it. No person is asked.

        :raises LoginRequired: If there is no session.
        """
        return run_rounds(self._login_and_logout.renewing(), None, interrupted=self._flight.interrupt)

    def begin(self, *, seconds: float | None = None) -> "PendingLogin | None":
        """
        Begin a login that no thread waits for, and give it; None if the MCP server offers none, or a session is good.

        A login of this session that waits already is given again. A person is not waited for, and the time limit is for
        the requests that find out where to log in.
        """
        self._require_link()
        if is_on_event_loop():
            message = "begin() sends requests, and this thread runs an event loop, which would stand still."
            raise ConfigurationError(message, hint="Call `await begin_async()` there, or begin() in another thread.")
        return run_rounds(self._login_and_logout.beginning(), seconds, self._seams.monotonic)

    async def begin_async(self, *, seconds: float | None = None) -> "PendingLogin | None":
        """Do what `begin` does, from a task of any event loop."""
        self._require_link()
        return await run_rounds_async(self._login_and_logout.beginning(), seconds, self._seams.monotonic)

    def complete(self, callback_url: str, *, principal: str | None = None) -> "Session":
        """
        Complete a login that this or another process has begun, with the URL that the person's browser came to.

        `principal` is the user whose browser it is, exactly as the login was begun for; None is that of the settings.
        """
        if is_on_event_loop():
            message = "complete() sends requests, and this thread runs an event loop, which would stand still."
            raise ConfigurationError(message, hint="Call `await complete_async()` there, or complete() in a thread.")
        return run_rounds(self._completing(callback_url, principal), None)

    async def complete_async(self, callback_url: str, *, principal: str | None = None) -> "Session":
        """Do what `complete` does, from a task of any event loop."""
        return await run_rounds_async(self._completing(callback_url, principal), None)

    def _completing(self, callback_url: str, principal: str | None) -> Rounds["Session"]:
        owner = self.settings.principal if principal is None else principal
        return self._login_and_logout.completing(callback_url, owner)

    def _require_link(self) -> None:
        if not isinstance(self._seams.login, LinkLogin) or self.settings.is_machine:
            message = "begin() needs a login that no thread waits for."
            raise ConfigurationError(message, hint='Give login="link", and no credentials of a machine.')


def _reason(session: "Session | None") -> str:
    from valetkey._engine.decision import TokenNeed
    from valetkey._engine.refusing import reason_for

    return reason_for(TokenNeed(), session, None)
