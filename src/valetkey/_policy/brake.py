# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The brake of one session: how many acts in a row came to nothing, and how long the next one has to wait.

An act sends a person to a login, registers a client, or asks for a token. Three may follow each other at once; after
each further one the pause doubles, up to an hour. `_policy.verdict` says what ends the row.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from valetkey.values import Scope

MOST_ACTS = 3
"""How many acts may follow each other at once: conformance allows a login and two step-ups in a row."""

FIRST_SECONDS, LONGEST_SECONDS = 60.0, 3600.0
"""The first pause, doubled with each further act, and the longest one."""

DECLINED_SECONDS = 600.0
"""How long a person is not asked again for what a person has declined, doubled each time."""

MOST_DECLINED = 16
"""Of how many scopes it is remembered that they were declined: a server may name another one each time."""

MOST_SETTINGS = 8
"""How many settings may be tried anew: two programs with different ones must not undo each other's count for ever."""

CLOCK_SECONDS = 300.0
"""By how much the clocks of two hosts may differ: an act further in the future was made before a clock was set back."""


class Failure(StrEnum):
    """What became of the last act, by what its caller is told."""

    REJECTED = "rejected"
    """The MCP server rejected the token that it brought."""
    SCOPE = "scope"
    """The MCP server wants more scope than the token has that it brought."""
    DECLINED = "declined"
    UNANSWERED = "unanswered"
    NO_PERSON = "no person"
    REFUSED = "refused"
    CLIENT_REFUSED = "client refused"
    UNREADABLE = "unreadable"
    UNAVAILABLE = "unavailable"
    UNSUPPORTED = "unsupported"
    UNTRUSTED = "untrusted"


@dataclass(frozen=True, slots=True)
class Declined:
    """What a person has declined: a scope, or the login as such (None); how often in a row, and when last."""

    scope: Scope | None
    times: int
    at: float


@dataclass(frozen=True, slots=True)
class Brake:
    """
    The acts of one session since its last success, in all programs that share its store. No part of it is a secret.

    `acts` counts a person's login when it begins, so that a program that is killed has been counted too.
    """

    acts: int = 0
    since: float = 0.0  # when the first of them was made, in Unix time
    at: float = 0.0  # when the last one was made, or ended
    rejections: int = 0  # how many of the tokens that they brought were rejected
    failure: Failure | None = None  # what became of the last one, as far as it is known
    words: str = ""  # how that was told, safe to show
    error: str | None = None  # the OAuth error code of it
    judged: str = ""  # the fingerprint of the last token that was found to be of no use: it counts once
    declined: tuple[Declined, ...] = ()
    widened: int = 0  # how many step-ups were worth it, and so do not count
    settings: tuple[str, ...] = ()  # the marks of the settings that the acts were made with


CLEAN = Brake()


class Act(Enum):
    """What is about to be done."""

    RENEWAL = "renewal"
    GRANT = "grant"
    LOGIN = "login"
    STEP_UP = "step-up"
    SAME_SCOPE = "same scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An act that is about to be done, at `now`."""

    act: Act
    now: float
    asks_person: bool = False
    scope: Scope | None = None  # what is missing, for a step-up
    made: int = 0  # how many acts this attempt has made already
    may_differ: bool = False  # the next login is another one than the last: its grant was ended, or its issuer was left


@dataclass(frozen=True, slots=True)
class RestRow:
    """One row of the table: a condition in words, the pause in words, and when it ends in Unix time (0 for none)."""

    when: str
    pause: str
    ends_at: Callable[[Brake, Planned], float]


@dataclass(frozen=True, slots=True)
class Rest:
    """A pause: the row that says why, and when all pauses have ended."""

    row: RestRow
    ends_at: float


def doubled(first: float, times: int) -> float:
    """Give a pause in seconds that was doubled some times."""
    return min(first * 2.0 ** min(times, 20), LONGEST_SECONDS)


def declined_before(brake: Brake, scope: Scope | None) -> Declined | None:
    """Give what is known of a scope, or of the login as such, that was declined."""
    wanted = None if scope is None else frozenset(scope)
    return next((each for each in brake.declined if _subject(each) == wanted), None)


def _subject(declined: Declined) -> frozenset[str] | None:
    return None if declined.scope is None else frozenset(declined.scope)


def _ends(since: float, seconds: float, now: float) -> float:
    return 0.0 if since > now + CLOCK_SECONDS else since + seconds


def _declined_until(brake: Brake, planned: Planned) -> float:
    login = declined_before(brake, None) if planned.asks_person else None
    asks_scope = planned.act in (Act.STEP_UP, Act.SAME_SCOPE)
    scope = declined_before(brake, planned.scope or ()) if asks_scope else None
    return max((declined_until(each, planned.now) for each in (login, scope) if each is not None), default=0.0)


def declined_until(declined: Declined, now: float) -> float:
    """Give until when a person is not asked again for what was declined."""
    return _ends(declined.at, doubled(DECLINED_SECONDS, declined.times - 1), now)


