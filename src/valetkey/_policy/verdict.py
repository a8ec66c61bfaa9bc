# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What has become of a token when another one is wanted, as a table: the first row whose condition holds says it.

A token that has served for some minutes ends the row of acts that came to nothing (`_policy.brake`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from valetkey._policy.brake import Brake, Failure, counted, forgotten

STEADY_SECONDS = 240.0
"""How long a token must have served: tokens that live for five minutes are in use, and are renewed a little earlier."""

SHORT_SECONDS = 120.0
"""How long a token must have lived that this program saw accepted, and that ended when its issuer had said."""

BRIEF_SECONDS = 20.0
"""Up to what age a token is new that says nothing of its end: a server that accepts one call of two is no success."""

MOST_WIDENED = 8
"""How many step-ups in a row may be worth it: a server could serve one call for each login, and want more each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What is known about the stored token, at `now`."""

    fingerprint: str
    obtained_at: float
    now: float
    expires_at: float | None = None
    was_counted: bool = False  # it comes from a person's login, which was counted when it began
    is_rejected: bool = False  # the MCP server rejects it, although it should still be good
    wants_more_scope: bool = False  # what the server rejects is its scope
    wants_new_scope: bool = False  # and it names some that the login has not asked for
    is_over: bool = False  # it has expired, or is renewed a little earlier
    accepted_since: float | None = None  # when this program first saw it accepted
    was_rejected_at_once: bool = False  # this program saw the server reject it when it was new


class Verdict(Enum):
    """What a token was worth."""

    UNKNOWN = "nothing changes"
    SERVED = "the row is forgotten"
    WIDENED = "the login that brought it does not count"
    VAIN = "it counts as an act that came to nothing"


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One row: a condition in words, the same as a function, and the verdict."""

    when: str
    holds: Callable[[Brake, Fate], bool]
    verdict: Verdict


def _has_served(brake: Brake, fate: Fate) -> bool:
    if not fate.is_rejected or fate.accepted_since is None or not _is_newer(brake, fate):
        return False
    # A token that was renewed, or is a machine's, costs no person anything: here the time since the last act counts.
    since = fate.accepted_since if fate.was_counted or not brake.acts else brake.at
    return fate.now - since >= STEADY_SECONDS


def _is_newer(brake: Brake, fate: Fate) -> bool:
    """Tell whether a token came with the last act or after it: an older one says nothing about that."""
    return fate.obtained_at >= brake.at


def _was_worth_it(brake: Brake, fate: Fate) -> bool:
    is_accepted = fate.is_rejected and fate.accepted_since is not None
    return is_accepted and fate.wants_new_scope and _is_newer(brake, fate) and brake.widened < MOST_WIDENED


def _served_shortly(fate: Fate) -> bool:
    if not fate.is_rejected or fate.accepted_since is None or fate.was_counted:
        return False
    age, life = fate.now - fate.obtained_at, (fate.expires_at or math.inf) - fate.obtained_at
    return age >= min(BRIEF_SECONDS, life / 2)


def _is_of_another_program(fate: Fate) -> bool:
    is_unknown = fate.accepted_since is None and not fate.was_rejected_at_once
    return fate.is_rejected and is_unknown and fate.now - fate.obtained_at >= STEADY_SECONDS


def _has_lived(brake: Brake, fate: Fate) -> bool:
    if not fate.is_over or fate.is_rejected or fate.expires_at is None or not _is_newer(brake, fate):
        return False
    return fate.expires_at - fate.obtained_at >= (STEADY_SECONDS if fate.accepted_since is None else SHORT_SECONDS)


VERDICTS = (
    VerdictRow("it was judged before", lambda brake, fate: brake.judged == fate.fingerprint, Verdict.UNKNOWN),
    VerdictRow(
        "it is rejected after it was accepted for four minutes, or its session was, if no person was asked for it",
        _has_served,
        Verdict.SERVED,
    ),
    VerdictRow(
        "it was accepted, and the server names scope that its login has not asked for (a few times)",
        _was_worth_it,
        Verdict.WIDENED,
    ),
    VerdictRow(
        "it is rejected after it was accepted for a shorter time, though not when it was new, and no person was asked "
        "for it",
        lambda _, fate: _served_shortly(fate),
        Verdict.UNKNOWN,
    ),
    VerdictRow(
        "it is rejected, it is older than four minutes, and this program does not know whether it was accepted",
        lambda _, fate: _is_of_another_program(fate),
        Verdict.UNKNOWN,
    ),
    VerdictRow("it is rejected", lambda _, fate: fate.is_rejected, Verdict.VAIN),
    VerdictRow(
        "its time of at least four minutes is over (two, if it was accepted), and it was not rejected before",
        _has_lived,
        Verdict.SERVED,
    ),
    VerdictRow("otherwise", lambda *_: True, Verdict.UNKNOWN),
)
"""The first row whose condition holds gives the verdict."""


def verdict_on(brake: Brake, fate: Fate) -> Verdict:
    """Give the verdict on a token."""
    return next(row.verdict for row in VERDICTS if row.holds(brake, fate))


def after(verdict: Verdict, brake: Brake, fate: Fate, words: str) -> Brake:
    """Give the brake after a verdict on the stored token; `words` are the MCP server's."""
    if verdict is Verdict.SERVED:
        return forgotten(brake, fate.now)
    if verdict is Verdict.UNKNOWN:
        return brake
    if verdict is Verdict.WIDENED:
        return replace(
            forgotten(brake, fate.now),
            acts=max(brake.acts - 1, 0),
            since=brake.since,
            at=brake.at,
            judged=fate.fingerprint,
            widened=brake.widened + 1,
            settings=brake.settings,
        )
    if not fate.was_counted and brake.failure is None and fate.obtained_at - brake.at >= STEADY_SECONDS:
        brake = forgotten(brake, fate.now)  # the session has been renewed since its login, which so has served
    since = brake.since if brake.acts else fate.obtained_at
    return replace(
        brake,
        acts=max(brake.acts, 1) if fate.was_counted else counted(brake.acts, 1),
        since=since,
        at=max(brake.at, fate.obtained_at),
        rejections=brake.rejections + 1,
        failure=Failure.SCOPE if fate.wants_more_scope else Failure.REJECTED,
        words=words,
        error=None,
        judged=fate.fingerprint,
    )
