# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server that publishes the address it has behind a proxy is told as one."""

import pytest

from valetkey.protocol.inner_address import inside_hint

ASKED = "https://mcp.example.com/mcp"


@pytest.mark.parametrize(
    "named",
    [
        "http://mcp.example.com/mcp",
        "http://auth.example.com",
        "https://mcp.example.com:8443/mcp",
        "http://mcp.example.com:8000",
        "http://localhost:8000/mcp",
        "https://127.0.0.1/mcp",
        "https://10.1.2.3:9000/realms/x",
        "https://[fd00::1]/",
        "https://keycloak:8443/realms/x",
    ],
)
def test_an_inner_address_is_recognised_and_the_hint_says_what_to_set(named):
    """Row F9."""
    hint = inside_hint(ASKED, named)
    assert hint is not None
    assert "proxy" in hint
    assert "X-Forwarded-Proto" in hint


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (ASKED, "https://mcp.example.com/other"),
        (ASKED, "https://mcp.example.com:443/mcp"),
        ("https://mcp.example.com:443/mcp", "https://mcp.example.com/"),
        (ASKED, "https://evil.example.com:8443/mcp"),
        (ASKED, "https://8.8.8.8/"),
        (ASKED, "javascript:alert(1)"),
        (ASKED, "https://[mcp"),
        (ASKED, "https://h:port/"),
        (ASKED, "http://" + "a" * 9000),
        (ASKED, ""),
        ("", "http://mcp.example.com"),
        ("http://localhost:8000/mcp", "http://localhost:9000/mcp"),
        ("http://127.0.0.1:8000/mcp", "http://10.0.0.5/mcp"),
    ],
)
def test_what_is_no_inner_address_is_not_taken_for_one(asked, named):
    """Row F9."""
    assert inside_hint(asked, named) is None
