# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
One MCP session, opened and closed by one task.

The SDK's transports must be left by the task that entered them; so a task of its own holds them, and everybody else
only asks it. A session whose transport dies is noticed, and never drags anybody along.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from mcp import ClientSession, types

from haystack_integrations.tools.mcp_oauth.gate import Gate

OpenTransport = Callable[[AsyncExitStack, Gate], Awaitable[tuple[Any, ...]]]


class Connection:
    """
    One MCP session. Used in one event loop only.

    :param gate: The session's gate.
    :param open_transport: Enters the transport and gives its streams.
    """

    def __init__(self, gate: Gate, open_transport: OpenTransport) -> None:
        self.gate = gate
        self.tools: list[types.Tool] = []
        self._open_transport = open_transport
        self._session: ClientSession | None = None
        self._stop = asyncio.Event()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_alive(self) -> bool:
        """True while the session can be used."""
        return self._session is not None and not self.gate.is_lost

    async def open(self) -> None:
        """
        Open the session and list the server's tools.

        :raises Rejected: If the server wants another token.
        :raises Exception: Whatever else the transport or the session met.
        """
        self._task = asyncio.create_task(self._live(), name="valetkey-mcp-session")
        try:
            await asyncio.shield(self._opened)
        except asyncio.CancelledError:
            self._opened.cancel()
            self._task.cancel()
            raise

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        """
        Call a tool.

        :param name: The tool.
        :param arguments: Its arguments.
        :returns: The SDK's result.
        :raises Rejected: If the server wants another token; the tool was not called.
        :raises ConnectionError: If the session is dead.
        """
        if self._session is None or self.gate.is_lost:
            message = "the MCP session is closed"
            raise ConnectionError(message)
        try:
            return await self._session.call_tool(name, arguments)
        except Exception as error:
            reason = self.gate.reason_of(error)
            if reason is error:
                raise
            raise reason from error

    async def close(self) -> None:
        """Close the session and wait until its transport is closed too."""
        self._stop.set()
        if self._task is None:
            return
        if not self._opened.done():
            self._task.cancel()  # it hangs in opening and does not look at the event
        await asyncio.wait({self._task})

    async def _live(self) -> None:
        try:
            async with AsyncExitStack() as stack:
                streams = await self._open_transport(stack, self.gate)
                session = await stack.enter_async_context(ClientSession(streams[0], streams[1]))
                await session.initialize()
                listed = await session.list_tools()
                if self.gate.rejected is not None:  # "initialized" was not heard
                    raise self.gate.rejected
                self.tools, self._session = listed.tools, session
                self._opened.set_result(None)
                await self._stop.wait()
                self._session = None
        except BaseException as error:
            self._session = None
            if not self._opened.done():
                self._opened.set_exception(self._cause(error))
            if not isinstance(error, Exception):
                raise
        finally:
            self._session = None

    def _cause(self, error: BaseException) -> Exception:
        """Find what opening failed of: a group of one is what it holds, and an answer of the gate has its reason."""
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        if isinstance(error, Exception):
            return self.gate.reason_of(error)
        return ConnectionError("the MCP session was closed while it was being opened")
