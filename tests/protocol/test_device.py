# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A login on another device: how it begins, and what each poll means."""

import math
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import hostile
from tests.protocol.answers import CLIENT, ISSUER, MCP, PAGE, SERVER, form_of, json_answer, raw_answer
from tests.requirements import requirement
from valetkey.errors import (
    AuthError,
    ClientRefused,
    InsecureEndpoint,
    LoginFailed,
    MalformedDocument,
    Refused,
    TemporaryError,
    Unsupported,
)
from valetkey.errors.redaction import redacted, redacting
from valetkey.protocol.client_auth import authenticate
from valetkey.protocol.device import (
    DeviceAuthorization,
    declined,
    device_authorization_request,
    device_token_request,
    expired,
    next_interval,
    parse_device_authorization,
    require_device_flow,
)
from valetkey.values import ClientAuthentication, Secret
from valetkey.wire import HttpRequest

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
URL = "https://as.example/device_authorization"
DEVICE_SERVER = replace(SERVER, device_authorization_endpoint=URL)
CANARY = "canary-5f1d"
FORM = "application/x-www-form-urlencoded"
FORM_HEADERS = (("Content-Type", FORM), ("Accept", "application/json"))
PLAIN = authenticate(CLIENT, ClientAuthentication.NONE)

RFC_8628 = {
    "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://example.com/device",
    "verification_uri_complete": "https://example.com/device?user_code=WDJB-MJHT",
    "expires_in": 1800,
    "interval": 5,
}
"""The example of RFC 8628 §3.2."""

GOOGLE = {
    "device_code": "4/4-GMMhmHCXhWEzkobqIHGG_EnNYYsAkukHspeYUk9E8",
    "user_code": "GQVQ-JKEC",
    "verification_url": "https://www.google.com/device",
    "expires_in": 1800,
    "interval": 5,
}
"""The example in Google's documentation for devices with limited input."""


def parse(document, status=200):
    return parse_device_authorization(json_answer(document, status=status, url=URL), now=1000.0)


def told(**members):
    return {**RFC_8628, **members}


# Where it is offered.


@requirement("DEV-1")
@pytest.mark.parametrize("listed", [None, (GRANT,), ("authorization_code", GRANT, "refresh_token")])
def test_it_is_offered_where_the_endpoint_is_and_the_grant_is_not_left_out(listed):
    require_device_flow(replace(DEVICE_SERVER, grant_types_supported=listed))


@requirement("DEV-1")
@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"device_authorization_endpoint": None}, "names no device authorization endpoint"),
        ({"token_endpoint": None}, "names no token endpoint"),
        ({"grant_types_supported": ("authorization_code", "device_code")}, "does not list the device grant"),
        ({"grant_types_supported": ()}, "does not list the device grant"),
    ],
)
def test_elsewhere_it_is_not_offered(changes, fault):
    with pytest.raises(Unsupported, match=f"^The authorization server {ISSUER} {fault}") as caught:
        require_device_flow(replace(DEVICE_SERVER, **changes))
    assert caught.value.hint == 'Log in with a browser instead: leave out login="device", or the device grant.'


# How it begins.


@requirement("DEV-2")
def test_the_request_says_who_asks_for_which_resource_and_scope():
    request = device_authorization_request(DEVICE_SERVER, CLIENT, PLAIN, resource=MCP, scope=("read", "write"))
    assert request == HttpRequest(
        method="POST",
        url=URL,
        purpose="begin a login on another device",
        headers=FORM_HEADERS,
        body=request.body,
        issuer=ISSUER,
        credentials_of=(ISSUER,),
    )
    assert form_of(request) == [("resource", MCP), ("scope", "read write"), ("client_id", "client-1")]


@requirement("DEV-2", "SCP-3")
def test_what_is_not_wanted_is_left_out():
    request = device_authorization_request(DEVICE_SERVER, CLIENT, PLAIN, resource=None, scope=None)
    assert form_of(request) == [("client_id", "client-1")]


