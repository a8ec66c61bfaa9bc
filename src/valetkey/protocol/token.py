# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Token requests of every grant, and their answers (RFC 6749 §4.1.3, §4.4, §5, §6; RFC 8707 §2).
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from valetkey import urls, wire
from valetkey.errors import ClientRefused, MalformedDocument, Refused, Unsupported, quote
from valetkey.protocol.authorization import PendingLogin
from valetkey.protocol.client_auth import authenticate
from valetkey.protocol.refusal import is_temporary, read_parameters, read_refusal, temporary_error
from valetkey.values import Client, Scope, Secret, ServerMetadata, Session, Token, scope_from_text, scope_to_text
from valetkey.wire import HttpRequest, HttpResponse

_LONGEST_LIFE = 10 * 365 * 86_400
_CLIENT_ERRORS = frozenset({"invalid_client", "unauthorized_client"})


def code_request(pending: PendingLogin, code: Secret) -> HttpRequest:
    """
    Build the request that exchanges the code (RFC 6749 §4.1.3); `parse_token` reads the answer.

    :param pending: The login the code belongs to; the code goes to its server only.
    :param code: The authorization code.
    :returns: The request.
    """
    fields = {
        "grant_type": "authorization_code",
        "code": code.reveal(),
        "redirect_uri": pending.redirect_uri,  # OAuth 2.1 dropped it, OAuth 2.0 servers require it
        "code_verifier": pending.verifier.reveal(),
        "resource": pending.resource,
    }
    purpose, secrets = "exchange the code for a token", (code, pending.verifier)
    return _request(pending.server, pending.client, fields, purpose, (pending.server.issuer,), secrets)


def refresh_request(session: Session, refresh_token: Secret) -> HttpRequest:
    """
    Build the request that renews a session (RFC 6749 §6); `parse_token` reads the answer.

    :param session: The session; its refresh token goes to its own issuer only.
    :param refresh_token: The refresh token.
    :returns: The request. The scope is left out: the same scope is meant.
    """
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token.reveal(),
        "resource": session.resource,
    }
    return _request(session.server, session.client, fields, "renew the token", (session.issuer,), (refresh_token,))


def client_credentials_request(
    server: ServerMetadata, client: Client, *, resource: str, scope: Scope | None
) -> HttpRequest:
    """
    Build the request of a machine (RFC 6749 §4.4.2); `parse_token` reads the answer.

    :param server: The server.
    :param client: A client with a secret, bound to the server's issuer.
    :param resource: The resource the token is for.
    :param scope: The scope to ask for, if any.
    :returns: The request.
    """
    fields = {"grant_type": "client_credentials", "resource": resource}
    if scope:
        fields["scope"] = scope_to_text(scope)
    return _request(server, client, fields, "prove this machine and get a token", (), ())


def _request(
    server: ServerMetadata,
    client: Client,
    fields: dict[str, str],
    purpose: str,
    credentials_of: tuple[str, ...],
    secrets: tuple[Secret, ...],
) -> HttpRequest:
    endpoint = urls.require_endpoint(server.token_endpoint or "", "token endpoint")
    proof, headers = authenticate(client, server)
    return HttpRequest(
        "POST",
        endpoint,
        purpose,
        headers=(("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"), *headers),
        body=wire.form({**fields, **proof}),
        issuer=server.issuer,
        credentials_of=(client.issuer, *credentials_of),
        secrets=secrets if client.secret is None else (*secrets, client.secret),
    )


