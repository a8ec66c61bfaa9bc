# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A token, and settings, in a record that has no place for them."""

from pathlib import Path

import pytest

from valetkey._sessions.fingerprint import fingerprint, settings_mark
from valetkey.settings.credentials import PrivateKey
from valetkey.settings.settings import Settings
from valetkey.values import Secret


@pytest.mark.parametrize("text", ["access-0", "", "\ud800", "Ω"])
def test_it_says_which_token_it_is_and_nothing_of_it(text):
    assert fingerprint(Secret(text)) == fingerprint(Secret(text)) != fingerprint(Secret(f"{text}."))
    assert len(fingerprint(Secret(text))) == 16


MCP = "https://mcp.example.com/mcp"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": Secret("s3cret")},
        {"scope": ("read",)},
        {"resource": "https://mcp.example.com"},
        {"private_key": PrivateKey(Path("/a/key.pem"))},
    ],
    ids=str,
)
def test_it_says_that_settings_have_changed_and_too_little_to_guess_a_secret(changes):
    """Row H1."""
    usual, changed = Settings(url=MCP, client_id="one"), Settings(url=MCP, client_id="one", **changes)
    assert settings_mark(changed) == settings_mark(changed) != settings_mark(usual)
    assert len(settings_mark(changed)) == 3


def test_a_function_is_the_same_in_each_program():
    """Row H1."""
    one, other = (Settings(url=MCP, approve_scope=lambda request, answer=answer: answer) for answer in (True, False))
    assert settings_mark(one) == settings_mark(other)


def test_a_program_that_listens_begins_the_same_login():
    assert settings_mark(Settings(url=MCP, on_event=print)) == settings_mark(Settings(url=MCP))
