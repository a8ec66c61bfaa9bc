# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Reading WWW-Authenticate: the grammar of RFC 9110 §11, the parameters of RFC 6750 and RFC 9728."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import hostile
from tests.protocol import providers
from tests.requirements import requirement
from valetkey.protocol.challenge import Challenge, challenge_to_answer, parse_challenges

METADATA = "https://mcp.example/.well-known/oauth-protected-resource"
TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def challenge(scheme, *parameters, token68=None):
    return Challenge(scheme, token68, parameters)


@requirement("WWW-1", "WWW-11")
@pytest.mark.parametrize(
    ("fields", "challenges"),
    [
        pytest.param([], (), id="no field at all"),
        pytest.param([""], (), id="an empty field"),
        pytest.param([" \t,, ,"], (), id="nothing but commas"),
        pytest.param(['"Bearer"'], (), id="a quoted scheme"),
        pytest.param(['realm="x", Bearer'], (), id="a parameter before any scheme ends the field"),
        pytest.param(["=abc"], (), id="an equals sign in front"),
        pytest.param(["\x1b[31mBearer"], (), id="a control character in front"),
        pytest.param(["Bärer x=1"], (challenge("b"),), id="a letter no token has"),
        pytest.param(
            ['Bearer scope="a", error="never ends'],
            (challenge("bearer", ("scope", "a")),),
            id="a quote that never ends",
        ),
        pytest.param(['Bearer scope="a\\'], (challenge("bearer"),), id="a backslash at the very end"),
        pytest.param(["Bearer =abc"], (), id="an equals sign makes the scheme a parameter"),
        pytest.param(["Bearer, =abc, DPoP"], (challenge("bearer"),), id="an equals sign with nothing before it"),
        pytest.param(
            ['Bearer error="x"=y, DPoP'], (challenge("bearer", ("error", "x")),), id="something behind a quoted value"
        ),
    ],
)
def test_a_fault_ends_the_field_and_keeps_what_stood_before(fields, challenges):
    assert parse_challenges(fields) == challenges


@pytest.mark.parametrize(
    "field",
    [
        'Bearer scope="a"; error="b"',
        'Bearer scope="a";error="b"',
        'Bearer scope="a" ; error="b";',
        'Bearer scope="a",; error="b" ;;',
        'Bearer; scope="a"; error="b"',
        "Bearer scope=a; error=b",
        "Bearer scope=a;error=b;",
        'Bearer scope=a , ;error="b"',
    ],
)
def test_a_semicolon_between_parameters_is_read_like_a_comma(field):
    """Row D7."""
    assert parse_challenges([field]) == (challenge("bearer", ("scope", "a"), ("error", "b")),)


def test_a_semicolon_between_challenges_and_inside_quotes():
    """Row D7."""
    assert parse_challenges(['Basic realm="a; b"; Bearer error="x"']) == (
        challenge("basic", ("realm", "a; b")),
        challenge("bearer", ("error", "x")),
    )


@requirement("WWW-4", "WWW-11")
def test_a_fault_in_one_field_leaves_the_others_alone():
    fields = ['Bearer scope="a', '"', f'Bearer resource_metadata="{METADATA}"']
    assert parse_challenges(fields)[-1] == challenge("bearer", ("resource_metadata", METADATA))


