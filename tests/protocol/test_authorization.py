# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The authorization request, and the answer that comes back through the browser."""

from dataclasses import replace
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import hostile
from tests.protocol.answers import ISSUER, PENDING, REDIRECT, SERVER
from tests.requirements import requirement
from valetkey.errors import (
    AuthError,
    InsecureEndpoint,
    IssuerMismatch,
    LoginFailed,
    MalformedDocument,
    StateMismatch,
    TemporaryError,
)
from valetkey.errors.texts import harmless
from valetkey.protocol.authorization import authorization_url, code_challenge, parse_callback
from valetkey.values import Secret

STATE = PENDING.state.reveal()
CODE = "code-canary"
CHALLENGE = code_challenge(PENDING.verifier)
PARAMETERS = [
    ("response_type", "code"),
    ("client_id", "client-1"),
    ("redirect_uri", REDIRECT),
    ("state", STATE),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
    ("resource", "https://mcp.example/mcp"),
    ("scope", "read write"),
]


def pending(endpoint=None, *, advertised=False, **changes):
    endpoint = SERVER.authorization_endpoint if endpoint is None else endpoint
    server = replace(SERVER, authorization_endpoint=endpoint, iss_parameter_supported=advertised)
    return replace(PENDING, server=server, **changes)


def query_of(url):
    return parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)


def callback(**parameters):
    return f"{REDIRECT}?{urlencode(parameters)}"


@requirement("AUT-2", "AUT-3")
def test_the_challenge_of_rfc_7636_appendix_b():
    verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@requirement("AUT-13", "AUT-14")
def test_no_shell_reads_a_command_in_what_is_opened():
    url = authorization_url(pending("https://as.example/$(calc.exe)/authorize?a='b';c&d=%24!*"))
    assert url.startswith(
        "https://as.example/%24%28calc.exe%29/authorize?a=%27b%27%3Bc&d=%24%21%2A&response_type=code&"
    )
    assert not set("$()';!*`") & set(url)
    assert query_of(url)[:2] == [("a", "'b';c"), ("d", "$!*")]


@requirement("AUT-11", "AUT-12", "AUT-14", "SEC-1")
@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param("", id="none"),
        pytest.param("http://as.example/authorize", id="plain http"),
        pytest.param("javascript:alert(1)", id="javascript"),
        pytest.param("JAVASCRIPT:alert(1)", id="javascript in capitals"),
        pytest.param(" javascript:alert(1)", id="javascript after a space"),
        pytest.param("java\nscript:alert(1)", id="javascript in two lines"),
        pytest.param("data:text/html,x", id="data"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("vbscript:x", id="vbscript"),
        pytest.param("https://good.example@evil.example/", id="user information"),
        pytest.param("https://as.example/authorize#f", id="a fragment"),
        pytest.param("https://as.example/`id`", id="backticks"),
        pytest.param('https://as.example/"&calc', id="a quote"),
        pytest.param("https://as.example/$(id)\x00", id="a zero byte"),
        pytest.param("--help", id="an option of a program"),
    ],
)
def test_what_must_not_be_opened_in_a_browser_is_refused(endpoint):
    with pytest.raises(InsecureEndpoint, match="The authorization endpoint"):
        authorization_url(pending(endpoint))


def test_a_server_without_an_authorization_endpoint_opens_no_browser():
    server = replace(SERVER, authorization_endpoint=None)
    with pytest.raises(InsecureEndpoint, match='The authorization endpoint "" is not an http'):
        authorization_url(replace(PENDING, server=server))


@requirement("AUT-1", "AUT-2", "AUT-3", "AUT-6", "AUT-9", "RES-1", "RES-2", "RES-8", "VER-6")
def test_the_request_is_exactly_this():
    assert authorization_url(PENDING) == (
        "https://as.example/authorize"
        "?response_type=code"
        "&client_id=client-1"
        "&redirect_uri=http%3A%2F%2F127.0.0.1%3A49152%2Fcallback"
        "&state=state-canary"
        f"&code_challenge={CHALLENGE}"
        "&code_challenge_method=S256"
        "&resource=https%3A%2F%2Fmcp.example%2Fmcp"
        "&scope=read+write"
    )
    assert query_of(authorization_url(PENDING)) == PARAMETERS


@requirement("SCP-3")
@pytest.mark.parametrize("scope", [None, ()], ids=str)
def test_a_scope_that_is_not_there_is_left_out_and_not_sent_empty(scope):
    assert query_of(authorization_url(pending(scope=scope))) == PARAMETERS[:-1]


