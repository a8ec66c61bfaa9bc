# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Answers that are packed without being asked to, and answers that are all head: bounded in memory and in time."""

import gzip
import time
import tracemalloc
import zlib

import pytest

from tests.network.server import WireServer, answer
from tests.network.test_sender import HERE, PROXIES
from tests.requirements import requirement
from valetkey._network.guard import LARGEST_BODY, Guard
from valetkey._network.sender import HttpSender
from valetkey._network.unpacking import MOST_MEMBERS, TooLarge, unpack
from valetkey.errors import MalformedDocument
from valetkey.wire import HttpRequest, UnknownOutcome, packing

TEXT = b'{"access_token": "a"}'
RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
RAW_DEFLATE = RAW.compress(TEXT) + RAW.flush()


def gzipped(text):
    """Pack without the time of day, which would give each process other tests."""
    return gzip.compress(text, mtime=0)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def ask(url, **guard):
    return HttpSender(Guard(HERE, **guard))(HttpRequest("POST", url, "renew the token", body=b"x"))


def answered(body, codings):
    with WireServer(lambda peer: peer.send(answer("200 OK", f"Content-Encoding: {codings}", body=body))) as server:
        return ask(server.url)


def packed(text, *codings):
    for coding in codings:
        text = zlib.compress(text) if coding == "deflate" else gzipped(text)
    return text


@pytest.mark.parametrize(
    ("codings", "body"),
    [
        ("gzip", packed(TEXT, "gzip")),
        ("GZIP", packed(TEXT, "gzip")),
        ("x-gzip", packed(TEXT, "gzip")),
        ("deflate", packed(TEXT, "deflate")),
        ("deflate", RAW_DEFLATE),
        ("gzip, gzip", packed(TEXT, "gzip", "gzip")),
        ("gzip,deflate , identity", packed(TEXT, "gzip", "deflate")),
        ("identity", TEXT),
        ("gzip", b"".join(gzipped(TEXT[at : at + 1]) for at in range(len(TEXT)))),
        ("gzip", gzipped(TEXT) + gzipped(b"")),
    ],
    ids=str,
)
def test_a_coding_of_the_standard_library_is_undone(codings, body):
    """Several members make one gzip file (RFC 1952 §2.2). Row I4."""
    assert answered(body, codings).body == TEXT


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "aes128gcm", "br, gzip", "a" * 5000])
def test_a_coding_that_is_not_known_is_told_and_never_given_to_a_library(coding):
    """Whether the libraries for Brotli and Zstandard are installed makes no difference. Row I4."""
    body = packed(b"\x28\xb5\x2f\xfd", "gzip") if coding == "br, gzip" else b"\x28\xb5\x2f\xfd"
    response = answered(body, coding)
    assert response.body == b"\x28\xb5\x2f\xfd"
    assert "which was not asked for" in packing(response)


@pytest.mark.parametrize(
    ("codings", "body"),
    [
        ("gzip", gzipped(TEXT) + b"\x00" * 8),
        ("gzip", gzipped(TEXT) + b"more"),
        ("gzip", gzipped(TEXT) + TEXT),
        ("gzip", gzipped(TEXT) + gzipped(TEXT)[:-4]),
        ("gzip", gzipped(TEXT) * (MOST_MEMBERS + 1)),
        ("gzip", b"".join(gzipped(b"") for _ in range(40_000))),
        ("deflate", zlib.compress(TEXT) + b"more"),
        ("deflate", zlib.compress(TEXT) * 2),
        ("gzip", TEXT),
        ("gzip, deflate", packed(TEXT, "gzip")),
        (", ".join(["gzip"] * 10_000), packed(TEXT, "gzip")),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value[:20],
)
def test_what_is_not_packed_as_it_says_is_refused_at_once(codings, body):
    """Also what follows the end: two programs would read two texts. Row I4."""
    started = time.monotonic()
    with pytest.raises(UnknownOutcome, match="not packed as its Content-Encoding says"):
        answered(body, codings)
    assert time.monotonic() - started < 5


@requirement("SEC-9")
@pytest.mark.parametrize(
    "codings", [("gzip",), ("gzip", "gzip"), ("gzip", "gzip", "gzip"), ("deflate",), ("deflate", "gzip")]
)
def test_a_bomb_ends_at_the_cap(codings):
    """Row I4."""
    body = packed(b"\x00" * 100_000_000, *codings)
    tracemalloc.start()
    started = time.monotonic()
    with pytest.raises(MalformedDocument, match="is larger than 1048576 bytes"):
        answered(body, ", ".join(codings))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * LARGEST_BODY
    assert time.monotonic() - started < 5


@requirement("SEC-9")
def test_members_count_together():
    """Row I4."""
    half = gzipped(b"\x00" * (LARGEST_BODY // 2))
    assert len(unpack(half * 2, "gzip", LARGEST_BODY)) == LARGEST_BODY
    with pytest.raises(TooLarge):
        unpack(half * 2 + gzipped(b"\x00"), "gzip", LARGEST_BODY)


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@requirement("SEC-9")
@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (HEAD, b"a:\r\n" * 25_000),
        (HEAD + b"a: ", b"x" * 65_536),
        (HEAD, b"a: b\r\n c\r\n" * 5_000),
        (b"HTTP/1.1 200 ", b"x" * 65_536),
        (CHUNKED, b"1;" + b"x" * 200_000),
        (CHUNKED + b"0\r\n", b"a: b\r\n" * 20_000),
        (CHUNKED, b"0" * 200_000),
        (b"", b"HTTP/1.1 102 Processing\r\nLink: a\r\n\r\n" * 2_000),
        (CHUNKED, b"1;a=b\r\nx\r\n" * 5_000),
        (CHUNKED, (b"1;" + b"x" * 30_000 + b"\r\nx\r\n") * 3),
        (HEAD + b"Content-Length: 999999999999\r\n\r\n", b"x" * 65_536),
        (HEAD + b"\r\n", b"x" * 65_536),
    ],
    ids=[
        *("100,000 fields and more", "one field without an end", "folded lines", "a status line without an end"),
        *("an extension without an end", "trailers", "a length without an end", "promises without an end"),
        *("small chunks", "large extensions", "a huge length", "no length"),
    ],
)
def test_an_answer_without_an_end_costs_neither_memory_nor_time(start, piece):
    """Row I4."""

    def flood(peer):
        peer.send(start)
        while True:
            peer.send(piece)

    tracemalloc.start()
    started = time.monotonic()
    with WireServer(flood) as server, pytest.raises((UnknownOutcome, MalformedDocument)):
        ask(server.url, longest_exchange=1.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.monotonic() - started < 8
    assert peak < 16 * LARGEST_BODY
