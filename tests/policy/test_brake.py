# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How long an act has to wait after acts that came to nothing, and what is counted."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.requirements import requirement
from valetkey._policy.brake import (
    CLEAN,
    CLOCK_SECONDS,
    MOST_DECLINED,
    MOST_SETTINGS,
    RESTS,
    Act,
    Brake,
    Declined,
    Ended,
    Failure,
    Planned,
    begun,
    counted,
    declined,
    declined_before,
    failed,
    forgotten,
    marked,
    rest_of,
    with_settings,
)

NOW = 1_800_000_000.0
DECLINED_ROW, REJECTED_ROW, SAME_SCOPE_ROW, SPENT_ROW, ATTEMPT_ROW = RESTS
REJECTED = Brake(acts=1, since=NOW, at=NOW, rejections=1, failure=Failure.REJECTED)
NOT_BROUGHT = replace(REJECTED, failure=Failure.SCOPE)
REFUSED = Ended(Failure.REFUSED, "No.", "invalid_grant")


def planned(act=Act.LOGIN, *, now=NOW, asks_person=True, **facts):
    return Planned(act=act, now=now, asks_person=asks_person, **facts)


def seconds(brake, act=Act.LOGIN, **facts):
    """Give how many seconds an act has to wait."""
    rest = rest_of(brake, planned(act, **facts))
    return 0 if rest is None else rest.ends_at - NOW


@pytest.mark.parametrize("act", Act)
def test_with_nothing_behind_it_every_act_is_free(act):
    assert rest_of(CLEAN, planned(act, scope=("write",))) is None


