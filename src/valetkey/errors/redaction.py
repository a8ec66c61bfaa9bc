# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Leaving secrets out of what is shown, in whatever spelling a server repeats them.

While an attempt runs (`redacting`), each secret that is read, made or revealed for a request is remembered. `quote` and
the errors leave it out of every text they make then, so neither a parser nor a log line can forget to. What is only
compared, such as an error code, is compared as the server sent it.
"""

import base64
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import quote_plus

HIDDEN = "…"

_RUN = 12
"""Characters of a secret that are left out wherever they stand: its first ones, or any with a digit or mixed case."""
_LONG_RUN = 20
"""Characters that are left out in any case. A shorter run of letters may be a word or a host name."""
_MOST_RUNS = 1024
"""Places in a secret at which it is recognised: in a longer one fewer of those in its middle."""
_MOST_SECRETS = 64
"""Those that were at hand last: a login on another device signs a proof for each of its questions."""
_MOST_LINES = 128
_DEPTH = 3  # a URL in JSON in a page
_CODES = frozenset(
    {
        *("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"),
        *("invalid_scope", "access_denied", "unsupported_response_type", "server_error", "temporarily_unavailable"),
        *("invalid_token", "insufficient_scope", "invalid_target", "invalid_redirect_uri", "invalid_client_metadata"),
        *("authorization_pending", "slow_down", "expired_token", "unsupported_token_type", "use_dpop_nonce"),
        *("invalid_dpop_proof", "interaction_required", "login_required", "consent_required", "not_found"),
        *("account_selection_required", "unmet_authentication_requirements", "unapproved_software_statement"),
    }
)
"""Codes of the RFCs are shown even if a secret reads like one: callers compare them."""

_ESCAPE = re.compile(
    r"%(?P<byte>[0-9a-f]{2})|\\u(?P<unit>[0-9a-f]{4})|\\x(?P<code>[0-9a-f]{2})|\\(?P<char>[^ux])|(?P<entity>&#?\w{1,31};)",
    re.IGNORECASE | re.ASCII,
)
_FOLDED = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_", "abcdefghijklmnopqrstuvwxyz+/")
"""Case does not count, and base64 has two alphabets (RFC 4648 §4, §5)."""
_WORD = re.compile("[a-z]+")
_DIGIT = re.compile("[0-9]")
_PEM_LINE = re.compile("-----[^\r\n]*-----|[\r\n]+")


class Redaction:
    """The secrets of one exchange or attempt."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: dict[str, None] = {}
        self._runs: dict[str, tuple[str, str, int]] = {}
        self._wholes: dict[str, bool] = {}
        self._new: list[str] = []
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """Leave a text out from now on; an empty one is no secret."""
        if not secret:
            return
        if secret in self._secrets:
            self._secrets.pop(secret)  # it moves to the end
        else:
            self._new.append(secret)
        self._secrets[secret] = None
        if len(self._secrets) > _MOST_SECRETS:
            del self._secrets[next(iter(self._secrets))]
            self._runs, self._wholes, self._new = {}, {}, list(self._secrets)

    def apply(self, text: str, *, is_quoted: bool = False) -> str:
        """Leave every secret out; one that is a short word counts only in what a server says, and as a whole word."""
        if not self._secrets or not text or text in _CODES:
            return text
        self._index()
        found = [span for spelling in _spellings_of(text) for span in self._found(spelling, is_quoted=is_quoted)]
        return _without(text, found) if found else text

    def _index(self) -> None:
        for secret in self._new:
            for part in _PEM_LINE.split(secret, maxsplit=_MOST_LINES):
                for spelling in _sent_as(part):
                    self._add(spelling)
        self._new.clear()

    def _add(self, secret: str) -> None:
        folded = secret.translate(_FOLDED)
        if len(secret) < _RUN:
            self._wholes[folded] = bool(_WORD.fullmatch(secret)) or len(secret) < 4
        for start in _places(len(secret) - _RUN + 1):
            self._runs.setdefault(folded[start : start + _RUN], (secret, folded, start))

    def _found(self, spelling: "_Spelling", *, is_quoted: bool) -> Iterator[tuple[int, int]]:
        folded = spelling.text.translate(_FOLDED)
        at = end = 0
        while at <= len(folded) - _RUN:
            known = self._runs.get(folded[at : at + _RUN])
            if known is None:
                at += 1
                continue
            secret, run, place = known
            first, after = _extended(folded, end, at, run, place)
            begin = place - (at - first)
            if begin == 0 or _is_telling(secret[begin : begin + after - first]):
                yield spelling.span(first, after)
            at = end = after
        for whole, is_word in self._wholes.items():
            if spelling.has_words and (not is_word or is_quoted):
                yield from (spelling.span(*span) for span in _occurrences(spelling.text, folded, whole))


class _Spelling:
    """A text with its escapes undone, which knows where in the original each character stands."""

    def __init__(self, text: str, starts: list[int], ends: list[int], *, has_words: bool = True) -> None:
        self.text = text
        self.has_words = has_words
        self._starts = starts
        self._ends = ends

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self._starts[start], self._ends[end - 1]

    def decoded(self) -> "_Spelling | None":
        """Undo one layer of escapes; None if there is none."""
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for match in _ESCAPE.finditer(self.text):
            pieces += (self.text[at : match.start()], decoded := _decoded(match))
            starts += [*self._starts[at : match.start()], *[self._starts[match.start()]] * len(decoded)]
            ends += [*self._ends[at : match.start()], *[self._ends[match.end() - 1]] * len(decoded)]
            at = match.end()
        if not pieces:
            return None
        pieces.append(self.text[at:])
        return _Spelling("".join(pieces), starts + self._starts[at:], ends + self._ends[at:])

    def joined(self) -> "_Spelling | None":
        """Leave out what parts its letters: spaces, line breaks, the zero bytes of UTF-16, letters of no width."""
        places = [at for at, character in enumerate(self.text) if _is_visible(character)]
        if len(places) == len(self.text):
            return None
        text = "".join(self.text[at] for at in places)
        starts, ends = [self._starts[at] for at in places], [self._ends[at] for at in places]
        return _Spelling(text, starts, ends, has_words=False)


