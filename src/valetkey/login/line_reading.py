# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Reading a line that a person enters in the terminal, so that it can be stopped before the person has entered one.

A thread that is blocked in a read would take the next line away from the program. So nothing is read before a whole
line is there.
"""

import os
import sys
import threading
from collections.abc import Callable
from typing import Protocol, TextIO

LineReader = Callable[[str, threading.Event], str]
"""
Asks a question and blocks until the person has entered a line, which it gives.

It raises `Stopped` once the event is set, and EOFError where no person can enter a line.
"""

_LOOK_SECONDS = 0.1
"""Seconds between two looks whether the reading is to be stopped."""


class Stopped(Exception):
    """The reading was stopped before a line was there."""


class Console(Protocol):
    """What Windows offers to read a console key by key (the module `msvcrt`)."""

    def kbhit(self) -> bool:
        """Tell whether a key waits to be read."""

    def getwch(self) -> str:
        """Read a key and show nothing."""

    def putwch(self, unicode_char: str, /) -> None:
        """Show a character."""


def read_terminal(question: str, stopped: threading.Event) -> str:
    """Ask on standard error, and read from standard input, also where that is a file or a pipe."""
    if sys.stdin is None:
        raise EOFError
    if sys.stderr is not None:
        sys.stderr.write(question)
        sys.stderr.flush()
    if sys.stdin.isatty():
        if sys.platform == "win32":
            import msvcrt

            return read_console(msvcrt, stopped)
        _wait_for_line(sys.stdin, stopped)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def has_ended(stdin: TextIO | None) -> bool:
    """Tell of standard input that is no terminal whether no line can come any more; reads nothing of it."""
    try:
        if stdin is None or stdin.closed:
            return True
        number = stdin.fileno()
    except (AttributeError, OSError, ValueError):  # a stream of the program's own
        return False
    try:
        return _is_ready(number) and not stdin.buffer.peek(1)  # type: ignore[attr-defined]
    except AttributeError:
        return False
    except (OSError, ValueError):  # it is only written to, as `nohup` leaves it
        return True


def _is_ready(number: int) -> bool:
    """Tell whether a read would not wait; the end of a file or a pipe does not."""
    import select

    if sys.platform == "win32":  # where `select` knows only sockets
        return False
    return bool(select.select([number], [], [], 0)[0])


def _wait_for_line(terminal: TextIO, stopped: threading.Event) -> None:
    """A terminal is readable when a whole line is there, or its end (POSIX, canonical mode)."""
    import select

    while not stopped.is_set():
        # A process in the background that reads from its terminal is stopped by the system.
        if os.tcgetpgrp(terminal.fileno()) != os.getpgrp():
            stopped.wait(_LOOK_SECONDS)
        elif select.select([terminal], [], [], _LOOK_SECONDS)[0] and not stopped.is_set():
            return
    raise Stopped


def read_console(console: Console, stopped: threading.Event) -> str:
    """Read a line from a console of Windows, where `select` knows no terminals, and show what is typed."""
    line: list[str] = []
    while not stopped.is_set():
        if not console.kbhit():
            stopped.wait(_LOOK_SECONDS)
            continue
        key = console.getwch()
        if key in "\r\n":
            console.putwch("\n")
            return "".join(line) + "\n"
        if key == "\x1a":  # Ctrl-Z ends the input
            raise EOFError
        if key in "\x00\xe0":  # an arrow or a function key, which has a second code
            console.getwch()
        elif key == "\b":
            if line:
                line.pop()
                for shown in "\b \b":
                    console.putwch(shown)
        else:
            line.append(key)
            console.putwch(key)
    raise Stopped
