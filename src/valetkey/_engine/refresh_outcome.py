# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
How a refresh ended, and what follows, as a table: the first row whose condition holds gives the step.

Pure: values in, one step out. `refresh` makes the outcome, and `attempts` carries the step out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from valetkey._policy.refusal import RefusalMeaning
from valetkey.errors import Refused, TemporaryError
from valetkey.values import Session


@dataclass(frozen=True, slots=True)
class Renewed:
    """There is a session to use: the renewed one, or a newer one that another program has written."""

    session: Session


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Another program has written or deleted the session; nothing was sent, or its answer is of no use."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer came, or the lease would have ended before it; the error says so."""

    error: TemporaryError


@dataclass(frozen=True, slots=True)
class RefreshRefused:
    """The authorization server has refused to renew the session."""

    refusal: Refused
    meaning: RefusalMeaning


MOST_CONFLICTS = 20
"""How often in one attempt another program may write the session first."""

RefreshOutcome = Renewed | Overtaken | Unanswered | RefreshRefused


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh that was made, in its attempt."""

    outcome: RefreshOutcome
    early: bool = False
    is_second: bool = False
    conflicts: int = 0  # how often another program was first in this attempt, this time included


class NextStep(Enum):
    """What an attempt does after a refresh."""

    USE_SESSION = "use it"
    LOOK_AGAIN = "look again"
    TRY_AGAIN = "once more, with a new lease"
    FAIL = "tell the caller"
    FORGET_CLIENT = "forget the client, log in"
    LOG_IN = "log in"


@dataclass(frozen=True, slots=True)
class NextRow:
    """One row of the second table: a step, its condition in words, and the same as a function."""

    step: NextStep
    when: str
    holds: Callable[[Refresh], bool]


def _was_refused_as(refresh: Refresh, meaning: RefusalMeaning) -> bool:
    return isinstance(refresh.outcome, RefreshRefused) and refresh.outcome.meaning is meaning


NEXT_STEPS = (
    NextRow(
        NextStep.USE_SESSION,
        "the session is renewed",
        lambda refresh: isinstance(refresh.outcome, Renewed),
    ),
    NextRow(
        NextStep.FAIL,
        f"another program has written the session meanwhile, for the {MOST_CONFLICTS}th time in this attempt",
        lambda refresh: isinstance(refresh.outcome, Overtaken) and refresh.conflicts >= MOST_CONFLICTS,
    ),
    NextRow(
        NextStep.LOOK_AGAIN,
        "another program has written the session meanwhile",
        lambda refresh: isinstance(refresh.outcome, Overtaken),
    ),
    NextRow(
        NextStep.FAIL,
        "no answer came, or the lease was too short, for the second time",
        lambda refresh: isinstance(refresh.outcome, Unanswered) and refresh.is_second,
    ),
    NextRow(
        NextStep.TRY_AGAIN,
        "no answer came, or the lease was too short",
        lambda refresh: isinstance(refresh.outcome, Unanswered),
    ),
    NextRow(
        NextStep.FAIL,
        "it is refused, and the token still serves",
        lambda refresh: refresh.early,
    ),
    NextRow(
        NextStep.FAIL,
        "it is refused, and a login would be refused too",
        lambda refresh: _was_refused_as(refresh, RefusalMeaning.LASTING),
    ),
    NextRow(
        NextStep.FORGET_CLIENT,
        "the server has forgotten a client that Valetkey had registered",
        lambda refresh: _was_refused_as(refresh, RefusalMeaning.CLIENT_GONE),
    ),
    NextRow(NextStep.LOG_IN, "it is refused", lambda _: True),
)
"""The first row whose condition holds gives what follows a refresh."""


def after_refresh(refresh: Refresh) -> NextStep:
    """Give the step that follows a refresh."""
    return next(row.step for row in NEXT_STEPS if row.holds(refresh))