def _spellings_of(text: str) -> Iterator[_Spelling]:
    """Give a text as bytes, one a character, and as it reads without its escapes; each also without its gaps."""
    if text.isascii():
        ways: list[Sequence[str]] = [text]
    else:
        plain = (unicodedata.normalize("NFKC", character) for character in text)  # of letters in full width
        ways = [list(map(_bytes_of, text)), list(map(_bytes_of, plain))]
    for characters in ways if ways[0] != ways[-1] else ways[:1]:
        positions = [at for at, character in enumerate(characters) for _ in character]
        spelling: _Spelling | None = _Spelling("".join(characters), positions, [at + 1 for at in positions])
        for _ in range(_DEPTH + 1):
            if spelling is None:
                break
            yield spelling
            joined = spelling.joined()
            if joined is not None:
                yield joined
            spelling = spelling.decoded()


def _places(count: int) -> Iterable[int]:
    """Give where a secret with so many runs is recognised; what stands between is found by going on from there."""
    if count <= _MOST_RUNS:
        return range(count)
    edge, step = _MOST_RUNS // 4, count // (_MOST_RUNS // 2) + 1
    return (*range(edge), *range(edge, count - edge, step), *range(count - edge, count))


def _is_visible(character: str) -> bool:
    return "!" <= character <= "~"


def _bytes_of(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _decoded(escape: re.Match[str]) -> str:
    if escape["byte"] is not None:
        return chr(int(escape["byte"], 16))
    if escape["entity"] is not None:
        import html  # its table of names is large, and few texts have one

        return _bytes_of(html.unescape(escape["entity"]))
    number = escape["unit"] or escape["code"]
    return escape["char"] if number is None else _bytes_of(chr(int(number, 16)))


def _sent_as(secret: str) -> Iterator[str]:
    """Give the spellings of a secret that no unescaping leads to: in hexadecimal digits, and inside base64."""
    if not secret:
        return
    plain = _bytes_of(secret)
    yield plain
    if " " in plain:
        yield plain.replace(" ", "+")  # in a form
    gapless = "".join(filter(_is_visible, plain))
    if len(plain) > len(gapless) >= _RUN:
        yield gapless
    if len(plain) < 4:
        return
    yield plain.encode("latin-1").hex()
    for sent in {plain, quote_plus(plain, safe="", encoding="latin-1")}:  # RFC 6749 §2.3.1 encodes before base64
        for before in range(3):
            encoded = base64.b64encode(b"\0" * before + sent.encode("latin-1")).decode().rstrip("=")
            whole = (before + len(sent)) * 8 // 6
            yield encoded[(before * 8 + 5) // 6 : whole]


def _is_telling(run: str) -> bool:
    """Tell a part of a secret from a word or a host name that is in a secret and in a text by chance."""
    return len(run) >= _LONG_RUN or bool(_DIGIT.search(run)) or (run != run.lower() and run != run.upper())


def _extended(folded: str, begin: int, at: int, secret: str, start: int) -> tuple[int, int]:
    """Give the whole run of a secret around a place where it was found, but not from before `begin`."""
    shift = start - at
    first, end = at, at
    while end < len(folded) and end + shift < len(secret) and folded[end] == secret[end + shift]:
        end += 1
    while first > begin and first + shift > 0 and folded[first - 1] == secret[first + shift - 1]:
        first -= 1
    return first, end


def _occurrences(text: str, folded: str, whole: str) -> Iterator[tuple[int, int]]:
    at = folded.find(whole)
    while at >= 0:
        end = at + len(whole)
        if len(whole) >= 8 or not (_continues(text[at - 1 : at]) or _continues(text[end : end + 1])):
            yield at, end
        at = folded.find(whole, at + 1)


def _continues(character: str) -> bool:
    return character.isalnum() or character == "_"


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if start > at or not pieces:  # else it goes on where the last one ends
            pieces += (text[at:start], HIDDEN)
        at = max(at, end)
    return "".join((*pieces, text[at:]))


_current: ContextVar[Redaction | None] = ContextVar("redaction", default=None)


@contextmanager
def redacting(*secrets: str) -> Iterator[None]:
    """Leave given secrets, and those that are made or revealed in the block, out of every text that is made in it."""
    if _current.get() is not None:
        for secret in secrets:
            revealed(secret)
        yield
        return
    token = _current.set(Redaction(secrets))
    try:
        yield
    finally:
        _current.reset(token)


def revealed(secret: str) -> None:
    """Note a secret that is at hand now, and may be sent."""
    redaction = _current.get()
    if redaction is not None:
        redaction.learn(secret)


def redacted(text: str, *, is_quoted: bool = False) -> str:
    """Leave the secrets of the attempt that runs out of a text."""
    redaction = _current.get()
    return text if redaction is None else redaction.apply(text, is_quoted=is_quoted)
