# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What comes over a connection: the answers of proxies and servers, packed bodies, event streams, JSON-RPC messages."""

import asyncio
import contextlib
import json
import zlib
from types import SimpleNamespace

import httpcore2
import httpx2

from tests.fuzz.checks import in_proportion, ours
from tests.fuzz.reading import Input
from tests.fuzz.target import Target
from valetkey._adapters.event_stream import EventStream
from valetkey._adapters.messages import answer_to, error_in, expects_answer, message_in
from valetkey._network import connections as room
from valetkey._network.addresses import address_of, kind_of
from valetkey._network.guard import Guard
from valetkey._network.locality import Locality
from valetkey._network.proxies import _is_exempt
from valetkey._network.resolver import numeric_address
from valetkey._network.socks import SocksBackend
from valetkey._network.trust import Trust
from valetkey._network.unpacking import TooLarge, unpack
from valetkey.settings.network import Network
from valetkey.wire import HttpRequest, get_json, packing, redirect_target

_LARGEST = 65_536
_NETWORK = Network()
_OF_HTTPCORE = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError)
"""What `HttpSender` turns into an error of ours."""


class _Stream(httpcore2.NetworkStream):
    """A connection on which the other side has sent some bytes, in pieces, and has then hung up."""

    def __init__(self, received, piece):
        self._received = received
        self._piece = piece

    def read(self, max_bytes, timeout=None):
        size = min(self._piece, max_bytes)
        taken, self._received = self._received[:size], self._received[size:]
        return taken

    def write(self, buffer, timeout=None):
        assert isinstance(buffer, bytes)

    def close(self):
        self._received = b""

    def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        return self

    def get_extra_info(self, info):
        return bool(self._received) if info == "is_readable" else None


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, stream):
        self.stream = stream

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        return self.stream


def _socks(data):
    source = Input(data)
    user = (b"name", b"password") if source.byte() & 1 else None
    host = source.choice(("mcp.example", "127.0.0.1", "::1", "a" * 300))
    stream = _Stream(source.rest(), 3)
    try:
        SocksBackend(_Backend(stream), ("proxy.example", 1080), user).connect_tcp(host, 443)
    except httpcore2.ProxyError:
        assert stream.read(1) == b""  # it is closed
    else:
        assert len(host) < 256


class _Connections(room.Connections):
    """The connections of an attempt, to a server that sends the bytes of the fuzzer."""

    def __init__(self, stream):
        guard = Guard(largest_body=_LARGEST)
        super().__init__(guard, Locality(guard, lambda: None), _NETWORK, Trust(_NETWORK))
        self._stream = stream

    def _connection(self, url, target, proxy):
        origin = httpcore2.Origin(target.raw_scheme, target.raw_host, 80)
        return httpcore2.HTTPConnection(origin, keepalive_expiry=1.5, network_backend=_Backend(self._stream))


_REQUESTS = (
    get_json("http://localhost/x", "read"),
    HttpRequest("POST", "http://localhost/x", "send", body=b"a=b"),
)


def _http_answer(data):
    source = Input(data)
    request, piece = source.choice(_REQUESTS), source.choice((1 << 20, 1 << 20, 7))
    received = source.rest()
    with in_proportion(4 * len(received)):
        kept = _Connections(_Stream(received, piece))
        try:
            response = ours(kept.exchange, request)
            if response is not None:
                assert len(response.body) <= _LARGEST
                redirect_target(response)
                packing(response)
        except _OF_HTTPCORE:
            pass
        finally:
            kept.close()


def _unpack(data):
    source = Input(data)
    packs, codings, body = source.byte(), source.text(), source.rest()
    if packs & 1:
        body = zlib.compress(body)
    if packs & 2:
        body = zlib.compress(body * (packs + 1), wbits=31)
    with in_proportion(_LARGEST + len(body)), contextlib.suppress(TooLarge, zlib.error):
        assert len(unpack(body, codings, _LARGEST)) <= max(_LARGEST, len(body))


_loop = asyncio.new_event_loop()


class _Response:
    """A response of either HTTP library, as far as a stream of events is concerned."""

    def __init__(self, headers, chunks, request=None):
        self.headers = headers
        self.stream = self
        self.request = request
        self._chunks = chunks

    async def aiter_bytes(self):
        for chunk in self._chunks:
            yield chunk

    async def aclose(self):
        pass


