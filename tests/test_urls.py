# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a URL must be, and which URLs mean the same."""

import ipaddress

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import hostile
from tests.requirements import requirement
from valetkey import urls
from valetkey.errors import InsecureEndpoint
from valetkey.errors.texts import harmless


def is_accepted(url):
    try:
        return urls.require_endpoint(url, "address") == url
    except InsecureEndpoint:
        return False


hosts = st.sampled_from(
    ["h.example", "H.Example", "evil.example", "127.0.0.1", "[::1]", "[2001:DB8::1]", "a.h.example"]
)
ports = st.sampled_from(["", ":443", ":80", ":8443", ":"])
segments = st.text(st.sampled_from("abAB01-._~%2F:@!$&'()*+,;="), max_size=4)
paths = st.lists(segments, max_size=4).map(lambda parts: "".join(f"/{part}" for part in parts))
queries = st.sampled_from(["", "?", "?t=1", "?t=1&u=%20", "?a?b"])
good_urls = st.builds(
    "{}://{}{}{}{}".format, st.sampled_from(["https", "HTTPS", "http"]), hosts, ports, paths, queries
).filter(is_accepted)


def read_by_the_client(url):
    try:
        return httpx2.URL(url)
    except httpx2.InvalidURL:
        return None  # then it goes nowhere


def origin_seen(url):
    host = url.raw_host.decode().lower()
    port = "" if url.port in (None, {"https": 443, "http": 80}[url.scheme]) else f":{url.port}"
    return f"{url.scheme}://[{host}]{port}" if ":" in host else f"{url.scheme}://{host}{port}"


