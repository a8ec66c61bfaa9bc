# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Exchanging an ID token for an identity assertion: what is sent, and what may come back."""

from dataclasses import replace

import pytest
from hypothesis import given

from tests.fakes import hostile
from tests.protocol.answers import MCP, PAGE, form_of, json_answer, raw_answer
from tests.requirements import requirement
from valetkey._network.guard import Guard
from valetkey.errors import (
    AuthError,
    ClientRefused,
    InsecureEndpoint,
    IssuerMismatch,
    LoginRequired,
    MalformedDocument,
    Refused,
    TemporaryError,
    Unsupported,
)
from valetkey.protocol.client_auth import authenticate
from valetkey.protocol.token_exchange import (
    IdentityAssertion,
    identity_assertion_request,
    parse_identity_assertion,
)
from valetkey.protocol.token_request import http_request
from valetkey.values import Client, ClientAuthentication, Secret, ServerMetadata
from valetkey.wire import HttpRequest

NOW = 1_700_000_000.0
IDP = "https://idp.example"
ENDPOINT = "https://idp.example/oauth2/token"
AUDIENCE = "https://as.example/"  # with its slash: the issuer's own text
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
CANARY = "canary-5f1d"

PROVIDER = ServerMetadata(IDP, token_endpoint=ENDPOINT)
CLIENT = Client("client-at-the-idp", IDP, secret=Secret("s3cret"))
GOOD = {
    "issued_token_type": ID_JAG,
    "access_token": CANARY,
    "token_type": "N_A",
    "scope": "chat.read",
    "expires_in": 300,
}


def build(method=ClientAuthentication.POST, *, provider=PROVIDER, client=CLIENT, resource=MCP, scope=("read", "write")):
    request = identity_assertion_request(
        provider, client, id_token=Secret("id-token-canary"), audience=AUDIENCE, resource=resource, scope=scope
    )
    return http_request(request, authenticate(client, method))


def parse(response, scope=("chat.read", "chat.write")):
    return parse_identity_assertion(response, audience=AUDIENCE, now=NOW, requested_scope=scope)


def answer(status=200, **members):
    """The good answer with other members; those that are None are left out."""
    document = {name: value for name, value in {**GOOD, **members}.items() if value is not None}
    return json_answer(document, status=status, url=ENDPOINT)


