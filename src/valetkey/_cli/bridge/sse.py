# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The older transport (MCP 2024-11-05, HTTP with SSE): one stream brings all messages, and says where to post."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from urllib.parse import urljoin

import httpx2

from valetkey import urls
from valetkey._adapters.failures import HttpError, SessionEnded, no_mcp
from valetkey._cli.bridge.bodies import events_in
from valetkey._cli.bridge.exchange import Exchange
from valetkey._cli.bridge.failures import AnswerLost
from valetkey._cli.bridge.http_client import HttpClient
from valetkey._cli.bridge.messages import Message, Unreadable, read
from valetkey._cli.bridge.transports import Take, require_success


class Sse:
    """The MCP session is its stream: when that ends, the session is lost with all answers."""

    def __init__(self, client: HttpClient, url: str, take: Take) -> None:
        self._client = client
        self._url = url
        self._hear_server = take
        self._endpoint: str | None = None
        self._waiting: dict[str, tuple[Exchange, asyncio.Event]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def open(self, *, may_log_in: bool) -> None:
        """Open the stream, and wait for the address that it names."""
        await self.end({})
        named: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read(named, may_log_in=may_log_in), name="valetkey-bridge-sse")
        self._endpoint = await named

    async def carry(self, exchange: Exchange, headers: Mapping[str, str]) -> None:
        """Post a parcel, and wait until the stream has brought its answers."""
        if self._endpoint is None:
            message = "the stream of the MCP server has ended"
            raise SessionEnded(message)
        answered = asyncio.Event()
        mine = dict.fromkeys(exchange.pending, (exchange, answered))
        self._waiting.update(mine)
        try:
            async with self._client.post(self._endpoint, headers, exchange) as response:
                await require_success(response)
            while exchange.pending:
                await answered.wait()
                answered.clear()
                if exchange.pending and self._endpoint is None:
                    message = "the stream ended without an answer"
                    raise AnswerLost(message)
        except httpx2.RequestError as error:
            if exchange.pending or not mine:
                message = "the connection ended without an answer"
                raise AnswerLost(message) from error
        finally:
            for key in mine:
                self._waiting.pop(key, None)

    async def listen(self, headers: Mapping[str, str], take: Take) -> None:  # noqa: ARG002 - the stream is open already
        """Wait for the end of the one stream, which brings these messages too."""
        if self._reading is not None:
            await asyncio.wait({self._reading})
        message = "the stream of the MCP server has ended"
        raise SessionEnded(message)

    async def end(self, headers: Mapping[str, str]) -> None:  # noqa: ARG002 - nothing is sent
        """Close the stream, and the MCP session with it."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})
        self._reading = self._endpoint = None

    async def _read(self, named: asyncio.Future[str], *, may_log_in: bool) -> None:
        try:
            async with AsyncExitStack() as stack:
                response = await stack.enter_async_context(self._client.stream(self._url, {}, may_log_in=may_log_in))
                await require_success(response)
                failure = no_mcp(response)
                if failure is not None:
                    raise failure
                async for event in events_in(response):
                    if event.kind == "endpoint" and not named.done():
                        named.set_result(self._address(event.data))
                    elif event.kind == "message" and event.data:
                        await self._take(event.data)
        except Exception as error:  # noqa: BLE001 - it is raised by who waits for the stream
            if not named.done():
                named.set_exception(error)
        if not named.done():
            named.set_exception(HttpError("the MCP server answered without an SSE endpoint"))
        self._endpoint = None
        for _, answered in self._waiting.values():
            answered.set()

    def _address(self, named: str) -> str:
        address = urljoin(self._url, named)
        if not urls.same_origin(address, self._url):
            message = "the MCP server names another origin to post to"
            raise HttpError(message)
        return address

    async def _take(self, text: str) -> None:
        try:
            messages = read(text).messages
        except Unreadable:
            return
        answered = [self._waiting.get(each.key or "") for each in messages if _is_awaited(each)]
        exchange, event = next(filter(None, answered), (None, None))
        if exchange is None or event is None:
            await self._hear_server(text)
            return
        await exchange.take(text)
        event.set()


def _is_awaited(message: Message) -> bool:
    return message.is_answer and message.key is not None
