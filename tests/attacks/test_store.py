# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Attacks on the files and databases of sessions, and on where a token is sent."""

import json
import logging
import os
import pickle
import sqlite3
import stat
from contextlib import closing, contextmanager, suppress

import pytest

from tests.adapters.server import Answer, McpServer
from tests.adapters.ways import WAYS
from tests.fakes.world import World, a_session
from valetkey._sessions.codec import decode_session, encode_session, session_key
from valetkey.errors import AuthError, ConfigurationError, StoreError
from valetkey.store import ABSENT, Conflict
from valetkey.store.backends import private_files
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.store.checked import CheckedStore
from valetkey.store.encryption.encrypted import EncryptedStore
from valetkey.store.encryption.keys import KEY_FILE_VARIABLE, DataKey, DataKeys, given_keys
from valetkey.store.encryption.protected import ProtectedStore

NOBODY = 65534
TOKEN = b"canary-3f0a-refresh-token"
EVENTS = {"headers": {"Accept": "text/event-stream"}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "valetkey" / "credentials.db"


@pytest.fixture
def store(path):
    store = SqliteStore(path)
    store.put("key", b"1")
    return store


def give_away(path, monkeypatch):
    """Let a file belong to the attacker; an ordinary user cannot, so there this process takes another name."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, -1, follow_symlinks=False)
    else:
        me = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: me + 1)


def refuses(act):
    try:
        act()
    except StoreError:
        return True
    return False


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_no_other_user_can_read_a_store_whatever_the_umask_is(path):
    """Threat F1."""
    before = os.umask(0)
    try:
        store = SqliteStore(path)
        with suppress(StoreError):
            store.lease("key", seconds=20).release()
        with suppress(StoreError):
            store.put("key", TOKEN)
    finally:
        os.umask(before)
    found = [path.parent, *path.parent.rglob("*")]
    assert [mode_of(each) & 0o077 for each in found] == [0] * 4


def test_a_store_that_others_could_read_is_closed_to_them_and_the_user_is_told(path, store, caplog):
    """Threat F2."""
    path.chmod(0o644)
    with caplog.at_level(logging.WARNING, "valetkey"):
        store.get("key")
    assert mode_of(path) == 0o600
    assert "could be read by other users" in caplog.text


def test_a_store_that_another_user_has_planted_is_not_used(path, store, monkeypatch):
    """Threat F3."""
    give_away(path, monkeypatch)
    assert refuses(lambda: store.get("key"))


def test_a_folder_in_which_another_user_could_plant_a_journal_is_not_used(path, store):
    """Threat F4."""
    path.parent.chmod(0o1777)
    assert refuses(lambda: store.get("key"))


def test_a_journal_that_another_user_has_planted_is_not_applied(path, store, monkeypatch):
    """Threat F5."""
    (path.parent / "credentials.db-journal").symlink_to(path.parent / "theirs")
    assert refuses(lambda: store.get("key"))


@pytest.mark.parametrize("comes", ["before", "between the look and the creation"])
def test_a_link_in_place_of_the_store_leads_nowhere(path, store, tmp_path, monkeypatch, comes):
    """Threat F6."""
    elsewhere = tmp_path / "elsewhere"

    @contextmanager
    def attacked():
        path.symlink_to(elsewhere)
        yield

    path.unlink()
    if comes == "before":
        path.symlink_to(elsewhere)
    else:
        monkeypatch.setattr(private_files, "creation", attacked())
    with pytest.raises(StoreError, match="is a symbolic link"):
        store.put("key", TOKEN)
    assert not elsewhere.exists()


def test_a_pipe_in_place_of_a_store_is_not_opened(path, store):
    """Threat F7."""
    path.unlink()
    os.mkfifo(path, 0o600)
    with pytest.raises(StoreError, match="is no ordinary file"):
        store.get("key")


def test_a_pipe_in_place_of_a_key_is_not_waited_for(tmp_path):
    """Threat F8."""
    os.mkfifo(tmp_path / "store.key", 0o600)
    outcome = None
    with suppress(AuthError):
        outcome = given_keys({KEY_FILE_VARIABLE: str(tmp_path / "store.key")})
    assert outcome is None


def test_a_key_that_another_user_can_read_is_not_used(tmp_path):
    """Threat F9."""
    (tmp_path / "store.key").write_text(DataKey.random().write())
    (tmp_path / "store.key").chmod(0o644)
    assert refuses(lambda: given_keys({KEY_FILE_VARIABLE: str(tmp_path / "store.key")}))


def test_no_other_user_can_hold_a_lock_of_ours_for_ever(path, store):
    """Threat F10."""
    store.lease("key", seconds=20).release()
    locks = path.with_name("credentials.db.locks")
    locks.chmod(0o755)
    store.lease("key", seconds=20).release()
    assert mode_of(locks) == 0o700


def test_locks_in_a_folder_of_another_user_are_not_taken(path, store, monkeypatch):
    """Threat F11."""
    store.lease("key", seconds=20).release()
    give_away(path.with_name("credentials.db.locks"), monkeypatch)
    assert refuses(lambda: store.lease("key", seconds=20))


def test_another_users_folder_in_a_shared_one_leads_to_no_store(tmp_path, monkeypatch):
    """Threat F12."""
    (tmp_path / "shared" / "theirs").mkdir(parents=True)
    (tmp_path / "shared").chmod(0o1777)
    store = SqliteStore(tmp_path / "shared" / "theirs" / "valetkey" / "credentials.db")
    store.put("key", b"1")
    give_away(tmp_path / "shared" / "theirs", monkeypatch)
    assert refuses(lambda: store.put("key", TOKEN))


def test_a_deleted_token_is_not_in_the_file_any_more(path, store):
    """Threat F13."""
    store.put("key", TOKEN * 100)
    store.delete("key")
    assert TOKEN not in path.read_bytes()


def encrypted(inner):
    return EncryptedStore(inner, DataKeys(DataKey(b"k" * 32)))


def test_a_record_that_is_put_in_anothers_place_is_not_read():
    """Threat F14."""
    inner = MemoryStore()
    store = encrypted(inner)
    store.put("session:mallory", b"her session")
    inner.put("session:alice", inner.get("session:mallory").value)
    assert refuses(lambda: store.get("session:alice"))


def test_a_plain_record_that_is_put_into_an_encrypted_store_is_not_read():
    """Threat F15."""
    inner = MemoryStore()
    store = encrypted(inner)
    inner.put("key", encode_session(a_session("planted")))
    with pytest.raises(StoreError, match="is not encrypted"):
        store.get("key")


def test_an_encrypted_store_does_not_become_plain_where_its_key_is_gone():
    """Threat F16."""
    inner = MemoryStore()
    ProtectedStore(inner, given=DataKeys(DataKey(b"k" * 32))).put("key", b"1")
    assert refuses(lambda: ProtectedStore(inner).put("key", TOKEN))
    assert TOKEN not in inner.get("key").value


def test_a_record_cannot_put_a_header_into_a_request():
    """Threat F17."""
    document = json.loads(encode_session(a_session()))
    document["token"]["access_token"] = "a\r\nX-Injected: 1"
    with pytest.raises(StoreError, match="damaged"):
        decode_session(json.dumps(document).encode())


class Payload:
    """What runs a command where a program unpickles it."""

    def __reduce__(self):
        return os.mkdir, (str(Payload.place),)


def test_nothing_in_a_store_is_run(tmp_path):
    """Threat F18."""
    Payload.place = tmp_path / "was-run"
    for record in (pickle.dumps(Payload()), b"[" * 100_000, b" " * 20_000_000):
        outcome = None
        with suppress(Exception):
            outcome = decode_session(record)
        assert outcome is None
    assert not Payload.place.exists()


def test_a_record_is_not_made_too_long_to_read():
    """Threat F19."""
    record = encode_session(a_session())[:-1] + b', "more": "' + b"x" * 17_000_000 + b'"}'
    assert refuses(lambda: decode_session(record))


def test_a_token_of_an_old_record_does_not_overwrite_the_new_one(store):
    """Threat F20."""
    version = store.put("key", b"old")
    store.put("key", b"new", if_version=version)
    for condition in (version, ABSENT):
        with suppress(Conflict):
            store.put("key", b"replayed", if_version=condition)
    assert store.get("key").value == b"new"


class Broken(MemoryStore):
    """A backend with a fault, which an attacker can cause by what he writes there."""

    def get(self, key):
        raise KeyError(key)


def test_a_backend_that_fails_in_its_own_way_fails_as_a_store():
    """Threat F21."""
    caught = None
    try:
        World().engine(store=CheckedStore(Broken())).stored_session()
    except Exception as error:  # noqa: BLE001 - the type of the error is what is looked at
        caught = error
    assert isinstance(caught, AuthError)
    assert isinstance(caught.__cause__, KeyError)


def test_a_damaged_record_sends_nothing_and_asks_no_person():
    """Threat F22."""
    world = World()
    document = json.loads(encode_session(a_session()))
    document["token"]["expires_at"] = 10**30
    world.store.inner.put(session_key(world.settings()), json.dumps(document).encode())
    assert refuses(lambda: world.engine().replace(None))
    assert (world.person.asked, world.server.requests) == ([], [])


@pytest.mark.parametrize("path", ["/tenant/mcp", "/mcp2", "/.well-known/x"])
def test_another_customer_on_the_servers_origin_gets_no_token(path):
    """Threat F23."""
    with McpServer() as server:
        server.routes[path] = server.rejects
        WAYS[3].send(WAYS[3].auth(server), ("GET", server.url), ("GET", f"{server.origin}{path}"))
        assert [seen.token for seen in server.seen if seen.path == path] == [None]


@pytest.mark.parametrize("way_up", ["%2e%2e/", "..;/", "..%2f", "..%5c", "%252e%252e/", "x/%2e%2e/%2E./", "..%00/"])
def test_no_way_up_leads_to_another_customer(way_up):
    """Threat F24."""
    engine = World().engine()
    assert engine.serves("https://mcp.example.com/mcp/tools")
    assert not engine.serves(f"https://mcp.example.com/mcp/{way_up}tenant")


def test_a_well_known_document_gets_no_token_where_the_resource_is_the_origin():
    """Threat F25."""
    world = World()
    world.keep(a_session(resource="https://mcp.example.com"))
    engine = world.engine()
    engine.look()
    assert engine.serves("https://mcp.example.com/api")
    assert not engine.serves("https://mcp.example.com/.well-known/oauth-protected-resource")
    assert not engine.serves("https://mcp.example.com/%2Ewell-known/oauth-protected-resource")


@pytest.mark.parametrize("query", ["?tenant=b", "?tenant=a&tenant=b", ""])
def test_another_customer_in_the_query_gets_no_token(query):
    """Threat F26."""
    engine = World().engine(url="https://mcp.example.com/mcp?tenant=a")
    assert engine.serves("https://mcp.example.com/mcp?tenant=a")
    assert not engine.serves(f"https://mcp.example.com/mcp{query}")


def test_a_stream_of_another_server_names_no_address_for_the_token():
    """Threat F27."""
    way = WAYS[3]
    with McpServer() as server, McpServer(wants_login=False) as theirs:
        event = f"event: endpoint\ndata: {server.origin}/tenant/in\n\n".encode()
        theirs.routes["/mcp"] = lambda _: Answer(200, (("Content-Type", "text/event-stream"),), event)
        server.routes["/mcp/old"] = lambda _: Answer(307, (("Location", theirs.url),), b"")
        server.routes["/tenant/in"] = server.rejects
        requests = ("GET", server.url), ("GET", f"{server.url}/old", EVENTS), ("POST", f"{server.origin}/tenant/in")
        way.send(way.auth(server), *requests, follow_redirects=True)
        assert len(theirs.seen) == 1
        assert [seen.token for seen in server.seen if seen.path == "/tenant/in"] == [None]


def test_a_server_names_no_address_of_another_origin():
    """Threat F28."""
    engine = World().engine()
    engine.legs.learn("https://evil.example/messages", "https://mcp.example.com/mcp")
    assert not engine.serves("https://evil.example/messages")
    assert not engine.serves("https://mcp.example.com/messages")


def test_the_file_is_not_left_with_a_second_name(path, store, tmp_path):
    """Threat F29."""
    (tmp_path / "second").hardlink_to(path)
    assert refuses(lambda: store.put("key", TOKEN))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT value FROM records").fetchall() == [(b"1",)]


def test_a_key_of_another_user_is_not_used(tmp_path, monkeypatch):
    """Threat F30."""
    (tmp_path / "store.key").touch(mode=0o600)
    (tmp_path / "store.key").write_text(DataKey.random().write())
    give_away(tmp_path / "store.key", monkeypatch)
    with pytest.raises((StoreError, ConfigurationError), match="belongs to another user"):
        given_keys({KEY_FILE_VARIABLE: str(tmp_path / "store.key")})
