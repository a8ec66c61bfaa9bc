# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The HTTP client under one MCP session: the library's own, with the session's gate in `send`."""

import time
from functools import partial
from logging import DEBUG
from types import ModuleType
from typing import Any

from haystack import logging
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth._mcp_session.failures import OtherAccount, RequestRejected
from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate
from haystack_integrations.tools.mcp_oauth._settings.late_secrets import resolved_text
from valetkey._adapters.credential import withdraw
from valetkey._adapters.delivery import Delivery, Send, sdk_follows
from valetkey._adapters.event_stream import EventStream
from valetkey._adapters.failures import SessionEnded, http_error, is_end_of_session
from valetkey._adapters.framework import log_exchange
from valetkey.values import Token

_logger = logging.getLogger(__name__)

_TOKEN = "valetkey.token"
"""The extension of a request that has the token to present at each address the request is sent to."""


def library_of(transport: ModuleType) -> ModuleType:
    """Tell which HTTP library a transport of the SDK uses. Both may be installed, so being importable says nothing."""
    library: ModuleType = getattr(transport, "httpx2", None) or transport.httpx
    return library


def plain_headers(headers: dict[str, str | Secret] | None) -> dict[str, str] | None:
    """Resolve the secrets in the user's headers; one that may be without a value is then empty, as upstream has it."""
    if not headers:
        return None
    resolved = {
        name: resolved_text(value, f"The header {name}") if isinstance(value, Secret) else value
        for name, value in headers.items()
    }
    for name in (name for name, value in resolved.items() if value is None):
        _logger.warning("the header {header!r} has no value; it is sent empty", header=name)
    return {name: value or "" for name, value in resolved.items()}


def guarded_client_class(library: ModuleType, gate: Gate, events: EventStream | None = None) -> type[Any]:
    """
    Make the client class for one session.

    It overrides `send`, through which every request goes, and leaves proxies, certificates and everything else to the
    library.

    :param events: The stream on which answers come in, for the SSE transport; None where the response is the answer.
    """
    session = SessionRequests(library, gate, events)

    class GuardedClient(library.AsyncClient):  # type: ignore[misc, name-defined]  # chosen at run time
        def __init__(self, **arguments: Any) -> None:
            super().__init__(**arguments)
            self.event_hooks = {"request": [session.present_token], "response": [session.hear]}

        async def send(self, request: Any, **arguments: Any) -> Any:
            return await session.send(request, partial(super().send, request, **arguments))

    return GuardedClient


class SessionRequests(Delivery):
    """
    Sends the requests of one MCP session.

    Each gets the token, and one that is not accepted is answered in the server's place. Here no request waits for a
    login: the caller gets one, where Haystack's clocks allow it, and calls again.
    """

    def __init__(self, library: ModuleType, gate: Gate, events: EventStream | None) -> None:
        super().__init__(library)
        self._gate = gate
        self._stream = events
        self.tickets = gate.tickets

    async def present_token(self, request: Any) -> None:
        """Present the token at each address a redirect leads to, with a proof for that address, and at no other."""
        token = request.extensions.get(_TOKEN)
        if token is not None and self._gate.serves(str(request.url)):
            self._gate.present(request, token)
        else:
            withdraw(request)

    async def hear(self, response: Any) -> None:
        """Hear where each answer leads, before a redirect is followed there."""
        self._gate.hear(response)

    async def _exchange(self, request: Any, message: dict[str, Any] | None, send: Send) -> Any:
        try:
            token = await self._gate.token_for(str(request.url))
        except OtherAccount:
            if message is not None:
                raise
            if request.method != "DELETE":
                return self._library.Response(404, request=request)
            token = self._gate.last_token  # who opened the session ends it
        request.extensions[_TOKEN] = token
        response = await self._send_logged(request, token, message, send)
        if self._opens_sse(request):
            challenges = self._gate.challenges_in(response, token)
            if challenges is not None:
                await response.aclose()
                raise RequestRejected(token, challenges)
        return response

    async def _send_logged(self, request: Any, token: Token | None, message: dict[str, Any] | None, send: Send) -> Any:
        started, outcome = time.monotonic(), "no answer"
        try:
            response = await send()
            if self._gate.wants_nonce(token, response):
                await response.aclose()
                response = await send()
            outcome = str(response.status_code)
        finally:
            log_exchange(
                DEBUG,
                method=request.method,
                url=str(request.url),
                purpose=_purpose(request.method, message),
                outcome=outcome,
                seconds=time.monotonic() - started,
                credentials=[token.access_token.reveal()] if token is not None else [],
            )
        return response

    def _opens_sse(self, request: Any) -> bool:
        return self._stream is not None and request.method == "GET"

    def _new_stream(self) -> EventStream:
        return self._stream or EventStream()

    def _stream_for(self, request: Any) -> EventStream | None:  # noqa: ARG002 - the session has one transport
        return self._stream

    def _failure_in(self, request: Any, response: Any) -> Exception | None:
        token = request.extensions[_TOKEN]
        if response.status_code < 300 or sdk_follows(response):
            self._gate.note_acceptance(response, token)
            return None
        challenges = self._gate.challenges_in(response, token)
        if challenges is not None:
            return RequestRejected(token, challenges)
        if is_end_of_session(response):
            return SessionEnded("the MCP server has ended the session")
        return http_error(response)

    def _learn(self, failure: Exception) -> None:
        self._gate.learn(failure)


def _purpose(method: str, message: dict[str, Any] | None) -> str:
    if message is None:
        return "end the MCP session" if method == "DELETE" else "listen to the MCP server"
    name = str(message.get("method", "an answer"))
    if name == "tools/call":
        return f"call the tool {message.get('params', {}).get('name')!r}"
    known = {"initialize": "open the MCP session", "tools/list": "list the tools"}
    return known.get(name, f"tell the MCP server {name}")
