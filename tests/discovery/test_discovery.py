# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The order of the questions: what is asked, what is not, and what ends the search."""

import gzip

import pytest

from tests.fakes.authorization_server import (
    ISSUER,
    MCP,
    OPENID_METADATA,
    RESOURCE_METADATA,
    ROOT_RESOURCE_METADATA,
    SERVER_METADATA,
    AuthorizationServer,
)
from tests.fakes.network import HTML, Internet, challenges, no_answer, unreachable
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._discovery.discovery import discover
from valetkey.errors import (
    AuthError,
    InsecureEndpoint,
    IssuerMismatch,
    MalformedDocument,
    ResourceMismatch,
    TemporaryError,
    TrustError,
    Unsupported,
)
from valetkey.settings.settings import Settings
from valetkey.values import MetadataSource, Secret
from valetkey.wire import HttpResponse, UnreadableAnswer

ORIGIN = "https://mcp.example.com"
LEGACY_METADATA = f"{ORIGIN}/.well-known/oauth-authorization-server"
LEGACY_OPENID = f"{ORIGIN}/.well-known/openid-configuration"
CUSTOM = f"{ORIGIN}/custom/metadata.json"


def find(server, *, announced=(), **settings):
    """Discover with `Internet` or a server; the challenge announces URLs of resource metadata."""
    fields = ", ".join(f'resource_metadata="{url}"' for url in announced)
    challenge = challenges(f"Bearer {fields}")[0] if announced else None
    return discover(Settings(**{"url": MCP, **settings}), challenge, server)


def gets(*urls):
    return [f"GET {url}" for url in urls]


def legacy_server(**switches):
    """A server of 2025-03-26: it is its own authorization server and has no resource metadata."""
    return AuthorizationServer(**{"issuer": ORIGIN, "describes_the_resource_at": (), **switches})


# Where the resource metadata is looked for.


@requirement("PRM-3", "ASM-4", "GEN-4")
def test_the_path_is_asked_first_and_nothing_else_when_it_answers():
    server = AuthorizationServer()
    found = find(server)
    assert server.log() == gets(RESOURCE_METADATA, SERVER_METADATA)
    assert (found.resource, found.server.issuer, found.server.source) == (MCP, ISSUER, MetadataSource.DISCOVERED)


@requirement("PRM-2", "PRM-3", "PRM-6")
def test_the_root_is_asked_after_the_path():
    server = AuthorizationServer(describes_the_resource_at=(ROOT_RESOURCE_METADATA,), names_the_resource=ORIGIN)
    found = find(server)
    assert server.log() == gets(RESOURCE_METADATA, ROOT_RESOURCE_METADATA, SERVER_METADATA)
    assert found.resource == ORIGIN


@requirement("PRM-1", "VER-5")
def test_an_announced_url_is_asked_and_the_well_known_ones_are_not():
    server = AuthorizationServer(describes_the_resource_at=(CUSTOM, RESOURCE_METADATA))
    find(server, announced=[CUSTOM])
    assert server.log() == gets(CUSTOM, SERVER_METADATA)


@requirement("PRM-19", "WWW-8")
def test_announced_urls_that_have_nothing_are_followed_by_the_well_known_ones():
    server = AuthorizationServer()
    find(server, announced=[CUSTOM, f"{CUSTOM}?second"])
    assert server.log() == gets(CUSTOM, f"{CUSTOM}?second", RESOURCE_METADATA, SERVER_METADATA)


@requirement("PRM-5")
@pytest.mark.parametrize("strange", [204, 302, 400, 401, 403, 404, 405, 500, 503, 429, HTML, (200, "x", "[]")])
def test_a_strange_answer_is_no_document_and_the_next_place_has_its_turn(strange):
    server = AuthorizationServer(describes_the_resource_at=(RESOURCE_METADATA, ROOT_RESOURCE_METADATA))
    server.has(RESOURCE_METADATA, strange)
    find(server)
    assert server.log() == gets(RESOURCE_METADATA, ROOT_RESOURCE_METADATA, SERVER_METADATA)


@pytest.mark.parametrize("trouble", [unreachable(), no_answer()])
def test_a_place_that_does_not_answer_is_followed_by_the_next(trouble):
    server = AuthorizationServer(describes_the_resource_at=(RESOURCE_METADATA, ROOT_RESOURCE_METADATA))
    server.has(RESOURCE_METADATA, trouble)
    assert find(server).server.issuer == ISSUER


