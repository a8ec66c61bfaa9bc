# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Haystack's tools made of what an MCP server lists, the same objects for all users to whom it lists the same."""

import hashlib
import json
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from haystack.tools.tool import Tool
from mcp import types

from haystack_integrations.tools.mcp_oauth._tools.login_texts import not_signed_in
from haystack_integrations.tools.mcp_oauth._tools.opening import Opening, first_text, schema_of, wants_person
from haystack_integrations.tools.mcp_oauth._tools.refused_calls import (
    HAS_ASYNC_FUNCTION,
    IsAsking,
    ListedTool,
    RefusedCall,
)
from haystack_integrations.tools.mcp_oauth.errors import AuthorizationRequired, MCPAuthorizationError
from valetkey._adapters.framework import without_secrets

_LONGEST_NAME = 64
"""The characters that the APIs of language models allow in the name of a tool."""

_DIGEST = 6
"""The characters of a digest in the name of a tool, which has to differ from few others."""

_MOST_LISTS = 256


class Toolbox:
    """
    Makes Haystack's tools. Safe to use from any thread.

    `mappings` are the three mappings of a toolset, by tool name.
    """

    def __init__(
        self, opening: Opening, names: list[str] | None, seconds: float, mappings: dict[str, dict[str, Any]]
    ) -> None:
        self._opening, self._names, self._seconds, self._mappings = opening, names, seconds, mappings
        self._lock = threading.Lock()  # guards _made and _lists
        self._made: dict[str, tuple[types.Tool, Tool]] = {}
        self._lists: dict[int, tuple[list[types.Tool], list[Tool]]] = {}

    def of(self, listed: list[types.Tool]) -> list[Tool]:
        """Give the tools of a list; of one that was given before, the same ones."""
        with self._lock:
            kept = self._lists.get(id(listed))
            if kept is not None and kept[0] is listed:
                return kept[1]
            tools = [self._tool(each) for each in listed if self._names is None or each.name in self._names]
            if len(self._lists) >= _MOST_LISTS:
                del self._lists[next(iter(self._lists))]
            self._lists[id(listed)] = listed, tools
            return tools

    def _tool(self, listed: types.Tool) -> Tool:
        kept = self._made.get(listed.name)
        if kept is None or kept[0] != listed:
            self._made[listed.name] = kept = listed, self._make(listed)
        return kept[1]

    def _make(self, listed: types.Tool) -> Tool:
        opening, seconds, name = self._opening, self._seconds, listed.name
        mappings = {kind: by_name.get(name) for kind, by_name in self._mappings.items()}
        read: Callable[[str], Any] = first_text if mappings.get("outputs_to_state") else str

        def invoke(**arguments: Any) -> Any:
            return read(opening.call(name, arguments, seconds))

        async def invoke_async(**arguments: Any) -> Any:
            return read(await opening.call_async(name, arguments, seconds))

        description = listed.description or ""
        tool = new_tool(name, description, schema_of(listed), invoke, invoke_async, **mappings)
        tool._is_asking = is_asking_at(opening)
        return tool


def new_tool(
    name: str, description: str, parameters: dict[str, Any], function: Any, async_function: Any, **mappings: Any
) -> ListedTool:
    """Make a tool of Haystack, with a coroutine function where this Haystack takes one."""
    extra = {"async_function": async_function} if HAS_ASYNC_FUNCTION else {}
    return ListedTool(name=name, description=description, parameters=parameters, function=function, **extra, **mappings)


def sign_in_tool(opening: Opening, names: list[str] | None = None) -> Tool:
    """Make the tool that a user sees who has to log in: it gives the link, and after the login the tools' names."""
    url = opening.server_info.url or ""
    server = without_secrets(url, url)

    def sign_in() -> str:
        try:
            return _signed_in(server, opening.run(opening.client.tools_for_current()))
        except MCPAuthorizationError as error:
            return refused(error)

    async def sign_in_async() -> str:
        try:
            return _signed_in(server, await opening.tools_async())
        except MCPAuthorizationError as error:
            return refused(error)

    def refused(error: MCPAuthorizationError) -> str:
        if not wants_person(error):
            raise error
        text = not_signed_in(server, error)
        return RefusedCall.of(text, error, tool, {}, is_asking) if isinstance(error, AuthorizationRequired) else text

    text = (
        f"Signs the user in to {server}, whose tools can be used afterwards. "
        "Give the user the link that this tool answers, and call it again when the user has signed in."
    )
    parameters = {"type": "object", "properties": {}}
    tool = new_tool(_name_of_sign_in(opening, names), text, parameters, sign_in, sign_in_async)
    tool._is_asking = is_asking = is_asking_at(opening)
    return tool


def _name_of_sign_in(opening: Opening, names: list[str] | None) -> str:
    """
    Name it by the server's host, and so that no other toolset of an agent has the name, which Haystack refuses.

    What else tells one toolset from another stands in it as a digest: a path or a query may hold a secret.
    """
    parts, config = urlsplit(opening.server_info.url or ""), opening.server_info.oauth_config
    place = parts.netloc.rpartition("@")[2].lower()
    name = f"sign_in_to_{re.sub(r'[^a-z0-9]+', '_', place).strip('_') or 'server'}"
    label = config.label if config is not None else "default"
    rest = (parts.path.rstrip("/"), parts.query, label, sorted(names) if names else None)
    if rest == ("/mcp", "", "default", None) and len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(json.dumps((place, *rest)).encode()).hexdigest()[:_DIGEST]
    return f"{name[: _LONGEST_NAME - _DIGEST - 1]}_{digest}"


def is_asking_at(opening: Opening) -> IsAsking:
    """Give a function that tells whether a login waits for the person. A copy of a tool has the same one."""

    def is_asking(principal: str) -> bool:
        return opening.is_asking(principal)

    return is_asking


def _signed_in(server: str, tools: list[types.Tool]) -> str:
    return f"The user is signed in to {server}. Its tools can be used now: {', '.join(tool.name for tool in tools)}."
