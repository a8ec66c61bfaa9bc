# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
How another token is obtained, cheapest first: what somebody else has already obtained, a refresh, a grant.

One critical section: take the lease of the session, read it again, act, write, release (see `store.turn`).
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from valetkey import policy, urls
from valetkey.clients import Clients
from valetkey.discovery import discover
from valetkey.errors import ClientRefused, Refused, ScopeRefused, TemporaryError, quote
from valetkey.grants import AuthorizationCode, ClientCredentials, Grant, Occasion
from valetkey.login import Invitation
from valetkey.protocol.challenge import Challenge, bearer_challenge
from valetkey.refresh import RefreshRefused, refresh
from valetkey.seams import Seams
from valetkey.sessions import Sessions
from valetkey.settings import Settings
from valetkey.store import Conflict, Store
from valetkey.store.turn import TurnTimeout, take_turn
from valetkey.values import Scope, Secret, Session, Token

_logger = logging.getLogger("valetkey")

TURN_SECONDS = 25.0
"""How long another program may take to renew the same session; a login may take its own time on top."""


@dataclass(frozen=True, slots=True)
class Need:
    """
    Why another token is wanted.

    :param rejected: The access token that will not do any more; None if there was none.
    :param challenge: What the MCP server said.
    :param more_scope: The scope that was missing, for a token that is otherwise good; empty if the server did not name
        it.
    :param early: True if the token still serves: then nobody is asked.
    """

    rejected: str | None = None
    challenge: Challenge | None = None
    more_scope: Scope | None = None
    early: bool = False


def need_after(rejected: Token | None, challenges: Sequence[Challenge]) -> Need:
    """
    Read from a rejection what is wanted.

    :param rejected: The token the MCP server rejected, None if none was sent.
    :param challenges: The challenges of the rejection.
    :returns: The need.
    """
    challenge = bearer_challenge(challenges)
    wants_more = challenge is not None and policy.wants_more_scope(challenges)
    return Need(
        rejected=rejected.access_token.reveal() if rejected is not None else None,
        challenge=challenge,
        more_scope=challenge.scope or () if challenge is not None and wants_more else None,
    )


