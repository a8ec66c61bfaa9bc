# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a hostile server sends: without end, or with what no header field may have."""

import asyncio
import json

import httpx2
import pytest

from tests.cli.bridge.scene import CHUNK, URL, Endless, Scene, answer, events, message, opened
from valetkey._cli.bridge.bodies import LONGEST


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("method", ["initialize", "tools/call"])
def test_a_message_without_end_is_given_up(kind, method):
    body = Endless(b'data: {"a":"' if kind == "text/event-stream" else b'{"a":"')

    async def play():
        def handle(request):
            if request.method == "GET":
                return httpx2.Response(405)
            return httpx2.Response(200, headers={"Content-Type": kind}, content=aiter(body))

        async with Scene(handle) as scene:
            error = (await scene.answered(1, method))["error"]
        assert (
            error["message"]
            == f"{URL} sent a message of more than 64 MiB. Ask the server for less, or tell its operator."
        )
        assert len(scene.requests) == 1

    asyncio.run(play())
    assert body.size <= LONGEST + 2 * len(CHUNK)


def test_a_short_body_that_unpacks_to_a_long_one_is_given_up():
    import zlib

    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = packer.compress(b'{"a":"') + b"".join(packer.compress(CHUNK) for _ in range(100)) + packer.flush()

    async def pieces():
        for at in range(0, len(packed), 4096):
            yield packed[at : at + 4096]

    async def play():
        fields = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        async with Scene(lambda _: httpx2.Response(200, headers=fields, content=pieces())) as scene:
            error = (await scene.answered(1, "tools/list"))["error"]
        assert "more than 64 MiB" in error["message"]

    asyncio.run(play())


@pytest.mark.parametrize("number", ["9" * 4000, "-5", "9" * 5000])
def test_a_server_says_how_long_to_wait_within_bounds(number):
    async def play():
        def handle(request):
            if request.method == "POST":
                return events(f"id: 7\nretry: {number}\ndata:\n\n")
            return events(f"data: {json.dumps(answer(1, a=1))}\n\n")

        async with Scene(handle) as scene:
            scene.ask(1, "tools/call", name="t")
            assert await scene.heard() == answer(1, a=1)
        assert all(0 <= each <= 60 for each in scene.pauses)
        assert len(scene.pauses) == 1

    asyncio.run(play())


@pytest.mark.parametrize("odd", ["\u20ac", "a\tb", "\x1b[31m", "a\u202e"])
def test_an_id_of_an_event_that_no_header_field_may_have_resumes_nothing(odd):
    async def play():
        asked = []

        def handle(request):
            if request.method == "GET":
                asked.append(request.headers.get("Last-Event-ID"))
                return events(f"id: {odd}\ndata:\n\n") if len(asked) < 4 else httpx2.Response(405)
            said = message(request)
            if said["method"] == "initialize":
                return opened(request)
            return events(f"id: {odd}\ndata:\n\n") if "id" in said else httpx2.Response(202)

        async with Scene(handle) as scene:
            await scene.open()
            error = (await scene.answered(1, "tools/call", name="t"))["error"]
            await scene.until(lambda: len(asked) == 4)  # the server's own messages are listened to further
        assert "ended before the answer came" in error["message"]
        assert set(asked) == {None}

    asyncio.run(play())


@pytest.mark.parametrize("odd", ["one\u00e9", "a\tb", "one two\x7f"])
def test_an_id_of_a_session_that_no_header_field_may_have_is_said(odd):
    async def play():
        def handle(request):
            response = opened(request)
            response.headers.raw[:] = [each for each in response.headers.raw if each[0].lower() != b"mcp-session-id"]
            fields = [*response.headers.raw, (b"Mcp-Session-Id", odd.encode())]
            return httpx2.Response(200, headers=fields, content=response.content)

        async with Scene(handle) as scene:
            error = (await scene.answered(0, "initialize"))["error"]
        assert "an id of a session that no header field may have" in error["message"]

    asyncio.run(play())
