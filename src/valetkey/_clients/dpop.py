# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Keys that tokens are bound to, and the proofs made with them (RFC 9449).

PyJWT and cryptography do the work, loaded when the first key is made or read. A key lives in the record of its session,
next to the token it protects, and nowhere else.
"""

import json
from dataclasses import dataclass
from typing import Any

from valetkey import urls
from valetkey._clients.signing import require_jwt
from valetkey.errors import StoreError
from valetkey.protocol.dpop import PROOF_TYPE, proof_claims, public_jwk, read_nonce
from valetkey.seams import Seams
from valetkey.values import Secret

HEADER = "DPoP"


def create_key(algorithm: str) -> Secret:
    """Make a key for one of `protocol.dpop.ALGORITHMS`, as a private JWK with its algorithm."""
    require_jwt()
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from jwt.algorithms import ECAlgorithm, OKPAlgorithm

    if algorithm == "EdDSA":
        jwk = OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate(), as_dict=True)
    else:
        curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
        jwk = ECAlgorithm.to_jwk(ec.generate_private_key(curves[algorithm]), as_dict=True)
    return Secret(json.dumps({**jwk, "alg": algorithm}))


@dataclass(frozen=True, slots=True, repr=False)
class _Signer:
    """A key that has been read, and the header of its proofs."""

    key: Secret
    private: Any
    algorithm: str
    header: dict[str, object]


class Proofs:
    """
    Makes proofs for authorization servers, or for an MCP server: the two never share a nonce (RFC 9449 §9).

    Remembers the latest nonce of each server. Safe to use from any thread.
    """

    def __init__(self, seams: Seams) -> None:
        self._seams = seams
        self._nonces: dict[str, str] = {}  # by origin (RFC 9449 §8.2)
        self._signer: _Signer | None = None  # replaced as a whole, so reading it needs no lock

    def make(self, key: Secret, method: str, url: str, access_token: Secret | None = None) -> Secret:
        """
        Make the value of the `DPoP` field for one request; no other request can use it.

        :param access_token: The token that the request carries, None at a token endpoint.
        """
        signer = self._signer
        if signer is None or signer.key != key:
            signer = self._signer = _signer(key)
        claims = proof_claims(
            method,
            url,
            now=self._seams.now(),
            proof_id=self._seams.random(),
            access_token=access_token,
            nonce=self._nonces.get(urls.origin(url)),
        )
        jwt = require_jwt()
        return Secret(jwt.encode(claims, signer.private, algorithm=signer.algorithm, headers=signer.header))

    def learn(self, url: str, nonce: str | None) -> bool:
        """
        Remember the nonce of an answer, whatever its status (RFC 9449 §8.2).

        :returns: True if the answer has a nonce; the next proof for this server carries it.
        """
        read = read_nonce(nonce)
        if read is not None:
            self._nonces[urls.origin(url)] = read
        return read is not None


def _signer(key: Secret) -> _Signer:
    jwt = require_jwt()
    try:
        header: dict[str, object] = {"typ": PROOF_TYPE, "jwk": public_jwk(key)}
        read = jwt.PyJWK.from_json(key.reveal())
    except (ValueError, jwt.PyJWTError):
        message = "The key of a session in the session store is damaged."
        raise StoreError(message, hint="Log out of this server and log in again.") from None  # the cause may quote it
    return _Signer(key, read.key, read.algorithm_name, header)
