# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The record of a login that waits, and the settings in it."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

from tests.fakes.world import World
from valetkey._sessions.codec import login_key, session_key
from valetkey._sessions.pending_codec import decode_pending, encode_pending, login_id_of
from valetkey._sessions.written_settings import NEEDED, WRITTEN, needed_besides, read_settings, write_settings
from valetkey.errors import StoreError
from valetkey.login.link import LinkLogin
from valetkey.settings import Network
from valetkey.settings.settings import Settings
from valetkey.store.another import DamagedRecord
from valetkey.values import Client, Secret

NOT_NEEDED = {
    *("client_secret", "clients"),  # the client of the login is in the record
    *("signing_algorithm", "assertion_audience", *NEEDED),  # those that have no text are named instead
    *("approve_scope", "initial_access_token", "device_authorization_endpoint"),  # their part is done
    *("workload_token", "identity_provider", "grant"),  # of other grants
    "on_event",  # of the process in which something happens
}


@pytest.fixture
def stored():
    world = World()
    engine = world.engine(seams=world.seams(login=LinkLogin()), public_url="https://bot.example.com")
    return world.store.inner.get(login_key(engine.begin().id)).value


def changed(stored, **members):
    return json.dumps({**json.loads(stored), **members}).encode()


def test_a_record_is_read_as_it_was_written(stored):
    record = decode_pending(stored)
    assert encode_pending(record) == stored
    assert record.settings == World.settings(public_url="https://bot.example.com", grant="authorization_code")


def test_the_id_follows_from_the_state_and_no_state_from_the_id():
    assert login_id_of("state") == login_id_of("state") != login_id_of("state2")
    assert len(login_id_of("")) == len(login_id_of("\ud800")) == 32


@pytest.mark.parametrize(
    "members",
    [
        {"request": None},
        {"request": {}},
        {"settings": 5},
        {"settings": {"url": "no url"}},
        {"settings": write_settings(Settings())},
        {"ends_at": "tomorrow"},
        {"ends_at": -1},
        {"mark": None},
        {"is_last": "no"},
        {"scopes": [5]},
        {"claimed_at": True},
    ],
)
def test_a_damaged_record_is_told_without_what_is_in_it(stored, members):
    with pytest.raises(DamagedRecord) as caught:
        decode_pending(changed(stored, **members))
    assert decode_pending(stored).request.verifier.reveal() not in f"{caught.value} {caught.value.__cause__!r}"


@pytest.mark.parametrize("pairs", [5, [5], [["a"]], [["a", "b", "c"]], [["a", 5]], [None]])
def test_pairs_that_are_none_are_damage(stored, pairs):
    settings = {**json.loads(stored)["settings"], "authorization_parameters": pairs}
    with pytest.raises(DamagedRecord):
        decode_pending(changed(stored, settings=settings))


def test_a_record_of_a_newer_version_is_not_touched(stored):
    with pytest.raises(StoreError, match="newer version"):
        decode_pending(changed(stored, format=99))


def test_every_option_is_written_or_there_is_a_reason_why_not():
    """A new option has to be put into one of the two."""
    assert {each.name for each in fields(Settings)} == WRITTEN | NOT_NEEDED
    assert not WRITTEN & NOT_NEEDED


def test_the_settings_come_back_with_the_secret_of_their_client():
    given = {
        "client_id": "mine",
        "client_secret": "s3cret",
        "client_authentication": "client_secret_post",
        "issuer": "https://as.example.com",
        "public_url": "https://bot.example.com",
        "scope": ("a", "b"),
        "dpop": False,
        "principal": "alice",
        "label": "second",
        "authorization_parameters": {"ui": "plain"},
    }
    settings = World.settings(**given, grant="authorization_code")
    client = Client("mine", "https://as.example.com", secret=Secret("s3cret"))
    written = json.loads(json.dumps(write_settings(settings)))
    assert "s3cret" not in str(written)
    again = read_settings(written, client)
    assert again == settings
    assert session_key(again) == session_key(World.settings(**given))


def test_what_has_no_text_is_named():
    assert needed_besides(World.settings()) == ()
    assert needed_besides(World.settings(network=Network(), client_id="a", private_key=Path("k"))) == (
        "private_key",
        "network",
    )
