# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The HTTP client under one MCP session: the library's own, with the session's gate in `send`."""

import json
import logging
import time
from types import ModuleType
from typing import Any

from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth.errors import Rejected
from haystack_integrations.tools.mcp_oauth.event_stream import EventStream
from haystack_integrations.tools.mcp_oauth.gate import Gate, NotAccepted, SessionLost, Unanswered
from valetkey._adapters.credential import AUTHORIZATION, PROOF, rejection
from valetkey._network.request_log import log_exchange
from valetkey.errors import AuthError
from valetkey.values import Token, TokenType

_logger = logging.getLogger("valetkey")

_TOKEN = "valetkey.token"
"""The extension of a request whose token is bound to a key."""


def library_of(transport: ModuleType) -> ModuleType:
    """
    Tell which HTTP library a transport of the SDK speaks. Both may be installed, so being importable says nothing.

    :param transport: The transport's module.
    :returns: `httpx` or `httpx2`.
    """
    library: ModuleType = getattr(transport, "httpx2", None) or transport.httpx
    return library


def plain_headers(headers: dict[str, str | Secret] | None) -> dict[str, str] | None:
    """
    Resolve the secrets in the user's headers.

    :param headers: The headers, None for none.
    :returns: Their texts; a secret without a value is an empty header, as upstream has it.
    """
    if not headers:
        return None
    resolved = {name: value.resolve_value() if isinstance(value, Secret) else value for name, value in headers.items()}
    for name in (name for name, value in resolved.items() if value is None):
        _logger.warning("the header %r has no value; it is sent empty", name)
    return {name: value or "" for name, value in resolved.items()}


def guarded_client_class(library: ModuleType, gate: Gate, events: EventStream | None = None) -> type[Any]:
    """
    Make the client class for one session.

    :param library: `httpx` or `httpx2`, whichever the installed SDK speaks.
    :param gate: The session's gate.
    :param events: The stream on which answers come in, for the SSE transport; None where the response is the answer.
    :returns: A subclass of the library's `AsyncClient`. It overrides `send`, through which every request goes, and
        leaves proxies, certificates and everything else to the library.
    """

    class GuardedClient(library.AsyncClient):  # type: ignore[misc, name-defined]  # chosen at run time
        def __init__(self, **arguments: Any) -> None:
            super().__init__(**arguments)
            self.event_hooks = {"request": [self._prove]}

        async def send(self, request: Any, **arguments: Any) -> Any:
            token = gate.token_for(str(request.url))
            if token is not None and token.token_type is TokenType.BEARER:
                request.headers[AUTHORIZATION] = f"Bearer {token.access_token.reveal()}"
            elif token is not None:
                request.extensions[_TOKEN] = token
            message = _message(request)
            if message is None:
                return await self._send_plain(request, token, arguments)
            try:
                response = await self._send_message(request, token, message, arguments)
                if response.status_code < 400:
                    return response
                reason = _reason(response, token, request, gate)
                said = await _json_rpc_error(response) if isinstance(reason, NotAccepted) else None
                await response.aclose()
            except AuthError as error:  # no proof can be made
                return self._answered(request, message, error)
            except library.TransportError as error:
                return self._answered(request, message, Unanswered(f"{type(error).__name__}: {error}"))
            return self._answered(request, message, reason, said)

        @staticmethod
        async def _prove(request: Any) -> None:
            """Present a bound token at each address a redirect leads to, with a proof for that address (RFC 9449)."""
            token = request.extensions.get(_TOKEN)
            if token is None:
                return
            if gate.serves(str(request.url)):
                gate.present(request, token)
                return
            for name in (AUTHORIZATION, PROOF):
                request.headers.pop(name, None)

        async def _exchange(self, request: Any, token: Token | None, arguments: dict[str, Any]) -> Any:
            response = await super().send(request, **arguments)
            if not gate.wants_nonce(token, response):
                return response
            await response.aclose()
            return await super().send(request, **arguments)

        async def _send_message(
            self, request: Any, token: Token | None, message: dict[str, Any], arguments: dict[str, Any]
        ) -> Any:
            started, outcome = time.monotonic(), "no answer"
            try:
                response = await self._exchange(request, token, arguments)
                outcome = str(response.status_code)
            finally:
                _log(request, message, started, outcome)
            return response

        async def _send_plain(self, request: Any, token: Token | None, arguments: dict[str, Any]) -> Any:
            """Send what is no JSON-RPC message: the GET of a stream, the DELETE of a session."""
            if events is not None:
                request.headers["Accept-Encoding"] = "identity"
            started = time.monotonic()
            response = await self._exchange(request, token, arguments)
            _log(request, None, started, str(response.status_code))
            challenges = rejection(response, token) if gate.serves(str(response.url)) else None
            if events is None:
                return response  # a stream beside the session: the SDK does without it
            if challenges is not None:
                await response.aclose()
                raise Rejected(token, challenges)
            return events.wrap(library, response) if response.status_code == 200 else response

        @staticmethod
        def _answered(
            request: Any, message: dict[str, Any], reason: Exception, said: dict[str, Any] | None = None
        ) -> Any:
            answer = gate.answer(message, reason)
            if answer is None:
                return library.Response(202, request=request)
            if isinstance(reason, NotAccepted) and said is not None:
                answer["error"] = said
            if events is None:
                return library.Response(200, json=answer, request=request)
            events.deliver(answer)
            return library.Response(202, request=request)

    return GuardedClient


def _message(request: Any) -> dict[str, Any] | None:
    """Read the JSON-RPC message of a POST; the SDK sends each in a request of its own."""
    if request.method != "POST":
        return None
    message = json.loads(request.content)
    return message if isinstance(message, dict) else None


def _reason(response: Any, token: Token | None, request: Any, gate: Gate) -> Exception:
    # What another origin says after a redirect is no word of the MCP server.
    challenges = rejection(response, token) if gate.serves(str(response.url)) else None
    if challenges is not None:
        return Rejected(token, challenges)
    if response.status_code == 404 and "mcp-session-id" in request.headers:
        return SessionLost("the MCP server has ended the session")
    return NotAccepted(f"the MCP server answered {response.status_code} {response.reason_phrase}")


async def _json_rpc_error(response: Any) -> dict[str, Any] | None:
    """Read the JSON-RPC error that a server may send with an HTTP error (MCP Transports, Sending Messages)."""
    if not response.headers.get("content-type", "").lower().startswith("application/json"):
        return None
    try:
        document = json.loads(await response.aread())
    except (ValueError, RecursionError):
        return None
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) and {"code", "message"} <= error.keys() else None


def _log(request: Any, message: dict[str, Any] | None, started: float, outcome: str) -> None:
    log_exchange(
        logging.DEBUG,
        method=request.method,
        url=str(request.url),
        purpose=_purpose(request.method, message),
        outcome=outcome,
        seconds=time.monotonic() - started,
    )


def _purpose(method: str, message: dict[str, Any] | None) -> str:
    if message is None:
        return "end the MCP session" if method == "DELETE" else "listen to the MCP server"
    name = str(message.get("method", "an answer"))
    if name == "tools/call":
        return f"call the tool {message.get('params', {}).get('name')!r}"
    known = {"initialize": "open the MCP session", "tools/list": "list the tools"}
    return known.get(name, f"tell the MCP server {name}")
