# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What counts as a rejection of a token by the MCP server."""

import pytest

from tests.fakes.network import challenges
from tests.requirements import requirement
from valetkey._policy.rejection import is_rejection


@pytest.mark.parametrize("fields", [(), ("Basic",), ('Bearer error="invalid_token"',), ("nonsense, , =",)])
def test_every_401_is_a_rejection(fields):
    assert is_rejection(401, challenges(*fields))


@requirement("STP-1")
@pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
def test_a_403_that_says_insufficient_scope_is_a_rejection(scheme):
    assert is_rejection(403, challenges(f'{scheme} error="insufficient_scope", scope="write"'))


@requirement("WWW-17")
@pytest.mark.parametrize(
    "fields",
    [
        (),
        ('Bearer error="access_denied"',),
        ('Bearer error="invalid_token"',),
        ('Bearer scope="write"',),
        ('DPoP error="invalid_token"',),
    ],
)
def test_any_other_403_is_a_matter_of_permission(fields):
    assert not is_rejection(403, challenges(*fields))


@pytest.mark.parametrize("status", [200, 302, 400, 404, 500])
def test_other_statuses_are_no_rejection_whatever_their_challenges_say(status):
    assert not is_rejection(status, challenges('Bearer error="insufficient_scope"'))
