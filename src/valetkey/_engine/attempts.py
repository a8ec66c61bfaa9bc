# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
How another token is obtained: look at the stored session, decide (`decision`), act, until there is one.

All of it is one critical section: take the lease of the session, read it again, act, write, release.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from valetkey import urls
from valetkey._clients.dpop import create_key
from valetkey._clients.selection import ClientSelection
from valetkey._discovery.budget import Budget
from valetkey._discovery.discovery import discover
from valetkey._discovery.target import AuthorizationTarget
from valetkey._engine.acceptance import Acceptance
from valetkey._engine.backoff import Backoff, Resting
from valetkey._engine.braking import Braking
from valetkey._engine.decision import Situation, Step, TokenNeed, answers, decide
from valetkey._engine.login_parts import LoginParts
from valetkey._engine.moved_login import MovedLogin
from valetkey._engine.refresh_outcome import NextStep
from valetkey._engine.refusing import explained, login_waits, nothing_to_renew_with, reason_for, with_way_out
from valetkey._engine.renewal import Renewal, RenewalProgress
from valetkey._engine.telling import tell_need, telling_of_login, told_refusal
from valetkey._engine.workers import Steps, run_steps
from valetkey._grants.grant import GrantContext
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._policy.fitting import terms_of
from valetkey._policy.lifetime import has_long_expired
from valetkey._policy.scope import choose_scope, unite
from valetkey._sessions.pending_codec import PendingRecord
from valetkey._sessions.sessions import Sessions
from valetkey.errors import AuthError, LoginFailed, LoginRequired, StoreBusy, TemporaryError
from valetkey.errors.redaction import revealed
from valetkey.login.link import LinkLogin
from valetkey.made_once import made_once
from valetkey.protocol.dpop import binding_algorithm
from valetkey.seams import LoginPrompt, Seams
from valetkey.settings.settings import Settings
from valetkey.store.another import busy_hint
from valetkey.store.leases.holding import WAIT_SECONDS, LeaseTimeout, holding
from valetkey.store.protocol import Absent, Lease, Store
from valetkey.values import Scope, Session

_logger = logging.getLogger("valetkey")

GATHERING_SECONDS = 0.05
"""How long a step-up waits for other callers that were rejected at the same moment."""


@dataclass(slots=True)
class _Attempt:
    """One attempt, and what it has learned so far."""

    need: TokenNeed
    cancelled: threading.Event
    moved: MovedLogin
    renewal: RenewalProgress
    reason: str = ""  # why a person is needed
    seen: tuple[Session | None, str | Absent] | None = None  # what was read just before the lease was taken


