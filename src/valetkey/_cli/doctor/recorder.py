# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The requests of an examination: each question is asked once, all are counted, and all answers are kept.

The engine's own parts ask the same questions several times in one examination, and get the first answer again.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from valetkey._cli.doctor.facts import Exchange, Failure, FailureKind
from valetkey._network.pinning import certificate_fault, rejects_certificate, wants_certificate
from valetkey._policy.discovery_limits import DiscoveryLimits
from valetkey.errors import AuthError, InsecureEndpoint, MalformedDocument, TemporaryError, TrustError
from valetkey.wire import HttpRequest, HttpResponse, NotReached, Send, UnknownOutcome, UnreadableAnswer

_WAY_OUT = "Try again later; if it stays so, tell the server's operator."
_UNKNOWN_HOST = "the host name is not known"
_NO_TLS = "the server does not speak TLS as this computer does"

_NOT_SENT = frozenset({"spent", "forbidden"})

_Question = tuple[str, str, bytes, tuple[tuple[str, str], ...]]


class Spent(TemporaryError):
    """The examination has asked as much as one may ask."""


@dataclass(slots=True)
class Recorder:
    """A `Send` that keeps what came. The limits are those of one attempt to find a login, and some questions more."""

    send: Send
    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    limits: DiscoveryLimits = field(default_factory=lambda: DiscoveryLimits(requests=50))
    exchanges: list[Exchange] = field(default_factory=list)
    _known: dict[_Question, Exchange] = field(default_factory=dict)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Give the answer, also of a question that was asked before; raise what the sender has raised."""
        exchange = self.exchange(request)
        if exchange.response is None:
            raise exchange.failure.error if exchange.failure is not None else self._spent(request)
        return exchange.response

    def exchange(self, request: HttpRequest) -> Exchange:
        """Give the answer, or why there is none."""
        question = (request.method, request.url, request.body, request.headers)
        if question not in self._known:
            exchange = self._known[question] = self._ask(request)
            if exchange.failure is None or exchange.failure.kind not in _NOT_SENT:
                self.exchanges.append(exchange)
        return self._known[question]

    @property
    def is_spent(self) -> bool:
        """True if nothing more is asked."""
        seconds = sum(each.seconds for each in self.exchanges)
        return len(self.exchanges) >= self.limits.requests or seconds >= self.limits.seconds

    def _ask(self, request: HttpRequest) -> Exchange:
        if self.is_spent:
            return Exchange(request, None, Failure("spent", self._spent(request)), 0.0, self.now())
        started = self.monotonic()
        response, failure = None, None
        try:
            response = self.send(request)
        except AuthError as error:
            failure = Failure(kind_of(error), error)
        return Exchange(request, response, failure, self.monotonic() - started, self.now())

    def _spent(self, request: HttpRequest) -> Spent:
        message = f"The examination has asked {len(self.exchanges)} times, so {request.url} was not asked."
        return Spent(message, hint=_WAY_OUT)


def kind_of(error: AuthError) -> FailureKind:
    """Tell why no answer came, by what stands behind the error."""
    if isinstance(error, TrustError | InsecureEndpoint):
        return "forbidden"
    if isinstance(error, UnreadableAnswer | MalformedDocument):
        return "unreadable"
    cause = error.__cause__
    if cause is not None and (wants_certificate(cause) or rejects_certificate(cause)):
        return "client_certificate"
    if cause is not None and certificate_fault(cause) is not None:
        return "certificate"
    if isinstance(error, UnknownOutcome):
        return "silent"
    if "proxy" in error.message.lower():
        return "proxy"
    if not isinstance(error, NotReached):
        return "unreachable"
    return _kind_of_reason(error.reason, tuple(_causes(error)))


def _kind_of_reason(reason: str, causes: tuple[BaseException, ...]) -> FailureKind:
    if reason == _UNKNOWN_HOST or any(isinstance(each, socket.gaierror) for each in causes):
        return "host"
    if reason == _NO_TLS or any(isinstance(each, ssl.SSLError) for each in causes):
        return "tls"
    is_refused = "refused" in reason or any(isinstance(each, ConnectionRefusedError) for each in causes)
    return "refused" if is_refused else "unreachable"


def _causes(error: BaseException) -> Iterable[BaseException]:
    cause = error.__cause__
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
