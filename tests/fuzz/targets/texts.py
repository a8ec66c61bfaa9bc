# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""URLs, header fields, and what a person pastes."""

import base64
import json
import re
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

from tests.fuzz.checks import in_proportion, ours, require_sendable, require_sound
from tests.fuzz.reading import Input, as_text
from tests.fuzz.target import Target
from valetkey import urls
from valetkey.errors import AuthError, StateMismatch, quote
from valetkey.login.browser import browser_command
from valetkey.login.pasted_text import answer_in, cleaned, readings
from valetkey.profiles.catalog import load_profiles
from valetkey.protocol.assertion import is_expired, read_audiences, read_claims
from valetkey.protocol.authorization import AuthorizationRequest, authorization_url, parse_callback
from valetkey.protocol.challenge import challenge_to_answer, parse_challenges
from valetkey.protocol.client_document import require_document_url
from valetkey.protocol.dpop import proof_claims, public_jwk, read_nonce, rejects_without_nonce, thumbprint
from valetkey.protocol.inner_address import inside_hint
from valetkey.protocol.resource import announced_urls, resource_candidates, resource_request
from valetkey.protocol.server import require_issuer, server_candidates
from valetkey.values import Client, Secret, ServerMetadata, scope_from_text, scope_to_text
from valetkey.wire import is_text

MCP = "https://mcp.example/mcp"
ISSUER = "https://as.example"
_SERVER = ServerMetadata(ISSUER, f"{ISSUER}/authorize", f"{ISSUER}/token", iss_parameter_supported=True)
_CLIENT = Client("c", ISSUER)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/:=?&+%[]")
"""What may be left in a link that a program is started with; brackets stand around an IPv6 address only."""
_URLS = (
    *(
        b"https://",
        b"http://",
        b"HTTPS://",
        b"//",
        b"as.example",
        b"localhost",
        b"127.0.0.1",
        b"[::1]",
        b":443",
        b":99999",
    ),
    *(
        b"@",
        b"\\",
        b"%2f",
        b"%00",
        b"?",
        b"#",
        b"/..",
        b"xn--",
        b"\xef\xbc\x91",
        b"\xe3\x80\x82",
        b"$(id)",
        b"`id`",
        b"'",
        b"&",
    ),
)


def _challenge(data):
    fields = [as_text(line) for line in Input(data).lines()]
    with in_proportion(sum(map(len, fields))):
        challenges = parse_challenges(fields)
        assert len(challenges) <= 64
        chosen = challenge_to_answer(challenges)
        assert chosen is None or chosen.scheme in ("bearer", "dpop")
        for challenge in challenges:
            assert challenge.scheme == challenge.scheme.lower()
            assert challenge.scope is None or all(challenge.scope)
        rejects_without_nonce(challenges)
        written = [_written(each) for each in challenges]
        assert parse_challenges(written) == tuple(challenges) or sum(map(len, written)) > 15_000
        announced = [value for each in challenges for value in each.get_all("resource_metadata")]
        for url in announced_urls(MCP, announced):
            assert url is None or (url.isascii() and "#" not in url)


def _written(challenge):
    pairs = [f'{name}="{_escaped(value)}"' for name, value in challenge.parameters]
    return (
        f"{challenge.scheme} {', '.join(pairs) or challenge.token68 or ''}"
        if not challenge.token68
        else (f"{challenge.scheme} {challenge.token68}{''.join(', ' + pair for pair in pairs)}")
    )


