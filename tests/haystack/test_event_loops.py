# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The clients work in any event loop, and nothing they start keeps anybody from ending."""

import asyncio
import json

import pytest
from haystack_integrations.tools.mcp.mcp_tool import AsyncExecutor

from haystack_integrations.tools.mcp_oauth import MCPAuthorizationError, MCPConnectionError, StreamableHttpServerInfo
from tests.fakes.threads import LONGEST_WAIT
from tests.haystack.calling import call, tool_of, wait_until
from tests.haystack.processes import run_program
from tests.haystack.shared_servers import KINDS, server_info
from valetkey.errors import StoreError


def text_of(answer):
    return json.loads(answer)["content"][0]["text"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_can_be_used_from_another_event_loop(servers, kind, person):
    client = server_info(servers.own(kind).mcp_url, kind).create_client()

    async def use():
        tools = await client.connect()
        answers = await asyncio.gather(*(client.call_tool("add", {"a": number, "b": 1}) for number in range(5)))
        await client.aclose()
        return [tool.name for tool in tools], [text_of(answer) for answer in answers]

    assert asyncio.run(use()) == (["whoami", "add", "slow", "fail"], ["1", "2", "3", "4", "5"])
    assert person.logins == 1


def test_a_client_can_be_used_from_one_event_loop_after_the_other(servers):
    client = StreamableHttpServerInfo(url=servers.own().mcp_url).create_client()
    asyncio.run(client.connect())
    assert text_of(asyncio.run(client.call_tool("add", {"a": 1, "b": 2}))) == "3"
    asyncio.run(client.aclose())


def test_a_tool_can_be_awaited_in_the_callers_loop(servers, open_tool):
    tool = open_tool(servers.own().mcp_url)
    tool.warm_up()
    assert text_of(asyncio.run(tool.ainvoke(a=1, b=2))) == "3"


@pytest.mark.parametrize("kind", ["http", "sse"])
def test_a_client_created_inside_upstreams_own_loop_does_not_wait_there(servers, kind, person):
    """Nothing may block in that loop: what is waited for happens in it."""
    info = server_info(servers.own(kind).mcp_url, kind)

    async def create():
        return info.create_client()

    client = AsyncExecutor.get_instance().run(create(), timeout=2.0)
    assert person.logins == 0
    assert len(asyncio.run(client.connect())) == 4
    assert text_of(asyncio.run(client.call_tool("add", {"a": 1, "b": 2}))) == "3"
    asyncio.run(client.aclose())
    assert person.logins == 1


def test_a_client_can_be_closed_while_its_server_says_nothing(misbehaving):
    misbehaving.switches.hangs = True
    info = StreamableHttpServerInfo(url=misbehaving.mcp_url)

    async def close_while_connecting():
        client = info.create_client()
        connecting = asyncio.ensure_future(client.connect())
        await asyncio.to_thread(wait_until, lambda: misbehaving.seen)
        await client.aclose()
        with pytest.raises(MCPConnectionError, match="closed"):
            await connecting

    AsyncExecutor.get_instance().run(close_while_connecting(), timeout=LONGEST_WAIT)


def test_a_connecting_task_can_be_cancelled_and_the_client_used_again(misbehaving):
    misbehaving.switches.hangs = True
    info = StreamableHttpServerInfo(url=misbehaving.mcp_url)

    async def cancel_while_connecting():
        client = info.create_client()
        connecting = asyncio.ensure_future(client.connect())
        await asyncio.to_thread(wait_until, lambda: misbehaving.seen)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        await client.aclose()
        misbehaving.switches.hangs = False
        tools = await client.connect()
        await client.aclose()
        return [tool.name for tool in tools]

    assert AsyncExecutor.get_instance().run(cancel_while_connecting(), timeout=LONGEST_WAIT) == ["add"]


def test_a_client_that_was_never_connected_can_be_closed():
    async def create_and_close():
        client = StreamableHttpServerInfo(url="http://127.0.0.1:9/mcp").create_client()
        await client.aclose()
        return client.session

    assert AsyncExecutor.get_instance().run(create_and_close(), timeout=LONGEST_WAIT) is None


def test_a_server_that_rejects_every_token_is_told_when_connecting(misbehaving, person):
    misbehaving.switches.accepts_tokens = False

    async def connect():
        await StreamableHttpServerInfo(url=misbehaving.mcp_url).create_client().connect()

    with pytest.raises(MCPAuthorizationError, match="rejects even a new token"):
        AsyncExecutor.get_instance().run(connect(), timeout=LONGEST_WAIT)
    assert person.logins == 1


def test_an_unreadable_store_is_told_inside_upstreams_own_loop_too(misbehaving, store):
    """There, nobody can look into it before the connection is opened."""
    store.parent.mkdir(mode=0o700)
    store.write_bytes(b"this is no database")
    store.chmod(0o600)
    info = StreamableHttpServerInfo(url=misbehaving.mcp_url)

    async def connect():
        await info.create_client().connect()

    with pytest.raises(MCPAuthorizationError, match=str(store)) as raised:
        AsyncExecutor.get_instance().run(connect(), timeout=LONGEST_WAIT)
    assert type(raised.value.error) is StoreError


def test_a_call_after_the_end_says_that_there_is_no_connection(misbehaving):
    client = StreamableHttpServerInfo(url=misbehaving.mcp_url).create_client()
    asyncio.run(client.aclose())
    asyncio.run(client.aclose())
    with pytest.raises(MCPConnectionError, match="Not connected"):
        asyncio.run(client.call_tool("add", {"a": 1, "b": 2}))


def test_a_closed_client_can_be_connected_again(misbehaving, person):
    client = StreamableHttpServerInfo(url=misbehaving.mcp_url).create_client()
    asyncio.run(client.aclose())
    assert [tool.name for tool in asyncio.run(client.connect())] == ["add"]
    assert text_of(asyncio.run(client.call_tool("add", {"a": 1, "b": 2}))) == "3"
    asyncio.run(client.aclose())
    assert person.logins == 1


def test_a_closed_toolset_can_be_warmed_up_again(misbehaving, open_toolset, person):
    toolset = open_toolset(misbehaving.mcp_url)
    for _ in range(2):
        assert call(tool_of(toolset), a=1, b=2) == "3"
        toolset.close()
    assert person.logins == 1


def test_a_program_that_closes_nothing_ends_when_it_has_done_its_work(misbehaving):
    assert run_program("leave-open", misbehaving.mcp_url) == "3\n"


@pytest.mark.parametrize("thread", ["give-up", "give-up-thread", "give-up-pool"])
def test_a_program_ends_while_a_login_waits(misbehaving, person, thread):
    """The interpreter waits for threads that are no daemons before it calls what is registered with atexit. Row J3."""
    person.waits()
    assert run_program(thread, misbehaving.mcp_url) == "asked\n"
    person.goes_on()
