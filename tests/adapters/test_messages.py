# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The JSON-RPC error that a server sends with an HTTP error, also where its body is packed or without an end."""

import gzip
import importlib
import json
import tracemalloc
import zlib

import anyio
import pytest

from tests.requirements import requirement
from valetkey._adapters.messages import LONGEST_ERROR, error_in

ERROR = {"code": -32600, "message": "no such tool"}
BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "error": ERROR}).encode()
JSON = {"Content-Type": "application/json"}


@pytest.fixture(params=["httpx", "httpx2"])
def library(request):
    return importlib.import_module(request.param)


def streamed(library, *parts, **fields):
    class Body(library.AsyncByteStream):
        async def __aiter__(self):
            for part in parts:
                yield part

    headers = {**JSON, **{name.replace("_", "-"): value for name, value in fields.items()}}
    return library.Response(400, headers=headers, stream=Body())


def read(response):
    return anyio.run(error_in, response)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("identity", BODY),
        ("gzip", gzip.compress(BODY, mtime=0)),
        ("x-gzip", gzip.compress(BODY, mtime=0)),
        ("deflate", zlib.compress(BODY)),
        ("gzip, gzip", gzip.compress(gzip.compress(BODY, mtime=0), mtime=0)),
    ],
)
def test_a_packed_error_is_read_like_a_plain_one(library, coding, body):
    """Row I4."""
    assert read(streamed(library, body[:10], body[10:], Content_Encoding=coding)) == ERROR
    assert read(streamed(library, BODY)) == ERROR


def test_an_error_that_a_hook_has_read_is_there_unpacked(library):
    packed = gzip.compress(BODY, mtime=0)
    assert read(library.Response(400, headers={**JSON, "Content-Encoding": "gzip"}, content=packed)) == ERROR


@requirement("SEC-9")
@pytest.mark.parametrize("codings", [1, 2])
def test_an_error_that_unpacks_to_too_much_is_left(library, codings):
    """Row I4."""
    body = b" " * 50_000_000
    for _ in range(codings):
        body = gzip.compress(body)
    response = streamed(library, body, Content_Encoding=", ".join(["gzip"] * codings))
    tracemalloc.start()
    assert read(response) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * LONGEST_ERROR


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", BODY), ("gzip", gzip.compress(BODY, mtime=0)[:-3]), ("br", b"\x8b\x00"), ("identity", b"[" * 100_000)],
)
def test_an_error_that_cannot_be_read_is_left(library, coding, body):
    assert read(streamed(library, body, Content_Encoding=coding)) is None


def test_an_error_without_an_end_is_left(library):
    assert read(streamed(library, *[b" " * 65536] * 20)) is None
