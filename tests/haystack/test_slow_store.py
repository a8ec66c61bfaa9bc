# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A store that answers late, as a Redis far away may, holds up no other tool: all of them share one event loop."""

import asyncio
import threading

import pytest
from haystack_integrations.tools.mcp.mcp_tool import AsyncExecutor

from haystack_integrations.tools.mcp_oauth import OAuthConfig, StreamableHttpServerInfo
from valetkey.store.backends.memory import MemoryStore

LONGEST_WAIT = 20.0


class SlowStore(MemoryStore):
    """Answers no question before it may; `asked` is set with the first one."""

    def __init__(self):
        super().__init__()
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self.threads = set()

    def get(self, key):
        self.threads.add(threading.get_ident())
        self.asked.set()
        assert self.may_answer.wait(LONGEST_WAIT)
        return super().get(key)


@pytest.fixture
def store():
    """The store of this test; it is no file."""
    return SlowStore()


def while_the_store_is_silent(store, begin):
    """Begin something in upstream's event loop, see that the loop goes on, then let the store answer."""

    async def use():
        work = asyncio.ensure_future(begin())
        await asyncio.to_thread(store.asked.wait, LONGEST_WAIT)
        assert not work.done()
        assert threading.get_ident() not in store.threads
        store.may_answer.set()
        return await work

    return AsyncExecutor.get_instance().run(use(), timeout=2 * LONGEST_WAIT)


def client_of(misbehaving, store):
    config = OAuthConfig(token_storage=store)
    return StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config).create_client()


def test_a_session_is_opened_while_the_event_loop_goes_on(misbehaving, store):
    """Trap 22."""
    misbehaving.switches.open = True

    async def connect():
        client = client_of(misbehaving, store)  # in that loop, where nothing is opened ahead
        tools = await client.connect()
        await client.aclose()
        return [tool.name for tool in tools]

    assert while_the_store_is_silent(store, connect) == ["add"]


def test_a_tool_is_called_while_the_event_loop_goes_on(misbehaving, store):
    """A client that is not connected yet connects for the call."""
    misbehaving.switches.open = True

    async def call():
        client = client_of(misbehaving, store)
        answer = await client.call_tool("add", {"a": 1, "b": 2})
        await client.aclose()
        return answer

    assert '"3"' in while_the_store_is_silent(store, call)
