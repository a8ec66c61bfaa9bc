# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Reading leniently what the engine has refused, so that the examination goes on and shows the other faults too."""

from collections.abc import Sequence
from typing import Any

from valetkey import urls, wire
from valetkey._cli.doctor.facts import Exchange
from valetkey.errors import AuthError
from valetkey.protocol.server import parse_server
from valetkey.values import ServerMetadata
from valetkey.wire import HttpResponse

_ENDPOINTS = (
    *("authorization_endpoint", "token_endpoint", "registration_endpoint"),
    *("revocation_endpoint", "device_authorization_endpoint"),
)


def document_in(response: HttpResponse | None) -> dict[str, Any]:
    """Give the members of a document that was answered with 200; none for anything else."""
    if response is None or response.status != 200:
        return {}
    return wire.json_object(response) or {}


def server_in(response: HttpResponse | None) -> ServerMetadata | None:
    """Read server metadata by the issuer that it names itself, without the endpoints that cannot be used."""
    issuer = document_in(response).get("issuer")
    if response is None or not wire.is_text(issuer) or not issuer:
        return None
    try:
        return parse_server(response, issuer, unused=_ENDPOINTS)
    except AuthError:
        return None


def issuers_in(response: HttpResponse | None) -> tuple[str, ...]:
    """Give the issuers that resource metadata names, also where it is a text and should be a list."""
    named = document_in(response).get("authorization_servers")
    listed = named if isinstance(named, list) else [named]
    return tuple(each for each in listed[: wire.MOST_MEMBERS] if wire.is_text(each) and each)


def redirects_in(exchanges: Sequence[Exchange]) -> tuple[str, ...]:
    """Give where the answers of some exchanges redirect to."""
    targets = (wire.redirect_target(each.response) for each in exchanges if each.response is not None)
    return tuple(target for target in targets if target is not None)


def leads_away(exchange: Exchange) -> bool:
    """Tell whether an answer redirects to another origin."""
    return any(not urls.same_origin(target, exchange.request.url) for target in redirects_in((exchange,)))


RESOURCE_MEMBERS: dict[str, type] = {
    "resource": str,
    "authorization_servers": list,
    "scopes_supported": list,
    "bearer_methods_supported": list,
    "dpop_signing_alg_values_supported": list,
    "dpop_bound_access_tokens_required": bool,
    "tls_client_certificate_bound_access_tokens": bool,
}
"""The members of RFC 9728 §2 that Valetkey reads, and their types."""

SERVER_MEMBERS: dict[str, type] = {
    "issuer": str,
    **dict.fromkeys(_ENDPOINTS, str),
    "scopes_supported": list,
    "response_types_supported": list,
    "grant_types_supported": list,
    "code_challenge_methods_supported": list,
    "token_endpoint_auth_methods_supported": list,
    "revocation_endpoint_auth_methods_supported": list,
    "token_endpoint_auth_signing_alg_values_supported": list,
    "dpop_signing_alg_values_supported": list,
    "protected_resources": list,
    "authorization_response_iss_parameter_supported": bool,
    "client_id_metadata_document_supported": bool,
    "require_pushed_authorization_requests": bool,
}
"""The members of RFC 8414 §2 (and of extensions) that Valetkey reads, and their types."""


def wrong_members(response: HttpResponse | None, members: dict[str, type]) -> tuple[str, ...]:
    """Name the members of a document that have another type than they must have."""
    document = document_in(response)
    return tuple(
        name for name, kind in members.items() if document.get(name) is not None and not _is_of(document[name], kind)
    )


def _is_of(value: object, kind: type) -> bool:
    if kind is list:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return isinstance(value, kind)
