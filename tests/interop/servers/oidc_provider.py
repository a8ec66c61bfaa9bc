# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""oidc-provider with everything on that a client can use, at the root of its host or below a path; FastMCP in front."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.interop.profile import ROOT, Profile, Running, node_versions
from tests.interop.resource_server import mcp_server_with_keys_of, mcp_url_at
from tests.interop.servers.client_document import client_document
from tests.interop.servers.machines import machines
from tests.servers import free_port, oidc_provider


def versions() -> str:
    """Name what is installed."""
    return node_versions(ROOT / "tests" / "servers" / "oidc_provider", "oidc-provider")


@contextmanager
def behind_fastmcp(issuer_path: str = "") -> Iterator[Running]:
    """
    Run both.

    :param issuer_path: The path of the issuer.
    :yields: What runs.
    """
    port = free_port()
    nothing_else = {"grant_types": ["client_credentials"], "redirect_uris": [], "response_types": []}
    with (
        machines("client_secret_basic", "client_secret_post", "private_key_jwt") as known,
        client_document() as document,
    ):
        switches = {
            "ISSUER_PATH": issuer_path,
            "CLIENTS": json.dumps([machine.metadata | nothing_else for machine in known]),
            "DEVICE_FLOW": "1",
            "CLIENT_DOCUMENTS": "1",
            "NODE_EXTRA_CA_CERTS": str(document.authority),
        }
        with oidc_provider([mcp_url_at(port)], switches=switches) as provider:
            issuer = provider.url + issuer_path
            with mcp_server_with_keys_of(issuer, issuer + "/jwks", port=port) as server:
                yield Running(
                    mcp_url=server.mcp_url,
                    issuer=issuer,
                    reject_tokens=lambda: server.post("/control/revoke-all"),
                    settings={
                        **{machine.method: machine.settings for machine in known},
                        "CIMD": {"client_metadata_url": document.url},
                        "device": {"grant": "device_code"},
                    },
                )


AT_THE_ROOT = Profile(name="oidc-provider", versions=versions, start=behind_fastmcp)
BELOW_A_PATH = Profile(
    name="oidc-provider, issuer with a path", versions=versions, start=partial(behind_fastmcp, "/tenant")
)
