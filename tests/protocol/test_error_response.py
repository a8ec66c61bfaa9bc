# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Error answers: what they say, and which of them pass."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import hostile
from tests.protocol import providers
from tests.protocol.answers import PAGE, TOKEN_ENDPOINT, json_answer, raw_answer
from tests.requirements import requirement
from valetkey.errors import ClientRefused, Refused
from valetkey.protocol.error_response import (
    LONGEST_WORDS,
    is_temporary,
    read_error,
    read_parameters,
    refusal_error,
    retry_after,
    temporary_error,
)
from valetkey.wire import HttpResponse

FORM = "application/x-www-form-urlencoded"
YEAR = 365 * 86_400.0


@requirement("TOK-14", "GEN-7")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(raw_answer(b""), id="empty body"),
        pytest.param(raw_answer(PAGE), id="HTML page"),
        pytest.param(raw_answer(b"error=x", media_type="text/plain"), id="a form that is not called one"),
        pytest.param(raw_answer(b"error=x", media_type="application/json"), id="a form that is called JSON"),
        pytest.param(HttpResponse(200, TOKEN_ENDPOINT, (), b"error=x"), id="a form without a media type"),
        pytest.param(raw_answer(b"error=\xff", media_type=FORM), id="a form that is not UTF-8"),
        pytest.param(raw_answer(b"&".join([b"a=1"] * 101), media_type=FORM), id="a form of 101 parameters"),
        pytest.param(json_answer(["error"]), id="a list"),
    ],
)
def test_what_is_neither_json_nor_a_form_has_no_parameters(answer):
    assert read_parameters(answer) is None
    assert read_error(answer) == (None, None)


@requirement("TOK-14")
@pytest.mark.parametrize("media_type", [FORM, f"{FORM}; charset=utf-8", " Application/X-WWW-Form-UrlEncoded ;x"])
def test_a_form_is_read_when_it_is_called_one(media_type):
    answer = raw_answer(b"error=a%26b&error_description=c+d%C3%A9&empty=", media_type=media_type)
    assert read_parameters(answer) == {"error": "a&b", "error_description": "c d\u00e9", "empty": ""}
    assert read_error(answer) == ("a&b", "c d\u00e9")


def test_a_form_may_have_100_parameters():
    body = b"&".join(b"p%d=1" % number for number in range(100))
    assert len(read_parameters(raw_answer(body, media_type=FORM))) == 100


def test_json_is_read_even_when_it_is_called_a_form():
    body = b'{"error": "invalid_grant"}'
    assert read_error(raw_answer(body, media_type=FORM)) == ("invalid_grant", None)


@requirement("TOK-14")
@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        pytest.param({"error": "invalid_request"}, ("invalid_request", None), id="the example of RFC 6749 section 5.2"),
        pytest.param({"error": "a", "error_description": "b", "error_uri": "c"}, ("a", "b"), id="with a description"),
        pytest.param({"error_description": "b"}, (None, "b"), id="only a description"),
        pytest.param({"error": "", "error_description": ""}, (None, None), id="empty"),
        pytest.param({"error": None, "error_description": None}, (None, None), id="null"),
        pytest.param({"error": {"code": 401}, "error_description": ["b"]}, (None, "b"), id="a list of texts"),
        pytest.param(
            providers.SUPABASE_STALE_CLIENT, (None, "Unrecognized client_id"), id="Supabase has words of its own"
        ),
        pytest.param({"access_token": "x"}, (None, None), id="no error at all"),
    ],
)
def test_the_code_and_the_description_of_a_refusal(document, refusal):
    assert read_error(json_answer(document, status=400)) == refusal


def test_github_says_its_errors_in_a_form():
    answer = raw_answer(providers.GITHUB_REFUSAL, media_type=f"{FORM}; charset=utf-8")
    assert read_error(answer) == ("bad_verification_code", "The code passed is incorrect or expired.")


