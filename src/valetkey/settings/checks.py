# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What contradicts each other in what the user set: told when the settings are made, before anything is sent."""

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from valetkey import urls
from valetkey.errors import ConfigurationError, InsecureEndpoint, quote
from valetkey.profiles.catalog import require_profile
from valetkey.protocol.authorization import OWN_PARAMETERS
from valetkey.protocol.client_document import require_document_url
from valetkey.settings.credentials import require_source
from valetkey.values import ClientAuthentication

if TYPE_CHECKING:
    from valetkey.settings.settings import Settings

GRANTS = ("auto", "authorization_code", "device_code", "client_credentials", "workload_identity", "enterprise_managed")

_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^#\s]+")  # RFC 8707 §2, RFC 3986 §4.3


def require_harmony(settings: "Settings") -> None:
    """
    Refuse settings that contradict each other.

    :param settings: The settings.
    :raises ConfigurationError: If they do.
    """
    _check_urls(settings)
    if settings.grant not in GRANTS:
        message = f"There is no grant {settings.grant!r}."
        raise ConfigurationError(message, hint=f"Use one of {', '.join(GRANTS)}.")
    _check_clients(settings)
    _check_grant(settings)
    require_profile(settings.profile)
    if settings.bearer not in (None, "access_token", "id_token"):
        message = f"There is no bearer {settings.bearer!r}."
        raise ConfigurationError(message, hint='Use "access_token" or "id_token".')
    _check_treatment(settings)
    if not settings.login_timeout > 0:
        message = f"A login_timeout of {settings.login_timeout} seconds leaves no time."
        raise ConfigurationError(message, hint="Give a positive number of seconds.")


def _check_clients(settings: "Settings") -> None:
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


def _check_grant(settings: "Settings") -> None:
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


def _proves_itself(settings: "Settings") -> bool:
    if settings.client_id is None and not settings.clients:
        return settings.client_metadata_url is not None
    secrets = [settings.client_secret, *(client.client_secret for client in settings.clients)]
    return settings.can_sign or any(secret is not None for secret in secrets)


def _check_treatment(settings: "Settings") -> None:
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


def _check_urls(settings: "Settings") -> None:
    if not _is_http(settings.server_url):
        message = f"{quote(settings.server_url)} is not the URL of an MCP server."
        raise ConfigurationError(message, hint="Give an http(s) URL.")
    given = {
        "issuer": settings.issuer,
        "authorization_endpoint": settings.authorization_endpoint,
        "token_endpoint": settings.token_endpoint,
        "registration_endpoint": settings.registration_endpoint,
        "device_authorization_endpoint": settings.device_authorization_endpoint,
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
