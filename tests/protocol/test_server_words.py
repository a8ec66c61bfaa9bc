# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a server says in an error answer beside the error code, in any common form, and when to ask again."""

import json

import pytest
from hypothesis import given

from tests.fakes import hostile
from tests.fakes.growth import ANY_TEXTS, check_linear
from tests.protocol.answers import PAGE, json_answer, raw_answer
from valetkey.errors import ClientRefused, Refused, TemporaryError
from valetkey.protocol.registration import ClientMetadata, parse_registration
from valetkey.protocol.revocation import parse_revocation
from valetkey.protocol.server_words import later, words_of
from valetkey.protocol.token import parse_token
from valetkey.values import ServerMetadata
from valetkey.wire import HttpResponse

URL = "https://as.example/register"

WORDS = {
    "OAuth": ({"error": "invalid_client_metadata", "error_description": "no contacts"}, "no contacts"),
    "FastAPI, a text": ({"detail": "Not allowed here"}, "Not allowed here"),
    "FastAPI, a list": (
        {"detail": [{"type": "missing", "loc": ["body", "contacts"], "msg": "Field required", "input": {"x": "y"}}]},
        "contacts: Field required",
    ),
    "FastAPI, a place in a list": (
        {"detail": [{"loc": ["body", "redirect_uris", 0], "msg": "bad"}]},
        "redirect_uris.0: bad",
    ),
    "FastAPI, no place of its own": ({"detail": [{"loc": ["body"], "msg": "Field required"}]}, "Field required"),
    "Express": ({"message": "Unable to find client"}, "Unable to find client"),
    "Express, a list": ({"errors": [{"msg": "is required", "param": "contacts"}]}, "contacts: is required"),
    "Rails": ({"errors": ["Name is too long", "Scope is odd"]}, "Name is too long; Scope is odd"),
    "Laravel": ({"message": "Invalid.", "errors": {"scope": ["is odd"]}}, "Invalid.; scope: is odd"),
    "texts by field": ({"errors": {"scope": "is odd"}}, "scope: is odd"),
    "Django REST framework": ({"contacts": ["This field is required."]}, "contacts: This field is required."),
    "problem+json": ({"type": "about:blank", "title": "Forbidden", "detail": "Ask Ann"}, "Forbidden; Ask Ann"),
    "problem+json, a place": ({"errors": [{"detail": "is odd", "pointer": "#/scope"}]}, "#/scope: is odd"),
    "Google": ({"error": {"code": 400, "message": "API key missing"}}, "API key missing"),
    "a list of errors": ({"error": [{"message": "no"}]}, "no"),
    "a list": ([{"message": "no"}], "no"),
    "a text": ("not now", "not now"),
    "twice the same": ({"message": "no", "detail": "no"}, "no"),
    "the first line": ({"message": "  no\nTraceback: secret.py"}, "no"),
    "a code alone": ({"error": "invalid_request"}, None),
    "nothing that is a reason": ({"request_id": "abc", "status": 400, "ok": False}, None),
    "odd types": ({"message": 7, "detail": None, "errors": [1, None, []], "error": {}}, None),
    "a field of an odd name": ({"detail": [{"loc": [None, 1.5], "msg": "no"}]}, "no"),
    "too deep": ({"detail": {"detail": {"detail": {"detail": {"detail": "no"}}}}}, None),
    "too many": ({"errors": list("abcdefgh")}, "a; b; c; d"),
}


@pytest.mark.parametrize("name", WORDS)
def test_the_reason_is_read_in_whatever_form_it_comes(name):
    """Row C4."""
    document, words = WORDS[name]
    assert words_of(json_answer(document, status=400, url=URL)) == words


@pytest.mark.parametrize(
    ("body", "media_type", "words"),
    [
        (b"\n Only listed clients.\nAsk us.", "text/plain; charset=utf-8", "Only listed clients."),
        (b"no", None, "no"),
        (b"not json", "application/problem+json", "not json"),
        (b"\xff no", "text/plain", "\ufffd no"),
        (b"x" * 9999, "text/plain", "x" * 400),
        (b"<html>no</html>", "text/plain", None),
        (PAGE, "text/html", None),
        (b"a=b", "application/x-www-form-urlencoded", None),
        (b"", "text/plain", None),
    ],
)
def test_a_plain_text_is_read_up_to_the_end_of_its_first_line(body, media_type, words):
    """Row C4."""
    headers = () if media_type is None else (("Content-Type", media_type),)
    assert words_of(HttpResponse(400, URL, headers, body)) == words


ASKED = ClientMetadata("http://127.0.0.1:1/callback", "Valetkey")
ENDPOINTS = {
    "token": lambda answer: parse_token(answer, now=0.0, requested_scope=None),
    "registration": lambda answer: parse_registration(answer, ServerMetadata("https://as.example"), ASKED, now=0.0),
    "revocation": lambda answer: parse_revocation(answer, now=0.0),
}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(("status", "error"), [(422, Refused), (403, Refused), (503, TemporaryError)])
def test_every_endpoint_is_quoted(endpoint, status, error):
    """Row C4."""
    answer = json_answer({"detail": [{"loc": ["body", "contacts"], "msg": "Field\trequired"}]}, status=status, url=URL)
    with pytest.raises(error, match=r'"contacts: Field\\trequired"'):
        ENDPOINTS[endpoint](answer)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_server_that_names_a_time_is_told_with_it(endpoint):
    """Row C4."""
    answer = raw_answer(b"", status=429, url=URL, headers=(("Retry-After", "3600"),))
    with pytest.raises(TemporaryError, match="in 60 minutes") as raised:
        ENDPOINTS[endpoint](answer)
    assert raised.value.retry_after == 3600.0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "later"),
        (0.0, "in 1 second"),
        (1.5, "in 2 seconds"),
        (119.0, "in 119 seconds"),
        (120.0, "in 2 minutes"),
        (3600.0, "in 60 minutes"),
        (7200.0, "in 2 hours"),
        (86_400.0, "in 24 hours"),
        (172_800.0, "in 2 days"),
    ],
)
def test_a_time_is_said_in_the_unit_that_a_person_would_use(seconds, said):
    """Row C4."""
    assert later(seconds) == said


@given(hostile.answers({"error": "invalid_request", "detail": [{"loc": ["x"], "msg": "no"}]}))
def test_whatever_comes_it_is_a_short_text_or_none(answer):
    words = words_of(answer)
    assert words is None or 0 < len(words) < 4000


def test_a_long_answer_takes_time_in_proportion_to_its_length():
    for make in (lambda text: text, lambda text: {"message": text}, lambda text: {"errors": {text: [text]}}):
        check_linear(
            lambda text, make=make: words_of(raw_answer(json.dumps(make(text)).encode(), status=400)), ANY_TEXTS
        )


def test_a_refused_client_is_still_one():
    with pytest.raises(ClientRefused, match='"invalid_client" "who are you"'):
        ENDPOINTS["token"](json_answer({"error": "invalid_client", "message": "who are you"}, status=401, url=URL))
