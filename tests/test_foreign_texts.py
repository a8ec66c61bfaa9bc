# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Whatever another program has written gives a value or one of our errors, in time in proportion to its length."""

import json
import sys
import time
import zlib
from contextlib import suppress
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import arguments, hostile
from tests.fakes.authorization_server import ISSUER, MCP, RESOURCE_METADATA, SERVER_METADATA, TOKEN
from tests.fakes.growth import without_collector
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey import urls
from valetkey._network.unpacking import TooLarge
from valetkey._sessions.codec import session_key
from valetkey.errors import AuthError, MalformedDocument
from valetkey.protocol.challenge import parse_challenges
from valetkey.values import Secret

FUNCTIONS = arguments.functions()

_PIECES = (
    "a",
    "a,",
    "a=",
    '="',
    "1",
    " ",
    "[",
    '{"a":',
    "\\",
    "(",
    "a.",
    "\xe9",
    "\x1b[",
    "\ud800",
    "%",
    "$",
    ";",
    "%41&",
)
SHAPES = [
    *(("", piece) for piece in _PIECES),
    *(("https://", piece) for piece in ("a@", "a:", "[", "a.")),
    *(("https://h.example/", piece) for piece in ("%", "a/", "?a", "$(")),
    *(('Bearer a="', piece) for piece in ("\\", 'b", c="')),
    *(("client ", piece) for piece in ("client id ", "a")),
    ("", "unknown parameter: resource parameter "),
    ("-----BEGIN", "\n "),
    ("data:", " "),
]
"""What a text begins with, and what is repeated in it; also what our expressions look for, again and again."""

