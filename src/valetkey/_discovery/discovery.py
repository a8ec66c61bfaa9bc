# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Finding the authorization server of an MCP server: the order of the requests; `protocol` reads the answers."""

import logging
from dataclasses import replace

from valetkey import urls
from valetkey._discovery.budget import Budget
from valetkey._discovery.metadata_requests import MetadataRequests
from valetkey._discovery.mix_up import require_own_page
from valetkey._discovery.resource import ResourceAnswer, ask_resource, metadata_urls
from valetkey._discovery.server import ask_issuer, first_server, pinned_server
from valetkey._discovery.target import AuthorizationTarget
from valetkey._policy.given import configured, does_without_server, gives_endpoints, overridden
from valetkey._policy.issuers import choose_issuers, is_whole_url
from valetkey.errors import IssuerMismatch, MalformedDocument, ResourceMismatch, TemporaryError, Unsupported, quote
from valetkey.profiles.applied import filled_in, resolve_profile
from valetkey.protocol import resource as resource_protocol
from valetkey.protocol import server as server_protocol
from valetkey.protocol.challenge import Challenge
from valetkey.protocol.listing import listed
from valetkey.settings.settings import Settings
from valetkey.values import ResourceMetadata, ServerMetadata
from valetkey.wire import Send

_logger = logging.getLogger("valetkey")


def discover(
    settings: Settings,
    challenge: Challenge | None,
    send: Send,
    *,
    preferred: tuple[str, ...] = (),
    resource_answer: ResourceAnswer | None = None,
    budget: Budget | None = None,
) -> AuthorizationTarget:
    """
    Find the authorization server: resource metadata, then server metadata, then what 2025-03-26 servers have.

    Endpoints in the settings replace published ones.

    :param preferred: Issuers that have issued a session or a client before; they come first if several are named.
    :param resource_answer: What the MCP server says about its login, if it has just been asked.
    """
    canonical = settings.resource or urls.canonical_resource(settings.server_url)
    if settings.needs_no_discovery:
        return _target(canonical, configured(settings), settings)
    answer = resource_answer or ask_resource(settings, challenge, send, budget)
    requests, metadata = answer.requests, answer.metadata
    if metadata is None:
        server = _server(challenge, None, (), settings, requests)
        require_own_page(server, settings, requests)
        return replace(_target(canonical, server, settings), asked=requests.tried)
    preferred = (*(client.issuer for client in settings.clients), *preferred)
    for named in metadata.authorization_servers:
        if not is_whole_url(named):
            requests.note(f"authorization_servers: {quote(named)} is not a URL")
    issuers = choose_issuers(metadata, settings.issuer, preferred)
    if not issuers and not gives_endpoints(settings):
        message = f"{metadata.url} names no authorization server for {settings.server_url}."
        raise Unsupported(message, hint="Ask its operator, or give issuer=.", tried=requests.tried)
    resource_protocol.require_usable(metadata)
    server = _server(challenge, metadata, issuers, settings, requests)
    require_own_page(server, settings, requests)
    _cross_check(server, metadata, settings)
    return _target(settings.resource or metadata.resource, server, settings, metadata)


def _target(
    resource: str, server: ServerMetadata, settings: Settings, metadata: ResourceMetadata | None = None
) -> AuthorizationTarget:
    profile = resolve_profile(settings.profile, server.issuer, settings.profile_members)
    scopes = metadata.scopes_supported if metadata is not None else None
    bearer = settings.bearer or "access_token"
    return AuthorizationTarget(resource, scopes, filled_in(server, profile), profile, metadata, bearer=bearer)


def _cross_check(server: ServerMetadata, metadata: ResourceMetadata, settings: Settings) -> None:
    """Where both sides name each other they should agree (RFC 9728 §7.6); lists are often out of date."""
    if server_protocol.serves(server, metadata.resource):
        return
    message = f"{server.issuer} does not name {metadata.resource} among the resources it protects."
    if settings.strict:
        hint = "Ask the operators of both, or set strict=False if you trust them."
        raise ResourceMismatch(
            message, hint=hint, expected=metadata.resource, received=listed(server.protected_resources or ())
        )
    _logger.warning("%s", message)


def _server(
    challenge: Challenge | None,
    metadata: ResourceMetadata | None,
    issuers: tuple[str, ...],
    settings: Settings,
    requests: MetadataRequests,
) -> ServerMetadata:
    """Read the server's metadata, or take what the user has given where there is none to be read."""
    try:
        if metadata is None:
            return overridden(_server_without_resource_metadata(settings, challenge, requests), settings)
        if settings.issuer is not None:
            found = pinned_server(settings.issuer, metadata.authorization_servers, settings, requests)
        else:
            found = first_server(issuers, settings, requests, named_at=metadata.url)
        return overridden(found, settings)
    except (TemporaryError, Unsupported, MalformedDocument, IssuerMismatch) as error:
        if not does_without_server(settings, error):
            raise
        _logger.info("going on with the endpoints of the settings alone: %s", error)
        return configured(settings, issuers[0] if issuers else None)


def _server_without_resource_metadata(
    settings: Settings, challenge: Challenge | None, requests: MetadataRequests
) -> ServerMetadata:
    legacy = server_protocol.legacy_issuer(settings.server_url)
    if settings.issuer is not None:
        return pinned_server(settings.issuer, (legacy,), settings, requests, legacy=True)
    server = ask_issuer(legacy, settings, requests, legacy=True)
    if server is not None:
        return server_protocol.from_legacy(server)
    requests.require_certainty(f"The MCP server {settings.server_url}", settings.server_url)
    if metadata_urls(challenge):  # a server that announces resource metadata is no 2025-03-26 server
        message = f"{settings.server_url} announces metadata for its login, but none can be read."
        raise Unsupported(message, hint="Ask its operator, or give issuer=.", tried=requests.tried)
    if gives_endpoints(settings):
        return configured(settings)
    return server_protocol.guessed_server(settings.server_url)
