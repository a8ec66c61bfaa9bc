# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The store in a file, used by many processes at once, by dying ones and by forked ones."""

import os
import signal
import subprocess
from contextlib import ExitStack

import pytest

from tests.fakes.threads import until
from tests.processes.child import Child
from tests.requirements import requirement
from valetkey.store.backends.sqlite import SqliteStore

PROCESSES, THREADS, ROUNDS = 8, 3, 3


@pytest.fixture
def path(tmp_path):
    return tmp_path / "valetkey" / "credentials.db"


@pytest.fixture
def store(path):
    return SqliteStore(path)


COUNT = """
    import sys, threading
    from pathlib import Path
    from valetkey.store import ABSENT, Conflict
    from valetkey.store.backends.sqlite import SqliteStore
    from valetkey.store.leases.holding import hold

    path, threads, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    failures = []

    def increment(store, key):
        record = store.get(key)
        number = int(record.value) if record else 0
        store.put(key, b"%d" % (number + 1), if_version=record.version if record else ABSENT)

    def count():
        store = SqliteStore(Path(path))
        try:
            for _ in range(rounds):
                with hold(store, "leased", seconds=30):
                    increment(store, "leased")  # nobody else can be here: a conflict would be a failure
                while True:
                    try:
                        increment(store, "compared")
                        break
                    except Conflict:
                        continue
        except BaseException as error:
            failures.append(repr(error))

    print("ready", flush=True)
    sys.stdin.readline()
    workers = [threading.Thread(target=count) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    sys.exit("; ".join(failures) or 0)
"""


@requirement("REF-7")
def test_many_processes_with_many_threads_lose_nothing(path, store):
    """They all begin with no file at all, so its creation is part of the race."""
    with ExitStack() as stack:
        children = [stack.enter_context(Child(COUNT, path, THREADS, ROUNDS)) for _ in range(PROCESSES)]
        for child in children:
            assert child.hear() == "ready"
        for child in children:
            child.tell()
        for child in children:
            child.succeed()
    total = PROCESSES * THREADS * ROUNDS
    assert int(store.get("leased").value) == total
    assert int(store.get("compared").value) == total


HOLD = """
    import sys
    from pathlib import Path
    from valetkey.store.backends.sqlite import SqliteStore

    lease = SqliteStore(Path(sys.argv[1])).lease("key", seconds=600)
    print("held" if lease else "busy", flush=True)
    sys.stdin.readline()
"""


def test_the_lease_of_a_killed_process_is_free_at_once(path, store):
    for _ in range(2):
        with Child(HOLD, path) as child:
            assert child.hear() == "held"
            assert store.lease("key", seconds=20) is None
            child.kill()
            until_free(store)


def test_a_process_that_ends_without_a_word_leaves_no_lease(path, store):
    with Child(HOLD, path) as child:
        assert child.hear() == "held"
        child.tell()
        child.succeed()
    assert store.lease("key", seconds=20) is not None


def test_a_lease_outlives_others_that_try_in_the_same_process(path, store):
    """Whoever opens and closes the lock file by the way would drop the lock for the whole process (POSIX)."""
    with store.lease("key", seconds=20):
        for _ in range(3):
            assert store.lease("key", seconds=20) is None
        store.put("key", b"1")
        with Child(HOLD, path) as child:
            assert child.hear() == "busy"


WRITE = """
    import sys
    from pathlib import Path
    from valetkey.store.backends.sqlite import SqliteStore

    store, number = SqliteStore(Path(sys.argv[1])), 0
    while True:
        store.put("key", b"%08d" % number * 2000)
        number += 1
        if number == 3:
            print("writing", flush=True)
"""


def test_a_process_killed_while_it_writes_leaves_the_old_value_or_the_new_one(path, store):
    numbers = []
    for pause in (0.0, 0.003, 0.01, 0.03):
        with Child(WRITE, path) as child:
            assert child.hear() == "writing"
            with pytest.raises(subprocess.TimeoutExpired):
                child.process.wait(pause)
            child.kill()
        value = store.get("key").value
        assert value == value[:8] * 2000
        numbers.append(int(value[:8]))
        store.put("key", b"00000000" * 2000)
    assert all(number >= 2 for number in numbers)


FORK = """
    import os, sys
    from pathlib import Path
    from valetkey.store.backends.sqlite import SqliteStore

    store = SqliteStore(Path(sys.argv[1]))
    lease = store.lease("key", seconds=600)
    said, say = os.pipe()
    child = os.fork()
    if child == 0:  # it has inherited everything, also the variable `lease`
        while True:
            if os.read(said, 1) == b"q":
                os._exit(0)
            found = store.lease("key", seconds=20)
            print("child: " + ("held" if found else "busy"), flush=True)
            if found:
                found.release()
    print(f"forked {child}", flush=True)
    for line in sys.stdin:
        if line.strip() == "release":
            lease.release()
            print("released", flush=True)
        else:
            os.write(say, line.strip().encode())
    os.waitpid(child, 0)
"""


def test_a_forked_child_does_not_have_its_parents_lease(path, store):
    with Child(FORK, path) as parent:
        assert parent.hear().startswith("forked")
        parent.tell("t")
        assert parent.hear() == "child: busy"
        assert store.lease("key", seconds=20) is None
        parent.tell("release")
        assert parent.hear() == "released"
        with store.lease("key", seconds=20) as lease:  # while the child lives
            assert lease is not None
            parent.tell("t")
            assert parent.hear() == "child: busy"
        parent.tell("t")
        assert parent.hear() == "child: held"
        parent.tell("q")
        parent.succeed()  # or it would be killed before it has told its child to end


def test_a_forked_child_that_outlives_its_parent_does_not_keep_the_lease(path, store):
    with Child(FORK, path) as parent:
        child = int(parent.hear().split()[1])
        parent.process.kill()
        try:
            until_free(store)
            os.kill(child, 0)  # it is still there
        finally:
            os.kill(child, signal.SIGKILL)


def until_free(store):
    """Wait until a lease can be had, which the one that was taken before would not allow for minutes."""

    def is_free():
        lease = store.lease("key", seconds=20)
        if lease is not None:
            lease.release()
        return lease is not None

    until(is_free)
