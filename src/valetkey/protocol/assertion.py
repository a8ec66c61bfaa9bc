# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Assertions (RFC 7521, RFC 7523): the claims a client signs about itself, and the claims in a JWT of another party.

`valetkey._clients.signing` signs. No signature is verified here: the authorization server does that.
"""

import base64
from collections.abc import Mapping, Sequence

from valetkey import wire
from valetkey.values import Client, Secret

LIFETIME = 300.0
"""Seconds an assertion is good for: short, and long enough for a clock that is off (RFC 7523 §3, RFC 9700 §2.5)."""


def client_assertion_claims(client: Client, *, audience: str, now: float, assertion_id: str) -> dict[str, str | int]:
    """
    Give the claims of a client assertion; `assertion_id` is a text that is used once.

    The audience is the issuer, byte for byte, and nothing else (draft-ietf-oauth-rfc7523bis §4).
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
    """Read the claims of a JWT, unverified (RFC 7519 §3.1); None if it is no signed JWT, or is encrypted."""
    parts = token.reveal().split(".")
    if len(parts) != 3:  # RFC 7515 §7.1; an encrypted one has five (RFC 7516 §7.1)
        return None
    try:
        claims = base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return wire.json_object_in(claims)


def read_audiences(token: Secret) -> tuple[str, ...]:
    """Read the audiences of a JWT (RFC 7519 §4.1.3); empty if it names none, or cannot be read."""
    named = (read_claims(token) or {}).get("aud")
    audiences = [named] if isinstance(named, str) else named
    if not isinstance(audiences, Sequence):
        return ()
    return tuple(audience for audience in audiences if isinstance(audience, str))


def is_expired(token: Secret, now: float) -> bool:
    """Tell whether the `exp` of a JWT has passed (RFC 7519 §4.1.4); False if it has none, or cannot be read."""
    expires_at = (read_claims(token) or {}).get("exp")
    return isinstance(expires_at, int | float) and not isinstance(expires_at, bool) and now >= expires_at
