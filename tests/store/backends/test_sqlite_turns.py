# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Many threads on one file: what they write together is one commit, and each gets the result that is its own."""

import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from types import SimpleNamespace

import pytest

from tests.fakes.threads import LONGEST_WAIT, in_background, in_threads, until
from valetkey.errors import StoreBusy, StoreError, TemporaryError
from valetkey.store import ABSENT, Conflict
from valetkey.store.backends import sqlite_turns
from valetkey.store.backends.sqlite import SqliteStore

WRITERS = 16


@pytest.fixture
def path(tmp_path):
    return tmp_path / "valetkey" / "credentials.db"


@pytest.fixture
def store(path):
    made = SqliteStore(path)
    made.put("there", b"0")
    return made


@contextmanager
def another_program_writes(path, how="IMMEDIATE"):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"BEGIN {how}")
        yield


@contextmanager
def gathered(store, *calls, waiting=None):
    """Start calls that all wait for their turn; they go on when the context ends, which gives the futures."""
    with ThreadPoolExecutor(len(calls)) as pool, waiting or store._turns.working:
        futures = [pool.submit(call) for call in calls]
        until(lambda: len(store._turns._waiting) == len(calls))
        yield futures


def error_of(call):
    with pytest.raises(StoreError) as caught:
        call()
    return caught.value


def commits(path):
    """The counter in the file that each commit adds one to (SQLite's file format, §1.3.7)."""
    return int.from_bytes(path.read_bytes()[24:28], "big")


def putting(store, key, **condition):
    return lambda: store.put(key, key.encode(), **condition)


@pytest.mark.parametrize("held_up_by", ["a thread", "another program"])
def test_what_many_threads_write_at_the_same_time_is_one_commit(store, path, held_up_by):
    """Row J4."""
    before = commits(path)
    waiting = another_program_writes(path) if held_up_by == "another program" else None
    with gathered(store, *(putting(store, f"key {number}") for number in range(WRITERS)), waiting=waiting) as futures:
        pass
    versions = [future.result() for future in futures]
    assert commits(path) == before + 1
    assert len(set(versions)) == WRITERS
    other = SqliteStore(path)
    assert [other.get(f"key {number}").version for number in range(WRITERS)] == versions


def test_a_conflict_of_one_is_no_matter_of_the_others(store, path):
    before, version = commits(path), store.get("there").version
    calls = [
        putting(store, "new", if_version=ABSENT),
        putting(store, "there", if_version=ABSENT),
        lambda: store.delete("there", if_version="another"),
        lambda: store.delete("missing"),
        putting(store, "last", if_version=ABSENT),
    ]
    with gathered(store, *calls) as (new, there, deleted, missing, last):
        pass
    assert isinstance(there.exception(), Conflict)
    assert isinstance(deleted.exception(), Conflict)
    assert store.get("new").version == new.result()
    assert store.get("last").version == last.result()
    assert missing.result() is False
    assert store.get("there") == (b"0", version)
    assert commits(path) == before + 1


def test_of_those_who_write_one_version_in_one_commit_one_wins(store, path):
    version = store.get("there").version
    with gathered(store, *[putting(store, "there", if_version=version)] * WRITERS) as futures:
        pass
    conflicts = [future for future in futures if isinstance(future.exception(), Conflict)]
    (winner,) = set(futures) - set(conflicts)
    assert store.get("there").version == winner.result()


def test_an_error_of_one_is_no_matter_of_the_others(store, path):
    """What cannot be written is found out in the middle of the transaction, which then begins anew without it."""
    calls = [putting(store, "one"), lambda: store.put("wrong", object()), putting(store, "other")]
    with gathered(store, *calls) as (one, wrong, other):
        pass
    with pytest.raises(StoreError):
        wrong.result()
    assert store.get("one").version == one.result()
    assert store.get("other").version == other.result()
    assert store.get("wrong") is None


def test_an_error_of_the_file_reaches_each_as_its_own(store, path):
    """One object that several threads raise would have the tracebacks and the texts of all of them."""
    with gathered(store, *(putting(store, f"key {number}") for number in range(4))) as futures:
        path.chmod(0o666)
    errors = [future.exception() for future in futures]
    assert all("can be written by other users" in error.message for error in errors)
    assert len({id(error) for error in errors}) == 4
    path.chmod(0o600)
    assert store.keys() == ["there"]


