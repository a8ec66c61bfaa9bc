# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""HTTP messages as plain values, which the pure modules build and read; no HTTP library is needed for that."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import urlencode

from valetkey import urls
from valetkey.errors import MalformedDocument, TemporaryError, quote
from valetkey.values import Scope, scope_from_text

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNPACKED = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}

MOST_MEMBERS = 1000
"""How many members of a list are read; the longest honest lists are of scopes, some hundreds."""

LONGEST_SCOPE = 8192
"""How many characters of a list of scopes are read: a longer one fits into no URL."""

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")
_VISIBLE = re.compile("[!-~]*")

LONGEST_TEXT = 65_536
"""Characters of a member: more than any server takes in a header field, so that no token in use is longer."""
DEEPEST = 64
"""Lists and objects in each other. What walks through a deeper document may have no stack left for it."""

Fields = Mapping[str, str]
"""Parameters of a form: each name once (RFC 6749 §3.2)."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """
    A request of the engine to a metadata document or to an endpoint of an authorization server.

    :param purpose: What the request is for, as the log and errors say it ("exchange the code for a token").
    :param issuer: The issuer whose endpoint this is; None for documents that are read before the issuer is known.
    :param credentials_of: The issuers whose credentials are in the request; the guard refuses any other than `issuer`.
    """

    method: str
    url: str
    purpose: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    issuer: str | None = None
    credentials_of: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"HttpRequest({self.method} {self.url}: {self.purpose})"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The whole answer to an `HttpRequest`; `url` is the one that was asked."""

    status: int
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Give the first value of a header field, by its case-insensitive name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def __repr__(self) -> str:
        return f"HttpResponse({self.status} from {self.url}, {len(self.body)} bytes)"


Send = Callable[[HttpRequest], HttpResponse]
"""The seam: sends one request and gives the whole answer; `TemporaryError` when none came."""

LONGEST_EXCHANGE = 10.0
"""Seconds for all of an exchange, from looking the host name up to the last byte received."""


class NotReached(TemporaryError):
    """No connection to `url` could be made, so nothing was sent; `reason` says why, in a few words."""

    def __init__(self, message: str, *, hint: str, reason: str, url: str) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        self.url = url


class UnknownOutcome(TemporaryError):
    """The request was sent, and no answer came: it is not known whether the server has acted on it."""


class UnreadableAnswer(UnknownOutcome):
    """An answer came that is not packed as its Content-Encoding says; it is not known what it says."""


def get_json(url: str, purpose: str, *, headers: tuple[tuple[str, str], ...] = ()) -> HttpRequest:
    """Build the request for a metadata document: no credential, no cookie."""
    return HttpRequest("GET", url, purpose, headers=(("Accept", "application/json"), *headers))


def redirect_target(response: HttpResponse) -> str | None:
    """Give where a redirect leads (RFC 9110 §10.2.2), without a fragment; None for any other answer."""
    location = response.header("Location")
    if response.status not in _REDIRECTS or location is None:
        return None
    target = urls.resolve(location.strip(), response.url)
    return None if target is None else urls.without_fragment(target)


def packing(response: HttpResponse) -> str | None:
    """Say how the body of an answer is still packed, where it is: no one has asked for that (RFC 9110 §12.5.3)."""
    codings = (response.header("Content-Encoding") or "").lower().split(",")
    unknown = next((coding.strip() for coding in codings if coding.strip() not in _UNPACKED), None)
    if unknown is not None:
        return f"packed with {quote(unknown, 40)}, which was not asked for"
    named = next((name for magic, name in _PACKED.items() if response.body.startswith(magic)), None)
    return f"packed with {named}, and no Content-Encoding says so" if named else None


def form(fields: Fields) -> bytes:
    """Encode the parameters of a token request (RFC 6749 appendix B)."""
    return urlencode(fields).encode("ascii")


def json_object(response: HttpResponse) -> dict[str, Any] | None:
    """Read a JSON object, whatever the Content-Type says; None if the body is anything else (HTML, a list, nothing)."""
    return json_object_in(response.body)


