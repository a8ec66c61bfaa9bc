# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Whether a store is encrypted: how that is decided, that it stays so, and how it is changed."""

import json
import logging
import os
import subprocess
import sys
import traceback
from contextlib import closing
from functools import partial

import pytest

from tests.fakes.keyrings import FakeKeyring
from tests.fakes.threads import LONGEST_WAIT
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey.errors import ConfigurationError, StoreError, StoreLocked
from valetkey.store import open_store
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.backends.opening import open_backend
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.store.encryption.encrypted import EncryptedStore, list_keys
from valetkey.store.encryption.keys import (
    KEY_FILE_VARIABLE,
    KEY_VARIABLE,
    RULE_VARIABLE,
    DataKey,
    DataKeys,
    Rule,
    Source,
)
from valetkey.store.encryption.protected import ProtectedStore
from valetkey.store.encryption.protection import describe, encrypt_all, open_protected, rewrap
from valetkey.store.encryption.system_keyring import SystemKeyring
from valetkey.store.testing import RECORDS
from valetkey.store.testing.processes import check_fork, check_killed_writer, check_stampede

TOKEN = b'{"access_token": "canary-7c1e"}'
ONE, OTHER = DataKey(bytes(range(32)), Source.ENVIRONMENT), DataKey(b"\xfb" * 32, Source.ENVIRONMENT)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "valetkey" / "credentials.db"


@pytest.fixture
def backend():
    return FakeKeyring()


@pytest.fixture
def opened(path, backend, tmp_path):
    """Opens the store as another process would."""

    def open_it(*keys, file=None, rule=None, patience=20):
        keyring = SystemKeyring(backend.find, seconds=patience, lock_beside=tmp_path / "own" / "credentials.db")
        environment = {
            KEY_VARIABLE: ",".join(key.write() for key in keys),
            KEY_FILE_VARIABLE: str(file or ""),
            RULE_VARIABLE: rule or "",
        }
        return open_protected(f"sqlite:///{path}", environment=environment, keyring=keyring)

    return open_it


@pytest.fixture
def world():
    return World()


@pytest.fixture
def raw(path):
    return SqliteStore(path)


@pytest.mark.parametrize("given", [None, DataKeys(ONE)], ids=["plain", "encrypted"])
def test_a_protected_store_promises_what_its_engine_does(given):
    store = ProtectedStore(MemoryStore(), given=given)
    for check in RECORDS:
        check(lambda: store)
    with store.lease("session:1", seconds=20):
        assert store.lease("session:1", seconds=20) is None


@pytest.mark.parametrize("check", [check_fork, check_killed_writer, check_stampede], ids=lambda check: check.__name__)
def test_processes_share_an_encrypted_store_as_they_share_a_plain_one(check, path):
    check(partial(open_protected, f"sqlite:///{path}", environment={KEY_VARIABLE: ONE.write()}))


# A new store


@requirement("SEC-11")
def test_a_new_store_is_encrypted_with_the_keyring_where_there_is_one(opened, raw, backend, path):
    opened().put("session:1", TOKEN)
    assert b"canary" not in path.read_bytes()
    assert raw.get("session:1").value[:1] == b"\x01"
    assert opened().get("session:1").value == TOKEN
    assert len(backend.secrets) == 1


def test_a_key_that_is_given_goes_before_the_keyring(opened, raw, backend):
    opened(ONE).put("session:1", TOKEN)
    assert raw.get("session:1").value[1:5] == ONE.id
    assert opened(ONE).get("session:1").value == TOKEN
    assert backend.calls == []


def test_a_key_file_is_as_good(opened, tmp_path):
    file = tmp_path / "store.key"
    file.write_text(ONE.write(), encoding="ascii")
    file.chmod(0o600)
    opened(file=file).put("session:1", TOKEN)
    assert opened(file=file).get("session:1").value == opened(ONE).get("session:1").value == TOKEN
    assert "VALETKEY_STORE_KEY_FILE" in describe(opened(file=file)).where


