# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Signing a JWT with the user's key (RFC 7515). PyJWT and cryptography do the work, loaded when first needed."""

import json
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from valetkey.errors import ConfigurationError
from valetkey.protocol.listing import listed
from valetkey.settings.credentials import CURVE_ALGORITHMS, ED25519_ALGORITHMS, RSA_ALGORITHMS, PrivateKey
from valetkey.values import Secret

_LEAST_RSA_BITS = 2048  # RFC 7518 §3.3


def require_jwt() -> ModuleType:
    """Import PyJWT with its algorithms, or say how to install them."""
    try:
        import cryptography  # noqa: F401 - PyJWT signs with it
        import jwt
    except ImportError as error:
        message = "Signing needs the packages PyJWT and cryptography."
        raise ConfigurationError(message, hint="Install them: pip install 'valetkey[crypto]'.") from error
    return jwt


def sign(key: PrivateKey, claims: Mapping[str, Any], *, supported: Sequence[str] | None) -> Secret:
    """
    Sign claims as a JWT in compact form.

    :param supported: The algorithms the server accepts, None if it does not say.
    """
    jwt = require_jwt()
    private = _load(key)
    algorithm = _choose(key, _algorithms_of(private), supported)
    signer = jwt.PyJWS()
    signer.register_algorithm("Ed25519", signer.get_algorithm_by_name("EdDSA"))
    headers = {"kid": key.key_id} if key.key_id is not None else None
    return Secret(signer.encode(json.dumps(claims).encode(), private, algorithm=algorithm, headers=headers))


def _load(key: PrivateKey) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        pem = key.pem.reveal().encode() if isinstance(key.pem, Secret) else key.pem.expanduser().read_bytes()
        return load_pem_private_key(pem, password=None)
    except OSError as error:
        message = f"The private key {key.pem} cannot be read: {error.strerror or error}."
        raise ConfigurationError(message, hint="Check the path and the file's rights.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm):
        message = "The private key is no key in PEM form that can be used."
        hint = "Give an unencrypted PEM file or text with an EC, RSA or Ed25519 private key."
        raise ConfigurationError(message, hint=hint) from None  # the cause may quote the key


def _algorithms_of(private: Any) -> tuple[str, ...]:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(private, ec.EllipticCurvePrivateKey):
        named = CURVE_ALGORITHMS.get(private.curve.name)
        return (named,) if named is not None else ()
    if isinstance(private, rsa.RSAPrivateKey):
        if private.key_size < _LEAST_RSA_BITS:
            message = f"The private key has {private.key_size} bits, which is too short to be safe."
            raise ConfigurationError(message, hint=f"Make an RSA key of {_LEAST_RSA_BITS} bits or more, or an EC key.")
        return RSA_ALGORITHMS
    return ED25519_ALGORITHMS if isinstance(private, ed25519.Ed25519PrivateKey) else ()


def _choose(key: PrivateKey, possible: Sequence[str], supported: Sequence[str] | None) -> str:
    wanted = possible if key.algorithm is None else tuple(each for each in possible if each == key.algorithm)
    if not wanted:
        message = f"The private key cannot sign with {key.algorithm or 'any algorithm we know'}."
        hint = f"It can sign with {', '.join(possible)}." if possible else "Use a key for ES256, RS256 or Ed25519."
        raise ConfigurationError(message, hint=hint)
    # RFC 8414 §2: the list is required where the method is offered; servers leave it out all the same.
    accepted = [each for each in wanted if supported is None or each in supported]
    if not accepted:
        taken = listed(supported or ())
        message = f"The authorization server takes {taken}, and the private key signs with {wanted[0]}."
        raise ConfigurationError(message, hint="Register a key of a kind that the server takes.")
    return accepted[0]
