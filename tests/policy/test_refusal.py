# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a refusal means: a line for each row of the table, and the whole table over all that can come."""

from itertools import product

import pytest

from tests.requirements import requirement
from valetkey._policy.refusal import (
    CLIENT_GONE,
    LASTING,
    LATER,
    MEANINGS,
    NOT_HERE,
    NOTHING_ENDS,
    REFUSALS,
    TOKEN_ENDED,
    Answer,
    Asked,
    answer_of,
    ends_refresh_token,
    meaning_of,
)
from valetkey.errors import ClientRefused, LoginFailed, MalformedDocument, Refused, Unsupported
from valetkey.profiles.profile import Profile
from valetkey.values import Client, ClientOrigin

REGISTERED, BY_HAND, DOCUMENT = ClientOrigin.REGISTERED, ClientOrigin.CONFIGURED, ClientOrigin.DOCUMENT


def renewal(status, error=None, *, origin=REGISTERED, **details):
    return Answer(asked=Asked.RENEWAL, status=status, error=error, origin=origin, **details)


LINES = [
    (LATER, renewal(503)),
    (NOT_HERE, renewal(308)),
    (TOKEN_ENDED, renewal(400, "invalid_grant")),
    (CLIENT_GONE, renewal(401, "invalid_client")),
    (LASTING, renewal(401, "invalid_client", origin=BY_HAND)),
    (LASTING, renewal(400, "invalid_dpop_proof")),
    (NOT_HERE, renewal(404)),
    (NOTHING_ENDS, renewal(400)),
]


@pytest.mark.parametrize(("meaning", "said"), LINES, ids=lambda value: getattr(value, "name", ""))
def test_each_row_says_what_a_refusal_means(meaning, said):
    assert meaning_of(said) is meaning


def test_every_row_is_reached_by_its_own_line_and_by_no_other():
    reached = [next(row for row in REFUSALS if row.holds(said)) for _, said in LINES]
    assert reached == list(REFUSALS)
    assert {row.meaning for row in REFUSALS} == set(MEANINGS)


STATUSES = (200, *range(300, 600))
CODES = (None, "invalid_grant", "bad_refresh_token", "invalid_client", "unauthorized_client", "invalid_scope", "x_17")
EVERYTHING = [
    Answer(asked=asked, status=status, error=error, is_object=error is not None or is_object, origin=origin)
    for asked, status, error, is_object, origin in product(Asked, STATUSES, CODES, (False, True), (None, *ClientOrigin))
]


@requirement("REF-9")
def test_nothing_ends_without_a_word_of_the_authorization_server():
    """Rows A1, A2, A3."""
    ended = [answer for answer in EVERYTHING if meaning_of(answer).ends_token or meaning_of(answer).ends_client]
    assert {answer.error for answer in ended} == {
        "invalid_grant",
        "bad_refresh_token",
        "invalid_client",
        "unauthorized_client",
    }
    assert {answer.asked for answer in ended} == {Asked.RENEWAL, Asked.CODE}
    assert all(answer.origin is REGISTERED for answer in ended if meaning_of(answer).ends_client)


def test_what_says_later_ends_nothing_whatever_else_it_says():
    """Rows A6, A9."""
    for answer in EVERYTHING:
        is_later = answer.status >= 500 or answer.status in (407, 408, 425, 429)
        assert (meaning_of(answer) is LATER) == is_later


def test_a_person_may_log_in_unless_that_would_be_refused_too():
    """Rows A1, A3."""
    for answer in EVERYTHING:
        meaning = meaning_of(answer)
        if not meaning.may_ask_person:
            assert meaning is LATER or (answer.error, answer.origin) == ("invalid_client", BY_HAND)