@requirement("RES-5", "RES-7")
@pytest.mark.parametrize(
    "resource", ["https://mcp.example", "https://mcp.example/", "https://mcp.example/mcp/?t=1&x=%20"]
)
def test_the_resource_goes_out_exactly_as_it_is(resource):
    assert ("resource", resource) in query_of(authorization_url(pending(resource=resource)))
    assert f"resource={quote_plus(resource)}" in authorization_url(pending(resource=resource))


@requirement("AUT-11")
@pytest.mark.parametrize(
    ("endpoint", "beginning"),
    [
        pytest.param("https://as.example/a?tenant=x", "https://as.example/a?tenant=x&response_type=code", id="kept"),
        pytest.param(
            "https://as.example/a?x=a%20b+c%FF", "https://as.example/a?x=a%20b+c%FF&response_", id="byte by byte"
        ),
        pytest.param(
            "https://as.example/a?flag&x=", "https://as.example/a?flag&x=&response_type=code", id="without value"
        ),
        pytest.param(
            "https://as.example/a?a=1&a=2", "https://as.example/a?a=1&a=2&response_type=code", id="theirs, repeated"
        ),
        pytest.param("https://as.example/a?", "https://as.example/a?response_type=code", id="an empty query"),
        pytest.param(
            "https://as.example/a?&&b=1", "https://as.example/a?b=1&response_type=code", id="empty parameters"
        ),
        pytest.param("https://as.example?p=1", "https://as.example?p=1&response_type=code", id="no path"),
        pytest.param("HTTPS://AS.example/a", "https://AS.example/a?response_type=code", id="capitals"),
    ],
)
def test_what_the_endpoint_already_asks_is_kept(endpoint, beginning):
    assert authorization_url(pending(endpoint)).startswith(beginning)


@requirement("AUT-11", "RES-8", "AUT-5")
@pytest.mark.parametrize(
    "query",
    [
        "state=fixed",
        "code_challenge_method=plain&x=1",
        "resource=https%3A%2F%2Fevil.example",
        "st%61te=fixed",
        "scope&scope=a",
    ],
)
def test_our_parameters_are_never_repeated(query):
    asked = query_of(authorization_url(pending(f"https://as.example/authorize?{query}")))
    assert [pair for pair in asked if pair[0] != "x"] == PARAMETERS


@requirement("AUT-11", "AUT-6", "AUT-3")
@given(st.lists(st.sampled_from([*"&=;+%?/:ax", "state", "scope", "resource", "%73", "client_id", "a=b"])).map("".join))
def test_whatever_query_the_endpoint_has_ours_are_asked_once(query):
    url = authorization_url(pending(f"https://as.example/authorize?{query}"))
    asked = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    assert [pair for pair in asked if pair[0] in dict(PARAMETERS)] == PARAMETERS


@requirement("AUT-6", "AUT-7", "RSP-8", "RSP-9")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("", id="nothing"),
        pytest.param(REDIRECT, id="no query"),
        pytest.param(f"{REDIRECT}?code={CODE}", id="no state"),
        pytest.param(f"{REDIRECT}?code={CODE}&state=", id="an empty state"),
        pytest.param(f"{REDIRECT}?code={CODE}&state", id="a state without value"),
        pytest.param(f"{REDIRECT}?code={CODE}&state=other", id="another state"),
        pytest.param(f"{REDIRECT}?code={CODE}&state={STATE.upper()}", id="the state in capitals"),
        pytest.param(f"{REDIRECT}?code={CODE}&state={STATE}x", id="the state and more"),
        pytest.param(f"{REDIRECT}?code={CODE}&state={STATE[:-1]}", id="the state cut off"),
        pytest.param(f"{REDIRECT}?code={CODE}&state=%20{STATE}", id="the state after a space"),
        pytest.param(f"{REDIRECT}?code={CODE}&STATE={STATE}", id="the name in capitals"),
        pytest.param(f"{REDIRECT}?error=access_denied&state=other", id="an error with another state"),
        pytest.param(f"{REDIRECT}#code={CODE}&state={STATE}", id="everything in the fragment"),
        pytest.param(f"{REDIRECT}?code={CODE}&state={STATE}&state={STATE}", id="the state twice"),
        pytest.param(f"{REDIRECT}?code={CODE}&code=b&state={STATE}", id="the code twice"),
        pytest.param(
            f"{REDIRECT}?code={CODE}&state={STATE}&iss={ISSUER}&iss=https://evil.example", id="the issuer twice"
        ),
        pytest.param(f"{REDIRECT}?code={CODE}&state={STATE}&c%6Fde=b", id="the code twice, once encoded"),
        pytest.param(f"{REDIRECT}?code={CODE}&state={STATE}&x=1&x=1", id="an unknown parameter twice"),
        pytest.param(f"{REDIRECT}?code={CODE}&state={STATE}&" + "&".join(f"p{n}=" for n in range(99)), id="too many"),
        pytest.param(f"http://[127.0.0.1?code={CODE}&state={STATE}", id="no URL"),
        pytest.param(f"http://127.0.0.1\u2100/?code={CODE}&state={STATE}", id="a host that is none"),
        pytest.param(f"{REDIRECT}?code={CODE}&state=\ud800", id="half a surrogate pair as state"),
        pytest.param(f"{REDIRECT}?code={CODE}\ud800&state={STATE}", id="half a surrogate pair in the code"),
    ],
)
def test_an_answer_that_does_not_prove_to_be_ours_is_discarded(answer):
    with pytest.raises(StateMismatch) as raised:
        parse_callback(answer, PENDING)
    said = hostile.everything_said_by(raised.value)
    assert CODE not in said
    assert STATE not in said
    assert raised.value.hint in str(raised.value)


