# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""No text that a server sends stops the process: whatever reads one takes time in proportion to its length."""

import inspect
import json
import time

import pytest

from tests.fakes.growth import ANY_TEXTS, check_linear
from tests.requirements import requirement
from valetkey import urls
from valetkey._discovery.server import is_led_away
from valetkey._policy.issuers import choose_issuers
from valetkey._policy.tolerance import declines_audience, declines_resource, wants_scope_named
from valetkey.errors import InsecureEndpoint, quote
from valetkey.profiles.catalog import load_profiles
from valetkey.protocol.challenge import challenge_to_answer, parse_challenges
from valetkey.protocol.device import parse_device_authorization
from valetkey.protocol.dpop import read_nonce
from valetkey.protocol.error_response import refusal_error, temporary_error
from valetkey.protocol.inner_address import inside_hint
from valetkey.protocol.registration import ClientMetadata, parse_registration
from valetkey.protocol.resource import ResourceCandidate, parse_resource, resource_request
from valetkey.protocol.server import parse_server, require_issuer, server_candidates
from valetkey.protocol.token import parse_token
from valetkey.values import ServerMetadata, scope_from_text
from valetkey.wire import HttpResponse

ISSUER = "https://as.example"
MCP = "https://mcp.example/mcp"
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)

OF_URLS = {
    "require_endpoint": lambda text: urls.require_endpoint(text, "address"),
    "encode_for_browser": urls.encode_for_browser,
    "is_loopback_host": urls.is_loopback_host,
    "is_loopback": urls.is_loopback,
    "origin": urls.origin,
    "same_origin": lambda text: urls.same_origin(text, MCP),
    "canonical_resource": urls.canonical_resource,
    "covers": lambda text: urls.covers(text, MCP),
    "same_issuer": lambda text: urls.same_issuer(ISSUER, text, strict=False),
    "is_endpoint": urls.is_endpoint,
    "resolve": lambda text: urls.resolve(text, MCP),
    "without_fragment": urls.without_fragment,
    "without_query": urls.without_query,
    "without_last_slash": urls.without_last_slash,
    "insert_well_known": lambda text: urls.insert_well_known(text, "oauth-protected-resource"),
}
"""Every public function of `urls`, with a text from outside."""


def answer(status=200, headers=(), **members):
    return HttpResponse(status, f"{ISSUER}/x", headers, json.dumps(members).encode())


def metadata(**members):
    return parse_server(answer(issuer=ISSUER, **members), ISSUER)


def resource(**members):
    return parse_resource(answer(**members), ResourceCandidate(MCP, MCP), MCP)


def first_issuer(published):
    return require_issuer(choose_issuers(published, None)[0])


def token(**members):
    return parse_token(
        answer(**{"access_token": "t", "token_type": "Bearer", **members}), now=0.0, requested_scope=None
    )


def device(**members):
    good = {"device_code": "c", "user_code": "u", "verification_uri": ISSUER, "expires_in": 60}
    return parse_device_authorization(answer(**{**good, **members}), now=0.0)


def registration(**members):
    requested = ClientMetadata(redirect_uri="http://127.0.0.1:8080/callback")
    return parse_registration(answer(201, client_id="c", **members), ServerMetadata(ISSUER), requested, now=0.0)


