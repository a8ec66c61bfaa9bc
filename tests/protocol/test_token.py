# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Token requests of every grant, and what servers answer."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import hostile
from tests.protocol import providers
from tests.protocol.answers import (
    CLIENT,
    ISSUER,
    MCP,
    PAGE,
    PENDING,
    REDIRECT,
    SERVER,
    TOKEN_ENDPOINT,
    form_of,
    json_answer,
    raw_answer,
)
from tests.requirements import requirement
from valetkey import wire
from valetkey.errors import (
    AuthError,
    ClientRefused,
    InsecureEndpoint,
    MalformedDocument,
    Refused,
    TemporaryError,
    Unsupported,
)
from valetkey.protocol.client_auth import authenticate, choose_authentication
from valetkey.protocol.token import parse_token, read_lifetime, renewed
from valetkey.protocol.token_request import (
    client_credentials_request,
    code_request,
    http_request,
    refresh_request,
)
from valetkey.values import ClientAuthentication, Secret, Session, Token
from valetkey.wire import HttpRequest

NOW = 1_700_000_000.0
TEN_YEARS = 10 * 365 * 86_400
FORM_TYPE = "application/x-www-form-urlencoded"
FORM_HEADERS = (("Content-Type", FORM_TYPE), ("Accept", "application/json"))
CANARY = "canary-5f1d"

CODE = Secret("code-canary")
OLD = Token(Secret("old-access"), NOW - 3600, NOW, Secret("old-refresh"), ("read", "write"))
SESSION = Session(OLD, CLIENT, SERVER, MCP, requested_scope=("read", "write"))
CONFIDENTIAL = replace(CLIENT, secret=Secret("s3cret"))


def parse(document, status=200, requested_scope=None):
    return parse_token(json_answer(document, status=status), now=NOW, requested_scope=requested_scope)


def bearer(**members):
    return {"access_token": "at", "token_type": "Bearer", **members}


def proved(request):
    """The request with the proof of a client that has at most a secret."""
    method = choose_authentication(request.client, request.server)
    return http_request(request, authenticate(request.client, method))


BUILDERS = {
    "code": lambda server, client: proved(code_request(replace(PENDING, server=server, client=client), CODE)),
    "refresh": lambda server, client: proved(
        refresh_request(replace(SESSION, server=server, client=client), Secret("old-refresh"))
    ),
    "client credentials": lambda server, client: proved(
        client_credentials_request(server, client, resource=MCP, scope=("read", "write"))
    ),
}
each_builder = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)


@requirement("ASM-14", "SEC-1", "TOK-10")
@each_builder
@pytest.mark.parametrize(
    "endpoint", [None, "http://as.example/token", "https://u:p@as.example/token", "file:///x", "token"]
)
def test_nothing_is_sent_where_no_credential_may_go(build, endpoint):
    with pytest.raises(InsecureEndpoint, match="The token endpoint") as raised:
        build(replace(SERVER, token_endpoint=endpoint), CONFIDENTIAL)
    said = hostile.everything_said_by(raised.value)
    assert not any(secret in said for secret in ("code-canary", "verifier-canary", "old-refresh", "s3cret"))


@requirement("TOK-1", "TOK-2", "TOK-3", "RES-1", "RES-2", "RES-8", "REF-1")
def test_the_request_for_a_code_is_exactly_this():
    request = proved(code_request(PENDING, CODE))
    assert request == HttpRequest(
        method="POST",
        url=TOKEN_ENDPOINT,
        purpose="exchange the code for a token",
        headers=FORM_HEADERS,
        body=(
            b"grant_type=authorization_code"
            b"&code=code-canary"
            b"&redirect_uri=http%3A%2F%2F127.0.0.1%3A49152%2Fcallback"
            b"&code_verifier=verifier-canary-verifier-canary-verifier-can"
            b"&resource=https%3A%2F%2Fmcp.example%2Fmcp"
            b"&client_id=client-1"
        ),
        issuer=ISSUER,
        credentials_of=(ISSUER, ISSUER),
    )


