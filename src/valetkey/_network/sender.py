# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The engine's own HTTP client: no redirects, a total time limit, a cap on the body.

It is not the caller's client on purpose: a cancelled request of the caller must not lose a rotated refresh token,
and no token answer may end up in the caller's `response.history` or hooks.
"""

import logging
import os
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from contextvars import ContextVar
from types import MappingProxyType

import httpcore2
import httpx2

from valetkey._network.connections import Connections
from valetkey._network.guard import Guard
from valetkey._network.links import judge_link
from valetkey._network.locality import Locality
from valetkey._network.pinning import certificate_fault, rejects_certificate, wants_certificate
from valetkey._network.proxies import proxy_of
from valetkey._network.request_log import log_exchange
from valetkey._network.trust import Trust
from valetkey.errors import InsecureEndpoint, TemporaryError, quote
from valetkey.events.listening import is_heard
from valetkey.settings.network import Network
from valetkey.wire import HttpRequest, HttpResponse, NotReached, UnknownOutcome

_Kept = Mapping[tuple["HttpSender", int], Connections]
_kept: ContextVar[_Kept] = ContextVar("kept connections", default=MappingProxyType({}))
"""Of the work that runs, not of its thread: work that waits for a lease goes on in another thread."""

_NOT_CONNECTED = (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.ProxyError)
_NO_ANSWER = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, TimeoutError)


class HttpSender:
    """
    A `Send` over httpcore2; it blocks, and any thread may use it.

    Proxies and certificate authorities come from the environment, unless the user's `network` says otherwise; loopback
    goes without a proxy.
    """

    def __init__(self, guard: Guard, network: Network | None = None) -> None:
        self._guard = guard
        self._network = network or Network()
        self._trust = Trust(self._network)
        self._locality = Locality(guard, lambda: self._trust.context_for(guard.server_url or ""))

    def judge_link(self, url: str) -> None:
        """Refuse a link that the MCP server may not let a browser open."""
        judge_link(url, self._guard, self._locality, self._network.proxy)

    @contextmanager
    def keep_connections(self) -> Iterator[None]:
        """Use one connection for all requests to one origin in this context (`contextvars`), until the block ends."""
        with self._connections():
            yield

    @contextmanager
    def _connections(self) -> Iterator[Connections]:
        """Give the connections that are kept here, which are closed by the block that made them."""
        here = (self, os.getpid())  # in a forked child, those of the parent are not used
        kept = _kept.get().get(here)
        if kept is not None:
            yield kept
            return
        with closing(Connections(self._guard, self._locality, self._network, self._trust)) as connections:
            token = _kept.set({**_kept.get(), here: connections})
            try:
                yield connections
            finally:
                _kept.reset(token)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """
        Send a request and give the answer, whatever its status.

        :raises TemporaryError: If no connection could be made; the request was not sent.
        :raises UnknownOutcome: If the request was sent and its answer did not come in time.
        :raises UnreadableAnswer: If the answer is not packed as its Content-Encoding says.
        :raises MalformedDocument: If the answer is too large.
        :raises TrustError: If the guard stops the request.
        """
        self._guard.check(request)
        with self._connections() as connections:
            return self._exchange(request, connections)

    def _exchange(self, request: HttpRequest, connections: Connections) -> HttpResponse:
        started = time.monotonic()
        try:
            response = connections.exchange(request)
        except httpx2.InvalidURL as error:
            message = f"{quote(request.url)} is not a URL."
            raise InsecureEndpoint(message, hint="Tell the server's operator.", url=request.url) from error
        except _NOT_CONNECTED as error:
            _note(request, started, "no connection")
            is_proxied = proxy_of(request.url, self._network.proxy) is not None
            raise _not_reached(request, error, is_proxied=is_proxied) from error
        except _NO_ANSWER as error:
            _note(request, started, "no answer")
            if wants_certificate(error) or rejects_certificate(error):
                raise _without_certificate(request, error) from error
            message = f"{request.url} did not answer in {self._guard.longest_exchange:g} s."
            if not isinstance(error, TimeoutError | httpcore2.TimeoutException):
                message = f"{request.url} broke the connection off."
            raise UnknownOutcome(message, hint="Try again later.") from error
        _note(request, started, str(response.status), response)
        return response


def _not_reached(request: HttpRequest, error: BaseException, *, is_proxied: bool) -> TemporaryError:
    if wants_certificate(error) or rejects_certificate(error):
        return _without_certificate(request, error)
    fault = certificate_fault(error)
    if fault is not None:
        message = f"{request.url} does not prove with a certificate who it is: {quote(str(fault))}."
        hint = "If your network has a certificate authority of its own, name it in SSL_CERT_FILE or in network=."
        return TemporaryError(message, hint=hint)
    if isinstance(error, httpcore2.ProxyError):
        message = f"The proxy does not connect to {request.url}: {quote(str(error))}."
        hint = "Check the proxy and try again."
        if str(error).startswith("407"):  # RFC 9110 §15.5.8
            hint = "Give the user name and password that it wants in the proxy's URL, percent-encoded."
        return TemporaryError(message, hint=hint)
    reason, hint = _reason(error), "Check the network and try again."
    if isinstance(_cause(error), ssl.SSLError):
        hint = "If it is a server without TLS, begin its URL with http://; else check the network."
    elif is_proxied:  # one that is reached says what it does not reach
        reason, hint = f"its proxy cannot be reached ({reason})", "Check the proxy and try again."
    message = f"{request.url} cannot be reached: {reason}."
    return NotReached(message, hint=hint, reason=reason, url=request.url)


def _without_certificate(request: HttpRequest, error: BaseException) -> TemporaryError:
    """The TLS alert comes before any answer, and the request is not read then."""
    what = "wants a client certificate" if wants_certificate(error) else "does not accept this client certificate"
    hint = "Name yours for this origin in network=Network(client_certificates=…)."
    return TemporaryError(f"{request.url} {what}.", hint=hint)


def _reason(error: BaseException) -> str:
    """Say why no connection came about, in a few words."""
    cause = _cause(error)
    if isinstance(cause, socket.gaierror):
        return "the host name is not known"
    if isinstance(cause, TimeoutError | httpcore2.ConnectTimeout):
        return "no connection in time"
    if isinstance(cause, ssl.SSLError):
        return "the server does not speak TLS as this computer does"
    if isinstance(cause, OSError) and cause.errno is not None:
        return os.strerror(cause.errno).lower()
    return "the connection failed"


def _cause(error: BaseException) -> BaseException | None:
    """Give the first error behind one that says what has happened."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError | httpcore2.ConnectTimeout):
        cause = cause.__cause__ or cause.__context__
    return cause


def _note(request: HttpRequest, started: float, outcome: str, response: HttpResponse | None = None) -> None:
    """Log how an exchange ended, and tell those who listen to events."""
    seconds, what = time.monotonic() - started, {"method": request.method, "url": request.url}
    log_exchange(logging.INFO, **what, purpose=request.purpose, outcome=outcome, seconds=seconds)
    if is_heard():
        from valetkey.events.exchanges import tell_exchange

        tell_exchange(request, response, outcome, seconds)
