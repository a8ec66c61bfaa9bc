# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Cloudflare's OAuth provider around a real MCP server, in Cloudflare's own runtime."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.interop.profile import SERVERS, Profile, Running, node_versions
from tests.interop.servers.client_document import client_document
from tests.interop.servers.node import node_server


def versions() -> str:
    """Name what is installed."""
    packages = ("@cloudflare/workers-oauth-provider", "miniflare", "@modelcontextprotocol/server")
    return node_versions(SERVERS / "cloudflare", *packages)


@contextmanager
def in_front_of_its_mcp_server() -> Iterator[Running]:
    """Run the worker that is both."""
    with (
        client_document() as document,
        node_server("cloudflare", {"NODE_EXTRA_CA_CERTS": str(document.authority)}) as server,
    ):
        yield Running(
            mcp_url=server.mcp_url,
            issuer=server.url,
            reject_tokens=lambda: server.post("/control/revoke-all"),
            settings={"CIMD": {"client_metadata_url": document.url}},
        )


_NO_MACHINES = "Cloudflare's provider has no client credentials grant."

CLOUDFLARE = Profile(
    name="Cloudflare workers-oauth-provider",
    versions=versions,
    start=in_front_of_its_mcp_server,
    missing={
        **dict.fromkeys(("private_key_jwt", "client_secret_basic", "client_secret_post"), _NO_MACHINES),
        "device": "Cloudflare's provider has no device grant.",
    },
)