def json_object_in(text: str | bytes) -> dict[str, Any] | None:
    """Read a JSON object that another program has written; None for anything else."""
    try:
        document = json_in(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def json_in(text: str | bytes) -> object:
    """
    Read JSON of any kind that another program has written.

    :raises ValueError: If it is none, or too deep. The error may hold all of the text.
    """
    if isinstance(text, bytes):  # `json` would take bytes of half a surrogate pair, and take long for it
        text = text.decode(json.detect_encoding(text))
    try:
        document = json.loads(text)
    except RecursionError:
        message = "it is too deep"
        raise ValueError(message) from None
    _require_flat(document)
    return document


def _require_flat(document: object) -> None:
    level = [document]
    for _ in range(DEEPEST):
        nested = [value for value in level if isinstance(value, dict | list)]
        level = [inner for value in nested for inner in (value.values() if isinstance(value, dict) else value)]
        if not level:
            return
    message = "it is too deep"
    raise ValueError(message)


def text_member(document: Mapping[str, Any], member: str, url: str) -> str | None:
    """Read a string member of the document at `url`, exactly as it was sent; an absent, null or empty one is None."""
    value = document.get(member)
    if value is None or value == "":
        return None
    if not is_text(value):
        raise _wrong_type(url, member, "a string")
    return value


def list_member(
    document: Mapping[str, Any], member: str, url: str, *, most: int = MOST_MEMBERS
) -> tuple[str, ...] | None:
    """
    Read a member that is a list of strings, and no more than its first `most` members.

    An absent, null or empty one is None (RFC 9728 §3.2, RFC 8414 §3.2).
    """
    value = document.get(member)
    if value is None or value == []:
        return None
    if not isinstance(value, list) or not all(is_text(item) for item in value[:most]):
        raise _wrong_type(url, member, "a list of strings")
    return tuple(value[:most])


def optional_list(document: Mapping[str, Any], member: str, *, most: int = MOST_MEMBERS) -> tuple[str, ...] | None:
    """Read a list of strings that no login needs: one of the wrong type counts as absent."""
    try:
        return list_member(document, member, "", most=most)
    except MalformedDocument:
        return None


def scope_member(document: Mapping[str, Any], member: str) -> Scope | None:
    """Read a list of scopes: each once, no empty ones; None if there is none, so that no empty `scope` is sent."""
    return _scope_in(" ".join(optional_list(document, member) or ()))


def read_scope(value: object) -> Scope | None:
    """Read a scope that a server names; anything but a text counts as absent."""
    return _scope_in(value) if isinstance(value, str) else None


def _scope_in(text: str) -> Scope | None:
    """RFC 6749 §3.3 has visible ASCII; servers also use other letters, and none that cannot be shown or encoded."""
    if len(text) > LONGEST_SCOPE:  # a scope that is cut in two is another scope
        text = text[:LONGEST_SCOPE].rpartition(" ")[0]
    return tuple(token for token in scope_from_text(text) or () if token.isprintable()) or None


def is_text(value: object) -> TypeGuard[str]:
    """JSON can hold half a surrogate pair (RFC 8259 §8.2), which can be written into no request and no file."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        return False
    return value.isascii() or not _HALF_A_PAIR.search(value)


def optional_text(document: Mapping[str, Any], member: str) -> str | None:
    """Read a string that nothing fails without: one that cannot be used counts as absent, as an empty one does."""
    value = document.get(member)
    return value if is_text(value) and value else None


def fits_header(text: str) -> bool:
    """RFC 6750 §2.1, RFC 9110 §5.5: visible ASCII. Anything else would break the header, or out of it."""
    return _VISIBLE.fullmatch(text) is not None


def _wrong_type(url: str, member: str, wanted: str) -> MalformedDocument:
    return MalformedDocument(
        f"The document at {url} has a member {member!r} that is not {wanted}.",
        hint="This is a fault of the server; its operator has to correct the document.",
        url=url,
        member=member,
    )
