# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A token endpoint that rotates refresh tokens and punishes their reuse, over real HTTP.

Each session has a family of refresh tokens, the last one of which is good. An older one ends the family,
unless it is the one before and was replaced only a moment ago, where the server has a grace period.
"""

import json
import math
import random
import secrets
import socketserver
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs


@dataclass(slots=True)
class Arrival:
    """
    A refresh that has arrived.

    :param arrived_at: When, on the monotonic clock, which all processes here share.
    :param rotated_at: When the token was rotated for it, if it was.
    :param answered_at: When the answer went out.
    """

    arrived_at: float
    rotated_at: float = math.inf
    answered_at: float = math.inf


@dataclass(slots=True)
class Family:
    """
    The refresh tokens of one session.

    :param current: The good one.
    :param previous: The one before.
    :param replaced_at: When it was replaced.
    :param arrivals: The refreshes, in their order.
    :param reuses: How often a spent one was sent and not forgiven.
    """

    current: str
    previous: str | None = None
    replaced_at: float = 0.0
    is_ended: bool = False
    arrivals: list[Arrival] = field(default_factory=list)
    reuses: int = 0
    access_tokens: set[str] = field(default_factory=set)


class RotatingServer:
    """
    The endpoint while the context is open.

    :param grace: Seconds in which the refresh token before the current one is forgiven; 0 for never.
    :param latency: The least and the most seconds it takes before it rotates, and again before it answers.
    """

    def __init__(self, grace: float, latency: tuple[float, float] = (0.002, 0.012)) -> None:
        self.grace = grace
        self.latency = latency
        self.holds: dict[str, Callable[[], object]] = {}  # called before a "rotation", and before an "answer"
        self.families: dict[str, Family] = {}
        self._lock = threading.Lock()  # guards the families
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def begin(self, name: str) -> str:
        """Begin a session, and give its first refresh token."""
        self.families[name] = Family(_mint(name))
        return self.families[name].current

    def is_alive(self, name: str, access_token: str | None, refresh_token: str | None) -> bool:
        """Tell whether a session goes on: its access token serves, and its refresh token is good."""
        with self._lock:
            family = self.families[name]
            return not family.is_ended and refresh_token == family.current and access_token in family.access_tokens

    def refresh(self, refresh_token: str) -> dict[str, object] | None:
        """Answer a refresh as RFC 6749 §5.1 has it; None for `invalid_grant`."""
        name = refresh_token.rpartition(".")[0]
        family = self.families.get(name)
        if family is None:
            return None
        arrival = Arrival(time.monotonic())
        with self._lock:
            family.arrivals.append(arrival)
        self._take_time("rotation")
        with self._lock:
            if not self._is_good(family, refresh_token):
                return None
            family.previous, family.current = family.current, _mint(name)
            family.replaced_at = arrival.rotated_at = time.monotonic()
            answer = {
                "access_token": _mint(name),
                "token_type": "Bearer",
                "expires_in": 3600,
                "refresh_token": family.current,
            }
            family.access_tokens.add(str(answer["access_token"]))
        self._take_time("answer")
        arrival.answered_at = time.monotonic()
        return answer

    def _is_good(self, family: Family, refresh_token: str) -> bool:
        if family.is_ended:
            return False
        if refresh_token == family.current:
            return True
        if refresh_token == family.previous and time.monotonic() < family.replaced_at + self.grace:
            return True
        family.is_ended = True
        family.reuses += 1
        return False

    def _take_time(self, until: str) -> None:
        self.holds.get(until, bool)()
        time.sleep(random.uniform(*self.latency))  # noqa: S311 - a moment, not a secret


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    owner: RotatingServer

    def server_bind(self) -> None:
        """Bind, and ask DNS for no name."""
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 20.0
    server: _Server

    def do_GET(self) -> None:
        """There is no metadata: who looks for some wants to log in, and cannot."""
        self._answer(404, {"error": "not_found"})

    def do_POST(self) -> None:
        """Answer a token request."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if self.path != "/token":
            self._answer(404, {"error": "not_found"})
            return
        answer = self.server.owner.refresh(form["refresh_token"][0])
        self._answer(400, {"error": "invalid_grant"}) if answer is None else self._answer(200, answer)

    def _answer(self, status: int, document: dict[str, object]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Write nothing."""


def _mint(name: str) -> str:
    return f"{name}.{secrets.token_hex(16)}"
