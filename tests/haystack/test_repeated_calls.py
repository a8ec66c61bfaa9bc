# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A call that was turned away is made anew; it has not been executed before."""

import time

import pytest

from tests.fakes.threads import LONGEST_WAIT, in_background, until
from tests.haystack.calling import call, tool_of
from tests.requirements import requirement

HELD = 7


@pytest.fixture
def held_calls(misbehaving, open_toolset):
    """A toolset, one of its tools, and three calls that the server executes and has not answered yet."""
    misbehaving.switches.holds = HELD
    toolset = open_toolset(misbehaving.mcp_url, invocation_timeout=LONGEST_WAIT)
    add = tool_of(toolset)
    running = [in_background(lambda number=number: call(add, a=HELD, b=number)) for number in range(3)]
    until(lambda: misbehaving.executed == 3)
    return toolset, add, running


@requirement("USE-10", "USE-8")
@pytest.mark.parametrize("scope", [None, "admin"], ids=["another token", "more scope"])
def test_a_rejected_call_becomes_a_new_request_with_an_id_of_its_own(misbehaving, scope, open_toolset):
    add = tool_of(open_toolset(misbehaving.mcp_url))
    misbehaving.revoke_access_tokens()
    misbehaving.switches.scope_of_calls = scope
    assert call(add, a=1, b=2) == "3"
    calls = misbehaving.requests(message="tools/call")
    assert [one.status for one in calls] == [401, *([403] if scope else []), 200]
    # An id is used once within a session, and the login for more scope begins another one.
    assert len({(one.headers["Mcp-Session-Id"], one.id) for one in calls}) == len(calls)
    assert len({one.headers["Mcp-Session-Id"] for one in calls}) == (2 if scope else 1)
    assert misbehaving.executed == 1


def test_calls_that_are_executed_while_another_one_loses_the_session_are_executed_once(misbehaving, held_calls):
    """The replica that executes them still knows the session that another one does not know. Row J1. Trap 4."""
    _, add, running = held_calls
    misbehaving.switches.sessions_to_forget = 1
    assert call(add, a=1, b=2) == "3"
    assert misbehaving.executed == 4
    assert "DELETE" not in methods(misbehaving)
    misbehaving.released.set()
    assert [each.result(LONGEST_WAIT) for each in running] == ["7", "8", "9"]
    assert misbehaving.executed == 4
    until(lambda: methods(misbehaving).count("DELETE") == 1)  # the session that was lost is closed then


def test_closing_ends_the_calls_of_a_session_that_is_lost_too(misbehaving, held_calls):
    """Row J3."""
    toolset, add, running = held_calls
    misbehaving.switches.sessions_to_forget = 1
    assert call(add, a=1, b=2) == "3"
    started = time.monotonic()
    toolset.close()
    for each in running:
        with pytest.raises(Exception, match="was closed"):
            each.result(LONGEST_WAIT)
    assert time.monotonic() - started < LONGEST_WAIT / 2
    assert misbehaving.executed == 4


def methods(server):
    return [one.method for one in server.requests("/mcp")]
