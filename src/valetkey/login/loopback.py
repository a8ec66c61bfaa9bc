# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The answer of a login comes to a listener on this computer's loopback interface (RFC 8252 §7.3, §8.3).

The listener lives in threads of its own, from before the link is shown until the person has seen the result.
"""

import errno
import os
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from valetkey import urls
from valetkey.errors import AuthError, LoginFailed
from valetkey.login import page
from valetkey.login.device import NoticeAttempt
from valetkey.login.unanswered import login_cancelled, login_timed_out
from valetkey.seams import LoginPrompt

_PATH = "/callback"
_LOOPBACK, _LOOPBACK_6 = "127.0.0.1", "::1"
_PATIENCE = 15.0
"""Seconds the browser waits for the code to be exchanged before it is told anyway."""
_DELIVERY = 2.0
"""Seconds the page has to reach the browser before the listener closes."""
_POLL = 0.05
_NO_SUCH_FAMILY = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""What binding says on a computer that has only IPv4, or only IPv6."""


class LoopbackLogin:
    """
    Asks the person through `show`, and waits for the browser at a loopback address.

    :param show: Brings the prompt to the person; must not block.
    :param hosts: The addresses to listen at, the first that this computer has (RFC 8252 §7.3: assume neither version of
        IP).
    """

    def __init__(self, show: Callable[[LoginPrompt], None], hosts: Sequence[str] = (_LOOPBACK, _LOOPBACK_6)) -> None:
        self._show = show
        self._hosts = tuple(hosts)

    def open(self, redirect_uri: str | None, *, fixed: bool) -> "LoopbackAttempt":
        """
        Start listening.

        :param redirect_uri: The address to use, with port 0 for a free one; None for any.
        :param fixed: True if no other address will do; else a taken port leads to a free one.
        :returns: The visit.
        :raises LoginFailed: If a fixed address is taken.
        """
        address = redirect_uri or _any_port(self._hosts[0])
        parts = urlsplit(address)
        try:
            listeners = _listen(parts.hostname or "", parts.port or 0)
        except OSError as error:
            if redirect_uri is not None and not fixed:
                return self.open(None, fixed=False)
            if redirect_uri is None and error.errno in _NO_SUCH_FAMILY and len(self._hosts) > 1:
                return LoopbackLogin(self._show, self._hosts[1:]).open(None, fixed=False)
            message = f"Nothing can listen at {address}: {error.strerror or error}."
            hint = "End the program that uses this port, or choose another redirect_uri."
            raise LoginFailed(message, hint=hint) from error
        if not parts.port:
            address = parts._replace(netloc=parts.netloc[:-1] + str(listeners[0].server_address[1])).geturl()
        return LoopbackAttempt(self._show, listeners, address)

    def open_device(self) -> NoticeAttempt:
        """
        Get ready to show a code; nothing listens.

        :returns: The visit.
        """
        return NoticeAttempt(self._show)


def _any_port(host: str) -> str:
    return f"http://[{host}]:0{_PATH}" if ":" in host else f"http://{host}:0{_PATH}"


def _listen(host: str, port: int) -> list["_Listener"]:
    """Bind; `localhost` means both families, wherever both exist (RFC 8252 §8.3)."""
    if host != "localhost":
        return [_Listener(host, port)]
    listeners: list[_Listener] = []
    for address in (_LOOPBACK, _LOOPBACK_6):
        try:
            listeners.append(_Listener(address, listeners[0].server_address[1] if listeners else port))
        except OSError as error:
            if error.errno in _NO_SUCH_FAMILY:
                continue
            for listener in listeners:  # somebody else at one of the two would get half of the answers
                listener.server_close()
            raise
    if not listeners:
        raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    return listeners


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # a knock too many would wait a second for its next try
    allow_reuse_address = os.name == "posix"  # on Windows it would let two programs share the port

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.attempt: LoopbackAttempt | None = None
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind and no more: the base class would ask DNS for the name of the loopback address."""
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about browsers that hang up."""