@requirement("SEC-1", "ASM-14", "AUT-12", "AUT-14", "ASM-10", "NAT-6")
@pytest.mark.parametrize(
    ("url", "fault"),
    [
        pytest.param("", "is not an http", id="nothing"),
        pytest.param("/token", "is not an http", id="only a path"),
        pytest.param("as.example/token", "is not an http", id="no scheme"),
        pytest.param("//as.example/token", "is not an http", id="no scheme, but slashes"),
        pytest.param("https:as.example", "is not an http", id="no slashes"),
        pytest.param("https:/as.example", "is not an http", id="one slash"),
        pytest.param("https:///token", "is not an http", id="no host"),
        pytest.param("https://:443/token", "is not an http", id="a port without a host"),
        pytest.param("https://?query", "is not an http", id="a query without a host"),
        pytest.param("javascript:alert(1)", "is not an http", id="javascript"),
        pytest.param(
            "JaVaScRiPt://as.example/%0Aalert(1)", "is not an http", id="javascript in mixed case with a host"
        ),
        pytest.param("data:text/html,hello", "is not an http", id="data"),
        pytest.param("file:///etc/passwd", "is not an http", id="file"),
        pytest.param("file://as.example/etc/passwd", "is not an http", id="file on a host"),
        pytest.param("vbscript:msgbox", "is not an http", id="vbscript"),
        pytest.param("ftp://as.example/", "is not an http", id="ftp"),
        pytest.param("ws://127.0.0.1/", "is not an http", id="websocket on loopback"),
        pytest.param("myapp:callback", "is not an http", id="a private scheme"),
        pytest.param("httpss://as.example", "is not an http", id="almost https"),
        pytest.param("http://as.example/token", "is not encrypted", id="plain http"),
        pytest.param("HTTP://as.example/token", "is not encrypted", id="plain http in capitals"),
        pytest.param("http://10.0.0.5/", "is not encrypted", id="plain http to a private address"),
        pytest.param("http://169.254.169.254/latest", "is not encrypted", id="plain http to a metadata address"),
        pytest.param("http://0.0.0.0/", "is not encrypted", id="plain http to the unspecified address"),
        pytest.param("http://[::]/", "is not encrypted", id="plain http to the unspecified IPv6 address"),
        pytest.param("http://[::ffff:10.0.0.1]/", "is not encrypted", id="plain http to a mapped private address"),
        pytest.param("http://0x7f000001/", "is not encrypted", id="loopback as a hexadecimal number"),
        pytest.param("http://0177.0.0.1/", "is not encrypted", id="loopback in octal"),
        pytest.param("http://2130706433/", "is not encrypted", id="loopback as one number"),
        pytest.param("http://127.1/", "is not encrypted", id="loopback shortened"),
        pytest.param("http://localhost.evil.example/", "is not encrypted", id="a name that begins with localhost"),
        pytest.param("http://localhost./", "is not encrypted", id="localhost with a last dot"),
        pytest.param("http://127.0.0.1.evil.example/", "is not encrypted", id="a name that begins with an address"),
        pytest.param("https://user:pass@as.example/", "carries user information", id="name and password"),
        pytest.param("https://good.example@evil.example/", "carries user information", id="a good name before the @"),
        pytest.param("https://@as.example/", "carries user information", id="nothing before the @"),
        pytest.param("https://:@as.example/", "carries user information", id="only a colon before the @"),
        pytest.param("http://127.0.0.1@evil.example/", "carries user information", id="loopback before the @"),
        pytest.param("https://as.example/#", "has a fragment", id="an empty fragment"),
        pytest.param("https://as.example/token#f", "has a fragment", id="a fragment"),
        pytest.param("https://as.example#@evil.example/", "has a fragment", id="an @ in a fragment"),
        pytest.param("https:\\\\as.example/", "contains characters", id="backslashes for slashes"),
        pytest.param("https://good.example\\@evil.example/", "contains characters", id="a backslash before the @"),
        pytest.param("https://good.example\\.evil.example/", "contains characters", id="a backslash in the host"),
        pytest.param(" https://as.example/", "contains characters", id="a space in front"),
        pytest.param("https://as.example/ ", "contains characters", id="a space behind"),
        pytest.param("https://as.example/a b", "contains characters", id="a space inside"),
        pytest.param("java\tscript:alert(1)", "contains characters", id="a tab in the scheme"),
        pytest.param("https://as.exa\nmple/", "contains characters", id="a line break in the host"),
        pytest.param("https://as.example/\r\nX: y", "contains characters", id="a header break"),
        pytest.param("\x00https://as.example/", "contains characters", id="a zero byte in front"),
        pytest.param("https://as.example/\x7f", "contains characters", id="delete"),
        pytest.param('https://as.example/"', "contains characters", id="a quote"),
        pytest.param("https://as.example/<script>", "contains characters", id="angle brackets"),
        pytest.param("https://as.example/`id`", "contains characters", id="backticks"),
        pytest.param("https://as.example/{a}", "contains characters", id="braces"),
        pytest.param("https://as.example/a|b", "contains characters", id="a pipe"),
        pytest.param("https://as.example/^", "contains characters", id="a caret"),
        pytest.param("https://münchen.example/", "outside ASCII", id="a host name that is not in its xn form"),
        pytest.param("https://as.example/caf\u00e9", "outside ASCII", id="a path that is not percent-encoded"),
        pytest.param("https://\u0430s.example/", "outside ASCII", id="a Cyrillic letter that looks Latin"),
        pytest.param("https://as.example\u3002evil.example/", "outside ASCII", id="an ideographic dot"),
        pytest.param("http://\uff11\uff12\uff17.0.0.1/", "outside ASCII", id="wide digits"),
        pytest.param(
            "https://evil.example\u2215good.example/", "outside ASCII", id="a character that looks like a slash"
        ),
        pytest.param("https://as.example/\u202egpj.exe", "outside ASCII", id="reversed writing direction"),
        pytest.param("https://as.example/\x9b2J", "outside ASCII", id="a one-byte terminal escape"),
        pytest.param("https://as.example/\ud800", "outside ASCII", id="half a surrogate pair"),
        pytest.param("https://exa%6dple.com/", "no host name", id="an encoded letter in the host"),
        pytest.param("https://127%2e0.0.1/", "no host name", id="an encoded dot in the host"),
        pytest.param("https://good.example%2f@evil.example/", "user information", id="an encoded slash before the @"),
        pytest.param("https://good.example%40evil.example/", "no host name", id="an encoded @"),
        pytest.param("https://good.example%00.evil.example/", "no host name", id="an encoded zero byte"),
        pytest.param("https://good.example;evil.example/", "no host name", id="a semicolon in the host"),
        pytest.param("https://good.example,evil.example/", "no host name", id="a comma in the host"),
        pytest.param("https://$(id).example/", "no host name", id="shell characters in the host"),
        pytest.param("https://a&calc.example/", "no host name", id="an ampersand in the host"),
        pytest.param("https://[::1%25lo]/", "no", id="an IPv6 zone"),
        pytest.param("https://[::1]evil.example/", "no", id="a name behind an IPv6 address"),
        pytest.param("https://evil.example[::1]/", "no", id="a name before an IPv6 address"),
        pytest.param("https://[v1.evil]/", "no", id="an address of a future kind"),
        pytest.param("https://::1/", "no", id="an IPv6 address without brackets"),
        pytest.param("https://[::1/", "is not a URL", id="a bracket that does not close"),
        pytest.param("https://::1]/", "is not a URL", id="a bracket that does not open"),
        pytest.param("https://[not-an-address]/", "no", id="a name in brackets"),
        pytest.param("https://as.example:99999/", "is not a URL", id="a port that is too large"),
        pytest.param("https://as.example:-1/", "is not a URL", id="a negative port"),
        pytest.param("https://as.example:+443/", "is not a URL", id="a port with a sign"),
        pytest.param("https://as.example:4_43/", "is not a URL", id="a port with an underscore"),
        pytest.param("https://as.example:port/", "is not a URL", id="a port that is no number"),
        pytest.param("https://as.example:443:443/", "no", id="two ports"),
    ],
)
def test_a_url_that_no_request_may_go_to_is_refused(url, fault):
    with pytest.raises(InsecureEndpoint, match=fault) as raised:
        urls.require_endpoint(url, "token endpoint")
    assert str(raised.value).startswith("The token endpoint ")
    assert raised.value.hint in str(raised.value)
    assert raised.value.url == harmless(url)


