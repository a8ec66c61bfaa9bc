# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Finding the authorization server of an MCP server: the order of the requests; `protocol` reads the answers."""

import logging
from dataclasses import replace
from functools import partial

from valetkey import urls
from valetkey._discovery.metadata_requests import MetadataRequests
from valetkey._discovery.resource import ResourceAnswer, ask_resource, metadata_urls
from valetkey._discovery.target import AuthorizationTarget
from valetkey._policy.issuers import choose_issuers
from valetkey.errors import ResourceMismatch, Unsupported
from valetkey.profiles.applied import filled_in, resolve_profile
from valetkey.protocol import resource as resource_protocol
from valetkey.protocol import server as server_protocol
from valetkey.protocol.challenge import Challenge
from valetkey.settings.settings import Settings
from valetkey.values import MetadataSource, ResourceMetadata, ServerMetadata
from valetkey.wire import Send

_logger = logging.getLogger("valetkey")


def discover(
    settings: Settings,
    challenge: Challenge | None,
    send: Send,
    *,
    preferred: tuple[str, ...] = (),
    resource_answer: ResourceAnswer | None = None,
) -> AuthorizationTarget:
    """
    Find the authorization server: resource metadata, then server metadata, then what 2025-03-26 servers have.

    Endpoints in the settings replace published ones.

    :param preferred: Issuers that have issued a session or a client before; they come first if several are named.
    :param resource_answer: What the MCP server says about its login, if it has just been asked.
    """
    canonical = settings.resource or urls.canonical_resource(settings.server_url)
    if settings.needs_no_discovery:
        return _target(canonical, _configured(settings), settings)
    answer = resource_answer or ask_resource(settings, challenge, send)
    requests, metadata = answer.requests, answer.metadata
    if metadata is None:
        server = _overridden(_server_without_resource_metadata(settings, challenge, requests), settings)
        return replace(_target(canonical, server, settings), asked=tuple(requests.log))
    preferred = (*(client.issuer for client in settings.clients), *preferred)
    issuers = choose_issuers(metadata, settings.issuer, preferred)
    if not issuers:
        message = f"{metadata.url} names no authorization server for {settings.server_url}."
        raise Unsupported(message, hint="Ask its operator, or give issuer=.", tried=tuple(requests.log))
    resource_protocol.require_usable(metadata)
    server = _overridden(_first_server(issuers, settings, requests), settings)
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
            message, hint=hint, expected=metadata.resource, received=", ".join(server.protected_resources or ())
        )
    _logger.warning("%s", message)


def find_server(issuer: str, settings: Settings, send: Send) -> ServerMetadata:
    """Read the metadata of a server that the user named and not an MCP server: an identity provider."""
    return _first_server((issuer,), settings, MetadataRequests(send))


def fresh_server(known: ServerMetadata, settings: Settings, send: Send) -> ServerMetadata:
    """
    Read the metadata of an issuer that is known already once more: its endpoints may have moved (RFC 8414 §3).

    The identity stays the known one, byte for byte, and the user's endpoints count. `Unsupported` if the issuer
    publishes nothing any more, `TemporaryError` if it cannot answer now.
    """
    if settings.needs_no_discovery:
        return _configured(settings)
    server = _first_server((known.issuer,), settings, MetadataRequests(send))
    profile = resolve_profile(settings.profile, known.issuer, settings.profile_members)
    fresh = filled_in(_overridden(server, settings), profile)
    return replace(fresh, issuer=known.issuer, source=known.source)


def _server_without_resource_metadata(
    settings: Settings, challenge: Challenge | None, requests: MetadataRequests
) -> ServerMetadata:
    if settings.issuer is not None:
        return _first_server((settings.issuer,), settings, requests)
    if metadata_urls(challenge):  # a server that announces resource metadata is no 2025-03-26 server
        message = f"{settings.server_url} announces metadata for its login, but none can be read."
        raise Unsupported(message, hint="Ask its operator, or give issuer=.", tried=tuple(requests.log))
    legacy = server_protocol.legacy_issuer(settings.server_url)
    server = _server(legacy, settings, requests, legacy=True)
    if server is not None:
        return server_protocol.from_legacy(server)
    requests.require_certainty()
    return server_protocol.guessed_server(settings.server_url)


def _first_server(issuers: tuple[str, ...], settings: Settings, requests: MetadataRequests) -> ServerMetadata:
    for issuer in issuers:
        server = _server(server_protocol.require_issuer(issuer), settings, requests)
        if server is not None:
            return server
        requests.require_certainty()  # a person is not sent to another server because this one is down
    message = f"{', '.join(issuers)} publishes no metadata of an authorization server."
    hint = "Ask its operator, or give authorization_endpoint and token_endpoint."
    raise Unsupported(message, hint=hint, tried=tuple(requests.log))


def _server(
    issuer: str, settings: Settings, requests: MetadataRequests, *, legacy: bool = False
) -> ServerMetadata | None:
    strict = settings.strict or settings.issuer is not None
    for url in server_protocol.server_candidates(issuer):
        server = requests.ask(
            server_protocol.server_request(url, legacy=legacy),
            partial(server_protocol.parse_server, issuer=issuer, strict=strict),
        )
        if server is not None:
            return server
    return None


def _configured(settings: Settings) -> ServerMetadata:
    """Give the server of the settings; without `issuer=`, the origin of the token endpoint stands for it."""
    endpoint = settings.token_endpoint or ""
    return ServerMetadata(
        issuer=settings.issuer or urls.origin(endpoint),
        authorization_endpoint=settings.authorization_endpoint,
        token_endpoint=endpoint,
        registration_endpoint=settings.registration_endpoint,
        device_authorization_endpoint=settings.device_authorization_endpoint,
        source=MetadataSource.CONFIGURED,
    )


def _overridden(server: ServerMetadata, settings: Settings) -> ServerMetadata:
    return replace(
        server,
        authorization_endpoint=settings.authorization_endpoint or server.authorization_endpoint,
        token_endpoint=settings.token_endpoint or server.token_endpoint,
        registration_endpoint=settings.registration_endpoint or server.registration_endpoint,
        device_authorization_endpoint=settings.device_authorization_endpoint or server.device_authorization_endpoint,
    )