@requirement("PRM-7", "PRM-19")
def test_a_document_about_another_resource_ends_everything():
    server = AuthorizationServer(names_the_resource="https://evil.example.com/mcp")
    with pytest.raises(ResourceMismatch) as caught:
        find(server, announced=[RESOURCE_METADATA])
    assert server.log() == gets(RESOURCE_METADATA)
    assert (caught.value.expected, caught.value.received) == (MCP, "https://evil.example.com/mcp")


@requirement("SEC-1")
def test_an_announced_url_that_is_not_encrypted_is_not_asked():
    server = AuthorizationServer()
    with pytest.raises(InsecureEndpoint):
        find(server, announced=["http://169.254.169.254/latest"])
    assert server.log() == []


def test_a_fragment_of_an_announced_url_is_no_part_of_what_is_asked():
    """Row D1."""
    server = AuthorizationServer(describes_the_resource_at=(CUSTOM,))
    find(server, announced=[f"{CUSTOM}#part"])
    assert server.log() == gets(CUSTOM, SERVER_METADATA)


def test_an_announced_url_that_must_not_be_used_is_told_with_a_way_out_that_leads_on():
    """Rows D1, B5."""
    server = AuthorizationServer()
    with pytest.raises(InsecureEndpoint) as caught:
        find(server, announced=["file:///etc/passwd"])
    assert "client_id, authorization_endpoint and token_endpoint" in caught.value.hint
    given = {"authorization_endpoint": f"{ISSUER}/authorize", "token_endpoint": f"{ISSUER}/token"}
    assert find(server, announced=["file:///etc/passwd"], client_id="c", **given).server.token_endpoint


@pytest.mark.parametrize("name", ["token_endpoint", "registration_endpoint", "authorization_endpoint"])
@pytest.mark.parametrize("value", ["/relative", "file:///x", "undefined"])
def test_an_endpoint_that_must_not_be_used_is_told_with_the_option_that_replaces_it(name, value):
    """Rows D5, B5."""
    server = AuthorizationServer(says_further={name: value})
    with pytest.raises(InsecureEndpoint, match=f"give {name}=") as caught:
        find(server)
    assert "loopback" not in caught.value.hint  # the user has not chosen this URL
    assert getattr(find(server, **{name: f"{ISSUER}/right"}).server, name) == f"{ISSUER}/right"


def test_an_issuer_that_is_no_url_is_recorded_and_the_next_one_is_asked():
    """Rows D1, D6."""
    assert find(AuthorizationServer(names_issuers=("undefined", ISSUER))).server.issuer == ISSUER
    with pytest.raises(Unsupported, match="names no authorization server") as caught:
        find(AuthorizationServer(names_issuers=("",)))
    assert caught.value.tried == ('authorization_servers: "" is not a URL',)


@requirement("SEC-1")
@pytest.mark.parametrize(
    "announced", ["file:///etc/passwd", "http://mcp.example.com/meta", "https://a:b@mcp.example.com/", "javascript:x()"]
)
def test_an_announced_url_that_hides_where_it_leads_ends_everything(announced):
    """Row D1."""
    server = AuthorizationServer()
    with pytest.raises(InsecureEndpoint):
        find(server, announced=[announced])
    assert server.log() == []


def test_an_announced_path_is_asked_at_the_server_and_what_is_no_url_is_only_recorded():
    """Row D1."""
    server = AuthorizationServer(describes_the_resource_at=(RESOURCE_METADATA,), names_issuers=())
    with pytest.raises(Unsupported) as caught:
        find(server, announced=["https://[mcp", "/.well-known/oauth-protected-resource/mcp"])
    assert server.log() == gets(RESOURCE_METADATA)
    assert caught.value.tried == ('resource_metadata="https://[mcp": not a URL',)


@pytest.mark.parametrize(
    ("announced", "switches"),
    [
        (["http://mcp.example.com/meta"], {}),
        ([], {"names_the_resource": "http://mcp.example.com/mcp"}),
        ([], {"names_the_resource": "https://mcp.example.com:8443/mcp"}),
        ([], {"names_issuers": ("http://auth.example.com",)}),
        ([], {"names_issuers": ("http://keycloak:8080/realms/x",)}),
        ([], {"calls_itself": "http://auth.example.com"}),
        ([], {"calls_itself": "https://auth.example.com:8443"}),
        ([], {"says_further": {"token_endpoint": "http://auth.example.com/token"}}),
        ([], {"says_further": {"authorization_endpoint": "http://10.0.0.5:8080/authorize"}}),
    ],
    ids=str,
)
def test_a_server_behind_a_proxy_that_it_does_not_know_of_is_told_as_that(announced, switches):
    """Row F9."""
    with pytest.raises(TrustError, match="behind a proxy") as caught:
        find(AuthorizationServer(**switches), announced=announced)
    assert "X-Forwarded-Proto" in caught.value.hint


