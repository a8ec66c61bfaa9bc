# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The bridge itself: each line of the client goes to the server, each message of the server to the client."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from valetkey._adapters.failures import NoAnswer
from valetkey._cli.bridge.exchange import Exchange
from valetkey._cli.bridge.failures import CHECK_FIRST, AnswerLost, Failure, ServerSays, failure_of, is_unknown
from valetkey._cli.bridge.ignored_tools import IgnoredTools
from valetkey._cli.bridge.mcp_session import McpSession
from valetkey._cli.bridge.messages import Message, Parcel, Unreadable, asked_as, compose, key_of, read
from valetkey._cli.bridge.revisions import revision_in
from valetkey._cli.outcome import CommandFailed
from valetkey.errors import AuthError, LoginRequired

if TYPE_CHECKING:
    from valetkey._cli.bridge.start_login import StartLogin

_logger = logging.getLogger("valetkey")

_CLOSING = 1.0
"""Seconds for the server to be told that the session is over; a client ends the process two seconds after its input."""

_HARMLESS = frozenset({"initialize", "subscriptions/listen"})
"""The requests that change nothing, but are not sent twice: their sender has to know that they were lost."""

_IN_ORDER = 1.0
"""Seconds that an answer of the client waits for the server to take the notifications before it."""

_AFTER_CANCELLATION = 2.0
"""Seconds for the response to a cancelled request to end by itself, so that its connection can be used again."""

Write = Callable[[str], Awaitable[None]]