@requirement("STP-5")
@pytest.mark.parametrize("act", Act)
def test_three_acts_are_free_then_the_pause_begins_with_a_minute_and_doubles_up_to_an_hour(act):
    pauses = [seconds(Brake(acts=acts, at=NOW), act) for acts in range(12)]
    assert pauses == [0, 0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert seconds(Brake(acts=10**9, at=NOW), act) == 3600


def test_a_pause_ends_on_time():
    spent = Brake(acts=3, at=NOW)
    assert rest_of(spent, planned(now=NOW + 59.9)).row is SPENT_ROW
    assert rest_of(spent, planned(now=NOW + 60)) is None


@pytest.mark.parametrize(
    ("brake", "act", "facts"),
    [
        (Brake(acts=3, at=NOW + CLOCK_SECONDS + 1), Act.RENEWAL, {}),
        (replace(REJECTED, at=NOW + 3600), Act.LOGIN, {}),
        (replace(NOT_BROUGHT, at=NOW + 3600), Act.SAME_SCOPE, {}),
        (Brake(declined=(Declined(None, 1, NOW + 3600),)), Act.LOGIN, {}),
    ],
)
def test_a_clock_that_was_set_back_holds_nothing_back(brake, act, facts):
    assert rest_of(brake, planned(act, **facts)) is None


def test_a_host_whose_clock_is_a_little_behind_is_held_back_too():
    assert rest_of(Brake(acts=3, at=NOW + 5), planned()) is not None


@requirement("WWW-15")
def test_after_a_login_whose_token_was_rejected_a_person_waits_a_minute_that_doubles_with_each():
    assert [seconds(replace(REJECTED, rejections=count)) for count in (1, 2, 3, 9)] == [60, 120, 240, 3600]
    assert rest_of(REJECTED, planned()).row is REJECTED_ROW


@pytest.mark.parametrize(
    ("act", "facts"),
    [
        (Act.RENEWAL, {"asks_person": False}),
        (Act.GRANT, {"asks_person": False}),
        (Act.STEP_UP, {"scope": ("write",)}),
        (Act.LOGIN, {"may_differ": True}),
    ],
)
def test_what_may_bring_another_result_is_not_held_back_by_one_rejection(act, facts):
    assert rest_of(REJECTED, planned(act, **facts)) is None


@requirement("STP-7")
def test_the_scope_that_a_login_did_not_bring_is_asked_for_again_after_a_minute():
    assert seconds(NOT_BROUGHT, Act.SAME_SCOPE) == 60
    assert seconds(replace(NOT_BROUGHT, rejections=2), Act.SAME_SCOPE) == 120
    assert seconds(NOT_BROUGHT, Act.SAME_SCOPE, asks_person=False) == 0
    assert seconds(REJECTED, Act.SAME_SCOPE) == 0
    assert rest_of(NOT_BROUGHT, planned(Act.SAME_SCOPE)).row is SAME_SCOPE_ROW


@requirement("STP-6", "AUT-18")
def test_a_login_that_was_declined_is_asked_for_again_after_ten_minutes_that_double():
    brake = declined(CLEAN, None, NOW)
    assert seconds(brake) == 600
    assert seconds(declined(brake, None, NOW)) == 1200
    assert seconds(brake, Act.STEP_UP, scope=("write",)) == 600
    assert seconds(brake, Act.RENEWAL, asks_person=False) == 0
    assert rest_of(brake, planned()).row is DECLINED_ROW


@requirement("STP-6", "STP-7")
def test_a_scope_that_was_declined_holds_back_that_scope_alone():
    brake = declined(CLEAN, ("write", "read"), NOW)
    assert seconds(brake, Act.STEP_UP, scope=("read", "write")) == 600
    assert seconds(brake, Act.SAME_SCOPE, scope=("read", "write")) == 600
    assert seconds(brake, Act.STEP_UP, scope=("write",)) == 0
    assert seconds(brake) == 0
    assert declined_before(declined(brake, ("read", "write"), NOW), ("write", "read")).times == 2
    assert seconds(declined(CLEAN, (), NOW), Act.STEP_UP, scope=None) == 600


def test_of_several_pauses_the_first_row_says_why_and_the_longest_says_when_it_ends():
    brake = replace(declined(REJECTED, None, NOW), acts=9)
    rest = rest_of(brake, planned())
    assert (rest.row, rest.ends_at) == (DECLINED_ROW, NOW + 3600)


@pytest.mark.parametrize(
    ("acts", "made", "waits"), [(2, 1, True), (1, 1, False), (1, 2, True), (2, 0, False), (5, 1, False), (5, 3, True)]
)
def test_one_attempt_makes_no_more_acts_than_are_free(acts, made, waits):
    """After a pause an attempt may do as much as the first one."""
    rest = rest_of(Brake(acts=acts, at=NOW - 3600), planned(made=made))
    assert (rest is not None) is waits
    assert rest is None or (rest.row, rest.ends_at) == (ATTEMPT_ROW, NOW + 60)


@pytest.mark.parametrize(
    ("acts", "more", "result"),
    [(0, 1, 1), (0, 2, 2), (0, 9, 3), (2, 5, 3), (3, 1, 4), (3, 9, 4), (4, 0, 4), (1, -1, 1)],
)
def test_an_attempt_leads_to_one_pause_or_doubles_it_once(acts, more, result):
    assert counted(acts, more) == result


def test_a_login_counts_when_it_begins():
    brake = begun(replace(REJECTED, words="No.", error="x"), NOW + 5, 1)
    assert brake == Brake(acts=2, since=NOW, at=NOW + 5, rejections=1)
    assert begun(CLEAN, NOW, 2) == Brake(acts=2, since=NOW, at=NOW)


def test_an_attempt_that_fails_is_counted_with_all_that_it_has_made_and_says_why():
    brake = failed(begun(CLEAN, NOW, 1), REFUSED, NOW + 9, before=0, made=1, logins=1)
    assert brake == Brake(1, NOW + 9, NOW + 9, failure=Failure.REFUSED, words="No.", error="invalid_grant")
    assert failed(brake, REFUSED, NOW + 10, before=1, made=1, logins=1).since == NOW + 9


def test_an_attempt_that_has_asked_a_person_twice_is_followed_by_a_pause():
    assert failed(CLEAN, REFUSED, NOW, before=0, made=2, logins=2).acts == 3
    assert failed(CLEAN, REFUSED, NOW, before=0, made=1, logins=1).acts == 1


def test_a_renewal_that_is_refused_for_a_rejected_token_leaves_the_rejection_as_the_cause():
    assert failed(REJECTED, REFUSED, NOW, before=1, made=1, logins=0).failure is Failure.REJECTED
    assert failed(REJECTED, REFUSED, NOW, before=1, made=1, logins=1).failure is Failure.REFUSED


def test_a_success_forgets_all_but_what_is_still_declined():
    ended, lasting = Declined(None, 1, NOW - 600), Declined(("write",), 1, NOW - 599)
    assert forgotten(replace(REJECTED, declined=(ended, lasting)), NOW) == Brake(declined=(lasting,))


TIMES = st.sampled_from([0.0, NOW - 3600, NOW, NOW + 100, NOW + 1e9])
BRAKES = st.builds(
    Brake,
    acts=st.integers(0, 50),
    since=TIMES,
    at=TIMES,
    rejections=st.integers(0, 50),
    failure=st.sampled_from([None, *Failure]),
    declined=st.lists(
        st.builds(Declined, st.sampled_from([None, (), ("write",)]), st.integers(1, 50), TIMES), max_size=2
    ).map(tuple),
)
PLANS = st.builds(
    Planned,
    act=st.sampled_from(Act),
    now=st.just(NOW),
    asks_person=st.booleans(),
    scope=st.sampled_from([None, (), ("write",)]),
    made=st.integers(0, 5),
    may_differ=st.booleans(),
)


@given(BRAKES, PLANS)
def test_no_pause_is_longer_than_an_hour_beyond_the_difference_of_two_clocks(brake, plan):
    rest = rest_of(brake, plan)
    assert rest is None or NOW < rest.ends_at <= NOW + 3600 + CLOCK_SECONDS


def test_settings_that_were_not_tried_begin_anew_and_two_programs_do_not_undo_each_other_for_ever():
    """Row H1."""
    spent = Brake(acts=7, at=NOW, failure=Failure.CLIENT_REFUSED, words="No.", judged="f", settings=("aaa",))
    assert with_settings(spent, "aaa") is spent
    assert with_settings(spent, "bbb") == Brake(judged="f", settings=("aaa",))
    assert marked(begun(with_settings(spent, "bbb"), NOW, 1), "bbb").settings == ("aaa", "bbb")
    many = replace(spent, settings=tuple(map(str, range(MOST_SETTINGS))))
    assert with_settings(many, "bbb") is many
    assert marked(many, "bbb") == many
    assert marked(CLEAN, "bbb") == CLEAN


def test_of_the_scopes_that_were_declined_the_latest_are_remembered():
    """Row H2."""
    brake = CLEAN
    for number in range(MOST_DECLINED + 5):
        brake = declined(brake, (f"scope{number}",), NOW)
    assert len(brake.declined) == MOST_DECLINED
    assert brake.declined[-1].scope == (f"scope{MOST_DECLINED + 4}",)
