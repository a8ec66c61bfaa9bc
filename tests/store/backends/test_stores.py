# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What every store promises, in one suite for all of them; and how a text names one."""

import gc
import math
import threading

import pytest

from tests.fakes.threads import LONGEST_WAIT
from tests.requirements import requirement
from valetkey.errors import ConfigurationError
from valetkey.store import ABSENT, ANY, ENVIRONMENT, Conflict, Record, default_path, open_store
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.backends.sqlite import SqliteStore

VALUES = [b"", b"{}", bytes(range(256)), "schlüssel ключ 鍵".encode(), b"x" * 100_000]


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    kept = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "valetkey" / "credentials.db")
    yield kept
    kept.close()


def test_what_was_never_written_is_not_there(store):
    assert store.get("key") is None


@pytest.mark.parametrize("value", VALUES, ids=["empty", "json", "every byte", "utf-8", "100 kB"])
def test_a_value_is_read_as_it_was_written(store, value):
    version = store.put("key", value)
    assert store.get("key") == Record(value, version)


def test_keys_are_texts_of_any_kind(store):
    keys = ["session:1", "session:1:intent", "", "'; DROP TABLE records; --", "ключ", "Session:1"]
    for key in keys:
        store.put(key, key.encode())
    assert [store.get(key).value for key in keys] == [key.encode() for key in keys]


def test_every_write_makes_another_version_even_of_the_same_value(store):
    versions = [store.put("key", b"same") for _ in range(20)]
    assert len(set(versions)) == 20


def test_a_version_does_not_come_back_after_a_deletion(store):
    """Who holds the version of a deleted record must not write over what came after it."""
    old = store.put("key", b"old")
    store.delete("key")
    store.put("key", b"new", if_version=ABSENT)
    with pytest.raises(Conflict):
        store.put("key", b"late", if_version=old)
    assert store.get("key").value == b"new"


def test_a_write_on_the_version_that_is_there_succeeds(store):
    first = store.put("key", b"1", if_version=ABSENT)
    second = store.put("key", b"2", if_version=first)
    assert store.get("key") == Record(b"2", second)


@pytest.mark.parametrize("wanted", [ABSENT, "another version", ""])
def test_a_write_on_another_version_is_a_conflict_and_changes_nothing(store, wanted):
    version = store.put("key", b"1")
    with pytest.raises(Conflict):
        store.put("key", b"2", if_version=wanted)
    assert store.get("key") == Record(b"1", version)


def test_a_write_on_a_version_of_a_record_that_is_gone_is_a_conflict(store):
    version = store.put("key", b"1")
    store.delete("key")
    with pytest.raises(Conflict):
        store.put("key", b"2", if_version=version)
    assert store.get("key") is None


def test_a_write_without_a_condition_takes_the_place_of_anything(store):
    store.put("key", b"1")
    store.put("key", b"2", if_version=ANY)
    assert store.get("key").value == b"2"


def test_a_deletion_tells_whether_there_was_something(store):
    version = store.put("key", b"1")
    assert store.delete("key", if_version=version)
    assert not store.delete("key")
    assert store.get("key") is None


@pytest.mark.parametrize("wanted", [ABSENT, "another version"])
def test_a_deletion_of_another_version_is_a_conflict_and_deletes_nothing(store, wanted):
    version = store.put("key", b"1")
    with pytest.raises(Conflict):
        store.delete("key", if_version=wanted)
    assert store.get("key") == Record(b"1", version)


def test_none_is_no_condition_and_changes_nothing(store):
    version = store.put("key", b"1")
    with pytest.raises(TypeError, match="takes a version, ABSENT or ANY, and not None"):
        store.put("key", b"2", if_version=None)
    with pytest.raises(TypeError, match="takes a version, ABSENT or ANY, and not None"):
        store.delete("key", if_version=None)
    assert store.get("key") == Record(b"1", version)


def test_a_deletion_touches_no_other_record(store):
    store.put("key", b"1")
    store.put("other", b"2")
    store.delete("key")
    assert store.get("other").value == b"2"


def test_of_many_threads_on_one_version_one_wins(store):
    version = store.put("key", b"start")
    start, won, lost = threading.Barrier(8), [], []

    def write(number):
        start.wait(LONGEST_WAIT)
        try:
            won.append(store.put("key", b"%d" % number, if_version=version))
        except Conflict:
            lost.append(number)

    in_threads(write, 8)
    assert len(won) == 1
    assert len(lost) == 7
    assert store.get("key").version == won[0]


def test_a_lease_is_held_once(store):
    with store.lease("key", seconds=20):
        assert store.lease("key", seconds=20) is None


def test_the_lease_of_one_record_leaves_the_others_alone(store):
    with store.lease("key", seconds=20), store.lease("other", seconds=20) as other:
        assert other is not None


def test_a_lease_needs_no_record_and_makes_none(store):
    with store.lease("key", seconds=20):
        assert store.get("key") is None


def test_who_holds_a_lease_can_read_and_write(store):
    with store.lease("key", seconds=20):
        version = store.put("key", b"1")
        assert store.get("key") == Record(b"1", version)
        store.delete("key")


