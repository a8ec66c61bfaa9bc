# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Answers of ours come into a stream between two events of the server, however its bytes are cut."""

import asyncio
import json
from itertools import pairwise

import httpx
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.threads import LONGEST_WAIT
from valetkey._adapters.event_stream import EventStream

LIBRARIES = [httpx, httpx2]
ENDS_OF_LINE = ["\n", "\r", "\r\n"]

lines = st.sampled_from(["data: {}", "data: ü", "event: message", ": ping", "id: 5", "data:", "retry: 10", "data: a b"])
events = st.builds(
    lambda body, end: (end.join(body) + end + end).encode(),
    st.lists(lines, min_size=1, max_size=3),
    st.sampled_from(ENDS_OF_LINE),
)


def ours(number):
    return {"jsonrpc": "2.0", "id": number, "result": {}}


def as_event(number):
    return b"event: message\ndata: " + json.dumps(ours(number)).encode() + b"\n\n"


def stream_of(library, source):
    """The server's stream, from an asynchronous iterator of chunks."""

    class Stream(library.AsyncByteStream):
        def __aiter__(self):
            return source

    return Stream()


def response_of(library, source):
    request = library.Request("GET", "https://mcp.example.com/sse")
    headers = {"Content-Type": "text/event-stream"}
    return library.Response(200, headers=headers, stream=stream_of(library, source), request=request)


async def merged(library, chunks, deliveries):
    """Send the chunks one by one; before the chunk of its number, each of our answers is delivered."""
    events = EventStream()

    async def source():
        for number, chunk in enumerate(chunks):
            for answer, when in enumerate(deliveries):
                if when == number:
                    events.deliver(ours(answer))
            await pass_the_turn()
            yield chunk
            await pass_the_turn()

    response = events.wrap(library, response_of(library, source()))
    return [chunk async for chunk in response.aiter_raw()]


async def pass_the_turn():
    """Let the other tasks go on until they wait."""
    for _ in range(5):
        await asyncio.sleep(0)


def cut(text, places):
    """Cut a text at places that are counted from its start."""
    edges = [0, *sorted({place % (len(text) + 1) for place in places}), len(text)]
    return [text[start:end] for start, end in pairwise(edges) if start < end]


@pytest.mark.parametrize("library", LIBRARIES)
@given(
    st.lists(events, min_size=1, max_size=5),
    st.lists(st.integers(0, 400), max_size=12),
    st.lists(st.integers(0, 12), max_size=4),
)
def test_nothing_of_ours_stands_inside_an_event_of_the_server(library, server, places, deliveries):
    text = b"".join(server)
    boundaries = {len(b"".join(server[:count])) for count in range(len(server) + 1)}
    read = asyncio.run(merged(library, cut(text, places), sorted(deliveries)))
    own = {as_event(number) for number in range(len(deliveries))}
    position = 0
    for chunk in read:
        if chunk in own:
            assert position in boundaries
        else:
            position += len(chunk)
    assert b"".join(chunk for chunk in read if chunk not in own) == text


@pytest.mark.parametrize("library", LIBRARIES)
@given(st.lists(events, min_size=2, max_size=4), st.lists(st.integers(0, 200), max_size=8), st.integers(1, 4))
def test_our_answers_come_in_the_order_of_their_delivery(library, server, places, count):
    chunks = [*cut(b"".join(server), places), b": the end\n\n"]
    read = asyncio.run(merged(library, chunks, [0] * count))
    assert [chunk for chunk in read if chunk.startswith(b'event: message\ndata: {"jsonrpc')] == [
        as_event(number) for number in range(count)
    ]


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_answer_comes_while_the_server_is_silent(library):
    async def first_chunk():
        events = EventStream()
        silence = asyncio.Event()

        async def source():
            await silence.wait()
            yield b"never"

        response = events.wrap(library, response_of(library, source()))
        events.deliver(ours(1))
        stream = response.aiter_raw()
        chunk = await asyncio.wait_for(anext(stream), LONGEST_WAIT)
        await stream.aclose()
        await response.aclose()
        return chunk

    assert asyncio.run(first_chunk()) == as_event(1)


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_answer_waits_for_the_end_of_an_event_that_has_begun(library):
    async def chunks():
        return await merged(library, [b"data: {", b"}\n", b"\n"], [1])

    assert asyncio.run(chunks()) == [b"data: {", b"}\n", b"\n", as_event(0)]


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_broken_stream_breaks_as_it_would_without_us(library):
    async def source():
        yield b"data: 1\n\n"
        message = "peer closed connection"
        raise library.RemoteProtocolError(message)

    async def read():
        response = EventStream().wrap(library, response_of(library, source()))
        return [chunk async for chunk in response.aiter_raw()]

    with pytest.raises(library.RemoteProtocolError, match="peer closed"):
        asyncio.run(read())


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_response_is_the_servers_in_everything_else(library):
    async def source():
        yield b"data: 1\n\n"

    async def wrapped():
        original = response_of(library, source())
        response = EventStream().wrap(library, original)
        await response.aclose()
        return original, response

    original, response = asyncio.run(wrapped())
    assert response.status_code == 200
    assert response.headers == original.headers
    assert response.request is original.request
    assert original.is_closed
