# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What of a request and its answer may be shown: the names that are known to hold no secret, and nothing else.

Of every other header field and member only the name is shown. What a secret's own field holds is also left out of all
other texts of the exchange, where a server may repeat it.
"""

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from valetkey.errors.redaction import HIDDEN, redacting
from valetkey.errors.texts import harmless
from valetkey.events.kinds import Message
from valetkey.wire import HttpRequest, HttpResponse, json_object_in

_HEADERS = frozenset(
    {
        *("accept", "allow", "cache-control", "content-encoding", "content-length", "content-type", "date", "host"),
        *("mcp-protocol-version", "retry-after", "server", "vary", "www-authenticate"),
    }
)
_SCHEME_ONLY = frozenset({"authorization", "proxy-authorization"})
_URLS = frozenset({"location"})

_MEMBERS = frozenset(
    {
        # Metadata (RFC 9728 §2, RFC 8414 §2, OpenID Connect Discovery §3)
        *("resource", "resource_name", "authorization_servers", "scopes_supported", "bearer_methods_supported"),
        *("issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"),
        *("introspection_endpoint", "device_authorization_endpoint", "userinfo_endpoint", "jwks_uri"),
        *("response_types_supported", "response_modes_supported", "grant_types_supported", "subject_types_supported"),
        *("token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported"),
        *("revocation_endpoint_auth_methods_supported", "code_challenge_methods_supported"),
        *("client_id_metadata_document_supported", "authorization_response_iss_parameter_supported"),
        *("dpop_signing_alg_values_supported", "dpop_bound_access_tokens_required", "prompt_values_supported"),
        *("authorization_grant_profiles_supported", "id_token_signing_alg_values_supported"),
        *("require_pushed_authorization_requests", "pushed_authorization_request_endpoint"),
        # Clients (RFC 7591 §2, §3.2.1)
        *("client_id", "client_name", "client_uri", "application_type", "redirect_uris", "grant_types"),
        *("response_types", "token_endpoint_auth_method", "dpop_bound_access_tokens", "client_id_issued_at"),
        *("client_secret_expires_at", "software_id", "software_version"),
        # Requests (RFC 6749, RFC 7636, RFC 8628, RFC 8693, RFC 8707)
        *("grant_type", "response_type", "response_mode", "redirect_uri", "scope", "audience", "prompt"),
        *("code_challenge_method", "client_assertion_type", "token_type_hint", "requested_token_type"),
        *("subject_token_type", "jsonrpc", "method"),
        # Answers
        *("token_type", "expires_in", "refresh_expires_in", "refresh_token_expires_in", "issued_token_type"),
        *("interval", "verification_uri", "iss", "error", "error_description", "error_uri", "message", "detail"),
        *("title", "status", "ok", "reason"),
    }
)
_SECRET_NAME = re.compile(
    r"token$|code$|_complete$|secret$|password|assertion$|verifier|challenge$|state$|nonce|cookie|ticket|session|"
    r"credential|api-?_?key|authorization$|dpop$|signature",
    re.IGNORECASE,
)
"""Members and header fields whose values are left out of every other text too."""
_LETTER = "[A-Za-z0-9_.~=%+-]"
_IN_PATH = re.compile(rf"(?<=/)(?={_LETTER}*[0-9])(?={_LETTER}*[A-Za-z]){_LETTER}{{20,}}(?!{_LETTER})")
"""A part of a path that may be a key: some servers have the user's own key in their URL."""
_SHORTEST_SECRET = 6
_LONGEST = 400
_MOST = 60
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def request_message(request: HttpRequest) -> Message:
    """Give what may be shown of a request."""
    return _message(request.headers, request.body)


def response_message(response: HttpResponse) -> Message:
    """Give what may be shown of an answer."""
    return _message(response.headers, response.body)


def query_message(url: str) -> Message:
    """Give what may be shown of the query of a link."""
    pairs = parse_qsl(_split(url).query, keep_blank_values=True)
    with redacting(*_secrets(pairs)):
        return Message(members={_text(name): _shown(name, value) for name, value in pairs[:_MOST]})


def plain_url(url: str) -> str:
    """Give a URL without user information, query and fragment, safe to show."""
    parts = _split(url)
    return _text(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl())


def without_keys(text: str) -> str:
    """Leave out of a text the parts of paths that may be keys."""
    return _IN_PATH.sub(HIDDEN, text)


def secrets_of(request: HttpRequest, response: HttpResponse | None) -> Iterator[str]:
    """Give the values of an exchange that no text about it may show."""
    for message in (request, response):
        if message is not None:
            yield from _secrets(message.headers)
            yield from _secrets(_members(message.headers, message.body) or ())


def _message(headers: Iterable[tuple[str, str]], body: bytes) -> Message:
    headers = tuple(headers)
    with redacting(*_secrets(headers)):
        members = _members(headers, body)
        with redacting(*_secrets(members or ())):
            return Message(
                headers={_text(name): _shown_header(name, value) for name, value in headers[:_MOST]},
                members=None if members is None else {_text(name): _shown(name, value) for name, value in members},
                size=len(body),
            )


def _members(headers: Iterable[tuple[str, str]], body: bytes) -> list[tuple[str, Any]] | None:
    """Give the members of a form or of a JSON object, whatever the Content-Type says of the latter."""
    if not body:
        return None
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    if kind.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        text = body.decode("utf-8", "replace")
        return list(parse_qsl(text, keep_blank_values=True))[:_MOST]
    document = json_object_in(body)
    return None if document is None else list(document.items())[:_MOST]


def _secrets(pairs: Iterable[tuple[str, Any]]) -> Iterator[str]:
    for name, value in pairs:
        if isinstance(value, dict):
            yield from _secrets(value.items())
        if not isinstance(value, str):
            continue
        is_secret = name.lower() not in _MEMBERS and _SECRET_NAME.search(name) is not None
        if _URL.match(value):  # only its query may be one: `end_session_endpoint` is where everything else is, too
            query = parse_qsl(_split(value).query)
            yield from (each for _, each in query if is_secret and len(each) >= _SHORTEST_SECRET)
            yield from _secrets(query)
        elif is_secret:
            _, _, credentials = value.partition(" ")
            yield from (each for each in (value, credentials) if len(each) >= _SHORTEST_SECRET)


def _shown_header(name: str, value: str) -> str:
    name = name.lower()
    if name in _SCHEME_ONLY:
        scheme, space, _ = value.partition(" ")
        return f"{_text(scheme)} {HIDDEN}" if space else HIDDEN
    if name in _URLS:
        return plain_url(value)
    return _text(value) if name in _HEADERS else HIDDEN


def _shown(name: str, value: object) -> object:
    if name not in _MEMBERS:
        return HIDDEN
    if isinstance(value, str):
        return plain_url(value) if _URL.match(value) else _text(value)
    if isinstance(value, list):
        return [_shown(name, each) for each in value[:_MOST]]
    if isinstance(value, dict):
        return {_text(inner): _shown(inner, each) for inner, each in list(value.items())[:_MOST]}
    return HIDDEN if isinstance(value, float) and not math.isfinite(value) else value  # no number of JSON


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit(HIDDEN)


def _text(text: str) -> str:
    return harmless(text, _LONGEST, is_quoted=True)
