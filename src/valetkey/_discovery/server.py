# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Asking an authorization server for its metadata (RFC 8414), and whose document counts for an issuer of the user."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from valetkey import urls
from valetkey._discovery.metadata_requests import MetadataRequests
from valetkey._policy.discovery_limits import first_of
from valetkey._policy.given import configured, overridden, shows_a_secret, unused_endpoints
from valetkey.errors import AuthError, IssuerMismatch, MalformedDocument, TemporaryError, TrustError, Unsupported, quote
from valetkey.profiles.applied import filled_in, resolve_profile
from valetkey.protocol import server as server_protocol
from valetkey.protocol.listing import listed
from valetkey.settings.settings import Settings
from valetkey.values import ServerMetadata
from valetkey.wire import NotReached, Send

_logger = logging.getLogger("valetkey")


def find_server(issuer: str, settings: Settings, send: Send) -> ServerMetadata:
    """Read the metadata of a server that the user named and not an MCP server: an identity provider."""
    return first_server((issuer,), settings, MetadataRequests(send))


def fresh_server(known: ServerMetadata, settings: Settings, send: Send) -> ServerMetadata:
    """
    Read the metadata of an issuer that is known already once more: its endpoints may have moved (RFC 8414 §3).

    The identity stays the known one, byte for byte, and the user's endpoints count. `Unsupported` if the issuer
    publishes nothing any more, `TemporaryError` if it cannot answer now.
    """
    if settings.needs_no_discovery:
        return configured(settings)
    server = first_server((known.issuer,), settings, MetadataRequests(send))
    profile = resolve_profile(settings.profile, known.issuer, settings.profile_members)
    fresh = filled_in(overridden(server, settings), profile)
    return replace(fresh, issuer=known.issuer, source=known.source)


def moved_server(
    known: ServerMetadata, endpoint: Literal["token_endpoint", "revocation_endpoint"], settings: Settings, send: Send
) -> ServerMetadata | None:
    """
    Read where an endpoint is that is not there any more; None if the issuer's metadata names no other one.

    Metadata that cannot be read says no more than the endpoint did. An error of trust is raised.
    """
    try:
        server = fresh_server(known, settings, send)
    except TrustError:
        raise
    except AuthError as error:
        _logger.info("the metadata of %s cannot be read again: %s", known.issuer, error)
        return None
    place = getattr(server, endpoint)
    if place in (None, getattr(known, endpoint)):
        return None
    _logger.info("the %s of %s has moved to %s", endpoint.replace("_", " "), known.issuer, quote(place))
    return server


def first_server(
    issuers: Sequence[str], settings: Settings, requests: MetadataRequests, *, named_at: str = ""
) -> ServerMetadata:
    """Give the first of several issuers that publishes its metadata."""
    asked, left_out = first_of(issuers, requests.budget.limits.issuers)
    for issuer in asked:
        server = ask_issuer(issuer, settings, requests, named_at=named_at)
        if server is not None:
            return server
        try:
            requests.require_certainty(f"The authorization server {quote(issuer)}", issuer)
        except (TemporaryError, Unsupported, MalformedDocument) as error:
            # A person is not sent to another server because this one is down, or has a fault.
            raise _with_others(error, [other for other in issuers if other != issuer]) from error
    if left_out:
        requests.note(f"authorization_servers: {left_out:,} others were not asked")
    message = f"{listed(issuers)} publishes no metadata of an authorization server."
    hint = "Ask its operator, or give authorization_endpoint and token_endpoint."
    raise Unsupported(message, hint=hint, tried=requests.tried)


def ask_issuer(
    issuer: str, settings: Settings, requests: MetadataRequests, *, legacy: bool = False, named_at: str = ""
) -> ServerMetadata | None:
    """Read the metadata of an issuer at its own places; None if none of them has it."""
    return _read(issuer, issuer, settings, requests, legacy=legacy, named_at=named_at)


