# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Logging out: revoke the tokens at the authorization server (RFC 7009), and delete the session whatever it answers.

The client's registration stays: it names this program and no person, and the next login needs it.
"""

import logging
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass

from valetkey._clients.authentication import ClientAuthenticator
from valetkey._discovery.server import moved_server
from valetkey._engine.workers import Steps
from valetkey._policy.refusal import Asked, answer_of, meaning_of
from valetkey._sessions.brakes import Brakes
from valetkey._sessions.sessions import Sessions
from valetkey.errors import AuthError, Refused, TemporaryError
from valetkey.protocol.error_response import CLIENT_ERRORS
from valetkey.protocol.revocation import TokenKind, parse_revocation, revocation_request
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.another import MOST_WRITES, always_in_conflict
from valetkey.store.leases.holding import LeaseTimeout, holding
from valetkey.store.protocol import Conflict
from valetkey.values import Client, ClientAuthentication, Secret, ServerMetadata, Session

_logger = logging.getLogger("valetkey")

PATIENCE = 15.0
"""For how many seconds a server that cannot revoke now is asked again."""

_FIRST_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class LogoutResult:
    """How a logout ended. The session is deleted in any case."""

    existed: bool
    """True if there was a session."""
    revoked: bool = False
    """True if the authorization server has ended the grant too."""
    problem: str | None = None
    """What the server has not done, in a sentence that is safe to show; None if it has done all."""


class Logout:
    """Ends the session of one MCP server."""

    def __init__(self, settings: Settings, seams: Seams, sessions: Sessions) -> None:
        self._settings = settings
        self._seams = seams
        self._sessions = sessions
        self._authenticator = ClientAuthenticator(settings, seams)
        self._brakes = Brakes(settings, sessions.store)

    def ending_session(self) -> Steps[LogoutResult]:
        """
        Revoke the tokens and delete the session.

        :raises StoreError: If the session cannot be read or deleted.
        """
        seams, sessions = self._seams, self._sessions
        turn: LogoutResult | AbstractContextManager[object]
        try:
            # With the lease, no refresh is under way that would bring the session back.
            turn = yield from holding(sessions.store, sessions.key, self._has_ended, monotonic=seams.monotonic)
        except LeaseTimeout:  # that program may wait for a person; its login makes a session of its own
            _logger.info("another program holds the lease of the session for long, it is deleted without it")
            turn = nullcontext()
        if isinstance(turn, LogoutResult):
            self._brakes.forget()
            return turn
        with turn, seams.keep_connections():
            try:
                return self._revoke_and_delete()
            finally:
                self._brakes.forget()

    def _has_ended(self) -> LogoutResult | None:
        return LogoutResult(existed=False) if self._sessions.read_to_revoke()[0] is None else None

    def _revoke_and_delete(self) -> LogoutResult:
        result = LogoutResult(existed=False)
        for _ in range(MOST_WRITES):  # a program without the lease may write meanwhile; its tokens are revoked too
            session, version = self._sessions.read_to_revoke()
            if session is None:
                return result
            try:
                result = self._revoked(session)
            finally:
                with suppress(Conflict):
                    self._sessions.delete(version)
        raise always_in_conflict()

    def _revoked(self, session: Session | str) -> LogoutResult:
        if isinstance(session, str):
            return LogoutResult(existed=True, problem=session)
        if session.server.revocation_endpoint is None:
            problem = f"{session.issuer} offers no revocation, so its tokens end when their time is over."
            return LogoutResult(existed=True, problem=problem)
        deadline = self._seams.monotonic() + PATIENCE
        way = self._way(session.client, session.server)
        answers = [self._answer(session, kind, token, way, deadline) for kind, token in _tokens(session)]
        problems = [answer for answer in answers if answer is not None]
        return LogoutResult(existed=True, revoked=answers[0] is None, problem=next(iter(problems), None))

    def _answer(self, session: Session, kind: TokenKind, token: Secret, way: "_Way", deadline: float) -> str | None:
        """Revoke a token; give what went wrong, None if the token has ended."""
        name = kind.replace("_", " ")
        try:
            is_revoked = self._revoke(session.client, kind, token, way, deadline)
        except AuthError as error:
            _logger.info("the %s is not revoked: %s", name, error)
            return error.message
        goes_with_another = kind is TokenKind.ACCESS and session.token.refresh_token is not None  # RFC 7009 §2.1
        return None if is_revoked or goes_with_another else f"{session.issuer} revokes no {name}."

    def _revoke(self, client: Client, kind: TokenKind, token: Secret, way: "_Way", deadline: float) -> bool:
        """Ask the server to revoke a token, and again while it cannot answer, until the deadline."""
        pause, way.empty_secret = _FIRST_PAUSE, False
        while True:
            try:
                return self._ask(client, kind, token, way)
            except Refused as refusal:
                if not self._changes(way, client, refusal):
                    raise
            except TemporaryError as error:
                wait = pause if error.retry_after is None else max(error.retry_after, _FIRST_PAUSE)
                if self._seams.monotonic() + wait > deadline:
                    raise
                self._seams.pause(wait)
                pause *= 2

    def _changes(self, way: "_Way", client: Client, refusal: Refused) -> bool:
        """Change how the server is asked as its refusal says; False if the refusal is final."""
        answer = answer_of(refusal, Asked.REVOCATION, client)
        if answer is not None and meaning_of(answer).is_elsewhere:
            return self._has_moved(way, client)
        if refusal.error in CLIENT_ERRORS or refusal.status == 401:  # RFC 6749 §5.2: what 401 is for
            way.methods = way.methods[1:]
            return bool(way.methods)
        if way.empty_secret or refusal.error != "invalid_request" or client.secret is not None:
            return False
        way.empty_secret = True
        return True

    def _has_moved(self, way: "_Way", client: Client) -> bool:
        """Read the issuer's metadata once more (RFC 8414 §3); True if it names another revocation endpoint."""
        if way.has_read_metadata:
            return False
        way.has_read_metadata = True
        server = moved_server(way.server, "revocation_endpoint", self._settings, self._seams.send)
        if server is None:
            return False
        way.server, way.methods = server, self._authenticator.revocation_methods(client, server)
        return True

    def _way(self, client: Client, server: ServerMetadata) -> "_Way":
        return _Way(server, self._authenticator.revocation_methods(client, server))

    def _ask(self, client: Client, kind: TokenKind, token: Secret, way: "_Way") -> bool:
        method = way.methods[0] if way.methods else None
        authentication = self._authenticator.authenticate(client, way.server, method=method)
        if way.empty_secret:
            authentication = authentication.with_empty_secret()
        request = revocation_request(way.server, client, authentication, token, kind)
        return parse_revocation(self._seams.send(request), now=self._seams.now())


@dataclass(slots=True)
class _Way:
    """How the server of one session is asked, as far as its refusals have told."""

    server: ServerMetadata
    methods: tuple[ClientAuthentication, ...]  # the first is used; the others are left to try
    empty_secret: bool = False
    has_read_metadata: bool = False


def _tokens(session: Session) -> tuple[tuple[TokenKind, Secret], ...]:
    """Give the tokens to revoke, the refresh token first: the whole grant ends with it (RFC 7009 §2.1)."""
    token = session.token
    access = ((TokenKind.ACCESS, token.access_token),)
    if token.refresh_token is None:
        return access
    refresh = (TokenKind.REFRESH, token.refresh_token)
    # What the MCP server sees may be the ID token, which is nothing that RFC 7009 revokes.
    return (refresh,) if token.access_token == token.id_token else (refresh, *access)
