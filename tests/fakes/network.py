# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What may happen on the way to a server: no connection, no answer, a strange answer, a wait, several servers."""

import threading
from dataclasses import dataclass, field
from typing import Protocol

from tests.fakes.threads import LONGEST_WAIT
from valetkey import urls
from valetkey._network.sender import UnknownOutcome
from valetkey.errors import AuthError, TemporaryError
from valetkey.protocol.challenge import Challenge, parse_challenges
from valetkey.wire import HttpRequest, HttpResponse

HTML = (200, "text/html", "<html>Welcome to our portal</html>")


def unreachable() -> TemporaryError:
    """What `Send` raises when no connection could be made: nothing was sent."""
    message = "The server cannot be reached."
    return TemporaryError(message, hint="Check the network and try again.")


def no_answer() -> UnknownOutcome:
    """What `Send` raises when the request was sent and nothing came back."""
    return UnknownOutcome("The server did not answer in time.", hint="Try again later.")


@dataclass(frozen=True)
class Trouble:
    """What happens instead of an answer: a status, a whole answer or an error; maybe after the server has acted."""

    what: int | tuple[int, str, str] | AuthError | HttpResponse
    after_acting: bool = False


@dataclass
class Gate:
    """Holds a request until it is opened, so that a test can do something meanwhile."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def pass_through(self) -> None:
        self.reached.set()
        assert self.opened.wait(LONGEST_WAIT), "nobody has opened the gate"


class FakeServer(Protocol):
    """What `Internet` wants to know of a server."""

    issuer: str

    def __call__(self, request: HttpRequest) -> HttpResponse: ...


class Internet:
    """Several authorization servers behind one `Send`; the first one also answers for the MCP server."""

    def __init__(self, first: FakeServer, *others: FakeServer) -> None:
        self._first = first
        self._servers = {urls.origin(server.issuer): server for server in (first, *others)}
        self.requests: list[HttpRequest] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return self._servers.get(urls.origin(request.url), self._first)(request)

    def log(self) -> list[str]:
        return [f"{request.method} {request.url}" for request in self.requests]


def challenges(*fields: str) -> tuple[Challenge, ...]:
    """What an MCP server answers with: WWW-Authenticate fields as they are on the wire."""
    return parse_challenges(fields)
