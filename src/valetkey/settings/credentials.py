# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a user may give so that a client, a machine or an employee can be proved: keys, clients, token sources."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from valetkey import urls
from valetkey.errors import ConfigurationError, InsecureEndpoint
from valetkey.values import ClientAuthentication, Scope, Secret, as_secret

AssertionSource = Callable[[str], str | Secret]
"""Gives a signed JWT for an audience, anew each time it is asked."""

TokenSource = Path | AssertionSource
"""A file that somebody else keeps fresh, or a callable that gets the audience and gives the token."""


def to_token_source(given: TokenSource | str | None) -> TokenSource | None:
    """
    Take the source of a token as a user may give it.

    :param given: The path of a file, a callable, or None.
    :returns: The source, or None.
    :raises ConfigurationError: If a text is a token and not the path of one: it would show up in errors.
    """
    if not isinstance(given, str):
        return given
    if given.count(".") >= 2 and given.startswith("eyJ"):  # RFC 7515 §7.1: a JSON object in base64url begins so
        message = "A token is given as plain text, where the path of its file belongs."
        raise ConfigurationError(message, hint="Give the file that the platform keeps fresh, or a callable.")
    return Path(given)


def require_source(source: object, what: str) -> None:
    """
    Refuse what is no source of tokens.

    :param source: What was given.
    :param what: Which setting it is, for the error.
    :raises ConfigurationError: If it is neither a path nor a callable.
    """
    if not isinstance(source, Path) and not callable(source):
        message = f"The {what} is a {type(source).__name__}, and no source of tokens."
        raise ConfigurationError(message, hint="Give the pathlib.Path of a file, or a callable that gets the audience.")


CURVE_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}  # RFC 7518 §3.4
RSA_ALGORITHMS = ("RS256", "PS256", "RS384", "PS384", "RS512", "PS512")  # RFC 7518 §3.3, §3.5
ED25519_ALGORITHMS = ("EdDSA", "Ed25519")  # RFC 8037 §3.1, and the name RFC 9864 §2.2 gives to the same
ALGORITHMS = (*CURVE_ALGORITHMS.values(), *RSA_ALGORITHMS, *ED25519_ALGORITHMS)


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """
    A key a client signs with (private_key_jwt, RFC 7523 §2.2).

    :param pem: The key in PEM, or the file it is in; a file is read anew for each signature, so it may be replaced.
    :param algorithm: The JWS algorithm, for example "ES256"; None lets the kind of key and the server decide.
    :param key_id: The `kid` of the key, for a client whose key set has several (RFC 7515 §4.1.4).
    :raises ConfigurationError: If there is no such algorithm for private keys.
    """

    pem: Secret | Path
    algorithm: str | None = None
    key_id: str | None = None

    def __post_init__(self) -> None:
        if self.algorithm is not None and self.algorithm not in ALGORITHMS:
            message = f"A private_key cannot sign with {self.algorithm!r}."
            raise ConfigurationError(message, hint=f"Use one of {', '.join(ALGORITHMS)}.")


def to_private_key(given: PrivateKey | Secret | str | Path | None, algorithm: str | None = None) -> PrivateKey | None:
    """
    Take a private key as a user may give it.

    :param given: The key, its PEM text as a `Secret`, the path of its file, or None.
    :param algorithm: The JWS algorithm, if it is not part of the key.
    :returns: The key, or None.
    :raises ConfigurationError: If a text is a key and not the path of one, for it would show up in errors; or if there
        is an algorithm without a key, or another one than the key's.
    """
    if given is None:
        if algorithm is not None:
            message = f"There is a signing_algorithm {algorithm!r} without a private_key."
            raise ConfigurationError(message, hint="Give both, or none.")
        return None
    if isinstance(given, PrivateKey):
        if algorithm is not None and given.algorithm not in (None, algorithm):
            message = f"The private_key is for {given.algorithm}, and the signing_algorithm is {algorithm!r}."
            raise ConfigurationError(message, hint="Give one of the two.")
        return replace(given, algorithm=algorithm or given.algorithm)
    if isinstance(given, str) and "-----BEGIN" in given:
        message = "The private_key is given as plain text."
        raise ConfigurationError(message, hint="Wrap it in valetkey.Secret, or give the path of its file.")
    return PrivateKey(Path(given) if isinstance(given, str) else given, algorithm)


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """
    A client registered by hand at one authorization server.

    :param issuer: The issuer it belongs to, exactly as its metadata names it.
    :param client_id: Its id.
    :param client_secret: Its secret, if it has one.
    :param client_authentication: How it authenticates; None lets the server's metadata decide.
    :param redirect_uri: The loopback address it is registered with, None for any port.
    """

    issuer: str
    client_id: str
    client_secret: Secret | None = None
    client_authentication: ClientAuthentication | None = None
    redirect_uri: str | None = None

    def __post_init__(self) -> None:
        _wrap_secret(self)


def _wrap_secret(client: "RegisteredClient | IdentityProvider") -> None:
    """A secret in plain text, which a type checker would have refused, shows nowhere all the same."""
    object.__setattr__(client, "client_secret", as_secret(client.client_secret))


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """
    The organisation's identity provider, which vouches for its employees (Enterprise-Managed Authorization).

    :param issuer: Its issuer.
    :param client_id: Our client there; the client at the MCP server's authorization server is another one.
    :param id_token: The employee's ID token from the single sign-on, or a source that gives a fresh one: a file, or a
        callable that gets our client_id there.
    :param token_endpoint: Its token endpoint; None means it is discovered from the issuer.
    :param client_secret: The secret of our client there.
    :param private_key: The key our client there signs with, instead of a secret.
    :param assertion_audience: The audience of what it signs, for providers that do not take their issuer (Okta).
    :raises ConfigurationError: If a URL cannot be used, or the ID token is neither a secret nor a source.
    """

    issuer: str
    client_id: str
    id_token: Secret | TokenSource
    token_endpoint: str | None = None
    client_secret: Secret | None = None
    private_key: PrivateKey | None = None
    assertion_audience: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.id_token, Secret):
            require_source(self.id_token, "id_token")
        _wrap_secret(self)
        try:
            urls.require_endpoint(self.issuer, "identity provider")
            if self.token_endpoint is not None:
                urls.require_endpoint(self.token_endpoint, "identity provider's token endpoint")
        except InsecureEndpoint as error:
            raise ConfigurationError(error.message, hint=error.hint) from error


@dataclass(frozen=True, slots=True)
class ScopeRequest:
    """
    What a step-up would ask a person for, shown to `approve_scope` before anybody is asked.

    :param server_url: The MCP server.
    :param issuer: The authorization server.
    :param required: What the MCP server said is missing; empty if it did not say.
    :param granted: What the present token has.
    :param requested: What would be asked for.
    """

    server_url: str
    issuer: str
    required: Scope
    granted: Scope
    requested: Scope
