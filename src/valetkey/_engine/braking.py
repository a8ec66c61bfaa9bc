# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The brake in front of the acts of one engine (`_policy.brake`): what has happened is judged, counted and stored.

All of it happens with the lease of the session, so that of all programs that share it only one goes on counting.
"""

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from valetkey._engine.acceptance import Acceptance
from valetkey._engine.decision import Situation, TokenNeed, planned_act
from valetkey._engine.ended import LONGEST_WORDS, ended_by
from valetkey._engine.held_back import held_back
from valetkey._grants.living_client import PURPOSE as QUESTION
from valetkey._policy.brake import (
    CLEAN,
    MOST_ACTS,
    Act,
    Brake,
    Failure,
    Planned,
    begun,
    counted,
    declined,
    failed,
    rest_of,
)
from valetkey._policy.lifetime import is_expired
from valetkey._policy.scope import covers_scope
from valetkey._policy.verdict import Fate, Verdict, after, verdict_on
from valetkey._sessions.brakes import Brakes
from valetkey._sessions.fingerprint import fingerprint
from valetkey.errors import (
    AuthError,
    ClientRefused,
    StoreError,
    TemporaryError,
    quote,
)
from valetkey.protocol.device import POLLING
from valetkey.protocol.dpop import refuses_without_nonce
from valetkey.protocol.registration import REGISTERING
from valetkey.protocol.token_request import RENEWING
from valetkey.seams import LoginPrompt, Seams
from valetkey.settings.settings import Settings
from valetkey.store.protocol import Store
from valetkey.values import Scope, Session
from valetkey.wire import HttpRequest, HttpResponse

_logger = logging.getLogger("valetkey")

_NO_ACTS = (POLLING, QUESTION)
"""A person is waited for with many polls, and a question whether a client is still known comes once in a minute."""


@dataclass(slots=True)
class _Made:
    """What the attempt that runs has done so far."""

    requests: Counter[str] = field(default_factory=Counter)  # by endpoint
    logins: int = 0
    counted: int = 0  # how much of it is in the record
    before: Brake | None = None  # the brake before its login began
    was_held: bool = False
    wants_nonce: str | None = None  # the endpoint that has just asked for a proof with its nonce
    is_free: str = ""  # the purpose of requests that are not counted

    @property
    def acts(self) -> int:
        """How many acts: of the logins, the registrations and the token requests, whichever are the most."""
        return max((*self.requests.values(), self.logins))


class Braking:
    """The brake of one session, for the attempts of one engine, of which one runs at a time."""

    def __init__(
        self, settings: Settings, store: Store, seams: Seams, acceptance: Acceptance, mark: str | None = None
    ) -> None:
        self.seams: Seams = replace(seams, send=self._counted(seams))
        self.brake: Brake = Brake()
        self._settings = settings
        self._brakes = Brakes(settings, store, mark)
        self._acceptance = acceptance
        self._made = _Made()
        self._ended = ""  # the fingerprint of the last token that was accepted and then rejected
        self._uncounted = 0  # of the last attempt, which has succeeded and so has written nothing more

    @property
    def made(self) -> int:
        """How many acts the attempt that runs has made."""
        return self._made.acts

    def start(self) -> None:
        """Begin to count an attempt."""
        self._made = _Made()

    def look(self) -> None:
        """Read what has happened in all programs."""
        self.brake = self._brakes.read()

    def announcing(self, announce: Callable[[LoginPrompt | None], None]) -> Callable[[LoginPrompt | None], None]:
        """Give the function that gets the prompts of logins, so that it counts them."""

        def counting(prompt: LoginPrompt | None) -> None:
            self._made.logins += prompt is not None
            announce(prompt)

        return counting

    def judge(self, session: Session | None, need: TokenNeed) -> None:
        """Find out what the stored token was worth, and store it if that changes anything."""
        if session is None:
            return
        fate = self._fate(session, need)
        if fate.is_rejected and fate.accepted_since is not None and fate.fingerprint != self._ended:
            # A grant that has served, however shortly, may end: to find that out is no act in vain, once.
            self._ended, self._made.is_free = fate.fingerprint, RENEWING
        verdict = verdict_on(self.brake, fate)
        changed = after(verdict, self.brake, fate, _said(need))
        if verdict in (Verdict.VAIN, Verdict.WIDENED):
            more, self._uncounted = self._uncounted, 0
            self.brake = self._brakes.change(lambda _: replace(changed, acts=counted(changed.acts, more)))
        elif verdict is Verdict.SERVED:
            self._uncounted = 0
            is_much = self.brake.acts > 1 or self.brake.failure is not None
            # One login that has served is what every session has behind it: to write that would cost each renewal more.
            self.brake = self._brakes.change(lambda _: changed) if is_much else changed

    def begin(self, need: TokenNeed) -> None:
        """
        Count a login that begins. The write also proves that the store can be written, before anything is sent.

        A machine's token is counted when it turns out to be of no use: its server may issue one for each minute.
        """
        made, now = self._made, self.seams.now()
        made.before = self.brake
        if not self._settings.is_machine:
            more, self._uncounted = made.acts + 1 + self._uncounted, 0
            made.counted = made.acts + 1
            begins = begun(self.brake, now, more)
            self.brake = replace(begins, declined=()) if need.explicit else begins
        brake = self.brake
        self._brakes.change(lambda _: brake)

    def postponed(self, renewal: AuthError | None) -> None:
        """Take a login back that was only begun: it counts when its answer comes. What went before it stays counted."""
        before, spent, now = self._made.before or self.brake, self._made.counted - 1, self.seams.now()
        self._made = _Made()

        def waiting(brake: Brake) -> Brake:
            taken = replace(before, declined=brake.declined)
            if renewal is None or spent < 1:
                return taken
            return failed(taken, ended_by(renewal), now, before=before.acts, made=spent, logins=0)

        self.brake = self._brakes.change(waiting)

    def answered(self, need: TokenNeed) -> None:
        """Count a login whose answer has come, before it is redeemed."""
        self.start()
        self.look()
        self.begin(need)
        self._made.logins = 1

    def succeeded(self) -> None:
        """Remember what a login has taken that was not counted when it began."""
        if self._made.before is not None and not self._settings.is_machine:
            self._uncounted += max(self._made.acts - self._made.counted, 0)

    def same_scope(self, need: TokenNeed, session: Session) -> AuthError | None:
        """Give the error for a login that would ask a person once more for the same scope too early."""
        asks_person, now = not self._settings.is_machine, self.seams.now()
        planned = Planned(act=Act.SAME_SCOPE, now=now, asks_person=asks_person, scope=need.more_scope)
        brake = self._made.before or self.brake
        rest = None if need.explicit else rest_of(brake, planned)
        return None if rest is None else held_back(rest, brake, planned, self._settings, session)

    def error(self, situation: Situation, renewal: AuthError | None) -> AuthError:
        """Give the error for what the brake holds; `renewal` is why the session was not renewed in this attempt."""
        planned, brake = planned_act(situation), self.brake
        rest = rest_of(brake, planned)
        if rest is None:
            message = "the brake holds nothing"
            raise ValueError(message)
        self._made.was_held = True
        if renewal is not None:
            brake = failed(brake, ended_by(renewal), planned.now, before=brake.acts, made=planned.made, logins=0)
        return held_back(rest, brake, planned, self._settings, situation.session)

    def lift(self) -> None:
        """Forget everything, because the user has asked for a login by name and the MCP server has wanted none now."""
        if self._brakes.read() != CLEAN:
            self.brake = self._brakes.change(lambda brake: Brake(judged=brake.judged))

    def decline(self, scope: Scope | None) -> None:
        """Remember what a person has declined."""
        now = self.seams.now()
        self.brake = self._brakes.change(lambda brake: declined(brake, scope, now))

    def failed(self, error: AuthError, need: TokenNeed, renewal: AuthError | None) -> None:
        """Count an attempt that has failed, if it has made acts."""
        made = self._made
        with suppress(StoreError):  # then the next login cannot begin either
            if made.before is not None and made.acts == 0:
                before = made.before
                self._brakes.change(lambda brake: replace(before, declined=brake.declined))
            elif made.acts:
                self._count(error if renewal is None or not made.was_held else renewal, need)

    def _count(self, error: AuthError, need: TokenNeed) -> None:
        made, now = self._made, self.seams.now()
        asks_nobody = made.before is None or self._settings.is_machine
        is_for_backoff = isinstance(error, TemporaryError) and asks_nobody
        if need.early or is_for_backoff or isinstance(error, StoreError):
            return
        ended = ended_by(error)

        def ending(brake: Brake) -> Brake:
            before = brake.acts if made.before is None else made.before.acts
            brake = failed(brake, ended, now, before=before, made=made.acts, logins=made.logins)
            return declined(brake, need.more_scope, now) if ended.failure is Failure.DECLINED else brake

        self.brake = self._brakes.change(ending)

    def _fate(self, session: Session, need: TokenNeed) -> Fate:
        token, now = session.token, self.seams.now()
        is_over = is_expired(token, now)
        was_rejected = self._acceptance.was_rejected(token)
        is_rejected = token.access_token.reveal() == need.rejected and not is_over and not need.early
        return Fate(
            fingerprint=fingerprint(token.access_token),
            obtained_at=token.obtained_at,
            now=now,
            expires_at=token.expires_at,
            was_counted=session.interactive and not session.renewed,
            is_rejected=is_rejected or was_rejected or _was_not_brought(session, need),
            wants_more_scope=need.more_scope is not None,
            wants_new_scope=not set(need.more_scope or ()) <= set(session.requested_scope or ()),
            is_over=is_over or need.early,
            accepted_since=self._acceptance.since(token),
            was_rejected_at_once=was_rejected,
        )

    def _counted(self, seams: Seams) -> Callable[[HttpRequest], HttpResponse]:
        def send(request: HttpRequest) -> HttpResponse:
            made = self._made
            if request.purpose == REGISTERING and made.logins and made.requests[request.url] >= MOST_ACTS:
                raise _registered_in_vain(request.url)
            is_act = request.method == "POST" and request.purpose not in (*_NO_ACTS, made.is_free)
            if is_act and request.url != made.wants_nonce:  # what a server wants again with its nonce is one request
                made.requests[request.url] += 1
            made.wants_nonce = None
            response = seams.send(request)
            if refuses_without_nonce(response):
                made.wants_nonce = request.url
            return response

        return send


def _registered_in_vain(endpoint: str) -> ClientRefused:
    message = f"This login has registered a client {MOST_ACTS} times at {endpoint}, and none of them was accepted."
    return ClientRefused(message, hint="Register a client by hand and give its client_id.", endpoint=endpoint)


def _was_not_brought(session: Session, need: TokenNeed) -> bool:
    """Tell whether a login has asked for all of the scope that is missing."""
    wanted = need.more_scope
    is_asked = bool(wanted) and set(wanted or ()) <= set(session.requested_scope or ())
    return is_asked and not covers_scope(session, wanted)


def _said(need: TokenNeed) -> str:
    """Give what the challenge of an MCP server says, safe to show."""
    challenge = need.challenge
    texts = (challenge.get(name) for name in ("error", "error_description", "scope")) if challenge is not None else ()
    return " ".join(quote(text) for text in texts if text)[:LONGEST_WORDS]
