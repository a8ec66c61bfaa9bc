# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The transports to the remote server: streamable HTTP (MCP 2025-03-26 and later) here, and what SSE shares with it."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol

import httpx2

from valetkey._adapters.failures import HttpError, SessionEnded, http_error, is_end_of_session, no_mcp
from valetkey._adapters.messages import error_in
from valetkey._cli.bridge.bodies import events_in, is_stream, session_in, text_of
from valetkey._cli.bridge.exchange import Exchange
from valetkey._cli.bridge.failures import AnswerLost, NotSent, ServerSays
from valetkey._cli.bridge.http_client import HttpClient, refuse_rejection

SESSION = "Mcp-Session-Id"
_LAST_EVENT = "Last-Event-ID"
_ACCEPTED = {"Accept": "application/json, text/event-stream"}
_LINGER = 2.0
"""Seconds for a response to end after its answer, so that its connection can be used again."""

_NO_STREAM = frozenset({400, 403, 404, 405, 406, 410, 415, 501})
"""The statuses by which a server says that it has no stream of its own messages, or no such session."""

# Some servers send the error of a request with the status that MCP 2026-07-28 gives it, in a session that goes on.
_EXECUTED = frozenset({-32601, -32602})

_MOST_RESUMPTIONS = 5
_RESUMING = 1.0

# TypeScript servers made after the SDK's example answer 400 and "No valid session ID provided".
_NO_SESSION = re.compile(
    r"no valid session|session (?:id )?(?:is |was )?(?:not found|unknown|expired|invalid|missing|terminated)"
    r"|(?:invalid|unknown|missing|expired) session|not initialized",
    re.IGNORECASE,
)

Take = Callable[[str], Awaitable[None]]
Pause = Callable[[float], Awaitable[None]]


class Unwanted(Exception):
    """The server offers no stream of its own messages."""


class Transport(Protocol):
    """
    What carries parcels to the server and its messages back.

    `wait` has the seconds that the server wants between two streams of its own messages; None if it has not said.
    """

    wait: float | None

    async def open(self, *, may_log_in: bool) -> None:
        """Open what an MCP session needs before its first message."""

    async def carry(self, exchange: Exchange, headers: Mapping[str, str]) -> None:
        """Carry a parcel, and return when it is answered."""

    async def listen(self, headers: Mapping[str, str], take: Take) -> None:
        """Take the server's own messages until their stream ends, or raise `SessionEnded` if the MCP session has."""

    async def end(self, headers: Mapping[str, str]) -> None:
        """Tell the server that the MCP session is over."""


