# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A session as it is shown."""

from dataclasses import replace

import pytest

from tests.fakes.world import a_session
from valetkey._cli.views import (
    account_of,
    counted,
    document_of_session,
    duration,
    lines_of_session,
    shown_url,
    state_of,
)
from valetkey._sessions.listing import StoredSession
from valetkey.errors import StoreError
from valetkey.values import Secret


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (90_000, "1 day 1 h"),
        (2e5, "2 days 7 h"),
    ],
)
def test_a_time_is_told_in_its_two_largest_units(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("session", "state"),
    [
        (a_session(expires_at=None), "valid"),
        (a_session(expires_at=1.0), "renewable"),
        (a_session(refresh_token=None, expires_at=1.0), "expired"),
        (a_session(expires_at=1.0, ended="It has ended."), "ended"),
        (a_session(expires_at=None, ended="It has ended."), "valid"),
        (None, "unreadable"),
    ],
)
def test_the_state_is_one_word(session, state):
    assert state_of(StoredSession("k", session)) == state


def test_an_account_of_another_user_is_named_with_the_user():
    assert account_of(StoredSession("k", named={"label": "work", "principal": "local"})) == "work"
    assert account_of(StoredSession("k", named={"label": "work", "principal": "alice"})) == "work of alice"


def test_no_secret_is_in_a_description():
    session = a_session(dpop_key=Secret("the-key"))
    session = replace(session, client=replace(session.client, secret=Secret("the-secret")))
    stored = StoredSession("k", session, named={"url": "https://user:the-password@mcp.example.com/mcp"})
    said = f"{document_of_session(stored)} {lines_of_session(stored)}"
    for secret in ("access-0", "refresh-0", "the-key", "the-secret", "the-password"):
        assert secret not in said


def test_what_moves_a_cursor_is_escaped():
    session = a_session(scope=("re\x1bad",), ended="\x1b[2J")
    stored = StoredSession(
        "k", session, named={"url": "https://e.example/\x1b", "label": "\x1b[1m", "principal": "local"}
    )
    assert "\x1b" not in "".join(lines_of_session(stored))
    assert "\x1b" not in shown_url("https://e.example/\x1b[2J")


def test_a_record_that_cannot_be_read_is_told_with_its_problem():
    stored = StoredSession("k", problem=StoreError("It is damaged.", hint="Log out."))
    assert lines_of_session(stored)[-1] == "  problem  It is damaged. Log out."
    assert document_of_session(stored)["problem"] == "It is damaged."


@pytest.mark.parametrize(("number", "said"), [(0, "0 records"), (1, "1 record"), (2, "2 records")])
def test_a_number_has_its_noun(number, said):
    assert counted(number, "record", "records") == said