@pytest.mark.parametrize("error", ["ratelimited", "internal_error", "service_unavailable", "server_error"])
@pytest.mark.parametrize("status", [200, 400, 403])
def test_a_code_that_says_later_is_temporary_with_every_status(status, error):
    """Row A9."""
    assert meaning_of(renewal(status, error)) is LATER


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308, 404, 405, 410])
def test_who_answers_from_the_wrong_place_says_that_the_endpoint_is_not_there(status):
    """Row A4."""
    assert meaning_of(renewal(status)) is NOT_HERE
    assert meaning_of(renewal(status, "method_not_allowed", is_object=True)) is NOT_HERE


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_word_of_the_authorization_server_comes_before_a_status(status):
    assert meaning_of(renewal(status, "invalid_grant")) is TOKEN_ENDED
    assert meaning_of(renewal(status, "invalid_client")) is CLIENT_GONE


@requirement("REF-9")
@pytest.mark.parametrize(
    ("error", "origin", "meaning"),
    [
        ("unauthorized_client", REGISTERED, CLIENT_GONE),
        ("unauthorized_client", BY_HAND, NOTHING_ENDS),  # RFC 6749 §5.2: it may not refresh; a login may be allowed
        ("unauthorized_client", DOCUMENT, NOTHING_ENDS),
        ("invalid_client", DOCUMENT, NOTHING_ENDS),  # a login registers the program instead
    ],
)
def test_what_a_refused_client_means_depends_on_where_it_comes_from(error, origin, meaning):
    assert meaning_of(renewal(400, error, origin=origin)) is meaning


def test_a_status_that_a_provider_has_for_a_forgotten_client_is_about_clients_registered_here():
    """Row A3."""
    said = {"is_object": True, "forgets_with": (422,)}
    assert meaning_of(renewal(422, **said)) is CLIENT_GONE
    assert meaning_of(renewal(422, origin=BY_HAND, **said)) is NOTHING_ENDS
    assert meaning_of(renewal(400, **said)) is NOTHING_ENDS
    assert meaning_of(renewal(422, "validation_failed", **said)) is NOTHING_ENDS
    assert meaning_of(renewal(422, forgets_with=(422,))) is NOTHING_ENDS
    assert meaning_of(renewal(422, is_object=True)) is NOTHING_ENDS


CLIENT = Client("c", "https://as", origin=REGISTERED)


def test_an_error_tells_of_the_answer_it_comes_from():
    refused = ClientRefused("No.", hint="Ask.", error="invalid_client", status=401, is_json=True)
    forgetful = Profile(name="p", forgotten_client_statuses=(422,))
    assert answer_of(refused, Asked.CODE, CLIENT, forgetful) == Answer(
        asked=Asked.CODE, status=401, error="invalid_client", is_object=True, origin=REGISTERED, forgets_with=(422,)
    )
    assert answer_of(Refused("No.", hint="Ask."), Asked.REVOCATION) == Answer(asked=Asked.REVOCATION, status=400)
    page = MalformedDocument("A page.", hint="Ask.", url="https://as/token")
    assert answer_of(page, Asked.RENEWAL, CLIENT) == Answer(asked=Asked.RENEWAL, status=200, origin=REGISTERED)
    assert answer_of(Unsupported("No.", hint="Ask."), Asked.RENEWAL) is None


def test_the_answer_of_a_login_has_a_code_or_tells_of_nothing():
    refused = LoginFailed("No.", hint="Ask.", error="unauthorized_client")
    said = answer_of(refused, Asked.CODE, CLIENT)
    assert said == Answer(asked=Asked.CODE, status=400, error="unauthorized_client", origin=REGISTERED)
    assert answer_of(LoginFailed("Too late.", hint="Again."), Asked.CODE, CLIENT) is None


@requirement("REF-9")
@pytest.mark.parametrize(
    ("error", "ended"),
    [
        ("invalid_grant", True),
        ("bad_refresh_token", True),
        ("invalid_refresh_token", True),
        ("refresh_token_expired", True),
        ("invalid_request", False),
        ("invalid_client", False),
        ("invalid_scope", False),
        ("server_error", False),
        ("", False),
        (None, False),
    ],
)
def test_a_refresh_token_ends_where_the_refusal_is_about_it(error, ended):
    assert ends_refresh_token(error) is ended