@requirement("PRM-4", "PRM-10")
@pytest.mark.parametrize("named", [f"{ORIGIN}/mcp", f"{ORIGIN}/mcp/", ORIGIN])
def test_the_metadata_of_a_path_with_a_last_slash_may_lie_without_it(named):
    """Row D4."""
    server = AuthorizationServer(names_the_resource=named)
    found = find(server, url=f"{MCP}/")
    assert server.log() == gets(f"{RESOURCE_METADATA}/", RESOURCE_METADATA, SERVER_METADATA)
    assert found.resource == named


@requirement("PRM-6")
@pytest.mark.parametrize("named", [f"{ORIGIN}/mcp/deeper", f"{ORIGIN}/mcp2", "https://evil.example.com/mcp/"])
def test_what_lies_at_the_path_without_its_slash_has_to_be_about_the_server(named):
    """Row D4."""
    with pytest.raises(ResourceMismatch):
        find(AuthorizationServer(names_the_resource=named), url=f"{MCP}/")


@requirement("PRM-10")
def test_the_origin_as_resource_is_sent_as_published_but_not_when_strict():
    server = AuthorizationServer(names_the_resource=ORIGIN)
    assert find(server).resource == ORIGIN
    with pytest.raises(ResourceMismatch):
        find(server, strict=True)


@requirement("RES-7")
@pytest.mark.parametrize(
    ("published", "given", "sent"),
    [
        ("https://mcp.example.com/mcp/", None, "https://mcp.example.com/mcp/"),
        (None, "api://mine", "api://mine"),
        (None, None, MCP),
    ],
)
def test_the_resource_is_the_given_one_else_exactly_the_published_one(published, given, sent):
    assert find(AuthorizationServer(names_the_resource=published), resource=given).resource == sent


@requirement("RES-4", "RES-5", "RES-6")
@pytest.mark.parametrize(
    ("url", "resource"),
    [
        ("https://mcp.example.com/", "https://mcp.example.com"),
        ("HTTPS://MCP.Example.com:443/MCP", "https://mcp.example.com/MCP"),
        ("https://mcp.example.com/server/mcp#part", "https://mcp.example.com/server/mcp"),
    ],
)
def test_without_metadata_the_resource_is_derived_from_the_url(url, resource):
    assert find(legacy_server(mcp_url=url), url=url).resource == resource


@requirement("SCP-2", "PRM-12")
@pytest.mark.parametrize(("published", "scopes"), [(("b", "a"), ("b", "a")), ((), None), (None, None)])
def test_the_scopes_of_the_resource_are_handed_on_and_those_of_the_server_are_not(published, scopes):
    server = AuthorizationServer(publishes_scopes=published, lists_scopes=("everything",))
    assert find(server).scopes == scopes


@requirement("PRM-18", "VER-9")
def test_no_question_carries_a_credential():
    server = AuthorizationServer(describes_the_resource_at=(ROOT_RESOURCE_METADATA,), names_the_resource=ORIGIN)
    find(server, client_id="c", client_secret=Secret("s"))
    assert {name for request in server.requests for name, _ in request.headers} == {"Accept"}
    assert {request.body for request in server.requests} == {b""}


def test_the_error_lists_what_was_asked_and_what_came_back():
    server = AuthorizationServer(describes_the_resource_at=(ROOT_RESOURCE_METADATA,), names_issuers=())
    server.has(CUSTOM, unreachable())
    server.has(RESOURCE_METADATA, (200, "text/html; charset=utf-8", "<html>"))
    with pytest.raises(Unsupported) as caught:
        find(server, announced=[CUSTOM])
    assert caught.value.tried == (f"{CUSTOM}: no answer", f"{RESOURCE_METADATA}: 200 text/html")


# The authorization server.


@requirement("ASM-3", "ASM-5")
def test_an_issuer_with_a_path_is_looked_for_in_three_places_and_never_at_the_root():
    issuer = f"{ISSUER}/tenant1"
    last = f"{issuer}/.well-known/openid-configuration"
    server = AuthorizationServer(issuer=issuer, describes_itself_at=(last, SERVER_METADATA))
    assert find(server).server.issuer == issuer
    assert server.log() == gets(
        RESOURCE_METADATA,
        f"{ISSUER}/.well-known/oauth-authorization-server/tenant1",
        f"{ISSUER}/.well-known/openid-configuration/tenant1",
        last,
    )


