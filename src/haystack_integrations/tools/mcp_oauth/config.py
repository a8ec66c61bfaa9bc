# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What may be set for the login of an MCP server. All of it is optional, and all of it may stand in a YAML file."""

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from haystack.utils import Secret, deserialize_secrets_inplace

from valetkey import values
from valetkey.errors import ConfigurationError
from valetkey.login import LoginName
from valetkey.settings import LOGIN_SECONDS, Settings

_UPSTREAM_MEMORY = "InMemoryTokenStorage"


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
    :param token_endpoint_auth_method: "none", "client_secret_basic" or "client_secret_post"; None lets the
        authorization server's metadata decide.
    :param grant_type: "auto", "authorization_code" or "client_credentials".
    :param token_storage: Where sessions are kept: "memory:" or "sqlite:///path/to/file". None means the environment
        variable VALETKEY_STORE, and without it a file in the user's folder for application data.
    :param redirect_uri: A fixed loopback address for the answer of a login, for a client registered with it.
    :param authorization_endpoint: Replaces what discovery finds.
    :param token_endpoint: Replaces what discovery finds.
    :param registration_endpoint: Replaces what discovery finds.
    :param resource: The `resource` value to send instead of the discovered one.
    :param client_name: The name shown on consent pages when Valetkey registers itself.
    :param login: How a person is asked: "auto" (browser and printed link), "link" (only printed) or "never".
    :param login_timeout: Seconds a person has for a login.
    :param strict: True switches every tolerance in comparing identifiers off.
    """

    client_id: str | None = None
    client_secret: Secret | None = field(default=None, repr=False)  # Haystack 2 shows a secret given as text
    issuer: str | None = None
    scopes: list[str] | None = None
    token_endpoint_auth_method: str | None = None
    grant_type: Literal["auto", "authorization_code", "client_credentials"] = "auto"
    token_storage: str | None = None
    redirect_uri: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    registration_endpoint: str | None = None
    resource: str | None = None
    client_name: str = "Haystack"
    login: LoginName = "auto"
    login_timeout: float = LOGIN_SECONDS
    strict: bool = False

    def to_dict(self) -> dict[str, Any]:
        """
        Serialize this configuration to a dictionary; a secret is written as a reference.

        :returns: Dictionary representation of this configuration.
        """
        serialized = {one.name: getattr(self, one.name) for one in fields(self)}
        if self.client_secret is not None:
            serialized["client_secret"] = self.client_secret.to_dict()
        return serialized

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "OAuthConfig":
        """
        Deserialize a configuration from a dictionary.

        :param data: Dictionary created by `to_dict`, ours or upstream's.
        :returns: The deserialized configuration.
        """
        data = dict(data)
        deserialize_secrets_inplace(data, keys=["client_secret"])
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
        secret = self.client_secret.resolve_value() if self.client_secret is not None else None
        if self.client_secret is not None and not secret:
            message = "OAuthConfig.client_secret resolved to an empty value."
            raise ConfigurationError(message, hint="Check the environment variable it comes from.")
        return Settings(
            server_url=server_url,
            client_id=self.client_id,
            client_secret=values.Secret(secret) if secret else None,
            client_authentication=values.client_authentication(self.token_endpoint_auth_method),
            client_name=self.client_name,
            issuer=self.issuer,
            authorization_endpoint=self.authorization_endpoint,
            token_endpoint=self.token_endpoint,
            registration_endpoint=self.registration_endpoint,
            resource=self.resource,
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
        return replace(
            self,
            client_id=session.client.client_id,
            issuer=session.issuer,
            scopes=list(scope) if scope else self.scopes,
            authorization_endpoint=session.server.authorization_endpoint,
            token_endpoint=session.server.token_endpoint,
            registration_endpoint=session.server.registration_endpoint,
            resource=session.resource,
        )
