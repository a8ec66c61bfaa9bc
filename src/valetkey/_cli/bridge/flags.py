# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the flags of `valetkey bridge` mean: the settings of the login, and how the server is reached."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from valetkey import urls
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey.errors import AuthError, InsecureEndpoint, quote
from valetkey.settings.network import FIELD_VALUE, Network
from valetkey.settings.settings import Settings
from valetkey.values import Secret

if TYPE_CHECKING:
    from valetkey.login import LoginName

TRANSPORTS: Mapping[str, tuple[str, ...]] = {
    "http-first": ("http", "sse"),
    "sse-first": ("sse", "http"),
    "http-only": ("http",),
    "sse-only": ("sse",),
}
"""The transports to try, in their order, by the names that mcp-remote gives them."""

LOGINS = ("auto", "browser", "device", "never")
"""How a person can be asked; what a person types here would be read by the bridge."""

_WITHOUT_TLS = re.compile(r"^http://", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_OF_TRANSPORT = frozenset({"accept", "content-type", "content-length", "host", "mcp-session-id", "transfer-encoding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The flags as they were typed."""

    url: str
    port: int | None = None
    header: Sequence[str] = ()
    header_file: str | None = None
    allow_http: bool = False
    callback_host: str | None = None
    callback_path: str | None = None
    transport: str = "http-first"
    static_metadata: str | None = None
    static_client: str | None = None
    resource: str | None = None
    omits_resource: bool = False
    authorize_param: Sequence[str] = ()
    auth_timeout: float | None = None
    scope: Sequence[str] = ()
    client_id: str | None = None
    client_metadata_url: str | None = None
    is_machine: bool = False
    token_endpoint: str | None = None
    uses_id_token: bool = False
    issuer: str | None = None
    label: str | None = None
    profile: str | None = None
    login: str = "auto"
    store: str | None = None
    ignore_tool: Sequence[str] = ()
    login_wait: float | None = None
    is_silent: bool = False


def headers_of(flags: Flags) -> dict[str, str]:
    """Read the header fields for the MCP server; `${NAME}` in a value stands for a variable of the environment."""
    headers: dict[str, str] = {}
    for given in (*_lines_of(flags.header_file), *flags.header):
        name, colon, value = given.partition(":")
        if not colon:  # it is not shown: it may be a credential
            message = "A --header has no colon between a name and a value."
            raise _usage(message, 'Write it as --header "Name: value".')
        if name.strip().lower() in _OF_TRANSPORT:
            message = f"--header {quote(name.strip())} names a header field that the bridge sets itself."
            raise _usage(message, "Leave it out.")
        if not _FIELD_NAME.fullmatch(name.strip()):
            message = f"--header {quote(name.strip())} names no header field that can be set."
            raise _usage(message, 'Write it as --header "Name: value".')
        expanded = expand(value.strip(), f"--header {name.strip()}")
        if not FIELD_VALUE.fullmatch(expanded):
            message = f"The value of --header {quote(name.strip())} is none that a header field may have."
            raise _usage(message, "Give visible ASCII characters in one line; it may be that the value is empty.")
        headers[name.strip()] = expanded
    return headers


def _lines_of(path: str | None) -> list[str]:
    """Read the header fields in a file: one in a line, and # begins a comment."""
    lines = _read(path, "--header-file").splitlines() if path is not None else []
    return [line for line in map(str.strip, lines) if line and not line.startswith("#")]


def expand(text: str, where: str) -> str:
    """Put the values of variables in the places of their names."""

    def value_of(found: re.Match[str]) -> str:
        value = os.environ.get(found[1])
        if value is None:
            message = f"{where} names the variable {found[1]}, which is not set."
            raise _usage(message, 'Set it in the "env" of the client\'s configuration.')
        return value

    return _VARIABLE.sub(value_of, text)


def require_address(flags: Flags) -> None:
    """Refuse what is no URL of an MCP server, and one that is not encrypted unless that is allowed."""
    encrypted = _WITHOUT_TLS.sub("https://", flags.url)
    try:
        urls.require_endpoint(encrypted, "URL of the MCP server")
    except InsecureEndpoint as error:  # whose text has the query, which may be a credential
        message = f"{quote(urls.without_query(flags.url))} is not the URL of an MCP server."
        raise _usage(message, error.hint) from None
    Settings(url=flags.url)  # as for every other command
    if urlsplit(flags.url).scheme.lower() == "http" and not urls.is_endpoint(flags.url) and not flags.allow_http:
        message = f"{urls.without_query(flags.url)} is not encrypted, and not on this computer."
        raise _usage(message, "Use its https URL; or allow it with --allow-http, in a network that you trust.")


def settings_of(flags: Flags, headers: Mapping[str, str]) -> Settings:
    """Make the settings of the login."""
    given: dict[str, Any] = {
        **_of_metadata(flags.static_metadata),
        **_of_client(flags.static_client),
        "resource": flags.resource,
        "login_timeout": flags.auth_timeout,
        "issuer": flags.issuer,
        "profile": flags.profile,
        "network": _network(flags.url, headers),
        "client_metadata_url": flags.client_metadata_url,
        "token_endpoint": flags.token_endpoint,
        "send_resource": False if flags.omits_resource else None,
        "bearer": "id_token" if flags.uses_id_token else None,
        "authorization_parameters": _parameters(flags.authorize_param),
    }
    if flags.scope:
        given["scope"] = " ".join(flags.scope)
    if flags.client_id is not None:
        given["client_id"] = flags.client_id
    address = _redirect_uri(flags)
    if address is not None:
        given["redirect_uri"] = address
    if given.get("client_secret") is not None:
        given["grant"] = "authorization_code"  # a secret alone would stand for a machine
    if flags.is_machine or flags.login == "device":
        given["grant"] = "client_credentials" if flags.is_machine else "device_code"
    if flags.label is not None:
        given["label"] = flags.label
    return Settings(url=flags.url, **{name: value for name, value in given.items() if value is not None})


def login_of(flags: Flags) -> "LoginName":
    """Choose how a person is asked: without a terminal, since the client holds standard input and output."""
    if flags.login not in LOGINS:
        message = f"There is no way {quote(flags.login)} to log in here."
        raise _usage(message, f"Use one of {', '.join(LOGINS)}.")
    if flags.login == "auto":
        return "browser"  # it prints the link too, and waits for the answer wherever the browser is
    return flags.login  # type: ignore[return-value]  # one of the names


def _redirect_uri(flags: Flags) -> str | None:
    if flags.port is None and flags.callback_host is None and flags.callback_path is None:
        return None
    if flags.port is None:
        message = "--callback-host and --callback-path need a port."
        raise _usage(message, "Give --callback-port too.")
    host = flags.callback_host or "localhost"  # the address of mcp-remote, which is registered by hand somewhere
    path = flags.callback_path or "/oauth/callback"
    return f"http://{f'[{host}]' if ':' in host else host}:{flags.port}{path}"


def _parameters(given: Sequence[str]) -> dict[str, str] | None:
    parameters = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or not name:
            message = f"--authorize-param {quote(name)} has no value."
            raise _usage(message, "Write it as --authorize-param name=value.")
        parameters[name] = expand(value, f"--authorize-param {name}")
    return parameters or None


def _of_metadata(given: str | None) -> dict[str, Any]:
    metadata = _document(given, "--static-oauth-client-metadata")
    return {
        "client_name": metadata.get("client_name"),
        "scope": metadata.get("scope"),
        "client_authentication": metadata.get("token_endpoint_auth_method"),
        "redirect_uri": _first(metadata.get("redirect_uris")),
    }


def _of_client(given: str | None) -> dict[str, Any]:
    client = _document(given, "--static-oauth-client-info")
    if given is not None and not isinstance(client.get("client_id"), str):
        message = "--static-oauth-client-info has no client_id."
        raise _usage(message, 'Give {"client_id": "…"}.')
    secret = client.get("client_secret")
    found = {
        "client_id": client.get("client_id"),
        "client_secret": Secret(secret) if isinstance(secret, str) and secret else None,
        "client_authentication": client.get("token_endpoint_auth_method"),
        "redirect_uri": _first(client.get("redirect_uris")),
    }
    return {name: value for name, value in found.items() if value is not None}


def _document(given: str | None, flag: str) -> dict[str, Any]:
    if given is None:
        return {}
    text = given
    if given.startswith("@"):
        text = _read(given[1:], flag)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        message = f"{flag} is no JSON object."
        raise _usage(message, "Give a JSON object, or @ and the path of a file with one.")
    return {name: expand(value, flag) if isinstance(value, str) else value for name, value in document.items()}


def _read(path: str, flag: str) -> str:
    try:
        return Path(path).expanduser().read_text("utf-8")
    except (OSError, ValueError) as error:
        message = f"{flag} names a file that cannot be read."
        raise _usage(message, "Check the path, and the file's rights.") from error


def _first(addresses: object) -> str | None:
    first = addresses[0] if isinstance(addresses, list) and addresses else None
    return first if isinstance(first, str) else None


def _network(url: str, headers: Mapping[str, str]) -> Network | None:
    """Let Valetkey's own requests to the server's origin, too, pass the gateway that wants the fields."""
    fields: dict[str, Secret] = {}
    for name, value in headers.items():
        try:
            Network(headers={urls.origin(url): {name: Secret(value)}})
        except AuthError:  # such as Authorization, which is the MCP server's
            continue
        fields[name] = Secret(value)
    return Network(headers={urls.origin(url): fields}) if fields else None


def _usage(message: str, hint: str) -> CommandFailed:
    return CommandFailed(message, hint=hint, code=ExitCode.USAGE)
