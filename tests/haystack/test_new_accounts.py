# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person logs out and in again, perhaps with another account, while the tools are in use."""

import asyncio

import pytest
from haystack.tools.errors import ToolInvocationError
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import AuthorizationRequired, OAuthConfig, StreamableHttpServerInfo
from tests.haystack.calling import authorization_error_behind, call, requests_of, tool_of, wait_until
from tests.haystack.shared_servers import KINDS, server_info
from valetkey.httpx2 import OAuth
from valetkey.store.backends.sqlite import SqliteStore


class Source:
    """A source of tokens of the user's own."""

    def __init__(self, token):
        self.token = token

    def resolve(self):
        return self.token


@pytest.fixture
def info(misbehaving):
    return StreamableHttpServerInfo(url=misbehaving.mcp_url)


@pytest.fixture
def here(info):
    return info


@pytest.fixture
def elsewhere(misbehaving, store):
    """What another program with the same store does."""
    opened = SqliteStore(store)
    yield OAuth(misbehaving.mcp_url, store=opened)
    opened.close()


@pytest.fixture(params=["here", "elsewhere"])
def program(request, store):
    store.parent.mkdir(mode=0o700, exist_ok=True)
    return request.getfixturevalue(request.param)


def logs_in_anew(program, misbehaving):
    def happens():
        program.logout()
        misbehaving.revoke_everything()
        program.login()

    return happens


def test_a_call_whose_new_token_belongs_to_a_session_that_has_ended_is_made_with_the_one_of_the_next_session(
    misbehaving, open_toolset, info, program
):
    add = tool_of(open_toolset(info))
    misbehaving.revoke_access_tokens()
    misbehaving.forget_requests()

    def is_refreshed():  # the call comes again with its new token, and then the person changes the account
        misbehaving.switches.before_call = logs_in_anew(program, misbehaving)

    misbehaving.switches.before_call = is_refreshed
    assert call(add, a=1, b=2) == "3"
    calls = misbehaving.requests(message="tools/call")
    assert [one.status for one in calls] == [401, 401, 200]
    assert len({one.token for one in calls}) == 3
    assert misbehaving.executed == 1


def test_a_connection_whose_new_token_belongs_to_a_session_that_has_ended_is_opened_with_the_next_session(
    misbehaving, info, program
):
    misbehaving.switches.before_session = logs_in_anew(program, misbehaving)

    async def connect_and_close():
        client = info.create_client()
        tools = await client.connect()
        await client.aclose()
        return [tool.name for tool in tools]

    assert asyncio.run(connect_and_close()) == ["add"]
    assert [one.status for one in misbehaving.requests(message="initialize")] == [401, 401, 200]


def test_a_source_whose_token_has_changed_meanwhile_is_asked_again(misbehaving, open_toolset):
    source = Source("first")
    misbehaving.scopes["first"] = "mcp"
    config = OAuthConfig(token_source=source)
    info = StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config)
    add, of_another_tool = tool_of(open_toolset(info)), tool_of(open_toolset(info))

    def changes(name, next_change=None):
        def happens():
            misbehaving.scopes.clear()
            misbehaving.scopes[name], source.token = "mcp", name
            misbehaving.switches.before_call = next_change

        return happens

    def changes_again():
        changes("third")()
        call(of_another_tool, a=1, b=2)

    misbehaving.switches.before_call = changes("second", changes_again)
    misbehaving.forget_requests()
    assert call(add, a=2, b=3) == "5"
    calls = misbehaving.requests(message="tools/call")
    assert [one.token for one in calls] == ["first", "second", "third", "third"]


def test_a_call_whose_session_was_logged_out_meanwhile_wants_a_login_and_calls_no_token_rejected(
    misbehaving, open_toolset
):
    config = OAuthConfig(login="never")
    logged_in, info = (StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=each) for each in (None, config))
    logged_in.login()
    add = tool_of(open_toolset(info))
    misbehaving.revoke_access_tokens()

    def logs_out():
        logged_in.logout()
        misbehaving.revoke_everything()

    def is_refreshed():
        misbehaving.switches.before_call = logs_out

    misbehaving.switches.before_call = is_refreshed
    with pytest.raises(ToolInvocationError) as raised:
        call(add, a=1, b=2)
    assert type(authorization_error_behind(raised.value)) is AuthorizationRequired


def changes_account(program, misbehaving, pages):
    """The next person who logs in has other tools."""

    def happens():
        program.logout()
        misbehaving.switches.pages = pages
        program.login()

    return happens


def ended_sessions(misbehaving):
    return [one.headers["Mcp-Session-Id"] for one in misbehaving.requests("/mcp") if one.method == "DELETE"]