@requirement("REF-9")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(json_answer({"error": "invalid_grant"}, status=400), id="a dead grant"),
        pytest.param(json_answer({"error": "invalid_client"}, status=401), id="an unknown client"),
        pytest.param(raw_answer(PAGE, status=403), id="a page that forbids"),
        pytest.param(raw_answer(PAGE, status=404), id="nothing there"),
        pytest.param(json_answer({}, status=200), id="success"),
        *(
            pytest.param(json_answer({"error": error}, status=status), id=f"{status} {error}")
            for status in (200, 400)
            for error in ("x_17", "error", "invalid_request", "refresh_token_timeout", "not_unavailable", "_" * 101)
        ),
        pytest.param(json_answer({"error": {"code": "ratelimited"}}, status=400), id="a code within an error"),
    ],
)
def test_what_will_not_pass_by_itself(answer):
    assert is_temporary(answer) is False


@requirement("REF-9")
@pytest.mark.parametrize(
    "answer",
    [
        *(
            pytest.param(raw_answer(PAGE, status=status), id=str(status))
            for status in (407, 408, 425, 429, 500, 501, 502, 503, 504, 599)
        ),
        pytest.param(json_answer({"error": "invalid_grant"}, status=500), id="500 that calls itself a dead grant"),
        pytest.param(json_answer({"error": "temporarily_unavailable"}, status=400), id="unavailable for now"),
        pytest.param(json_answer({"error": "server_error"}, status=200), id="an error with status 200"),
        pytest.param(raw_answer(b"error=server_error", status=200, media_type=FORM), id="an error in a form"),
        pytest.param(json_answer({"error": "invalid_grant"}, status=408), id="408 that calls itself a dead grant"),
    ],
)
def test_what_may_pass_by_itself(answer):
    assert is_temporary(answer) is True


@requirement("REF-9")
@pytest.mark.parametrize("status", [200, 400, 403])
@pytest.mark.parametrize(
    "error",
    [
        "internal_error",
        "internal_server_error",
        "internalServerError",
        "fatal_error",
        "ratelimited",
        "rate_limited",
        "rate_limit_exceeded",
        "RATE_LIMITED",
        "too_many_requests",
        "quota_exceeded",
        "service_unavailable",
        "TEMPORARILY_UNAVAILABLE",
        "unavailable",
        "request_timeout",
        "timed-out",
        "server_busy",
        "overloaded",
        "try_again_later",
        "throttled",
    ],
)
def test_a_code_that_says_later_may_pass_by_itself(error, status):
    """Row A9."""
    answer = json_answer({"ok": False, "error": error}, status=status)
    assert is_temporary(answer) is True
    assert f'answered {status}: "{error}"' in temporary_error(answer, "The token endpoint", now=0.0).message


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308])
def test_what_redirects_says_nothing_about_later(status):
    """The endpoint has moved, whatever stands in the body: else its code would keep everyone waiting. Row A4."""
    assert is_temporary(json_answer({"error": "temporarily_unavailable"}, status=status)) is False


def test_the_temporary_error_names_who_answered_and_when_to_try_again():
    answer = raw_answer(PAGE, status=503, headers=(("Retry-After", "120"),))
    error = temporary_error(answer, "The token endpoint", now=0.0)
    assert str(error) == f"The token endpoint {TOKEN_ENDPOINT} answered 503. Try again in 2 minutes."
    assert (error.retry_after, error.error) == (120.0, None)


def test_the_temporary_error_has_the_code_if_there_is_one():
    answer = json_answer({"error": "slow_down"}, status=429)
    assert temporary_error(answer, "The token endpoint", now=0.0).error == "slow_down"


@pytest.mark.parametrize(
    ("error", "kind", "hint"),
    [
        ("invalid_client", ClientRefused, "Check client_id, client_secret and how this client may authenticate."),
        ("unauthorized_client", ClientRefused, "Check client_id, client_secret and how this client may authenticate."),
        ("invalid_target", Refused, "The server does not issue tokens for this resource"),
        ("invalid_scope", Refused, "No scope was asked for: set scope= to what this server offers."),
        ("invalid_grant", Refused, "Log in again."),
        (None, Refused, "Log in again."),
    ],
)
def test_a_refusal_names_who_said_no_and_what_to_do(error, kind, hint):
    answer = json_answer({"error": error, "error_description": "a\x1bb"}, status=400, url="https://as.example/revoke")
    refusal = refusal_error(answer, "The revocation endpoint")
    told = f'"{error}" ' if error else ""
    assert refusal.message == f'The revocation endpoint https://as.example/revoke refused (400): {told}"a\\u001bb".'
    assert type(refusal) is kind
    assert refusal.hint.startswith(hint)
    assert (refusal.error, refusal.description, refusal.status) == (error, r"a\u001bb", 400)
    assert (refusal.endpoint, refusal.is_json) == ("https://as.example/revoke", True)


