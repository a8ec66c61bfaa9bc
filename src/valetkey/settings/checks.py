# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which options contradict each other. The settings are checked when they are made, before anything is sent."""

import re
from dataclasses import fields
from inspect import iscoroutinefunction
from typing import get_args
from urllib.parse import urlsplit

from valetkey import urls
from valetkey.errors import ConfigurationError, InsecureEndpoint, quote
from valetkey.profiles.catalog import require_profile
from valetkey.protocol.authorization import OWN_PARAMETERS
from valetkey.protocol.client_document import require_document_url
from valetkey.settings.credentials import IdentityProvider, require_source
from valetkey.settings.names import require_label, require_principal
from valetkey.settings.network import Network
from valetkey.settings.options import GrantName
from valetkey.settings.python_options import PythonOptions
from valetkey.values import ClientAuthentication, Secret

GRANTS: tuple[GrantName, ...] = get_args(GrantName)

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")
_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^#\s]+")  # RFC 8707 §2, RFC 3986 §4.3

_REDIRECT = (
    "Use http on this computer's loopback address, as in http://127.0.0.1:8080/callback, or an https URL with "
    'login="paste", or with public_url.'
)


def require_harmony(options: PythonOptions) -> None:
    """
    Refuse options that contradict each other, and values that cannot be used.

    :raises ConfigurationError: If there are any.
    """
    _check_texts(options)
    _check_urls(options)
    _check_values(options)
    _check_clients(options)
    _check_owner(options)
    _check_grant(options)
    _check_requests(options)


def _check_texts(options: PythonOptions) -> None:
    """An environment variable that is not UTF-8 gives text that no request can hold (PEP 383)."""
    provider: object = options.identity_provider
    if not isinstance(provider, IdentityProvider | None):
        message = f"The identity_provider is a {type(provider).__name__}."
        raise ConfigurationError(message, hint="Give an IdentityProvider.")
    parts = (options, *options.clients, *((provider,) if provider is not None else ()))
    for name, value in ((each.name, getattr(part, each.name)) for part in parts for each in fields(part)):
        text = value.reveal() if isinstance(value, Secret) else value
        if isinstance(text, tuple):
            text = _joined(text)
        if isinstance(text, str) and not text.isascii() and _HALF_A_PAIR.search(text):
            message = f"The {name} has a character that is no Unicode character."
            raise ConfigurationError(message, hint="Give it as UTF-8.")


def _joined(parts: tuple[object, ...]) -> str:
    """Scopes, or pairs of texts, as one text."""
    return "".join(part if isinstance(part, str) else _joined(part) for part in parts if isinstance(part, str | tuple))


def _check_values(options: PythonOptions) -> None:
    if options.grant not in GRANTS:
        message = f"There is no grant {options.grant!r}."
        raise ConfigurationError(message, hint=f"Use one of {', '.join(GRANTS)}.")
    require_profile(options.profile)
    require_principal(options.principal)
    require_label(options.label)
    if options.bearer not in (None, "access_token", "id_token"):
        message = f"There is no bearer {options.bearer!r}."
        raise ConfigurationError(message, hint='Use "access_token" or "id_token".')
    if not options.login_timeout > 0:
        message = f"A login_timeout of {options.login_timeout} seconds leaves no time."
        raise ConfigurationError(message, hint="Give a positive number of seconds.")
    listener: object = options.on_event
    if listener is not None and (not callable(listener) or iscoroutinefunction(listener)):
        message = "The on_event is no function that can be called in a thread."
        raise ConfigurationError(message, hint="Give a function that gets an event, and is no `async def`.")
    sources = {"workload_token": options.workload_token, "client_assertion": options.client_assertion}
    for name, source in sources.items():
        if source is not None:
            require_source(source, name)
    network: object = options.network
    if not isinstance(network, Network | None):
        message = f"The network is a {type(network).__name__}."
        raise ConfigurationError(message, hint="Give a Network of valetkey.settings.")
    if options.own_document is not None:
        require_document_url(options.own_document)


def _check_clients(options: PythonOptions) -> None:
    if options.client_id is None and options.client_secret is not None:
        message = "`client_secret=` needs `client_id=`."
        raise ConfigurationError(message, hint="Give both, or none.")
    if options.private_key is not None and options.client_assertion is not None:
        message = "`private_key=` contradicts `client_assertion=`."
        raise ConfigurationError(message, hint="Give one of the two.")
    if options.can_sign and options.client_id is None and options.own_document is None:
        name = "private_key" if options.private_key is not None else "client_assertion"
        message = f"`{name}=` needs `client_id=` or `client_metadata_url=`: it proves a client of your own."
        raise ConfigurationError(message, hint="Give its client_id or its client_metadata_url.")
    if options.client_id is not None and options.clients:
        message = "`client_id=` contradicts `clients=`."
        raise ConfigurationError(message, hint="Put the client among clients=, with its issuer.")
    issuers = [client.issuer for client in options.clients]
    if len(set(issuers)) != len(issuers):
        message = "Two clients in `clients=` have the same issuer."
        raise ConfigurationError(message, hint="Give one client for each issuer.")
    named = options.client_authentication
    # Without a client, it is what a registration asks for.
    if named is not None and named.needs_secret and options.client_id is not None and options.client_secret is None:
        message = f"The client authentication {named} needs `client_id=` and `client_secret=`."
        raise ConfigurationError(message, hint="Give both, or leave client_authentication out.")
    if named is ClientAuthentication.PRIVATE_KEY and not options.can_sign:
        message = f"The client authentication {named} needs `private_key=` or `client_assertion=`."
        raise ConfigurationError(message, hint="Give private_key or client_assertion.")