@requirement("RSP-9")
def test_a_repeated_parameter_makes_the_answer_invalid():
    with pytest.raises(StateMismatch, match="repeats a parameter"):
        parse_callback(f"{REDIRECT}?code=a&code=b&state={STATE}", PENDING)


@requirement("AUT-8", "RSP-12", "SEC-15")
def test_the_answers_of_two_logins_cannot_be_swapped():
    other = replace(PENDING, state=Secret("state-of-another-login"))
    for mine, theirs in ((PENDING, other), (other, PENDING)):
        with pytest.raises(StateMismatch):
            parse_callback(callback(code=CODE, state=mine.state.reveal()), theirs)


WRONG_ISSUERS = [
    pytest.param("https://evil.example", id="another host"),
    pytest.param("https://as.example/", id="a last slash"),
    pytest.param("https://AS.example", id="capitals"),
    pytest.param("HTTPS://as.example", id="the scheme in capitals"),
    pytest.param("https://as.example:443", id="the default port"),
    pytest.param("https://%61s.example", id="percent-encoding that stays after decoding"),
    pytest.param(" https://as.example", id="a space"),
    pytest.param("https://as.example\n", id="a line break"),
    pytest.param("", id="empty"),
]


@requirement("RSP-1", "RSP-3", "RSP-5", "RSP-6", "SEC-15")
@pytest.mark.parametrize("advertised", [True, False], ids=["advertised", "not advertised"])
@pytest.mark.parametrize("iss", WRONG_ISSUERS)
def test_an_answer_of_another_issuer_is_rejected_before_its_code_is_given_out(iss, advertised):
    with pytest.raises(IssuerMismatch, match=r"does not come from https://as\.example") as raised:
        parse_callback(callback(code=CODE, state=STATE, iss=iss), pending(advertised=advertised))
    assert (raised.value.expected, raised.value.received) == (ISSUER, harmless(iss))
    assert CODE not in hostile.everything_said_by(raised.value)


@requirement("RSP-2")
def test_an_answer_without_the_advertised_issuer_is_rejected():
    with pytest.raises(IssuerMismatch) as raised:
        parse_callback(callback(code=CODE, state=STATE), pending(advertised=True))
    assert raised.value.received is None


@requirement("RSP-7")
@pytest.mark.parametrize(
    "parameters",
    [{"iss": "https://evil.example"}, {"iss": "https://as.example/"}, {"iss": ""}],
    ids=["another host", "a last slash", "empty"],
)
def test_an_error_of_another_issuer_is_neither_acted_on_nor_shown(parameters):
    forged = callback(
        error="access_denied",
        error_description="call 555-0100",
        error_uri="https://evil.example/e",
        state=STATE,
        **parameters,
    )
    with pytest.raises(IssuerMismatch) as raised:
        parse_callback(forged, pending(advertised=True))
    for text in ("access_denied", "555", "evil"):
        assert text not in str(raised.value)


@requirement("RSP-2", "RSP-11")
@pytest.mark.parametrize("error", ["access_denied", "invalid_scope", "server_error"])
def test_an_error_without_the_advertised_issuer_is_told_in_the_servers_words(error):
    """django-oauth-toolkit. A code without it stays refused, and so does an error of another issuer."""
    answer = callback(error=error, error_description="no, thanks", state=STATE)
    with pytest.raises((LoginFailed, TemporaryError)) as raised:
        parse_callback(answer, pending(advertised=True))
    assert f'"{error}" "no, thanks", in an answer that lacks the iss which it promises.' in str(raised.value)
    assert raised.value.hint != "Check the settings of this client at that server."
    with pytest.raises(IssuerMismatch):
        parse_callback(callback(code=CODE, state=STATE), pending(advertised=True))


