# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Valetkey: the OAuth of an MCP client, found, obtained, kept and renewed without configuration.

`OAuth` is an `Auth` object for clients over httpx2; `valetkey.httpx.OAuth` is the same for httpx.
`haystack_integrations.tools.mcp_oauth` has Haystack's MCP tools with it built in.
"""

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from valetkey.httpx2 import OAuth

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
    "OAuth",
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


def __getattr__(name: str) -> object:
    """Import `OAuth` when it is first used: `import valetkey.httpx` must not load httpx2 (PEP 562)."""
    if name == "OAuth":
        from valetkey.httpx2 import OAuth

        return OAuth
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """List `OAuth` too, which is no attribute before it is first used."""
    return sorted({*globals(), *__all__})
