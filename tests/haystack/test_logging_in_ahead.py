# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""From a server info, and so from every tool and toolset: log in ahead, log out, and see what was found."""

import asyncio
import copy
import json

import pytest

from haystack_integrations.tools.mcp_oauth import (
    AuthorizationRequired,
    MCPAuthorizationError,
    MCPTool,
    MCPToolset,
    OAuthConfig,
    SSEServerInfo,
    StreamableHttpServerInfo,
)
from tests.haystack.calling import call, tool_of
from tests.haystack.shared_servers import server_info
from tests.haystack.stored import stored_session
from valetkey.errors import ConfigurationError

MAKERS = {
    "server info": lambda info: info,
    "toolset": lambda info: MCPToolset(info).server_info,
    "tool": lambda info: MCPTool("add", info).server_info,
    "toolset from YAML": lambda info: (
        MCPToolset.from_dict(json.loads(json.dumps(MCPToolset(info).to_dict()))).server_info
    ),
}


@pytest.fixture(params=[StreamableHttpServerInfo, SSEServerInfo], ids=["http", "sse"])
def info(request, misbehaving):
    return request.param(url=misbehaving.mcp_url)


@pytest.fixture(params=["sync", "async"])
def run(request):
    """Call a method of a server info, or the one for event loops."""

    def use(info, name, **arguments):
        if request.param == "sync":
            return getattr(info, name)(**arguments)
        return asyncio.run(getattr(info, f"{name}_async")(**arguments))

    return use


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_a_login_ahead_is_the_only_one(misbehaving, open_toolset, person, make, run):
    """Row J8."""
    info = StreamableHttpServerInfo(url=misbehaving.mcp_url)
    session = run(make(info), "login")
    assert session.issuer == misbehaving.origin
    assert "secret-" not in repr(session)
    assert person.logins == 1
    assert call(tool_of(open_toolset(info)), a=1, b=2) == "3"
    assert run(info, "login") == session
    assert person.logins == 1


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_what_a_login_has_found_is_shown_without_a_token(misbehaving, make, store):
    """Row J8."""
    info = make(StreamableHttpServerInfo(url=misbehaving.mcp_url))
    written = info.to_dict()
    assert info.found is None
    assert misbehaving.seen == []
    info.login()
    assert info.found == OAuthConfig(
        client_id="registered-client",
        issuer=misbehaving.origin,
        scopes=["mcp"],
        authorization_endpoint=misbehaving.origin + "/authorize",
        token_endpoint=misbehaving.origin + "/oauth/token",
        registration_endpoint=misbehaving.origin + "/register",
        resource=misbehaving.mcp_url,
    )
    assert info.to_dict() == written
    token = stored_session(store).token.access_token.reveal()
    for text in (repr(info), str(info.to_dict()), repr(info.found), str(info.found.to_dict())):
        assert token not in text


def test_what_is_found_is_what_the_client_shows(misbehaving, info):
    """Row J8."""
    info.login()
    client = info.create_client()
    assert client.oauth_config == info.found == copy.deepcopy(info).found
    asyncio.run(client.aclose())


def test_after_a_logout_the_next_call_logs_in_anew(servers, open_toolset, person, run, store):
    """Row J8."""
    server = servers.own()
    info = StreamableHttpServerInfo(url=server.mcp_url)
    toolset = open_toolset(info)
    assert call(tool_of(toolset), a=1, b=2) == "3"
    result = run(toolset.server_info, "logout")
    assert (result.existed, result.revoked, result.problem) == (True, True, None)
    assert ("POST", "/revoke") in [(one["method"], one["path"]) for one in server.log()]
    assert info.found is None
    assert run(info, "logout").existed is False
    assert person.logins == 1
    assert call(tool_of(toolset), a=2, b=3) == "5"
    assert person.logins == 2


def test_a_logout_without_revocation_says_what_the_server_has_not_done(misbehaving, info, run):
    """Row J8."""
    run(info, "login")
    result = run(info, "logout")
    assert (result.existed, result.revoked) == (True, False)
    assert misbehaving.origin in result.problem


def test_a_server_that_neither_wants_nor_offers_a_login_gets_none(misbehaving, info, run, person, store):
    """Row J8."""
    misbehaving.switches.open, misbehaving.switches.publishes = True, False
    assert run(info, "login") is None
    assert info.found is None
    assert person.logins == 0


def test_a_login_that_a_server_only_offers_gives_the_calls_a_token(misbehaving, run, open_toolset, person):
    """Row J8, E9."""
    misbehaving.switches.open = True
    info = StreamableHttpServerInfo(url=misbehaving.mcp_url)
    assert call(tool_of(open_toolset(info)), a=1, b=2) == "3"
    assert person.logins == 0
    assert run(info, "login") is not None
    assert call(tool_of(open_toolset(info)), a=1, b=2) == "3"
    called = misbehaving.requests(message="tools/call")
    assert [one.token for one in called] == [None, "secret-access-1"]


@pytest.mark.parametrize("kind", ["http", "sse"])
def test_on_an_event_loop_login_names_the_method_to_use_there(servers, kind, person):
    """Row J8."""
    info = (
        server_info(servers.own(kind).mcp_url, kind) if kind == "http" else SSEServerInfo(url="http://127.0.0.1:9/sse")
    )

    async def use():
        info.login()

    with pytest.raises(MCPAuthorizationError, match="login_async") as raised:
        asyncio.run(use())
    assert info.url in str(raised.value)
    assert person.logins == 0


def test_a_login_that_fails_is_told_as_it_is_told_by_a_tool(misbehaving, info, run):
    """Row J8."""
    misbehaving.switches.denies = True
    with pytest.raises(AuthorizationRequired, match="access_denied") as raised:
        run(info, "login")
    assert misbehaving.mcp_url in str(raised.value)
    misbehaving.switches.denies = False
    assert run(info, "login") is not None


def test_a_login_that_takes_longer_than_the_caller_goes_on(misbehaving, info, run, person):
    """Row J8."""
    person.waits()
    with pytest.raises(AuthorizationRequired, match="waits for you to log in"):
        run(info, "login", seconds=2.0)
    person.goes_on()
    assert run(info, "login") is not None
    assert person.logins == 1


@pytest.mark.parametrize("operation", ["login", "logout"])
def test_beside_a_static_credential_there_is_no_login_and_the_error_says_so(misbehaving, run, operation):
    """Row J8."""
    info = StreamableHttpServerInfo(url=misbehaving.mcp_url, token="static")
    with pytest.raises(MCPAuthorizationError, match="credential of its own") as raised:
        run(info, operation)
    assert type(raised.value.error) is ConfigurationError
    assert "token=" in raised.value.hint
    assert info.found is None
    assert misbehaving.seen == []
