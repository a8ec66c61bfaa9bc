# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Authorization server metadata: where it is looked for, whose it may be, what a login needs of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import hostile
from tests.protocol import providers
from tests.protocol.answers import ISSUER, PAGE, SERVER, json_answer, raw_answer
from tests.requirements import requirement
from valetkey.errors import AuthError, InsecureEndpoint, IssuerMismatch, MalformedDocument, Unsupported
from valetkey.errors.texts import harmless
from valetkey.protocol.server import (
    from_legacy,
    guessed_server,
    legacy_issuer,
    parse_server,
    require_code_flow,
    require_issuer,
    server_candidates,
    server_request,
)
from valetkey.urls import is_endpoint
from valetkey.values import MetadataSource, ServerMetadata
from valetkey.wire import HttpRequest

URL = "https://as.example/.well-known/oauth-authorization-server"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://as.example/authorize",
    "token_endpoint": "https://as.example/token",
    "code_challenge_methods_supported": ["S256"],
}


def parse(document, issuer=ISSUER, *, status=200, **options):
    return parse_server(json_answer(document, status=status, url=URL), issuer, **options)


@requirement("ASM-3", "ASM-4", "ASM-5", "ASM-6", "GEN-5")
@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        pytest.param(
            "https://auth.example.com",
            [
                "https://auth.example.com/.well-known/oauth-authorization-server",
                "https://auth.example.com/.well-known/openid-configuration",
            ],
            id="no path",
        ),
        pytest.param(
            "https://auth.example.com/",
            [
                "https://auth.example.com/.well-known/oauth-authorization-server",
                "https://auth.example.com/.well-known/openid-configuration",
            ],
            id="a slash is no path",
        ),
        pytest.param(
            "https://auth.example.com/tenant1",
            [
                "https://auth.example.com/.well-known/oauth-authorization-server/tenant1",
                "https://auth.example.com/.well-known/openid-configuration/tenant1",
                "https://auth.example.com/tenant1/.well-known/openid-configuration",
            ],
            id="a path: never the documents of the root",
        ),
        pytest.param(
            "https://auth.example.com/t/1/",
            [
                "https://auth.example.com/.well-known/oauth-authorization-server/t/1",
                "https://auth.example.com/.well-known/openid-configuration/t/1",
                "https://auth.example.com/t/1/.well-known/openid-configuration",
            ],
            id="the last slash of a path is dropped",
        ),
        pytest.param(
            "http://127.0.0.1:9000/t",
            [
                "http://127.0.0.1:9000/.well-known/oauth-authorization-server/t",
                "http://127.0.0.1:9000/.well-known/openid-configuration/t",
                "http://127.0.0.1:9000/t/.well-known/openid-configuration",
            ],
            id="the port stays",
        ),
    ],
)
def test_the_places_of_an_issuers_metadata(issuer, expected):
    assert list(server_candidates(issuer)) == expected


@requirement("ASM-10", "SEC-1")
@pytest.mark.parametrize(
    "issuer",
    ["", "as.example", "http://as.example", "javascript:alert(1)", "https://u:p@as.example", "https://as.example#f"],
)
def test_what_must_not_be_asked_is_no_issuer(issuer):
    with pytest.raises(InsecureEndpoint, match="The issuer"):
        require_issuer(issuer)


@requirement("ASM-10")
@pytest.mark.parametrize("issuer", ["https://as.example?x=1", "https://as.example/t?", "https://as.example?"])
def test_an_issuer_has_no_query(issuer):
    with pytest.raises(Unsupported, match="has a query"):
        require_issuer(issuer)


@requirement("ASM-9", "ASM-10")
@pytest.mark.parametrize(
    "issuer", ["https://as", "https://as/", "https://AS", "https://as:443/T/", "http://127.0.0.1:9"]
)
def test_an_issuer_passes_untouched(issuer):
    assert require_issuer(issuer) is issuer