@requirement("ASM-4", "GEN-5", "VER-7")
def test_an_issuer_without_a_path_is_looked_for_in_two_places():
    server = AuthorizationServer(describes_itself_at=(OPENID_METADATA,))
    find(server)
    assert server.log() == gets(RESOURCE_METADATA, SERVER_METADATA, OPENID_METADATA)


@requirement("ASM-7")
@pytest.mark.parametrize("strange", [302, 401, 403, 404, 405, 500, HTML])
def test_a_strange_answer_for_server_metadata_is_followed_by_the_next_place(strange):
    server = AuthorizationServer(describes_itself_at=(SERVER_METADATA, OPENID_METADATA))
    server.has(SERVER_METADATA, strange)
    assert find(server).server.issuer == ISSUER
    assert server.log() == gets(RESOURCE_METADATA, SERVER_METADATA, OPENID_METADATA)


@requirement("ASM-8", "ASM-9")
@pytest.mark.parametrize(
    "named",
    [
        "https://evil.example.com",
        "https://AUTH.example.com",
        "https://auth.example.com:443",
        "https://auth.example.com//",
    ],
)
def test_a_document_of_another_issuer_ends_everything(named):
    server = AuthorizationServer(calls_itself=named, describes_itself_at=(SERVER_METADATA, OPENID_METADATA))
    with pytest.raises(IssuerMismatch) as caught:
        find(server)
    assert server.log() == gets(RESOURCE_METADATA, SERVER_METADATA)
    assert (caught.value.expected, caught.value.received) == (ISSUER, named)


@requirement("ASM-8")
def test_the_lone_slash_of_an_issuer_is_tolerated_unless_strict():
    server = AuthorizationServer(calls_itself=f"{ISSUER}/")
    assert find(server).server.issuer == f"{ISSUER}/"
    with pytest.raises(IssuerMismatch):
        find(server, strict=True)


@requirement("ASM-8")
def test_a_pinned_issuer_corrects_the_published_spelling_and_is_compared_byte_by_byte():
    server = AuthorizationServer(names_issuers=(f"{ISSUER}/",))
    assert find(server, issuer=ISSUER).server.issuer == ISSUER
    with pytest.raises(IssuerMismatch):
        find(server, issuer=f"{ISSUER}/")


@requirement("REG-5")
def test_a_server_that_leads_away_from_the_pinned_issuer_is_not_followed():
    server = AuthorizationServer()
    with pytest.raises(IssuerMismatch, match=r"only .https://trusted\.example\.com. is trusted"):
        find(server, issuer="https://trusted.example.com")
    assert server.log() == gets(RESOURCE_METADATA, SERVER_METADATA)


@requirement("PRM-11")
def test_a_pinned_issuer_is_enough_when_the_resource_names_none():
    server = AuthorizationServer(names_issuers=())
    assert find(server, issuer=ISSUER).server.issuer == ISSUER
    assert server.log() == gets(RESOURCE_METADATA, SERVER_METADATA)


@requirement("PRM-11")
def test_a_resource_that_names_no_authorization_server_has_none():
    server = AuthorizationServer(names_issuers=())
    with pytest.raises(Unsupported, match="names no authorization server"):
        find(server)
    assert server.log() == gets(RESOURCE_METADATA)


@requirement("PRM-11")
def test_issuers_that_are_no_strings_are_a_fault_of_the_document():
    server = AuthorizationServer(names_issuers=(17,))
    with pytest.raises(MalformedDocument, match="authorization_servers"):
        find(server)


@requirement("ASM-10")
@pytest.mark.parametrize(
    ("issuer", "error"),
    [
        ("http://auth.example.com", InsecureEndpoint),
        ("javascript:alert(1)", InsecureEndpoint),
        ("https://auth.example.com#x", InsecureEndpoint),
        ("https://auth.example.com?x=1", Unsupported),
    ],
)
def test_an_issuer_that_is_none_is_not_asked(issuer, error):
    server = AuthorizationServer(names_issuers=(issuer,))
    with pytest.raises(error):
        find(server)
    assert server.log() == gets(RESOURCE_METADATA)


@requirement("ASM-14")
def test_an_endpoint_that_is_not_encrypted_ends_everything():
    server = AuthorizationServer(says_further={"token_endpoint": "http://auth.example.com/token"})
    with pytest.raises(InsecureEndpoint, match="token endpoint"):
        find(server)


