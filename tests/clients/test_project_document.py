# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The project's own client document: a login without configuration where a server takes documents and registers no client.

While there is no such document, every request is as it was without the row.
"""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.authorization_server import REGISTER, TOKEN
from tests.fakes.world import World
from tests.interop.servers.client_document import client_document
from tests.servers import browser_environment, fastmcp, oidc_provider
from tests.servers.process import HOST, free_port
from valetkey.client_document import check
from valetkey.errors import ConfigurationError, LoginFailed, Unsupported
from valetkey.httpx2 import OAuth
from valetkey.protocol import project_document
from valetkey.protocol.project_document import build_project_document
from valetkey.settings import Network, Settings
from valetkey.values import Client, ClientAuthentication, ClientOrigin, Secret

PROJECT = "https://site.example/valetkey/client.json"
OWN = "https://app.example.com/client.json"
TAKES_DOCUMENTS = {"client_id_metadata_document_supported": True}
PORTS = range(50_001, 50_010)
UNKNOWN_CODE = (400, "application/json", '{"error": "invalid_grant"}')


def refusal(error, status=401):
    return (status, "application/json", f'{{"error": "{error}"}}')


def brings_nothing(callback):
    message = "No answer came."
    raise LoginFailed(message, hint="Log in again.")


@pytest.fixture
def published(monkeypatch):
    monkeypatch.setattr(project_document, "PROJECT_DOCUMENT_URL", PROJECT)


def world_that_takes_documents(**switches):
    world = World(says_further=TAKES_DOCUMENTS, **switches)
    for document in (PROJECT, OWN):
        world.server.knows(document, *(f"http://127.0.0.1:{port}/callback" for port in PORTS))
    return world


def client_ids(world):
    return [parse_qs(urlsplit(each.authorization_url).query)["client_id"][0] for each in world.person.asked]


def exchanged(world):
    return [(each.method, each.url, dict(each.headers), each.body) for each in world.server.requests]


@pytest.mark.parametrize("takes", [{}, TAKES_DOCUMENTS], ids=["no documents", "documents"])
def test_while_there_is_none_each_request_is_byte_for_byte_that_of_a_user_who_wants_none(takes):
    worlds = []
    for settings in ({}, {"client_metadata_url": "none"}):
        world = World(says_further=takes)
        world.engine(seams=world.seams(random=lambda: "the-same-random-text"), **settings).replace(None)
        worlds.append(world)
    usual, without = worlds
    assert exchanged(usual) == exchanged(without)
    assert f"POST {REGISTER}" in usual.server.log()


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("registers", [True, False])
def test_a_server_that_takes_documents_gets_the_projects_before_a_registration(registers):
    world = world_that_takes_documents(registers_clients=registers)
    if registers:
        world.server.has(TOKEN, UNKNOWN_CODE)  # to the question whether it knows the client
    world.engine().replace(None)
    assert client_ids(world) == [PROJECT]
    assert world.server.registrations() == []
    client = world.kept().client
    assert (client.origin, client.authentication) == (ClientOrigin.DOCUMENT, ClientAuthentication.NONE)
    assert world.server.token_forms()[-1]["client_id"] == PROJECT


@pytest.mark.usefixtures("published")
def test_a_later_process_renews_the_session_as_the_same_client():
    world = world_that_takes_documents(registers_clients=False, token_life=100)
    world.logged_in()
    world.engine().replace(None)
    assert [form["grant_type"] for form in world.server.token_forms()] == ["refresh_token"]
    assert world.person.asked == []


@pytest.mark.usefixtures("published")
def test_a_server_that_takes_no_documents_gets_a_registration():
    world = World()
    world.engine().replace(None)
    assert client_ids(world) == [world.kept().client.client_id] != [PROJECT]


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("settings", "used"),
    [
        ({"client_metadata_url": OWN}, OWN),
        ({"client_metadata_url": "none"}, None),
        ({"redirect_uri": "http://127.0.0.1:50001/callback"}, PROJECT),
        ({"redirect_uri": "http://127.0.0.1:50001/other"}, None),
        ({"redirect_uri": "http://[::1]:50001/callback"}, None),
    ],
    ids=str,
)
def test_what_the_user_sets_counts_and_an_address_it_does_not_cover_leads_to_the_next_row(settings, used):
    world = world_that_takes_documents()
    if used == PROJECT:
        world.server.has(TOKEN, UNKNOWN_CODE)
    world.engine(**settings).replace(None)
    assert client_ids(world) == [used or world.kept(**settings).client.client_id]
    assert len(world.server.registrations()) == (used is None)


@pytest.mark.usefixtures("published")
def test_a_client_that_is_registered_already_stays():
    world = world_that_takes_documents()
    address = "http://127.0.0.1:50001/callback"
    world.server.knows("known", address)
    client = Client("known", "https://auth.example.com", redirect_uri=address, origin=ClientOrigin.REGISTERED)
    world.keep_client(client)
    world.server.has(TOKEN, UNKNOWN_CODE)
    world.engine().replace(None)
    assert client_ids(world) == ["known"]


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("settings", [{"client_metadata_url": "none"}, {"client_metadata_url": OWN}], ids=str)
def test_a_session_of_the_projects_client_is_not_used_by_a_user_who_sets_another_or_none(settings):
    world = world_that_takes_documents(registers_clients=False)
    world.engine().replace(None)
    assert world.engine().current() is not None
    assert world.engine(**settings).current() is None


# A server that refuses it.


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("answer", [refusal("invalid_client"), refusal("unauthorized_client", 400)], ids=str)
def test_a_server_that_refuses_it_is_asked_first_and_registers_a_client(answer):
    world = world_that_takes_documents()
    world.server.has(TOKEN, answer)
    world.engine().replace(None)
    assert client_ids(world) == [world.kept().client.client_id] != [PROJECT]
    assert len(world.server.registrations()) == 1


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client"])
def test_a_refusal_at_the_exchange_leads_to_a_registration_too(error):
    world = world_that_takes_documents()
    world.server.has(TOKEN, UNKNOWN_CODE, refusal(error))
    world.engine().replace(None)
    assert client_ids(world) == [PROJECT, world.kept().client.client_id]


@pytest.mark.usefixtures("published")
def test_a_refusal_where_nobody_is_registered_says_both_and_what_to_enter_where():
    world = world_that_takes_documents(registers_clients=False)
    world.server.has(TOKEN, refusal("invalid_client"))
    with pytest.raises(Unsupported, match="register themselves, and it has refused the client's metadata") as caught:
        world.engine().replace(None)
    assert "Register a client there by hand" in caught.value.hint


@pytest.mark.usefixtures("published")
def test_where_nobody_is_registered_the_server_is_not_asked_whether_it_knows_it():
    """A server may read a document only when the browser comes, and there is nothing else to go on with."""
    world = world_that_takes_documents(registers_clients=False)
    world.engine().replace(None)
    assert [form["grant_type"] for form in world.server.token_forms()] == ["authorization_code"]


@pytest.mark.usefixtures("published")
def test_a_login_with_it_that_brings_no_answer_is_followed_by_one_with_a_registered_client():
    world = world_that_takes_documents()
    world.server.has(TOKEN, UNKNOWN_CODE)
    answers, world.person.brings = world.person.brings, brings_nothing
    engine = world.engine()
    with pytest.raises(LoginFailed) as caught:
        engine.replace(None)
    assert "client_metadata_url='none'" in caught.value.hint
    world.person.brings = answers
    engine.login()
    assert client_ids(world) == [PROJECT, world.kept().client.client_id]


@pytest.mark.usefixtures("published")
def test_where_nobody_is_registered_a_login_without_an_answer_is_begun_in_the_same_way():
    world = world_that_takes_documents(registers_clients=False)
    answers, world.person.brings = world.person.brings, brings_nothing
    engine = world.engine()
    with pytest.raises(LoginFailed) as caught:
        engine.replace(None)
    assert "Register a client there by hand" in caught.value.hint
    world.person.brings = answers
    engine.login()
    assert client_ids(world) == [PROJECT, PROJECT]


def test_a_key_needs_a_client_of_the_users_own():
    with pytest.raises(ConfigurationError, match="private_key"):
        Settings(url="https://mcp.example.com/mcp", client_metadata_url="none", private_key=Secret("k"))


@pytest.mark.usefixtures("published")
def test_a_key_is_no_proof_of_the_projects_client():
    with pytest.raises(ConfigurationError, match="private_key"):
        Settings(url="https://mcp.example.com/mcp", private_key=Secret("k"))


# With real servers.


def test_a_whole_login_at_a_server_that_takes_documents_only(tmp_path, monkeypatch):
    """The document is served over https, and oidc-provider, which registers no client, reads it from there."""
    for name, value in browser_environment(log=tmp_path / "opened").items():
        monkeypatch.setenv(name, value)
    port = free_port()
    resource = f"http://{HOST}:{port}/mcp"
    with client_document(build_project_document) as document:
        switches = {"CLIENT_DOCUMENTS": "1", "NO_REGISTRATION": "1", "NODE_EXTRA_CA_CERTS": str(document.authority)}
        assert check(document.url, network=Network(certificate_authorities=document.authority)) == ()
        with (
            oidc_provider([resource], switches=switches) as issuer,
            fastmcp("remote", issuer=issuer.url, port=port) as server,
        ):
            without = OAuth(server.mcp_url, store="memory:")
            with pytest.raises(Unsupported, match="does not let programs register"):
                without.engine.login()
            monkeypatch.setattr(project_document, "PROJECT_DOCUMENT_URL", document.url)
            auth = OAuth(server.mcp_url, store="memory:", settings=Settings(login_timeout=30))
            session = auth.engine.login()
    assert session.client.client_id == document.url
    assert session.token.access_token.reveal()
