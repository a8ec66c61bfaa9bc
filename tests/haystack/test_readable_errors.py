# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A failed login is told in a sentence, whichever way Haystack's tools are used."""

import pytest

from haystack_integrations.tools.mcp_oauth import (
    AuthorizationRequired,
    MCPAuthorizationError,
    MCPConnectionError,
    OAuthConfig,
    StreamableHttpServerInfo,
)
from tests.haystack.calling import authorization_error_behind, call
from valetkey.errors import LoginFailed, LoginRequired

WAYS = {
    "lazy toolset": lambda toolset, tool, info: toolset(info).warm_up(),
    "eager toolset": lambda toolset, tool, info: toolset(info, eager_connect=True),
    "lazy tool": lambda toolset, tool, info: call(tool(info), a=1, b=2),
    "eager tool": lambda toolset, tool, info: tool(info, eager_connect=True),
}


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def use(request, open_toolset, open_tool):
    """One way to use a server."""
    return lambda info: request.param(open_toolset, open_tool, info)


def test_a_denied_login_names_the_server_the_cause_and_what_to_do(misbehaving, use):
    """Trap 12: an error without text, or with a list of things to check instead of the cause."""
    misbehaving.switches.denies = True
    with pytest.raises(Exception) as raised:  # noqa: PT011 - each way has a type of its own
        use(StreamableHttpServerInfo(url=misbehaving.mcp_url))
    shown = str(raised.value)
    assert misbehaving.mcp_url in shown
    assert "access_denied" in shown
    assert "Please check if" not in shown
    error = authorization_error_behind(raised.value)
    assert isinstance(error, AuthorizationRequired)
    assert type(error.error) is LoginFailed
    assert error.error.error == "access_denied"
    assert shown.rstrip().endswith(error.hint)
    assert error.__cause__ is error.error


def test_a_login_nobody_may_be_asked_for_says_so(misbehaving, use, person):
    """Trap 12: an error without text, or with a list of things to check instead of the cause."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - each way has a type of its own
        use(StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=OAuthConfig(login="never")))
    error = authorization_error_behind(raised.value)
    assert type(error.error) is LoginRequired
    assert misbehaving.mcp_url in str(raised.value)
    assert error.hint in str(raised.value)
    assert person.logins == 0


def test_a_toolset_shows_the_error_itself(misbehaving, open_toolset):
    """It is caught as upstream's error is, and MCPToolset leaves a ValueError alone."""
    misbehaving.switches.denies = True
    with pytest.raises(MCPAuthorizationError) as raised:
        open_toolset(misbehaving.mcp_url).warm_up()
    assert isinstance(raised.value, MCPConnectionError)
    assert isinstance(raised.value, ValueError)
    assert raised.value.operation == "connect"
