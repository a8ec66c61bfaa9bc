# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
An MCP client that logs in: upstream's `MCPClient` interface, with an account for each principal behind it.

Whose call it is, is found out in the caller's thread and context. Then the work goes to upstream's event loop, where
the connections are. A login happens before `connect` is called wherever that is possible, because Haystack limits the
time of `connect` and of each call. In the middle of a run a call waits for a login for `login_wait` seconds; then it
fails with an error that says what to do, and the login goes on in the background.
"""

import asyncio
import concurrent.futures
import weakref
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from types import CoroutineType
from typing import Any, ClassVar, Self, TypeVar, cast

from haystack_integrations.tools.mcp import MCPClient, MCPConnectionError, SSEServerInfo, StreamableHttpServerInfo
from mcp import types

from haystack_integrations.tools.mcp_oauth._accounts.access import Access
from haystack_integrations.tools.mcp_oauth._accounts.account import Account, Route
from haystack_integrations.tools.mcp_oauth._accounts.accounts import Accounts
from haystack_integrations.tools.mcp_oauth._accounts.event_loop import do_in_child, executor
from haystack_integrations.tools.mcp_oauth._accounts.patience import NO_LOGIN, Patience
from haystack_integrations.tools.mcp_oauth._accounts.unnamed_users import UnnamedUsers
from haystack_integrations.tools.mcp_oauth._mcp_session.diagnosis import Transport
from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate
from haystack_integrations.tools.mcp_oauth.config import OAuthConfig
from haystack_integrations.tools.mcp_oauth.errors import to_mcp_error
from haystack_integrations.tools.mcp_oauth.principals import LOCAL, principal_of
from valetkey.errors import AuthError

_STEP_SECONDS = 0.5
"""How long a thread that waits may not notice Ctrl-C, which wakes no thread that waits for a lock on Windows."""

Result = TypeVar("Result")
Work = Callable[[Account, Patience], Awaitable[Result]]


class AuthorizingClient(MCPClient):
    """
    What the clients of both transports share. Its methods may be called from any event loop, and for any principal.

    Call `connect`, `call_tool` and `tools_for_current` in the thread and context of the user's request; what they give
    may be awaited in any event loop.

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
        self._server_info = server_info
        self._access = Access(server_info, LOCAL)
        self.url: str = self._access.url
        self.token = self._access.token
        self.headers = self._access.given_headers
        self.timeout: int = server_info.timeout
        self.on_tools_changed: Callable[[str], None] | None = None
        self._accounts = Accounts(self._new_account)
        self._unnamed_users = UnnamedUsers(self.url)
        self._made_in = _running_loop()
        self._is_closed = False
        _all_clients.add(self)

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """Give the same client: a copy would open the MCP sessions and begin the logins of its users once more."""
        return self

    @property
    def oauth_config(self) -> OAuthConfig:
        """The OAuth settings; after a login of the current principal, with the issuer and the client that it used."""
        return Access(self._server_info, self._principal()).oauth_config

    def open(self) -> None:
        """
        Connect ahead of `connect`, from the caller's thread, and log in if the MCP server wants a token.

        Any other failure is left to `connect`, which tries again. On a thread that runs an event loop this does
        nothing: there `connect` does all of it without holding up the thread.

        :raises MCPAuthorizationError: If no token can be obtained.
        """
        if _running_loop() is not None:
            return
        principal = self._principal()
        opening = asyncio.run_coroutine_threadsafe(self._open(principal), executor().get_loop())
        try:
            while not opening.done():
                concurrent.futures.wait([opening], _STEP_SECONDS)
        except KeyboardInterrupt:
            opening.cancel()
            asyncio.run_coroutine_threadsafe(self._close(), executor().get_loop())
            self._let_go(principal)
            raise
        with suppress(concurrent.futures.CancelledError):  # `connect` tells what has become of it
            opening.result()

    def connect(self) -> "CoroutineType[Any, Any, list[types.Tool]]":
        """
        Connect to the MCP server as the current principal, unless that is done already.

        :returns: The server's tools.
        :raises MCPAuthorizationError: If the server wants a token and none can be obtained.
        :raises MCPConnectionError: If the connection fails, or is closed meanwhile.
        """

        async def connect(account: Account, patience: Patience) -> list[types.Tool]:
            self._is_closed = False
            account.reopen()
            return await account.connect(patience)

        return self._as_principal(connect, first=True)

    def tools_for_current(self, *, begins_login: bool = True) -> "CoroutineType[Any, Any, list[types.Tool]]":
        """
        Give the tools that the server lists for the current principal; this connects if need be.

        :param begins_login: False to fail where a first login would have to begin that no user could end.
        :returns: The tools.
        :raises MCPAuthorizationError: If the server wants a token and none can be obtained.
        :raises MCPConnectionError: If the connection fails, or the client was closed.
        """

        async def list_tools(account: Account, patience: Patience) -> list[types.Tool]:
            self._require_open(account, "connect")
            return await account.connect(patience if begins_login else NO_LOGIN)

        return self._as_principal(list_tools, first=True)

    def tools_at_hand(self) -> list[types.Tool] | None:
        """
        Give the tools that were last listed for the current principal, from memory alone.

        :returns: The tools; None if none were listed for this principal yet.
        """
        account = self._accounts.at_hand(self._principal())
        return account.tools if account is not None else None

    def forget_tools(self) -> None:
        """Forget the tools that were listed for the current principal; `tools_for_current` gives them anew."""
        account = self._accounts.at_hand(self._principal())
        if account is not None:
            account.forget_tools()

    def is_asking(self, principal: str) -> bool:
        """
        Tell whether a login of a principal still waits for the person, here or in another program that has the store.

        :param principal: The user.
        :returns: False when the person has answered, or the time for it is over.
        """
        account = self._accounts.at_hand(principal)
        return account is not None and account.access.engine.is_asking()

    def call_tool(self, tool_name: str, tool_args: dict[str, Any]) -> "CoroutineType[Any, Any, str]":
        """
        Call a tool as the current principal, once more if the token was rejected.

        :param tool_name: Name of the tool to call.
        :param tool_args: Arguments to pass to the tool.
        :returns: JSON string representation of the tool invocation result.
        :raises MCPAuthorizationError: If the server wants another token and none can be obtained.
        :raises MCPConnectionError: If not connected to an MCP server.
        :raises MCPInvocationError: If the tool invocation fails.
        """

        async def call(account: Account, patience: Patience) -> str:
            self._require_open(account, "call_tool")
            answer = await account.invoke(tool_name, tool_args, patience)
            self._unnamed_users.note(account.access)
            return answer

        return self._as_principal(call)

    async def aclose(self) -> None:
        """Close the MCP sessions of all principals, and end a login that one of them waits for."""
        await self._on_executor(self._close())

    def close_soon(self) -> None:
        """End the MCP sessions of all principals, from any thread and without waiting: it may collect garbage."""
        self._accounts.close_soon()

    def _principal(self) -> str:
        try:
            return principal_of(self._access.principal_source)
        except AuthError as error:
            raise to_mcp_error(error, "connect", self.url) from error

    def _new_account(self, principal: str) -> Account:
        access = self._access if principal == LOCAL else Access(self._server_info, principal)
        retries = self.max_retries, self.base_delay, self.max_delay
        route = Route(self.transport, self._enter_transport, self.timeout, retries)
        return Account(access, route, self._tell_of_tools)

    def _tell_of_tools(self, principal: str) -> None:
        if self.on_tools_changed is not None:
            self.on_tools_changed(principal)

    def _as_principal(self, work: Work[Result], *, first: bool = False) -> "CoroutineType[Any, Any, Result]":
        """Take down in the caller's thread whose work it is, and how long the thread may wait for a person."""
        here = _running_loop()
        try:
            principal, refusal = self._principal(), None
        except MCPConnectionError as error:
            principal, refusal = "", error

        async def run() -> Result:
            if refusal is not None:
                raise refusal
            patience = self._patience(here, _running_loop(), first=first)
            return await self._on_executor(self._with_account(principal, work, patience))

        return cast("CoroutineType[Any, Any, Result]", run())  # that is what a coroutine function gives

    def _patience(
        self, called_in: asyncio.AbstractEventLoop | None, runs_in: asyncio.AbstractEventLoop | None, *, first: bool
    ) -> Patience:
        """
        Tell how long a call may wait for a person.

        Where a thread has its event loop stand still until a call is done in upstream's loop, nothing is waited for.
        """
        ours = executor().get_loop()
        if runs_in is ours:
            stands_still = called_in not in (None, ours) or (first and self._made_in not in (None, ours))
            return 0.0 if stands_still else self._access.login_wait
        return None if first else self._access.login_wait

    async def _with_account(self, principal: str, work: Work[Result], patience: Patience) -> Result:
        with self._accounts.use(principal) as account:
            return await work(account, patience)

    async def _open(self, principal: str) -> None:
        with self._accounts.use(principal) as account:
            await account.open()

    async def _close(self) -> None:
        self._is_closed = True
        await asyncio.gather(*(account.close() for account in self._accounts.all()))

    def _require_open(self, account: Account, operation: str) -> None:
        if self._is_closed:
            raise MCPConnectionError(message="Not connected to an MCP server", operation=operation)
        account.reopen()  # it may have been closed before the client was connected again

    def _let_go(self, principal: str) -> None:
        """Give a login that Ctrl-C has broken off the time to let go of the terminal."""
        account = self._accounts.at_hand(principal)
        if account is not None:
            account.access.engine.break_off_login(lets_go=True)

    @abstractmethod
    async def _enter_transport(self, stack: AsyncExitStack, gate: Gate) -> tuple[Any, ...]:
        """Enter the SDK's transport and give its streams."""

    async def _on_executor(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine on upstream's event loop, where the connections are, and wait for it from any other loop."""
        loop = executor().get_loop()
        if _running_loop() is loop:
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _begin_anew() -> None:
    """Let go of the connections in a forked child: the parent uses them, so they are not closed here."""
    for client in list(_all_clients):
        _of_parents.append(client._accounts)
        client._accounts = Accounts(client._new_account)


_all_clients: "weakref.WeakSet[AuthorizingClient]" = weakref.WeakSet()
_of_parents: list[Accounts] = []

do_in_child(_begin_anew)
