# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server that redirects its MCP endpoint, as Starlette's `Mount` redirects `/mcp` to `/mcp/`, works."""

import asyncio
import gc

import haystack_integrations.tools.mcp as upstream
import pytest
from haystack_integrations.tools.mcp.mcp_tool import AsyncExecutor

import haystack_integrations.tools.mcp_oauth as ours
from tests.haystack.calling import call, tool_of, wait_until
from tests.haystack.misbehaving_server import MisbehavingServer
from tests.haystack.shared_servers import KINDS, server_info
from tests.requirements import requirement

# Upstream never closes the HTTP clients it makes; they are collected while this filter holds.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

keeping_the_method = pytest.mark.parametrize(("kind", "status"), [*zip(KINDS, [307, 308, 307], strict=True)])
losing_the_method = pytest.mark.parametrize(("kind", "status"), [*zip(KINDS, [301, 302, 302], strict=True)])
"""Libraries send a GET instead of a POST then (RFC 9110 §15.4)."""


@pytest.fixture
def redirecting(servers):
    """Give a shared server that redirects until the test is over."""
    moved = []

    def redirect(mode, kind, **statuses):
        server = getattr(servers, mode)(kind)
        server.redirect(**statuses)
        moved.append(server)
        return server

    yield redirect
    gc.collect()
    for server in moved:
        server.redirect()


def upstream_info(url, kind):
    return (upstream.SSEServerInfo if kind == "sse" else upstream.StreamableHttpServerInfo)(url=url)


def seen(server):
    return sorted((one["method"], one["path"], one["status"]) for one in server.log())


def requests_of_a_life(server, info, kind):
    """Connect, call a tool, close, and give what the server has seen; a stream beside the session comes at any time."""
    server.reset_log()
    toolset = upstream.MCPToolset(info)
    assert call(tool_of(toolset), a=1, b=2) == "3"
    if kind != "sse":
        wait_until(lambda: ("GET", "/mcp/", 200) in seen(server))
    toolset.close()
    if kind != "sse":
        wait_until(lambda: ("DELETE", "/mcp/", 200) in seen(server))
    return seen(server)


@keeping_the_method
def test_an_open_server_sees_the_requests_of_upstream(redirecting, kind, status, person):
    """Row E1."""
    server = redirecting("open", kind, GET=status, POST=status, DELETE=status)
    expected = requests_of_a_life(server, upstream_info(server.mcp_url, kind), kind)
    assert requests_of_a_life(server, server_info(server.mcp_url, kind), kind) == expected
    assert {("GET", status), ("POST", status)} <= {(method, answer) for method, _, answer in expected}
    assert person.logins == 0


@keeping_the_method
def test_a_protected_server_is_logged_in_to_once(redirecting, kind, status, open_toolset, person):
    """Row E1."""
    server = redirecting("own", kind, GET=status, POST=status, DELETE=status)
    tool = tool_of(open_toolset(server_info(server.mcp_url, kind)))
    assert call(tool, a=1, b=2) == "3"
    server.post("/control/revoke-all")
    assert call(tool, a=2, b=3) == "5"
    assert person.logins == 1


@losing_the_method
def test_a_stream_may_be_redirected_by_any_status(redirecting, kind, status, open_toolset, person):
    """Row E1."""
    server = redirecting("own", kind, GET=status)
    assert call(tool_of(open_toolset(server_info(server.mcp_url, kind))), a=1, b=2) == "3"
    path = server.mcp_url.removeprefix(server.url)
    wait_until(lambda: {("GET", path, status), ("GET", f"{path}/", 200)} <= set(seen(server)))
    assert person.logins == 1


@losing_the_method
def test_a_redirect_that_loses_the_message_is_told_at_once(redirecting, kind, status):
    """Row E1."""
    server = redirecting("open", kind, POST=status)
    client = server_info(server.mcp_url, kind).create_client()
    with pytest.raises(ours.MCPConnectionError, match=rf"answers {status} .*redirects to .*{server.url}/m"):
        asyncio.run(asyncio.wait_for(client.connect(), 5.0))
    asyncio.run(client.aclose())


def test_a_chain_of_redirects_with_relative_addresses_and_a_fragment_is_followed(misbehaving, open_toolset, person):
    """Row E1."""
    misbehaving.switches.moves = {"/mcp": (307, "mcp/"), "/mcp/": (308, "there?a=b#part")}
    assert call(tool_of(open_toolset(misbehaving.mcp_url)), a=1, b=2) == "3"
    called = misbehaving.requests(message="tools/call")
    assert [(one.path, one.status, one.token) for one in called] == [
        ("/mcp", 307, "secret-access-1"),
        ("/mcp/", 308, "secret-access-1"),
        ("/mcp/there", 200, "secret-access-1"),
    ]
    assert person.logins == 1


@requirement("USE-6", "VER-11")
def test_another_origin_hears_nothing_and_is_named(misbehaving, open_toolset):
    tool_of(open_toolset(misbehaving.mcp_url))
    with MisbehavingServer() as elsewhere:
        misbehaving.switches.moves = {"/mcp": (307, f"{elsewhere.mcp_url}?secret=1")}
        assert misbehaving.scopes
        with pytest.raises(ours.MCPConnectionError, match=f'redirects to "{elsewhere.mcp_url}"'):
            connect(misbehaving)
        assert misbehaving.seen[-1].token is not None
        assert elsewhere.seen == []


def test_redirects_in_a_circle_end_with_an_error(misbehaving):
    misbehaving.switches.moves = {"/mcp": (307, "/mcp/"), "/mcp/": (307, "/mcp")}
    with pytest.raises(ours.MCPConnectionError, match="answers 307"):
        connect(misbehaving)
    assert len(misbehaving.seen) <= 25


def connect(server):
    async def connect_and_close():
        client = server_info(server.mcp_url).create_client()
        try:
            await asyncio.wait_for(client.connect(), 10.0)
        finally:
            await client.aclose()

    AsyncExecutor.get_instance().run(connect_and_close(), timeout=15.0)
