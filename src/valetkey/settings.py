# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the user may set. Nothing has to be: an MCP server's URL is enough."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urldefrag, urlsplit

from valetkey import urls
from valetkey.behaviour import BearerName
from valetkey.errors import ConfigurationError, InsecureEndpoint, quote
from valetkey.identities import (
    AssertionSource,
    IdentityProvider,
    PrivateKey,
    RegisteredClient,
    ScopeRequest,
    TokenSource,
    require_source,
)
from valetkey.profiles import AUTO, require_profile
from valetkey.protocol.authorization import OWN_PARAMETERS
from valetkey.protocol.client_document import require_document_url
from valetkey.values import ClientAuthentication, Scope, Secret

GrantName = Literal[
    "auto", "authorization_code", "device_code", "client_credentials", "workload_identity", "enterprise_managed"
]
GRANTS = ("auto", "authorization_code", "device_code", "client_credentials", "workload_identity", "enterprise_managed")
_OF_MACHINES = frozenset({"client_credentials", "workload_identity", "enterprise_managed"})

_EXTENSIONS = {
    "client_credentials": "io.modelcontextprotocol/oauth-client-credentials",
    "enterprise_managed": "io.modelcontextprotocol/enterprise-managed-authorization",
    "workload_identity": "io.modelcontextprotocol/auth/wif",  # SEP-1933, a draft
}
_DPOP = "io.modelcontextprotocol/auth/dpop"  # SEP-1932, a draft

LOGIN_SECONDS = 300.0
"""How long a person has for a login."""

_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^#\s]+")  # RFC 8707 §2, RFC 3986 §4.3


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
        _check_urls(self)
        # A fragment never reaches a server and is no part of a resource (RFC 8707 §2).
        object.__setattr__(self, "server_url", urldefrag(self.server_url).url)
        if self.grant not in GRANTS:
            message = f"There is no grant {self.grant!r}."
            raise ConfigurationError(message, hint=f"Use one of {', '.join(GRANTS)}.")
        _check_clients(self)
        _check_grant(self)
        require_profile(self.profile)
        if self.bearer not in (None, "access_token", "id_token"):
            message = f"There is no bearer {self.bearer!r}."
            raise ConfigurationError(message, hint='Use "access_token" or "id_token".')
        _check_treatment(self)
        if not self.login_timeout > 0:
            message = f"A login_timeout of {self.login_timeout} seconds leaves no time."
            raise ConfigurationError(message, hint="Give a positive number of seconds.")

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
    def is_machine(self) -> bool:
        """True if a token can be had without a person."""
        return self.chosen_grant in _OF_MACHINES

    @property
    def needs_no_discovery(self) -> bool:
        """True if the user gave everything that discovery could find."""
        if self.client_id is None or self.token_endpoint is None or self.chosen_grant == "device_code":
            return False
        return self.is_machine or self.authorization_endpoint is not None


def _check_clients(settings: Settings) -> None:
    if settings.client_id is None and settings.client_secret is not None:
        message = "There is a client_secret without a client_id."
        raise ConfigurationError(message, hint="Give both, or none.")
    for name, source in {
        "workload_token": settings.workload_token,
        "client_assertion": settings.client_assertion,
    }.items():
        if source is not None:
            require_source(source, name)
    if settings.private_key is not None and settings.client_assertion is not None:
        message = "There are a private_key and a client_assertion."
        raise ConfigurationError(message, hint="Give one of the two.")
    if settings.can_sign and settings.client_id is None and settings.client_metadata_url is None:
        message = "A private_key or client_assertion proves a client of yours, and there is none."
        raise ConfigurationError(message, hint="Give its client_id or its client_metadata_url.")
    if settings.client_id is not None and settings.clients:
        message = "There are a client_id and clients for several issuers."
        raise ConfigurationError(message, hint="Put the client among clients=, with its issuer.")
    if settings.initial_access_token is not None and settings.issuer is None:
        message = "An initial_access_token belongs to one authorization server, and none is named."
        raise ConfigurationError(message, hint="Give its issuer=.")
    if settings.assertion_audience is not None and settings.issuer is None and not settings.needs_no_discovery:
        # An assertion with an audience of its own is good there, whoever it is sent to.
        message = "An assertion_audience belongs to one authorization server, and none is named."
        raise ConfigurationError(message, hint="Give its issuer=.")
    issuers = [client.issuer for client in settings.clients]
    if len(set(issuers)) != len(issuers):
        message = "Two of the clients belong to the same issuer."
        raise ConfigurationError(message, hint="Give one client for each issuer.")
    if settings.client_metadata_url is not None:
        require_document_url(settings.client_metadata_url)
    named = settings.client_authentication
    if named is not None and named.needs_secret and settings.client_secret is None:
        message = f"The client authentication {named} needs a client_id and a client_secret."
        raise ConfigurationError(message, hint="Give both, or leave client_authentication out.")
    if named is ClientAuthentication.PRIVATE_KEY and not settings.can_sign:
        message = f"The client authentication {named} needs a key."
        raise ConfigurationError(message, hint="Give private_key or client_assertion.")