@requirement("REF-4", "REF-10", "RES-1", "TOK-1")
def test_the_request_for_a_renewal_is_exactly_this():
    assert proved(refresh_request(SESSION, Secret("old-refresh"))) == HttpRequest(
        method="POST",
        url=TOKEN_ENDPOINT,
        purpose="renew the token",
        headers=FORM_HEADERS,
        body=(
            b"grant_type=refresh_token"
            b"&refresh_token=old-refresh"
            b"&resource=https%3A%2F%2Fmcp.example%2Fmcp"
            b"&client_id=client-1"
        ),
        issuer=ISSUER,
        credentials_of=(ISSUER, ISSUER),
    )


@requirement("RES-1", "TOK-1", "TOK-4")
def test_the_request_of_a_machine_is_exactly_this():
    request = proved(client_credentials_request(SERVER, CONFIDENTIAL, resource=MCP, scope=("read", "write")))
    assert request == HttpRequest(
        method="POST",
        url=TOKEN_ENDPOINT,
        purpose="prove this machine and get a token",
        headers=(*FORM_HEADERS, ("Authorization", "Basic Y2xpZW50LTE6czNjcmV0")),
        body=b"grant_type=client_credentials&resource=https%3A%2F%2Fmcp.example%2Fmcp&scope=read+write",
        issuer=ISSUER,
        credentials_of=(ISSUER,),
    )


@requirement("SCP-3")
@pytest.mark.parametrize("scope", [None, ()], ids=str)
def test_a_machine_without_a_scope_sends_none(scope):
    request = proved(client_credentials_request(SERVER, CONFIDENTIAL, resource=MCP, scope=scope))
    assert form_of(request) == [("grant_type", "client_credentials"), ("resource", MCP)]


@requirement("TOK-4", "TOK-5", "TOK-6", "REF-10")
@each_builder
@pytest.mark.parametrize(
    ("method", "proof", "headers"),
    [
        (ClientAuthentication.NONE, [("client_id", "client-1")], ()),
        (ClientAuthentication.POST, [("client_id", "client-1"), ("client_secret", "s3cret")], ()),
        (ClientAuthentication.BASIC, [], (("Authorization", "Basic Y2xpZW50LTE6czNjcmV0"),)),
    ],
    ids=str,
)
def test_every_grant_proves_the_client_in_the_same_way(build, method, proof, headers):
    request = build(SERVER, replace(CONFIDENTIAL, authentication=method))
    assert [pair for pair in form_of(request) if pair[0].startswith("client_")] == proof
    assert request.headers == (*FORM_HEADERS, *headers)
    assert "s3cret" not in request.url


@requirement("RES-1", "RES-5", "RES-7", "RES-8")
@pytest.mark.parametrize(
    "resource", ["https://mcp.example", "https://mcp.example/mcp/", "https://mcp.example/a?t=1&u=%20"]
)
def test_code_and_renewal_carry_the_same_resource_exactly_once(resource):
    requests = [
        code_request(replace(PENDING, resource=resource), CODE),
        refresh_request(replace(SESSION, resource=resource), Secret("r")),
        client_credentials_request(SERVER, CONFIDENTIAL, resource=resource, scope=None),
    ]
    for request in map(proved, requests):
        assert [value for name, value in form_of(request) if name == "resource"] == [resource]


