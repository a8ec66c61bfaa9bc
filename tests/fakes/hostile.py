# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a hostile server may send: text, URLs, JSON and whole answers, for property tests."""

import json
import traceback

from hypothesis import strategies as st

from valetkey.errors import AuthError
from valetkey.wire import HttpResponse

_URL_PIECES = [
    *("https", "http", "HTTPS", "javascript", "file", "://", "//", ":", "/", "\\", "@", "?", "#", ".", "..", "[", "]"),
    *(
        "h",
        "H.example",
        "evil.example",
        "localhost",
        "127.0.0.1",
        "0x7f000001",
        "::1",
        "::ffff:10.0.0.1",
        "xn--mnchen-3ya",
    ),
    *(
        "münchen.example",
        "１２７",
        "。",
        "\u202e",
        "\ud800",
        "\x00",
        "\n",
        "\t",
        " ",
        "%",
        "%2f",
        "%5B",
        "%00",
        "&",
        "=",
        ";",
    ),
    *("80", "443", "8443", "99999", "-1", "mcp", "user", "é", "+", "|", "a=b", "state", "code", "iss", "error"),
]
"""Whole pieces, because single characters hardly ever make something that looks like a URL."""

texts = st.text(st.characters(codec=None), max_size=40)
"""Any text, half surrogate pairs included."""

urls = st.one_of(
    texts,
    st.lists(st.sampled_from(_URL_PIECES), max_size=12).map("".join),
    st.lists(st.sampled_from(_URL_PIECES), max_size=8).map(lambda pieces: "https://h.example" + "".join(pieces)),
)

_AUTHORITY_PIECES = [
    *".:[]%@;,-_0178afxX",
    "evil.example",
    "good.example",
    "127.0.0.1",
    "localhost",
    "::1",
    "xn--",
    "443",
]

near_urls = st.builds(
    "{}{}{}".format,
    st.sampled_from(["https://", "HTTPS://", "http://", "http://localhost", "http://127.0.0.1", "https://h.example:"]),
    st.lists(st.sampled_from(_AUTHORITY_PIECES), max_size=5).map("".join),
    st.sampled_from(["", "/", "/a/b?c=d", "?e@f", "/..//%2f@[]:"]),
)
"""URLs whose host nearly is one, and sometimes is."""

numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([10**400, -(10**400), 1e308, 0, -1, 3600]))

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts, urls, numbers.map(str)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)


def _mostly(likely, unlikely):
    """Four times out of five the one: with nothing good in it, hardly any answer would get past the first check."""
    return st.sampled_from([likely] * 4 + [unlikely]).flatmap(lambda strategy: strategy)


def documents(members):
    """JSON objects in which each named member is absent, or has the value given for it, or holds anything."""
    anything = st.one_of(json_values, st.lists(urls, max_size=3))
    optional = {name: _mostly(st.just(good), anything) for name, good in members.items()}
    others = st.dictionaries(texts, json_values, max_size=2)
    return st.builds(lambda known, unknown: {**unknown, **known}, st.fixed_dictionaries({}, optional=optional), others)


def _as_form(fields):
    return "&".join(f"{name}={value}" for name, value in fields.items()).encode("utf-8", "surrogatepass")


def answers(members, url="https://as.example/x"):
    """Whole answers: JSON with the named members, forms, pages and bytes, with any status and header fields."""
    written = documents(members).map(lambda document: json.dumps(document).encode())
    others = st.one_of(
        st.dictionaries(st.sampled_from(list(members)), texts).map(_as_form),
        st.binary(max_size=60),
        json_values.map(lambda value: json.dumps(value).encode()),
    )
    media_types = st.sampled_from(
        ["application/json", "application/x-www-form-urlencoded; charset=utf-8", "text/html", ""]
    )
    fields = st.one_of(
        st.tuples(st.just("Content-Type"), media_types),
        st.tuples(st.sampled_from(["Retry-After", "retry-after"]), st.one_of(texts, numbers.map(str))),
    )
    statuses = _mostly(st.just(200), st.one_of(st.sampled_from([201, 204, 302, 400, 429, 503]), st.integers(100, 599)))
    headers = st.lists(fields, max_size=3).map(tuple)
    return st.builds(HttpResponse, statuses, st.just(url), headers, _mostly(written, others))


def outcome(call):
    """What a parser gives, or the error of ours that it raises; any other error goes on and breaks the test."""
    try:
        return call()
    except AuthError as error:
        return error


def everything_said_by(error: AuthError) -> str:
    """Whatever reaches a log when somebody logs an error thoroughly: text, representation, traceback, attributes."""
    attributes = {name: repr(value) for name, value in vars(error).items()}
    return "\n".join([str(error), repr(error), *traceback.format_exception(error), repr(attributes)])
