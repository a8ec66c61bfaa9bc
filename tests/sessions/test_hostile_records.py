# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Records that another program has changed: each is a session that can be used, or a `StoreError`."""

import copy
import datetime as dt
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.world import World, a_session
from tests.requirements import requirement
from valetkey._sessions.codec import (
    FORMAT,
    decode_client,
    decode_pin,
    decode_session,
    encode_client,
    encode_pin,
    encode_session,
    session_key,
)
from valetkey.errors import AuthError, StoreError
from valetkey.values import Client, RefreshIntent, Secret, Session, Terms

SESSION = a_session(
    refresh_intent=RefreshIntent(1.0, "f", "h", 2.0),
    terms=Terms(scope=("read",), send_resource=True),
    scope=("read",),
)
DECODERS = {"session": decode_session, "client": decode_client, "pin": decode_pin}
RECORDS = {
    "session": encode_session(SESSION),
    "client": encode_client(Client("client-0", "https://as.example", Secret("secret"))),
    "pin": encode_pin("https://as.example"),
}


def places_in(members, way=()):
    """The way to each member of a record, those inside of other members too."""
    yield way
    for name, member in members.items():
        if isinstance(member, dict):
            yield from places_in(member, (*way, name))
        else:
            yield (*way, name)


PLACES = {kind: list(places_in(json.loads(record)))[1:] for kind, record in RECORDS.items()}


def changed(kind, place, member):
    document = json.loads(RECORDS[kind])
    inside = document
    for name in place[:-1]:
        inside = inside[name]
    inside[place[-1]] = member
    return json.dumps(document).encode()


def is_sound(value):
    """Whether what was read can be written again, put into a header and shown as a time."""
    if isinstance(value, Session):
        assert decode_session(encode_session(value)) == value
        value.token.access_token.reveal().encode("ascii")
        assert "\n" not in value.token.access_token.reveal()
        for at in (value.token.expires_at, value.token.obtained_at, value.client.secret_expires_at):
            assert at is None or dt.timedelta(seconds=at) >= dt.timedelta(0)
    return True


def read(kind, record):
    try:
        return is_sound(DECODERS[kind](record))
    except StoreError as error:
        assert error.hint
        return False


STRANGE = [
    None,
    True,
    0,
    -1,
    10**12 * 31_556_952,
    10**400,
    1e308,
    -0.5,
    "",
    "\ud800",
    "a\r\nX-Injected: 1",
    "\0",
    "naïve",
    "\u202e",
    "x" * 70_000,
    [],
    ["\ud800"],
    [1],
    [[]],
    {},
    {"a": 1},
]


@pytest.mark.parametrize("member", STRANGE, ids=lambda member: repr(member)[:20])
@pytest.mark.parametrize("kind", RECORDS)
def test_a_member_of_any_other_value_gives_a_record_or_a_store_error(kind, member):
    """Row I11."""
    outcomes = {place: read(kind, changed(kind, place, member)) for place in PLACES[kind]}
    assert not outcomes["format",]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e400", "1" * 5000, "31556952000000000000", "true"])
@pytest.mark.parametrize("name", ["expires_at", "obtained_at"])
def test_a_time_that_no_clock_has_is_damage(name, text):
    """Row I11."""
    record = RECORDS["session"].replace(
        f'"{name}": {getattr(SESSION.token, name)}'.encode(), f'"{name}": {text}'.encode()
    )
    assert record != RECORDS["session"]
    with pytest.raises(StoreError, match="damaged"):
        decode_session(record)


@pytest.mark.parametrize(
    "token",
    ["", "a b", "a\r\nX-Injected: 1", "a\n", "\0", "naïve", "a\x7f", "\u212a", "\ud800"],
    ids=ascii,
)
@requirement("SEC-11")
def test_an_access_token_that_would_break_out_of_a_header_is_damage(token):
    """Row I11."""
    with pytest.raises(StoreError, match="damaged"):
        decode_session(changed("session", ("token", "access_token"), token))


