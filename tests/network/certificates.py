# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Certificates of a server, good and bad ones, and the authority that signs them."""

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_NOW = dt.datetime.now(dt.UTC)
_DAY = dt.timedelta(days=1)

NAMES = ("mcp.example", "as.example")


@dataclass(frozen=True)
class Certificates:
    """
    A folder with certificates.

    :param folder: Where they are.
    """

    folder: Path

    @property
    def authority(self) -> Path:
        """The certificate of the authority."""
        return self.folder / "authority.pem"

    def context(self, name: str) -> ssl.SSLContext:
        """
        Load a server's certificate.

        :param name: "good", "expired", "elsewhere", "self-signed", or a host name of `NAMES`.
        :returns: For the server's side of TLS.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem")
        return context


def make_certificates(folder: Path) -> Certificates:
    """
    Make an authority, certificates of 127.0.0.1, and good ones of the host names.

    :param folder: Where to.
    :returns: They.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate(key, "Authority", None, None, days=30)
    (folder / "authority.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    for name, address, issuer, days in (
        ("good", "127.0.0.1", authority, 30),
        ("expired", "127.0.0.1", authority, -1),
        ("elsewhere", "127.0.0.9", authority, 30),
        ("self-signed", "127.0.0.1", None, 30),
        *((host, host, authority, 30) for host in NAMES),
    ):
        own = ec.generate_private_key(ec.SECP256R1())
        signed = _certificate(own, address, issuer, key if issuer is not None else None, days=days)
        private = own.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / f"{name}.pem").write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return Certificates(folder)


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    name: str,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey | None,
    *,
    days: int,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer is not None else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - 30 * _DAY)
        .not_valid_after(_NOW + days * _DAY)
    )
    if name == "Authority":
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    else:
        subject_name = x509.DNSName(name) if name in NAMES else x509.IPAddress(ipaddress.ip_address(name))
        builder = builder.add_extension(x509.SubjectAlternativeName([subject_name]), critical=False)
    return builder.sign(issuer_key if issuer_key is not None else key, hashes.SHA256())
