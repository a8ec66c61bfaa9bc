# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Revoking a token (RFC 7009 §2): what the server is told, and what its answer means.
"""

from enum import StrEnum

from valetkey import urls, wire
from valetkey.protocol.client_auth import AuthenticationFields
from valetkey.protocol.error_response import is_temporary, read_refusal, refused, temporary_error
from valetkey.protocol.token_request import FORM_HEADERS
from valetkey.values import Client, Secret, ServerMetadata
from valetkey.wire import HttpRequest, HttpResponse


class TokenKind(StrEnum):
    """What is revoked, as `token_type_hint` says it (RFC 7009 §2.1)."""

    REFRESH = "refresh_token"
    ACCESS = "access_token"


def revocation_request(
    server: ServerMetadata, client: Client, authentication: AuthenticationFields, token: Secret, kind: TokenKind
) -> HttpRequest:
    """
    Build the revocation of a token (RFC 7009 §2.1); `parse_revocation` reads the answer.

    :param server: The server that issued the token, which must have a revocation endpoint.
    :param client: The client the token was issued to.
    :param authentication: What authenticates the client.
    :param token: The token.
    :param kind: What it is.
    :returns: The request.
    :raises InsecureEndpoint: If the revocation endpoint must not be used.
    """
    endpoint = urls.require_endpoint(server.revocation_endpoint or "", "revocation endpoint")  # RFC 7009 §2: https
    return HttpRequest(
        "POST",
        endpoint,
        f"revoke the {kind.replace('_', ' ')}",
        headers=(*FORM_HEADERS, *authentication.headers),
        body=wire.form(dict((("token", token.reveal()), ("token_type_hint", kind.value), *authentication.fields))),
        issuer=server.issuer,
        credentials_of=(client.issuer,),
        secrets=(token, *authentication.secrets),
    )


def parse_revocation(response: HttpResponse, *, now: float) -> bool:
    """
    Read the answer to `revocation_request`. A token the server does not know is revoked too (RFC 7009 §2.2).

    :param response: The answer; its body says nothing when the status is 200. 204 is taken for 200.
    :param now: Unix time in seconds.
    :returns: True if the token is of no use any more, False if the server does not revoke tokens of this kind.
    :raises TemporaryError: If the token still exists and may be revoked later.
    :raises ClientRefused: If the server does not accept the client.
    :raises Refused: If it refuses in another way.
    """
    if response.status in (200, 204):
        return True
    if is_temporary(response):  # RFC 7009 §2.2.1 names 503
        raise temporary_error(response, "The revocation endpoint", now=now)
    if read_refusal(response)[0] == "unsupported_token_type":  # RFC 7009 §2.2.1
        return False
    raise refused(response, "The revocation endpoint")
