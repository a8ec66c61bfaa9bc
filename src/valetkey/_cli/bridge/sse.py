# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The older transport (MCP 2024-11-05, HTTP with SSE): one stream brings all messages, and says where to post."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx2

from valetkey import urls
from valetkey._adapters.failures import HttpError, SessionEnded, no_mcp
from valetkey._cli.bridge.bodies import events_in
from valetkey._cli.bridge.exchange import Exchange
from valetkey._cli.bridge.failures import AnswerLost
from valetkey._cli.bridge.http_client import HttpClient
from valetkey._cli.bridge.messages import Message, Parcel, Unreadable, asked_as, compose, read
from valetkey._cli.bridge.transports import Take, require_success
from valetkey.errors import quote


@dataclass(frozen=True, slots=True)
class Patience:
    """
    How long a stream is waited for, in seconds.

    `naming` is for it to name the address, or it is none of this transport; after a `silence` the server is asked for
    a `sign` of life.
    """

    naming: float = 10.0
    silence: float = 240.0
    sign: float = 30.0


_PATIENCE = Patience()


class Sse:
    """
    The MCP session is its stream: when that ends, the session is lost with all answers.

    So a stream is not given up for being silent: a tool may take long, and many servers send nothing meanwhile.
    """

    wait: float | None = None

    def __init__(self, client: HttpClient, url: str, take: Take, patience: Patience = _PATIENCE) -> None:
        self._client = client
        self._url = url
        self._hear_server = take
        self._endpoint: str | None = None
        self._waiting: dict[str, tuple[Exchange, asyncio.Event]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._patience = patience
        self._sign = asyncio.Event()

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
        watching = asyncio.create_task(self._watch(named, asyncio.current_task()), name="valetkey-bridge-sse-watch")
        try:
            async with AsyncExitStack() as stack:
                stream = self._client.stream(self._url, {}, may_log_in=may_log_in, is_watched=True)
                response = await stack.enter_async_context(stream)
                await require_success(response)
                failure = no_mcp(response)
                if failure is not None:
                    raise failure
                async with asyncio.timeout(self._patience.naming) as limit:
                    async for event in events_in(response):
                        self._sign.set()
                        if event.kind == "endpoint" and not named.done():
                            named.set_result(self._address(event.data))
                            limit.reschedule(None)
                        elif event.kind == "message" and event.data:
                            await self._take(event.data)
        except Exception as error:  # noqa: BLE001 - it is raised by who waits for the stream
            if not named.done() and not isinstance(error, TimeoutError):
                named.set_exception(error)
        finally:
            watching.cancel()
            if not named.done():
                named.set_exception(HttpError("the MCP server answered without an SSE endpoint"))
            self._endpoint = None
            for _, answered in self._waiting.values():
                answered.set()

    async def _watch(self, named: asyncio.Future[str], reading: "asyncio.Task[None] | None") -> None:
        """End the stream when the server gives no sign of life any more: the network may be gone."""
        await asyncio.wait({named})
        while await self._gives_sign() or await self._answers_ping():
            pass
        if reading is not None:
            reading.cancel()

    async def _gives_sign(self) -> bool:
        self._sign.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._sign.wait(), self._patience.silence)
        return self._sign.is_set()

    async def _answers_ping(self) -> bool:
        """Ask the server for an answer, whatever it is (MCP, Ping)."""
        ping = Exchange(compose(id="valetkey-ping", method="ping"), _leave_out, may_log_in=False)
        with suppress(Exception):
            await asyncio.wait_for(self.carry(ping, {}), self._patience.sign)
        return self._sign.is_set()

    def _address(self, named: str) -> str:
        address = urljoin(self._url, named)
        if not urls.same_origin(address, self._url):
            message = f"the MCP server names another origin to post to, {quote(urls.without_query(address))}"
            raise HttpError(message)
        return address

    async def _take(self, text: str) -> None:
        try:
            messages = read(text).messages
        except Unreadable:
            return
        answered = [self._waiting.get(asked_as(each.key, self._waiting) or "") for each in messages if each.is_answer]
        exchange, event = next(filter(None, answered), (None, None))
        if exchange is None or event is None:
            await self._hear_server(text)
            return
        await exchange.take(text)
        event.set()


async def _leave_out(said: Parcel, answered: dict[str, Message]) -> None:
    """Keep the answer to a question of the bridge's own from the client."""
