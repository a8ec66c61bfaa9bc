# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Dynamic client registration: what we say about ourselves, and what the server may make of it."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given

from tests.fakes import hostile
from tests.protocol import providers
from tests.protocol.answers import CLIENT, ISSUER, PAGE, REDIRECT, SERVER, json_answer, raw_answer
from tests.requirements import requirement
from valetkey.errors import AuthError, ClientRefused, InsecureEndpoint, MalformedDocument, TemporaryError
from valetkey.protocol.registration import ClientMetadata, parse_registration, registration_request
from valetkey.values import Client, ClientAuthentication, ClientOrigin, Secret
from valetkey.wire import HttpRequest

URL = "https://as.example/register"
ASKED = ClientMetadata(redirect_uri=REDIRECT, name="Valetkey")
CANARY = "canary-5f1d"


def parse(answer):
    return parse_registration(answer, SERVER, ASKED, now=1000.0)


def registered(**members):
    return json_answer({"client_id": "client-1", **members}, status=201, url=URL)


@requirement("SEC-1", "ASM-14", "DCR-3")
@pytest.mark.parametrize(
    "endpoint", [None, "", "http://as.example/register", "javascript:alert(1)", "https://u:p@as.example/register"]
)
def test_nothing_is_registered_where_no_request_may_go(endpoint):
    with pytest.raises(InsecureEndpoint, match="The registration endpoint"):
        registration_request(replace(SERVER, registration_endpoint=endpoint), ASKED)


@requirement("DCR-2", "DCR-3", "DCR-4", "DCR-5", "DCR-6", "DCR-15", "REF-3", "PRM-18")
def test_the_request_says_what_the_client_is_and_nothing_about_its_user():
    request = registration_request(SERVER, ASKED)
    assert request == HttpRequest(
        method="POST",
        url=URL,
        purpose="register this program as a client",
        headers=(("Content-Type", "application/json"), ("Accept", "application/json")),
        body=request.body,
        issuer=ISSUER,
        credentials_of=(),
    )
    assert json.loads(request.body) == {
        "client_name": "Valetkey",
        "redirect_uris": [REDIRECT],
        "application_type": "native",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }


ON_ANOTHER_DEVICE = replace(ASKED, redirect_uri=None)
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@requirement("DEV-7", "DCR-4")
def test_a_client_on_another_device_has_the_device_grant_and_no_address_to_be_sent_back_to():
    assert json.loads(registration_request(SERVER, ON_ANOTHER_DEVICE).body) == {
        "client_name": "Valetkey",
        "application_type": "native",
        "grant_types": [DEVICE_GRANT, "refresh_token"],
        "response_types": [],
        "token_endpoint_auth_method": "none",
    }


@pytest.mark.parametrize("members", [{}, {"redirect_uris": []}, {"redirect_uris": ["https://elsewhere.example/"]}])
def test_a_client_on_another_device_needs_no_address_in_the_answer(members):
    client = parse_registration(registered(**members), SERVER, ON_ANOTHER_DEVICE, now=1000.0)
    assert client == Client(
        "client-1", ISSUER, authentication=ClientAuthentication.NONE, origin=ClientOrigin.REGISTERED
    )


PLACED = replace(ON_ANOTHER_DEVICE, has_placeholder=True)


def test_an_address_that_is_never_used_is_named_where_one_is_wanted_of_everybody():
    document = json.loads(registration_request(SERVER, PLACED).body)
    assert document["redirect_uris"] == ["http://127.0.0.1/callback"]
    assert (document["grant_types"], document["response_types"]) == ([DEVICE_GRANT, "refresh_token"], [])
    assert parse_registration(registered(**document), SERVER, PLACED, now=0.0).redirect_uri is None


@requirement("SCP-3", "SCP-11")
@pytest.mark.parametrize(
    ("scope", "member"),
    [(None, {}), ((), {}), (("read",), {"scope": "read"}), (("b", "a"), {"scope": "b a"})],
    ids=str,
)
def test_the_scope_is_registered_only_if_there_is_one(scope, member):
    document = json.loads(registration_request(SERVER, replace(ASKED, scope=scope)).body)
    assert {name: value for name, value in document.items() if name == "scope"} == member