@requirement("ASM-15")
def test_an_endpoint_may_live_on_another_host_than_its_issuer():
    server = AuthorizationServer(says_further={"token_endpoint": "https://tokens.example.org/t"})
    assert find(server).server.token_endpoint == "https://tokens.example.org/t"


@requirement("ASM-1")
def test_of_several_issuers_the_first_that_publishes_itself_is_taken():
    first = AuthorizationServer(issuer="https://first.example.com", describes_itself_at=())
    second = AuthorizationServer(names_issuers=("https://first.example.com", ISSUER))
    internet = Internet(second, first)
    assert find(internet).server.issuer == ISSUER
    assert internet.log() == gets(
        RESOURCE_METADATA,
        "https://first.example.com/.well-known/oauth-authorization-server",
        "https://first.example.com/.well-known/openid-configuration",
        SERVER_METADATA,
    )


def test_a_person_does_not_end_up_at_the_second_issuer_because_the_first_is_down():
    first = AuthorizationServer(issuer="https://first.example.com", describes_itself_at=())
    first.has("https://first.example.com/.well-known/openid-configuration", 503)
    second = AuthorizationServer(names_issuers=("https://first.example.com", ISSUER))
    with pytest.raises(TemporaryError, match="503"):
        find(Internet(second, first))
    assert second.log() == gets(RESOURCE_METADATA)


def test_what_did_not_answer_before_the_document_was_found_is_not_held_against_the_next_question():
    server = AuthorizationServer(names_issuers=("https://nobody.example.com", ISSUER))
    nobody = AuthorizationServer(issuer="https://nobody.example.com", describes_itself_at=())
    server.has(CUSTOM, 503)
    assert find(Internet(server, nobody), announced=[CUSTOM]).server.issuer == ISSUER


@requirement("ASM-16", "VER-9")
def test_an_issuer_without_metadata_ends_the_search_without_a_guess():
    server = AuthorizationServer(describes_itself_at=())
    with pytest.raises(Unsupported, match="publishes no metadata") as caught:
        find(server)
    assert server.log() == gets(RESOURCE_METADATA, SERVER_METADATA, OPENID_METADATA)
    assert caught.value.tried == (
        f"{SERVER_METADATA}: 404 application/json",
        f"{OPENID_METADATA}: 404 application/json",
    )


@pytest.mark.parametrize("trouble", [500, 429, unreachable(), no_answer()])
def test_an_issuer_that_does_not_answer_is_asked_again_later(trouble):
    server = AuthorizationServer(describes_itself_at=())
    server.has(SERVER_METADATA, trouble)
    with pytest.raises(TemporaryError):
        find(server)


@pytest.mark.parametrize(
    "broken",
    [
        (200, "application/json", f'{{"issuer": "{ISSUER}", "token_endpoint": 17}}'),
        (200, "application/json", '{"issuer": 17}'),
        HttpResponse(200, SERVER_METADATA, (), gzip.compress(b"{}", mtime=0)),
        MalformedDocument("It is too large.", hint="Tell its operator.", url=SERVER_METADATA),
        UnreadableAnswer("It is not packed as it says.", hint="Tell its operator."),
    ],
    ids=["endpoint", "issuer", "packed", "too large", "unreadable"],
)
def test_a_broken_document_is_a_miss_beside_a_good_one_and_alone_an_error_that_says_what_is_wrong(broken):
    """Rows D5, F11."""
    good = AuthorizationServer(describes_itself_at=(SERVER_METADATA, OPENID_METADATA))
    good.has(SERVER_METADATA, broken)
    assert find(good).server.issuer == ISSUER
    bad = AuthorizationServer(describes_itself_at=())
    bad.has(SERVER_METADATA, broken)
    with pytest.raises((MalformedDocument, TemporaryError)) as caught:
        find(bad)
    assert caught.value.tried[0].startswith(f"{SERVER_METADATA}: ")
    assert "no answer" not in caught.value.tried[0]
    assert caught.value.tried[1] == f"{OPENID_METADATA}: 404 application/json"


@pytest.mark.parametrize("place", [RESOURCE_METADATA, ROOT_RESOURCE_METADATA])
def test_broken_resource_metadata_is_no_reason_to_guess(place):
    """Row D5."""
    server = legacy_server()
    server.has(place, (200, "application/json", f'{{"resource": "{ORIGIN}", "authorization_servers": "x"}}'))
    with pytest.raises(MalformedDocument, match="authorization_servers"):
        find(server)
    assert server.log() == gets(RESOURCE_METADATA, ROOT_RESOURCE_METADATA)


