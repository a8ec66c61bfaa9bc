# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Redirects of metadata: followed within the origin and no further, also over real HTTP."""

import gzip
import json

import pytest

from tests.fakes.authorization_server import (
    ISSUER,
    MCP,
    RESOURCE_METADATA,
    ROOT_RESOURCE_METADATA,
    SERVER_METADATA,
    TOKEN,
    AuthorizationServer,
)
from tests.fakes.world import World
from tests.network.server import WireServer, answer
from tests.requirements import requirement
from valetkey._discovery.discovery import discover
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.errors import (
    AuthError,
    InsecureEndpoint,
    IssuerMismatch,
    MalformedDocument,
    ResourceMismatch,
    TemporaryError,
    Unsupported,
)
from valetkey.settings.settings import Settings
from valetkey.wire import HttpResponse

ORIGIN = "https://mcp.example.com"
REDIRECTS = [301, 302, 303, 307, 308]


def find(server, **settings):
    return discover(Settings(**{"url": MCP, **settings}), None, server)


def redirect(url, location, status=301):
    return HttpResponse(status, url, (("Location", location),))


def led_to(place, *locations, status=301, **switches):
    """A server whose answers at a place, and then at each of the locations, lead to the next location."""
    server = AuthorizationServer(**switches)
    for url, location in zip((place, *locations), locations, strict=False):
        server.has(url, redirect(url, location, status))
    return server


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("location", [f"{ORIGIN}/meta", "/meta", "../../meta", "//mcp.example.com/meta", "/meta#part"])
def test_a_redirect_within_the_origin_is_followed(location, status):
    """Row D3."""
    server = led_to(RESOURCE_METADATA, location, status=status, describes_the_resource_at=(f"{ORIGIN}/meta",))
    found = find(server)
    assert server.log() == [f"GET {url}" for url in (RESOURCE_METADATA, f"{ORIGIN}/meta", SERVER_METADATA)]
    assert found.server.issuer == ISSUER


def test_three_redirects_are_followed_and_no_more():
    """Row D3."""
    hops = [f"{ISSUER}/{number}" for number in range(4)]
    server = led_to(SERVER_METADATA, *hops[:3], describes_itself_at=(hops[2],))
    assert find(server).server.issuer == ISSUER
    server = led_to(SERVER_METADATA, *hops, describes_itself_at=(hops[3],))
    with pytest.raises(Unsupported, match="redirects more than 3 times"):
        find(server)
    assert f"GET {hops[3]}" not in server.log()


@requirement("ASM-8")
def test_the_issuer_that_was_asked_is_the_one_that_a_document_behind_a_redirect_has_to_name():
    """Row D3."""
    server = led_to(SERVER_METADATA, "/meta", describes_itself_at=(f"{ISSUER}/meta",), calls_itself=f"{ISSUER}/meta")
    with pytest.raises(IssuerMismatch) as caught:
        find(server)
    assert caught.value.expected == ISSUER


@requirement("PRM-6")
def test_the_resource_that_was_asked_is_the_one_that_a_document_behind_a_redirect_has_to_name():
    """Row D3."""
    place = f"{ORIGIN}/meta"
    server = led_to(RESOURCE_METADATA, place, describes_the_resource_at=(place,), names_the_resource=place)
    with pytest.raises(ResourceMismatch):
        find(server)


@requirement("VER-2", "SEC-5")
@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.example.com/meta?token=s3cret",
        "https://mcp.example.com:8443/meta",
        "http://mcp.example.com/meta",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "https://user:s3cret@elsewhere.example.com/",
    ],
)
def test_a_redirect_to_another_origin_is_named_and_leads_to_no_guess(location, status):
    """Rows D3, F16."""
    server = AuthorizationServer(describes_the_resource_at=(), describes_itself_at=())
    for url in (RESOURCE_METADATA, ROOT_RESOURCE_METADATA):
        server.has(url, redirect(url, location, status))
    with pytest.raises(Unsupported, match="redirects to another server") as caught:
        find(server)
    place = location.partition("?")[0].replace("user:s3cret", "...")
    assert f'{status} without Content-Type to "{place}", not followed' in caught.value.tried[0]
    assert "s3cret" not in str(caught.value)
    assert server.log() == [f"GET {RESOURCE_METADATA}", f"GET {ROOT_RESOURCE_METADATA}"]


@requirement("VER-2")
@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirect_of_the_origins_own_metadata_leads_to_no_guess(status):
    """Row D3."""
    server = AuthorizationServer(issuer=ORIGIN, describes_the_resource_at=(), describes_itself_at=())
    place = f"{ORIGIN}/.well-known/oauth-authorization-server"
    server.has(place, redirect(place, "https://elsewhere.example.com/", status))
    with pytest.raises(Unsupported, match="redirects to another server"):
        find(server)


def test_a_redirect_to_plain_http_says_that_the_server_seems_to_be_behind_a_proxy():
    """Rows D3, F9."""
    server = AuthorizationServer(describes_itself_at=())
    server.has(SERVER_METADATA, redirect(SERVER_METADATA, "http://auth.example.com/meta"))
    with pytest.raises(Unsupported) as caught:
        find(server)
    assert "behind a proxy" in caught.value.hint


