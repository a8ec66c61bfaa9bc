# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The SDK's own client hears through a bridge what it hears from the server directly."""

import asyncio

import mcp
import pytest

from tests.cli.bridge.conversation import Listener, ask_back, bridged, converse, directly, plain, session_over
from tests.cli.bridge.running import everything
from tests.fakes.threads import LONGEST_WAIT

pytestmark = pytest.mark.filterwarnings("ignore:.*as of 2026-07-28")


@pytest.fixture(scope="module")
def json_server():
    with everything(json_response=True) as running:
        yield running


async def _said(streams, *, asks_back):
    listener = Listener()
    async with asyncio.timeout(LONGEST_WAIT), session_over(streams, listener) as session:
        said = await converse(session, listener)
        back = await ask_back(session) if asks_back else None
    kinds = sorted({str(each.get("method", each)) for each in listener.heard})
    return said, back, kinds


@pytest.mark.parametrize("way", ["http", "json", "sse"])
def test_a_client_hears_through_a_bridge_what_it_hears_directly(way, server, json_server):
    url = {"http": server.url, "json": json_server.url, "sse": server.sse_url}[way]
    through = asyncio.run(_said(bridged(url), asks_back=way != "json"))
    direct = asyncio.run(_said(directly(url), asks_back=way != "json"))
    assert through == direct
    assert len(through[0]["big"]["content"][0]["text"]) == 900_000


async def _calls(streams):
    async with session_over(streams, Listener()) as session:
        await session.initialize()
        results = await asyncio.gather(*(session.call_tool("echo", {"text": f"{n} 世界"}) for n in range(50)))
        large = await session.call_tool("big", {"size": 3_000_000})
    return [result.content[0].text for result in results], len(large.content[0].text)


def test_fifty_calls_at_once_each_get_their_own_answer_and_a_large_one_has_no_limit(server):
    said, large = asyncio.run(_calls(bridged(server.url)))
    assert said == [f"{n} 世界" for n in range(50)]
    assert large == 3_000_000


async def _with_high_level_client(target):
    """Speak with the client of SDK 2, which asks first which revisions the server speaks."""
    listener = Listener()
    async with asyncio.timeout(LONGEST_WAIT), mcp.Client(target, elicitation_callback=listener.elicit) as it:
        tools = plain(await it.list_tools())
        where = plain(await it.call_tool("where", {"region": "eu wëst"}))
        return it.protocol_version, tools, where, plain(await it.read_resource("test://one"))


if hasattr(mcp, "Client"):  # of SDK 2

    def test_a_client_of_a_later_revision_hears_the_same_too(server):
        through = asyncio.run(_with_high_level_client(bridged(server.url)))
        direct = asyncio.run(_with_high_level_client(server.url))
        assert through == direct
        assert through[0] == "2026-07-28"
