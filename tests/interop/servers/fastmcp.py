# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""FastMCP with its own logins, as a proxy of an OpenID provider, and as a guard that takes another's tokens."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.interop.profile import ROOT, Profile, Running, machine_settings, node_versions, python_versions
from tests.interop.resource_server import MCP_PATH, mcp_url_at
from tests.interop.servers.fastmcp_proxy import CALLBACK_PATH, CLIENT, SECRET_VARIABLE
from tests.servers import (
    MACHINE_CLIENT,
    RunningServer,
    ServerProcess,
    fastmcp,
    fastmcp_with_oidc_provider,
    free_port,
    oidc_provider,
)
from tests.servers.process import HOST
from tests.servers.programs import server_python

_OIDC_PROVIDER = ROOT / "tests" / "servers" / "oidc_provider"
_SECRET = "secret-of-the-proxy-at-its-provider"


def versions(*node_folders: Path) -> str:
    """
    Name what is installed.

    :param node_folders: Where oidc-provider is, if it plays a part.
    :returns: The names and versions.
    """
    python = python_versions(None, "fastmcp", "mcp")
    return ", ".join([python, *(node_versions(folder, "oidc-provider") for folder in node_folders)])


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


@contextmanager
def oidc_proxy() -> Iterator[Running]:
    """Run OIDCProxy in front of oidc-provider."""
    port = free_port()
    url = f"http://{HOST}:{port}"
    client = {
        "client_id": CLIENT,
        "client_secret": _SECRET,
        "redirect_uris": [url + CALLBACK_PATH],
        "grant_types": ["authorization_code", "refresh_token"],
    }
    command = [server_python(), "-m", "tests.interop.servers.fastmcp_proxy", str(port)]
    with (
        oidc_provider([mcp_url_at(port)], switches={"CLIENTS": json.dumps([client])}) as upstream,
        ServerProcess(
            [*command, upstream.url],
            port,
            ready_path="/control/log",
            environment={SECRET_VARIABLE: _SECRET},
            directory=ROOT,
        ) as process,
    ):
        server = RunningServer(process, MCP_PATH)
        yield Running(
            mcp_url=server.mcp_url,
            issuer=url + "/",
            reject_tokens=lambda: server.post("/control/revoke-all"),
            end_sessions=upstream.restart,  # it keeps its grants in memory
        )


@contextmanager
def tokens_of_another() -> Iterator[Running]:
    """Run the MCP server whose tokens come from oidc-provider."""
    with fastmcp_with_oidc_provider() as (server, issuer):
        identifier, secret = MACHINE_CLIENT
        yield Running(
            mcp_url=server.mcp_url,
            issuer=issuer.url,
            reject_tokens=lambda: server.post("/control/revoke-all"),
            settings=machine_settings({"client_secret_basic": identifier}, secret),
        )


_MISSING = dict.fromkeys(
    ("device", "private_key_jwt", "client_secret_basic", "client_secret_post"),
    "FastMCP's own authorization server has the authorization code and the refresh token, no other grant.",
)

OWN_LOGINS = Profile(
    name="FastMCP, own logins",
    versions=versions,
    start=own_logins,
    missing={
        **_MISSING,
        "CIMD": "FastMCP's own logins know registered clients only.",
        "declined": "FastMCP's own logins show no page: every browser is logged in.",
    },
)
OIDC_PROXY = Profile(
    name="FastMCP, OIDCProxy",
    versions=partial(versions, _OIDC_PROVIDER),
    start=oidc_proxy,
    missing={**_MISSING, "CIMD": "FastMCP reads no document from a loopback address."},
)
TOKENS_OF_ANOTHER = Profile(
    name="FastMCP, tokens of oidc-provider",
    versions=partial(versions, _OIDC_PROVIDER),
    start=tokens_of_another,
    missing=dict.fromkeys(
        ("CIMD", "device", "private_key_jwt", "client_secret_post"),
        "Switched off here; oidc-provider has rows of its own.",
    ),
)
