# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The clients of machines, one for each way to prove itself, as a server and as the user has to know them."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm

_SECRET = "machine-secret-of-the-tests"
_KEY_ID = "machine"


@dataclass(frozen=True)
class Machine:
    """
    A client.

    :param method: How it proves itself.
    :param metadata: What the server knows of it (RFC 7591 §2).
    :param settings: What the user gives to Valetkey.
    """

    method: str
    metadata: Mapping[str, Any]
    settings: Mapping[str, Any]


@contextmanager
def machines(*methods: str) -> Iterator[list[Machine]]:
    """
    Think up clients; their keys are gone at the end of the `with` block.

    :param methods: The ways to prove itself.
    :yields: A client for each.
    """
    with tempfile.TemporaryDirectory(prefix="valetkey-machines-") as folder:
        yield [_machine(method, Path(folder)) for method in methods]


def _machine(method: str, folder: Path) -> Machine:
    client_id = "machine-" + method.replace("_", "-")
    if method == "private_key_jwt":
        from valetkey.settings.credentials import PrivateKey

        pem = folder / "key.pem"
        metadata: dict[str, Any] = {"jwks": {"keys": [_make_key(pem)]}}
        settings: dict[str, Any] = {"private_key": PrivateKey(pem, key_id=_KEY_ID)}
    else:
        metadata = {"client_secret": _SECRET}
        settings = {"client_secret": _SECRET, "client_authentication": method}
    return Machine(
        method,
        {"client_id": client_id, "token_endpoint_auth_method": method, **metadata},
        {"client_id": client_id, **settings},
    )


def _make_key(pem: Path) -> dict[str, Any]:
    """Make a key, and give the public half as a JWK (RFC 7517)."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": _KEY_ID, "alg": "ES256", "use": "sig"}