@requirement("EMA-4", "EMA-5", "EMA-6", "EMA-7")
def test_the_exchange_is_exactly_this():
    request = build()
    assert request == HttpRequest(
        "POST",
        ENDPOINT,
        "let the identity provider say who the person is",
        headers=(("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")),
        body=request.body,
        issuer=IDP,
        credentials_of=(IDP, IDP),
    )
    assert form_of(request) == [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:id-jag"),
        ("subject_token", "id-token-canary"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ("audience", AUDIENCE),
        ("resource", MCP),
        ("scope", "read write"),
        ("client_id", "client-at-the-idp"),
        ("client_secret", "s3cret"),
    ]


def test_without_a_scope_or_a_resource_the_parameters_are_left_out():
    assert {"scope", "resource"} & dict(form_of(build(scope=None, resource=None))).keys() == set()


@requirement("EMA-15")
def test_neither_token_nor_secret_stands_in_the_address_or_shows():
    request = build()
    assert not any(secret in repr(request) + request.url for secret in ("id-token-canary", "s3cret"))


@requirement("EMA-15")
@pytest.mark.parametrize("endpoint", [None, "http://idp.example/token"])
def test_an_id_token_goes_nowhere_without_encryption(endpoint):
    with pytest.raises(InsecureEndpoint) as caught:
        build(provider=replace(PROVIDER, token_endpoint=endpoint))
    assert "id-token-canary" not in hostile.everything_said_by(caught.value)


def test_an_id_token_with_the_client_of_another_server_is_stopped():
    with pytest.raises(IssuerMismatch):
        Guard().check(build(client=replace(CLIENT, issuer="https://as.example")))


# The answer.


@requirement("EMA-8")
@pytest.mark.parametrize("kind", ["N_A", "n_a", "N_a"])
def test_an_assertion_is_read(kind):
    assertion = parse(answer(token_type=kind))
    assert assertion == IdentityAssertion(Secret(CANARY), AUDIENCE, ("chat.read",), NOW + 300)
    assert CANARY not in repr(assertion)


@requirement("EMA-18")
@pytest.mark.parametrize(
    ("told", "asked", "scope"),
    [
        ("chat.read", ("chat.read", "chat.write"), ("chat.read",)),
        (None, ("chat.read", "chat.write"), ("chat.read", "chat.write")),
        ("", ("chat.read",), ("chat.read",)),
        (None, None, None),
        ("chat.read", None, ("chat.read",)),
        (["chat.read"], ("chat.write",), ("chat.write",)),
    ],
)
def test_the_scope_may_be_smaller_and_is_the_requested_one_unless_told(told, asked, scope):
    assert parse(answer(scope=told), asked).scope == scope


@pytest.mark.parametrize(("life", "ends"), [("60", NOW + 60), (None, None), (0, None), ("soon", None), (True, None)])
def test_an_assertion_lasts_as_long_as_the_provider_says(life, ends):
    assert parse(answer(expires_in=life)).expires_at == ends


@requirement("EMA-8")
@pytest.mark.parametrize(
    "members",
    [
        {"token_type": "Bearer"},
        {"token_type": "DPoP"},
        {"token_type": None},
        {"token_type": 7},
        {"token_type": "N_A "},
        {"issued_token_type": None},
        {"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"},
        {"issued_token_type": "urn:ietf:params:oauth:token-type:ID-JAG"},
        {"issued_token_type": [ID_JAG]},
    ],
)
def test_what_is_no_identity_assertion_is_not_taken_for_one(members):
    with pytest.raises(Unsupported, match="was asked for an identity assertion") as caught:
        parse(answer(**members))
    assert CANARY not in hostile.everything_said_by(caught.value)


@pytest.mark.parametrize("token", [None, "", 7, "\ud800"])
def test_an_answer_without_an_assertion_is_a_fault_of_the_provider(token):
    with pytest.raises(MalformedDocument) as caught:
        parse(answer(access_token=token))
    assert caught.value.member == "access_token"


@pytest.mark.parametrize("response", [raw_answer(PAGE, url=ENDPOINT), raw_answer(b"[]", url=ENDPOINT), answer(201)])
def test_something_else_is_no_answer(response):
    with pytest.raises(MalformedDocument, match="no assertion"):
        parse(response)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({}, "requires the person to log in again."),
        ({"max_age": 5}, 'requires the person to log in again with max_age "5".'),
        (
            {"acr_values": "urn:mfa\n", "max_age": 5},
            'requires the person to log in again with max_age "5" and acr_values "urn:mfa\\n".',
        ),
    ],
)
def test_a_provider_that_wants_a_better_login_says_which(members, told):
    with pytest.raises(LoginRequired) as caught:
        parse(json_answer({"error": "insufficient_user_authentication", **members}, status=400, url=ENDPOINT))
    assert told in caught.value.message
    assert "new ID token" in caught.value.hint


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (json_answer({"error": "invalid_client"}, status=401, url=ENDPOINT), ClientRefused),
        (json_answer({"error": "invalid_grant", "error_description": "Audience"}, status=400, url=ENDPOINT), Refused),
        (json_answer({"error": "access_denied"}, status=200, url=ENDPOINT), Refused),
        (raw_answer(PAGE, status=403, url=ENDPOINT), Refused),
        (raw_answer(PAGE, status=502, url=ENDPOINT), TemporaryError),
        (json_answer({"error": "temporarily_unavailable"}, status=400, url=ENDPOINT), TemporaryError),
        (raw_answer(b"", status=429, url=ENDPOINT, headers=(("Retry-After", "7"),)), TemporaryError),
    ],
)
def test_a_refusal_and_a_short_trouble_are_told_apart(response, error):
    with pytest.raises(error, match=r"The identity provider https://idp\.example/oauth2/token") as caught:
        parse(response)
    assert type(caught.value) is error


@given(hostile.answers({**GOOD, "error": "invalid_grant", "max_age": 5}, url=ENDPOINT))
def test_whatever_a_provider_sends_is_an_assertion_or_an_error_of_ours(response):
    result = hostile.outcome(lambda: parse(response))
    assert isinstance(result, IdentityAssertion | AuthError)
    if isinstance(result, IdentityAssertion):
        assert response.status == 200
        assert result.token.reveal()
    else:
        assert result.hint
        assert CANARY not in str(result)
