# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Streamable HTTP, as servers speak it well and badly."""

import asyncio
import json

import httpx2
import pytest

from tests.cli.bridge.scene import REFUSED, URL, Scene, answer, events, message
from valetkey._cli.bridge.ignored_tools import IgnoredTools


def test_a_batch_goes_as_one_and_its_answers_come_as_they_are():
    async def play():
        def handle(request):
            assert [each["id"] for each in message(request) if "id" in each] == [1, 2]
            return httpx2.Response(200, json=[answer(2, b=2), answer(1, a=1)])

        async with Scene(handle) as scene:
            batch = [{"id": 1, "method": "a"}, {"method": "n"}, {"id": 2, "method": "b"}]
            scene.send(batch)
            first = await scene.heard()
        assert first == [answer(2, b=2), answer(1, a=1)]

    asyncio.run(play())


def test_an_answer_over_several_lines_becomes_one_line():
    async def play():
        def handle(request):
            text = json.dumps(answer(1, text="a\nb"), indent=1)
            return events("event: message\n" + "".join(f"data: {line}\n" for line in text.splitlines()) + "\n")

        async with Scene(handle) as scene:
            assert await scene.answered(1, "ping") == answer(1, text="a\nb")

    asyncio.run(play())


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (lambda: httpx2.Response(202), "which is no MCP"),
        (lambda: httpx2.Response(200, text="hello", headers={"Content-Type": "text/plain"}), "text/plain"),
        (lambda: httpx2.Response(200, json={"no": "answer"}), "without an answer"),
        (lambda: httpx2.Response(200, text="{", headers={"Content-Type": "application/json"}), "without an answer"),
        (lambda: httpx2.Response(500), "500"),
        (lambda: httpx2.Response(302, headers={"Location": "https://elsewhere.example.com/"}), "elsewhere.example.com"),
        (lambda: events(": nothing\n\n"), "not known what the server has done"),
        (lambda: events("data: {}\n\n", breaks=True), "not known what the server has done"),
    ],
    ids=["202", "text", "no answer", "no JSON", "500", "redirect", "no event", "broken"],
)
def test_a_call_without_an_answer_fails_with_a_sentence(response, words):
    async def play():
        async with Scene(lambda request: response()) as scene:
            error = (await scene.answered(1, "tools/call", name="t"))["error"]
        assert words in error["message"]
        assert error["data"]["hint"] in error["message"]
        assert len(scene.requests) == 1

    asyncio.run(play())


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_the_servers_own_error_is_the_clients_also_without_its_id_and_with_an_http_error(status):
    async def play():
        error = {"code": -32602, "message": "own words", "data": {"deep": 1}}
        said = {"jsonrpc": "2.0", "id": None, "error": error}
        async with Scene(lambda request: httpx2.Response(status, json=said)) as scene:
            assert (await scene.answered("x", "future/method"))["error"] == error

    asyncio.run(play())


def test_a_redirect_on_the_origin_is_followed_with_its_message():
    async def play():
        def handle(request):
            if request.url.path == "/mcp":
                return httpx2.Response(307, headers={"Location": "/mcp/"})
            return httpx2.Response(200, json=answer(message(request)["id"]))

        async with Scene(handle) as scene:
            assert "result" in await scene.answered(1, "ping")

    asyncio.run(play())


def test_a_stream_that_breaks_off_is_resumed_where_its_events_have_ids():
    async def play():
        def handle(request):
            if request.method == "POST":
                return events("id: 7\nretry: 250\ndata:\n\n", breaks=True)
            assert request.headers["Last-Event-ID"] in ("7", "8")
            if request.headers["Last-Event-ID"] == "7":
                return events('id: 8\ndata: {"jsonrpc":"2.0","method":"notifications/message"}\n\n')
            return events(f"data: {json.dumps(answer(1, a=1))}\n\n")

        async with Scene(handle) as scene:
            scene.ask(1, "tools/call", name="t")
            assert (await scene.heard())["method"] == "notifications/message"
            assert await scene.heard() == answer(1, a=1)
        assert scene.pauses == [0.25, 0.25]

    asyncio.run(play())


def test_a_stream_that_cannot_be_resumed_is_given_up():
    async def play():
        def handle(request):
            if request.method == "POST":
                return events("id: 7\ndata:\n\n")
            return REFUSED

        async with Scene(handle) as scene:
            error = (await scene.answered(1, "tools/call", name="t"))["error"]
        assert "not known what the server has done" in error["message"]
        assert len(scene.requests) == 6

    asyncio.run(play())


def test_a_server_that_speaks_neither_is_told_by_its_first_answer():
    async def play():
        async with Scene(lambda request: httpx2.Response(404)) as scene:
            error = (await scene.open())["error"]
            assert f"{URL} answered 404" in error["message"]
            assert scene.relay.has_failed.is_set()

    asyncio.run(play())


def _play_one(*texts):
    """Let a server answer one list of tools with some texts, and give all that the client hears of it."""

    async def play():
        async with Scene(lambda _: events(*(f"data: {each}\n\n" for each in texts))) as scene:
            scene.ask(1, "tools/list")
            heard = [await scene.heard()]
            while heard[-1] != json.loads(LAST):
                heard.append(await scene.heard())
        return heard[:-1]

    return asyncio.run(play())


LAST = json.dumps({"jsonrpc": "2.0", "method": "last"})
FIRST = answer(1, n=1)


