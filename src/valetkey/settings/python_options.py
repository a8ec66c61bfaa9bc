# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The options whose type or name differs in YAML, in the form the engine uses, and what follows from all of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag

from valetkey.errors import ConfigurationError
from valetkey.settings.converted import Converted
from valetkey.settings.credentials import (
    AssertionSource,
    IdentityProvider,
    PrivateKey,
    RegisteredClient,
    TokenSource,
    to_private_key,
    to_token_source,
)
from valetkey.settings.network import Network
from valetkey.settings.options import NO_DOCUMENT, GrantName, Options
from valetkey.values import ClientAuthentication, Scope, Secret, as_secret, scope_from_text, to_client_authentication

CALLBACK_PATH = "/mcp-oauth/callback"
START_PATH = "/mcp-oauth/start/"
"""Where a web app has its two routes of a login, below its `public_url`."""

_OF_MACHINES = frozenset({"client_credentials", "workload_identity", "enterprise_managed"})

_EXTENSIONS = {
    "client_credentials": "io.modelcontextprotocol/oauth-client-credentials",
    "enterprise_managed": "io.modelcontextprotocol/enterprise-managed-authorization",
    "workload_identity": "io.modelcontextprotocol/auth/wif",  # SEP-1933, a draft
}
_DPOP = "io.modelcontextprotocol/auth/dpop"  # SEP-1932, a draft

_Pairs = tuple[tuple[str, str], ...]


def _as_requested(url: str | None) -> str | None:
    """
    Give a URL as both HTTP libraries request it: a host in ASCII, and no `/./` or `/../`.

    A fragment never reaches a server and is no part of a resource (RFC 8707 §2).
    """
    if url is None:
        return None
    url = urldefrag(url).url
    if url.isascii() and "/." not in url:
        return url
    from httpx2 import URL, InvalidURL  # loaded for the rare case

    try:
        return str(URL(url))
    except (InvalidURL, UnicodeEncodeError):
        return url  # the checks say what is wrong with it


def _to_clients(clients: Sequence[RegisteredClient]) -> tuple[RegisteredClient, ...]:
    for client in clients:
        if not isinstance(client, RegisteredClient):
            message = f"A client in `clients=` is a {type(client).__name__}."
            raise ConfigurationError(message, hint="Give RegisteredClient objects.")
    return tuple(clients)


def _to_private_key(given: PrivateKey | Secret | str | Path | None) -> PrivateKey | None:
    return to_private_key(given)


def _to_scope(scope: str | Sequence[str] | None) -> Scope | None:
    return scope_from_text(scope if scope is None or isinstance(scope, str) else " ".join(scope))


def _to_pairs(parameters: Mapping[str, str] | Iterable[tuple[str, str]] | None) -> _Pairs:
    return tuple(parameters.items() if isinstance(parameters, Mapping) else parameters or ())