@requirement("DEV-2")
def test_a_client_with_a_secret_proves_itself_as_at_the_token_endpoint():
    client = replace(CLIENT, secret=Secret(CANARY))
    with redacting():
        authentication = authenticate(client, ClientAuthentication.BASIC)
        assert redacted(CANARY) == "…"
    request = device_authorization_request(DEVICE_SERVER, client, authentication, resource=MCP, scope=None)
    assert form_of(request) == [("resource", MCP)]
    assert dict(request.headers)["Authorization"].startswith("Basic ")


@requirement("SEC-1")
@pytest.mark.parametrize("endpoint", [None, "", "http://as.example/device_authorization", "javascript:alert(1)"])
def test_nothing_begins_where_no_request_may_go(endpoint):
    server = replace(SERVER, device_authorization_endpoint=endpoint)
    with pytest.raises(InsecureEndpoint, match="The device authorization endpoint"):
        device_authorization_request(server, CLIENT, PLAIN, resource=None, scope=None)


@requirement("DEV-2")
def test_the_example_of_the_specification_is_read():
    assert parse(RFC_8628) == DeviceAuthorization(
        device_code=Secret("GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS"),
        user_code="WDJB-MJHT",
        verification_uri="https://example.com/device",
        verification_uri_complete="https://example.com/device?user_code=WDJB-MJHT",
        lifetime=1800.0,
        interval=5.0,
    )


@requirement("DEV-2")
def test_google_calls_the_page_by_another_name():
    assert parse(GOOGLE).verification_uri == "https://www.google.com/device"
    complete = {**GOOGLE, "verification_url_complete": "https://www.google.com/device?c=1"}
    assert parse(complete).verification_uri_complete == "https://www.google.com/device?c=1"
    both = {**GOOGLE, "verification_uri": "https://example.com/device"}
    assert parse(both).verification_uri == "https://example.com/device"


@requirement("DEV-2")
def test_github_answers_with_a_form_unless_it_is_asked_for_json():
    body = (
        b"device_code=3584d83530557fdd1f46af8289938c8ef79f9dc5&expires_in=900&interval=5&user_code=WDJB-MJHT"
        b"&verification_uri=https%3A%2F%2Fgithub.com%2Flogin%2Fdevice"
    )
    found = parse_device_authorization(raw_answer(body, url=URL, media_type=FORM), now=0.0)
    assert (found.verification_uri, found.lifetime, found.interval) == ("https://github.com/login/device", 900.0, 5.0)


@requirement("DEV-2")
@pytest.mark.parametrize(
    ("members", "interval"),
    [
        pytest.param({}, 5.0, id="left out"),
        ({"interval": None}, 5.0),
        ({"interval": 1}, 1.0),
        ({"interval": 7.5}, 7.5),
        ({"interval": "10"}, 10.0),
        ({"interval": 0.01}, 1.0),
        ({"interval": 0}, 5.0),
        ({"interval": -1}, 5.0),
        ({"interval": "soon"}, 5.0),
        ({"interval": True}, 5.0),
        ({"interval": [1]}, 5.0),
        ({"interval": math.inf}, 5.0),
    ],
    ids=str,
)
def test_without_a_pace_that_can_be_kept_it_is_five_seconds(members, interval):
    document = {name: value for name, value in RFC_8628.items() if name != "interval"}
    assert parse({**document, **members}).interval == interval


@pytest.mark.parametrize(
    ("life", "lifetime"), [(900, 900.0), ("900", 900.0), (None, None), (0, None), (-1, None), ("soon", None)]
)
def test_a_life_that_cannot_be_read_is_for_the_server_to_end(life, lifetime):
    assert parse(told(expires_in=life)).lifetime == lifetime


def test_the_link_with_the_code_may_be_missing():
    assert parse(told(verification_uri_complete=None)).verification_uri_complete is None


