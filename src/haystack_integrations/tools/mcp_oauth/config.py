# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What may be set for the login of an MCP server. All of it is optional, and all of it may stand in a YAML file."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from haystack.utils import Secret, deserialize_secrets_inplace

from haystack_integrations.tools.mcp_oauth.identities import (
    IdentityProvider,
    RegisteredClient,
    TokenSource,
    read_source,
    resolve_secret,
    to_private_key,
    to_token_source,
    write_source,
)
from valetkey import values
from valetkey.errors import ConfigurationError
from valetkey.login import LoginName
from valetkey.profiles.catalog import find_profile
from valetkey.profiles.profile import STANDARD, BearerName
from valetkey.settings.credentials import ScopeRequest
from valetkey.settings.settings import LOGIN_SECONDS, GrantName, Settings

_UPSTREAM_MEMORY = "InMemoryTokenStorage"
_SECRETS = ("client_secret", "private_key", "initial_access_token")
_SOURCES = frozenset({"client_assertion", "workload_token", "approve_scope"})


@dataclass
class OAuthConfig:
    """
    OAuth settings for one MCP server.

    Nothing has to be set. Field names that `haystack_integrations.tools.mcp.OAuthConfig` has mean the same here.

    Usage example for a machine:
    ```python
    from haystack.utils import Secret
    from haystack_integrations.tools.mcp_oauth import MCPToolset, OAuthConfig, StreamableHttpServerInfo

    server_info = StreamableHttpServerInfo(
        url="https://mcp.example.com/mcp",
        oauth_config=OAuthConfig(
            client_id="my-job",
            client_secret=Secret.from_env_var("MCP_CLIENT_SECRET"),
            issuer="https://auth.example.com",
        ),
    )
    toolset = MCPToolset(server_info)
    ```

    :param client_id: A client registered by hand; without one, Valetkey registers itself.
    :param client_secret: Its secret. With a secret and no `redirect_uri`, the client credentials grant is used.
    :param issuer: The only authorization server to trust, exactly as its metadata names it.
    :param scopes: Exactly these scopes are asked for.
    :param token_endpoint_auth_method: "none", "client_secret_basic", "client_secret_post" or "private_key_jwt"; None
        lets the authorization server's metadata decide.
    :param grant_type: "auto", "authorization_code", "device_code", "client_credentials", "workload_identity" or
        "enterprise_managed".
    :param token_storage: Where sessions are kept: "memory:", "sqlite:///path/to/file", "redis://host" or
        "postgresql://host/database". None means the environment variable VALETKEY_STORE, and without it a file in the
        user's folder for application data.
    :param redirect_uri: A fixed loopback address for the answer of a login, for a client registered with it.
    :param authorization_endpoint: Replaces what discovery finds.
    :param token_endpoint: Replaces what discovery finds.
    :param registration_endpoint: Replaces what discovery finds.
    :param device_authorization_endpoint: Replaces what discovery finds, for a login on another device.
    :param resource: The `resource` value to send instead of the discovered one.
    :param client_name: The name shown on consent pages when Valetkey registers itself.
    :param login: How a person is asked: "auto" (browser and printed link), "link" (only printed), "paste" (the answer
        is pasted) or "never".
    :param login_timeout: Seconds a person has for a login.
    :param strict: True switches every tolerance in comparing identifiers off.
    :param client_metadata_url: The URL of a Client ID Metadata Document of your own, used where the server takes one.
    :param clients: Clients registered by hand, one for each issuer, instead of `client_id`.
    :param private_key: The key the client signs with instead of showing a secret: the path of a PEM file, or a secret
        with its text.
    :param signing_algorithm: Its algorithm, for example "ES256"; None lets the key and the server decide.
    :param client_assertion: A function that gives a signed assertion for an audience, instead of a key.
    :param assertion_audience: The audience of assertions, for servers that do not take their own issuer.
    :param initial_access_token: What allows a registration at `issuer`, for servers that want it.
    :param workload_token: The token a platform gives to this workload: the path of its file, or a function that gets
        the audience.
    :param identity_provider: The organisation's identity provider, for enterprise-managed authorization.
    :param send_resource: False leaves the `resource` parameter out; None lets the provider's profile decide.
    :param offline_access: False never asks for `offline_access`; None asks where the server lists it.
    :param approve_scope: A function that is asked before a person is asked for more scope; False declines.
    :param authorization_parameters: Further parameters of the authorization request.
    :param assume_pkce: True if the server supports S256 without announcing it.
    :param bearer: The token the MCP server wants to see, "access_token" or "id_token".
    :param dpop: True to bind every token to a key, False never to; None does where the MCP server demands it.
    :param profile: What is known of the provider: "auto", "none" or a name.
    """

    client_id: str | None = None
    client_secret: Secret | None = field(default=None, repr=False)  # Haystack 2 shows a secret given as text
    issuer: str | None = None
    scopes: list[str] | None = None
    token_endpoint_auth_method: str | None = None
    grant_type: GrantName = "auto"
    token_storage: str | None = None
    redirect_uri: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    registration_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    resource: str | None = None
    client_name: str = "Haystack"
    login: LoginName = "auto"
    login_timeout: float = LOGIN_SECONDS
    strict: bool = False
    client_metadata_url: str | None = None
    clients: list[RegisteredClient] = field(default_factory=list)
    private_key: Secret | str | None = field(default=None, repr=False)
    signing_algorithm: str | None = None
    client_assertion: Callable[[str], str] | None = None
    assertion_audience: str | None = None
    initial_access_token: Secret | None = field(default=None, repr=False)
    workload_token: TokenSource | None = None
    identity_provider: IdentityProvider | None = None
    send_resource: bool | None = None
    offline_access: bool | None = None
    approve_scope: Callable[[ScopeRequest], bool] | None = None
    authorization_parameters: dict[str, str] | None = None
    assume_pkce: bool | None = None
    bearer: BearerName | None = None
    dpop: bool | None = None
    profile: str = "auto"

    def to_dict(self) -> dict[str, Any]:
        """
        Serialize this configuration to a dictionary; a secret is written as a reference.

        :returns: Dictionary representation of this configuration.
        """
        serialized = {one.name: getattr(self, one.name) for one in fields(self)}
        for name in _SECRETS:
            if isinstance(serialized[name], Secret):
                serialized[name] = serialized[name].to_dict()
        for name in _SOURCES:
            serialized[name] = write_source(serialized[name])
        serialized["clients"] = [client.to_dict() for client in self.clients]
        if self.identity_provider is not None:
            serialized["identity_provider"] = self.identity_provider.to_dict()
        return serialized

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "OAuthConfig":
        """
        Deserialize a configuration from a dictionary.

        :param data: Dictionary created by `to_dict`, ours or upstream's.
        :returns: The deserialized configuration.
        """
        data = dict(data)
        deserialize_secrets_inplace(data, keys=[name for name in _SECRETS if isinstance(data.get(name), dict)])
        for name in _SOURCES & data.keys():
            data[name] = read_source(data[name])
        data["clients"] = [RegisteredClient.from_dict(client) for client in data.get("clients", ())]
        if data.get("identity_provider") is not None:
            data["identity_provider"] = IdentityProvider.from_dict(data["identity_provider"])
        return cls(**data)

    @classmethod
    def from_upstream(cls, config: Any) -> "OAuthConfig":
        """
        Take over a configuration of `haystack_integrations.tools.mcp`.

        :param config: The configuration, or one of ours.
        :returns: A configuration of ours.
        :raises ConfigurationError: If it is no configuration, or keeps its tokens in a storage of its own.
        """
        if isinstance(config, cls):
            return config
        if not hasattr(config, "create_auth") or not hasattr(config, "to_dict"):
            message = f"oauth_config is a {type(config).__name__}."
            raise ConfigurationError(message, hint="Give an OAuthConfig.")
        storage = getattr(config, "token_storage", None)
        if storage is not None and type(storage).__name__ != _UPSTREAM_MEMORY:
            message = f"Valetkey keeps sessions in a store of its own, not in a {type(storage).__name__}."
            raise ConfigurationError(message, hint='Use token_storage="sqlite:///path/to/file" or "memory:".')
        return replace(cls.from_dict(config.to_dict()), token_storage="memory:")

    def to_settings(self, server_url: str) -> Settings:
        """
        Give these settings to the engine; this is where a secret is resolved.

        :param server_url: The URL of the MCP server.
        :returns: The settings.
        :raises ConfigurationError: If they contradict each other.
        """
        return Settings(
            server_url=server_url,
            client_id=self.client_id,
            client_secret=resolve_secret(self.client_secret, "OAuthConfig.client_secret"),
            client_authentication=values.client_authentication(self.token_endpoint_auth_method),
            client_name=self.client_name,
            client_metadata_url=self.client_metadata_url,
            clients=tuple(client.resolved() for client in self.clients),
            private_key=to_private_key(self.private_key, self.signing_algorithm, "OAuthConfig.private_key"),
            client_assertion=self.client_assertion,
            assertion_audience=self.assertion_audience,
            initial_access_token=resolve_secret(self.initial_access_token, "OAuthConfig.initial_access_token"),
            workload_token=to_token_source(self.workload_token) if self.workload_token is not None else None,
            identity_provider=self.identity_provider.resolved() if self.identity_provider is not None else None,
            issuer=self.issuer,
            authorization_endpoint=self.authorization_endpoint,
            token_endpoint=self.token_endpoint,
            registration_endpoint=self.registration_endpoint,
            device_authorization_endpoint=self.device_authorization_endpoint,
            resource=self.resource,
            send_resource=self.send_resource,
            offline_access=self.offline_access,
            approve_scope=self.approve_scope,
            authorization_parameters=tuple((self.authorization_parameters or {}).items()),
            assume_pkce=self.assume_pkce,
            bearer=self.bearer,
            dpop=self.dpop,
            profile=self.profile,
            scope=values.scope_from_text(" ".join(self.scopes)) if self.scopes else None,
            redirect_uri=self.redirect_uri,
            grant=self.grant_type,
            login_timeout=self.login_timeout,
            strict=self.strict,
        )

    def filled_in(self, session: values.Session | None) -> "OAuthConfig":
        """
        Give a copy that shows what a login has found; never a token, and no secret the server has issued.

        :param session: The session, None if there was no login.
        :returns: The copy.
        """
        if session is None:
            return replace(self)
        scope = session.token.scope
        known = find_profile(self.profile, issuer=session.issuer)
        return replace(
            self,
            client_id=session.client.client_id or None,  # a workload may have none
            clients=[],
            issuer=session.issuer,
            scopes=list(scope) if scope else self.scopes,
            authorization_endpoint=session.server.authorization_endpoint,
            token_endpoint=session.server.token_endpoint,
            registration_endpoint=session.server.registration_endpoint,
            device_authorization_endpoint=session.server.device_authorization_endpoint,
            resource=session.resource or self.resource,
            profile=self.profile if known is STANDARD else known.name,
        )