@dataclass(frozen=True, kw_only=True)
class PythonOptions(Options):
    """
    The options as Python has them. `Settings` adds the checks.

    :param url: The URL of the MCP server. `OAuth(url)` fills it in.
    :param client_secret: The secret of `client_id`. It goes to `issuer` alone, so give that too. With a secret and
        without `redirect_uri` or `public_url`, no person is asked (client credentials).
    :param client_authentication: How the client authenticates: "none", "client_secret_basic", "client_secret_post" or
        "private_key_jwt". None lets the authorization server's metadata decide. Without `client_id`, it is what a
        registration asks for.
    :param clients: Clients registered by hand, one for each issuer, instead of `client_id`: `RegisteredClient` objects.
    :param private_key: The key that the client signs with, instead of showing a secret: the path of a PEM file or a
        `Secret` with its text. Python also takes a `PrivateKey`.
    :param initial_access_token: The token that allows a registration at `issuer`, if the authorization server requires
        one (RFC 7591 §3).
    :param workload_token: The token that a platform gives to this workload: the path of the file that the platform
        keeps fresh, or a function that gets the audience and returns the token.
    :param identity_provider: The organisation's identity provider, for enterprise-managed authorization: an
        `IdentityProvider`.
    :param scope: The scopes to ask for, exactly these. None asks for what the MCP server wants. Python also takes one
        text with spaces.
    :param authorization_parameters: Further parameters of the authorization request.
    :param grant: How a token is obtained: "authorization_code", "device_code", "client_credentials",
        "workload_identity" or "enterprise_managed". "auto" chooses by the other options: `workload_token`,
        `identity_provider`, a secret or key without `redirect_uri` or `public_url` (client credentials), else a login.
    :param network: How Valetkey's own requests leave your network, where the environment does not say it: certificate
        authorities, client certificates, a proxy, header fields for an access gateway. A `Network`.
    """

    url: Converted[str | None, str | None] = Converted(_as_requested, None)
    client_secret: Converted[str | Secret | None, Secret | None] = Converted(as_secret, None)
    client_authentication: Converted[str | None, ClientAuthentication | None] = Converted(
        to_client_authentication, None
    )
    clients: Converted[Sequence[RegisteredClient], tuple[RegisteredClient, ...]] = Converted(_to_clients, ())
    private_key: Converted[PrivateKey | Secret | str | Path | None, PrivateKey | None] = Converted(
        _to_private_key, None
    )
    initial_access_token: Converted[str | Secret | None, Secret | None] = Converted(as_secret, None)
    workload_token: Converted[AssertionSource | str | Path | None, TokenSource | None] = Converted(
        to_token_source, None
    )
    identity_provider: IdentityProvider | None = None
    scope: Converted[str | Sequence[str] | None, Scope | None] = Converted(_to_scope, None)
    authorization_parameters: Converted[Mapping[str, str] | Iterable[tuple[str, str]] | None, _Pairs] = Converted(
        _to_pairs, None
    )
    grant: GrantName = "auto"
    network: Network | None = None

    def __post_init__(self) -> None:
        """Where `Settings` checks what was given."""

    @property
    def server_url(self) -> str:
        """
        The URL of the MCP server, without a fragment.

        :raises ConfigurationError: If these settings have none.
        """
        if self.url is None:
            message = "The settings have no url."
            raise ConfigurationError(message, hint="Give the URL of the MCP server: Settings(url=…) or OAuth(url).")
        return self.url

    @property
    def own_document(self) -> str | None:
        """The URL of the user's own client metadata document."""
        return None if self.client_metadata_url == NO_DOCUMENT else self.client_metadata_url

    @property
    def can_sign(self) -> bool:
        """True if the user's client proves itself with assertions."""
        return self.private_key is not None or self.client_assertion is not None

    @property
    def chosen_grant(self) -> GrantName:
        """The grant that "auto" stands for, chosen by the other options."""
        if self.grant != "auto":
            return self.grant
        if self.workload_token is not None:
            return "workload_identity"
        if self.identity_provider is not None:
            return "enterprise_managed"
        proves = self.client_secret is not None or (self.can_sign and self.client_id is not None)
        return "client_credentials" if proves and self.answer_address is None else "authorization_code"

    @property
    def extensions(self) -> dict[str, dict[str, object]]:
        """
        What an MCP client has to declare among its capabilities for these settings (`clientCapabilities.extensions`).

        Empty, unless the user has chosen an extension.
        """
        named = _EXTENSIONS.get(self.chosen_grant)
        declared: dict[str, dict[str, object]] = {named: {}} if named is not None else {}
        if self.dpop:
            declared[_DPOP] = {}
        return declared

    @property
    def profile_members(self) -> dict[str, object]:
        """What the user has set of a provider's profile; None where the profile decides."""
        return {
            "send_resource": True if self.resource is not None else self.send_resource,
            "assume_pkce": self.assume_pkce,
            "authorization_parameters": self.authorization_parameters,
        }

    @property
    def is_machine(self) -> bool:
        """True if a token can be obtained without a person."""
        return self.chosen_grant in _OF_MACHINES

    @property
    def answer_address(self) -> str | None:
        """The one address that the answer of a login comes to, None for any of this computer's."""
        if self.redirect_uri is not None or self.public_url is None:
            return self.redirect_uri
        return f"{self.public_url.rstrip('/')}{CALLBACK_PATH}"

    def start_link(self, login_id: str) -> str | None:
        """Give the short link of a pending login, for a web app; None without one."""
        return None if self.public_url is None else f"{self.public_url.rstrip('/')}{START_PATH}{login_id}"

    @property
    def redirect_uris(self) -> tuple[str, ...]:
        """The redirect addresses that the user has given, for one client or for each."""
        given = (self.redirect_uri, *(client.redirect_uri for client in self.clients))
        return tuple(address for address in given if address is not None)

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