@pytest.mark.parametrize("member", ["device_code", "user_code", "verification_uri"])
@pytest.mark.parametrize("value", [None, "", 5, ["x"], {}])
def test_without_what_it_needs_no_login_begins(member, value):
    with pytest.raises(MalformedDocument) as caught:
        parse(told(**{member: value}))
    assert (caught.value.url, caught.value.member) == (URL, member)


@requirement("DEV-3", "AUT-12")
@pytest.mark.parametrize("member", ["verification_uri", "verification_uri_complete"])
@pytest.mark.parametrize(
    "page",
    [
        "http://example.com/device",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "example.com/device",
        "https://user@example.com/device",
        "https://example.com/device\x1b[2J",
        "https://exаmple.com/device",
        "https://example.com/a b",
    ],
)
def test_a_page_that_no_person_may_be_sent_to_ends_the_login(member, page):
    with pytest.raises(InsecureEndpoint, match="The login page"):
        parse(told(**{member: page}))


@requirement("DEV-3")
@pytest.mark.parametrize(
    "page", ["http://127.0.0.1:8080/device", "https://example.com", "HTTPS://login.example.org/d?x=1"]
)
def test_a_page_on_this_computer_or_another_host_is_shown(page):
    assert parse(told(verification_uri=page)).verification_uri == page


@requirement("DEV-3", "AUT-13", "AUT-14")
@pytest.mark.parametrize("member", ["verification_uri", "verification_uri_complete"])
def test_no_shell_reads_a_command_in_a_page(member):
    authorization = parse(told(**{member: "https://example.com/$(calc.exe)?a='b'&c=1;d"}))
    assert getattr(authorization, member) == "https://example.com/%24%28calc.exe%29?a=%27b%27&c=1%3Bd"


@requirement("DEV-3")
@pytest.mark.parametrize("member", ["verification_uri", "verification_uri_complete"])
def test_a_page_too_long_to_be_seen_whole_is_none(member):
    fits = "https://example.com/".ljust(2000, "a")
    parse(told(**{member: fits}))
    with pytest.raises(MalformedDocument):
        parse(told(**{member: fits + "a"}))


@requirement("DEV-3")
@pytest.mark.parametrize(
    "code",
    [
        "\x1b[2J",
        "ABCD\nRun this command:",
        "ABCD\rEFGH",
        "AB\u202eCD",
        "AB\u200bCD",
        "AB\x00",
        "\x7f",
        "A" * 65,
    ],
)
def test_a_code_that_would_play_tricks_on_a_terminal_is_none(code):
    with pytest.raises(MalformedDocument, match="without a user_code that can be used"):
        parse(told(user_code=code))


@pytest.mark.parametrize("code", ["WDJB-MJHT", "0194 5037", "ab", "A" * 64, "ÄÖ-12"])
def test_any_code_that_a_person_can_read_is_one(code):
    assert parse(told(user_code=code)).user_code == code


def test_the_device_code_is_not_seen():
    assert CANARY not in repr(parse(told(device_code=CANARY)))
    with pytest.raises(MalformedDocument) as caught:
        parse(told(device_code=CANARY, user_code=""))
    assert CANARY not in hostile.everything_said_by(caught.value)


@pytest.mark.parametrize(
    ("answer", "kind", "error"),
    [
        (json_answer({"error": "invalid_client"}, status=401, url=URL), ClientRefused, "invalid_client"),
        (json_answer({"error": "unauthorized_client"}, status=200, url=URL), ClientRefused, "unauthorized_client"),
        (json_answer({"error": "invalid_scope"}, status=400, url=URL), Refused, "invalid_scope"),
        (raw_answer(PAGE, status=404, url=URL), Refused, None),
    ],
)
def test_a_server_may_refuse_to_begin(answer, kind, error):
    with pytest.raises(Refused, match=r"^The device authorization endpoint .* refused") as caught:
        parse_device_authorization(answer, now=0.0)
    assert type(caught.value) is kind
    assert caught.value.error == error


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_cannot_begin_now_is_a_temporary_matter(status):
    with pytest.raises(TemporaryError, match=r"^The device authorization endpoint .* answered"):
        parse({"error": "whatever"}, status=status)


