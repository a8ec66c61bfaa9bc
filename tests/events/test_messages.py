# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Of a request and its answer only what is known to hold no secret is shown."""

import json
from urllib.parse import quote_plus, urlencode

import pytest

from valetkey.events.messages import plain_url, query_message, request_message, response_message, secrets_of
from valetkey.wire import HttpRequest, HttpResponse

URL = "https://auth.example.com/token"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")
SECRET = "s3cret-of-4-Canary"


def request(*headers, body=b""):
    return HttpRequest("POST", URL, "ask", headers, body)


def response(*headers, body=b""):
    return HttpResponse(200, URL, headers, body)


@pytest.mark.parametrize(
    "name",
    [
        *("code", "code_verifier", "client_secret", "refresh_token", "token", "client_assertion", "assertion"),
        *("subject_token", "actor_token", "device_code", "password", "username", "anything_new", "state"),
    ],
)
def test_of_a_form_the_known_members_are_shown_and_the_names_of_the_others(name):
    body = urlencode({"grant_type": "authorization_code", name: SECRET}).encode()
    assert request_message(request(FORM, body=body)).members == {"grant_type": "authorization_code", name: "…"}


@pytest.mark.parametrize(
    "name", ["access_token", "refresh_token", "id_token", "registration_access_token", "user_code", "email", "sub"]
)
def test_of_an_answer_too(name):
    body = json.dumps({"token_type": "Bearer", "expires_in": 60, name: SECRET}).encode()
    assert response_message(response(JSON, body=body)).members == {"token_type": "Bearer", "expires_in": 60, name: "…"}


def test_a_secret_that_the_answer_repeats_elsewhere_is_left_out_there_too():
    words = f"{SECRET} {quote_plus(SECRET)} {SECRET.encode().hex()}"
    answer = {"access_token": SECRET, "error_description": words, "scope": SECRET, "issuer": f"https://x/{SECRET}"}
    shown = response_message(response(JSON, ("Server", SECRET), body=json.dumps(answer).encode()))
    assert SECRET not in repr(shown.members)
    assert SECRET.encode().hex() not in repr(shown)


def test_what_was_sent_is_left_out_of_the_answer_and_the_other_way_round():
    sent = request(FORM, ("Authorization", f"Basic {SECRET}"), body=urlencode({"code": "another-Canary-5"}).encode())
    answer = response(JSON, ("Set-Cookie", "session=third-Canary-6"), body=b'{"refresh_token": "fourth-Canary-7"}')
    assert {SECRET, "another-Canary-5", "session=third-Canary-6", "fourth-Canary-7"} <= set(secrets_of(sent, answer))
    assert SECRET in set(secrets_of(sent, None))


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (("Authorization", f"Basic {SECRET}"), "Basic …"),
        (("Authorization", SECRET), "…"),
        (("DPoP", SECRET), "…"),
        (("DPoP-Nonce", SECRET), "…"),
        (("Set-Cookie", SECRET), "…"),
        (("X-Gateway-Key", SECRET), "…"),
        (("Mcp-Session-Id", SECRET), "…"),
        (("Content-Type", "text/html"), "text/html"),
        (("Location", f"https://app.example.com/callback?code={SECRET}#x"), "https://app.example.com/callback"),
        (("WWW-Authenticate", 'Bearer error="invalid_token"'), 'Bearer error="invalid_token"'),
    ],
    ids=str,
)
def test_of_a_header_field_what_is_known_is_shown(header, shown):
    assert request_message(request(header)).headers == {header[0]: shown}


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"<html>secret</html>", "text/html"), (b"[1]", "application/json"), (b"\xff\xfe{", "application/json")],
)
def test_of_any_other_body_the_size_is_shown(body, kind):
    shown = response_message(response(("Content-Type", kind), body=body))
    assert (shown.members, shown.size) == (None, len(body))


def test_members_within_members_and_lists_are_judged_by_their_names():
    body = {
        "error": {"message": "no", "data": {"token": SECRET}, "code": -32001},
        "redirect_uris": ["http://127.0.0.1:1/callback?x=1", 7],
        "jwks": {"keys": [{"d": SECRET}]},
    }
    assert request_message(request(JSON, body=json.dumps(body).encode())).members == {
        "error": {"message": "no", "data": "…", "code": "…"},
        "redirect_uris": ["http://127.0.0.1:1/callback", 7],
        "jwks": "…",
    }


def test_a_long_message_is_cut():
    body = json.dumps({**{f"member-{number}": 1 for number in range(500)}, "error_description": "x" * 9999}).encode()
    headers = [(f"X-{number}", "1") for number in range(500)]
    shown = response_message(response(JSON, *headers, body=body))
    assert (len(shown.members), len(shown.headers)) == (60, 60)
    long = response_message(response(JSON, body=json.dumps({"error_description": "x" * 9999}).encode()))
    assert len(long.members["error_description"]) == 400


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@host.example/path?code=1#x", "https://host.example/path"),
        ("https://[", "…"),
        ("http://127.0.0.1:1/callback", "http://127.0.0.1:1/callback"),
    ],
)
def test_a_url_is_shown_without_what_may_be_a_secret(url, shown):
    assert plain_url(url) == shown


def test_of_a_link_the_known_parameters_are_shown():
    link = f"https://auth.example.com/authorize?client_id=me&state={SECRET}&scope=read%20{SECRET}"
    assert query_message(link).members == {"client_id": "me", "state": "…", "scope": "read …"}
    assert query_message("https://[").members == {}


def test_the_address_of_an_endpoint_is_no_secret_and_what_its_query_holds_is():
    server = "https://auth.example.com"
    answer = {
        "end_session_endpoint": f"{server}/session/end",
        "token_endpoint": f"{server}/token",
        "verification_uri_complete": f"{server}/device?user_code=ABCD-EFGH",
        "error_description": f"{server}/session ABCD-EFGH {SECRET} Canary-of-state",
    }
    headers = (JSON, ("Location", f"{server}/callback?code={SECRET}&state=Canary-of-state&iss={server}"))
    shown = response_message(response(*headers, body=json.dumps(answer).encode()))
    assert shown.members["token_endpoint"] == f"{server}/token"
    assert shown.members["error_description"] == f"{server}/session … … …"
    assert shown.members["verification_uri_complete"] == "…"


@pytest.mark.parametrize("number", ["NaN", "1e999", "-1e999"])
def test_a_number_that_json_has_not_is_left_out(number):
    body = f'{{"token_type": "Bearer", "interval": {number}, "status": [{number}], "expires_in": 1.5}}'.encode()
    shown = response_message(response(JSON, body=body)).members
    assert shown == {"token_type": "Bearer", "interval": "…", "status": ["…"], "expires_in": 1.5}