def test_a_new_store_without_any_key_is_plain_and_says_so_once(opened, raw, backend, caplog):
    backend.error = RuntimeError("no D-Bus")
    store = opened()
    store.put("session:1", TOKEN)
    store.put("session:2", TOKEN)
    opened().put("session:3", TOKEN)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "is not encrypted" in record.message
    assert "no D-Bus" in record.message
    assert "VALETKEY_STORE_KEY" in record.message
    assert raw.get("session:1").value == TOKEN
    assert raw.keys() == ["session:1", "session:2", "session:3"], "a plain store is as it always was"


def test_a_keyring_that_hangs_makes_a_new_store_plain(opened, raw, backend, caplog):
    backend.answers.clear()
    opened(patience=0.05).put("session:1", TOKEN)
    backend.answers.set()
    assert raw.get("session:1").value == TOKEN
    assert "within 0.05 seconds" in caplog.text


def test_who_switches_encryption_off_is_told_nothing(opened, raw, backend, caplog):
    opened(rule="off").put("session:1", TOKEN)
    assert raw.get("session:1").value == TOKEN
    assert caplog.records == []
    assert backend.calls == []


def test_who_demands_encryption_learns_of_a_missing_key_before_anybody_logs_in(opened, backend, path):
    backend.error = RuntimeError("no D-Bus")
    store = opened(rule="required")
    for use in (lambda: store.get("session:1"), lambda: store.put("session:1", TOKEN)):
        with pytest.raises(StoreError, match="without encryption") as caught:
            use()
        assert "no D-Bus" in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize("keys", [(), (ONE,)])
def test_who_demands_encryption_and_has_a_key_gets_it(opened, raw, keys):
    store = opened(*keys, rule="required")
    assert store.get("session:1") is None
    store.put("session:1", TOKEN)
    assert raw.get("session:1").value[:1] == b"\x01"


@pytest.mark.parametrize("keys", [(), (ONE,)])
def test_reading_a_new_store_makes_nothing_and_asks_nobody(opened, keys, backend, path):
    assert opened(*keys).get("session:1") is None
    assert not path.exists()
    assert backend.calls == []


# A plain store


def test_a_plain_store_goes_on_as_it_was(opened, raw, backend, caplog):
    """Nobody has to log in again because a keyring has come."""
    version = raw.put("session:1", TOKEN)
    store = opened()
    assert store.get("session:1") == raw.get("session:1")
    store.put("session:1", b"{}", if_version=version)
    store.put("session:2", b"{}")
    assert raw.get("session:1").value == raw.get("session:2").value == b"{}"
    assert raw.keys() == ["session:1", "session:2"]
    assert backend.calls == []
    assert caplog.records == []


@pytest.mark.parametrize(
    ("keys", "rule", "why"), [((ONE,), None, "a key is given"), ((), "required", "encryption is required")]
)
@requirement("SEC-11")
def test_a_plain_store_is_an_error_to_who_wants_it_encrypted(opened, raw, keys, rule, why):
    version = raw.put("session:1", TOKEN)
    store = opened(*keys, rule=rule)
    for use in (
        lambda: store.get("session:1"),
        lambda: store.get("session:2"),
        lambda: store.put("session:1", b"{}"),
        lambda: store.delete("session:1"),
    ):
        with pytest.raises(StoreError, match=f"unencrypted sessions in .*{why}") as caught:
            use()
        assert "encrypt_all" in caught.value.hint
    assert raw.get("session:1") == (TOKEN, version)
    assert raw.keys() == ["session:1"]


@pytest.mark.parametrize("keys", [(), (ONE,)])
@requirement("SEC-11")
def test_a_plain_store_can_be_encrypted(opened, raw, keys, path):
    for number in range(5):
        raw.put(f"session:{number}", TOKEN)
    store = opened(*keys)
    assert encrypt_all(store) == 5
    assert encrypt_all(store) == encrypt_all(opened(*keys)) == 0
    assert b"canary" not in path.read_bytes()
    for reader in (store, opened(*keys)):
        assert [reader.get(f"session:{number}").value for number in range(5)] == [TOKEN] * 5


