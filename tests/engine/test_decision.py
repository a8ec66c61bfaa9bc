# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What an attempt does next: a line for each row of the two tables, and both over all that can happen."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.network import challenges
from tests.fakes.seams import BEGINNING
from tests.fakes.world import a_session
from tests.requirements import requirement
from valetkey._engine.decision import STEPS, Situation, Step, TokenNeed, answers, decide, need_after, planned_act
from valetkey._engine.refresh_outcome import (
    MOST_CONFLICTS,
    NEXT_STEPS,
    NextStep,
    Overtaken,
    Refresh,
    RefreshRefused,
    Renewed,
    Unanswered,
    Unavailable,
    after_refresh,
)
from valetkey._policy.brake import CLEAN, Act, Brake, Failure
from valetkey._policy.refusal import CLIENT_GONE, LASTING, MEANINGS, NOT_HERE, NOTHING_ENDS, TOKEN_ENDED
from valetkey.errors import Refused, TemporaryError
from valetkey.values import Secret, Token, TokenType

NOW = BEGINNING + 600.0
BUSY = TemporaryError("The server is busy.", hint="Wait.")
REFUSAL = Refused("No.", hint="Ask.", error="invalid_grant")

INVALID = challenges('Bearer error="invalid_token"')
WANTS_WRITE = challenges('Bearer error="insufficient_scope", scope="write"')
WANTS_MORE = challenges('Bearer error="insufficient_scope"')
POINTS_TO_METADATA = challenges('Bearer resource_metadata="https://mcp.example.com/metadata"')[0]
WANTS_DPOP = challenges('DPoP algs="ES256"')[0]

GOOD = a_session()
EXPIRED = a_session(expires_at=BEGINNING + 1)
NOT_RENEWABLE = a_session(refresh_token=None)
BOUND = a_session(dpop_key=Secret("key"), expires_at=BEGINNING + 1)
JUST_NOW = a_session(refresh_token=None, obtained_at=NOW - 10, interactive=True)
REJECTED = TokenNeed("access-0")
SPENT = Brake(acts=3, since=NOW - 20, at=NOW - 10, rejections=3, failure=Failure.REJECTED)
REJECTED_ONCE = replace(SPENT, acts=1, rejections=1)
MORE_SCOPE = TokenNeed("access-0", more_scope=("write",))
EARLY = TokenNeed("access-0", early=True)


def situation(session=GOOD, need=REJECTED, **facts):
    return Situation(session=session, need=need, now=NOW, **facts)


PINNED_MACHINE = situation(need=MORE_SCOPE, is_scope_pinned=True, pause=BUSY, is_machine=True)

LINES = [
    (Step.ADOPT, situation(need=TokenNeed("another"))),
    (Step.ASK_SERVER, situation(need=TokenNeed("access-0", POINTS_TO_METADATA))),
    (Step.REFUSE_EARLY, situation(NOT_RENEWABLE, EARLY)),
    (Step.REFUSE_PINNED_SCOPE, situation(need=MORE_SCOPE, is_scope_pinned=True)),
    (Step.JOIN, situation(None, TokenNeed(), is_begun=True)),
    (Step.BRAKE, situation(brake=SPENT)),
    (Step.PAUSE, situation(pause=BUSY)),
    (Step.STEP_UP, situation(need=MORE_SCOPE)),
    (Step.REFRESH, situation()),
    (Step.LOG_IN, situation(None, TokenNeed())),
]


@pytest.mark.parametrize(
    ("given", "step"),
    [
        (situation(is_begun=True), Step.REFRESH),
        (situation(need=TokenNeed("another"), is_begun=True), Step.ADOPT),
        (situation(brake=SPENT, is_begun=True), Step.JOIN),
        (situation(None, TokenNeed(), brake=SPENT, is_begun=True), Step.JOIN),
        (situation(NOT_RENEWABLE, EARLY, is_begun=True), Step.REFUSE_EARLY),
        (situation(need=MORE_SCOPE, is_begun=True), Step.JOIN),
    ],
)
def test_a_login_that_waits_is_joined_where_nothing_but_a_person_helps(given, step):
    assert decide(given) is step


@pytest.mark.parametrize(("step", "given"), LINES, ids=lambda value: getattr(value, "value", ""))
def test_each_row_has_a_situation_that_it_decides(step, given):
    assert decide(given) is step


def test_every_row_is_reached_by_its_own_line_and_by_no_other():
    assert [row.step for row in STEPS] == [step for step, _ in LINES] == list(Step)
    for row in STEPS:
        assert [step for step, given in LINES if decide(given) is row.step] == [row.step]


