# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What one principal has behind a client: the access, an MCP session and a list of tools.

A server binds an MCP session to the user who opened it, and may list other tools for another user. So nothing of an
account is ever used for another principal. An account is used in upstream's event loop only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from haystack import logging
from haystack_integrations.tools.mcp import MCPClient, MCPConnectionError, MCPError, MCPInvocationError
from mcp import types

from haystack_integrations.tools.mcp_oauth._accounts.access import Access
from haystack_integrations.tools.mcp_oauth._accounts.patience import Patience, replaced
from haystack_integrations.tools.mcp_oauth._accounts.shared_session import SharedSession
from haystack_integrations.tools.mcp_oauth._mcp_session.connection import Connection, is_being_cancelled
from haystack_integrations.tools.mcp_oauth._mcp_session.diagnosis import (
    CREDENTIAL_REJECTED,
    Diagnosis,
    Transport,
    diagnose,
)
from haystack_integrations.tools.mcp_oauth._mcp_session.failures import CallLost, OtherAccount, RequestRejected
from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate
from haystack_integrations.tools.mcp_oauth.errors import (
    MCPAuthorizationError,
    to_mcp_error,
    to_server_error,
)
from haystack_integrations.tools.mcp_oauth.token_source import SourceTokens
from valetkey._adapters.credential import MOST_OUTDATED
from valetkey._adapters.failures import HttpError
from valetkey._adapters.framework import harmless, redacting
from valetkey._adapters.unforeseen import as_auth_error
from valetkey.errors import AuthError

_logger = logging.getLogger(__name__)

FIRST_ANSWER_WAIT = 5.0
"""Seconds that `open` waits for the MCP server to answer; after that `connect` goes on waiting."""


@dataclass(frozen=True, slots=True)
class Route:
    """How the accounts of one client reach the MCP server."""

    transport: Transport
    enter: Callable[[AsyncExitStack, Gate], Awaitable[tuple[Any, ...]]]
    timeout: int
    retries: tuple[int, float, float]
    """How often a lost call is made again, the second pause before that and the longest one, in seconds."""


