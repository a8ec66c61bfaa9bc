# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The engine's own HTTP client: no redirects, a total time limit, a cap on the body.

It is not the caller's client on purpose: a cancelled request of the caller must not lose a rotated refresh token,
and no token answer may end up in the caller's `response.history` or hooks.
"""

import logging
import ssl
import time
from collections.abc import Callable
from functools import lru_cache, partial

import anyio
import httpx2

from valetkey import urls
from valetkey.errors import InsecureEndpoint, MalformedDocument, TemporaryError, quote
from valetkey.exchange_log import log_exchange
from valetkey.guard import Guard
from valetkey.wire import HttpRequest, HttpResponse, without_echo

Send = Callable[[HttpRequest], HttpResponse]
"""The seam: sends one request and gives the whole answer; `TemporaryError` when none came."""

CONNECT_SECONDS = 5.0
_USER_AGENT = "valetkey"


class UnknownOutcome(TemporaryError):
    """The request left, and no answer came: the server may or may not have acted on it."""


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
            response = anyio.run(partial(_exchange, request, self._guard))
        except httpx2.InvalidURL as error:
            message = f"{quote(request.url)} is not a URL."
            raise InsecureEndpoint(message, hint="Tell the server's operator.", url=request.url) from error
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
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
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            message = f"{request.url} does not prove with a certificate who it is: {quote(str(cause))}."
            hint = "If your network has a certificate authority of its own, name it in SSL_CERT_FILE."
            return TemporaryError(message, hint=hint)
        cause = cause.__cause__ or cause.__context__
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


async def _exchange(request: HttpRequest, guard: Guard) -> HttpResponse:
    # Connecting has to end first, or nobody would know that the request was not sent.
    limits = httpx2.Timeout(guard.longest_exchange, connect=min(CONNECT_SECONDS, guard.longest_exchange / 2))
    # A request to this computer may be plain http, and a proxy of the environment would get to read it.
    proxied = not urls.is_loopback(request.url)
    async with httpx2.AsyncClient(verify=_tls(), timeout=limits, trust_env=proxied, follow_redirects=False) as client:
        headers = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity", **dict(request.headers)}
        with anyio.fail_after(guard.longest_exchange):
            async with client.stream(request.method, request.url, headers=headers, content=request.body) as response:
                body = await _read(response, request, guard.largest_body)
    return HttpResponse(response.status_code, request.url, tuple(response.headers.multi_items()), body)


async def _read(response: httpx2.Response, request: HttpRequest, largest: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > largest:
            message = f"The answer of {request.url} is larger than {largest} bytes."
            raise MalformedDocument(message, hint="This is a fault of the server; tell its operator.", url=request.url)
    return bytes(body)
