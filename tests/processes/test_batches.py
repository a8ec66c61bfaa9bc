# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The store in a file, whose writes are made in batches: killed in the middle of one, and used by many processes."""

import signal
import sqlite3
from contextlib import ExitStack, closing

import pytest

from tests.processes.child import Child
from valetkey.store.backends.sqlite import SqliteStore

THREADS = 12

WRITE = """
    import sys, threading
    from pathlib import Path
    from valetkey.store.backends.sqlite import SqliteStore

    store, telling = SqliteStore(Path(sys.argv[1])), threading.Lock()

    def write(key):
        number = 0
        while True:
            number += 1
            store.put(key, b"%d" % number)
            with telling:
                print(key, number, flush=True)

    for thread in range(int(sys.argv[2])):
        threading.Thread(target=write, args=(f"key-{thread}",)).start()
"""

TAKE_PART = """
    import sys
    from pathlib import Path
    from valetkey.store.backends.sqlite import SqliteStore

    store = SqliteStore(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(sys.argv[3])):
        store.put(f"{sys.argv[2]} {number}", b"1")
    print("done", flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "valetkey" / "credentials.db"


@pytest.mark.parametrize("heard", [1, 7, 20, 45, 90])
def test_no_write_that_has_returned_is_lost_when_the_process_is_killed(path, heard):
    """The process dies at a moment of its own choice: somewhere in the batches that follow what was heard."""
    with Child(WRITE, path, THREADS) as child:
        lines = [child.hear() for _ in range(heard)]
        child.process.send_signal(signal.SIGKILL)
        child.process.wait()
        lines += [line for line in child.process.stdout.read().split("\n") if line]
    told = {}
    for line in lines:
        key, number = line.split(" ")
        told[key] = int(number)
    store = SqliteStore(path)
    for key, number in told.items():
        assert int(store.get(key).value) in (number, number + 1)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert store.put("key-0", b"next") == store.get("key-0").version


def test_of_many_processes_that_write_at_once_none_is_refused(path):
    """SQLite's own waiting lets one process write again and again while another one waits. Row J4."""
    processes, writes = 12, 10
    with ExitStack() as stack:
        children = [stack.enter_context(Child(TAKE_PART, path, number, writes)) for number in range(processes)]
        assert [child.hear() for child in children] == ["ready"] * processes
        for child in children:
            child.process.stdin.write("\n")
            child.process.stdin.flush()
        assert [child.hear() for child in children] == ["done"] * processes
    assert len(SqliteStore(path).keys()) == processes * writes


def test_a_process_that_is_frozen_while_it_writes_and_then_killed_keeps_nothing(path):
    """The file, and its place in the line, are free when the process has ended."""
    with Child(WRITE, path, 2) as child, Child(TAKE_PART, path, "other", 3) as other:
        assert other.hear() == "ready"
        child.hear()
        child.process.send_signal(signal.SIGSTOP)
        other.process.stdin.write("\n")
        other.process.stdin.flush()
        child.process.send_signal(signal.SIGKILL)
        assert other.hear() == "done"
    assert SqliteStore(path).get("other 2") is not None
