# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The store in a file: who may read it, what is left in it, and what happens when it is damaged or in the way."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.auditing import audited
from tests.requirements import requirement
from valetkey._sessions.codec import decode_pin, encode_pin
from valetkey.errors import StoreError
from valetkey.store import ABSENT, Conflict
from valetkey.store.backends.sqlite import SqliteStore

TOKEN = b"canary-7c1e-refresh-token"
NOBODY = 65534


@pytest.fixture
def path(tmp_path):
    return tmp_path / "valetkey" / "credentials.db"


@pytest.fixture
def store(path):
    return SqliteStore(path)


@pytest.fixture(params=[0o000, 0o002, 0o022, 0o077], ids="umask {:03o}".format)
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@requirement("SEC-11")
def test_everything_it_makes_is_for_the_owner_alone(tmp_path, umask):
    """Also folders above its own, which `mkdir` would make with the modes of the umask."""
    store = SqliteStore(tmp_path / "share" / "valetkey" / "credentials.db")
    store.put("key", b"1")
    store.lease("key", seconds=20).release()
    store.put("key", b"2")
    folder = tmp_path / "share" / "valetkey"
    (lock,) = (folder / "credentials.db.locks").iterdir()
    for made in (folder.parent, folder, lock.parent):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
    for made in (folder / "credentials.db", lock):
        assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_reading_makes_nothing(tmp_path):
    store = SqliteStore(tmp_path / "valetkey" / "credentials.db")
    assert store.get("key") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o660, 0o602, 0o666, 0o1666], ids=oct)
@requirement("SEC-11")
def test_a_file_that_others_can_write_is_refused(path, store, mode):
    store.put("key", b"1")
    path.chmod(mode)
    for use in uses(store):
        with pytest.raises(StoreError, match="can be written by other users") as caught:
            use()
        assert "0600" in caught.value.hint


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777], ids=oct)
@requirement("SEC-11")
def test_a_folder_that_others_can_write_is_refused(path, store, mode):
    """A sticky one as well: SQLite would roll back a journal that somebody else has put beside the file."""
    store.put("key", b"1")
    path.parent.chmod(mode)
    for use in [*uses(store), lambda: store.lease("key", seconds=20)]:
        with pytest.raises(StoreError, match="can be written by other users") as caught:
            use()
        assert "0700" in caught.value.hint


@requirement("SEC-11")
def test_a_symbolic_link_in_place_of_the_file_is_refused(path, store, tmp_path):
    elsewhere = tmp_path / "elsewhere.db"
    elsewhere.write_bytes(b"")
    path.parent.mkdir(mode=0o700)
    path.symlink_to(elsewhere)
    for use in uses(store):
        with pytest.raises(StoreError, match="is a symbolic link"):
            use()
    assert elsewhere.read_bytes() == b""


@requirement("SEC-11")
def test_a_symbolic_link_to_nothing_is_refused_and_not_followed(path, store, tmp_path):
    path.parent.mkdir(mode=0o700)
    path.symlink_to(tmp_path / "elsewhere.db")
    for use in uses(store):
        with pytest.raises(StoreError, match="is a symbolic link"):
            use()
    assert not (tmp_path / "elsewhere.db").exists()


