# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Client ID Metadata Documents: a client that introduces itself with a document at an https URL of its own.

draft-ietf-oauth-client-id-metadata-document-01 (“draft” below); MCP, Client ID Metadata Documents.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from valetkey import urls, wire
from valetkey.errors import ConfigurationError, InsecureEndpoint, quote
from valetkey.values import ClientAuthentication
from valetkey.wire import HttpRequest, HttpResponse

LOOPBACK_ADDRESSES = ("http://127.0.0.1/callback", "http://localhost/callback")
"""Without a port: an authorization server takes any (RFC 8252 §7.3). Some match the one name, some the other."""

LARGEST_DOCUMENT = 5 * 1024
"""Bytes; an authorization server need not read more (draft §6.6)."""

_DOT_SEGMENTS = frozenset({".", "..", "%2e", "%2e%2e", ".%2e", "%2e."})
_REQUIRED = ("client_id", "client_name", "redirect_uris")  # MCP, Implementation Requirements
_SECRETS = ("client_secret", "client_secret_expires_at")
_SHARED_SECRET_METHODS = frozenset({"client_secret_post", "client_secret_basic", "client_secret_jwt"})


@dataclass(frozen=True, slots=True)
class Finding:
    """
    Something about a document that its owner should know.

    :param text: What it is, and what to do about it.
    :param is_fault: True if authorization servers will refuse the document; False if some may do less than expected.
    """

    text: str
    is_fault: bool = True

    def __str__(self) -> str:
        return f"{'fault' if self.is_fault else 'warning'}: {self.text}"


def require_document_url(url: str) -> str:
    """
    Refuse a URL that cannot be a client_id (draft §3), else give it back.

    :raises ConfigurationError: If it is not https, has no path, or has dot segments, user information, a query or a
        fragment. A query is only discouraged there, and not every authorization server takes one.
    """
    try:
        urls.require_endpoint(url, "client_metadata_url")
    except InsecureEndpoint as error:
        raise ConfigurationError(error.message, hint=error.hint) from error
    parts = urlsplit(url)
    fault = None
    if parts.scheme.lower() != "https":
        fault = "is not https"
    elif parts.path in ("", "/"):
        fault = "has no path"
    elif _DOT_SEGMENTS & {segment.lower() for segment in parts.path.split("/")}:
        fault = "has a dot segment in its path"
    elif parts.query:
        fault = "has a query"
    if fault is not None:
        message = f"The client_metadata_url {quote(url)} {fault}."
        raise ConfigurationError(message, hint="Give it as https://your.host/path/to/client.json.")
    return url