@requirement("TOK-2", "RSP-10", "TOK-1")
def test_every_value_is_encoded_once():
    server = replace(SERVER, token_endpoint="https://as.example/token?tenant=x")
    login = replace(PENDING, server=server, client=replace(CLIENT, client_id="https://c.example/m"))
    request = proved(code_request(login, Secret("4/0AX+b=c&d é")))
    assert request.url == "https://as.example/token?tenant=x"
    assert form_of(request) == [
        ("grant_type", "authorization_code"),
        ("code", "4/0AX+b=c&d é"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", PENDING.verifier.reveal()),
        ("resource", MCP),
        ("client_id", "https://c.example/m"),
    ]


@requirement("REF-1")
@each_builder
def test_a_request_says_whose_credentials_it_carries(build):
    """The guard stops it when a client of one issuer is about to be shown to another."""
    request = build(SERVER, replace(CONFIDENTIAL, issuer="https://other.example"))
    assert request.issuer == ISSUER
    assert request.credentials_of[0] == "https://other.example"


@requirement("SEC-12")
@each_builder
def test_a_request_does_not_show_what_it_carries(build):
    shown = repr(build(SERVER, CONFIDENTIAL))
    assert not any(secret in shown for secret in ("code-canary", "verifier-canary", "old-refresh", "s3cret"))


@requirement("REF-9", "TOK-14")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(raw_answer(PAGE, status=502), id="502 with a page"),
        pytest.param(raw_answer(b"", status=503), id="503"),
        pytest.param(raw_answer(b"", status=429), id="429"),
        pytest.param(json_answer({"error": "invalid_grant"}, status=500), id="500 that calls itself a dead grant"),
        pytest.param(json_answer(bearer(), status=500), id="500 with a token"),
        pytest.param(json_answer({"error": "temporarily_unavailable"}, status=400), id="400 that says so"),
        pytest.param(json_answer({"error": "server_error"}, status=200), id="200 that says so"),
    ],
)
def test_a_server_that_cannot_answer_now_is_a_temporary_matter(answer):
    with pytest.raises(TemporaryError, match=r"^The token endpoint https://as\.example/token answered"):
        parse_token(answer, now=NOW, requested_scope=None)


@requirement("TOK-14", "REF-9", "RES-9")
@pytest.mark.parametrize(
    ("error", "kind", "hint"),
    [
        ("invalid_grant", Refused, "Log in again."),
        ("invalid_request", Refused, "Log in again."),
        ("unsupported_grant_type", Refused, "Log in again."),
        ("invalid_scope", Refused, "No scope was asked for: set scope= to what this server offers."),
        (
            "invalid_target",
            Refused,
            "The server does not issue tokens for this resource; check the URL of the MCP server.",
        ),
        ("invalid_client", ClientRefused, "Check client_id, client_secret and how this client may authenticate."),
        ("unauthorized_client", ClientRefused, "Check client_id, client_secret and how this client may authenticate."),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_a_refusal_says_what_to_do(error, kind, hint, status):
    with pytest.raises(Refused) as raised:
        parse({"error": error, "error_description": "told\x1b you", "error_uri": "https://evil.example"}, status=status)
    assert type(raised.value) is kind
    assert (
        str(raised.value)
        == rf'The token endpoint {TOKEN_ENDPOINT} refused ({status}): "{error}" "told\u001b you". {hint}'
    )
    assert (raised.value.error, raised.value.description) == (error, r"told\u001b you")
    assert (raised.value.status, raised.value.endpoint) == (status, TOKEN_ENDPOINT)


@requirement("TOK-14", "REF-9")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(raw_answer(b"", status=400), id="an empty 400"),
        pytest.param(raw_answer(PAGE, status=403), id="a page that forbids"),
        pytest.param(raw_answer(PAGE, status=404), id="a page that is not there"),
        pytest.param(json_answer({"error": {"code": 401}}, status=401), id="an error object"),
        pytest.param(json_answer(bearer(), status=400), id="a token with status 400"),
        pytest.param(json_answer(providers.SUPABASE_STALE_CLIENT, status=422), id="Supabase forgot the client"),
    ],
)
def test_a_refusal_without_a_code_is_not_taken_for_a_dead_grant(answer):
    with pytest.raises(
        Refused, match=r"refused \(4\d\d\): (without saying why|\"Unrecognized client_id\")\."
    ) as raised:
        parse_token(answer, now=NOW, requested_scope=None)
    assert raised.value.error is None
    assert type(raised.value) is Refused


@requirement("TOK-14")
def test_github_refuses_with_status_200_and_a_form():
    answer = raw_answer(providers.GITHUB_REFUSAL, media_type=f"{FORM_TYPE}; charset=utf-8")
    with pytest.raises(Refused, match=r'"bad_verification_code" "The code passed is incorrect or expired\."'):
        parse_token(answer, now=NOW, requested_scope=None)


@requirement("TOK-14")
def test_an_error_beside_a_token_is_an_error():
    with pytest.raises(Refused) as raised:
        parse(bearer(access_token=CANARY, error="invalid_grant"))
    assert CANARY not in hostile.everything_said_by(raised.value)


