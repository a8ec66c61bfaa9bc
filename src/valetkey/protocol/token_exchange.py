# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Exchanging an ID token for an identity assertion (RFC 8693; draft-ietf-oauth-identity-assertion-authz-grant, "ID-JAG").

With it the organisation's identity provider tells one authorization server who the employee is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from valetkey import wire
from valetkey.errors import LoginRequired, MalformedDocument, Unsupported, quote
from valetkey.protocol.error_response import is_temporary, read_error, read_parameters, refusal_error, temporary_error
from valetkey.protocol.token import read_lifetime
from valetkey.protocol.token_request import TokenRequest, resource_field, scope_field
from valetkey.values import Client, Scope, Secret, ServerMetadata
from valetkey.wire import HttpResponse

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # RFC 8693 §2.1
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"  # ID-JAG §4.3
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # RFC 8693 §3

_WHO = "The identity provider"
_NOT_APPLICABLE = "N_A"


@dataclass(frozen=True, slots=True)
class IdentityAssertion:
    """
    What the identity provider says about an employee to one authorization server, whose issuer is `audience`.

    `scope` is the scope it allows. `expires_at` is Unix time in seconds; None if the provider does not say, so that the
    assertion is used once.
    """

    token: Secret
    audience: str
    scope: Scope | None = None
    expires_at: float | None = None


def identity_assertion_request(
    provider: ServerMetadata,
    client: Client,
    *,
    id_token: Secret,
    audience: str,
    resource: str | None,
    scope: Scope | None,
) -> TokenRequest:
    """
    Build the exchange (RFC 8693 §2.1, ID-JAG §4.3); `parse_identity_assertion` reads the answer.

    `audience` is the issuer of the MCP server's authorization server (MCP, Enterprise-Managed Authorization §4).

    :param resource: The MCP server as its metadata names it; optional there, and older servers require it.
    """
    return TokenRequest(
        provider,
        client,
        "let the identity provider say who the person is",
        (
            ("grant_type", TOKEN_EXCHANGE),
            ("requested_token_type", ID_JAG),
            ("subject_token", id_token.reveal()),
            ("subject_token_type", ID_TOKEN),
            ("audience", audience),
            *resource_field(resource),
            *scope_field(scope),
        ),
        scope=scope,
        credentials_of=(provider.issuer,),
    )


def parse_identity_assertion(
    response: HttpResponse, *, audience: str, now: float, requested_scope: Scope | None
) -> IdentityAssertion:
    """
    Read the answer to `identity_assertion_request` (RFC 8693 §2.2.1, ID-JAG §4.3.4).

    :raises TemporaryError: If the provider could not answer now.
    :raises LoginRequired: If the person has to log in again there (ID-JAG §8.2).
    :raises ClientRefused: If it does not accept our client.
    :raises Refused: If it does not vouch for the person there.
    :raises MalformedDocument: If the answer cannot be read.
    :raises Unsupported: If it issued something else.
    """
    if is_temporary(response):
        raise temporary_error(response, _WHO, now=now)
    parameters = read_parameters(response)
    error, _ = read_error(response)
    if error == "insufficient_user_authentication":
        raise _login_required(response, parameters or {})
    if error is not None or response.status >= 400:
        raise refusal_error(response, _WHO, needs_person=False)
    if parameters is None or response.status != 200:
        message = f"{_WHO} {response.url} answered {response.status} with something that is no assertion."
        raise MalformedDocument(message, hint="Check that this is its token endpoint.", url=response.url)
    _require_types(parameters, response.url)
    token = wire.text_member(parameters, "access_token", response.url)  # RFC 8693 §2.2.1: whatever it is, it is here
    if token is None:
        message = f"{_WHO} {response.url} answered without an assertion."
        hint = "This is a fault of the server; tell its operator."
        raise MalformedDocument(message, hint=hint, url=response.url, member="access_token")
    lifetime = read_lifetime(parameters.get("expires_in"))
    return IdentityAssertion(
        token=Secret(token),
        audience=audience,
        scope=wire.read_scope(parameters.get("scope")) or requested_scope,
        expires_at=now + lifetime if lifetime is not None else None,
    )


def _require_types(parameters: Mapping[str, object], url: str) -> None:
    """An access token is not presented as an assertion: it may be one that the MCP server would take."""
    issued, kind = parameters.get("issued_token_type"), parameters.get("token_type")
    is_no_access_token = isinstance(kind, str) and kind.upper() == _NOT_APPLICABLE  # RFC 6749 §5.1: case-insensitive
    if issued == ID_JAG and is_no_access_token:
        return
    message = f"{_WHO} {url} was asked for an identity assertion and issued {quote(issued)} of the type {quote(kind)}."
    raise Unsupported(message, hint="It may not know enterprise-managed authorization; ask its administrators.")


def _login_required(response: HttpResponse, parameters: Mapping[str, object]) -> LoginRequired:
    """RFC 9470 §3 names the kind of login that is required."""
    required = [f"{name} {quote(parameters[name])}" for name in ("max_age", "acr_values") if name in parameters]
    how = f" with {' and '.join(required)}" if required else ""
    message = f"{_WHO} {response.url} requires the person to log in again{how}."
    return LoginRequired(message, hint="Log in there, and give the new ID token.")
