# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Encryption around a store: what the backend sees, and what is not accepted from it."""

import logging
import os
import traceback

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from tests.requirements import requirement
from valetkey.errors import ConfigurationError, StoreError, StoreLocked
from valetkey.store import ABSENT, Conflict, Record
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.store.encryption.encrypted import EncryptedStore, list_keys
from valetkey.store.encryption.keys import DataKey, DataKeys
from valetkey.store.testing import LEASES, RECORDS

OLD = DataKey(bytes(range(32)))
NEW = DataKey(b"\xa5" * 32)
TOKEN = b'{"access_token": "canary-7c1e"}'


@pytest.fixture
def backend():
    return MemoryStore()


@pytest.fixture
def store(backend):
    return EncryptedStore(backend, DataKeys(OLD))


@pytest.mark.parametrize("check", [*RECORDS, *LEASES], ids=lambda check: check.__name__)
def test_an_encrypted_store_promises_what_its_backend_does(store, check):
    check(lambda: store)


@given(key=st.text(), value=st.binary(max_size=500))
def test_any_value_under_any_key_is_read_as_it_was_written(key, value):
    backend = MemoryStore()
    version = EncryptedStore(backend, DataKeys(OLD)).put(key, value)
    assert EncryptedStore(backend, DataKeys(NEW, OLD)).get(key) == Record(value, version)
    assert len(backend.get(key).value) == 1 + 4 + 12 + len(value) + 16


def test_the_format_is_mark_key_id_nonce_and_ciphertext_bound_to_the_record(backend, store):
    """Another program can read it: AES-256-GCM, with the format's name and the record's key authenticated."""
    store.put("session:1", TOKEN)
    value = backend.get("session:1").value
    assert value[:5] == b"\x01" + OLD.id
    context = b"valetkey record 1|session:1"
    assert AESGCM(bytes(range(32))).decrypt(value[5:17], value[17:], context) == TOKEN


@requirement("SEC-11")
def test_nothing_of_a_value_reaches_the_file(tmp_path):
    path = tmp_path / "valetkey" / "credentials.db"
    store = EncryptedStore(SqliteStore(path), DataKeys(OLD))
    store.put("key", TOKEN)
    assert b"canary" not in path.read_bytes()
    assert store.get("key").value == TOKEN


def test_the_same_value_is_never_encrypted_the_same_way(backend, store):
    seen = set()
    for _ in range(50):
        store.put("key", TOKEN)
        seen.add(backend.get("key").value[5:])
    assert len(seen) == 50


def test_a_forked_child_encrypts_with_nonces_of_its_own(backend, store):
    store.put("key", TOKEN)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        store.put("key", TOKEN)
        os.write(writing, backend.get("key").value)
        os._exit(0)
    store.put("key", TOKEN)
    os.waitpid(child, 0)
    theirs = os.read(reading, 10_000)
    os.close(reading)
    os.close(writing)
    assert theirs[5:17] != backend.get("key").value[5:17]
    backend.put("key", theirs)
    assert store.get("key").value == TOKEN


@requirement("SEC-11")
def test_a_record_that_was_copied_to_another_key_is_refused_there(backend, store):
    """Who can write to the store must not make one user's session another's."""
    store.put("session:alice", TOKEN)
    store.put("session:mallory", b"{}")
    backend.put("session:mallory", backend.get("session:alice").value)
    with pytest.raises(StoreError, match="copied from another"):
        store.get("session:mallory")
    assert store.get("session:alice").value == TOKEN


@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_every_flipped_bit_is_noticed(place, bit):
    backend = MemoryStore()
    store = EncryptedStore(backend, DataKeys(OLD))
    store.put("key", TOKEN)
    value = bytearray(backend.get("key").value)
    value[place % len(value)] ^= 1 << bit
    backend.put("key", bytes(value))
    with pytest.raises(StoreError):
        store.get("key")


def test_every_shorter_or_longer_value_is_refused(backend, store):
    store.put("key", TOKEN)
    whole = backend.get("key").value
    for value in [*(whole[:length] for length in range(len(whole))), whole + b"\0", whole + whole]:
        backend.put("key", value)
        with pytest.raises(StoreError):
            store.get("key")


@pytest.mark.parametrize("value", [TOKEN, b"", b"{}", b"\x02" + bytes(60), b"\x00"])
@requirement("SEC-11")
def test_a_value_without_the_mark_is_refused(backend, store, value):
    backend.put("key", value)
    with pytest.raises(StoreError, match="is not encrypted, though the store is") as caught:
        store.get("key")
    assert "encrypt_all" in caught.value.hint


def test_a_missing_key_is_named_and_nothing_is_touched(backend, store):
    version = store.put("key", TOKEN)
    value = backend.get("key").value
    stranger = EncryptedStore(backend, DataKeys(NEW))
    with pytest.raises(StoreLocked, match=OLD.id.hex()) as caught:
        stranger.get("key")
    assert caught.value.key_id == OLD.id.hex()
    assert "VALETKEY_STORE_KEY" in caught.value.hint
    with pytest.raises(Conflict):
        stranger.put("key", b"{}", if_version=ABSENT)
    assert backend.get("key") == Record(value, version)


