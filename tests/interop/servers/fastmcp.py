# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""FastMCP with its own logins, behind which is the authorization server of the MCP Python SDK."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.interop.profile import Profile, Running, python_versions
from tests.servers import fastmcp


def versions() -> str:
    """Name what is installed."""
    return python_versions(None, "fastmcp", "mcp")


@contextmanager
def own_logins() -> Iterator[Running]:
    """Run the MCP server that is its own authorization server."""
    with fastmcp("own") as server:
        yield Running(
            mcp_url=server.mcp_url,
            issuer=server.url + "/",
            reject_tokens=lambda: server.post("/control/revoke-all"),
            end_sessions=lambda: server.post("/control/revoke-grants"),
        )


_NO_MACHINES = "FastMCP's own authorization server has the authorization code and the refresh token, no other grant."

OWN_LOGINS = Profile(
    name="FastMCP, own logins",
    versions=versions,
    start=own_logins,
    missing={"client_secret_basic": _NO_MACHINES, "client_secret_post": _NO_MACHINES},
)