def _escaped(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _well_known(data):
    source = Input(data)
    server_url, announced = source.text(), [source.text(), source.text()]
    with in_proportion(len(server_url) + sum(map(len, announced))):
        if urls.is_endpoint(server_url):
            for candidate in resource_candidates(server_url, announced):
                ours(resource_request, candidate)
                assert candidate.announced or urls.same_origin(candidate.url, server_url)
        if ours(require_issuer, server_url) is not None:
            for candidate in server_candidates(server_url):
                assert urls.same_origin(candidate, server_url)
                assert "/.well-known/" in candidate


def _urls(data):
    source = Input(data)
    one, other = source.text(), source.text() or MCP
    with in_proportion(len(one) + len(other)):
        passed = ours(urls.require_endpoint, one, "address")
        assert (passed is not None) is urls.is_endpoint(one)
        resolved = urls.resolve(one, MCP)
        assert resolved is None or (resolved.isascii() and len(resolved) <= 2 * urls.LONGEST_URL)
        assert "#" not in urls.without_fragment(one)
        assert "?" not in urls.without_query(one)
        urls.without_last_slash(one)
        urls.same_issuer(one, other, strict=False)
        assert urls.same_issuer(one, one, strict=True)
        inside_hint(other, one)
        for profile in load_profiles().values():
            profile.is_for(one)
        if urls.covers(one, MCP):
            assert urls.same_origin(one, MCP)
        ours(require_document_url, one)
        if passed is None:
            urls.is_loopback_host(one)
            return
        resource = urls.canonical_resource(one)
        assert urls.canonical_resource(resource) == resource
        assert urls.covers(resource, one)
        assert urls.origin(resource) == urls.origin(one)
        assert urls.same_origin(urls.insert_well_known(one, "oauth-protected-resource"), one)
        assert urlsplit(one).scheme.lower() == "https" or urls.is_loopback(one)


def _browser_url(data):
    source = Input(data)
    system = source.choice(("linux", "wsl", "darwin"))
    variable = source.text()
    url = source.text()
    with in_proportion(len(url) + len(variable)):
        if not urls.is_endpoint(url):
            return
        encoded = urls.encode_for_browser(url)
        assert set(encoded) <= _UNRESERVED, encoded
        assert not set("[]") & set(encoded.partition("//")[2].partition("/")[2])
        assert urls.is_endpoint(encoded) or len(encoded) > urls.LONGEST_URL
        assert urls.encode_for_browser(encoded) == encoded
        assert _decoded(encoded) == _decoded(url)
        assert urls.origin(encoded) == urls.origin(url) if len(encoded) <= urls.LONGEST_URL else True
        assert url.count("?") == 0 or encoded.partition("?")[0].count("/") == url.partition("?")[0].count("/")
        command = browser_command(encoded, {"BROWSER": variable, "DISPLAY": ":0"}, system, lambda name: name or None)
        assert command is None or any(encoded in word for word in command)


def _decoded(url):
    """What a server reads of a URL: `&name` and `&name=` are the same in a form."""
    place, _, query = url.partition("?")
    return unquote_to_bytes(place), parse_qsl(query, keep_blank_values=True, encoding="latin-1")


def _callback(data):
    source = Input(data)
    state = Secret(source.text() or "state")
    parameters = (("prompt", "none"),) if source.byte() & 1 else ()
    pending = AuthorizationRequest(
        _SERVER, _CLIENT, "http://127.0.0.1:8080/callback", MCP, ("read",), state, Secret("v" * 43), parameters
    )
    address = source.text() + "?" + source.text()
    with in_proportion(len(address)):
        try:
            code = parse_callback(address, pending)
        except StateMismatch as error:
            require_sound(error)
        except AuthError as error:
            require_sound(error)
            assert "state=" in re.sub("[\t\r\n]", "", address) or "%" in address, address  # as `urlsplit` reads it
        else:
            assert code.reveal()
            assert "code=" in address
            require_sendable(code)


def _authorization_endpoint(data):
    source = Input(data)
    endpoint, state = source.text(), source.text() or "state"
    with in_proportion(len(endpoint)):
        if not (urls.is_endpoint(endpoint) and is_text(state)):
            return
        server = ServerMetadata(ISSUER, endpoint, f"{ISSUER}/token")
        pending = AuthorizationRequest(
            server, _CLIENT, "http://127.0.0.1:8080/c", MCP, ("read",), Secret(state), Secret("v")
        )
        link = authorization_url(pending)
        assert set(link) <= _UNRESERVED
        assert [value for name, value in parse_qsl(urlsplit(link).query) if name == "state"] == [state]
        place = urls.encode_for_browser(endpoint.partition("?")[0])
        assert link.partition("?")[0].partition(":")[2] == place.partition(":")[2], link


def _pasted(data):
    source = Input(data)
    earlier, pasted = cleaned(source.text()), source.text()
    with in_proportion(len(pasted) + len(earlier)):
        text = cleaned(pasted)
        assert text.isprintable()
        assert not any(each.isspace() for each in text)
        pending = AuthorizationRequest(
            _SERVER, _CLIENT, "http://127.0.0.1:8080/callback", MCP, None, Secret("state"), Secret("v" * 43)
        )
        for address in readings(text, earlier):
            if answer_in(address):
                ours(parse_callback, address, pending)


def _dpop(data):
    source = Input(data)
    nonce, key = source.text(), source.text()
    with in_proportion(len(nonce) + len(key)):
        read = read_nonce(nonce)
        assert read is None or (read.isascii() and read.isprintable() and len(read) <= 2048)
        for function in (public_jwk, thumbprint):
            try:
                require_sendable(function(Secret(key)))
            except ValueError as error:
                assert str(error) == "this is no private key of a kind we make"
        json.dumps(proof_claims("POST", MCP, now=1.0, proof_id="i", nonce=read)).encode("ascii")


def _jwt(data):
    source = Input(data)
    kind, text = source.byte(), as_text(source.rest())
    if kind % 4:
        text = "h." + base64.urlsafe_b64encode(text.encode("utf-8", "surrogateescape")).decode().rstrip("=") + ".s"
    with in_proportion(len(text)):
        token = Secret(text)
        claims = read_claims(token)
        assert claims is None or isinstance(claims, dict)
        assert all(isinstance(each, str) for each in read_audiences(token))
        assert is_expired(token, 0.0) in (True, False)


def _words(data):
    text = as_text(Input(data).rest())
    with in_proportion(len(text)):
        shown = quote(text)
        assert shown.isascii()
        assert shown.isprintable()
        assert len(shown) <= 12 * 203 + 2
        scope = scope_from_text(text)
        assert scope is None or scope_from_text(scope_to_text(scope)) == scope


_PARAMETERS = (
    b"code=",
    b"state=state",
    b"iss=https://as.example",
    b"error=access_denied",
    b"&",
    b"error_description=",
    b"%",
    b"%ff",
    b"+",
)

TARGETS = (
    Target(
        name="challenge",
        reads="WWW-Authenticate fields (RFC 9110, RFC 6750, RFC 9728)",
        modules=("protocol/challenge.py", "protocol/resource.py", "urls.py"),
        run=_challenge,
        tokens=(
            b"Bearer ",
            b"DPoP ",
            b"Basic ",
            b'="',
            b'", ',
            b"\\",
            b"scope=",
            b"resource_metadata=",
            b"error=",
            b"use_dpop_nonce",
            b",;",
        ),
    ),
    Target(
        name="well_known",
        reads="the URLs of an MCP server and of an issuer, to find their documents",
        modules=("protocol/resource.py", "protocol/server.py", "urls.py"),
        run=_well_known,
        tokens=_URLS,
    ),
    Target(
        name="urls",
        reads="any URL",
        modules=("urls.py", "protocol/inner_address.py", "profiles/profile.py"),
        run=_urls,
        tokens=(*_URLS, b"https://mcp.example/mcp", b"mcp.example"),
    ),
    Target(
        name="browser_url",
        reads="a link for the browser, and the variable BROWSER",
        modules=("urls.py", "login/browser.py"),
        run=_browser_url,
        tokens=(*_URLS, b"%s", b"firefox ", b"sh -c", b":"),
    ),
    Target(
        name="callback",
        reads="the answer at the redirect address",
        modules=("protocol/authorization.py",),
        run=_callback,
        tokens=_PARAMETERS,
    ),
    Target(
        name="authorization_endpoint",
        reads="an authorization endpoint, to build the link of a login",
        modules=("protocol/authorization.py", "urls.py"),
        run=_authorization_endpoint,
        tokens=(*_URLS, b"?state=", b"&client_id=", b"%73tate="),
    ),
    Target(
        name="pasted_text",
        reads="what a person pastes",
        modules=("login/pasted_text.py", "protocol/authorization.py"),
        run=_pasted,
        tokens=(
            *_PARAMETERS,
            b"http://127.0.0.1:8080/callback?",
            b"\x1b[200~",
            b"&amp;",
            b"\xe2\x80\x9c",
            b".",
            b"\x1b[",
        ),
    ),
    Target(
        name="dpop",
        reads="DPoP nonces, and a stored key",
        modules=("protocol/dpop.py",),
        run=_dpop,
        tokens=(b'{"kty":"EC"', b'"crv":"P-256"', b'"x":"', b'"y":"', b'"d":"', b'"alg":"ES256"', b"OKP"),
    ),
    Target(
        name="jwt",
        reads="the claims of a token or an assertion",
        modules=("protocol/assertion.py",),
        run=_jwt,
        tokens=(b'{"', b'"aud":', b'["', b'"exp":', b"1e999", b"true", b".", b"NaN"),
    ),
    Target(
        name="words",
        reads="a text in an error, and a scope",
        modules=("errors/__init__.py", "errors/root.py", "values.py"),
        run=_words,
        tokens=(b"\x1b]0;", b"\x7f", b"\xe2\x80\xae", b"\xc2\x85", b" "),
    ),
)