def _check_owner(options: PythonOptions) -> None:
    """What is good at one authorization server only must not be sent to another one."""
    if options.initial_access_token is not None and options.issuer is None:
        message = "`initial_access_token=` needs `issuer=`: it belongs to one authorization server."
        raise ConfigurationError(message, hint="Give its issuer=.")
    if options.assertion_audience is not None and options.issuer is None and not options.needs_no_discovery:
        # An assertion with an audience of its own is valid there, whichever server it is sent to.
        message = "`assertion_audience=` needs `issuer=`: it belongs to one authorization server."
        raise ConfigurationError(message, hint="Give its issuer=.")


def _check_grant(options: PythonOptions) -> None:
    grant = options.chosen_grant
    if grant == "client_credentials" and options.client_secret is None and not options.can_sign:
        secrets = [client.client_secret for client in options.clients]
        if not secrets or None in secrets:  # RFC 6749 §4.4: confidential clients only
            message = "The grant client_credentials needs `client_id=`, and `client_secret=` or `private_key=`."
            raise ConfigurationError(message, hint="Give them, or let a person log in.")
    if grant == "workload_identity" and options.workload_token is None:
        message = "The grant workload_identity needs `workload_token=`."
        raise ConfigurationError(message, hint="Give the file the platform keeps it in, or a function.")
    if grant == "enterprise_managed" and options.identity_provider is None:
        message = "The grant enterprise_managed needs `identity_provider=`."
        raise ConfigurationError(message, hint="Give an IdentityProvider.")
    if grant == "enterprise_managed" and not _proves_itself(options):
        message = "The grant enterprise_managed needs a client that can prove itself."  # ID-JAG §8.1
        raise ConfigurationError(message, hint="Give its client_secret or private_key, or a client_metadata_url.")
    if options.workload_token is not None and grant != "workload_identity":
        message = f"`workload_token=` contradicts the grant {grant}."
        raise ConfigurationError(message, hint="Leave one of the two out.")
    if options.identity_provider is not None and grant != "enterprise_managed":
        message = f"`identity_provider=` contradicts the grant {grant}."
        raise ConfigurationError(message, hint="Leave one of the two out.")


def _proves_itself(options: PythonOptions) -> bool:
    if options.client_id is None and not options.clients:
        return options.own_document is not None
    secrets = [options.client_secret, *(client.client_secret for client in options.clients)]
    return options.can_sign or any(secret is not None for secret in secrets)


def _check_requests(options: PythonOptions) -> None:
    reserved = OWN_PARAMETERS & dict(options.authorization_parameters).keys()
    is_identity = options.bearer == "id_token"
    needs_no_person = options.chosen_grant == "client_credentials"
    asks_offline = "offline_access" in (options.scope or ())
    contradictions = {
        "`send_resource=False` contradicts `resource=`.": options.send_resource is False
        and options.resource is not None,
        "`offline_access=False` contradicts `scope=`, which has offline_access.": options.offline_access is False
        and asks_offline,
        '`bearer="id_token"` contradicts the grant client_credentials, which gives no ID token.': is_identity
        and needs_no_person,
        '`bearer="id_token"` contradicts `dpop=True`: no ID token is bound to a key.': is_identity and options.dpop,
        f"`authorization_parameters=` cannot set {', '.join(sorted(reserved))}: Valetkey sets it itself.": reserved,
    }
    for message, is_so in contradictions.items():
        if is_so:
            raise ConfigurationError(message, hint="Leave one of the two out.")


def _check_urls(options: PythonOptions) -> None:
    if not _is_http(options.server_url):
        message = f"{quote(options.server_url)} is not the URL of an MCP server."
        hint = "Give an http(s) URL."
        if len(options.server_url) > urls.LONGEST_URL:
            hint = f"Give a URL of at most {urls.LONGEST_URL:,} characters."
        elif "://" not in options.server_url and _is_http(f"https://{options.server_url}"):
            hint = "Begin the URL with https://, or with http:// for a server on this computer."
        raise ConfigurationError(message, hint=hint)
    given = {
        "issuer": options.issuer,
        "authorization_endpoint": options.authorization_endpoint,
        "token_endpoint": options.token_endpoint,
        "registration_endpoint": options.registration_endpoint,
        "device_authorization_endpoint": options.device_authorization_endpoint,
        "redirect_uri": options.redirect_uri,
        "public_url": options.public_url,
        **{f"issuer of the client {client.client_id}": client.issuer for client in options.clients},
        **{f"redirect_uri of the client {client.client_id}": client.redirect_uri for client in options.clients},
    }
    for name, url in given.items():
        try:
            if url is not None:
                urls.require_endpoint(url, name)
        except InsecureEndpoint as error:
            hint = _REDIRECT if name.startswith("redirect_uri") else error.hint
            raise ConfigurationError(error.message, hint=hint) from error
    _check_web_app(options)
    if options.resource is not None and not _ABSOLUTE_URI.fullmatch(options.resource):
        message = f"The resource {quote(options.resource)} is not an absolute URI without a fragment."
        raise ConfigurationError(message, hint="Give it as the server's operator names it, for example its URL.")


def _check_web_app(options: PythonOptions) -> None:
    if options.public_url is None:
        return
    if "?" in options.public_url:
        message = f"The public_url {quote(options.public_url)} has a query."
        raise ConfigurationError(message, hint="Give the URL of the web app alone, such as https://bot.example.com.")
    for address in options.redirect_uris:
        if not urls.same_origin(address, options.public_url):
            message = f"The redirect_uri {address} is not one of the web app at public_url {options.public_url}."
            raise ConfigurationError(message, hint="Leave redirect_uri out, or give an address of that web app.")


def _is_http(url: str) -> bool:
    if len(url) > urls.LONGEST_URL:
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme.lower() in ("https", "http") and bool(host)
