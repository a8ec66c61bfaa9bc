# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Asking an MCP server for its protected resource metadata (RFC 9728)."""

from dataclasses import dataclass
from functools import partial

from valetkey._discovery.budget import Budget
from valetkey._discovery.metadata_requests import MetadataRequests
from valetkey._policy.discovery_limits import first_of
from valetkey._policy.given import does_without_metadata
from valetkey.errors import quote
from valetkey.protocol import resource as resource_protocol
from valetkey.protocol.challenge import Challenge
from valetkey.settings.settings import Settings
from valetkey.values import ResourceMetadata
from valetkey.wire import Send


@dataclass(frozen=True, slots=True)
class ResourceAnswer:
    """
    What an MCP server says about its login.

    :param metadata: Its metadata, None if it certainly publishes none.
    """

    metadata: ResourceMetadata | None
    requests: MetadataRequests


def ask_resource(
    settings: Settings, challenge: Challenge | None, send: Send, budget: Budget | None = None
) -> ResourceAnswer:
    """Ask the MCP server, and no other server, about its login."""
    requests = MetadataRequests(send, budget or Budget())
    return ResourceAnswer(_resource(settings, metadata_urls(challenge), requests), requests)


def metadata_urls(challenge: Challenge | None) -> tuple[str, ...]:
    """Give the addresses of resource metadata that a challenge names (RFC 9728 §5.1)."""
    return challenge.get_all("resource_metadata") if challenge is not None else ()


def _resource(settings: Settings, announced: tuple[str, ...], requests: MetadataRequests) -> ResourceMetadata | None:
    server_url, strict = settings.server_url, settings.strict
    announced, left_out = first_of(tuple(dict.fromkeys(announced)), requests.budget.limits.announced)
    for reference, url in zip(announced, resource_protocol.announced_urls(server_url, announced), strict=True):
        if url is None:
            requests.note(f"resource_metadata={quote(reference)}: not a URL")
    if left_out:
        requests.note(f"resource_metadata: {left_out:,} others were not asked")
    for candidate in resource_protocol.resource_candidates(server_url, announced, strict=strict):
        metadata = requests.ask(
            resource_protocol.resource_request(candidate),
            partial(
                resource_protocol.parse_resource,
                candidate=candidate,
                server_url=server_url,
                strict=strict,
            ),
        )
        if metadata is not None:
            return metadata
    if requests.trouble is not None and not does_without_metadata(settings, requests.trouble):
        requests.require_certainty(f"The MCP server {server_url}", server_url)
    requests.take_trouble()
    return None
