# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What the user has given of an authorization server, beside what a document says of it."""

import pytest

from valetkey._policy.given import overridden
from valetkey.settings.settings import Settings
from valetkey.values import ServerMetadata

MCP, TOKEN = "https://mcp.example.com/mcp", "https://auth.example.com/token"
ELSEWHERE = ServerMetadata(
    "https://evil.example",
    authorization_endpoint="https://evil.example/authorize",
    token_endpoint="https://evil.example/token",
    revocation_endpoint="https://evil.example/revoke",
    device_authorization_endpoint="https://evil.example/device",
)
AT_HOME = ServerMetadata(
    "https://auth.example.com",
    revocation_endpoint="https://auth.example.com/revoke",
    device_authorization_endpoint="https://auth.example.com/device",
)


def endpoints(server):
    return server.token_endpoint, server.revocation_endpoint, server.device_authorization_endpoint


def test_without_endpoints_of_the_user_the_document_counts():
    assert overridden(ELSEWHERE, Settings(url=MCP)) == ELSEWHERE


def test_what_belongs_to_the_users_token_endpoint_goes_to_no_endpoint_elsewhere_that_a_document_names():
    settings = Settings(url=MCP, token_endpoint=TOKEN)
    assert endpoints(overridden(ELSEWHERE, settings)) == (TOKEN, None, None)
    assert endpoints(overridden(AT_HOME, settings)) == (TOKEN, *endpoints(AT_HOME)[1:])
    assert endpoints(overridden(ServerMetadata("https://auth.example.com"), settings)) == (TOKEN, None, None)


def test_an_endpoint_of_the_users_may_be_anywhere():
    device = "https://device.example.com/begin"
    settings = Settings(url=MCP, token_endpoint=TOKEN, device_authorization_endpoint=device, grant="device_code")
    assert endpoints(overridden(ELSEWHERE, settings)) == (TOKEN, None, device)


@pytest.mark.parametrize("issuer", ["https://evil.example", "https://auth.example.com"])
def test_the_document_of_an_issuer_that_the_user_has_named_counts(issuer):
    settings = Settings(url=MCP, token_endpoint=TOKEN, issuer=issuer)
    assert endpoints(overridden(ELSEWHERE, settings)) == (TOKEN, *endpoints(ELSEWHERE)[1:])