@requirement("AUT-6", "AUT-7", "RSP-11")
@pytest.mark.parametrize("state", [{}, {"state": ""}], ids=["none", "empty"])
@pytest.mark.parametrize(
    ("description", "quoted"),
    [({}, '"access_denied"'), ({"error_description": "Ask\x1b your boss."}, r'"access_denied" "Ask\u001b your boss."')],
    ids=["the code alone", "a description"],
)
def test_an_error_without_a_state_is_quoted_and_not_called_forged(state, description, quoted):
    """Row F3."""
    with pytest.raises(StateMismatch) as raised:
        parse_callback(callback(error="access_denied", **description, **state), PENDING)
    assert "came without a state" in raised.value.message
    assert raised.value.message.endswith(f"It says: {quoted}.")
    assert "forged" not in str(raised.value)
    assert "log in again" in raised.value.hint


@requirement("AUT-6", "AUT-7")
def test_an_error_with_another_state_is_not_quoted():
    with pytest.raises(StateMismatch, match="another login, or was forged") as raised:
        parse_callback(callback(error="access_denied", error_description="call 555", state="other"), PENDING)
    assert "access_denied" not in str(raised.value)
    assert "555" not in str(raised.value)


@requirement("RSP-1", "RSP-3", "RSP-4", "RSP-5")
@pytest.mark.parametrize(
    ("advertised", "query"),
    [
        pytest.param(True, "&iss=https%3A%2F%2Fas.example", id="advertised and the same"),
        pytest.param(False, "&iss=https%3A%2F%2Fas.example", id="not advertised and the same"),
        pytest.param(False, "", id="not advertised and absent"),
        pytest.param(True, "&iss=https://as.example", id="not encoded"),
        pytest.param(True, "&iss=%68ttps%3a//as.example", id="encoded oddly, and decoded once"),
    ],
)
def test_an_answer_of_the_right_issuer_gives_its_code(advertised, query):
    answer = f"{REDIRECT}?code={CODE}&state={STATE}{query}"
    assert parse_callback(answer, pending(advertised=advertised)) == Secret(CODE)


@requirement("RSP-1")
def test_the_examples_of_rfc_9207():
    server = replace(SERVER, issuer="https://honest.as.example", iss_parameter_supported=True)
    login = replace(PENDING, server=server, state=Secret("ZWVlNDBlYzA1NjdkMDNhYjg3ZjUxZjAyNGQzMTM2NzI"))
    answer = (
        "https://client.example/cb?code=x1848ZT64p4IirMPT0R-X3141MFPTuBX-VFL_cvaplMH58"
        "&state=ZWVlNDBlYzA1NjdkMDNhYjg3ZjUxZjAyNGQzMTM2NzI&iss=https%3A%2F%2Fhonest.as.example"
    )
    assert parse_callback(answer, login).reveal() == "x1848ZT64p4IirMPT0R-X3141MFPTuBX-VFL_cvaplMH58"


@requirement("RSP-10")
@pytest.mark.parametrize(
    "code",
    [
        pytest.param("SplxlOBeZQQYbYS6WxSbIA", id="the example of RFC 6749"),
        pytest.param("c" * 4096, id="4 KiB"),
        pytest.param("4/0AX+b=c&d e%2F", id="characters that were encoded"),
        pytest.param("é€\U0001f511", id="text outside ASCII"),
    ],
)
def test_a_code_may_be_anything_and_unknown_parameters_are_ignored(code):
    answer = callback(session_state="x", code=code, scope="a b", authuser="0", state=STATE, prompt="")
    assert parse_callback(answer, PENDING).reveal() == code


@pytest.mark.parametrize("query", ["", "&code=", "&code", "&Code=x"])
def test_an_answer_without_a_code_is_malformed(query):
    with pytest.raises(MalformedDocument, match="without a code") as raised:
        parse_callback(f"{REDIRECT}?state={STATE}{query}", PENDING)
    assert raised.value.member == "code"