@pytest.mark.parametrize(
    ("texts", "heard"),
    [
        ([answer(77, n=2), FIRST], [FIRST]),
        ([FIRST, FIRST], [FIRST]),
        ([[FIRST, answer(1, n=2), answer(77, n=2)]], [[FIRST]]),
        ([{"jsonrpc": "2.0", "id": {"a": 1}, "method": 5}, FIRST], [FIRST]),
    ],
    ids=["never asked", "twice", "in a batch", "no method"],
)
def test_an_answer_that_is_not_waited_for_does_not_reach_the_client(texts, heard):
    assert _play_one(*map(json.dumps, texts), LAST) == heard


def test_an_answer_that_comes_in_with_that_to_another_request_comes_once_and_without_ignored_tools():
    async def play():
        waits = asyncio.Event()
        tools = answer(2, tools=[{"name": "good"}, {"name": "bad"}])

        async def late():
            await waits.wait()
            yield f"data: {json.dumps(tools)}\n\n".encode()
            yield f"data: {LAST}\n\n".encode()

        def handle(request):
            if message(request)["id"] == 2:
                return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, content=late())
            return events(f"data: {json.dumps(tools)}\n\n", f"data: {json.dumps(FIRST)}\n\n")

        async with Scene(handle) as scene:
            scene.relay._ignored = IgnoredTools(("bad",))
            scene.ask(2, "tools/list")
            await scene.until(lambda: len(scene.requests) == 1)
            scene.ask(1, "ping")
            assert await scene.heard() == answer(2, tools=[{"name": "good"}])
            assert await scene.heard() == FIRST
            waits.set()
            assert (await scene.heard())["method"] == "last"

    asyncio.run(play())


@pytest.mark.parametrize("polls", [3, 30])
def test_a_stream_that_the_server_ends_again_and_again_is_resumed_until_the_answer_is_there(polls):
    async def play():
        def handle(request):
            if request.method == "POST":
                return events("id: 0\nretry: 300\ndata:\n\n")
            seen = int(request.headers["Last-Event-ID"])
            data = json.dumps(answer(1, a=1)) if seen == polls else ""
            return events(f"id: {seen + 1}\ndata: {data}\n\n")

        async with Scene(handle) as scene:
            assert "result" in await scene.answered(1, "tools/call", name="t")
        assert scene.pauses == [0.3] * (polls + 1)

    asyncio.run(play())


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_gateway_that_stands_in_for_the_server_for_a_moment_ends_no_stream(status):
    async def play():
        gets = [httpx2.Response(status), REFUSED, events(f"data: {json.dumps(answer(1, a=1))}\n\n")]

        def handle(request):
            return events("id: 0\ndata:\n\n") if request.method == "POST" else gets.pop(0)

        async with Scene(handle) as scene:
            assert "result" in await scene.answered(1, "tools/call", name="t")

    asyncio.run(play())


def test_an_error_that_is_no_refusal_of_the_transport_is_asked_for_once():
    async def play():
        error = {"code": -32602, "message": "Unsupported protocol version"}

        def handle(request):
            return httpx2.Response(200, json={"jsonrpc": "2.0", "id": None, "error": error})

        async with Scene(handle) as scene:
            assert (await scene.open())["error"] == error
            assert len(scene.requests) == 1

    asyncio.run(play())


def test_an_answer_that_begins_with_a_byte_order_mark_is_read():
    async def play():
        def handle(request):
            body = b"\xef\xbb\xbf" + json.dumps(answer(message(request)["id"])).encode()
            return httpx2.Response(200, content=body, headers={"Content-Type": "application/json"})

        async with Scene(handle) as scene:
            assert "result" in await scene.answered(1, "ping")

    asyncio.run(play())


def test_a_cancelled_call_is_resumed_no_more_and_its_connection_ends():
    async def play():
        gets = []

        def handle(request):
            if request.method == "GET":
                gets.append(request)
                return events("id: 1\ndata:\n\n")
            return events("id: 0\ndata:\n\n") if "id" in message(request) else httpx2.Response(202)

        async with Scene(handle) as scene:
            scene.ask(1, "tools/call", name="t")
            await scene.until(lambda: gets)
            scene.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
            await scene.until(lambda: not scene.relay._exchanges)
            assert scene.sent("notifications/cancelled")

    asyncio.run(play())


def test_an_answer_of_the_client_does_not_wait_for_a_notification_that_the_server_holds_until_it_is_there():
    async def play():
        answered = asyncio.Event()

        async def handle(request):
            said = message(request)
            if "result" in said:
                answered.set()
            elif said["method"] == "notifications/roots/list_changed":
                await answered.wait()
            return httpx2.Response(202)

        async with Scene(handle) as scene:
            scene.send({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"})
            scene.send({"jsonrpc": "2.0", "method": "notifications/progress"})
            scene.send(answer(5, roots=[]))
            await scene.until(lambda: scene.sent("notifications/progress"))
            assert answered.is_set()

    asyncio.run(play())


def test_an_answer_of_the_client_comes_after_the_notifications_before_it():
    async def play():
        async def handle(request):
            for _ in range(10):
                await asyncio.sleep(0)
            return httpx2.Response(202)

        async with Scene(handle) as scene:
            for number in range(3):
                scene.send({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": number}})
            scene.send(answer(5, done=True))
            await scene.until(lambda: len(scene.requests) == 4)
        assert "result" in message(scene.requests[-1])

    asyncio.run(play())


@pytest.mark.parametrize("media_type", ["application/json", "text/event-stream"])
def test_an_answer_that_is_not_packed_as_it_says_is_told_as_that(media_type):
    async def play():
        async def body():
            yield b"{}"

        fields = {"Content-Type": media_type, "Content-Encoding": "gzip"}
        async with Scene(lambda request: httpx2.Response(200, headers=fields, content=body())) as scene:
            error = (await scene.answered(1, "tools/call", name="t"))["error"]
        assert "Content-Encoding" in error["message"]

    asyncio.run(play())
