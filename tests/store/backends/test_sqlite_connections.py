# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The connection that the store in a file keeps while a lease is held: when it is used, and when it is closed."""

import gc
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.auditing import audited
from tests.requirements import requirement
from valetkey.errors import StoreError
from valetkey.store import ABSENT, Conflict
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.store.backends.sqlite_connections import Connections


@pytest.fixture
def path(tmp_path):
    return tmp_path / "valetkey" / "credentials.db"


@pytest.fixture
def store(path):
    return SqliteStore(path)


def test_reads_and_writes_under_a_lease_share_one_connection(path, store):
    with audited("sqlite3.connect") as events, store.lease("key", seconds=20):
        store.put("key", b"1")
        with store.lease("other", seconds=20):
            store.put("other", b"2")
        assert store.get("key").value == b"1"
        assert store.delete("other")
        assert store.keys() == ["key"]
    assert [place for _, (place,) in events if Path(place) == path] == [path]


def test_without_a_lease_no_connection_is_kept(store, path):
    store.put("key", b"1")
    store.get("key")
    assert times_open(path) == 0


@requirement("SEC-11")
def test_the_owner_and_mode_of_the_file_are_checked_with_each_use(path, store):
    with store.lease("key", seconds=20):
        store.put("key", b"1")
        path.chmod(0o666)
        for use in (lambda: store.get("key"), lambda: store.put("key", b"2"), lambda: store.delete("key")):
            with pytest.raises(StoreError, match="can be written by other users"):
                use()


def test_what_is_written_after_the_file_was_deleted_is_in_the_new_file(path, store):
    with store.lease("key", seconds=20):
        version = store.put("key", b"1")
        path.unlink()
        assert store.get("key") is None
        with pytest.raises(Conflict):
            store.put("key", b"2", if_version=version)
        store.put("key", b"2", if_version=ABSENT)
        assert SqliteStore(path).get("key").value == b"2"
    assert store.get("key").value == b"2"


def test_what_is_written_after_the_folder_was_deleted_is_in_the_new_file(path, store):
    with store.lease("key", seconds=20):
        store.put("key", b"1")
        shutil.rmtree(path.parent)
        store.put("key", b"2", if_version=ABSENT)
    assert SqliteStore(path).get("key").value == b"2"


def test_a_file_that_has_been_replaced_is_opened_anew(path, store, tmp_path):
    other = SqliteStore(tmp_path / "other.db")
    tmp_path.chmod(0o700)
    other.put("key", b"of the other file")
    with store.lease("key", seconds=20):
        store.put("key", b"1")
        (tmp_path / "other.db").replace(path)
        assert store.get("key").value == b"of the other file"
        store.put("second", b"2")
    assert SqliteStore(path).keys() == ["key", "second"]


def test_nothing_is_locked_between_two_uses(path, store):
    """A lease is held for minutes while a person logs in."""
    with store.lease("key", seconds=20):
        version = store.put("key", b"1")
        for use in (
            lambda: store.get("key"),
            store.keys,
            lambda: store.put("key", b"1", if_version=version),
            lambda: store.delete("other"),
        ):
            use()
            with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
                connection.execute("BEGIN EXCLUSIVE")


def test_other_threads_read_and_write_meanwhile(store):
    failures = []

    def work(name):
        try:
            for number in range(20):
                store.put(name, b"%d" % number)
                assert store.get(name).value == b"%d" % number
        except BaseException as error:
            failures.append(error)
            raise

    with store.lease("key", seconds=20):
        threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two", "three")]
        for thread in threads:
            thread.start()
        work("own")
        for thread in threads:
            thread.join()
        assert store.keys() == ["one", "own", "three", "two"]
    assert failures == []


def test_another_process_reads_and_writes_meanwhile(path, store):
    program = "import sys; from pathlib import Path; from valetkey.store.backends.sqlite import SqliteStore as S;"
    program += "store = S(Path(sys.argv[1])); assert store.get('key').value == b'1'; store.put('key', b'2')"
    with store.lease("key", seconds=20):
        version = store.put("key", b"1")
        subprocess.run([sys.executable, "-c", program, path], check=True)
        assert store.get("key").value == b"2"
        with pytest.raises(Conflict):
            store.put("key", b"3", if_version=version)


def test_it_is_closed_with_the_last_lease(path, store):
    first, second = store.lease("first", seconds=20), store.lease("second", seconds=20)
    store.put("key", b"1")
    first.release()
    assert times_open(path) == 1
    second.release()
    second.release()
    assert times_open(path) == 0


def test_it_is_closed_by_whichever_thread_releases_the_lease(path, store):
    lease = store.lease("key", seconds=20)
    store.put("key", b"1")
    thread = threading.Thread(target=lease.release)
    thread.start()
    thread.join()
    assert times_open(path) == 0


def test_it_is_closed_when_a_forgotten_lease_is_collected(path, store):
    lease = store.lease("key", seconds=20)
    store.put("key", b"1")
    del lease
    gc.collect()
    assert times_open(path) == 0


def test_a_lease_that_is_released_during_a_use_closes_it_after_the_use(tmp_path):
    path = tmp_path / "file.db"
    path.touch()
    connections = Connections(path)
    lock = sqlite3.connect(":memory:")
    connections.begin_lease(lock)
    with connections.use(path.lstat()) as connection:
        connections.end_lease(lock)
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    lock.close()
    assert times_open(path) == 0


def test_an_error_closes_it_and_the_next_use_has_a_new_one(path, store):
    with store.lease("key", seconds=20):
        store.put("key", b"1")
        whole = path.read_bytes()
        path.write_bytes(b"rubbish " * 2000)
        for use in (lambda: store.get("key"), lambda: store.put("key", b"2")):
            with pytest.raises(StoreError):
                use()
            assert times_open(path) == 0
        path.write_bytes(whole)
        assert store.get("key").value == b"1"
    assert times_open(path) == 0


def test_a_forked_child_opens_its_own_and_leaves_the_lease_to_its_parent(path, store):
    with store.lease("key", seconds=20):
        version = store.put("key", b"1")
        child, code = os.fork(), 1
        if child == 0:
            try:
                assert times_open(path) == 0
                assert store.get("key") == (b"1", version)
                assert store.lease("key", seconds=20) is None
                with store.lease("of the child", seconds=20):
                    store.put("of the child", b"2")
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert SqliteStore(path).lease("key", seconds=20) is None
        assert store.get("of the child").value == b"2"
        store.put("key", b"3", if_version=version)
    assert SqliteStore(path).get("key").value == b"3"


def times_open(path):
    """How often this process has a file open, also one that has been deleted."""
    names = [os.readlink(entry) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    return names.count(str(path)) + names.count(f"{path} (deleted)")
