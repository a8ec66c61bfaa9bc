# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The MCP session of a client outlives what happens at the server: which message is sent again, and which is not."""

import asyncio

import httpx2
import pytest

from tests.cli.bridge.scene import GONE, REFUSED, Scene, Server, answer, events

NO_SESSION = {
    "jsonrpc": "2.0",
    "id": None,
    "error": {"code": -32000, "message": "Bad Request: No valid session ID provided"},
}


@pytest.mark.parametrize("refusal", [httpx2.Response(404), httpx2.Response(400, json=NO_SESSION)], ids=["404", "400"])
def test_a_forgotten_session_is_opened_anew_and_the_call_is_made_once(refusal):
    async def play():
        server = Server()
        async with Scene(server.handle) as scene:
            await scene.open()
            await scene.answered(1, "logging/setLevel", level="debug")
            await scene.answered(2, "resources/subscribe", uri="a:1")
            await scene.answered(3, "resources/subscribe", uri="a:2")
            await scene.answered(4, "resources/unsubscribe", uri="a:1")
            server.forget(refusal)
            assert await scene.answered(5, "tools/call", name="t") == answer(5, n=1)
        assert server.sessions == 2
        calls = [each.headers["Mcp-Session-Id"] for each in scene.requests if b"tools/call" in each.content]
        assert calls == ["session-1", "session-2"]
        assert [each["params"] for each in scene.sent("logging/setLevel")] == [{"level": "debug"}] * 2
        assert [each["params"]["uri"] for each in scene.sent("resources/subscribe")] == ["a:1", "a:2", "a:2"]
        assert len(scene.sent("notifications/initialized")) == 2
        assert scene.told == ["The MCP session had ended; a new one is open."]

    asyncio.run(play())


def test_many_calls_that_meet_a_forgotten_session_open_one_new_one():
    async def play():
        server = Server()
        async with Scene(server.handle) as scene:
            await scene.open()
            server.forget()
            for number in range(1, 30):
                scene.ask(number, "tools/call", name="t")
            heard = [await scene.heard() for _ in range(1, 30)]
        assert sorted(each["id"] for each in heard) == list(range(1, 30))
        assert all("result" in each for each in heard)
        assert server.sessions == 2

    asyncio.run(play())


def test_a_session_that_is_refused_again_at_once_is_given_up():
    async def play():
        server = Server()
        server.plan["tools/call"] = [httpx2.Response(404), httpx2.Response(404)]
        async with Scene(server.handle) as scene:
            await scene.open()
            error = (await scene.answered(1, "tools/call", name="t"))["error"]
            assert "has ended the MCP session" in error["message"]
            assert "result" in await scene.answered(2, "tools/call", name="t")

    asyncio.run(play())


def test_a_server_of_another_revision_in_the_place_of_the_old_one_is_told():
    async def play():
        server = Server()
        async with Scene(server.handle) as scene:
            await scene.open()
            server.forget()
            server.version = "2024-11-05"
            error = (await scene.answered(1, "tools/call", name="t"))["error"]
            assert "another revision" in error["message"]
            assert scene.sent("initialize")[1]["params"]["protocolVersion"] == "2025-11-25"

    asyncio.run(play())


def test_the_new_session_says_that_the_lists_may_have_changed():
    async def play():
        server = Server(tools={"listChanged": True}, prompts={"listChanged": False}, resources={})
        async with Scene(server.handle) as scene:
            await scene.open()
            server.forget()
            scene.ask(1, "ping")
            assert (await scene.heard())["method"] == "notifications/tools/list_changed"
            assert await scene.heard() == answer(1, n=1)

    asyncio.run(play())


@pytest.mark.parametrize(
    ("method", "is_sent_again"), [("tools/call", False), ("tools/list", True), ("future/x", False)]
)
@pytest.mark.parametrize("way", ["no answer", "broken stream"])
def test_a_message_whose_answer_is_lost_is_sent_again_only_if_it_changes_nothing(way, method, is_sent_again):
    async def play():
        server = Server()
        server.plan[method] = [GONE if way == "no answer" else events("data:\n\n", breaks=True)]
        async with Scene(server.handle) as scene:
            await scene.open()
            said = await scene.answered(1, method, name="t")
        assert ("result" in said) is bool(is_sent_again)
        assert len(scene.sent(method)) == 1 + is_sent_again

    asyncio.run(play())


def test_a_server_that_cannot_be_reached_is_tried_again_as_long_as_it_has_not_seen_the_message():
    async def play():
        server = Server()
        server.plan["tools/call"] = [REFUSED, REFUSED, REFUSED]
        async with Scene(server.handle) as scene:
            await scene.open()
            assert "result" in await scene.answered(1, "tools/call", name="t")
            assert scene.pauses == [0.25, 0.5, 1.0]
            server.plan["tools/call"] = [REFUSED] * 6
            error = (await scene.answered(2, "tools/call", name="t"))["error"]
            assert "is not reached" in error["message"]

    asyncio.run(play())