RFC_EXAMPLES = [
    pytest.param(
        r'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""',
        (
            challenge("basic", ("realm", "simple")),
            challenge("newauth", ("realm", "apps"), ("type", "1"), ("title", 'Login to "apps"')),
        ),
        id="RFC 9110 section 11.6.1",
    ),
    pytest.param('Bearer realm="example"', (challenge("bearer", ("realm", "example")),), id="RFC 6750 section 3"),
    pytest.param(
        'Bearer realm="example", error="invalid_token", error_description="The access token expired"',
        (
            challenge(
                "bearer",
                ("realm", "example"),
                ("error", "invalid_token"),
                ("error_description", "The access token expired"),
            ),
        ),
        id="RFC 6750 section 3 with an error",
    ),
    pytest.param(
        'Bearer resource_metadata="https://resource.example.com/.well-known/oauth-protected-resource"',
        (
            challenge(
                "bearer",
                ("resource_metadata", "https://resource.example.com/.well-known/oauth-protected-resource"),
            ),
        ),
        id="RFC 9728 section 5.1",
    ),
    pytest.param(
        'Bearer, DPoP algs="ES256 PS256"',
        (challenge("bearer"), challenge("dpop", ("algs", "ES256 PS256"))),
        id="RFC 9449 section 7.2",
    ),
    pytest.param(
        'Bearer error="insufficient_user_authentication", acr_values="myACR", max_age="5"',
        (
            challenge(
                "bearer", ("error", "insufficient_user_authentication"), ("acr_values", "myACR"), ("max_age", "5")
            ),
        ),
        id="RFC 9470 section 3",
    ),
]


@requirement("WWW-3", "WWW-6", "WWW-7")
@pytest.mark.parametrize(("field", "challenges"), RFC_EXAMPLES)
def test_the_examples_of_the_rfcs_are_read(field, challenges):
    assert parse_challenges([field]) == challenges


GRAMMAR = [
    pytest.param("Bearer", (challenge("bearer"),), id="a scheme alone"),
    pytest.param("Negotiate", (challenge("negotiate"),), id="another scheme alone"),
    pytest.param("Negotiate abc123==", (challenge("negotiate", token68="abc123=="),), id="a token68"),
    pytest.param("Negotiate a-._~+/9", (challenge("negotiate", token68="a-._~+/9"),), id="every sign of a token68"),
    pytest.param(
        "Negotiate abc ,Bearer", (challenge("negotiate", token68="abc"), challenge("bearer")), id="token68, scheme"
    ),
    pytest.param(
        "Bearer realm=", (challenge("bearer", token68="realm="),), id="a name and an equals sign is a token68"
    ),
    pytest.param(
        "Bearer error=invalid_token", (challenge("bearer", ("error", "invalid_token")),), id="an unquoted value"
    ),
    pytest.param('Bearer scope = "a"', (challenge("bearer", ("scope", "a")),), id="spaces around the equals sign"),
    pytest.param('Bearer scope\t=\t"a"', (challenge("bearer", ("scope", "a")),), id="tabs around the equals sign"),
    pytest.param("Bearer scope = a", (challenge("bearer", ("scope", "a")),), id="spaces and no quotes"),
    pytest.param(r'Bearer scope="a\"b"', (challenge("bearer", ("scope", 'a"b')),), id="an escaped quote"),
    pytest.param(
        r'Bearer scope="a\\b\c"', (challenge("bearer", ("scope", r"a\bc")),), id="escaped backslash and letter"
    ),
    pytest.param(
        'Bearer error_description="a, b=c, DPoP x", scope="d"',
        (challenge("bearer", ("error_description", "a, b=c, DPoP x"), ("scope", "d")),),
        id="commas and equals signs in quotes",
    ),
    pytest.param('Bearer scope=""', (challenge("bearer", ("scope", "")),), id="an empty quoted value"),
    pytest.param(', Bearer scope="x",,', (challenge("bearer", ("scope", "x")),), id="empty list elements around"),
    pytest.param(
        'Bearer scope="x",, ,error="y"',
        (challenge("bearer", ("scope", "x"), ("error", "y")),),
        id="empty elements inside",
    ),
    pytest.param("Bearer,,DPoP", (challenge("bearer"), challenge("dpop")), id="empty elements between schemes"),
    pytest.param("Bearer , DPoP", (challenge("bearer"), challenge("dpop")), id="a space before the comma"),
    pytest.param("bearer RESOURCE_METADATA=u", (challenge("bearer", ("resource_metadata", "u")),), id="a shouted name"),
    pytest.param(
        "BEARER Scope=A", (challenge("bearer", ("scope", "A")),), id="a shouted scheme; the value keeps its case"
    ),
    pytest.param(
        'Basic realm="x", Bearer resource_metadata="u", scope="a b"',
        (challenge("basic", ("realm", "x")), challenge("bearer", ("resource_metadata", "u"), ("scope", "a b"))),
        id="two challenges in one field",
    ),
    pytest.param(
        'Bearer scope="a", DPoP resource_metadata="u"',
        (challenge("bearer", ("scope", "a")), challenge("dpop", ("resource_metadata", "u"))),
        id="parameters stay with their challenge",
    ),
    pytest.param(
        'Foo-Bar!1 x=y, Bearer foo="bar", scope="a"',
        (challenge("foo-bar!1", ("x", "y")), challenge("bearer", ("foo", "bar"), ("scope", "a"))),
        id="unknown schemes and parameters are kept",
    ),
    pytest.param(
        'Bearer scope="a" error="b"', (challenge("bearer", ("scope", "a"), ("error", "b")),), id="a forgotten comma"
    ),
    pytest.param(
        'Bearer DPoP algs="x"',
        (challenge("bearer"), challenge("dpop", ("algs", "x"))),
        id="a forgotten comma of schemes",
    ),
    pytest.param(
        f"Bearer resource_metadata={METADATA}?a=b, scope=x",
        (challenge("bearer", ("resource_metadata", f"{METADATA}?a=b"), ("scope", "x")),),
        id="a URL without quotes",
    ),
    pytest.param(
        'Bearer scope="a", scope="b", Scope="a"',
        (challenge("bearer", ("scope", "a"), ("scope", "b"), ("scope", "a")),),
        id="what is repeated stays repeated",
    ),
    pytest.param('Bearer realm="caf\u00e9"', (challenge("bearer", ("realm", "caf\u00e9")),), id="text outside ASCII"),
]


