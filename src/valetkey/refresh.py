# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Renewing a session with its refresh token (RFC 6749 §6), so that no answer of the server is ever lost.

The order is fixed: write down that it begins (which proves that the store can be written), send, write the answer
down, and only then hand it out.
"""

from contextlib import suppress
from dataclasses import replace

from valetkey.errors import AuthError, ClientRefused, Refused, StoreError
from valetkey.protocol.token import parse_token, refresh_request, renewed
from valetkey.seams import Seams
from valetkey.send import UnknownOutcome
from valetkey.sessions import Sessions
from valetkey.store import Conflict
from valetkey.values import RefreshIntent, Secret, Session
from valetkey.wire import HttpResponse


class RefreshRefused(Exception):
    """
    The authorization server refuses to renew the session; it has to begin anew.

    :param refusal: What the server said.
    """

    def __init__(self, refusal: Refused) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


def refresh(session: Session, version: str, sessions: Sessions, seams: Seams) -> Session:
    """
    Renew a session. The caller holds its lease.

    :param session: The session, with a refresh token.
    :param version: Its version in the store.
    :param sessions: The store.
    :param seams: Where the engine touches the world.
    :returns: The session to use: the renewed one, or a newer one that somebody else has written.
    :raises RefreshRefused: If the server said a definite no.
    :raises Conflict: If somebody else has written the session; nothing was sent.
    :raises StoreError: If the store cannot be written; nothing was sent.
    :raises TemporaryError: If the server could not answer; nothing is forgotten.
    """
    refresh_token = session.token.refresh_token
    if refresh_token is None:
        message = "there is no refresh token to renew with"
        raise ValueError(message)
    now = seams.now()
    version = sessions.write(replace(session, refresh_intent=RefreshIntent(started_at=now)), version)
    try:
        response = _send(session, refresh_token, seams)
        answer = parse_token(response, now=now, requested_scope=session.token.scope)
    except UnknownOutcome:
        raise  # the intent stays: whoever comes next knows that this refresh token may be spent
    except Refused as refusal:
        if refusal.error is None:
            _withdraw(session, version, sessions)
            raise  # a web page with status 403 is no answer of an authorization server
        return _refused(session, version, sessions, refusal)
    except AuthError:
        _withdraw(session, version, sessions)
        raise
    fresh = replace(session, token=renewed(session.token, answer), refresh_intent=None)
    return sessions.save_answer(fresh, version)


def _send(session: Session, refresh_token: Secret, seams: Seams) -> HttpResponse:
    request = refresh_request(session, refresh_token)
    try:
        return seams.send(request)
    except UnknownOutcome:
        # At once and with the same token: a server that rotates forgives this within its grace period, if it has one.
        return seams.send(request)


def _withdraw(session: Session, version: str, sessions: Sessions) -> None:
    """Take the intent back after an answer that spent nothing; if that fails, an intent too many does no harm."""
    with suppress(Conflict, StoreError):
        sessions.write(replace(session, refresh_intent=None), version)


def _refused(session: Session, version: str, sessions: Sessions, refusal: Refused) -> Session:
    """
    Only `invalid_grant` speaks about the token, and only if it is still the one we sent; nothing else ends it.

    A client that we registered and the server has forgotten takes its refresh tokens with it.
    """
    found, _ = sessions.read()
    if found is not None and found.token.refresh_token != session.token.refresh_token:
        return found
    is_forgotten = isinstance(refusal, ClientRefused) and session.client.registered
    keeps_token = refusal.error != "invalid_grant" and not is_forgotten
    ended = session if keeps_token else replace(session, token=replace(session.token, refresh_token=None))
    with suppress(Conflict):
        sessions.write(replace(ended, refresh_intent=None), version)
    raise RefreshRefused(refusal) from refusal
