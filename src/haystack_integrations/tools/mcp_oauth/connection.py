# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
One MCP session, opened and closed by one task.

The SDK's transports must be left by the task that entered them; so a task of its own holds them, and everybody else
only asks it. A session whose transport dies is noticed, and never drags anybody along.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import anyio
from mcp import ClientSession, types

from haystack_integrations.tools.mcp_oauth.errors import Lost
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
        self._failure: Exception | None = None

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
        :raises Lost: If there is no answer, because the connection or the session is gone.
        """
        if self._session is None or self._task is None or not self.is_alive:
            raise Lost(self._ending())
        try:
            return await self._while_open(self._task, self._session.call_tool(name, arguments))
        except Exception as error:
            reason = self.gate.reason_of(error)
            if _means_closed(reason):
                self._session = None
                raise Lost(self._ending()) from error
            if isinstance(reason, ConnectionError):
                raise Lost(str(reason)) from error
            if reason is error:
                raise
            raise reason from error

    async def _while_open(self, life: asyncio.Future[None], call: Coroutine[Any, Any, Any]) -> Any:
        """Wait for a call, but no longer than the transport lives: SDK 1.x forgets the calls of one that has failed."""
        calling: asyncio.Future[Any] = asyncio.ensure_future(call)
        calling.add_done_callback(look_at_error)
        try:
            await asyncio.wait({calling, life}, return_when=asyncio.FIRST_COMPLETED)
            if not calling.done():
                raise ConnectionError(self._ending())
            return await calling
        finally:
            calling.cancel()

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
                declared = _declaring(self.gate.extensions)
                session = await stack.enter_async_context(ClientSession(streams[0], streams[1], **declared))
                await session.initialize()
                listed = await session.list_tools()
                if self.gate.rejected is not None:  # "initialized" was not heard
                    raise self.gate.rejected
                self.tools, self._session = listed.tools, session
                self._opened.set_result(None)
                await self._stop.wait()
                self._session = None
        except BaseException as error:
            self._failure = self._cause(error)
            if not self._opened.done():
                self._opened.set_exception(self._failure)
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

    def _ending(self) -> str:
        return str(self._failure) if self._failure is not None else "the MCP session is closed"


def _declaring(extensions: dict[str, dict[str, object]]) -> dict[str, Any]:
    """Give the arguments that declare extensions; SDK 1.x has no way to do it."""
    knows = "extensions" in inspect.signature(ClientSession.__init__).parameters
    return {"extensions": extensions} if extensions and knows else {}


def _means_closed(error: Exception) -> bool:
    """Tell whether an error of the SDK's session says that there is no session any more."""
    if isinstance(error, anyio.ClosedResourceError | anyio.BrokenResourceError):
        return True
    return getattr(getattr(error, "error", None), "code", None) == types.CONNECTION_CLOSED


def look_at_error(work: "asyncio.Future[Any]") -> None:
    """
    Look at the error of work that nobody may wait for any more, so that asyncio does not report it as lost.

    :param work: A task or future that is done.
    """
    if not work.cancelled():
        work.exception()
