# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The gate of an MCP transport: a message that was not delivered is answered in the server's place.

An exception inside the SDK's transport ends the MCP session, on both SDK lines, and so does an HTTP error where the SDK
does not expect one. An answer makes one call fail, and the session lives on.
"""

import logging
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from valetkey import urls
from valetkey._adapters import tickets
from valetkey._adapters.credential import LOGIN_WAIT, NO_LOGIN, is_ours, rejection
from valetkey._adapters.ended_responses import ending_with_an_answer, no_answer_in
from valetkey._adapters.failures import (
    HttpError,
    SessionEnded,
    credentials_in,
    http_error,
    is_end_of_session,
    no_mcp,
    unanswered,
)
from valetkey._adapters.messages import answer_to, error_in, expects_answer, message_in
from valetkey.errors import AuthError

if TYPE_CHECKING:
    from valetkey._adapters.event_stream import EventStream

_logger = logging.getLogger("valetkey")

_REDIRECTS = "valetkey.redirects"
"""The extension of a request that counts how many redirects led to it; a redirected request inherits extensions."""

_MOST_REDIRECTS = 20
"""What both libraries and the SDK follow."""

_EVENTS = "text/event-stream"

Send = Callable[[], Awaitable[Any]]
"""The library's way to send a request."""


class Delivery:
    """Delivers the requests of one MCP transport. Used in one event loop only."""

    tickets = tickets.of_all_clients

    def __init__(self, library: ModuleType, login_wait: float | None = None) -> None:
        self._library = library
        self._login_wait = login_wait
        self._events: EventStream | None = None
        self._failed_probe: AuthError | None = None

    async def send(self, request: Any, send: Send) -> Any:
        """Send a request of the SDK's transport."""
        await request.aread()  # the SDK follows redirects by itself, and a redirected request has its body as a stream
        request.extensions[_REDIRECTS] = request.extensions.get(_REDIRECTS, -1) + 1
        request.extensions[LOGIN_WAIT] = self._login_wait
        message = message_in(request)
        if message is None:
            return await self._send_without_message(request, send)
        return await self._send_message(request, message, send)

    async def _send_message(self, request: Any, message: dict[str, Any], send: Send) -> Any:
        probe, self._failed_probe = self._failed_probe, None
        if probe is not None and message.get("method") == "initialize":
            return self._answer(request, message, probe)
        try:
            response = await self._exchange(request, message, send)
            failure = self._failure_in(request, response)
            if failure is None and expects_answer(message) and self._stream_for(request) is None:
                failure = no_mcp(response) or await no_answer_in(response, message)
            if failure is None:
                return self._ending_well(message, response)
            said = await error_in(response) if isinstance(failure, HttpError) else None
            await response.aclose()
        except AuthError as error:
            if message.get("method") == "server/discover":  # "initialize" follows: no person is asked twice
                self._failed_probe = error
            return self._answer(request, message, error)
        except SessionEnded as ended:
            return self._answer(request, message, ended)
        except self._library.RequestError as error:
            return self._answer(request, message, unanswered(request, error))
        return self._answer(request, message, failure, said)

    async def _send_without_message(self, request: Any, send: Send) -> Any:
        """Send what is no JSON-RPC message: the GET of a stream, the DELETE of a session."""
        if request.method == "DELETE":  # the session ends anyway, and its end must not wait for a person
            request.extensions[NO_LOGIN] = True
        if not self._opens_sse(request):
            return await self._exchange(request, None, send)
        request.headers["Accept-Encoding"] = "identity"  # a compressor may hold events back
        response = await self._exchange(request, None, send)
        if response.status_code != 200:
            return response
        self._events = self._new_stream()
        return self._events.wrap(self._library, response)

    async def _exchange(self, request: Any, message: dict[str, Any] | None, send: Send) -> Any:  # noqa: ARG002
        """Send a request and give its response. Raises an `AuthError` where no token can be obtained."""
        return await send()

    def _ending_well(self, message: dict[str, Any], response: Any) -> Any:
        """Let SDK 1.x, which uses httpx, not wait for an answer that a response ends without."""
        if self._library.__name__ != "httpx" or response.status_code != 200 or not expects_answer(message):
            return response

        def answer(failure: Exception) -> dict[str, Any]:
            self._learn(failure)
            return answer_to(message, str(failure), self.tickets.issue(failure))

        return ending_with_an_answer(self._library, response, answer)

    def _opens_sse(self, request: Any) -> bool:
        """
        Tell whether a request opens the stream on which an SSE session gets its answers (MCP 2024-11-05, Transports).

        With streamable HTTP such a stream belongs to a session that is there already, and has no answers.
        """
        of_a_session = {"mcp-session-id", "mcp-protocol-version", "last-event-id"}
        return (
            request.method == "GET"
            and _EVENTS in request.headers.get("accept", "")
            and of_a_session.isdisjoint(request.headers)
        )

    def _new_stream(self) -> "EventStream":
        from valetkey._adapters.event_stream import EventStream  # few servers speak SSE

        return EventStream()

    def _stream_for(self, request: Any) -> "EventStream | None":
        """Give the stream on which the answer to a message comes in; None if its response is the answer."""
        takes_events = _EVENTS in request.headers.get("accept", "")  # MCP 2025-03-26, Sending Messages to the Server
        is_open = self._events is not None and not self._events.is_closed
        return self._events if is_open and not takes_events else None

    def _failure_in(self, request: Any, response: Any) -> Exception | None:
        """Read from a response whether its message was delivered; None where the SDK is to have the response."""
        if response.status_code < 300 or sdk_follows(response):
            return None
        if is_end_of_session(response) and self._stream_for(request) is None:
            return None  # the SDK tells its caller in words that programs know
        challenges = rejection(response) if is_ours(response.request) else None
        if challenges is None:
            return http_error(response)
        from valetkey._adapters.second_rejection import rejection_of_new_token  # loaded for the rare case

        server_url, credentials = urls.without_query(str(response.url)), credentials_in(response.request)
        return rejection_of_new_token(server_url, challenges, None, credentials=credentials)

    def _answer(
        self, request: Any, message: dict[str, Any], failure: Exception, said: dict[str, Any] | None = None
    ) -> Any:
        """Answer a message in the server's place; `said` is the JSON-RPC error of the server itself."""
        self._learn(failure)
        if not expects_answer(message):
            _logger.info("a message that expects no answer was not delivered: %s", failure)
            return self._library.Response(202, request=request)
        answer = answer_to(message, str(failure), self.tickets.issue(failure))
        if said is not None:
            answer["error"] = said
        stream = self._stream_for(request)
        if stream is None:
            return self._library.Response(200, json=answer, request=request)
        stream.deliver(answer)
        return self._library.Response(202, request=request)

    def _learn(self, failure: Exception) -> None:
        """Note a failure, for a transport that is told nothing of it."""


def sdk_follows(response: Any) -> bool:
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
