# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Valetkey: the OAuth of an MCP client, found, obtained, kept and renewed without configuration.

    OAuth              the `Auth` object for the clients of httpx2 and of httpx: OAuth("https://mcp.example.com/mcp")
    Secret             a text that is never shown
    RegisteredClient   a client that was registered by hand, for `clients=`
    PrivateKey         a key that signs for a client
    IdentityProvider   an organisation that vouches for its employee
    ScopeRequest       what `approve_scope` gets
    LogoutResult       what `OAuth.logout` returns

Every error is an `AuthError`, named for what the caller does next; `.hint` says it: TemporaryError, LoginRequired,
LoginFailed, Refused, ClientRefused, TokenRejected, ScopeMissing, Unsupported, TrustError, IssuerMismatch,
ResourceMismatch, InsecureEndpoint, StateMismatch, MalformedDocument, StoreError, StoreLocked, StoreBusy,
ConfigurationError.

    valetkey.httpx2           `MCPHttpClient` for the MCP SDK 2.x and FastMCP
    valetkey.httpx            the same for the MCP SDK 1.x
    valetkey.settings         every other option
    valetkey.login            ways to ask a person to log in
    valetkey.store            where sessions are kept
    valetkey.migrate          sessions of other programs
    valetkey.client_document  a client metadata document of your own
    valetkey.events           what happens, for a callback or in a file
    valetkey.telemetry        the same for OpenTelemetry
    valetkey.errors           the errors, as a tree
    valetkey.values           what a session is made of

`haystack_integrations.tools.mcp_oauth` has Haystack's MCP tools with all of it built in. `python -m valetkey` is the
command line. `docs/api.md` lists every public name.
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
    StoreBusy,
    StoreError,
    StoreLocked,
    TemporaryError,
    TokenRejected,
    TrustError,
    Unsupported,
)
from valetkey.values import Secret

if TYPE_CHECKING:
    from valetkey._adapters.oauth import OAuth
    from valetkey._engine.logout import LogoutResult
    from valetkey.settings.credentials import IdentityProvider, PrivateKey, RegisteredClient, ScopeRequest

    __version__: str

__all__ = [
    "AuthError",
    "ClientRefused",
    "ConfigurationError",
    "IdentityProvider",
    "InsecureEndpoint",
    "IssuerMismatch",
    "LoginFailed",
    "LoginRequired",
    "LogoutResult",
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
    "StoreBusy",
    "StoreError",
    "StoreLocked",
    "TemporaryError",
    "TokenRejected",
    "TrustError",
    "Unsupported",
]


_SETTINGS = frozenset({"IdentityProvider", "PrivateKey", "RegisteredClient", "ScopeRequest"})


def __getattr__(name: str) -> object:
    """
    Import a name when it is first used (PEP 562).

    `import valetkey.httpx` must load neither httpx2 nor the settings, which most programs need only later.
    """
    if name == "OAuth":
        from valetkey._adapters.oauth import OAuth

        return OAuth
    if name == "LogoutResult":
        from valetkey._engine.logout import LogoutResult

        return LogoutResult
    if name in _SETTINGS:
        from valetkey.settings import credentials

        return getattr(credentials, name)
    if name == "__version__":
        return _version()
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def _version() -> str:
    """Give the version of the distribution that is installed, which git has named when it was built."""
    from importlib import metadata

    try:
        return metadata.version("valetkey")
    except metadata.PackageNotFoundError:  # the source is used as it lies there
        return "0+unknown"


def __dir__() -> list[str]:
    """List the names too that are no attributes before they are first used."""
    return sorted({*globals(), *__all__})