BOTH_HOLD = [
    (Step.ADOPT, Step.REFRESH, situation(need=TokenNeed("another"))),
    (Step.ADOPT, Step.PAUSE, situation(need=TokenNeed("another"), pause=BUSY)),
    (Step.ASK_SERVER, Step.REFRESH, situation(need=TokenNeed("access-0", POINTS_TO_METADATA))),
    (Step.ASK_SERVER, Step.STEP_UP, situation(need=replace(MORE_SCOPE, challenge=POINTS_TO_METADATA))),
    (Step.ASK_SERVER, Step.PAUSE, situation(need=TokenNeed("access-0", POINTS_TO_METADATA), pause=BUSY)),
    (Step.REFUSE_EARLY, Step.STEP_UP, situation(need=replace(MORE_SCOPE, early=True))),
    (Step.REFUSE_EARLY, Step.BRAKE, situation(JUST_NOW, EARLY, brake=SPENT)),
    (Step.REFUSE_PINNED_SCOPE, Step.BRAKE, situation(need=MORE_SCOPE, is_scope_pinned=True, brake=SPENT)),
    (Step.ADOPT, Step.BRAKE, situation(need=TokenNeed("another"), brake=SPENT)),
    (Step.ASK_SERVER, Step.BRAKE, situation(need=TokenNeed("access-0", POINTS_TO_METADATA), brake=SPENT)),
    (Step.BRAKE, Step.PAUSE, situation(pause=BUSY, brake=SPENT)),
    (Step.BRAKE, Step.REFRESH, situation(brake=SPENT)),
    (Step.BRAKE, Step.LOG_IN, situation(JUST_NOW, brake=REJECTED_ONCE)),
    (Step.REFUSE_PINNED_SCOPE, Step.STEP_UP, situation(need=MORE_SCOPE, is_scope_pinned=True)),
    (
        Step.REFUSE_PINNED_SCOPE,
        Step.PAUSE,
        PINNED_MACHINE,
    ),
    (Step.BRAKE, Step.STEP_UP, situation(need=MORE_SCOPE, brake=SPENT)),
    (Step.PAUSE, Step.STEP_UP, situation(need=MORE_SCOPE, pause=BUSY, is_machine=True)),
    (Step.PAUSE, Step.REFRESH, situation(pause=BUSY)),
]


@pytest.mark.parametrize(("first", "second", "given"), BOTH_HOLD, ids=lambda value: getattr(value, "value", ""))
def test_where_two_rows_hold_the_first_one_decides(first, second, given):
    holding = [row.step for row in STEPS if row.holds(given)]
    assert holding[0] is decide(given) is first
    assert second in holding


@requirement("WWW-14")
@pytest.mark.parametrize(
    "changes",
    [
        {"has_moved": False},
        {"can_ask_server": False},
        {"session": EXPIRED},
        {"need": TokenNeed("another", POINTS_TO_METADATA, more_scope=("write",))},
        {"need": TokenNeed("access-0", INVALID[0])},
        {"need": REJECTED},
        {"session": None},
    ],
    ids=["asked before", "endpoints are set", "expired", "another token", "no metadata", "no challenge", "no session"],
)
def test_the_server_is_asked_about_its_login_only_where_a_good_token_is_rejected_and_once(changes):
    points_to_metadata = situation(need=TokenNeed("access-0", POINTS_TO_METADATA))
    assert decide(replace(points_to_metadata, **changes)) is not Step.ASK_SERVER


@requirement("REF-1", "REF-2")
@pytest.mark.parametrize(
    "changes",
    [
        {"session": NOT_RENEWABLE},
        {"has_moved": True},
        {"need": TokenNeed("access-0", WANTS_DPOP)},
        {"has_given_up": True},
        {"session": None},
    ],
    ids=["no refresh token", "moved", "not bound to a key", "tried in vain in this attempt", "no session"],
)
def test_what_cannot_be_renewed_needs_a_login(changes):
    assert decide(replace(situation(), **changes)) is Step.LOG_IN


def test_a_session_that_is_bound_to_a_key_is_renewed_where_a_key_is_wanted():
    assert decide(situation(BOUND, TokenNeed("access-0", WANTS_DPOP))) is Step.REFRESH


