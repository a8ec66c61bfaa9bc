# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A text of its own for every secret, and the search for all of them, in every spelling, in what a program shows."""

import base64
import hashlib
import html
import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from tests.fakes.echoes import SHORTEST_PREFIX

_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_GAPS = re.compile(r"[\s\x00-\x1f\x7f\xad\u200b-\u200f\u2060-\u2064\ufeff]+")
"""White space, control characters and characters of no width, which may stand between the letters of a secret."""
_LONGEST = 40


class Canaries:
    """The secrets of one life, each under the name of its kind ("access token", "code")."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = defaultdict(list)
        self._count = itertools.count(1)

    def make(self, name: str) -> str:
        """Make a new one: digits and letters of both cases, and no two that begin or end alike."""
        digest = hashlib.sha512(f"{name} {next(self._count)}".encode()).digest()
        text = base64.b64encode(digest).decode().replace("+", "7").replace("/", "K")[:_LONGEST]
        return self.note(name, text)

    def note(self, name: str, text: str) -> str:
        """Note a secret that the part under test or a library has made."""
        if text not in self.texts[name]:
            self.texts[name].append(text)
        return text

    def of(self, *names: str) -> list[str]:
        """Give the secrets of some kinds, and the names of no others."""
        missing = [name for name in names if not self.texts.get(name)]
        assert not missing, f"no {missing} in this life: {sorted(self.texts)}"
        return [text for name in names for text in self.texts[name]]

    def names_in(self, text: str) -> set[str]:
        """Name the kinds of the secrets that a text shows, be it only 12 characters of one."""
        readings = _readings(text)
        return {
            name
            for name, texts in list(self.texts.items())
            if any(needle in reading for each in texts for needle in _needles(each) for reading in readings)
        }


_known_needles: dict[str, frozenset[str]] = {}


def _needles(secret: str) -> frozenset[str]:
    """Give what shows that a text holds a secret, in lower case."""
    if secret not in _known_needles:
        _known_needles[secret] = frozenset(needle.lower() for part in _parts(secret) for needle in _spelled(part))
    return _known_needles[secret]


def _parts(secret: str) -> list[str]:
    """Give what of a secret is not the same in all of its kind: the lines of a key, the signature of a JWT."""
    if secret.startswith("eyJ") and secret.count(".") == 2:
        return [secret.rpartition(".")[2]]
    lines = [line for line in secret.splitlines() if line and not line.startswith("-----")]
    # The first 40 characters of a key in PEM or DER say of what kind it is.
    return [line[-24:] for line in lines if len(line) >= 2 * SHORTEST_PREFIX] if len(lines) > 1 else lines


def _spelled(part: str) -> Iterable[str]:
    size = SHORTEST_PREFIX
    middle = max(0, len(part) // 2 - size // 2)
    yield from (part[:size], part[middle : middle + size], part[-size:])
    sent = part.encode()
    yield sent.hex()[: 2 * size]
    for before in range(3):  # where the secret begins among the groups of three bytes that base64 encodes
        encoded = base64.b64encode(b"\0" * before + sent).decode().rstrip("=")
        inside = encoded[(before * 8 + 5) // 6 : (before + len(sent)) * 8 // 6]
        yield from (inside[:size], inside[:size].replace("+", "-").replace("/", "_"))


def _readings(text: str) -> set[str]:
    """Give a text in lower case: as it is, without one, two and three layers of escapes, and each without gaps."""
    plain = text.replace("\\\\", "\\")  # as `repr` writes a backslash
    readings = {text.lower()}
    for reading in (text, plain):
        undone = reading
        for _ in range(3):
            undone = _unescaped(undone)
            readings.add(undone.lower())
    return readings | {_GAPS.sub("", unicodedata.normalize("NFKC", reading)).lower() for reading in readings}


def _unescaped(text: str) -> str:
    plain = _ESCAPE.sub(lambda match: chr(int(match[1] or match[2] or match[3], 16)), text)
    return html.unescape(plain).replace("\\/", "/").replace("\\n", "\n").replace("\\r", "\r")
