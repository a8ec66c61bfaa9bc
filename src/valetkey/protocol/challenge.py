# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The challenges of a 401 or 403 answer (RFC 9110 §11.3 and §11.6.1, RFC 6750 §3, RFC 9728 §5.1).

`WWW-Authenticate = #challenge`, `challenge = auth-scheme [ 1*SP ( token68 / #auth-param ) ]`: a comma may end a
parameter or a challenge, so the field is read character by character and never matched as a whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from valetkey import wire
from valetkey.values import Scope

BEARER = "bearer"
DPOP = "dpop"
"""The schemes we answer, as `Challenge.scheme` has them (RFC 6750 §3, RFC 9449 §7.1)."""

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")  # RFC 9110 §5.6.2
_TOKEN68 = frozenset("-._~+/0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")  # RFC 9110 §11.2
_SPACE = " \t"
_LONGEST_FIELD = 16_384
_LONGEST_FIELDS = 65_536
"""Characters of all fields together."""
_MOST_CHALLENGES = 64
_MOST_PARAMETERS = 64
"""Of one challenge."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """
    One challenge.

    `scheme` and the names in `parameters` are in lower case (RFC 9110 §11.1); a name that the server repeats stays
    repeated.
    """

    scheme: str
    token68: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """
        Give a parameter by its name in lower case; the first of a repeated one (RFC 9110 §11.2 forbids repeating).
        """
        return next(iter(self.get_all(name)), None)

    def get_all(self, name: str) -> tuple[str, ...]:
        """Give all values of a parameter, in order; Sentry's server sends `resource_metadata` twice."""
        return tuple(value for key, value in self.parameters if key == name)

    @property
    def scope(self) -> Scope | None:
        """The scope the server asks for; absent and empty both mean that it names none (RFC 6750 §3)."""
        return wire.read_scope(self.get("scope"))


def parse_challenges(fields: Iterable[str]) -> tuple[Challenge, ...]:
    """
    Read every WWW-Authenticate field of a response; several fields are one list (RFC 9110 §5.3).

    Unknown schemes and parameters are kept. A syntax error ends the reading of its field only: what precedes it and
    what is in other fields still counts.
    """
    reader, left = _Reader(), _LONGEST_FIELDS
    for text in fields:
        read = text[: min(_LONGEST_FIELD, left)]
        left -= len(read)
        reader.read(read)
    return reader.challenges()


def challenge_to_answer(challenges: Iterable[Challenge], *, prefers_dpop: bool = False) -> Challenge | None:
    """
    Choose the challenge to answer, of those for Bearer and DPoP; None if there is none for either.

    The one that asks for more scope comes first, then the preferred scheme (RFC 9728 §5.4), then one with metadata or
    an error code. Parameters are never combined from several challenges (RFC 9110 §11.3).
    """
    preferred = DPOP if prefers_dpop else BEARER

    def rank(challenge: Challenge) -> tuple[bool, bool, bool]:
        says_something = bool(challenge.get("resource_metadata") or challenge.get("error"))
        return challenge.get("error") == "insufficient_scope", challenge.scheme == preferred, says_something

    return max((each for each in challenges if each.scheme in (BEARER, DPOP)), key=rank, default=None)


@dataclass(slots=True)
class _Draft:
    scheme: str
    token68: str | None = None
    parameters: list[tuple[str, str]] = field(default_factory=list)


class _Reader:
    """Reads fields one after the other; a field that starts with a parameter continues the last challenge."""

    def __init__(self) -> None:
        self._drafts: list[_Draft] = []
        self._text = ""
        self._at = 0

    def challenges(self) -> tuple[Challenge, ...]:
        return tuple(Challenge(draft.scheme, draft.token68, tuple(draft.parameters)) for draft in self._drafts)

    def read(self, text: str) -> None:
        self._text, self._at = text, 0
        while True:
            # Empty list elements are ignored (RFC 9110 §5.6.1.2). Servers also write ";", as other fields have it.
            self._skip(_SPACE + ",;")
            if self._at == len(text) or not self._element():
                return

    def _element(self) -> bool:
        """Read one parameter, or a scheme with its token68; False at a syntax error, and at one challenge too many."""
        name = self._take(_TOKEN)
        if not name:
            return False
        if self._is_parameter():
            return self._parameter(name)
        if len(self._drafts) == _MOST_CHALLENGES:
            return False
        self._drafts.append(_Draft(name.lower()))
        if self._skip(_SPACE) and (token68 := self._take_token68()) is not None:
            self._drafts[-1].token68 = token68
        return True

    def _is_parameter(self) -> bool:
        at = self._at
        while self._text[at : at + 1] in (" ", "\t"):  # RFC 9110 §11.2 allows whitespace around "="
            at += 1
        return self._text.startswith("=", at)

    def _parameter(self, name: str) -> bool:
        self._skip(_SPACE)
        self._at += len("=")
        self._skip(_SPACE)
        value = self._quoted_string() if self._text.startswith('"', self._at) else self._take(_LENIENT_VALUE)
        if value is None or not self._drafts or len(self._drafts[-1].parameters) == _MOST_PARAMETERS:
            return False
        self._drafts[-1].parameters.append((name.lower(), value))
        return True

    def _take_token68(self) -> str | None:
        """Read a token68; if anything but a comma or the end follows it, it was a parameter or a scheme."""
        start = self._at
        text = self._take(_TOKEN68)
        while self._text.startswith("=", self._at):
            self._at += 1
        token68 = self._text[start : self._at]
        self._skip(_SPACE)
        if text and self._text[self._at : self._at + 1] in ("", ","):
            return token68
        self._at = start
        return None

    def _quoted_string(self) -> str | None:
        """Read a quoted-string and undo its quoted-pairs (RFC 9110 §5.6.4); None if it does not end."""
        value: list[str] = []
        self._at += 1
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == '"':
                self._at += 1
                return "".join(value)
            if char == "\\":
                self._at += 1
                char = self._text[self._at : self._at + 1]
            value.append(char)
            self._at += 1
        return None

    def _take(self, alphabet: frozenset[str]) -> str:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] in alphabet:
            self._at += 1
        return self._text[start : self._at]

    def _skip(self, characters: str) -> bool:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] in characters:
            self._at += 1
        return self._at > start


_LENIENT_VALUE = _TOKEN | frozenset(":/?@=()[]{}")
"""An unquoted value should be a token; servers also send bare URLs (qwen-code's reports name some)."""