@requirement("REF-9", "DCR-9")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(raw_answer(PAGE, status=500, url=URL), id="500 with a page"),
        pytest.param(raw_answer(b"", status=503, url=URL, headers=(("Retry-After", "7"),)), id="503"),
        pytest.param(json_answer({"error": "slow_down"}, status=429, url=URL), id="429"),
        pytest.param(json_answer({"error": "temporarily_unavailable"}, status=400, url=URL), id="400 that says so"),
        pytest.param(json_answer({"client_id": "x"}, status=502, url=URL), id="a client with status 502"),
    ],
)
def test_a_server_that_cannot_answer_now_is_a_temporary_matter(answer):
    with pytest.raises(
        TemporaryError, match=r"^The registration endpoint https://as\.example/register answered"
    ) as raised:
        parse(answer)
    assert raised.value.retry_after == (7.0 if answer.status == 503 else None)


@requirement("DCR-9", "DCR-10")
@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        pytest.param(
            json_answer({"error": "invalid_redirect_uri"}, status=400, url=URL),
            "invalid_redirect_uri",
            'answered 400: "invalid_redirect_uri".',
            id="the redirect address",
        ),
        pytest.param(
            json_answer({"error": "invalid_client_metadata", "error_description": "no\nnative"}, status=400, url=URL),
            "invalid_client_metadata",
            r'answered 400: "invalid_client_metadata" "no\nnative".',
            id="the metadata, with a description",
        ),
        pytest.param(
            json_answer({"error": "unapproved_software_statement"}, status=400, url=URL),
            "unapproved_software_statement",
            'answered 400: "unapproved_software_statement".',
            id="the software",
        ),
        pytest.param(
            json_answer({"error_description": "Register first"}, status=401, url=URL),
            None,
            'answered 401 "Register first".',
            id="401: an initial access token is needed",
        ),
        pytest.param(
            raw_answer(providers.FIGMA_NOT_ON_THE_LIST, status=403, url=URL, media_type="text/plain"),
            None,
            'answered 403 "Forbidden".',
            id="Figma has a list, and says so in plain text",
        ),
        pytest.param(raw_answer(PAGE, status=404, url=URL), None, "answered 404.", id="GitHub does not register: 404"),
        pytest.param(
            json_answer(providers.SUPABASE_STALE_CLIENT, status=422, url=URL),
            None,
            'answered 422 "Unrecognized client_id".',
            id="422 with a message",
        ),
        pytest.param(raw_answer(b"", status=302, url=URL), None, "answered 302.", id="a redirect is not followed"),
        pytest.param(json_answer({"client_id": "x"}, status=202, url=URL), None, "answered 202.", id="202 is not done"),
        pytest.param(
            json_answer({"error": {"code": 1}}, status=400, url=URL), None, "answered 400.", id="an error object"
        ),
    ],
)
def test_a_server_that_does_not_register_us_says_why(answer, error, said):
    with pytest.raises(ClientRefused) as raised:
        parse(answer)
    assert str(raised.value) == (
        f"The registration endpoint {URL} {said} Register a client there by hand and give its client_id."
    )
    assert (raised.value.error, raised.value.status, raised.value.endpoint) == (error, answer.status, URL)


@requirement("DCR-7", "GEN-7")
@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(PAGE, id="HTML"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"{}", id="nothing in it"),
        pytest.param(b'{"client_id": ""}', id="empty client_id"),
        pytest.param(b'{"client_id": null}', id="client_id null"),
        pytest.param(b'{"client_id": 7}', id="client_id a number"),
        pytest.param(b'{"client_id": "\\ud800"}', id="client_id half a surrogate pair"),
    ],
)
def test_an_answer_without_a_client_id_is_malformed(body, status):
    with pytest.raises(MalformedDocument) as raised:
        parse(raw_answer(body, status=status, url=URL))
    assert (raised.value.url, raised.value.member) == (URL, "client_id")


@requirement("DCR-7")
@pytest.mark.parametrize(
    ("members", "reason"),
    [
        pytest.param(
            {"token_endpoint_auth_method": "private_key_jwt"}, '"private_key_jwt"', id="a method we cannot use"
        ),
        pytest.param({"token_endpoint_auth_method": "NONE"}, '"NONE"', id="a method in another case"),
        pytest.param(
            {"token_endpoint_auth_method": "client_secret_basic"}, "gave it no secret", id="Basic, but no secret"
        ),
        pytest.param(
            {"token_endpoint_auth_method": "client_secret_post", "client_secret": ""},
            "gave it no secret",
            id="post, but an empty secret",
        ),
    ],
)
def test_a_registration_that_cannot_be_used_is_refused_before_anybody_logs_in(members, reason):
    with pytest.raises(ClientRefused, match=reason) as raised:
        parse(registered(**members))
    assert raised.value.endpoint == URL
    assert raised.value.hint in str(raised.value)


