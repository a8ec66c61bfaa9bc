# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Revoking a token (RFC 7009 §2)."""

from enum import StrEnum

from valetkey import urls, wire
from valetkey.protocol.client_auth import AuthenticationFields
from valetkey.protocol.error_response import is_temporary, read_error, refusal_error, temporary_error
from valetkey.protocol.token_request import FORM_HEADERS
from valetkey.values import Client, Secret, ServerMetadata
from valetkey.wire import HttpRequest, HttpResponse


class TokenKind(StrEnum):
    """The kind of token that is revoked, as `token_type_hint` names it (RFC 7009 §2.1)."""

    REFRESH = "refresh_token"
    ACCESS = "access_token"


def revocation_request(
    server: ServerMetadata, client: Client, authentication: AuthenticationFields, token: Secret, kind: TokenKind
) -> HttpRequest:
    """Build the revocation of a token (RFC 7009 §2.1); `parse_revocation` reads the answer."""
    endpoint = urls.require_endpoint(server.revocation_endpoint or "", "revocation endpoint")  # RFC 7009 §2: https
    return HttpRequest(
        "POST",
        endpoint,
        f"revoke the {kind.replace('_', ' ')}",
        headers=(*FORM_HEADERS, *authentication.headers),
        body=wire.form(dict((("token", token.reveal()), ("token_type_hint", kind.value), *authentication.fields))),
        issuer=server.issuer,
        credentials_of=(client.issuer,),
    )


def parse_revocation(response: HttpResponse, *, now: float) -> bool:
    """
    Read the answer to `revocation_request`; False if the server does not revoke tokens of this kind.

    A token that the server does not know counts as revoked (RFC 7009 §2.2). 204 is taken for 200.

    :raises TemporaryError: If the token still exists and may be revoked later.
    :raises ClientRefused: If the server does not accept the client.
    :raises Refused: If it refuses in another way.
    """
    if response.status in (200, 204):
        return True
    if is_temporary(response):  # RFC 7009 §2.2.1 names 503
        raise temporary_error(response, "The revocation endpoint", now=now)
    if read_error(response)[0] == "unsupported_token_type":  # RFC 7009 §2.2.1
        return False
    raise refusal_error(response, "The revocation endpoint")