@requirement("TOK-14", "GEN-7")
@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(PAGE, id="HTML"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"token"', id="string"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param(b'{"a":' * 100_000, id="nested too deeply"),
    ],
)
def test_a_success_that_cannot_be_read_is_malformed(body, status):
    with pytest.raises(MalformedDocument, match="something that is no token"):
        parse_token(raw_answer(body, status=status), now=NOW, requested_scope=None)


@requirement("TOK-10")
@pytest.mark.parametrize("status", [202, 204])
def test_a_status_that_is_no_success_is_none_even_with_a_token(status):
    with pytest.raises(MalformedDocument, match=f"answered {status} with something that is no token"):
        parse(bearer(), status=status)


@requirement("TOK-10")
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_a_refusal_even_with_a_token(status):
    """Row A4."""
    with pytest.raises(Refused, match=rf"refused \({status}\)") as caught:
        parse(bearer(), status=status)
    assert (caught.value.status, caught.value.error) == (status, None)


@requirement("TOK-11", "GEN-7")
@pytest.mark.parametrize(
    "access_token",
    [
        pytest.param(None, id="absent"),
        pytest.param("", id="empty"),
        pytest.param("a b", id="a space"),
        pytest.param("at\n", id="a line break"),
        pytest.param("at\r\nX-Injected: 1", id="a header of its own"),
        pytest.param("at\x00", id="a zero byte"),
        pytest.param("at\x7f", id="delete"),
        pytest.param("caf\u00e9", id="a letter outside ASCII"),
        pytest.param("\u202eta", id="reversed writing direction"),
    ],
)
def test_an_access_token_that_no_header_can_carry_is_none(access_token):
    with pytest.raises(MalformedDocument, match="without an access token that a header can carry") as raised:
        parse({"access_token": access_token, "token_type": "Bearer"})
    assert raised.value.member == "access_token"


@requirement("TOK-13")
def test_an_access_token_may_hold_any_visible_character():
    visible = "".join(chr(code) for code in range(0x21, 0x7F))
    assert parse(bearer(access_token=visible)).access_token == Secret(visible)


UNREADABLE = [True, [CANARY], {"value": CANARY}, CANARY + "\ud800", CANARY.ljust(wire.LONGEST_TEXT + 1, "a")]


@requirement("GEN-7", "SEC-12")
@pytest.mark.parametrize("value", UNREADABLE, ids=lambda value: ascii(value)[:20])
def test_an_access_token_of_the_wrong_type_is_named_and_not_shown(value):
    """Row I11."""
    with pytest.raises(MalformedDocument, match="'access_token'") as raised:
        parse(bearer(access_token=value))
    assert raised.value.member == "access_token"
    assert CANARY not in hostile.everything_said_by(raised.value)


@requirement("GEN-7", "TOK-13")
@pytest.mark.parametrize("member", ["refresh_token", "id_token", "scope", "expires_in"])
@pytest.mark.parametrize("value", [*UNREADABLE, "", None], ids=lambda value: ascii(value)[:20])
def test_the_issued_token_is_not_lost_for_a_member_that_cannot_be_read(member, value):
    """Row I11."""
    token = parse(bearer(**{member: value}), requested_scope=("read",))
    assert token.access_token == Secret("at")
    if member == "scope" and isinstance(value, str) and value.isprintable() and value:
        return  # a long scope is one
    assert token == parse(bearer(), requested_scope=("read",))


@requirement("TOK-11", "SEC-12")
@pytest.mark.parametrize("token_type", ["mac", "N_A", "example", "Bearer ", 1, True, ["Bearer"], {}], ids=str)
def test_a_token_of_another_type_is_of_no_use(token_type):
    with pytest.raises(Unsupported, match="issued a token of the type") as raised:
        parse({"access_token": CANARY, "refresh_token": CANARY, "token_type": token_type})
    assert CANARY not in hostile.everything_said_by(raised.value)


@requirement("TOK-11")
@pytest.mark.parametrize("token_type", ["Bearer", "bearer", "BEARER"])
def test_the_case_of_the_token_type_does_not_matter(token_type):
    assert parse(bearer(token_type=token_type)).access_token == Secret("at")


@pytest.mark.parametrize("document", [{"access_token": "at"}, bearer(token_type=None), bearer(token_type="")], ids=str)
def test_a_token_type_that_is_left_out_is_bearer(document):
    assert parse(document).access_token == Secret("at")