def _rejected_until(brake: Brake, planned: Planned) -> float:
    if planned.act is not Act.LOGIN or planned.may_differ or brake.failure is not Failure.REJECTED:
        return 0.0
    return _ends(brake.at, doubled(FIRST_SECONDS, brake.rejections - 1), planned.now)


def _not_brought_until(brake: Brake, planned: Planned) -> float:
    if planned.act is not Act.SAME_SCOPE or not planned.asks_person or brake.failure is not Failure.SCOPE:
        return 0.0
    return _ends(brake.at, doubled(FIRST_SECONDS, brake.rejections - 1), planned.now)


def _spent_until(brake: Brake, planned: Planned) -> float:
    if brake.acts < MOST_ACTS:
        return 0.0
    return _ends(brake.at, doubled(FIRST_SECONDS, brake.acts - MOST_ACTS), planned.now)


def _attempt_until(brake: Brake, planned: Planned) -> float:
    before = brake.acts if brake.acts < MOST_ACTS else 0
    is_spent = planned.made > 0 and before + planned.made >= MOST_ACTS
    return planned.now + FIRST_SECONDS if is_spent else 0.0


RESTS = (
    RestRow(
        "a person would be asked for what a person has declined: this scope, or a login",
        "10 minutes, doubled each time",
        _declined_until,
    ),
    RestRow(
        "a person would log in, and the MCP server has rejected the token of the last login, whose grant has not ended",
        "a minute, doubled with each token that is rejected",
        _rejected_until,
    ),
    RestRow(
        "a person would be asked for scope that the last login asked for and did not bring",
        "a minute, doubled with each token that is rejected",
        _not_brought_until,
    ),
    RestRow(
        f"{MOST_ACTS} acts or more have come to nothing",
        "a minute after the last one, doubled with each further one",
        _spent_until,
    ),
    RestRow(
        f"this attempt would make more than {MOST_ACTS} acts, with those before it",
        "a minute",
        _attempt_until,
    ),
)
"""The first row whose pause has not ended says why an act has to wait; no pause is longer than an hour."""

DECLINED_ROW, REJECTED_ROW, SAME_SCOPE_ROW = RESTS[:3]


def rest_of(brake: Brake, planned: Planned) -> Rest | None:
    """Give the pause that an act has to wait for; None if it may be done."""
    ends = [(row, row.ends_at(brake, planned)) for row in RESTS]
    resting = [(row, end) for row, end in ends if planned.now < end]
    return Rest(resting[0][0], max(end for _, end in resting)) if resting else None


def counted(acts: int, more: int) -> int:
    """Add the acts of one attempt. However many they are, it leads to one pause, or doubles it once."""
    return min(acts + more, max(acts + 1, MOST_ACTS)) if more > 0 else acts


def begun(brake: Brake, now: float, acts: int) -> Brake:
    """Count a login that begins now, with what its attempt has done before it."""
    since = brake.since if brake.acts else now
    return replace(brake, acts=counted(brake.acts, acts), since=since, at=now, failure=None, words="", error=None)


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt has failed that had made acts."""

    failure: Failure
    words: str
    error: str | None = None


def failed(brake: Brake, ended: Ended, now: float, *, before: int, made: int, logins: int) -> Brake:
    """
    Count an attempt that has failed and has made some acts, of which some logins; `before` are those of earlier ones.

    If it has asked a person more than once, the next one would do that too, and is counted ahead.
    """
    since, acts = brake.since if before else now, counted(before, made)
    if acts + logins > MOST_ACTS:
        acts = max(acts, MOST_ACTS)
    is_same = brake.failure is Failure.REJECTED and logins == 0  # it was the rejected token that was not renewed
    told = brake if is_same else replace(brake, failure=ended.failure, words=ended.words, error=ended.error)
    return replace(told, acts=acts, since=since, at=now)


def declined(brake: Brake, scope: Scope | None, now: float) -> Brake:
    """Remember what a person has declined."""
    before = declined_before(brake, scope)
    others = tuple(each for each in brake.declined if each is not before)
    times = 1 if before is None else before.times + 1
    return replace(brake, declined=(*others, Declined(scope, times, now))[-MOST_DECLINED:])


def with_settings(brake: Brake, mark: str) -> Brake:
    """Begin anew with settings that were not tried yet: a user who has corrected them does not wait for the others."""
    if brake.acts == 0 or mark in brake.settings or len(brake.settings) >= MOST_SETTINGS:
        return brake
    return Brake(judged=brake.judged, declined=brake.declined, settings=brake.settings)


def marked(brake: Brake, mark: str) -> Brake:
    """Note which settings the acts were made with."""
    if brake.acts == 0:
        return brake
    return replace(brake, settings=tuple(dict.fromkeys((*brake.settings, mark)))[:MOST_SETTINGS])


def forgotten(brake: Brake, now: float) -> Brake:
    """Forget the acts after a success; what a person has declined stays declined until its time is over."""
    return Brake(declined=tuple(each for each in brake.declined if now < declined_until(each, now)))