@requirement("WWW-3", "WWW-5", "WWW-6", "WWW-7", "WWW-9", "WWW-11")
@pytest.mark.parametrize(("field", "challenges"), GRAMMAR)
def test_a_field_is_read_by_the_grammar(field, challenges):
    assert parse_challenges([field]) == challenges


@requirement("WWW-4")
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(["Negotiate", 'Bearer scope="a", error="b"'], id="Negotiate first"),
        pytest.param(['Negotiate, Bearer scope="a", error="b"'], id="in one line"),
        pytest.param(['Negotiate, Bearer scope="a"', 'error="b"'], id="broken between two parameters"),
        pytest.param(["Negotiate,", ' , Bearer scope="a",', "", 'error="b",'], id="broken everywhere"),
    ],
)
def test_several_fields_are_one_list(fields):
    assert parse_challenges(fields) == (challenge("negotiate"), challenge("bearer", ("scope", "a"), ("error", "b")))


@requirement("WWW-4")
def test_the_order_of_fields_is_kept():
    fields = ['Bearer scope="a"', "Negotiate"]
    assert parse_challenges(fields) == (challenge("bearer", ("scope", "a")), challenge("negotiate"))


def test_a_field_is_read_up_to_16_kibibytes():
    padding = "x" * 16_300
    field = f'Bearer scope="a", realm="{padding}", error="{padding}"'
    assert parse_challenges([field]) == (challenge("bearer", ("scope", "a"), ("realm", padding)),)


def test_64_challenges_are_read_and_no_more():
    field = ", ".join(f'Scheme{number} x="{number}"' for number in range(100))
    read = parse_challenges([field, 'Bearer scope="a"'])
    assert len(read) == 64
    assert read[-1] == challenge("scheme63", ("x", "63"))


@requirement("WWW-8")
def test_of_a_repeated_parameter_the_first_counts_and_all_can_be_had():
    (bearer,) = parse_challenges([providers.SENTRY_CHALLENGE])
    path, root = (
        "https://mcp.sentry.example/.well-known/oauth-protected-resource/mcp/org",
        "https://mcp.sentry.example/.well-known/oauth-protected-resource",
    )
    assert bearer.get("resource_metadata") == path
    assert bearer.get_all("resource_metadata") == (path, root)
    assert bearer.get("error") == "invalid_token"