@requirement("REF-2", "TOK-12")
def test_an_answer_may_hold_nothing_but_a_token():
    assert parse(bearer()) == Token(Secret("at"), NOW, expires_at=None, refresh_token=None, scope=None)


@requirement("TOK-12", "TOK-13", "SCP-12")
def test_a_whole_answer_is_read():
    document = bearer(
        access_token="not.a.jwt",
        expires_in=3600,
        refresh_token="rt",
        scope="read",
        id_token="x.y.z",
        example_parameter="v",
    )
    assert parse(document, requested_scope=("read", "write")) == Token(
        access_token=Secret("not.a.jwt"),
        obtained_at=NOW,
        expires_at=NOW + 3600,
        refresh_token=Secret("rt"),
        scope=("read",),
        id_token=Secret("x.y.z"),
    )


@requirement("TOK-11")
def test_the_example_of_rfc_6749_has_a_type_of_its_own():
    document = {
        "access_token": "2YotnFZFEjr1zCsicMWpAA",
        "token_type": "example",
        "expires_in": 3600,
        "refresh_token": "tGzv3JOkF0XG5Qx2TlKWIA",
        "example_parameter": "example_value",
    }
    with pytest.raises(Unsupported, match='"example"'):
        parse(document)
    assert parse({**document, "token_type": "bearer"}).refresh_token == Secret("tGzv3JOkF0XG5Qx2TlKWIA")


@requirement("TOK-12")
def test_entra_writes_its_numbers_as_text():
    token = parse(providers.ENTRA_TOKEN, requested_scope=("api://x/.default",))
    assert (token.expires_at, token.scope) == (NOW + 3599, ("api://x/.default",))


def test_supabase_answers_201():
    token = parse(providers.SUPABASE_TOKEN, status=201)
    assert (token.access_token, token.expires_at) == (Secret("sbp_1"), NOW + 86_400)


@requirement("SCP-12")
def test_github_answers_a_form_and_puts_commas_between_scopes():
    answer = raw_answer(providers.GITHUB_TOKEN, media_type=f"{FORM_TYPE}; charset=utf-8")
    assert parse_token(answer, now=NOW, requested_scope=("repo", "gist")) == Token(
        Secret("gho_16C7e42F292c6912E7710c838347Ae178B4a"), NOW, scope=("repo", "gist")
    )


@requirement("SCP-12", "SCP-11", "REF-11")
@pytest.mark.parametrize(
    ("granted", "requested", "scope"),
    [
        pytest.param(None, ("read",), ("read",), id="absent: as requested"),
        pytest.param("", ("read",), ("read",), id="empty: as requested"),
        pytest.param(None, None, None, id="never mentioned"),
        pytest.param("read", ("read", "write"), ("read",), id="less than requested"),
        pytest.param("other", ("read",), ("other",), id="something else"),
        pytest.param("read  write read", None, ("read", "write"), id="each once"),
        pytest.param("Read", ("read",), ("Read",), id="case counts"),
        pytest.param("repo,gist", ("repo", "gist"), ("repo", "gist"), id="commas"),
        pytest.param("a,b", ("a,b",), ("a,b",), id="a comma that is part of the scope"),
        pytest.param("a,b c", None, ("a,b", "c"), id="commas and spaces: spaces separate"),
        pytest.param(["read"], ("read", "write"), ("read", "write"), id="a list: as requested"),
    ],
)
def test_the_scope_that_was_granted(granted, requested, scope):
    assert parse(bearer(scope=granted), requested_scope=requested).scope == scope


