# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
An MCP client that logs in: upstream's `MCPClient` interface over connections that survive a rejected token.

A login happens before `connect` is called wherever that is possible, because Haystack limits the time of `connect` and
of each call. In the middle of a run a call waits for a login for `login_wait` seconds; then it fails with an error that
says what to do, and the login goes on in the background.
"""

import asyncio
import concurrent.futures
import logging
from abc import abstractmethod
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

from haystack_integrations.tools.mcp import (
    MCPClient,
    MCPConnectionError,
    MCPError,
    MCPInvocationError,
    SSEServerInfo,
    StreamableHttpServerInfo,
)
from haystack_integrations.tools.mcp.mcp_tool import AsyncExecutor
from mcp import types

from haystack_integrations.tools.mcp_oauth.access import Access
from haystack_integrations.tools.mcp_oauth.config import OAuthConfig
from haystack_integrations.tools.mcp_oauth.connection import Connection, retrieve_error
from haystack_integrations.tools.mcp_oauth.diagnosis import CREDENTIAL_REJECTED, Diagnosis, Transport, diagnose
from haystack_integrations.tools.mcp_oauth.errors import (
    MCPAuthorizationError,
    to_mcp_error,
    to_server_error,
)
from haystack_integrations.tools.mcp_oauth.failures import CallLost, RequestRejected
from haystack_integrations.tools.mcp_oauth.gate import Gate
from valetkey._adapters.failures import HttpError
from valetkey._adapters.framework import Engine, harmless, redacting, without_secrets
from valetkey._adapters.unforeseen import as_auth_error
from valetkey.errors import AuthError

_logger = logging.getLogger("valetkey")

FIRST_ANSWER_WAIT = 5.0
"""Seconds that `open` waits for the MCP server to answer; after that `connect` goes on waiting."""

Result = TypeVar("Result")


class AuthorizingClient(MCPClient):
    """
    What the clients of both transports share. Its methods may be called from any event loop.

    :param server_info: The MCP server and its settings. With a `token` or an Authorization header there is no login.
    :param max_retries: How often a call is made again after the connection was lost.
    :param base_delay: Seconds before the second attempt to connect; each further pause is twice as long.
    :param max_delay: The longest pause in seconds.
    :raises MCPAuthorizationError: If the settings contradict each other.
    """

    transport: ClassVar[Transport]

    def __init__(
        self,
        server_info: StreamableHttpServerInfo | SSEServerInfo,
        max_retries: int = 3,
        base_delay: float = 1.0,
        max_delay: float = 30.0,
    ) -> None:
        # Not what upstream's client of this transport does: it would hold settings that are another class here.
        MCPClient.__init__(self, max_retries, base_delay, max_delay)
        self._access = Access(server_info)
        self._engine: Engine = self._access.engine
        self.url: str = self._access.url
        self.token = self._access.token
        self.headers = self._access.given_headers
        self.timeout: int = server_info.timeout
        self._executor = AsyncExecutor.get_instance()
        self._connection: Connection | None = None
        self._opening: asyncio.Task[Connection] | None = None
        self._is_closed = False

    @property
    def oauth_config(self) -> OAuthConfig:
        """The OAuth settings; after a login, with the issuer, the endpoints and the client that it used."""
        return self._access.oauth_config

    def open(self) -> None:
        """
        Connect ahead of `connect`, from the caller's thread, and log in if the MCP server wants a token.

        Any other failure is left to `connect`, which tries again.

        :raises MCPAuthorizationError: If no token can be obtained.
        """
        if _running_loop() is self._executor.get_loop():
            return  # this thread runs the event loop that would have to do the work
        try:
            with as_auth_error:
                self._engine.look()
                if self._engine.token_at_hand() is None and self._engine.is_known():
                    self._engine.replace(None)
            rejected = self._wait_for_first_answer()
            if rejected is not None and not self._access.is_given:
                with as_auth_error:
                    self._engine.replace(rejected.token, rejected.challenges)
        except AuthError as error:
            raise to_mcp_error(error, "connect", self.url) from error

    def _wait_for_first_answer(self) -> RequestRejected | None:
        future = asyncio.run_coroutine_threadsafe(self._shared_connection(), self._executor.get_loop())
        try:
            future.result(FIRST_ANSWER_WAIT)
        except RequestRejected as rejected:
            return rejected
        except (Exception, concurrent.futures.CancelledError):  # noqa: BLE001 - `connect` meets it again and raises it
            return None
        return None

    async def connect(self) -> list[types.Tool]:
        """
        Connect to the MCP server, unless it is connected already.

        :returns: The server's tools.
        :raises MCPAuthorizationError: If the server wants a token and none can be obtained.
        :raises MCPConnectionError: If the connection fails, or is closed meanwhile.
        """
        self._is_closed = False
        return await self._on_executor(self._connect())

    async def call_tool(self, tool_name: str, tool_args: dict[str, Any]) -> str:
        """
        Call a tool, once more if its token was rejected.

        :param tool_name: Name of the tool to call.
        :param tool_args: Arguments to pass to the tool.
        :returns: JSON string representation of the tool invocation result.
        :raises MCPAuthorizationError: If the server wants another token and none can be obtained.
        :raises MCPConnectionError: If not connected to an MCP server.
        :raises MCPInvocationError: If the tool invocation fails.
        """
        return await self._on_executor(self._call_tool(tool_name, tool_args))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._on_executor(self._close())

    async def _connect(self) -> list[types.Tool]:
        try:
            connection = await self._accepted_connection()
        except MCPError:
            raise
        except Exception as error:
            raise to_server_error(self._diagnosis(error), "connect", self.url) from error
        return connection.tools

    async def _accepted_connection(self) -> Connection:
        """Give a connection that the server accepts, with a new token if it rejects the first one."""
        try:
            return await self._shared_connection()
        except RequestRejected as rejected:
            await self._replace(rejected, "connect")
        try:
            return await self._shared_connection()
        except RequestRejected as again:
            raise self._still_rejected(again, "connect") from again

    async def _call_tool(self, tool_name: str, tool_args: dict[str, Any]) -> str:
        if await self._engine.current_async() is None and self._engine.is_known():
            await self._replace(RequestRejected(None, ()), "call_tool")
        answered: set[bool] = set()  # a rejected token is replaced once, and one that lacks scope once more
        losses = 0
        while True:
            try:
                return await super().call_tool(tool_name, tool_args)
            except RequestRejected as rejected:
                if rejected.wants_more_scope in answered:
                    raise self._still_rejected(rejected, "call_tool") from rejected
                answered.add(rejected.wants_more_scope)
                await self._replace(rejected, "call_tool")
            except CallLost as lost:
                if losses >= self.max_retries:
                    told = self._diagnosis(lost)
                    message = f"Tool '{tool_name}' failed after {losses} reconnection attempts: {told.about(self.url)}"
                    raise MCPInvocationError(message, tool_name, tool_args) from lost
                await self._reconnect(losses)
                losses += 1
            except MCPInvocationError as failed:
                if not isinstance(failed.__cause__, HttpError):
                    raise
                message = f"Tool '{tool_name}' failed: {self._diagnosis(failed).about(self.url)}"
                raise MCPInvocationError(message, tool_name, tool_args) from failed.__cause__

    def _diagnosis(self, failure: Exception) -> Diagnosis:
        session = self._engine.session
        sent = [session.token.access_token.reveal()] if session is not None else []
        with redacting(*sent, *self._access.credentials):
            found = diagnose(failure, self.url, self.transport, seconds=self.timeout)
            return replace(found, cause=harmless(found.cause))

    async def _reconnect(self, losses: int) -> None:
        """Open a new connection after a pause that grows each time, as upstream's own clients do."""
        if losses:
            await asyncio.sleep(min(self.base_delay * 2 ** (losses - 1), self.max_delay))
        try:
            await self._connect()
        except MCPAuthorizationError:
            raise
        except MCPConnectionError as error:
            _logger.warning("no new MCP session yet: %s", error)

    async def _replace(self, rejected: RequestRejected, operation: str) -> None:
        if self._access.is_given:
            raise to_server_error(CREDENTIAL_REJECTED, operation, self.url) from rejected
        try:
            with as_auth_error:
                await self._engine.replace_async(rejected.token, rejected.challenges, seconds=self._access.login_wait)
        except AuthError as error:
            raise to_mcp_error(error, operation, self.url) from error

    def _still_rejected(self, rejected: RequestRejected, operation: str) -> MCPError:
        if rejected.token is not None:
            self._engine.acceptance.reject(rejected.token)
        return to_mcp_error(rejected.of_new_token(self.url), operation, self.url)

    async def _shared_connection(self) -> Connection:
        """Give the open connection, or open one; callers that come meanwhile wait for the same one."""
        if self._is_closed:  # while a login went on; a connection opened now would stay open
            raise self._closed()
        if self._connection is not None and self._connection.is_alive:
            return self._connection
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._new_connection())
            self._opening.add_done_callback(retrieve_error)
        opening = self._opening
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError as error:
            if self._is_closed and opening.cancelled():
                raise self._closed() from error
            raise

    def _closed(self) -> MCPConnectionError:
        name = without_secrets(self.url, self.url)
        return MCPConnectionError(message=f"The client of {name} was closed.", operation="connect")

    async def _new_connection(self) -> Connection:
        if self._connection is not None:
            await self._connection.close()
        gate = Gate(self._engine)
        self._connection = Connection(gate, self._enter_transport)
        self.session = self._connection  # type: ignore[assignment]  # upstream only asks it to call tools
        await self._connection.open()
        return self._connection

    async def _close(self) -> None:
        self._is_closed = True
        if self._opening is not None:
            self._opening.cancel()
        if self._connection is not None:
            await self._connection.close()
        self._connection = None
        self.session = None

    @abstractmethod
    async def _enter_transport(self, stack: AsyncExitStack, gate: Gate) -> tuple[Any, ...]:
        """Enter the SDK's transport and give its streams."""

    async def _on_executor(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine on upstream's event loop, where the connection is, and wait for it from any other loop."""
        loop = self._executor.get_loop()
        if _running_loop() is loop:
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
