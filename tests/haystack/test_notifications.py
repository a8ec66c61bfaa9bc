# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What is no call of a tool carries the token too, and does no harm when it is rejected."""

from tests.fakes.threads import LONGEST_WAIT
from tests.haystack.calling import call, tool_of, wait_until
from tests.requirements import requirement


@requirement("USE-2", "VER-10")
def test_notifications_and_the_servers_stream_carry_the_token(misbehaving, open_toolset):
    misbehaving.switches.streams = True
    call(tool_of(open_toolset(misbehaving.mcp_url)), a=1, b=2)
    assert misbehaving.stream_opened.wait(LONGEST_WAIT)
    (stream,) = [one for one in misbehaving.requests("/mcp") if one.method == "GET"]
    (initialized,) = misbehaving.requests(message="notifications/initialized")
    assert stream.token == initialized.token == "secret-access-1"


@requirement("USE-2", "VER-10")
def test_the_end_of_the_session_carries_the_token(misbehaving, open_toolset):
    toolset = open_toolset(misbehaving.mcp_url)
    tool_of(toolset)
    toolset.close()
    wait_until(lambda: [one for one in misbehaving.requests("/mcp") if one.method == "DELETE"])
    (end,) = [one for one in misbehaving.requests("/mcp") if one.method == "DELETE"]
    assert end.token == "secret-access-1"


def test_a_rejected_notification_while_connecting_is_heard_and_mended(misbehaving, open_toolset, person):
    """Nobody waits for the answer to a notification, so the connection has to look at it by itself."""
    misbehaving.switches.notifications_to_reject = 1
    assert call(tool_of(open_toolset(misbehaving.mcp_url)), a=1, b=2) == "3"
    assert [one.status for one in misbehaving.requests(message="notifications/initialized")] == [401, 202]
    assert person.logins == 1


def test_a_stream_that_is_refused_is_done_without(misbehaving, open_toolset):
    misbehaving.switches.refuses_streams = True
    assert call(tool_of(open_toolset(misbehaving.mcp_url)), a=1, b=2) == "3"
    assert call(tool_of(open_toolset(misbehaving.mcp_url)), a=2, b=3) == "5"