@requirement("PRM-18")
def test_the_request_is_a_get_without_any_credential():
    assert server_request(URL) == HttpRequest(
        method="GET",
        url=URL,
        purpose="read what the authorization server offers",
        headers=(("Accept", "application/json"),),
    )


@requirement("VER-3")
def test_a_server_of_the_first_revision_is_told_the_protocol_version():
    assert server_request(URL, legacy=True).headers == (
        ("Accept", "application/json"),
        ("MCP-Protocol-Version", "2025-03-26"),
    )


@requirement("ASM-7")
@pytest.mark.parametrize("status", [201, 204, 301, 302, 304, 400, 401, 403, 404, 405, 429, 500, 502, 503])
def test_another_status_than_200_gives_the_next_place_its_turn(status):
    assert parse(DOCUMENT, status=status) is None


@requirement("ASM-7")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(PAGE, id="HTML"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"{}", id="no issuer"),
        pytest.param(b'{"issuer": null}', id="issuer null"),
        pytest.param(b'{"issuer": ""}', id="issuer empty"),
        pytest.param(b'{"issuer": "\xff"}', id="not UTF-8"),
    ],
)
def test_what_is_no_metadata_gives_the_next_place_its_turn(body):
    assert parse_server(raw_answer(body, url=URL), ISSUER) is None


@requirement("ASM-8", "ASM-9")
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("issuer", "named"),
    [
        pytest.param(ISSUER, "https://evil.example", id="another host"),
        pytest.param(ISSUER, "https://AS.example", id="capitals"),
        pytest.param(ISSUER, "https://as.example:443", id="the default port"),
        pytest.param(ISSUER, "http://as.example", id="another scheme"),
        pytest.param(ISSUER, "https://as.example/t", id="a path"),
        pytest.param("https://as.example/t", ISSUER, id="the root instead of the path"),
        pytest.param("https://as.example/t", "https://as.example/t/", id="a last slash behind a path"),
        pytest.param("https://as.example/t", "https://as.example/%74", id="percent-encoding"),
        pytest.param(ISSUER, "https://[as.example", id="no URL"),
        pytest.param(ISSUER, "\u202ehttps://as.example", id="reversed writing direction"),
    ],
)
def test_a_document_of_another_issuer_is_fatal(issuer, named, strict):
    with pytest.raises(IssuerMismatch) as raised:
        parse({**DOCUMENT, "issuer": named}, issuer, strict=strict)
    assert (raised.value.expected, raised.value.received) == (issuer, harmless(named))
    assert "issuer=" in str(raised.value)  # as the way out, or to say that it is none
    assert ("No issuer=" in str(raised.value)) is not is_endpoint(named)
    assert str(raised.value).isascii()


@requirement("ASM-8")
def test_the_lone_slash_is_forgiven_and_the_documents_own_spelling_counts_from_then_on():
    found = parse({**DOCUMENT, "issuer": "https://as.example"}, "https://as.example/")
    assert found is not None
    assert found.issuer == "https://as.example"


@requirement("ASM-8")
def test_the_lone_slash_is_not_forgiven_when_strict():
    with pytest.raises(IssuerMismatch):
        parse({**DOCUMENT, "issuer": "https://as.example"}, "https://as.example/", strict=True)


@requirement("ASM-14", "SEC-1")
@pytest.mark.parametrize("member", ["authorization_endpoint", "token_endpoint", "registration_endpoint"])
@pytest.mark.parametrize(
    "url",
    [
        "http://as.example/token",
        "http://10.0.0.5/token",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://good.example@evil.example/",
        "https://as.example/token#f",
        "https://as.example/`id`",
        "/token",
    ],
)
def test_an_endpoint_that_must_not_be_used_refuses_the_document(member, url):
    with pytest.raises(InsecureEndpoint, match=f"The {member.replace('_', ' ')} ") as raised:
        parse({**DOCUMENT, member: url})
    assert raised.value.url == url


