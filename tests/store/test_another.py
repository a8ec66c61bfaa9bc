# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What an error about a store says: which store it is, and how to go on."""

import re
import shlex

import pytest

from tests.fakes.authorization_server import ISSUER, MCP
from tests.fakes.world import World
from valetkey._sessions.codec import client_key, session_key
from valetkey.errors import StoreError, StoreLocked, TemporaryError
from valetkey.store import open_store
from valetkey.store.another import place_of
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.store.encryption.encrypted import EncryptedStore
from valetkey.store.encryption.keys import DataKey, DataKeys, Source
from valetkey.store.encryption.protected import ProtectedStore


def encrypted(path):
    """A store that is encrypted with a key of its own."""
    return ProtectedStore(SqliteStore(path), given=DataKeys(DataKey.random(Source.PROGRAM)))


def test_a_locked_store_is_named_with_the_server_and_another_store_leads_on(tmp_path):
    """Rows F13, B5."""
    path, world = tmp_path / "sessions.db", World()
    world.engine(store=encrypted(path)).replace(None)
    with pytest.raises(StoreLocked) as caught:
        world.engine(store=encrypted(path)).replace(None)
    text = str(caught.value)
    assert (text.count(str(path)), text.count(MCP)) == (1, 1)
    assert re.search("(?i)if it is lost, name another store where this one is named .* and log in again", text)
    assert world.engine(store=encrypted(tmp_path / "other.db")).replace(None).access_token


def test_a_locked_store_is_named_by_its_own_methods_too(tmp_path):
    """Row F13."""
    path = tmp_path / "sessions.db"
    encrypted(path).put("a", b"b")
    with pytest.raises(StoreLocked, match=re.escape(str(path))):
        encrypted(path).get("a")


@pytest.mark.parametrize("value", [b"\x00damaged", b'{"format": 99, "kind": "session"}'], ids=["damaged", "newer"])
def test_a_record_that_cannot_be_read_names_its_store(tmp_path, value, caplog):
    """Row F13."""
    path, world = tmp_path / "sessions.db", World()
    store = SqliteStore(path)
    store.put(world.attempts().sessions.key, value)
    engine = world.engine(store=store)
    assert engine.current() is None
    assert str(path) in caplog.text
    with pytest.raises(StoreError, match=re.escape(str(path))):
        engine.replace(None)


@pytest.mark.parametrize("work", ["renew", "register"])
def test_a_lock_that_is_held_for_long_leads_to_the_program_that_holds_it(tmp_path, work):
    """Row I18."""
    path, world = tmp_path / "a folder" / "sessions.db", World()
    store = SqliteStore(path)
    key = session_key(world.settings()) if work == "renew" else client_key(ISSUER, world.settings())
    with store.lease(key, seconds=20), pytest.raises(TemporaryError, match="Another program has been") as caught:
        world.engine(store=store).replace(None)
    command = re.search(r"end the program that `fuser -v (.*)/\*` finds", caught.value.hint)[1]
    assert shlex.split(command) == [f"{path}.locks"]
    assert len(list(path.with_name("sessions.db.locks").iterdir())) >= 1
    assert world.engine(store=store).replace(None).access_token


def test_a_lease_on_a_server_ends_by_itself():
    world = World()
    lease = world.store.lease(session_key(world.settings()), seconds=20)
    with lease, pytest.raises(TemporaryError) as caught:
        world.engine().replace(None)
    assert caught.value.hint == "Try again in a moment."


def test_a_store_that_was_tampered_with_is_named(tmp_path):
    """Row F13."""
    inner = SqliteStore(tmp_path / "sessions.db")
    store = EncryptedStore(inner, DataKeys(DataKey.random(Source.PROGRAM)))
    store.put("a", b"b")
    inner.put("b", inner.get("a").value)
    with pytest.raises(StoreError, match=re.escape(inner.place)):
        store.get("b")


def test_a_place_is_what_the_store_says(tmp_path):
    assert place_of(MemoryStore()) == "memory:"
    assert place_of(object()) == ""
    assert place_of(open_store(f"sqlite:///{tmp_path}/a.db")) == f"{tmp_path}/a.db"
