# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a session tells the MCP server about the protocol extensions it makes use of."""

import inspect

import pytest
from haystack.utils import Secret
from mcp import ClientSession

from haystack_integrations.tools.mcp_oauth import OAuthConfig, StreamableHttpServerInfo
from tests.haystack.calling import tool_of
from tests.requirements import requirement
from valetkey.settings.credentials import IdentityProvider
from valetkey.settings.settings import Settings
from valetkey.values import Secret as EngineSecret

CLIENT_CREDENTIALS = "io.modelcontextprotocol/oauth-client-credentials"
SDK_DECLARES = "extensions" in inspect.signature(ClientSession.__init__).parameters
"""SDK 1.x has no way to declare an extension, and no server that could ask for it."""

URL = "https://mcp.example.com/mcp"
ISSUER = "https://auth.example.com"


def declared(misbehaving, open_toolset, config):
    tool_of(open_toolset(StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config)))
    return [(one.capabilities or {}).get("extensions") for one in misbehaving.requests(message="initialize")]


@requirement("CC-1")
def test_a_machine_declares_the_extension_it_uses(misbehaving, open_toolset, person):
    config = OAuthConfig(client_id="job", client_secret=Secret.from_token("s3cret"), issuer=misbehaving.origin)
    expected = {CLIENT_CREDENTIALS: {}} if SDK_DECLARES else None
    assert set(map(str, declared(misbehaving, open_toolset, config))) == {str(expected)}
    assert person.logins == 0


@requirement("CC-1")
def test_who_has_chosen_no_extension_declares_none(misbehaving, open_toolset, person):
    assert set(declared(misbehaving, open_toolset, None)) == {None}
    assert person.logins == 1


@requirement("CC-1", "EMA-1")
@pytest.mark.parametrize(
    ("changes", "extensions"),
    [
        ({}, []),
        ({"client_id": "a", "client_secret": EngineSecret("s")}, [CLIENT_CREDENTIALS]),
        ({"workload_token": str, "issuer": ISSUER}, ["io.modelcontextprotocol/auth/wif"]),
        (
            {
                "client_id": "a",
                "client_secret": EngineSecret("s"),
                "issuer": ISSUER,
                "identity_provider": IdentityProvider(
                    "https://idp.example.com", "b", str, client_secret=EngineSecret("s")
                ),
            },
            ["io.modelcontextprotocol/enterprise-managed-authorization"],
        ),
        ({"dpop": True}, ["io.modelcontextprotocol/auth/dpop"]),
        ({"dpop": False}, []),
    ],
    ids=["a person", "a machine", "a workload", "an employee", "DPoP", "no DPoP"],
)
def test_other_clients_can_ask_what_to_declare(changes, extensions):
    assert list(Settings(url=URL, **changes).extensions) == extensions