class StreamableHttp:
    """Each parcel is a POST; its response holds the answer, or a stream in which the answer comes."""

    def __init__(self, client: HttpClient, url: str, pause: Pause = asyncio.sleep) -> None:
        self._client = client
        self._url = url
        self._pause = pause
        self._last_event: str | None = None
        self.wait: float | None = None

    async def open(self, *, may_log_in: bool) -> None:  # noqa: ARG002 - each request stands alone
        """Do nothing: the first message opens the MCP session."""
        self._last_event = self.wait = None

    async def carry(self, exchange: Exchange, headers: Mapping[str, str]) -> None:
        """Carry a parcel."""
        try:
            async with self._client.post(self._url, {**_ACCEPTED, **headers}, exchange) as response:
                session = session_in(response, SESSION)
                exchange.opened = {SESSION: session} if session is not None else {}
                await require_success(response)
                lost = await self._take(response, exchange) if exchange.pending else None
        except httpx2.RequestError as error:
            message = "the connection ended without an answer"
            raise AnswerLost(message) from error
        if lost is not None:
            await self._resume(exchange, headers, *lost)

    async def listen(self, headers: Mapping[str, str], take: Take) -> None:
        """Take the server's own messages until their stream ends."""
        resumed = {_LAST_EVENT: self._last_event} if self._last_event is not None else {}
        async with self._client.stream(self._url, {**headers, **resumed}, may_log_in=False) as response:
            refuse_rejection(response)
            if is_end_of_session(response):
                message = "the MCP server has ended the session"
                raise SessionEnded(message)
            if response.status_code in _NO_STREAM:
                if await _says_no_session(response):
                    message = "the MCP server does not know the session"
                    raise SessionEnded(message)
                raise Unwanted
            if response.status_code >= 300:
                raise http_error(response)
            if no_mcp(response) or not is_stream(response):
                raise Unwanted
            async for event in events_in(response):
                self._last_event = event.resumable or self._last_event
                self.wait = event.wait if event.wait is not None else self.wait
                if event.kind == "message" and event.data:
                    await take(event.data)

    async def end(self, headers: Mapping[str, str]) -> None:
        """End the MCP session, where there is one."""
        if SESSION in headers:
            await self._client.delete(self._url, headers)

    async def _take(self, response: httpx2.Response, exchange: Exchange) -> tuple[str, float] | None:
        """Take the answers in a response; if it breaks off, give the last event's id and the time to wait."""
        failure = no_mcp(response)
        if failure is not None:
            raise failure
        if not is_stream(response):
            await exchange.take(await text_of(response))
            if exchange.pending:
                message = "the MCP server answered without an answer to the request"
                raise HttpError(message, response)
            return None
        last, wait, cause = "", _RESUMING, None
        try:
            async with asyncio.timeout(None) as limit:  # until the answer is there
                async for event in events_in(response):
                    last = event.resumable or last
                    wait = event.wait if event.wait is not None else wait
                    if event.kind == "message" and event.data:
                        await exchange.take(event.data)
                    if not exchange.pending and limit.when() is None:
                        limit.reschedule(asyncio.get_running_loop().time() + _LINGER)
        except TimeoutError:
            pass
        except httpx2.RequestError as error:
            cause = error
        if not exchange.pending:
            return None
        if last:
            return last, wait
        message = "the stream ended without an answer"
        raise AnswerLost(message) from cause

    async def _resume(self, exchange: Exchange, headers: Mapping[str, str], last: str, wait: float) -> None:
        """Ask for what a stream would have brought further (MCP Transports, Resumability and Redelivery)."""
        failed = 0
        while failed < _MOST_RESUMPTIONS and not exchange.is_cancelled:
            await self._pause(wait)
            failed += 1
            with suppress(NotSent, httpx2.RequestError):
                fields = {**headers, _LAST_EVENT: last}
                async with self._client.stream(self._url, fields, may_log_in=True) as response:
                    if response.status_code == 429 or response.status_code >= 500:
                        continue
                    if response.status_code >= 300 or not is_stream(response):
                        break
                    failed = 0  # a server may end a stream as often as it likes (MCP 2025-11-25, Transports)
                    async for event in events_in(response):
                        last = event.resumable or last
                        wait = event.wait if event.wait is not None else wait
                        if event.kind == "message" and event.data:
                            await exchange.take(event.data)
                        if not exchange.pending:
                            return
        message = "the stream ended without an answer and cannot be resumed"
        raise AnswerLost(message)


async def require_success(response: httpx2.Response) -> None:
    """Raise what keeps a message from being delivered, if it was not."""
    if response.status_code < 300:
        return
    refuse_rejection(response)
    said = await error_in(response)
    if is_end_of_session(response) and (said is None or said["code"] not in _EXECUTED):
        message = "the MCP server has ended the session"
        raise SessionEnded(message)
    if said is None:
        raise http_error(response)
    if SESSION in response.request.headers and response.status_code == 400 and _NO_SESSION.search(str(said["message"])):
        message = "the MCP server does not know the session"
        raise SessionEnded(message)
    raise ServerSays(said, response.status_code)


async def _says_no_session(response: httpx2.Response) -> bool:
    said = await error_in(response) if response.status_code == 400 else None
    return said is not None and SESSION in response.request.headers and bool(_NO_SESSION.search(str(said["message"])))