@requirement("ASM-1")
@pytest.mark.parametrize("trouble", [503, unreachable()])
def test_the_error_of_a_server_that_is_down_names_the_others_and_how_to_choose_one(trouble):
    """Row D6."""
    first = AuthorizationServer(issuer="https://first.example.com", describes_itself_at=())
    first.has("https://first.example.com/.well-known/openid-configuration", trouble)
    second = AuthorizationServer(names_issuers=("https://first.example.com", ISSUER))
    with pytest.raises(TemporaryError) as caught:
        find(Internet(second, first))
    assert f'The MCP server also names "{ISSUER}": issuer= chooses one.' in caught.value.hint
    assert '"https://first.example.com"' in caught.value.message
    assert find(Internet(second, first), issuer=ISSUER).server.issuer == ISSUER


@pytest.mark.parametrize(
    "fault",
    [
        (200, "application/json", '{"issuer": "https://first.example.com", "response_types_supported": ["token"]}'),
        (200, "application/json", '{"issuer": "https://first.example.com", "token_endpoint": false}'),
        HttpResponse(302, "https://first.example.com/", (("Location", "https://elsewhere.example/x"),)),
    ],
    ids=["no codes", "malformed", "redirected"],
)
def test_the_error_of_a_server_with_a_fault_names_the_others_too(fault):
    """Row D6."""
    first = AuthorizationServer(issuer="https://first.example.com", describes_itself_at=())
    first.has("https://first.example.com/.well-known/oauth-authorization-server", fault)
    second = AuthorizationServer(names_issuers=("https://first.example.com", ISSUER))
    with pytest.raises(AuthError) as caught:
        find(Internet(second, first))
    assert f'The MCP server also names "{ISSUER}": issuer= chooses one.' in caught.value.hint


def test_many_other_servers_make_no_long_text():
    """Row D6."""
    others = tuple(f"https://as{number}.example.com" for number in range(400))
    server = AuthorizationServer(names_issuers=(ISSUER, *others), describes_itself_at=())
    server.has(SERVER_METADATA, 503)
    with pytest.raises(TemporaryError, match=r'"https://as2\.example\.com" and 397 more: issuer= chooses one'):
        find(server)


# Servers of 2025-03-26.


@requirement("VER-1", "VER-3")
def test_without_resource_metadata_the_own_origin_is_the_issuer():
    server = legacy_server()
    found = find(server)
    assert server.log() == gets(RESOURCE_METADATA, ROOT_RESOURCE_METADATA, LEGACY_METADATA)
    assert (found.server.issuer, found.server.source) == (ORIGIN, MetadataSource.LEGACY)
    assert [dict(request.headers).get("MCP-Protocol-Version") for request in server.requests] == [
        None,
        None,
        "2025-03-26",
    ]


@requirement("VER-1")
def test_the_own_origin_may_also_speak_openid():
    server = legacy_server(describes_itself_at=(LEGACY_OPENID,))
    assert find(server).server.source is MetadataSource.LEGACY


@requirement("ASM-8")
def test_the_own_origin_must_not_describe_another_issuer():
    with pytest.raises(IssuerMismatch):
        find(legacy_server(calls_itself="https://evil.example.com"))


@requirement("VER-2")
def test_only_when_nothing_exists_at_all_the_default_endpoints_are_guessed():
    server = legacy_server(describes_itself_at=())
    found = find(server).server
    assert server.log() == gets(RESOURCE_METADATA, ROOT_RESOURCE_METADATA, LEGACY_METADATA, LEGACY_OPENID)
    assert (found.source, found.issuer) == (MetadataSource.GUESSED, ORIGIN)
    assert [found.authorization_endpoint, found.token_endpoint, found.registration_endpoint] == [
        "https://mcp.example.com/authorize",
        "https://mcp.example.com/token",
        "https://mcp.example.com/register",
    ]


@requirement("VER-2")
@pytest.mark.parametrize("trouble", [500, 502, 503, 429, unreachable(), no_answer()])
@pytest.mark.parametrize("place", [RESOURCE_METADATA, ROOT_RESOURCE_METADATA])
def test_resource_metadata_that_may_be_there_rules_the_old_way_out(place, trouble):
    server = legacy_server()
    server.has(place, trouble)
    with pytest.raises(TemporaryError):
        find(server)
    assert server.log() == gets(RESOURCE_METADATA, ROOT_RESOURCE_METADATA)


