# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Upstream's tools; where their own clock ends, the error says which server has not answered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from haystack_integrations.tools.mcp import MCPConnectionError, MCPServerInfo
from haystack_integrations.tools.mcp import MCPTool as UpstreamMCPTool
from haystack_integrations.tools.mcp import MCPToolset as UpstreamMCPToolset

from haystack_integrations.tools.mcp_oauth.errors import MCPAuthorizationError, MCPServerError, MCPServerTimeoutError
from valetkey._adapters.framework import without_secrets


@contextmanager
def _in_words(server_info: Any) -> Iterator[None]:
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


def _telling(make: Callable[..., None]) -> Callable[..., None]:
    """Wrap upstream's `__init__`, which connects where `eager_connect` is set; the signature stays."""

    @wraps(make)
    def telling(self: Any, *arguments: Any, **settings: Any) -> None:
        given = dict(zip(_POSITIONS[make], arguments, strict=False)) | settings
        with _in_words(given.get("server_info")):
            make(self, *arguments, **settings)

    return telling


_POSITIONS = {UpstreamMCPTool.__init__: ("name", "server_info"), UpstreamMCPToolset.__init__: ("server_info",)}


class MCPTool(UpstreamMCPTool):
    """A tool of an MCP server, as upstream has it."""

    if not TYPE_CHECKING:
        __init__ = _telling(UpstreamMCPTool.__init__)

    @property
    def server_info(self) -> MCPServerInfo:
        """The server info it was made with: how to log in ahead, to log out, and to see what was found."""
        return self._server_info

    def warm_up(self) -> None:
        """
        Connect and fetch the tool's schema, unless connected already.

        :raises MCPServerError: If the server cannot be used.
        :raises MCPAuthorizationError: If the server wants a token and none can be obtained.
        """
        with _in_words(self._server_info):
            super().warm_up()


class MCPToolset(UpstreamMCPToolset):
    """The tools of an MCP server, as upstream has them."""

    if not TYPE_CHECKING:
        __init__ = _telling(UpstreamMCPToolset.__init__)

    def warm_up(self) -> None:
        """
        Connect and load the tools, unless connected already.

        :raises MCPServerError: If the server cannot be used.
        :raises MCPAuthorizationError: If the server wants a token and none can be obtained.
        """
        with _in_words(self.server_info):
            super().warm_up()
