# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
How another token is obtained, cheapest first: what somebody else has already obtained, a refresh, a grant.

One critical section: take the lease of the session, read it again, act, write, release (see `store.turn`).
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from valetkey import urls
from valetkey._clients.dpop import create_key
from valetkey._clients.selection import ClientSelection
from valetkey._discovery.discovery import discover
from valetkey._discovery.resource import ResourceAnswer, ask_resource
from valetkey._discovery.target import AuthorizationTarget
from valetkey._engine.backoff import Backoff, Resting
from valetkey._engine.decision import TokenNeed
from valetkey._engine.refresh import LeaseRunsOut, Refresher, RefreshRefused
from valetkey._engine.step_up import StepUps
from valetkey._grants.grant import GrantContext
from valetkey._grants.opening import open_grant
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._policy.issuers import choose_issuers
from valetkey._policy.lifetime import is_expired
from valetkey._policy.rejection import fits_scheme
from valetkey._policy.scope import choose_scope, covers_scope, unite
from valetkey._sessions.sessions import Sessions
from valetkey.errors import (
    AuthError,
    ClientRefused,
    LoginFailed,
    MalformedDocument,
    Refused,
    TemporaryError,
    TokenRejected,
)
from valetkey.protocol.challenge import Challenge
from valetkey.protocol.dpop import PROOF_ERRORS, binding_algorithm
from valetkey.seams import LoginPrompt, Seams
from valetkey.settings.settings import Settings
from valetkey.store.leases.acquiring import LeaseTimeout, acquire_unless
from valetkey.store.leases.keeping import kept_alive
from valetkey.store.protocol import ABSENT, Conflict, Lease, Store
from valetkey.values import Scope, Secret, Session
from valetkey.wire import UnknownOutcome

_logger = logging.getLogger("valetkey")

TURN_SECONDS = 25.0
"""How long another program may take to renew the same session; a login may take its own time on top."""


GATHERING_SECONDS = 0.05
"""How long a step-up waits for other callers that were rejected at the same moment."""


class _AnotherTurn(Exception):
    """
    The refresh has to be made once more, with a lease that lasts.

    :param outcome: What to tell if that does not help either.
    """

    def __init__(self, outcome: TemporaryError) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


