# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Dynamic client registration (RFC 7591 §3): what we ask for, and what the server registered."""

import json
from dataclasses import dataclass

from valetkey import urls, wire
from valetkey.errors import ClientRefused, MalformedDocument, quote
from valetkey.protocol.device import GRANT_TYPE as DEVICE_CODE
from valetkey.protocol.error_response import is_temporary, read_error, temporary_error
from valetkey.values import (
    Client,
    ClientAuthentication,
    ClientOrigin,
    Scope,
    Secret,
    ServerMetadata,
    scope_to_text,
)
from valetkey.wire import HttpRequest, HttpResponse

REGISTERING = "register this program as a client"
"""What the log says of the request."""

_PLACEHOLDER = "http://127.0.0.1/callback"
_BY_HAND = "Register a client by hand and give its client_id."
_LATEST = 1e12
"""Unix time that no secret lives to; a larger number is no time."""
_MOST_REDIRECT_URIS = 3


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
    has_contacts: bool = False  # True to send an empty list, for servers that require the member
    left_out: frozenset[str] = frozenset()  # members that the server does not want
    methods: tuple[ClientAuthentication, ...] = (ClientAuthentication.NONE,)  # in the order in which they are tried
    tried_methods: int = 0
    was_refused_for_nothing: bool = False  # True if a refusal did not say which member it is about

    @property
    def method(self) -> ClientAuthentication:
        """The authentication method that is asked for."""
        return self.methods[self.tried_methods]

    @property
    def other_methods(self) -> tuple[ClientAuthentication, ...]:
        """The methods that can still be asked for."""
        return self.methods[self.tried_methods + 1 :]

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

    @property
    def _application_type(self) -> str:
        """MCP 2026-07-28, Application Type: a loopback redirect is a native client's, an https one a web client's."""
        is_web = self.redirect_uri is not None and not urls.is_loopback(self.redirect_uri)
        return "web" if is_web else "native"

    def document(self) -> dict[str, object]:
        """Give the members of the request (RFC 7591 §2)."""
        members: dict[str, object] = {
            "client_name": self.name,
            "redirect_uris": list(self.redirect_uris) or None,
            "application_type": self._application_type,
            "grant_types": list(self.grant_types),
            # RFC 7591 §2.1: they go with each other; left out, it would be the code.
            "response_types": ["code"] if self.redirect_uri is not None else [],
            # RFC 7591 §2: left out, the server would make it client_secret_basic.
            "token_endpoint_auth_method": self.method.value,
            "scope": scope_to_text(self.scope) if self.scope else None,
            "dpop_bound_access_tokens": True if self.binds_tokens else None,
            "contacts": [] if self.has_contacts else None,  # RFC 7591 §5: it holds no person's address
        }
        return {name: value for name, value in members.items() if value is not None and name not in self.left_out}


def registration_request(
    server: ServerMetadata, metadata: ClientMetadata, *, initial_access_token: Secret | None = None
) -> HttpRequest:
    """
    Build the registration request; `parse_registration` reads the answer.

    The initial access token allows the registration, for servers that require one (RFC 7591 §3).
    """
    endpoint = urls.require_endpoint(server.registration_endpoint or "", "registration endpoint")
    bearer: tuple[tuple[str, str], ...] = ()
    if initial_access_token is not None:
        bearer = (("Authorization", f"Bearer {initial_access_token.reveal()}"),)
    return HttpRequest(
        "POST",
        endpoint,
        REGISTERING,
        headers=(("Content-Type", "application/json"), ("Accept", "application/json"), *bearer),
        body=json.dumps(metadata.document()).encode(),
        issuer=server.issuer,
        credentials_of=(server.issuer,) if initial_access_token is not None else (),
    )


def parse_registration(
    response: HttpResponse, server: ServerMetadata, requested: ClientMetadata, *, now: float
) -> Client:
    """
    Read the answer to `registration_request`; what the server changed counts (RFC 7591 §3.2.1).

    200 is taken for 201, as some servers send it. A member of a wrong type counts as absent, except `client_id`.

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
    if client_id is None and read_error(response)[0] is not None:  # some gateways answer every request with 200
        raise _refused(response)
    if client_id is None:
        packing = wire.packing(response)
        what = "without a client_id" if packing is None else f"with something that is {packing}"
        message = f"The registration endpoint {response.url} answered {response.status} {what}."
        hint = "This is a fault of the server; register a client there by hand and give its client_id."
        raise MalformedDocument(message, hint=hint, url=response.url, member="client_id")
    secret = wire.optional_text(document, "client_secret")
    scope = wire.read_scope(document.get("scope"))
    return Client(
        client_id=client_id,
        issuer=server.issuer,
        secret=Secret(secret) if secret is not None else None,
        authentication=_authentication(document, response, requested, has_secret=secret is not None),
        redirect_uri=requested.redirect_uri,
        secret_expires_at=_expiry(document.get("client_secret_expires_at")),
        origin=ClientOrigin.REGISTERED,
        scope=scope,
        declined_scope=tuple(each for each in requested.scope or () if scope is not None and each not in scope),
        other_redirect_uris=_other_redirect_uris(document.get("redirect_uris"), requested.redirect_uri),
        registered_at=now,
    )


def _authentication(
    document: dict[str, object], response: HttpResponse, requested: ClientMetadata, *, has_secret: bool
) -> ClientAuthentication | None:
    named = wire.optional_text(document, "token_endpoint_auth_method")
    if named is None:
        if not has_secret:
            return ClientAuthentication.NONE
        asked = requested.method
        return asked if asked.needs_secret else None
    if named not in list(ClientAuthentication) or named == ClientAuthentication.PRIVATE_KEY:
        raise _unusable(
            response, f"{response.url} registered this client for the authentication method {quote(named)}."
        )
    if named != ClientAuthentication.NONE and not has_secret:  # DCR-7: better now than after the person has logged in
        raise _unusable(response, f"{response.url} registered this client for {quote(named)}, but gave it no secret.")
    return ClientAuthentication(named)


def _other_redirect_uris(named: object, requested: str | None) -> tuple[str, ...]:
    """
    Give what the server registered instead of our address, which is used all the same.

    A loopback address may have any port (RFC 8252 §7.3), and gateways name the address of their own upstream.
    """
    listed = named[: wire.MOST_MEMBERS] if isinstance(named, list) else [named]
    addresses = tuple(each for each in listed if wire.is_text(each) and each)
    return () if requested is None or requested in addresses else addresses[:_MOST_REDIRECT_URIS]


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


def _unusable(response: HttpResponse, message: str) -> ClientRefused:
    """The status is the one of a success, by which `_policy.registration_tries` knows it."""
    return ClientRefused(message, hint=_BY_HAND, status=response.status, endpoint=response.url)
