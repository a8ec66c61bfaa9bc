# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The values of a login: metadata, client, token, session. Frozen, and secrets never show in `repr`."""

import hmac
from dataclasses import dataclass, field
from enum import StrEnum

from valetkey.errors import ConfigurationError
from valetkey.errors.redaction import revealed

__all__ = ["Client", "ClientAuthentication", "Scope", "Secret", "ServerMetadata", "Session", "Token", "TokenType"]

Scope = tuple[str, ...]
"""Scope tokens in the order they were named, each once (RFC 6749 §3.3)."""


class Secret:
    """
    A text that must not be shown. Only `reveal()` returns it; `str`, `repr` and formatting do not.

    :param text: The secret.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text
        revealed(text)

    def reveal(self) -> str:
        """
        Return the secret text, for the request or the record that needs it.

        :returns: The text.
        """
        revealed(self._text)
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # A pasted text may hold half a surrogate pair, which strict UTF-8 has no bytes for.
        return hmac.compare_digest(*(secret._text.encode("utf-8", "surrogatepass") for secret in (self, other)))

    def __hash__(self) -> int:
        return hash(self._text)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Secret":
        return self

    def __reduce__(self) -> str | tuple[object, ...]:
        message = "a Secret is not pickled: it would be readable in the pickle"
        raise TypeError(message)


def as_secret(text: str | Secret | None) -> Secret | None:
    """Convert a secret that a user gave as a text; a `ConfigurationError` if its `repr` would show it."""
    if text is None or isinstance(text, Secret):
        return text
    if not isinstance(text, str):
        message = f"A secret is given as {type(text).__name__}."
        raise ConfigurationError(message, hint="Give it as str or as valetkey.Secret.")
    return Secret(text)


def scope_from_text(text: str | None) -> Scope | None:
    """Read a scope value: case-sensitive tokens between spaces, duplicates removed (RFC 6749 §3.3, RFC 6750 §3)."""
    return tuple(dict.fromkeys((text or "").split())) or None


def scope_to_text(scope: Scope) -> str:
    """Write a scope value."""
    return " ".join(scope)


@dataclass(frozen=True, slots=True)
class ResourceMetadata:
    """
    What a protected resource publishes about itself (RFC 9728 §2), already checked against the MCP server's URL.

    Identifiers are exactly as published: the string in `resource` goes into the `resource` parameter.
    """

    resource: str
    authorization_servers: tuple[str, ...] = ()
    scopes_supported: Scope | None = None
    bearer_methods_supported: tuple[str, ...] | None = None
    dpop_signing_alg_values_supported: tuple[str, ...] | None = None
    dpop_bound_access_tokens_required: bool = False
    tls_client_certificate_bound_access_tokens: bool = False
    url: str = ""


class MetadataSource(StrEnum):
    """Where the metadata of an authorization server comes from."""

    DISCOVERED = "discovered"
    """From a well-known document of the issuer (RFC 8414, OpenID Connect Discovery)."""
    LEGACY = "legacy"
    """From the MCP server's own origin, because it publishes no resource metadata (MCP 2025-03-26)."""
    GUESSED = "guessed"
    """The default endpoints of MCP 2025-03-26: no document exists at all."""
    CONFIGURED = "configured"
    """Given by the user."""


@dataclass(frozen=True, slots=True)
class ServerMetadata:
    """What an authorization server publishes (RFC 8414 §2), checked against its issuer; None is an absent member."""

    issuer: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    registration_endpoint: str | None = None
    revocation_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    scopes_supported: Scope | None = None
    code_challenge_methods_supported: tuple[str, ...] | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] | None = None
    token_endpoint_auth_signing_alg_values_supported: tuple[str, ...] | None = None
    revocation_endpoint_auth_methods_supported: tuple[str, ...] | None = None
    grant_types_supported: tuple[str, ...] | None = None
    authorization_grant_profiles_supported: tuple[str, ...] | None = None
    dpop_signing_alg_values_supported: tuple[str, ...] | None = None
    protected_resources: tuple[str, ...] | None = None
    iss_parameter_supported: bool = False
    client_id_metadata_document_supported: bool = False
    require_pushed_authorization_requests: bool = False
    source: MetadataSource = MetadataSource.DISCOVERED


class ClientAuthentication(StrEnum):
    """How a client authenticates to the token endpoint (RFC 7591 §2)."""

    NONE = "none"
    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY = "private_key_jwt"

    @property
    def needs_secret(self) -> bool:
        """True for the methods that show a shared secret."""
        return self in (ClientAuthentication.BASIC, ClientAuthentication.POST)


class ClientOrigin(StrEnum):
    """Where a client comes from, in the order in which they are preferred (MCP, Client Registration)."""

    CONFIGURED = "configured"
    """Registered by hand, and given by the user."""
    DOCUMENT = "document"
    """A Client ID Metadata Document: its URL is the client_id."""
    REGISTERED = "registered"
    """Registered by Valetkey with dynamic client registration (RFC 7591), which may register again."""