_LIBRARY = SimpleNamespace(
    Response=lambda status, headers, stream, request: stream, AsyncByteStream=type("AsyncByteStream", (), {})
)


def _event_stream(data):
    source = Input(data)
    chunks = source.lines(20)
    chunks = [chunk + b"\n" if len(chunk) % 2 else chunk for chunk in chunks]

    async def read():
        events = EventStream()
        response = events.wrap(_LIBRARY, _Response({}, chunks))
        merged = []
        async for chunk in response.stream:
            if len(merged) in (1, 3):
                events.deliver({"id": len(merged)})
            merged.append(chunk)
        await response.stream.aclose()
        return b"".join(chunk for chunk in merged if not chunk.startswith(b'event: message\ndata: {"id"')), merged

    with in_proportion(sum(map(len, chunks)) + 5000):
        theirs, merged = _loop.run_until_complete(read())
    sent = b"".join(chunks)
    if b'event: message\ndata: {"id"' not in sent:
        assert theirs == sent
        before = b"\n\n"
        for chunk in merged:
            if chunk.startswith(b'event: message\ndata: {"id"'):
                assert before.endswith((b"\n\n", b"\r\r", b"\r\n\r\n"))
            else:
                before += chunk


async def _in_pieces(body):
    yield body[:5]
    yield body[5:]


def _message(data):
    source = Input(data)
    headers = {"content-type": source.choice(("application/json", "text/html"))}
    coding = source.choice(("", "", "gzip", "deflate"))
    body = source.rest()
    with in_proportion(len(body)):
        message = message_in(SimpleNamespace(method="POST", content=body))
        if message is not None and expects_answer(message):
            json.dumps(answer_to(message, "text", {}))
        headers.update({"content-encoding": coding} if coding else {})
        body = zlib.compress(body, wbits=31) if coding == "gzip" else body
        response = httpx2.Response(400, headers=headers, content=_in_pieces(body))
        error = _loop.run_until_complete(error_in(response))
        assert error is None or {"code", "message"} <= error.keys()


def _addresses(data):
    source = Input(data)
    host, exempt = source.text(), source.text()
    with in_proportion(len(host) + len(exempt)):
        address = numeric_address(host)
        if address is not None:
            kind_of(address)
        with contextlib.suppress(ValueError):
            kind_of(address_of(host))
        _is_exempt(host, 443, exempt)


_HTTP = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 302 \r\n",
    b"\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"Location: ",
    b"Connection: close\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Type: text/event-stream\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
)

TARGETS = (
    Target(
        name="socks",
        reads="the answers of a SOCKS5 proxy",
        modules=("_network/socks.py",),
        run=_socks,
        tokens=(b"\x05\x00\x05\x00\x00\x01", b"\x05\x02\x01\x00", b"\x05\x00\x00\x03", b"\x05\x00\x00\x04"),
        longest=400,
    ),
    Target(
        name="http_answer",
        reads="the bytes of an HTTP answer",
        modules=("_network/connections.py", "_network/unpacking.py", "wire.py"),
        run=_http_answer,
        tokens=_HTTP,
    ),
    Target(
        name="packed_body",
        reads="a body that a server has packed",
        modules=("_network/unpacking.py",),
        run=_unpack,
        tokens=(b"gzip", b"deflate", b"identity", b"x-gzip", b"br", b","),
    ),
    Target(
        name="event_stream",
        reads="a stream of server-sent events, merged with answers of ours",
        modules=("_adapters/event_stream.py",),
        run=_event_stream,
        tokens=(b"data: ", b"event: ", b"\r\n\r\n", b"\r\r", b"\n\n", b"id:", b"retry:"),
    ),
    Target(
        name="message",
        reads="JSON-RPC messages and errors",
        modules=("_adapters/messages.py",),
        run=_message,
        tokens=(b'{"jsonrpc":"2.0"', b'"id":', b'"method":', b'"error":{"code":1,"message":"', b"[[[[", b"1e999"),
    ),
    Target(
        name="addresses",
        reads="a host as a number or a name, and NO_PROXY",
        modules=("_network/addresses.py", "_network/resolver.py", "_network/proxies.py"),
        run=_addresses,
        tokens=(
            b"127.0.0.1",
            b"0x7f",
            b"::ffff:",
            b"64:ff9b::",
            b"2002:",
            b"%",
            b"*.",
            b"/8",
            b"[",
            b"]:",
            b".",
            b"localhost",
        ),
        longest=200,
    ),
)