@requirement("GEN-7")
@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("client_secret", 1),
        ("client_secret", ["s"]),
        ("token_endpoint_auth_method", ["none"]),
        ("redirect_uris", 1),
        ("redirect_uris", [1, None]),
        ("scope", ["read"]),
        ("scope", 7),
        ("grant_types", "authorization_code"),
        ("client_name", None),
    ],
)
def test_a_member_of_the_wrong_type_counts_as_absent(member, value):
    """Row C2."""
    assert parse(registered(**{member: value})) == parse(registered())


@requirement("DCR-7", "NAT-1")
@pytest.mark.parametrize(
    ("listed", "others"),
    [
        (["https://gateway.example/callback"], ("https://gateway.example/callback",)),
        (["http://127.0.0.1/callback"], ("http://127.0.0.1/callback",)),
        (["http://localhost:49152/callback"], ("http://localhost:49152/callback",)),
        (["http://127.0.0.1:49152/callback/"], ("http://127.0.0.1:49152/callback/",)),
        ("http://127.0.0.1:1/x", ("http://127.0.0.1:1/x",)),
        (REDIRECT, ()),
        ([REDIRECT, "https://gateway.example/callback"], ()),
        (["https://a.example/", 7, ""], ("https://a.example/",)),
        ([f"https://a.example/{number}" for number in range(9)], tuple(f"https://a.example/{n}" for n in range(3))),
    ],
    ids=str,
)
def test_another_redirect_address_in_the_answer_is_remembered_and_ours_is_used(listed, others):
    """Row C2."""
    client = parse(registered(redirect_uris=listed))
    assert (client.redirect_uri, client.other_redirect_uris) == (REDIRECT, others)


@requirement("DCR-7")
@pytest.mark.parametrize(
    ("asked", "answered", "scope", "declined"),
    [
        (("a", "b"), "a", ("a",), ("b",)),
        (("a", "b"), "b c a", ("b", "c", "a"), ()),
        (("a",), "c", ("c",), ("a",)),
        (("a",), None, None, ()),
        (("a",), "", None, ()),
        (None, "a", ("a",), ()),
    ],
)
def test_the_scope_in_the_answer_is_what_the_client_may_ask_for(asked, answered, scope, declined):
    """Row C3."""
    answer = registered() if answered is None else registered(scope=answered)
    client = parse_registration(answer, SERVER, replace(ASKED, scope=asked), now=0.0)
    assert (client.scope, client.declined_scope) == (scope, declined)


@requirement("DCR-7")
@pytest.mark.parametrize("method", [ClientAuthentication.POST, ClientAuthentication.BASIC])
def test_an_answer_without_a_method_is_taken_for_the_one_that_was_asked_for(method):
    """Row C1."""
    asked = replace(ASKED, methods=(method,))
    assert json.loads(registration_request(SERVER, asked).body)["token_endpoint_auth_method"] == method
    client = parse_registration(registered(client_secret="s3cret"), SERVER, asked, now=0.0)
    assert (client.authentication, client.secret) == (method, Secret("s3cret"))
    assert parse_registration(registered(), SERVER, asked, now=0.0).authentication is ClientAuthentication.NONE


@requirement("DCR-6", "DCR-7")
@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("method", [{"token_endpoint_auth_method": "none"}, {}], ids=["none", "no method"])
def test_a_public_client_belongs_to_its_issuer(method, status):
    document = {"client_id": "client-1", "redirect_uris": [REDIRECT], "x": 1, **method}
    assert parse(json_answer(document, status=status, url=URL)) == Client(
        client_id="client-1",
        issuer=ISSUER,
        secret=None,
        authentication=ClientAuthentication.NONE,
        redirect_uri=REDIRECT,
        secret_expires_at=None,
        origin=ClientOrigin.REGISTERED,
    )


@requirement("DCR-7", "TOK-4")
@pytest.mark.parametrize(
    ("method", "authentication"),
    [
        ("client_secret_basic", ClientAuthentication.BASIC),
        ("client_secret_post", ClientAuthentication.POST),
        ("none", ClientAuthentication.NONE),
        (None, None),
    ],
)
def test_what_the_server_made_of_the_method_is_what_counts(method, authentication):
    client = parse(registered(client_secret="s3cret", token_endpoint_auth_method=method))
    assert (client.secret, client.authentication) == (Secret("s3cret"), authentication)


@requirement("DCR-7")
def test_figma_sends_a_secret_and_says_that_none_is_used():
    client = parse(json_answer(providers.FIGMA_CLIENT, status=201, url=URL))
    assert (client.authentication, client.secret) == (ClientAuthentication.NONE, Secret("figma-secret"))