class Attempts:
    """
    The attempts of one engine; they run in the thread of its flight, one at a time.

    :param settings: The settings.
    :param store: Where the session is kept.
    :param seams: Where the engine touches the world.
    :param announce: Told what a person is asked, and None when that is over.
    :param wanted: Gives what all callers miss that wait right now, so that a person is asked once for all of it.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        seams: Seams,
        announce: Callable[[LoginPrompt | None], None],
        wanted: Callable[[], Scope] = tuple,
    ) -> None:
        self.sessions: Sessions = Sessions(settings, store, seams)
        self._settings = settings
        self._seams = seams
        self._announce = announce
        self.backoff: Backoff = Backoff(seams.monotonic)
        self._wanted = wanted
        self._clients = ClientSelection(settings, store, seams)
        tokens = TokenEndpoint(settings, seams)
        self._refresher = Refresher(settings, seams, self.sessions, tokens)
        self._grant = open_grant(settings, seams, self._clients, tokens)
        self._step_ups = StepUps(settings, seams)
        self._ended: Secret | None = None  # the access token of a grant that its issuer has ended

    def satisfies(self, session: Session | None, need: TokenNeed) -> bool:
        """
        Tell whether a session is an answer to a need.

        :param session: The session, if any.
        :param need: The need.
        :returns: True if its token is another one, has not expired, and has the scope and the key if one is wanted.
        """
        if session is None or session.token.access_token.reveal() == need.rejected:
            return False
        if not fits_scheme(session, need.challenge):
            return False
        return not is_expired(session.token, self._seams.now()) and covers_scope(session, need.more_scope)

    def obtain(self, need: TokenNeed, cancelled: threading.Event) -> Session:
        """
        Obtain a session that answers a need.

        :param need: The need.
        :param cancelled: Set when nobody waits for a person any more.
        :returns: The session, which is in the store.
        :raises AuthError: If there is none to be had.
        """
        urls.require_endpoint(self._settings.server_url, "URL of the MCP server")
        try:
            with self._seams.keep_connections():
                session = self._in_turns(need, cancelled)
        except Resting:
            raise
        except AuthError as error:
            if need.early or isinstance(error, TemporaryError):
                self.backoff.failed(error)
            raise
        self.backoff.succeeded()
        return session

    def _in_turns(self, need: TokenNeed, cancelled: threading.Event) -> Session:
        try:
            return self._in_turn(need, cancelled)
        except _AnotherTurn as first:
            _logger.info("the renewal is tried once more: %s", first)
        try:
            # At once and with the same refresh token: a server that rotates forgives this within its grace period, if
            # it has one. In a turn of its own, because nothing is sent on a lease that may end before the answer.
            return self._in_turn(need, cancelled)
        except _AnotherTurn as second:
            raise second.outcome from second

    def _in_turn(self, need: TokenNeed, cancelled: threading.Event) -> Session:
        def done() -> Session | None:
            session, _ = self.sessions.read()
            return session if self.satisfies(session, need) else None

        is_alone = need.early or self._settings.is_machine
        patience = TURN_SECONDS if is_alone else TURN_SECONDS + self._settings.login_timeout
        try:
            turn = acquire_unless(
                self.sessions.store,
                self.sessions.key,
                done,
                seconds=patience,
                pause=self._seams.pause,
                cancelled=cancelled,
                monotonic=self._seams.monotonic,
            )
        except LeaseTimeout as error:
            message = f"Another program has been obtaining a token for {self._settings.server_url} for too long."
            raise TemporaryError(message, hint="Try again in a moment.") from error
        if isinstance(turn, Session):
            return turn
        with turn:
            return self._act(need, cancelled, turn)

    def _act(self, need: TokenNeed, cancelled: threading.Event, lease: Lease) -> Session:
        session, version = self.sessions.read()
        if session is not None and self.satisfies(session, need):
            return session
        resource_answer = self._news(need, session)
        is_past = resource_answer is not None and self._has_moved(resource_answer, session)
        is_past = is_past or (session is not None and not fits_scheme(session, need.challenge))
        is_renewable = session is not None and session.token.refresh_token is not None and not is_past
        if session is None or version is ABSENT or not is_renewable or need.more_scope is not None:
            self._refuse_pointless_login(need, session, is_past=is_past)
            if self._settings.is_machine:
                self.backoff.require_end()
            return self._begin(need, session, cancelled, resource_answer, lease)
        self.backoff.require_end()
        try:
            return self._refresher.refresh(session, version, lease)
        except Conflict:
            return self._act(need, cancelled, lease)  # somebody without our lease wrote the session: look again
        except UnknownOutcome as outcome:
            raise _AnotherTurn(outcome) from outcome
        except LeaseRunsOut as late:
            message = f"The session store is too slow to renew the session at {session.issuer}."
            raise _AnotherTurn(TemporaryError(message, hint="Try again in a moment.")) from late
        except RefreshRefused as ended:
            if need.early or self._outlasts_a_login(session, ended.refusal):
                raise ended.refusal from ended
            if ended.is_client_gone:
                self._clients.registrations.forget(session.client)
            _logger.info("the session at %s cannot be renewed, it begins anew", session.issuer)
            self._ended = session.token.access_token
            return self._begin(need, session, cancelled, resource_answer, lease)

    def _news(self, need: TokenNeed, session: Session | None) -> ResourceAnswer | None:
        """
        Ask the MCP server about its login once more: it may have moved (RFC 9728 §5.2).

        Only if it rejects a token that should still be good and points to its metadata. A server that cannot answer now
        has not moved for that.
        """
        challenge = need.challenge
        if session is None or challenge is None or challenge.get("resource_metadata") is None:
            return None
        is_old = session.token.access_token.reveal() != need.rejected
        if is_old or is_expired(session.token, self._seams.now()) or self._settings.needs_no_discovery:
            return None
        try:
            return ask_resource(self._settings, challenge, self._seams.send)
        except (TemporaryError, MalformedDocument) as error:
            _logger.info("going on with the session as it is: %s", error)
            return None

    def _has_moved(self, resource_answer: ResourceAnswer, session: Session | None) -> bool:
        """Tell whether the server names other issuers than the session's, which then sees nothing of it any more."""
        metadata = resource_answer.metadata
        if session is None or metadata is None or not metadata.authorization_servers:
            return False
        strict = self._settings.strict
        named = choose_issuers(metadata, self._settings.issuer)
        return not any(urls.same_issuer(issuer, session.issuer, strict=strict) for issuer in named)

    @staticmethod
    def _outlasts_a_login(session: Session, refusal: Refused) -> bool:
        """A client registered by hand, or a proof, that is refused will be refused after a login too."""
        is_about_client = isinstance(refusal, ClientRefused) and not session.client.registered
        return is_about_client or refusal.error in PROOF_ERRORS

    def _refuse_pointless_login(self, need: TokenNeed, session: Session | None, *, is_past: bool) -> None:
        """Ask nobody for what will not help: a person is not asked twice for the same thing."""
        server = self._settings.server_url
        if need.early and not self._settings.is_machine:
            message = "There is nothing to renew with."
            raise TemporaryError(message, hint="Log in when the token ends.")
        if need.more_scope is not None:
            self._step_ups.require_freedom(need.more_scope)
            return
        if session is None or is_past or session.token.access_token.reveal() != need.rejected:
            return
        if session.token.access_token == self._ended:
            return  # the issuer has ended this grant itself, so its token may well have been good before
        if self._step_ups.is_from_just_now(session):
            message = f"{server} rejects the token that {session.issuer} has just issued for it."
            hint = "Tell the server's operator: it does not accept the tokens of its own authorization server."
            raise TokenRejected(message, hint=hint)

    def _begin(
        self,
        need: TokenNeed,
        previous: Session | None,
        cancelled: threading.Event,
        resource_answer: ResourceAnswer | None,
        lease: Lease,
    ) -> Session:
        """Obtain a token from nothing."""
        self.sessions.prove_writable()
        version = self.sessions.read()[1]
        known = (previous.issuer,) if previous is not None else ()
        target = discover(
            self._settings, need.challenge, self._seams.send, preferred=known, resource_answer=resource_answer
        )
        target = self._with_key(target, need.challenge)
        chosen = choose_scope(
            pinned=self._settings.scope,
            challenged=need.challenge.scope if need.challenge is not None else None,
            published=target.scopes,
            server=target.server,
            # RFC 6749 §4.4.3: a machine gets no refresh token; better-auth refuses one that asks for it.
            offline_access=self._settings.offline_access is not False and not self._settings.is_machine,
        )
        same = previous if previous is not None and previous.issuer == target.server.issuer else None
        if need.more_scope is not None and same is not None:
            self._seams.pause(GATHERING_SECONDS)
            missing = unite(need.more_scope, self._wanted())
            scope: Scope | None = self._step_ups.approved(same, missing, chosen, target.server.issuer)
        else:
            scope = self._again(need, same, chosen)

        def save(session: Session) -> Session:
            return self.sessions.save_answer(session, version)

        try:
            with kept_alive(lease):
                return self._grant.obtain(target, scope, GrantContext(save, self._announce, cancelled))
        except LoginFailed as failure:
            if need.more_scope is not None:
                self._step_ups.remember(need.more_scope, failure)
            raise

    def _with_key(self, target: AuthorizationTarget, challenge: Challenge | None) -> AuthorizationTarget:
        """Make the key of the new token, where one is wanted: each grant has its own, and keeps it (RFC 9449 §5)."""
        algorithm = binding_algorithm(self._settings.dpop, challenge, target.metadata, target.server)
        return target if algorithm is None else replace(target, dpop_key=create_key(algorithm))

    def _again(self, need: TokenNeed, previous: Session | None, chosen: Scope | None) -> Scope | None:
        """A challenge's scope is asked for together with what was granted before (MCP, Scope Selection Strategy)."""
        challenged = need.challenge.scope if need.challenge is not None else None
        if previous is None or challenged is None or self._settings.scope is not None:
            return chosen
        return unite(previous.token.scope, chosen)