@requirement("GEN-7")
@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("issuer", 1),
        ("authorization_endpoint", ["https://as.example/authorize"]),
        ("token_endpoint", {}),
    ],
)
def test_a_member_of_the_wrong_type_is_named(member, value):
    with pytest.raises(MalformedDocument, match=repr(member)) as raised:
        parse({**DOCUMENT, member: value})
    assert (raised.value.url, raised.value.member) == (URL, member)


@requirement("GEN-7")
@pytest.mark.parametrize("value", [False, True, 17, {}, {"a": True}, [None], ["a", 1], [["a"]]], ids=str)
@pytest.mark.parametrize(
    "member",
    [
        "registration_endpoint",
        "revocation_endpoint",
        "device_authorization_endpoint",
        "scopes_supported",
        "code_challenge_methods_supported",
        "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "revocation_endpoint_auth_methods_supported",
        "grant_types_supported",
        "authorization_grant_profiles_supported",
        "dpop_signing_alg_values_supported",
        "protected_resources",
    ],
)
def test_a_member_that_no_login_needs_counts_as_absent_if_its_type_is_wrong(member, value):
    """Row D5."""
    without = {name: value for name, value in DOCUMENT.items() if name != member}
    assert parse({**without, member: value}) == parse(without)


@pytest.mark.parametrize("member", ["scopes_supported", "protected_resources", "dpop_signing_alg_values_supported"])
def test_a_text_in_the_place_of_a_list_counts_as_absent(member):
    """Row D5."""
    assert parse({**DOCUMENT, member: "ES256"}) == parse(DOCUMENT)


@pytest.mark.parametrize("value", [17, "http://as.example/x", "file:///etc/passwd"])
@pytest.mark.parametrize("member", ["authorization_endpoint", "token_endpoint", "registration_endpoint"])
def test_an_endpoint_that_the_login_does_not_use_is_left_out_where_it_cannot_be_used(member, value):
    """Rows B4, D5."""
    found = parse({**DOCUMENT, member: value}, unused={member})
    assert getattr(found, member) is None


@requirement("ASM-11")
def test_what_is_absent_stays_absent_so_that_its_default_applies():
    assert parse({"issuer": ISSUER, "unknown": [1]}) == ServerMetadata(
        issuer=ISSUER,
        authorization_endpoint=None,
        token_endpoint=None,
        registration_endpoint=None,
        scopes_supported=None,
        code_challenge_methods_supported=None,
        token_endpoint_auth_methods_supported=None,
        grant_types_supported=None,
        iss_parameter_supported=False,
        source=MetadataSource.DISCOVERED,
    )


