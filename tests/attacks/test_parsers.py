# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Attacks on whatever reads a text or a document."""

import json
import math

import pytest

from tests.fakes import hostile
from tests.requirements import requirement
from valetkey import urls
from valetkey.errors import InsecureEndpoint, MalformedDocument, StateMismatch
from valetkey.protocol.authorization import AuthorizationRequest, authorization_url, parse_callback
from valetkey.protocol.challenge import parse_challenges
from valetkey.protocol.device import parse_device_authorization
from valetkey.protocol.dpop import read_nonce
from valetkey.protocol.error_response import read_error, read_parameters, refusal_error, retry_after
from valetkey.protocol.resource import ResourceCandidate, parse_resource
from valetkey.protocol.server_words import words_of
from valetkey.protocol.token import parse_token
from valetkey.protocol.token_exchange import parse_identity_assertion
from valetkey.values import Client, Secret, ServerMetadata, scope_to_text
from valetkey.wire import HttpResponse, json_in

MCP, ISSUER = "https://mcp.example/mcp", "https://as.example"
NOW = 1_700_000_000.0
YEAR = 365 * 86_400
PENDING = AuthorizationRequest(
    ServerMetadata(ISSUER, f"{ISSUER}/authorize", f"{ISSUER}/token"),
    Client("c", ISSUER),
    "http://127.0.0.1:8080/callback",
    MCP,
    ("read",),
    Secret("state"),
    Secret("v" * 43),
)


def answer(members, status=200, headers=()):
    body = members if isinstance(members, bytes) else json.dumps(members).encode()
    return HttpResponse(status, f"{ISSUER}/x", tuple(headers), body)


def token(**members):
    return parse_token(
        answer({"access_token": "t", "token_type": "Bearer", **members}), now=NOW, requested_scope=("read",)
    )


def device(**members):
    good = {"device_code": "d", "user_code": "ABCD-EFGH", "verification_uri": f"{ISSUER}/device"}
    return parse_device_authorization(answer({**good, **members}), now=NOW)


@requirement("SEC-9")
def test_no_url_of_a_mebibyte_is_read():
    """Threat P1."""
    long = "https://h.example/".ljust(1024 * 1024, ":")
    with pytest.raises(InsecureEndpoint, match="more than 8,192 characters"):
        urls.require_endpoint(long, "address")
    assert urls.resolve(long, MCP) is None
    with pytest.raises(ValueError, match="more than 8,192 characters"):
        urls.origin(long + "a")


@requirement("SEC-9", "GEN-7")
@pytest.mark.parametrize("depth", [65, 500, 300_000])
def test_a_deep_document_ends_no_thread_with_an_unforeseen_error(depth):
    """Threat P2."""
    deep = b"[" * depth + b"]" * depth
    with pytest.raises(Exception, match="too deep") as raised:
        json_in(deep)
    assert isinstance(raised.value, ValueError)
    document = b'{"issued_token_type":' + deep + b',"access_token":"t"}'
    with pytest.raises(MalformedDocument):
        parse_identity_assertion(answer(document), audience=ISSUER, now=NOW, requested_scope=None)


@requirement("TOK-13", "SEC-12")
@pytest.mark.parametrize("value", ["a\r\nX-Evil: b", "a b", "a\n", "a\0", "a\x7f", "\xe9", "\uff21"])
def test_no_token_breaks_out_of_its_header_field(value):
    """Threat P3."""
    with pytest.raises(MalformedDocument, match="that a header can carry"):
        token(access_token=value)
    assert token(id_token=value).id_token is None


@requirement("GEN-7", "TOK-13")
@pytest.mark.parametrize("value", ["\ud800", "\ud800 \udfff", "\x1b[2J", 1, {"a": "b"}, ["a"]], ids=ascii)
def test_an_issued_token_is_not_lost_for_what_stands_beside_it(value):
    """Threat P4."""
    issued = token(scope=value, id_token=value)
    assert (issued.access_token, issued.scope, issued.id_token) == (Secret("t"), ("read",), None)
    if value != "\x1b[2J":  # which goes into a form as well as any text
        assert getattr(hostile.outcome(lambda: token(refresh_token=value)), "refresh_token", value) is None


