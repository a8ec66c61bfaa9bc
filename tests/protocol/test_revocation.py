# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Revoking a token: what the server is told, and what its answer means."""

from dataclasses import replace

import pytest
from hypothesis import given

from tests.fakes import hostile
from tests.protocol.answers import CLIENT, ISSUER, PAGE, SERVER, form_of, json_answer, raw_answer
from tests.requirements import requirement
from valetkey.errors import AuthError, ClientRefused, InsecureEndpoint, Refused, TemporaryError
from valetkey.errors.redaction import redacted, redacting
from valetkey.protocol.client_auth import authenticate, choose_authentication
from valetkey.protocol.revocation import TokenKind, parse_revocation, revocation_request
from valetkey.values import ClientAuthentication, Secret
from valetkey.wire import HttpRequest

URL = "https://as.example/revoke"
REVOKING = replace(SERVER, revocation_endpoint=URL)
TOKEN = Secret("token-canary")
FORM_HEADERS = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))


def build(server=REVOKING, client=CLIENT, kind=TokenKind.REFRESH, method=ClientAuthentication.NONE):
    return revocation_request(server, client, authenticate(client, method), TOKEN, kind)


def parse(answer):
    return parse_revocation(answer, now=1000.0)


@requirement("REV-3")
@pytest.mark.parametrize("kind", list(TokenKind))
def test_a_public_client_says_the_token_its_kind_and_who_it_is(kind):
    request = build(kind=kind)
    assert request == HttpRequest(
        method="POST",
        url=URL,
        purpose=f"revoke the {kind.replace('_', ' ')}",
        headers=FORM_HEADERS,
        body=request.body,
        issuer=ISSUER,
        credentials_of=(ISSUER,),
    )
    assert form_of(request) == [("token", "token-canary"), ("token_type_hint", kind), ("client_id", "client-1")]


@requirement("REV-3", "TOK-15")
@pytest.mark.parametrize(
    ("offered", "fields", "header"),
    [
        (("client_secret_post",), [("client_id", "client-1"), ("client_secret", "s3cret")], None),
        (("client_secret_basic",), [], "Basic Y2xpZW50LTE6czNjcmV0"),
        (None, [], "Basic Y2xpZW50LTE6czNjcmV0"),
    ],
)
def test_a_client_with_a_secret_proves_itself_as_this_endpoint_wants(offered, fields, header):
    client = replace(CLIENT, secret=Secret("s3cret"))
    server = replace(REVOKING, token_endpoint_auth_methods_supported=("client_secret_basic",))
    with redacting():
        request = build(server, client, method=choose_authentication(client, server, offered=offered))
        assert redacted(f"{TOKEN.reveal()} s3cret", is_quoted=True) == "… …"
    assert form_of(request)[2:] == fields
    assert dict(request.headers).get("Authorization") == header


def test_the_token_is_not_seen_in_the_request():
    assert "canary" not in repr(build())
    assert "canary" not in build().url + build().purpose


@requirement("REV-2", "SEC-1")
@pytest.mark.parametrize("endpoint", [None, "", "http://as.example/revoke", "javascript:alert(1)"])
def test_no_token_goes_where_no_request_may_go(endpoint):
    with pytest.raises(InsecureEndpoint, match="The revocation endpoint"):
        build(replace(SERVER, revocation_endpoint=endpoint))


@requirement("REV-4")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(raw_answer(b"", url=URL), id="nothing"),
        pytest.param(raw_answer(PAGE, url=URL), id="a page"),
        pytest.param(json_answer({"error": "invalid_request"}, url=URL), id="an error in the body"),
        pytest.param(json_answer({"error": "unsupported_token_type"}, url=URL), id="the other error in the body"),
        pytest.param(raw_answer(b"", status=204, url=URL), id="204"),
    ],
)
def test_with_status_200_it_is_done_whatever_the_body_says(answer):
    assert parse(answer) is True


@requirement("REV-5")
def test_a_kind_of_token_that_is_not_revoked_is_no_error():
    assert parse(json_answer({"error": "unsupported_token_type"}, status=400, url=URL)) is False


@requirement("REV-5")
@pytest.mark.parametrize(
    ("answer", "retry_after"),
    [
        (raw_answer(PAGE, status=503, url=URL, headers=(("Retry-After", "7"),)), 7.0),
        (json_answer({"error": "unsupported_token_type"}, status=503, url=URL), None),
        (raw_answer(b"", status=500, url=URL), None),
        (raw_answer(b"", status=429, url=URL), None),
    ],
)
def test_a_server_that_cannot_answer_now_still_has_the_token(answer, retry_after):
    with pytest.raises(TemporaryError, match=r"^The revocation endpoint https://as\.example/revoke answered") as caught:
        parse(answer)
    assert caught.value.retry_after == retry_after


@pytest.mark.parametrize(
    ("answer", "kind", "error"),
    [
        (json_answer({"error": "invalid_client"}, status=401, url=URL), ClientRefused, "invalid_client"),
        (json_answer({"error": "unauthorized_client"}, status=400, url=URL), ClientRefused, "unauthorized_client"),
        (json_answer({"error": "invalid_request"}, status=400, url=URL), Refused, "invalid_request"),
        (raw_answer(PAGE, status=404, url=URL), Refused, None),
        (raw_answer(b"", status=302, url=URL), Refused, None),
        (raw_answer(b"", status=202, url=URL), Refused, None),
    ],
)
def test_anything_else_is_a_refusal(answer, kind, error):
    with pytest.raises(Refused, match=r"^The revocation endpoint https://as\.example/revoke refused") as caught:
        parse(answer)
    assert type(caught.value) is kind
    assert (caught.value.error, caught.value.status) == (error, answer.status)


@given(hostile.answers({"error": "unsupported_token_type", "error_description": "no"}))
def test_whatever_a_server_answers_the_token_is_revoked_or_it_is_said_why_not(answer):
    result = hostile.outcome(lambda: parse(answer))
    assert isinstance(result, bool | AuthError)
    assert (result is True) == (answer.status in (200, 204))
