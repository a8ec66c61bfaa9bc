# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""HTTP messages as values: what is written, what is read, what is refused."""

import gzip
import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import hostile
from tests.requirements import requirement
from valetkey import wire
from valetkey.errors import MalformedDocument
from valetkey.wire import HttpRequest, HttpResponse

URL = "https://as.example/.well-known/oauth-authorization-server"
CANARY = "canary-5f1d"


def answer(body):
    return HttpResponse(200, URL, (), body)


@requirement("PRM-12", "PRM-5", "ASM-7")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty body"),
        pytest.param(b"<!doctype html><title>Log in</title>", id="HTML page"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"text"', id="string"),
        pytest.param(b"42", id="number"),
        pytest.param(b'{"a": 1', id="cut off"),
        pytest.param(b'{"a": 1} {"b": 2}', id="two documents"),
        pytest.param(b'{"a": "\xff\xfe"}', id="not UTF-8"),
        pytest.param(b"\x00\x00\x00", id="zero bytes"),
        pytest.param(b"[" * 100_000, id="nested too deeply"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="objects nested too deeply"),
        pytest.param(b'{"a": ' + b"1" * 5_000 + b"}", id="a number of 5000 digits"),
    ],
)
def test_what_is_no_json_object_is_none(body):
    assert wire.json_object(answer(body)) is None


@pytest.mark.parametrize(
    ("body", "document"),
    [
        pytest.param(b"{}", {}, id="empty object"),
        pytest.param(b' {"a": 1}\r\n', {"a": 1}, id="whitespace around"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', {"a": 1}, id="byte order mark"),
        pytest.param('{"a": "é"}'.encode("utf-16"), {"a": "é"}, id="UTF-16"),
        pytest.param(b'{"\\u0061": "\\u0068ttps://h"}', {"a": "https://h"}, id="escapes are undone"),
    ],
)
def test_a_json_object_is_read_whatever_the_content_type(body, document):
    assert wire.json_object(answer(body)) == document


@requirement("PRM-8")
def test_strings_keep_their_code_points():
    composed, decomposed = "\u00e9", "e\u0301"
    document = wire.json_object(answer(json.dumps({"a": composed, "b": decomposed}).encode()))
    assert document == {"a": composed, "b": decomposed}
    assert document["a"] != document["b"]


@requirement("GEN-7")
@given(st.one_of(st.binary(), hostile.json_values.map(json.dumps).map(str.encode)))
def test_any_body_is_an_object_or_none(body):
    document = wire.json_object(answer(body))
    assert document is None or isinstance(document, dict)


@requirement("GEN-7", "PRM-11")
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(1, id="number"),
        pytest.param(0, id="zero"),
        pytest.param(False, id="false"),
        pytest.param([], id="list"),
        pytest.param({}, id="object"),
        pytest.param(["https://h"], id="list with a string"),
        pytest.param("\ud800", id="half a surrogate pair"),
        pytest.param("a\udfffb", id="the other half inside a text"),
    ],
)
def test_a_member_that_should_be_text_and_is_not_makes_the_document_malformed(value):
    with pytest.raises(MalformedDocument, match="'issuer' that is not a string") as raised:
        wire.text_member({"issuer": value}, "issuer", URL)
    assert (raised.value.url, raised.value.member) == (URL, "issuer")


@pytest.mark.parametrize(
    ("document", "text"),
    [
        pytest.param({}, None, id="absent"),
        pytest.param({"m": None}, None, id="null"),
        pytest.param({"m": ""}, None, id="empty"),
        pytest.param({"m": " https://h/ "}, " https://h/ ", id="never trimmed"),
        pytest.param({"m": "\U0001f511"}, "\U0001f511", id="a character beyond the basic plane"),
    ],
)
def test_a_text_member_is_given_as_it_was_sent(document, text):
    assert wire.text_member(document, "m", URL) == text


