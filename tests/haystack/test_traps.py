# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What goes wrong when OAuth meets Haystack's MCP tools, and does not go wrong here. The list is in docs/traps.md."""

import contextvars
import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import pytest
from haystack.tools.errors import ToolInvocationError

from haystack_integrations.tools.mcp_oauth import MCPInvocationError, OAuthConfig, StreamableHttpServerInfo
from tests.fakes.threads import LONGEST_WAIT
from tests.haystack.calling import authorization_error_behind, call, requests_of, token_requests, tool_of, wait_until
from tests.haystack.misbehaving_server import TOKEN_PATH
from tests.haystack.processes import run_program
from tests.haystack.shared_servers import KINDS, server_info
from tests.haystack.stored import let_expire, stored_session
from tests.requirements import requirement
from valetkey.errors import IssuerMismatch, LoginFailed


def calls_of(misbehaving):
    """Give the statuses of all calls of tools."""
    return [one.status for one in misbehaving.requests(message="tools/call")]


def end_grant(issuer, session):
    """Revoke a refresh token at oidc-provider, and with it everything that was granted (RFC 7009)."""
    form = urlencode({"token": session.token.refresh_token.reveal(), "client_id": session.client.client_id})
    connection = http.client.HTTPConnection(urlsplit(issuer.url).netloc, timeout=LONGEST_WAIT)
    connection.request("POST", "/token/revocation", form, {"Content-Type": "application/x-www-form-urlencoded"})
    assert connection.getresponse().status == 200
    connection.close()


def test_a_login_may_take_longer_than_the_connection_timeout(misbehaving, open_toolset, person):
    """Trap 1: a login inside Haystack's clock for connecting."""
    person.takes(3)
    toolset = open_toolset(misbehaving.mcp_url, connection_timeout=2)
    started = time.monotonic()
    assert call(tool_of(toolset), a=1, b=2) == "3"
    assert time.monotonic() - started > 3
    assert person.logins == 1


def test_a_single_tool_may_wait_for_a_login_longer_than_the_connection_timeout(misbehaving, open_tool, person):
    """Trap 1: a login inside Haystack's clock for connecting."""
    person.takes(3)
    assert call(open_tool(misbehaving.mcp_url, connection_timeout=2), a=1, b=2) == "3"
    assert person.logins == 1


@pytest.mark.parametrize("kind", KINDS)
def test_after_a_denied_login_the_same_tools_work_as_soon_as_the_person_has_logged_in(
    servers, kind, open_toolset, person, store
):
    """Trap 2: an error of the login inside the SDK's transport, which ends the session for good."""
    server = servers.remote(kind)
    info = server_info(server.mcp_url, kind)
    add = tool_of(open_toolset(info))
    assert call(add, a=1, b=2) == "3"
    server.post("/control/revoke-all")
    end_grant(servers.issuer(), stored_session(store))
    person.denies()
    with pytest.raises(ToolInvocationError) as raised:
        call(add, a=1, b=2)
    error = authorization_error_behind(raised.value)
    assert isinstance(error.error, LoginFailed)
    assert server.mcp_url in str(error)
    assert error.hint in str(raised.value)
    with pytest.raises(ToolInvocationError, match=r"login\(\) or valetkey login asks at once"):
        call(add, a=1, b=2)
    assert person.logins == 2
    person.allows()
    info.login()
    assert call(add, a=2, b=3) == "5"
    assert person.logins == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_tool_outlives_a_crash_of_its_server(servers, kind, open_toolset, person):
    """Trap 3: an outage that leaves the toolset dead. The server has also forgotten client, token and session."""
    server = servers.own(kind)
    add = tool_of(open_toolset(server_info(server.mcp_url, kind, base_delay=0.01)))
    assert call(add, a=1, b=2) == "3"
    server.process.kill()
    try:
        with pytest.raises(ToolInvocationError, match=r"after 3 reconnection attempts.*nothing listens at") as raised:
            call(add, a=1, b=2)
    finally:
        server.process.start()
    assert isinstance(raised.value.__cause__, MCPInvocationError)
    assert call(add, a=2, b=3) == "5"
    assert person.logins == 2


@requirement("VER-10")
def test_a_session_the_server_has_ended_is_opened_again(misbehaving, open_toolset, person):
    """Trap 3: a server may end a session at any time (MCP Transports, Session Management)."""
    add = tool_of(open_toolset(misbehaving.mcp_url))
    misbehaving.switches.sessions_to_forget = 1
    assert call(add, a=1, b=2) == "3"
    assert calls_of(misbehaving) == [404, 200]
    assert misbehaving.executed == person.logins == 1


def test_a_login_denied_while_a_session_is_opened_again_is_asked_for_once(misbehaving, open_toolset, person):
    """Traps 2 and 3: the login belongs to the reconnection, which is tried several times."""
    add = tool_of(open_toolset(misbehaving.mcp_url))
    misbehaving.switches.sessions_to_forget = 1
    misbehaving.switches.forgets_tokens_too = misbehaving.switches.denies = True
    with pytest.raises(ToolInvocationError, match="access_denied") as raised:
        call(add, a=1, b=2)
    assert type(authorization_error_behind(raised.value).error) is LoginFailed
    assert person.logins == 2
    misbehaving.switches.denies = False
    StreamableHttpServerInfo(url=misbehaving.mcp_url).login()
    assert call(add, a=1, b=2) == "3"