def test_a_page_refuses_without_saying_why():
    refusal = refusal_error(raw_answer(PAGE, status=403), "The token endpoint")
    assert refusal.message == f"The token endpoint {TOKEN_ENDPOINT} refused (403): without saying why."
    assert not refusal.is_json


@requirement("GEN-7")
@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ((("Location", "https://as.example/v2/token\x1b"),), 'it redirects to "https://as.example/v2/token\\u001b"'),
        ((), "without saying why"),
    ],
)
def test_a_redirect_is_not_followed_and_says_where_it_leads(headers, reason):
    """Row F16."""
    refusal = refusal_error(raw_answer(b"", status=308, headers=headers), "The token endpoint")
    assert refusal.message == f"The token endpoint {TOKEN_ENDPOINT} refused (308): {reason}."
    assert "ask the server's operator for the right endpoint" in refusal.hint


NOW = 784_111_777.0
"""Sunday, 6 November 1994, 08:49:37 UTC: the moment of the examples in RFC 9110 §5.6.7."""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("120", 120.0, id="seconds, as in RFC 9110 section 10.2.3"),
        pytest.param("0", 0.0, id="now"),
        pytest.param(" 5 ", 5.0, id="spaces around"),
        pytest.param("0000000000005", 5.0, id="many zeros"),
        pytest.param("9" * 400, YEAR, id="a number without end is a year"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", 0.0, id="this moment"),
        pytest.param("Sun, 06 Nov 1994 08:50:37 GMT", 60.0, id="a date"),
        pytest.param("Sunday, 06-Nov-94 08:50:37 GMT", 60.0, id="a date of RFC 850"),
        pytest.param("Sun Nov  6 08:50:37 1994", 60.0, id="a date of asctime, which is UTC"),
        pytest.param("Sun, 06 Nov 1994 09:50:37 +0100", 60.0, id="a date of another zone"),
        pytest.param("Sun, 06 Nov 1994 08:50:37 -0000", 60.0, id="a date of no zone"),
        pytest.param("Fri, 31 Dec 1993 23:59:59 GMT", 0.0, id="a date in the past"),
        pytest.param("Fri, 31 Dec 2999 23:59:59 GMT", YEAR, id="a date far away is a year"),
        pytest.param("", None, id="empty"),
        pytest.param("soon", None, id="a word"),
        pytest.param("-1", None, id="negative"),
        pytest.param("1.5", None, id="a fraction"),
        pytest.param("1e3", None, id="an exponent"),
        pytest.param("\u0661\u0662", None, id="digits of another script"),
        pytest.param("\u00b2", None, id="a superscript"),
        pytest.param("Sun, 99 Nov 1994 08:49:37 GMT", None, id="a date that is none"),
        pytest.param("Sun, 06 Nov 99999 08:49:37 GMT", None, id="a year that is none"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 +99999999999", None, id="a zone that is none"),
    ],
)
def test_how_long_the_server_asks_to_wait(value, seconds):
    assert retry_after(raw_answer(b"", status=503, headers=(("retry-after", value),)), now=NOW) == seconds


@pytest.fixture
def elsewhere(monkeypatch):
    """This program runs five hours behind UTC."""
    monkeypatch.setenv("TZ", "EST5")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("value", ["Sun Nov  6 08:50:37 1994", "Sun, 06 Nov 1994 08:50:37 -0000"])
def test_a_date_without_a_zone_is_utc_wherever_this_program_runs(value):
    assert retry_after(raw_answer(b"", status=503, headers=(("Retry-After", value),)), now=NOW) == 60.0


