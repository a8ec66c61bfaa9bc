# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""One login at the callback port, and what it answers there: loaded when a login begins."""

import secrets
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from hmac import compare_digest
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from valetkey.errors import AuthError
from valetkey.login import page
from valetkey.login.connections import Connections
from valetkey.login.request import Request, is_form, read_request, status_of_stray
from valetkey.login.unanswered import login_cancelled, login_timed_out, unless_page_failed, wait_for_answer
from valetkey.seams import LoginPrompt

_PATIENCE = 15.0
"""Seconds the browser waits for the result before it gets a page that says that the result is not there yet."""
_DELIVERY = 2.0
"""Seconds in which the page has to reach the browser before the listener closes."""
_MOST_STRAYS = 1000
"""Requests that are no answer and get a page; more of them get none, and the answer still counts."""


class LoopbackAttempt:
    """One login at one address, which is that of the bound `listeners`."""

    def __init__(
        self, show: Callable[[LoginPrompt], None], listeners: Sequence[socket.socket], redirect_uri: str
    ) -> None:
        self.redirect_uri = redirect_uri
        self._show = show
        self._listeners = listeners
        self._lock = threading.Lock()  # guards what an answer changes
        self._state: str | None = None  # no answer is right before the link is shown
        self._callback: str | None = None
        self._doubtful: str | None = None
        self._is_in_browser = False  # True if a browser waits for the result
        self._answered = threading.Event()
        self._server = ""
        self._strays = 0
        self._ending = secrets.token_urlsafe(32)

    def __enter__(self) -> Self:
        for_now, too_long = _response(200, page.undecided_page()), _response(431, page.too_long_page())
        self._connections = Connections(
            self._listeners, self._respond, for_now=for_now, patience=_PATIENCE, too_long=too_long
        )
        self._connections.__enter__()
        return self

    def ask(self, prompt: LoginPrompt, *, seconds: float, cancelled: threading.Event) -> str:
        """Show the prompt, wait for the browser, and give the URL that it came with."""
        self.prepare(prompt)
        self._show(prompt)
        return self._wait(prompt, seconds, cancelled)

    def prepare(self, prompt: LoginPrompt) -> None:
        """Note which server the page for the browser is about, and which state the answer has to have."""
        self._server = urlsplit(prompt.server_url).netloc
        self._state = parse_qs(urlsplit(prompt.authorization_url).query).get("state", [""])[0]

    def _wait(self, prompt: LoginPrompt, seconds: float, cancelled: threading.Event) -> str:
        wait_for_answer(self._answered, cancelled, seconds)
        if self._callback is not None:
            return self._callback
        if cancelled.is_set():
            raise login_cancelled()
        if self._doubtful is not None:  # no other has come: the check says what is wrong with it
            return self._doubtful
        hint = unless_page_failed("Start again, and finish the login in the browser in time", prompt)
        raise login_timed_out(prompt.issuer, seconds, hint=hint)

    def conclude(self, error: AuthError | None) -> None:
        """Show the result in the browser, if it has come."""
        shown = page.failed_page(error.message, error.hint) if error else page.logged_in_page(self._server)
        self._connections.release(_response(200, shown))
        if self._is_in_browser:
            self._connections.delivered.wait(_DELIVERY)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connections.__exit__(kind, error, traceback)

    def take_pasted(self, callback: str) -> None:
        """Take the URL that the person has pasted."""
        self._keep(callback)

    def _keep(self, callback: str) -> None:
        """Keep the answer that comes first."""
        with self._lock:
            self._callback = self._callback or callback
        self._answered.set()

    def _keep_of_browser(self, callback: str) -> None:
        """Keep it, and the browser waiting: also one that comes twice, as after a reload, reads how the login ended."""
        self._is_in_browser = True
        self._keep(callback)

    def _respond(self, head: bytes) -> bytes | None:
        """Tell the answer of the login from every other request; None keeps the browser waiting for the result."""
        request = read_request(head)
        if request is None:
            return self._stray(400)
        status = status_of_stray(request, self.redirect_uri)
        if status == HTTPStatus.METHOD_NOT_ALLOWED and request.method == "POST" and self._ends_the_waiting(request):
            return None
        if status == HTTPStatus.METHOD_NOT_ALLOWED and is_form(request):
            return self._stray(status, page.unread_page())
        if status is not None:
            return self._stray(status)
        return self._judge(f"{self.redirect_uri.partition('?')[0]}?{request.query}", request.query)

    def _judge(self, callback: str, query: str) -> bytes | None:
        """Take an answer with the state of this login. Another one ends nothing (docs/decisions/wrong-state.md)."""
        try:
            parameters = parse_qs(query, keep_blank_values=True)
        except ValueError:
            return self._stray(400)
        is_answer = "code" in parameters or "error" in parameters
        if self._state is None:
            return self._stray(400)
        if not is_answer and (query or self._doubtful is None):
            return self._stray(400, page.unread_page())
        if is_answer and self._has_state(parameters):
            self._keep_of_browser(callback)
            return None
        with self._lock:
            if is_answer:  # else the person has reloaded the page that tells of it
                self._doubtful = callback
            is_over = self._callback is not None
        if is_over:
            return self._stray(200)
        body = page.doubtful_page(f"{urlsplit(self.redirect_uri).path or '/'}?end={self._ending}")
        return self._stray(400, body, page.HEADERS_OF_FORM)

    def _has_state(self, parameters: Mapping[str, Sequence[str]]) -> bool:
        states, right = parameters.get("state", [""]), (self._state or "").encode()
        return any(compare_digest(state.encode(), right) for state in states)

    def _ends_the_waiting(self, request: Request) -> bool:
        """Hand over an answer that does not prove to be one: the person says so on the page that tells of it."""
        is_right = compare_digest(request.query.encode(), f"end={self._ending}".encode())
        if not is_right or self._doubtful is None:
            return False
        self._keep_of_browser(self._doubtful)
        return True

    def _stray(self, status: int, body: bytes | None = None, headers: Mapping[str, str] = page.HEADERS) -> bytes:
        self._strays += 1
        return _response(status, body or page.stray_page(), headers) if self._strays <= _MOST_STRAYS else b""


def _response(status: int, body: bytes, headers: Mapping[str, str] = page.HEADERS) -> bytes:
    fields = {
        **headers,
        **({"Allow": "GET"} if status == HTTPStatus.METHOD_NOT_ALLOWED else {}),
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Date": formatdate(usegmt=True),
        "Server": "valetkey",
    }
    head = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*head, "", ""]).encode("ascii") + body
