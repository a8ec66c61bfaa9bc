# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The line in which processes wait to write to one file: who is first, and who leaves."""

import sys
import threading

import pytest

from tests.fakes.threads import LONGEST_WAIT
from tests.processes.child import Child
from valetkey.store.backends import sqlite_line
from valetkey.store.backends.sqlite_line import Line

FIRST = """
    import fcntl, os, sys
    file = os.open(sys.argv[1], os.O_RDWR)
    while True:
        fcntl.lockf(file, fcntl.LOCK_EX)
        print("first", flush=True)
        sys.stdin.readline()
        fcntl.lockf(file, fcntl.LOCK_UN)
        print("left", flush=True)
        sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "locks" / "line"
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    return path


@pytest.fixture
def other(path):
    """Another process, which is first in the line."""
    with Child(FIRST, path) as child:
        assert child.hear() == "first"
        yield child


@pytest.fixture
def woken():
    return threading.Event()


def go_on(child):
    child.process.stdin.write("\n")
    child.process.stdin.flush()
    return child.hear()


def test_a_process_alone_is_first_at_once(path, woken):
    line = Line(path)
    line.join(woken)
    assert line.patience() == 0
    line.leave()


def test_it_is_woken_when_the_process_before_it_leaves(path, woken, other):
    line = Line(path)
    line.join(woken)
    assert 0 < line.patience() <= sqlite_line._PATIENCE_SECONDS
    assert go_on(other) == "left"
    assert woken.wait(LONGEST_WAIT)
    assert line.patience() == 0
    line.leave()
    assert go_on(other) == "first"


def test_a_place_that_is_left_before_it_is_reached_holds_up_nobody(path, woken, other):
    line = Line(path)
    line.join(woken)
    line.leave()
    assert go_on(other) == "left"
    assert woken.wait(LONGEST_WAIT)
    assert go_on(other) == "first"


def test_a_place_that_was_left_is_taken_up_again_while_it_is_waited_for(path, woken, other):
    line, threads = Line(path), threading.active_count()
    for _ in range(5):
        line.join(woken)
        line.leave()
    line.join(woken)
    assert threading.active_count() == threads + 1
    assert go_on(other) == "left"
    assert woken.wait(LONGEST_WAIT)
    assert line.patience() == 0
    line.leave()
    assert go_on(other) == "first"


def test_a_place_that_was_left_and_reached_is_none(path, woken, other):
    line = Line(path)
    line.join(woken)
    line.leave()
    assert go_on(other) == "left"
    assert woken.wait(LONGEST_WAIT)
    line.join(woken)
    assert line.patience() == 0
    line.leave()
    assert go_on(other) == "first"


def test_a_frozen_process_at_the_head_is_not_waited_for_for_ever(path, woken, other, monkeypatch):
    monkeypatch.setattr(sqlite_line, "_PATIENCE_SECONDS", 0.0)
    line = Line(path)
    line.join(woken)
    assert line.patience() == 0
    line.leave()


def test_where_there_are_no_such_locks_there_is_no_line(path, woken, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    line = Line(path)
    line.join(woken)
    assert line.patience() == 0
    line.leave()


def test_a_folder_that_cannot_be_made_is_no_line(woken, tmp_path):
    tmp_path.joinpath("file").touch()
    line = Line(tmp_path / "file" / "line")
    line.join(woken)
    assert line.patience() == 0
    line.leave()