def parse_token(response: HttpResponse, *, now: float, requested_scope: Scope | None) -> Token:
    """
    Read the answer of a token endpoint, with the freedoms real servers take.

    :param response: The answer. 201 is taken for 200 (Supabase), a form for JSON (GitHub).
    :param now: Unix time in seconds when the request was sent.
    :param requested_scope: The scope that was asked for: granted, if the answer names none (RFC 6749 §5.1).
    :returns: The token.
    :raises TemporaryError: If the server could not answer now.
    :raises ClientRefused: If it does not accept the client.
    :raises Refused: If it refuses the grant.
    :raises MalformedDocument: If the answer cannot be read.
    :raises Unsupported: If the token is of a type we cannot use.
    """
    if is_temporary(response):
        raise temporary_error(response, "The token endpoint", now=now)
    parameters = read_parameters(response)
    error, description = read_refusal(response)
    if error is not None or response.status >= 400:  # GitHub sends its errors with status 200
        raise _refused(response, error, description)
    if parameters is None or response.status not in (200, 201):
        message = f"The token endpoint {response.url} answered {response.status} with something that is no token."
        raise MalformedDocument(
            message, hint="Check that this is the token endpoint; else try again.", url=response.url
        )
    access_token = wire.text_member(parameters, "access_token", response.url)
    if access_token is None or not _fits_header(access_token):
        message = f"The token endpoint {response.url} answered without an access token that a header can carry."
        hint = "This is a fault of the server; tell its operator."
        raise MalformedDocument(message, hint=hint, url=response.url, member="access_token")
    _require_bearer(parameters, response.url)
    lifetime = read_lifetime(parameters.get("expires_in"))
    refresh_token = wire.text_member(parameters, "refresh_token", response.url)
    return Token(
        access_token=Secret(access_token),
        obtained_at=now,
        expires_at=now + lifetime if lifetime is not None else None,
        refresh_token=Secret(refresh_token) if refresh_token is not None else None,
        scope=_granted_scope(parameters.get("scope"), requested_scope),
    )


def renewed(previous: Token, answer: Token) -> Token:
    """
    Join the answer to a refresh with the token it renews: what the answer leaves out stays (RFC 6749 §6).

    :param previous: The token that was renewed.
    :param answer: What `parse_token` read.
    :returns: The token to keep.
    """
    return replace(
        answer,
        refresh_token=answer.refresh_token or previous.refresh_token,
        scope=answer.scope or previous.scope,
    )


def read_lifetime(value: object) -> float | None:
    """
    Read `expires_in`: a number, or a string with one (Entra ID), whole or not.

    :param value: The member.
    :returns: Seconds, at most ten years; None when the server does not say, or says something that is no lifetime.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return min(seconds, _LONGEST_LIFE) if math.isfinite(seconds) and seconds > 0 else None


def _fits_header(access_token: str) -> bool:
    """RFC 6750 §2.1: visible ASCII. Anything else would break the header, or out of it."""
    return all("!" <= char <= "~" for char in access_token)


def _granted_scope(value: object, requested: Scope | None) -> Scope | None:
    """Left out, the scope is as requested (RFC 6749 §5.1). GitHub puts commas where the others put spaces."""
    text = value if isinstance(value, str) else ""
    if " " not in text and text not in (requested or ()):
        text = text.replace(",", " ")
    return scope_from_text(text) or requested


def _require_bearer(parameters: Mapping[str, object], url: str) -> None:
    """RFC 6749 §7.1: a type we do not know makes the token unusable. Left out, as several servers do, it is Bearer."""
    named = parameters.get("token_type")
    if named is not None and not (isinstance(named, str) and named.lower() in ("bearer", "")):
        message = f"{url} issued a token of the type {quote(named)}."
        raise Unsupported(message, hint="Only Bearer tokens are supported; change the client's settings at the server.")


def _refused(response: HttpResponse, error: str | None, description: str | None) -> Refused:
    told = " ".join(quote(text) for text in (error, description) if text) or "without saying why"
    message = f"The token endpoint {response.url} refused ({response.status}): {told}."
    kind, hint = Refused, "Log in again."
    if error in _CLIENT_ERRORS:
        kind, hint = ClientRefused, "Check client_id, client_secret and how this client may authenticate."
    elif error == "invalid_target":
        hint = "The server does not issue tokens for this resource; check the URL of the MCP server."  # RFC 8707 §2
    elif error == "invalid_scope":
        hint = "Ask for another scope."
    return kind(message, hint=hint, error=error, description=description, status=response.status, endpoint=response.url)