def test_damage_reaches_everyone_who_writes(store, path):
    with gathered(store, *(putting(store, f"key {number}") for number in range(4))) as futures:
        path.write_bytes(b"rubbish " * 2000)
    for future in futures:
        assert isinstance(future.exception(), StoreError)
        assert not isinstance(future.exception(), StoreBusy)
        assert "move it away" in future.exception().hint


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_file_that_others_keep_is_busy_and_not_broken(store, path, how, monkeypatch):
    """Row J4."""
    monkeypatch.setattr(sqlite_turns, "_WAIT_SECONDS", 0.05)
    with another_program_writes(path, how):
        errors = in_threads(4, lambda number: error_of(lambda: store.put(f"key {number}", b"1")))
    for error in errors:
        assert isinstance(error, StoreBusy)
        assert isinstance(error, TemporaryError)
        assert "move" not in error.hint
        assert "delete" not in error.hint
    assert store.put("key", b"1") == store.get("key").version


def test_reading_does_not_wait_for_those_who_cannot_write_yet(store, path):
    calls = [putting(store, f"key {number}") for number in range(4)]
    with gathered(store, *calls, waiting=another_program_writes(path)):
        assert store.get("there").value == b"0"
        assert store.keys() == ["there"]


def test_a_commit_waits_until_another_program_has_read(store, path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        reading = connection.execute("SELECT key FROM records")
        connection.execute("BEGIN")
        connection.execute("SELECT key FROM records").fetchall()
        future = in_background(putting(store, "key"))
        until(lambda: path.with_name(path.name + "-journal").exists())
        assert not future.done()
        reading.close()
        connection.execute("COMMIT")
        assert store.get("key").version == future.result(LONGEST_WAIT)


def test_an_interrupt_of_the_thread_that_writes_for_all_is_its_own(store, path):
    def interrupted(connection):
        raise KeyboardInterrupt

    calls = [lambda: store._turns.write(interrupted), putting(store, "one"), putting(store, "other")]
    with gathered(store, *calls) as (first, one, other):
        pass
    assert isinstance(first.exception(), KeyboardInterrupt)
    assert store.get("one").version == one.result()
    assert store.get("other").version == other.result()


def test_what_was_committed_before_an_interrupt_is_told(store):
    """Else it would be written once more, and be in conflict with itself."""

    def execute(statement):
        if statement == "COMMIT":
            connection.in_transaction = False
            raise KeyboardInterrupt

    connection = SimpleNamespace(in_transaction=True, execute=execute)
    call = sqlite_turns._Call(lambda _: "version", writes=True)
    with pytest.raises(KeyboardInterrupt):
        sqlite_turns._commit(connection, [call])
    assert call.has_ended
    assert call.outcome() == "version"


def test_a_thread_alone_writes_at_once_and_keeps_no_line(store, path):
    store.put("key", b"1")
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_thousand_renewals_at_the_same_moment_all_succeed(path):
    """At most 32 threads, as the engines have; each renewal is a lease, reads, an intent and an answer. Row J4."""
    store = SqliteStore(path)

    def renew(number):
        key = f"session {number}"
        with store.lease(key, seconds=20):
            assert store.get(key) is None
            version = store.put(key, b"intent", if_version=ABSENT)
            return store.put(key, b"answer" * 100, if_version=version)

    with ThreadPoolExecutor(32) as pool:
        versions = list(pool.map(renew, range(1000)))
    assert [store.get(f"session {number}").version for number in range(1000)] == versions
    assert commits(path) < 1000


def test_leases_cost_a_descriptor_each_and_only_while_they_are_held(store):
    before = len(os.listdir("/proc/self/fd"))
    for round_ in range(3):
        leases = [store.lease(f"key {round_} {number}", seconds=20) for number in range(32)]
        assert len(os.listdir("/proc/self/fd")) <= before + 32
        for lease in leases:
            lease.release()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_child_that_is_forked_while_others_read_and_write_can_do_both(store):
    """SQLite would count a lock that another thread holds at that moment as the child's, for ever."""
    stopped = threading.Event()

    def work(number):
        while not stopped.is_set():
            with store.lease(f"key {number}", seconds=20):
                store.put(f"key {number}", b"1")
                store.get("there")

    with ThreadPoolExecutor(4) as pool:
        working = [pool.submit(work, number) for number in range(4)]
        try:
            statuses = [fork(store) for _ in range(5)]
        finally:
            stopped.set()
    assert statuses == [0] * 5
    assert [future.result() for future in working] == [None] * 4
    assert store.get("of the child") is not None


def fork(store):
    child, code = os.fork(), 1
    if child == 0:
        try:
            store.put("of the child", b"1")
            with store.lease("of the child", seconds=20):
                assert store.get("there").value == b"0"
                code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]
