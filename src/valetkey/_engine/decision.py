# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What an attempt to get a token does next, as a table: the first row whose condition holds gives the step.

Pure: the session in the store, the need, the clock and what the engine remembers come in as values, and one step comes
out. `attempts` carries it out and asks again. What follows a refresh is a table of its own, in `refresh_outcome`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from valetkey._policy.brake import CLEAN, Act, Brake, Planned, rest_of
from valetkey._policy.lifetime import is_expired
from valetkey._policy.rejection import fits_scheme, wants_more_scope
from valetkey._policy.scope import covers_scope
from valetkey.errors import TemporaryError
from valetkey.protocol.challenge import Challenge, challenge_to_answer
from valetkey.values import Scope, Session, Token, TokenType


@dataclass(frozen=True, slots=True)
class TokenNeed:
    """
    Why another token is wanted.

    :param more_scope: The scope that was missing, for a token that is otherwise good; empty if the server did not name
        it, None if no scope was missing.
    """

    rejected: str | None = None  # the access token that the MCP server rejected
    challenge: Challenge | None = None
    more_scope: Scope | None = None
    early: bool = False  # the token still serves, so no person is asked
    explicit: bool = False  # the user has asked for a login by name: what holds a login back is passed


def need_after(rejected: Token | None, challenges: Sequence[Challenge], *, prefers_dpop: bool = False) -> TokenNeed:
    """Read from a rejection what is wanted; what was said to a bound token stands in the challenge for DPoP."""
    is_bound = rejected is not None and rejected.token_type is TokenType.DPOP
    challenge = challenge_to_answer(challenges, prefers_dpop=prefers_dpop or is_bound)
    wants_more = challenge is not None and wants_more_scope(challenges)
    return TokenNeed(
        rejected=rejected.access_token.reveal() if rejected is not None else None,
        challenge=challenge,
        more_scope=challenge.scope or () if challenge is not None and wants_more else None,
    )


