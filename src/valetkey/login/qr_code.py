# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A link as a QR code in the terminal, for a phone: two rows of its squares in each line.

Only for the page of a login on another device: the answer to any other link comes to an address of this computer.
"""

import os
import sys
from collections.abc import Mapping
from typing import TextIO

_BORDER = 2
_PIXELS = {(False, False): " ", (True, False): "\u2580", (False, True): "\u2584", (True, True): "\u2588"}
_INK, _PLAIN = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
"""Black on white, whatever the colours of the terminal are."""


def qr_lines_here(link: str) -> list[str]:
    """Give the code of a link for the terminal that standard error is; none where it does not fit or is not read."""
    return qr_lines_for(link, sys.stderr, os.environ)


def qr_lines_for(link: str, stream: TextIO | None, environment: Mapping[str, str]) -> list[str]:
    """Give the code of a link for a terminal; no lines if the stream is none that can show it."""
    if environment.get("TERM", "") in ("", "dumb"):
        return []
    try:
        if stream is None or not stream.isatty():
            return []
        "".join(_PIXELS.values()).encode(stream.encoding or "ascii")
        size = os.get_terminal_size(stream.fileno())
    except (AttributeError, OSError, ValueError):  # a stream of the program's own, or letters that it cannot show
        return []
    lines = qr_lines(link, is_coloured=not environment.get("NO_COLOR"))
    width = len(lines[0].removeprefix(_INK).removesuffix(_PLAIN)) if lines else 0
    return lines if width <= size.columns and len(lines) < size.lines else []


def qr_lines(link: str, *, is_coloured: bool) -> list[str]:
    """Give the code of a link; without colour its light squares are drawn, as on a dark terminal."""
    try:
        import segno
    except ImportError:  # the link is printed in any case
        return []
    code = segno.make(link, error="l", micro=False)
    rows = [[bool(square) is is_coloured for square in row] for row in code.matrix_iter(border=_BORDER)]
    if len(rows) % 2:
        rows.append([not is_coloured] * len(rows[0]))
    lines = []
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        line = "".join(_PIXELS[pair] for pair in zip(upper, lower, strict=True))
        lines.append(f"{_INK}{line}{_PLAIN}" if is_coloured else line)
    return lines
