# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How Valetkey's own requests leave the user's network: authorities, client certificates, a proxy, header fields."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from valetkey import urls
from valetkey.errors import ConfigurationError, InsecureEndpoint, quote
from valetkey.settings.converted import Converted
from valetkey.values import Secret, as_secret

if TYPE_CHECKING:
    import ssl

NO_PROXY = "none"
"""The `proxy` that stands for a direct connection, whatever the environment says."""

FIELD_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
"""What a header field may hold (RFC 9110 §5.5)."""

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_OWN_FIELDS = frozenset(
    {
        *("accept", "accept-encoding", "authorization", "content-type", "dpop", "host", "user-agent"),
        *("connection", "content-encoding", "content-length", "expect", "keep-alive", "te", "trailer"),
        *("transfer-encoding", "upgrade", "cookie", "set-cookie", "mcp-session-id", "mcp-protocol-version"),
    }
)
"""What Valetkey sends itself, what frames a message, and what would change who is asking."""

_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
_PROXY_PLACE = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_A_PEM_TEXT = re.compile(r"-----BEGIN|\n|\x00")

_Held = TypeVar("_Held")
_Fields = tuple[tuple[str, Secret], ...]
_HeadersByOrigin = tuple[tuple[str, _Fields], ...]


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """
    The certificate that a client shows in TLS, for a server or gateway that wants one.

    The files are read when a connection is made, and again after they have changed, so another program may renew them.

    :param certificate: The path of a PEM file with the certificate, and with those that lead to its authority.
    :param key: The path of the PEM file with its private key; None if the key is in the file of the certificate.
    :param password: The password of the key; None if it has none.
    :raises ConfigurationError: If a path is the text of a certificate or key, or anything else but a path.
    """

    certificate: str | Path
    key: str | Path | None = None
    password: Secret | None = None

    def __post_init__(self) -> None:
        for name, path in (("certificate", self.certificate), ("key", self.key)):
            if not _is_path(path) and (name == "certificate" or path is not None):
                message = f"The {name} of a client certificate is no path of a file."
                raise ConfigurationError(message, hint="Give the path of a PEM file.")
        object.__setattr__(self, "password", as_secret(self.password))


def _to_certificates(given: Mapping[str, ClientCertificate]) -> tuple[tuple[str, ClientCertificate], ...]:
    pairs = _by_origin(given, "client_certificates")
    for origin, certificate in pairs:
        if not isinstance(certificate, ClientCertificate):
            message = f"The client certificate for {origin} is a {type(certificate).__name__}."
            raise ConfigurationError(message, hint="Give a ClientCertificate of valetkey.settings.")
    return pairs


def _to_headers(given: Mapping[str, Mapping[str, str | Secret]]) -> _HeadersByOrigin:
    return tuple((origin, _to_fields(origin, fields)) for origin, fields in _by_origin(given, "headers"))


def _to_fields(origin: str, given: Mapping[str, str | Secret]) -> _Fields:
    fields = tuple((name, _to_value(name, value, origin)) for name, value in _pairs(given, f"headers for {origin}"))
    if len({name.lower() for name, _ in fields}) != len(fields):
        message = f"Two headers for {origin} have the same name."
        raise ConfigurationError(message, hint="Give each header field once; upper and lower case are the same.")
    return fields


def _to_value(name: object, value: str | Secret, origin: str) -> Secret:
    if not isinstance(name, str) or not _FIELD_NAME.fullmatch(name):
        message = f"{quote(name)} in the headers for {origin} is not the name of a header field."
        raise ConfigurationError(message, hint="Use letters, digits and hyphens.")
    known = name.lower().replace("_", "-")  # as servers read it that make a variable of each field (RFC 3875 §4.1.18)
    if known in _OWN_FIELDS or known.startswith("proxy-"):
        message = f"The headers for {origin} cannot set {name}: Valetkey sets it itself, or sends none."
        raise ConfigurationError(message, hint=f"Leave {name} out.")
    secret = as_secret(value)
    if secret is None or not FIELD_VALUE.fullmatch(secret.reveal()):
        message = f"The header {name} for {origin} has a value that no header field may have."
        raise ConfigurationError(message, hint="Give visible ASCII characters, in one line and without spaces around.")
    return secret


def _by_origin(given: Mapping[str, _Held], option: str) -> tuple[tuple[str, _Held], ...]:
    """Give pairs of an origin, written in the one way that requests are compared with, and what belongs to it."""
    pairs = tuple((_to_origin(url, option), each) for url, each in _pairs(given, f"{option} of the network"))
    if len(dict(pairs)) != len(pairs):
        message = f"The {option} of the network name an origin twice."
        raise ConfigurationError(message, hint="Give each origin once.")
    return pairs


