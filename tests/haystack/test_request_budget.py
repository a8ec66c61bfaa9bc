# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which requests a login costs, and that it costs them once."""

import pytest

from haystack_integrations.tools.mcp_oauth import OAuthConfig, StreamableHttpServerInfo
from tests.haystack.calling import call, requests_of, token_requests, tool_of
from tests.haystack.processes import run_program
from tests.haystack.shared_servers import server_info
from tests.haystack.stored import let_expire, wait_until_expired
from tests.servers import fastmcp

COLD_START = [
    ("POST", "/mcp"),
    ("GET", "/.well-known/oauth-protected-resource/mcp"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("POST", "/register"),
    ("GET", "/authorize"),  # the browser's
    ("POST", "/token"),
]


def is_pure_mcp(log):
    """Tell whether there is nothing about OAuth in a log."""
    return {path for _, path in requests_of(log)} == {"/mcp"} and 401 not in {entry["status"] for entry in log}


@pytest.mark.parametrize("kind", ["http", "json"])
def test_a_cold_start_costs_one_rejected_and_four_oauth_requests(servers, kind, open_toolset):
    server = servers.own(kind)
    call(tool_of(open_toolset(server.mcp_url)), a=1, b=2)
    log = server.log()
    assert requests_of(log)[:6] == COLD_START
    assert [entry["status"] for entry in log[:6]] == [401, 200, 200, 201, 302, 200]
    assert is_pure_mcp(log[6:])


def test_a_cold_start_over_sse_costs_the_same(servers, open_toolset):
    server = servers.own("sse")
    call(tool_of(open_toolset(server_info(server.mcp_url, "sse"))), a=1, b=2)
    log = server.log()
    expected = [(method, path.replace("/mcp", "/sse")) for method, path in [("GET", "/mcp"), *COLD_START[1:]]]
    assert requests_of(log)[:6] == expected
    assert {path for _, path in requests_of(log[6:])} == {"/sse", "/messages/"}
    assert 401 not in {entry["status"] for entry in log[6:]}


def test_a_second_toolset_in_the_process_makes_no_oauth_request(servers, open_toolset, person):
    server = servers.own()
    tool_of(open_toolset(server.mcp_url))
    server.reset_log()
    assert call(tool_of(open_toolset(server.mcp_url)), a=1, b=2) == "3"
    assert is_pure_mcp(server.log())
    assert person.logins == 1


def test_a_new_process_with_the_same_store_makes_no_oauth_request(servers, open_toolset, person):
    server = servers.own()
    tool_of(open_toolset(server.mcp_url))
    server.reset_log()
    assert run_program("call", server.mcp_url) == "3\n"
    assert [entry["status"] for entry in server.log() if entry["path"] != "/mcp" or entry["status"] == 401] == []
    assert person.logins == 1


def test_a_token_that_expires_during_the_run_costs_one_refresh_and_no_browser(open_toolset, person, store):
    with fastmcp("own", access_token_seconds=2, json_response=True) as server:
        add = tool_of(open_toolset(server.mcp_url))
        assert call(add, a=1, b=2) == "3"
        server.reset_log()
        wait_until_expired(store)
        assert call(add, a=2, b=3) == "5"
        log = server.log()
    assert token_requests(log) == ["refresh_token"]
    assert {path for _, path in requests_of(log)} <= {"/mcp", "/token"}
    assert person.logins == 1


def test_a_token_that_has_expired_before_connecting_is_not_even_tried(misbehaving, open_toolset, person, store):
    """Another engine, as in another process: it has other settings and finds the session in the store."""
    tool_of(open_toolset(misbehaving.mcp_url))
    let_expire(store)
    misbehaving.forget_requests()
    info = StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=OAuthConfig(login_timeout=60.0))
    assert call(tool_of(open_toolset(info)), a=1, b=2) == "3"
    assert misbehaving.seen[0].parameters["grant_type"] == "refresh_token"
    assert {one.token for one in misbehaving.seen[1:]} == {"secret-access-2"}
    assert 401 not in {one.status for one in misbehaving.seen}
    assert person.logins == 1
