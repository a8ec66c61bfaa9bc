# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Moves of a store that really are killed, and processes that move at once."""

from collections import Counter
from contextlib import ExitStack

import pytest

from tests.processes.child import Child
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.store.encryption.encrypted import list_keys

COUNT = 40

MOVE = """
    import sys
    from pathlib import Path
    from valetkey.migrate.moves import move_records
    from valetkey.store.backends.sqlite import SqliteStore

    class Told:
        \"\"\"A store that tells when a record has been written or deleted, and goes on when it is told to.\"\"\"

        def __init__(self, path):
            self._store = SqliteStore(Path(path))

        def __getattr__(self, name):
            act = getattr(self._store, name)
            if name not in ("put", "delete"):
                return act

            def told(*arguments, **named):
                result = act(*arguments, **named)
                print(name, flush=True)
                sys.stdin.readline()
                return result

            return told

        def keys(self):
            return self._store.keys()

    print("moved", move_records(Told(sys.argv[1]), Told(sys.argv[2])), flush=True)
"""

MOVE_TOGETHER = """
    import sys
    from valetkey.migrate import move_store

    print("ready", flush=True)
    sys.stdin.readline()
    print(move_store(f"sqlite:///{sys.argv[1]}", f"sqlite:///{sys.argv[2]}"))
"""


@pytest.fixture
def paths(tmp_path):
    return tmp_path / "old.db", tmp_path / "new.db"


def filled(path, count):
    store, records = SqliteStore(path), {f"session:{number}": b"%d" % number for number in range(count)}
    for key, value in records.items():
        store.put(key, value)
    return records


def contents(path):
    store = SqliteStore(path)
    return {key: store.get(key).value for key in list_keys(store)}


@pytest.mark.parametrize("step", range(6), ids=lambda step: f"after {step} steps")
def test_a_move_that_is_killed_loses_nothing_and_another_one_completes_it(paths, step):
    records = filled(paths[0], 3)
    with Child(MOVE, *paths) as child:
        for _ in range(step):
            assert child.hear() in ("put", "delete")
            child.tell()
        assert child.hear() in ("put", "delete")
        child.kill()
    assert {**contents(paths[0]), **contents(paths[1])} == records
    with Child(MOVE, *paths) as child:
        heard = Counter()
        while not (line := child.hear()).startswith("moved"):
            heard[line] += 1
            child.tell()
    assert (contents(paths[0]), contents(paths[1])) == ({}, records)
    assert heard["put"] == 3 - (step // 2 + 1)  # what was written before the kill is not written again


def test_processes_that_move_at_once_move_each_record_once(paths):
    records = filled(paths[0], COUNT)
    with ExitStack() as stack:
        children = [stack.enter_context(Child(MOVE_TOGETHER, *paths)) for _ in range(3)]
        for child in children:
            assert child.hear() == "ready"
        for child in children:
            child.tell()
        moved = [int(child.succeed()) for child in children]
    assert sum(moved) == COUNT
    assert (contents(paths[0]), contents(paths[1])) == ({}, records)
