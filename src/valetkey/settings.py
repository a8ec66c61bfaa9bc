# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the user may set. Nothing has to be: an MCP server's URL is enough."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urldefrag, urlsplit

from valetkey import urls
from valetkey.errors import ConfigurationError, InsecureEndpoint, quote
from valetkey.values import ClientAuthentication, Scope, Secret

GrantName = Literal["auto", "authorization_code", "client_credentials"]

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
    :param issuer: The only authorization server to trust, exactly as its metadata names it.
    :param authorization_endpoint: Replaces what discovery finds; with `token_endpoint` and `client_id` nothing is
        discovered.
    :param token_endpoint: Replaces what discovery finds.
    :param registration_endpoint: Replaces what discovery finds.
    :param resource: The `resource` value to send instead of the discovered one.
    :param scope: Exactly this scope is asked for.
    :param redirect_uri: A fixed loopback address for the answer; without one, a free port is used.
    :param grant: "auto" means client credentials when there is a secret and no redirect address, else a login.
    :param login_timeout: Seconds a person has for a login.
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
    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    registration_endpoint: str | None = None
    resource: str | None = None
    scope: Scope | None = None
    redirect_uri: str | None = None
    grant: GrantName = "auto"
    login_timeout: float = LOGIN_SECONDS
    strict: bool = False
    principal: str = "local"
    label: str = "default"

    def __post_init__(self) -> None:
        self._check_urls()
        # A fragment never reaches a server and is no part of a resource (RFC 8707 §2).
        object.__setattr__(self, "server_url", urldefrag(self.server_url).url)
        if self.client_secret is not None and self.client_id is None:
            message = "There is a client_secret without a client_id."
            raise ConfigurationError(message, hint="Give both, or none.")
        if self.grant not in ("auto", "authorization_code", "client_credentials"):
            message = f"There is no grant {self.grant!r}."
            raise ConfigurationError(message, hint='Use "auto", "authorization_code" or "client_credentials".')
        if self.is_machine and self.client_secret is None:
            message = "The client credentials grant needs a client_id and a client_secret."
            raise ConfigurationError(message, hint="Give both, or let a person log in.")
        if self.client_authentication not in (None, ClientAuthentication.NONE) and self.client_secret is None:
            message = f"The client authentication {self.client_authentication} needs a client_id and a client_secret."
            raise ConfigurationError(message, hint="Give both, or leave client_authentication out.")
        if not self.login_timeout > 0:
            message = f"A login_timeout of {self.login_timeout} seconds leaves no time."
            raise ConfigurationError(message, hint="Give a positive number of seconds.")

    def _check_urls(self) -> None:
        if not _is_http(self.server_url):
            message = f"{quote(self.server_url)} is not the URL of an MCP server."
            raise ConfigurationError(message, hint="Give an http(s) URL.")
        given = {
            "issuer": self.issuer,
            "authorization_endpoint": self.authorization_endpoint,
            "token_endpoint": self.token_endpoint,
            "registration_endpoint": self.registration_endpoint,
            "redirect_uri": self.redirect_uri,
        }
        try:
            for name, url in given.items():
                if url is not None:
                    urls.require_endpoint(url, name)
        except InsecureEndpoint as error:
            raise ConfigurationError(error.message, hint=error.hint) from error
        if self.resource is not None and not _ABSOLUTE_URI.fullmatch(self.resource):
            message = f"The resource {quote(self.resource)} is not an absolute URI without a fragment."
            raise ConfigurationError(message, hint="Give it as the server's operator names it, for example its URL.")
        if self.redirect_uri is not None and not _is_listenable(self.redirect_uri):
            message = f"Nothing can listen at the redirect_uri {self.redirect_uri}."
            raise ConfigurationError(
                message, hint="Use http, a loopback host and a port: http://127.0.0.1:8080/callback."
            )

    @property
    def is_machine(self) -> bool:
        """True if a machine proves itself; False if a person logs in."""
        if self.grant == "auto":
            return self.client_secret is not None and self.redirect_uri is None
        return self.grant == "client_credentials"

    @property
    def needs_no_discovery(self) -> bool:
        """True if the user gave everything that discovery could find."""
        if self.client_id is None or self.token_endpoint is None:
            return False
        return self.is_machine or self.authorization_endpoint is not None


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
