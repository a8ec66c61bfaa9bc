# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How what came from outside is shown: URLs without what may be a secret in them, answers quoted and cut."""

import base64
from contextlib import suppress
from urllib.parse import parse_qsl, urlsplit

from valetkey._cli.doctor.facts import Exchange
from valetkey.errors import quote
from valetkey.errors.copies import without_secrets
from valetkey.errors.texts import harmless
from valetkey.wire import HttpResponse

_SHORTEST_FIELD = 4
_LONGEST_URL = 300
_LONGEST_VALUE = 400
LONGEST_EXCERPT = 600
_SHOWN_FIELDS = (
    "www-authenticate",
    "location",
    "content-type",
    "retry-after",
    "date",
    "server",
    "allow",
    "mcp-session-id",
)
_PRESENT_ONLY = frozenset({"mcp-session-id"})
_PAGES = ("text/html", "application/xhtml+xml")


def shown_url(url: str) -> str:
    """Give a URL without user information and without the values of its query."""
    return harmless(without_secrets(url, url), _LONGEST_URL)


def named_url(url: str) -> str:
    """Quote a URL as it may be shown."""
    return f'"{shown_url(url)}"'


def secrets_in(url: str) -> tuple[str, ...]:
    """Give what may be a secret in a URL that a user has typed: its password, and the longer values of its query."""
    try:
        parts = urlsplit(url)
        password, user = parts.password or "", parts.username or ""
    except ValueError:
        return ()
    values = [value for _, value in parse_qsl(parts.query) if len(value) >= 6]
    raw = [each.partition("=")[2] for each in parts.query.split("&")]
    names = [user] if password or len(user) >= 6 else []
    return tuple(dict.fromkeys(filter(None, (password, *names, *values, *(each for each in raw if len(each) >= 6)))))


def secrets_in_field(value: str) -> tuple[str, ...]:
    """Give what may be a secret in a header field that a user has typed: also without its scheme, and decoded."""
    _, _, credentials = value.partition(" ")
    found = [value, credentials.strip()]
    if value[:6].lower() == "basic ":  # RFC 7617 §2: the user and the password
        with suppress(ValueError):
            found += base64.b64decode(credentials, validate=True).decode("utf-8", "replace").partition(":")
    return tuple(dict.fromkeys(each for each in found if len(each) >= _SHORTEST_FIELD))


def said(response: HttpResponse | None, *names: str) -> str:
    """Quote the fields of an answer that say something about a finding, and its status."""
    if response is None:
        return ""
    fields = [f"{name}: {quote(value, _LONGEST_VALUE)}" for name, value in response.headers if name.lower() in names]
    return "; ".join([str(response.status), *fields])


def fields_shown(response: HttpResponse) -> tuple[tuple[str, str], ...]:
    """Give the fields of an answer that say something about a login."""
    return tuple(
        (name, "…" if name.lower() in _PRESENT_ONLY else harmless(value, _LONGEST_VALUE, is_quoted=True))
        for name, value in response.headers
        if name.lower() in _SHOWN_FIELDS
    )


def excerpt(response: HttpResponse) -> str:
    """Give the beginning of a body, in one line."""
    text = response.body[: LONGEST_EXCERPT * 8].decode("utf-8", "replace")
    return harmless(" ".join(text.split()), LONGEST_EXCERPT, is_quoted=True)


def outcome_of(exchange: Exchange) -> str:
    """Say in a few words what came."""
    if exchange.response is None:
        return exchange.failure.kind.replace("_", " ") if exchange.failure is not None else "nothing"
    media_type = (exchange.response.header("Content-Type") or "").partition(";")[0]
    return f"{exchange.response.status} {harmless(media_type, 60)}".strip()


def is_page(response: HttpResponse | None) -> bool:
    """Tell whether an answer is a web page."""
    if response is None:
        return False
    media_type = (response.header("Content-Type") or "").partition(";")[0].strip().lower()
    return media_type in _PAGES or response.body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))
