# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Who closes a client ends what its callers wait for, at once, and nothing that others wait for."""

import asyncio
import copy
import gc
import threading
import weakref

import pytest

from haystack_integrations.tools.mcp_oauth import (
    MCPAuthorizationError,
    MCPConnectionError,
    MCPTool,
    MCPToolset,
    StreamableHttpServerInfo,
    as_user,
)
from haystack_integrations.tools.mcp_oauth._accounts.access import _interested
from haystack_integrations.tools.mcp_oauth._accounts.event_loop import executor
from haystack_integrations.tools.mcp_oauth._tools.opening import Opening
from haystack_integrations.tools.mcp_oauth.principals import LOCAL
from tests.fakes.threads import LONGEST_WAIT, in_background
from tests.haystack.calling import tool_of, wait_until


def asked():
    return sum(thread.name == "valetkey-callback" for thread in threading.enumerate())


def is_asking():
    return asked() > 0


@pytest.fixture
def info(misbehaving):
    return StreamableHttpServerInfo(url=misbehaving.mcp_url)


@pytest.fixture
def client(info):
    client = info.new_client()
    yield client
    asyncio.run(client.aclose())


def opening(client):
    return in_background(client.open)


def connecting(client):
    return in_background(lambda: asyncio.run(client.connect()))


def calling(client):
    return in_background(lambda: asyncio.run(client.call_tool("add", {"a": 1, "b": 2})))


@pytest.mark.parametrize("wait", [opening, connecting, calling])
def test_closing_ends_a_login_that_waits_at_once(client, person, wait):
    """Row J3. Trap 16."""
    person.waits()
    waiting = wait(client)
    wait_until(is_asking)
    asyncio.run(client.aclose())
    with pytest.raises(MCPConnectionError, match="was closed"):
        waiting.result(LONGEST_WAIT)
    wait_until(lambda: not is_asking())
    person.goes_on()


def test_after_it_was_closed_a_client_can_log_in_and_call(client, person, misbehaving):
    """Row J3."""
    person.waits()
    waiting = connecting(client)
    wait_until(is_asking)
    asyncio.run(client.aclose())
    assert isinstance(waiting.exception(LONGEST_WAIT), MCPConnectionError)
    person.hurries()
    assert [tool.name for tool in asyncio.run(client.connect())] == ["add"]
    assert "3" in asyncio.run(client.call_tool("add", {"a": 1, "b": 2}))
    assert person.logins == 1  # the first link was never followed
    person.goes_on()


@pytest.mark.parametrize("by_name", [False, True], ids=["client", "login"])
def test_a_login_that_others_wait_for_too_goes_on(client, info, person, by_name):
    """Row J3."""
    person.waits()
    waiting = opening(client)
    wait_until(is_asking)
    other = info.new_client()
    others = in_background(info.login if by_name else other.open)
    wait_until(lambda: len(_interested[client._access.engine]) == 2)
    asyncio.run(client.aclose())
    assert isinstance(waiting.exception(LONGEST_WAIT), MCPConnectionError)
    person.goes_on()
    others.result(LONGEST_WAIT)
    assert person.logins == 1
    asyncio.run(other.aclose())


def test_closing_ends_the_logins_of_every_user(client, person):
    """Rows J1 and J3."""
    person.waits()

    def wait(user):
        with as_user(user):
            return asyncio.run(client.connect())

    waiting = [in_background(lambda user=user: wait(user)) for user in ("alice", "bob")]
    wait_until(lambda: asked() == 2)
    asyncio.run(client.aclose())
    for each in waiting:
        assert isinstance(each.exception(LONGEST_WAIT), MCPConnectionError)
    wait_until(lambda: not is_asking())
    person.goes_on()


def test_a_login_that_the_call_has_given_up_ends_with_the_client(info, person, misbehaving):
    """Row J3."""
    person.waits()

    async def connect_and_close():
        client = info.new_client()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.connect(), 2)
        await asyncio.to_thread(wait_until, is_asking)
        await client.aclose()

    asyncio.run(connect_and_close())
    wait_until(lambda: not is_asking())
    person.goes_on()


def test_a_caller_who_is_cancelled_while_the_client_is_closed_stays_cancelled(info, person):
    person.waits()

    async def cancel_and_close():
        client = info.new_client()
        connecting = asyncio.ensure_future(client.connect())
        await asyncio.to_thread(wait_until, is_asking)
        connecting.cancel()
        await client.aclose()
        with pytest.raises(asyncio.CancelledError):
            await connecting

    asyncio.run(cancel_and_close())
    person.goes_on()


def test_a_login_that_fails_while_nobody_closes_is_told_as_ever(client, misbehaving):
    misbehaving.switches.denies = True
    with pytest.raises(MCPAuthorizationError, match="access_denied"):
        client.open()


def session_of(one):
    """Give the MCP session of the program itself, which a toolset or a tool has opened."""
    return one._opening.client._accounts.at_hand(LOCAL)._shared.connection


def forget_and_collect(held):
    held.clear()
    gc.collect()


async def forget_and_collect_in_loop(held):
    forget_and_collect(held)


COLLECTED = {
    "in a thread": forget_and_collect,
    "in the loop of the sessions": lambda held: executor().run(forget_and_collect_in_loop(held), LONGEST_WAIT),
}


@pytest.mark.parametrize("collected", COLLECTED)
def test_a_call_goes_on_when_its_toolset_has_become_garbage(info, misbehaving, collected):
    """Who takes the tools out of a toolset may let go of it; the collector comes at any moment."""
    held = [MCPToolset(info)]
    tool, session = tool_of(held[0]), session_of(held[0])
    gone = weakref.ref(held[0])
    misbehaving.switches.holds = 1
    answer = in_background(lambda: tool.invoke(a=1, b=2))
    wait_until(lambda: misbehaving.executed)
    COLLECTED[collected](held)
    assert gone() is None
    misbehaving.released.set()
    assert "3" in answer.result(LONGEST_WAIT)
    assert session.is_alive


@pytest.mark.parametrize("collected", COLLECTED)
@pytest.mark.parametrize("kind", [MCPToolset, lambda info: MCPTool("add", info)], ids=["toolset", "tool"])
def test_the_session_ends_when_no_tool_is_left_that_could_use_it(info, kind, collected):
    held = [kind(info)]
    held[0].warm_up()
    session = session_of(held[0])
    assert session.is_alive
    COLLECTED[collected](held)
    wait_until(lambda: session.has_ended)


def test_a_copy_that_cannot_be_made_ends_without_a_word(info):
    """A lock cannot be copied; what `copy` has made until then is collected."""
    with pytest.raises(TypeError, match="pickle"):
        copy.deepcopy(Opening(info, 1.0))
    gc.collect()
    assert Opening.__new__(Opening).at_hand is None
