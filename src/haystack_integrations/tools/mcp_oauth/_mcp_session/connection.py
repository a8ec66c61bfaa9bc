# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
One MCP session, opened and closed by one task.

An SDK transport must be left by the task that entered it. So each session has a task of its own, and callers only
talk to that task. When the transport fails, their calls fail with a reason and no other task is cancelled.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import anyio
from haystack import logging
from mcp import ClientSession, types

from haystack_integrations.tools.mcp_oauth._mcp_session.failures import CallLost, OtherAccount, RequestRejected
from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate
from haystack_integrations.tools.mcp_oauth._mcp_session.list_changes import ListChanges, Listing
from haystack_integrations.tools.mcp_oauth._mcp_session.listing import every_tool
from haystack_integrations.tools.mcp_oauth._mcp_session.negotiation import open_session

_logger = logging.getLogger(__name__)

OpenTransport = Callable[[AsyncExitStack, Gate], Awaitable[tuple[Any, ...]]]


class Connection:
    """
    One MCP session. Used in one event loop only.

    `on_tools_changed` is called when the server has listed other tools than before.

    :param open_transport: Enters the transport and returns its streams.
    """

    def __init__(self, gate: Gate, open_transport: OpenTransport) -> None:
        self.gate = gate
        self.tools: list[types.Tool] = []
        self.on_tools_changed: Callable[[], None] | None = None
        self._changes = ListChanges(self._list_anew)
        self._open_transport = open_transport
        self._session: ClientSession | None = None
        self._calling: set[asyncio.Future[Any]] = set()
        self._stop = asyncio.Event()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._failure: Exception | None = None

    @property
    def is_alive(self) -> bool:
        """True while the session can be used."""
        return self._session is not None and not self.gate.session_has_ended and not self.is_of_another_login

    @property
    def is_of_another_login(self) -> bool:
        """True if the session was opened before the last login of the person; its calls that run are finished."""
        return self.gate.is_of_another_login

    @property
    def has_ended(self) -> bool:
        """True when there is nothing left to close."""
        return self._task is not None and self._task.done()

    async def open(self) -> None:
        """
        Open the session and list the server's tools; an error of the transport or the session is raised as it is.

        :raises RequestRejected: If the server wants another token.
        """
        self._task = asyncio.create_task(self._run(), name="valetkey-mcp-session")
        try:
            await asyncio.shield(self._opened)
        except asyncio.CancelledError:
            self._opened.cancel()
            self._task.cancel()
            raise

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        """
        Call a tool and return the SDK's result.

        :raises RequestRejected: If the server wants another token; the tool was not called.
        :raises CallLost: If there is no answer, because the connection or the session has ended.
        """
        if self.is_of_another_login:
            raise CallLost(self._reason_of_end(), was_sent=False) from OtherAccount()
        if self._session is None or self._task is None or not self.is_alive:
            raise CallLost(self._reason_of_end(), was_sent=False) from self._failure
        try:
            result = await self._while_open(self._task, self._session.call_tool(name, arguments))
        except Exception as error:
            failure = self.gate.failure_behind(error)
            if _is_closed_session(failure):
                self._session = None
                raise CallLost(self._reason_of_end()) from error
            if isinstance(failure, ConnectionError):
                raise CallLost(str(failure), was_sent=not isinstance(failure, OtherAccount)) from failure
            if failure is error:
                raise
            raise failure from error
        await self._changes.wait_for_fresh_list()
        return result

    async def _while_open(self, life: asyncio.Future[None], call: Coroutine[Any, Any, Any]) -> Any:
        """Wait for a call until the transport ends: SDK 1.x never answers the calls of a transport that has failed."""
        calling: asyncio.Future[Any] = asyncio.ensure_future(call)
        calling.add_done_callback(retrieve_error)
        self._calling.add(calling)
        try:
            await asyncio.wait({calling, life}, return_when=asyncio.FIRST_COMPLETED)
            if not calling.done():
                raise ConnectionError(self._reason_of_end())
            return await calling
        finally:
            calling.cancel()
            self._calling.discard(calling)

    async def close(self) -> None:
        """Close the session and wait until its transport is closed too."""
        self._stop.set()
        if self._task is None:
            return
        if not self._opened.done():
            self._task.cancel()  # while it opens the session, it does not wait for the event
        await asyncio.wait({self._task})

    async def close_after_its_calls(self) -> None:
        """Close the session when the calls that were sent in it have ended: cut off, they would be executed twice."""
        while self._calling:
            await asyncio.wait(self._calling)
            await asyncio.sleep(0)  # until those who wait for them have taken them away
        await self.close()

    async def _run(self) -> None:
        try:
            async with AsyncExitStack() as stack:
                streams = await self._open_transport(stack, self.gate)
                declared = _declaring(self.gate.extensions)
                session = ClientSession(streams[0], streams[1], message_handler=self._changes.hear, **declared)
                await stack.enter_async_context(session)
                await open_session(session, self.gate)
                tools = await every_tool(session, self.gate)
                if self.gate.rejected is not None:  # the notification "initialized" was rejected; it has no answer
                    raise self.gate.rejected
                self.tools, self._session = tools, session
                self._opened.set_result(None)
                await self._stay_open(session)
        except BaseException as error:
            self._failure = self._cause(error)
            if not self._opened.done():
                self._opened.set_exception(self._failure)
            if not isinstance(error, Exception):
                raise
        finally:
            self._session = None

    async def _stay_open(self, session: ClientSession) -> None:
        """Keep the list of tools new until the session is to be closed."""
        following = asyncio.create_task(self._changes.follow(session), name="valetkey-list-of-tools")
        following.add_done_callback(retrieve_error)
        try:
            await self._stop.wait()
        finally:
            self._session = None
            following.cancel()

    async def _list_anew(self) -> Listing:
        """List the tools again."""
        session = self._session
        if session is None:
            return Listing.NO_NEWS
        try:
            tools = await every_tool(session, self.gate)
        except Exception as error:  # noqa: BLE001 - the tools that are known can be used
            failure = self.gate.failure_behind(error)
            if not isinstance(failure, RequestRejected | OtherAccount):
                what = "{server} does not list its tools again: {error}"
                _logger.warning(what, server=self.gate.server, error=type(failure).__name__)
            return Listing.WANTS_TOKEN if isinstance(failure, RequestRejected) else Listing.NO_NEWS
        has_changed, self.tools = tools != self.tools, tools
        if has_changed and self.on_tools_changed is not None:
            self.on_tools_changed()
        return Listing.NEWS if has_changed else Listing.NO_NEWS

    def _cause(self, error: BaseException) -> Exception:
        """Give the error behind the error: the only member of a group, or the failure behind an answer of the gate."""
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        if isinstance(error, Exception):
            return self.gate.failure_behind(error)
        return ConnectionError("the MCP session was closed while it was being opened")

    def _reason_of_end(self) -> str:
        return str(self._failure) if self._failure is not None else "the MCP session is closed"


def _declaring(extensions: dict[str, dict[str, object]]) -> dict[str, Any]:
    """Give the arguments that declare extensions; SDK 1.x has none."""
    knows = "extensions" in inspect.signature(ClientSession.__init__).parameters
    return {"extensions": extensions} if extensions and knows else {}


def _is_closed_session(error: Exception) -> bool:
    """Tell whether an error of the SDK's session says that the session is closed."""
    if isinstance(error, anyio.ClosedResourceError | anyio.BrokenResourceError):
        return True
    return getattr(getattr(error, "error", None), "code", None) == types.CONNECTION_CLOSED


def retrieve_error(work: "asyncio.Future[Any]") -> None:
    """Retrieve the error of a finished task that may have no waiter left; asyncio would report it as not retrieved."""
    if not work.cancelled():
        work.exception()


def is_being_cancelled() -> bool:
    """Tell whether the caller has been cancelled, and not only what he waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