class Attempts:
    """
    The attempts of one engine; they run in the thread of its flight, one at a time.

    :param settings: The settings.
    :param store: Where the session is kept.
    :param seams: Where the engine touches the world.
    :param announce: Told what a person is asked, and None when that is over.
    """

    def __init__(
        self, settings: Settings, store: Store, seams: Seams, announce: Callable[[Invitation | None], None]
    ) -> None:
        self.sessions: Sessions = Sessions(settings, store, seams)
        self._settings = settings
        self._seams = seams
        self._announce = announce
        self._clients = Clients(settings, store, seams)
        grant = ClientCredentials if settings.is_machine else AuthorizationCode
        self._grant: Grant = grant(settings, seams, self._clients)
        self._ended: Secret | None = None  # the access token of a grant that its issuer has ended

    def satisfies(self, session: Session | None, need: Need) -> bool:
        """
        Tell whether a session is an answer to a need.

        :param session: The session, if any.
        :param need: The need.
        :returns: True if its token is another one, has not expired and has the scope.
        """
        if session is None or session.token.access_token.reveal() == need.rejected:
            return False
        return not policy.is_expired(session.token, self._seams.now()) and policy.covers_scope(session, need.more_scope)

    def obtain(self, need: Need, cancelled: threading.Event) -> Session:
        """
        Obtain a session that answers a need.

        :param need: The need.
        :param cancelled: Set when nobody waits for a person any more.
        :returns: The session, which is in the store.
        :raises AuthError: If there is none to be had.
        """
        urls.require_endpoint(self._settings.server_url, "URL of the MCP server")

        def done() -> Session | None:
            session, _ = self.sessions.read()
            return session if self.satisfies(session, need) else None

        patience = TURN_SECONDS if self._settings.is_machine else TURN_SECONDS + self._settings.login_timeout
        try:
            turn = take_turn(
                self.sessions.store,
                self.sessions.key,
                done,
                seconds=patience,
                pause=self._seams.pause,
                cancelled=cancelled,
                monotonic=self._seams.monotonic,
            )
        except TurnTimeout as error:
            message = f"Another program has been obtaining a token for {self._settings.server_url} for too long."
            raise TemporaryError(message, hint="Try again in a moment.") from error
        if isinstance(turn, Session):
            return turn
        with turn:
            return self._act(need, cancelled)

    def _act(self, need: Need, cancelled: threading.Event) -> Session:
        session, version = self.sessions.read()
        if session is not None and self.satisfies(session, need):
            return session
        if session is None or version is None or session.token.refresh_token is None or need.more_scope is not None:
            self._require_sense(need, session)
            return self._begin(need, session, cancelled)
        try:
            return refresh(session, version, self.sessions, self._seams)
        except Conflict:
            return self._act(need, cancelled)  # somebody without our lease wrote the session: look again
        except RefreshRefused as ended:
            if need.early or self._is_a_matter_of_settings(session, ended.refusal):
                raise ended.refusal from ended
            self._clients.forget_refused(session.client, ended.refusal)
            _logger.info("the session at %s cannot be renewed, it begins anew", session.issuer)
            self._ended = session.token.access_token
            return self._begin(need, session, cancelled)

    @staticmethod
    def _is_a_matter_of_settings(session: Session, refusal: Refused) -> bool:
        """A client registered by hand that is refused will be refused after a login too."""
        return isinstance(refusal, ClientRefused) and not session.client.registered

    def _require_sense(self, need: Need, session: Session | None) -> None:
        """Ask nobody for what will not help: a person is not asked twice for the same thing."""
        server, pinned = self._settings.server_url, self._settings.scope
        if need.early and not self._settings.is_machine:
            message = "There is nothing to renew with."
            raise TemporaryError(message, hint="Log in when the token ends.")
        if need.more_scope is not None and pinned is not None:
            message = f"{server} wants {_in_words(need.more_scope)}."
            raise ScopeRefused(message, hint="Add it to scope=.", required=need.more_scope, granted=pinned)
        if session is None or need.more_scope is not None or session.token.access_token.reveal() != need.rejected:
            return
        if session.token.access_token == self._ended:
            return  # the issuer has ended this grant itself, so its token may well have been good before
        if self._is_from_just_now(session):
            message = f"{server} rejects the token that {session.issuer} has just issued for it."
            hint = "Tell the server's operator: it does not accept the tokens of its own authorization server."
            raise Refused(message, hint=hint)

    def _require_news(self, more_scope: Scope, scope: Scope, previous: Session) -> None:
        """Who has just been asked for all of this is not asked again (MCP Security, Scope Minimization)."""
        if self._is_from_just_now(previous) and set(scope) <= set(previous.requested_scope or ()):
            message = f"{self._settings.server_url} wants {_in_words(more_scope)}. The last login did not bring it."
            hint = "Ask the server's operator whether this account may have it, and log in again in a minute."
            raise ScopeRefused(message, hint=hint, required=more_scope, granted=previous.token.scope or ())

    def _is_from_just_now(self, session: Session) -> bool:
        age = self._seams.now() - session.token.obtained_at
        return session.interactive and 0 <= age < policy.FRESH_SECONDS

    def _begin(self, need: Need, previous: Session | None, cancelled: threading.Event) -> Session:
        """Obtain a token from nothing."""
        self.sessions.prove_writable()
        version = self.sessions.read()[1]
        found = discover(self._settings, need.challenge, self._seams.send)
        scope = policy.choose_scope(
            pinned=self._settings.scope,
            challenged=need.challenge.scope if need.challenge is not None else None,
            published=found.scopes,
            server=found.server,
        )
        if need.more_scope is not None and previous is not None and previous.issuer == found.server.issuer:
            scope = policy.unite(previous.requested_scope, previous.token.scope, scope)
            self._require_news(need.more_scope, scope, previous)
        saved: list[Session] = []

        def save(session: Session) -> None:
            saved.append(self.sessions.save_answer(session, version))

        self._grant.obtain(found, scope, Occasion(save, self._announce, cancelled))
        return saved[-1]


def _in_words(scope: Scope) -> str:
    return f"the scope {quote(' '.join(scope))}" if scope else "more scope, but does not say which"