@requirement("WWW-15")
@pytest.mark.parametrize(
    "changes",
    [
        {"session": replace(JUST_NOW, ended="The token endpoint refused.")},
        {"has_given_up": True},
        {"has_moved": True},
        {"need": TokenNeed("access-0", WANTS_DPOP)},
        {"now": NOW + 60},
        {"now": NOW - 3600},
        {"is_machine": True},
    ],
    ids=[
        "ended by its issuer",
        "its issuer does not renew it",
        "moved",
        "another scheme",
        "a minute later",
        "clock set back",
        "a machine",
    ],
)
def test_a_person_is_asked_again_where_a_login_may_help(changes):
    """Row A8."""
    given = situation(JUST_NOW, brake=REJECTED_ONCE)
    assert decide(given) is Step.BRAKE
    assert decide(replace(given, **changes)) is Step.LOG_IN


@requirement("STP-5", "WWW-15")
@pytest.mark.parametrize(
    ("act", "asks_person", "given"),
    [
        (Act.STEP_UP, True, situation(need=MORE_SCOPE)),
        (Act.STEP_UP, False, situation(need=MORE_SCOPE, is_machine=True)),
        (Act.RENEWAL, False, situation()),
        (Act.GRANT, False, situation(NOT_RENEWABLE, is_machine=True)),
        (Act.LOGIN, True, situation(NOT_RENEWABLE)),
    ],
)
def test_the_brake_is_asked_about_what_would_be_done_next(act, asks_person, given):
    planned = planned_act(replace(given, made=2))
    assert (planned.act, planned.asks_person, planned.made, planned.now) == (act, asks_person, 2, NOW)


def test_after_a_renewal_that_was_the_third_act_in_vain_no_login_follows_in_the_same_attempt():
    given = situation(has_given_up=True, made=1, brake=replace(REJECTED_ONCE, acts=2))
    assert decide(given) is Step.BRAKE
    assert decide(replace(given, made=0)) is Step.LOG_IN


def test_a_machine_does_ahead_of_time_what_it_would_do_later():
    assert decide(situation(NOT_RENEWABLE, EARLY, is_machine=True)) is Step.LOG_IN


def test_a_person_may_log_in_during_a_pause():
    assert decide(situation(None, TokenNeed(), pause=BUSY)) is Step.LOG_IN
    assert decide(situation(need=MORE_SCOPE, pause=BUSY)) is Step.STEP_UP


@pytest.mark.parametrize(
    ("step", "given", "held_back"),
    [
        (Step.LOG_IN, situation(JUST_NOW, brake=REJECTED_ONCE), Step.BRAKE),
        (Step.REFRESH, situation(brake=SPENT), Step.BRAKE),
        (Step.REFRESH, situation(pause=BUSY), Step.PAUSE),
        (Step.LOG_IN, situation(None, TokenNeed(), pause=BUSY, is_machine=True), Step.PAUSE),
        (Step.STEP_UP, situation(need=MORE_SCOPE, brake=SPENT), Step.BRAKE),
    ],
    ids=["just logged in", "three in vain", "a renewal pauses", "a machine pauses", "more scope"],
)
def test_what_holds_a_login_back_is_passed_where_the_user_has_asked_for_one(step, given, held_back):
    assert decide(given) is held_back
    assert decide(replace(given, need=replace(given.need, explicit=True))) is step


def test_a_login_that_the_user_has_asked_for_keeps_to_the_scope_of_the_settings():
    assert decide(situation(need=replace(MORE_SCOPE, explicit=True), is_scope_pinned=True)) is Step.REFUSE_PINNED_SCOPE


# What follows a refresh.

UNANSWERED, UNAVAILABLE = Unanswered(BUSY), Unavailable(BUSY)


def refused(meaning):
    return RefreshRefused(REFUSAL, meaning)


NEXT_LINES = [
    (NextStep.USE_SESSION, Refresh(Renewed(GOOD))),
    (NextStep.FAIL, Refresh(Overtaken(), conflicts=MOST_CONFLICTS)),
    (NextStep.LOOK_AGAIN, Refresh(Overtaken(), conflicts=MOST_CONFLICTS - 1)),
    (NextStep.TRY_AGAIN, Refresh(UNANSWERED)),
    (NextStep.READ_METADATA, Refresh(refused(NOT_HERE), may_read_metadata=True)),
    (NextStep.FAIL, Refresh(refused(TOKEN_ENDED), early=True)),
    (NextStep.FORGET_CLIENT, Refresh(refused(CLIENT_GONE))),
    (NextStep.LOG_IN, Refresh(UNAVAILABLE, explicit=True)),
    (NextStep.FAIL, Refresh(UNAVAILABLE)),
    (NextStep.FAIL, Refresh(refused(LASTING))),
    (NextStep.LOG_IN, Refresh(refused(NOTHING_ENDS))),
]