def test_a_folder_behind_a_symbolic_link_of_ones_own_is_accepted(tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    SqliteStore(tmp_path / "link" / "credentials.db").put("key", b"1")
    assert (tmp_path / "real" / "credentials.db").is_file()


def test_a_folder_behind_a_symbolic_link_is_judged_itself(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(StoreError, match="can be written by other users"):
        SqliteStore(tmp_path / "link" / "credentials.db").put("key", b"1")


@pytest.mark.parametrize("which", ["file", "folder"])
@requirement("SEC-11")
def test_what_belongs_to_another_user_is_refused(path, store, which, monkeypatch):
    store.put("key", b"1")
    if os.geteuid() == 0:
        os.chown(path if which == "file" else path.parent, NOBODY, -1)
    else:
        me = os.geteuid()  # nobody but root can give a file away, so this process takes another name
        monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    for use in uses(store):
        with pytest.raises(StoreError, match="belongs to another user"):
            use()


def test_a_file_in_place_of_the_folder_is_an_error_with_a_hint(path, store):
    """Nothing can be written there, not even by root; and there is nothing to read."""
    path.parent.write_bytes(b"")
    for use in (lambda: store.put("key", b"1"), lambda: store.lease("key", seconds=20)):
        with pytest.raises(StoreError, match="cannot be used: Not a directory") as caught:
            use()
        assert "VALETKEY_STORE" in caught.value.hint
    assert store.get("key") is None


def test_a_folder_that_cannot_be_made_is_an_error_with_a_hint():
    store = SqliteStore(Path("/proc/valetkey/credentials.db"))
    assert store.get("key") is None
    with pytest.raises(StoreError, match=r"/proc/valetkey/.* cannot be used") as caught:
        store.put("key", b"1")
    assert "VALETKEY_STORE" in caught.value.hint


def test_a_folder_in_place_of_the_file_is_an_error_with_a_hint(path, store):
    path.mkdir(mode=0o700, parents=True)
    for use in uses(store):
        with pytest.raises(StoreError, match="cannot be used: it is a folder") as caught:
            use()
        assert f'"sqlite:///{path}/credentials.db"' in caught.value.hint


@pytest.mark.parametrize("content", [b"\x00" * 5000, b"not a database\n", bytes(range(256)) * 40])
def test_a_file_of_other_bytes_is_an_error_with_a_hint_and_is_left_as_it_is(path, store, content):
    path.parent.mkdir(mode=0o700)
    path.write_bytes(content)
    for use in uses(store):
        with pytest.raises(StoreError) as caught:
            use()
        assert "move it away" in caught.value.hint
        assert str(path) in caught.value.message
    assert path.read_bytes() == content


def test_an_empty_file_is_an_empty_store(path, store):
    """A first write makes the file before it fills it: who reads meanwhile, or after a crash there, finds nothing."""
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    assert store.get("key") is None
    assert not store.delete("key")
    store.put("key", b"1", if_version=ABSENT)
    assert store.get("key").value == b"1"


def test_a_truncated_file_never_gives_a_wrong_record(path, store):
    """What is left of a page reads as zeros, so the last word is that of the record's own format."""
    issuers = {f"key{number}": "https://as.example/" + "a" * length for number, length in enumerate([900, 9000, 10])}
    for key, issuer in issuers.items():
        store.put(key, encode_pin(issuer))
    whole, told = path.read_bytes(), 0
    for length in range(0, len(whole), 127):
        path.write_bytes(whole[:length])
        for key, issuer in issuers.items():
            try:
                record = store.get(key)
                assert record is None or decode_pin(record.value) == (issuer, False)
            except StoreError as error:
                told += 1
                assert "away and log in again" in error.hint
    assert told > len(whole) / 127


@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=20))
@settings(max_examples=60)
def test_a_damaged_file_is_a_store_error_and_nothing_else(flips, tmp_path_factory):
    path = tmp_path_factory.mktemp("damaged") / "credentials.db"
    store = SqliteStore(path)
    store.put("key", b"value" * 300)
    content = bytearray(path.read_bytes())
    for place, bits in flips:
        content[int(place * len(content))] ^= bits
    path.write_bytes(content)
    for use in uses(store):
        try:
            use()
        except (StoreError, Conflict):
            continue


def test_damage_that_sqlite_quotes_in_bytes_of_no_text_is_a_store_error(path, store):
    store.put("key", b"1")
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE", b"\xff\xfe\xfdATE TABLE"))
    for use in uses(store):
        with pytest.raises(StoreError) as caught:
            use()
        assert "move it away" in caught.value.hint


