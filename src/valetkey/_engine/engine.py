# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The engine: the one stateful object. It has a token at hand, and gets another when that one is rejected.

Its work is blocking code in other threads (`single_flight`, `attempts`); nothing is locked around a caller's request.
"""

import concurrent.futures
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from valetkey import urls
from valetkey._engine.acceptance import Acceptance
from valetkey._engine.at_hand import SessionAtHand
from valetkey._engine.by_name import ByName
from valetkey._engine.legs import Legs
from valetkey._engine.progress import login_state, overdue
from valetkey._engine.single_flight import SingleFlight, is_ending
from valetkey._engine.workers import Steps
from valetkey._policy.lifetime import is_expired, is_renewal_due
from valetkey._policy.reach import may_carry_token
from valetkey._policy.scope import unite
from valetkey._sessions.sessions import Sessions
from valetkey.errors import AuthError, StoreError
from valetkey.events.listening import Source, source_of
from valetkey.login.link import LinkLogin
from valetkey.made_once import made_once
from valetkey.profiles.catalog import find_profile
from valetkey.seams import LoginPrompt, Seams, require_device_login
from valetkey.settings.settings import Settings
from valetkey.store.another import place_of
from valetkey.store.protocol import Store
from valetkey.values import Scope, Session, Token, TokenType
from valetkey.waiting import Rounds, is_on_event_loop, run_rounds, run_rounds_async, wait_for_future

if TYPE_CHECKING:
    from valetkey._clients.dpop import Proofs
    from valetkey._engine.attempts import Attempts
    from valetkey._engine.decision import TokenNeed
    from valetkey._engine.login_and_logout import LoginAndLogout, Result
    from valetkey.protocol.challenge import Challenge


class Engine(ByName):
    """Keeps the session of one principal at one MCP server. Safe to use from any thread, task and event loop."""

    def __init__(self, settings: Settings, store: Store, seams: Seams) -> None:
        if settings.chosen_grant == "device_code":
            require_device_login(seams.login)  # said now, and not at the first login
        self.settings = settings
        self.acceptance: Acceptance = Acceptance(seams.now)
        self._seams = seams
        self._waiting: list[TokenNeed] = []  # the needs of waiting callers; each change is atomic
        self._store = store
        lane = settings.server_url
        self._flight: SingleFlight[Result] = SingleFlight(
            describe=self._describe, lane=lane, pause=seams.pause, source=self._source
        )
        self._at_hand = SessionAtHand(Sessions(settings, store, seams), seams.monotonic)
        self._jitter = seams.jitter()
        self._serves_users = isinstance(
            seams.login, LinkLogin
        )  # in several processes, and a user may log out at any one
        self._prompt: LoginPrompt | None = None
        self.legs: Legs = Legs(settings.server_url)

    @made_once
    def _attempts(self) -> "Attempts":
        """What obtains tokens: a program that starts with a good token needs none."""
        from valetkey._engine.attempts import Attempts

        return Attempts(self.settings, self._store, self._seams, self._announce, self.missing_scope, self.acceptance)

    @made_once
    def _login_and_logout(self) -> "LoginAndLogout":
        from valetkey._engine.completing import Completing
        from valetkey._engine.explicit_login import ExplicitLogin
        from valetkey._engine.login_and_logout import LoginAndLogout
        from valetkey._engine.logout import Logout

        attempts = self._attempts
        login = ExplicitLogin(self.settings, self._seams, attempts, lambda: self._proofs)
        logout = Logout(self.settings, self._seams, attempts.sessions)
        completing = Completing(self.settings, self._store, self._seams, self.acceptance)
        return LoginAndLogout(login, logout, attempts, completing, self._flight, self._at_hand)

    @made_once
    def _proofs(self) -> "Proofs":
        from valetkey._clients.dpop import Proofs  # few servers ask for a proof

        return Proofs(self._seams)

    @property
    def session(self) -> Session | None:
        """The session at hand: what is known after a login about issuer, endpoints and client."""
        return self._at_hand.session

    @property
    def profile(self) -> str:
        """The name of the provider profile that the session at hand goes by; "none" where nothing is known."""
        issuer = self.session.issuer if self.session is not None else self.settings.issuer or ""
        return find_profile(self.settings.profile, issuer=issuer).name

    @property
    def state(self) -> str:
        """Where the login stands, in a few words and from memory alone."""
        at_hand = self._at_hand
        return login_state(at_hand.session, self._prompt, has_looked=at_hand.has_looked, now=self._seams.now())

    @property
    def prompt(self) -> LoginPrompt | None:
        """What a person is being asked right now, if anything."""
        return self._prompt

    def is_asking(self) -> bool:
        """Tell whether a login waits for the person, of this program or by a link of any one. Blocks for the store."""
        return self._prompt is not None or self._attempts.begun_login() is not None

    def serves(self, url: str) -> bool:
        """Tell whether a request to a URL may carry the token: where its session's resource covers, and to `legs`."""
        session = self.session
        resource = self.settings.resource if session is None else session.resource
        return may_carry_token(url, self.settings.server_url, resource) or url in self.legs

    def may_serve(self, url: str) -> bool:
        """Tell whether `serves` may say yes with another session."""
        return urls.same_origin(url, self.settings.server_url)

    @property
    def has_looked(self) -> bool:
        """True after the first look into the store."""
        return self._at_hand.has_looked

    def token_at_hand(self) -> Token | None:
        """Give the token to send now, from memory; None without a good one. One that ends soon is renewed meanwhile."""
        if self._serves_users:
            self._at_hand.look_again()
        session = self.session
        if session is None or is_expired(session.token, self._seams.now()):
            return None
        if is_renewal_due(session.token, self._seams.now(), self._jitter):
            self._renew_early(session)
        return session.token

    def look(self) -> None:
        """
        Look into the store, the first time. Blocks, also on a thread that runs an event loop.

        A store that cannot be read is logged; `replace` raises the error when the MCP server wants a token.
        """
        self._at_hand.look()

    def stored_session(self) -> Session | None:
        """Read the session from the store, which another program may have changed. Blocks; may raise `StoreError`."""
        try:
            return self._at_hand.read()
        except StoreError as error:
            self._describe(error)
            raise

    async def look_async(self) -> None:
        """Do what `look` does, from a task of any event loop, which is not blocked."""
        if not self._at_hand.has_looked:
            await wait_for_future(self._at_hand.start_look(), None)

    def current(self) -> Token | None:
        """
        Give the token to send now; None when there is none that is good. The first call looks into the store.

        On a thread that runs an event loop nothing blocks: the first look runs in the background, and until it ends
        there is no token at hand. The request is sent without one, and if the server rejects it, `replace` follows.
        """
        if not self._at_hand.has_looked:
            if is_on_event_loop():
                with suppress(RuntimeError):  # no thread can be started: the look is for a later call
                    self._at_hand.start_look()
            else:
                self._at_hand.look()
        return self.token_at_hand()

    async def current_async(self) -> Token | None:
        """Do what `current` does, from a task of any event loop: it waits for the first look without blocking."""
        await self.look_async()
        return self.token_at_hand()

    def proof(self, token: Token, method: str, url: str) -> str | None:
        """
        Give the `DPoP` field for one request with a bound token (RFC 9449 §7.1); None without a key.

        :raises ConfigurationError: If the packages for it are not installed.
        :raises StoreError: If the key is damaged.
        """
        key = self.session.dpop_key if self.session is not None else None
        if token.token_type is TokenType.BEARER or key is None:
            return None
        return self._proofs.make(key, method, url, token.access_token).reveal()

    def learn_nonce(self, url: str, nonce: str | None) -> bool:
        """Remember a `DPoP-Nonce` for the next proof to a URL (RFC 9449 §9); False if there is none."""
        return self._proofs.learn(url, nonce)

    def is_known(self) -> bool:
        """Tell whether there is a session, even if it has expired: then the MCP server wants a token."""
        return self.session is not None

    def replace(
        self, rejected: Token | None, challenges: "Sequence[Challenge]" = (), *, seconds: float | None = None
    ) -> Token:
        """
        Get another token than the rejected one; this may wait for a person.

        :param rejected: The token the server rejected; None if none was sent.
        :param seconds: Timeout in seconds; None waits without limit. The work goes on for a later call.
        :raises AuthError: If no token can be obtained, or not in time.
        """
        rounds = self._replacing(rejected, challenges)
        return run_rounds(rounds, seconds, self._seams.monotonic, interrupted=self._flight.interrupt)

    async def replace_async(
        self, rejected: Token | None, challenges: "Sequence[Challenge]" = (), *, seconds: float | None = None
    ) -> Token:
        """Do what `replace` does, from a task of any event loop."""
        return await run_rounds_async(self._replacing(rejected, challenges), seconds, self._seams.monotonic)

    def _replacing(self, rejected: Token | None, challenges: "Sequence[Challenge]") -> Rounds[Token]:
        from valetkey._engine.decision import need_after
        from valetkey._engine.refusing import reason_for

        need = need_after(rejected, challenges, prefers_dpop=self.settings.dpop is True)
        self._waiting.append(need)
        try:
            while True:
                future, is_own = self._join(need)
                try:
                    yield future
                except TimeoutError as error:
                    raise overdue(self.settings, self._prompt, reason_for(need, self.session, None)) from error
                session = future.result()
                if isinstance(session, Session) and (is_own or self._attempts.satisfies(session, need)):
                    return session.token
        finally:
            self._waiting.remove(need)

    def is_outdated(self, token: Token | None) -> bool:
        """Tell whether a login, a logout or a renewal came between since a token was given. Blocks for the store."""
        return self._at_hand.is_outdated(token)

    async def is_outdated_async(self, token: Token | None) -> bool:
        """Do what `is_outdated` does, from a task of any event loop."""
        look: SingleFlight[bool] = SingleFlight(must_finish=False, lane="looks")  # one of its own: no other is as late
        return await wait_for_future(look.join(lambda _: self.is_outdated(token))[0], None)

    def break_off_login(self, *, lets_go: bool = False) -> None:
        """Tell a login to stop waiting for a person; with `lets_go`, give it a moment to let go of the terminal."""
        (self._flight.interrupt if lets_go else self._flight.cancel)()

    def missing_scope(self) -> Scope:
        """Give the scope that all callers together miss that wait now; empty while none waits for more scope."""
        return unite(*(need.more_scope for need in list(self._waiting)))

    def _join(self, need: "TokenNeed") -> "tuple[concurrent.futures.Future[Result], bool]":
        def work(cancelled: threading.Event) -> Steps[Session]:
            session = yield from self._attempts.obtaining(need, cancelled)
            self._at_hand.replace(session)
            return session

        return self._flight.join(work)

    def _renew_early(self, session: Session) -> None:
        """Renew a token that still serves, in the background, unless there is nothing to renew it with."""
        renewable = session.token.refresh_token is not None or self.settings.is_machine
        if not renewable or self._attempts.backoff.is_resting() or is_ending():
            return
        from valetkey._engine.early_renewal import early_renewal

        with suppress(RuntimeError):  # no thread can be started, and the token still serves
            self._flight.join(early_renewal(session, self._attempts, self._at_hand))

    def _describe(self, error: AuthError) -> None:
        """Let an error name the MCP server and, if it is about the store, the store."""
        error.complete(self.settings.server_url, place_of(self._store) if isinstance(error, StoreError) else "")

    def _source(self) -> Source | None:
        settings = self.settings
        about = {"server_url": settings.server_url, "principal": settings.principal, "label": settings.label}
        return source_of(settings.on_event, **about)

    def _announce(self, prompt: LoginPrompt | None) -> None:
        self._prompt = prompt