def _check_grant(settings: Settings) -> None:
    grant = settings.chosen_grant
    if grant == "client_credentials" and settings.client_secret is None and not settings.can_sign:
        secrets = [client.client_secret for client in settings.clients]
        if not secrets or None in secrets:  # RFC 6749 §4.4: confidential clients only
            message = "The client credentials grant needs a client_id and a client_secret or a private_key."
            raise ConfigurationError(message, hint="Give them, or let a person log in.")
    if grant == "workload_identity" and settings.workload_token is None:
        message = "The grant workload_identity needs a workload_token."
        raise ConfigurationError(message, hint="Give the file the platform keeps it in, or a callable.")
    if grant == "enterprise_managed" and settings.identity_provider is None:
        message = "The grant enterprise_managed needs an identity_provider."
        raise ConfigurationError(message, hint="Give an IdentityProvider.")
    if grant == "enterprise_managed" and not _proves_itself(settings):
        message = "The grant enterprise_managed needs a client that can prove itself."  # ID-JAG §8.1
        raise ConfigurationError(message, hint="Give its client_secret or private_key, or a client_metadata_url.")
    unused = {"workload_identity": settings.workload_token, "enterprise_managed": settings.identity_provider}
    for name, given in unused.items():
        if given is not None and grant != name:
            message = f"The grant is {grant}, and there are settings for {name}."
            raise ConfigurationError(message, hint="Leave one of the two out.")


def _proves_itself(settings: Settings) -> bool:
    if settings.client_id is None and not settings.clients:
        return settings.client_metadata_url is not None
    secrets = [settings.client_secret, *(client.client_secret for client in settings.clients)]
    return settings.can_sign or any(secret is not None for secret in secrets)


def _check_treatment(settings: Settings) -> None:
    named = OWN_PARAMETERS & dict(settings.authorization_parameters).keys()
    is_identity = settings.bearer == "id_token"
    contradictions = {
        "There is a resource to leave out.": settings.send_resource is False and settings.resource is not None,
        "The scope has offline_access, and offline_access=False is against it.": settings.offline_access is False
        and "offline_access" in (settings.scope or ()),
        "Nobody logs in with client credentials, so there is no ID token.": is_identity
        and settings.chosen_grant == "client_credentials",
        "An ID token is bound to no key, and dpop=True wants every token to be.": is_identity and settings.dpop,
        f"authorization_parameters cannot set {', '.join(sorted(named))}.": named,
    }
    for message, is_so in contradictions.items():
        if is_so:
            raise ConfigurationError(message, hint="Leave one of the two out.")


def _check_urls(settings: Settings) -> None:
    if not _is_http(settings.server_url):
        message = f"{quote(settings.server_url)} is not the URL of an MCP server."
        raise ConfigurationError(message, hint="Give an http(s) URL.")
    given = {
        "issuer": settings.issuer,
        "authorization_endpoint": settings.authorization_endpoint,
        "token_endpoint": settings.token_endpoint,
        "registration_endpoint": settings.registration_endpoint,
        "redirect_uri": settings.redirect_uri,
        **{f"issuer of the client {client.client_id}": client.issuer for client in settings.clients},
        **{f"redirect_uri of the client {client.client_id}": client.redirect_uri for client in settings.clients},
    }
    try:
        for name, url in given.items():
            if url is not None:
                urls.require_endpoint(url, name)
    except InsecureEndpoint as error:
        raise ConfigurationError(error.message, hint=error.hint) from error
    if settings.resource is not None and not _ABSOLUTE_URI.fullmatch(settings.resource):
        message = f"The resource {quote(settings.resource)} is not an absolute URI without a fragment."
        raise ConfigurationError(message, hint="Give it as the server's operator names it, for example its URL.")
    for redirect_uri in (settings.redirect_uri, *(client.redirect_uri for client in settings.clients)):
        if redirect_uri is not None and not _is_listenable(redirect_uri):
            message = f"Nothing can listen at the redirect_uri {redirect_uri}."
            hint = "Use http, a loopback host and a port: http://127.0.0.1:8080/callback."
            raise ConfigurationError(message, hint=hint)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme.lower() in ("https", "http") and bool(host)


def _is_listenable(redirect_uri: str) -> bool:
    parts = urlsplit(redirect_uri)
    return parts.scheme.lower() == "http" and urls.is_loopback(redirect_uri) and bool(parts.port)
