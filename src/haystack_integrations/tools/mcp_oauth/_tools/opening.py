# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
How a tool and a toolset connect, from a thread and from an event loop.

On a thread without an event loop the login comes first and has its own clock (`AuthorizingClient.open`). A thread that
runs an event loop never waits for a person: a coroutine of that loop may, and a plain call there gets an error at once,
while the login goes on.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeGuard

from haystack import logging
from haystack_integrations.tools.mcp import MCPConnectionError
from mcp import types

from haystack_integrations.tools.mcp_oauth._accounts.access import is_for_users
from haystack_integrations.tools.mcp_oauth._accounts.authorizing_client import AuthorizingClient
from haystack_integrations.tools.mcp_oauth._accounts.event_loop import executor
from haystack_integrations.tools.mcp_oauth.errors import MCPAuthorizationError, MCPServerError, MCPServerTimeoutError
from haystack_integrations.tools.mcp_oauth.principals import PrincipalSource, current_user, principal_of
from haystack_integrations.tools.mcp_oauth.server_info import SSEServerInfo, StreamableHttpServerInfo
from valetkey._adapters.framework import without_secrets
from valetkey.errors import LoginRequired, TemporaryError

_logger = logging.getLogger(__name__)

OurServerInfo = SSEServerInfo | StreamableHttpServerInfo

_CLOSE_SECONDS = 5.0
"""How long `close` waits for the MCP sessions to end."""


class Opening:
    """
    One client for a server info, made when it is first needed; `seconds` is how long a connection may take.

    The toolset and each of its tools hold it. When none of them can be used any more, its MCP sessions end.
    """

    _client: AuthorizingClient | None = None  # also of a copy that `copy` has begun, and given up at the lock

    def __init__(self, server_info: OurServerInfo, seconds: float) -> None:
        self.server_info = server_info
        self._seconds = seconds
        self._lock = threading.Lock()  # guards the making of _client

    def __del__(self) -> None:
        """End the MCP sessions, and wait for nothing: the thread that collects this may be any one, at any point."""
        if self._client is not None:
            self._client.close_soon()

    @property
    def client(self) -> AuthorizingClient:
        """The client; it connects for the user of each call."""
        with self._lock:
            if self._client is None:
                with ThreadPoolExecutor(1) as pool:  # a client that is made in an event loop lets no thread wait either
                    self._client = pool.submit(self.server_info.new_client).result()
            return self._client

    @property
    def at_hand(self) -> list[types.Tool] | None:
        """The tools that were listed for the current user, from memory."""
        return self._client.tools_at_hand() if self._client is not None else None

    def tools(self, *, begins_login: bool = True) -> list[types.Tool]:
        """Connect, after a login if it is needed and this thread may wait for a person, and give the tools."""
        client = self.client
        if begins_login:
            client.open()
        with in_words(self.server_info):
            listed: list[types.Tool] = self.run(client.tools_for_current(begins_login=begins_login))
        return listed

    async def tools_async(self, *, begins_login: bool = True) -> list[types.Tool]:
        """Connect, after a login if it is needed, and give the tools."""
        return await (await self._client_async()).tools_for_current(begins_login=begins_login)

    def tools_to_warm_up(self) -> list[types.Tool]:
        """Give the tools as `tools` does; where no user is named who could end a login, none begins."""
        return self.tools(begins_login=not self.serves_nobody_now())

    async def tools_to_warm_up_async(self) -> list[types.Tool]:
        """Do what `tools_to_warm_up` does, from a task of any event loop."""
        return await self.tools_async(begins_login=not self.serves_nobody_now())

    def call(self, name: str, arguments: dict[str, Any], seconds: float) -> str:
        """Call a tool from a thread."""
        try:
            answer: str = executor().run(self.client.call_tool(name, arguments), timeout=seconds)
        except TimeoutError as error:
            raise TimeoutError(_late(seconds)) from error
        return answer

    async def call_async(self, name: str, arguments: dict[str, Any], seconds: float) -> str:
        """Call a tool from any event loop."""
        try:
            return await asyncio.wait_for((await self._client_async()).call_tool(name, arguments), seconds)
        except TimeoutError as error:
            raise TimeoutError(_late(seconds)) from error

    def close(self) -> None:
        """End the MCP sessions of all users, and the waiting for a login; the next use connects anew."""
        client, loop = self._take(), executor().get_loop()
        if client is None or loop.is_closed() or is_running_loop(loop):
            return
        closing = asyncio.run_coroutine_threadsafe(client.aclose(), loop)
        if not is_running_loop():
            with suppress_all():
                closing.result(_CLOSE_SECONDS)

    async def close_async(self) -> None:
        """Do what `close` does, from a task of any event loop."""
        client = self._take()
        if client is not None:
            with suppress_all():
                await asyncio.wait_for(client.aclose(), _CLOSE_SECONDS)

    def is_asking(self, principal: str) -> bool:
        """Tell whether a login of a principal waits for the person. Blocks for as long as the store takes."""
        client = self._client
        return client is not None and client.is_asking(principal)

    def has_no_user(self) -> bool:
        """Tell whether the settings have a function that names the users, and it names none now."""
        source: PrincipalSource = getattr(self.server_info.oauth_config, "principal", None)
        if source is None or isinstance(source, str):
            return False
        try:
            principal_of(source)
        except Exception:  # noqa: BLE001 - it is the user's own, and looks for a request that is not there
            return True
        return False

    def serves_nobody_now(self) -> bool:
        """Tell whether this is a service that names its users and none is named now, so that none can log in."""
        return self.has_no_user() or (is_for_users(self.server_info.oauth_config) and current_user() is None)

    async def _client_async(self) -> AuthorizingClient:
        """Give the client in an event loop: to make one loads modules and opens the store."""
        if self._client is None:
            await asyncio.to_thread(getattr, self, "client")
        return self.client

    def _take(self) -> AuthorizingClient | None:
        with self._lock:
            client, self._client = self._client, None
        return client

    def run(self, work: Any) -> Any:
        """Run a coroutine of the client from a thread."""
        return executor().run(work, timeout=self._seconds)


