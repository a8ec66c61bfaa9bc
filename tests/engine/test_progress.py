# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where a login stands, in words."""

import pytest

from tests.fakes.world import World, a_session
from valetkey._engine.progress import login_state
from valetkey.seams import LoginPrompt

PROMPT = LoginPrompt("https://mcp.example.com/mcp", "https://auth.example.com", "https://auth.example.com/authorize")


@pytest.mark.parametrize(
    ("session", "prompt", "has_looked", "words"),
    [
        (None, None, False, "not used yet"),
        (None, None, True, "not logged in"),
        (None, PROMPT, True, 'waits for a person to log in at "https://auth.example.com"'),
        (a_session(), PROMPT, True, 'waits for a person to log in at "https://auth.example.com"'),
        (a_session(), None, True, 'logged in at "https://auth.example.com"'),
        (a_session(expires_at=5), None, True, 'logged in at "https://auth.example.com", with a token that has expired'),
        (a_session(expires_at=None), None, True, 'logged in at "https://auth.example.com"'),
    ],
)
def test_a_state_is_told_in_a_few_words(session, prompt, has_looked, words):
    now = World().clock.now()
    assert login_state(session, prompt, has_looked=has_looked, now=now) == words
