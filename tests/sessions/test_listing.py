# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""All sessions of a store, and whose they are."""

import json

import pytest

from tests.fakes.authorization_server import MCP
from tests.fakes.world import World, a_session
from valetkey import Secret
from valetkey._policy.fitting import terms_of
from valetkey._sessions.codec import FORMAT, Kind, encode_session, session_key
from valetkey._sessions.listing import count_records, found_by_url, list_sessions, read_session
from valetkey._sessions.sessions import Sessions
from valetkey.errors import StoreLocked
from valetkey.settings.settings import Settings
from valetkey.store import ABSENT
from valetkey.store.backends.memory import MemoryStore
from valetkey.values import Client

ISSUER = "https://auth.example.com"
GIVEN = [
    {},
    {"principal": "alice", "label": "work"},
    {"client_id": "mine", "scope": "read write", "redirect_uri": "http://127.0.0.1:8765/callback"},
    {"client_id": "job", "client_secret": "sesame", "issuer": ISSUER},
    {"client_id": "app", "client_secret": "sesame", "issuer": ISSUER, "grant": "authorization_code"},
    {"grant": "device_code", "strict": True, "authorization_parameters": {"a": "b"}},
]


@pytest.fixture
def world():
    return World()


def write(world, settings, session=None):
    secret = settings.client_secret
    client = Client(settings.client_id or "client-0", ISSUER, secret=secret)
    session = session or a_session(client=client, terms=terms_of(settings))
    Sessions(settings, world.store, world.seams()).write(session, ABSENT)


@pytest.mark.parametrize("given", GIVEN)
def test_a_session_is_listed_with_the_settings_that_it_is_of(world, given):
    settings = world.settings(**given)
    write(world, settings)
    (stored,) = list_sessions(world.store.inner)
    assert stored.settings == settings
    assert stored.key == session_key(settings)
    assert (stored.said("url"), stored.said("principal"), stored.said("label")) == (
        MCP,
        settings.principal,
        settings.label,
    )


def test_what_is_the_default_is_not_in_the_record(world):
    write(world, world.settings())
    record = json.loads(world.store.inner.get(session_key(world.settings())).value)
    assert record["settings"] == {"url": MCP, "principal": "local", "label": "default"}


def test_no_secret_of_a_client_is_in_the_settings_of_a_record(world):
    write(world, world.settings(client_id="job", client_secret="sesame", issuer=ISSUER))
    (key,) = world.store.inner.keys()
    assert "sesame" not in json.dumps(json.loads(world.store.inner.get(key).value)["settings"])


@pytest.mark.parametrize("source", ["workload_token", "private_key"])
def test_a_session_that_was_made_with_what_no_record_holds_still_says_whose_it_is(world, source):
    given = {
        "workload_token": {"workload_token": lambda audience: "token"},
        "private_key": {"client_id": "job", "client_assertion": lambda audience: "jwt", "issuer": ISSUER},
    }[source]
    write(world, world.settings(**given))
    (stored,) = list_sessions(world.store.inner)
    assert stored.settings is None
    assert stored.said("url") == MCP


@pytest.mark.parametrize(
    "settings", [{"url": 5}, {"url": MCP, "principal": ""}, {"url": MCP, "scope": "read"}, {"url": MCP, "grant": 1}]
)
def test_damaged_settings_do_not_damage_the_session(settings):
    store = MemoryStore()
    store.put(session_key(Settings(url=MCP)), encode_session(a_session(), settings))
    (stored,) = list_sessions(store)
    assert stored.session == a_session()
    assert stored.settings is None


def test_a_record_that_was_copied_to_another_key_is_nobodys(world):
    write(world, world.settings())
    store = world.store.inner
    store.put(session_key(world.settings(label="work")), store.get(session_key(world.settings())).value)
    found = {stored.key: stored for stored in list_sessions(store)}
    copied = found[session_key(world.settings(label="work"))]
    assert (copied.settings, copied.named) == (None, None)


def test_a_record_that_cannot_be_read_is_listed_with_its_problem():
    store = MemoryStore()
    store.put("session:damaged", b"{")
    store.put("session:newer", json.dumps({"format": FORMAT + 1, "kind": "session"}).encode())
    assert [stored.problem is not None for stored in list_sessions(store)] == [True, True]


def test_only_sessions_are_listed_and_other_kinds_are_counted():
    store = MemoryStore()
    for key in ("session:a:lease", "client:a", "client:b:lease", "login:a", "other"):
        store.put(key, b"{}")
    assert list_sessions(store) == []
    assert count_records(store, Kind.CLIENT) == 1
    assert read_session(store, "session:a").session is None


def test_a_store_without_its_key_is_no_list_of_damaged_records():
    locked = StoreLocked("locked", hint="Give the key.", key_id="00")

    class Locked(MemoryStore):
        def get(self, key):
            raise locked

    store = Locked()
    store.put("session:a", b"")
    with pytest.raises(StoreLocked):
        list_sessions(store)


@pytest.mark.parametrize(
    ("settings", "client"),
    [
        ({}, Client("client-0", ISSUER)),
        ({"label": "work"}, Client("client-0", ISSUER)),
        ({"client_id": "mine"}, Client("mine", ISSUER)),
        ({"client_id": "job", "client_secret": "sesame"}, Client("job", ISSUER, secret=Secret("sesame"))),
    ],
)
def test_a_record_of_an_older_version_is_recognised_by_its_url(settings, client):
    store, settings = MemoryStore(), Settings(url=MCP, **settings)
    store.put(session_key(settings), encode_session(a_session(client=client)))
    (stored,) = list_sessions(store)
    found = found_by_url(stored, MCP, principals=("local",), labels=("default", "work"))
    assert found is not None
    assert session_key(found) == stored.key
    assert found_by_url(stored, f"{MCP}/other", principals=("local",), labels=("default",)) is None


def test_a_record_that_says_whose_it_is_is_not_guessed_at(world):
    write(world, world.settings())
    (stored,) = list_sessions(world.store.inner)
    assert found_by_url(stored, MCP, principals=("local",), labels=("default",)) is None
