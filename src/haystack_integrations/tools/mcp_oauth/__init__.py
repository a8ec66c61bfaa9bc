# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Haystack's MCP tools with a login that happens by itself.

Change one import line, from `haystack_integrations.tools.mcp` to this package; names and signatures are the same.
"""

try:
    from haystack_integrations.tools.mcp import (
        MCPClient,
        MCPConnectionError,
        MCPError,
        MCPInvocationError,
        MCPServerInfo,
        MCPToolNotFoundError,
        StdioClient,
        StdioServerInfo,
    )
except ModuleNotFoundError as _missing:
    _message = "Haystack's MCP tools are not installed. Install them: pip install 'valetkey[haystack]'."
    raise ModuleNotFoundError(_message, name=_missing.name) from _missing

from haystack_integrations.tools.mcp_oauth.client import SSEClient, StreamableHttpClient
from haystack_integrations.tools.mcp_oauth.config import OAuthConfig
from haystack_integrations.tools.mcp_oauth.credentials import IdentityProvider, RegisteredClient
from haystack_integrations.tools.mcp_oauth.errors import (
    AuthorizationRequired,
    MCPAuthorizationError,
    MCPServerError,
    MCPServerTimeoutError,
)
from haystack_integrations.tools.mcp_oauth.hook import AuthorizationHook
from haystack_integrations.tools.mcp_oauth.loading import load_ahead
from haystack_integrations.tools.mcp_oauth.network import ClientCertificate, Network
from haystack_integrations.tools.mcp_oauth.principals import as_user, current_user
from haystack_integrations.tools.mcp_oauth.server_info import SSEServerInfo, StreamableHttpServerInfo
from haystack_integrations.tools.mcp_oauth.tool import MCPTool
from haystack_integrations.tools.mcp_oauth.toolset import MCPToolset
from haystack_integrations.tools.mcp_oauth.upstream_config import InMemoryTokenStorage

__all__ = [
    "AuthorizationHook",
    "AuthorizationRequired",
    "ClientCertificate",
    "IdentityProvider",
    "InMemoryTokenStorage",
    "MCPAuthorizationError",
    "MCPClient",
    "MCPConnectionError",
    "MCPError",
    "MCPInvocationError",
    "MCPServerError",
    "MCPServerInfo",
    "MCPServerTimeoutError",
    "MCPTool",
    "MCPToolNotFoundError",
    "MCPToolset",
    "Network",
    "OAuthConfig",
    "RegisteredClient",
    "SSEClient",
    "SSEServerInfo",
    "StdioClient",
    "StdioServerInfo",
    "StreamableHttpClient",
    "StreamableHttpServerInfo",
    "as_user",
    "current_user",
]

load_ahead()
