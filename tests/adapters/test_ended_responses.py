# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a response with events ends with, in whatever pieces and coding it comes."""

import asyncio
import gzip
import json

import httpx
import pytest

from valetkey._adapters.ended_responses import ending_with_an_answer
from valetkey._adapters.failures import NoAnswer

EVENT = b'event: message\ndata: {"jsonrpc": "2.0", "method": "notifications/message"}\n\n'


class Pieces(httpx.AsyncByteStream):
    """A body in pieces of a few bytes, which may break off at its end."""

    def __init__(self, body, size, error=None):
        self.body, self.size, self.error = body, size, error
        self.is_closed = False

    async def __aiter__(self):
        for begin in range(0, len(self.body), self.size):
            yield self.body[begin : begin + self.size]
        if self.error is not None:
            raise self.error

    async def aclose(self):
        self.is_closed = True


def read(body, size=1000, error=None, media_type="text/event-stream; charset=utf-8", **headers):
    """Give what the SDK reads, and what was made of the end."""
    stream, failures = Pieces(body, size, error), []

    def answer(failure):
        failures.append(failure)
        return {"answer": "ours"}

    async def all_of_it():
        request = httpx.Request("POST", "https://mcp.example.com/mcp?key=canary")
        response = httpx.Response(200, headers={"content-type": media_type, **headers}, stream=stream, request=request)
        response = ending_with_an_answer(httpx, response, answer)
        return b"".join([chunk async for chunk in response.aiter_bytes()])

    told = asyncio.run(all_of_it())
    assert stream.is_closed
    return told, failures


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_stream_of_events_ends_with_an_answer(size, coding):
    body = gzip.compress(EVENT) if coding == "gzip" else EVENT
    told, failures = read(body, size, **{"content-encoding": coding, "content-length": str(len(body))})
    before, _, last = told.partition(EVENT)
    assert before == b""
    assert json.loads(last.strip().removeprefix(b"event: message\ndata: ")) == {"answer": "ours"}
    (failure,) = failures
    assert type(failure) is NoAnswer
    assert "https://mcp.example.com/mcp has not answered" in str(failure)
    assert "canary" not in str(failure)


def test_a_stream_that_breaks_off_does_so_too():
    told, failures = read(EVENT, error=httpx.ReadError("gone"))
    assert told.startswith(EVENT)
    assert b"ours" in told
    assert "ReadError: gone" in str(failures[0])


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_where_events_have_ids_the_sdk_asks_for_the_missing_ones(size, end):
    body = end.join([b"id: 7", b"data: " + b"x" * 500, b"", b""])
    assert read(body, size) == (body, [])


@pytest.mark.parametrize("line", [b"id:", b"data: id: 7", b"idea: 7"])
def test_an_id_that_is_none_leads_nowhere(line):
    assert read(line + b"\n\n")[1] != []


def test_another_body_is_left_as_it_is():
    assert read(b"{}", media_type="application/json") == (b"{}", [])