def answers(session: Session | None, need: TokenNeed, now: float) -> bool:
    """Tell whether a session has another token than the rejected one, still good, with the scope and the key wanted."""
    if session is None or session.token.access_token.reveal() == need.rejected:
        return False
    if not fits_scheme(session, need.challenge):
        return False
    return not is_expired(session.token, now) and covers_scope(session, need.more_scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that the next step depends on; `session` is the stored one, and `now` is Unix time in seconds."""

    need: TokenNeed
    session: Session | None
    now: float
    is_machine: bool = False
    can_ask_server: bool = True  # False where the settings name all endpoints
    has_moved: bool | None = None  # whether the MCP server names other issuers; None before this attempt has asked it
    is_scope_pinned: bool = False
    pause: TemporaryError | None = None  # the error while a server that could not answer is not asked again
    has_given_up: bool = False  # a renewal came to nothing in this attempt
    brake: Brake = CLEAN  # what the acts before have come to, in all programs
    made: int = 0  # how many acts this attempt has made
    is_begun: bool = False  # a login was begun, by this or another program, and its answer is still awaited


class Step(Enum):
    """What an attempt does next."""

    ADOPT = "adopt"
    ASK_SERVER = "ask the server"
    REFUSE_EARLY = "refuse, early"
    REFUSE_PINNED_SCOPE = "refuse, scope is set"
    JOIN = "refuse, a login waits"
    BRAKE = "refuse, brake"
    PAUSE = "refuse, pause"
    STEP_UP = "step up"
    REFRESH = "refresh"
    LOG_IN = "log in"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the first table: a step, its condition in words, and the same as a function."""

    step: Step
    when: str
    holds: Callable[[Situation], bool]


def _answers_need(situation: Situation) -> bool:
    return answers(situation.session, situation.need, situation.now)


def _may_have_moved(situation: Situation) -> bool:
    session, challenge = situation.session, situation.need.challenge
    if situation.has_moved is not None or not situation.can_ask_server:
        return False
    points_to_metadata = challenge is not None and challenge.get("resource_metadata") is not None  # RFC 9728 §5.2
    is_good = session is not None and not is_expired(session.token, situation.now)
    return points_to_metadata and is_good and _is_rejected(situation)


def _wants_more_scope(situation: Situation) -> bool:
    return situation.need.more_scope is not None


def _is_renewable(situation: Situation) -> bool:
    session = situation.session
    if session is None or session.token.refresh_token is None or _wants_more_scope(situation):
        return False
    return not situation.has_given_up and not _is_superseded(situation)


def _has_to_pause(situation: Situation) -> bool:
    return situation.pause is not None and not _needs_person(situation) and not situation.need.explicit


def _needs_person(situation: Situation) -> bool:
    return not situation.is_machine and not _is_renewable(situation)


def planned_act(situation: Situation) -> Planned:
    """Give what would be done next if nothing held it back."""
    session, need = situation.session, situation.need
    if _wants_more_scope(situation):
        act = Act.STEP_UP
    elif _is_renewable(situation):
        act = Act.RENEWAL
    else:
        act = Act.GRANT if situation.is_machine else Act.LOGIN
    has_ended = session is not None and session.ended is not None
    return Planned(
        act=act,
        now=situation.now,
        asks_person=act in (Act.STEP_UP, Act.LOGIN) and not situation.is_machine,
        scope=need.more_scope,
        made=situation.made,
        # A token whose grant its issuer has ended, or does not renew any more, may well have been good before.
        may_differ=has_ended or situation.has_given_up or _is_superseded(situation),
    )


def _is_held_back(situation: Situation) -> bool:
    return not situation.need.explicit and rest_of(situation.brake, planned_act(situation)) is not None


def _is_superseded(situation: Situation) -> bool:
    session = situation.session
    return bool(situation.has_moved) or (session is not None and not fits_scheme(session, situation.need.challenge))


def _is_rejected(situation: Situation) -> bool:
    session = situation.session
    return session is not None and session.token.access_token.reveal() == situation.need.rejected


STEPS = (
    Row(
        Step.ADOPT,
        "the stored session answers the need: another thread, program or host has renewed it",
        _answers_need,
    ),
    Row(
        Step.ASK_SERVER,
        "a token that should still be good is rejected, and the challenge points to metadata: the login may have "
        "moved (once in an attempt)",
        _may_have_moved,
    ),
    Row(
        Step.REFUSE_EARLY,
        "the token still serves, and only a person could give another one",
        lambda situation: situation.need.early and _needs_person(situation),
    ),
    Row(
        Step.REFUSE_PINNED_SCOPE,
        "more scope is wanted, and the user has set `scope`",
        lambda situation: _wants_more_scope(situation) and situation.is_scope_pinned,
    ),
    Row(
        Step.JOIN,
        "a login with a link was begun, by this or another program, and only a person could give a token",
        lambda situation: situation.is_begun and (_needs_person(situation) or _is_held_back(situation)),
    ),
    Row(
        Step.BRAKE,
        "the brake holds what would be done next, and the user has not asked for a login",
        _is_held_back,
    ),
    Row(
        Step.PAUSE,
        "no person is needed, the authorization server could not answer a moment ago, and the user has not asked for a "
        "login",
        _has_to_pause,
    ),
    Row(Step.STEP_UP, "more scope is wanted", _wants_more_scope),
    Row(
        Step.REFRESH,
        "there is a refresh token, which has not been tried in vain in this attempt, the login has not moved, and the "
        "token is bound to a key if that is wanted",
        _is_renewable,
    ),
    Row(Step.LOG_IN, "otherwise", lambda _: True),
)
"""The first row whose condition holds gives the next step."""


def decide(situation: Situation) -> Step:
    """Give the next step."""
    return next(row.step for row in STEPS if row.holds(situation))
