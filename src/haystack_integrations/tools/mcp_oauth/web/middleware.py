# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The middleware: it names the user of each request, and answers the requests to the paths of logins itself."""

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractContextManager
from functools import partial
from inspect import isawaitable
from typing import Any

from anyio.lowlevel import RunVar
from haystack import logging

from haystack_integrations.tools.mcp_oauth.principals import as_nobody, as_user, require_user
from haystack_integrations.tools.mcp_oauth.web.answers import Answer, Receive, Send, read_body
from haystack_integrations.tools.mcp_oauth.web.origins import LONGEST_FORM
from haystack_integrations.tools.mcp_oauth.web.request import Absent, WebRequest
from haystack_integrations.tools.mcp_oauth.web.routes import HOME, Asked, Routes
from haystack_integrations.tools.mcp_oauth.web.threads import Threads
from valetkey.errors import ConfigurationError

_logger = logging.getLogger(__name__)

PrincipalOfRequest = Callable[[WebRequest], str | Awaitable[str | None] | None]
"""Tells who has sent a request; None for a visitor who is not signed in."""

App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
"""An ASGI app."""

_ASKS_A_SERVER = ("callback", "connect", "disconnect")

_TOO_LARGE = Answer(413, {"Content-Type": "text/plain"}, b"The form is too large.")
_NO_USER = b"What should name the user of this request can be no user's name. Sign in anew."


class LoginMiddleware:
    """
    Binds the user of each request to its context, where sync, async and streaming endpoints and their threads see it.

    It is pure ASGI: the context that it sets is that of the whole request, and ends with it.
    """

    def __init__(self, app: App, routes: Routes, principal: PrincipalOfRequest) -> None:
        self._app = app
        self._routes = routes
        self._principal = principal
        # A limiter belongs to one event loop, and a server may have several, each in a thread.
        self._threads: RunVar[Threads] = RunVar(f"valetkey_threads_{id(self)}")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on to the app."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request = WebRequest.of(scope)
        try:
            principal = await self._principal_of(request)
        except ConfigurationError as error:
            _logger.warning(
                "a request is refused, for what the function principal= of the app has given: {error}", error=str(error)
            )
            await _refuse(scope, send)
            return
        path = self._path_below_home(request)
        if scope["type"] == "http" and path is not None:
            scope["query_string"] = b""  # so no code and no state stands in the access log of the server
            await self._answer(Asked(request, path, principal), receive, send)
            return
        with _context_of(principal):
            await self._app(scope, receive, send)

    async def _principal_of(self, request: WebRequest) -> str | None:
        try:
            found = self._principal(request)
            principal = await found if isawaitable(found) else found
        except Absent:
            return None
        return require_user(principal) if principal is not None and principal != "" else None

    def _path_below_home(self, request: WebRequest) -> str | None:
        path, prefix = request.path, self._routes.prefix
        for beginning in (HOME, f"{prefix}{HOME}"):  # a proxy takes the prefix of the public URL away, or does not
            if f"{path}/" == beginning:
                return ""
            if path.startswith(beginning):
                return path[len(beginning) :]
        return None

    async def _answer(self, asked: Asked, receive: Receive, send: Send) -> None:
        method = asked.request.method
        if method == "POST":
            body = await read_body(receive, LONGEST_FORM)
            if body is None:
                await _TOO_LARGE.send(send)
                return
            asked = Asked(asked.request, asked.path, asked.principal, body)
        answer = await self._answered(asked)
        await answer.send(send, with_body=method != "HEAD")

    async def _answered(self, asked: Asked) -> Answer:
        threads = self._threads_here()
        if asked.path not in _ASKS_A_SERVER:
            return await threads.read(partial(self._routes.answer, asked))
        found = await threads.read(partial(self._routes.prepared, asked))
        if isinstance(found, Answer):
            return found
        server, asked = found
        return await threads.ask(server, partial(self._routes.answer, asked))

    def _threads_here(self) -> Threads:
        threads = self._threads.get(None)
        if threads is None:
            self._threads.set(threads := Threads())
        return threads


def _context_of(principal: str | None) -> AbstractContextManager[None]:
    return as_nobody() if principal is None else as_user(principal)


async def _refuse(scope: MutableMapping[str, Any], send: Send) -> None:
    """Answer a request whose user has a name that no user can have: the app does not get it."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await Answer(400, {"Content-Type": "text/plain; charset=utf-8"}, _NO_USER).send(send)
