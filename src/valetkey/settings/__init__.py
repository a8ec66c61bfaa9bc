# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a user can set, and the checks of it. Nothing has to be set: the URL of an MCP server is enough."""

from valetkey.settings.credentials import (
    AssertionSource,
    IdentityProvider,
    PrivateKey,
    RegisteredClient,
    ScopeRequest,
    TokenSource,
)
from valetkey.settings.settings import GrantName, Settings

__all__ = [
    "AssertionSource",
    "GrantName",
    "IdentityProvider",
    "PrivateKey",
    "RegisteredClient",
    "ScopeRequest",
    "Settings",
    "TokenSource",
]
