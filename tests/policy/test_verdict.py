# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a token was worth when another one is wanted: a line for each row, and what follows for the brake."""

from dataclasses import replace

import pytest

from valetkey._policy.brake import CLEAN, Brake, Declined, Failure
from valetkey._policy.verdict import MOST_WIDENED, VERDICTS, Fate, Verdict, after, verdict_on

NOW = 1_800_000_000.0
LOGIN = Brake(acts=1, since=NOW - 10, at=NOW - 10)
NEW = Fate(fingerprint="f", obtained_at=NOW - 10, now=NOW, was_counted=True)
REJECTED = replace(NEW, is_rejected=True)
STEADY = replace(REJECTED, obtained_at=NOW - 300, accepted_since=NOW - 240)
RENEWED = replace(REJECTED, was_counted=False)
STEPPED_UP = replace(REJECTED, accepted_since=NOW - 5, wants_more_scope=True, wants_new_scope=True)
LIVED = replace(NEW, obtained_at=NOW - 300, expires_at=NOW - 1, is_over=True)

LINES = [
    (Verdict.UNKNOWN, replace(LOGIN, judged="f"), REJECTED),
    (Verdict.SERVED, CLEAN, STEADY),
    (Verdict.WIDENED, LOGIN, STEPPED_UP),
    (Verdict.UNKNOWN, LOGIN, replace(RENEWED, accepted_since=NOW - 5, obtained_at=NOW - 20)),
    (Verdict.UNKNOWN, CLEAN, replace(REJECTED, obtained_at=NOW - 240)),
    (Verdict.VAIN, LOGIN, REJECTED),
    (Verdict.SERVED, CLEAN, LIVED),
    (Verdict.UNKNOWN, LOGIN, NEW),
]


@pytest.mark.parametrize(("number", "line"), list(enumerate(LINES)))
def test_each_row_has_its_own_line(number, line):
    verdict, brake, fate = line
    assert verdict_on(brake, fate) is verdict
    assert next(place for place, row in enumerate(VERDICTS) if row.holds(brake, fate)) == number
    assert VERDICTS[number].verdict is verdict


@pytest.mark.parametrize(
    ("brake", "fate", "verdict"),
    [
        (CLEAN, replace(STEADY, accepted_since=NOW - 239), Verdict.VAIN),
        (Brake(acts=3, at=NOW - 100), STEADY, Verdict.VAIN),
        (CLEAN, replace(REJECTED, obtained_at=NOW - 300, was_rejected_at_once=True), Verdict.VAIN),
        (CLEAN, replace(LIVED, is_rejected=True, was_rejected_at_once=True), Verdict.VAIN),
        (replace(LOGIN, at=NOW - 400), replace(STEADY, was_counted=False, accepted_since=NOW - 5), Verdict.SERVED),
        (CLEAN, replace(STEADY, was_counted=False), Verdict.SERVED),
        (LOGIN, LIVED, Verdict.UNKNOWN),
        (CLEAN, replace(LIVED, expires_at=None), Verdict.UNKNOWN),
        (CLEAN, replace(LIVED, expires_at=NOW - 100), Verdict.UNKNOWN),
        (CLEAN, replace(LIVED, expires_at=NOW - 180, accepted_since=NOW - 290), Verdict.SERVED),
        (CLEAN, replace(LIVED, expires_at=NOW - 181, accepted_since=NOW - 290), Verdict.UNKNOWN),
        (LOGIN, replace(RENEWED, accepted_since=NOW - 9), Verdict.VAIN),
        (LOGIN, replace(RENEWED, accepted_since=NOW - 9, expires_at=NOW + 10), Verdict.UNKNOWN),
        (LOGIN, replace(STEPPED_UP, accepted_since=None), Verdict.VAIN),
        (LOGIN, replace(STEPPED_UP, wants_new_scope=False), Verdict.VAIN),
        (LOGIN, replace(STEPPED_UP, obtained_at=NOW - 11), Verdict.VAIN),
        (replace(LOGIN, widened=MOST_WIDENED), STEPPED_UP, Verdict.VAIN),
    ],
    ids=[
        "accepted for too short",
        "older than the last act",
        "rejected when it was new",
        "rejected when it was new, and over",
        "renewed, of a session that has served",
        "a machine's",
        "over, but older than the last act",
        "without an end",
        "over too soon",
        "accepted, and over after two minutes",
        "accepted, and over earlier",
        "renewed, accepted and rejected at once",
        "renewed, and half of its time is over",
        "more scope, but not known to be accepted",
        "more scope, but none that is new",
        "more scope, but older than the last act",
        "more scope too often",
    ],
)
def test_only_what_has_served_for_four_minutes_since_the_last_act_ends_the_row(brake, fate, verdict):
    assert verdict_on(brake, fate) is verdict


def test_a_token_in_vain_counts_once_for_a_machine_and_was_counted_before_for_a_person():
    brake = after(Verdict.VAIN, LOGIN, REJECTED, "It says no.")
    assert brake == replace(LOGIN, rejections=1, failure=Failure.REJECTED, words="It says no.", judged="f")
    assert after(Verdict.VAIN, LOGIN, RENEWED, "").acts == 2
    assert after(Verdict.VAIN, CLEAN, REJECTED, "") == Brake(
        acts=1, since=NOW - 10, at=NOW - 10, rejections=1, failure=Failure.REJECTED, judged="f"
    )
    assert after(Verdict.VAIN, LOGIN, replace(REJECTED, wants_more_scope=True), "").failure is Failure.SCOPE


def test_a_step_up_that_was_worth_it_takes_its_login_out_of_the_count():
    behind = replace(LOGIN, acts=2, settings=("0f1",))
    brake = after(Verdict.WIDENED, behind, STEPPED_UP, "It wants more.")
    assert brake == replace(behind, acts=1, judged="f", widened=1)
    assert after(Verdict.WIDENED, CLEAN, STEPPED_UP, "").acts == 0


def test_the_first_renewal_in_vain_begins_a_row_of_its_own_where_the_session_has_served():
    old = replace(LOGIN, acts=2, at=NOW - 3600)
    assert after(Verdict.VAIN, old, RENEWED, "").acts == 1
    assert after(Verdict.VAIN, replace(old, failure=Failure.REFUSED), RENEWED, "").acts == 3


def test_a_success_forgets_and_what_is_not_known_changes_nothing():
    declined = Declined(("write",), 1, NOW)
    assert after(Verdict.SERVED, replace(LOGIN, declined=(declined,)), STEADY, "") == Brake(declined=(declined,))
    assert after(Verdict.UNKNOWN, LOGIN, NEW, "") is LOGIN
