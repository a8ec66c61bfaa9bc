# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Valetkey: the OAuth of an MCP client, found, obtained, kept and renewed without configuration.

`valetkey.httpx2.OAuth` and `valetkey.httpx.OAuth` are `Auth` objects for HTTP clients;
`haystack_integrations.tools.mcp_oauth` has Haystack's MCP tools with them built in.
"""

from valetkey.errors import (
    AuthError,
    ClientRefused,
    ConfigurationError,
    InsecureEndpoint,
    IssuerMismatch,
    LoginFailed,
    LoginRequired,
    MalformedDocument,
    Refused,
    ResourceMismatch,
    ScopeMissing,
    StateMismatch,
    StoreError,
    StoreLocked,
    TemporaryError,
    TokenRejected,
    TrustError,
    Unsupported,
)
from valetkey.settings.credentials import IdentityProvider, PrivateKey, RegisteredClient, ScopeRequest
from valetkey.values import Secret

__version__ = "0.1.0"

__all__ = [
    "AuthError",
    "ClientRefused",
    "ConfigurationError",
    "IdentityProvider",
    "InsecureEndpoint",
    "IssuerMismatch",
    "LoginFailed",
    "LoginRequired",
    "MalformedDocument",
    "PrivateKey",
    "Refused",
    "RegisteredClient",
    "ResourceMismatch",
    "ScopeMissing",
    "ScopeRequest",
    "Secret",
    "StateMismatch",
    "StoreError",
    "StoreLocked",
    "TemporaryError",
    "TokenRejected",
    "TrustError",
    "Unsupported",
]
