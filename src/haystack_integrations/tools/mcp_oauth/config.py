# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What may be set for the login of an MCP server. All of it is optional, and all of it may stand in a YAML file."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, fields, replace
from typing import Any

from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth._settings.field_checks import require_fields, take_forms_of_yaml
from haystack_integrations.tools.mcp_oauth._settings.late_secrets import refuse_plain_text, require_secret, resolve
from haystack_integrations.tools.mcp_oauth._settings.plain_data import (
    read_fields,
    read_secret,
    read_source,
    show_fields,
    write_fields,
)
from haystack_integrations.tools.mcp_oauth.credentials import (
    IdentityProvider,
    RegisteredClient,
    TokenSource,
    to_token_source,
)
from haystack_integrations.tools.mcp_oauth.network import Network
from haystack_integrations.tools.mcp_oauth.principals import PrincipalSource, principal_of
from haystack_integrations.tools.mcp_oauth.token_source import AccessTokenSource, read_token_source, require_source
from haystack_integrations.tools.mcp_oauth.upstream_config import ENGINE_NAMES, MEMORY, UpstreamOrder, to_store_name
from valetkey import values
from valetkey._adapters.framework import STANDARD, find_profile
from valetkey.errors import ConfigurationError
from valetkey.login import LoginName
from valetkey.settings.credentials import refuse_key_as_text
from valetkey.settings.documentation import document, parameter_texts
from valetkey.settings.names import require_principal
from valetkey.settings.options import Options
from valetkey.settings.settings import Settings
from valetkey.store.passwords import passwords_in

LOGIN_WAIT_SECONDS = 20.0
"""How long a call in the middle of a run waits for a login; Haystack gives the call up after 30 s."""

NOT_IN_SETTINGS = frozenset({"token_storage", "login", "login_wait", "token_source"})
"""What the engine gets beside its settings."""


def _read_part(part: type[RegisteredClient | IdentityProvider | Network], written: Any) -> Any:
    return part.from_dict(written) if isinstance(written, dict) else written


_READERS: dict[str, Callable[[Any], Any]] = {
    "client_secret": read_secret,
    "initial_access_token": read_secret,
    "token_storage": read_secret,
    "private_key": read_secret,
    "client_assertion": read_source,
    "workload_token": read_source,
    "token_source": read_token_source,
    "approve_scope": read_source,
    "on_event": read_source,
    "principal": read_source,
    "clients": lambda written: [_read_part(RegisteredClient, client) for client in written],
    "identity_provider": lambda written: _read_part(IdentityProvider, written),
    "network": lambda written: _read_part(Network, written),
}