def test_a_released_lease_can_be_taken_again(store):
    for _ in range(3):
        lease = store.lease("key", seconds=20)
        assert lease is not None
        lease.release()


def test_releasing_twice_does_not_take_the_lease_from_the_next_holder(store):
    first = store.lease("key", seconds=20)
    first.release()
    with store.lease("key", seconds=20):
        first.release()
        assert store.lease("key", seconds=20) is None


def test_a_lease_is_released_when_its_holder_fails(store):
    with pytest.raises(ZeroDivisionError), store.lease("key", seconds=20):
        1 / 0  # noqa: B018 - it fails, and that is all
    assert store.lease("key", seconds=20) is not None


def test_a_lease_that_nobody_remembers_is_free(store):
    lease = store.lease("key", seconds=20)
    assert store.lease("key", seconds=20) is None
    del lease
    gc.collect()
    assert store.lease("key", seconds=20) is not None


def test_a_lease_may_be_released_by_another_thread(store):
    lease = store.lease("key", seconds=20)
    in_threads(lambda _: lease.release(), 1)
    assert store.lease("key", seconds=20) is not None


def test_a_lease_that_ends_with_its_holder_has_no_end(store):
    with store.lease("key", seconds=20) as lease:
        assert lease.remaining() == math.inf


def test_of_many_threads_one_holds_the_lease_at_a_time(store):
    inside, worst, rounds = [], [], []

    def enter(number):
        while len(rounds) < 40:
            lease = store.lease("key", seconds=20)
            if lease is None:
                continue
            with lease:
                inside.append(number)
                worst.append(len(inside))
                rounds.append(number)
                inside.remove(number)

    in_threads(enter, 4)
    assert max(worst) == 1


def in_threads(work, count):
    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_WAIT)
    assert not any(thread.is_alive() for thread in threads)


def test_a_closed_memory_store_has_forgotten_everything():
    store = MemoryStore()
    store.put("key", b"1")
    store.close()
    assert store.get("key") is None


def test_a_lease_collected_in_the_middle_of_a_write_does_not_block_it():
    """The collector runs anywhere, also in a thread that is just inside the store."""
    store = MemoryStore()

    class Holder:
        def __init__(self):
            self.itself = self
            self.lease = store.lease("key", seconds=20)

    class Condition(str):
        def __eq__(self, other):
            gc.collect()
            return super().__eq__(other)

        __hash__ = str.__hash__

        def __ne__(self, other):
            return not self == other

    Holder()
    version = store.put("key", b"1")
    in_threads(lambda _: store.put("key", b"2", if_version=Condition(version)), 1)
    assert store.lease("key", seconds=20) is not None


def test_a_text_names_a_store(tmp_path):
    assert isinstance(open_store("memory:"), MemoryStore)
    store = open_store(f"sqlite:///{tmp_path}/sub/credentials.db")
    store.put("key", b"1")
    assert (tmp_path / "sub" / "credentials.db").is_file()


def test_the_same_text_gives_the_same_store(tmp_path):
    name = f"sqlite:///{tmp_path}/credentials.db"
    assert open_store("memory:") is open_store("memory:")
    assert open_store(name) is open_store(name)
    assert open_store(name) is not open_store("memory:")


def test_threads_that_ask_at_once_get_the_same_store(tmp_path):
    start, stores = threading.Barrier(8), []

    def ask(_):
        start.wait(LONGEST_WAIT)
        stores.append(open_store(f"sqlite:///{tmp_path}/at-once.db"))

    in_threads(ask, 8)
    assert len(stores) == 8
    assert len(set(map(id, stores))) == 1


@pytest.mark.parametrize("name", ["etcd://localhost", "sqlite://x", "sqlite:///", "memory", "/path/credentials.db"])
def test_a_text_that_names_no_store_is_an_error_with_a_hint(name):
    with pytest.raises(ConfigurationError, match="There is no store") as caught:
        open_store(name)
    assert "memory:" in caught.value.hint
    assert "sqlite:///" in caught.value.hint


def test_the_password_in_the_name_of_a_store_is_not_repeated():
    with pytest.raises(ConfigurationError) as caught:
        open_store("etcd://user:hunter2@host")
    assert "hunter2" not in str(caught.value)


def test_the_environment_names_the_store_unless_the_caller_does(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, f"sqlite:///{tmp_path}/named.db")
    open_store().put("key", b"1")
    assert (tmp_path / "named.db").is_file()
    assert isinstance(open_store("memory:"), MemoryStore)


@requirement("SEC-11")
def test_the_default_is_a_file_in_the_users_own_data_folder(tmp_path, monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path in default_path().parents
    assert default_path().name == "credentials.db"
    open_store().put("key", b"1")
    assert default_path().is_file()


def test_a_home_folder_is_found_in_a_path(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    open_store("sqlite:///~/kept/credentials.db").put("key", b"1")
    assert (tmp_path / "kept" / "credentials.db").is_file()
