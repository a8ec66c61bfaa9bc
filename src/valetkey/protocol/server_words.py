# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a server says in an error answer beside the error code: its reason in words, and when to ask again."""

import math
from collections.abc import Iterator, Mapping

from valetkey import urls, wire
from valetkey.errors import QUOTE_LIMIT
from valetkey.errors.redaction import redacted
from valetkey.errors.texts import SPACE_FOR_SECRETS
from valetkey.wire import HttpResponse

_MEMBERS = ("error_description", "title", "detail", "details", "message", "msg", "error_message", "reason", "errors")
"""RFC 6749 §5.2, RFC 9457 §3.1, and what frameworks use instead: FastAPI, Rails, Express, Spring."""
_PLACES = ("loc", "field", "path", "param", "property", "pointer")
"""What names the member that an entry of a list of errors is about."""
_SURROUNDINGS = frozenset({"body", "query", "header"})
"""Where FastAPI found the member: no part of its name."""
_MOST_TEXTS = 4
_DEEPEST = 4


def words_of(response: HttpResponse) -> str | None:
    """
    Read the reason that an error answer gives in words, in any common form; None if it gives none.

    Untrusted text: `quote` it before it is shown. A redirect says where it leads, and a body that is still packed how.
    """
    target = wire.redirect_target(response)
    if target is not None:
        return f"redirects to {urls.without_query(target)}"
    packing = wire.packing(response)
    if packing is not None:
        return f"an answer {packing}"
    try:
        document = wire.json_in(response.body)
    except ValueError:
        return _plain_text(response)
    texts = list(dict.fromkeys(text for text, _ in zip(_texts(document, 0), range(_MOST_TEXTS), strict=False)))
    return "; ".join(texts) or None


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if text := _first_line(value):
            yield text
    elif depth < _DEEPEST and isinstance(value, list):
        for item in value[:_MOST_TEXTS]:
            yield from _texts(item, depth + 1)
    elif depth < _DEEPEST and isinstance(value, dict):
        place = _place(value)
        found = False
        for text in _texts_of_members(value, depth):
            found = True
            yield f"{place}: {text}" if place else text
        if not found:
            yield from _texts_by_field(value, depth)


def _texts_of_members(document: Mapping[str, object], depth: int) -> Iterator[str]:
    for name in _MEMBERS:
        yield from _texts(document.get(name), depth + 1)
    nested = document.get("error")  # a text there is the error code
    if isinstance(nested, dict | list):
        yield from _texts(nested, depth + 1)


def _texts_by_field(document: Mapping[str, object], depth: int) -> Iterator[str]:
    """`{"contacts": ["This field is required."]}`: the form of Django REST framework and Laravel."""
    for name, value in list(document.items())[:_MOST_TEXTS]:
        if isinstance(value, list) or (depth > 0 and isinstance(value, str)):
            for text in _texts(value, depth + 1):
                yield f"{name}: {text}"


def _place(entry: Mapping[str, object]) -> str:
    named = next((entry[name] for name in _PLACES if name in entry), "")
    parts = named if isinstance(named, list) else [named]
    names = [part for part in parts[:_DEEPEST] if isinstance(part, str | int) and part not in _SURROUNDINGS]
    return _first_line(".".join(map(str, names)))


def _plain_text(response: HttpResponse) -> str | None:
    media_type = (response.header("Content-Type") or "text/plain").partition(";")[0].strip().lower()
    if media_type != "text/plain" and not media_type.endswith("json"):  # some call a plain text JSON
        return None
    text = _first_line(response.body[: 16 * QUOTE_LIMIT + SPACE_FOR_SECRETS].decode(errors="replace"))
    return None if text.startswith("<") else text or None


def _first_line(text: str) -> str:
    """Cut before anything else is done with it: it may be a mebibyte."""
    known = redacted(text[: 4 * QUOTE_LIMIT + SPACE_FOR_SECRETS], is_quoted=True)  # no secret is cut in two
    return known[: 4 * QUOTE_LIMIT].strip().partition("\n")[0].strip()[: 2 * QUOTE_LIMIT]


def later(seconds: float | None) -> str:
    """Say when to try again: "in 60 minutes", or "later" if the server named no time."""
    if seconds is None:
        return "later"
    for unit, length, most in (("second", 1, 120), ("minute", 60, 7200), ("hour", 3600, 172_800)):
        if seconds < most:
            count = max(1, math.ceil(seconds / length))
            return f"in {count} {unit}{'s' if count > 1 else ''}"
    return f"in {math.ceil(seconds / 86_400)} days"