@pytest.mark.parametrize("number", [0, -1, True, 1.5, "2", None, [2]])
def test_a_format_that_never_was_is_damage(number):
    """Row I11."""
    with pytest.raises(StoreError, match="damaged"):
        decode_session(changed("session", ("format",), number))


@pytest.mark.parametrize("number", [FORMAT + 1, 10**4000])
def test_a_newer_format_is_told_from_damage_in_few_words(number):
    """Row I11."""
    with pytest.raises(StoreError, match="newer version") as caught:
        decode_session(changed("session", ("format",), number))
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    "record",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'"' + b"\xff" * 100,
        b"\x00" * 1000,
        b"",
        b"null",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b" " * 100_000_000,
    ],
    ids=lambda record: repr(record[:8]),
)
@pytest.mark.parametrize("kind", RECORDS)
def test_bytes_that_are_no_record_are_damage(kind, record):
    """Row I11."""
    with pytest.raises(StoreError, match="damaged"):
        DECODERS[kind](record)


def test_a_record_that_is_too_long_is_not_parsed():
    """Row I11."""
    record = RECORDS["session"][:-1] + b', "more": "' + b"x" * 17_000_000 + b'"}'
    with pytest.raises(StoreError, match="damaged"):
        decode_session(record)


def test_of_two_members_of_one_name_the_last_counts():
    """Row I11."""
    record = RECORDS["session"].replace(b'"access_token": "access-0"', b'"access_token": 1, "access_token": "second"')
    assert decode_session(record).token.access_token == Secret("second")


@given(kind=st.sampled_from(sorted(RECORDS)), data=st.data())
@settings(max_examples=300)
def test_random_changes_of_a_record_give_a_record_or_a_store_error(kind, data):
    """Row I11."""
    record = bytearray(RECORDS[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(record) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "put in", "double"])):
            case "flip":
                record[at] ^= data.draw(st.integers(1, 255))
            case "cut":
                del record[at : at + data.draw(st.integers(1, 40))]
            case "put in":
                record[at:at] = data.draw(st.binary(max_size=20))
            case "double":
                record[at:at] = record[at : at + 40]
        if not record:
            break
    read(kind, bytes(record))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(kind=st.sampled_from(sorted(RECORDS)), data=st.data(), member=JSON)
@settings(max_examples=300)
def test_any_json_in_place_of_a_member_gives_a_record_or_a_store_error(kind, data, member):
    """Row I11."""
    place = data.draw(st.sampled_from(PLACES[kind]))
    read(kind, changed(kind, place, copy.deepcopy(member)))


@given(kind=st.sampled_from(sorted(RECORDS)), record=st.binary(max_size=300))
def test_random_bytes_are_damage(kind, record):
    """Row I11."""
    assert read(kind, record) is False


def with_scope(server, scope):
    """Send to a server whose token answers name another scope."""

    def send(request):
        answer = server(request)
        if b'"access_token"' not in answer.body:
            return answer
        return replace(answer, body=json.dumps({**json.loads(answer.body), "scope": scope}).encode())

    return send


@pytest.mark.parametrize("scope", ["\ud800", "read \udfff", ["read"], 5, {}, "\0"], ids=ascii)
def test_a_token_whose_scope_cannot_be_read_is_a_session_all_the_same(scope):
    """After a login, and after a renewal. Row I11."""
    world = World()
    engine = world.engine(seams=world.seams(send=with_scope(world.server, scope)), scope="read")
    first = engine.replace(None)
    assert world.kept(scope="read").token == first
    second = engine.replace(first)
    assert world.kept(scope="read").token == second != first
    assert len(world.person.asked) == 1


def test_a_damaged_record_is_an_error_that_names_the_store_and_leaves_it_as_it_is():
    """Row I11."""
    world = World()
    key = session_key(world.settings())
    record = changed("session", ("token", "access_token"), "a\r\nX-Injected: 1")
    world.store.inner.put(key, record)
    with pytest.raises(AuthError, match="damaged") as caught:
        world.engine().replace(None)
    assert isinstance(caught.value, StoreError)
    assert caught.value.hint == "Log out of this server and log in again."
    assert world.store.inner.get(key).value == record
    assert world.person.asked == []
