# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The header fields that a user gives to one origin: they reach it, and no one else."""

import logging

import pytest

from tests.fakes.world import World
from tests.network.certificates import make_certificates
from tests.network.names import NameServer
from tests.network.server import WireServer, answer
from tests.network.test_connections import kept, speaking_for
from tests.network.test_sender import HERE, PROXIES, fields
from tests.requirements import requirement
from valetkey._discovery.discovery import discover
from valetkey._engine.factory import build_engine
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.errors import AuthError
from valetkey.errors.redaction import redacting
from valetkey.protocol.error_response import refusal_error
from valetkey.settings import Network
from valetkey.settings.settings import Settings
from valetkey.values import Secret
from valetkey.wire import HttpRequest

CANARY = "canary-77d0"
GIVEN = {"CF-Access-Client-Id": "agent", "CF-Access-Client-Secret": Secret(CANARY)}


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def sender(origin, names=None, **more):
    guard = Guard(HERE, resolve=names) if names is not None else Guard(HERE)
    return HttpSender(guard, Network(headers={origin: GIVEN}, **more))


def get(url, headers=()):
    return HttpRequest("GET", url, "read a document", headers=headers)


@requirement("SEC-12")
def test_a_gateway_gets_the_fields_that_the_user_has_given_to_it():
    with WireServer(lambda peer: peer.send(answer())) as server:
        send = sender(server.url)
        send(get(f"{server.url}/a"))
        send(HttpRequest("POST", f"{server.url}/b", "renew", headers=(("Authorization", "Basic x"),), body=b"y"))
    for request in server.requests:
        sent = fields(request)
        assert (sent["cf-access-client-id"], sent["cf-access-client-secret"]) == ("agent", CANARY)
        assert len([line for line in request.split(b"\r\n") if line.lower().startswith(b"host:")]) == 1
    assert fields(server.requests[1])["authorization"] == "Basic x"


@requirement("SEC-12", "SEC-6")
@pytest.mark.parametrize("spelling", ["http://127.0.0.1:{}", "http://localhost:{}", "http://127.0.0.2:{}"])
def test_another_origin_gets_none_of_them(spelling):
    """Neither another port, nor another name of the same computer."""
    with WireServer(lambda peer: peer.send(answer())) as asked, WireServer() as gateway:
        given = spelling.format(gateway.port if "127.0.0.1" in spelling else asked.port)
        sender(given, NameServer(localhost=["127.0.0.1"]))(get(f"{asked.url}/token"))
    assert CANARY.encode() not in b"".join(asked.seen)
    assert "cf-access-client-id" not in fields(asked.requests[0])


@requirement("SEC-6", "SEC-12")
@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_redirect_to_another_origin_carries_none_of_them_there(status):
    """Discovery follows redirects within an origin only, and each is a request of its own."""
    with WireServer(lambda peer: peer.send(answer())) as other:
        moved = answer(status, f"Location: {other.url}/.well-known/oauth-protected-resource/mcp")
        with WireServer(lambda peer: peer.send(moved)) as server:
            url = f"{server.url}/mcp"
            send = HttpSender(Guard(url), Network(headers={server.url: GIVEN}))
            with pytest.raises(AuthError):
                discover(Settings(url=url), None, send)
    assert any(CANARY.encode() in request for request in server.requests)
    assert CANARY.encode() not in b"".join(other.seen)


@requirement("SEC-8", "SEC-12")
@pytest.mark.parametrize("encrypted", [False, True], ids=["http proxy", "https proxy"])
def test_a_proxy_on_the_way_sees_none_of_them(encrypted, tmp_path):
    certificates, inner = make_certificates(tmp_path), []

    def tunnel(peer):
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        inside = peer.speak_tls(certificates.context("as.example"))
        inner.append(inside.receive())
        inside.send(kept())

    with WireServer(tunnel, tls=certificates.context("good") if encrypted else None) as proxy:
        send = sender("https://as.example", proxy=proxy.url, certificate_authorities=certificates.authority)
        assert send(get("https://as.example/doc")).status == 200
    assert CANARY.encode() not in b"".join(proxy.requests)
    assert CANARY.encode() in inner[0]
    assert proxy.requests[0].startswith(b"CONNECT as.example:443 ")


@requirement("SEC-12")
@pytest.mark.parametrize("status", ["400 Bad Request", "403 Forbidden", "502 Bad Gateway"])
def test_a_gateway_that_repeats_a_value_in_its_error_does_not_get_it_into_a_text(status, caplog):
    caplog.set_level(logging.DEBUG)
    echo = answer(status, body=f"no such key: {CANARY}".encode())
    with WireServer(lambda peer: peer.send(echo)) as server, redacting():
        response = sender(server.url)(get(f"{server.url}/token"))
        shown = str(refusal_error(response, "The gateway"))
    assert "no such key: " in shown
    assert CANARY not in shown
    logged = repr([vars(record) for record in caplog.records if record.name.startswith("valetkey")])
    assert "/token" in logged
    assert CANARY not in logged


@requirement("SEC-12")
@pytest.mark.parametrize("refusal", ["403 Forbidden", "302 Found"])
@pytest.mark.parametrize("is_given", [True, False])
def test_a_whole_login_passes_a_gateway_in_front_of_the_authorization_server(is_given, refusal):
    """Metadata, registration, token: every request that the engine makes has the fields."""
    world = World()
    respond = speaking_for(world)

    def gateway(peer):
        may_pass = fields(peer.request).get("cf-access-client-secret") == CANARY
        location = "Location: https://gateway.example/login"
        respond(peer) if may_pass else peer.send(answer(refusal, location, "Connection: close", body=b"sign in first"))

    with WireServer(*[gateway] * 9) as server:
        world.server.mcp_url, world.server.issuer = f"{server.url}/mcp", server.url
        network = Network(headers={server.url: GIVEN}) if is_given else None
        settings = Settings(url=world.server.mcp_url, network=network)
        engine = build_engine(settings, store=world.store, login=world.person)
        if is_given:
            assert engine.replace(None).access_token
            assert b"/token" in server.requests[-1].split(b"\r\n")[0]
        else:
            with pytest.raises(AuthError) as caught:
                engine.replace(None)
            assert world.person.asked == []
            assert ("header fields in network=" in caught.value.hint) is (refusal == "302 Found")