def test_encrypting_that_was_broken_off_goes_on(opened, raw):
    raw.put("session:1", TOKEN)
    encrypt_all(opened(ONE))
    raw.put("session:2", TOKEN)
    with pytest.raises(StoreError, match="is not encrypted, though the store is"):
        opened(ONE).get("session:2")
    assert encrypt_all(opened(ONE)) == 1
    assert opened(ONE).get("session:2").value == TOKEN


def test_a_process_that_began_when_the_store_was_plain_follows(opened, raw):
    """Reading or writing, whichever comes first."""
    raw.put("session:1", TOKEN)
    reader, writer = opened(), opened()
    assert reader.get("session:1") == writer.get("session:1")
    encrypt_all(opened())
    assert reader.get("session:1").value == TOKEN
    writer.put("session:2", TOKEN)
    assert raw.get("session:2").value[:1] == b"\x01"
    assert reader.get("session:2").value == TOKEN


def test_encrypting_without_a_key_is_an_error_and_changes_nothing(opened, raw, backend):
    backend.error = RuntimeError("no D-Bus")
    raw.put("session:1", TOKEN)
    with pytest.raises(StoreError, match="no key to encrypt") as caught:
        encrypt_all(opened())
    assert "VALETKEY_STORE_KEY" in caught.value.hint
    with pytest.raises(StoreError, match="no key to encrypt"):
        encrypt_all(opened(rule="off"))
    assert raw.get("session:1").value == TOKEN
    assert raw.keys() == ["session:1"]


# An encrypted store stays one


@pytest.mark.parametrize("trouble", ["away", "hangs", "empty"])
@requirement("SEC-11")
def test_a_keyring_that_is_away_is_an_error_and_no_second_store(opened, raw, backend, trouble, path):
    """Neither "not logged in", nor a plain session beside the encrypted ones."""
    opened().put("session:1", TOKEN)
    before = path.read_bytes()
    secrets = dict(backend.secrets)
    store = opened(patience=0.05 if trouble == "hangs" else 20)
    if trouble == "away":
        backend.error = RuntimeError("no D-Bus")
    elif trouble == "hangs":
        backend.answers.clear()
    else:
        backend.secrets.clear()
    for use in (
        lambda: store.get("session:1"),
        lambda: store.get("session:2"),
        lambda: store.put("session:2", b"{}"),
        lambda: store.put("session:1", b"{}"),
        lambda: store.delete("session:1"),
    ):
        with pytest.raises(StoreLocked, match="is locked"):
            use()
    assert path.read_bytes() == before
    backend.error = None
    backend.answers.set()
    backend.secrets.update(secrets)
    assert opened().get("session:1").value == TOKEN, "and it goes on where it was"


@requirement("SEC-11")
def test_nobody_is_asked_to_log_in_because_a_key_is_missing(world):
    """The session is there, and a new login would only lose it."""
    backend = MemoryStore()
    world.store.inner = ProtectedStore(backend, given=DataKeys(ONE))
    world.engine().replace(None)
    before = content(backend)
    world.forget_what_happened()
    world.store.inner = ProtectedStore(backend, given=DataKeys(OTHER))
    client = world.engine()
    assert client.current() is None
    with pytest.raises(StoreLocked, match=ONE.id.hex()):
        client.replace(None)
    assert world.person.asked == []
    assert world.server.requests == []
    assert content(backend) == before
    world.store.inner = ProtectedStore(backend, given=DataKeys(OTHER, ONE))
    assert world.engine().current() is not None


@pytest.mark.parametrize("keys", [(), (OTHER,)])
def test_a_wrong_or_missing_key_is_named_and_touches_nothing(opened, keys, path):
    opened(ONE).put("session:1", TOKEN)
    before = path.read_bytes()
    store = opened(*keys)
    for use in (
        lambda: store.get("session:1"),
        lambda: store.get("session:2"),
        lambda: store.put("session:1", b"{}"),
        lambda: store.delete("session:1"),
        lambda: encrypt_all(store),
        lambda: rewrap(store),
    ):
        with pytest.raises(StoreLocked, match=ONE.id.hex()) as caught:
            use()
        assert caught.value.key_id == ONE.id.hex()
    assert path.read_bytes() == before