class Relay:
    """
    Carries the messages of one client, after `start`. Used in one event loop only.

    `failure` says why the bridge cannot be used; `has_failed` is set with it. `has_answered` from the first answer on.
    """

    session: McpSession

    def __init__(
        self,
        url: str,
        write: Write,
        tell: Callable[[str], None],
        ignored: IgnoredTools,
        login: "StartLogin | None" = None,
        login_wait: float | None = None,
    ) -> None:
        self._url = url
        self._write = write
        self._tell = tell
        self._ignored = ignored
        self._login = login
        self._login_wait = login_wait
        self._exchanges: dict[str, tuple[Exchange, asyncio.Task[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._before: Exchange | None = None
        self._notifications: asyncio.Queue[tuple[Exchange, Exchange | None]] = asyncio.Queue()
        self._last_notification: Exchange | None = None
        self._failed_probe: AuthError | CommandFailed | None = None
        self.failure: Failure | None = None
        self.has_answered = False
        self.has_failed = asyncio.Event()

    def start(self, session: McpSession) -> None:
        """Begin to carry messages in a session."""
        self.session = session
        self._begin(self._send_notifications())

    def receive(self, line: bytes) -> None:
        """Take a line of the client."""
        if not line.strip():
            return
        try:
            parcel = read(line.decode("utf-8-sig", "replace"))  # as the SDKs' own servers read it
        except Unreadable:
            self._tell("A line of the client is no JSON-RPC message, and is left out.")
            return
        ignored = self._ignored.refused(parcel)
        if ignored is not None:
            self._begin(self._refuse(parcel, ignored))
            return
        if parcel.method == "notifications/cancelled" and self._cancel(parcel.messages[0]):
            return
        exchange = Exchange(parcel, self.session.hear)
        before = self._before if self._before is not None and not self._before.done.is_set() else None
        if parcel.method in ("initialize", "notifications/initialized"):
            self._before = exchange  # what comes after it belongs to the session that it opens
        if exchange.pending:
            task = self._begin(self._carry(exchange, before))
            self._exchanges.update(dict.fromkeys(exchange.pending, (exchange, task)))
        elif parcel.method is None:
            self._begin(self._send_answer(exchange, before, self._last_notification))
        elif parcel.method == "notifications/cancelled":
            self._begin(self._send_cancellation(exchange, before))
        else:
            self._last_notification = exchange
            self._notifications.put_nowait((exchange, before))

    async def hear(self, said: Parcel, answered: dict[str, Message]) -> None:
        """Hand on what the server says, but no answer that is not waited for any more, or never was."""
        known, waited = dict(answered), dict(answered)
        wanted = [each for each in said.messages if self._is_wanted(each, waited, known)]
        if wanted and len(wanted) < len(said.messages):
            said = read(json.dumps([each.content for each in wanted]))
        if wanted:
            await self._write(self._ignored.shown(said, known).text)

    def _is_wanted(self, said: Message, waited: dict[str, Message], known: dict[str, Message]) -> bool:
        """Let the answer to a request pass once, also where it comes in with that to another one."""
        if not said.is_answer or said.key in (None, "null") or waited.pop(said.key, None) is not None:
            return True
        key = asked_as(said.key, self._exchanges)
        if key not in self._exchanges:
            return False
        exchange, _ = self._exchanges[key]
        request = exchange.pending.pop(key, None)
        if request is not None:
            known[said.key] = request
        return request is not None

    async def settle(self) -> None:
        """Wait until each request is answered that has come."""
        while self._exchanges:
            await asyncio.wait([task for _, task in self._exchanges.values()])

    async def close(self) -> None:
        """Give up what is on its way, and end the session at the server."""
        for task in list(self._tasks):
            task.cancel()
        closing = asyncio.ensure_future(self.session.close())
        await asyncio.wait({closing}, timeout=_CLOSING)
        closing.cancel()

    def _begin(self, work: Any) -> "asyncio.Task[None]":
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _carry(self, exchange: Exchange, before: Exchange | None) -> None:
        requests = exchange.parcel.requests
        try:
            if before is not None:
                await before.done.wait()
            probe, self._failed_probe = self._failed_probe, None
            if probe is not None and exchange.parcel.method == "initialize":
                raise probe  # no person is asked twice
            await self._carry_with_login(exchange)
        except ServerSays as said:
            await self._answer(exchange, said.error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client waits for an answer
            await self._fail(exchange, error)
        finally:
            self.has_answered = True
            exchange.done.set()
            for key in requests:
                if key in self._exchanges and self._exchanges[key][0] is exchange:
                    del self._exchanges[key]

    async def _carry_with_login(self, exchange: Exchange) -> None:
        try:
            await self.session.carry(exchange)
        except LoginRequired:
            if self._login is None or not self._login.was_needed:
                raise
            await self._login.wait(self._login_wait)
            await self.session.carry(exchange)
        if self._login is not None:
            self._login.is_elsewhere = False  # from now on, the client will not end the bridge for it

    async def _fail(self, exchange: Exchange, error: Exception) -> None:
        _logger.debug("a message was not answered by the server", exc_info=error)
        if exchange.parcel.method == "server/discover" and isinstance(error, AuthError | CommandFailed):
            self._failed_probe = error  # "initialize" follows
        is_harmless = exchange.parcel.is_repeatable or exchange.parcel.method in _HARMLESS
        if isinstance(error, AnswerLost) and is_harmless:
            error = NoAnswer(str(error))  # it does not matter what the server has done
        is_start = exchange.parcel.method in ("initialize", "server/discover") and not self.session.is_open
        failure = failure_of(error, self._url, is_open=self.session.is_open)
        hint = CHECK_FIRST if is_unknown(error) and not is_harmless else failure.hint
        failure = replace(failure, hint=hint, shows_link=is_start)
        await self._answer(exchange, failure.error)
        if is_start:
            self.failure = failure
        is_waiting = self._login is not None and self._login.is_waiting
        if exchange.parcel.method == "initialize" and not is_waiting and failure.link is None:
            self.has_failed.set()

    async def _answer(self, exchange: Exchange, error: dict[str, Any]) -> None:
        if exchange.is_cancelled:
            return
        for request in exchange.pending.values():
            await self._write(compose(id=request.content["id"], error=error).text)

    async def _send_notifications(self) -> None:
        """Send the client's notifications in the order in which they came."""
        while True:
            exchange, before = await self._notifications.get()
            await self._send(exchange, before)

    async def _send_answer(self, exchange: Exchange, before: Exchange | None, notification: Exchange | None) -> None:
        """
        Send an answer to a request of the server, after the notifications before it.

        It does not wait for one that the server holds: it may hold it until it has the answer.
        """
        if notification is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(notification.done.wait(), _IN_ORDER)
        await self._send(exchange, before)

    async def _send_cancellation(self, exchange: Exchange, before: Exchange | None) -> None:
        """Tell the server of a cancellation; it may answer all the same, but is not waited for."""
        found = self._exchanges.get(key_of(exchange.parcel.messages[0].params.get("requestId")))
        await self._send(exchange, before)
        if found is not None and found[0].is_cancelled:
            await asyncio.wait({found[1]}, timeout=_AFTER_CANCELLATION)
            found[1].cancel()

    async def _send(self, exchange: Exchange, before: Exchange | None) -> None:
        """Send what expects no answer."""
        try:
            if before is not None:
                await before.done.wait()
            await self.session.carry(exchange)
        except Exception as error:
            _logger.debug("a message that expects no answer was not delivered", exc_info=error)
        finally:
            exchange.done.set()

    def _cancel(self, notification: Message) -> bool:
        """Cancel what the client wants no answer to; True if the server is not to hear of it."""
        found = self._exchanges.get(key_of(notification.params.get("requestId")))
        if found is None:
            return False
        exchange, task = found
        if len(exchange.parcel.requests) > 1:
            return False  # the others of the batch are wanted
        exchange.is_cancelled = True
        request = exchange.parcel.messages[0]
        if exchange.is_with_server and revision_in(request) is None:
            return False  # the server is told, and may answer all the same
        task.cancel()  # from MCP 2026-07-28 on, the end of its connection tells the server
        return True

    async def _refuse(self, parcel: Parcel, name: str) -> None:
        error = {"code": -32602, "message": f"The tool {name!r} is left out by --ignore-tool."}
        for request in parcel.requests.values():
            await self._write(compose(id=request.content["id"], error=error).text)
