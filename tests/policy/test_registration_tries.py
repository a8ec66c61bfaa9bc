# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a refused registration is changed to: what the refusal names, and nothing else."""

from dataclasses import replace

import pytest

from valetkey._policy.registration_tries import CORRECTIONS, corrected
from valetkey.errors import ClientRefused
from valetkey.protocol.registration import ClientMetadata
from valetkey.values import ClientAuthentication

NONE, BASIC, POST = ClientAuthentication.NONE, ClientAuthentication.BASIC, ClientAuthentication.POST
ASKED = ClientMetadata(
    "http://127.0.0.1:1/callback", "Valetkey", scope=("read",), binds_tokens=True, methods=(NONE, POST, BASIC)
)
DEVICE = replace(ASKED, redirect_uri=None)
NEXT = replace(ASKED, tried_methods=1)


def refusal(said=None, *, error="invalid_client_metadata", status=400):
    return ClientRefused("No.", hint="Ask.", error=error, description=said, status=status)


def left_out(member, metadata=ASKED):
    return replace(metadata, left_out=frozenset({member}))


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("Only token_endpoint_auth_method='client_secret_post' is supported", NEXT),
        ("token_endpoint_auth_method: Input should be 'client_secret_basic'", NEXT),
        ("unsupported authentication method none", NEXT),
        ("Public clients are not allowed", NEXT),
        ("public_client not permitted", NEXT),
        ("a client_secret is required", NEXT),
        ("Client authentication is required", NEXT),
        ("grant_types: refresh_token is not allowed", replace(ASKED, refreshes=False)),
        ("unsupported grant type", replace(ASKED, refreshes=False)),
        ("Only one grant is allowed", replace(ASKED, refreshes=False)),
        ("response_types.0: bad", left_out("response_types")),
        ("scope 'read' is not allowed", left_out("scope")),
        ("Unknown scopes", left_out("scope")),
        ("application_type must be web", left_out("application_type")),
        ("contacts: Field required", replace(ASKED, has_contacts=True)),
        ("contact is required", replace(ASKED, has_contacts=True)),
        ("Unknown member dpop_bound_access_tokens", left_out("dpop_bound_access_tokens")),
        ("redirect_uris: must be https", None),
        (
            "token_endpoint_auth_method: bad; contacts: required",
            replace(NEXT, has_contacts=True),
        ),
    ],
)
@pytest.mark.parametrize(("error", "status"), [("invalid_client_metadata", 400), (None, 422), ("invalid_request", 403)])
def test_what_a_refusal_names_is_changed_and_the_refresh_stays_otherwise(said, instead, error, status):
    """Row C1."""
    assert corrected(ASKED, refusal(said, error=error, status=status)) == instead


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        (replace(ASKED, methods=(POST,)), "token_endpoint_auth_method"),
        (replace(ASKED, refreshes=False), "grant_types"),
        (replace(ASKED, has_contacts=True), "contacts: at least one"),
        (left_out("scope"), "scope"),
        (replace(ASKED, scope=None), "scope"),
        (replace(ASKED, binds_tokens=False), "dpop"),
        (replace(DEVICE, has_placeholder=True), "redirect_uri"),
    ],
)
def test_what_has_been_changed_and_is_refused_again_is_final(metadata, said):
    """Row C1."""
    assert corrected(metadata, refusal(said)) is None


@pytest.mark.parametrize(("error", "said"), [("invalid_redirect_uri", None), (None, "redirect_uris: required")])
def test_a_client_on_another_device_names_an_address_where_one_is_wanted(error, said):
    assert corrected(DEVICE, refusal(said, error=error)) == replace(DEVICE, has_placeholder=True)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("invalid_client_metadata", 400),
        ("invalid_client_metadata", 403),
        (None, 400),
        (None, 422),
        ("invalid_request", 400),
    ],
)
def test_a_refusal_that_says_nothing_is_first_taken_to_be_about_the_method(error, status):
    """Row C1."""
    metadata, tried = ASKED, []
    while (changed := corrected(metadata, refusal("no", error=error, status=status))) is not None and len(tried) < 9:
        metadata = changed
        tried.append((metadata.method, metadata.refreshes))
    assert tried == [(POST, True), (BASIC, True), (NONE, False), (POST, False), (BASIC, False)]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("unapproved_software_statement", 400),
        ("access_denied", 400),
        ("invalid_token", 401),
        (None, 401),
        (None, 403),
        (None, 404),
    ],
)
def test_any_other_refusal_is_final(error, status):
    assert corrected(ASKED, refusal("not here", error=error, status=status)) is None


def test_an_endpoint_that_is_guessed_is_not_asked_again_for_nothing():
    assert corrected(ASKED, refusal(error="invalid_request"), is_guess=True) is None
    assert corrected(ASKED, refusal("grant_types"), is_guess=True) == replace(ASKED, refreshes=False)


def test_a_registration_that_cannot_be_used_is_asked_for_with_the_next_method():
    """Row C1."""
    unusable = refusal(error=None, status=201)
    last = replace(ASKED, tried_methods=2)
    assert corrected(ASKED, unusable) == NEXT
    assert corrected(last, unusable) is None
    assert corrected(replace(last, was_refused_for_nothing=True), unusable) == replace(
        ASKED, refreshes=False, was_refused_for_nothing=True
    )
    assert corrected(replace(last, was_refused_for_nothing=True, refreshes=False), unusable) is None


def test_every_row_says_what_it_is_about():
    assert len({row.named for row in CORRECTIONS}) == len(CORRECTIONS)