def test_an_encrypted_store_is_an_error_to_who_switches_encryption_off(opened, path):
    opened().put("session:1", TOKEN)
    before = path.read_bytes()
    for use in (lambda: opened(rule="off").get("session:1"), lambda: opened(rule="off").put("session:2", b"{}")):
        with pytest.raises(StoreError, match="switched off"):
            use()
    assert path.read_bytes() == before


def test_a_store_that_no_longer_names_its_keys_is_still_an_encrypted_one(opened, raw, backend):
    opened().put("session:1", TOKEN)
    raw.delete("protection")
    assert opened().get("session:1").value == TOKEN
    opened().put("session:1", TOKEN)
    assert raw.get("protection") is not None
    raw.delete("protection")
    backend.secrets.clear()
    with pytest.raises(StoreLocked):
        opened().get("session:1")
    with pytest.raises(StoreLocked):
        opened(rule="off").get("session:1")


def test_an_encrypted_store_that_was_deleted_begins_anew(opened, path):
    store = opened()
    store.put("session:1", TOKEN)
    path.unlink()
    assert store.get("session:1") is None
    store.put("session:2", TOKEN)
    assert opened().get("session:2").value == TOKEN


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format": 1}',
        b'{"format": 1, "keys": []}',
        b'{"format": "1", "keys": []}',
        b'{"format": 1, "keys": [{"id": "xyz", "source": "keyring"}]}',
        b'{"format": 1, "keys": [{"id": "00000000", "source": "the moon"}]}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_damaged_names_of_keys_are_an_error_and_stay(opened, raw, value):
    raw.put("protection", value)
    for use in (lambda: opened(ONE).get("session:1"), lambda: opened(ONE).put("session:1", TOKEN)):
        with pytest.raises(StoreError, match="damaged"):
            use()
    assert raw.get("protection").value == value


def test_names_of_keys_from_a_newer_version_are_an_error_and_stay(opened, raw):
    value = json.dumps({"format": 2, "kind": "protection", "vault": "…"}).encode()
    raw.put("protection", value)
    with pytest.raises(StoreError, match="newer version"):
        opened(ONE).put("session:1", TOKEN)
    assert raw.get("protection").value == value


def content(backend):
    return [(key, backend.get(key)) for key in list_keys(backend)]


# Several keys


@requirement("SEC-11")
def test_keys_are_changed_without_a_login(opened, raw):
    opened(ONE).put("session:1", TOKEN)
    opened(ONE, OTHER).put("session:2", TOKEN)
    opened(OTHER, ONE).put("session:3", TOKEN)
    assert [opened(ONE, OTHER).get(f"session:{number}").value for number in (1, 2, 3)] == [TOKEN] * 3
    with pytest.raises(StoreLocked, match=ONE.id.hex()):
        opened(OTHER).get("session:1")
    assert rewrap(opened(OTHER, ONE)) == 2
    assert [opened(OTHER).get(f"session:{number}").value for number in (1, 2, 3)] == [TOKEN] * 3
    with pytest.raises(StoreLocked, match=OTHER.id.hex()):
        opened(ONE).get("session:1")
    assert ONE.id.hex().encode() not in raw.get("protection").value


def test_a_store_moves_from_the_keyring_to_a_key_that_is_given(opened, backend):
    opened().put("session:1", TOKEN)
    assert opened(ONE).get("session:1").value == TOKEN
    assert rewrap(opened(ONE)) == 1
    backend.secrets.clear()
    assert opened(ONE).get("session:1").value == TOKEN


def test_a_keyring_that_is_away_does_not_hinder_who_has_another_key_of_the_store(opened, backend):
    opened().put("session:1", TOKEN)
    opened(ONE).put("session:2", TOKEN)
    backend.error = RuntimeError("no D-Bus")
    assert opened(ONE).get("session:2").value == TOKEN
    with pytest.raises(StoreLocked):
        opened(ONE).get("session:1")