@requirement("TOK-12")
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param(3600, 3600.0, id="a number"),
        pytest.param(3599.5, 3599.5, id="a fraction"),
        pytest.param("3600", 3600.0, id="a number as text"),
        pytest.param(0.5, 0.5, id="half a second"),
        pytest.param(" 3600.5 ", 3600.5, id="a fraction as text"),
        pytest.param(10**12, TEN_YEARS, id="too long is ten years"),
        pytest.param(1e300, TEN_YEARS, id="much too long is ten years"),
        pytest.param(None, None, id="absent"),
        pytest.param(0, None, id="zero says nothing"),
        pytest.param("0", None, id="zero as text says nothing"),
        pytest.param(-1, None, id="negative"),
        pytest.param(True, None, id="true is no number"),
        pytest.param(math.nan, None, id="not a number"),
        pytest.param(math.inf, None, id="infinite"),
        pytest.param("nan", None, id="not a number as text"),
        pytest.param("Infinity", None, id="infinite as text"),
        pytest.param(10**400, None, id="a number no float can hold"),
        pytest.param("9" * 5_000, None, id="the same as text"),
        pytest.param("3600".rjust(41), None, id="too long a text"),
        pytest.param("", None, id="empty"),
        pytest.param("one hour", None, id="words"),
        pytest.param("2030-01-01T00:00:00Z", None, id="a date"),
        pytest.param([3600], None, id="a list"),
    ],
)
def test_how_long_a_token_lives(value, seconds):
    assert read_lifetime(value) == seconds


@pytest.mark.parametrize(
    ("member", "written"), [("NaN", None), ("Infinity", None), ("1e400", None), ("3600", NOW + 3600)]
)
def test_numbers_that_json_should_not_have_do_no_harm(member, written):
    body = f'{{"access_token": "at", "token_type": "Bearer", "expires_in": {member}}}'.encode()
    assert parse_token(raw_answer(body), now=NOW, requested_scope=None).expires_at == written


@requirement("REF-5")
@pytest.mark.parametrize(
    ("answered", "kept"),
    [
        pytest.param(Secret("new-refresh"), Secret("new-refresh"), id="a new one replaces the old one"),
        pytest.param(None, Secret("old-refresh"), id="none: the old one stays"),
    ],
)
def test_the_refresh_token_after_a_renewal(answered, kept):
    answer = Token(Secret("new-access"), NOW, NOW + 60, answered, ("read",))
    assert renewed(OLD, answer) == Token(Secret("new-access"), NOW, NOW + 60, kept, ("read",))


@requirement("REF-11", "SCP-12")
@pytest.mark.parametrize(
    ("answered", "kept"),
    [
        pytest.param(("read",), ("read",), id="less"),
        pytest.param(None, ("read", "write"), id="not mentioned: as before"),
    ],
)
def test_the_scope_after_a_renewal(answered, kept):
    assert renewed(OLD, Token(Secret("new-access"), NOW, scope=answered)).scope == kept


def test_the_expiry_after_a_renewal_is_the_new_one_even_when_there_is_none():
    assert renewed(OLD, Token(Secret("new-access"), NOW)).expires_at is None


@requirement("REF-2")
def test_a_renewal_cannot_make_a_refresh_token_out_of_nothing():
    assert renewed(replace(OLD, refresh_token=None), Token(Secret("a"), NOW)).refresh_token is None


@requirement("SEC-12")
def test_a_token_does_not_show_itself():
    shown = repr(parse(bearer(access_token=CANARY, refresh_token=CANARY)))
    assert CANARY not in shown


GOOD = {"access_token": "at", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "rt", "scope": "a b"}
scopes = st.one_of(st.none(), st.lists(st.sampled_from(["a", "b", "a,b"]), unique=True, min_size=1).map(tuple))


@requirement("GEN-7", "TOK-12", "TOK-14", "SCP-12")
@given(hostile.answers(GOOD), scopes)
def test_any_answer_is_a_token_or_an_error_of_ours(answer, requested_scope):
    found = hostile.outcome(lambda: parse_token(answer, now=NOW, requested_scope=requested_scope))
    if isinstance(found, AuthError):
        assert found.hint in str(found)
    else:
        assert found.access_token.reveal().isascii()
        assert found.access_token.reveal().isprintable()


@requirement("GEN-7", "TOK-12", "SCP-12")
@given(hostile.documents(GOOD), scopes)
def test_any_answer_with_a_token_is_kept_in_bounds(document, requested_scope):
    found = hostile.outcome(lambda: parse({**document, "access_token": "at"}, requested_scope=requested_scope))
    if isinstance(found, AuthError):
        assert found.hint in str(found)
    else:
        assert found.expires_at is None or NOW < found.expires_at <= NOW + TEN_YEARS
        assert found.scope is None or (all(found.scope) and len(set(found.scope)) == len(found.scope))
