# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A person logs out and in again, perhaps with another account, while the tools are in use."""

import asyncio

import pytest
from haystack.tools.errors import ToolInvocationError

from haystack_integrations.tools.mcp_oauth import AuthorizationRequired, OAuthConfig, StreamableHttpServerInfo
from tests.haystack.calling import authorization_error_behind, call, tool_of
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
