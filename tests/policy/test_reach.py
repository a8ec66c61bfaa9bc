# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where a token goes: to the MCP server's URL and what its resource covers, and to no other path of the origin."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.requirements import requirement
from valetkey._policy.reach import may_carry_token, path_of

MCP = "https://h/team/mcp"


@pytest.mark.parametrize(
    ("url", "resource"),
    [
        (MCP, None),
        (MCP, MCP),
        (MCP, "api://another-identifier"),
        (f"{MCP}/", MCP),
        (f"{MCP}?session_id=1", MCP),
        (f"{MCP}#part", MCP),
        (f"{MCP}/messages", MCP),
        (f"{MCP}/messages", "api://another-identifier"),
        (f"{MCP}/files/a%2Fb", MCP),
        (f"{MCP}/..a/a../...", MCP),
        ("https://H:443/team/mcp", MCP),
        ("https://h/team/%6Dcp", MCP),
        ("https://h/team/other", "https://h/team"),
        ("https://h/team/other", "https://h/team/"),
        ("https://h/other", "https://h"),
        ("https://h/other", "https://h/"),
    ],
)
@requirement("USE-4")
def test_what_the_resource_covers_gets_the_token(url, resource):
    """Row I9."""
    assert may_carry_token(url, MCP, resource) is True


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/other",
        "/team",
        "/team/",
        "/team/other",
        "/team/mcp2",
        "/team/mcp-evil/x",
        "/team/MCP",
        "/Team/mcp",
        "//team/mcp",
        "/team//mcp",
        "/team%2Fmcp",
        "/team/mcp/../admin",
        "/team/mcp/..",
        "/team/mcp/%2e%2e/admin",
        "/team/mcp/%2E%2e",
        "/team/mcp/.%2e/admin",
        "/team/mcp/%252e%252e/admin",
        "/team/mcp/%25252e%25252e%2fadmin",
        "/team/mcp/..%2fadmin",
        "/team/mcp/..%5cadmin",
        "/team/mcp/..;/admin",
        "/team/mcp/..;a=b/admin",
        "/team/mcp/%2e%2e;/admin",
        "/team/mcp/x/../../admin",
        "/team/mcp/..%00/admin",
        "/team/mcp/%09../admin",
        "/team/mcp/..%20/admin",
        "/team/mcp/%" + "25" * 9 + "2e",
        "/team/x/%2e%2e/mcp",
        "/.well-known/oauth-protected-resource/team/mcp",
    ],
)
@pytest.mark.parametrize("resource", [None, MCP, f"{MCP}/", "api://another-identifier"])
@requirement("USE-4")
def test_another_path_of_the_origin_does_not_get_the_token(path, resource):
    """Row I9."""
    assert may_carry_token(f"https://h{path}", MCP, resource) is False


@pytest.mark.parametrize("resource", ["https://h", "https://h/"])
def test_a_well_known_document_gets_no_token_where_the_resource_is_the_origin(resource):
    """Row I9."""
    assert may_carry_token("https://h/.well-known/oauth-protected-resource", MCP, resource) is False
    assert may_carry_token("https://h/%2Ewell%2Dknown/x", MCP, resource) is False  # many servers decode it first
    assert may_carry_token("https://h/well-known/x", MCP, resource) is True
    assert may_carry_token("https://h/.well-known/mcp", "https://h/.well-known/mcp", None) is True


@pytest.mark.parametrize(
    ("query", "covered"),
    [
        ("?tenant=a", True),
        ("?tenant=a&key=1", True),
        ("?key=1&tenant=a", True),
        ("?tenant=b", False),
        ("?tenant=a&tenant=b", False),
        ("?tenant=b&tenant=a", False),
        ("?Tenant=a", False),
        ("?tenant=", False),
        ("", False),
    ],
)
@requirement("USE-4")
def test_a_customer_who_is_named_in_the_query_is_another_one_with_another_name(query, covered):
    """Row I9."""
    server = "https://h/mcp?tenant=a"
    assert may_carry_token(f"https://h/mcp{query}", server, server) is covered


@pytest.mark.parametrize(
    "url",
    [
        "http://h/team/mcp",
        "https://h:8443/team/mcp",
        "https://h.evil.example/team/mcp",
        "https://h@evil.example/team/mcp",
        "https://[",
        "",
        MCP + "/" + "x" * 9000,
    ],
)
@requirement("USE-4", "USE-6")
def test_another_origin_gets_no_token(url):
    """Row I9."""
    assert may_carry_token(url, MCP, "https://h") is False


def test_a_path_in_other_spellings_is_one_path():
    assert path_of("https://h/caf%c3%a9/") == path_of("https://h/caf%c3%a9")
    assert path_of("https://h/%6D%2d%5F%7e") == "/m-_~"
    assert path_of("https://h/a%2eb") == "/a%2eb"
    assert path_of("https://h/é") == "/%C3%A9"


@given(st.lists(st.sampled_from(["..", "%2e", ".", "/", "%2f", "\\", "%5c", ";", "a", "%25", "%00", " "]), max_size=9))
@requirement("USE-4")
def test_no_way_up_is_covered_however_it_is_written(pieces):
    """Row I9."""
    path = "".join(pieces)
    if may_carry_token(f"{MCP}/{path}", MCP, MCP):
        for _ in range(12):
            path = unquote(path)
        segments = path.replace("\\", "/").split("/")
        assert ".." not in [segment.partition(";")[0].strip("\0 ") for segment in segments]