FROM_OUTSIDE = {
    "a challenge": lambda text: challenge_to_answer(parse_challenges([text])),
    "the parameters of a challenge": lambda text: challenge_to_answer(parse_challenges([f"Bearer {text}"])),
    "many challenges": lambda text: parse_challenges([text[at : at + 100] for at in range(0, len(text), 100)]),
    "a quoted value": lambda text: parse_challenges([f'Bearer resource_metadata="{text}"']),
    "resource_metadata": lambda text: resource_request(ResourceCandidate(text, MCP)),
    "resource": lambda text: resource(resource=text),
    "authorization_servers": lambda text: first_issuer(resource(resource=MCP, authorization_servers=[text])),
    "authorization_servers beside a pinned issuer": lambda text: is_led_away(ISSUER, (text,)),
    "an inner address": lambda text: inside_hint(MCP, text),
    "scopes_supported": lambda text: resource(resource=MCP, scopes_supported=[text]),
    "the places of an issuer's metadata": server_candidates,
    "issuer": lambda text: parse_server(answer(issuer=text), ISSUER),
    "authorization_endpoint": lambda text: metadata(authorization_endpoint=text),
    "token_endpoint": lambda text: metadata(token_endpoint=text),
    "revocation_endpoint": lambda text: metadata(revocation_endpoint=text),
    "a profile's issuers": lambda text: [profile.is_for(text) for profile in load_profiles().values()],
    "token_endpoint_auth_method": lambda text: registration(token_endpoint_auth_method=text),
    "redirect_uris": lambda text: registration(redirect_uris=[text]),
    "access_token": lambda text: token(access_token=text),
    "token_type": lambda text: token(token_type=text),
    "expires_in": lambda text: token(expires_in=text),
    "scope": lambda text: token(scope=text),
    "verification_uri": lambda text: device(verification_uri=text),
    "user_code": lambda text: device(user_code=text),
    "error": lambda text: str(refusal_error(answer(400, error=text), "It")),
    "error_description": lambda text: str(
        refusal_error(answer(400, error="invalid_request", error_description=text), "It")
    ),
    "Retry-After": lambda text: temporary_error(answer(503, (("Retry-After", text),)), "It", now=0.0),
    "DPoP-Nonce": read_nonce,
    "a refusal of the resource": lambda text: declines_resource("invalid_request", text),
    "a refusal of the audience": lambda text: declines_audience(MCP, text),
    "a refusal of the scope": lambda text: wants_scope_named("invalid_request", text),
    "a scope": scope_from_text,
    "a text in an error": quote,
    "a body": lambda text: refusal_error(HttpResponse(400, ISSUER, (), text.encode()), "It"),
    "a form": lambda text: refusal_error(HttpResponse(400, ISSUER, FORM, text.encode()), "It"),
}


def test_these_tests_know_every_function_of_urls():
    functions = {
        name for name, item in vars(urls).items() if inspect.isroutine(item) and item.__module__ == urls.__name__
    }
    assert set(OF_URLS) == {name for name in functions if not name.startswith("_")}


@requirement("SEC-9")
@pytest.mark.parametrize("read", OF_URLS.values(), ids=OF_URLS)
def test_a_long_url_is_read_in_time_proportional_to_its_length(read):
    check_linear(read)


@requirement("SEC-9")
@pytest.mark.parametrize("read", FROM_OUTSIDE.values(), ids=FROM_OUTSIDE)
def test_a_long_text_from_a_server_is_read_in_time_proportional_to_its_length(read):
    check_linear(read, ANY_TEXTS)


@requirement("SEC-9")
@pytest.mark.parametrize("length", [urls.LONGEST_URL + 1, 1024 * 1024])
def test_a_url_is_read_up_to_8_kib(length):
    assert urls.LONGEST_URL == 8192
    longest = "https://h.example/".ljust(urls.LONGEST_URL, "a")
    assert urls.require_endpoint(longest, "address") == longest
    with pytest.raises(InsecureEndpoint, match="has more than 8,192 characters") as caught:
        urls.require_endpoint("https://h.example/".ljust(length, "a"), "address")
    assert "shorter" in caught.value.hint
    assert len(str(caught.value)) < 500


def test_what_is_too_long_has_no_origin():
    longer = "https://h.example/".ljust(urls.LONGEST_URL + 1, "a")
    assert not urls.same_origin(longer, longer)
    with pytest.raises(ValueError, match="more than 8,192 characters"):
        urls.origin(longer)


def test_a_quadratic_reader_would_be_noticed():
    def read(text):
        end = time.thread_time() + 1.1 * (len(text) / 65536) ** 2
        while time.thread_time() < end:
            pass

    with pytest.raises(AssertionError, match=r"s for 65536 characters of '' and ':'"):
        check_linear(read, [("", ":")])
