# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Assertions: what a client says of itself, what is read from those of others, and which servers take them."""

import base64
import json
from dataclasses import replace

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import hostile
from tests.fakes.keys import private_key
from tests.protocol.answers import CLIENT, ISSUER, MCP, SERVER, TOKEN_ENDPOINT, form_of
from tests.requirements import requirement
from valetkey._network.guard import Guard
from valetkey.errors import InsecureEndpoint, IssuerMismatch, Unsupported
from valetkey.protocol.assertion import client_assertion_claims, is_expired, read_audiences, read_claims
from valetkey.protocol.client_auth import authenticate, choose_authentication
from valetkey.protocol.server import require_identity_assertions, require_jwt_bearer
from valetkey.protocol.token_request import http_request, jwt_bearer_request
from valetkey.values import Client, ClientAuthentication, Secret

NOW = 1_700_000_000.0
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ID_JAG_PROFILE = "urn:ietf:params:oauth:grant-profile:id-jag"
KEY, BASIC, POST, NONE = (
    ClientAuthentication.PRIVATE_KEY,
    ClientAuthentication.BASIC,
    ClientAuthentication.POST,
    ClientAuthentication.NONE,
)


def token_with(claims):
    return Secret(jwt.encode(claims, private_key("P-256"), algorithm="ES256"))


def token_of(payload):
    """Make a JWT of any bytes."""
    return Secret(f"e30.{base64.urlsafe_b64encode(payload).rstrip(b'=').decode()}.c2ln")


# What a client says of itself.


@requirement("TOK-7", "TOK-8")
def test_a_client_says_who_it_is_to_one_server_for_a_short_while_and_once():
    claims = client_assertion_claims(CLIENT, audience=f"{ISSUER}/", now=NOW + 0.9, assertion_id="once")
    assert claims == {
        "iss": "client-1",
        "sub": "client-1",
        "aud": f"{ISSUER}/",  # RFC 7523bis §4: a text and no list, byte for byte
        "iat": 1_700_000_000,
        "exp": 1_700_000_300,
        "jti": "once",
    }