@requirement("VER-2")
@pytest.mark.parametrize("trouble", [500, 429, unreachable(), no_answer()])
@pytest.mark.parametrize("place", [LEGACY_METADATA, LEGACY_OPENID])
def test_server_metadata_that_may_be_there_rules_the_guess_out(place, trouble):
    server = legacy_server(describes_itself_at=())
    server.has(place, trouble)
    with pytest.raises(TemporaryError):
        find(server)


@requirement("ASM-16", "GEN-4")
def test_a_server_that_announces_metadata_nobody_can_read_is_no_old_server():
    """Its metadata counts, and nothing is guessed. Row D2."""
    server = legacy_server(describes_itself_at=())
    with pytest.raises(Unsupported, match="announces metadata") as caught:
        find(server, announced=[CUSTOM])
    assert server.log() == gets(CUSTOM, RESOURCE_METADATA, ROOT_RESOURCE_METADATA, LEGACY_METADATA, LEGACY_OPENID)
    assert len(caught.value.tried) == 5


@requirement("PRM-19")
@pytest.mark.parametrize("nothing", [404, 410, 401, 403, 405, 204, HTML])
@pytest.mark.parametrize("place", [LEGACY_METADATA, LEGACY_OPENID])
@pytest.mark.parametrize("announced", [CUSTOM, "/meta", "https://elsewhere.example.com/meta", "no url", ""])
def test_announced_metadata_that_is_not_there_leaves_the_origins_own(announced, place, nothing):
    """Row D2."""
    server = legacy_server(describes_itself_at=(place,))
    server.has(CUSTOM, nothing)
    assert find(server, announced=[announced]).server.source is MetadataSource.LEGACY


@requirement("VER-2")
@pytest.mark.parametrize("status", [407, 408, 425, 429, 500, 503])
@pytest.mark.parametrize("place", [CUSTOM, RESOURCE_METADATA, ROOT_RESOURCE_METADATA])
def test_metadata_that_cannot_be_given_now_is_waited_for_and_never_replaced(place, status):
    """Row A6."""
    server = legacy_server()
    server.has(place, status)
    with pytest.raises(TemporaryError, match=str(status)):
        find(server, announced=[CUSTOM])
    assert {request.method for request in server.requests} == {"GET"}
    assert LEGACY_METADATA not in str(server.log())


@pytest.mark.parametrize("status", [407, 408, 425, 429, 500, 503])
def test_an_issuer_that_cannot_answer_now_is_told_by_its_name(status):
    """Rows A6, F6."""
    server = AuthorizationServer(describes_itself_at=())
    server.has(SERVER_METADATA, status)
    with pytest.raises(TemporaryError) as caught:
        find(server)
    assert caught.value.message.startswith(f'The authorization server "{ISSUER}" cannot be asked now')


def test_an_issuer_that_says_when_to_come_again_is_quoted_with_the_time():
    """Rows C4, F6."""
    server = AuthorizationServer(describes_itself_at=())
    server.has(SERVER_METADATA, HttpResponse(503, SERVER_METADATA, (("Retry-After", "3600"),)))
    with pytest.raises(TemporaryError, match="Try again in 60 minutes") as caught:
        find(server)
    assert caught.value.retry_after == 3600.0


def test_only_the_server_that_is_not_there_is_called_unreachable():
    """The metadata is announced at another server than the MCP server's. Row F6."""
    announced = "https://meta.example.com/prm"
    server = legacy_server(issuer="https://other.example.com")
    server.has(announced, unreachable())
    with pytest.raises(TemporaryError) as caught:
        find(server, announced=[announced])
    assert caught.value.message.startswith(f"The MCP server {MCP} cannot be asked now: ")
    assert caught.value.tried[0] == f"{announced}: no answer"


@pytest.mark.parametrize(("body", "why"), [("{", "not an object of JSON"), ('{"error": "x"}', "of another kind")])
def test_an_answer_that_is_no_such_document_says_why(body, why):
    """Row D5."""
    server = AuthorizationServer(describes_itself_at=())
    server.has(SERVER_METADATA, (200, "application/json", body))
    with pytest.raises(Unsupported) as caught:
        find(server)
    assert caught.value.tried[0] == f"{SERVER_METADATA}: 200 application/json, {why}"


def test_a_pinned_issuer_is_asked_when_the_server_publishes_nothing():
    server = AuthorizationServer(describes_the_resource_at=())
    found = find(server, issuer=ISSUER)
    assert (found.server.source, found.resource) == (MetadataSource.DISCOVERED, MCP)
    assert server.log() == gets(RESOURCE_METADATA, ROOT_RESOURCE_METADATA, SERVER_METADATA)


