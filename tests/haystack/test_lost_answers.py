# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A call whose answer does not come, or is none, fails at once and says so: SDK 1.x would wait for it until the end."""

import time

import pytest

from haystack_integrations.tools.mcp_oauth import StreamableHttpServerInfo
from tests.fakes.threads import LONGEST_WAIT
from tests.haystack.calling import call, tool_of

EVENTS, JSON = "text/event-stream", "application/json"

BREAKS_OFF = "breaks the connection off without an answer"
ANSWERS = {
    "events that end": ((EVENTS, b": one moment\n\n", 0), BREAKS_OFF),
    "no event at all": ((EVENTS, b"", 0), BREAKS_OFF),
    "events that break off": ((EVENTS, b": one moment\n\n", 500), BREAKS_OFF),
    "half an event": ((EVENTS, b'event: message\ndata: {"jsonrpc": "2.0", "id": <id>, "res', 500), BREAKS_OFF),
    "other events": ((EVENTS, b'data: {"jsonrpc": "2.0", "method": "notifications/message"}\n\n', 0), BREAKS_OFF),
    "JSON that breaks off": ((JSON, b'{"jsonrpc":', 500), BREAKS_OFF),
    "no JSON": ((JSON, b"{nope", 0), "no JSON"),
    "nothing": ((f"{JSON}; charset=utf-8", b"", 0), "no JSON"),
    "another id": ((JSON, b'{"jsonrpc": "2.0", "id": 777, "result": {}}', 0), "no answer to the request"),
    "no id": ((JSON, b'{"jsonrpc": "2.0", "result": {}}', 0), "no answer to the request"),
    "a list": ((JSON, b"[]", 0), "no answer to the request"),
    "a request": ((JSON, b'{"jsonrpc": "2.0", "id": <id>, "method": "ping"}', 0), "no answer to the request"),
    "deep JSON": ((JSON, b"[" * 100_000, 0), "no JSON"),
    "an error without an id": (
        (JSON, b'{"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "what is that?"}}', 0),
        "what is that",
    ),
}


@pytest.mark.parametrize(("answer", "words"), ANSWERS.values(), ids=ANSWERS.keys())
def test_a_call_without_an_answer_fails_at_once_and_the_session_lives(misbehaving, open_toolset, answer, words):
    """Row J1. Trap 4."""
    misbehaving.switches.open = True
    info = StreamableHttpServerInfo(url=misbehaving.mcp_url, max_retries=0)
    add = tool_of(open_toolset(info, invocation_timeout=LONGEST_WAIT))
    misbehaving.switches.answer_to_calls = answer
    started = time.monotonic()
    with pytest.raises(Exception, match=words) as raised:
        call(add, a=1, b=2)
    assert time.monotonic() - started < LONGEST_WAIT / 2
    assert "opens no MCP session" not in str(raised.value)
    assert len(misbehaving.requests(message="tools/call")) == 1
    misbehaving.switches.answer_to_calls = None
    assert call(add, a=1, b=2) == "3"


def test_events_before_an_answer_are_read_as_ever(misbehaving, open_toolset):
    """Row J1."""
    misbehaving.switches.open = True
    add = tool_of(open_toolset(misbehaving.mcp_url))
    result = b'{"jsonrpc": "2.0", "id": <id>, "result": {"content": [{"type": "text", "text": "3"}]}}'
    body = b'data: {"jsonrpc": "2.0", "method": "notifications/message"}\r\n\r\ndata: ' + result + b"\r\n\r\n"
    misbehaving.switches.answer_to_calls = EVENTS, body, 0
    assert call(add, a=1, b=2) == "3"
