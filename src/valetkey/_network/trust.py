# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Whom Valetkey trusts in TLS, and which certificate it shows to whom; certificates are verified in every case."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import httpx2

from valetkey import urls
from valetkey.errors import ConfigurationError, quote
from valetkey.settings.network import ClientCertificate, Network, require_verifying

_READ_ANEW = "Name a PEM file that this program may read, or unset it."
_Stamp = tuple[int, int, int]
"""Of a file: when it was written, its size and its number. Another program may renew a certificate."""


class Trust:
    """The TLS of one engine: a context for each origin, as the user's network settings and the environment say."""

    def __init__(self, network: Network) -> None:
        self._authorities = network.certificate_authorities
        self._certificates = dict(network.client_certificates)

    def context_for(self, url: str) -> ssl.SSLContext:
        """Give the context for connections to a URL's origin; a `ConfigurationError` if a file cannot be used."""
        authorities = self._authorities
        if authorities is not None and not isinstance(authorities, str | Path):
            return require_verifying(authorities)  # once more: the program may have changed it
        certificate = self._certificates.get(urls.origin(url))
        if authorities is None and certificate is None:
            return trusted_authorities()
        files = (authorities, *((certificate.certificate, certificate.key) if certificate is not None else ()))
        stamps = tuple(_stamp(path) for path in files if path is not None)
        return _made(authorities, certificate, stamps, _environment())


def trusted_authorities() -> ssl.SSLContext:
    """Whom to trust, as the environment says now. One for all senders: it takes some 20 ms and a megabyte."""
    return _trusted(_environment())


@lru_cache(maxsize=1)
def _trusted(environment: tuple[object, ...]) -> ssl.SSLContext:  # noqa: ARG001 - the key
    return _of_environment()


@lru_cache(maxsize=64)
def _made(
    authorities: str | Path | None,
    certificate: ClientCertificate | None,
    stamps: tuple[_Stamp, ...],  # noqa: ARG001 - a part of the key
    environment: tuple[object, ...],  # noqa: ARG001 - a part of the key
) -> ssl.SSLContext:
    context = _of_environment()
    if authorities is not None:
        is_folder = os.path.isdir(authorities)
        with _usable(authorities):
            context.load_verify_locations(None if is_folder else authorities, authorities if is_folder else None)
    if certificate is not None:
        password = "" if certificate.password is None else certificate.password.reveal()
        with _usable(certificate.certificate):  # with a password in any case, else OpenSSL asks at the terminal
            context.load_cert_chain(certificate.certificate, certificate.key, lambda: password)
    return context


def _environment() -> tuple[object, ...]:
    """Tell two states of the environment apart: a program sets a variable after an error, or its file is renewed."""
    file, folders = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        stamp = _stamp_of(file) if file else None
    except (OSError, ValueError):  # told when it is read
        stamp = None
    return file, folders, stamp


def _of_environment() -> ssl.SSLContext:
    """Read SSL_CERT_FILE, else SSL_CERT_DIR, else what the system trusts: as httpx2 does for the user's own client."""
    file, folders = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not file and folders and not any(map(os.path.isdir, folders.split(os.pathsep))):
        message = f"SSL_CERT_DIR names no folder: {quote(folders)}."  # OpenSSL would say nothing, and trust no server
        raise ConfigurationError(message, hint="Name a folder of certificate authorities, or unset it.")
    try:
        return httpx2.create_ssl_context()
    except OSError as error:
        name = "SSL_CERT_FILE" if file else "SSL_CERT_DIR"
        message = f"{name} names certificate authorities that cannot be read: {quote(file or folders)}."
        raise ConfigurationError(message, hint=_READ_ANEW) from error


def _stamp(path: str | Path) -> _Stamp:
    with _usable(path):
        return _stamp_of(path)


def _stamp_of(path: str | Path) -> _Stamp:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size, found.st_ino


@contextmanager
def _usable(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # a `ValueError` for a password that is too long
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        message = f"The file {quote(str(path))} of `network=` cannot be used: {quote(str(reason))}."
        hint = "Check its path, its PEM form, and the key and password that belong to it."
        raise ConfigurationError(message, hint=hint) from error