def test_a_parameter_that_is_not_there_is_none():
    assert challenge("bearer").get("scope") is None
    assert challenge("bearer").get_all("scope") == ()


@requirement("WWW-12", "WWW-8")
@pytest.mark.parametrize(
    ("field", "scope"),
    [
        pytest.param("Bearer", None, id="absent"),
        pytest.param('Bearer scope=""', None, id="empty"),
        pytest.param('Bearer scope=" "', None, id="a space"),
        pytest.param('Bearer scope="B a  B"', ("B", "a"), id="case kept, each once"),
        pytest.param("Bearer scope=read", ("read",), id="without quotes"),
        pytest.param('Bearer scope="a", scope="b"', ("a",), id="repeated: never put together"),
    ],
)
def test_the_scope_a_challenge_wants(field, scope):
    assert parse_challenges([field])[0].scope == scope


@requirement("WWW-10", "WWW-11")
@pytest.mark.parametrize(
    "field",
    [
        pytest.param("", id="nothing"),
        pytest.param('Basic realm="x"', id="Basic"),
        pytest.param("BearerX a=b", id="a scheme that begins with Bearer"),
    ],
)
def test_without_a_challenge_for_bearer_or_dpop_there_is_nothing_to_answer(field):
    assert challenge_to_answer(parse_challenges([field])) is None


@requirement("WWW-9", "WWW-10")
@pytest.mark.parametrize(
    ("field", "chosen"),
    [
        pytest.param('Bearer realm="a", Bearer realm="b"', ("realm", "a"), id="of equals the first"),
        pytest.param('Bearer realm="a", Bearer error="b"', ("error", "b"), id="the one with an error"),
        pytest.param(
            'Bearer realm="a", Bearer resource_metadata="u"', ("resource_metadata", "u"), id="the one with metadata"
        ),
        pytest.param('DPoP error="x", bearer realm="a"', ("realm", "a"), id="the one whose scheme we speak"),
        pytest.param('Bearer error="", Bearer error="b"', ("error", "b"), id="an empty error says nothing"),
    ],
)
def test_of_several_bearer_challenges_the_one_that_says_most_is_answered(field, chosen):
    assert challenge_to_answer(parse_challenges([field])) == challenge("bearer", chosen)


BOTH = 'Bearer scope="b", DPoP resource_metadata="d", algs="ES256"'
BEARER_FIRST = challenge("bearer", ("scope", "b"))
DPOP_FIRST = challenge("dpop", ("resource_metadata", "d"), ("algs", "ES256"))
MORE = ("error", "insufficient_scope")


@requirement("WWW-9", "WWW-10")
@pytest.mark.parametrize(
    ("field", "prefers_dpop", "chosen"),
    [
        pytest.param(BOTH, False, BEARER_FIRST, id="Bearer, where both are offered"),
        pytest.param(BOTH, True, DPOP_FIRST, id="DPoP, where it is preferred"),
        pytest.param('DPoP error="a"', False, challenge("dpop", ("error", "a")), id="DPoP, where nothing else is"),
        pytest.param('Bearer error="a"', True, challenge("bearer", ("error", "a")), id="Bearer, where nothing else is"),
        pytest.param(
            'DPoP a=b, DPoP error="c"', False, challenge("dpop", ("error", "c")), id="the DPoP that says most"
        ),
        pytest.param(
            'Bearer, DPoP error="insufficient_scope"', False, challenge("dpop", MORE), id="missing scope, DPoP"
        ),
        pytest.param('DPoP, Bearer error="insufficient_scope"', True, challenge("bearer", MORE), id="missing scope"),
    ],
)
def test_the_challenge_that_is_answered_keeps_its_scheme_and_its_own_parameters(field, prefers_dpop, chosen):
    assert challenge_to_answer(parse_challenges([field]), prefers_dpop=prefers_dpop) == chosen


