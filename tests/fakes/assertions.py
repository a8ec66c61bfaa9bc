# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Who signs JWTs, and who checks them: with PyJWT, as a server would, but by the clock of the test."""

import itertools
from collections.abc import Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

_BY_THE_TESTS_CLOCK = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
LEEWAY = 5.0


class Voucher:
    """Somebody whose word servers believe: a platform, an identity provider. It has a key of its own."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.public_key = self._key.public_key()
        self.issued: list[str] = []
        self._count = itertools.count(1)

    def says(self, *, typ: str = "JWT", **claims: Any) -> str:
        """Sign claims; those that are None are left out."""
        everything = {"iss": self.issuer, "sub": "workload-7", "jti": f"{self.issuer}#{next(self._count)}", **claims}
        named = {name: value for name, value in everything.items() if value is not None}
        self.issued.append(jwt.encode(named, self._key, algorithm="ES256", headers={"typ": typ}))
        return self.issued[-1]


def verified(
    token: str,
    key: Any,
    *,
    issuer: str,
    audience: Sequence[str],
    now: float,
    algorithms: Sequence[str] = ("ES256", "ES384", "ES512", "RS256", "RS384", "PS256", "PS384", "EdDSA"),
) -> dict[str, Any] | None:
    """Check a JWT as RFC 7523 §3 wants; None for one that is not to be believed."""
    required = {"require": ["iss", "sub", "aud", "exp", "iat", "jti"]}
    options: Any = {**_BY_THE_TESTS_CLOCK, **required}
    try:
        claims = jwt.decode(token, key, algorithms=list(algorithms), issuer=issuer, audience=audience, options=options)
    except (jwt.InvalidTokenError, TypeError):  # TypeError: the key is of another kind
        return None
    is_current = claims["iat"] <= now + LEEWAY and now - LEEWAY < claims["exp"]
    return claims if is_current else None


def kind_of(token: str) -> str:
    """Give the type a JWT says it has."""
    return str(jwt.get_unverified_header(token).get("typ"))


def claimed_by(token: str) -> str:
    """Give the issuer a JWT says it has."""
    return str(jwt.decode(token, options={"verify_signature": False}).get("iss"))