def to_client_authentication(name: str | None) -> ClientAuthentication | None:
    """Give the authentication method that a user has named; a `ConfigurationError` if there is no such method."""
    if name is None:
        return None
    if name not in list(ClientAuthentication):
        message = f"There is no client authentication {name!r}."
        raise ConfigurationError(message, hint=f"Use one of {', '.join(ClientAuthentication)}.")
    return ClientAuthentication(name)


@dataclass(frozen=True, slots=True)
class Client:
    """
    A client of one authorization server. Its credentials are sent to no other issuer than `issuer`.

    :param client_id: Its id; empty for a workload that is no client and shows its platform's token (RFC 7521 §4.1).
    :param authentication: The method fixed at registration; None lets the server's metadata decide.
    :param secret_expires_at: Unix time in seconds, None for never (RFC 7591 §3.2.1).
    :param origin: Where it comes from.
    :param scope: The scope that its registration allows it to ask for (RFC 7591 §2); None if that does not say.
    :param declined_scope: The scope that its registration asked for and did not get.
    :param other_redirect_uris: What the server registered instead of `redirect_uri`.
    :param registered_at: When Valetkey registered it, in Unix time; None if that is not known.
    """

    client_id: str
    issuer: str
    secret: Secret | None = None
    authentication: ClientAuthentication | None = None
    redirect_uri: str | None = None
    secret_expires_at: float | None = None
    origin: ClientOrigin = ClientOrigin.CONFIGURED
    scope: Scope | None = None
    declined_scope: Scope = ()
    other_redirect_uris: tuple[str, ...] = ()
    registered_at: float | None = field(default=None, compare=False)

    @property
    def registered(self) -> bool:
        """True for a client that Valetkey registered and may register again."""
        return self.origin is ClientOrigin.REGISTERED


class TokenType(StrEnum):
    """How a token is presented (RFC 6750 §2.1, RFC 9449 §7.1)."""

    BEARER = "Bearer"
    DPOP = "DPoP"


@dataclass(frozen=True, slots=True)
class Token:
    """
    An access token and what came with it (RFC 6749 §5.1).

    :param access_token: The access token.
    :param obtained_at: When it was requested, in Unix time.
    :param expires_at: When it expires, in Unix time; None if the server did not say.
    :param refresh_token: The refresh token, if the server issued one.
    :param scope: The granted scope; None if no scope was requested and the server named none.
    :param token_type: How it is presented.
    :param id_token: The OpenID Connect ID token, if the server issued one.
    """

    access_token: Secret
    obtained_at: float
    expires_at: float | None = None
    refresh_token: Secret | None = None
    scope: Scope | None = None
    token_type: TokenType = TokenType.BEARER
    id_token: Secret | None = None


@dataclass(frozen=True, slots=True)
class RefreshIntent:
    """
    A refresh that has begun: it is stored before the refresh token is sent, and removed with the answer.

    A program that reads it knows that the outcome of the refresh is unknown: the refresh token may be used up.

    :param started_at: Unix time in seconds.
    :param fingerprint: The beginning of the SHA-256 of the refresh token; empty in records of older versions.
    :param holder: The process that sends it, for the log.
    :param deadline: When the exchange has ended at the latest, in Unix time.
    """

    started_at: float
    fingerprint: str = ""
    holder: str = ""
    deadline: float = 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """The options that a token depends on, as they were set when it was asked for (`_policy.fitting`)."""

    scope: Scope | None = None
    resource: str | None = None
    send_resource: bool | None = None
    bearer: str | None = None
    grant: str = "authorization_code"


@dataclass(frozen=True, slots=True)
class Session:
    """
    Everything that a program needs to use and renew a login after a restart, without discovery.

    :param client: The client that it was issued to.
    :param server: The metadata of the authorization server at the time of the login.
    :param resource: The exact `resource` value of the grant (RFC 8707); None if the server does not take one.
    :param requested_scope: The scope that the grant asked for.
    :param refresh_intent: A refresh whose answer has not been stored.
    :param interactive: True if a user logged in for this session.
    :param dpop_key: The private key the token is bound to (RFC 9449), as `_clients.dpop` writes it; None for Bearer.
    :param terms: The settings it was obtained with; None in records of older versions and of other programs.
    :param ended: In which words its authorization server has ended it, safe to show; None as long as it has not.
    """

    token: Token
    client: Client
    server: ServerMetadata
    resource: str | None
    requested_scope: Scope | None = None
    refresh_intent: RefreshIntent | None = None
    interactive: bool = True
    dpop_key: Secret | None = None
    terms: Terms | None = None
    ended: str | None = None
    renewed: bool = field(default=False, compare=False)  # the token came with a renewal, and not with a login
    login: str | None = field(default=None, compare=False)  # which login of a person it is of; a renewal keeps it

    @property
    def issuer(self) -> str:
        """The issuer everything in this session is bound to."""
        return self.server.issuer