def test_there_is_nothing_to_rewrap_in_a_plain_store(opened, raw):
    raw.put("session:1", TOKEN)
    with pytest.raises(StoreError, match="nothing encrypted"):
        rewrap(opened())


def test_the_names_of_keys_are_not_listed_among_the_records(opened):
    store = opened()
    store.put("session:1", TOKEN)
    assert store.keys() == ["session:1"]


# Stores on servers, and backends that cannot list


class Unlisting:
    """A backend with nothing but what `Store` asks for."""

    def __init__(self):
        backend = MemoryStore()
        self.get, self.put, self.delete = backend.get, backend.put, backend.delete
        self.lease, self.close = backend.lease, backend.close


def test_a_backend_that_cannot_list_is_read_as_encrypted():
    backend = Unlisting()
    store = ProtectedStore(backend, given=DataKeys(ONE), rule=Rule.REQUIRED)
    assert store.get("session:1") is None
    store.put("session:1", TOKEN)
    backend.put("session:2", TOKEN)
    backend.delete("protection")
    again = ProtectedStore(backend, given=DataKeys(ONE), rule=Rule.REQUIRED)
    assert again.get("session:1").value == TOKEN
    with pytest.raises(StoreError, match="is not encrypted, though the store is"):
        again.get("session:2")


SERVERS = [
    "redis://localhost:1/0",
    "rediss://localhost:1",
    "unix:///nowhere",
    "postgresql://u:p%40@localhost:1/db?connect_timeout=2",
]


@pytest.mark.parametrize("name", SERVERS)
@requirement("SEC-11")
def test_a_store_on_a_server_needs_a_key(name):
    with pytest.raises(ConfigurationError, match="needs a key") as caught:
        open_protected(name, environment={})
    assert "encryption=off" in caught.value.hint
    with pytest.raises(ConfigurationError, match="needs a key"):
        open_protected(name, environment={RULE_VARIABLE: "off"})
    protection = ProtectedStore(Unlisting(), given=DataKeys(ONE), rule=Rule.REQUIRED).protection()
    assert protection.encrypted
    assert isinstance(open_protected(name, environment={KEY_VARIABLE: ONE.write()}), ProtectedStore)


@pytest.mark.parametrize("name", SERVERS)
def test_a_store_on_a_server_is_plain_if_that_is_written_out(name):
    plain = f"{name}{'&' if '?' in name else '?'}encryption=off"
    for environment in ({}, {RULE_VARIABLE: "off"}, {KEY_VARIABLE: ONE.write()}):
        assert isinstance(open_protected(plain, environment=environment), ProtectedStore)
    with pytest.raises(ConfigurationError, match="demands it"):
        open_protected(plain, environment={RULE_VARIABLE: "required"})


@pytest.mark.parametrize("said", ["encryption=on", "encryption=", "encryption", "encryption=off&encryption=on"])
def test_anything_else_about_encryption_in_a_name_is_a_mistake(said):
    with pytest.raises(ConfigurationError, match="something else about encryption"):
        open_protected(f"redis://user:hunter2@localhost/0?{said}", environment={KEY_VARIABLE: ONE.write()})


def test_a_plain_store_on_a_server_is_read_and_written_as_it_is():
    backend = Unlisting()
    store = ProtectedStore(backend, rule=Rule.OFF)
    store.put("session:1", TOKEN)
    assert backend.get("session:1") == store.get("session:1")
    assert not store.protection().encrypted


