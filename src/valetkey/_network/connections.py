# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The connections of one attempt: one for each origin, opened when it is first needed and kept until the attempt ends.

Every connection goes to addresses that the guard has allowed, and all connections to one host go to the same ones. The
next attempt looks the host up, and checks its addresses, again.
"""

import zlib
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

import httpcore2
import httpx2

from valetkey import urls
from valetkey._network.addresses import Address, AddressKind, kind_of
from valetkey._network.clock import ExchangeClock
from valetkey._network.fields import fields_of
from valetkey._network.guard import Guard
from valetkey._network.hosts import kind_of_host
from valetkey._network.locality import Locality
from valetkey._network.pinning import PinnedBackend
from valetkey._network.proxies import Proxy, proxy_of
from valetkey._network.resolver import addresses_of
from valetkey._network.socks import DEFAULT_PORT, SocksBackend
from valetkey._network.streams import translated
from valetkey._network.trust import Trust
from valetkey._network.unpacking import TooLarge, unpack
from valetkey.errors import ConfigurationError, MalformedDocument, quote
from valetkey.settings.network import PROXY_HINT, Network
from valetkey.wire import HttpRequest, HttpResponse, UnreadableAnswer

LONGEST_REST = 1.5
"""
Seconds after which an unused connection is not used again.

Servers close theirs after 2 s (gunicorn) or 5 s (Node.js, uvicorn, Apache), and networks drop connections without
telling either end. A request on such a connection would be lost, and it would not be known whether the server has
seen it.
"""

_DISCONNECTED = (httpcore2.NetworkError, httpcore2.RemoteProtocolError)


Route = tuple[str, Proxy | None]
"""The origin that a connection leads to, and the proxy on the way."""


class Connections:
    """The connections of one attempt. To be used by one thread, and to be closed."""

    def __init__(self, guard: Guard, locality: Locality, network: Network, trust: Trust) -> None:
        self._guard = guard
        self._locality = locality
        self._network = network
        self._trust = trust
        self._clock = ExchangeClock()
        self._open: dict[Route, httpcore2.ConnectionInterface] = {}
        self._addresses: dict[str, Sequence[Address]] = {}

    def exchange(self, request: HttpRequest) -> HttpResponse:
        """Send a request that the guard has let through; errors of httpcore2 are left to the caller."""
        self._clock.start(self._guard.longest_exchange)
        target = _parsed(request.url)
        route = (urls.origin(request.url), proxy_of(request.url, self._network.proxy))
        if self._is_open(route):
            try:
                return self._send(request, target, route)
            except _DISCONNECTED:
                # The server may have closed the connection at the moment when the request was sent. A GET may be sent
                # again (RFC 9110 §9.2.2); anything else only if certainly no byte of it has left.
                if self._clock.has_sent and request.method != "GET":
                    raise
        with translated(httpcore2.ConnectTimeout, httpcore2.ConnectError):
            self._open[route] = self._connection(request.url, target, route[1])
        return self._send(request, target, route)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _is_open(self, route: Route) -> bool:
        """Tell whether there is a connection that the server has not closed, and that was used just before."""
        connection = self._open.get(route)
        if connection is None:
            return False
        if not connection.has_expired():
            return True
        self._discard(route)
        return False

    def _discard(self, route: Route) -> None:
        self._open.pop(route).close()

    def _connection(self, url: str, target: httpx2.URL, proxy: Proxy | None) -> httpcore2.ConnectionInterface:
        """Check where a URL leads, and make a connection that goes there; it is opened by its first request."""
        host, is_https = urlsplit(url).hostname or "", target.scheme == "https"
        origin = httpcore2.Origin(target.raw_scheme, _host(target), target.port or (443 if is_https else 80))
        self._require_allowed(url, kind_of_host(host))  # behind a proxy, all else is for the proxy to look up
        if proxy is not None:
            return self._through(proxy, url, origin)
        addresses = self._addresses.get(host) or self._look_up(host, origin.port)
        self._require_allowed(url, *map(kind_of, addresses))
        self._addresses[host] = addresses
        backend = PinnedBackend(lambda _host, _port: addresses, self._clock)
        tls = self._trust.context_for(url) if is_https else None
        return httpcore2.HTTPConnection(origin, tls, keepalive_expiry=LONGEST_REST, network_backend=backend)

    def _through(self, proxy: Proxy, url: str, origin: httpcore2.Origin) -> httpcore2.ConnectionInterface:
        """Make a connection through a proxy; the proxy's own name is looked up by the backend."""
        backend, tls = PinnedBackend(self._look_up, self._clock), self._trust.context_for(url)
        try:
            named = httpx2.Proxy(proxy.url)
        except (ValueError, httpx2.InvalidURL) as error:
            message = f"{proxy.named_by} names a proxy that cannot be used."  # its URL may hold a password
            raise ConfigurationError(message, hint=PROXY_HINT) from error
        if named.url.scheme in ("socks5", "socks5h"):
            socks = SocksBackend(backend, (named.url.host, named.url.port or DEFAULT_PORT), named.raw_auth)
            return httpcore2.HTTPConnection(origin, tls, keepalive_expiry=LONGEST_REST, network_backend=socks)
        pool = httpcore2.HTTPProxy(
            httpcore2.URL(scheme=named.url.raw_scheme, host=named.url.raw_host, port=named.url.port, target=b"/"),
            named.raw_auth,
            ssl_context=tls,
            proxy_ssl_context=self._trust.context_for(proxy.url) if named.url.scheme == "https" else None,
            keepalive_expiry=LONGEST_REST,
            network_backend=backend,
        )
        return pool.create_connection(origin)

    def _look_up(self, host: str, port: int) -> Sequence[Address]:
        return addresses_of(host, port, self._guard.resolve, self._clock.left_to_connect())

    def _require_allowed(self, url: str, *kinds: AddressKind | None) -> None:
        for kind in filter(None, dict.fromkeys(kinds)):
            if self._guard.is_restricted(url, kind) and not self._locality.is_at(kind, self._clock):
                raise self._guard.refusal(url, kind)

    def _send(self, request: HttpRequest, target: httpx2.URL, route: Route) -> HttpResponse:
        """Send a request on the connection of a route; after any failure the connection is not used again."""
        message = httpcore2.Request(
            request.method,
            httpcore2.URL(scheme=target.raw_scheme, host=_host(target), port=target.port, target=target.raw_path),
            headers=fields_of(request, target.netloc, self._network),
            content=request.body,
            extensions={"sni_hostname": target.host} if b":" in target.raw_host else {},
        )
        try:
            response = self._open[route].handle_request(message)
            try:
                body = _read(response, request, self._guard.largest_body)
            finally:
                response.close()
        except BaseException as error:
            self._discard(route)
            if isinstance(error, httpcore2.ConnectError | httpcore2.ConnectTimeout):
                self._addresses.pop(urlsplit(request.url).hostname or "", None)  # they may have changed
            raise
        if self._open[route].is_closed() or _is_out_of_step(self._open[route], response.headers):
            self._discard(route)  # closed: the server has announced it (Connection: close)
        headers = tuple(httpx2.Headers(response.headers).multi_items())
        return HttpResponse(response.status, request.url, headers, body)


