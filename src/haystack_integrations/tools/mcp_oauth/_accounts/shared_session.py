# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The MCP session of one account: its callers share it, and the tools that were listed in it.

It belongs to the login whose token opened it. After another login of the same user, who may have chosen another account
there, a new one is opened and the tools are listed anew. Calls that run in the old one are finished there: made once
more, they would be done twice.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from haystack_integrations.tools.mcp import MCPConnectionError
from mcp import types

from haystack_integrations.tools.mcp_oauth._accounts.access import Access
from haystack_integrations.tools.mcp_oauth._mcp_session.connection import Connection, OpenTransport, retrieve_error
from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate, login_of
from valetkey._adapters.framework import without_secrets


class SharedSession:
    """
    The session of one account. Used in upstream's event loop only, except for the tools.

    `on_new` gets each connection before it is opened, and `on_tools_changed` is called where other tools are listed.
    """

    def __init__(
        self,
        access: Access,
        enter: OpenTransport,
        on_new: Callable[[Connection], None],
        on_tools_changed: Callable[[], None],
    ) -> None:
        self._access = access
        self._engine = access.engine
        self._enter = enter
        self._on_new = on_new
        self._on_tools_changed = on_tools_changed
        self.connection: Connection | None = None
        self.is_closed = False
        self._opening: asyncio.Task[Connection] | None = None
        self._former: dict[Connection, asyncio.Task[None]] = {}  # whose last calls are still answered
        self._tools: list[types.Tool] | None = None
        self._listed_for: str | None = None  # which login

    @property
    def tools(self) -> list[types.Tool] | None:
        """The tools that were last listed; None if they were listed for another login than the present one."""
        login = login_of(self._engine.session)
        is_for_another = None not in (login, self._listed_for) and login != self._listed_for
        return None if is_for_another else self._tools

    def forget_tools(self) -> None:
        """Forget the tools that were listed."""
        self._tools = None

    @property
    def is_open(self) -> bool:
        """True while an MCP session is open, or being opened."""
        return self.connection is not None and not self.connection.has_ended

    @property
    def is_outdated(self) -> bool:
        """True if the session is not the one of the present login."""
        return self.connection is not None and self.connection.is_of_another_login

    async def get(self) -> Connection:
        """Give the open connection, or open one; callers that come meanwhile wait for the same one."""
        if self.is_closed:  # while a login went on; a connection opened now would stay open
            raise self.closed()
        if self.connection is not None and self.connection.is_alive:
            return self.connection
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._new_connection())
            self._opening.add_done_callback(retrieve_error)
        opening = self._opening
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError as error:
            if self.is_closed and opening.cancelled():
                raise self.closed() from error
            raise

    def closed(self) -> MCPConnectionError:
        """Make the error of a call while the client is closed."""
        name = without_secrets(self._access.url, self._access.url)
        return MCPConnectionError(message=f"The client of {name} was closed.", operation="connect")

    def rest(self) -> Coroutine[Any, Any, None]:
        """Let go of the session now, so that the next call opens another one, and give what closes it."""
        connection, self.connection = self.connection, None
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        return _closing([connection, *self._former] if connection is not None else [*self._former])

    async def _new_connection(self) -> Connection:
        if self.connection is not None:
            self._leave(self.connection)
        connection = Connection(Gate(self._engine, self._access.tokens), self._enter)
        self.connection = connection
        self._on_new(connection)
        await connection.open()
        connection.on_tools_changed = lambda: self._take_tools(connection)
        self._take_tools(connection)
        return connection

    def _leave(self, connection: Connection) -> None:
        """Let the calls of a session that has ended get their answers, as far as there are any, and close it then."""
        closing = asyncio.create_task(connection.close_after_its_calls())
        self._former[connection] = closing
        closing.add_done_callback(lambda _: self._former.pop(connection))

    def _take_tools(self, connection: Connection) -> None:
        """Keep the tools that a server lists, and tell where they are others than before."""
        if connection is not self.connection:
            return
        before, self._tools, self._listed_for = self._tools, connection.tools, connection.gate.login
        if before is not None and before != self._tools:
            self._on_tools_changed()


async def _closing(connections: list[Connection]) -> None:
    await asyncio.gather(*(connection.close() for connection in connections))
