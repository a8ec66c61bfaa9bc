# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Renewing a session with its refresh token (RFC 6749 §6), so that no answer of the server is ever lost.

The order is fixed: write down that it begins (which proves that the store can be written), send, write the answer
down, and only then hand it out.

An intent that is found means that an answer was lost: the outcome is unknown. Its refresh token is sent once more, at
once: a server with a grace period forgives it, and one that never got the request takes it. Where the server says that
the token is spent, the session cannot be renewed any more, and its access token serves until its time is over.
"""

import hashlib
import logging
import math
import os
import socket
from contextlib import suppress
from dataclasses import replace

from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._policy.refusal import ends_refresh_token
from valetkey._policy.tolerance import as_presented
from valetkey._sessions.sessions import Sessions
from valetkey.errors import AuthError, ClientRefused, Refused, StoreError, Unsupported
from valetkey.profiles.applied import resolve_profile
from valetkey.profiles.profile import Profile
from valetkey.protocol.dpop import key_of
from valetkey.protocol.token import renewed
from valetkey.protocol.token_request import TokenRequest, refresh_request
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.protocol import Conflict, Lease
from valetkey.values import RefreshIntent, Secret, Session, Token
from valetkey.wire import LONGEST_EXCHANGE, UnknownOutcome

_logger = logging.getLogger("valetkey")

SPARE_SECONDS = 2.0
"""What a lease must last beyond the longest exchange when the refresh token is sent."""

HOLDERS_SECONDS = 2.0
"""How long the holder of a lease that the store has lost may take to save its answer."""


class LeaseRunsOut(Exception):
    """The lease would not outlast an exchange, so nothing was sent."""


class RefreshRefused(Exception):
    """
    The authorization server refuses to renew the session; it has to begin anew.

    :param refusal: What the server said.
    :param is_client_gone: True if it has forgotten a client that we registered.
    """

    def __init__(self, refusal: Refused, *, is_client_gone: bool = False) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.is_client_gone = is_client_gone


class Refresher:
    """
    Renews the sessions of one MCP server. Its callers hold the session's lease.

    :param settings: The settings.
    :param seams: Where the engine touches the world.
    :param sessions: The store.
    :param tokens: Asks token endpoints.
    """

    def __init__(self, settings: Settings, seams: Seams, sessions: Sessions, tokens: TokenEndpoint) -> None:
        self._settings = settings
        self._seams = seams
        self._sessions = sessions
        self._tokens = tokens

    def refresh(self, session: Session, version: str, lease: Lease) -> Session:
        """
        Renew a session.

        :param session: The session, with a refresh token.
        :param version: Its version in the store.
        :param lease: The lease of the session.
        :returns: The session to use: the renewed one, or a newer one that somebody else has written.
        :raises RefreshRefused: If the server said a definite no.
        :raises Conflict: If somebody else has written the session, or somebody has logged out.
        :raises LeaseRunsOut: If the lease would end too soon; nothing was sent.
        :raises StoreError: If the store cannot be written; nothing was sent.
        :raises UnknownOutcome: If the request left and no answer came; the next refresh sends the same token.
        :raises TemporaryError: If the server could not answer; nothing is forgotten.
        """
        refresh_token = session.token.refresh_token
        if refresh_token is None:
            message = "there is no refresh token to renew with"
            raise ValueError(message)
        profile = resolve_profile(self._settings.profile, session.issuer, self._settings.profile_members)
        self._recover(session, version, refresh_token, lease)
        version = self._sessions.write(replace(session, refresh_intent=self._intent(refresh_token)), version)
        if lease.remaining() < LONGEST_EXCHANGE + SPARE_SECONDS:
            self._withdraw(session, version)
            raise LeaseRunsOut(self._sessions.key)
        try:
            answer, request = self._send(session, refresh_token, profile)
        except UnknownOutcome:
            raise  # the intent stays: whoever comes next knows that this refresh token may be spent
        except Refused as refusal:
            if not self._is_definite(session, refusal):
                self._withdraw(session, version)
                raise  # a web page with status 403 is no answer of an authorization server
            return self._refused(session, version, refusal)
        except AuthError:
            self._withdraw(session, version)
            raise
        fresh = replace(session, resource=request.resource, refresh_intent=None)
        try:
            token = renewed(session.token, as_presented(answer, self._settings.bearer or "access_token"))
            key_of(token, session.dpop_key, session.issuer)
        except Unsupported:  # OpenID Connect Core §12.2 lets a refresh bring no ID token; a rotated token is kept
            rotated = replace(session.token, refresh_token=answer.refresh_token or refresh_token)
            self._sessions.save_answer(replace(fresh, token=rotated), version, renews=session.token)
            raise
        return self._sessions.save_answer(replace(fresh, token=token), version, renews=session.token)

    def _intent(self, refresh_token: Secret) -> RefreshIntent:
        now = self._seams.now()
        return RefreshIntent(now, _fingerprint(refresh_token), _this_process(), now + LONGEST_EXCHANGE)

    def _recover(self, session: Session, version: str, refresh_token: Secret, lease: Lease) -> None:
        """
        Say what an intent means that is found, and wait where its holder may still be about to save its answer.

        A lock of the kernel is free only if its holder is gone. A lease on a server may be free because that server
        was started anew, while the holder goes on.
        """
        intent = session.refresh_intent
        if intent is None or not _is_about(intent, refresh_token):
            return
        what = f"the renewal at {session.issuer} that {intent.holder or 'another program'} began has left no answer"
        _logger.info("%s; the same refresh token is sent once more", what)
        left = min(intent.deadline - self._seams.now(), HOLDERS_SECONDS)
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

    @staticmethod
    def _is_definite(session: Session, refusal: Refused) -> bool:
        """
        Tell whether an authorization server has spoken, and not something in front of it.

        Supabase answers 422 and a JSON text of its own for a client it has forgotten.
        """
        return refusal.error is not None or (session.client.registered and refusal.is_json)

    def _withdraw(self, session: Session, version: str) -> None:
        """
        Take the intent back where nothing was spent; if that fails, an intent too many does no harm.

        One that was found before comes back: that outcome is as unknown as it was.
        """
        with suppress(Conflict, StoreError):
            self._sessions.write(session, version)

    def _refused(self, session: Session, version: str, refusal: Refused) -> Session:
        """
        Only what speaks about the token ends it, and only if it is still the one we sent (see `policy`).

        A client that we registered and the server has forgotten takes its refresh tokens with it.
        """
        found, _ = self._sessions.read()
        if found is not None and found.token.refresh_token != session.token.refresh_token:
            return found
        is_forgotten = session.client.registered and (isinstance(refusal, ClientRefused) or refusal.error is None)
        is_dead = ends_refresh_token(refusal.error)
        if is_dead and session.refresh_intent is not None:
            _logger.warning("the answer that was lost at %s had spent the refresh token: %s", session.issuer, refusal)
        ended = replace(session, token=replace(session.token, refresh_token=None))
        kept = ended if is_dead or is_forgotten else session
        with suppress(Conflict):
            self._sessions.write(replace(kept, refresh_intent=None), version)
        raise RefreshRefused(refusal, is_client_gone=is_forgotten) from refusal


def _fingerprint(refresh_token: Secret) -> str:
    return hashlib.sha256(refresh_token.reveal().encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _is_about(intent: RefreshIntent, refresh_token: Secret) -> bool:
    """Older versions wrote no fingerprint; their intent is about the token beside it."""
    return intent.fingerprint in ("", _fingerprint(refresh_token))


def _this_process() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"
