# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The other addresses that an MCP server names for itself."""

import pytest

from valetkey._engine.legs import Legs

SSE = "https://h/sse"


@pytest.mark.parametrize(
    ("reference", "address"),
    [
        ("/messages/?session_id=1", "https://h/messages/?session_id=2"),
        ("/messages/", "https://h/messages"),
        ("messages", "https://h/messages?x=1"),
        ("https://h/v2/messages#part", "https://h/v2/messages"),
        ("//h/messages", "https://h:443/messages"),
    ],
)
def test_an_address_on_the_origin_is_one_of_the_servers(reference, address):
    """Row I9."""
    legs = Legs(SSE)
    assert address not in legs
    legs.learn(reference, SSE)
    assert address in legs
    assert "https://h/other" not in legs
    assert "https://h/messages/admin/x" not in legs
    assert address.replace("https://h", "https://evil.example") not in legs


@pytest.mark.parametrize(
    "reference",
    ["https://evil.example/messages", "//evil.example/messages", "http://h/messages", "https://h:1/messages", "", "\0"],
)
def test_an_address_elsewhere_is_none_of_the_servers(reference):
    """Row I9."""
    legs = Legs(SSE)
    legs.learn(reference, SSE)
    assert all(f"{origin}/messages" not in legs for origin in ("https://h", "https://evil.example", "http://h"))


def test_the_last_few_are_remembered():
    """Row I9."""
    legs = Legs(SSE)
    for number in range(100):
        legs.learn(f"/messages/{number}", SSE)
    assert [number for number in range(100) if f"https://h/messages/{number}" in legs] == list(range(84, 100))
