# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Dynamic client registration (RFC 7591 §3): how we introduce ourselves, and what the server made of it.
"""

import json
from dataclasses import dataclass

from valetkey import urls, wire
from valetkey.errors import ClientRefused, MalformedDocument, quote
from valetkey.protocol.refusal import is_temporary, read_refusal, temporary_error
from valetkey.values import Client, ClientAuthentication, ClientOrigin, Scope, Secret, ServerMetadata, scope_to_text
from valetkey.wire import HttpRequest, HttpResponse

_BY_HAND = "Register a client by hand and give its client_id."
_LATEST = 1e12
"""Unix time that no secret lives to; a larger number is no time."""


@dataclass(frozen=True, slots=True)
class ClientMetadata:
    """
    What we ask to be registered as. Nothing in it identifies the person (RFC 7591 §5).

    :param redirect_uri: Where the browser is sent back to.
    :param name: The product's name, shown on the consent page.
    :param scope: Scopes the client will ask for; None leaves it to the server.
    :param refreshes: True to ask for refresh tokens too.
    :param binds_tokens: True to ask for tokens bound to a key (RFC 9449 §5.2).
    """

    redirect_uri: str
    name: str
    scope: Scope | None = None
    refreshes: bool = True
    binds_tokens: bool = False


def registration_request(
    server: ServerMetadata, metadata: ClientMetadata, *, initial_access_token: Secret | None = None
) -> HttpRequest:
    """
    Build the registration request; `parse_registration` reads the answer.

    :param server: The server, which must have a registration endpoint.
    :param metadata: What to register.
    :param initial_access_token: What allows the registration, for servers that want it (RFC 7591 §3).
    :returns: The request: no other credential in it.
    :raises InsecureEndpoint: If the registration endpoint must not be used.
    """
    endpoint = urls.require_endpoint(server.registration_endpoint or "", "registration endpoint")
    document: dict[str, object] = {
        "client_name": metadata.name,
        "redirect_uris": [metadata.redirect_uri],
        "application_type": "native",  # MCP 2026-07-28, Application Type: a loopback redirect is a native client's
        "grant_types": ["authorization_code", "refresh_token"] if metadata.refreshes else ["authorization_code"],
        "response_types": ["code"],
        # RFC 7591 §2: left out, the server would make it client_secret_basic.
        "token_endpoint_auth_method": ClientAuthentication.NONE.value,
    }
    if metadata.scope:
        document["scope"] = scope_to_text(metadata.scope)
    if metadata.binds_tokens:
        document["dpop_bound_access_tokens"] = True
    bearer: tuple[tuple[str, str], ...] = ()
    secrets: tuple[Secret, ...] = ()
    if initial_access_token is not None:
        bearer = (("Authorization", f"Bearer {initial_access_token.reveal()}"),)
        secrets = (initial_access_token,)
    return HttpRequest(
        "POST",
        endpoint,
        "register this program as a client",
        headers=(("Content-Type", "application/json"), ("Accept", "application/json"), *bearer),
        body=json.dumps(document).encode(),
        issuer=server.issuer,
        credentials_of=(server.issuer,) if initial_access_token is not None else (),
        secrets=secrets,
    )


def parse_registration(
    response: HttpResponse, server: ServerMetadata, requested: ClientMetadata, *, now: float
) -> Client:
    """
    Read the answer to `registration_request`. What the server changed is what counts (RFC 7591 §3.2.1).

    :param response: The answer; 201, and 200 as some servers say.
    :param server: The server that registered us.
    :param requested: What was asked for.
    :param now: Unix time in seconds.
    :returns: The client, bound to the server's issuer.
    :raises ClientRefused: If the server does not register us, or in a way we cannot use.
    :raises TemporaryError: If it could not answer now.
    :raises MalformedDocument: If the answer cannot be read.
    """
    if is_temporary(response):
        raise temporary_error(response, "The registration endpoint", now=now)
    if response.status not in (200, 201):
        raise _refused(response)
    document = wire.json_object(response) or {}
    client_id = wire.text_member(document, "client_id", response.url)
    if client_id is None:
        message = f"The registration endpoint {response.url} answered {response.status} without a client_id."
        hint = "This is a fault of the server; register a client there by hand and give its client_id."
        raise MalformedDocument(message, hint=hint, url=response.url, member="client_id")
    secret = wire.text_member(document, "client_secret", response.url)
    return Client(
        client_id=client_id,
        issuer=server.issuer,
        secret=Secret(secret) if secret is not None else None,
        authentication=_authentication(document, response, has_secret=secret is not None),
        redirect_uri=_redirect_uri(document, response, requested),
        secret_expires_at=_expiry(document.get("client_secret_expires_at")),
        origin=ClientOrigin.REGISTERED,
    )


def _authentication(
    document: dict[str, object], response: HttpResponse, *, has_secret: bool
) -> ClientAuthentication | None:
    named = wire.text_member(document, "token_endpoint_auth_method", response.url)
    if named is None:
        return None if has_secret else ClientAuthentication.NONE
    if named not in list(ClientAuthentication) or named == ClientAuthentication.PRIVATE_KEY:
        message = f"{response.url} registered this client for the authentication method {quote(named)}."
        raise ClientRefused(message, hint=_BY_HAND, endpoint=response.url)
    if named != ClientAuthentication.NONE and not has_secret:  # DCR-7: better now than after the person has logged in
        message = f"{response.url} registered this client for {quote(named)}, but gave it no secret."
        raise ClientRefused(message, hint=_BY_HAND, endpoint=response.url)
    return ClientAuthentication(named)


def _redirect_uri(document: dict[str, object], response: HttpResponse, requested: ClientMetadata) -> str:
    registered = wire.list_member(document, "redirect_uris", response.url)
    if registered is not None and requested.redirect_uri not in registered:
        message = f"{response.url} did not register the redirect address {requested.redirect_uri}."
        hint = "Register a client by hand with that address, or give a redirect_uri the server accepts."
        raise ClientRefused(message, hint=hint, endpoint=response.url)
    return requested.redirect_uri


def _expiry(value: object) -> float | None:
    """0 means never (RFC 7591 §3.2.1); anything unreadable is taken as never and heals by `invalid_client`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LATEST:
        return None
    return float(value)


def _refused(response: HttpResponse) -> ClientRefused:
    error, description = read_refusal(response)
    told = f": {quote(error)}" if error else ""
    told += f" {quote(description)}" if description else ""
    message = f"The registration endpoint {response.url} answered {response.status}{told}."
    hint = "Register a client there by hand and give its client_id."
    return ClientRefused(
        message, hint=hint, error=error, description=description, status=response.status, endpoint=response.url
    )
