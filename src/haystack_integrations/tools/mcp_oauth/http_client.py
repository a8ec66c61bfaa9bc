# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The HTTP client under one MCP session: the library's own, with the session's gate in `send`."""

import json
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from types import ModuleType
from typing import Any

from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth.event_stream import EventStream
from haystack_integrations.tools.mcp_oauth.failures import HttpError, NoAnswer, RequestRejected, SessionEnded
from haystack_integrations.tools.mcp_oauth.gate import Gate
from valetkey._adapters.credential import withdraw
from valetkey._adapters.framework import log_exchange
from valetkey.errors import AuthError, quote
from valetkey.values import Token

_logger = logging.getLogger("valetkey")

_TOKEN = "valetkey.token"
"""The extension of a request that has the token to present at each address the request is sent to."""

_REDIRECTS = "valetkey.redirects"
"""The extension of a request that counts how many redirects led to it; a redirected request inherits extensions."""

_LONGEST_ERROR = 1_048_576
"""Bytes of an HTTP error that are read to find a JSON-RPC error in it."""

_MOST_REDIRECTS = 20
"""What both libraries and the SDK follow."""


def library_of(transport: ModuleType) -> ModuleType:
    """Tell which HTTP library a transport of the SDK uses. Both may be installed, so being importable says nothing."""
    library: ModuleType = getattr(transport, "httpx2", None) or transport.httpx
    return library


def plain_headers(headers: dict[str, str | Secret] | None) -> dict[str, str] | None:
    """Resolve the secrets in the user's headers; a secret without a value is an empty header, as upstream has it."""
    if not headers:
        return None
    resolved = {name: value.resolve_value() if isinstance(value, Secret) else value for name, value in headers.items()}
    for name in (name for name, value in resolved.items() if value is None):
        _logger.warning("the header %r has no value; it is sent empty", name)
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
            self.event_hooks = {"request": [session.present_token]}

        async def send(self, request: Any, **arguments: Any) -> Any:
            return await session.send(request, partial(super().send, request, **arguments))

    return GuardedClient