def pinned_server(
    pin: str, published: Sequence[str], settings: Settings, requests: MetadataRequests, *, legacy: bool = False
) -> ServerMetadata:
    """
    Read the metadata of the issuer that the user has named.

    Its own document counts first. Where it certainly publishes none, or lives where no connection leads, a document at
    the places of the `published` issuers counts, if it names the pin byte for byte.
    """
    is_away = not legacy and is_led_away(pin, published)
    elsewhere = named_elsewhere(pin, published, settings, requests) if is_away else None
    doubt = requests.take_trouble()
    server = ask_issuer(pin, settings, requests)
    if server is not None:
        return server
    who = f"The authorization server {quote(pin)}"
    if not isinstance(requests.trouble, NotReached):
        requests.require_certainty(who, pin)
    unreached = requests.take_trouble()
    if not is_away:
        elsewhere = named_elsewhere(pin, published, settings, requests, legacy=legacy)
        doubt = requests.take_trouble()
    if elsewhere is not None:
        return _bound_to(pin, elsewhere, settings)
    requests.trouble = unreached or doubt
    requests.require_certainty(who if unreached is not None else "The server that the MCP server names", pin)
    message = f"{quote(pin)} publishes no metadata of an authorization server."
    hint = "Check issuer=, or give authorization_endpoint= and token_endpoint= too."
    raise Unsupported(message, hint=hint, tried=requests.tried)


def is_led_away(pin: str, published: Sequence[str]) -> bool:
    """Tell whether an MCP server names issuers, and none at the origin of the user's."""
    return bool(published) and not any(urls.same_origin(pin, issuer) for issuer in published)


def named_elsewhere(
    pin: str, published: Sequence[str], settings: Settings, requests: MetadataRequests, *, legacy: bool = False
) -> ServerMetadata | None:
    """
    Look whether a document at the places of the published issuers names the user's one, byte for byte.

    `IssuerMismatch` if there are documents, and all of them name other issuers: the MCP server wants another login.
    """
    own, mismatch = server_protocol.server_candidates(pin), None
    usable = [issuer for issuer in published if urls.is_endpoint(issuer)]
    others = [issuer for issuer in usable if server_protocol.server_candidates(issuer) != own]
    for issuer in first_of(others, requests.budget.limits.issuers)[0]:
        try:
            server = _read(issuer, pin, settings, requests, legacy=legacy)
        except IssuerMismatch as error:  # nothing of the document is used
            mismatch = mismatch or error
            continue
        if server is not None:
            return server
    if mismatch is None:
        return None
    message = f"The MCP server wants a login at {listed(published)}, but only {quote(pin)} is trusted."
    hint = "If the server has moved its login, change issuer=; else tell its operator."
    raise IssuerMismatch(message, hint=hint, expected=pin, received=mismatch.received) from mismatch


def _read(
    place: str,
    issuer: str,
    settings: Settings,
    requests: MetadataRequests,
    *,
    legacy: bool = False,
    named_at: str = "",
) -> ServerMetadata | None:
    strict = settings.strict or settings.issuer is not None
    requests.way_out = "authorization_endpoint and token_endpoint"
    parse = partial(server_protocol.parse_server, issuer=issuer, strict=strict, unused=unused_endpoints(settings))
    for url in server_protocol.server_candidates(server_protocol.require_issuer(place, named_at=named_at)):
        server = requests.ask(server_protocol.server_request(url, legacy=legacy), parse)
        if server is not None:
            return server
    return None


def _bound_to(pin: str, server: ServerMetadata, settings: Settings) -> ServerMetadata:
    """
    Make sure that a document from elsewhere does not lead what belongs to the pinned issuer away from it.

    Another server can write any issuer into its document. So where the user shows a secret, or logs in at the pinned
    issuer itself, nothing is sent to another origin, unless the user has named that endpoint.
    """
    is_at_pin = server.authorization_endpoint is not None and urls.same_origin(server.authorization_endpoint, pin)
    if not is_at_pin and not shows_a_secret(settings):
        return server
    unused = unused_endpoints(settings)
    if "registration_endpoint" in unused:
        server = replace(server, registration_endpoint=None)
    if "device_authorization_endpoint" in unused:
        server = replace(server, device_authorization_endpoint=None)
    for name in ("token_endpoint", "registration_endpoint", "device_authorization_endpoint"):
        endpoint = getattr(server, name)
        if endpoint is None or getattr(settings, name) is not None or urls.same_origin(endpoint, pin):
            continue
        message = f"A document that is not at {quote(pin)} names it as its issuer, and {quote(endpoint)} as {name}."
        hint = f"If that is right, give {name}={quote(endpoint)} too; else tell the MCP server's operator."
        raise IssuerMismatch(message, hint=hint, expected=pin, received=urls.origin(endpoint))
    revocation = server.revocation_endpoint
    if revocation is not None and not urls.same_origin(revocation, pin):
        return replace(server, revocation_endpoint=None)
    return server


def _with_others(error: AuthError, others: Sequence[str]) -> AuthError:
    if not others:
        return error
    return error.with_hint(f"{error.hint} The MCP server also names {listed(others)}: issuer= chooses one.")