def build_document(
    url: str,
    *,
    name: str,
    redirect_uris: Sequence[str] = LOOPBACK_ADDRESSES,
    public_keys: Mapping[str, Any] | None = None,
    public_keys_url: str | None = None,
    further: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """
    Build the document to publish at a URL; `check_document` reads what is served there.

    :param url: The URL, which becomes the client_id.
    :param name: The name people see when they are asked for consent.
    :param redirect_uris: Where answers may come in; the default is for a program on a person's computer.
    :param public_keys: The JWK set of a client that signs (private_key_jwt).
    :param public_keys_url: The URL of the JWK set, instead of `public_keys`.
    :param further: More members, for example `client_uri` and `logo_uri`.
    :returns: The document.
    :raises ConfigurationError: If the URL cannot be a client_id, or both kinds of keys are given.
    """
    if public_keys is not None and public_keys_url is not None:  # RFC 7591 §2
        message = "There are public_keys and a public_keys_url."
        raise ConfigurationError(message, hint="Give one of the two.")
    signs = public_keys is not None or public_keys_url is not None
    method = ClientAuthentication.PRIVATE_KEY if signs else ClientAuthentication.NONE
    document = {
        **(further or {}),
        "client_id": require_document_url(url),
        "client_name": name,
        "redirect_uris": list(redirect_uris),
        "application_type": "native",
        "grant_types": ["authorization_code", "refresh_token"],  # MCP, Refresh Tokens
        "response_types": ["code"],
        "token_endpoint_auth_method": method.value,
    }
    if public_keys is not None:
        document["jwks"] = dict(public_keys)
    if public_keys_url is not None:
        document["jwks_uri"] = urls.require_endpoint(public_keys_url, "public_keys_url")
    return document


def document_request(url: str) -> HttpRequest:
    """Build the request an authorization server makes; `check_document` reads the answer."""
    return wire.get_json(require_document_url(url), "read the client's metadata document")


def check_document(response: HttpResponse) -> tuple[Finding, ...]:
    """
    Check the answer to `document_request` as an authorization server does (draft §4; MCP, Implementation Requirements).

    :returns: What is wrong with the document; empty if nothing is.
    """
    if response.status != 200:  # draft §4.1: no redirect is followed
        return (Finding(f"{response.url} answers {response.status} instead of 200, and servers follow no redirect."),)
    document = wire.json_object(response)
    if document is None:
        return (Finding(f"{response.url} does not serve a JSON object."),)
    return (*_check_response(response), *_check_members(document, response.url), *_check_authentication(document))


def _check_response(response: HttpResponse) -> list[Finding]:
    findings = []
    media_type = (response.header("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        findings.append(Finding(f"It is served as {quote(media_type)}; serve it as application/json."))
    if len(response.body) > LARGEST_DOCUMENT:
        size = f"{len(response.body)} bytes"
        findings.append(Finding(f"It has {size}; servers need not read more than {LARGEST_DOCUMENT}.", is_fault=False))
    return findings


def _check_members(document: dict[str, Any], url: str) -> list[Finding]:
    findings = [Finding(f"It has no {member}.") for member in _REQUIRED if not document.get(member)]
    client_id = document.get("client_id")
    if client_id and client_id != url:  # draft §4.1: simple string comparison
        findings.append(Finding(f"Its client_id is {quote(client_id)}, but it is at {quote(url)}; both must be alike."))
    addresses = document.get("redirect_uris")
    if addresses and (not isinstance(addresses, list) or not all(isinstance(each, str) for each in addresses)):
        findings.append(Finding("Its redirect_uris are not a list of texts."))
    elif addresses and not set(LOOPBACK_ADDRESSES) <= set(addresses):
        text = f"Its redirect_uris lack {' or '.join(LOOPBACK_ADDRESSES)}: no free port can be used for a login."
        findings.append(Finding(text, is_fault=False))
    grants = document.get("grant_types")
    if not isinstance(grants, list) or "refresh_token" not in grants:
        text = "Its grant_types lack refresh_token: people may have to log in again and again."
        findings.append(Finding(text, is_fault=False))
    return findings


def _check_authentication(document: dict[str, Any]) -> list[Finding]:
    findings = [
        Finding(f"It has a {member}, which must never be published.") for member in _SECRETS if member in document
    ]
    method = document.get("token_endpoint_auth_method")
    if isinstance(method, str) and method in _SHARED_SECRET_METHODS:
        findings.append(Finding(f"Its token_endpoint_auth_method is {method}, and the document can hold no secret."))
    elif method is None:  # RFC 7591 §2: left out, it means client_secret_basic
        findings.append(Finding("It has no token_endpoint_auth_method, which means client_secret_basic; name it."))
    elif method == ClientAuthentication.PRIVATE_KEY and not {"jwks", "jwks_uri"} & document.keys():
        findings.append(Finding("It names private_key_jwt and no jwks or jwks_uri to check a signature with."))
    if _holds_private_key(document.get("jwks")):
        findings.append(Finding("Its jwks hold a private key, which must never be published."))
    return findings


def _holds_private_key(keys: object) -> bool:
    """RFC 7518 §6.2.2, §6.3.2, §6.4: `d` is private in every kind of key, and `k` is the whole of a symmetric one."""
    listed = keys.get("keys") if isinstance(keys, dict) else None
    return isinstance(listed, list) and any(isinstance(key, dict) and {"d", "k"} & key.keys() for key in listed)


def document_text(document: Mapping[str, Any]) -> str:
    """Write a document as JSON for a web server, indented."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
