# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Logging in and out because the user asks for it by name: what runs, and what its callers wait for.

It is the engine's one piece of work (`single_flight`) like any other, so that a login, a renewal and a logout never run
at the same time. A caller that finds another piece of work running waits for its end and then begins its own.
"""

import concurrent.futures
import threading
from typing import cast

from valetkey._engine.at_hand import SessionAtHand
from valetkey._engine.attempts import Attempts
from valetkey._engine.completing import Completing
from valetkey._engine.decision import TokenNeed
from valetkey._engine.explicit_login import ExplicitLogin
from valetkey._engine.logout import Logout, LogoutResult
from valetkey._engine.single_flight import SingleFlight, Work
from valetkey._engine.workers import Steps
from valetkey.errors import AuthError, LoginFailed, LoginRequired
from valetkey.events.listening import tell
from valetkey.login.pending import PendingLogin
from valetkey.values import Session
from valetkey.waiting import Rounds

Result = Session | LogoutResult | PendingLogin | None
"""What the work of an engine gives: a session, the end of one, one to come, or the finding that no login is wanted."""


class LoginAndLogout:
    """The explicit logins and logouts of one engine."""

    def __init__(
        self,
        login: ExplicitLogin,
        logout: Logout,
        attempts: Attempts,
        completing: Completing,
        flight: SingleFlight[Result],
        at_hand: SessionAtHand,
    ) -> None:
        self._login = login
        self._logout = logout
        self._attempts = attempts
        self._completing = completing
        self._flight = flight
        self._at_hand = at_hand
        self._latest: concurrent.futures.Future[Result] | None = None  # the last login that was begun here

    def logging_in(self) -> Rounds[Session | None]:
        """Log in; callers at the same time share one login."""
        while True:
            future, is_own = self._flight.join(self._log_in)
            if is_own:
                self._latest = future
            yield future
            # A person who has just been asked, by whatever this call joined, is not asked again.
            if future is self._latest or isinstance(future.exception(), LoginFailed):
                result = future.result()
                return result if isinstance(result, Session) else None

    def renewing(self) -> Rounds[Session]:
        """Renew the session that is stored."""
        result = yield from self._alone(self._renew)
        return cast("Session", result)

    def beginning(self) -> Rounds[PendingLogin | None]:
        """Begin a login, or give the one that waits."""
        result = yield from self._alone(self._begin)
        return result if isinstance(result, PendingLogin) else None

    def completing(self, callback_url: str, principal: str) -> Rounds[Session]:
        """Complete a login that was begun, also by another process."""

        def complete(_: threading.Event) -> Session:
            session = self._completing.complete(callback_url, principal)
            self._at_hand.replace(session)
            self._attempts.backoff.succeeded()
            return session

        result = yield from self._alone(complete)
        return cast("Session", result)

    def _alone(self, work: Work[Result]) -> Rounds[Result]:
        """Do one's own work, after the work that runs, if any."""
        while True:
            future, is_own = self._flight.join(work)
            yield future
            if is_own:
                return future.result()

    def logging_out(self) -> Rounds[LogoutResult]:
        """Log out after the work that runs, if any, so that no refresh under way brings the session back."""
        while True:
            future, is_own = self._flight.join(self._log_out)
            if not is_own:
                self._flight.cancel()
            yield future
            if not is_own and future.exception() is not None:
                continue  # the work that this call joined has failed; the logout still has to be done
            result = future.result()
            if isinstance(result, LogoutResult):
                return result

    def _log_in(self, cancelled: threading.Event) -> Steps[Session | None]:
        try:
            session = yield from self._login.log_in(cancelled)
        except AuthError:
            self._at_hand.look()  # what was there before it, for the state that is shown
            raise
        self._at_hand.replace(session)
        return session

    def _renew(self, cancelled: threading.Event) -> Steps[Session]:
        stored, _ = self._attempts.sessions.read()
        if stored is None:
            message = "There is no session to renew."
            raise LoginRequired(message, hint="Log in first.")
        need = TokenNeed(rejected=stored.token.access_token.reveal(), early=True, explicit=True)
        renewed = yield from self._attempts.obtaining(need, cancelled)
        self._at_hand.replace(renewed)
        return renewed

    def _begin(self, cancelled: threading.Event) -> Steps[PendingLogin | None]:
        try:
            yield from self._log_in(cancelled)
        except LoginRequired:
            waiting = self._attempts.begun_login()
            if waiting is None:  # it was not begun: a person has declined it a short while ago, for example
                raise
            return waiting.view
        return None

    def _log_out(self, _: threading.Event) -> Steps[LogoutResult]:
        try:
            result = yield from self._logout.ending_session()
            tell("LoggedOut", existed=result.existed, revoked=result.revoked, problem=result.problem)
            return result
        finally:
            self._attempts.forget_begun_login()
            self._at_hand.forget()
            self._attempts.backoff.succeeded()
