# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What a terminal shows after a program has written to it.

It knows what the command line uses: lines, carriage returns, erasing, moving up, and colours; all other sequences are
left out.
"""

import re

SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b[=>78]")


class Screen:
    """Rows of cells without an end; a cell is a character and the colours that it was written in."""

    def __init__(self, width):
        self.width = width
        self.rows = [[]]
        self.row = self.column = 0
        self.colours = ""

    def write(self, text):
        """Take what a program has written."""
        end = 0
        for found in SEQUENCE.finditer(text):
            self._print(text[end : found.start()])
            self._obey(found[1], found[2])
            end = found.end()
        self._print(text[end:])

    def _print(self, text):
        for character in text:
            if character == "\n":
                self._move(self.row + 1)
            elif character == "\r":
                self.column = 0
            elif character == "\b":
                self.column = max(0, self.column - 1)
            elif character.isprintable():
                if self.column == self.width:
                    self._move(self.row + 1)
                    self.column = 0
                row = self.rows[self.row]
                row += [(" ", "")] * (self.column + 1 - len(row))
                row[self.column] = (character, self.colours)
                self.column += 1

    def _move(self, row):
        self.row = max(0, row)
        self.rows += [[] for _ in range(self.row + 1 - len(self.rows))]

    def _obey(self, arguments, command):
        number = int(arguments) if arguments and arguments.isdigit() else None
        row = self.rows[self.row]
        if command == "m":
            self.colours = "" if arguments in ("", "0") else f"{self.colours}\x1b[{arguments}m"
        elif command == "A":
            self._move(self.row - (number or 1))
        elif command == "K":
            self.rows[self.row] = [] if number == 2 else row[: self.column]
        elif command == "J":
            self.rows[self.row :] = [row[: self.column]]
        elif command == "G":
            self.column = (number or 1) - 1

    def lines(self):
        """Each line as text with colours, without what is empty at its end and below."""
        lines = [_coloured(row) for row in self.rows]
        while lines and not lines[-1].strip():
            lines.pop()
        return lines


def _coloured(row):
    parts, before = [], ""
    while row and row[-1][0] == " ":
        row = row[:-1]
    for character, colours in row:
        if colours != before:
            parts.append(f"\x1b[0m{colours}")
            before = colours
        parts.append(character)
    return "".join([*parts, "\x1b[0m" if before else ""])


def plain(line):
    """A line without its colours."""
    return SEQUENCE.sub("", line)
