# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The session in its store: what is read, when it is written, and what happens when the store is in trouble."""

import json
import math
from dataclasses import replace

import pytest

from tests.fakes.seams import BEGINNING
from tests.fakes.world import World, a_session
from tests.requirements import requirement
from valetkey._sessions.codec import FORMAT
from valetkey._sessions.sessions import SAVING_SECONDS, Sessions
from valetkey.errors import StoreError
from valetkey.store import ABSENT, Conflict


@pytest.fixture
def world():
    return World()


@pytest.fixture
def sessions(world):
    return Sessions(world.settings(), world.store, world.seams())


def test_there_is_no_session_before_there_is_one(sessions):
    assert sessions.read() == (None, ABSENT)


def test_what_was_written_is_read_with_its_version(sessions):
    version = sessions.write(a_session(), ABSENT)
    assert sessions.read() == (a_session(), version)


def test_a_session_of_another_issuer_than_the_pinned_one_is_none_but_can_be_written_over(world):
    world.keep(a_session())
    sessions = Sessions(world.settings(issuer="https://other.example.com"), world.store, world.seams())
    session, version = sessions.read()
    assert session is None
    sessions.write(a_session("mine"), version)
    assert world.kept() == a_session("mine")


@requirement("RES-10", "ASM-2")
@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://mcp.example.com/other"},
        {"principal": "somebody"},
        {"label": "work"},
        {"client_id": "mine"},
    ],
)
def test_the_session_of_another_server_person_label_or_client_is_another_one(world, sessions, changes):
    sessions.write(a_session(), ABSENT)
    assert Sessions(world.settings(**changes), world.store, world.seams()).read() == (None, ABSENT)


@pytest.mark.parametrize("record", [b"", b"{}", b'{"format": 1, "kind": "session"}', b"\xff"])
def test_a_damaged_record_is_an_error_and_stays(world, sessions, record):
    world.store.inner.put(sessions.key, record)
    with pytest.raises(StoreError, match="damaged"):
        sessions.read()
    assert world.store.inner.get(sessions.key).value == record


def test_a_record_of_a_newer_format_is_an_error_and_stays(world, sessions):
    record = json.dumps({"format": FORMAT + 1, "kind": "session"}).encode()
    world.store.inner.put(sessions.key, record)
    with pytest.raises(StoreError, match="newer version"):
        sessions.read()
    assert world.store.inner.get(sessions.key).value == record


def test_a_write_that_expects_another_version_is_a_conflict(sessions):
    sessions.write(a_session(), ABSENT)
    with pytest.raises(Conflict):
        sessions.write(a_session("other"), ABSENT)


def test_what_was_not_read_is_amended_as_it_is_given(world, sessions):
    sessions.amend(a_session(), ABSENT)
    assert world.kept() == a_session()


def test_an_answer_is_written_over_the_version_that_was_there(world, sessions):
    version = sessions.write(a_session(), ABSENT)
    assert sessions.save_answer(a_session("new"), version) == a_session("new")
    assert world.kept() == a_session("new")


@requirement("REF-8")
def test_an_answer_is_held_while_the_store_is_in_trouble(world, sessions):
    world.store.fails_writes = 8
    sessions.save_answer(a_session("new"), ABSENT)
    assert world.kept() == a_session("new")
    assert world.clock.pauses == [0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5, 0.5]


def test_after_a_minute_of_trouble_the_error_is_the_callers(world, sessions):
    world.store.fails_writes = math.inf
    with pytest.raises(StoreError):
        sessions.save_answer(a_session("new"), ABSENT)
    assert 60 <= world.clock.time - BEGINNING < 61


def test_an_answer_that_was_written_although_the_store_said_no_is_there_once(world, sessions):
    world.store.loses_acknowledgements = 1
    assert sessions.save_answer(a_session("new"), ABSENT) == a_session("new")
    assert world.kept() == a_session("new")


def test_a_conflict_with_an_older_generation_is_won(world, sessions):
    world.keep(a_session("older", obtained_at=BEGINNING - 1))
    assert sessions.save_answer(a_session("new"), ABSENT) == a_session("new")
    assert world.kept() == a_session("new")


