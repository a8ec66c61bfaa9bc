# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The prompt is announced while a person is asked, and for no login that is over before."""

import threading
import time

import pytest

from tests.fakes.authorization_server import ISSUER, MCP
from valetkey._grants.grant import GrantContext
from valetkey._grants.prompting import open_prompt
from valetkey.errors import LoginFailed
from valetkey.seams import LoginPrompt

PROMPT = LoginPrompt(MCP, ISSUER, f"{ISSUER}/authorize")


def test_a_prompt_is_announced_until_the_person_has_answered():
    announced = []
    with open_prompt(
        PROMPT,
        GrantContext(lambda session: session, announced.append, threading.Event()),
        method="GET",
        monotonic=time.monotonic,
    ):
        assert announced == [PROMPT]
    assert announced == [PROMPT, None]


def test_a_login_that_was_cancelled_before_asks_nobody():
    """Row J3."""
    announced, cancelled = [], threading.Event()
    cancelled.set()
    context = GrantContext(lambda session: session, announced.append, cancelled)
    with (
        pytest.raises(LoginFailed, match="cancelled"),
        open_prompt(PROMPT, context, method="GET", monotonic=time.monotonic),
    ):
        announced.append("asked")
    assert announced == []
