# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a refused refresh means for the session: a line for each row of the table."""

import pytest

from tests.requirements import requirement
from valetkey._policy.refusal import REFUSALS, RefusalMeaning, ends_refresh_token, meaning_of
from valetkey.errors import ClientRefused, Refused
from valetkey.values import Client, ClientOrigin

REGISTERED = Client("c", "https://as", origin=ClientOrigin.REGISTERED)
BY_HAND = Client("c", "https://as", origin=ClientOrigin.CONFIGURED)


def refusal(error, kind=Refused, **details):
    return kind("No.", hint="Ask.", error=error, **details)


LINES = [
    (refusal(None), REGISTERED, RefusalMeaning.UNCLEAR),
    (refusal("invalid_grant"), BY_HAND, RefusalMeaning.TOKEN_ENDED),
    (refusal("invalid_client", ClientRefused), REGISTERED, RefusalMeaning.CLIENT_GONE),
    (refusal("invalid_client", ClientRefused), BY_HAND, RefusalMeaning.LASTING),
    (refusal("invalid_dpop_proof"), REGISTERED, RefusalMeaning.LASTING),
    (refusal("invalid_scope"), REGISTERED, RefusalMeaning.OTHER),
]


@pytest.mark.parametrize(("said", "client", "meaning"), LINES, ids=lambda value: getattr(value, "name", ""))
def test_each_row_says_what_a_refusal_means(said, client, meaning):
    assert meaning_of(said, client) is meaning


def test_every_row_is_reached_by_its_own_line_and_by_no_other():
    reached = [next(row for row in REFUSALS if row.holds(said, client)) for said, client, _ in LINES]
    assert reached == list(REFUSALS)


@requirement("REF-9")
@pytest.mark.parametrize(
    ("is_json", "client", "meaning"),
    [
        (True, REGISTERED, RefusalMeaning.CLIENT_GONE),
        (False, REGISTERED, RefusalMeaning.UNCLEAR),
        (True, BY_HAND, RefusalMeaning.UNCLEAR),
    ],
)
def test_json_without_an_error_code_is_about_a_client_that_was_registered_here(is_json, client, meaning):
    """Supabase answers 422 and a JSON text of its own for a client it has forgotten."""
    assert meaning_of(refusal(None, is_json=is_json), client) is meaning


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
