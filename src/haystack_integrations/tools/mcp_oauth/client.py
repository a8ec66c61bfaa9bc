# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The clients of both transports. Each is one of upstream's classes too: `isinstance` means the same before and after.
"""

from contextlib import AsyncExitStack
from typing import Any

import mcp.client.sse
import mcp.client.streamable_http
from haystack_integrations.tools.mcp import SSEClient as UpstreamSSEClient
from haystack_integrations.tools.mcp import StreamableHttpClient as UpstreamStreamableHttpClient

from haystack_integrations.tools.mcp_oauth._accounts.authorizing_client import AuthorizingClient
from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate
from haystack_integrations.tools.mcp_oauth._mcp_session.http_client import guarded_client_class, library_of
from valetkey._adapters.event_stream import EventStream


class StreamableHttpClient(AuthorizingClient, UpstreamStreamableHttpClient):  # type: ignore[misc]  # its `oauth_config` is another class
    """MCP client over streamable HTTP that logs in when the server wants it."""

    transport = "streamable HTTP"

    async def _enter_transport(self, stack: AsyncExitStack, gate: Gate) -> tuple[Any, ...]:
        library = library_of(mcp.client.streamable_http)
        client_class = guarded_client_class(library, gate)
        http_client = await stack.enter_async_context(
            client_class(headers=self._access.headers, timeout=self.timeout, follow_redirects=True)
        )
        transport = mcp.client.streamable_http.streamable_http_client(self.url, http_client=http_client)
        return tuple(await stack.enter_async_context(transport))


class SSEClient(AuthorizingClient, UpstreamSSEClient):  # type: ignore[misc]  # its `oauth_config` is another class
    """MCP client over SSE that logs in when the server wants it."""

    transport = "SSE"

    async def _enter_transport(self, stack: AsyncExitStack, gate: Gate) -> tuple[Any, ...]:
        library = library_of(mcp.client.sse)
        client_class = guarded_client_class(library, gate, EventStream())

        def new_client(headers: Any = None, timeout: Any = None, auth: Any = None) -> Any:
            return client_class(headers=headers, timeout=timeout, auth=auth, follow_redirects=True)

        transport = mcp.client.sse.sse_client(
            self.url,
            headers=self._access.headers,
            timeout=self.timeout,
            httpx_client_factory=new_client,
        )
        return tuple(await stack.enter_async_context(transport))
