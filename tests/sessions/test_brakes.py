# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The record of a session's brake: what is kept, what another program writes, and what cannot be read."""

import json
from dataclasses import replace

import pytest

from tests.fakes.world import World
from valetkey._policy.brake import CLEAN, Brake, Declined, Failure, marked
from valetkey._sessions.brakes import Brakes, decode_brake, encode_brake
from valetkey._sessions.codec import FORMAT, brake_key, session_key
from valetkey._sessions.fingerprint import settings_mark
from valetkey.errors import StoreError
from valetkey.store.another import MOST_WRITES

FULL = Brake(
    acts=4,
    since=1.0,
    at=2.5,
    rejections=3,
    failure=Failure.REFUSED,
    words="No.",
    error="invalid_grant",
    judged="0123456789abcdef",
    declined=(Declined(None, 2, 3.0), Declined(("read", "write"), 1, 4.0)),
    widened=2,
    settings=("0f1",),
)


@pytest.fixture
def world():
    return World()


def brakes_of(world, **settings):
    return Brakes(world.settings(**settings), world.store)


@pytest.mark.parametrize("brake", [CLEAN, FULL])
def test_what_is_written_is_read(brake):
    assert decode_brake(encode_brake(brake)) == brake


def test_a_session_without_a_record_has_nothing_behind_it(world):
    assert brakes_of(world).read() == CLEAN


def test_the_brake_stands_beside_the_session_under_the_same_parts(world):
    settings = world.settings(principal="one", label="work")
    assert brake_key(settings).removeprefix("brake") == session_key(settings).removeprefix("session")
    brakes_of(world, principal="one").change(lambda _: FULL)
    assert brakes_of(world, principal="two").read() == CLEAN
    assert brakes_of(world, principal="one").read() == marked(FULL, settings_mark(world.settings(principal="one")))


def test_a_change_is_made_to_what_another_program_has_written_meanwhile(world):
    mine, theirs = brakes_of(world), brakes_of(world)
    mine.read()
    theirs.change(lambda brake: replace(brake, acts=brake.acts + 1))
    assert mine.change(lambda brake: replace(brake, acts=brake.acts + 1)).acts == 2


def test_a_store_that_reports_a_conflict_at_every_write_is_an_error(world):
    mine, key = brakes_of(world), brake_key(world.settings())

    def overtake():
        world.store.inner.put(key, encode_brake(FULL))
        world.store.before_write[key] = overtake

    overtake()
    with pytest.raises(StoreError, match="conflict at every write"):
        mine.change(lambda brake: brake)
    assert world.store.calls.count(("put", key)) == MOST_WRITES


@pytest.mark.parametrize("was_there", [True, False])
def test_what_is_forgotten_is_gone(world, was_there):
    brakes = brakes_of(world)
    if was_there:
        brakes.change(lambda _: FULL)
    brakes.forget()
    assert brakes_of(world).read() == CLEAN
    assert brakes.change(lambda brake: replace(brake, acts=brake.acts + 1)).acts == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"acts": "many"},
        {"at": 10**400},
        {"failure": "unheard of"},
        {"words": None},
        {"declined": None},
        {"declined": [{"scope": "write", "times": 1, "at": 0}]},
        {"declined": [None]},
        {"acts": float("nan")},
    ],
    ids=str,
)
def test_a_record_that_cannot_be_read_holds_nothing_back(changes, caplog):
    record = json.dumps({**json.loads(encode_brake(FULL)), **changes}).encode()
    assert decode_brake(record) == CLEAN
    assert "is damaged, and counts as empty" in caplog.text


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"{}", b'{"kind": "session", "format": 2}', b"\xff"])
def test_what_is_no_record_of_a_brake_holds_nothing_back_either(value):
    assert decode_brake(value) == CLEAN


def test_a_count_below_zero_is_none():
    record = json.loads(encode_brake(FULL))
    assert decode_brake(json.dumps({**record, "acts": -5}).encode()).acts == 0


def test_a_record_of_a_newer_format_is_an_error_and_stays(world):
    newer = json.dumps({"format": FORMAT + 1, "kind": "brake"}).encode()
    world.store.inner.put(brake_key(world.settings()), newer)
    with pytest.raises(StoreError, match="newer version"):
        brakes_of(world).read()
