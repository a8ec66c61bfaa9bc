# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Client authentication at the token endpoint: none, basic, post (RFC 6749 §2.3, RFC 7591 §2). One method a request.
"""

import base64
from urllib.parse import quote_plus

from valetkey.errors import ConfigurationError, quote
from valetkey.values import Client, ClientAuthentication, Secret, ServerMetadata

_Parts = tuple[dict[str, str], tuple[tuple[str, str], ...]]


def choose_authentication(client: Client, server: ServerMetadata) -> ClientAuthentication:
    """
    Choose the method: what the registration fixed, else what the metadata offers.

    :param client: The client.
    :param server: The server's metadata; no list means client_secret_basic (RFC 8414 §2).
    :returns: The method.
    """
    if client.authentication is not None:
        return client.authentication
    if client.secret is None:
        return ClientAuthentication.NONE
    offered = server.token_endpoint_auth_methods_supported or (ClientAuthentication.BASIC,)
    if ClientAuthentication.POST not in offered:
        return ClientAuthentication.BASIC
    plain = (
        _encoded(client.client_id) == client.client_id and _encoded(client.secret.reveal()) == client.secret.reveal()
    )
    # nanoidp and others take Basic without decoding it; a body needs no second encoding.
    return ClientAuthentication.BASIC if ClientAuthentication.BASIC in offered and plain else ClientAuthentication.POST


def authenticate(client: Client, server: ServerMetadata) -> _Parts:
    """
    Give the form fields and header fields that prove the client to the server's token endpoint.

    :param client: The client.
    :param server: The server.
    :returns: Form fields and header fields.
    :raises ConfigurationError: If the method needs a secret and the client has none.
    """
    method = choose_authentication(client, server)
    if method is ClientAuthentication.NONE:
        return {"client_id": client.client_id}, ()
    if client.secret is None:
        message = f"The client {quote(client.client_id)} has to authenticate with {method}, but it has no secret."
        raise ConfigurationError(message, hint="Give its client_secret.")
    if method is ClientAuthentication.POST:
        return {"client_id": client.client_id, "client_secret": client.secret.reveal()}, ()
    # Only the header: Notion refuses Basic with a client_id in the body.
    return {}, (("Authorization", _basic(client.client_id, client.secret)),)


def _basic(client_id: str, secret: Secret) -> str:
    pair = f"{_encoded(client_id)}:{_encoded(secret.reveal())}"  # RFC 6749 §2.3.1: each form-encoded first
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _encoded(text: str) -> str:
    return quote_plus(text, safe="")
