# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a bridge does with single messages: cancelled ones, those of a later revision, and what is no message."""

import pytest

from tests.cli.bridge.running import Bridge

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def _wait_until(is_so, bridge):
    number = 1000
    while not is_so():
        number += 1
        bridge.ask(number, "tools/list", _meta=META)
        bridge.answer(number)


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_a_call_that_the_client_cancels_ends_at_the_server(revision, server):
    with Bridge(server.url) as bridge:
        meta = {"_meta": META} if revision == "2026-07-28" else {}
        if not meta:
            bridge.open()
        bridge.ask(7, "tools/call", name="hold", arguments={}, **meta)
        _wait_until(lambda: server.log()["calls"] == ["hold"], bridge)
        bridge.tell("notifications/cancelled", requestId=7, reason="no longer wanted")
        _wait_until(lambda: server.log()["cancelled"] == ["hold"], bridge)
        bridge.ask(8, "tools/call", name="echo", arguments={"text": "after"}, **meta)
        assert bridge.answer(8)["result"]["content"][0]["text"] == "after"


def test_a_message_of_a_later_revision_gets_the_header_fields_that_http_wants(server):
    with Bridge(server.url) as bridge:
        bridge.ask("a", "server/discover", _meta=META)
        assert "2026-07-28" in bridge.answer("a")["result"]["supportedVersions"]
        for cursor in ({}, {"cursor": "two"}):
            bridge.ask("b", "tools/list", _meta=META, **cursor)
            bridge.answer("b")
        bridge.ask("c", "tools/call", name="where", arguments={"region": "eu wëst"}, _meta=META)
        assert bridge.answer("c")["result"]["content"][0]["text"] == "=?base64?ZXUgd8Orc3Q=?= where"


def test_what_is_no_json_rpc_is_left_out_and_a_message_that_nobody_knows_yet_is_not(server):
    with Bridge(server.url) as bridge:
        bridge.write(b"\n{not json}\n[]\n17\n\xff\xfe\n" + b"[" * 200_000 + b"\n")
        assert "result" in bridge.open()
        bridge.ask("x", "future/method", anything={"at": [None, "all"]})
        assert bridge.answer("x")["error"]["code"] == -32601
        bridge.process.stdin.close()
        bridge.process.stdin = None
        code, _, said = bridge.end()
    assert code == 0
    assert said.count("no JSON-RPC message") == 5
    assert "not json" not in said


def test_tools_are_left_out_by_their_patterns_and_are_not_called(server):
    with Bridge(server.url, "--ignore-tool", "h*", "--ignore-tool", "ECHO") as bridge:
        bridge.open()
        bridge.ask(1, "tools/list")
        assert [tool["name"] for tool in bridge.answer(1)["result"]["tools"]] == ["count", "big", "fail"]
        assert "--ignore-tool" in bridge.call(2, "echo", text="x")["message"]
    assert server.log()["calls"] == []


def test_a_line_with_a_byte_order_mark_or_a_broken_character_is_answered_as_by_other_servers(server):
    with Bridge(server.url) as bridge:
        bridge.open()
        bridge.write(b'\xef\xbb\xbf{"jsonrpc": "2.0", "id": "m", "method": "ping"}\r\n')
        assert "result" in bridge.answer("m")
        text = (
            b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"a\xffz"}}}\n'
        )
        bridge.write(text)
        assert bridge.answer(2)["result"]["content"][0]["text"] == "a\ufffdz"