@dataclass(frozen=True, repr=False)
class OAuthConfig(Options, UpstreamOrder):
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

    :param token_storage: Where sessions are kept: "memory:", "sqlite:////path/to/file", "redis://host" or
        "postgresql://host/database". None means the environment variable VALETKEY_STORE, and without it a file in the
        user's folder for application data. A URL with a password is a `Secret`.
    :param login: How a person is asked: "auto" (browser and printed link; without a browser a code for another
        device if the server offers that, else the answer may be pasted, and where no person can be asked, the login
        fails at once), "browser", "paste" (the person pastes the answer),
        "device" (a code for any other device), "link" (an error has the link, and no thread waits) or "never".
    :param login_wait: How long a call in the middle of a run waits for a login, in seconds. After that it fails with
        the link, and the login goes on. Haystack gives a call up after its `invocation_timeout` of 30 s.
        With a link that a web app completes, no call waits: it fails at once with the link.
    :param token_source: What gives the access tokens for the MCP server, instead of a login: a `TokenSource` of
        `oauth-haystack`, or any object with its `resolve()`. It is asked before each request, in a thread; nothing is
        discovered or stored. A source that has `invalidate()` is told when its token is rejected.
    :raises ConfigurationError: If a field has a value that it cannot have, or a secret is plain text.
    """

    client_id: str | None = None  # here and in `issuer` again, because upstream takes them by position
    issuer: str | None = None
    client_name: str = field(default="Haystack", kw_only=True)
    login: LoginName = field(default="auto", kw_only=True)
    login_wait: float = field(default=LOGIN_WAIT_SECONDS, kw_only=True)
    principal: PrincipalSource = field(default=None, kw_only=True)  # type: ignore[assignment]  # one engine has one text
    clients: list[RegisteredClient] = field(default_factory=list, kw_only=True)
    private_key: Secret | str | None = field(default=None, repr=False, kw_only=True)
    initial_access_token: Secret | None = field(default=None, repr=False, kw_only=True)
    workload_token: TokenSource | None = field(default=None, kw_only=True)
    token_source: AccessTokenSource | None = field(default=None, repr=False, kw_only=True)
    identity_provider: IdentityProvider | None = field(default=None, kw_only=True)
    authorization_parameters: dict[str, str] | None = field(default=None, kw_only=True)
    network: Network | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for name in ("client_secret", "initial_access_token"):
            refuse_plain_text(self, name)
        refuse_key_as_text(self.private_key)
        if isinstance(self.workload_token, str):
            to_token_source(self.workload_token)
        object.__setattr__(self, "token_storage", to_store_name(self.token_storage))
        if isinstance(self.scopes, str):  # RFC 6749 §3.3, as `OAuth` takes it too; in YAML it is a list
            object.__setattr__(self, "scopes", self.scopes.split() or None)
        take_forms_of_yaml(self)
        require_fields(self)
        require_source(self.token_source, self)
        if isinstance(self.principal, str):
            require_principal(self.principal)

    def __repr__(self) -> str:
        return show_fields(self)

    def create_auth(self, server_url: str) -> Any:
        """
        Refuse a server info of upstream, which is what calls this: it cannot log in as these settings say.

        :param server_url: The URL of the MCP server.
        :raises ConfigurationError: Always; it says which import to change.
        """
        message = f"The server info of {server_url} is upstream's, and its OAuthConfig is Valetkey's."
        hint = "Import the server info from haystack_integrations.tools.mcp_oauth, as the OAuthConfig."
        raise ConfigurationError(message, hint=hint)

    def to_dict(self) -> dict[str, Any]:
        """
        Serialize this configuration to a dictionary without what has its default; a secret is written as a reference.

        :returns: Dictionary representation of this configuration.
        :raises ConfigurationError: If the URL of the store holds a password.
        """
        if isinstance(self.token_storage, str) and passwords_in(self.token_storage):
            message = "OAuthConfig.token_storage has a password in it, which would stand in YAML."
            hint = "Give its URL as Secret.from_env_var(…), or in the environment variable VALETKEY_STORE."
            raise ConfigurationError(message, hint=hint)
        return write_fields(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> "OAuthConfig":
        """Copy the settings; what holds tokens or connections is the same object in the copy."""
        shared = (self.token_source, self.token_storage, self.login)
        memo.update({id(each): each for each in shared})
        return replace(self, **{each.name: deepcopy(getattr(self, each.name), memo) for each in fields(self)})

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "OAuthConfig":
        """
        Deserialize a configuration from a dictionary.

        :param data: Dictionary created by `to_dict`, ours or upstream's. A null means the default.
        :returns: The deserialized configuration.
        """
        return cls(**read_fields(data, _READERS))

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
        known = {each.name for each in fields(cls)} - {"token_storage"}
        given = {name: value for name, value in vars(config).items() if name in known and value is not None}
        storage = to_store_name(getattr(config, "token_storage", None))
        return cls(**given, token_storage=storage or MEMORY)

    def to_settings(self, server_url: str, principal: str | None = None) -> Settings:
        """
        Give these settings to the engine; this is where a secret is resolved.

        :param server_url: The URL of the MCP server.
        :param principal: The user whose session it is; None for the one that `principal` names now.
        :returns: The settings.
        :raises ConfigurationError: If they contradict each other.
        """
        given = {
            ENGINE_NAMES.get(each.name, each.name): resolve(getattr(self, each.name), f"OAuthConfig.{each.name}")
            for each in fields(self)
            if each.name not in NOT_IN_SETTINGS
        }
        given["principal"] = principal_of(self.principal) if principal is None else principal
        return Settings(url=server_url, **given)

    @property
    def store(self) -> Any:
        """
        The store that `token_storage` names, or is; this is where a secret is resolved.

        :raises ConfigurationError: If the secret has no value.
        """
        named = self.token_storage
        return require_secret(named, "OAuthConfig.token_storage").reveal() if isinstance(named, Secret) else named

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


def _texts() -> dict[str, str]:
    """What is the same in Python is described there, under upstream's name where that is another one."""
    texts = parameter_texts(Settings)
    renamed = {ours: texts[name] for ours, name in ENGINE_NAMES.items() if name in texts}
    return {**texts, **renamed, **parameter_texts(OAuthConfig)}


document(OAuthConfig, (each.name for each in fields(OAuthConfig)), _texts())
