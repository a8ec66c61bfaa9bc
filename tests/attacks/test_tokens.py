# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Attacks on what is bound to what: codes, states, tokens, secrets and keys, and the server that each belongs to."""

import pytest

from tests.fakes.world import World
from tests.requirements import requirement
from valetkey.errors import AuthError, StateMismatch


@requirement("RSP-2")
@pytest.mark.parametrize("state", ["", "state=", "state=forged&", "state=a&state=b&"])
def test_an_answer_with_another_state_redeems_no_code(state):
    """Another person's code, put into this login, would give this person the other's account. Threat T1."""
    world = World()
    world.person.brings = lambda callback: f"{callback.partition('?')[0]}?{state}code=code-of-the-attacker"
    with pytest.raises(AuthError) as refusal:
        world.engine().replace(None)
    assert world.server.token_forms() == []
    assert isinstance(refusal.value, StateMismatch)
    assert "code-of-the-attacker" not in str(refusal.value)