# What the user gives.


def test_nothing_is_asked_when_everything_is_given():
    server = AuthorizationServer()
    endpoints = {"authorization_endpoint": "https://as.example.org/a", "token_endpoint": "https://as.example.org/t"}
    found = find(server, client_id="c", **endpoints)
    assert server.log() == []
    assert (found.resource, found.scopes, found.server.source) == (MCP, None, MetadataSource.CONFIGURED)
    assert (found.server.issuer, found.server.token_endpoint) == ("https://as.example.org", "https://as.example.org/t")


def test_a_machine_with_a_token_endpoint_asks_nothing():
    server = AuthorizationServer()
    given = {"issuer": "https://as.example.org/x", "token_endpoint": "https://as.example.org/t", "resource": "urn:mine"}
    found = find(server, client_id="c", client_secret=Secret("s"), **given)
    assert server.log() == []
    assert (found.resource, found.server.issuer) == ("urn:mine", "https://as.example.org/x")
    assert found.server.authorization_endpoint is None


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "registration_endpoint"])
def test_a_given_endpoint_replaces_the_discovered_one(name):
    discovered = find(AuthorizationServer()).server
    found = find(AuthorizationServer(), **{name: "https://given.example.org/x"}).server
    for each in ("authorization_endpoint", "token_endpoint", "registration_endpoint"):
        expected = "https://given.example.org/x" if each == name else getattr(discovered, each)
        assert getattr(found, each) == expected


@requirement("SEC-1", "WWW-14")
def test_metadata_at_an_address_that_is_not_encrypted_is_not_read():
    world = World()
    with pytest.raises(InsecureEndpoint):
        world.engine().replace(None, challenges('Bearer resource_metadata="http://mcp.example.com/metadata"'))
    assert RESOURCE_METADATA not in str(world.server.log())


# What rules a login out is an error before a person is asked.


@requirement("PRM-20")
@pytest.mark.parametrize(
    "member",
    [{"bearer_methods_supported": ["body"]}, {"tls_client_certificate_bound_access_tokens": True}],
    ids=lambda member: next(iter(member)),
)
def test_a_resource_that_takes_no_token_we_can_show_is_not_worth_a_login(member):
    world = World(resource_says_further=member)
    with pytest.raises(Unsupported):
        world.engine().replace(None)
    assert (world.person.asked, world.server.registrations()) == ([], [])


@requirement("PRM-20")
def test_a_resource_that_takes_tokens_in_the_header_too_is_fine():
    world = World(resource_says_further={"bearer_methods_supported": ["query", "header"]})
    world.engine().replace(None)
    assert len(world.person.asked) == 1


@requirement("ASM-17")
def test_a_server_that_wants_pushed_requests_is_not_worth_a_login():
    world = World(says_further={"require_pushed_authorization_requests": True})
    with pytest.raises(Unsupported, match="pushed authorization requests"):
        world.engine().replace(None)
    assert world.person.asked == []


@requirement("PRM-16")
def test_a_server_that_protects_other_resources_only_is_a_warning_and_with_strict_an_error(caplog):
    world = World(says_further={"protected_resources": ["https://other.example.com/mcp"]})
    with pytest.raises(ResourceMismatch) as caught:
        world.engine(strict=True).replace(None)
    assert (caught.value.expected, world.person.asked) == (MCP, [])
    world.engine().replace(None)
    assert "does not name" in caplog.text


@requirement("PRM-16")
def test_a_server_that_names_this_resource_is_believed(caplog):
    world = World(says_further={"protected_resources": [MCP]})
    world.engine(strict=True).replace(None)
    assert "does not name" not in caplog.text


@pytest.mark.parametrize("responses", [["token"], ["id_token", "none"]])
def test_a_server_that_gives_no_codes_is_noticed_before_the_browser(responses):
    """Row D8."""
    world = World(says_further={"response_types_supported": responses})
    with pytest.raises(Unsupported, match="gives no codes"):
        world.engine().replace(None)
    assert (world.person.asked, world.server.registrations()) == ([], [])
    world.engine(authorization_endpoint=f"{ISSUER}/authorize").replace(None)
    assert len(world.person.asked) == 1


def test_a_server_that_only_takes_plain_pkce_is_noticed_before_the_browser():
    """Row D8."""
    world = World(announces_pkce=("plain",))
    with pytest.raises(Unsupported, match='only with "plain"') as caught:
        world.engine().replace(None)
    assert "assume_pkce" not in str(caught.value)
    assert world.person.asked == []