class Attempts:
    """
    The attempts of one engine, one at a time, in the thread of its `SingleFlight`.

    :param announce: Gets the prompt while a person is asked, and None when that is over.
    :param wanted: Gives the scope that all waiting callers miss, so that a person is asked once for all of it.
    :param acceptance: What the adapters see of the tokens.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        seams: Seams,
        announce: Callable[[LoginPrompt | None], None],
        wanted: Callable[[], Scope] = tuple,
        acceptance: Acceptance | None = None,
    ) -> None:
        self.braking: Braking = Braking(settings, store, seams, acceptance or Acceptance(seams.now))
        seams = self.braking.seams
        self.sessions: Sessions = Sessions(settings, store, seams)
        self.backoff: Backoff = Backoff(seams.monotonic)
        self._settings = settings
        self._seams = seams
        self._announce = announce
        self._wanted = wanted
        self._clients = ClientSelection(settings, store, seams)
        self._tokens = TokenEndpoint(settings, seams)
        self._leaves_logins = isinstance(seams.login, LinkLogin) and not settings.is_machine
        self._renewal = Renewal(settings, seams, self.sessions, self._tokens, self._clients.registrations)

    @made_once
    def _parts(self) -> LoginParts:
        store = self.sessions.store
        return LoginParts(self._settings, store, self.braking, self._clients, self._tokens, self._announce)

    def satisfies(self, session: Session | None, need: TokenNeed) -> bool:
        """Tell whether a session answers a need now."""
        return answers(session, need, self._seams.now())

    def obtain(self, need: TokenNeed, cancelled: threading.Event) -> Session:
        """Do what `obtaining` does, and wait for a lease in this thread."""
        return run_steps(self.obtaining(need, cancelled), self._seams.pause)

    def obtaining(self, need: TokenNeed, cancelled: threading.Event) -> Steps[Session]:
        """Obtain a session that answers a need; it is in the store. `cancelled` breaks a login off."""
        urls.require_endpoint(self._settings.server_url, "URL of the MCP server")
        revealed(need.rejected or "")  # the challenge may repeat it, and the store may have another one
        renewal = RenewalProgress(early=need.early, explicit=need.explicit)
        attempt = _Attempt(need, cancelled, MovedLogin(self._settings, Budget(self._seams.monotonic)), renewal)
        session = None
        tell_need(need)
        self.braking.start()
        try:
            with self._seams.keep_connections():
                while session is None:
                    session = yield from self._under_lease(attempt)
        except Resting:
            raise
        except AuthError as error:
            if need.early or (isinstance(error, TemporaryError) and not isinstance(error, StoreBusy)):
                self.backoff.failed(error)  # the pauses are for a server, and a busy store is none
            if isinstance(error, LoginRequired):
                error.principal, error.reason = self._settings.principal, error.reason or attempt.reason
            if error is renewal.failure and self._needs_way_out(renewal.session):
                raise with_way_out(error) from error
            raise
        self.backoff.succeeded()
        self.braking.succeeded()
        return session

    def _needs_way_out(self, session: Session | None) -> bool:
        """Tell whether a person can do something about a renewal that fails for long, perhaps in several programs."""
        is_overdue = session is not None and has_long_expired(session.token, self._seams.now())
        return (is_overdue or self.backoff.is_lasting()) and not self._settings.is_machine

    def _under_lease(self, attempt: _Attempt) -> Steps[Session | None]:
        """Act with the lease of the session; None if a new lease is needed."""

        def done() -> Session | None:
            session, _ = attempt.seen = self.sessions.read()
            return session if self.satisfies(session, attempt.need) else None

        asks_no_person = attempt.need.early or self._settings.is_machine
        try:
            turn = yield from holding(
                self.sessions.store,
                self.sessions.key,
                done,
                seconds=WAIT_SECONDS if asks_no_person else WAIT_SECONDS + self._settings.login_timeout,
                cancelled=attempt.cancelled,
                monotonic=self._seams.monotonic,
            )
        except LeaseTimeout as error:
            message = f"Another program has been obtaining a token for {self._settings.server_url} for too long."
            raise TemporaryError(message, hint=busy_hint(self.sessions.store)) from error
        if isinstance(turn, Session):
            return turn
        with turn:
            try:
                return self._act(attempt, turn)
            except AuthError as error:
                self.braking.failed(error, attempt.need, attempt.renewal.failure)
                raise

    def _act(self, attempt: _Attempt, lease: Lease) -> Session | None:
        """Look, decide and act until there is a session; None if a new lease is needed."""
        self.braking.look()
        while True:
            seen, attempt.seen = attempt.seen, None
            begun = self.begun_login(by_name=attempt.need.explicit)  # first: where it has just ended, it left a session
            session, version = seen or self.sessions.read()
            self.braking.judge(session, attempt.need)
            attempt.reason = reason_for(attempt.need, session, attempt.renewal.failure)
            situation = self._situation(attempt, session, is_begun=begun is not None)
            match decide(situation):
                case step if seen is not None and step is not Step.REFRESH:
                    continue  # a refresh writes over the version that was seen; before all else it is read again
                case Step.ADOPT:
                    return session
                case Step.ASK_SERVER:
                    attempt.moved.ask(attempt.need.challenge, self._seams.send)
                case Step.REFRESH if session is not None and isinstance(version, str):
                    next_step, renewed = self._renewal.renew(attempt.renewal, session, version, lease)
                    if next_step in (NextStep.USE_SESSION, NextStep.TRY_AGAIN):
                        return renewed
                case Step.STEP_UP | Step.LOG_IN:
                    log_in = partial(self._log_in, attempt, session, version)
                    return telling_of_login(self._settings, attempt.reason, log_in)
                case Step.JOIN if begun is not None:
                    raise login_waits(begun.view, begun.reason)
                case refusal:
                    raise told_refusal(refusal, self._refusal(refusal, situation, attempt.renewal.failure))

    def begun_login(self, *, by_name: bool = False) -> PendingRecord | None:
        """Give the login that waits for its answer, of this or another program; a login of another kind joins none."""
        return self._parts.begun(by_name=by_name) if self._leaves_logins else None

    def forget_begun_login(self) -> None:
        """Let the answer to a login that waits complete nothing any more."""
        self._parts.forget_begun()

    def _situation(self, attempt: _Attempt, session: Session | None, *, is_begun: bool) -> Situation:
        need, settings = attempt.need, self._settings
        return Situation(
            need=need,
            session=session,
            now=self._seams.now(),
            is_machine=settings.is_machine,
            can_ask_server=not settings.needs_no_discovery,
            has_moved=attempt.moved.has_moved(session),
            is_scope_pinned=settings.scope is not None,
            pause=self.backoff.pause(),
            has_given_up=attempt.renewal.failure is not None,
            brake=self.braking.brake,
            made=self.braking.made,
            is_begun=is_begun,
        )

    def _log_in(self, attempt: _Attempt, previous: Session | None, version: str | Absent) -> Session:
        """Obtain a token with a grant: from a person, or with what proves a machine."""
        need = attempt.need
        self.braking.begin(need)
        target = self._discover(attempt, previous)
        same_issuer = previous if previous is not None and previous.issuer == target.server.issuer else None
        scope = self._scope(need, same_issuer, target)

        def save(session: Session) -> Session:
            return self.sessions.save_answer(replace(session, terms=terms_of(self._settings)), version)

        try:
            context = GrantContext(save, self._parts.announce, attempt.cancelled, attempt.reason, need.more_scope)
            outcome = self._parts.grant.obtain(target, scope, context)
        except LoginRequired as error:
            if isinstance(error, LoginFailed):
                raise
            store = self.sessions.store
            raise explained(error, self._settings, previous, attempt.renewal.failure, store) from error
        if isinstance(outcome, Session):
            return outcome
        self.braking.postponed(attempt.renewal.failure)
        raise login_waits(outcome, attempt.reason)

    def _discover(self, attempt: _Attempt, previous: Session | None) -> AuthorizationTarget:
        challenge = attempt.need.challenge
        preferred = (previous.issuer,) if previous is not None else ()
        target = discover(
            self._settings,
            challenge,
            self._seams.send,
            preferred=preferred,
            resource_answer=attempt.moved.answer,
            budget=attempt.moved.budget,
        )
        # Each grant that is bound to a key has a key of its own, and keeps it (RFC 9449 §5).
        algorithm = binding_algorithm(self._settings.dpop, challenge, target.metadata, target.server)
        return target if algorithm is None else replace(target, dpop_key=create_key(algorithm))

    def _scope(self, need: TokenNeed, previous: Session | None, target: AuthorizationTarget) -> Scope | None:
        """Choose the scope to ask for; `previous` is the stored session, if it is of the same issuer."""
        challenged = need.challenge.scope if need.challenge is not None else None
        chosen = choose_scope(
            pinned=self._settings.scope,
            challenged=challenged,
            published=target.scopes,
            server=target.server,
            # RFC 6749 §4.4.3: a machine gets no refresh token; better-auth refuses one that asks for it.
            offline_access=self._settings.offline_access is not False and not self._settings.is_machine,
        )
        if need.more_scope is not None and previous is not None:
            self._seams.pause(GATHERING_SECONDS)
            wanted, same = unite(need.more_scope, self._wanted()), partial(self.braking.same_scope, need, previous)
            return self._parts.step_ups.widened(previous, wanted, chosen, same)
        if previous is None or challenged is None or self._settings.scope is not None:
            return chosen
        return unite(previous.token.scope, chosen)  # MCP, Scope Selection Strategy: with what was granted before

    def _refusal(self, step: Step, situation: Situation, failure: AuthError | None) -> AuthError:
        """Give the error of a step that refuses."""
        wanted = situation.need.more_scope or ()
        match step:
            case Step.REFUSE_EARLY:
                return nothing_to_renew_with()
            case Step.REFUSE_PINNED_SCOPE:
                return self._parts.step_ups.pinned(wanted)
            case Step.PAUSE if situation.pause is not None:
                return with_way_out(situation.pause) if self._needs_way_out(situation.session) else situation.pause
        return self.braking.error(situation, failure)
