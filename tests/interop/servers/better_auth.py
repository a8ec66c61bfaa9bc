# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""better-auth with its MCP plugin, which makes it authorization server and guard of a real MCP server in one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.interop.profile import SERVERS, Profile, Running, node_versions
from tests.interop.servers.machines import machines
from tests.interop.servers.node import node_server


def versions() -> str:
    """Name what is installed."""
    packages = ("better-auth", "@better-auth/mcp", "@better-auth/oauth-provider", "@modelcontextprotocol/server")
    return node_versions(SERVERS / "better_auth", *packages)


@contextmanager
def with_mcp_plugin() -> Iterator[Running]:
    """Run it, with a client for each way in which a machine proves itself."""
    with machines("client_secret_basic", "client_secret_post", "private_key_jwt") as known:
        clients = json.dumps([machine.metadata for machine in known])
        with node_server("better_auth", {"CLIENTS": clients}) as server:
            yield Running(
                mcp_url=server.mcp_url,
                issuer=server.url + "/api/auth",
                reject_tokens=lambda: server.post("/control/revoke-all"),
                settings={
                    **{machine.method: machine.settings for machine in known},
                    "device": {"grant": "device_code"},
                },
            )


BETTER_AUTH = Profile(
    name="better-auth, MCP plugin",
    versions=versions,
    start=with_mcp_plugin,
    missing={"CIMD": "The plugin for it, @better-auth/cimd, has no release that goes with this version."},
)