@pytest.mark.parametrize(
    "answer",
    [
        raw_answer(PAGE, url=URL),
        raw_answer(b"", url=URL),
        json_answer([RFC_8628], url=URL),
        json_answer(RFC_8628, status=201, url=URL),
        json_answer(RFC_8628, status=302, url=URL),
    ],
)
def test_anything_else_begins_nothing(answer):
    with pytest.raises(MalformedDocument, match="begins no login"):
        parse_device_authorization(answer, now=0.0)


# How the token is asked for.


@requirement("DEV-7", "RES-1", "RES-8")
def test_a_poll_has_the_code_the_resource_and_no_scope():
    with redacting():
        request = device_token_request(DEVICE_SERVER, CLIENT, Secret(CANARY), resource=MCP, scope=("read",))
        assert redacted(CANARY) == "…"
    assert request.fields == (("grant_type", GRANT), ("device_code", CANARY), ("resource", MCP))
    assert (request.server, request.client, request.scope) == (DEVICE_SERVER, CLIENT, ("read",))
    assert request.credentials_of == (ISSUER,)
    assert CANARY not in repr(request)


def test_a_poll_leaves_the_resource_out_where_the_login_did():
    request = device_token_request(DEVICE_SERVER, CLIENT, Secret(CANARY), resource=None, scope=None)
    assert request.fields == (("grant_type", GRANT), ("device_code", CANARY))


@requirement("DEV-4")
@pytest.mark.parametrize(
    ("error", "interval"),
    [
        ("authorization_pending", 7.0),
        ("slow_down", 12.0),
        ("access_denied", None),
        ("expired_token", None),
        ("invalid_grant", None),
        ("AUTHORIZATION_PENDING", None),
        (None, None),
    ],
)
def test_two_errors_mean_go_on(error, interval):
    assert next_interval(error, 7.0) == interval


@requirement("DEV-6")
def test_a_denied_login_is_the_persons_word():
    failure = declined("access_denied", "Not \x1b today", ISSUER)
    assert type(failure) is LoginFailed
    assert str(failure) == (
        'https://as.example declined the login: "access_denied" "Not \\u001b today". Log in and allow it.'
    )
    assert (failure.error, failure.description) == ("access_denied", r"Not \u001b today")
    assert str(declined("access_denied", None, ISSUER)) == (
        'https://as.example declined the login: "access_denied". Log in and allow it.'
    )


@requirement("DEV-6")
def test_an_expired_code_asks_for_a_new_start():
    for failure in (declined("expired_token", None, ISSUER), expired(ISSUER)):
        assert type(failure) is LoginFailed
        assert failure.error == "expired_token"
        assert str(failure) == (
            "The code for the login at https://as.example has expired. Start again, and enter the new code in time."
        )


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_client", "authorization_pending", "", None])
def test_no_other_error_is_about_the_person(error):
    assert declined(error, "whatever", ISSUER) is None


# Anything at all.


@requirement("GEN-7", "DEV-3")
@given(hostile.answers(RFC_8628, url=URL))
def test_any_answer_begins_a_login_that_can_be_shown_or_is_an_error_of_ours(answer):
    found = hostile.outcome(lambda: parse_device_authorization(answer, now=0.0))
    if isinstance(found, AuthError):
        assert found.hint in str(found)
        return
    assert found.device_code.reveal()
    assert found.user_code
    assert found.user_code.isprintable()
    assert 1.0 <= found.interval < math.inf
    assert found.lifetime is None or 0 < found.lifetime < math.inf
    for page in filter(None, (found.verification_uri, found.verification_uri_complete)):
        assert page.isascii()
        assert page.isprintable()
        assert urlsplit(page).scheme.lower() in ("https", "http")


@given(st.one_of(st.none(), hostile.texts), st.floats(1, 1e6))
def test_nobody_is_ever_asked_faster_than_before(error, interval):
    told_interval = next_interval(error, interval)
    assert told_interval is None or told_interval >= interval