@lru_cache(maxsize=64)  # a process that logs in many users asks the same endpoints again
def _parsed(url: str) -> httpx2.URL:
    return httpx2.URL(url)


def _host(target: httpx2.URL) -> bytes:
    """An IPv6 address in brackets, which httpcore2 leaves out of a CONNECT (RFC 9112 §3.2.3)."""
    return b"[%b]" % target.raw_host if b":" in target.raw_host else target.raw_host


def _is_out_of_step(connection: httpcore2.ConnectionInterface, headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """
    Tell whether a connection might hold something that the next request would read as its answer.

    That is what the server has sent after the answer, and an answer whose end is told twice (RFC 9112 §6.3, §11.2).
    """
    framing = {name.lower() for name, _ in headers} & {b"content-length", b"transfer-encoding"}
    # httpcore2 has no public name for what it has received and not read. If the name changes, no connection is kept.
    inner: object = connection
    while inner is not None and not hasattr(inner, "_h11_state"):
        inner = getattr(inner, "_connection", None)
    state = getattr(inner, "_h11_state", None)
    return len(framing) > 1 or state is None or bool(state.trailing_data[0])


def _read(response: httpcore2.Response, request: HttpRequest, largest: int) -> bytes:
    media_type = b"".join(value for name, value in response.headers if name.lower() == b"content-type")
    if media_type.lower().startswith(b"text/event-stream"):
        return b""  # an MCP server's answer to a ping; it may have no end, and nothing else we ask for is a stream
    body = bytearray()
    codings = b",".join(value for name, value in response.headers if name.lower() == b"content-encoding")
    named = codings.decode("latin-1")
    try:
        for chunk in response.iter_stream():
            body += chunk
            if len(body) > largest:
                raise TooLarge
        return unpack(bytes(body), named, largest)
    except TooLarge as error:
        message = f"The answer of {request.url} is larger than {largest} bytes."
        hint = "This is a fault of the server; tell its operator."
        raise MalformedDocument(message, hint=hint, url=request.url) from error
    except zlib.error as error:
        message = (
            f"The answer of {request.url} is cut off, or not packed as its Content-Encoding says: {quote(named, 40)}."
        )
        hint = "This is a fault of the server or of a proxy before it; tell its operator."
        raise UnreadableAnswer(message, hint=hint) from error
