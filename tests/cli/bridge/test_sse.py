# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The older transport, and finding out which of the two a server speaks."""

import asyncio
import json

import httpx2
import pytest

from tests.cli.bridge.scene import Scene, answer, events, message, opened
from valetkey._cli.bridge.sse import Patience


class _SseServer:
    """A server of MCP 2024-11-05; it answers what is posted on its stream."""

    def __init__(self, *, of_posts_at_its_url=405):
        self.stream = asyncio.Queue()
        self._of_posts = of_posts_at_its_url
        self.keeps_to_itself = set()

    def handle(self, request):
        if request.method == "GET":
            return self._open()
        if request.url.path == "/mcp":
            return httpx2.Response(self._of_posts)
        said = message(request)
        if "id" in said:
            result = {"protocolVersion": "2024-11-05", "capabilities": {}} if said["method"] == "initialize" else {}
            if said["method"] not in self.keeps_to_itself:
                self.stream.put_nowait(f"data: {json.dumps(answer(said['id'], **result))}\n\n")
        return httpx2.Response(202)

    def _open(self):
        async def stream():
            yield b"event: endpoint\ndata: /messages?session=1\n\n"
            while (text := await self.stream.get()) is not None:
                yield text.encode()

        return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=stream())


@pytest.mark.parametrize("status", [400, 404, 405])
def test_a_server_that_speaks_sse_alone_is_found(status):
    async def play():
        server = _SseServer(of_posts_at_its_url=status)
        async with Scene(server.handle) as scene:
            assert (await scene.open())["result"]["protocolVersion"] == "2024-11-05"
            assert "result" in await scene.answered(1, "tools/call", name="t")
            server.stream.put_nowait('data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n')
            assert (await scene.heard())["method"] == "notifications/message"

    asyncio.run(play())


def test_a_server_that_speaks_streamable_http_alone_is_found_after_sse():
    async def play():
        def handle(request):
            if request.method == "GET":
                return httpx2.Response(405)
            return opened(request) if message(request)["method"] == "initialize" else httpx2.Response(202)

        async with Scene(handle, transports=("sse", "http")) as scene:
            assert "result" in await scene.open()

    asyncio.run(play())


def test_an_sse_server_that_names_another_origin_gets_no_message():
    async def play():
        def handle(request):
            assert request.url.host == "mcp.example.com"
            return events("event: endpoint\ndata: https://elsewhere.example.com/messages?session=hunter2\n\n")

        async with Scene(handle, transports=("sse",)) as scene:
            message = (await scene.open())["error"]["message"]
        assert 'another origin to post to, "https://elsewhere.example.com/messages"' in message

    asyncio.run(play())


def test_a_call_whose_stream_ends_is_not_made_again_and_a_list_is():
    async def play():
        server = _SseServer()
        async with Scene(server.handle, transports=("sse",)) as scene:
            await scene.open()
            server.keeps_to_itself = {"tools/call", "tools/list"}
            scene.ask(1, "tools/call", name="t")
            scene.ask(2, "tools/list")
            await scene.until(lambda: scene.sent("tools/call") and scene.sent("tools/list"))
            server.keeps_to_itself.clear()
            server.stream.put_nowait(None)
            heard = {each["id"]: each for each in [await scene.heard(), await scene.heard()]}
        assert "not known what the server has done" in heard[1]["error"]["message"]
        assert "result" in heard[2]
        assert [len(scene.sent(each)) for each in ("tools/call", "tools/list", "initialize")] == [1, 2, 2]

    asyncio.run(play())


@pytest.mark.parametrize(("asked", "echoed"), [(1, "1"), ("1", 1), (1.0, 1)])
@pytest.mark.parametrize("way", ["http", "sse"])
def test_an_answer_that_has_the_id_as_text_reaches_the_client_as_the_server_wrote_it(asked, echoed, way):
    async def play():
        server = _SseServer()

        def handle(request):
            if way == "http":
                return httpx2.Response(200, json=answer(echoed, n=1))
            if request.method == "POST":
                server.stream.put_nowait(f"data: {json.dumps(answer(echoed, n=1))}\n\n")
            return server.handle(request) if request.method == "GET" else httpx2.Response(202)

        async with Scene(handle, transports=(way,)) as scene:
            scene.ask(asked, "tools/call", name="t")
            assert await scene.heard() == answer(echoed, n=1)

    asyncio.run(play())


@pytest.mark.parametrize("status", [400, 405, 406])
def test_a_server_that_refuses_the_first_transport_in_json_is_asked_over_the_other_one(status):
    async def play():
        refusal = {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": "Method not allowed."}}

        def handle(request):
            if request.method == "GET":
                return httpx2.Response(status, json=refusal)
            return opened(request) if message(request)["method"] == "initialize" else httpx2.Response(202)

        async with Scene(handle, transports=("sse", "http")) as scene:
            assert "result" in await scene.open()
        sse = _SseServer()

        def handle_the_other_way(request):
            if request.method == "POST" and request.url.path == "/mcp":
                return httpx2.Response(status, json=refusal)
            return sse.handle(request)

        async with Scene(handle_the_other_way) as scene:
            assert "result" in await scene.open()

    asyncio.run(play())


def test_a_server_that_is_silent_for_long_is_asked_for_a_sign_of_life_and_keeps_its_session():
    async def play():
        server = _SseServer()
        async with Scene(server.handle, transports=("sse",), patience=Patience(silence=0.01)) as scene:
            await scene.open()
            server.keeps_to_itself = {"tools/call"}
            scene.ask(1, "tools/call", name="slow")
            await scene.until(lambda: len(scene.sent("ping")) == 3)
            server.stream.put_nowait(f"data: {json.dumps(answer(1, n=1))}\n\n")
            assert await scene.heard() == answer(1, n=1)  # and no answer to a ping before it
        assert len(scene.sent("initialize")) == 1

    asyncio.run(play())


def test_a_server_that_gives_no_sign_of_life_is_left_for_a_new_session():
    async def play():
        server = _SseServer()
        async with Scene(server.handle, transports=("sse",), patience=Patience(silence=0.01, sign=0.01)) as scene:
            await scene.open()
            server.keeps_to_itself = {"ping"}
            await scene.until(lambda: len(scene.sent("initialize")) == 2)
            assert scene.sent("ping")

    asyncio.run(play())


def test_a_stream_that_names_no_address_is_not_waited_for():
    async def play():
        async def silent():
            await asyncio.Event().wait()
            yield b""

        def handle(request):
            if request.method == "GET":
                return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=silent())
            return opened(request) if message(request)["method"] == "initialize" else httpx2.Response(202)

        async with Scene(handle, transports=("sse", "http"), patience=Patience(naming=0.01)) as scene:
            assert "result" in await scene.open()

    asyncio.run(play())