@pytest.mark.parametrize("is_revoked", [False, True], ids=["the old token is still good", "the old token has ended"])
def test_another_account_gets_an_mcp_session_and_a_list_of_tools_of_its_own(
    misbehaving, open_toolset, info, is_revoked
):
    toolset = open_toolset(info)
    add = tool_of(toolset)
    assert call(add, a=1, b=2) == "3"
    if is_revoked:
        misbehaving.revoke_everything()
    changes_account(info, misbehaving, [["add", "of_the_other_account"]])()
    assert [tool.name for tool in toolset.tools] == ["add", "of_the_other_account"]
    assert call(add, a=2, b=3) == "5"
    assert misbehaving.accounts_in_sessions() == {"session-1": {1}, "session-2": {2}}
    assert misbehaving.executed == 2


def test_a_call_before_the_list_opens_the_session_of_the_other_account_too(misbehaving, open_toolset, info):
    toolset = open_toolset(info)
    add = tool_of(toolset)
    changes_account(info, misbehaving, [["of_the_other_account", "add"]])()
    assert call(add, a=2, b=3) == "5"
    assert [tool.name for tool in toolset.tools] == ["of_the_other_account", "add"]
    assert misbehaving.accounts_in_sessions() == {"session-1": {1}, "session-2": {2}}


def test_a_login_elsewhere_that_the_server_reveals_by_a_rejection_opens_another_session(
    misbehaving, open_toolset, info, elsewhere
):
    add = tool_of(open_toolset(info))
    misbehaving.revoke_everything()
    changes_account(elsewhere, misbehaving, [["add"]])()
    assert call(add, a=2, b=3) == "5"
    assert misbehaving.accounts_in_sessions() == {"session-1": {1}, "session-2": {2}}


def test_a_renewed_token_is_used_in_the_same_session(misbehaving, open_toolset, info):
    toolset = open_toolset(info)
    add = tool_of(toolset)
    for _ in range(3):
        misbehaving.revoke_access_tokens()
        assert call(add, a=1, b=2) == "3"
        assert info.login() is not None
    assert misbehaving.accounts_in_sessions() == {"session-1": {1}}


def test_a_renewal_elsewhere_changes_no_session(misbehaving, open_toolset, info, elsewhere):
    add = tool_of(open_toolset(info))
    misbehaving.revoke_access_tokens()
    elsewhere.login()
    assert call(add, a=1, b=2) == "3"
    assert misbehaving.accounts_in_sessions() == {"session-1": {1}}


def test_a_machine_that_gets_a_new_token_keeps_its_session(misbehaving, open_toolset, monkeypatch):
    monkeypatch.setenv("MACHINE_SECRET", "a-secret-of-a-machine")
    config = OAuthConfig(
        client_id="machine",
        client_secret=Secret.from_env_var("MACHINE_SECRET"),
        grant_type="client_credentials",
        issuer=misbehaving.origin,
    )
    add = tool_of(open_toolset(StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config)))
    misbehaving.revoke_everything()
    assert call(add, a=1, b=2) == "3"
    assert list(misbehaving.accounts_in_sessions()) == ["session-1"]


def test_a_call_that_runs_while_the_account_changes_is_finished_and_made_once(misbehaving, open_toolset, info):
    """Its answer is the old account's, for whom it was made; it is not made once more for the other one."""
    add = tool_of(open_toolset(info))
    changed = changes_account(info, misbehaving, [["add"]])

    def changes_and_calls():
        changed()
        assert call(add, a=2, b=3) == "5"

    misbehaving.switches.before_call = changes_and_calls
    assert call(add, a=1, b=2) == "3"
    assert misbehaving.executed == 2
    assert misbehaving.accounts_in_sessions() == {"session-1": {1}, "session-2": {2}}
    wait_until(lambda: ended_sessions(misbehaving) == ["session-1"])


def test_a_client_that_is_closed_ends_the_session_of_the_former_account_too(misbehaving, open_toolset, info):
    toolset = open_toolset(info)
    add = tool_of(toolset)
    changes_account(info, misbehaving, [["add"]])()
    assert call(add, a=2, b=3) == "5"
    toolset.close()
    assert sorted(ended_sessions(misbehaving)) == ["session-1", "session-2"]
    assert misbehaving.accounts_in_sessions() == {"session-1": {1}, "session-2": {2}}


def test_after_a_logout_no_request_without_a_token_goes_into_the_session(misbehaving, open_toolset, info):
    """A server that lets everybody in would serve it as the account of the session."""
    add = tool_of(open_toolset(info))
    misbehaving.switches.open = True
    info.logout()
    misbehaving.forget_requests()
    assert call(add, a=1, b=2) == "3"
    assert {one.headers.get("Mcp-Session-Id") for one in misbehaving.requests(message="tools/call")} == {"session-2"}


@pytest.mark.parametrize("kind", KINDS)
def test_on_every_transport_another_login_opens_a_session_of_its_own(kind, servers, open_toolset, person):
    server = servers.own(kind)
    info = server_info(server.mcp_url, kind)
    add = tool_of(open_toolset(info))
    info.logout()
    info.login()
    server.reset_log()
    assert call(add, a=1, b=2) == "3"
    assert person.logins == 2
    path = "/sse" if kind == "sse" else "/mcp"
    opened_or_ended = ("GET", path) if kind == "sse" else ("DELETE", path)
    wait_until(lambda: opened_or_ended in requests_of(server.log()))
