# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Token requests of every grant (RFC 6749 §4.1.3, §4.4, §6; RFC 8707 §2); `protocol.token` reads the answers."""

from dataclasses import dataclass, replace

from valetkey import urls, wire
from valetkey.protocol.authorization import AuthorizationRequest
from valetkey.protocol.client_auth import AuthenticationFields
from valetkey.protocol.server import JWT_BEARER
from valetkey.values import Client, Scope, Secret, ServerMetadata, Session, scope_to_text
from valetkey.wire import HttpRequest

FORM_HEADERS = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
"""GitHub answers with a form unless it is asked for JSON."""

RENEWING = "renew the token"
"""What the log says of a refresh."""


@dataclass(frozen=True, slots=True, repr=False)
class TokenRequest:
    """
    A token request before the client is authenticated.

    `scope` counts as granted if the answer names none (RFC 6749 §5.1).

    :param credentials_of: The issuers whose codes, tokens or assertions are among the fields.
    :param dpop_key: The key the token is to be bound to (RFC 9449 §5); None for a Bearer token.
    """

    server: ServerMetadata
    client: Client
    purpose: str
    fields: tuple[tuple[str, str], ...]
    scope: Scope | None = None
    credentials_of: tuple[str, ...] = ()
    dpop_key: Secret | None = None

    @property
    def names_scope(self) -> bool:
        """True if the request has the `scope` parameter."""
        return any(name == "scope" for name, _ in self.fields)

    @property
    def resource(self) -> str | None:
        """The `resource` parameter, None if it is left out."""
        return next((value for name, value in self.fields if name == "resource"), None)

    def without_resource(self) -> "TokenRequest":
        """Give the same request without `resource`, for servers that do not know RFC 8707."""
        return replace(self, fields=tuple(field for field in self.fields if field[0] != "resource"))

    def with_scope(self, scope: Scope | None) -> "TokenRequest":
        """Give the same refresh with its scope named, for servers that require it (Entra ID)."""
        others = tuple(field for field in self.fields if field[0] != "scope")
        return replace(self, fields=(*others, *scope_field(scope)))

    def with_audience(self, audience: str | None) -> "TokenRequest":
        """Give the same request with an audience, for servers older than RFC 8707 (Auth0); None adds none."""
        return self if audience is None else replace(self, fields=(*self.fields, ("audience", audience)))


def code_request(pending: AuthorizationRequest, code: Secret) -> TokenRequest:
    """Build the exchange of a code (RFC 6749 §4.1.3), which goes to the login's own server only."""
    return TokenRequest(
        pending.server,
        pending.client,
        "exchange the code for a token",
        (
            ("grant_type", "authorization_code"),
            ("code", code.reveal()),
            ("redirect_uri", pending.redirect_uri),  # OAuth 2.1 dropped it, OAuth 2.0 servers require it
            ("code_verifier", pending.verifier.reveal()),
            *resource_field(pending.resource),
        ),
        scope=pending.scope,
        credentials_of=(pending.server.issuer,),
    )


def refresh_request(session: Session, refresh_token: Secret) -> TokenRequest:
    """
    Build the renewal of a session (RFC 6749 §6); its refresh token goes to its own issuer only.

    The scope is left out, which means the same scope.
    """
    return TokenRequest(
        session.server,
        session.client,
        RENEWING,
        (
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.reveal()),
            *resource_field(session.resource),
        ),
        scope=session.token.scope,
        credentials_of=(session.issuer,),
        dpop_key=session.dpop_key,  # RFC 9449 §5: the refresh token of a public client is bound to the same key
    )


def client_credentials_request(
    server: ServerMetadata, client: Client, *, resource: str | None, scope: Scope | None
) -> TokenRequest:
    """Build the request of a client that logs no person in (RFC 6749 §4.4.2)."""
    return TokenRequest(
        server,
        client,
        "prove this machine and get a token",
        (("grant_type", "client_credentials"), *resource_field(resource), *scope_field(scope)),
        scope=scope,
    )


def jwt_bearer_request(
    server: ServerMetadata,
    client: Client,
    *,
    assertion: Secret,
    audience: str,
    resource: str | None,
    scope: Scope | None,
) -> TokenRequest:
    """
    Build the request that presents an assertion of another party (RFC 7523 §2.1).

    A client without a client_id is not authenticated (RFC 7521 §4.1). The assertion is a credential for `audience`, the
    issuer it was made for, and goes to no other.
    """
    return TokenRequest(
        server,
        client,
        "present an assertion and get a token",
        (
            ("grant_type", JWT_BEARER),
            ("assertion", assertion.reveal()),
            *resource_field(resource),
            *scope_field(scope),
        ),
        scope=scope,
        credentials_of=(audience,),
    )


def resource_field(resource: str | None) -> tuple[tuple[str, str], ...]:
    """Give the `resource` parameter (RFC 8707 §2); None where the server does not take it."""
    return () if resource is None else (("resource", resource),)


def scope_field(scope: Scope | None) -> tuple[tuple[str, str], ...]:
    """Give the `scope` parameter, left out rather than sent empty."""
    return (("scope", scope_to_text(scope)),) if scope else ()


def http_request(
    request: TokenRequest, authentication: AuthenticationFields, dpop_proof: Secret | None = None
) -> HttpRequest:
    """Build the HTTP request of a token request (RFC 6749 §3.2); `parse_token` reads the answer."""
    endpoint = urls.require_endpoint(request.server.token_endpoint or "", "token endpoint")
    dpop_proofs = () if dpop_proof is None else (dpop_proof,)
    return HttpRequest(
        "POST",
        endpoint,
        request.purpose,
        headers=(*FORM_HEADERS, *authentication.headers, *(("DPoP", each.reveal()) for each in dpop_proofs)),
        body=wire.form(dict((*request.fields, *authentication.fields))),
        issuer=request.server.issuer,
        credentials_of=(request.client.issuer, *request.credentials_of),
    )