def deciding_row(refresh):
    return next(number for number, row in enumerate(NEXT_STEPS) if row.holds(refresh))


@pytest.mark.parametrize(("step", "given"), NEXT_LINES, ids=lambda value: getattr(value, "value", ""))
def test_each_row_has_a_refresh_that_it_follows(step, given):
    assert after_refresh(given) is step


def test_every_row_of_the_second_table_is_reached_by_its_own_line_and_by_no_other():
    assert [row.step for row in NEXT_STEPS] == [step for step, _ in NEXT_LINES]
    assert [deciding_row(given) for _, given in NEXT_LINES] == list(range(len(NEXT_STEPS)))


@pytest.mark.parametrize(
    ("step", "given"),
    [
        (NextStep.USE_SESSION, Refresh(Renewed(GOOD), early=True)),
        (NextStep.LOOK_AGAIN, Refresh(Overtaken(), early=True)),
        (NextStep.TRY_AGAIN, Refresh(UNANSWERED, early=True)),
        (NextStep.USE_SESSION, Refresh(Renewed(GOOD), conflicts=MOST_CONFLICTS)),
        (NextStep.FAIL, Refresh(refused(CLIENT_GONE), early=True)),
        (NextStep.LOG_IN, Refresh(refused(NOTHING_ENDS), is_second=True)),
        (NextStep.READ_METADATA, Refresh(refused(NOT_HERE), early=True, may_read_metadata=True)),
        (NextStep.READ_METADATA, Refresh(refused(NOT_HERE), explicit=True, may_read_metadata=True)),
        (NextStep.LOG_IN, Refresh(refused(NOTHING_ENDS), may_read_metadata=True)),
        (NextStep.TRY_AGAIN, Refresh(UNANSWERED, explicit=True)),
        (NextStep.LOG_IN, Refresh(UNANSWERED, explicit=True, is_second=True)),
        (NextStep.FAIL, Refresh(UNANSWERED, is_second=True)),
        (NextStep.FORGET_CLIENT, Refresh(refused(CLIENT_GONE), explicit=True)),
        (NextStep.LOG_IN, Refresh(refused(LASTING), explicit=True)),
    ],
    ids=lambda value: getattr(value, "value", ""),
)
def test_where_two_rows_hold_after_a_refresh_the_first_one_decides(step, given):
    assert after_refresh(given) is step


# Over all that can happen.

SESSIONS = st.sampled_from([None, GOOD, EXPIRED, NOT_RENEWABLE, BOUND, JUST_NOW])
SCOPES = st.sampled_from([None, (), ("write",)])
NEEDS = st.builds(
    TokenNeed,
    rejected=st.sampled_from([None, "access-0", "another"]),
    challenge=st.sampled_from([None, INVALID[0], WANTS_WRITE[0], POINTS_TO_METADATA, WANTS_DPOP]),
    more_scope=SCOPES,
    early=st.booleans(),
    explicit=st.booleans(),
)
SITUATIONS = st.builds(
    Situation,
    need=NEEDS,
    session=SESSIONS,
    now=st.sampled_from([NOW, NOW - 3600, NOW + 86_400]),
    is_machine=st.booleans(),
    can_ask_server=st.booleans(),
    has_moved=st.sampled_from([None, False, True]),
    is_scope_pinned=st.booleans(),
    pause=st.sampled_from([None, BUSY]),
    has_given_up=st.booleans(),
    brake=st.sampled_from([CLEAN, SPENT, REJECTED_ONCE]),
    made=st.integers(0, 3),
)
REFRESHES = st.builds(
    Refresh,
    outcome=st.sampled_from([Renewed(GOOD), Overtaken(), UNANSWERED, UNAVAILABLE, *map(refused, MEANINGS)]),
    early=st.booleans(),
    explicit=st.booleans(),
    may_read_metadata=st.booleans(),
    is_second=st.booleans(),
    conflicts=st.integers(0, 2 * MOST_CONFLICTS),
)


@given(SITUATIONS)
def test_there_is_always_exactly_one_step_and_it_can_be_carried_out(given):
    step = decide(given)
    assert isinstance(step, Step)
    assert decide(given) is step
    if step in (Step.ADOPT, Step.ASK_SERVER, Step.REFRESH):
        assert given.session is not None
    if step is Step.REFRESH:
        assert given.session.token.refresh_token is not None
    if step is Step.ASK_SERVER:
        assert given.has_moved is None


