# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A line of the terminal, read without taking one that belongs to the program."""

import io
import os
import pty
import threading

import pytest

from tests.fakes.threads import LONGEST_WAIT
from valetkey.login.line_reading import Stopped, read_console, read_terminal


def test_the_terminal_is_asked_on_standard_error_because_standard_output_belongs_to_the_program(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("http://127.0.0.1/callback?code=1\n"))
    assert read_terminal("Where?\n", threading.Event()) == "http://127.0.0.1/callback?code=1\n"
    assert capsys.readouterr() == ("", "Where?\n")
    with pytest.raises(EOFError):
        read_terminal("Where?\n", threading.Event())
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(EOFError):
        read_terminal("Where?\n", threading.Event())


@pytest.fixture
def terminal(monkeypatch):
    """A terminal, which is that of no session: so this process is not in its foreground unless a test says so."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "wb", buffering=0) as person, os.fdopen(theirs, "r") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield person


def foreground(monkeypatch, *, is_ours):
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + (0 if is_ours else 1))


def test_a_line_of_the_terminal_is_read_when_it_is_there(terminal, monkeypatch, capsys):
    foreground(monkeypatch, is_ours=True)
    terminal.write(b"http://127.0.0.1/callback?code=1\n")
    assert read_terminal("Where?\n", threading.Event()) == "http://127.0.0.1/callback?code=1\n"
    assert capsys.readouterr() == ("", "Where?\n")


@pytest.mark.parametrize("is_ours", [True, False], ids=["foreground", "background"])
def test_a_reading_that_is_stopped_leaves_the_next_line_to_the_program(is_ours, terminal, monkeypatch):
    """A process in the background is not stopped by the system either, because it reads nothing. Row G4."""
    import sys

    foreground(monkeypatch, is_ours=is_ours)
    stopped, raised = threading.Event(), []

    def read():
        with pytest.raises(Stopped):
            read_terminal("Where?\n", stopped)
        raised.append(True)

    thread = threading.Thread(target=read)
    thread.start()
    terminal.write(b"half a line")
    stopped.set()
    thread.join(LONGEST_WAIT)
    assert raised
    terminal.write(b" and the rest\n")
    assert sys.stdin.readline() == "half a line and the rest\n"


def test_the_end_of_the_terminals_input_is_the_end(terminal, monkeypatch):
    foreground(monkeypatch, is_ours=True)
    terminal.write(b"\x04")
    with pytest.raises(EOFError):
        read_terminal("Where?\n", threading.Event())


class Keys:
    """The console of Windows, with the keys that the person presses; it is stopped when none is left."""

    def __init__(self, keys):
        self.keys = list(keys)
        self.shown = ""
        self.stopped = threading.Event()

    def kbhit(self):
        if not self.keys:
            self.stopped.set()
        return bool(self.keys)

    def getwch(self):
        return self.keys.pop(0)

    def putwch(self, key):
        self.shown += key


@pytest.mark.parametrize(
    ("keys", "line", "shown"),
    [
        ("http://x?code=1\r", "http://x?code=1\n", "http://x?code=1\n"),
        ("ab\bc\r", "ac\n", "ab\b \bc\n"),
        ("\b\ba\n", "a\n", "a\n"),
        ("a\xe0Hb\x00;c\r", "abc\n", "abc\n"),
        ("\r", "\n", "\n"),
    ],
    ids=["a line", "backspace", "backspace at the beginning", "arrow and function keys", "nothing"],
)
def test_a_console_of_windows_is_read_key_by_key(keys, line, shown):
    console = Keys(keys)
    assert (read_console(console, console.stopped), console.shown) == (line, shown)


def test_a_console_of_windows_can_be_left_too():
    console = Keys("half a line")
    with pytest.raises(Stopped):
        read_console(console, console.stopped)
    console = Keys("\x1a")
    with pytest.raises(EOFError):
        read_console(console, console.stopped)
