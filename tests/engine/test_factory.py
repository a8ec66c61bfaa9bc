# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Putting an engine together."""

import gc
import json

import pytest

from tests.fakes.authorization_server import MCP
from tests.fakes.world import World, a_session
from tests.network.server import WireServer, answer
from valetkey._engine.factory import build_engine, shared_engine
from valetkey._engine.workers import WORKERS
from valetkey._sessions.codec import encode_session, session_key
from valetkey.errors import ConfigurationError, InsecureEndpoint, LoginRequired, StoreError, TemporaryError
from valetkey.login import PrintedLink
from valetkey.login.link import LinkLogin
from valetkey.login.loopback import LoopbackLogin
from valetkey.settings.credentials import IdentityProvider, RegisteredClient
from valetkey.store.backends.memory import MemoryStore
from valetkey.values import Secret
from valetkey.wire import HttpRequest

SETTINGS = World.settings()


@pytest.fixture
def store():
    store = MemoryStore()
    store.put(session_key(SETTINGS), encode_session(a_session(expires_at=None)))
    return store


def test_an_engine_uses_the_store_and_the_login_it_was_given(store):
    world = World()
    engine = build_engine(SETTINGS, store=store, login=world.person)
    assert (engine.settings, engine.current().access_token.reveal()) == (SETTINGS, "access-0")


def test_the_store_and_the_login_may_be_named(tmp_path):
    settings = World.settings(
        client_id="mine", authorization_endpoint="https://as.example/a", token_endpoint="https://as.example/t"
    )
    for name in ("memory:", f"sqlite:///{tmp_path}/credentials.db"):
        engine = build_engine(settings, store=name, login="never")
        assert engine.current() is None
        with pytest.raises(LoginRequired, match='login="never" asks none'):
            engine.replace(None)


def test_other_sessions_are_worked_at_while_a_server_is_waited_for():
    at_work = []

    def serve(peer):
        at_work.append(WORKERS.at_work)
        token = b'{"access_token": "a-token", "token_type": "Bearer"}'
        peer.send(answer("200 OK", "Content-Type: application/json", body=token))

    with WireServer(serve) as server:
        machine = {"issuer": server.url, "token_endpoint": f"{server.url}/token", "client_secret": Secret("s3cret")}
        settings = World.settings(url=server.url, grant="client_credentials", client_id="mine", **machine)
        assert build_engine(settings, store="memory:").replace(None).access_token == Secret("a-token")
    assert at_work == [0]


@pytest.mark.parametrize("build", [build_engine, shared_engine])
@pytest.mark.parametrize("wrong", [{"store": "nowhere://here", "login": "never"}, {"store": "memory:", "login": "sms"}])
def test_a_name_that_means_nothing_is_refused(build, wrong):
    with pytest.raises(ConfigurationError):
        build(SETTINGS, **wrong)


ELSEWHERE = ("https://app.example.com/callback", "https://[::1]:80/", "http://localhost/callback")


@pytest.mark.parametrize("address", ELSEWHERE)
@pytest.mark.parametrize("login", ["auto", "browser", PrintedLink(), LoopbackLogin(print)])
@pytest.mark.parametrize("of_a_client", [False, True])
def test_an_address_where_nothing_can_listen_is_refused_if_the_login_listens(address, login, of_a_client):
    """Row G6."""
    given = {"clients": [RegisteredClient("https://as.example", "mine", redirect_uri=address)]}
    settings = World.settings(**(given if of_a_client else {"redirect_uri": address}))
    with pytest.raises(ConfigurationError, match="Nothing can listen") as caught:
        build_engine(settings, store="memory:", login=login)
    assert "http://127.0.0.1:8080/callback" in caught.value.hint
    assert 'login="paste"' in caught.value.hint


@pytest.mark.parametrize("address", ELSEWHERE)
@pytest.mark.parametrize("login", ["paste", "never", World().person])
def test_it_is_allowed_if_the_login_does_not_listen(address, login):
    """Row G6."""
    assert build_engine(World.settings(redirect_uri=address), store="memory:", login=login).current() is None


def test_without_a_name_the_environment_names_the_store(monkeypatch):
    monkeypatch.setenv("VALETKEY_STORE", "nonsense:")
    for build in (build_engine, shared_engine):
        with pytest.raises(ConfigurationError, match="no store"):
            build(SETTINGS, login="never")


def test_the_identity_provider_may_be_where_an_mcp_server_may_not_lead_to():
    provider = IdentityProvider("http://127.0.0.1:9", "employee", Secret("id-token"))
    employee = {"identity_provider": provider, "client_id": "mine", "client_secret": Secret("s3cret")}
    settings = World.settings(url="https://8.8.8.8/mcp", **employee)
    seams = build_engine(settings, store="memory:", login="never")._seams
    request = HttpRequest("GET", "http://127.0.0.1:9/token", "ask")
    with seams.keep_connections():
        with pytest.raises(TemporaryError, match="cannot be reached"):
            seams.send_to_provider(request)
        with pytest.raises(InsecureEndpoint):
            seams.send(request)


def test_who_asks_with_the_same_settings_shares_an_engine(store):
    assert shared_engine(SETTINGS, store=store) is shared_engine(World.settings(), store=store)
    assert build_engine(SETTINGS, store=store) is not build_engine(SETTINGS, store=store)