@requirement("TOK-7")
def test_the_assertion_goes_into_the_form_with_its_type_and_nothing_into_the_header():
    authentication = authenticate(CLIENT, KEY, Secret("h.p.s"))
    assert authentication.fields == (
        ("client_id", "client-1"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", "h.p.s"),
    )
    assert authentication.headers == ()


@requirement("TOK-4", "TOK-16", "CC-4")
@pytest.mark.parametrize(
    ("secret", "fixed", "offered", "method"),
    [
        pytest.param(None, None, None, KEY, id="only a key, and no list"),
        pytest.param(None, None, (BASIC,), KEY, id="only a key: there is nothing else to try"),
        pytest.param("s", None, None, KEY, id="both, and no list: the key, which is never sent"),
        pytest.param("s", None, (BASIC, KEY), KEY, id="both, and both are offered: the key"),
        pytest.param("s", None, (BASIC,), BASIC, id="both, and only a secret is offered"),
        pytest.param("s", None, (POST,), POST, id="both, and only a posted secret is offered"),
        pytest.param("s", BASIC, (KEY,), BASIC, id="the registration says a secret"),
        pytest.param(None, KEY, (BASIC,), KEY, id="the registration says a key"),
        pytest.param(None, NONE, (KEY,), NONE, id="the registration says none"),
    ],
)
def test_a_client_with_a_key_signs_unless_only_its_secret_will_do(secret, fixed, offered, method):
    client = replace(CLIENT, secret=Secret(secret) if secret else None, authentication=fixed)
    server = replace(SERVER, token_endpoint_auth_methods_supported=offered)
    assert choose_authentication(client, server, has_key=True) is method


@requirement("TOK-15")
def test_another_endpoint_may_offer_other_methods():
    client = replace(CLIENT, secret=Secret("s"))
    server = replace(SERVER, token_endpoint_auth_methods_supported=(KEY,))
    assert choose_authentication(client, server, has_key=True) is KEY
    assert choose_authentication(client, server, offered=(BASIC,), has_key=True) is BASIC


# What is read from the assertions of others.


@requirement("WIF-3")
@pytest.mark.parametrize(
    ("claims", "audiences"),
    [
        pytest.param({"aud": ISSUER}, (ISSUER,), id="one"),
        pytest.param({"aud": [ISSUER, "urn:b"]}, (ISSUER, "urn:b"), id="several"),
        pytest.param({"aud": []}, (), id="an empty list"),
        pytest.param({}, (), id="none"),
        pytest.param({"aud": None}, (), id="null"),
        pytest.param({"aud": 7}, (), id="a number"),
        pytest.param({"aud": {ISSUER: 1}}, (), id="an object"),
        pytest.param({"aud": [7, ISSUER, None]}, (ISSUER,), id="a list with other things"),
    ],
)
def test_the_audiences_of_a_jwt_are_read(claims, audiences):
    assert read_audiences(token_of(json.dumps(claims).encode())) == audiences


def test_what_pyjwt_has_signed_is_read():
    claims = {"iss": "é", "aud": [ISSUER], "exp": 1, "deep": {"a": [1]}}
    assert read_claims(token_with(claims)) == claims


@pytest.mark.parametrize(
    "text",
    [
        "",
        "opaque",
        "a.b",
        "a.b.c",
        "e30.e30.",
        "e30.W10.c2ln",
        "a.b.c.d.e",
        "e30.é.c",
        "e30.e3=0.c",
        "e30.////.c",
        "...",
    ],
)
def test_what_is_no_signed_jwt_says_nothing(text):
    token = Secret(text)
    assert (read_audiences(token), is_expired(token, NOW)) == ((), False)


@pytest.mark.parametrize(
    ("expiry", "past"),
    [
        (NOW - 1, True),
        (NOW, True),
        (NOW + 1, False),
        (0, True),
        (10**400, False),
        (-(10**400), True),
        (float("nan"), False),
        (True, False),
        ("0", False),
        (None, False),
    ],
)
def test_a_jwt_is_past_when_it_says_so_itself(expiry, past):
    assert is_expired(token_of(json.dumps({"exp": expiry}).encode()), NOW) is past


@given(st.one_of(hostile.texts, st.binary(max_size=60).map(lambda payload: token_of(payload).reveal())))
def test_reading_never_breaks(text):
    token = Secret(text)
    claims = read_claims(token)
    assert claims is None or isinstance(claims, dict)
    assert all(isinstance(audience, str) for audience in read_audiences(token))
    assert is_expired(token, NOW) in (True, False)


@given(hostile.json_values)
def test_whatever_stands_in_a_claim_is_no_reason_to_break(value):
    token = token_of(json.dumps({"aud": value, "exp": value}).encode())
    assert all(isinstance(audience, str) for audience in read_audiences(token))
    assert is_expired(token, NOW) in (True, False)


# The request of somebody whom another vouches for.


def present(client=CLIENT, server=SERVER, *, audience=ISSUER, resource=MCP, scope=("read", "write")):
    assertion = Secret("assertion-canary")
    return jwt_bearer_request(server, client, assertion=assertion, audience=audience, resource=resource, scope=scope)


@requirement("WIF-1", "TOK-1", "RES-1")
def test_a_workload_without_a_client_sends_its_assertion_the_resource_and_the_scope():
    client = Client("", ISSUER)
    request = http_request(present(client), authenticate(client, NONE))
    assert (request.method, request.url) == ("POST", TOKEN_ENDPOINT)
    assert form_of(request) == [
        ("grant_type", JWT_BEARER),
        ("assertion", "assertion-canary"),
        ("resource", MCP),
        ("scope", "read write"),
    ]
    assert "assertion-canary" not in repr(request) + request.url


@requirement("EMA-9")
def test_a_client_proves_itself_beside_the_assertion():
    client = replace(CLIENT, secret=Secret("s3cret"))
    request = http_request(present(client, resource=None, scope=None), authenticate(client, POST))
    assert form_of(request) == [
        ("grant_type", JWT_BEARER),
        ("assertion", "assertion-canary"),
        ("client_id", "client-1"),
        ("client_secret", "s3cret"),
    ]


@requirement("EMA-13")
def test_an_assertion_for_one_server_is_stopped_on_its_way_to_another():
    request = http_request(present(audience="https://other.example"), authenticate(CLIENT, NONE))
    with pytest.raises(IssuerMismatch, match=r"credential of https://other\.example"):
        Guard().check(request)


@requirement("WIF-5", "EMA-15")
@pytest.mark.parametrize("endpoint", [None, "http://as.example/token", "https://u:p@as.example/token"])
def test_an_assertion_goes_nowhere_without_encryption(endpoint):
    with pytest.raises(InsecureEndpoint) as caught:
        http_request(present(server=replace(SERVER, token_endpoint=endpoint)), authenticate(CLIENT, NONE))
    assert "assertion-canary" not in hostile.everything_said_by(caught.value)


# Which servers take assertions.


@requirement("WIF-6")
@pytest.mark.parametrize("named", [False, True])
def test_a_server_that_lists_the_grant_takes_the_tokens_of_workloads(named):
    require_jwt_bearer(replace(SERVER, grant_types_supported=("refresh_token", JWT_BEARER)), named=named)


@requirement("WIF-6")
@pytest.mark.parametrize(
    ("listed", "named"), [(None, False), (("authorization_code",), False), (("client_credentials",), True)]
)
def test_a_server_that_does_not_list_the_grant_gets_no_token_of_a_workload(listed, named):
    with pytest.raises(Unsupported, match="does not list the grant type"):
        require_jwt_bearer(replace(SERVER, grant_types_supported=listed), named=named)


def test_a_server_that_the_user_has_named_may_keep_silent_about_its_grants():
    require_jwt_bearer(SERVER, named=True)


@requirement("EMA-2")
@pytest.mark.parametrize(
    ("profiles", "grants", "takes"),
    [
        pytest.param((ID_JAG_PROFILE,), (JWT_BEARER,), True, id="both are listed"),
        pytest.param((ID_JAG_PROFILE,), None, True, id="the profile is listed"),
        pytest.param(
            (ID_JAG_PROFILE,), ("authorization_code",), True, id="the profile is listed and the grant forgotten"
        ),
        pytest.param(None, (JWT_BEARER,), True, id="the grant is listed"),
        pytest.param(None, None, True, id="nothing is said: it is asked"),
        pytest.param(("urn:other",), (JWT_BEARER,), False, id="other profiles"),
        pytest.param((), None, False, id="no profile"),
        pytest.param(None, ("authorization_code",), False, id="other grants"),
    ],
)
def test_a_server_takes_identity_assertions_unless_it_lists_what_it_takes_without_them(profiles, grants, takes):
    server = replace(SERVER, authorization_grant_profiles_supported=profiles, grant_types_supported=grants)
    if takes:
        require_identity_assertions(server)
    else:
        with pytest.raises(Unsupported, match="does not list"):
            require_identity_assertions(server)
