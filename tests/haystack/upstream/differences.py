# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The tests of mcp-haystack that fail with our classes on purpose, each with its reason."""

_NAME = "It expects upstream's module in the serialised type; ours stands there, so that ours is loaded again."
_ENGINE = "It looks for the SDK's OAuth provider; here the engine logs in, and there is no `create_auth` to be used."
_STORE = "It expects an object that stores tokens; here the store has a name, and a session is more than a token."
_SUPPORTED = "It expects `OAuthConfig` to refuse a person's login, or a client without a secret; here both work."
_MOCK = "It puts a mock into the client as its session; our client has a session for each user."

DIFFERENCES = {
    "test_mcp_server_info.TestMCPServerInfo::test_http_server_info_serde": _NAME,
    "test_mcp_server_info.TestMCPServerInfo::test_streamable_http_server_info_serde": _NAME,
    "test_mcp_server_info.TestMCPServerInfo::test_streamable_http_server_info_with_secret_token": _NAME,
    "test_mcp_timeout_reconnection.TestMCPTimeoutReconnection::test_retry_logic_with_mock": _MOCK,
    "test_mcp_tool.TestMCPTool::test_mcp_tool_serde": _NAME,
    "test_mcp_toolset.TestMCPToolset::test_toolset_serde": _NAME,
    "test_mcp_toolset.TestMCPToolset::test_toolset_serde_with_tool_names": _NAME,
    "test_oauth.TestClientsWithOAuth::test_no_auth_without_oauth_config": _ENGINE,
    "test_oauth.TestClientsWithOAuth::test_sse_client_passes_auth": _ENGINE,
    "test_oauth.TestClientsWithOAuth::test_streamable_http_client_passes_auth_and_reuses_it": _ENGINE,
    "test_oauth.TestOAuthConfig::test_create_auth": _ENGINE,
    "test_oauth.TestOAuthConfig::test_create_auth_with_issuer": _ENGINE,
    "test_oauth.TestOAuthConfig::test_create_auth_with_issuer_on_sdk_without_issuer_support": _ENGINE,
    "test_oauth.TestOAuthConfig::test_create_auth_with_unresolved_secret": _ENGINE,
    "test_oauth.TestOAuthConfig::test_defaults": "Its defaults are for client credentials; here the server decides.",
    "test_oauth.TestOAuthConfig::test_each_config_gets_its_own_storage": _STORE,
    "test_oauth.TestOAuthConfig::test_from_dict": _STORE,
    "test_oauth.TestOAuthConfig::test_to_dict": "Its dictionary has the defaults too; ours has what was set.",
    "test_oauth.TestOAuthConfig::test_unsupported_grant_type": _SUPPORTED,
    "test_oauth.TestOAuthConfig::test_unsupported_token_endpoint_auth_method": _SUPPORTED,
}