def test_a_server_that_does_not_ask_to_wait():
    assert retry_after(raw_answer(b"", status=503), now=NOW) is None


@requirement("GEN-7")
@given(
    st.one_of(
        hostile.texts, hostile.numbers.map(str), st.from_regex(r"[A-Za-z]{3}, [0-9]{1,2} [JFN][aeo][nbv] [0-9:]* *\S*")
    )
)
def test_any_retry_after_is_a_time_up_to_a_year_or_nothing(value):
    seconds = retry_after(raw_answer(b"", status=503, headers=(("Retry-After", value),)), now=NOW)
    assert seconds is None or 0.0 <= seconds <= YEAR


@requirement("GEN-7", "TOK-14")
@given(hostile.answers({"error": "invalid_grant", "error_description": "It has ended."}))
def test_any_answer_can_be_asked_what_it_refuses(answer):
    for text in read_error(answer):
        assert text is None or (isinstance(text, str) and text)
    assert is_temporary(answer) in (True, False)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_where_a_redirect_leads_is_quoted_without_what_may_be_secret(status):
    """Row F16."""
    location = "https://user:s3cret@as.example/v2/register?token=s3cret#s3cret"
    answer = HttpResponse(status, "https://as.example/register", (("Location", location),))
    for error in (refusal_error(answer, "The endpoint"), temporary_error(answer, "The endpoint", now=0.0)):
        assert "https://...@as.example/v2/register" in error.message
        assert "s3cret" not in str(error)


def test_an_error_that_is_still_packed_is_told_as_that():
    """Row F11."""
    answer = HttpResponse(400, "https://as.example/token", (), b"\x1f\x8b...")
    assert "packed with gzip" in refusal_error(answer, "The token endpoint").message


@pytest.mark.parametrize(
    ("answered", "value", "seconds"),
    [
        ("Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        (None, "90", 90.0),
        (None, "Tue, 14 Nov 2023 22:14:20 GMT", None),
        ("yesterday", "Tue, 14 Nov 2023 22:14:20 GMT", None),
    ],
)
def test_without_a_clock_a_date_to_come_again_counts_from_the_date_of_the_answer(answered, value, seconds):
    """Row C4."""
    headers = (("Retry-After", value), *((("Date", answered),) if answered else ()))
    assert retry_after(raw_answer(b"", status=503, headers=headers), now=None) == seconds


@pytest.mark.parametrize("status", [301, 404, 405, 410])
def test_an_endpoint_that_is_not_here_is_a_matter_for_the_operator_if_a_login_does_not_help(status):
    """Row F16."""
    hint = refusal_error(raw_answer(b"", status=status, headers=(("Location", "/v2"),)), "The token endpoint").hint
    assert hint == "Log in again; if that fails too, ask the server's operator for the right endpoint."


@requirement("SEC-9", "GEN-7")
def test_a_code_and_a_description_are_cut_and_can_be_written_into_any_file():
    """Rows I2, I11."""
    error, description = read_error(json_answer({"error": "e" * 10_000, "error_description": "\ud800" * 10_000}))
    assert (len(error), description) == (LONGEST_WORDS, "?" * LONGEST_WORDS)
    late = json_answer({"error": "temporarily_unavailable".ljust(1000, "_")}, status=400)
    assert not is_temporary(late)


@requirement("SEC-9")
@pytest.mark.parametrize("value", ["9" * 100_000, " " * 100_000 + "5", "Wed, 21 Oct 2026 07:28:00 GMT" + " " * 100_000])
def test_retry_after_is_read_as_far_as_a_date_goes(value):
    """Row I2."""
    wait = retry_after(json_answer({}, status=503, headers=(("Retry-After", value),)), now=0.0)
    assert wait is None or 0 <= wait <= 365 * 86_400


def test_a_form_without_a_value_says_nothing():
    fields = (("Content-Type", "application/x-www-form-urlencoded"),)
    assert read_parameters(HttpResponse(400, TOKEN_ENDPOINT, fields, b"%" * 65_536)) == {}
