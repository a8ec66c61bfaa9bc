# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Whose login page a server names: which are asked about, where, and what the answer means."""

import json

import pytest

from tests.requirements import requirement
from valetkey.protocol.mix_up import Claim, claim_urls, is_mixed_up, page_elsewhere, parse_claim
from valetkey.values import ServerMetadata
from valetkey.wire import HttpResponse

EVIL, HONEST = "https://evil.example", "https://honest.example"
PAGE = f"{HONEST}/authorize"
MEMBER = "authorization_endpoint"


def server(page=PAGE, token=f"{EVIL}/token", issuer=EVIL):
    return ServerMetadata(issuer, authorization_endpoint=page, token_endpoint=token)


def claim(page=PAGE, status=200, **members):
    document = {"issuer": HONEST, MEMBER: PAGE, "token_endpoint": f"{HONEST}/token", **members}
    body = json.dumps(document).encode()
    return parse_claim(HttpResponse(status, f"{HONEST}/.well-known/x", body=body), MEMBER, page)


@requirement("ASM-15")
@pytest.mark.parametrize(
    ("names", "is_elsewhere"),
    [
        (server(), True),
        (server(page=f"{EVIL}/authorize"), False),
        (server(token=f"{HONEST}/token"), False),
        (server(page=f"{HONEST}:443/authorize", token=f"{HONEST}/token"), False),
        (server(page=f"{HONEST}:8443/authorize", token=f"{HONEST}/token"), True),
        (server(page=None), False),
        (server(token=None), False),
    ],
)
def test_a_page_beside_the_issuer_or_the_token_endpoint_is_in_no_doubt(names, is_elsewhere):
    """Row I5."""
    assert (page_elsewhere(names, MEMBER) is not None) is is_elsewhere


@pytest.mark.parametrize(
    ("page", "issuers"),
    [
        (f"{HONEST}/authorize", [""]),
        (HONEST, [""]),
        (f"{HONEST}/realms/x/protocol/openid-connect/auth", ["", "/realms", "/realms/x", "/realms/x/protocol"]),
        (f"{HONEST}/a/../realms//x/./%6Cogin?y=/z", ["", "/realms", "/realms/x"]),
        (f"{HONEST}/a%20b/login", ["", "/a+b"]),
        (f"{HONEST}/{'a/' * 3000}login", ["", "/a", "/a/a", "/a/a/a"]),
        (f"{HONEST}/a/b/login", ["", "/a", "/a/b"]),
    ],
)
def test_the_issuer_of_a_page_is_looked_for_at_the_root_and_above_the_page(page, issuers):
    """Row I5."""
    asked = claim_urls(page)
    oauth = f"{HONEST}/.well-known/oauth-authorization-server"
    assert [url.removeprefix(oauth) for url in asked if url.startswith(oauth)] == issuers
    assert [url for url in asked if url.endswith("/openid-configuration")][: len(issuers)] == [
        f"{HONEST}{issuer}/.well-known/openid-configuration" for issuer in issuers
    ]
    assert len(asked) <= 9


@pytest.mark.parametrize(
    ("path", "issuer"),
    [
        ("/tenant/oauth2/v2.0/authorize", "/tenant/v2.0"),
        ("/tenant.example/policy/oauth2/v2.0/authorize", "/tenant.example/policy/v2.0"),
        ("/oauth2/v2.0/authorize", None),
        ("/a/b/c/d/e/authorize", None),
    ],
)
def test_the_issuer_of_a_page_is_looked_for_beside_it_too(path, issuer):
    """Entra publishes there. Row I5."""
    beside = [url for url in claim_urls(f"{HONEST}{path}") if not url.startswith(f"{HONEST}/.well-known/")]
    last = beside[-1].removeprefix(HONEST).removesuffix("/.well-known/openid-configuration")
    assert (last if issuer is not None else None) == issuer
    assert path.startswith(last) is (issuer is None)


@requirement("SEC-15")
@pytest.mark.parametrize(
    "page",
    [
        PAGE,
        f"{PAGE}/",
        f"{PAGE}?tenant=x",
        f"{HONEST}/AUTHORIZE",
        f"{HONEST}//authorize",
        f"{HONEST}/./x/../authorize",
        f"{HONEST}/%61uthorize",
        f"{HONEST}/authorize;a=b",
        f"{HONEST}/;a=b/authorize",
        f"{HONEST}/x/..;/authorize",
        f"{HONEST}/x/%2e%2e;a/authorize",
        f"{HONEST}/%5Cauthorize",
        f"{HONEST}/x%5C..%5Cauthorize",
        f"{HONEST}/%2561uthorize",
        f"{HONEST}/%252561uthorize",
        f"{HONEST}/authorize%00",
        f"{HONEST}/authorize%20",
        f"{HONEST}/authorize+",
        f"{HONEST}/%09authorize",
        f"{HONEST}/authorize.",
        f"{HONEST}/authorize.html",
        f"{HONEST}/authorize%3Fa=b",
        f"{HONEST}/authorize%23a",
        "https://www.honest.example/authorize",
        "https://honest.example./authorize",
    ],
)
def test_no_spelling_of_a_page_hides_whose_it_is(page):
    """Row I5."""
    found = claim(page)
    assert found == Claim(HONEST, PAGE, f"{HONEST}/token")
    assert is_mixed_up(server(page), found)


@pytest.mark.parametrize(
    "document",
    [
        {"page": f"{HONEST}/another"},
        {"page": f"{HONEST}/authorize/deeper"},
        {"page": f"{HONEST}/authorised"},
        {MEMBER: f"{PAGE}?{'x' * 8192}"},
        {"issuer": None},
        {MEMBER: None},
        {"token_endpoint": None},
        {"status": 404},
    ],
)
def test_a_document_about_another_page_or_without_the_members_says_nothing(document):
    assert claim(**document) is None


def test_what_is_no_document_says_nothing():
    assert parse_claim(HttpResponse(200, PAGE, body=b"<html>"), MEMBER, PAGE) is None


@requirement("SEC-15", "ASM-15")
@pytest.mark.parametrize(
    ("issuer", "token_endpoint", "is_attack"),
    [
        (HONEST, f"{HONEST}/token", True),
        (HONEST, "https://tokens.honest.example/token", True),
        (EVIL, f"{HONEST}/token", False),  # the page's host calls this issuer its own
        (f"{EVIL}/", f"{HONEST}/token", False),
        (HONEST, f"{EVIL}/other", False),  # the code goes where the page's own issuer would send it
    ],
)
def test_a_page_of_another_issuer_whose_codes_go_elsewhere_is_an_attack(issuer, token_endpoint, is_attack):
    """Row I5."""
    assert is_mixed_up(server(), Claim(issuer, PAGE, token_endpoint)) is is_attack
