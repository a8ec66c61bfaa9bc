# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What authenticates a client, a machine or an employee: keys, registered clients, sources of tokens."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from valetkey import urls
from valetkey.errors import ConfigurationError, InsecureEndpoint
from valetkey.values import ClientAuthentication, Scope, Secret, as_secret

AssertionSource = Callable[[str], str | Secret]
"""Gets an audience and returns a signed JWT for it, a new one each time."""

TokenSource = Path | AssertionSource
"""A file that another program keeps fresh, or a function that gets the audience and returns the token."""


def to_token_source(given: TokenSource | str | None) -> TokenSource | None:
    """
    Convert the source of a token.

    :raises ConfigurationError: If a text is a token instead of a path: errors would show it.
    """
    if not isinstance(given, str):
        return given
    if given.count(".") >= 2 and given.startswith("eyJ"):  # RFC 7515 §7.1: a JSON object in base64url begins so
        message = "A token is given as plain text, where the path of its file belongs."
        raise ConfigurationError(message, hint="Give the path of the file that has it, or a function.")
    return Path(given)


def require_source(source: object, what: str) -> None:
    """
    Refuse a value that is no source of tokens.

    :raises ConfigurationError: If it is neither a path nor a function.
    """
    if not isinstance(source, Path) and not callable(source):
        message = f"The {what} is a {type(source).__name__}, and no source of tokens."
        raise ConfigurationError(message, hint="Give the pathlib.Path of a file, or a function that gets the audience.")


CURVE_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}  # RFC 7518 §3.4
RSA_ALGORITHMS = ("RS256", "PS256", "RS384", "PS384", "RS512", "PS512")  # RFC 7518 §3.3, §3.5
ED25519_ALGORITHMS = ("EdDSA", "Ed25519")  # RFC 8037 §3.1, and the name RFC 9864 §2.2 gives to the same
ALGORITHMS = (*CURVE_ALGORITHMS.values(), *RSA_ALGORITHMS, *ED25519_ALGORITHMS)

_A_KEY = re.compile(r"-----BEGIN|\n|^\s*\{|^MI[A-Za-z0-9+/=]{40}")
"""What is a key and no path: PEM, the base64 inside it (DER begins so), a JWK."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """
    A key a client signs with (private_key_jwt, RFC 7523 §2.2).

    :param pem: The key in PEM, or the file it is in; a file is read anew for each signature, so it may be replaced.
    :param algorithm: The JWS algorithm, for example "ES256"; None lets the kind of key and the server decide.
    :param key_id: The `kid` of the key, for a client whose key set has several (RFC 7515 §4.1.4).
    :raises ConfigurationError: If there is no such algorithm for private keys, or if the key is plain text.
    """

    pem: Secret | Path
    algorithm: str | None = None
    key_id: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.pem, Secret | Path):
            raise _plain_key()
        if self.algorithm is not None and self.algorithm not in ALGORITHMS:
            message = f"A private_key cannot sign with {self.algorithm!r}."
            raise ConfigurationError(message, hint=f"Use one of {', '.join(ALGORITHMS)}.")


def to_private_key(given: PrivateKey | Secret | str | Path | None, algorithm: str | None = None) -> PrivateKey | None:
    """
    Convert a private key.

    :raises ConfigurationError: If a text is a key instead of a path, because errors would show it; if there is an
        algorithm without a key, or another one than the key's.
    """
    if given is None:
        if algorithm is not None:
            message = f"`signing_algorithm={algorithm!r}` needs `private_key=`."
            raise ConfigurationError(message, hint="Give both, or none.")
        return None
    if isinstance(given, PrivateKey):
        if algorithm is not None and given.algorithm not in (None, algorithm):
            message = f"`signing_algorithm={algorithm!r}` contradicts `private_key=`, which is for {given.algorithm}."
            raise ConfigurationError(message, hint="Give one of the two.")
        return replace(given, algorithm=algorithm or given.algorithm)
    if isinstance(given, str):
        refuse_key_as_text(given)
    return PrivateKey(Path(given) if isinstance(given, str) else given, algorithm)


def refuse_key_as_text(given: object) -> None:
    """
    Refuse a text that is a key and not the path of one: `repr`, errors and YAML would show it.

    :raises ConfigurationError: If it is a key, or bytes.
    """
    if isinstance(given, bytes) or (isinstance(given, str) and _A_KEY.search(given)):
        raise _plain_key()


def _plain_key() -> ConfigurationError:
    message = "The private_key is given as plain text."
    return ConfigurationError(message, hint="Wrap it in valetkey.Secret, or give the path of its file.")


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
    """Wrap a secret that is given as text, against its type, so that `repr` does not show it."""
    object.__setattr__(client, "client_secret", as_secret(client.client_secret))


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """
    The organisation's identity provider, which vouches for its employees (Enterprise-Managed Authorization).

    :param issuer: Its issuer.
    :param client_id: The id of your client there. Your client at the MCP server's authorization server is another one.
    :param id_token: The employee's ID token from the single sign-on, or a source that gives a fresh one: a file, or a
        function that gets `client_id`.
    :param token_endpoint: Its token endpoint; None means it is discovered from the issuer.
    :param client_secret: The secret of your client there.
    :param private_key: The key that your client there signs with, instead of a secret.
    :param assertion_audience: The audience of what the client signs; None for the issuer. Okta wants another one.
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
        object.__setattr__(self, "private_key", to_private_key(self.private_key))
        try:
            urls.require_endpoint(self.issuer, "identity provider")
            if self.token_endpoint is not None:
                urls.require_endpoint(self.token_endpoint, "identity provider's token endpoint")
        except InsecureEndpoint as error:
            raise ConfigurationError(error.message, hint=error.hint) from error


@dataclass(frozen=True, slots=True)
class ScopeRequest:
    """
    The scope that a login would ask a person for. `approve_scope` gets it before the person is asked.

    :param server_url: The MCP server.
    :param issuer: The authorization server.
    :param required: The scope that the MCP server said is missing; empty if it did not say.
    :param granted: The scope of the present token.
    :param requested: The scope that the login would ask for.
    """

    server_url: str
    issuer: str
    required: Scope
    granted: Scope
    requested: Scope
