# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The answers of a token endpoint (RFC 6749 §5); the requests are in `protocol.token_request`."""

import math
from collections.abc import Mapping
from dataclasses import replace

from valetkey import wire
from valetkey.errors import MalformedDocument, Unsupported, quote
from valetkey.protocol.error_response import is_temporary, read_error, read_parameters, refusal_error, temporary_error
from valetkey.values import Scope, Secret, Token, TokenType
from valetkey.wire import HttpResponse

_LONGEST_LIFE = 10 * 365 * 86_400
_LONGEST_NUMBER = 40
"""Characters."""


def parse_token(
    response: HttpResponse, *, now: float, requested_scope: Scope | None, needs_person: bool = True
) -> Token:
    """
    Read the answer of a token endpoint. 201 is taken for 200 (Supabase), a form for JSON (GitHub).

    The requested scope counts as granted if the answer names none (RFC 6749 §5.1).

    :param now: Unix time in seconds when the request was sent.
    :raises TemporaryError: If the server could not answer now.
    :raises ClientRefused: If it does not accept the client.
    :raises Refused: If it refuses the grant; what to do about it depends on `needs_person`.
    :raises MalformedDocument: If the answer cannot be read.
    :raises Unsupported: If the token is of a type we cannot use.
    """
    if is_temporary(response):
        raise temporary_error(response, "The token endpoint", now=now)
    parameters = read_parameters(response)
    error, _ = read_error(response)
    if error is not None or response.status >= 300:  # GitHub sends its errors with status 200
        raise refusal_error(response, "The token endpoint", scope=requested_scope, needs_person=needs_person)
    if parameters is None or response.status not in (200, 201):
        what = wire.packing(response) or "no token"
        message = f"The token endpoint {response.url} answered {response.status} with something that is {what}."
        raise MalformedDocument(
            message, hint="Check that this is the token endpoint; else try again.", url=response.url
        )
    access_token = wire.text_member(parameters, "access_token", response.url)
    if access_token is None or not wire.fits_header(access_token):
        message = f"The token endpoint {response.url} answered without an access token that a header can carry."
        hint = "This is a fault of the server; tell its operator."
        raise MalformedDocument(message, hint=hint, url=response.url, member="access_token")
    token_type = _token_type(parameters, response.url)
    lifetime = read_lifetime(parameters.get("expires_in"))
    refresh_token = wire.optional_text(parameters, "refresh_token")  # without it, the token serves until it expires
    return Token(
        access_token=Secret(access_token),
        obtained_at=now,
        expires_at=now + lifetime if lifetime is not None else None,
        refresh_token=Secret(refresh_token) if refresh_token is not None else None,
        scope=_granted_scope(parameters.get("scope"), requested_scope),
        token_type=token_type,
        id_token=_id_token(parameters),
    )


def renewed(previous: Token, answer: Token) -> Token:
    """Join the answer to a refresh with the token it renews: what the answer leaves out stays (RFC 6749 §6)."""
    return replace(
        answer,
        refresh_token=answer.refresh_token or previous.refresh_token,
        scope=answer.scope or previous.scope,
    )


def read_lifetime(value: object) -> float | None:
    """
    Read `expires_in` in seconds: a number, or a string with one (Entra ID), whole or not; at most ten years.

    None if it is missing, or is no lifetime.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return min(seconds, _LONGEST_LIFE) if math.isfinite(seconds) and seconds > 0 else None


def _granted_scope(value: object, requested: Scope | None) -> Scope | None:
    """Left out, the scope is as requested (RFC 6749 §5.1). GitHub puts commas where the others put spaces."""
    text = value if wire.is_text(value) else ""
    if " " not in text and text not in (requested or ()):
        text = text.replace(",", " ")
    return wire.read_scope(text) or requested


def _token_type(parameters: Mapping[str, object], url: str) -> TokenType:
    """RFC 6749 §7.1: a type we do not know makes the token unusable. Left out, as several servers do, it is Bearer."""
    named = parameters.get("token_type")
    if named is None or named == "":
        return TokenType.BEARER
    for known in TokenType:
        if isinstance(named, str) and named.lower() == known.lower():  # RFC 6749 §5.1: case-insensitive
            return known
    message = f"{url} issued a token of the type {quote(named)}."
    raise Unsupported(message, hint="Only Bearer and DPoP tokens are supported; change the client's settings there.")


def _id_token(parameters: Mapping[str, object]) -> Secret | None:
    """A text that cannot stand in a header counts as none: it is only ever sent as a bearer."""
    value = wire.optional_text(parameters, "id_token")
    return Secret(value) if value is not None and wire.fits_header(value) else None