@requirement("SEC-1", "ASM-15", "NAT-1")
@pytest.mark.parametrize(
    "url",
    [
        "https://as.example",
        "https://as.example/",
        "HTTPS://AS.Example/Token",
        "https://as.example:8443/a/b?tenant=x&y",
        "https://as.example/a%2Fb%20c",
        "https://as.example/$&'()*+,;=:@!~-._[]",
        "https://xn--mnchen-3ya.example/",
        "https://under_score.example/",
        "https://as.example./",
        "https://192.0.2.7/",
        "https://[2001:db8::7]:8443/token",
        "https://as.example:/",
        "https://as.example?x=@y",
        "http://127.0.0.1:49152/callback",
        "http://127.8.9.10/",
        "http://[::1]:49152/callback",
        "http://localhost:8080/callback",
        "HTTP://LOCALHOST/",
    ],
)
def test_https_and_loopback_pass_untouched(url):
    assert urls.require_endpoint(url, "token endpoint") is url


@requirement("SEC-12")
@pytest.mark.parametrize(
    "url",
    [
        "https://user:canary-5f1d@as.example/",
        "http://canary-5f1d@as.example/",
        "https://a@canary-5f1d@as.example/",
        "https:\\\\user:canary-5f1d@as.example",
        "https:user:canary-5f1d@as.example",
        "//user:canary-5f1d@as.example/",
    ],
)
def test_the_error_does_not_show_a_password_in_a_url(url):
    with pytest.raises(InsecureEndpoint) as raised:
        urls.require_endpoint(url, "address")
    assert "canary-5f1d" not in str(raised.value)
    assert "as.example" in str(raised.value)


@requirement("SEC-1", "AUT-14", "GEN-7")
@settings(max_examples=500)
@given(st.one_of(hostile.near_urls, good_urls, hostile.urls))
def test_whatever_passes_leads_where_the_http_client_goes(url):
    """Two programs that read one URL differently are how a check is got around."""
    if is_accepted(url) and (seen := read_by_the_client(url)) is not None:
        host = seen.raw_host.decode()
        assert (seen.userinfo, seen.fragment) == (b"", "")
        assert origin_seen(seen) == urls.origin(url)
        assert seen.scheme == "https" or host == "localhost" or ipaddress.ip_address(host).is_loopback