def test_a_conflict_with_a_newer_generation_is_lost_and_theirs_is_used(world, sessions):
    newer = a_session("newer", obtained_at=BEGINNING + 1)
    world.keep(newer)
    assert sessions.save_answer(a_session("new"), ABSENT) == newer
    assert world.kept() == newer


def test_a_store_that_reports_a_conflict_at_every_write_is_told_after_a_minute(world, sessions):
    older = a_session("older", obtained_at=BEGINNING - 1)

    def overtake():
        world.keep(older)
        world.store.before_write[sessions.key] = overtake

    overtake()
    with pytest.raises(StoreError, match="conflict at every write") as caught:
        sessions.save_answer(a_session("new"), ABSENT)
    assert "valetkey.store.testing" in caught.value.hint
    assert world.clock.time >= BEGINNING + SAVING_SECONDS
    assert world.kept() == older


def test_an_answer_is_kept_when_the_session_was_deleted_meanwhile(world, sessions):
    version = sessions.write(a_session(), ABSENT)
    world.store.inner.delete(sessions.key)
    assert sessions.save_answer(a_session("new"), version) == a_session("new")
    assert world.kept() == a_session("new")


def test_a_renewed_session_that_was_deleted_meanwhile_stays_deleted(world, sessions):
    version = sessions.write(a_session(), ABSENT)
    world.store.inner.delete(sessions.key)
    with pytest.raises(Conflict):
        sessions.save_answer(a_session("new"), version, renews=a_session().token)
    assert sessions.read() == (None, ABSENT)


def test_a_renewed_session_wins_over_an_older_generation_that_is_there(world, sessions):
    version = sessions.write(a_session(), ABSENT)
    world.keep(a_session("older", obtained_at=BEGINNING - 1))
    assert sessions.save_answer(a_session("new"), version, renews=a_session().token) == a_session("new")
    assert world.kept() == a_session("new")


def test_a_renewed_session_wins_over_what_it_came_from_although_the_clock_was_set_back(world, sessions):
    """Whoever wrote meanwhile has put a mark on the old generation; its refresh token is spent."""
    came_from = a_session("old", obtained_at=BEGINNING + 3600)
    version = sessions.write(came_from, ABSENT)
    world.keep(a_session("old", obtained_at=BEGINNING + 3600, refresh_token=None))
    assert sessions.save_answer(a_session("new"), version, renews=came_from.token) == a_session("new")
    assert world.kept() == a_session("new")


def test_only_the_version_that_was_read_is_deleted(world, sessions):
    version = sessions.write(a_session(), ABSENT)
    newer = sessions.write(a_session("newer"), version)
    with pytest.raises(Conflict):
        sessions.delete(version)
    assert sessions.read() == (a_session("newer"), newer)
    sessions.delete(newer)
    assert sessions.read() == (None, ABSENT)


def test_a_conflict_while_the_store_cannot_be_read_does_not_lose_the_answer(world, sessions):
    world.keep(a_session("older", obtained_at=BEGINNING - 1))
    world.store.fails_reads = 3
    assert sessions.save_answer(a_session("new"), ABSENT) == a_session("new")
    assert world.kept() == a_session("new")


def test_a_login_of_a_person_is_told_from_the_one_before_and_a_renewal_keeps_it(world, sessions):
    first = sessions.save_answer(a_session("first"), ABSENT)
    renewed = replace(first, token=a_session("renewed").token, renewed=True)
    version = sessions.read()[1]
    assert sessions.save_answer(renewed, version, renews=first.token).login == first.login == world.kept().login
    second = sessions.save_answer(a_session("second"), sessions.read()[1])
    assert None not in (first.login, second.login)
    assert second.login != first.login


def test_all_tokens_of_a_machine_are_of_one_account(sessions):
    for text in ("first", "second"):
        answer = replace(a_session(text), interactive=False)
        assert sessions.save_answer(answer, sessions.read()[1]).login is None
