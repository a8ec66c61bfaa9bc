# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Renewing a session with its refresh token (RFC 6749 §6), so that no answer of the server is ever lost.

The order is fixed: write an intent (which proves that the store can be written), send, write the answer, and only then
use it.

An intent that is still in the store means that an answer was lost. The same refresh token is sent once more, at once: a
server with a grace period forgives it, and one that never got the request takes it. Where the server says that the
token is spent, the session cannot be renewed any more, and its access token serves until it expires.
"""

import logging
import math
import os
import socket
from contextlib import suppress
from dataclasses import replace

from valetkey._engine.refresh_outcome import Overtaken, RefreshOutcome, RefreshRefused, Renewed, Unanswered, Unavailable
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._policy.fitting import terms_after_renewal
from valetkey._policy.refusal import LASTING, NOTHING_ENDS, Asked, answer_of, meaning_of
from valetkey._policy.tolerance import as_presented
from valetkey._sessions.fingerprint import fingerprint
from valetkey._sessions.sessions import Sessions
from valetkey.errors import AuthError, MalformedDocument, Refused, StoreError, TemporaryError, Unsupported
from valetkey.events.listening import tell
from valetkey.profiles.applied import resolve_profile
from valetkey.profiles.profile import Profile
from valetkey.protocol.dpop import key_of
from valetkey.protocol.token import renewed
from valetkey.protocol.token_request import TokenRequest, refresh_request
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.leases.keeping import LEASE_SECONDS
from valetkey.store.protocol import Conflict, Lease
from valetkey.values import RefreshIntent, Secret, Session, Token
from valetkey.wire import LONGEST_EXCHANGE, UnknownOutcome

_logger = logging.getLogger("valetkey")

SPARE_SECONDS = 1.5
"""How many seconds a lease must last when the refresh token is sent. It is extended while the answer is waited for."""

HOLDERS_SECONDS = 2.0
"""How long the holder of a lease that the store has lost may take to save its answer."""


class Refresher:
    """Refreshes the sessions of one MCP server. Its callers hold the session's lease."""

    def __init__(self, settings: Settings, seams: Seams, sessions: Sessions, tokens: TokenEndpoint) -> None:
        self._settings = settings
        self._seams = seams
        self._sessions = sessions
        self._tokens = tokens

    def refresh(self, session: Session, version: str, lease: Lease) -> RefreshOutcome:
        """
        Refresh a session that has a refresh token.

        :raises StoreError: If the store cannot be written; nothing was sent.
        :raises TrustError: If a check of identity failed; nothing is forgotten.
        """
        refresh_token = session.token.refresh_token
        if refresh_token is None:
            message = "there is no refresh token to renew with"
            raise ValueError(message)
        try:
            self._wait_for_holder(session, version, refresh_token, lease)
            version = self._sessions.amend(replace(session, refresh_intent=self._intent(refresh_token)), version)
            if not _lasts(lease):
                self._withdraw(session, version)
                message = f"The session store is too slow to renew the session at {session.issuer}."
                return Unanswered(TemporaryError(message, hint="Try again in a moment."))
            return self._exchange(session, version, refresh_token)
        except Conflict:
            return Overtaken()

    def _exchange(self, session: Session, version: str, refresh_token: Secret) -> RefreshOutcome:
        """Send the refresh token, and write the answer down before anything uses it."""
        profile = resolve_profile(self._settings.profile, session.issuer, self._settings.profile_members)
        try:
            answer, request = self._send(session, refresh_token, profile)
        except UnknownOutcome as outcome:
            return Unanswered(outcome)  # the intent stays: it says that this refresh token may be spent
        except TemporaryError as error:
            self._withdraw(session, version)
            return Unavailable(error)
        except (Refused, MalformedDocument, Unsupported) as error:
            return self._refused(session, version, error, profile)
        except AuthError:
            self._withdraw(session, version)
            raise
        terms = terms_after_renewal(self._settings, session)
        fresh = replace(session, resource=request.resource, refresh_intent=None, terms=terms, renewed=True)
        try:
            token = renewed(session.token, as_presented(answer, self._settings.bearer or "access_token"))
            key_of(token, session.dpop_key, session.issuer)
        except Unsupported as error:  # OpenID Connect Core §12.2 lets a refresh bring no ID token; a login may
            rotated = replace(session.token, refresh_token=answer.refresh_token or refresh_token)
            self._sessions.save_answer(replace(fresh, token=rotated), version, renews=session.token)
            lacks_id_token = self._settings.bearer == "id_token" and answer.id_token is None
            return RefreshRefused(error, NOTHING_ENDS if lacks_id_token else LASTING)
        return Renewed(self._sessions.save_answer(replace(fresh, token=token), version, renews=session.token))

    def _intent(self, refresh_token: Secret) -> RefreshIntent:
        now = self._seams.now()
        return RefreshIntent(now, fingerprint(refresh_token), _this_process(), now + LONGEST_EXCHANGE)

    def _wait_for_holder(self, session: Session, version: str, refresh_token: Secret, lease: Lease) -> None:
        """
        Log an intent that was left behind, and wait where its holder may still be about to save its answer.

        A lock of the kernel is free only if its holder has ended. A lease on a server may be free before its time
        because that server was restarted, while the holder still runs.
        """
        intent = session.refresh_intent
        if intent is None or not _is_about(intent, refresh_token):
            return
        what = f"the renewal at {session.issuer} that {intent.holder or 'another program'} began has left no answer"
        _logger.info("%s; the same refresh token is sent once more", what)
        ends_at = min(intent.deadline, intent.started_at + LEASE_SECONDS)  # a holder that lives has extended its lease
        left = min(ends_at - self._seams.now(), HOLDERS_SECONDS)
        if left > 0 and intent.holder != _this_process() and not math.isinf(lease.remaining()):
            self._seams.pause(left)
            if self._sessions.read()[1] != version:
                raise Conflict(self._sessions.key)

    def _send(self, session: Session, refresh_token: Secret, profile: Profile) -> tuple[Token, TokenRequest]:
        request = refresh_request(session, refresh_token)
        granted = session.token.scope
        if profile.scope_on_refresh:  # as in the login: Entra ID lists scopes as granted that it refuses side by side
            request = request.with_scope(session.requested_scope or granted)
        return self._tokens.ask_corrected(request, granted=granted)

    def _withdraw(self, session: Session, version: str) -> None:
        """
        Take the intent back where nothing was spent; if that fails, an intent too many does no harm.

        An older intent is written back with the session: its outcome is still unknown.
        """
        with suppress(Conflict, StoreError):
            self._sessions.amend(session, version)

    def _refused(self, session: Session, version: str, refusal: AuthError, profile: Profile) -> RefreshOutcome:
        """End the refresh token if the refusal says so, and if it is still the one that was sent."""
        answer = answer_of(refusal, Asked.RENEWAL, session.client, profile)
        meaning = LASTING if answer is None else meaning_of(answer)
        stored, _ = self._sessions.read()
        if stored is not None and stored.token.refresh_token != session.token.refresh_token:
            return Renewed(stored)
        if not meaning.ends_token:
            self._withdraw(session, version)
            return RefreshRefused(refusal, meaning)
        if session.refresh_intent is not None:
            _logger.warning("the answer that was lost at %s had spent the refresh token: %s", session.issuer, refusal)
        token = replace(session.token, refresh_token=None)
        with suppress(Conflict):
            self._sessions.amend(replace(session, token=token, refresh_intent=None, ended=refusal.message), version)
            tell("SessionEnded", issuer=session.issuer, message=refusal.message)
        return RefreshRefused(refusal, meaning)


def _lasts(lease: Lease) -> bool:
    """Tell whether a lease is held for long enough to be extended in time; the store knows it of one that ends."""
    with suppress(Exception):  # a store of the user's own may raise anything
        return lease.remaining() >= SPARE_SECONDS or (
            lease.extend(LEASE_SECONDS) and lease.remaining() >= SPARE_SECONDS
        )
    return False


def _is_about(intent: RefreshIntent, refresh_token: Secret) -> bool:
    """Tell whether an intent is about a refresh token; older versions wrote no fingerprint."""
    return intent.fingerprint in ("", fingerprint(refresh_token))


def _this_process() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"