def test_one_engine_serves_who_says_link_and_who_means_it(store):
    """The page of a web app says it, and the tools of the app have the default."""
    settings = World.settings(public_url="https://bot.example.com")
    assert shared_engine(settings, store=store) is shared_engine(settings, store=store, login="link")


def test_a_named_store_is_shared_by_its_name():
    assert shared_engine(SETTINGS, store="memory:") is shared_engine(SETTINGS, store="memory:")


def test_whatever_differs_makes_another_engine(store):
    engines = [
        shared_engine(SETTINGS, store=store),
        shared_engine(World.settings(principal="somebody"), store=store),
        shared_engine(World.settings(label="work"), store=store),
        shared_engine(SETTINGS, store=MemoryStore()),
        shared_engine(SETTINGS, store=store, login="never"),
    ]
    assert len({id(engine) for engine in engines}) == len(engines)


def test_a_shared_engine_that_nobody_keeps_is_let_go(store):
    engine = shared_engine(SETTINGS, store=store)
    before = id(engine), engine.current()
    store.delete(session_key(SETTINGS))
    del engine
    gc.collect()
    engine = shared_engine(SETTINGS, store=store)
    assert before[1] is not None
    assert engine.current() is None


def test_an_engine_judges_the_links_that_it_opens_by_the_rules_for_its_requests():
    """Row I8."""
    world, documents = World(), {}

    def serve(peer):
        document = documents.get(peer.request.split(b" ")[1])
        peer.send(answer("404 Not Found") if document is None else answer(body=json.dumps(document).encode()))

    with WireServer(serve) as server:
        documents[b"/.well-known/oauth-protected-resource"] = {
            "resource": server.url,
            "authorization_servers": [server.url],
        }
        documents[b"/.well-known/oauth-authorization-server"] = {
            "issuer": server.url,
            "authorization_endpoint": "https://192.168.1.1/reboot",
            "token_endpoint": f"{server.url}/token",
            "registration_endpoint": f"{server.url}/register",
            "code_challenge_methods_supported": ["S256"],
        }
        engine = build_engine(World.settings(url=server.url), store="memory:", login=world.person)
        with pytest.raises(InsecureEndpoint, match="private network"):
            engine.replace(None)
        assert len(server.requests) == len(documents)  # nothing was registered
    assert world.person.asked == []


@pytest.mark.parametrize("build", [build_engine, shared_engine])
@pytest.mark.parametrize("grant", ["auto", "device_code"])
def test_a_login_on_another_device_chooses_its_grant(build, grant):
    engine = build(World.settings(grant=grant), store="memory:", login="device")
    assert engine.settings.chosen_grant == "device_code"


@pytest.mark.parametrize(
    "settings",
    [
        {"grant": "authorization_code"},
        {"grant": "client_credentials", "client_id": "a", "client_secret": "b"},
        {"client_id": "a", "client_secret": "b"},
    ],
)
def test_a_login_on_another_device_contradicts_another_grant(settings):
    with pytest.raises(ConfigurationError, match='login="device" contradicts the grant'):
        build_engine(World.settings(**settings), store="memory:", login="device")


@pytest.mark.parametrize("login", ["auto", "link"])
def test_with_a_web_app_a_login_has_its_link(login):
    engine = build_engine(World.settings(public_url="https://bot.example.com/"), store="memory:", login=login)
    assert isinstance(engine._seams.login, LinkLogin)
    assert engine.settings.answer_address == "https://bot.example.com/mcp-oauth/callback"


@pytest.mark.parametrize("login", ["paste", "never", World().person])
def test_a_login_that_does_not_listen_may_have_a_web_app(login):
    settings = World.settings(public_url="https://bot.example.com", redirect_uri="https://bot.example.com/answer")
    assert build_engine(settings, store="memory:", login=login).settings.answer_address.endswith("/answer")


def test_a_link_without_a_web_app_comes_back_to_this_computer():
    local = World.settings(redirect_uri="http://127.0.0.1:8080/callback")
    assert build_engine(local, store="memory:", login="link").settings == local


def test_a_login_that_is_answered_on_this_computer_contradicts_a_web_app():
    with pytest.raises(ConfigurationError, match="is answered at a web app") as caught:
        build_engine(World.settings(public_url="https://bot.example.com"), store="memory:", login="browser")
    assert 'login="link"' in caught.value.hint


def test_a_link_that_comes_back_to_a_web_app_needs_the_url_of_it():
    settings = World.settings(redirect_uri="https://bot.example.com/answer")
    with pytest.raises(ConfigurationError, match="there is no public_url"):
        build_engine(settings, store="memory:", login="link")


def kept_by(engine):
    store = engine._attempts.sessions.store
    store.put("a record", b"1")
    return store.get("a record").value


def test_a_machine_without_a_store_needs_no_folder(monkeypatch):
    """Its tokens can be obtained anew in each process; a person would be asked again."""
    monkeypatch.delenv("VALETKEY_STORE", raising=False)
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, "/dev/null")
    machine = {"grant": "client_credentials", "client_id": "mine", "client_secret": Secret("s"), "issuer": MCP}
    assert kept_by(build_engine(World.settings(**machine), login="never")) == b"1"
    with pytest.raises(StoreError):
        kept_by(build_engine(SETTINGS, login="never"))
