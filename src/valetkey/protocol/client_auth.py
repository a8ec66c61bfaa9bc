# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Client authentication: none, basic, post, private_key_jwt; one method a request.

RFC 6749 §2.3, RFC 7591 §2, RFC 7523 §2.2.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote_plus

from valetkey.errors import ConfigurationError, quote
from valetkey.values import Client, ClientAuthentication, Secret, ServerMetadata

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523 §2.2


@dataclass(frozen=True, slots=True, repr=False)
class AuthenticationFields:
    """The form fields and header fields that authenticate a client in one request."""

    fields: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def is_basic(self) -> bool:
        """True if the client authenticates in the header alone."""
        return bool(self.headers) and not self.fields

    def naming(self, client: Client) -> "AuthenticationFields":
        """
        Give the fields with the client_id in the form too.

        Servers built on the MCP Python SDK look a client up by the form alone.
        """
        return replace(self, fields=(*self.fields, ("client_id", client.client_id)))

    def with_empty_secret(self) -> "AuthenticationFields":
        """
        Give the fields of a public client with an empty secret, for revocation.

        Servers built on the MCP Python SDK want the parameter to be there. RFC 6749 §2.3.1 lets it be left out if it is
        empty, so an empty one says the same.
        """
        return replace(self, fields=(*self.fields, ("client_secret", "")))


def choose_authentication(
    client: Client, server: ServerMetadata, *, offered: Sequence[str] | None = None, has_key: bool = False
) -> ClientAuthentication:
    """
    Choose the method: what the registration fixed, else what the metadata offers (no list means Basic, RFC 8414 §2).

    A client that can sign does, unless it also has a secret and only that is offered (RFC 9700 §2.5).
    """
    if client.authentication is not None:
        return client.authentication
    named = offered or server.token_endpoint_auth_methods_supported
    if has_key and (client.secret is None or named is None or ClientAuthentication.PRIVATE_KEY in named):
        return ClientAuthentication.PRIVATE_KEY
    if client.secret is None:
        return ClientAuthentication.NONE
    listed = named or (ClientAuthentication.BASIC,)
    if ClientAuthentication.POST not in listed:
        return ClientAuthentication.BASIC
    plain = (
        _encoded(client.client_id) == client.client_id and _encoded(client.secret.reveal()) == client.secret.reveal()
    )
    # nanoidp and others take Basic without decoding it; a body needs no second encoding.
    return ClientAuthentication.BASIC if ClientAuthentication.BASIC in listed and plain else ClientAuthentication.POST


def registration_methods(
    server: ServerMetadata, chosen: ClientAuthentication | None = None
) -> tuple[ClientAuthentication, ...]:
    """
    Give the methods that a new client is to be registered for, in the order in which they are asked for.

    None before post before Basic, of what the server lists; many accept `none` and do not list it, so it comes last
    then. No list means Basic (RFC 8414 §2), but servers without one mostly know public clients only: `none` is first.
    """
    none, basic, post = ClientAuthentication.NONE, ClientAuthentication.BASIC, ClientAuthentication.POST
    if chosen is not None and chosen is not ClientAuthentication.PRIVATE_KEY:
        return (chosen,)
    if server.token_endpoint_auth_methods_supported is None:
        return (none, basic, post)
    listed = tuple(each for each in (none, post, basic) if each in server.token_endpoint_auth_methods_supported)
    return listed if none in listed else (*listed, none)


def other_methods(client: Client, server: ServerMetadata) -> tuple[ClientAuthentication, ...]:
    """Give the ways in which a registered client with a secret can authenticate besides the one it was told to use."""
    if client.secret is None or not client.registered:
        return ()
    used = choose_authentication(client, server)
    ways = (ClientAuthentication.BASIC, ClientAuthentication.POST, ClientAuthentication.NONE)
    return tuple(each for each in ways if each is not used)


def revocation_methods(
    client: Client, server: ServerMetadata, *, has_key: bool = False
) -> tuple[ClientAuthentication, ...]:
    """
    Give the methods for the revocation endpoint: by its own list, no list means Basic (RFC 8414 §2); then the others.

    Each needs what the client has. The next one is for an answer that says `invalid_client`.
    """
    own = server.revocation_endpoint_auth_methods_supported
    if has_key or client.secret is None:
        return (choose_authentication(client, server, offered=own, has_key=has_key),)
    listed = own or (ClientAuthentication.BASIC,)
    fixed = (client.authentication,) if client.authentication is not None else ()
    known = (*fixed, ClientAuthentication.BASIC, ClientAuthentication.POST)
    preferred = tuple(each for each in known if each in listed)
    return tuple(dict.fromkeys((*preferred, *known)))


def authenticate(client: Client, method: ClientAuthentication, assertion: Secret | None = None) -> AuthenticationFields:
    """
    Give the form fields and header fields that authenticate the client; `assertion` is for private_key_jwt.

    :raises ConfigurationError: If the method needs what the client does not have.
    """
    name = ("client_id", client.client_id)
    if method is ClientAuthentication.NONE:
        return AuthenticationFields(fields=(name,) if client.client_id else ())
    if method is ClientAuthentication.PRIVATE_KEY:
        if assertion is None:
            message = f"The client {quote(client.client_id)} has to authenticate with {method}, but it has no key."
            raise ConfigurationError(message, hint="Give its private_key.")
        # The client_id is optional beside an assertion (RFC 7521 §4.2); several servers look the client up by it.
        fields = (name, ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.reveal()))
        return AuthenticationFields(fields=fields)
    if client.secret is None:
        message = f"The client {quote(client.client_id)} has to authenticate with {method}, but it has no secret."
        raise ConfigurationError(message, hint="Give its client_secret.")
    if method is ClientAuthentication.POST:
        return AuthenticationFields(fields=(name, ("client_secret", client.secret.reveal())))
    # Only the header: Notion refuses Basic with a client_id in the body.
    return AuthenticationFields(headers=(("Authorization", _basic(client.client_id, client.secret)),))


def _basic(client_id: str, secret: Secret) -> str:
    pair = f"{_encoded(client_id)}:{_encoded(secret.reveal())}"  # RFC 6749 §2.3.1: each form-encoded first
    encoded = Secret(base64.b64encode(pair.encode()).decode())  # a secret of its own, which a server may repeat
    return f"Basic {encoded.reveal()}"


def _encoded(text: str) -> str:
    return quote_plus(text, safe="")
