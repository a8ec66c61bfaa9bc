# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The question to an MCP server whether it wants a login, and what an answer says."""

import json

import pytest

from tests.fakes.world import a_session
from valetkey.errors import quote
from valetkey.errors.redaction import redacting
from valetkey.protocol.challenge import parse_challenges
from valetkey.protocol.ping import ping_request, redirection, wants_login
from valetkey.values import Secret
from valetkey.wire import HttpResponse

URL = "https://mcp.example.com/mcp"


def response(status, **fields):
    return HttpResponse(status, URL, tuple(fields.items()))


def test_the_question_is_a_ping_without_a_session_and_without_a_credential():
    request = ping_request(URL, None)
    assert (request.method, request.url) == ("POST", URL)
    assert json.loads(request.body) == {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert dict(request.headers) == {
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
    }


def test_the_token_at_hand_goes_along_and_is_repeated_by_no_error():
    token = a_session("good").token
    with redacting():
        request = ping_request(URL, token)
        assert quote("not good") == '"not \\u2026"'
    assert dict(request.headers)["Authorization"] == "Bearer good"
    assert "good" not in repr(request)


def test_a_token_that_is_bound_to_a_key_goes_with_its_proof():
    request = ping_request(URL, a_session("bound", dpop_key=Secret("key")).token, Secret("proof"))
    assert dict(request.headers)["Authorization"] == "DPoP bound"
    assert dict(request.headers)["DPoP"] == "proof"


@pytest.mark.parametrize(
    ("status", "field", "wants"),
    [
        (401, None, True),
        (401, "Basic", True),
        (401, "Bearer", True),
        (403, "Bearer", True),
        (403, "DPoP", True),
        (403, 'Bearer error="insufficient_scope"', True),
        (403, "Basic", False),
        (403, None, False),
        (200, "Bearer", False),
        (404, "Bearer", False),
        (500, None, False),
    ],
)
def test_a_401_and_a_403_with_a_challenge_want_a_login(status, field, wants):
    assert wants_login(response(status), parse_challenges([field] if field else [])) is wants


@pytest.mark.parametrize(
    ("status", "location"),
    [(301, f"{URL}/"), (302, f"{URL}/"), (307, f"{URL}/"), (308, f"{URL}/"), (303, None), (300, None), (200, None)],
)
def test_a_redirect_is_one_that_asks_for_the_same_elsewhere(status, location):
    assert redirection(response(status, Location="/mcp/")) == location


def test_a_redirect_without_an_address_is_none():
    assert redirection(response(307)) is None
