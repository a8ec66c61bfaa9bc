# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Registering a client: what is asked and stored, at the same time as another program, and when it is dropped."""

import math
from dataclasses import replace

import pytest

from tests.fakes.authorization_server import ISSUER, REGISTER
from tests.fakes.clients import ADDRESS, GUESSED, OTHER_ADDRESS, SERVER, clients, target_of
from tests.fakes.network import HTML, no_answer, unreachable
from tests.fakes.seams import BEGINNING
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._sessions.codec import client_key
from valetkey.errors import (
    ClientRefused,
    ConfigurationError,
    MalformedDocument,
    StoreError,
    TemporaryError,
    Unsupported,
)
from valetkey.values import Client, ClientAuthentication, ClientOrigin, Secret


@pytest.fixture
def world():
    return World()


# Registering.


@requirement("DCR-1", "DCR-2", "DCR-3", "DCR-4", "DCR-5", "DCR-6", "DCR-15", "REF-3", "REG-8")
def test_the_registration_says_what_a_native_public_client_is(world):
    clients(world).for_login(target_of(SERVER), ADDRESS, ("read", "write"))
    request = world.server.requests[0]
    assert (request.method, request.url, request.issuer, request.credentials_of) == ("POST", REGISTER, ISSUER, ())
    assert dict(request.headers) == {"Content-Type": "application/json", "Accept": "application/json"}
    assert world.server.registrations() == [
        {
            "client_name": "Valetkey",
            "redirect_uris": [ADDRESS],
            "application_type": "native",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "scope": "read write",
        }
    ]


@requirement("DCR-12", "REG-3")
def test_a_registration_is_used_again(world):
    first = clients(world).for_login(target_of(SERVER), ADDRESS, None).client
    second = clients(world).for_login(target_of(SERVER), ADDRESS, ("more",)).client
    assert (
        first
        == second
        == Client(first.client_id, ISSUER, None, ClientAuthentication.NONE, ADDRESS, None, ClientOrigin.REGISTERED)
    )
    assert len(world.server.registrations()) == 1


@requirement("DCR-12")
def test_another_address_is_registered_anew(world):
    first = clients(world).for_login(target_of(SERVER), ADDRESS, None).client
    second = clients(world).for_login(target_of(SERVER), OTHER_ADDRESS, None).client
    assert (first.redirect_uri, second.redirect_uri) == (ADDRESS, OTHER_ADDRESS)
    assert first.client_id != second.client_id


@requirement("DCR-8")
@pytest.mark.parametrize(("expires", "registrations"), [(0, 1), (BEGINNING + 11, 1), (BEGINNING + 10, 2)])
def test_a_secret_that_has_expired_is_registered_anew(world, expires, registrations):
    world.server.registers_with = {
        "client_secret": "s3cret",
        "client_secret_expires_at": expires,
        "token_endpoint_auth_method": "client_secret_basic",
    }
    clients(world).for_login(target_of(SERVER), ADDRESS, None)
    world.clock.time += 10
    clients(world).for_login(target_of(SERVER), ADDRESS, None)
    assert len(world.server.registrations()) == registrations


@requirement("REG-3", "ASM-2")
@pytest.mark.parametrize("changes", [{"client_name": "Other"}, {"redirect_uri": ADDRESS}])
def test_another_name_or_a_fixed_address_is_another_registration(world, changes):
    first = clients(world).for_login(target_of(SERVER), ADDRESS, None).client
    second = clients(world, **changes).for_login(target_of(SERVER), ADDRESS, None).client
    assert first.client_id != second.client_id


@requirement("REG-4", "ASM-2")
def test_another_issuer_gets_a_registration_of_its_own(world):
    clients(world).for_login(target_of(SERVER), ADDRESS, None)
    elsewhere = replace(SERVER, issuer="https://elsewhere.example.com")
    assert (
        clients(world).for_login(target_of(elsewhere), ADDRESS, None).client.issuer == "https://elsewhere.example.com"
    )
    assert len(world.server.registrations()) == 2


@requirement("DCR-7")
def test_what_the_server_made_of_the_registration_is_what_counts(world):
    world.server.registers_with = {"client_secret": "s3cret", "token_endpoint_auth_method": "client_secret_post"}
    client = clients(world).for_login(target_of(SERVER), ADDRESS, None).client
    assert (client.secret, client.authentication) == (Secret("s3cret"), ClientAuthentication.POST)


@requirement("DCR-7")
@pytest.mark.parametrize(
    "changes",
    [
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"redirect_uris": ["https://elsewhere.example.com/callback"]},
    ],
)
def test_a_registration_that_cannot_be_used_is_refused_and_not_kept(world, changes):
    world.server.registers_with = changes
    with pytest.raises(ClientRefused):
        clients(world).for_login(target_of(SERVER), ADDRESS, None)
    assert clients(world).redirect_uri(target_of(SERVER)) == (None, False)