@requirement("TOK-12")
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, "1e999", "nan", 1e300, "9" * 30, -1])
def test_no_number_stops_the_clock(value):
    """Threat P5."""
    try:
        ends = token(expires_in=value).expires_at
    except Exception as error:  # noqa: BLE001 - of any kind
        ends = error
    assert ends is None or (isinstance(ends, float) and NOW < ends <= NOW + 10 * YEAR)


@requirement("SEC-9")
@pytest.mark.parametrize("value", ["9" * 20, "9" * 5000, "99999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_server_makes_us_wait_for_ever(value):
    """Threat P6."""
    assert retry_after(answer({}, 503, [("Retry-After", value)]), now=NOW) == YEAR


@requirement("SEC-9")
def test_thousands_of_challenges_are_read_as_far_as_honest_ones_go():
    """Threat P7."""
    assert len(parse_challenges([f"a{number}" for number in range(5000)])) == 64
    (one,) = parse_challenges(["Bearer " + ",".join(f"p{number}=v" for number in range(2000))])
    assert len(one.parameters) == 64
    (first, *_) = parse_challenges([f'Bearer a="{"a" * 20_000}"', "DPoP"])
    assert first.parameters == ()  # its end is not read
    assert len(parse_challenges([f'Bearer a="{"a" * 16_000}"'] * 60)) == 5


@pytest.mark.parametrize(
    "members",
    [
        {"user_code": "A\x1b[2K\x1b[1A"},
        {"user_code": "A\u202eB"},
        {"user_code": "A" * 65},
        {"verification_uri": f"{ISSUER}/".ljust(3000, "a")},
    ],
    ids=str,
)
def test_a_code_to_type_moves_no_cursor_and_hides_no_link(members):
    """Threat P8."""
    with pytest.raises(MalformedDocument):
        device(**members)


@requirement("SEC-9", "GEN-7")
def test_a_reason_of_a_mebibyte_is_not_kept_in_an_error():
    """Threat P9."""
    long = "a" * 1024 * 1024
    forms = [{"error": long, "error_description": long}, {"detail": long}, {"a": [long]}, [{"msg": long}], long]
    for form in forms:
        refusal = refusal_error(answer(form, 400), "It")
        assert len(f"{refusal}{refusal.error}{refusal.description}") < 8000
        assert all(len(text or "") <= 8192 for text in read_error(answer(form, 400)))
        assert len(words_of(answer(form, 400)) or "") < 5000
    posted = ("Content-Type", "application/x-www-form-urlencoded")
    assert read_parameters(answer(b"error=" + b"a" * 70_000, 400, [posted])) is None


@requirement("SEC-9")
def test_a_published_scope_fits_into_a_link():
    """Threat P10."""
    listed = ["read\x1b]0;evil\x07", "\u202eread", *(f"scope-{number}" for number in range(5000))]
    metadata = parse_resource(answer({"resource": MCP, "scopes_supported": listed}), ResourceCandidate(MCP, MCP), MCP)
    text = scope_to_text(metadata.scopes_supported)
    assert len(text) <= 8192
    assert text.isprintable()
    (longer,) = parse_challenges([f'Bearer scope="{"a " * 4000}{"b" * 1000}"'])
    assert len(scope_to_text(longer.scope)) <= 8192
    assert urls.is_endpoint(authorization_url(PENDING))


@pytest.mark.parametrize("value", ['a"b', "a\\b", "a b", "a\r\n", "", "\xe9", "a" * 2049])
def test_a_nonce_is_one_or_none(value):
    """Threat P11."""
    assert read_nonce(value) is None
    assert read_nonce("a" * 2048) == "a" * 2048


@pytest.mark.parametrize(
    "further",
    ["&code=other", "&state=other", "&a=b&a=c", "".join(f"&a{n}=" for n in range(100)), "&a=" + "b" * 65_536],
    ids=["a second code", "a second state", "another one twice", "too many", "too long"],
)
def test_an_answer_with_repeated_parameters_is_none(further):
    """Threat P12."""
    assert parse_callback("http://127.0.0.1:8080/callback?code=c&state=state", PENDING) == Secret("c")
    with pytest.raises(StateMismatch, match=r"cannot be read|repeats"):
        parse_callback(f"http://127.0.0.1:8080/callback?code=c&state=state{further}", PENDING)
