# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Asking an MCP server for its protected resource metadata (RFC 9728)."""

from dataclasses import dataclass
from functools import partial

from valetkey._discovery.metadata_requests import MetadataRequests
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


def ask_resource(settings: Settings, challenge: Challenge | None, send: Send) -> ResourceAnswer:
    """Ask the MCP server, and no other server, about its login."""
    requests = MetadataRequests(send)
    return ResourceAnswer(_resource(settings, metadata_urls(challenge), requests), requests)


def metadata_urls(challenge: Challenge | None) -> tuple[str, ...]:
    """Give the addresses of resource metadata that a challenge names (RFC 9728 §5.1)."""
    return challenge.get_all("resource_metadata") if challenge is not None else ()


def _resource(settings: Settings, announced: tuple[str, ...], requests: MetadataRequests) -> ResourceMetadata | None:
    for candidate in resource_protocol.resource_candidates(settings.server_url, announced):
        metadata = requests.ask(
            resource_protocol.resource_request(candidate),
            partial(
                resource_protocol.parse_resource,
                candidate=candidate,
                server_url=settings.server_url,
                strict=settings.strict,
            ),
        )
        if metadata is not None:
            return metadata
    requests.require_certainty()
    return None