def test_a_server_that_was_never_reached_is_not_tried_again():
    async def play():
        async with Scene(lambda request: REFUSED) as scene:
            assert "is not reached" in (await scene.open())["error"]["message"]
        assert len(scene.requests) == 1

    asyncio.run(play())


def test_what_expects_no_answer_opens_a_new_session_and_is_not_sent_again():
    async def play():
        server = Server()
        async with Scene(server.handle) as scene:
            await scene.open()
            await scene.answered(1, "ping")
            server.forget()
            scene.send({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"})
            await scene.until(lambda: server.sessions == 2 and len(scene.sent("notifications/initialized")) == 2)
            assert "result" in await scene.answered(2, "ping")
        assert len(scene.sent("notifications/roots/list_changed")) == 1

    asyncio.run(play())


def test_the_session_is_ended_at_the_server():
    async def play():
        server = Server()
        async with Scene(server.handle) as scene:
            await scene.open()
            await scene.answered(1, "ping")
        last = scene.requests[-1]
        assert (last.method, last.headers["Mcp-Session-Id"]) == ("DELETE", "session-1")

    asyncio.run(play())


@pytest.mark.parametrize("version", ["2025\r\nX: y", "Grüße", "", 7, None])
def test_a_revision_that_is_none_is_in_no_header_field(version):
    async def play():
        server = Server()
        server.version = version
        async with Scene(server.handle) as scene:
            await scene.open()
            assert "result" in await scene.answered(1, "ping")
        assert "mcp-protocol-version" not in scene.requests[-1].headers

    asyncio.run(play())


def test_a_client_of_a_later_revision_survives_a_server_that_restarts_too():
    async def play():
        meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
        plan = [httpx2.Response(200, json=answer(1)), REFUSED, REFUSED, httpx2.Response(200, json=answer(2))]
        async with Scene(lambda request: plan.pop(0)) as scene:
            await scene.answered(1, "server/discover", _meta=meta)
            assert "result" in await scene.answered(2, "tools/call", name="t", _meta=meta)
            assert scene.pauses == [0.25, 0.5]

    asyncio.run(play())


@pytest.mark.parametrize("code", [-32601, -32602])
def test_an_error_of_a_request_that_comes_with_404_does_not_end_the_session(code):
    async def play():
        server = Server()
        error = {"code": code, "message": "no such method"}
        server.plan["future/x"] = [httpx2.Response(404, json={"jsonrpc": "2.0", "id": 1, "error": error})]
        async with Scene(server.handle) as scene:
            await scene.open()
            assert (await scene.answered(1, "future/x"))["error"] == error
        assert server.sessions == 1

    asyncio.run(play())


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_that_does_not_reach_the_server_is_asked_again_for_what_changes_nothing(status):
    async def play():
        server = Server()
        server.plan = {"tools/list": [httpx2.Response(status)] * 2, "tools/call": [httpx2.Response(status)]}
        async with Scene(server.handle) as scene:
            await scene.open()
            assert "result" in await scene.answered(1, "tools/list")
            assert scene.pauses == [0.25, 0.5]
            error = (await scene.answered(2, "tools/call", name="t"))["error"]
        assert len(scene.sent("tools/call")) == 1
        assert ("Check what it has done" in error["data"]["hint"]) is (status != 503)

    asyncio.run(play())


def test_a_session_is_opened_anew_behind_a_gateway_too_and_the_call_is_made_once():
    async def play():
        server = Server()
        gateway = [httpx2.Response(502), httpx2.Response(503)]

        def handle(request):
            is_beginning = b'"initialize"' in request.content
            return gateway.pop(0) if server.known is None and is_beginning and gateway else server.handle(request)

        async with Scene(handle) as scene:
            server.known = "none yet"
            await scene.open()
            await scene.until(lambda: scene.requests[-1].method == "GET")
            server.forget()
            assert "result" in await scene.answered(1, "tools/call", name="t")
        assert not gateway
        assert len(scene.sent("tools/call")) == 2  # the first was refused with the old session

    asyncio.run(play())


def test_a_server_that_fails_in_a_list_of_its_own_fault_is_asked_once():
    async def play():
        server = Server()
        server.plan["tools/list"] = [httpx2.Response(500)]
        async with Scene(server.handle) as scene:
            await scene.open()
            assert "500" in (await scene.answered(1, "tools/list"))["error"]["message"]

    asyncio.run(play())
