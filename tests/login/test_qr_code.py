# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A link as a QR code: the same squares as the code has, and only where a terminal can show it."""

import io
import os
import pty

import pytest
import segno

from valetkey.login.qr_code import qr_lines, qr_lines_for, qr_lines_here

LINK = "https://auth.example.com/device?user_code=WDJB-MJHT"
TERMINAL = {"TERM": "xterm-256color"}


def squares(lines, *, inked):
    """Read the squares of the code back from what is shown; True is dark."""
    rows = []
    for shown in lines:
        line = shown.removeprefix("\x1b[38;5;16;48;5;231m").removesuffix("\x1b[0m")
        rows.append([(character in "\u2580\u2588") is inked for character in line])
        rows.append([(character in "\u2584\u2588") is inked for character in line])
    return rows


@pytest.mark.parametrize("is_coloured", [True, False])
def test_what_is_shown_are_the_squares_of_the_code(is_coloured):
    wanted = [[bool(each) for each in row] for row in segno.make(LINK, error="l", micro=False).matrix_iter(border=2)]
    shown = squares(qr_lines(LINK, is_coloured=is_coloured), inked=is_coloured)
    assert shown[: len(wanted)] == wanted
    assert not any(square for row in shown[len(wanted) :] for square in row)  # the last half line is light


class Screen(io.TextIOWrapper):
    """A terminal of a size."""

    def __init__(self, columns, lines, encoding="utf-8"):
        self._ours, theirs = pty.openpty()
        super().__init__(os.fdopen(theirs, "wb"), encoding=encoding)
        import fcntl
        import struct
        import termios

        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def close(self):
        super().close()
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1


@pytest.mark.parametrize(
    ("columns", "lines", "environment", "encoding", "shown"),
    [
        (80, 40, TERMINAL, "utf-8", True),
        (80, 40, {**TERMINAL, "NO_COLOR": "1"}, "utf-8", True),
        (30, 40, TERMINAL, "utf-8", False),
        (80, 12, TERMINAL, "utf-8", False),
        (80, 40, {"TERM": "dumb"}, "utf-8", False),
        (80, 40, {}, "utf-8", False),
        (80, 40, TERMINAL, "ascii", False),
    ],
)
def test_it_is_shown_where_it_fits(columns, lines, environment, encoding, shown):
    with Screen(columns, lines, encoding) as screen:
        found = qr_lines_for(LINK, screen, environment)
        assert bool(found) == shown
        assert any("\x1b" in line for line in found) == (shown and "NO_COLOR" not in environment)


@pytest.mark.parametrize("stream", [None, io.StringIO(), object()])
def test_what_is_no_terminal_gets_none(stream):
    assert qr_lines_for(LINK, stream, TERMINAL) == []


def test_a_log_file_gets_none(capsys):
    assert qr_lines_here(LINK) == []


def test_without_the_package_the_link_is_enough(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "segno", None)
    assert qr_lines(LINK, is_coloured=True) == []
