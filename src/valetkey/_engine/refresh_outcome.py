# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
How a refresh ended, and what follows, as a table: the first row whose condition holds gives the step.

Pure: values in, one step out. `refresh` makes the outcome, and `attempts` carries the step out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from valetkey._policy.refusal import Meaning
from valetkey.errors import AuthError, TemporaryError
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
class Unavailable:
    """The authorization server has not renewed the session now, and may do so later; the error says so."""

    error: TemporaryError


@dataclass(frozen=True, slots=True)
class RefreshRefused:
    """The session was refused, or what came is no token that can be used."""

    refusal: AuthError
    meaning: Meaning


MOST_CONFLICTS = 20
"""How often in one attempt another program may write the session first."""

RefreshOutcome = Renewed | Overtaken | Unanswered | Unavailable | RefreshRefused


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh that was made, in its attempt."""

    outcome: RefreshOutcome
    early: bool = False
    explicit: bool = False  # the user has asked for a login by name
    may_read_metadata: bool = False  # the issuer publishes metadata, which was not read again in this attempt
    is_second: bool = False
    conflicts: int = 0  # how often another program was first in this attempt, this time included


class NextStep(Enum):
    """What an attempt does after a refresh."""

    USE_SESSION = "use it"
    LOOK_AGAIN = "look again"
    TRY_AGAIN = "once more, with a new lease"
    READ_METADATA = "read the issuer's metadata again, refresh where it says"
    FAIL = "tell the caller"
    FORGET_CLIENT = "forget the client, log in"
    LOG_IN = "log in"


@dataclass(frozen=True, slots=True)
class NextRow:
    """One row of the second table: a step, its condition in words, and the same as a function."""

    step: NextStep
    when: str
    holds: Callable[[Refresh], bool]


def _was_refused(refresh: Refresh, means: Callable[[Meaning], bool]) -> bool:
    return isinstance(refresh.outcome, RefreshRefused) and means(refresh.outcome.meaning)


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
        NextStep.TRY_AGAIN,
        "no answer came, or the lease was too short, for the first time",
        lambda refresh: isinstance(refresh.outcome, Unanswered) and not refresh.is_second,
    ),
    NextRow(
        NextStep.READ_METADATA,
        "the endpoint is not there, and the metadata that names it can be read again (once in an attempt)",
        lambda refresh: refresh.may_read_metadata and _was_refused(refresh, lambda meaning: meaning.is_elsewhere),
    ),
    NextRow(
        NextStep.FAIL,
        "there is no new token, and the old one still serves",
        lambda refresh: refresh.early,
    ),
    NextRow(
        NextStep.FORGET_CLIENT,
        "the server has forgotten a client that Valetkey had registered",
        lambda refresh: _was_refused(refresh, lambda meaning: meaning.ends_client),
    ),
    NextRow(
        NextStep.LOG_IN,
        "there is no new token, and the user has asked for a login",
        lambda refresh: refresh.explicit,
    ),
    NextRow(
        NextStep.FAIL,
        "the server cannot answer now, or no answer came for the second time",
        lambda refresh: isinstance(refresh.outcome, Unanswered | Unavailable),
    ),
    NextRow(
        NextStep.FAIL,
        "it is refused, and a login would be refused too",
        lambda refresh: _was_refused(refresh, lambda meaning: not meaning.may_ask_person),
    ),
    NextRow(NextStep.LOG_IN, "it is refused; the record stays until there is a new session", lambda _: True),
)
"""The first row whose condition holds gives what follows a refresh."""


def after_refresh(refresh: Refresh) -> NextStep:
    """Give the step that follows a refresh."""
    return next(row.step for row in NEXT_STEPS if row.holds(refresh))