class Account(MCPClient):
    """The account of one principal. Its base class makes of an answer what upstream's tools expect."""

    def __init__(self, access: Access, route: Route, on_tools_changed: Callable[[str], None]) -> None:
        super().__init__(*route.retries)
        self.access = access
        self.url: str = access.url
        self.uses = 0
        self._engine = access.engine
        self._route = route
        self._waits: set[asyncio.Future[Any]] = set()
        self._shared = SharedSession(access, route.enter, self._use, lambda: on_tools_changed(access.principal))

    @property
    def tools(self) -> list[types.Tool] | None:
        """The tools that were last listed; None if that was for a login which another one has followed."""
        return self._shared.tools

    def forget_tools(self) -> None:
        """Forget the tools that were listed."""
        self._shared.forget_tools()

    @property
    def has_connection(self) -> bool:
        """True while an MCP session is open, or being opened."""
        return self._shared.is_open

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep the MCP session from being closed because others are used more."""
        self.uses += 1
        try:
            yield
        finally:
            self.uses -= 1

    async def open(self) -> None:
        """Connect and log in if need be, however long the person takes; any other failure is left to `connect`."""
        await self._engine.look_async()
        if self._engine.token_at_hand() is None and self._engine.is_known():
            await self._replace(RequestRejected(None, ()), "connect", None)
        try:
            async with asyncio.timeout(FIRST_ANSWER_WAIT):
                await self._shared.get()
        except RequestRejected as rejected:
            if not self.access.is_given:
                await self._replace(rejected, "connect", None)
        except (Exception, asyncio.CancelledError):  # `connect` meets it again and raises it
            if self._shared.is_closed or is_being_cancelled():
                raise

    async def connect(self, patience: Patience = None, operation: str = "connect") -> list[types.Tool]:
        """Give the tools of an open MCP session, or open one."""
        try:
            connection = await self._accepted_connection(patience, operation)
        except MCPError:
            raise
        except AuthError as error:
            raise to_mcp_error(error, operation, self.url) from error
        except Exception as error:
            raise to_server_error(self._diagnosis(error), operation, self.url) from error
        return connection.tools

    async def invoke(self, tool_name: str, tool_args: dict[str, Any], patience: Patience) -> str:
        """Call a tool, once more if its token was rejected; an MCP session that is not open is opened."""
        if await self._engine.current_async() is None and self._engine.is_known():
            await self._replace(RequestRejected(None, ()), "call_tool", patience)
        answered: set[bool] = set()  # a rejected token is replaced once, and one that lacks scope once more
        losses = outdated = 0
        while True:
            try:
                if self._shared.connection is None or self._shared.is_outdated:
                    await self.connect(patience, "call_tool")
                return await self.call_tool(tool_name, tool_args)
            except RequestRejected as rejected:
                if rejected.wants_more_scope in answered:
                    await self._require_outdated(rejected, "call_tool", outdated)
                    outdated += 1
                answered.add(rejected.wants_more_scope)
                await self._replace(rejected, "call_tool", patience)
            except CallLost as lost:
                if isinstance(lost.__cause__, OtherAccount) and outdated < MOST_OUTDATED:
                    outdated += 1  # the call was not sent
                    continue
                if losses >= max(self.max_retries, not lost.was_sent):  # to open a session is no second attempt
                    told = self._diagnosis(lost)
                    message = f"Tool '{tool_name}' failed after {losses} reconnection attempts: {told.about(self.url)}"
                    raise MCPInvocationError(message, tool_name, tool_args) from lost
                await self._reconnect(losses, patience)
                losses += 1
            except MCPInvocationError as failed:
                if isinstance(failed.__cause__, AuthError):  # no token: the call was not sent
                    raise to_mcp_error(failed.__cause__, "call_tool", self.url) from failed.__cause__
                if not isinstance(failed.__cause__, HttpError):
                    raise
                message = f"Tool '{tool_name}' failed: {self._diagnosis(failed).about(self.url)}"
                raise MCPInvocationError(message, tool_name, tool_args) from failed.__cause__

    def reopen(self) -> None:
        """Allow to connect again after `close`."""
        self._shared.is_closed = False

    async def close(self) -> None:
        """End the waiting for a login, and close the MCP session; calls that wait fail at once."""
        self._shared.is_closed = True
        waits = self._waits.copy()
        for each in waits:
            each.cancel()
        if waits:
            await asyncio.wait(waits)
        if self.access.lose_interest():  # and wait a moment, or who connects now would join the login that ends
            await asyncio.to_thread(self._engine.break_off_login, lets_go=True)
        await self.rest()

    def rest(self) -> Coroutine[Any, Any, None]:
        """Let go of the MCP session now, so that the next call opens another one, and give what closes it."""
        self.session = None
        return self._shared.rest()

    def _use(self, connection: Connection) -> None:
        self.session = connection  # type: ignore[assignment]  # upstream only asks it to call tools

    async def _accepted_connection(self, patience: Patience, operation: str) -> Connection:
        """Give a connection that the server accepts, with a new token if it rejects the first one."""
        rejections = 0
        while True:
            try:
                return await self._shared.get()
            except RequestRejected as rejected:
                if rejections:
                    await self._require_outdated(rejected, operation, rejections - 1)
                rejections += 1
                await self._replace(rejected, operation, patience)

    def _diagnosis(self, failure: Exception) -> Diagnosis:
        session = self._engine.session
        sent = [session.token.access_token.reveal()] if session is not None else []
        with redacting(*sent, *self.access.credentials):
            found = diagnose(failure, self.url, self._route.transport, seconds=self._route.timeout)
            return replace(found, cause=harmless(found.cause))

    async def _reconnect(self, losses: int, patience: Patience) -> None:
        """Open a new connection after a pause that grows each time, as upstream's own clients do."""
        if losses:
            await asyncio.sleep(min(self.base_delay * 2 ** (losses - 1), self.max_delay))
        try:
            await self.connect(patience)
        except MCPAuthorizationError:
            raise
        except MCPConnectionError as error:
            if self._shared.is_closed:
                raise
            _logger.warning("no new MCP session yet: {error}", error=str(error))

    async def _replace(self, rejected: RequestRejected, operation: str, patience: Patience) -> None:
        if self.access.tokens is not None:
            await self._another_token(self.access.tokens, rejected, operation)
            return
        if self.access.is_given:
            raise to_server_error(CREDENTIAL_REJECTED, operation, self.url) from rejected
        self.access.require_user(operation, patience)
        if self._shared.is_closed:
            raise self._shared.closed()
        self.access.take_interest()
        wait = asyncio.ensure_future(replaced(self._engine, rejected, patience))
        self._waits.add(wait)
        try:
            with as_auth_error:
                await wait
        except AuthError as error:
            raise self.access.failed(error, operation) from error
        except asyncio.CancelledError as error:
            if not self._shared.is_closed or is_being_cancelled():
                raise
            raise self._shared.closed() from error
        finally:
            self._waits.discard(wait)

    async def _another_token(self, tokens: SourceTokens, rejected: RequestRejected, operation: str) -> None:
        """Let the user's source give another token; one of other scope it cannot give."""
        try:
            if rejected.wants_more_scope:
                raise rejected.of_new_token(self.url)
            await tokens.another(rejected.token)
        except AuthError as error:
            raise to_mcp_error(error, operation, self.url) from error

    async def _require_outdated(self, rejected: RequestRejected, operation: str, times: int) -> None:
        """Fail where a token is rejected again, unless a login or a renewal came between, so that it was not new."""
        if times < MOST_OUTDATED and await self.access.is_outdated(rejected.token):
            return
        if rejected.token is not None:
            self._engine.acceptance.reject(rejected.token)
        raise to_mcp_error(rejected.of_new_token(self.url), operation, self.url) from rejected
