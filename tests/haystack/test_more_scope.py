# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server may want more scope for a call than for a connection, and may forbid a call altogether."""

import pytest
from haystack.tools.errors import ToolInvocationError

from haystack_integrations.tools.mcp_oauth import (
    MCPAuthorizationError,
    MCPInvocationError,
    MCPTool,
    MCPToolset,
    OAuthConfig,
    StreamableHttpServerInfo,
)
from tests.haystack.calling import authorization_error_behind, call, tool_of
from tests.requirements import requirement
from valetkey.errors import ScopeMissing, TokenRejected


@requirement("STP-1", "STP-3")
def test_a_call_that_wants_more_scope_leads_to_one_more_login_with_both(misbehaving, open_toolset, person):
    """Trap 17."""
    add = tool_of(open_toolset(misbehaving.mcp_url))
    misbehaving.switches.scope_of_calls = "admin"
    assert call(add, a=1, b=2) == "3"
    assert [one.parameters["scope"] for one in misbehaving.requests("/authorize")] == ["mcp", "mcp admin"]
    assert [one.status for one in misbehaving.requests(message="tools/call")] == [403, 200]
    assert call(add, a=2, b=3) == "5"
    assert person.logins == 2


@requirement("WWW-16")
def test_a_new_login_and_then_more_scope_may_be_wanted_by_one_call(misbehaving, open_toolset, person):
    """A grant that ends takes the scope of its last login with it, and the new one begins with the usual scope."""
    add = tool_of(open_toolset(misbehaving.mcp_url))
    misbehaving.switches.scope_of_calls = "admin"
    misbehaving.revoke_everything()
    assert call(add, a=1, b=2) == "3"
    assert [one.status for one in misbehaving.requests(message="tools/call")] == [401, 403, 200]
    assert person.logins == 3


@requirement("WWW-15", "STP-5")
@pytest.mark.parametrize("pinned", [None, ["mcp"]], ids=["scope open", "scope set"])
def test_a_scope_that_no_login_brings_is_named_in_the_same_words_each_time(misbehaving, open_toolset, person, pinned):
    """Row F2."""
    config = OAuthConfig(scopes=pinned)
    add = tool_of(open_toolset(StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config)))
    misbehaving.switches.scope_of_calls, misbehaving.switches.grants = "admin", "mcp"
    told = []
    for _ in range(3):
        with pytest.raises(ToolInvocationError) as raised:
            call(add, a=1, b=2)
        error = authorization_error_behind(raised.value).error
        assert (type(error), error.required, error.granted) == (ScopeMissing, ("admin",), ("mcp",))
        told.append(error.message)
    assert len(set(told)) == 1
    assert misbehaving.mcp_url in told[0]
    assert '"admin"' in told[0]
    assert person.logins == (2 if pinned is None else 1)


@pytest.mark.parametrize("use", [MCPToolset, lambda info: MCPTool("add", info)], ids=["toolset", "tool"])
def test_a_scope_that_the_connection_wants_and_no_login_brings_is_named_too(misbehaving, use, person):
    """Row F2."""
    misbehaving.switches.scope_of_sessions, misbehaving.switches.grants = "admin", "mcp"
    tools = use(StreamableHttpServerInfo(url=misbehaving.mcp_url))
    told = []
    for _ in range(2):
        with pytest.raises(MCPAuthorizationError, match="admin") as raised:
            tools.warm_up()
        assert type(raised.value.error) is ScopeMissing
        told.append(raised.value.error.message)
    assert len(set(told)) == 1
    assert person.logins <= 2


@requirement("SCP-7")
def test_a_scope_beyond_the_users_choice_is_told_and_nobody_is_asked(misbehaving, open_toolset, person):
    config = OAuthConfig(scopes=["mcp"])
    add = tool_of(open_toolset(StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config)))
    misbehaving.switches.scope_of_calls = "admin"
    with pytest.raises(ToolInvocationError, match="admin") as raised:
        call(add, a=1, b=2)
    error = authorization_error_behind(raised.value).error
    assert (type(error), error.required, error.granted) == (ScopeMissing, ("admin",), ("mcp",))
    assert person.logins == 1


@requirement("WWW-17")
def test_a_forbidden_call_fails_as_a_call_and_nobody_is_asked(misbehaving, open_toolset, person):
    add = tool_of(open_toolset(misbehaving.mcp_url))
    misbehaving.switches.forbids_calls = True
    with pytest.raises(ToolInvocationError, match="403") as raised:
        call(add, a=1, b=2)
    assert type(raised.value.__cause__) is MCPInvocationError
    misbehaving.switches.forbids_calls = False
    assert call(add, a=1, b=2) == "3"
    assert person.logins == 1
    assert len(misbehaving.requests(message="initialize")) == 2  # the rejected one, and the only session


def test_a_server_that_breaks_down_over_a_call_keeps_its_session(misbehaving, open_toolset):
    """SDK 1.x alone would wait for the answer until the end of Haystack's clock, and end the session."""
    add = tool_of(open_toolset(misbehaving.mcp_url))
    misbehaving.switches.fails_calls = True
    with pytest.raises(ToolInvocationError, match="500 Internal Server Error"):
        call(add, a=1, b=2)
    misbehaving.switches.fails_calls = False
    assert call(add, a=1, b=2) == "3"
    assert len(misbehaving.requests(message="initialize")) == 2


def test_what_a_server_says_about_its_failure_reaches_the_user(misbehaving, open_toolset):
    add = tool_of(open_toolset(misbehaving.mcp_url))
    misbehaving.switches.explains_failures = misbehaving.switches.fails_calls = True
    with pytest.raises(ToolInvocationError, match="the disk is full"):
        call(add, a=1, b=2)


@requirement("WWW-15")
def test_a_new_token_that_is_rejected_too_is_told_and_nobody_is_asked_again(misbehaving, open_toolset, person):
    """The refresh succeeds, and the call is still refused."""
    add = tool_of(open_toolset(misbehaving.mcp_url))
    misbehaving.switches.accepts_tokens = False
    with pytest.raises(ToolInvocationError, match="rejects even a new token") as raised:
        call(add, a=1, b=2)
    behind = authorization_error_behind(raised.value)
    assert type(behind.error) is TokenRejected
    assert misbehaving.mcp_url in str(behind)
    assert [one.status for one in misbehaving.requests(message="tools/call")] == [401, 401]
    assert person.logins == 1