def _pairs(given: Mapping[str, _Held], what: str) -> Iterable[tuple[str, _Held]]:
    """Go through a mapping, or through the pairs that were made of one (`dataclasses.replace` gives those again)."""
    if isinstance(given, Mapping):
        return given.items()
    if isinstance(given, tuple) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in given):
        return given
    message = f"The {what} are a {type(given).__name__}."
    raise ConfigurationError(message, hint="Give a mapping.")


def _to_origin(url: object, option: str) -> str:
    hint = "Give an origin: https://host or https://host:port."
    if not isinstance(url, str):
        message = f"An origin in the {option} of the network is a {type(url).__name__}."
        raise ConfigurationError(message, hint=hint)
    try:
        parts = urlsplit(urls.require_endpoint(url, f"origin in the {option} of the network"))
    except InsecureEndpoint as error:
        raise ConfigurationError(error.message, hint=hint) from error
    if parts.path not in ("", "/") or parts.query:
        message = f"{quote(urls.without_query(url))} in the {option} of the network is more than an origin."
        raise ConfigurationError(message, hint=f"Give the origin alone: {urls.origin(url)}.")
    return urls.origin(url)


def _to_proxy(given: str | Secret | None) -> Secret | None:
    proxy = as_secret(given)
    if proxy is not None and proxy.reveal() != NO_PROXY:
        fault = proxy_fault(proxy.reveal())
        if fault is not None:
            message = f"The proxy of the network cannot be used: its URL {fault}."  # it may hold a password
            raise ConfigurationError(message, hint=PROXY_HINT)
    return proxy


PROXY_HINT = "Write it as http://host:port; user name and password, if any, are percent-encoded."


def proxy_fault(url: str) -> str | None:
    """Say why a text is not the URL of a proxy, without repeating any of it; None if it is one."""
    if _CONTROLS.search(url):
        return "has characters that no URL has"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme.lower() not in _PROXY_SCHEMES:
        return f"begins with none of {', '.join(f'{scheme}://' for scheme in _PROXY_SCHEMES)}"
    if not _PROXY_PLACE.fullmatch(parts.netloc.rpartition("@")[2]) or port == 0:
        return "names no host and port"
    return "goes on after the port" if parts.path not in ("", "/") or parts.query or parts.fragment else None


def _is_path(value: object) -> bool:
    return isinstance(value, str | Path) and bool(str(value)) and not _A_PEM_TEXT.search(str(value))


@dataclass(frozen=True, kw_only=True)
class Network:
    """
    How Valetkey's own requests leave your network: those for metadata, and those to authorization servers.

    The requests to the MCP server are your HTTP client's; give them the same there.

    :param certificate_authorities: Whom to trust besides what the system and the environment name: the path of a PEM
        file, or of a folder as OpenSSL has it. An `ssl.SSLContext` replaces all others; it must verify certificates and
        host names, and a certificate that you load into it is shown to every server that asks for one.
    :param client_certificates: The certificate that each origin is shown, and no other origin:
        `{"https://as.example": ClientCertificate(…)}`. The origin of an https proxy may be among them.
    :param proxy: The URL of the proxy for all requests but those to this computer, instead of what the environment
        says: "http://…", "https://…", "socks5://…" or "socks5h://…", with user name and password if it wants them.
        "none" stands for no proxy. None leaves it to the environment.
    :param headers: Header fields that each origin gets beside Valetkey's own, such as those of an access gateway:
        `{"https://gateway.example": {"CF-Access-Client-Secret": Secret(…)}}`. No other origin and no proxy gets them.
    :raises ConfigurationError: If a value cannot be used.
    """

    certificate_authorities: "str | Path | ssl.SSLContext | None" = None
    client_certificates: Converted[Mapping[str, ClientCertificate], tuple[tuple[str, ClientCertificate], ...]] = (
        Converted(_to_certificates, {})
    )
    proxy: Converted[str | Secret | None, Secret | None] = Converted(_to_proxy, None)
    headers: Converted[Mapping[str, Mapping[str, str | Secret]], _HeadersByOrigin] = Converted(_to_headers, {})

    def __post_init__(self) -> None:
        authorities = self.certificate_authorities
        if authorities is None or _is_path(authorities):
            return
        require_verifying(authorities)
        if self.client_certificates:
            message = "`client_certificates=` contradicts an SSLContext in `certificate_authorities=`."
            raise ConfigurationError(message, hint="Give the certificate authorities as a path.")


def require_verifying(context: object) -> "ssl.SSLContext":
    """Give an `SSLContext` that verifies who a server is; a `ConfigurationError` for anything else."""
    import ssl  # loaded for the rare case

    if not isinstance(context, ssl.SSLContext):
        message = f"The certificate_authorities of the network are no path and no SSLContext: {type(context).__name__}."
        raise ConfigurationError(message, hint="Give the path of a PEM file.")
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        message = "The SSLContext in certificate_authorities verifies no certificates or no host names."
        raise ConfigurationError(message, hint="Set its verify_mode to CERT_REQUIRED, and its check_hostname to True.")
    return context
