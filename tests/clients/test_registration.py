# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Which client a login uses: the user's own, a known one, a document, a new registration, or a sentence that helps.

And what heals by itself, once: a client that the server has forgotten, a document or an address it will not take.
"""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, REGISTER, RESOURCE_METADATA, TOKEN
from tests.fakes.network import challenges
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey.errors import (
    ClientRefused,
    ConfigurationError,
    InsecureEndpoint,
    LoginFailed,
    Refused,
    ResourceMismatch,
    Unsupported,
)
from valetkey.settings.credentials import RegisteredClient
from valetkey.values import Client, ClientAuthentication, ClientOrigin, Secret

DOCUMENT = "https://app.example.com/client.json"
TAKES_DOCUMENTS = {"client_id_metadata_document_supported": True}
FIRST_ADDRESS = "http://127.0.0.1:50001/callback"
FIXED = "http://127.0.0.1:8080/callback"
PORTS = range(50_001, 50_010)


def world_that_takes_documents(**switches):
    world = World(says_further=TAKES_DOCUMENTS, **switches)
    world.server.knows(DOCUMENT, *(f"http://127.0.0.1:{port}/callback" for port in PORTS))
    return world


def client_ids(world):
    return [parse_qs(urlsplit(each.authorization_url).query)["client_id"][0] for each in world.person.asked]


# The order.


def given_by_hand(world):
    world.server.knows("by-hand", FIXED)
    return {"clients": (RegisteredClient(ISSUER, "by-hand", redirect_uri=FIXED),)}


def known_already(world):
    world.server.knows("known", FIRST_ADDRESS)
    client = {"authentication": ClientAuthentication.NONE, "origin": ClientOrigin.REGISTERED}
    world.keep_client(Client("known", ISSUER, redirect_uri=FIRST_ADDRESS, **client))


@requirement("REG-1", "REG-2", "CIMD-1", "DCR-1", "DCR-12")
@pytest.mark.parametrize("by_hand", [True, False])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("document", [True, False])
@pytest.mark.parametrize("registers", [True, False])
def test_the_ladder(by_hand, known, document, registers):
    world = world_that_takes_documents(registers_clients=registers)
    settings = given_by_hand(world) if by_hand else {}
    if document:
        settings["client_metadata_url"] = DOCUMENT
    if known:
        known_already(world)
    engine = world.engine(**settings)
    if not (by_hand or known or document or registers):
        with pytest.raises(Unsupported, match="does not let programs register"):
            engine.replace(None)
        return
    engine.replace(None)
    rungs = [(by_hand, "by-hand"), (known, "known"), (document, DOCUMENT), (registers, world.kept().client.client_id)]
    assert client_ids(world) == [next(name for there, name in rungs if there)]
    assert len(world.server.registrations()) == (not (by_hand or known or document))


@requirement("CIMD-2")
@pytest.mark.parametrize("announced", [False, None, "true", 1, [True]], ids=repr)
def test_a_document_is_only_shown_where_the_server_says_that_it_takes_one(announced):
    world = World(says_further={"client_id_metadata_document_supported": announced})
    world.engine(client_metadata_url=DOCUMENT).replace(None)
    assert client_ids(world) == [world.kept().client.client_id] != [DOCUMENT]
    assert len(world.server.registrations()) == 1


@requirement("CIMD-11")
def test_the_document_is_the_client_id_in_both_requests_and_nothing_is_registered():
    world = world_that_takes_documents()
    world.engine(client_metadata_url=DOCUMENT).replace(None)
    assert client_ids(world) == [form["client_id"] for form in world.server.token_forms()] == [DOCUMENT]
    assert f"POST {REGISTER}" not in world.server.log()


@requirement("REG-2", "GEN-6", "DCR-10")
def test_where_nobody_is_registered_the_error_says_what_to_enter_where():
    world = World(registers_clients=False)
    with pytest.raises(Unsupported) as caught:
        world.engine().replace(None)
    assert FIRST_ADDRESS in caught.value.hint
    assert f"redirect_uri='{FIRST_ADDRESS}'" in caught.value.hint
    assert "client_id" in caught.value.hint
    assert world.person.asked == []


@requirement("DCR-9", "DCR-10")
@pytest.mark.parametrize("error", ["invalid_software_statement", "unapproved_software_statement", "access_denied"])
def test_a_refused_registration_says_the_same_and_who_refused(error):
    world = World(refuses_registration_with=(400, error))
    with pytest.raises(ClientRefused, match=error) as caught:
        world.engine().replace(None)
    assert REGISTER in str(caught.value)
    assert f"redirect_uri='{FIRST_ADDRESS}'" in caught.value.hint


@requirement("REG-3", "REG-4", "REG-5")
def test_a_client_of_one_issuer_is_not_shown_to_another():
    world = World()
    theirs = RegisteredClient("https://elsewhere.example.com", "theirs", client_secret=Secret("s3cret"))
    world.engine(clients=(theirs,)).replace(None)
    assert client_ids(world) != ["theirs"]
    assert not any(b"theirs" in request.body or b"s3cret" in request.body for request in world.server.requests)


# What heals by itself, once.


@requirement("CIMD-12")
@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client"])
def test_a_document_that_is_refused_after_all_is_followed_by_a_registration(error):
    world = world_that_takes_documents()
    refuses = (400, "application/json", f'{{"error": "{error}"}}')
    world.server.has(TOKEN, refuses)
    engine = world.engine(client_metadata_url=DOCUMENT)
    engine.replace(None)
    assert client_ids(world) == [DOCUMENT, world.kept().client.client_id]
    assert len(world.server.registrations()) == 1
    assert world.person.told == [None]


@requirement("CIMD-12")
def test_a_document_that_is_refused_where_nobody_is_registered_says_so():
    world = world_that_takes_documents(registers_clients=False)
    world.server.has(TOKEN, (401, "application/json", '{"error": "invalid_client"}'))
    with pytest.raises(Unsupported, match="does not let programs register"):
        world.engine(client_metadata_url=DOCUMENT).replace(None)


@requirement("DCR-12", "REF-9")
def test_a_client_the_server_has_forgotten_is_registered_anew_in_the_same_login():
    world = World()
    known_already(world)
    world.server.has(TOKEN, (401, "application/json", '{"error": "invalid_client"}'))
    world.engine().replace(None)
    assert client_ids(world) == ["known", world.kept().client.client_id]
    assert len(world.server.registrations()) == 1


@requirement("DCR-12")
def test_a_client_that_is_refused_again_is_not_tried_a_third_time():
    world = World()
    known_already(world)
    refusal = (401, "application/json", '{"error": "invalid_client"}')
    world.server.has(TOKEN, refusal, refusal)
    with pytest.raises(ClientRefused):
        world.engine().replace(None)
    assert len(world.person.asked) == 2
    assert len(world.server.registrations()) == 1


@requirement("REF-9", "DCR-12")
def test_an_odd_answer_to_a_renewal_means_that_the_client_is_forgotten():
    """Supabase answers a client it has purged with 422 and a text of its own."""
    world = World(token_life=100)
    engine = world.logged_in()
    before = world.kept().client.client_id
    world.server.has(TOKEN, (422, "application/json", '{"message": "Unable to find client"}'))
    engine.replace(None)
    assert world.kept().client.client_id != before
    assert len(world.server.registrations()) == len(world.person.asked) == 1


@requirement("REF-9")
@pytest.mark.parametrize("settings", [{}, {"client_id": "mine", "redirect_uri": FIXED}], ids=["registered", "by hand"])
def test_a_web_page_in_the_way_of_a_renewal_ends_nothing(settings):
    world = World(token_life=100)
    world.server.knows("mine", FIXED)
    engine = world.logged_in(**settings)
    before = world.kept(**settings)
    world.server.has(TOKEN, (403, "text/html", "<html>Blocked</html>"))
    with pytest.raises(Refused):
        engine.replace(None)
    assert world.kept(**settings) == before
    assert world.person.asked == []


@requirement("DCR-11", "NAT-2")
def test_a_server_that_refuses_the_loopback_address_is_asked_for_the_name_localhost():
    world = World()
    world.server.refuses_addresses_with = "127.0.0.1"
    world.engine().replace(None)
    registered = [each["redirect_uris"] for each in world.server.registrations()]
    assert registered == [[FIRST_ADDRESS], ["http://localhost:50002/callback"]]
    assert world.kept().client.redirect_uri == "http://localhost:50002/callback"


@requirement("DCR-11", "DCR-9")
def test_a_server_that_refuses_every_address_is_asked_twice_and_the_error_is_its_own():
    world = World(refuses_registration_with=(400, "invalid_redirect_uri"))
    with pytest.raises(ClientRefused, match="invalid_redirect_uri"):
        world.engine().replace(None)
    assert len(world.server.registrations()) == 2
    assert world.person.asked == []


@requirement("DCR-9", "DCR-11")
def test_an_address_the_user_has_fixed_is_not_changed():
    world = World(refuses_registration_with=(400, "invalid_redirect_uri"))
    with pytest.raises(ClientRefused):
        world.engine(redirect_uri=FIXED).replace(None)
    assert [each["redirect_uris"] for each in world.server.registrations()] == [[FIXED]]


@requirement("DCR-11")
def test_a_server_that_gives_a_client_one_grant_only_is_asked_without_the_refresh():
    world = World()
    world.server.has(REGISTER, (400, "application/json", '{"error": "invalid_client_metadata"}'))
    world.engine().replace(None)
    asked = [each["grant_types"] for each in world.server.registrations()]
    assert asked == [["authorization_code", "refresh_token"], ["authorization_code"]]


# What allows a registration.


@requirement("DCR-13")
def test_an_initial_access_token_goes_to_the_registration_endpoint_and_nowhere_else():
    world = World()
    world.engine(issuer=ISSUER, initial_access_token=Secret("initial-canary")).replace(None)
    shown = [request.url for request in world.server.requests if "initial-canary" in str(request.headers)]
    assert shown == [REGISTER]
    assert world.server.requests[[r.url for r in world.server.requests].index(REGISTER)].credentials_of == (ISSUER,)


@requirement("DCR-13")
def test_an_initial_access_token_without_its_issuer_is_a_contradiction():
    with pytest.raises(ConfigurationError, match="`initial_access_token=` needs `issuer=`"):
        World.settings(initial_access_token=Secret("initial-canary"))


# What a server cannot do is said before anybody is asked.


@requirement("PRM-20")
@pytest.mark.parametrize(
    "member",
    [{"bearer_methods_supported": ["body"]}, {"tls_client_certificate_bound_access_tokens": True}],
    ids=lambda member: next(iter(member)),
)
def test_a_resource_that_takes_no_token_we_can_show_is_not_worth_a_login(member):
    world = World(resource_says_further=member)
    with pytest.raises(Unsupported):
        world.engine().replace(None)
    assert (world.person.asked, world.server.registrations()) == ([], [])


@requirement("PRM-20")
def test_a_resource_that_takes_tokens_in_the_header_too_is_fine():
    world = World(resource_says_further={"bearer_methods_supported": ["query", "header"]})
    world.engine().replace(None)
    assert len(world.person.asked) == 1


@requirement("ASM-17")
def test_a_server_that_wants_pushed_requests_is_not_worth_a_login():
    world = World(says_further={"require_pushed_authorization_requests": True})
    with pytest.raises(Unsupported, match="pushed authorization requests"):
        world.engine().replace(None)
    assert world.person.asked == []


@requirement("PRM-16")
def test_a_server_that_protects_other_resources_only_is_a_warning_and_with_strict_an_error(caplog):
    world = World(says_further={"protected_resources": ["https://other.example.com/mcp"]})
    with pytest.raises(ResourceMismatch) as caught:
        world.engine(strict=True).replace(None)
    assert (caught.value.expected, world.person.asked) == (MCP, [])
    world.engine().replace(None)
    assert "does not name" in caplog.text


@requirement("PRM-16")
def test_a_server_that_names_this_resource_is_believed(caplog):
    world = World(says_further={"protected_resources": [MCP]})
    world.engine(strict=True).replace(None)
    assert "does not name" not in caplog.text


# The other tries that a server's word allows.


@requirement("RES-9")
def test_a_login_is_not_tried_without_the_resource_when_the_server_does_not_know_this_one():
    world = World(declines_with="invalid_target")
    with pytest.raises(LoginFailed):
        world.engine().replace(None)
    assert len(world.person.asked) == 1


@requirement("SEC-1", "WWW-14")
def test_metadata_at_an_address_that_is_not_encrypted_is_not_read():
    world = World()
    with pytest.raises(InsecureEndpoint):
        world.engine().replace(None, challenges('Bearer resource_metadata="http://mcp.example.com/metadata"'))
    assert RESOURCE_METADATA not in str(world.server.log())