tokens = st.text(st.sampled_from(TOKEN_CHARACTERS), min_size=1, max_size=8)
values = st.one_of(
    tokens, st.text(st.characters(codec=None), max_size=12), st.sampled_from(["", " ", '"', "\\", 'a, b="c'])
)
parameters = st.lists(st.tuples(tokens.map(str.lower), values), max_size=4).map(tuple)
token68s = st.from_regex(r"[A-Za-z0-9._~+/-]{1,8}={0,2}", fullmatch=True)
challenges = st.one_of(
    st.builds(Challenge, tokens.map(str.lower), st.none(), parameters),
    st.builds(Challenge, tokens.map(str.lower), token68s),
)
gaps = st.sampled_from(["", " ", "\t", "  "])
commas = st.sampled_from([",", ", ", " ,", ",,", " , , "])


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@st.composite
def rendered(draw, wanted):
    """Write a challenge in one of the many ways the grammar allows."""
    scheme = draw(st.sampled_from([str.upper, str.lower, str.title]))(wanted.scheme)
    if wanted.token68 is not None:
        return f"{scheme} {wanted.token68}"
    written = []
    for name, value in wanted.parameters:
        is_token = value != "" and set(value) <= set(TOKEN_CHARACTERS)
        right = value if is_token and draw(st.booleans()) else quoted(value)
        written.append(f"{draw(st.sampled_from([name, name.upper()]))}{draw(gaps)}={draw(gaps)}{right}")
    return f"{scheme} {draw(commas).join(written)}" if written else scheme


@st.composite
def lists_of_challenges(draw):
    """Challenges together with fields that say them."""
    wanted = draw(st.lists(challenges, max_size=4))
    fields = [""]
    for item in wanted:
        text = draw(rendered(item))
        if draw(st.booleans()):
            fields.append(text)
        else:
            fields[-1] = draw(commas).join([fields[-1], text])
    return tuple(wanted), fields


@requirement("WWW-3", "WWW-4", "WWW-5", "WWW-6", "WWW-7", "WWW-9")
@given(lists_of_challenges())
def test_challenges_that_are_written_read_the_same(written):
    wanted, fields = written
    assert parse_challenges(fields) == wanted


@requirement("GEN-7", "WWW-11")
@given(st.lists(st.one_of(hostile.texts, st.text(st.sampled_from(' \t,="\\;aB/:-'), max_size=60)), max_size=4))
def test_any_fields_are_read_without_an_error(fields):
    for item in parse_challenges(fields):
        assert item.scheme
        assert item.scheme == item.scheme.lower()
        assert item.scope is None or all(item.scope)


@requirement("SEC-9")
def test_no_more_is_read_than_a_server_has_to_say():
    """Row I2."""
    many = "Bearer " + ", ".join(f"p{number}=v" for number in range(100))
    assert len(parse_challenges([many])[0].parameters) == 64
    fields = [f'Bearer realm="{"a" * 16_000}"'] * 3 + [f'DPoP realm="{"b" * 16_000}"', 'Bearer scope="read"'] * 2
    read = parse_challenges(fields)
    assert [each.scheme for each in read] == [*["bearer"] * 3, "dpop", "bearer", "dpop"]
    assert [len(each.parameters) for each in read] == [1, 1, 1, 1, 1, 0]  # there the reading ends
    assert len(parse_challenges([f"a{number}" for number in range(1000)])) == 64


@requirement("GEN-7")
@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("read \x07bell write", ("read", "write")),
        ("\ud800", None),
        ("read\x00 \x1b[2J", None),
        ("read \u202ewrite", ("read",)),
        ("lire:été", ("lire:été",)),
        ("a" * 8192 + " read", None),
        ("read " + "a" * 8192, ("read",)),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_a_scope_that_cannot_be_asked_for_is_left_out(text, scope):
    """Rows I2, I11."""
    assert Challenge("bearer", parameters=(("scope", text),)).scope == scope
