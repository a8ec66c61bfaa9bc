# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Protected resource metadata: where it may be, and what it says (RFC 9728 §2, §3; MCP Authorization Server Discovery).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from valetkey import urls, wire
from valetkey.errors import InsecureEndpoint, ResourceMismatch, Unsupported, quote
from valetkey.protocol.inner_address import inside_hint
from valetkey.protocol.listing import listed
from valetkey.values import ResourceMetadata
from valetkey.wire import HttpRequest, HttpResponse

_NAME = "oauth-protected-resource"


@dataclass(frozen=True, slots=True)
class ResourceCandidate:
    """
    A URL where the metadata may be, and the identifier that the document there has to name (RFC 9728 §3.3).

    `announced` is True if the server named the URL itself, in its challenge.
    """

    url: str
    resource: str
    announced: bool = False


def announced_urls(server_url: str, announced: Sequence[str]) -> tuple[str | None, ...]:
    """
    Resolve what a challenge names against the MCP server's URL (openHAB sends a path); None for what is no URL.

    A fragment is no part of what is asked for (RFC 9110 §4.2.5).
    """
    resolved = (urls.resolve(reference, server_url) for reference in announced)
    return tuple(None if url is None else urls.without_fragment(url) for url in resolved)


def resource_candidates(
    server_url: str, announced: Sequence[str] = (), *, strict: bool = False
) -> tuple[ResourceCandidate, ...]:
    """
    List the URLs to try in the order of MCP: the challenge's `resource_metadata`, the path, the root; each once.

    A path that ends in a slash is followed by the same without it: FastMCP publishes there. Not with `strict`, because
    the document there has another identifier (RFC 9728 §3.3).
    """
    identifier = urls.canonical_resource(server_url)
    root = urls.origin(server_url)
    named = [
        ResourceCandidate(url, identifier, announced=True)
        for url in announced_urls(server_url, announced)
        if url is not None
    ]
    # RFC 9728 §3.1 knows the path form only; the root form for a server with a path is MCP's addition.
    path_forms = [identifier] if strict else [identifier, urls.without_last_slash(identifier)]
    guessed = [ResourceCandidate(urls.insert_well_known(place, _NAME), place) for place in (*path_forms, root)]
    unique: dict[str, ResourceCandidate] = {}
    for candidate in (*named, *guessed):
        unique.setdefault(candidate.url, candidate)
    return tuple(unique.values())


def resource_request(candidate: ResourceCandidate) -> HttpRequest:
    """Build the request for one candidate; `parse_resource` reads the answer."""
    try:
        urls.require_endpoint(candidate.url, "resource metadata URL")
    except InsecureEndpoint as error:
        hint = inside_hint(candidate.resource, candidate.url) or (
            "This is a fault of the MCP server: tell its operator, "
            "or give client_id, authorization_endpoint and token_endpoint."
        )
        raise error.with_hint(hint) from None
    return wire.get_json(candidate.url, "read what the MCP server says about its login")


def require_usable(metadata: ResourceMetadata) -> None:
    """
    Make sure, before a person is asked to log in, that the resource takes a token in the way we send it.

    :raises Unsupported: If it takes no token in the Authorization header (RFC 9728 §2), or only one bound to a TLS
        certificate (RFC 8705 §3).
    """
    methods = metadata.bearer_methods_supported
    fault = None
    if methods is not None and "header" not in methods:
        fault = f"takes no token in a header, only in {listed(methods)}"
    elif metadata.tls_client_certificate_bound_access_tokens:
        fault = "only takes tokens that are bound to a TLS client certificate"
    if fault is not None:
        message = f"The MCP server {quote(metadata.resource)} {fault}."
        raise Unsupported(message, hint="Valetkey cannot do that; ask the server's operator for another way.")


def parse_resource(
    response: HttpResponse, candidate: ResourceCandidate, server_url: str, *, strict: bool = False
) -> ResourceMetadata | None:
    """
    Read the answer to `resource_request`; None if it is no such document, and the next candidate is to be tried.

    With `strict` only the identifier of RFC 9728 §3.3 is accepted, not an ancestor of it.

    :raises ResourceMismatch: If the document describes another resource: nothing of it may be used.
    :raises MalformedDocument: If `resource` or `authorization_servers` has the wrong type; any other member of a wrong
        type counts as absent.
    """
    document = wire.json_object(response) if response.status == 200 else None  # RFC 9728 §3.2
    resource = wire.text_member(document, "resource", response.url) if document is not None else None
    if document is None or resource is None:
        return None
    accepted = resource == candidate.resource if strict else urls.covers(resource, server_url)
    if not accepted:
        message = (
            f"The metadata at {candidate.url} describes {quote(resource)}, "
            f"but the MCP server is {urls.canonical_resource(server_url)}."
        )
        asked = urls.canonical_resource(server_url)
        hint = "Check the server's URL; if it is right, its operator has to correct the published resource."
        hint = inside_hint(asked, resource) or hint
        raise ResourceMismatch(message, hint=hint, expected=candidate.resource, received=resource)
    return ResourceMetadata(
        resource=resource,
        authorization_servers=wire.list_member(document, "authorization_servers", response.url) or (),
        scopes_supported=wire.scope_member(document, "scopes_supported"),
        bearer_methods_supported=wire.optional_list(document, "bearer_methods_supported"),
        dpop_signing_alg_values_supported=wire.optional_list(document, "dpop_signing_alg_values_supported"),
        dpop_bound_access_tokens_required=document.get("dpop_bound_access_tokens_required") is True,
        tls_client_certificate_bound_access_tokens=document.get("tls_client_certificate_bound_access_tokens") is True,
        url=candidate.url,
    )