def test_a_whole_document_is_read():
    document = {
        **DOCUMENT,
        "registration_endpoint": "https://as.example/register",
        "scopes_supported": ["openid", "offline_access", "openid"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "authorization_response_iss_parameter_supported": True,
    }
    assert parse(document) == ServerMetadata(
        issuer=ISSUER,
        authorization_endpoint="https://as.example/authorize",
        token_endpoint="https://as.example/token",
        registration_endpoint="https://as.example/register",
        scopes_supported=("openid", "offline_access"),
        code_challenge_methods_supported=("S256",),
        token_endpoint_auth_methods_supported=("none", "client_secret_post"),
        grant_types_supported=("authorization_code", "refresh_token"),
        iss_parameter_supported=True,
    )


@requirement("RSP-1", "RSP-4")
@pytest.mark.parametrize(
    ("value", "supported"),
    [(True, True), (False, False), (None, False), ("true", False), (1, False), ([True], False)],
    ids=str,
)
def test_the_iss_parameter_is_supported_only_if_the_document_says_true(value, supported):
    found = parse({**DOCUMENT, "authorization_response_iss_parameter_supported": value})
    assert found is not None
    assert found.iss_parameter_supported is supported


def test_the_example_of_rfc_8414_is_read():
    document = {
        "issuer": "https://server.example.com",
        "authorization_endpoint": "https://server.example.com/authorize",
        "token_endpoint": "https://server.example.com/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "ES256"],
        "userinfo_endpoint": "https://server.example.com/userinfo",
        "jwks_uri": "https://server.example.com/jwks.json",
        "registration_endpoint": "https://server.example.com/register",
        "scopes_supported": ["openid", "profile", "email", "address", "phone", "offline_access"],
        "response_types_supported": ["code", "code token"],
        "service_documentation": "http://server.example.com/service_documentation.html",
        "ui_locales_supported": ["en-US", "en-GB", "en-CA", "fr-FR", "fr-CA"],
    }
    found = parse(document, "https://server.example.com", strict=True)
    assert found is not None
    assert found.token_endpoint == "https://server.example.com/token"
    assert found.scopes_supported == ("openid", "profile", "email", "address", "phone", "offline_access")


@requirement("ASM-8", "ASM-15")
def test_google_names_its_issuer_without_the_slash_and_its_token_endpoint_on_another_host():
    (listed,) = providers.GOOGLE_RESOURCE["authorization_servers"]
    found = parse(providers.GOOGLE_SERVER, listed)
    assert found is not None
    assert found.issuer == "https://accounts.google.com"
    assert found.token_endpoint == "https://oauth2.googleapis.com/token"
    require_code_flow(found)


@requirement("ASM-6", "ASM-9")
def test_auth0_has_an_issuer_that_ends_in_a_slash_everywhere():
    issuer = providers.AUTH0_SERVER["issuer"]
    assert server_candidates(issuer)[0] == "https://tenant.eu.auth0.com/.well-known/oauth-authorization-server"
    found = parse(providers.AUTH0_SERVER, issuer, strict=True)
    assert found is not None
    assert found.issuer == issuer


@requirement("ASM-3", "ASM-12")
def test_cognito_publishes_only_an_openid_document_without_pkce():
    issuer = providers.COGNITO_SERVER["issuer"]
    assert server_candidates(issuer)[-1] == f"{issuer}/.well-known/openid-configuration"
    found = parse(providers.COGNITO_SERVER, issuer)
    assert found is not None
    with pytest.raises(Unsupported, match="does not announce PKCE") as raised:
        require_code_flow(found)
    assert "assume_pkce=True" in raised.value.hint


@requirement("ASM-12", "ASM-13", "AUT-5")
@pytest.mark.parametrize("source", [MetadataSource.DISCOVERED, MetadataSource.LEGACY])
@pytest.mark.parametrize("methods", [None, ("plain",), ("s256",), ("S256 ",)], ids=str)
def test_without_s256_in_its_document_nobody_logs_in_at_a_server(methods, source):
    with pytest.raises(Unsupported, match="does not announce PKCE with S256"):
        require_code_flow(replace(SERVER, code_challenge_methods_supported=methods, source=source))


@requirement("ASM-13")
@pytest.mark.parametrize(("methods", "helps"), [(None, True), (("plain",), False), (("plain", "S512"), False)])
def test_a_server_that_takes_weaker_pkce_only_is_told_as_that(methods, helps):
    """`assume_pkce=True` would only move the error into the browser. Row D8."""
    with pytest.raises(Unsupported) as raised:
        require_code_flow(replace(SERVER, code_challenge_methods_supported=methods))
    assert ("assume_pkce" in raised.value.hint) is helps
    assert all(f'"{method}"' in raised.value.message for method in methods or ())


@pytest.mark.parametrize("responses", [["token"], ["id_token"], ["code id_token", "none"], ["CODE"]])
def test_a_server_that_gives_no_codes_is_not_worth_a_login(responses):
    """Row D8."""
    document = {**DOCUMENT, "response_types_supported": responses}
    with pytest.raises(Unsupported, match="gives no codes") as raised:
        parse(document)
    assert "authorization_endpoint=" in raised.value.hint
    assert parse(document, unused={"authorization_endpoint"}) is not None


@pytest.mark.parametrize("responses", [None, ["code"], ["token", "code"], [], "code"])
def test_a_server_that_gives_codes_or_lists_nothing_is_asked(responses):
    """Row D8."""
    assert parse({**DOCUMENT, "response_types_supported": responses}) == parse(DOCUMENT)


@requirement("ASM-12")
@pytest.mark.parametrize("source", MetadataSource)
@pytest.mark.parametrize("missing", ["authorization_endpoint", "token_endpoint"])
def test_without_its_endpoints_nobody_logs_in_at_a_server(missing, source):
    with pytest.raises(Unsupported, match="names no authorization or token endpoint"):
        require_code_flow(replace(SERVER, source=source, **{missing: None}))


@requirement("ASM-12", "VER-4")
@pytest.mark.parametrize(
    ("source", "methods"),
    [
        pytest.param(MetadataSource.DISCOVERED, ("plain", "S256"), id="announced"),
        pytest.param(MetadataSource.LEGACY, ("S256",), id="announced by the MCP server itself"),
        pytest.param(MetadataSource.GUESSED, None, id="no document to announce it in"),
        pytest.param(MetadataSource.CONFIGURED, None, id="the user says so"),
    ],
)
def test_with_s256_a_person_can_log_in(source, methods):
    server = replace(SERVER, code_challenge_methods_supported=methods, source=source)
    require_code_flow(server)
    with pytest.raises(Unsupported, match="names no authorization or token endpoint"):
        require_code_flow(replace(server, token_endpoint=None))


@requirement("VER-1")
@pytest.mark.parametrize(
    ("server_url", "issuer"),
    [
        ("https://h/a/mcp?t=1", "https://h"),
        ("https://H:8443/mcp", "https://h:8443"),
        ("http://127.0.0.1:9/", "http://127.0.0.1:9"),
    ],
)
def test_a_server_without_resource_metadata_is_its_own_issuer(server_url, issuer):
    assert legacy_issuer(server_url) == issuer


@requirement("VER-1")
def test_metadata_from_the_servers_own_origin_is_marked():
    assert from_legacy(SERVER) == replace(SERVER, source=MetadataSource.LEGACY)


@requirement("VER-2", "VER-4")
def test_a_server_without_any_metadata_gets_the_default_endpoints_marked_as_a_guess():
    assert guessed_server("https://H:8443/a/mcp?t=1") == ServerMetadata(
        issuer="https://h:8443",
        authorization_endpoint="https://h:8443/authorize",
        token_endpoint="https://h:8443/token",
        registration_endpoint="https://h:8443/register",
        source=MetadataSource.GUESSED,
    )


GOOD = {
    **DOCUMENT,
    "registration_endpoint": "https://as.example/register",
    "scopes_supported": ["openid"],
    "token_endpoint_auth_methods_supported": ["none"],
    "grant_types_supported": ["authorization_code"],
    "authorization_response_iss_parameter_supported": True,
}


@requirement("GEN-7", "ASM-8")
@given(hostile.answers(GOOD, url=URL), st.booleans())
def test_any_answer_is_metadata_of_this_issuer_or_an_error_of_ours(answer, strict):
    found = hostile.outcome(lambda: parse_server(answer, ISSUER, strict=strict))
    if isinstance(found, AuthError):
        assert found.hint in str(found)
    else:
        assert found is None or found.issuer.removesuffix("/") == ISSUER


@requirement("GEN-7", "ASM-14")
@given(hostile.documents(GOOD))
def test_any_document_of_the_issuer_gives_only_endpoints_that_may_be_used(document):
    found = hostile.outcome(lambda: parse({**document, "issuer": ISSUER}))
    if isinstance(found, AuthError):
        assert found.hint in str(found)
    else:
        assert found is not None
        for endpoint in (found.authorization_endpoint, found.token_endpoint, found.registration_endpoint):
            assert endpoint is None or endpoint.lower().startswith(("https://", "http://"))