class SessionRequests:
    """
    Sends the requests of one MCP session.

    Each gets the token, and one that is not accepted is answered in the server's place, so that the SDK's transport
    lives on.
    """

    def __init__(self, library: ModuleType, gate: Gate, events: EventStream | None) -> None:
        self._library = library
        self._gate = gate
        self._events = events

    async def send(self, request: Any, send: Callable[[], Awaitable[Any]]) -> Any:
        """Send a request of the SDK's transport; `send` is the library's way to do it, and may be called twice."""
        await request.aread()  # the SDK follows redirects by itself, and a redirected request has its body as a stream
        token = await self._gate.token_for(str(request.url))
        request.extensions[_TOKEN] = token
        request.extensions[_REDIRECTS] = request.extensions.get(_REDIRECTS, -1) + 1
        message = _message_in(request)
        if message is None:
            return await self._send_without_message(request, token, send)
        return await self._send_message(request, token, message, send)

    async def present_token(self, request: Any) -> None:
        """Present the token at each address a redirect leads to, with a proof for that address, and at no other."""
        token = request.extensions.get(_TOKEN)
        if token is not None and self._gate.serves(str(request.url)):
            self._gate.present(request, token)
        else:
            withdraw(request)

    async def _send_message(
        self, request: Any, token: Token | None, message: dict[str, Any], send: Callable[[], Awaitable[Any]]
    ) -> Any:
        try:
            response = await self._send_logged(request, token, message, send)
            if response.status_code < 300 or _sdk_follows(response):
                return response
            failure = self._failure_in(response, token)
            said = await _json_rpc_error_in(response) if isinstance(failure, HttpError) else None
            await response.aclose()
        except AuthError as error:  # no proof can be made
            return self._answer(request, message, error)
        except self._library.TransportError as error:
            return self._answer(request, message, NoAnswer(f"{type(error).__name__}: {error}"))
        return self._answer(request, message, failure, said)

    async def _send_without_message(self, request: Any, token: Token | None, send: Callable[[], Awaitable[Any]]) -> Any:
        """Send what is no JSON-RPC message: the GET of a stream, the DELETE of a session."""
        if self._events is None:
            return await self._send_logged(request, token, None, send)  # the SDK does without a stream
        request.headers["Accept-Encoding"] = "identity"
        response = await self._send_logged(request, token, None, send)
        challenges = self._gate.challenges_in(response, token)
        if challenges is not None:
            await response.aclose()
            raise RequestRejected(token, challenges)
        return self._events.wrap(self._library, response) if response.status_code == 200 else response

    async def _send_logged(
        self, request: Any, token: Token | None, message: dict[str, Any] | None, send: Callable[[], Awaitable[Any]]
    ) -> Any:
        started, outcome = time.monotonic(), "no answer"
        try:
            response = await send()
            if self._gate.wants_nonce(token, response):
                await response.aclose()
                response = await send()
            outcome = str(response.status_code)
        finally:
            log_exchange(
                logging.DEBUG,
                method=request.method,
                url=str(request.url),
                purpose=_purpose(request.method, message),
                outcome=outcome,
                seconds=time.monotonic() - started,
            )
        return response

    def _failure_in(self, response: Any, token: Token | None) -> Exception:
        challenges = self._gate.challenges_in(response, token)
        if challenges is not None:
            return RequestRejected(token, challenges)
        if response.status_code == 404 and "mcp-session-id" in response.request.headers:
            return SessionEnded("the MCP server has ended the session")
        text = f"the MCP server answered {response.status_code} {response.reason_phrase}"
        if response.next_request is None:
            return HttpError(text)
        address = response.next_request.url.copy_with(userinfo=b"", query=None, fragment=None)
        return HttpError(f"{text}: it redirects to {quote(str(address))}. Use that URL if it is the right server.")

    def _answer(
        self, request: Any, message: dict[str, Any], failure: Exception, said: dict[str, Any] | None = None
    ) -> Any:
        """Answer a message in the server's place; `said` is the JSON-RPC error of the server itself."""
        answer = self._gate.answer(message, failure)
        if answer is None:
            return self._library.Response(202, request=request)
        if said is not None:
            answer["error"] = said
        if self._events is None:
            return self._library.Response(200, json=answer, request=request)
        self._events.deliver(answer)
        return self._library.Response(202, request=request)


def _sdk_follows(response: Any) -> bool:
    """
    Tell whether the SDK's transport follows a redirect: to the same origin or its https, and with the same method.

    Where it does not follow, SDK 1.x ends the session, and over SSE the call has no answer.
    """
    following = response.next_request
    if following is None or response.request.extensions.get(_REDIRECTS, 0) >= _MOST_REDIRECTS:
        return False
    sent, target = response.request.url, following.url
    upgraded = [("https", None, sent.host)] if (sent.scheme, sent.port) == ("http", None) else []
    is_near = (target.scheme, target.port, target.host) in [(sent.scheme, sent.port, sent.host), *upgraded]
    keeps_method: bool = following.method == response.request.method
    return keeps_method and is_near and target.userinfo in (b"", sent.userinfo)


def _message_in(request: Any) -> dict[str, Any] | None:
    """Read the JSON-RPC message of a POST; the SDK sends each in a request of its own."""
    if request.method != "POST":
        return None
    try:
        message = json.loads(request.content)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


async def _json_rpc_error_in(response: Any) -> dict[str, Any] | None:
    """Read the JSON-RPC error that a server may send with an HTTP error (MCP Transports, Sending Messages)."""
    if not response.headers.get("content-type", "").lower().startswith("application/json"):
        return None
    body = b""
    async for part in response.aiter_bytes():
        body += part
        if len(body) > _LONGEST_ERROR:
            return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) and {"code", "message"} <= error.keys() else None


def _purpose(method: str, message: dict[str, Any] | None) -> str:
    if message is None:
        return "end the MCP session" if method == "DELETE" else "listen to the MCP server"
    name = str(message.get("method", "an answer"))
    if name == "tools/call":
        return f"call the tool {message.get('params', {}).get('name')!r}"
    known = {"initialize": "open the MCP session", "tools/list": "list the tools"}
    return known.get(name, f"tell the MCP server {name}")
