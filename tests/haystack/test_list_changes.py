# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a server says about its list of tools during a session reaches the connection."""

import asyncio
import json
import time
from importlib.metadata import version

import pytest

from tests.fakes.threads import LONGEST_WAIT
from tests.haystack.calling import wait_until
from tests.haystack.connecting import connection_to, opened
from tests.haystack.test_connection import ARGUMENTS

CHANGED = "notifications/tools/list_changed"
ERAS = [{}, {"refuses_handshake": (400, -32022), "speaks": "2026-07-28"}]
if version("mcp") < "2":
    ERAS = ERAS[:1]


@pytest.fixture(params=ERAS, ids=["handshake", "2026-07-28"][: len(ERAS)])
def server(misbehaving, request):
    misbehaving.switches.open = misbehaving.switches.streams = True
    for name, value in request.param.items():
        setattr(misbehaving.switches, name, value)
    return misbehaving


def names_of(connection):
    return [tool.name for tool in connection.tools]


async def listening(server):
    await asyncio.to_thread(server.stream_opened.wait, LONGEST_WAIT)


async def until(condition):
    await asyncio.to_thread(wait_until, condition)


def test_a_tool_that_is_added_at_run_time_is_listed_and_can_be_called(server):
    """Row J9."""

    async def use():
        async with opened(connection_to(server.mcp_url)) as connection:
            heard = []
            connection.on_tools_changed = lambda: heard.append(names_of(connection))
            await listening(server)
            server.switches.pages = [["add"], ["multiply"]]
            server.says(CHANGED)
            await until(lambda: heard)
            assert heard == [["add", "multiply"]]
            assert names_of(connection) == ["add", "multiply"]
            return (await connection.call_tool("multiply", ARGUMENTS)).content[0].text

    assert asyncio.run(use()) == "3"


def test_a_list_that_has_stayed_the_same_is_no_news(server):
    """Row J9."""

    async def use():
        async with opened(connection_to(server.mcp_url)) as connection:
            heard = []
            connection.on_tools_changed = lambda: heard.append(names_of(connection))
            await listening(server)
            server.says("notifications/resources/list_changed")
            server.says(CHANGED)
            await until(lambda: len(server.requests(message="tools/list")) == 2)
            await connection.call_tool("add", ARGUMENTS)
            return heard

    assert asyncio.run(use()) == []


def test_many_notifications_cost_few_listings(server):
    """Row J9."""

    async def use():
        async with opened(connection_to(server.mcp_url)) as connection:
            await listening(server)
            for _ in range(200):
                server.says(CHANGED)
            server.switches.pages = [["add", "last"]]
            server.says(CHANGED)
            await until(lambda: names_of(connection) == ["add", "last"])
            return len(server.requests(message="tools/list"))

    assert asyncio.run(use()) <= 4


def test_a_list_that_fails_leaves_the_tools_that_were_known(server, caplog):
    """Row J9."""

    async def use():
        async with opened(connection_to(server.mcp_url)) as connection:
            await listening(server)
            server.switches.fails_to_list = True
            server.says(CHANGED)
            await until(lambda: "does not list its tools again" in caplog.text)
            assert names_of(connection) == ["add"]
            return (await connection.call_tool("add", ARGUMENTS)).content[0].text

    assert asyncio.run(use()) == "3"


def test_a_list_that_wants_another_token_comes_after_the_next_call(server, caplog):
    """Row J9."""

    async def use():
        async with opened(connection_to(server.mcp_url)) as connection:
            await listening(server)
            server.switches.rejects_listing = True
            server.switches.pages = [["add", "new"]]
            server.says(CHANGED)
            await until(lambda: len(server.requests(message="tools/list")) == 2)
            server.switches.rejects_listing = False
            await connection.call_tool("add", ARGUMENTS)
            return names_of(connection)

    assert asyncio.run(use()) == ["add", "new"]
    assert "does not list" not in caplog.text


def test_the_session_can_be_closed_while_a_list_is_awaited(server):
    """Row J9."""

    async def use():
        connection = connection_to(server.mcp_url)
        async with opened(connection):
            await listening(server)
            server.switches.hangs_in = "tools/list"
            server.says(CHANGED)
            await until(lambda: len(server.requests(message="tools/list")) == 2)
            await asyncio.wait_for(connection.close(), 5)
        return connection.is_alive

    assert asyncio.run(use()) is False


def test_a_server_that_says_with_every_answer_that_its_list_has_changed_holds_no_call_up(server):
    """It has stayed the same, and is listed once a second; once it is another one, it is known again. Row J9."""

    async def use():
        async with opened(connection_to(server.mcp_url)) as connection:
            await listening(server)
            result = {"content": [{"type": "text", "text": "3"}], "isError": False, "resultType": "complete"}
            events = [{"method": CHANGED}, {"id": "<id>", "result": result}]
            body = "".join(f"data: {json.dumps({'jsonrpc': '2.0', **event})}\n\n" for event in events)
            server.switches.answer_to_calls = "text/event-stream", body.replace('"<id>"', "<id>").encode(), 0
            started = time.monotonic()
            for _ in range(24):
                server.says(CHANGED)
                assert (await connection.call_tool("add", ARGUMENTS)).content[0].text == "3"
            elapsed = time.monotonic() - started
            server.switches.pages = [["add", "new"]]
            server.says(CHANGED)
            await until(lambda: names_of(connection) == ["add", "new"])
            return elapsed

    assert asyncio.run(use()) < 12  # 1 s for each call, if each waited for a list