@requirement("GEN-7")
@given(hostile.urls)
def test_any_text_passes_or_is_refused(url):
    found = hostile.outcome(lambda: urls.require_endpoint(url, "address"))
    if isinstance(found, InsecureEndpoint):
        assert found.hint in str(found)
        assert str(found).isascii()
    else:
        assert found is url


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LocalHost", True),
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("0:0:0:0:0:0:0:1", True),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("128.0.0.1", False),
        ("127.0.0.1.example", False),
        ("notlocalhost", False),
        ("localhost.example", False),
        ("10.0.0.1", False),
        ("fe80::1", False),
    ],
)
def test_a_host_is_loopback_or_not(host, expected):
    assert urls.is_loopback_host(host) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8080/x", True),
        ("http://[::1]/", True),
        ("https://LOCALHOST/", True),
        ("https://h.example/localhost", False),
        ("https://h.example?127.0.0.1", False),
        ("127.0.0.1", False),
        ("", False),
    ],
)
def test_a_url_leads_to_loopback_or_not(url, expected):
    assert urls.is_loopback(url) is expected


@requirement("RES-6", "VER-1")
@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://mcp.example.com/mcp?x=1", "https://mcp.example.com"),
        ("HTTPS://MCP.Example.COM/MCP", "https://mcp.example.com"),
        ("https://h:443/", "https://h"),
        ("https://h:8443", "https://h:8443"),
        ("https://h:80/", "https://h:80"),
        ("https://h:/", "https://h"),
        ("http://127.0.0.1:80/", "http://127.0.0.1"),
        ("http://127.0.0.1:443/", "http://127.0.0.1:443"),
        ("http://[::1]:8080/a", "http://[::1]:8080"),
        ("https://[2001:DB8::A]/", "https://[2001:db8::a]"),
    ],
)
def test_an_origin_is_scheme_host_and_a_port_that_is_not_the_default(url, origin):
    assert urls.origin(url) == origin


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("https://h", "http://h", id="another scheme"),
        pytest.param("https://h", "https://h:8443", id="another port"),
        pytest.param("https://h", "https://a.h", id="a subdomain"),
        pytest.param("https://h", "https://h.evil.example", id="a name that begins the same"),
        pytest.param("https://h", "https://h.", id="a last dot"),
        pytest.param("https://h", "https://[h", id="no URL"),
        pytest.param("https://h", "https:///h", id="no host"),
        pytest.param("https://h:99999", "https://h:99999", id="no URL on both sides"),
    ],
)
def test_different_origins_are_different(one, other):
    assert urls.same_origin(one, other) is False
    assert urls.same_origin(other, one) is False


@pytest.mark.parametrize("other", ["https://h/", "HTTPS://H:443/path?x#y", "https://h:"])
def test_the_same_origin_may_be_written_in_several_ways(other):
    assert urls.same_origin("https://h", other) is True


@requirement("RES-3", "RES-4", "RES-5", "RES-6", "PRM-9")
@pytest.mark.parametrize(
    ("url", "resource"),
    [
        # MCP Authorization, Canonical Server URI: the valid examples stay as they are.
        ("https://mcp.example.com/mcp", "https://mcp.example.com/mcp"),
        ("https://mcp.example.com", "https://mcp.example.com"),
        ("https://mcp.example.com:8443", "https://mcp.example.com:8443"),
        ("https://mcp.example.com/server/mcp", "https://mcp.example.com/server/mcp"),
        ("https://mcp.example.com/", "https://mcp.example.com"),
        ("HTTPS://MCP.Example.com:8443/MCP", "https://mcp.example.com:8443/MCP"),
        ("https://mcp.example.com:443/mcp", "https://mcp.example.com/mcp"),
        ("https://mcp.example.com/mcp#fragment", "https://mcp.example.com/mcp"),
        ("https://mcp.example.com#fragment", "https://mcp.example.com"),
        ("https://h/mcp/", "https://h/mcp/"),
        ("https://h/mcp?tenant=1&x", "https://h/mcp?tenant=1&x"),
        ("https://h/?tenant=1", "https://h/?tenant=1"),
        ("https://h?tenant=1", "https://h?tenant=1"),
        ("https://h/mcp?", "https://h/mcp"),
        ("https://h/a%2Fb/%C3%A9", "https://h/a%2Fb/%C3%A9"),
        ("https://h/a/../b//c", "https://h/a/../b//c"),
        ("https://h//", "https://h//"),
        ("http://[::1]:8080/mcp", "http://[::1]:8080/mcp"),
    ],
)
def test_the_resource_of_a_server_is_its_url_in_canonical_form(url, resource):
    assert urls.canonical_resource(url) == resource


