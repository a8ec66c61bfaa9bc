# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Protected resource metadata: where it is looked for, and whose it may be."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import hostile
from tests.protocol import providers
from tests.protocol.answers import MCP, PAGE, json_answer, raw_answer
from tests.requirements import requirement
from valetkey.errors import AuthError, InsecureEndpoint, MalformedDocument, ResourceMismatch
from valetkey.errors.texts import harmless
from valetkey.protocol.resource import (
    ResourceCandidate,
    announced_urls,
    parse_resource,
    resource_candidates,
    resource_request,
)
from valetkey.values import ResourceMetadata
from valetkey.wire import HttpRequest

PATH_URL = "https://mcp.example/.well-known/oauth-protected-resource/mcp"
ROOT_URL = "https://mcp.example/.well-known/oauth-protected-resource"
CANDIDATE = ResourceCandidate(PATH_URL, MCP)


def parse(document, candidate=CANDIDATE, server_url=MCP, *, status=200, **options):
    return parse_resource(json_answer(document, status=status, url=candidate.url), candidate, server_url, **options)


def places(server_url, announced=()):
    return [candidate.url for candidate in resource_candidates(server_url, announced)]


@requirement("PRM-3", "PRM-4")
@pytest.mark.parametrize(
    ("server_url", "expected"),
    [
        pytest.param("https://h", ["https://h/.well-known/oauth-protected-resource"], id="no path: asked once"),
        pytest.param("https://h/", ["https://h/.well-known/oauth-protected-resource"], id="a slash: asked once"),
        pytest.param(
            "https://example.com/public/mcp",
            [
                "https://example.com/.well-known/oauth-protected-resource/public/mcp",
                "https://example.com/.well-known/oauth-protected-resource",
            ],
            id="a path: path first, root second",
        ),
        pytest.param(
            "https://h:8443/mcp",
            [
                "https://h:8443/.well-known/oauth-protected-resource/mcp",
                "https://h:8443/.well-known/oauth-protected-resource",
            ],
            id="the port stays",
        ),
        pytest.param(
            "https://h/mcp/",
            [
                "https://h/.well-known/oauth-protected-resource/mcp/",
                "https://h/.well-known/oauth-protected-resource/mcp",
                "https://h/.well-known/oauth-protected-resource",
            ],
            id="the last slash of a path stays, and is left out next",
        ),
        pytest.param(
            "https://h/a/mcp/?t=1/",
            [
                "https://h/.well-known/oauth-protected-resource/a/mcp/?t=1/",
                "https://h/.well-known/oauth-protected-resource/a/mcp?t=1/",
                "https://h/.well-known/oauth-protected-resource",
            ],
            id="the slash of the path and not of the query",
        ),
        pytest.param(
            "https://h/a/b?t=1",
            [
                "https://h/.well-known/oauth-protected-resource/a/b?t=1",
                "https://h/.well-known/oauth-protected-resource",
            ],
            id="the query stays at the end",
        ),
        pytest.param(
            "HTTPS://H/MCP#f",
            ["https://h/.well-known/oauth-protected-resource/MCP", "https://h/.well-known/oauth-protected-resource"],
            id="the host in lower case, the path as it is, no fragment",
        ),
    ],
)
def test_the_well_known_places_of_a_server(server_url, expected):
    """Row D4."""
    assert places(server_url) == expected


@requirement("PRM-6")
def test_a_path_without_its_last_slash_is_another_identifier_when_strict():
    """Row D4."""
    strict = [candidate.url for candidate in resource_candidates("https://h/mcp/", strict=True)]
    assert strict == [
        "https://h/.well-known/oauth-protected-resource/mcp/",
        "https://h/.well-known/oauth-protected-resource",
    ]


@requirement("PRM-2", "WWW-8")
@pytest.mark.parametrize(
    ("announced", "expected"),
    [
        pytest.param(["https://h/elsewhere"], ["https://h/elsewhere", PATH_URL, ROOT_URL], id="a place of its own"),
        pytest.param([PATH_URL], [PATH_URL, ROOT_URL], id="the path form"),
        pytest.param([ROOT_URL], [ROOT_URL, PATH_URL], id="the root form, although the server has a path"),
        pytest.param([ROOT_URL, PATH_URL], [ROOT_URL, PATH_URL], id="both, in the server's order"),
        pytest.param(
            ["https://a", "https://b", "https://a"], ["https://a", "https://b", PATH_URL, ROOT_URL], id="repeated"
        ),
    ],
)
def test_what_the_challenge_names_comes_first_and_each_place_once(announced, expected):
    assert places(MCP, announced) == expected


