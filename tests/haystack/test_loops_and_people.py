# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""No thread that runs an event loop waits for a person."""

import asyncio

import pytest
from haystack_integrations.tools.mcp.mcp_tool import AsyncExecutor

from haystack_integrations.tools.mcp_oauth import MCPAuthorizationError, StreamableHttpServerInfo
from tests.fakes.threads import LONGEST_WAIT
from tests.haystack.calling import wait_until
from tests.haystack.test_closing import is_asking


def test_on_an_event_loop_a_client_is_created_at_once_and_connecting_holds_nothing_up(misbehaving, person):
    """Row J2. Trap 10."""
    person.waits()

    async def use():
        client = StreamableHttpServerInfo(url=misbehaving.mcp_url).create_client()
        assert misbehaving.seen == []
        connecting = asyncio.ensure_future(client.connect())
        while not is_asking():
            await asyncio.sleep(0.01)  # the loop goes on
        assert not connecting.done()
        person.goes_on()
        tools = await connecting
        await client.aclose()
        return [tool.name for tool in tools]

    assert asyncio.run(use()) == ["add"]
    assert person.logins == 1


@pytest.mark.parametrize("name", ["connect", "tools_for_current", "call_tool"])
def test_a_loop_that_stands_still_for_a_call_gets_the_link_instead_of_waiting(misbehaving, person, name):
    """What Haystack's sync methods do where a program calls them on its event loop. Row J2. Trap 10."""
    person.waits()
    arguments = ("add", {"a": 1, "b": 2}) if name == "call_tool" else ()

    async def use():
        client = StreamableHttpServerInfo(url=misbehaving.mcp_url).create_client()
        with pytest.raises(MCPAuthorizationError) as raised:
            AsyncExecutor.get_instance().run(getattr(client, name)(*arguments), timeout=LONGEST_WAIT)
        person.goes_on()
        await asyncio.to_thread(wait_until, lambda: misbehaving.scopes)
        await client.aclose()
        return raised.value

    error = asyncio.run(use())
    assert error.authorization_url.startswith(misbehaving.origin)