def test_a_value_that_is_no_blob_is_damage(path, store):
    store.put("key", b"1")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE records SET value = 1000000000000")
    with pytest.raises(StoreError, match="a record is damaged"):
        store.get("key")


@pytest.mark.parametrize("size", [1, 300, 20_000], ids="{} times".format)
@requirement("SEC-11")
def test_a_deleted_token_is_gone_from_the_file(path, store, size):
    store.put("other", b"stays" * 100)
    store.put("key", TOKEN * size)
    assert TOKEN in path.read_bytes()
    store.delete("key")
    assert TOKEN not in path.read_bytes()
    assert store.get("other").value == b"stays" * 100


@requirement("SEC-11")
def test_a_replaced_token_is_gone_from_the_file(path, store):
    for size in (1, 5000, 200, 2):
        version = store.put("key", TOKEN * size)
        store.put("key", b"{}" * size, if_version=version)
        assert TOKEN not in path.read_bytes()


def test_no_file_is_left_beside_it(path, store):
    """A journal that stays would hold the pages with the old token."""
    store.put("key", TOKEN)
    store.put("key", b"2")
    store.delete("key")
    assert [entry.name for entry in path.parent.iterdir()] == ["credentials.db"]


def test_a_conflict_leaves_the_file_unlocked(path, store):
    version = store.put("key", b"1")
    with pytest.raises(Conflict):
        store.put("key", b"2", if_version=ABSENT)
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
    assert store.get("key").version == version


def test_it_can_be_read_while_somebody_writes(path, store):
    store.put("key", b"1")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE records SET value = x'00'")
        assert store.get("key").value == b"1"


def test_a_held_lease_does_not_lock_the_file(path, store):
    with store.lease("key", seconds=20), closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert connection.in_transaction


def test_two_stores_on_one_file_share_records_and_leases(path):
    one, other = SqliteStore(path), SqliteStore(path)
    version = one.put("key", b"1")
    assert other.get("key") == (b"1", version)
    with one.lease("key", seconds=20):
        assert other.lease("key", seconds=20) is None
    assert other.lease("key", seconds=20) is not None


def test_a_relative_path_stays_where_it_was_when_the_program_moves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = SqliteStore(Path("kept/credentials.db"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.put("key", b"1")
    assert (tmp_path / "kept" / "credentials.db").is_file()


def test_the_lock_file_of_a_lease_stays(path, store):
    """Who deletes one splits those who wait for it."""
    store.lease("key", seconds=20).release()
    before = [entry.stat().st_ino for entry in path.with_name("credentials.db.locks").iterdir()]
    store.lease("key", seconds=20).release()
    assert [entry.stat().st_ino for entry in path.with_name("credentials.db.locks").iterdir()] == before
    assert len(before) == 1


def test_a_damaged_lock_file_is_a_store_error_and_not_a_busy_lease(path, store):
    store.lease("key", seconds=20).release()
    (lock,) = path.with_name("credentials.db.locks").iterdir()
    lock.write_bytes(b"rubbish " * 100)
    with pytest.raises(StoreError):
        store.lease("key", seconds=20)


def test_an_existing_lock_file_is_opened_by_sqlite_alone(path, store):
    """Closing it would drop every lock that this process holds on it."""
    path.parent.mkdir(mode=0o700)
    folder = path.with_name("credentials.db.locks")

    def opened(events):
        return {Path(name): flags for _, (name, _, flags) in events if path.parent in Path(str(name)).parents}

    with audited("open") as events:
        held = store.lease("key", seconds=20)
        store.put("key", b"1")
    made = opened(events)
    assert set(made) == {path, *folder.iterdir()}
    assert all(flags & os.O_EXCL for flags in made.values())  # which opens nothing that exists
    with audited("open") as events:
        assert store.lease("key", seconds=20) is None
        store.put("key", b"2")
    assert opened(events) == {}
    held.release()


def uses(store):
    return [lambda: store.get("key"), lambda: store.put("key", b"2"), lambda: store.delete("key")]
