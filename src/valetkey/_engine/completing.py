# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The second half of a login that was begun with a link: its answer is checked, its code redeemed, its session saved.

It runs in any process that has the store. The login is claimed first, with a conditional write, so its code is sent
once. The lease of the session is not taken: it is written as every login's, newer tokens of other programs stay. A
lease that stands for the login shows that the process lives.
"""

from contextlib import suppress
from dataclasses import replace
from functools import partial

from valetkey._clients.selection import ClientSelection
from valetkey._engine.acceptance import Acceptance
from valetkey._engine.braking import Braking
from valetkey._engine.decision import TokenNeed
from valetkey._engine.refusing import login_waits
from valetkey._engine.telling import telling_of_login
from valetkey._grants.begun_login import BegunLogins
from valetkey._grants.code_login import CodeLogin
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._policy.fitting import terms_of
from valetkey._sessions.codec import session_key, waiting_key
from valetkey._sessions.pending_codec import PendingRecord, login_id_of
from valetkey._sessions.pending_logins import PendingLogins
from valetkey._sessions.sessions import Sessions
from valetkey.errors import AuthError, LoginFailed, StateMismatch, StoreError, TemporaryError
from valetkey.protocol.authorization import parse_callback, state_of
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.protocol import Absent, Store
from valetkey.values import Secret, Session

_NEW_LINK_HINT = "Call the tool or the server again: it gives a new link."


class LoginOver(LoginFailed):
    """The answer completes nothing, and the login it belongs to may well have succeeded: with this same answer."""


class Completing:
    """Completes the logins of one session."""

    def __init__(self, settings: Settings, store: Store, seams: Seams, acceptance: Acceptance) -> None:
        self._settings = settings
        self._store = store
        self._seams = seams
        self._acceptance = acceptance
        self._pending = PendingLogins(store, seams.now, seams.later)

    def complete(self, callback_url: str, principal: str) -> Session:
        """
        Redeem the answer of a login, and give its session.

        An answer that is not the one of this login, or of another user's, changes nothing.
        """
        record, version = waiting_for(callback_url, self._pending)
        require_owner(record, principal)
        if session_key(record.settings) != session_key(self._settings):
            raise _of_another_session()
        with self._seams.keep_connections():
            complete = partial(_Completion(self, record, version).complete, callback_url)
            return telling_of_login(self._settings, "the answer of a login has come", complete)


def waiting_for(callback_url: str, pending: PendingLogins) -> tuple[PendingRecord, str]:
    """Give the login that an answer belongs to, with its version."""
    found = pending.find(login_id_of(state_of(callback_url)))
    if found is None:
        message = "No login waits for this answer: it was completed, its time is over, or it was begun anew."
        raise LoginOver(message, hint=_NEW_LINK_HINT)
    return found


def require_owner(record: PendingRecord, principal: str) -> None:
    """Refuse the answer of one user to the login of another: the session would hold a stranger's account."""
    if record.settings.principal != principal:
        message = "This login was begun for another user."
        raise StateMismatch(message, hint="Log in through the link that was given to you.")


def _of_another_session() -> StateMismatch:
    message = "The answer belongs to a login at another MCP server, or with other settings."
    return StateMismatch(message, hint="Complete it where it was begun, or with complete_login().")


class _Completion:
    """One answer on its way."""

    def __init__(self, place: Completing, record: PendingRecord, version: str) -> None:
        settings, store = place._settings, place._store
        self._settings = settings
        self._record = record
        self._version = version
        self._waiting = waiting_key(record.settings)
        self._pending = place._pending
        self._braking = Braking(settings, store, place._seams, place._acceptance, record.mark)
        seams = self._braking.seams
        self._sessions = Sessions(settings, store, seams)
        clients, tokens = ClientSelection(settings, store, seams), TokenEndpoint(settings, seams)
        self._logins = BegunLogins(CodeLogin(settings, seams, clients, tokens), place._pending)
        self._need = TokenNeed(more_scope=record.more_scope)

    def complete(self, callback_url: str) -> Session:
        with self._pending.hold(self._waiting):
            return self._complete(callback_url)

    def _complete(self, callback_url: str) -> Session:
        try:
            code = parse_callback(callback_url, self._record.request)
        except LoginFailed as error:  # the issuer's own word; any other error leaves the login waiting
            self._claim()
            raise self._ended(error) from error
        claimed, before = self._claim()
        try:
            session = self._redeem(code, before)
        except TemporaryError as error:
            self._braking.failed(error, self._need, None)
            self._give_back(claimed)
            raise
        except AuthError as error:
            raise self._ended(error) from error
        self._braking.succeeded()
        with suppress(StoreError):  # the session is there; the claimed login ends by itself
            self._pending.end(self._waiting, self._record.id)
        return session

    def _claim(self) -> tuple[str, str | Absent]:
        """Take the login, and count it with the brake; gives its version, and the one of the session to write over."""
        claimed = self._pending.claim(self._record, self._version)
        if claimed is None:
            message = "The answer to this login has come before, and is being redeemed."
            raise LoginOver(message, hint="Go back to where you came from, and try again in a moment.")
        try:
            self._braking.answered(self._need)
            return claimed, self._sessions.read()[1]
        except StoreError:  # nothing was sent, so the answer can be brought again
            with suppress(StoreError):
                self._braking.postponed(None)
            self._give_back(claimed)
            raise

    def _give_back(self, claimed: str) -> None:
        with suppress(StoreError):  # then the login is over soon, and what has happened is the more useful error
            self._pending.give_back(self._record, claimed)

    def _redeem(self, code: Secret, before: str | Absent) -> Session:
        def save(session: Session) -> Session:
            return self._sessions.save_answer(replace(session, terms=terms_of(self._settings)), before)

        return self._logins.redeem(self._record, code, save)

    def _ended(self, error: AuthError) -> AuthError:
        """End the login, and give the error to raise: with a new link where the server has said what would help."""
        again = self._logins.begun_again(self._record, error)
        if again is not None:
            self._braking.postponed(None)
            return login_waits(again.view, again.reason)
        told = self._logins.advised(self._record, error)
        self._braking.failed(told, self._need, None)
        with suppress(StoreError):
            self._pending.end(self._waiting, self._record.id)
        return told