class LoopbackAttempt:
    """
    One login at one address.

    :param show: Brings the prompt to the person.
    :param listeners: The bound listeners.
    :param redirect_uri: Their address.
    """

    def __init__(self, show: Callable[[LoginPrompt], None], listeners: list[_Listener], redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri
        self._show = show
        self._listeners = listeners
        self._lock = threading.Lock()  # guards _callback
        self._callback: str | None = None
        self._answered = threading.Event()
        self._concluded = threading.Event()
        self._delivered = threading.Event()
        self._page = page.undecided_page()
        self._server = ""

    def __enter__(self) -> Self:
        for listener in self._listeners:
            listener.attempt = self
            arguments = {"poll_interval": _POLL}
            threading.Thread(
                target=listener.serve_forever, kwargs=arguments, name="valetkey-callback", daemon=True
            ).start()
        return self

    def ask(self, prompt: LoginPrompt, *, seconds: float, cancelled: threading.Event) -> str:
        """
        Show the prompt and wait for the browser.

        :param prompt: What to tell.
        :param seconds: How long the person has.
        :param cancelled: Ends the waiting.
        :returns: The URL the browser came with.
        :raises LoginFailed: If the time is over or nobody waits any more.
        """
        self._server = urlsplit(prompt.server_url).netloc
        deadline = time.monotonic() + seconds
        self._show(prompt)
        while not self._answered.wait(_POLL):
            if cancelled.is_set():
                raise login_cancelled()
            if time.monotonic() >= deadline:
                hint = "Start again, and finish the login in the browser in time."
                raise login_timed_out(prompt.issuer, seconds, hint=hint)
        return self._callback or ""

    def conclude(self, error: AuthError | None) -> None:
        """
        Show the person how it ended.

        :param error: What went wrong, None if the login succeeded.
        """
        self._page = page.failed_page(error.message, error.hint) if error else page.logged_in_page(self._server)
        self._concluded.set()
        if self._answered.is_set():
            self._delivered.wait(_DELIVERY)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._concluded.set()
        for listener in self._listeners:
            listener.shutdown()
            listener.server_close()

    def take(self, callback: str) -> bytes:
        """
        Take what a browser brought; the first answer counts.

        :param callback: The URL it came with.
        :returns: The page to show, once it is known how the login ended.
        """
        with self._lock:
            first = self._callback is None
            if first:
                self._callback = callback
        if not first:
            return page.stray_page()
        self._answered.set()
        self._concluded.wait(_PATIENCE)
        return self._page

    def delivered(self) -> None:
        """Note that the browser has its page."""
        self._delivered.set()


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    server_version = "valetkey"
    sys_version = ""
    timeout = 10.0

    def do_GET(self) -> None:
        """Sort the answer of the login from everything else that knocks at a port."""
        attempt = self.server.attempt
        if attempt is None or not self._is_for(attempt.redirect_uri):
            self._send(404, page.stray_page())
        elif self._is_prefetch():
            self._send(503, page.stray_page())  # the browser comes again when the person really goes there
        elif not self._has_answer():
            self._send(400, page.stray_page())
        else:
            address = attempt.redirect_uri.partition("?")[0]
            try:
                self._send(200, attempt.take(f"{address}?{urlsplit(self.path).query}"))
            finally:
                attempt.delivered()  # or the browser has hung up

    def _is_for(self, redirect_uri: str) -> bool:
        path = urlsplit(redirect_uri).path or "/"
        # A page of another site that has its name resolved to loopback comes with that name.
        host = self.headers.get("Host", "").lower()
        return urlsplit(self.path).path == path and f"http://{host}" == urls.origin(redirect_uri)

    def _is_prefetch(self) -> bool:
        purposes = (self.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz", "X-Purpose"))
        return any("prefetch" in purpose or "preview" in purpose for purpose in purposes)

    def _has_answer(self) -> bool:
        parameters = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        return "code" in parameters or "error" in parameters

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        for name, value in {**page.HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Write nothing: the request line holds the code."""