@requirement("PRM-6", "PRM-7")
def test_each_place_has_the_identifier_its_document_has_to_prove():
    assert resource_candidates("https://MCP.example/mcp", ["https://mcp.example/elsewhere"]) == (
        ResourceCandidate("https://mcp.example/elsewhere", "https://mcp.example/mcp", announced=True),
        ResourceCandidate(PATH_URL, "https://mcp.example/mcp", announced=False),
        ResourceCandidate(ROOT_URL, "https://mcp.example", announced=False),
    )


@requirement("PRM-7")
def test_an_announced_root_document_has_to_prove_the_server_and_not_the_origin():
    assert resource_candidates(MCP, [ROOT_URL])[0] == ResourceCandidate(ROOT_URL, MCP, announced=True)


@requirement("PRM-5", "PRM-18")
def test_the_request_is_a_get_without_any_credential():
    assert resource_request(CANDIDATE) == HttpRequest(
        method="GET",
        url=PATH_URL,
        purpose="read what the MCP server says about its login",
        headers=(("Accept", "application/json"),),
    )


@requirement("SEC-1", "GEN-7")
@pytest.mark.parametrize(
    "url",
    [
        "",
        "/.well-known/oauth-protected-resource",
        "http://10.0.0.5/metadata",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://0.0.0.0/",
        "https://user:pass@mcp.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://mcp.example/#f",
        "https://mcp.example/\r\nX-Injected: 1",
    ],
)
def test_an_announced_place_that_must_not_be_asked_is_refused(url):
    with pytest.raises(InsecureEndpoint, match="The resource metadata URL") as raised:
        resource_request(ResourceCandidate(url, MCP, announced=True))
    assert raised.value.url == harmless(url)


@requirement("PRM-5", "PRM-19")
@pytest.mark.parametrize("status", [201, 202, 204, 206, 301, 302, 304, 400, 401, 403, 404, 405, 429, 500, 503])
def test_another_status_than_200_gives_the_next_place_its_turn(status):
    """Retool and Superhuman answer 401 or 403 at the path and 200 at the root."""
    assert parse({"resource": MCP, "authorization_servers": ["https://as.example"]}, status=status) is None


@requirement("PRM-5", "PRM-19")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(PAGE, id="HTML"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="no resource"),
        pytest.param(b'{"resource": null}', id="resource null"),
        pytest.param(b'{"resource": ""}', id="resource empty"),
        pytest.param(b'{"resource": "\xff"}', id="not UTF-8"),
        pytest.param(b'{"jsonrpc": "2.0", "error": {"code": -32600}}', id="an answer of MCP itself"),
    ],
)
def test_what_is_no_resource_metadata_gives_the_next_place_its_turn(body):
    assert parse_resource(raw_answer(body, url=PATH_URL), CANDIDATE, MCP) is None


@requirement("PRM-6", "PRM-7", "PRM-8", "PRM-10", "PRM-19")
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    "resource",
    [
        pytest.param("https://evil.example.com/mcp", id="another host"),
        pytest.param("https://mcp.example:8443/mcp", id="another port"),
        pytest.param("http://mcp.example/mcp", id="another scheme"),
        pytest.param("https://mcp.example/mcp-evil", id="a longer segment"),
        pytest.param("https://mcp.example/mc", id="part of a segment"),
        pytest.param("https://mcp.example/other", id="a sibling"),
        pytest.param("https://mcp.example/mcp/sub", id="a child"),
        pytest.param("https://mcp.example/m%63p", id="percent-encoding"),
        pytest.param("https://mcp.example/MCP", id="case of the path"),
        pytest.param("https://mcp.example@evil.example/mcp", id="user information"),
        pytest.param("https://mcp.example/mcp#f", id="a fragment"),
        pytest.param("mcp.example/mcp", id="no scheme"),
        pytest.param("https://[mcp.example/mcp", id="no URL"),
        pytest.param(" https://mcp.example/mcp", id="a space"),
    ],
)
def test_a_document_about_another_resource_is_fatal(resource, strict):
    with pytest.raises(ResourceMismatch) as raised:
        parse({"resource": resource, "authorization_servers": ["https://as.example"]}, strict=strict)
    assert raised.value.expected == MCP
    assert raised.value.received == resource
    assert json.dumps(resource) in str(raised.value)
    assert MCP in str(raised.value)
    assert raised.value.hint in str(raised.value)


