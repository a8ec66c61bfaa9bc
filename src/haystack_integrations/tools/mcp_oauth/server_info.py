# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Upstream's server infos, with clients that log in."""

from dataclasses import dataclass
from typing import Any

from haystack_integrations.tools.mcp import MCPClient
from haystack_integrations.tools.mcp import SSEServerInfo as UpstreamSSEServerInfo
from haystack_integrations.tools.mcp import StreamableHttpServerInfo as UpstreamStreamableHttpServerInfo

from haystack_integrations.tools.mcp_oauth.client import AuthorizingClient, SSEClient, StreamableHttpClient
from haystack_integrations.tools.mcp_oauth.config import OAuthConfig


@dataclass
class StreamableHttpServerInfo(UpstreamStreamableHttpServerInfo):
    """
    A streamable HTTP MCP server that may want a login. The URL is enough.

    ```python
    from haystack_integrations.tools.mcp_oauth import MCPToolset, StreamableHttpServerInfo

    toolset = MCPToolset(StreamableHttpServerInfo(url="https://mcp.example.com/mcp"))
    ```

    A server that wants no login, and one that gets a static `token` or `Authorization` header, is used as upstream
    uses it.

    :param url: Full URL of the MCP server.
    :param token: Static token; with it there is no login.
    :param headers: Custom HTTP headers.
    :param timeout: Timeout of an HTTP request in seconds.
    :param oauth_config: Settings for the login, all of them optional.
    """

    oauth_config: OAuthConfig | None = None  # type: ignore[assignment]  # upstream's class is converted

    def __post_init__(self) -> None:
        """Validate the settings."""
        super().__post_init__()
        if self.oauth_config is not None:
            self.oauth_config = OAuthConfig.from_upstream(self.oauth_config)

    def create_client(self) -> MCPClient:
        """
        Create a client; if the server wants a login, it happens here, in the caller's thread.

        :returns: The client, already connected where the server has answered.
        :raises MCPAuthorizationError: If no token can be obtained.
        """
        if _has_own_credential(self):
            return super().create_client()
        return _opened(StreamableHttpClient(self))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "StreamableHttpServerInfo":
        """
        Deserialize a server info from a dictionary.

        :param data: Dictionary created by `to_dict`.
        :returns: The server info.
        """
        info = super().from_dict(_with_config(data))
        assert isinstance(info, cls)  # noqa: S101 - upstream's annotation is wider than what it does
        return info


@dataclass
class SSEServerInfo(UpstreamSSEServerInfo):
    """
    An SSE MCP server that may want a login. The URL is enough.

    :param url: Full URL of the MCP server, including its SSE endpoint.
    :param base_url: Base URL of the MCP server (deprecated, use url instead).
    :param token: Static token; with it there is no login.
    :param headers: Custom HTTP headers.
    :param timeout: Timeout of an HTTP request in seconds.
    :param oauth_config: Settings for the login, all of them optional.
    """

    oauth_config: OAuthConfig | None = None  # type: ignore[assignment]  # upstream's class is converted

    def __post_init__(self) -> None:
        """Validate the settings."""
        super().__post_init__()
        if self.oauth_config is not None:
            self.oauth_config = OAuthConfig.from_upstream(self.oauth_config)

    def create_client(self) -> MCPClient:
        """
        Create a client; if the server wants a login, it happens here, in the caller's thread.

        :returns: The client, already connected where the server has answered.
        :raises MCPAuthorizationError: If no token can be obtained.
        """
        if _has_own_credential(self):
            return super().create_client()
        return _opened(SSEClient(self))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "SSEServerInfo":
        """
        Deserialize a server info from a dictionary.

        :param data: Dictionary created by `to_dict`.
        :returns: The server info.
        """
        info = super().from_dict(_with_config(data))
        assert isinstance(info, cls)  # noqa: S101 - upstream's annotation is wider than what it does
        return info


def _opened(client: AuthorizingClient) -> AuthorizingClient:
    client.open()
    return client


def _has_own_credential(info: StreamableHttpServerInfo | SSEServerInfo) -> bool:
    names = {name.lower() for name in info.headers or {}}
    return info.token is not None or "authorization" in names


def _with_config(data: dict[str, Any]) -> dict[str, Any]:
    """Upstream's `from_dict` would make an `oauth_config` of its own class; it leaves an object alone."""
    config = data.get("oauth_config")
    return {**data, "oauth_config": OAuthConfig.from_dict(config)} if isinstance(config, dict) else data