@given(SITUATIONS)
def test_ahead_of_time_no_person_is_asked(given):
    step = decide(replace(given, need=replace(given.need, early=True), is_machine=False))
    assert step not in (Step.STEP_UP, Step.LOG_IN)


@given(SITUATIONS)
def test_nothing_is_sent_to_a_paused_authorization_server_unless_a_person_is_asked(given):
    step = decide(replace(given, pause=BUSY, need=replace(given.need, explicit=False)))
    assert step is not Step.REFRESH
    assert not given.is_machine or step not in (Step.STEP_UP, Step.LOG_IN)


@given(SITUATIONS)
def test_a_session_of_an_issuer_that_was_left_is_not_renewed(given):
    assert decide(replace(given, has_moved=True)) is not Step.REFRESH


@given(REFRESHES)
def test_exactly_one_step_follows_a_refresh_and_it_can_be_carried_out(given):
    step = after_refresh(given)
    assert isinstance(step, NextStep)
    assert (step is NextStep.USE_SESSION) == isinstance(given.outcome, Renewed)
    if isinstance(given.outcome, Overtaken):
        assert step is (NextStep.FAIL if given.conflicts >= MOST_CONFLICTS else NextStep.LOOK_AGAIN)
    elif step is NextStep.FAIL:
        assert isinstance(given.outcome, Unanswered | Unavailable | RefreshRefused)


@given(REFRESHES)
def test_ahead_of_time_no_login_follows_a_refresh(given):
    step = after_refresh(replace(given, early=True))
    assert step not in (NextStep.LOG_IN, NextStep.FORGET_CLIENT)


@given(REFRESHES)
def test_what_a_user_has_asked_for_ends_in_a_session_or_in_a_login(given):
    given = replace(given, explicit=True, early=False, conflicts=0)
    assert after_refresh(given) is not NextStep.FAIL


@given(REFRESHES, st.sampled_from(MEANINGS))
def test_only_a_client_that_has_ended_is_forgotten(given, meaning):
    step = after_refresh(replace(given, outcome=refused(meaning)))
    assert step is not NextStep.FORGET_CLIENT or meaning.ends_client


def test_no_two_steps_have_the_same_name():
    for one, other in combinations([*Step], 2):
        assert one.value != other.value


# What is wanted, and what answers it.


def test_a_plain_401_wants_any_other_token():
    token = Token(Secret("t"), BEGINNING)
    assert need_after(token, INVALID) == TokenNeed("t", INVALID[0], None, early=False)
    assert need_after(token, challenges("Negotiate")) == TokenNeed("t")
    assert need_after(None, ()) == TokenNeed()


@requirement("STP-1", "STP-4")
@pytest.mark.parametrize(("fields", "more_scope"), [(WANTS_WRITE, ("write",)), (WANTS_MORE, ())])
def test_insufficient_scope_wants_more_scope_even_if_it_does_not_say_which(fields, more_scope):
    assert need_after(None, fields).more_scope == more_scope


def test_what_was_said_to_a_bound_token_stands_in_the_challenge_for_dpop():
    fields = challenges('Bearer scope="a"', 'DPoP error="invalid_token"')
    bound = Token(Secret("t"), BEGINNING, token_type=TokenType.DPOP)
    assert need_after(bound, fields).challenge.scheme == "dpop"
    assert need_after(None, fields, prefers_dpop=True).challenge.scheme == "dpop"
    assert need_after(None, fields).challenge.scheme == "bearer"


@pytest.mark.parametrize(
    ("need", "is_answer"),
    [
        (TokenNeed(), True),
        (TokenNeed("access-0"), False),
        (TokenNeed("another"), True),
        (TokenNeed("another", more_scope=("read",)), True),
        (TokenNeed("another", more_scope=("read", "write")), False),
        (TokenNeed("another", more_scope=()), True),
        (TokenNeed("access-0", more_scope=()), False),
        (TokenNeed("another", WANTS_DPOP), False),
    ],
)
def test_a_session_answers_a_need_with_another_token_that_has_the_scope_and_the_key(need, is_answer):
    assert answers(a_session(scope=("read",)), need, NOW) is is_answer


def test_neither_nothing_nor_an_expired_token_answers_a_need():
    assert not answers(None, TokenNeed(), NOW)
    assert not answers(EXPIRED, TokenNeed(), NOW)