@pytest.mark.parametrize("kind", ["redis", "postgres"])
@requirement("SEC-11")
def test_a_real_server_is_given_nothing_it_could_read(kind, request):
    url = request.getfixturevalue(f"{kind}_server").url
    off = f"{url}{'&' if '?' in url else '?'}encryption=off"
    with (
        closing(open_backend(url)) as backend,
        closing(open_protected(url, environment={KEY_VARIABLE: ONE.write()})) as store,
        closing(open_protected(url, environment={KEY_VARIABLE: OTHER.write()})) as stranger,
        closing(open_protected(off, environment={})) as plain,
    ):
        for key in list_keys(backend):  # what other tests have left there in plain
            backend.delete(key)
        version = store.put("session:1", TOKEN)
        assert store.get("session:1") == (TOKEN, version)
        assert backend.get("session:1").value[:5] == b"\x01" + ONE.id
        assert b"canary" not in backend.get("session:1").value
        with pytest.raises(StoreLocked, match=ONE.id.hex()):
            stranger.get("session:1")
        with pytest.raises(StoreError, match="switched off"):
            plain.put("session:1", b"{}")
        assert describe(store).encrypted
        for key in list_keys(backend):
            backend.delete(key)


# What a person sees


def test_a_person_is_told_how_a_store_is_protected(opened, backend, tmp_path):
    assert describe(opened()).encrypted, "this is what it will be"
    assert not describe(opened(rule="off")).encrypted
    backend.error = RuntimeError("no D-Bus")
    assert not describe(opened()).encrypted
    assert "VALETKEY_STORE_KEY" in describe(opened(ONE)).where
    backend.error = None
    opened().put("session:1", TOKEN)
    backend.error = RuntimeError("no D-Bus")
    assert describe(opened()).encrypted, "also when it is locked"
    assert "keyring" in describe(opened()).where


def test_a_person_is_told_that_a_store_is_not_protected(opened, raw):
    raw.put("session:1", TOKEN)
    for store in (opened(), raw, open_store("memory:")):
        assert not describe(store).encrypted
    assert "disk encryption" in describe(opened()).where
    assert "memory" in describe(open_store("memory:")).where
    assert describe(EncryptedStore(raw, DataKeys(ONE))).encrypted


def test_a_store_that_was_not_opened_by_its_name_has_no_protection_to_change(raw):
    for change in (encrypt_all, rewrap):
        with pytest.raises(StoreError, match="SqliteStore has no protection"):
            change(raw)


@requirement("SEC-12")
def test_no_key_is_shown_by_anything_on_the_way(opened, raw, backend, caplog):
    caplog.set_level(logging.DEBUG)
    shown = []
    opened(ONE).put("session:1", TOKEN)
    opened(OTHER, ONE).put("session:2", TOKEN)
    for store in (opened(), opened(DataKey(bytes(32))), opened(ONE), opened(OTHER, ONE)):
        shown += [repr(store), repr(describe(store))]
        for key in ("session:1", "session:2"):
            try:
                store.get(key)
            except StoreError as error:
                shown += [repr(vars(error)), *traceback.format_exception(error)]
    shown += [caplog.text, raw.get("protection").value.decode()]
    for key in (ONE, OTHER):
        for secret in (key.write(), key.material.hex(), repr(key.material)[2:-1]):
            assert secret not in "".join(shown)
    assert "canary" not in "".join(shown)


def test_a_child_of_a_process_with_an_open_store_reads_and_writes(opened):
    store = opened()
    store.put("session:1", TOKEN)
    child = os.fork()
    if child == 0:
        is_read = store.get("session:1").value == TOKEN
        store.put("session:2", b"child")
        os._exit(0 if is_read else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.get("session:2").value == b"child"


def test_nothing_of_all_this_is_loaded_before_it_is_needed(tmp_path):
    """Neither by importing Valetkey, nor by reading a plain store."""
    SqliteStore(tmp_path / "own" / "credentials.db").put("session:1", TOKEN)
    program = f"""
import sys
import valetkey.httpx2
from valetkey.store import open_store
open_store("sqlite:///{tmp_path}/own/credentials.db").get("session:1")
print(sorted({{"keyring", "cryptography"}} & set(sys.modules)))
"""
    environment = {**os.environ, RULE_VARIABLE: ""}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT,
        check=True,
        env=environment,
    )
    assert done.stdout == "[]\n"