@requirement("DCR-9", "DCR-10")
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "invalid_redirect_uri"),
        (400, "invalid_client_metadata"),
        (400, "unapproved_software_statement"),
        (401, "invalid_token"),
        (403, "access_denied"),
    ],
)
def test_a_refused_registration_names_code_description_and_host(world, status, error):
    world.server.refuses_registration_with = (status, error)
    with pytest.raises(ClientRefused) as caught:
        clients(world).for_login(target_of(SERVER), ADDRESS, None)
    assert (caught.value.error, caught.value.status, caught.value.endpoint) == (error, status, REGISTER)
    assert all(text in str(caught.value) for text in (error, "not here", "auth.example.com"))


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (500, TemporaryError),
        (429, TemporaryError),
        (unreachable(), TemporaryError),
        (no_answer(), TemporaryError),
        (HTML, MalformedDocument),
        ((201, "application/json", '{"client_id": ""}'), MalformedDocument),
    ],
    ids=str,
)
def test_a_registration_that_failed_can_be_tried_again(world, trouble, error):
    world.server.has(REGISTER, trouble)
    with pytest.raises(error):
        clients(world).for_login(target_of(SERVER), ADDRESS, None)
    assert clients(world).for_login(target_of(SERVER), ADDRESS, None).client.issuer == ISSUER


@requirement("REG-1")
def test_a_server_that_registers_nobody_needs_a_client_by_hand(world):
    with pytest.raises(Unsupported, match="does not let programs register") as caught:
        clients(world).for_login(target_of(replace(SERVER, registration_endpoint=None)), ADDRESS, None)
    assert ADDRESS in caught.value.hint
    assert world.server.log() == []


@pytest.mark.parametrize("trouble", [404, 405, (400, "application/json", '{"error": "invalid_request"}'), HTML])
def test_a_guessed_registration_endpoint_that_is_none_means_that_there_is_no_login(world, trouble):
    world.server.has(REGISTER, trouble)
    with pytest.raises(Unsupported, match="publishes nothing about how to log in") as caught:
        clients(world).for_login(target_of(GUESSED), ADDRESS, None)
    assert REGISTER in caught.value.tried[0]


def test_a_guessed_registration_endpoint_that_is_down_may_be_one(world):
    world.server.has(REGISTER, 503)
    with pytest.raises(TemporaryError):
        clients(world).for_login(target_of(GUESSED), ADDRESS, None)


def test_a_store_that_cannot_be_read_registers_nobody(world):
    world.store.fails_reads = math.inf
    with pytest.raises(StoreError):
        clients(world).for_login(target_of(SERVER), ADDRESS, None)
    assert world.server.log() == []


# Registering at the same time as somebody else.


def test_who_waits_for_another_program_takes_over_its_registration(world):
    settings = world.settings()
    lease = world.store.lease(client_key(ISSUER, settings), seconds=20)
    theirs = Client("theirs", ISSUER, redirect_uri=ADDRESS, origin=ClientOrigin.REGISTERED)

    def register_meanwhile(seconds):
        world.keep_client(theirs)
        lease.release()

    client = (
        clients(world, seams=world.seams(pause=register_meanwhile)).for_login(target_of(SERVER), ADDRESS, None).client
    )
    assert client == theirs
    assert world.server.log() == []


def test_who_gets_the_lease_looks_once_more_before_registering(world):
    theirs = Client("theirs", ISSUER, redirect_uri=ADDRESS, origin=ClientOrigin.REGISTERED)
    world.store.before_lease = lambda: world.keep_client(theirs)
    assert clients(world).for_login(target_of(SERVER), ADDRESS, None).client == theirs
    assert world.server.log() == []


def test_another_program_that_takes_too_long_is_not_waited_for(world):
    lease = world.store.lease(client_key(ISSUER, world.settings()), seconds=20)
    with lease, pytest.raises(TemporaryError, match="Another program has been registering"):
        clients(world).for_login(target_of(SERVER), ADDRESS, None)
    assert 25 <= world.clock.time - BEGINNING < 26
    assert world.server.log() == []


# Forgetting.


@pytest.mark.parametrize("changes", [{"origin": ClientOrigin.CONFIGURED}, {"client_id": "an older one"}])
def test_only_the_registration_that_was_refused_is_forgotten(world, changes):
    first = clients(world).for_login(target_of(SERVER), ADDRESS, None).client
    clients(world).registrations.forget(replace(first, **changes))
    assert clients(world).for_login(target_of(SERVER), ADDRESS, None).client == first


def test_forgetting_what_is_not_there_is_no_error(world):
    clients(world).registrations.forget(Client("unknown", ISSUER, origin=ClientOrigin.REGISTERED))
    assert [what for what, _ in world.store.calls] == ["get"]


def test_a_registration_that_somebody_has_just_replaced_is_not_forgotten(world):
    first = clients(world).for_login(target_of(SERVER), ADDRESS, None).client
    theirs = replace(first, client_id="theirs")
    world.store.before_write[client_key(ISSUER, world.settings())] = lambda: world.keep_client(theirs)
    clients(world).registrations.forget(first)
    assert clients(world).for_login(target_of(SERVER), ADDRESS, None).client == theirs


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
