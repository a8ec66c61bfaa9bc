# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The listeners of one login, and what they answer: loaded when a login begins."""

import os
import selectors
import socket
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from valetkey import urls
from valetkey.errors import AuthError
from valetkey.login import page
from valetkey.login.unanswered import login_cancelled, login_timed_out, unless_page_failed, wait_for_answer
from valetkey.seams import LoginPrompt

_PATIENCE = 15.0
"""Seconds the browser waits for the result before it gets a page that says that the result is not there yet."""
_DELIVERY = 2.0
"""Seconds in which the page has to reach the browser before the listener closes."""


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    timeout: float | None = 0  # handle_request must not wait for a connection that has gone again
    request_queue_size = 64  # a connection too many would wait a second for its next try
    allow_reuse_address: bool = os.name == "posix"  # on Windows it would let two programs share the port

    def __init__(self, host: str, port: int) -> None:
        self.address_family: int = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.attempt: LoopbackAttempt | None = None
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind and no more: the base class would ask DNS for the name of the loopback address."""
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: object, client_address: object) -> None:
        """Write nothing where a browser hangs up."""


class LoopbackAttempt:
    """One login at one address, which is that of the bound `listeners`."""

    def __init__(self, show: Callable[[LoginPrompt], None], listeners: list[Listener], redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri
        self._show = show
        self._listeners = listeners
        self._lock = threading.Lock()  # guards _callback
        self._callback: str | None = None
        self._is_in_browser = False  # True if a browser brought it
        self._answered = threading.Event()
        self._concluded = threading.Event()
        self._delivered = threading.Event()
        self._page = page.undecided_page()
        self._server = ""

    def __enter__(self) -> Self:
        for listener in self._listeners:
            listener.attempt = self
        self._ending, self._end = socket.socketpair()
        self._thread = threading.Thread(target=self._accept, name="valetkey-callback", daemon=True)
        self._thread.start()
        return self

    def _accept(self) -> None:
        """Accept connections until the other end of the socket pair is closed."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._ending, selectors.EVENT_READ)
            for listener in self._listeners:
                selector.register(listener, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._ending in ready:
                    return
                for listener in self._listeners:
                    if listener in ready:
                        listener.handle_request()

    def ask(self, prompt: LoginPrompt, *, seconds: float, cancelled: threading.Event) -> str:
        """Show the prompt, wait for the browser, and give the URL that it came with."""
        self.prepare_page(prompt)
        self._show(prompt)
        return self._wait(prompt, seconds, cancelled)

    def prepare_page(self, prompt: LoginPrompt) -> None:
        """Note which server the page for the browser is about."""
        self._server = urlsplit(prompt.server_url).netloc

    def _wait(self, prompt: LoginPrompt, seconds: float, cancelled: threading.Event) -> str:
        wait_for_answer(self._answered, cancelled, seconds)
        if self._callback is not None:
            return self._callback
        if cancelled.is_set():
            raise login_cancelled()
        hint = unless_page_failed("Start again, and finish the login in the browser in time", prompt)
        raise login_timed_out(prompt.issuer, seconds, hint=hint)

    def conclude(self, error: AuthError | None) -> None:
        """Show the result in the browser, if it has come."""
        self._page = page.failed_page(error.message, error.hint) if error else page.logged_in_page(self._server)
        self._concluded.set()
        if self._is_in_browser:
            self._delivered.wait(_DELIVERY)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._concluded.set()
        self._end.close()
        self._thread.join()
        self._ending.close()
        for listener in self._listeners:
            listener.server_close()

    def take(self, callback: str) -> bytes:
        """Take the URL that a browser came with, and give the page to show once the result is there."""
        if not self._keep(callback, is_in_browser=True):
            return page.stray_page()
        self._concluded.wait(_PATIENCE)
        return self._page

    def take_pasted(self, callback: str) -> None:
        """Take the URL that the person has pasted."""
        self._keep(callback, is_in_browser=False)

    def _keep(self, callback: str, *, is_in_browser: bool) -> bool:
        """Keep the answer that comes first; False if another one came before."""
        with self._lock:
            if self._callback is not None:
                return False
            self._callback, self._is_in_browser = callback, is_in_browser
        self._answered.set()
        return True

    def delivered(self) -> None:
        """Note that the browser has its page, or has hung up."""
        self._delivered.set()


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    server_version = "valetkey"
    sys_version = ""
    timeout = 10.0

    def do_GET(self) -> None:
        """Tell the answer of the login from every other request that reaches the port."""
        attempt = self.server.attempt
        if attempt is None or not self._is_for(attempt.redirect_uri):
            self._send(404, page.stray_page())
        elif self._is_prefetch():
            self._send(503, page.stray_page())  # the browser asks again when the person really goes there
        elif self._is_embedded() or not self._has_answer():
            self._send(400, page.stray_page())
        else:
            address = attempt.redirect_uri.partition("?")[0]
            try:
                self._send(200, attempt.take(f"{address}?{urlsplit(self.path).query}"))
            finally:
                attempt.delivered()

    def _is_for(self, redirect_uri: str) -> bool:
        path = urlsplit(redirect_uri).path or "/"
        # A page of another site that has its name resolved to loopback comes with that name.
        host = self.headers.get("Host", "").lower()
        return urlsplit(self.path).path == path and f"http://{host}" == urls.origin(redirect_uri)

    def _is_prefetch(self) -> bool:
        purposes = (self.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz", "X-Purpose"))
        return any("prefetch" in purpose or "preview" in purpose for purpose in purposes)

    def _is_embedded(self) -> bool:
        """A page loads the address as an image, a script or a `fetch`; a browser that is sent here navigates."""
        return self.headers.get("Sec-Fetch-Mode", "navigate").lower() != "navigate"

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