@requirement("DCR-7")
@pytest.mark.parametrize("listed", [None, [], [REDIRECT], ["http://localhost/other", REDIRECT]], ids=str)
def test_the_redirect_address_is_ours_if_the_server_does_not_say_otherwise(listed):
    assert parse(registered(redirect_uris=listed)).redirect_uri == REDIRECT


@requirement("DCR-8")
@pytest.mark.parametrize(
    ("value", "expiry"),
    [
        pytest.param(None, None, id="absent"),
        pytest.param(0, None, id="0 means never"),
        pytest.param(1_700_000_000, 1_700_000_000.0, id="a time"),
        pytest.param(1_700_000_000.5, 1_700_000_000.5, id="a time with a fraction"),
        pytest.param(1, 1.0, id="the first second"),
        pytest.param(10**12 - 1, 999_999_999_999.0, id="the last second"),
        pytest.param(10**12, None, id="a second too far away"),
        pytest.param(-1, None, id="negative"),
        pytest.param(True, None, id="true is no time"),
        pytest.param(False, None, id="false is no time"),
        pytest.param("1700000000", None, id="text"),
        pytest.param([], None, id="list"),
        pytest.param(math.nan, None, id="not a number"),
        pytest.param(math.inf, None, id="infinite"),
        pytest.param(10**400, None, id="a number no float can hold"),
    ],
)
def test_when_the_secret_expires(value, expiry):
    assert parse(registered(client_secret="s", client_secret_expires_at=value)).secret_expires_at == expiry


def test_the_example_of_rfc_7591_is_read():
    document = {
        "client_id": "s6BhdRkqt3",
        "client_secret": "cf136dc3c1fc93f31185e5885805d",
        "client_id_issued_at": 2893256800,
        "client_secret_expires_at": 2893276800,
        "redirect_uris": ["https://client.example.org/callback", "https://client.example.org/callback2"],
        "grant_types": ["authorization_code", "refresh_token"],
        "client_name": "My Example Client",
        "token_endpoint_auth_method": "client_secret_basic",
        "jwks_uri": "https://client.example.org/my_public_keys.jwks",
    }
    asked = ClientMetadata(redirect_uri="https://client.example.org/callback", name="My Example Client")
    assert parse_registration(json_answer(document, status=201), SERVER, asked, now=0.0) == Client(
        client_id="s6BhdRkqt3",
        issuer=ISSUER,
        secret=Secret("cf136dc3c1fc93f31185e5885805d"),
        authentication=ClientAuthentication.BASIC,
        redirect_uri="https://client.example.org/callback",
        secret_expires_at=2893276800.0,
        origin=ClientOrigin.REGISTERED,
    )


@requirement("SEC-12")
@pytest.mark.parametrize(
    "members",
    [
        {"client_id": ""},
        {"client_id": [CANARY]},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
    ],
    ids=str,
)
def test_no_error_about_a_registration_shows_its_secret(members):
    with pytest.raises(AuthError) as raised:
        parse(registered(**{"client_secret": CANARY, "registration_access_token": CANARY, **members}))
    assert CANARY not in hostile.everything_said_by(raised.value)


@requirement("SEC-12")
def test_a_registered_client_does_not_show_its_secret():
    assert CANARY not in repr(parse(registered(client_secret=CANARY)))
    assert CANARY not in repr(replace(CLIENT, secret=Secret(CANARY)))


GOOD = {
    "client_id": "client-1",
    "client_secret": "s3cret",
    "token_endpoint_auth_method": "client_secret_post",
    "redirect_uris": [REDIRECT],
    "client_secret_expires_at": 0,
}


@requirement("GEN-7")
@given(hostile.answers(GOOD, url=URL))
def test_any_answer_is_a_client_of_this_issuer_or_an_error_of_ours(answer):
    found = hostile.outcome(lambda: parse(answer))
    if isinstance(found, AuthError):
        assert found.hint in str(found)
    else:
        assert found.client_id
        assert (found.issuer, found.redirect_uri) == (ISSUER, REDIRECT)
        assert found.secret_expires_at is None or found.secret_expires_at > 0


@requirement("DCR-2")
@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("https://bot.example.com/mcp-oauth/callback", "web"),
        ("http://127.0.0.1:8080/callback", "native"),
        ("http://[::1]:8080/callback", "native"),
        ("http://localhost:8080/callback", "native"),
        ("https://127.0.0.1.example.com/callback", "web"),
        (None, "native"),
    ],
)
def test_a_client_with_an_address_of_a_web_app_is_a_web_client(address, kind):
    """MCP 2026-07-28, Application Type."""
    assert ClientMetadata(address, "Valetkey").document()["application_type"] == kind
