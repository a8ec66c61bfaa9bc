# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Which client a login uses: the configured one, a stored registration, a metadata document, or a new registration.

And what is corrected once: a client that the server does not know, a document or an address that it does not accept.
"""

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, REGISTER, TOKEN
from tests.fakes.clients import ADDRESS, ELSEWHERE, SERVER, clients, target_of
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._clients.advice import proposed_address
from valetkey._sessions.codec import encode_pin, pin_key
from valetkey.errors import (
    ClientRefused,
    ConfigurationError,
    IssuerMismatch,
    LoginFailed,
    Refused,
    StoreError,
    TemporaryError,
    Unsupported,
)
from valetkey.profiles.profile import Profile
from valetkey.settings.credentials import PrivateKey, RegisteredClient
from valetkey.values import Client, ClientAuthentication, ClientOrigin, MetadataSource, Secret

DOCUMENT = "https://app.example.com/client.json"
TAKES_DOCUMENTS = {"client_id_metadata_document_supported": True}
FIRST_ADDRESS = "http://127.0.0.1:50001/callback"
PROPOSED = proposed_address(target_of(SERVER), World.settings())
UNKNOWN_CODE = (400, "application/json", '{"error": "invalid_grant"}')
FIXED = "http://127.0.0.1:8080/callback"
PORTS = range(50_001, 50_010)


def world_that_takes_documents(**switches):
    world = World(says_further=TAKES_DOCUMENTS, **switches)
    world.server.knows(DOCUMENT, *(f"http://127.0.0.1:{port}/callback" for port in PORTS))
    return world


def client_ids(world):
    return [parse_qs(urlsplit(each.authorization_url).query)["client_id"][0] for each in world.person.asked]


@pytest.fixture
def world():
    return World()


# The order.


def given_by_hand(world):
    world.server.knows("by-hand", FIXED)
    return {"clients": (RegisteredClient(ISSUER, "by-hand", redirect_uri=FIXED),)}


def registered_already(world):
    world.server.knows("known", FIRST_ADDRESS)
    client = {"authentication": ClientAuthentication.NONE, "origin": ClientOrigin.REGISTERED}
    world.keep_client(Client("known", ISSUER, redirect_uri=FIRST_ADDRESS, **client))


@requirement("REG-1", "REG-2", "CIMD-1", "DCR-1", "DCR-12")
@pytest.mark.parametrize("by_hand", [True, False])
@pytest.mark.parametrize("registered", [True, False])
@pytest.mark.parametrize("document", [True, False])
@pytest.mark.parametrize("registers", [True, False])
def test_a_login_uses_the_first_of_these_clients(by_hand, registered, document, registers):
    world = world_that_takes_documents(registers_clients=registers)
    settings = given_by_hand(world) if by_hand else {}
    if document:
        settings["client_metadata_url"] = DOCUMENT
    if registered:
        registered_already(world)
    engine = world.engine(**settings)
    if not (by_hand or registered or document or registers):
        with pytest.raises(Unsupported, match="does not let programs register"):
            engine.replace(None)
        return
    engine.replace(None)
    rows = [
        (by_hand, "by-hand"),
        (registered, "known"),
        (document, DOCUMENT),
        (registers, world.kept().client.client_id),
    ]
    assert client_ids(world) == [next(name for there, name in rows if there)]
    assert len(world.server.registrations()) == (not (by_hand or registered or document))


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
    assert f"with the redirect address {PROPOSED}" in caught.value.hint
    assert f"redirect_uri='{PROPOSED}'" in caught.value.hint
    assert "client_id" in caught.value.hint
    assert world.person.asked == []


@requirement("DCR-9", "DCR-10")
@pytest.mark.parametrize("error", ["invalid_software_statement", "unapproved_software_statement", "access_denied"])
def test_a_refused_registration_says_the_same_and_who_refused(error):
    world = World(refuses_registration_with=(400, error))
    with pytest.raises(ClientRefused, match=error) as caught:
        world.engine().replace(None)
    assert REGISTER in str(caught.value)
    assert f"redirect_uri='{PROPOSED}'" in caught.value.hint


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
    registered_already(world)
    # The server looks at the code first, so it says only at the exchange that it does not know the client.
    world.server.has(TOKEN, UNKNOWN_CODE, (401, "application/json", '{"error": "invalid_client"}'))
    world.engine().replace(None)
    assert client_ids(world) == ["known", world.kept().client.client_id]
    assert len(world.server.registrations()) == 1


@requirement("DCR-12")
def test_a_client_that_is_refused_again_is_not_tried_a_third_time():
    world = World()
    registered_already(world)
    refusal = (401, "application/json", '{"error": "invalid_client"}')
    world.server.has(TOKEN, UNKNOWN_CODE, refusal, refusal)
    with pytest.raises(ClientRefused):
        world.engine().replace(None)
    assert len(world.person.asked) == 2
    assert len(world.server.registrations()) == 1


@requirement("REF-9", "DCR-12")
@pytest.mark.parametrize("status", [401, 403, 413, 422])
def test_an_odd_answer_to_a_renewal_does_not_mean_that_the_client_is_forgotten(status):
    """Row A3."""
    world = World(token_life=100)
    engine = world.logged_in()
    before = world.kept().client.client_id
    world.server.has(TOKEN, (status, "application/json", '{"message": "Unable to find client"}'))
    engine.replace(None)
    assert world.kept().client.client_id == before
    assert (len(world.server.registrations()), len(world.person.asked)) == (0, 1)


@requirement("REF-9")
@pytest.mark.parametrize("settings", [{}, {"client_id": "mine", "redirect_uri": FIXED}], ids=["registered", "by hand"])
def test_a_web_page_in_the_way_of_a_renewal_ends_nothing_and_leads_to_a_login(settings):
    """Row A1."""
    world = World(token_life=100)
    world.server.knows("mine", FIXED)
    engine = world.logged_in(**settings)
    before = world.kept(**settings)
    world.server.has(TOKEN, (403, "text/html", "<html>Blocked</html>"))
    world.person.denies = True
    with pytest.raises(LoginFailed):
        engine.replace(None)
    assert world.kept(**settings) == before
    assert len(world.person.asked) == 1


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
    refusal = '{"error": "invalid_client_metadata", "error_description": "grant_types: one of them only"}'
    world.server.has(REGISTER, (400, "application/json", refusal))
    world.engine().replace(None)
    asked = [each["grant_types"] for each in world.server.registrations()]
    assert asked == [["authorization_code", "refresh_token"], ["authorization_code"]]


@requirement("DCR-11")
def test_a_refusal_that_says_nothing_costs_the_refresh_only_where_no_method_helps():
    """Row C1."""
    world = World()
    world.server.has(REGISTER, *[(400, "application/json", '{"error": "invalid_client_metadata"}')] * 3)
    world.engine().replace(None)
    asked = [(each["token_endpoint_auth_method"], len(each["grant_types"])) for each in world.server.registrations()]
    assert asked == [("none", 2), ("client_secret_basic", 2), ("client_secret_post", 2), ("none", 1)]


# The address of a login.


@pytest.mark.parametrize("client_id", [None, "mine"])
def test_a_given_address_is_the_only_one(world, client_id):
    assert clients(world, client_id=client_id, redirect_uri=ADDRESS).redirect_uri(target_of(SERVER)) == (ADDRESS, True)


@requirement("DCR-12")
def test_a_registered_client_wants_its_address_again(world):
    clients(world).for_login(target_of(SERVER), ADDRESS, None)
    assert clients(world).redirect_uri(target_of(SERVER)) == (ADDRESS, False)
    assert clients(world).redirect_uri(target_of(replace(SERVER, issuer="https://elsewhere.example.com"))) == (
        None,
        False,
    )


def test_a_client_registered_by_hand_may_have_any_address(world):
    clients(world).for_login(target_of(SERVER), ADDRESS, None)
    assert clients(world, client_id="mine").redirect_uri(target_of(SERVER)) == (None, False)


# The client the user registered by hand.


@requirement("REG-1", "REG-2", "CC-3")
def test_a_given_client_is_used_and_nobody_is_registered(world):
    given = {"client_id": "mine", "client_secret": Secret("s"), "client_authentication": ClientAuthentication.POST}
    given["issuer"] = ISSUER
    client = clients(world, redirect_uri=ADDRESS, **given).for_login(target_of(SERVER), ADDRESS, None).client
    assert client == Client("mine", ISSUER, Secret("s"), ClientAuthentication.POST, ADDRESS)
    assert world.server.log() == []


@requirement("REG-3", "REG-5")
def test_a_given_client_belongs_to_the_first_issuer_it_is_used_at(world):
    given = clients(world, client_id="mine")
    given.configured(SERVER)
    assert given.configured(SERVER).issuer == ISSUER
    with pytest.raises(IssuerMismatch) as caught:
        clients(world, client_id="mine").configured(ELSEWHERE)
    assert (caught.value.expected, caught.value.received) == (ISSUER, ELSEWHERE.issuer)
    assert ISSUER in str(caught.value)
    assert ELSEWHERE.issuer in str(caught.value)


def test_the_first_issuer_is_kept_for_each_server_and_client(world):
    clients(world, client_id="mine").configured(SERVER)
    assert clients(world, client_id="other").configured(ELSEWHERE).issuer == ELSEWHERE.issuer
    other_server = clients(world, client_id="mine", url=f"{MCP}/other")
    assert other_server.configured(ELSEWHERE).issuer == ELSEWHERE.issuer


@pytest.mark.parametrize(
    ("server", "settings"),
    [(SERVER, {"issuer": ISSUER}), (replace(SERVER, source=MetadataSource.CONFIGURED), {})],
)
def test_an_issuer_that_the_user_named_needs_no_remembering(world, server, settings):
    clients(world, client_id="mine", **settings).configured(server)
    assert world.store.inner.get(pin_key(world.settings(client_id="mine"))) is None


# The secret of a client that the user registered by hand.


def with_secret(**further):
    return {"client_id": "mine", "client_secret": Secret("s3cret"), **further}


@requirement("REG-3", "REG-4")
@pytest.mark.parametrize("further", [{}, {"redirect_uri": ADDRESS}, {"private_key": PrivateKey(Secret("a key"))}])
def test_a_secret_goes_to_no_issuer_that_the_mcp_server_alone_names(world, further):
    with pytest.raises(ConfigurationError) as caught:
        clients(world, **with_secret(**further)).configured(SERVER)
    assert f"give issuer={ISSUER!r}" in caught.value.hint
    assert world.store.inner.get(pin_key(world.settings(**with_secret()))) is None


def test_a_secret_goes_to_no_issuer_that_has_seen_the_client_id_alone(world):
    clients(world, client_id="mine").configured(SERVER)
    with pytest.raises(ConfigurationError):
        clients(world, **with_secret()).configured(SERVER)


@pytest.mark.parametrize(
    "named",
    [
        {"issuer": ISSUER},
        {"token_endpoint": TOKEN},
        {"client_id": None, "client_secret": None, "clients": (RegisteredClient(ISSUER, "mine", Secret("s3cret")),)},
    ],
)
def test_a_secret_goes_where_the_user_says(world, named):
    settings = {**with_secret(redirect_uri=ADDRESS), **named}
    assert clients(world, **settings).configured(SERVER).secret == Secret("s3cret")


def test_a_secret_goes_where_it_has_always_gone(world):
    """A record of an older version: the first issuer was shown the secret."""
    old = json.dumps({"format": 1, "kind": "pin", "issuer": ISSUER}).encode()
    world.store.inner.put(pin_key(world.settings(**with_secret())), old)
    assert clients(world, **with_secret()).configured(SERVER).secret == Secret("s3cret")
    with pytest.raises(IssuerMismatch):
        clients(world, **with_secret()).configured(ELSEWHERE)


@pytest.mark.parametrize(
    ("issuer", "is_known"),
    [
        ("https://github.com/login/oauth", True),
        ("https://accounts.google.com/", True),
        ("https://github.com.evil.example/login/oauth", False),
        ("https://evil.eu.auth0.com/", False),  # anyone may have a tenant there
        ("https://evil.eu.auth0.com", False),
    ],
)
def test_a_secret_goes_to_a_provider_that_the_catalogue_names_and_to_no_tenant_of_a_kind(world, issuer, is_known):
    server = replace(SERVER, issuer=issuer)
    if is_known:
        assert clients(world, **with_secret()).configured(server).secret == Secret("s3cret")
    else:
        with pytest.raises(ConfigurationError):
            clients(world, **with_secret()).configured(server)


@pytest.mark.parametrize(("theirs", "agrees"), [(ISSUER, True), (ELSEWHERE.issuer, False)])
def test_of_two_programs_the_one_that_writes_first_decides_the_issuer(world, theirs, agrees):
    key = pin_key(world.settings(client_id="mine"))
    world.store.before_write[key] = lambda: world.store.inner.put(key, encode_pin(theirs))
    given = clients(world, client_id="mine")
    if agrees:
        assert given.configured(SERVER).issuer == ISSUER
    else:
        with pytest.raises(IssuerMismatch):
            given.configured(SERVER)


def test_a_store_that_has_no_record_and_takes_none_is_told(world):
    key = pin_key(world.settings(client_id="mine"))
    world.store.before_write[key] = lambda: world.store.inner.put(key, b"theirs")
    world.store.inner.get, get = lambda _: None, world.store.inner.get
    with pytest.raises(StoreError, match="conflict at every write"):
        clients(world, client_id="mine").configured(SERVER)
    assert get(key).value == b"theirs"


def test_without_a_client_id_there_is_no_given_client(world):
    with pytest.raises(ConfigurationError, match="no client for"):
        clients(world).configured(SERVER)


# Dropping a client that is refused.


@requirement("DCR-12", "REF-9")
@pytest.mark.parametrize(
    "error",
    [
        ClientRefused("No.", hint="Ask.", error="invalid_client"),
        LoginFailed("No.", hint="Ask.", error="unauthorized_client"),
    ],
    ids=["at the token endpoint", "at the redirect address"],
)
def test_a_registration_that_the_server_has_forgotten_is_made_anew_and_worth_one_more_try(world, error):
    first = clients(world).for_login(target_of(SERVER), ADDRESS, None)
    choice = clients(world).for_login(target_of(SERVER), ADDRESS, None)
    assert (first.is_new, choice.is_new) == (True, False)
    assert clients(world).drop_refused(choice, error) is True
    assert clients(world).for_login(target_of(SERVER), ADDRESS, None).client.client_id != first.client.client_id


def test_a_provider_says_in_its_own_way_that_it_has_forgotten_a_registration(world):
    first = clients(world).for_login(target_of(SERVER), ADDRESS, None)
    choice = clients(world).for_login(target_of(SERVER), ADDRESS, None)
    refusal = Refused("No.", hint="Ask.", status=422, is_json=True)
    assert clients(world).drop_refused(choice, refusal) is False
    assert clients(world).drop_refused(choice, refusal, Profile(name="p", forgotten_client_statuses=(422,))) is True
    assert clients(world).for_login(target_of(SERVER), ADDRESS, None).client.client_id != first.client.client_id


@requirement("DCR-12")
def test_a_login_that_nobody_finished_may_mean_a_forgotten_client_and_the_next_one_registers_anew(world):
    clients(world).for_login(target_of(SERVER), ADDRESS, None)
    choice = clients(world).for_login(target_of(SERVER), ADDRESS, None)
    assert clients(world).drop_refused(choice, LoginFailed("Nobody came.", hint="Again.")) is False
    assert clients(world).for_login(target_of(SERVER), ADDRESS, None).is_new


@pytest.mark.parametrize(
    "error",
    [
        Refused("No.", hint="Ask.", error="invalid_grant"),
        LoginFailed("No.", hint="Ask.", error="access_denied"),
        TemporaryError("Later.", hint="Wait."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_any_other_failure_leaves_the_registration_alone(world, error):
    clients(world).for_login(target_of(SERVER), ADDRESS, None)
    choice = clients(world).for_login(target_of(SERVER), ADDRESS, None)
    assert clients(world).drop_refused(choice, error) is False
    assert clients(world).for_login(target_of(SERVER), ADDRESS, None) == choice


@pytest.mark.parametrize(
    ("listed", "asked", "is_worth_it"),
    [
        (("none",), "none", False),
        (None, "client_secret_basic", True),
        (("none", "client_secret_post"), "client_secret_post", True),
    ],
)
def test_a_client_that_was_registered_a_moment_ago_and_is_refused_is_followed_by_one_with_another_method(
    world, listed, asked, is_worth_it
):
    """Row C1."""
    selection = clients(world)
    target = target_of(replace(SERVER, token_endpoint_auth_methods_supported=listed))
    new = selection.for_login(target, ADDRESS, None)
    refusal = ClientRefused("No.", hint="Ask.", error="invalid_client")
    world.server.registers_with = {"client_secret": "s3cret"}
    assert selection.drop_refused(new, refusal) is is_worth_it
    assert selection.for_login(target, ADDRESS, None).is_new
    assert world.server.registrations()[-1]["token_endpoint_auth_method"] == asked


def test_at_the_authorization_endpoint_another_method_would_be_refused_too(world):
    selection = clients(world)
    new = selection.for_login(target_of(SERVER), ADDRESS, None)
    refusal = LoginFailed("No.", hint="Ask.", error="unauthorized_client")
    assert selection.drop_refused(new, refusal) is False
    assert selection.for_login(target_of(SERVER), ADDRESS, None).is_new
