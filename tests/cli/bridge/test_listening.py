# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Listening to the server's own messages: when their stream is opened again, and when it is not."""

import asyncio
import json

import httpx2
import pytest

from tests.cli.bridge.scene import GONE, Scene, Server, events


def _listening(server, *responses):
    """Let the server answer the GETs of its stream one after the other, and then hold the last one open."""
    asked = []

    async def for_ever():
        await asyncio.Event().wait()
        yield b""

    def get(request):
        asked.append(dict(request.headers))
        if len(asked) <= len(responses):
            return responses[len(asked) - 1]
        return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=for_ever())

    server.get = get
    return asked


def test_the_stream_of_the_servers_messages_is_opened_again_where_it_broke_off():
    async def play():
        server = Server()
        note = json.dumps({"jsonrpc": "2.0", "method": "notifications/message"})
        asked = _listening(server, events(f"id: 4\ndata: {note}\n\n", breaks=True), GONE, httpx2.Response(502))
        async with Scene(server.handle) as scene:
            await scene.open()
            assert (await scene.heard())["method"] == "notifications/message"
            await scene.until(lambda: len(asked) == 4)
        assert [each.get("last-event-id") for each in asked] == [None, "4", "4", "4"]
        assert scene.pauses == [1.0, 2.0, 4.0]
        assert all(each["mcp-session-id"] == "session-1" for each in asked)
        assert all(each["mcp-protocol-version"] == "2025-11-25" for each in asked)

    asyncio.run(play())


@pytest.mark.parametrize("status", [400, 403, 405, 501])
def test_a_server_without_such_a_stream_is_asked_once(status):
    async def play():
        server = Server()
        asked = _listening(server, httpx2.Response(status))
        async with Scene(server.handle) as scene:
            await scene.open()
            await scene.until(lambda: len(asked) == 1)
            for number in range(1, 20):
                await scene.answered(number, "ping")
        assert len(asked) == 1

    asyncio.run(play())


def test_a_session_that_ends_while_nothing_is_asked_is_opened_anew():
    async def play():
        server = Server(tools={"listChanged": True})
        asked = _listening(server, httpx2.Response(404))
        async with Scene(server.handle) as scene:
            await scene.open()
            assert (await scene.heard())["method"] == "notifications/tools/list_changed"
            await scene.until(lambda: len(asked) == 2)
        assert [each["mcp-session-id"] for each in asked] == ["session-1", "session-2"]
        assert server.sessions == 2

    asyncio.run(play())


def test_a_server_that_has_no_stream_in_the_words_of_an_ended_session_is_left_alone():
    async def play():
        server = Server(tools={"listChanged": True})
        asked = _listening(server, *[httpx2.Response(404)] * 50)
        async with Scene(server.handle) as scene:
            await scene.open()
            await scene.until(lambda: len(asked) == 3)
            for number in range(1, 40):
                assert "result" in await scene.answered(number, "tools/call", name="t")
            assert len(asked) == 3
            server.forget()
            assert "result" in await scene.answered(40, "tools/call", name="t")
            await scene.until(lambda: len(asked) == 4)
        assert server.sessions == 4

    asyncio.run(play())


def test_a_stream_that_wants_another_token_waits_for_the_next_message():
    async def play():
        server = Server()
        rejection = httpx2.Response(401, headers={"WWW-Authenticate": "Bearer"})
        asked = _listening(server, rejection)
        async with Scene(server.handle) as scene:
            await scene.open()
            await scene.until(lambda: len(asked) == 1)
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(asked) == 1
            await scene.answered(1, "ping")
            await scene.until(lambda: len(asked) == 2)

    asyncio.run(play())


def test_a_stream_that_the_server_ends_is_opened_again_when_the_server_says():
    async def play():
        server = Server()
        asked = _listening(server, events("id: 1\nretry: 7000\ndata:\n\n"), events("retry: 200\ndata:\n\n"), GONE)
        async with Scene(server.handle) as scene:
            await scene.open()
            await scene.until(lambda: len(asked) == 4)
        assert scene.pauses == [7.0, 0.2, 4.0]  # after the last one, the server is not reached

    asyncio.run(play())
