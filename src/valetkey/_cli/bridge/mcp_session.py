# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The MCP session of the client at the remote server, which outlives what happens there.

If the server forgets the session, restarts or cannot be reached for a while, a new session is opened with the client's
own `initialize`, and what the client had set in the old one is set again. A message is sent again where the server has
not executed it, or may do so twice; a tool is never called twice.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from valetkey._adapters.failures import HttpError, SessionEnded
from valetkey._cli.bridge.exchange import Exchange, Hear
from valetkey._cli.bridge.failures import GATEWAY, AnswerLost, NoToken, NotSent, OtherRevision, ServerSays
from valetkey._cli.bridge.listening import Listening
from valetkey._cli.bridge.messages import Message, Parcel, compose
from valetkey._cli.bridge.revisions import TOKEN, VERSION, HeadersOfTools, fields_of, headers_of_tools, revision_in
from valetkey._cli.bridge.transports import Pause, Take, Transport

_RETRIES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Seconds between the tries to reach a server that was there before."""

_WRONG_TRANSPORT = frozenset({400, 404, 405, 406, 415, 501})
_LISTS = ("tools", "prompts", "resources")


class McpSession:
    """The MCP session of one client. Used in one event loop only."""

    def __init__(
        self,
        transports: Sequence[Transport],
        hear: Hear,
        tell: Callable[[str], None],
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._transports = transports
        self._transport = transports[0]
        self._hear_answer = hear
        self._tell = tell
        self._pause = pause
        self._is_transport_open = False
        self._initialize: Parcel | None = None
        self._capabilities: dict[str, Any] = {}
        self._version: str | None = None
        self._fields: dict[str, str] = {}
        self._beginning: Exchange | None = None
        self._settings: dict[str, Parcel] = {}  # what the client has set in the session, by what it is about
        self._tools: HeadersOfTools = {}
        self._is_modern_open = False
        self.generation = self._number = 0
        self._reopening: asyncio.Task[None] | None = None
        self._listening = Listening(self, pause)

    @property
    def is_open(self) -> bool:
        """True when the server has answered the client's `initialize`, or a request of MCP 2026-07-28."""
        return self._version is not None or self._is_modern_open

    async def carry(self, exchange: Exchange) -> None:
        """Carry a parcel of the client, and return when it is answered."""
        if exchange.parcel.method == "initialize":
            await self._begin(exchange)
            return
        await self._carry_through(exchange)
        if exchange.parcel.method == "notifications/initialized":
            self._listening.start()

    async def _carry_through(self, exchange: Exchange) -> None:
        """Carry a parcel, in a new session and once more where that is safe."""
        retries, is_repeated, was_reopened = iter(_RETRIES), False, False
        generation, has_ended = self.generation, False
        while True:
            try:
                if has_ended:
                    await self.reopen(generation, may_log_in=True)
                    has_ended, was_reopened = False, True
                    if not exchange.parcel.requests:
                        return  # what the client tells the old session is nothing to the new one
                generation = self.generation
                await self._deliver(exchange)
            except NotSent:
                wait = next(retries, None) if self.is_open else None
                if wait is None:
                    raise
                await self._pause(wait)
            except HttpError as error:
                is_safe = has_ended or (exchange.parcel.is_repeatable and exchange.is_untouched)
                wait = next(retries, None) if is_safe and self.is_open and _status_of(error) in GATEWAY else None
                if wait is None:
                    raise
                await self._pause(wait)
            except SessionEnded:
                if has_ended or was_reopened or not exchange.is_untouched:
                    raise
                has_ended = True
            except AnswerLost:
                if is_repeated or not (exchange.parcel.is_repeatable and exchange.is_untouched):
                    raise
                is_repeated = True
            else:
                return

    async def hear(self, said: Parcel, answered: dict[str, Message]) -> None:
        """Learn from what the server says, and hand it on."""
        for each in said.messages:
            request = answered.get(each.key or "")
            if request is not None and each.result is not None:
                self._learn(request, each.result)
        await self._hear_answer(said, answered)

    async def take(self, text: str) -> None:
        """Take a message of the server's own."""
        await Exchange(compose(method="valetkey/none"), self.hear).take(text)

    async def listen(self, take: Take) -> None:
        """Take the server's own messages until their stream ends."""
        await self._transport.listen(self._headers(), take)

    def seconds_between_streams(self) -> float | None:
        """Give the seconds that the server wants between two streams; None if it has not said."""
        return self._transport.wait

    async def close(self) -> None:
        """Tell the server that the session is over."""
        self._listening.stop()
        if self._reopening is not None:
            self._reopening.cancel()
        with suppress(Exception):  # the session ends anyway
            await self._transport.end(self._headers())

    async def _begin(self, exchange: Exchange) -> None:
        """Open the session that the client asks for, over the first transport that the server speaks."""
        self._listening.stop()
        self._initialize, self._version, self._beginning, self._settings = exchange.parcel, None, exchange, {}
        failure: HttpError | ServerSays | None = None
        for transport in self._transports:
            self._transport = transport
            try:
                await transport.open(may_log_in=True)
                self._is_transport_open = True
                await self._carry_noting(exchange, {})
            except (HttpError, ServerSays) as error:
                failure = failure or error
                if _status_of(error) not in _WRONG_TRANSPORT:
                    raise
            else:
                return
        self._transport, self._is_transport_open = self._transports[0], False
        raise failure or HttpError("the MCP server was not asked")

    async def _deliver(self, exchange: Exchange) -> None:
        if not self._is_transport_open:
            await self._transport.open(may_log_in=exchange.may_log_in)
            self._is_transport_open = True
        await self._carry_noting(exchange, self._headers(exchange.parcel))

    async def _carry_noting(self, exchange: Exchange, headers: dict[str, str]) -> None:
        await self._transport.carry(exchange, headers)
        self._listening.note_token()

    def _headers(self, parcel: Parcel | None = None) -> dict[str, str]:
        modern = fields_of(parcel.messages[0], self._tools) if parcel is not None and parcel.method else {}
        if modern:
            return modern
        return {**self._fields, **({VERSION: self._version} if self._version is not None else {})}

    def _learn(self, request: Message, result: dict[str, Any]) -> None:
        uri = str(request.params.get("uri"))
        self._is_modern_open = self._is_modern_open or revision_in(request) is not None
        if request.method == "initialize":
            version, capabilities = result.get("protocolVersion"), result.get("capabilities")
            self._version = version if isinstance(version, str) and TOKEN.fullmatch(version) else None
            self._capabilities = capabilities if isinstance(capabilities, dict) else {}
            self._fields = dict(self._beginning.opened) if self._beginning is not None else {}
        elif request.method == "tools/list" and revision_in(request) is not None:
            self._tools.update(headers_of_tools(result))
        elif request.method == "resources/subscribe":
            self._settings[uri] = self._own("resources/subscribe", request.params)
        elif request.method == "resources/unsubscribe":
            self._settings.pop(uri, None)
        elif request.method == "logging/setLevel":
            self._settings["the level of the log"] = self._own("logging/setLevel", request.params)

    def _own(self, method: str, params: dict[str, Any]) -> Parcel:
        self._number += 1
        meta_free = {name: value for name, value in params.items() if name != "_meta"}
        return compose(id=f"valetkey-{self._number}", method=method, params=meta_free)

    async def reopen(self, generation: int, *, may_log_in: bool) -> None:
        """Open a new session in the place of one that has ended, once for all who notice it."""
        while self.generation == generation:
            is_mine, opening = False, self._reopening
            if opening is None or opening.done():
                opening = asyncio.create_task(self._open_anew(may_log_in=may_log_in), name="valetkey-bridge-reopening")
                opening.add_done_callback(_retrieve)
                is_mine, self._reopening = True, opening
            try:
                await asyncio.shield(opening)  # one who gives up leaves it to the others
            except NoToken:
                if is_mine:
                    raise

    async def _open_anew(self, *, may_log_in: bool) -> None:
        if self._initialize is None or self._version is None:
            message = "the MCP server has ended a session that was not opened"
            raise SessionEnded(message)
        await self._transport.open(may_log_in=may_log_in)
        params = {**self._initialize.messages[0].params, "protocolVersion": self._version}
        fields, result = await self._ask(self._own("initialize", params), {}, may_log_in=may_log_in)
        if result.get("protocolVersion") != self._version:
            raise OtherRevision
        fields = {**fields, VERSION: self._version}
        told = Exchange(compose(method="notifications/initialized"), self.hear, may_log_in)
        await self._transport.carry(told, fields)
        for setting in list(self._settings.values()):
            with suppress(ServerSays):  # as when the resource is gone
                await self._ask(setting, fields, may_log_in=may_log_in)
        self._fields = fields
        self.generation += 1
        self._listening.start()
        self._tell("The MCP session had ended; a new one is open.")
        await self._announce()

    async def _announce(self) -> None:
        """Let the client list anew, because another server may have taken the place of the old one."""
        for name in _LISTS:
            capability = self._capabilities.get(name)
            if isinstance(capability, dict) and capability.get("listChanged") is True:
                await self._hear_answer(compose(method=f"notifications/{name}/list_changed"), {})

    async def _ask(
        self, parcel: Parcel, headers: dict[str, str], *, may_log_in: bool
    ) -> tuple[dict[str, str], dict[str, Any]]:
        """Ask the server something of the bridge's own: the fields of the session that it opens, and the result."""
        found: dict[str, Any] = {}

        async def hear(said: Parcel, answered: dict[str, Message]) -> None:
            if answered:
                found.update(said.messages[0].content)
            else:
                await self._hear_answer(said, {})

        exchange = Exchange(parcel, hear, may_log_in)
        await self._transport.carry(exchange, headers)
        if not isinstance(found.get("result"), dict):
            error = found.get("error")
            raise ServerSays(error if isinstance(error, dict) else {"message": "no result"})
        return exchange.opened, found["result"]


def _status_of(error: HttpError | ServerSays) -> int:
    """Give the status of what a transport was refused with; 405 where the answer to it was no MCP at all."""
    if isinstance(error, ServerSays):
        return error.status
    status: int = getattr(error.response, "status_code", 405)
    return status


def _retrieve(task: "asyncio.Task[None]") -> None:
    """Retrieve the error of a task whose caller may be gone."""
    if not task.cancelled():
        task.exception()
