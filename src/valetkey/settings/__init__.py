# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What a user can set, and the checks of it. Nothing has to be set: the URL of an MCP server is enough.

`Options` declares what is the same in Python and in Haystack's YAML. `Settings` adds what only Python has.
"""

from valetkey.settings.credentials import (
    AssertionSource,
    IdentityProvider,
    PrivateKey,
    RegisteredClient,
    ScopeRequest,
    TokenSource,
)
from valetkey.settings.network import ClientCertificate, Network
from valetkey.settings.options import GrantName, Options
from valetkey.settings.settings import Settings

__all__ = [
    "AssertionSource",
    "ClientCertificate",
    "GrantName",
    "IdentityProvider",
    "Network",
    "Options",
    "PrivateKey",
    "RegisteredClient",
    "ScopeRequest",
    "Settings",
    "TokenSource",
]
