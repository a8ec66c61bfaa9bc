# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The HTTP client of a bridge: httpx2 with the login, and requests that know whether the server has them."""

import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx2

from valetkey import urls
from valetkey._adapters.credential import LOGIN_WAIT, NO_LOGIN, is_ours, rejection
from valetkey._adapters.delivery import sdk_follows
from valetkey._adapters.failures import credentials_in
from valetkey._cli.bridge.exchange import EXCHANGE, Exchange
from valetkey._cli.bridge.failures import NoToken, NotSent
from valetkey._network.request_log import log_exchange
from valetkey.httpx2 import OAuth

_logger = logging.getLogger("valetkey.requests")

_SECONDS = 30.0
_SILENCE = 300.0
"""Seconds without an event after which the stream of a server is opened anew: the network may be gone."""

_PATIENT = httpx2.Timeout(_SECONDS, read=None)
"""For a call: how long it may take is for the client to say, which cancels it."""

_MOST_REDIRECTS = 20


class BridgeOAuth(OAuth):
    """`OAuth` that notes whether a message is with the server, or waits for a token."""

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        """Authenticate a request."""
        exchange = request.extensions.get(EXCHANGE)
        async with aclosing(super().async_auth_flow(request)) as flow:
            outgoing = await anext(flow)
            while True:
                _note(exchange, is_with_server=True)
                response = yield outgoing
                _note(exchange, is_with_server=response.status_code not in (401, 403))
                try:
                    outgoing = await flow.asend(response)
                except StopAsyncIteration:
                    return


class HttpClient:
    """Sends the requests of one bridge; `login_wait` says how long one waits for a token. Used in one event loop."""

    def __init__(
        self,
        auth: OAuth | None,
        headers: Mapping[str, str],
        login_wait: Callable[[], float | None],
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._login_wait = login_wait
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
        self._client = httpx2.AsyncClient(
            auth=auth, headers=headers, timeout=_PATIENT, limits=limits, transport=transport
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    @asynccontextmanager
    async def post(self, url: str, headers: Mapping[str, str], exchange: Exchange) -> AsyncIterator[httpx2.Response]:
        """Send a parcel and give the response, whose body is not read yet."""
        request = self._client.build_request(
            "POST",
            url,
            content=exchange.parcel.text.encode("utf-8", "surrogatepass"),
            headers={"Content-Type": "application/json", **headers},
            extensions={EXCHANGE: exchange, **self._patience(exchange.may_log_in)},
        )
        async with self._sending(request, exchange) as response:
            yield response

    @asynccontextmanager
    async def stream(
        self, url: str, headers: Mapping[str, str], *, may_log_in: bool, is_watched: bool = False
    ) -> AsyncIterator[httpx2.Response]:
        """
        Open a stream of events. One that no person waits for is not worth a login.

        It ends when it is silent for long, unless it `is_watched` by who reads it.
        """
        fields = {
            "Accept": "text/event-stream",
            "Cache-Control": "no-store",
            "Accept-Encoding": "identity",  # a compressor may hold events back
            **headers,
        }
        extensions = self._patience(may_log_in)
        timeout = _PATIENT if is_watched else httpx2.Timeout(_SECONDS, read=_SILENCE)
        request = self._client.build_request("GET", url, headers=fields, extensions=extensions, timeout=timeout)
        async with self._sending(request) as response:
            yield response

    async def delete(self, url: str, headers: Mapping[str, str]) -> None:
        """End the MCP session, whatever the server says to it."""
        request = self._client.build_request("DELETE", url, headers=headers, extensions={NO_LOGIN: True})
        async with self._sending(request):
            pass

    def _patience(self, may_log_in: bool) -> dict[str, Any]:
        return {LOGIN_WAIT: self._login_wait()} if may_log_in else {NO_LOGIN: True}

    @asynccontextmanager
    async def _sending(
        self, request: httpx2.Request, exchange: Exchange | None = None
    ) -> AsyncIterator[httpx2.Response]:
        _note(exchange, is_with_server=True)
        started, outcome = time.monotonic(), "no answer"
        try:
            response = await self._client.send(request, stream=True)
            outcome = str(response.status_code)
            for _ in range(_MOST_REDIRECTS):
                following = response.next_request
                if following is None or not sdk_follows(response):
                    break
                await response.aclose()
                response = await self._client.send(following, stream=True)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError) as error:
            _note(exchange, is_with_server=False)
            message = "no connection"
            raise NotSent(message) from error
        finally:
            _log(request, exchange, outcome, time.monotonic() - started)
        try:
            yield response
        finally:
            await response.aclose()


def refuse_rejection(response: httpx2.Response) -> None:
    """Raise what follows where the server has rejected a new token too, or one that no person is asked to replace."""
    if NO_LOGIN in response.request.extensions and rejection(response) is not None:
        raise NoToken
    challenges = rejection(response) if is_ours(response.request) else None
    if challenges is None:
        return
    from valetkey._adapters.second_rejection import rejection_of_new_token  # loaded for the rare case

    server_url, credentials = urls.without_query(str(response.url)), credentials_in(response.request)
    raise rejection_of_new_token(server_url, challenges, None, credentials=credentials)


def _log(request: httpx2.Request, exchange: Exchange | None, outcome: str, seconds: float) -> None:
    if not _logger.isEnabledFor(logging.DEBUG):
        return
    methods = [each.method or "an answer" for each in exchange.parcel.messages] if exchange is not None else []
    purpose = {"GET": "listen to the MCP server", "DELETE": "end the MCP session"}.get(request.method)
    log_exchange(
        logging.DEBUG,
        method=request.method,
        url=str(request.url),
        purpose=purpose or ", ".join(methods),
        outcome=outcome,
        seconds=seconds,
        credentials=credentials_in(request),
    )


def _note(exchange: Exchange | None, *, is_with_server: bool) -> None:
    if exchange is not None:
        exchange.is_with_server = is_with_server
