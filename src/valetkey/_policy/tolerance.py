# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where a server deviates from the specifications, and how a request is changed for it."""

import re
from dataclasses import replace

from valetkey.errors import Refused, Unsupported
from valetkey.profiles.profile import BearerName
from valetkey.protocol.token_request import TokenRequest
from valetkey.values import Scope, Token, TokenType

_LONGEST_DESCRIPTION = 1000

_PARAMETER = r"(?:request )?(?:parameter|param|field)"

_RESOURCE = r"(?<![\w/.-])resource(?![\w/-]|\.\w)"

_NO_RESOURCE = re.compile(
    rf"(?:unknown|unsupported|unrecognized|unexpected) {_PARAMETER}:? \W?{_RESOURCE}"
    rf"|{_RESOURCE}\W? {_PARAMETER} (?:(?:is |was )?not|isn't) (?:supported|allowed|recognized|known)"
    rf"|{_RESOURCE}\W? {_PARAMETER} is (?:unsupported|unknown|unrecognized)",
    re.IGNORECASE,
)
"""What servers say that do not know the parameter, and not what they say of its value."""


_CLIENT_IS_UNKNOWN = re.compile(
    r"(?:unknown|unregistered|unrecognized|no such|invalid)[ _](?:oauth )?client(?:[ _-]?id)?\b(?! authentication)"
    r"|\bclient(?:[ _-]?id)?\b[^.;]{0,80}"
    r"\b(?:not (?:found|registered|known|recognized)|(?:does not|doesn't) exist|unknown|unregistered)\b",
    re.IGNORECASE,
)


def says_client_is_unknown(error: str | None, description: str | None) -> bool:
    """
    Tell whether a server says in words alone that it does not know the client (RFC 6749 §5.2 has `invalid_client`).

    Only beside an OAuth error code: a gateway sends none.
    """
    return error is not None and _CLIENT_IS_UNKNOWN.search((description or "")[:_LONGEST_DESCRIPTION]) is not None


def declines_resource(error: str | None, description: str | None) -> bool:
    """
    Tell whether a server says that it does not support the `resource` parameter (Entra ID).

    `invalid_target` does not say so: it is about this resource, and nothing is tried without it (RFC 8707 §2).
    """
    return error == "invalid_request" and _NO_RESOURCE.search(description or "") is not None


def declines_audience(audience: str, description: str | None) -> bool:
    """Tell whether a server says that it does not know the `audience` that a provider's profile sends (Auth0)."""
    text = description or ""
    return audience in text and any(phrase in text.lower() for phrase in ("not found", "not enabled"))


def correct_request(request: TokenRequest, refusal: Refused, granted: Scope | None) -> TokenRequest | None:
    """
    Change a token request as the server's refusal says, for one more try.

    :param request: The refused request; not one with a code, which can be sent only once.
    :returns: None when the refusal is final.
    """
    if request.resource is not None and declines_resource(refusal.error, refusal.description):
        return request.without_resource()
    if granted and not request.names_scope and wants_scope_named(refusal.error, refusal.description):
        return request.with_scope(granted)
    return None


def wants_scope_named(error: str | None, description: str | None) -> bool:
    """Tell whether a server wants the scope in a refresh, where RFC 6749 §6 lets it be left out (Entra ID)."""
    about_scope = error == "invalid_request" and "scope" in (description or "").lower()
    return error == "invalid_scope" or about_scope


def as_presented(token: Token, bearer: BearerName) -> Token:
    """
    Give the token as the MCP server wants it: its `access_token` is what goes into the header.

    Gateways of Amazon Cognito want the ID token there.

    :raises Unsupported: If an ID token is wanted and none was issued.
    """
    if bearer == "access_token":
        return token
    if token.id_token is None:
        message = "The MCP server wants an ID token, and the authorization server issued none."
        raise Unsupported(message, hint='Ask for the scope "openid" too, or set bearer="access_token".')
    return replace(token, access_token=token.id_token, token_type=TokenType.BEARER)
