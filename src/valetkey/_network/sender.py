# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The engine's own HTTP client: no redirects, a total time limit, a cap on the body.

It is not the caller's client on purpose: a cancelled request of the caller must not lose a rotated refresh token,
and no token answer may end up in the caller's `response.history` or hooks.
"""

import asyncio
import logging
import ssl
import time
from functools import lru_cache, partial
from urllib.parse import urlsplit

import anyio
import httpx2

from valetkey import urls
from valetkey._network.addresses import AddressKind, kind_of
from valetkey._network.guard import Guard
from valetkey._network.locality import Locality
from valetkey._network.pinning import PinnedTransport, certificate_fault
from valetkey._network.proxies import proxy_for
from valetkey._network.request_log import log_exchange
from valetkey._network.resolver import DaemonThreadPool, addresses_of, numeric_address
from valetkey.errors import ConfigurationError, InsecureEndpoint, MalformedDocument, TemporaryError, quote
from valetkey.wire import HttpRequest, HttpResponse, UnknownOutcome, without_echo

CONNECT_SECONDS = 5.0
_USER_AGENT = "valetkey"


class HttpSender:
    """
    A `Send` over httpx2. Proxies and certificate authorities come from the environment; loopback goes without a proxy.

    Each request runs in an event loop of its own, because only a cancelled task keeps a total time limit against a
    server that answers drop by drop. It therefore has to be called from a thread without a running event loop, which
    is where the engine lives.

    :param guard: The rules every request has to pass.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._residence = Locality(guard)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """
        Send a request.

        :param request: The request.
        :returns: The answer, whatever its status.
        :raises TemporaryError: If no connection could be made; the request was not sent.
        :raises UnknownOutcome: If the request was sent and its answer did not come in time.
        :raises MalformedDocument: If the answer is too large.
        :raises TrustError: If the guard stops the request.
        """
        self._guard.check(request)
        started = time.monotonic()
        try:
            response = anyio.run(partial(_exchange, request, self._guard, self._residence))
        except httpx2.InvalidURL as error:
            message = f"{quote(request.url)} is not a URL."
            raise InsecureEndpoint(message, hint="Tell the server's operator.", url=request.url) from error
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
            _log(request, started, "no connection")
            raise _not_reached(request, error) from error
        except (httpx2.HTTPError, TimeoutError) as error:
            _log(request, started, "no answer")
            message = f"{request.url} did not answer in {self._guard.longest_exchange:g} s."
            if not isinstance(error, TimeoutError | httpx2.TimeoutException):
                message = f"{request.url} broke the connection off."
            raise UnknownOutcome(message, hint="Try again later.") from error
        _log(request, started, str(response.status))
        return without_echo(response, request)


def _not_reached(request: HttpRequest, error: BaseException) -> TemporaryError:
    fault = certificate_fault(error)
    if fault is not None:
        message = f"{request.url} does not prove with a certificate who it is: {quote(str(fault))}."
        hint = "If your network has a certificate authority of its own, name it in SSL_CERT_FILE."
        return TemporaryError(message, hint=hint)
    if isinstance(error, httpx2.ProxyError):
        return TemporaryError(f"The proxy does not connect to {request.url}.", hint="Check the proxy and try again.")
    return TemporaryError(f"{request.url} cannot be reached.", hint="Check the network and try again.")


def _log(request: HttpRequest, started: float, outcome: str) -> None:
    log_exchange(
        logging.INFO,
        method=request.method,
        url=request.url,
        purpose=request.purpose,
        outcome=outcome,
        seconds=time.monotonic() - started,
    )


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context()  # some 20 ms and a megabyte: one for all senders


async def _exchange(request: HttpRequest, guard: Guard, residence: Locality) -> HttpResponse:
    target, tls = httpx2.URL(request.url), _tls()  # before the clock starts
    # Connecting has to end first, or nobody would know that the request was not sent.
    connecting = min(CONNECT_SECONDS, guard.longest_exchange / 2)
    limits = httpx2.Timeout(guard.longest_exchange, connect=connecting)
    with anyio.fail_after(guard.longest_exchange):
        deadline = anyio.current_time() + connecting
        try:
            with anyio.fail_after(connecting):
                transport = await _way(request.url, guard, residence, tls, deadline)
        except TimeoutError as error:
            raise httpx2.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpx2.ConnectError(str(error)) from error
        # A client that reads the environment itself would go past the guard wherever NO_PROXY says so.
        async with httpx2.AsyncClient(
            transport=transport, timeout=limits, trust_env=False, follow_redirects=False
        ) as client:
            headers = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity", **dict(request.headers)}
            async with client.stream(request.method, target, headers=headers, content=request.body) as response:
                body = await _read(response, request, guard.largest_body)
    return HttpResponse(response.status_code, request.url, tuple(response.headers.multi_items()), body)


async def _way(
    url: str, guard: Guard, residence: Locality, tls: ssl.SSLContext, deadline: float
) -> httpx2.AsyncBaseTransport:
    """Check where a URL leads, and give the transport that goes there and nowhere else."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    numeric = numeric_address(host)
    # A request to this computer may be plain http, and a proxy would get to read it.
    is_local = urls.is_loopback(url) or (numeric is not None and kind_of(numeric) is AddressKind.LOOPBACK)
    proxy = None if is_local else proxy_for(url)
    if proxy is None:
        port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
        addresses = await addresses_of(host, port, guard.resolve)
    else:
        addresses = () if numeric is None else (numeric,)  # names are for the proxy to look up
    for kind in dict.fromkeys(map(kind_of, addresses)):
        if guard.is_for_neighbours(url, kind) and not await residence.is_at(kind, tls):
            raise guard.refusal(url, kind)
    return PinnedTransport(addresses, tls, deadline) if proxy is None else _through(proxy, tls)


def _through(proxy: str, tls: ssl.SSLContext) -> httpx2.AsyncHTTPTransport:
    asyncio.get_running_loop().set_default_executor(DaemonThreadPool())  # here the proxy's own name is looked up
    try:
        return httpx2.AsyncHTTPTransport(verify=tls, trust_env=False, proxy=proxy)
    except (ValueError, ImportError, httpx2.InvalidURL) as error:
        message = "The proxy that the environment names cannot be used."  # its URL may hold a password
        hint = "Correct HTTPS_PROXY or ALL_PROXY: http://host:port."
        raise ConfigurationError(message, hint=hint) from error


async def _read(response: httpx2.Response, request: HttpRequest, largest: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > largest:
            message = f"The answer of {request.url} is larger than {largest} bytes."
            raise MalformedDocument(message, hint="This is a fault of the server; tell its operator.", url=request.url)
    return bytes(body)
