# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
How the bytes of a fuzzer become what a server sends: texts, JSON documents, HTTP answers.

A fuzzer that changes single bytes of JSON hardly ever makes JSON. So most documents are composed: a line is a member,
its first byte says which, its second of which kind its value is. A line that begins with the byte 1 says that its end
is repeated: that makes texts up to 70,000 characters of inputs that stay short, which keeps the fuzzer quick.
"""

import json
import zlib

from valetkey.wire import HttpResponse

LONGEST = 70_000
"""Characters of a text with a repeated end: more than eight times the longest URL."""

ENDPOINT = "https://as.example/x"
_REPEATS = 1
_HERE = b"\x02"
"""Where in the line the end begins that is repeated."""
_SHORT = 100
_SHARE_OF_LONG = 4096
"""One in so many repeated ends is long: they take most of the time."""
_DEEPEST = 3_000
"""More than the recursion limit of the interpreter."""
_STATUSES = (200, 200, 200, 201, 400, 401, 403, 404, 204, 302, 303, 307, 429, 500, 503, 422)
_FIELDS = ("Content-Type", "Retry-After", "Location", "Date", "Content-Encoding", "WWW-Authenticate", "DPoP-Nonce")
_FORM = "application/x-www-form-urlencoded"


class Input:
    """Bytes of the fuzzer, taken from the front; where they have ended, every byte is 0 and every line empty."""

    def __init__(self, data):
        self._data = data
        self._at = 0

    def byte(self):
        """Take one byte."""
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def choice(self, options):
        """Take a byte that chooses."""
        return options[self.byte() % len(options)]

    def line(self):
        """Take what is before the next line break, and the line break."""
        end = self._data.find(b"\n", self._at)
        end = len(self._data) if end < 0 else end
        taken = self._data[self._at : end]
        self._at = end + 1
        return _expanded(taken)

    def lines(self, most=40):
        """Take all lines that are left."""
        taken = []
        while not self.is_empty and len(taken) < most:
            taken.append(self.line())
        return taken

    def rest(self):
        """Take all that is left."""
        taken = self._data[self._at :]
        self._at = len(self._data)
        return _expanded(taken)

    def text(self):
        """Take a line as text; bytes that are not UTF-8 become half surrogate pairs."""
        return as_text(self.line())

    @property
    def is_empty(self):
        return self._at >= len(self._data)


def as_text(line):
    """Give a text that may hold anything that a text of Python can hold."""
    return line.decode("utf-8", "surrogateescape")


def _expanded(line):
    if len(line) < 3 or line[0] != _REPEATS:
        return line
    before, here, piece = line[2:].partition(_HERE)
    if not here:
        before, piece = b"", before
    if not piece:
        return before
    longest = LONGEST if zlib.crc32(line) % _SHARE_OF_LONG == 0 else _SHORT
    return before + piece * min(2 ** (line[1] % 17), longest // len(piece))


def document(source, members):
    """Compose the text of a JSON object with the named members, which may be repeated."""
    pairs = [_member(line, members) for line in source.lines() if len(line) > 1]
    return ("{" + ",".join(pairs) + "}").encode()


def _member(line, members):
    index, kind, value = line[0], line[1] % 16, as_text(line[2:])
    name = json.dumps(members[index % (len(members) + 1)] if index % (len(members) + 1) < len(members) else value[:9])
    return f"{name}:{_value(kind, value)}"


def _value(kind, text):
    quoted = json.dumps(text)
    if kind < 6:
        return quoted
    if kind == 6:
        digits = "".join(each for each in text if each in "0123456789eE+-.")
        return digits if _is_number(digits) else "0"
    if kind == 7:
        return "true"
    if kind == 8:
        return "false" if text else "null"
    if kind < 12:
        return json.dumps(text.split(","))
    if kind == 12:
        return f'{{"error":{quoted},"message":{quoted},"loc":["body",{quoted}]}}'
    if kind == 13:
        return f'[{{"msg":{quoted},"loc":["body",{quoted}]}},{quoted},1,null]'
    if kind == 14:
        depth = min(len(text) * 100, _DEEPEST)
        return "[" * depth + quoted + "]" * depth
    return ("NaN", "Infinity", "-Infinity", "1e999", "-0", "9" * 5000)[len(text) % 6]


def _is_number(digits):
    try:
        json.loads(digits)
    except (ValueError, RecursionError):
        return False
    return True


def answer(source, members, url=ENDPOINT):
    """Compose a whole answer: a status, up to three header fields, a body of any kind."""
    status = source.choice(_STATUSES)
    flags = source.byte()
    fields = tuple((source.choice(_FIELDS), source.text()) for _ in range(flags & 3))
    if flags & 64:
        fields = (("Content-Type", _FORM), *fields)
    body = source.rest() if flags & 32 or flags & 64 else document(source, members)
    return HttpResponse(status, url, fields, body)
