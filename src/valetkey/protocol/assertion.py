# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The claims with which a client asserts who it is (RFC 7523 §3); `valetkey.signing` signs them."""

from valetkey.values import Client

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
