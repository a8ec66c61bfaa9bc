# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the user may set. Nothing has to be: an MCP server's URL is enough."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urldefrag

from valetkey.profiles.catalog import AUTO
from valetkey.profiles.profile import BearerName
from valetkey.settings.credentials import (
    AssertionSource,
    IdentityProvider,
    PrivateKey,
    RegisteredClient,
    ScopeRequest,
    TokenSource,
)
from valetkey.values import ClientAuthentication, Scope, Secret

GrantName = Literal[
    "auto", "authorization_code", "device_code", "client_credentials", "workload_identity", "enterprise_managed"
]
_OF_MACHINES = frozenset({"client_credentials", "workload_identity", "enterprise_managed"})

_EXTENSIONS = {
    "client_credentials": "io.modelcontextprotocol/oauth-client-credentials",
    "enterprise_managed": "io.modelcontextprotocol/enterprise-managed-authorization",
    "workload_identity": "io.modelcontextprotocol/auth/wif",  # SEP-1933, a draft
}
_DPOP = "io.modelcontextprotocol/auth/dpop"  # SEP-1932, a draft

LOGIN_SECONDS = 300.0
"""How long a person has for a login."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """
    How one MCP server is reached, checked once when it is made.

    :param server_url: The URL of the MCP server.
    :param client_id: A client registered by hand; without one, Valetkey registers itself.
    :param client_secret: Its secret.
    :param client_authentication: How it authenticates; None lets the server's metadata decide.
    :param client_name: The name shown on consent pages when Valetkey registers itself.
    :param client_metadata_url: The URL of a Client ID Metadata Document of one's own, used where the server takes one.
    :param clients: Clients registered by hand, one for each issuer.
    :param private_key: The key a client signs with instead of showing a secret.
    :param client_assertion: Gives a signed assertion for an audience, instead of a key.
    :param assertion_audience: The audience of an assertion, for servers that do not take their issuer.
    :param initial_access_token: What allows a registration, for servers that want it.
    :param workload_token: The token a platform gives to a workload: a file, or a callable that gets the audience.
    :param identity_provider: The organisation's identity provider.
    :param issuer: The only authorization server to trust, exactly as its metadata names it.
    :param authorization_endpoint: Replaces what discovery finds; with `token_endpoint` and `client_id` nothing is
        discovered.
    :param token_endpoint: Replaces what discovery finds.
    :param registration_endpoint: Replaces what discovery finds.
    :param device_authorization_endpoint: Replaces what discovery finds, for a login on another device.
    :param resource: The `resource` value to send instead of the discovered one.
    :param send_resource: False leaves the `resource` parameter out; None lets the provider's profile decide.
    :param scope: Exactly this scope is asked for.
    :param offline_access: False never asks for `offline_access`; None asks where the server lists it.
    :param approve_scope: Asked before a person is asked for more scope; False declines.
    :param authorization_parameters: Further parameters of the authorization request.
    :param assume_pkce: True if the server supports S256 without announcing it.
    :param bearer: The token the MCP server wants to see, "access_token" or "id_token".
    :param dpop: True to bind every token to a key, False never to; None does where the MCP server demands it.
    :param redirect_uri: A fixed loopback address for the answer; without one, a free port is used.
    :param grant: "auto" takes what the other settings are for; a secret or key without a redirect address means client
        credentials, nothing at all means a login.
    :param login_timeout: Seconds a person has for a login.
    :param profile: What is known of the provider: "auto", "none" or a name.
    :param strict: True switches every tolerance in comparing identifiers off.
    :param principal: Whose session this is.
    :param label: Tells several sessions of one principal at one server apart.
    :raises ConfigurationError: If the settings contradict each other.
    """

    server_url: str
    client_id: str | None = None
    client_secret: Secret | None = None
    client_authentication: ClientAuthentication | None = None
    client_name: str = "Valetkey"
    client_metadata_url: str | None = None
    clients: tuple[RegisteredClient, ...] = ()
    private_key: PrivateKey | None = None
    client_assertion: AssertionSource | None = None
    assertion_audience: str | None = None
    initial_access_token: Secret | None = None
    workload_token: TokenSource | None = None
    identity_provider: IdentityProvider | None = None
    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    registration_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    resource: str | None = None
    send_resource: bool | None = None
    scope: Scope | None = None
    offline_access: bool | None = None
    approve_scope: Callable[[ScopeRequest], bool] | None = None
    authorization_parameters: tuple[tuple[str, str], ...] = ()
    assume_pkce: bool | None = None
    bearer: BearerName | None = None
    dpop: bool | None = None
    redirect_uri: str | None = None
    grant: GrantName = "auto"
    login_timeout: float = LOGIN_SECONDS
    profile: str = AUTO
    strict: bool = False
    principal: str = "local"
    label: str = "default"

    def __post_init__(self) -> None:
        # A fragment never reaches a server and is no part of a resource (RFC 8707 §2).
        object.__setattr__(self, "server_url", urldefrag(self.server_url).url)
        from valetkey.settings.checks import require_harmony  # loaded by who makes settings, not by who may

        require_harmony(self)

    @property
    def can_sign(self) -> bool:
        """True if the user's client proves itself with assertions."""
        return self.private_key is not None or self.client_assertion is not None

    @property
    def chosen_grant(self) -> GrantName:
        """The grant that "auto" stands for: what the settings are for."""
        if self.grant != "auto":
            return self.grant
        if self.workload_token is not None:
            return "workload_identity"
        if self.identity_provider is not None:
            return "enterprise_managed"
        proves = self.client_secret is not None or (self.can_sign and self.client_id is not None)
        return "client_credentials" if proves and self.redirect_uri is None else "authorization_code"

    @property
    def extensions(self) -> dict[str, dict[str, object]]:
        """
        What an MCP client has to declare among its capabilities for these settings (`clientCapabilities.extensions`).

        Nothing, unless the user has chosen an extension.
        """
        named = _EXTENSIONS.get(self.chosen_grant)
        declared: dict[str, dict[str, object]] = {named: {}} if named is not None else {}
        if self.dpop:
            declared[_DPOP] = {}
        return declared

    @property
    def profile_members(self) -> dict[str, object]:
        """What the user has set of a provider's profile; None where it is left open."""
        return {
            "send_resource": True if self.resource is not None else self.send_resource,
            "assume_pkce": self.assume_pkce,
            "authorization_parameters": self.authorization_parameters,
        }

    @property
    def is_machine(self) -> bool:
        """True if a token can be had without a person."""
        return self.chosen_grant in _OF_MACHINES

    @property
    def named_urls(self) -> tuple[str, ...]:
        """The URLs of authorization servers that the user has named, and so trusts wherever they live."""
        given = (
            self.issuer,
            self.authorization_endpoint,
            self.token_endpoint,
            self.registration_endpoint,
            self.device_authorization_endpoint,
            *(client.issuer for client in self.clients),
        )
        return tuple(url for url in given if url is not None)

    @property
    def needs_no_discovery(self) -> bool:
        """True if the user gave everything that discovery could find."""
        if self.client_id is None or self.token_endpoint is None or self.chosen_grant == "device_code":
            return False
        return self.is_machine or self.authorization_endpoint is not None
