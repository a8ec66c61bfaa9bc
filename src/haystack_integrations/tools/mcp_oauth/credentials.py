# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Clients and identity providers as a pipeline's YAML can hold them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth._settings.field_checks import require_fields, take_forms_of_yaml
from haystack_integrations.tools.mcp_oauth._settings.late_secrets import (
    refuse_plain_text,
    require_secret,
    resolve,
    resolve_secret,
)
from haystack_integrations.tools.mcp_oauth._settings.plain_data import (
    read_fields,
    read_secret,
    read_token,
    write_fields,
)
from valetkey import values
from valetkey.settings import credentials as engine

TokenSource = str | Callable[[str], str]
"""The path of a file that another program keeps fresh, or a function that gets the audience and gives the token."""


@dataclass
class RegisteredClient:
    """
    A client registered by hand at one authorization server.

    :param issuer: The issuer it belongs to, exactly as its metadata names it.
    :param client_id: Its id.
    :param client_secret: Its secret, if it has one.
    :param token_endpoint_auth_method: How it authenticates; None lets the server's metadata decide.
    :param redirect_uri: The loopback address it is registered with, None for any port.
    :raises ConfigurationError: If a field has a value that it cannot have, or the secret is plain text.
    """

    issuer: str
    client_id: str
    client_secret: Secret | None = field(default=None, repr=False)
    token_endpoint_auth_method: str | None = None
    redirect_uri: str | None = None

    def __post_init__(self) -> None:
        refuse_plain_text(self, "client_secret")
        require_fields(self)

    def to_dict(self) -> dict[str, Any]:
        """
        Serialize this client to a dictionary without what has its default; a secret is written as a reference.

        :returns: Dictionary representation of this client.
        """
        return write_fields(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "RegisteredClient":
        """
        Deserialize a client from a dictionary.

        :param data: Dictionary created by `to_dict`.
        :returns: The deserialized client.
        """
        return cls(**read_fields(data, {"client_secret": read_secret}))

    def resolved(self) -> engine.RegisteredClient:
        """
        Give this client to the engine; this is where a secret is resolved.

        :returns: The client.
        :raises ConfigurationError: If the secret is empty.
        """
        return engine.RegisteredClient(
            issuer=self.issuer,
            client_id=self.client_id,
            client_secret=resolve_secret(self.client_secret, "RegisteredClient.client_secret"),
            client_authentication=values.to_client_authentication(self.token_endpoint_auth_method),
            redirect_uri=self.redirect_uri,
        )


@dataclass
class IdentityProvider:
    """
    The organisation's identity provider, which vouches for its employees (Enterprise-Managed Authorization).

    :param issuer: Its issuer.
    :param client_id: The id of your client there.
    :param id_token: The employee's ID token: a secret, the path of a file, or a function that gets the audience.
    :param token_endpoint: Its token endpoint; None means it is discovered from the issuer.
    :param client_secret: The secret of your client there.
    :param private_key: The key your client there signs with, instead of a secret: the path of a PEM file, or a secret
        with its text.
    :param signing_algorithm: Its algorithm, for example "ES256"; None lets the key and the server decide.
    :param assertion_audience: The audience of its assertions; None for the provider's issuer.
    :raises ConfigurationError: If a field has a value that it cannot have, or the client secret is plain text.
    """

    issuer: str
    client_id: str
    id_token: Secret | TokenSource = field(repr=False)
    token_endpoint: str | None = None
    client_secret: Secret | None = field(default=None, repr=False)
    private_key: Secret | str | None = field(default=None, repr=False)
    signing_algorithm: str | None = None
    assertion_audience: str | None = None

    def __post_init__(self) -> None:
        refuse_plain_text(self, "client_secret")
        engine.refuse_key_as_text(self.private_key)
        if isinstance(self.id_token, str):
            to_token_source(self.id_token)
        take_forms_of_yaml(self)
        require_fields(self)

    def to_dict(self) -> dict[str, Any]:
        """
        Serialize this identity provider to a dictionary without what has its default; secrets are references.

        :returns: Dictionary representation of this identity provider.
        """
        return write_fields(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "IdentityProvider":
        """
        Deserialize an identity provider from a dictionary.

        :param data: Dictionary created by `to_dict`.
        :returns: The deserialized identity provider.
        """
        readers = {"client_secret": read_secret, "private_key": read_secret, "id_token": read_token}
        return cls(**read_fields(data, readers))

    def resolved(self) -> engine.IdentityProvider:
        """
        Give this identity provider to the engine; this is where secrets are resolved.

        :returns: The identity provider.
        :raises ConfigurationError: If a secret is empty or a URL cannot be used.
        """
        id_token: values.Secret | engine.TokenSource
        if isinstance(self.id_token, Secret):
            id_token = require_secret(self.id_token, "IdentityProvider.id_token")
        else:
            id_token = to_token_source(self.id_token)
        return engine.IdentityProvider(
            issuer=self.issuer,
            client_id=self.client_id,
            id_token=id_token,
            token_endpoint=self.token_endpoint,
            client_secret=resolve_secret(self.client_secret, "IdentityProvider.client_secret"),
            private_key=to_private_key(self.private_key, self.signing_algorithm, "IdentityProvider.private_key"),
            assertion_audience=self.assertion_audience,
        )


def to_private_key(given: Secret | str | None, algorithm: str | None, name: str) -> engine.PrivateKey | None:
    """
    Give a private key to the engine.

    :raises ConfigurationError: If a secret is empty, or a text is a key and not a path.
    """
    return engine.to_private_key(resolve(given, name), algorithm)


def to_token_source(given: TokenSource) -> engine.TokenSource:
    """
    Give a source of tokens to the engine.

    :raises ConfigurationError: If a text is a token and no path.
    """
    engine.to_token_source(given)
    return Path(given) if isinstance(given, str) else given
