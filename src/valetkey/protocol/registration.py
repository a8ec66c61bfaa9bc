# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Dynamic client registration (RFC 7591 §3): what we ask for, and what the server registered."""

import json
from dataclasses import dataclass, replace

from valetkey import urls, wire
from valetkey.errors import ClientRefused, MalformedDocument, quote
from valetkey.protocol.device import GRANT_TYPE as DEVICE_CODE
from valetkey.protocol.error_response import is_temporary, read_error, temporary_error
from valetkey.values import Client, ClientAuthentication, ClientOrigin, Scope, Secret, ServerMetadata, scope_to_text
from valetkey.wire import HttpRequest, HttpResponse

_PLACEHOLDER = "http://127.0.0.1/callback"
_BY_HAND = "Register a client by hand and give its client_id."
_LATEST = 1e12
"""Unix time that no secret lives to; a larger number is no time."""


@dataclass(frozen=True, slots=True)
class ClientMetadata:
    """
    What we ask to be registered as. Nothing in it identifies the person (RFC 7591 §5).

    :param redirect_uri: Where the browser is sent back to; None for a client that logs in on another device.
    :param binds_tokens: True to ask for tokens bound to a key (RFC 9449 §5.2).
    :param has_placeholder: True to name a redirect address that is never used, for servers that require one of every
        client.
    """

    redirect_uri: str | None
    name: str
    scope: Scope | None = None
    refreshes: bool = True
    binds_tokens: bool = False
    has_placeholder: bool = False

    @property
    def grant_types(self) -> tuple[str, ...]:
        """The grants: what the person logs in with, and refreshing."""
        login = DEVICE_CODE if self.redirect_uri is None else "authorization_code"
        return (login, "refresh_token") if self.refreshes else (login,)

    @property
    def redirect_uris(self) -> tuple[str, ...]:
        """The redirect addresses. Only a client that is sent back needs one (RFC 7591 §2)."""
        if self.redirect_uri is None:
            return (_PLACEHOLDER,) if self.has_placeholder else ()
        return (self.redirect_uri,)

    def corrected(self, error: str | None, description: str | None) -> "ClientMetadata | None":
        """Change what is asked for as a server's refusal says (RFC 7591 §3.2.2); None if the refusal is final."""
        if self.redirect_uri is None and "redirect_uri" in f"{error} {description}":
            return replace(self, has_placeholder=True)
        if error == "invalid_client_metadata":  # django-oauth-toolkit gives each client one grant, and no refresh
            return replace(self, refreshes=False)
        return None


def registration_request(
    server: ServerMetadata, metadata: ClientMetadata, *, initial_access_token: Secret | None = None
) -> HttpRequest:
    """
    Build the registration request; `parse_registration` reads the answer.

    The initial access token allows the registration, for servers that require one (RFC 7591 §3).
    """
    endpoint = urls.require_endpoint(server.registration_endpoint or "", "registration endpoint")
    document: dict[str, object] = {
        "client_name": metadata.name,
        **({"redirect_uris": list(metadata.redirect_uris)} if metadata.redirect_uris else {}),
        "application_type": "native",  # MCP 2026-07-28, Application Type: a loopback redirect is a native client's
        "grant_types": list(metadata.grant_types),
        # RFC 7591 §2.1: they go with each other; left out, it would be the code.
        "response_types": ["code"] if metadata.redirect_uri is not None else [],
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
    Read the answer to `registration_request`; what the server changed counts (RFC 7591 §3.2.1).

    200 is taken for 201, as some servers send it.

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


def _redirect_uri(document: dict[str, object], response: HttpResponse, requested: ClientMetadata) -> str | None:
    if requested.redirect_uri is None:
        return None
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
    error, description = read_error(response)
    reason = f": {quote(error)}" if error else ""
    reason += f" {quote(description)}" if description else ""
    message = f"The registration endpoint {response.url} answered {response.status}{reason}."
    hint = "Register a client there by hand and give its client_id."
    return ClientRefused(
        message, hint=hint, error=error, description=description, status=response.status, endpoint=response.url
    )
