# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Haystack's toolset of an MCP server that may want a login.

It is upstream's class by name, signature and `isinstance`. With a server info of this package, connecting is done here,
for the user of each call; with any other, upstream's class does it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, Self, get_args

from haystack import logging
from haystack.tools.tool import Tool
from haystack.tools.toolset import Toolset
from haystack_integrations.tools.mcp import MCPServerInfo, MCPToolNotFoundError
from haystack_integrations.tools.mcp import MCPToolset as UpstreamMCPToolset
from mcp import types

from haystack_integrations.tools.mcp_oauth._tools.haystack_2 import LOOKS_AFTER_WARMING_UP, plus
from haystack_integrations.tools.mcp_oauth._tools.looks import LooksConnectNothing
from haystack_integrations.tools.mcp_oauth._tools.opening import Opening, in_words, is_ours, wants_person
from haystack_integrations.tools.mcp_oauth._tools.toolbox import Toolbox, sign_in_tool
from haystack_integrations.tools.mcp_oauth.errors import MCPAuthorizationError

_logger = logging.getLogger(__name__)

OnUnauthorized = Literal["raise", "sign_in_tool"]


class MCPToolset(LooksConnectNothing, UpstreamMCPToolset):
    """
    The tools of an MCP server, as upstream has them, for the user of each call.

    A user has the tools that the server lists for him, from all pages of its list, and the list follows the server's
    `tools/list_changed`. `warm_up` connects the user of that moment; any other user is connected when his tools are
    first looked at (`toolset.tools`, iterating). `len`, `repr` and `==` connect to nothing.

    :param server_info: The MCP server and its settings.
    :param tool_names: The names of the tools to use; None for all.
    :param connection_timeout: Seconds that a connection may take; a login has its own time.
    :param invocation_timeout: Seconds that a call may take.
    :param eager_connect: Whether to connect now; otherwise `warm_up` connects.
    :param inputs_from_state: For each tool, which of its arguments come from the state of the agent.
    :param outputs_to_state: For each tool, what of its result goes into the state of the agent.
    :param outputs_to_string: For each tool, how its result becomes a text.
    :param on_unauthorized: What a user without a session gets: "raise" an error (`MCPAuthorizationError`), or
        "sign_in_tool", one tool that gives the link for the login, and after the login the tools of the server.
    :raises MCPServerError: If it connects, and the server cannot be used.
    :raises MCPAuthorizationError: If it connects, and the server wants a token and none can be obtained.
    :raises MCPToolNotFoundError: If it connects, and the server does not list one of `tool_names`.
    """

    _toolbox: Toolbox | None = None

    def __init__(
        self,
        server_info: MCPServerInfo,
        tool_names: list[str] | None = None,
        connection_timeout: float = 30.0,
        invocation_timeout: float = 30.0,
        eager_connect: bool = False,
        inputs_from_state: dict[str, dict[str, str]] | None = None,
        outputs_to_state: dict[str, dict[str, dict[str, Any]]] | None = None,
        outputs_to_string: dict[str, dict[str, Any]] | None = None,
        *,
        on_unauthorized: OnUnauthorized = "raise",
    ) -> None:
        if on_unauthorized not in get_args(OnUnauthorized):
            message = f"on_unauthorized is {on_unauthorized!r}; it can be {' or '.join(get_args(OnUnauthorized))}."
            raise ValueError(message)
        self.on_unauthorized: OnUnauthorized = on_unauthorized
        self._is_warm = self._is_looked_at = False
        self._added: list[Tool] = []
        self._opening = Opening(server_info, connection_timeout) if is_ours(server_info) else None
        with in_words(server_info):
            super().__init__(
                server_info,
                tool_names,
                connection_timeout,
                invocation_timeout,
                eager_connect and self._opening is None,
                inputs_from_state,
                outputs_to_state,
                outputs_to_string,
            )
        self.eager_connect = eager_connect
        if self._opening is not None:
            self._toolbox = Toolbox(self._opening, tool_names, invocation_timeout, self._mappings())
            self._sign_in = sign_in_tool(self._opening, tool_names)
            if eager_connect:
                self._connect_eagerly()

    @property
    def tools(self) -> list[Tool]:
        """The tools of the current user; before `warm_up`, one tool that stands for them."""
        return self._given if self._toolbox is None else self._with_added(self._current())

    @tools.setter
    def tools(self, tools: list[Tool]) -> None:
        self._given = tools

    def __iter__(self) -> Iterator[Tool]:
        """Go through the tools of the current user."""
        return iter(self.tools)

    def add(self, tool: Tool) -> None:
        """
        Add a tool of another kind, for all users.

        :param tool: The tool.
        :raises ValueError: If there is a tool of its name already.
        """
        if self._toolbox is None or not isinstance(tool, Tool):
            super().add(tool)
            return
        if tool.name in {each.name for each in self.tools}:
            message = f"Duplicate tool names found: {tool.name!r}"
            raise ValueError(message)
        self._added.append(tool)

    def warm_up(self) -> None:
        """
        Connect and list the tools of the current user, unless that is done already.

        On a thread that runs an event loop, no login is waited for; `warm_up_async` waits there. A service that names
        its users, and calls this while none is named, leaves the list to its first user.

        :raises MCPServerError: If the server cannot be used.
        :raises MCPAuthorizationError: If the server wants a token and none can be obtained.
        """
        if self._opening is None:
            with in_words(self.server_info):
                super().warm_up()
        elif self._needs_warming_up():
            with self._warming_up():
                self._take(self._opening.tools_to_warm_up())

    async def warm_up_async(self) -> None:
        """
        Do what `warm_up` does, from a task of any event loop; a login is waited for, and the loop goes on.

        :raises MCPServerError: If the server cannot be used.
        :raises MCPAuthorizationError: If the server wants a token and none can be obtained.
        """
        if self._opening is None:
            await asyncio.to_thread(self.warm_up)
        elif self._needs_warming_up():
            with self._warming_up():
                self._take(await self._opening.tools_to_warm_up_async())

    def close(self) -> None:
        """End the MCP sessions of all users, and the waiting for a login; `warm_up` connects anew."""
        opening = getattr(self, "_opening", None)
        if opening is None:
            super().close()
        else:
            self._is_warm = False
            opening.close()

    async def close_async(self) -> None:
        """Do what `close` does, from a task of any event loop."""
        if self._opening is None:
            await asyncio.to_thread(self.close)
        else:
            self._is_warm = False
            await self._opening.close_async()

    def __del__(self) -> None:
        """Close upstream's client; one of ours is closed when none of its tools is left, which may be in a call."""
        if getattr(self, "_opening", None) is None:
            super().__del__()

    def to_dict(self) -> dict[str, Any]:
        """
        Serialize the toolset to a dictionary, without its tools.

        :returns: The dictionary: upstream's without its nulls, and `on_unauthorized` where it is not the default.
        """
        written = super().to_dict()
        written["data"] = {name: value for name, value in written["data"].items() if value is not None}
        if self.on_unauthorized != "raise":
            written["data"]["on_unauthorized"] = self.on_unauthorized
        return written

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """
        Deserialize a toolset from a dictionary, upstream's too.

        :param data: Dictionary created by `to_dict`.
        :returns: The toolset.
        """
        inner = data["data"]
        lazy = super().from_dict({**data, "data": {**inner, "eager_connect": False}})
        settings = {name: getattr(lazy, name) for name in _SETTINGS}
        extra = {name: inner[name] for name in ("on_unauthorized",) if inner.get(name) is not None}
        return cls(**settings | {"eager_connect": inner.get("eager_connect", False)}, **extra)

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """Make a toolset of the same settings, which uses the same sessions and has connections of its own."""
        settings: dict[str, Any] = {name: getattr(self, name) for name in _SETTINGS}
        settings["eager_connect"] = False
        copy = type(self)(**settings, on_unauthorized=self.on_unauthorized)
        copy.eager_connect, copy._is_warm, copy._added = self.eager_connect, self._is_warm, self._added.copy()
        return copy

    def _connect_eagerly(self) -> None:
        try:
            self.warm_up()
        except MCPToolNotFoundError:
            self.close()  # the caller gets no toolset to close
            raise

    def _mappings(self) -> dict[str, dict[str, Any]]:
        return {name: getattr(self, name) for name in ("inputs_from_state", "outputs_to_state", "outputs_to_string")}

    def _at_hand(self) -> list[types.Tool] | None:
        """Give what was listed for the current user, from memory."""
        assert self._opening is not None  # noqa: S101 - only asked where the server info is ours
        return None if self._opening.has_no_user() else self._opening.at_hand

    def _needs_warming_up(self) -> bool:
        """Tell whether the tools of the current user are not known; if they are, by a call, so is where they are."""
        needs = self._at_hand() is None
        self._is_warm = self._is_warm or not needs
        return needs

    def _known(self) -> list[Tool] | None:
        """Give the tools that can be shown without connecting."""
        if self._toolbox is None:
            return self.tools
        listed = self._at_hand()
        return None if listed is None else self._with_added(self._toolbox.of(listed))

    def _with_added(self, tools: list[Tool]) -> list[Tool]:
        """Put the added tools after those of the server, without one that the server lists under the same name now."""
        names = {tool.name for tool in self._added}
        return [*(tool for tool in tools if tool.name not in names), *self._added]

    @contextmanager
    def _warming_up(self) -> Iterator[None]:
        """List the tools; where a person would have to log in and there is none, leave that to the first call."""
        assert self._opening is not None  # noqa: S101 - only called where the server info is ours
        try:
            yield
        except MCPAuthorizationError as error:
            is_left = wants_person(error) and self.on_unauthorized == "sign_in_tool"
            if not is_left and not self._opening.serves_nobody_now():
                raise
            _logger.info("the tools are listed when a user has logged in: {error}", error=type(error).__name__)
            self._is_looked_at = LOOKS_AFTER_WARMING_UP
        self._is_warm = True

    def _take(self, listed: list[types.Tool]) -> list[Tool]:
        """Make tools of a list that was just loaded, and refuse settings that do not fit it."""
        assert self._opening is not None and self._toolbox is not None  # noqa: S101, PT018 - see `tools`
        names = [tool.name for tool in listed]
        missing = [name for name in self.tool_names or () if name not in names]
        if missing:
            self._opening.client.forget_tools()  # so that the next run of this user is told so too
            message = f"The following tools were not found: {', '.join(missing)}. Available tools: {', '.join(names)}"
            raise MCPToolNotFoundError(message, missing[0], names)
        for kind, by_name in self._mappings().items():
            if unknown := by_name.keys() - set(names):
                tools = ", ".join(sorted(unknown))
                _logger.warning("{kind} names tools that the server does not list: {tools}", kind=kind, tools=tools)
        return self._toolbox.of(listed)

    def _current(self) -> list[Tool]:
        """Give the tools of the current user, from memory; a user who comes later than `warm_up` connects here."""
        assert self._opening is not None and self._toolbox is not None  # noqa: S101, PT018 - see `tools`
        listed = self._at_hand()
        if listed is not None:
            return self._toolbox.of(listed)
        if not self._is_warm:
            return self._given
        if self.on_unauthorized == "raise" and not self._is_only_looked_at():
            return self._take(self._opening.tools())
        return [self._sign_in]

    def _is_only_looked_at(self) -> bool:
        """Tell whether Haystack 2 looks at the tools that it has just warmed up, and no run needs them yet."""
        assert self._opening is not None  # noqa: S101 - only asked where the server info is ours
        is_first, self._is_looked_at = self._is_looked_at, False
        return is_first and self._opening.serves_nobody_now()


_SETTINGS = (
    *("server_info", "tool_names", "connection_timeout", "invocation_timeout"),
    *("inputs_from_state", "outputs_to_state", "outputs_to_string"),
)
"""What upstream's constructor takes and keeps under the same name."""


if hasattr(Toolset, "__add__"):
    setattr(MCPToolset, "__add__", plus)  # noqa: B010 - Haystack 3 has no such method to override
