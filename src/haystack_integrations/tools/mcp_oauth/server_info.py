# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Upstream's server infos, with clients that log in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from haystack.core.serialization import generate_qualified_class_name
from haystack_integrations.tools.mcp import MCPClient, MCPServerInfo
from haystack_integrations.tools.mcp import SSEServerInfo as UpstreamSSEServerInfo
from haystack_integrations.tools.mcp import StreamableHttpServerInfo as UpstreamStreamableHttpServerInfo

from haystack_integrations.tools.mcp_oauth._accounts.access import Access
from haystack_integrations.tools.mcp_oauth._accounts.authorizing_client import AuthorizingClient
from haystack_integrations.tools.mcp_oauth._settings.plain_data import write_fields
from haystack_integrations.tools.mcp_oauth.client import SSEClient, StreamableHttpClient
from haystack_integrations.tools.mcp_oauth.config import OAuthConfig
from valetkey._adapters.framework import LogoutResult
from valetkey._adapters.unforeseen import as_auth_error
from valetkey.errors import AuthError
from valetkey.values import Session


class _WithLogin(MCPServerInfo):
    """What the server infos of both transports share; a base class that extends the methods of upstream's class."""

    _client_class: ClassVar[type[AuthorizingClient]]
    token: Any
    max_retries: int
    base_delay: float
    max_delay: float
    headers: Any
    oauth_config: Any

    def __post_init__(self) -> None:
        """Validate the settings."""
        super().__post_init__()  # type: ignore[misc]  # of upstream's dataclass
        if self.oauth_config is not None:
            self.oauth_config = OAuthConfig.from_upstream(self.oauth_config)

    def create_client(self) -> MCPClient:
        """
        Create a client; if the MCP server wants a login, it happens now, in the caller's thread.

        On a thread that runs an event loop, the client only connects when `connect` is awaited.

        :returns: The client, already connected where the server has answered.
        :raises MCPAuthorizationError: If no token can be obtained.
        """
        client = self.new_client()
        client.open()
        return client

    def new_client(self) -> AuthorizingClient:
        """
        Create a client that has not connected yet: its `aclose` ends the login that its `open` waits for.

        :returns: The client.
        :raises MCPAuthorizationError: If the settings contradict each other.
        """
        return self._client_class(self, self.max_retries, self.base_delay, self.max_delay)  # type: ignore[arg-type]  # it is either

    def login(self, *, seconds: float | None = None) -> Session | None:
        """
        Log in ahead of time. The MCP server is asked first; a session that it accepts is used, and no person is asked.

        All tools with this server info, or an equal one, use the session.

        :param seconds: How long to wait in seconds, for a person too; None waits as long as the login may take.
        :returns: The session; None if the server neither wants nor offers a login.
        :raises MCPAuthorizationError: If the login fails, the server info has a credential of its own, or this thread
            runs an event loop, where `login_async` is to be used.
        """
        with self._access("login") as access:
            return access.engine.login(seconds=seconds)

    async def login_async(self, *, seconds: float | None = None) -> Session | None:
        """
        Do what `login` does, from a task of any event loop.

        :param seconds: How long to wait in seconds, for a person too; None waits as long as the login may take.
        :returns: The session; None if the server neither wants nor offers a login.
        :raises MCPAuthorizationError: If the login fails, or the server info has a credential of its own.
        """
        with self._access("login") as access:
            return await access.engine.login_async(seconds=seconds)

    def logout(self) -> LogoutResult:
        """
        Log out: revoke the tokens where the authorization server offers that, and forget the session in any case.

        The next call of a tool logs in anew if the MCP server wants it.

        :returns: Whether there was a session, whether it was revoked, and what the server has not done.
        :raises MCPAuthorizationError: If the session cannot be deleted, or the server info has a credential of its own.
        """
        with self._access("logout") as access:
            return access.engine.logout()

    async def logout_async(self) -> LogoutResult:
        """
        Do what `logout` does, from a task of any event loop.

        :returns: Whether there was a session, whether it was revoked, and what the server has not done.
        :raises MCPAuthorizationError: If the session cannot be deleted, or the server info has a credential of its own.
        """
        with self._access("logout") as access:
            return await access.engine.logout_async()

    @property
    def found(self) -> OAuthConfig | None:
        """The settings with what the last login has found, and no token; None while there is no session."""
        access = Access(self)
        access.engine.look()
        return access.oauth_config if access.engine.is_known() else None

    @contextmanager
    def _access(self, operation: str) -> Iterator[Access]:
        access = Access(self)
        access.require_login(operation)
        access.take_interest()  # so that no client that is closed meanwhile breaks the login off
        try:
            with as_auth_error:
                yield access
        except AuthError as error:
            raise access.failed(error, operation) from error

    def to_dict(self) -> dict[str, Any]:
        """
        Serialize this server info to a dictionary.

        :returns: Dictionary representation of this server info: what was set, and nothing that has its default.
        """
        return {"type": generate_qualified_class_name(type(self)), **write_fields(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """
        Deserialize a server info from a dictionary.

        :param data: Dictionary created by `to_dict`.
        :returns: The server info.
        """
        config = data.get("oauth_config")
        if isinstance(config, dict):  # upstream would make one of its own class; it leaves an object alone
            data = {**data, "oauth_config": OAuthConfig.from_dict(config)}
        if isinstance(data.get("headers"), dict):  # it would change those of the caller
            data = {**data, "headers": {**data["headers"]}}
        info = super().from_dict(data)
        assert isinstance(info, cls)  # noqa: S101 - upstream's annotation is wider than what it does
        return info


@dataclass
class StreamableHttpServerInfo(_WithLogin, UpstreamStreamableHttpServerInfo):
    """
    A streamable HTTP MCP server that may want a login. The URL is enough.

    ```python
    from haystack_integrations.tools.mcp_oauth import MCPToolset, StreamableHttpServerInfo

    toolset = MCPToolset(StreamableHttpServerInfo(url="https://mcp.example.com/mcp"))
    ```

    A server that wants no login, and one that gets a static `token` or `Authorization` header, sees the requests that
    it sees from upstream's client.

    :param url: Full URL of the MCP server.
    :param token: Static token; with it there is no login.
    :param headers: Custom HTTP headers.
    :param timeout: Timeout of an HTTP request in seconds.
    :param oauth_config: Settings for the login, all of them optional.
    """

    _client_class: ClassVar[type[AuthorizingClient]] = StreamableHttpClient

    oauth_config: OAuthConfig | None = None  # type: ignore[assignment]  # upstream's class is converted


@dataclass
class SSEServerInfo(_WithLogin, UpstreamSSEServerInfo):
    """
    An SSE MCP server that may want a login. The URL is enough.

    :param url: Full URL of the MCP server, including its SSE endpoint.
    :param base_url: Base URL of the MCP server (deprecated, use url instead).
    :param token: Static token; with it there is no login.
    :param headers: Custom HTTP headers.
    :param timeout: Timeout of an HTTP request in seconds.
    :param oauth_config: Settings for the login, all of them optional.
    """

    _client_class: ClassVar[type[AuthorizingClient]] = SSEClient

    oauth_config: OAuthConfig | None = None  # type: ignore[assignment]  # upstream's class is converted
