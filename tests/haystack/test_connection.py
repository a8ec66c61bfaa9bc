# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""One MCP session: its errors stay readable, whatever happens to the transport below it."""

import asyncio

import pytest

from haystack_integrations.tools.mcp_oauth._mcp_session.connection import Connection
from haystack_integrations.tools.mcp_oauth._mcp_session.failures import CallLost, RequestRejected
from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate
from tests.haystack.calling import wait_until
from tests.haystack.connecting import NoToken, connection_to, opened
from valetkey._adapters.failures import HttpError, NoAnswer

ARGUMENTS = {"a": 1, "b": 2}


@pytest.fixture
def server(misbehaving):
    misbehaving.switches.open = True
    return misbehaving


def test_a_connection_lists_the_tools_and_calls_them(server):
    async def use():
        async with opened(connection_to(server.mcp_url)) as connection:
            assert connection.is_alive
            assert [tool.name for tool in connection.tools] == ["add"]
            return (await connection.call_tool("add", ARGUMENTS)).content[0].text

    assert asyncio.run(use()) == "3"


class Failure:
    """Something beside a transport that fails when it is told, and takes the transport with it."""

    def __init__(self):
        self.told = asyncio.Event()

    async def __call__(self):
        await self.told.wait()
        message = "the network card has melted"
        raise OSError(message)


def test_calls_in_flight_end_at_once_when_the_transport_fails(server):
    """SDK 1.x forgets such calls; they would wait until the end of Haystack's clock."""
    server.switches.hangs_in = "tools/call"

    async def use():
        failure = Failure()
        async with opened(connection_to(server.mcp_url, failure)) as connection:
            calls = [asyncio.ensure_future(connection.call_tool("add", ARGUMENTS)) for _ in range(3)]
            await asyncio.to_thread(wait_until, lambda: len(server.requests(message="tools/call")) == 3)
            failure.told.set()
            errors = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
            assert not connection.is_alive
            return errors

    errors = asyncio.run(use())
    assert [type(error) for error in errors] == [CallLost] * 3
    assert all("melted" in str(error) or "closed" in str(error) for error in errors)


def test_a_call_after_the_transport_has_failed_tells_why(server):
    async def use():
        failure = Failure()
        async with opened(connection_to(server.mcp_url, failure)) as connection:
            failure.told.set()
            await asyncio.to_thread(wait_until, lambda: not connection.is_alive)
            await connection.close()
            with pytest.raises(CallLost, match="the network card has melted"):
                await connection.call_tool("add", ARGUMENTS)

    asyncio.run(use())


def test_a_call_after_the_end_says_that_the_session_is_closed(server):
    async def use():
        connection = connection_to(server.mcp_url)
        async with opened(connection):
            pass
        assert not connection.is_alive
        with pytest.raises(CallLost, match="the MCP session is closed"):
            await connection.call_tool("add", ARGUMENTS)

    asyncio.run(use())


def test_what_opening_fails_of_comes_out_of_its_groups():
    async def enter(stack, gate):
        cause = OSError("the only cause")
        raise ExceptionGroup(str(cause), [ExceptionGroup(str(cause), [cause])])

    async def use():
        with pytest.raises(OSError, match="the only cause"):
            await Connection(Gate(NoToken()), enter).open()

    asyncio.run(use())


def test_two_causes_stay_a_group():
    async def enter(stack, gate):
        message = "both"
        raise ExceptionGroup(message, [OSError("one"), ValueError("two")])

    async def use():
        with pytest.raises(ExceptionGroup, match="both"):
            await Connection(Gate(NoToken()), enter).open()

    asyncio.run(use())


@pytest.mark.parametrize(
    ("switch", "value", "error"),
    [("open", False, RequestRejected), ("fails_to_open", True, HttpError), ("breaks_off", True, NoAnswer)],
)
def test_opening_fails_with_what_the_server_did(server, switch, value, error):
    setattr(server.switches, switch, value)

    async def use():
        connection = connection_to(server.mcp_url)
        with pytest.raises(error):
            await connection.open()
        assert not connection.is_alive
        await connection.close()

    asyncio.run(use())


def test_a_connection_that_hangs_in_opening_can_be_closed(server):
    server.switches.hangs = True

    async def use():
        connection = connection_to(server.mcp_url)
        opening = asyncio.ensure_future(connection.open())
        await asyncio.to_thread(wait_until, lambda: server.seen)
        await asyncio.wait_for(connection.close(), 5)
        with pytest.raises(ConnectionError, match="closed while it was being opened"):
            await opening

    asyncio.run(use())


def test_who_gives_up_opening_leaves_nothing_behind(server):
    server.switches.hangs = True

    async def use():
        connection = connection_to(server.mcp_url)
        opening = asyncio.ensure_future(connection.open())
        await asyncio.to_thread(wait_until, lambda: server.seen)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await asyncio.wait_for(connection.close(), 5)
        return {task.get_name() for task in asyncio.all_tasks()} - {asyncio.current_task().get_name()}

    assert asyncio.run(use()) == set()


def test_who_gives_up_a_call_leaves_the_session_to_the_others(server):
    async def use():
        async with opened(connection_to(server.mcp_url)) as connection:
            server.switches.hangs_in = "tools/call"
            given_up = asyncio.ensure_future(connection.call_tool("add", ARGUMENTS))
            await asyncio.to_thread(wait_until, lambda: server.requests(message="tools/call"))
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
            server.switches.hangs_in = None
            return (await connection.call_tool("add", ARGUMENTS)).content[0].text

    assert asyncio.run(use()) == "3"


def test_closing_twice_and_closing_what_was_never_opened_is_allowed(server):
    async def use():
        connection = connection_to(server.mcp_url)
        await connection.close()
        connection = connection_to(server.mcp_url)
        async with opened(connection):
            await connection.close()
        return connection.is_alive

    assert asyncio.run(use()) is False
