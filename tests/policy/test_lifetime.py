# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How long a token or a registered client can be used, and when a token is renewed."""

import pytest

from tests.requirements import requirement
from valetkey._policy.lifetime import is_client_usable, is_expired, is_renewal_due
from valetkey.values import Client, Secret, Token

NOW = 1_800_000_000.0


def token(**members):
    return Token(**{"access_token": Secret("t"), "obtained_at": NOW, **members})


@pytest.mark.parametrize(("expires_at", "expired"), [(None, False), (NOW + 1, False), (NOW, True), (NOW - 1, True)])
def test_a_token_is_expired_from_its_last_second_on(expires_at, expired):
    assert is_expired(token(expires_at=expires_at), NOW) is expired


@requirement("USE-9")
@pytest.mark.parametrize(
    ("life", "age", "due"),
    [
        (None, 1e9, False),
        (3600, 3539, False),
        (3600, 3540, True),
        (100, 89, False),
        (100, 90, True),
        (100, 200, True),
    ],
)
def test_renewal_is_due_a_minute_before_the_end_or_in_the_last_tenth_of_a_short_life(life, age, due):
    fresh = token(expires_at=None if life is None else NOW + life)
    assert is_renewal_due(fresh, NOW + age) is due


@requirement("DCR-8", "DCR-12")
@pytest.mark.parametrize(
    ("changes", "usable"),
    [
        ({}, True),
        ({"secret_expires_at": NOW + 1}, True),
        ({"secret_expires_at": NOW}, False),
        ({"issuer": "https://as/"}, False),
        ({"redirect_uri": "http://127.0.0.1:2/callback"}, False),
    ],
)
def test_a_registration_is_used_for_its_issuer_and_address_until_its_secret_expires(changes, usable):
    uri = "http://127.0.0.1:1/callback"
    client = Client(**{"client_id": "c", "issuer": "https://as", "redirect_uri": uri, **changes})
    assert is_client_usable(client, issuer="https://as", redirect_uri=uri, now=NOW) is usable