@requirement("PRM-11", "GEN-7")
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("https://h", id="a string instead of a list"),
        pytest.param("", id="an empty string"),
        pytest.param({}, id="object"),
        pytest.param(0, id="number"),
        pytest.param([1], id="list of numbers"),
        pytest.param(["https://h", None], id="null inside"),
        pytest.param([["https://h"]], id="list in a list"),
        pytest.param(["\ud800"], id="half a surrogate pair"),
    ],
)
def test_a_list_of_strings_that_is_none_makes_the_document_malformed_unless_no_login_needs_it(value):
    """Row D5."""
    with pytest.raises(MalformedDocument, match="not a list of strings") as raised:
        wire.list_member({"m": value}, "m", URL)
    assert (raised.value.url, raised.value.member) == (URL, "m")
    assert wire.optional_list({"m": value}, "m") is None
    assert wire.scope_member({"m": value}, "m") is None


@requirement("PRM-12")
@pytest.mark.parametrize("document", [{}, {"m": None}, {"m": []}], ids=["absent", "null", "empty"])
def test_an_empty_list_is_read_as_absent(document):
    assert wire.list_member(document, "m", URL) is None
    assert wire.optional_list(document, "m") is None
    assert wire.scope_member(document, "m") is None


def test_a_list_member_is_given_as_it_was_sent():
    assert wire.list_member({"m": ["b", "a", "a", ""]}, "m", URL) == ("b", "a", "a", "")
    assert wire.optional_list({"m": ["b", "a", "a", ""]}, "m") == ("b", "a", "a", "")


@requirement("SCP-3", "SCP-11")
@pytest.mark.parametrize(
    ("listed", "scope"),
    [
        pytest.param([""], None, id="an empty string is no scope"),
        pytest.param(["a", "", "b"], ("a", "b"), id="empty strings are left out"),
        pytest.param(["b", "a", "b"], ("b", "a"), id="each once, in order"),
        pytest.param(["a b", "c"], ("a", "b", "c"), id="several in one string"),
        pytest.param(["A", "a"], ("A", "a"), id="case counts"),
    ],
)
def test_a_list_of_scopes_never_makes_an_empty_or_repeated_scope(listed, scope):
    assert wire.scope_member({"m": listed}, "m") == scope


@requirement("SEC-12")
@pytest.mark.parametrize("value", [[CANARY], {"a": CANARY}, 1], ids=str)
def test_the_error_about_a_member_does_not_show_its_value(value):
    with pytest.raises(MalformedDocument) as raised:
        wire.text_member({"access_token": value}, "access_token", URL)
    assert CANARY not in hostile.everything_said_by(raised.value)
    assert raised.value.hint in str(raised.value)


@requirement("TOK-1")
@pytest.mark.parametrize(
    ("fields", "body"),
    [
        pytest.param({}, b"", id="no parameter"),
        pytest.param({"a": "b", "c": "d"}, b"a=b&c=d", id="in their order"),
        pytest.param({"a": ""}, b"a=", id="an empty value"),
        # RFC 6749 appendix B: U+0020, U+0025, U+0026, U+002B, U+00A3, U+20AC
        pytest.param({"v": " %&+£€"}, b"v=+%25%26%2B%C2%A3%E2%82%AC", id="the example of RFC 6749 appendix B"),
        pytest.param({"code": "a=b&c/d~e"}, b"code=a%3Db%26c%2Fd~e", id="separators in a value"),
    ],
)
def test_a_form_is_encoded_as_rfc_6749_says(fields, body):
    assert wire.form(fields) == body


@requirement("TOK-1")
@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_a_form_decodes_to_what_was_encoded(fields):
    body = wire.form(fields).decode("ascii")
    assert dict(parse_qsl(body, keep_blank_values=True)) == fields


@requirement("PRM-18")
def test_the_request_for_a_document_carries_no_credential():
    assert wire.get_json(URL, "read it", headers=(("MCP-Protocol-Version", "2025-03-26"),)) == HttpRequest(
        method="GET",
        url=URL,
        purpose="read it",
        headers=(("Accept", "application/json"), ("MCP-Protocol-Version", "2025-03-26")),
        body=b"",
        issuer=None,
        credentials_of=(),
    )


def test_header_fields_are_found_whatever_their_case_and_the_first_counts():
    response = HttpResponse(503, URL, (("retry-after", "5"), ("Retry-After", "6")))
    assert response.header("Retry-After") == "5"
    assert response.header("RETRY-AFTER") == "5"
    assert response.header("Location") is None