def is_ours(server_info: object) -> TypeGuard[OurServerInfo]:
    """Tell whether a server info makes clients that log in; those of others work as upstream's classes do it."""
    return isinstance(server_info, OurServerInfo)


def wants_person(error: Exception) -> bool:
    """Tell whether a login by a person would help, which may be going on already."""
    return isinstance(error, MCPAuthorizationError) and isinstance(error.error, LoginRequired | TemporaryError)


def first_text(answer: str) -> Any:
    """Give the first text of a tool's answer, read as JSON if it is, and the whole answer if it has none."""
    parsed = json.loads(answer)
    for block in parsed.get("content", []):
        if isinstance(block, dict) and block.get("type") == "text":
            try:
                return json.loads(block.get("text", ""))
            except ValueError:
                return block.get("text", "")
    return parsed


def schema_of(tool: Any) -> dict[str, Any]:
    """Give the schema of a tool's arguments; the two lines of the SDK name it differently."""
    schema: dict[str, Any] = tool.input_schema if hasattr(tool, "input_schema") else tool.inputSchema
    return schema


def _late(seconds: float) -> str:
    return f"Tool invocation timed out after {seconds} seconds"


@contextmanager
def in_words(server_info: Any) -> Iterator[None]:
    """Raise an error with words for one by which upstream says that `connection_timeout` is over."""
    try:
        yield
    except (TimeoutError, MCPConnectionError) as error:
        url = getattr(server_info, "url", None)
        is_told = isinstance(error, MCPServerError | MCPAuthorizationError)
        is_late = isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError)
        if is_told or not is_late or url is None:
            raise
        hint = "Check the URL and whether the server runs; for a slow server, give a longer connection_timeout."
        message = f"{without_secrets(url, url)} has opened no MCP session within connection_timeout. {hint}"
        raise MCPServerTimeoutError(message, "connect", hint=hint) from error


def is_running_loop(loop: asyncio.AbstractEventLoop | None = None) -> bool:
    """Tell whether this thread runs an event loop, or this one."""
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        return False
    return loop is None or running is loop


@contextmanager
def suppress_all() -> Iterator[None]:
    """Let a close end without an error: what it cannot end ends with the process."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - closing has no caller who could do something about it
        _logger.debug("not closed in order: {error}", error=type(error).__name__)
