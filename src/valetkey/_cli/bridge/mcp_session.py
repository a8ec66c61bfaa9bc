# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The MCP session of the client at the remote server, which outlives what happens there.

If the server forgets the session, restarts or cannot be reached for a while, a new session is opened with the client's
own `initialize`, and what the client had set in the old one is set again. A message is sent again where the server has
not executed it, or may do so twice; a tool is never called twice.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import httpx2

from valetkey._adapters.failures import HttpError, SessionEnded
from valetkey._cli.bridge.exchange import Exchange, Hear
from valetkey._cli.bridge.failures import AnswerLost, NoToken, NotSent, OtherRevision, ServerSays
from valetkey._cli.bridge.messages import Message, Parcel, compose
from valetkey._cli.bridge.revisions import TOKEN, VERSION, HeadersOfTools, fields_of, headers_of_tools, revision_in
from valetkey._cli.bridge.transports import Pause, Transport, Unwanted
from valetkey.errors import AuthError

_logger = logging.getLogger("valetkey")

_RETRIES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Seconds between the tries to reach a server that was there before."""

_SHORTEST, _LONGEST = 1.0, 30.0
"""Seconds between the tries to open the stream of the server's own messages."""

_EARLY_ENDS = 2
"""Sessions in a row that may end within those seconds before no stream is opened until a message of the client."""

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
        self._generation = self._number = self._early_ends = 0
        self._accepted = asyncio.Event()
        self._reopening: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """True when the server has answered the client's `initialize`."""
        return self._version is not None

    async def carry(self, exchange: Exchange) -> None:
        """Carry a parcel of the client, and return when it is answered."""
        if exchange.parcel.method == "initialize":
            await self._begin(exchange)
            return
        await self._carry_through(exchange)
        if exchange.parcel.method == "notifications/initialized":
            self._follow()

    async def _carry_through(self, exchange: Exchange) -> None:
        """Carry a parcel, in a new session and once more where that is safe."""
        retries, is_repeated, was_reopened = iter(_RETRIES), False, False
        generation, has_ended = self._generation, False
        while True:
            try:
                if has_ended:
                    await self._reopen(generation, may_log_in=True)
                    has_ended, was_reopened = False, True
                    if not exchange.parcel.requests:
                        return  # what the client tells the old session is nothing to the new one
                generation = self._generation
                await self._deliver(exchange)
            except NotSent:
                wait = next(retries, None) if self.is_open else None
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

    async def close(self) -> None:
        """Tell the server that the session is over."""
        for task in (self._following, self._reopening):
            if task is not None:
                task.cancel()
        with suppress(Exception):  # the session ends anyway
            await self._transport.end(self._headers())

    async def _begin(self, exchange: Exchange) -> None:
        """Open the session that the client asks for, over the first transport that the server speaks."""
        if self._following is not None:
            self._following.cancel()
        self._initialize, self._version, self._beginning, self._settings = exchange.parcel, None, exchange, {}
        failure: HttpError | None = None
        for transport in self._transports:
            self._transport = transport
            try:
                await transport.open(may_log_in=True)
                self._is_transport_open = True
                await self._carry_noting(exchange, {})
            except HttpError as error:
                failure = failure or error
                if getattr(error.response, "status_code", 405) not in _WRONG_TRANSPORT:
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
        self._accepted.set()

    def _headers(self, parcel: Parcel | None = None) -> dict[str, str]:
        modern = fields_of(parcel.messages[0], self._tools) if parcel is not None and parcel.method else {}
        if modern:
            return modern
        return {**self._fields, **({VERSION: self._version} if self._version is not None else {})}

    def _learn(self, request: Message, result: dict[str, Any]) -> None:
        uri = str(request.params.get("uri"))
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

    async def _reopen(self, generation: int, *, may_log_in: bool) -> None:
        """Open a new session in the place of one that has ended, once for all who notice it."""
        while self._generation == generation:
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
        self._generation += 1
        self._follow()
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

    def _follow(self) -> None:
        if self._following is not None and self._following is not asyncio.current_task():
            self._following.cancel()
        self._following = asyncio.create_task(self._listen(self._generation), name="valetkey-bridge-listening")

    async def _listen(self, generation: int) -> None:
        """Take the server's own messages as long as the session lives, and open a new one if it ends meanwhile."""
        clock = asyncio.get_running_loop().time
        wait, has_ended, begun = _SHORTEST, False, clock()
        while self._generation == generation:
            started, heard = clock(), False

            async def take(text: str) -> None:
                nonlocal heard
                heard = True
                await self.take(text)

            self._accepted.clear()
            try:
                if has_ended:
                    await self._reopen(generation, may_log_in=False)
                    return
                await self._transport.listen(self._headers(), take)
            except (Unwanted, OtherRevision):
                return
            except NoToken:
                await self._accepted.wait()  # until a message of the client has brought one
                continue
            except SessionEnded:
                if not has_ended:
                    has_ended = True
                    self._early_ends = self._early_ends + 1 if clock() - begun < _LONGEST else 0
                    if self._early_ends > _EARLY_ENDS:
                        return  # as a server that has no such stream, and says so in the words of an ended session
                    continue
            except (OSError, httpx2.RequestError, HttpError, ServerSays, AuthError) as error:
                _logger.debug("the server's own messages are not heard: %s", type(error).__name__)
            if heard or clock() - started > _LONGEST:
                wait = _SHORTEST
            await self._pause(wait)
            wait = min(wait * 2, _LONGEST)


def _retrieve(task: "asyncio.Task[None]") -> None:
    """Retrieve the error of a task whose caller may be gone."""
    if not task.cancelled():
        task.exception()