def test_a_call_given_up_during_a_login_is_never_executed(misbehaving, open_toolset, person):
    """Trap 4: a request parked behind a login is sent when nobody waits for it any more."""
    add = tool_of(open_toolset(misbehaving.mcp_url, invocation_timeout=2.0))
    misbehaving.revoke_everything()
    person.waits()
    with pytest.raises(ToolInvocationError) as raised:
        call(add, a=1, b=2)
    assert isinstance(raised.value.__cause__, TimeoutError)
    person.goes_on()
    wait_until(lambda: misbehaving.scopes)
    wait_until(no_thread_obtains_a_token)
    assert calls_of(misbehaving) == [401]
    assert call(add, a=2, b=3) == "5"
    assert misbehaving.executed == 1
    assert person.logins == 2


def no_thread_obtains_a_token():
    return "valetkey" not in {thread.name for thread in threading.enumerate()}


def test_parallel_calls_stay_parallel(servers, open_toolset):
    """Trap 5: a lock around the request. With JSON answers, it would be held until the answer is there."""
    slow = tool_of(open_toolset(servers.own("json").mcp_url), "slow")
    started = time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: call(slow, seconds=1.0), range(4)))
    assert time.monotonic() - started < 4 * 1.0  # what they would take one after the other
    assert answers == ["after 1 s"] * 4


def test_an_expired_token_is_refreshed_after_a_restart_without_a_browser(servers, open_toolset, person, store):
    """Trap 6: a stored token whose age is forgotten, so that its refresh token is never used."""
    server = servers.own()
    tool_of(open_toolset(server.mcp_url))
    let_expire(store)
    server.reset_log()
    assert run_program("call", server.mcp_url) == "3\n"
    log = server.log()
    assert token_requests(log) == ["refresh_token"]
    assert {path for _, path in requests_of(log)} == {"/token", "/mcp"}
    assert 401 not in {entry["status"] for entry in log}
    assert person.logins == 1


@pytest.mark.parametrize("same", [True, False], ids=["one server info", "two equal ones"])
def test_two_tools_of_one_server_share_one_login(servers, same, open_tool, person):
    """Trap 7: a login for each client."""
    server = servers.own()
    info = StreamableHttpServerInfo(url=server.mcp_url)
    other = info if same else StreamableHttpServerInfo(url=server.mcp_url)
    tools = [open_tool(info), open_tool(other, "whoami")]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda tool: tool.warm_up(), tools))
    assert call(tools[0], a=1, b=2) == "3"
    assert json.loads(call(tools[1]))["scopes"] == ["mcp"]
    assert person.logins == 1
    assert requests_of(server.log()).count(("POST", "/register")) == 1


@requirement("USE-1")
def test_every_connection_sends_the_newest_token_of_the_process(misbehaving, open_toolset):
    """Trap 8: context variables that do not reach the request. The token is put on when the request is sent."""
    one, other = (tool_of(open_toolset(misbehaving.mcp_url)) for _ in range(2))
    misbehaving.revoke_access_tokens()
    assert call(one, a=1, b=2) == "3"
    assert contextvars.Context().run(call, other, a=1, b=2) == "3"
    calls = misbehaving.requests(message="tools/call")
    assert [(one.token, one.status) for one in calls] == [
        ("secret-access-1", 401),
        ("secret-access-2", 200),
        ("secret-access-2", 200),
    ]


@requirement("REF-7")
def test_a_token_that_another_program_has_renewed_is_taken_over(misbehaving, open_toolset):
    """Trap 8: as above, over the store. The other program is another engine, for it has other settings."""
    mine = tool_of(open_toolset(misbehaving.mcp_url))
    others = StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=OAuthConfig(login_timeout=60.0))
    other = tool_of(open_toolset(others))
    misbehaving.revoke_access_tokens()
    assert call(other, a=1, b=2) == "3"
    assert call(mine, a=1, b=2) == "3"
    calls = misbehaving.requests(message="tools/call")
    assert [one.token for one in calls if one.status == 200] == ["secret-access-2"] * 2
    assert [one.parameters["grant_type"] for one in misbehaving.requests(TOKEN_PATH)] == [
        "authorization_code",
        "refresh_token",
    ]


def test_an_issuer_published_with_a_slash_at_the_end_is_the_same_issuer(servers, open_toolset, person):
    """Trap 21: FastMCP publishes its issuer with a slash and names itself without."""
    server = servers.own()
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=LONGEST_WAIT)
    documents = {}
    for name in ("oauth-protected-resource/mcp", "oauth-authorization-server"):
        connection.request("GET", f"/.well-known/{name}")
        documents[name] = json.loads(connection.getresponse().read())
    connection.close()
    published = documents["oauth-protected-resource/mcp"]["authorization_servers"]
    named = documents["oauth-authorization-server"]["issuer"]
    assert {*published, named} in ({server.url + "/"}, {server.url, server.url + "/"})
    assert call(tool_of(open_toolset(server.mcp_url)), a=1, b=2) == "3"
    assert person.logins == 1


@pytest.mark.parametrize("slash", [False, True], ids=["without", "with"])
def test_a_lone_slash_is_forgiven_in_either_direction(misbehaving, slash, open_toolset):
    """Trap 21: a slash at the end of an issuer that has no path."""
    misbehaving.switches.slash = slash
    misbehaving.switches.issuer = misbehaving.origin + "/" * (not slash)
    assert call(tool_of(open_toolset(misbehaving.mcp_url)), a=1, b=2) == "3"


@requirement("ASM-8")
def test_another_issuer_is_refused_and_both_are_named(misbehaving, open_toolset, person):
    """Trap 21: what is more than a slash."""
    misbehaving.switches.issuer = "http://127.0.0.1:9/other"
    with pytest.raises(ValueError, match="other") as raised:
        open_toolset(misbehaving.mcp_url).warm_up()
    assert isinstance(raised.value.error, IssuerMismatch)
    assert misbehaving.origin in str(raised.value)
    assert "http://127.0.0.1:9/other" in str(raised.value)
    assert person.logins == 0