@requirement("PRM-6", "PRM-10")
@pytest.mark.parametrize(
    "resource",
    ["https://mcp.example", "https://mcp.example/", "https://mcp.example/mcp/", "HTTPS://MCP.example/mcp"],
)
def test_what_is_tolerated_is_refused_when_strict(resource):
    assert parse({"resource": resource}) == ResourceMetadata(resource=resource, url=PATH_URL)
    with pytest.raises(ResourceMismatch):
        parse({"resource": resource}, strict=True)


@requirement("PRM-6", "PRM-7")
@pytest.mark.parametrize("candidate", resource_candidates(MCP, ["https://mcp.example/elsewhere"]), ids=lambda c: c.url)
def test_the_exact_identifier_of_its_place_is_accepted_even_when_strict(candidate):
    found = parse({"resource": candidate.resource}, candidate, strict=True)
    assert found is not None
    assert found.resource == candidate.resource


@requirement("PRM-9", "RES-7")
def test_capitals_in_the_users_url_make_no_difference():
    (candidate, _) = resource_candidates("HTTPS://MCP.Example.COM/mcp")
    found = parse({"resource": "https://mcp.example.com/mcp"}, candidate, "HTTPS://MCP.Example.COM/mcp", strict=True)
    assert found is not None
    assert found.resource == "https://mcp.example.com/mcp"


@requirement("PRM-8")
def test_the_resource_is_compared_after_json_escapes_are_undone():
    body = rb'{"resource": "\u0068ttps:\/\/mcp.example\/mcp"}'
    found = parse_resource(raw_answer(body, url=PATH_URL), CANDIDATE, MCP, strict=True)
    assert found is not None
    assert found.resource == MCP


@requirement("RES-7")
@pytest.mark.parametrize("resource", ["https://mcp.example/mcp/", "https://mcp.example", "HTTPS://MCP.example:443/mcp"])
def test_the_resource_is_kept_exactly_as_published(resource):
    found = parse({"resource": resource})
    assert found is not None
    assert found.resource == resource


@requirement("GEN-7")
@pytest.mark.parametrize("value", ["read write", {"read": True}, [1], ["read", None], 17, True], ids=str)
@pytest.mark.parametrize(
    "member", ["scopes_supported", "bearer_methods_supported", "dpop_signing_alg_values_supported", "resource_name"]
)
def test_a_member_that_no_login_needs_counts_as_absent_if_its_type_is_wrong(member, value):
    """Row D5."""
    assert parse({"resource": MCP, member: value}) == parse({"resource": MCP})


@requirement("PRM-11", "GEN-7")
@pytest.mark.parametrize(
    ("member", "value"),
    [
        pytest.param("resource", 1, id="resource is a number"),
        pytest.param("resource", [MCP], id="resource is a list"),
        pytest.param("authorization_servers", "https://as.example", id="servers are a string"),
        pytest.param("authorization_servers", [1], id="servers are numbers"),
        pytest.param("authorization_servers", [{"issuer": "https://as.example"}], id="servers are objects"),
        pytest.param("authorization_servers", ["https://as.example", None], id="one server is null"),
    ],
)
def test_a_member_of_the_wrong_type_is_named(member, value):
    with pytest.raises(MalformedDocument, match=repr(member)) as raised:
        parse({"resource": MCP, member: value})
    assert (raised.value.url, raised.value.member) == (PATH_URL, member)


@requirement("PRM-11", "PRM-12")
@pytest.mark.parametrize("empty", [{}, {"authorization_servers": None}, {"authorization_servers": []}], ids=str)
def test_a_document_without_authorization_servers_is_one_without_them(empty):
    found = parse({"resource": MCP, **empty})
    assert found is not None
    assert found.authorization_servers == ()


@requirement("ASM-9")
def test_issuers_are_kept_exactly_as_published_and_in_order():
    issuers = ["https://AS.example/", "https://as.example", "https://as:443", "https://as.example/t/"]
    found = parse({"resource": MCP, "authorization_servers": issuers})
    assert found is not None
    assert found.authorization_servers == tuple(issuers)