SHORT, LONG = 64 * 1024, 1024 * 1024
NO_SQUARE_SECONDS = 1.0 / (LONG // SHORT) ** 2
"""What takes no longer for the short text takes less than a second for the long one, even if it were quadratic."""
LONGEST_SECONDS = 1.0
MOST_GROWTH = 4 * LONG // SHORT
"""Linear is a quarter of it, quadratic four times as much."""

TAKES_A_CHECKED_URL = frozenset(
    {
        *(
            "_policy.reach.path_of",
            "_network.fields.fields_of",
            "_network.fields.given_fields",
            "_network.proxies.proxy_for",
        ),
        *("_network.proxies.proxy_of", "protocol.dpop.proof_claims", "protocol.mix_up.claim_urls"),
        "protocol.registration.registration_request",
        *("protocol.mix_up.parse_claim", "protocol.resource.parse_resource", "protocol.resource.resource_candidates"),
        *("protocol.server.guessed_server", "protocol.server.legacy_issuer", "protocol.server.server_candidates"),
        *("urls.canonical_resource", "urls.insert_well_known", "urls.is_loopback", "urls.origin"),
    }
)
"""ValueError where it is called with what no check has passed."""

OTHER_ERRORS = {
    "_network.addresses.address_of": ValueError,
    "_network.unpacking.unpack": (TooLarge, zlib.error),
    "protocol.authorization.code_challenge": UnicodeEncodeError,
    "protocol.dpop.proof_claims": (UnicodeEncodeError, ValueError),
    "protocol.dpop.public_jwk": ValueError,
    "protocol.dpop.thumbprint": ValueError,
    "wire.form": UnicodeEncodeError,
    "wire.json_in": ValueError,
    "_adapters.messages.answer_to": KeyError,
}
"""What says in its docstring that it raises another error, or takes only texts that `wire.is_text` has passed."""

OF_THE_CODECS = tuple(f"valetkey._sessions.{name}." for name in ("members", "old_formats", "parts", "written_settings"))
"""What the codecs call on members, and turn into a damaged record where it fails."""

texts = st.one_of(
    hostile.texts,
    hostile.urls,
    hostile.near_urls,
    hostile.json_values.map(repr),
    st.builds(
        lambda piece, length: (piece * length)[:70_000], st.sampled_from([b for _, b in SHAPES]), st.integers(1, 70_000)
    ),
    st.builds(lambda length: "https://h.example/".ljust(length, "a"), st.integers(1, 70_000)),
)
"""URLs of every length are among them."""


def errors_of(name):
    """What a function may raise beside the errors of ours."""
    if name.startswith(OF_THE_CODECS):
        return KeyError, TypeError, ValueError
    short = name.removeprefix("valetkey.")
    return OTHER_ERRORS.get(short, (ValueError,) if short in TAKES_A_CHECKED_URL else ())


def test_the_functions_are_found_in_the_code():
    names = {name.removeprefix("valetkey.") for name in FUNCTIONS}
    assert {"urls.require_endpoint", "protocol.challenge.parse_challenges", "_sessions.codec.decode_session"} <= names
    assert len(names) > 150
    assert names >= TAKES_A_CHECKED_URL | OTHER_ERRORS.keys()


@cache
def repeated(beginning, piece, length):
    return (beginning + piece * (length // len(piece) + 1))[:length]


def seconds_for(name, text):
    """The processor time of one thread for the slowest call: other programs on the machine do not change it."""
    longest = 0.0
    for call in arguments.calls(FUNCTIONS[name], text):
        seconds = _seconds(call, name)
        if seconds > LONGEST_SECONDS / 4 and sys.gettrace() is not None:
            seconds = _untraced_seconds(call, name)
        longest = max(longest, seconds)
    return longest


def _seconds(call, name):
    with without_collector():
        started = time.thread_time()
        with suppress(AuthError, *_tuple(errors_of(name))):
            call()
        return time.thread_time() - started


def _untraced_seconds(call, name):
    """Measure once more without what measures coverage, which takes as long as the reader itself."""
    before = sys.gettrace()
    sys.settrace(None)
    try:
        return _seconds(call, name)
    finally:
        sys.settrace(before)


@requirement("SEC-9")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_mebibyte_is_read_within_a_second_and_in_proportion(name):
    """Row I2."""
    for beginning, piece in SHAPES:
        short = seconds_for(name, repeated(beginning, piece, SHORT))
        if short > NO_SQUARE_SECONDS:
            assert short < LONGEST_SECONDS / 4, (beginning, piece)
            long = seconds_for(name, repeated(beginning, piece, LONG))
            assert long < LONGEST_SECONDS, (beginning, piece)
            assert long < MOST_GROWTH * short, (beginning, piece)


def _tuple(errors):
    return errors if isinstance(errors, tuple) else (errors,)


@requirement("GEN-7")
@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=25)
@given(text=texts)
def test_any_text_gives_a_value_or_an_error_of_ours(name, text):
    """Rows I2, I11."""
    for call in arguments.calls(FUNCTIONS[name], text):
        try:
            hostile.outcome(call)
        except _tuple(errors_of(name)) as error:
            assert str(error) is not None


@requirement("SEC-9", "GEN-7")
@given(st.integers(1, 70_000), st.sampled_from("a/?%:@.é"))
def test_a_url_of_any_length_is_a_url_or_none(length, piece):
    """Row I2."""
    url = "https://h.example/".ljust(length, piece)[:length]
    assert urls.is_endpoint(url) is (hostile.outcome(lambda: urls.require_endpoint(url, "address")) == url)
    assert len(url) <= urls.LONGEST_URL or not urls.is_endpoint(url)


def ascii_of(value):
    return ascii(value)[:40]


HOSTILE_MEMBERS = [
    {"scope": "\ud800"},
    {"scope": "read \x00 \x1b[2J"},
    {"refresh_token": "\ud800"},
    {"refresh_token": {"a": 1}},
    {"id_token": "a\r\nX: y"},
    {"expires_in": "9" * 5000},
    {"expires_in": "\ud800"},
    {"unknown": "\ud800", "error_uri": ["\ud800"]},
]


@requirement("GEN-7", "TOK-13")
@pytest.mark.parametrize("members", HOSTILE_MEMBERS, ids=ascii_of)
def test_a_login_ends_with_its_token_stored_whatever_stands_beside_it(members):
    """Row I11."""
    world = World()
    issued = {"access_token": "issued", "token_type": "Bearer", **members}
    world.server.has(TOKEN, (200, "application/json", json.dumps(issued)))
    assert world.engine().replace(None).access_token == Secret("issued")
    assert world.kept().token.access_token == Secret("issued")
    assert len(world.server.token_forms()) == 1


@requirement("GEN-7", "TOK-13")
@pytest.mark.parametrize("value", ["\ud800", "a\r\nX-Evil: b", "", None, 1, "a" * 65_537], ids=ascii_of)
def test_a_token_that_no_header_can_carry_is_stored_nowhere(value):
    """Row I11."""
    world = World()
    world.server.has(TOKEN, (200, "application/json", json.dumps({"access_token": value, "token_type": "Bearer"})))
    with pytest.raises(MalformedDocument):
        world.engine().replace(None)
    assert world.store.inner.get(session_key(world.settings())) is None


@requirement("SEC-9")
@pytest.mark.parametrize("piece", [":", "@", "/", "%", "[", "a:", "@:"])
def test_a_long_url_in_a_challenge_or_a_document_holds_no_thread_up(piece):
    """Row I2."""
    long = (piece * 1024 * 1024)[: 1024 * 1024 - 100]
    for place, document in (
        (RESOURCE_METADATA, {"resource": MCP, "authorization_servers": [long]}),
        (SERVER_METADATA, {"issuer": ISSUER, "authorization_endpoint": long, "token_endpoint": long}),
    ):
        world = World()
        world.server.has(place, (200, "application/json", json.dumps(document)))
        challenges = parse_challenges([f'Bearer resource_metadata="{long[:16_300]}"'])
        started = time.process_time()
        with suppress(AuthError):
            world.engine().replace(None, challenges)
        assert time.process_time() - started < LONGEST_SECONDS