@requirement("RSP-11", "RES-9")
@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("access_denied", "Log in and allow it."),
        ("invalid_scope", 'It was asked for "read write": set scope= to what this server offers.'),
        ("invalid_target", "The server issues no tokens for this resource; check the URL of the MCP server."),
        ("invalid_request", "Check the settings of this client at that server."),
        ("unauthorized_client", "Check the settings of this client at that server."),
        ("unsupported_response_type", "Check the settings of this client at that server."),
        ("", "Check the settings of this client at that server."),
    ],
)
def test_an_error_ends_the_login_and_says_what_to_do(error, hint):
    with pytest.raises(LoginFailed) as raised:
        parse_callback(callback(error=error, state=STATE), PENDING)
    assert str(raised.value) == f'{ISSUER} declined the login: "{error}". {hint}'
    assert raised.value.error == error


UNASKED = {
    "consent_required": "agree to what is asked",
    "interaction_required": "finish what it asks of you",
    "login_required": "Log in at that server",
    "account_selection_required": "Choose your account",
}


@requirement("RSP-11")
@pytest.mark.parametrize(
    ("error", "advice"), [*UNASKED.items(), ("unmet_authentication_requirements", "a second factor")]
)
def test_an_error_that_the_person_can_end_says_what_the_person_does(error, advice):
    """Row F4."""
    with pytest.raises(LoginFailed) as raised:
        parse_callback(callback(error=error, state=STATE), PENDING)
    assert advice in raised.value.hint
    assert "settings" not in raised.value.hint


@requirement("RSP-11")
@pytest.mark.parametrize("error", UNASKED)
@pytest.mark.parametrize("parameter", ["none", "none login"])
def test_a_setting_that_forbids_to_ask_the_person_is_named(error, parameter):
    """Row F4."""
    login = replace(PENDING, parameters=(("prompt", parameter),))
    with pytest.raises(LoginFailed) as raised:
        parse_callback(callback(error=error, state=STATE), login)
    assert "prompt=none out of authorization_parameters=" in raised.value.hint


@requirement("RSP-11")
@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable"])
def test_an_error_of_the_server_itself_is_a_temporary_matter(error):
    with pytest.raises(TemporaryError, match=f'could not complete the login: "{error}"'):
        parse_callback(callback(error=error, state=STATE), PENDING)


@requirement("RSP-11", "GEN-7")
def test_the_words_of_the_server_are_shown_harmlessly_and_shortened():
    answer = callback(error="access_denied", error_description="\x1b[2J<b>" + "x" * 500, state=STATE)
    with pytest.raises(LoginFailed) as raised:
        parse_callback(answer, PENDING)
    assert r'"access_denied" "\u001b[2J<b>' in str(raised.value)
    assert len(str(raised.value)) < 400


@requirement("RSP-11")
def test_an_error_beside_a_code_is_an_error():
    with pytest.raises(LoginFailed) as raised:
        parse_callback(callback(code=CODE, error="access_denied", state=STATE), PENDING)
    assert CODE not in hostile.everything_said_by(raised.value)


@requirement("SEC-12")
def test_a_pending_login_shows_neither_state_nor_verifier():
    assert STATE not in repr(PENDING)
    assert PENDING.verifier.reveal() not in repr(PENDING)


@requirement("AUT-6", "RSP-10")
@given(st.text(min_size=1), st.text(min_size=1), st.dictionaries(st.text(min_size=8), st.text(), max_size=5))
def test_an_answer_with_the_state_of_the_request_gives_its_code(code, state, others):
    login = replace(PENDING, state=Secret(state))
    asked = dict(query_of(authorization_url(login)))
    others = {name: value for name, value in others.items() if name not in ("code", "state", "iss", "error")}
    assert parse_callback(callback(**{**others, "state": asked["state"], "code": code}), login) == Secret(code)


pieces = st.one_of(st.sampled_from([f"code={CODE}", f"iss={ISSUER}", "error=x", "code=", "x=1"]), hostile.urls)
hostile_answers = st.builds(
    lambda pairs, state: f"{REDIRECT}?{'&'.join([*pairs, state])}",
    st.lists(pieces, max_size=3),
    st.sampled_from([f"state={STATE}", f"state={STATE}", "state=x"]),
)


@requirement("AUT-6", "GEN-7", "RSP-9")
@given(st.one_of(hostile_answers, hostile.urls), st.booleans())
def test_any_answer_is_a_code_or_an_error_of_ours(answer, advertised):
    found = hostile.outcome(lambda: parse_callback(answer, pending(advertised=advertised)))
    if isinstance(found, AuthError):
        assert found.hint in str(found)
        assert STATE not in str(found)
    else:
        assert found.reveal()
        assert f"state={STATE}" in answer
        assert f"iss={ISSUER}" in answer or not advertised
