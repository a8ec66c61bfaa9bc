# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Assertions (RFC 7521, RFC 7523): what a client says about itself, and what somebody else's says about whom it is for.

`valetkey._clients.signing` signs the claims. Nothing is verified here: that is the authorization server's business.
"""

import base64
import json
from collections.abc import Mapping, Sequence

from valetkey.values import Client, Secret

LIFETIME = 300.0
"""Seconds an assertion is good for: short, and long enough for a clock that is off (RFC 7523 §3, RFC 9700 §2.5)."""


def client_assertion_claims(client: Client, *, audience: str, now: float, assertion_id: str) -> dict[str, str | int]:
    """
    Give the claims of a client assertion.

    :param client: The client.
    :param audience: Whom it is for: the issuer, byte for byte, and nobody else (draft-ietf-oauth-rfc7523bis §4).
    :param now: Unix time in seconds.
    :param assertion_id: A text that is used once.
    :returns: The claims.
    """
    return {
        "iss": client.client_id,  # RFC 7523 §3: both are the client
        "sub": client.client_id,
        "aud": audience,
        "iat": int(now),
        "exp": int(now + LIFETIME),
        "jti": assertion_id,
    }


def read_claims(token: Secret) -> Mapping[str, object] | None:
    """
    Read the claims of a JWT without believing them (RFC 7519 §3.1).

    :param token: The JWT.
    :returns: The claims, or None for what is no signed JWT, or is encrypted.
    """
    parts = token.reveal().split(".")
    if len(parts) != 3:  # RFC 7515 §7.1; an encrypted one has five (RFC 7516 §7.1)
        return None
    try:
        claims = json.loads(base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def read_audiences(token: Secret) -> tuple[str, ...]:
    """
    Read whom a JWT is for (RFC 7519 §4.1.3).

    :param token: The JWT.
    :returns: The audiences; empty if it names none, or cannot be read.
    """
    named = (read_claims(token) or {}).get("aud")
    audiences = [named] if isinstance(named, str) else named
    if not isinstance(audiences, Sequence):
        return ()
    return tuple(audience for audience in audiences if isinstance(audience, str))


def is_expired(token: Secret, now: float) -> bool:
    """
    Tell whether a JWT says itself that it has expired (RFC 7519 §4.1.4).

    :param token: The JWT.
    :param now: Unix time in seconds.
    :returns: True if it does; False for one that cannot be read.
    """
    expires_at = (read_claims(token) or {}).get("exp")
    return isinstance(expires_at, int | float) and not isinstance(expires_at, bool) and now >= expires_at
