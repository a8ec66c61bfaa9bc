# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Clients and identity providers as a pipeline's YAML can hold them: secrets as references, callables by name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from haystack.utils import Secret, deserialize_callable, deserialize_secrets_inplace, serialize_callable

from valetkey import values
from valetkey.errors import ConfigurationError
from valetkey.settings import credentials

TokenSource = str | Callable[[str], str]
"""The path of a file that somebody else keeps fresh, or a function that gets the audience and gives the token."""

_CALLABLE = "callable"


@dataclass
class RegisteredClient:
    """
    A client registered by hand at one authorization server.

    :param issuer: The issuer it belongs to, exactly as its metadata names it.
    :param client_id: Its id.
    :param client_secret: Its secret, if it has one.
    :param token_endpoint_auth_method: How it authenticates; None lets the server's metadata decide.
    :param redirect_uri: The loopback address it is registered with, None for any port.
    """

    issuer: str
    client_id: str
    client_secret: Secret | None = field(default=None, repr=False)
    token_endpoint_auth_method: str | None = None
    redirect_uri: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """
        Serialize this client to a dictionary; a secret is written as a reference.

        :returns: Dictionary representation of this client.
        """
        return {**vars(self), "client_secret": self.client_secret.to_dict() if self.client_secret else None}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "RegisteredClient":
        """
        Deserialize a client from a dictionary.

        :param data: Dictionary created by `to_dict`.
        :returns: The deserialized client.
        """
        data = dict(data)
        deserialize_secrets_inplace(data, keys=["client_secret"])
        return cls(**data)

    def resolved(self) -> credentials.RegisteredClient:
        """
        Give this client to the engine; this is where a secret is resolved.

        :returns: The client.
        :raises ConfigurationError: If the secret is empty.
        """
        return credentials.RegisteredClient(
            issuer=self.issuer,
            client_id=self.client_id,
            client_secret=resolve_secret(self.client_secret, "RegisteredClient.client_secret"),
            client_authentication=values.client_authentication(self.token_endpoint_auth_method),
            redirect_uri=self.redirect_uri,
        )


@dataclass
class IdentityProvider:
    """
    The organisation's identity provider, which vouches for its employees (Enterprise-Managed Authorization).

    :param issuer: Its issuer.
    :param client_id: Our client there.
    :param id_token: The employee's ID token: a secret, the path of a file, or a function that gets the audience.
    :param token_endpoint: Its token endpoint; None means it is discovered from the issuer.
    :param client_secret: The secret of our client there.
    :param private_key: The key our client there signs with, instead of a secret: the path of a PEM file, or a secret
        with its text.
    :param signing_algorithm: Its algorithm, for example "ES256"; None lets the key and the server decide.
    :param assertion_audience: The audience of its assertions; None for the provider's issuer.
    """

    issuer: str
    client_id: str
    id_token: Secret | TokenSource = field(repr=False)
    token_endpoint: str | None = None
    client_secret: Secret | None = field(default=None, repr=False)
    private_key: Secret | str | None = field(default=None, repr=False)
    signing_algorithm: str | None = None
    assertion_audience: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """
        Serialize this identity provider to a dictionary; secrets are written as references.

        :returns: Dictionary representation of this identity provider.
        """
        id_token = self.id_token
        return {
            **vars(self),
            "id_token": id_token.to_dict() if isinstance(id_token, Secret) else write_source(id_token),
            "client_secret": self.client_secret.to_dict() if self.client_secret else None,
            "private_key": self.private_key.to_dict() if isinstance(self.private_key, Secret) else self.private_key,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "IdentityProvider":
        """
        Deserialize an identity provider from a dictionary.

        :param data: Dictionary created by `to_dict`.
        :returns: The deserialized identity provider.
        """
        data = dict(data)
        secrets = ("client_secret", "private_key")
        deserialize_secrets_inplace(data, keys=[name for name in secrets if isinstance(data.get(name), dict)])
        id_token = data["id_token"]
        if isinstance(id_token, dict) and _CALLABLE not in id_token:
            deserialize_secrets_inplace(data, keys=["id_token"])
        else:
            data["id_token"] = read_source(id_token)
        return cls(**data)

    def resolved(self) -> credentials.IdentityProvider:
        """
        Give this identity provider to the engine; this is where secrets are resolved.

        :returns: The identity provider.
        :raises ConfigurationError: If a secret is empty or a URL cannot be used.
        """
        id_token: values.Secret | credentials.TokenSource
        if isinstance(self.id_token, Secret):
            id_token = require_secret(self.id_token, "IdentityProvider.id_token")
        else:
            id_token = to_token_source(self.id_token)
        return credentials.IdentityProvider(
            issuer=self.issuer,
            client_id=self.client_id,
            id_token=id_token,
            token_endpoint=self.token_endpoint,
            client_secret=resolve_secret(self.client_secret, "IdentityProvider.client_secret"),
            private_key=to_private_key(self.private_key, self.signing_algorithm, "IdentityProvider.private_key"),
            assertion_audience=self.assertion_audience,
        )


def to_private_key(given: Secret | str | None, algorithm: str | None, name: str) -> credentials.PrivateKey | None:
    """
    Give a private key to the engine.

    :param given: The path of its file, a secret with its text, or None.
    :param algorithm: Its algorithm, None for any.
    :param name: What it is for.
    :returns: The key, or None.
    :raises ConfigurationError: If a secret is empty, or a text is a key and not a path.
    """
    return credentials.private_key_of(require_secret(given, name) if isinstance(given, Secret) else given, algorithm)


def resolve_secret(secret: Secret | None, name: str) -> values.Secret | None:
    """
    Resolve a secret.

    :param secret: The secret, None for none.
    :param name: What it is for.
    :returns: The secret for the engine, or None.
    :raises ConfigurationError: If it is there and empty.
    """
    return None if secret is None else require_secret(secret, name)


def require_secret(secret: Secret, name: str) -> values.Secret:
    """
    Resolve a secret that has to have a value.

    :param secret: The secret.
    :param name: What it is for.
    :returns: The secret for the engine.
    :raises ConfigurationError: If it is empty.
    """
    text = secret.resolve_value()
    if not text:
        message = f"{name} resolved to an empty value."
        raise ConfigurationError(message, hint="Check the environment variable it comes from.")
    return values.Secret(text)


def to_token_source(given: TokenSource) -> credentials.TokenSource:
    """
    Give a source of tokens to the engine.

    :param given: The path or the function.
    :returns: The source.
    """
    return Path(given) if isinstance(given, str) else given


def write_source(given: TokenSource | None) -> str | dict[str, str] | None:
    """
    Write a source of tokens into a dictionary.

    :param given: The path or the function, None for none.
    :returns: The path, or the function's name.
    """
    return {_CALLABLE: serialize_callable(given)} if callable(given) else given


def read_source(written: Any) -> Any:
    """
    Read what `write_source` wrote.

    :param written: What stands in the dictionary.
    :returns: The path or the function.
    """
    return deserialize_callable(written[_CALLABLE]) if isinstance(written, dict) else written