@requirement("PRM-12", "SCP-3", "SCP-11")
@pytest.mark.parametrize(
    ("listed", "scope"),
    [([], None), ([""], None), (None, None), (["b", "a", "b", ""], ("b", "a")), (["read write"], ("read", "write"))],
    ids=str,
)
def test_the_scopes_of_a_document_make_a_scope_that_can_be_asked_for(listed, scope):
    found = parse({"resource": MCP, "scopes_supported": listed})
    assert found is not None
    assert found.scopes_supported == scope


@requirement("PRM-12", "PRM-13")
def test_unknown_members_and_signed_metadata_are_left_aside():
    signed = "eyJhbGciOiJub25lIn0.eyJyZXNvdXJjZSI6Imh0dHBzOi8vZXZpbC5leGFtcGxlIn0."
    document = {"resource": MCP, "signed_metadata": signed, "x": {"y": [1]}, "resource_name": "\x1b[31m"}
    assert parse(document) == ResourceMetadata(resource=MCP, url=PATH_URL)


def test_the_example_of_rfc_9728_is_read():
    document = {
        "resource": "https://resource.example.com",
        "authorization_servers": ["https://as1.example.com", "https://as2.example.net"],
        "bearer_methods_supported": ["header", "body"],
        "scopes_supported": ["profile", "email", "phone"],
        "resource_documentation": "https://resource.example.com/resource_documentation.html",
    }
    (candidate,) = resource_candidates("https://resource.example.com")
    assert parse(document, candidate, "https://resource.example.com", strict=True) == ResourceMetadata(
        resource="https://resource.example.com",
        authorization_servers=("https://as1.example.com", "https://as2.example.net"),
        scopes_supported=("profile", "email", "phone"),
        bearer_methods_supported=("header", "body"),
        url="https://resource.example.com/.well-known/oauth-protected-resource",
    )


@requirement("PRM-12", "SCP-3")
def test_datadog_publishes_an_empty_list_of_scopes():
    server_url = providers.DATADOG_RESOURCE["resource"]
    found = parse(providers.DATADOG_RESOURCE, resource_candidates(server_url)[0], server_url)
    assert found is not None
    assert found.scopes_supported is None


@requirement("ASM-9")
def test_google_publishes_its_issuer_with_a_slash_and_the_slash_is_kept():
    server_url = providers.GOOGLE_RESOURCE["resource"]
    found = parse(providers.GOOGLE_RESOURCE, resource_candidates(server_url)[0], server_url)
    assert found is not None
    assert found.authorization_servers == ("https://accounts.google.com/",)


GOOD = {"resource": MCP, "authorization_servers": ["https://as.example"], "scopes_supported": ["read"]}


@requirement("GEN-7", "PRM-7", "PRM-10")
@given(hostile.answers(GOOD), st.booleans())
def test_any_answer_is_metadata_of_this_server_or_an_error_of_ours(answer, strict):
    found = hostile.outcome(lambda: parse_resource(answer, CANDIDATE, MCP, strict=strict))
    if isinstance(found, AuthError):
        assert found.hint in str(found)
    else:
        assert found is None or found.resource.lower().startswith("https://mcp.example")


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("/.well-known/oauth-protected-resource/v1/mcp", "https://h/.well-known/oauth-protected-resource/v1/mcp"),
        ("//other.example/meta", "https://other.example/meta"),
        ("?meta=1", "https://h/v1/mcp?meta=1"),
        ("meta.json", "https://h/v1/meta.json"),
        ("../meta", "https://h/meta"),
        ("https://h/x?", "https://h/x?"),
        ("HTTPS://H/x", "HTTPS://H/x"),
        ("http://10.0.0.5/x", "http://10.0.0.5/x"),
        ("file:///etc/passwd", "file:///etc/passwd"),
        ("https://user:pass@h/x", "https://user:pass@h/x"),
        *[
            (reference, None)
            for reference in (
                *("", " ", " /x", '"/x"', "/x y", "/x\r\nX: y", "https://[h/x", "https://h:port/x", "https://"),
                *("https:///x", "//", "h.example:443/x", "localhost:8000", "/m\u00fcnchen", "\\x", "a" * 9000),
            )
        ],
    ],
)
def test_what_a_challenge_announces_is_resolved_against_the_servers_url(reference, url):
    """openHAB announces a path. What is no URL is no place. Row D1."""
    assert announced_urls("https://h/v1/mcp", [reference]) == (url,)
    announced = [each.url for each in resource_candidates("https://h/v1/mcp", [reference]) if each.announced]
    assert announced == [url] * (url is not None)
