# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Haystack's tool of an MCP server that may want a login.

It is upstream's class by name, signature and `isinstance`. With a server info of this package, connecting and calling
are done here, for the user of each call; with any other, upstream's class does it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from haystack.core.serialization import generate_qualified_class_name
from haystack.tools.tool import Tool
from haystack_integrations.tools.mcp import (
    MCPConnectionError,
    MCPError,
    MCPInvocationError,
    MCPServerInfo,
    MCPToolNotFoundError,
)
from haystack_integrations.tools.mcp import MCPTool as UpstreamMCPTool
from mcp import types

from haystack_integrations.tools.mcp_oauth._tools.opening import Opening, first_text, in_words, is_ours, schema_of
from haystack_integrations.tools.mcp_oauth._tools.refused_calls import HAS_ASYNC_FUNCTION, noting_refusals
from haystack_integrations.tools.mcp_oauth._tools.toolbox import is_asking_at
from haystack_integrations.tools.mcp_oauth.errors import MCPAuthorizationError


class MCPTool(UpstreamMCPTool):
    """
    A tool of an MCP server, as upstream has it, for the user of each call.

    A call for a user without a session is an error. There is no `on_unauthorized` as a toolset has it: the tool keeps
    its name, and what a model would be told about its arguments is not known before a login. For one tool of users who
    log in during a run, use `MCPToolset(server_info, [name], on_unauthorized="sign_in_tool")`.

    :param name: The name of the tool at the server.
    :param server_info: The MCP server and its settings.
    :param description: What the language model reads about the tool; None for the server's own words.
    :param connection_timeout: Seconds that a connection may take; a login has its own time.
    :param invocation_timeout: Seconds that a call may take.
    :param eager_connect: Whether to connect now; otherwise `warm_up` or the first call connects.
    :param outputs_to_string: How the result becomes a text.
    :param inputs_from_state: Which arguments come from the state of the agent.
    :param outputs_to_state: What of the result goes into the state of the agent.
    :raises MCPConnectionError: If it connects, and that fails.
    """

    _opening: Opening | None = None

    def __init__(
        self,
        name: str,
        server_info: MCPServerInfo,
        description: str | None = None,
        connection_timeout: int = 30,
        invocation_timeout: int = 30,
        eager_connect: bool = False,
        outputs_to_string: dict[str, Any] | None = None,
        inputs_from_state: dict[str, str] | None = None,
        outputs_to_state: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        mappings = outputs_to_string, inputs_from_state, outputs_to_state
        self._settings: tuple[Any, ...] = (
            server_info,
            description,
            connection_timeout,
            invocation_timeout,
            eager_connect,
            *mappings,
        )
        self._knows_schema = False
        if not is_ours(server_info):
            with in_words(server_info):
                super().__init__(
                    name, server_info, description, connection_timeout, invocation_timeout, eager_connect, *mappings
                )
            return
        self._opening = Opening(server_info, connection_timeout)
        Tool.__init__(
            self,
            name=name,
            description=description or "",
            parameters={"type": "object", "properties": {}, "additionalProperties": True},
            function=self._call,
            outputs_to_string=outputs_to_string,
            inputs_from_state=inputs_from_state,
            outputs_to_state=outputs_to_state,
            **({"async_function": self._call_async} if HAS_ASYNC_FUNCTION else {}),
        )
        if eager_connect:
            self._connect_eagerly()

    @property
    def server_info(self) -> MCPServerInfo:
        """The server info it was made with: how to log in ahead, to log out, and to see what was found."""
        info: MCPServerInfo = self._settings[0]
        return info

    def warm_up(self) -> None:
        """
        Connect and fetch the tool's schema, unless that is done already.

        On a thread that runs an event loop, no login is waited for; `warm_up_async` waits there. A service that names
        its users, and calls this while none is named, leaves that to its first user.

        :raises MCPServerError: If the server cannot be used.
        :raises MCPAuthorizationError: If the server wants a token and none can be obtained.
        :raises MCPToolNotFoundError: If the server does not list the tool.
        """
        if self._opening is None:
            with in_words(self.server_info):
                super().warm_up()
        elif not self._knows_schema:
            try:
                self._take(self._opening.tools_to_warm_up())
            except MCPAuthorizationError:
                if not self._opening.serves_nobody_now():
                    raise

    async def warm_up_async(self) -> None:
        """
        Do what `warm_up` does, from a task of any event loop; a login is waited for, and the loop goes on.

        :raises MCPServerError: If the server cannot be used.
        :raises MCPAuthorizationError: If the server wants a token and none can be obtained.
        :raises MCPToolNotFoundError: If the server does not list the tool.
        """
        if self._opening is None:
            await asyncio.to_thread(self.warm_up)
        elif not self._knows_schema:
            try:
                self._take(await self._opening.tools_to_warm_up_async())
            except MCPAuthorizationError:
                if not self._opening.serves_nobody_now():
                    raise

    def invoke(self, **kwargs: Any) -> Any:
        """
        Call the tool, as an agent does.

        :param kwargs: The arguments of the tool.
        :returns: The result as JSON; with `outputs_to_state`, its first text.
        :raises ToolInvocationError: If the call fails; its cause says why.
        """
        if self._opening is None:
            return super().invoke(**kwargs)
        with noting_refusals(self, kwargs, is_asking_at(self._opening)):
            return super().invoke(**kwargs)

    if HAS_ASYNC_FUNCTION:

        async def invoke_async(self, **kwargs: Any) -> Any:
            """
            Call the tool as an agent does that runs in an event loop.

            :param kwargs: The arguments of the tool.
            :returns: The result as JSON; with `outputs_to_state`, its first text.
            :raises ToolInvocationError: If the call fails; its cause says why.
            """
            if self._opening is None:
                return await super().invoke_async(**kwargs)
            with noting_refusals(self, kwargs, is_asking_at(self._opening)):
                return await super().invoke_async(**kwargs)

    async def ainvoke(self, **kwargs: Any) -> str | dict[str, Any]:
        """
        Call the tool from a task of any event loop.

        :param kwargs: The arguments of the tool.
        :returns: The result as JSON; with `outputs_to_state`, its first text.
        :raises MCPInvocationError: If the call fails.
        :raises TimeoutError: If it takes longer than `invocation_timeout`.
        """
        if self._opening is not None:
            answer: str | dict[str, Any] = await self._call_async(**kwargs)
            return answer
        await self.warm_up_async()
        return await super().ainvoke(**kwargs)

    def close(self) -> None:
        """End the MCP sessions of all users, and the waiting for a login; the next use connects anew."""
        if self._opening is None:
            super().close()
        else:
            self._knows_schema = False
            self._opening.close()

    async def close_async(self) -> None:
        """Do what `close` does, from a task of any event loop."""
        if self._opening is None:
            await asyncio.to_thread(self.close)
        else:
            self._knows_schema = False
            await self._opening.close_async()

    def __del__(self) -> None:
        """Close upstream's client; one of ours is closed by its `Opening`."""
        if self._opening is None:
            super().__del__()

    def to_dict(self) -> dict[str, Any]:
        """
        Serialize the tool to a dictionary.

        :returns: The dictionary: upstream's without its nulls, and without a description that is not known yet.
        """
        written = {"description": self.description or None, "server_info": self.server_info.to_dict()}
        data = {"name": self.name, **dict(zip(_SETTINGS, self._settings, strict=True)), **written}
        given = {name: value for name, value in data.items() if value is not None}
        return {"type": generate_qualified_class_name(type(self)), "data": given}

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """Make a tool of the same settings, which uses the same sessions and has connections of its own."""
        settings = {**dict(zip(_SETTINGS, self._settings, strict=True)), "eager_connect": False}
        copy = type(self)(self.name, **settings)
        copy._settings, copy.description = self._settings, self.description
        if self._opening is not None:
            copy.parameters, copy._knows_schema = self.parameters, self._knows_schema
        return copy

    def _get_valid_inputs(self) -> set[str] | None:  # type: ignore[override]  # None, as upstream has it: not known yet
        if self._opening is None:
            return super()._get_valid_inputs()
        return set(self.parameters.get("properties", {})) if self._knows_schema else None

    def _connect_eagerly(self) -> None:
        try:
            self.warm_up()
        except MCPConnectionError:
            self.close()
            raise
        except Exception as error:
            self.close()
            message = f"Failed to initialize MCPTool '{self.name}': {error}"
            raise MCPConnectionError(message, self.server_info, "initialize") from error

    def _take(self, listed: list[types.Tool]) -> None:
        """Take the schema of this tool from the list of all."""
        found = next((each for each in listed if each.name == self.name), None)
        if found is None:
            names = [each.name for each in listed]
            message = f"Tool '{self.name}' not found on server. Available tools: {', '.join(names) or 'none'}"
            raise MCPToolNotFoundError(message, self.name, names)
        schema = {**schema_of(found)}
        properties, taken = {**schema.get("properties", {})}, set((self.inputs_from_state or {}).values())
        if unknown := taken - properties.keys():
            message = (
                f"inputs_from_state names unknown parameters: {sorted(unknown)}. Valid ones: {sorted(properties)}."
            )
            raise ValueError(message)
        if taken:  # the model is not asked for them, as upstream has it
            schema["properties"] = {name: each for name, each in properties.items() if name not in taken}
            schema["required"] = [name for name in schema.get("required", []) if name not in taken]
        self.parameters, self.description = schema, self.description or found.description or ""
        self._knows_schema = True

    def _call(self, **arguments: Any) -> Any:
        assert self._opening is not None  # noqa: S101 - it is this tool's function only with a server info of ours
        self.warm_up()
        with _as_upstream_tells(self.name, arguments):
            return self._read(self._opening.call(self.name, arguments, self._settings[3]))

    async def _call_async(self, **arguments: Any) -> Any:
        assert self._opening is not None  # noqa: S101 - as above
        await self.warm_up_async()
        with _as_upstream_tells(self.name, arguments):
            return self._read(await self._opening.call_async(self.name, arguments, self._settings[3]))

    def _read(self, answer: str) -> Any:
        return first_text(answer) if self.outputs_to_state else answer


_SETTINGS = (
    *("server_info", "description", "connection_timeout", "invocation_timeout", "eager_connect"),
    *("outputs_to_string", "inputs_from_state", "outputs_to_state"),
)
"""What the constructor takes after the name."""


@contextmanager
def _as_upstream_tells(name: str, arguments: dict[str, Any]) -> Iterator[None]:
    """Raise what upstream's tool raises: errors of MCP and time-outs as they are, every other as a failed call."""
    try:
        yield
    except (MCPError, MCPInvocationError, TimeoutError):
        raise
    except Exception as error:
        message = f"Failed to invoke tool '{name}' with args: {arguments}, got error: {error!s}"
        raise MCPInvocationError(message, name, arguments) from error