def test_another_key_with_the_same_id_opens_nothing(backend, store):
    store.put("key", TOKEN)
    value = backend.get("key").value
    backend.put("key", value[:1] + NEW.id + value[5:])
    with pytest.raises(StoreError, match="was changed"):
        EncryptedStore(backend, DataKeys(NEW, OLD)).get("key")


def test_the_first_key_encrypts_and_all_decrypt(backend, store):
    store.put("old", TOKEN)
    both = EncryptedStore(backend, DataKeys(NEW, OLD))
    both.put("new", TOKEN)
    assert both.get("old").value == both.get("new").value == TOKEN
    assert EncryptedStore(backend, DataKeys(NEW)).get("new").value == TOKEN
    with pytest.raises(StoreLocked):
        store.get("new")


def test_a_write_encrypts_with_the_first_key_again(backend, store):
    version = store.put("key", TOKEN)
    EncryptedStore(backend, DataKeys(NEW, OLD)).put("key", b"{}", if_version=version)
    assert EncryptedStore(backend, DataKeys(NEW)).get("key").value == b"{}"


def test_rewrapping_changes_the_key_and_not_the_value(backend, store):
    store.put("key", TOKEN)
    both = EncryptedStore(backend, DataKeys(NEW, OLD))
    assert both.rewrap("key")
    assert not both.rewrap("key")
    assert not both.rewrap("missing")
    assert EncryptedStore(backend, DataKeys(NEW)).get("key").value == TOKEN


class Busy(MemoryStore):
    """Another process writes between a look and the write that follows it."""

    def __init__(self):
        super().__init__()
        self.others = []

    def put(self, key, value, **condition):
        if self.others:
            super().put(key, self.others.pop())
        return super().put(key, value, **condition)


def test_rewrapping_does_not_lose_what_somebody_writes_meanwhile():
    backend = Busy()
    store = EncryptedStore(backend, DataKeys(OLD))
    store.put("key", b"later")
    later = backend.get("key").value
    store.put("key", b"earlier")
    backend.others.append(later)
    both = EncryptedStore(backend, DataKeys(NEW, OLD))
    assert both.rewrap("key")
    assert both.get("key").value == b"later"


def test_encrypting_what_is_plain_does_not_lose_what_somebody_writes_meanwhile():
    backend = Busy()
    store = EncryptedStore(backend, DataKeys(OLD))
    backend.put("key", b"earlier")
    backend.others.append(b"later")
    assert store.encrypt_plain("key")
    assert not store.encrypt_plain("key")
    assert store.get("key").value == b"later"


def test_it_lists_the_records_of_a_backend_that_can(store):
    store.put("b", b"1")
    store.put("a", b"2")
    assert store.keys() == ["a", "b"]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_our_backends_list_their_records(kind, tmp_path):
    backend = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "valetkey" / "credentials.db")
    assert backend.keys() == []
    backend.put("b", b"1")
    backend.put("a", b"2")
    backend.lease("c", seconds=20).release()
    assert backend.keys() == ["a", "b"]
    backend.delete("a")
    assert backend.keys() == ["b"]


def test_listing_a_file_that_was_never_written_makes_nothing(tmp_path):
    assert SqliteStore(tmp_path / "valetkey" / "credentials.db").keys() == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_whose_first_write_was_broken_off_lists_nothing(tmp_path):
    (tmp_path / "credentials.db").touch(0o600)
    tmp_path.chmod(0o700)
    assert SqliteStore(tmp_path / "credentials.db").keys() == []


class Silent:
    """A backend that cannot list."""


def test_a_backend_that_cannot_list_is_an_error_with_a_hint():
    with pytest.raises(StoreError, match="Silent cannot list") as caught:
        list_keys(Silent())
    assert "keys()" in caught.value.hint


def test_closing_closes_the_backend(backend, store):
    store.put("key", TOKEN)
    store.close()
    assert backend.get("key") is None


@requirement("SEC-12")
def test_neither_key_nor_value_is_shown_by_anything(backend, store, caplog):
    """In hex, in base64 or as bytes."""
    caplog.set_level(logging.DEBUG)
    store.put("key", TOKEN)
    shown = [repr(OLD), str(OLD), repr(DataKeys(OLD, NEW)), repr(store), caplog.text]
    backend.put("other", backend.get("key").value)
    for read, keys in [("other", DataKeys(OLD)), ("key", DataKeys(NEW))]:
        try:
            EncryptedStore(backend, keys).get(read)
        except StoreError as error:
            shown += [repr(error), *traceback.format_exception(error), repr(vars(error))]
    text = "".join(shown)
    for secret in (
        OLD.write(),
        OLD.material.hex(),
        repr(OLD.material)[2:-1],
        NEW.write(),
        NEW.material.hex(),
        "canary",
    ):
        assert secret not in text
    assert OLD.id.hex() in text


def test_no_key_at_all_is_a_mistake():
    with pytest.raises(ConfigurationError, match="needs a key"):
        DataKeys()
