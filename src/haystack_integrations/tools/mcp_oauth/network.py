# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Network settings as a pipeline's YAML can hold them: files by their paths, secrets as references."""

from dataclasses import dataclass, field
from typing import Any

from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth._settings.field_checks import require_fields, take_forms_of_yaml
from haystack_integrations.tools.mcp_oauth._settings.late_secrets import (
    refuse_plain_text,
    require_secret,
    resolve_secret,
)
from haystack_integrations.tools.mcp_oauth._settings.plain_data import read_fields, read_secret, write_fields
from valetkey.errors import ConfigurationError, quote
from valetkey.settings import network as engine

_AS_SECRET = "Give a Secret of haystack.utils, for example Secret.from_env_var(…)."


@dataclass
class ClientCertificate:
    """
    The certificate that a client shows in TLS, for a server or gateway that wants one.

    :param certificate: The path of a PEM file with the certificate, and with those that lead to its authority.
    :param key: The path of the PEM file with its private key; None if the key is in the file of the certificate.
    :param password: The password of the key; None if it has none.
    :raises ConfigurationError: If a field has a value that it cannot have, or the password is plain text.
    """

    certificate: str
    key: str | None = None
    password: Secret | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        refuse_plain_text(self, "password")
        take_forms_of_yaml(self)
        require_fields(self)
        engine.ClientCertificate(self.certificate, self.key)

    def to_dict(self) -> dict[str, Any]:
        """
        Serialize this certificate to a dictionary without what has its default; the password is a reference.

        :returns: Dictionary representation of this certificate.
        """
        return write_fields(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "ClientCertificate":
        """
        Deserialize a certificate from a dictionary.

        :param data: Dictionary created by `to_dict`.
        :returns: The deserialized certificate.
        """
        return cls(**read_fields(data, {"password": read_secret}))

    def resolved(self) -> engine.ClientCertificate:
        """
        Give this certificate to the engine; this is where the password is resolved.

        :returns: The certificate.
        :raises ConfigurationError: If the password is empty.
        """
        password = resolve_secret(self.password, "ClientCertificate.password")
        return engine.ClientCertificate(self.certificate, self.key, password)


@dataclass
class Network:
    """
    How Valetkey's own requests leave your network: those for metadata, and those to authorization servers.

    The requests to the MCP server go as the environment says (HTTPS_PROXY, SSL_CERT_FILE), with the `headers` of the
    server info.

    :param certificate_authorities: Whom to trust besides what the system and the environment name: the path of a PEM
        file, or of a folder as OpenSSL has it.
    :param client_certificates: The certificate that each origin is shown, and no other origin:
        `{"https://as.example": ClientCertificate(…)}`. The origin of an https proxy may be among them.
    :param proxy: The URL of the proxy for all requests but those to this computer, instead of what the environment
        says; a `Secret` if it has a password. "none" stands for no proxy. None leaves it to the environment.
    :param headers: Header fields that each origin gets beside Valetkey's own, such as those of an access gateway:
        `{"https://gateway.example": {"CF-Access-Client-Secret": Secret.from_env_var(…)}}`. No other origin and no proxy
        gets them.
    :raises ConfigurationError: If a field has a value that it cannot have, or a secret is plain text.
    """

    certificate_authorities: str | None = None
    client_certificates: dict[str, ClientCertificate] = field(default_factory=dict)
    proxy: Secret | str | None = field(default=None, repr=False)
    headers: dict[str, dict[str, Secret]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        take_forms_of_yaml(self)
        if isinstance(self.proxy, str) and "@" in self.proxy:
            message = "Network.proxy has a user name or password in plain text."
            raise ConfigurationError(message, hint=_AS_SECRET)
        _refuse_plain_headers(self.headers)
        require_fields(self)
        certificates = self.client_certificates.items()
        engine.Network(  # with texts in the place of secrets, which have no value yet where a pipeline is only loaded
            certificate_authorities=self.certificate_authorities,
            client_certificates={url: engine.ClientCertificate(each.certificate) for url, each in certificates},
            proxy=self.proxy if isinstance(self.proxy, str) else None,
            headers={url: dict.fromkeys(fields, "-") for url, fields in self.headers.items()},
        )

    def to_dict(self) -> dict[str, Any]:
        """
        Serialize these settings to a dictionary without what has its default; a secret is written as a reference.

        :returns: Dictionary representation of these settings.
        """
        return write_fields(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Network":
        """
        Deserialize network settings from a dictionary.

        :param data: Dictionary created by `to_dict`.
        :returns: The deserialized settings.
        """
        readers = {"client_certificates": _read_certificates, "proxy": read_secret, "headers": _read_headers}
        return cls(**read_fields(data, readers))

    def resolved(self) -> engine.Network:
        """
        Give these settings to the engine; this is where secrets are resolved.

        :returns: The settings.
        :raises ConfigurationError: If a secret is empty, or cannot be used.
        """
        proxy = self.proxy
        return engine.Network(
            certificate_authorities=self.certificate_authorities,
            client_certificates={url: each.resolved() for url, each in self.client_certificates.items()},
            proxy=require_secret(proxy, "Network.proxy") if isinstance(proxy, Secret) else proxy,
            headers={
                url: {name: require_secret(value, f"Network.headers: {name}") for name, value in fields.items()}
                for url, fields in self.headers.items()
            },
        )


def _refuse_plain_headers(headers: object) -> None:
    given = headers.values() if isinstance(headers, dict) else ()
    for name, value in (pair for fields in given if isinstance(fields, dict) for pair in fields.items()):
        if isinstance(value, str | bytes):
            message = f"The header {quote(name)} in Network.headers is given as plain text."
            raise ConfigurationError(message, hint=_AS_SECRET)


def _read_certificates(written: Any) -> Any:
    if not isinstance(written, dict):
        return written
    return {url: ClientCertificate.from_dict(each) if isinstance(each, dict) else each for url, each in written.items()}


def _read_headers(written: Any) -> Any:
    if not isinstance(written, dict):
        return written
    return {url: _read_values(fields) for url, fields in written.items()}


def _read_values(fields: Any) -> Any:
    return {name: read_secret(value) for name, value in fields.items()} if isinstance(fields, dict) else fields