@requirement("RES-3", "RES-6")
@given(good_urls)
def test_the_canonical_form_is_final_and_names_the_same_server(url):
    resource = urls.canonical_resource(url)
    assert urls.canonical_resource(resource) == resource
    assert urls.same_origin(resource, url)
    assert is_accepted(resource)
    assert "#" not in resource


@requirement("PRM-7", "PRM-10", "PRM-8")
@pytest.mark.parametrize(
    ("resource", "url"),
    [
        pytest.param("https://evil.example.com/mcp", "https://h/mcp", id="another host"),
        pytest.param("https://a.h/mcp", "https://h/mcp", id="a subdomain"),
        pytest.param("https://h/", "https://a.h/mcp", id="a parent domain"),
        pytest.param("https://h:8443/mcp", "https://h/mcp", id="another port"),
        pytest.param("http://127.0.0.1/mcp", "https://127.0.0.1/mcp", id="another scheme"),
        pytest.param("https://h/api", "https://h/api-evil", id="part of a segment"),
        pytest.param("https://h/other", "https://h/mcp", id="a sibling"),
        pytest.param("https://h/mcp/sub", "https://h/mcp", id="a child"),
        pytest.param("https://h/MCP", "https://h/mcp", id="another case in the path"),
        pytest.param("https://h/a%2Fb", "https://h/a/b", id="an encoded slash"),
        pytest.param("https://h/mcp?t=1", "https://h/mcp", id="a query the server's URL does not have"),
        pytest.param("https://h/mcp?t=1", "https://h/mcp?t=2", id="another query"),
        pytest.param("https://h/mcp#f", "https://h/mcp", id="a fragment"),
        pytest.param("https://u@h/mcp", "https://h/mcp", id="user information"),
        pytest.param("https://h\\@evil.example/", "https://h/mcp", id="a backslash"),
        pytest.param("h/mcp", "https://h/mcp", id="no scheme"),
        pytest.param("http://h/mcp", "http://h/mcp", id="not encrypted"),
        pytest.param("https://[h/mcp", "https://h/mcp", id="no URL"),
        pytest.param("", "https://h/mcp", id="nothing"),
    ],
)
def test_a_resource_that_is_not_the_server_does_not_cover_it(resource, url):
    assert urls.covers(resource, url) is False


@requirement("PRM-9", "PRM-10")
@pytest.mark.parametrize(
    ("resource", "url"),
    [
        pytest.param("https://h/mcp", "https://h/mcp", id="the server itself"),
        pytest.param("https://mcp.example.com/mcp", "HTTPS://MCP.Example.COM/mcp", id="the user wrote capitals"),
        pytest.param("HTTPS://MCP.Example.COM/mcp", "https://mcp.example.com/mcp", id="the server wrote capitals"),
        pytest.param("https://h:443/mcp", "https://h/mcp", id="the default port is written out"),
        pytest.param("https://h", "https://h/a/mcp", id="the origin"),
        pytest.param("https://h/", "https://h/a/mcp", id="the origin with a slash"),
        pytest.param("https://h/a", "https://h/a/mcp", id="a parent path"),
        pytest.param("https://h/a/", "https://h/a/mcp", id="a parent path with a slash"),
        pytest.param("https://h/mcp/", "https://h/mcp", id="a last slash too many"),
        pytest.param("https://h/mcp", "https://h/mcp/", id="a last slash too few"),
        pytest.param("https://h/mcp", "https://h/mcp?t=1", id="the user's query is left out"),
        pytest.param("https://h/mcp?t=1", "https://h/mcp?t=1", id="the same query"),
        pytest.param("https://h/mcp", "https://h/mcp#f", id="the user's fragment is left out"),
        pytest.param("http://127.0.0.1:9/mcp", "http://127.0.0.1:9/mcp", id="loopback"),
    ],
)
def test_a_resource_covers_its_server_and_what_lies_below_it(resource, url):
    assert urls.covers(resource, url) is True


@requirement("PRM-7", "PRM-10")
@given(st.one_of(hostile.urls, good_urls), good_urls)
def test_nothing_covers_a_server_on_another_origin(resource, url):
    if urls.covers(resource, url):
        published, asked = httpx2.URL(resource), httpx2.URL(url)
        assert origin_seen(published) == origin_seen(asked)
        assert f"{asked.path}/".startswith(published.path.rstrip("/") + "/")


