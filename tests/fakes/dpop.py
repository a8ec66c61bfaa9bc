# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How a server checks DPoP proofs (RFC 9449 §4.3): with PyJWT and the key in the proof, and nothing of ours."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt

from tests.fakes.seams import BEGINNING

_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}
_LONGEST_SKEW = 60


@dataclass(kw_only=True)
class ProofChecks:
    """
    What one server wants of proofs; `seen` has the claims of those that were right but perhaps for the nonce.
    """

    algorithms: tuple[str, ...] = ("ES256",)
    nonce: str | None = None
    now: Callable[[], float] = lambda: BEGINNING
    seen: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def check(
        self, fields: Sequence[tuple[str, str]], method: str, url: str, access_token: str | None = None
    ) -> tuple[str | None, str | None]:
        """Give the thumbprint of the key that was proved, or the error to answer with; neither without a proof."""
        proofs = [value for name, value in fields if name.lower() == "dpop"]
        if not proofs:
            return None, None
        try:
            return self._thumbprint(proofs, method, url, access_token), None
        except (AssertionError, KeyError, jwt.PyJWTError) as fault:
            self.refused.append(repr(fault))
            return None, "use_dpop_nonce" if str(fault) == "nonce" else "invalid_dpop_proof"

    def _thumbprint(self, proofs: list[str], method: str, url: str, access_token: str | None) -> str:
        assert len(proofs) == 1, "several proofs"
        header = jwt.get_unverified_header(proofs[0])
        assert set(header) == {"typ", "alg", "jwk"}, "the header"
        assert header["typ"] == "dpop+jwt", "the type"
        assert not _PRIVATE & header["jwk"].keys(), "a private key"
        key = jwt.PyJWK(header["jwk"])
        claims = jwt.decode(proofs[0], key, algorithms=list(self.algorithms), options={"verify_iat": False})
        assert (claims["htm"], claims["htu"]) == (method, url.partition("?")[0]), "another request"
        assert abs(claims["iat"] - self.now()) <= _LONGEST_SKEW, "another time"
        assert claims["jti"] not in [each["jti"] for each in self.seen], "a proof that was used before"
        assert claims.get("ath") == (None if access_token is None else digest(access_token)), "another token"
        self.seen.append(claims)
        self.headers.append(header)
        assert claims.get("nonce") == self.nonce, "nonce"
        members = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}[header["jwk"]["kty"]]
        return digest(json.dumps({name: header["jwk"][name] for name in members}, separators=(",", ":")))


def digest(text: str) -> str:
    """Give base64url of the SHA-256 of a text."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