@requirement("SEC-12")
def test_messages_do_not_show_their_bodies_and_header_fields():
    headers = (("Authorization", f"Basic {CANARY}"),)
    request = HttpRequest("POST", URL, "exchange the code for a token", headers=headers, body=CANARY.encode())
    response = HttpResponse(200, URL, headers, CANARY.encode())
    assert repr(request) == str(request) == f"HttpRequest(POST {URL}: exchange the code for a token)"
    assert repr(response) == str(response) == f"HttpResponse(200 from {URL}, 11 bytes)"


@pytest.mark.parametrize(
    ("status", "location", "target"),
    [
        (301, "https://other.example/token?x=1#part", "https://other.example/token?x=1"),
        (302, "/v2/token", "https://h/v2/token"),
        (303, "token", "https://h/a/token"),
        (307, "//other.example/", "https://other.example/"),
        (308, " https://h/b ", "https://h/b"),
        (300, "https://h/b", None),
        (304, "https://h/b", None),
        (200, "https://h/b", None),
        (404, "https://h/b", None),
        (302, None, None),
        (302, "", None),
        (302, "https://[h", None),
        (302, "https://h/\x00", None),
    ],
)
def test_a_redirect_says_where_it_leads(status, location, target):
    """Rows D3, F16."""
    headers = () if location is None else (("location", location),)
    assert wire.redirect_target(wire.HttpResponse(status, "https://h/a/b", headers)) == target


@pytest.mark.parametrize(
    ("coding", "body", "told"),
    [
        (None, b"{}", None),
        ("identity", b"{}", None),
        ("gzip, x-gzip", b"{}", None),
        ("br", b"xyz", 'packed with "br", which was not asked for'),
        ("gzip, ZSTD", b"xyz", 'packed with "zstd", which was not asked for'),
        (None, gzip.compress(b"{}", mtime=0), "packed with gzip, and no Content-Encoding says so"),
        ("gzip", gzip.compress(b"{}", mtime=0), "packed with gzip, and no Content-Encoding says so"),
        (None, b"\x28\xb5\x2f\xfd..", "packed with zstd, and no Content-Encoding says so"),
    ],
)
def test_a_body_that_is_still_packed_is_told_as_what_it_is(coding, body, told):
    """Row F11."""
    headers = () if coding is None else (("Content-Encoding", coding),)
    assert wire.packing(wire.HttpResponse(200, "https://h", headers, body)) == told


def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth, b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@requirement("SEC-9", "GEN-7")
def test_a_document_is_read_up_to_a_depth_that_whatever_walks_through_it_can_follow():
    """Row I2."""
    assert all(wire.json_object_in(body) is not None for body in nested(wire.DEEPEST - 1))
    for depth in (wire.DEEPEST + 1, 900, 100_000, 500_000):
        assert [wire.json_object_in(body) for body in nested(depth)] == [None, None]


@requirement("SEC-9")
def test_a_member_is_read_up_to_64_ki_characters_and_a_list_up_to_1000_of_them():
    """Rows I2, I11."""
    longest = "a" * 65_536
    assert wire.text_member({"m": longest}, "m", "https://h/x") == wire.optional_text({"m": longest}, "m") == longest
    with pytest.raises(MalformedDocument, match="is not a string"):
        wire.text_member({"m": longest + "a"}, "m", "https://h/x")
    assert wire.optional_text({"m": longest + "a"}, "m") is None
    assert len(wire.list_member({"m": ["a"] * 1_000 + [1]}, "m", "https://h/x")) == 1000
    with pytest.raises(MalformedDocument, match="is not a list of strings"):
        wire.list_member({"m": [longest + "a"]}, "m", "https://h/x")


@pytest.mark.parametrize("value", [None, 1, "", ["a"], "\ud800", {}], ids=ascii)
def test_a_text_that_nothing_fails_without_counts_as_absent_where_it_cannot_be_used(value):
    """Row I11."""
    assert wire.optional_text({"m": value}, "m") is None
    assert wire.optional_text({}, "m") is None


@requirement("TOK-13")
@pytest.mark.parametrize(
    ("text", "fits"),
    [("!~az", True), ("a b", False), ("a\r\nX: y", False), ("a\n", False), ("é", False), ("\0", False)],
)
def test_only_visible_ascii_goes_into_a_header_field(text, fits):
    """Row I11."""
    assert wire.fits_header(text) is fits
