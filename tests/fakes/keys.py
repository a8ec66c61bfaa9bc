# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Private keys of every kind, made for the tests of one run."""

from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

_MAKE = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "RSA": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "short RSA": lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505 - it is to be refused
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "X25519": x25519.X25519PrivateKey.generate,
}


@cache
def private_key(kind: str) -> Any:
    """Give a key; it takes a moment to make one, so there is one of each kind."""
    return _MAKE[kind]()


def pem_of(key: Any, password: bytes | None = None) -> str:
    """Write a private key as files have it (RFC 5958)."""
    encryption: Any = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)
    form, encoding = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    return key.private_bytes(encoding, form, encryption).decode()


def public_pem_of(key: Any) -> str:
    """Write the public half."""
    form, encoding = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.Encoding.PEM
    return key.public_key().public_bytes(encoding, form).decode()


def material_of(pem: str) -> list[str]:
    """Give the lines of a key in PEM form that nobody may see."""
    return [line for line in pem.splitlines() if line and not line.startswith("-----")]