def test_the_issuer_that_the_user_names_is_a_way_on_where_a_redirect_is_not_followed():
    """Rows B4, D3."""
    server = AuthorizationServer(describes_the_resource_at=())
    server.has(RESOURCE_METADATA, redirect(RESOURCE_METADATA, "https://elsewhere.example.com/"))
    assert find(server, issuer=ISSUER).server.issuer == ISSUER


@requirement("SEC-1")
def test_a_redirect_with_user_information_is_refused_by_the_guard():
    """Row D3."""
    with pytest.raises(InsecureEndpoint):
        find(led_to(RESOURCE_METADATA, "https://a:b@mcp.example.com/meta"))


@pytest.mark.parametrize("status", [404, 401, 200])
def test_a_redirect_that_leads_to_no_document_is_a_miss_like_any_other(status):
    """A server may redirect every path to its login page. Row D3."""
    server = AuthorizationServer(describes_the_resource_at=(ROOT_RESOURCE_METADATA,), names_issuers=())
    server.has(RESOURCE_METADATA, redirect(RESOURCE_METADATA, "/login?next=x"))
    server.has(f"{ORIGIN}/login?next=x", (status, "text/html", "<html>"))
    with pytest.raises(Unsupported, match="names no authorization server") as caught:
        find(server)
    assert caught.value.tried == (f"{RESOURCE_METADATA}: {status} text/html from {ORIGIN}/login",)


@pytest.mark.parametrize("status", [503, 429])
def test_a_redirect_that_leads_to_a_server_that_cannot_answer_now_is_temporary(status):
    """Rows A6, D3."""
    server = AuthorizationServer(describes_the_resource_at=())
    server.has(RESOURCE_METADATA, redirect(RESOURCE_METADATA, "/meta"))
    server.has(f"{ORIGIN}/meta", status)
    with pytest.raises(TemporaryError, match=str(status)):
        find(server)


# Endpoints that get a request with a credential are never followed elsewhere.


@requirement("SEC-5")
@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("endpoint", ["register", "token"])
def test_where_an_endpoint_has_gone_is_named_and_nothing_is_sent_there(endpoint, status):
    """Row F16."""
    world = World()
    url = f"{ISSUER}/{endpoint}"
    world.server.has(url, *[redirect(url, f"/v2/{endpoint}?token=s3cret", status)] * 3)
    with pytest.raises(AuthError) as caught:
        world.engine().replace(None)
    assert f"{ISSUER}/v2/{endpoint}" in caught.value.message
    assert "s3cret" not in str(caught.value)
    assert "/v2/" not in str(world.server.log())


def test_a_token_that_is_packed_without_saying_so_is_told_as_that():
    """Row F11."""
    world = World()
    world.server.has(TOKEN, *[HttpResponse(200, TOKEN, (), gzip.compress(b"{}", mtime=0))] * 3)
    with pytest.raises(MalformedDocument, match="packed with gzip, and no Content-Encoding says so"):
        world.engine().replace(None)


def test_metadata_of_an_issuer_that_is_elsewhere_is_done_without_as_the_hint_says():
    """To name the same issuer would lead to the same redirect. Rows B5, D3."""
    server = led_to(SERVER_METADATA, "https://elsewhere.example/meta", describes_itself_at=())
    server.has(SERVER_METADATA, redirect(SERVER_METADATA, "https://elsewhere.example/meta"))
    with pytest.raises(Unsupported, match="or give authorization_endpoint and token_endpoint") as caught:
        find(server)
    assert "issuer=" not in caught.value.hint
    given = {"authorization_endpoint": f"{ISSUER}/authorize", "token_endpoint": f"{ISSUER}/token"}
    assert find(server, **given).server.token_endpoint == f"{ISSUER}/token"


# Over real HTTP.


def serving(documents):
    """Answer a request with the document at its path, or with a redirect where that is a text."""

    def respond(peer):
        what = documents.get(peer.request.split(b" ")[1].decode())
        if what is None:
            peer.send(answer("404 Not Found"))
        elif isinstance(what, str):
            peer.send(answer("307 Temporary Redirect", f"Location: {what}"))
        else:
            peer.send(answer("200 OK", "Content-Type: application/json", body=json.dumps(what).encode()))

    return respond


@requirement("SEC-5")
def test_real_redirects_are_followed_within_the_origin_and_nothing_goes_to_another():
    """Starlette redirects a path to the one with a last slash. Row D3."""
    documents = {}
    with WireServer(serving(documents)) as server, WireServer() as other:
        endpoints = {"token_endpoint": f"{server.url}/token", "authorization_endpoint": f"{server.url}/authorize"}
        resource = "/.well-known/oauth-protected-resource/mcp"
        documents[resource] = f"{resource}/"
        documents[f"{resource}/"] = {"resource": f"{server.url}/mcp", "authorization_servers": [server.url]}
        documents["/.well-known/oauth-authorization-server"] = f"{other.url}/elsewhere"
        documents["/.well-known/openid-configuration"] = {"issuer": server.url, **endpoints}
        settings = Settings(url=f"{server.url}/mcp")
        found = discover(settings, None, HttpSender(Guard(settings.server_url)))
    assert found.server.token_endpoint == f"{server.url}/token"
    assert other.connections == 0