@requirement("RES-7", "PRM-10")
@given(good_urls)
def test_a_server_is_covered_by_its_own_resource_and_by_its_origin(url):
    assert urls.covers(urls.canonical_resource(url), url)
    assert urls.covers(urls.origin(url), url)


@requirement("ASM-8", "ASM-9", "RSP-5")
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("expected", "received"),
    [
        pytest.param("https://as", "https://evil", id="another host"),
        pytest.param("https://as", "http://as", id="another scheme"),
        pytest.param("https://as", "https://AS", id="capitals"),
        pytest.param("https://as", "https://as:443", id="the default port"),
        pytest.param("https://as/t", "https://as/t/", id="a last slash behind a path"),
        pytest.param("https://as/t/", "https://as/t", id="no last slash behind a path"),
        pytest.param("https://as", "https://as//", id="two slashes"),
        pytest.param("https://as/a", "https://as/%61", id="percent-encoding"),
        pytest.param("https://as", "https://as/t", id="a path"),
        pytest.param("https://as", " https://as", id="a space"),
        pytest.param("https://as", "https://as/?", id="a slash and an empty query"),
        pytest.param("https://as", "https://as/#/", id="a fragment that ends with a slash"),
        pytest.param("https://as", "https://as?/", id="a query that ends with a slash"),
        pytest.param("https://as", "https://as\n/", id="a line break that a parser would drop"),
        pytest.param("https://as", "\x00https://as/", id="a zero byte that a parser would drop"),
        pytest.param("https://as", "https://[x", id="no URL"),
        pytest.param("https://as", "", id="nothing"),
    ],
)
def test_issuers_that_differ_are_different(expected, received, strict):
    assert urls.same_issuer(expected, received, strict=strict) is False


@requirement("ASM-8", "ASM-9")
@pytest.mark.parametrize("issuer", ["https://as", "https://as/", "https://AS", "https://as:443", "https://as/t/"])
def test_an_issuer_is_itself_byte_by_byte(issuer):
    assert urls.same_issuer(issuer, issuer, strict=True) is True
    assert urls.same_issuer(issuer, issuer, strict=False) is True


@requirement("ASM-8")
@pytest.mark.parametrize(("one", "other"), [("https://as", "https://as/"), ("http://[::1]:8/", "http://[::1]:8")])
def test_the_lone_slash_of_an_issuer_without_a_path_is_forgiven_unless_strict(one, other):
    assert urls.same_issuer(one, other, strict=False) is True
    assert urls.same_issuer(one, other, strict=True) is False


@requirement("ASM-8", "ASM-9", "GEN-7")
@given(hostile.urls, hostile.urls)
def test_any_two_issuers_are_the_same_only_with_their_slash_at_most_apart(one, other):
    assert urls.same_issuer(one, other, strict=True) is (one == other)
    if urls.same_issuer(one, other, strict=False):
        assert one.removesuffix("/") == other.removesuffix("/")


@requirement("PRM-4", "ASM-6")
@pytest.mark.parametrize(
    ("url", "document"),
    [
        ("https://h", "https://h/.well-known/oauth-protected-resource"),
        ("https://h/", "https://h/.well-known/oauth-protected-resource"),
        ("https://h:8443/mcp", "https://h:8443/.well-known/oauth-protected-resource/mcp"),
        ("https://h/mcp/", "https://h/.well-known/oauth-protected-resource/mcp/"),
        ("https://h/a/b?t=1", "https://h/.well-known/oauth-protected-resource/a/b?t=1"),
        ("https://h?t=1", "https://h/.well-known/oauth-protected-resource?t=1"),
        ("https://h/?t=1", "https://h/.well-known/oauth-protected-resource?t=1"),
        ("https://H/MCP", "https://h/.well-known/oauth-protected-resource/MCP"),
        ("https://h/mcp#f", "https://h/.well-known/oauth-protected-resource/mcp"),
        ("http://[::1]:9/mcp", "http://[::1]:9/.well-known/oauth-protected-resource/mcp"),
    ],
)
def test_a_well_known_path_goes_between_host_and_path(url, document):
    assert urls.insert_well_known(url, "oauth-protected-resource") == document
