# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Who we are at which issuer: given, known, or registered now."""

import math
from dataclasses import replace

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, REGISTER
from tests.fakes.network import HTML, no_answer, unreachable
from tests.fakes.seams import BEGINNING
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._clients.selection import ClientSelection
from valetkey._discovery.target import AuthorizationTarget
from valetkey._sessions.codec import client_key, encode_pin, pin_key
from valetkey.errors import (
    ClientRefused,
    ConfigurationError,
    IssuerMismatch,
    LoginFailed,
    MalformedDocument,
    Refused,
    StoreError,
    TemporaryError,
    Unsupported,
)
from valetkey.values import Client, ClientAuthentication, ClientOrigin, MetadataSource, Secret, ServerMetadata

ADDRESS = "http://127.0.0.1:50001/callback"
OTHER_ADDRESS = "http://127.0.0.1:50002/callback"
SERVER = ServerMetadata(ISSUER, registration_endpoint=REGISTER)
GUESSED = replace(SERVER, source=MetadataSource.GUESSED)
ELSEWHERE = ServerMetadata("https://elsewhere.example.com", token_endpoint="https://elsewhere.example.com/token")


def clients(world, *, seams=None, **settings):
    return ClientSelection(world.settings(**settings), world.store, seams or world.seams())


def found(server):
    return AuthorizationTarget(MCP, None, server)


@pytest.fixture
def world():
    return World()


# Registering.


@requirement("DCR-1", "DCR-2", "DCR-3", "DCR-4", "DCR-5", "DCR-6", "DCR-15", "REF-3", "REG-8")
def test_the_registration_says_what_a_native_public_client_is(world):
    clients(world).for_login(found(SERVER), ADDRESS, ("read", "write"))
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
    first = clients(world).for_login(found(SERVER), ADDRESS, None).client
    second = clients(world).for_login(found(SERVER), ADDRESS, ("more",)).client
    assert (
        first
        == second
        == Client(first.client_id, ISSUER, None, ClientAuthentication.NONE, ADDRESS, None, ClientOrigin.REGISTERED)
    )
    assert len(world.server.registrations()) == 1


@requirement("DCR-12")
def test_another_address_is_registered_anew(world):
    first = clients(world).for_login(found(SERVER), ADDRESS, None).client
    second = clients(world).for_login(found(SERVER), OTHER_ADDRESS, None).client
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
    clients(world).for_login(found(SERVER), ADDRESS, None)
    world.clock.time += 10
    clients(world).for_login(found(SERVER), ADDRESS, None)
    assert len(world.server.registrations()) == registrations


@requirement("REG-3", "ASM-2")
@pytest.mark.parametrize("changes", [{"client_name": "Other"}, {"redirect_uri": ADDRESS}])
def test_another_name_or_a_fixed_address_is_another_registration(world, changes):
    first = clients(world).for_login(found(SERVER), ADDRESS, None).client
    second = clients(world, **changes).for_login(found(SERVER), ADDRESS, None).client
    assert first.client_id != second.client_id


@requirement("REG-4", "ASM-2")
def test_another_issuer_gets_a_registration_of_its_own(world):
    clients(world).for_login(found(SERVER), ADDRESS, None)
    elsewhere = replace(SERVER, issuer="https://elsewhere.example.com")
    assert clients(world).for_login(found(elsewhere), ADDRESS, None).client.issuer == "https://elsewhere.example.com"
    assert len(world.server.registrations()) == 2


@requirement("DCR-7")
def test_what_the_server_made_of_the_registration_is_what_counts(world):
    world.server.registers_with = {"client_secret": "s3cret", "token_endpoint_auth_method": "client_secret_post"}
    client = clients(world).for_login(found(SERVER), ADDRESS, None).client
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
        clients(world).for_login(found(SERVER), ADDRESS, None)
    assert clients(world).redirect_uri(found(SERVER)) == (None, False)


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
        clients(world).for_login(found(SERVER), ADDRESS, None)
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
        clients(world).for_login(found(SERVER), ADDRESS, None)
    assert clients(world).for_login(found(SERVER), ADDRESS, None).client.issuer == ISSUER


@requirement("REG-1")
def test_a_server_that_registers_nobody_needs_a_client_by_hand(world):
    with pytest.raises(Unsupported, match="does not let programs register") as caught:
        clients(world).for_login(found(replace(SERVER, registration_endpoint=None)), ADDRESS, None)
    assert ADDRESS in caught.value.hint
    assert world.server.log() == []


@pytest.mark.parametrize("trouble", [404, 405, (400, "application/json", '{"error": "invalid_request"}'), HTML])
def test_a_guessed_registration_endpoint_that_is_none_means_that_there_is_no_login(world, trouble):
    world.server.has(REGISTER, trouble)
    with pytest.raises(Unsupported, match="publishes nothing about how to log in") as caught:
        clients(world).for_login(found(GUESSED), ADDRESS, None)
    assert REGISTER in caught.value.tried[0]


def test_a_guessed_registration_endpoint_that_is_down_may_be_one(world):
    world.server.has(REGISTER, 503)
    with pytest.raises(TemporaryError):
        clients(world).for_login(found(GUESSED), ADDRESS, None)


def test_a_store_that_cannot_be_read_registers_nobody(world):
    world.store.fails_reads = math.inf
    with pytest.raises(StoreError):
        clients(world).for_login(found(SERVER), ADDRESS, None)
    assert world.server.log() == []


# Registering at the same time as somebody else.


def test_who_waits_for_another_program_takes_over_its_registration(world):
    settings = world.settings()
    lease = world.store.lease(client_key(ISSUER, settings), seconds=20)
    theirs = Client("theirs", ISSUER, redirect_uri=ADDRESS, origin=ClientOrigin.REGISTERED)

    def register_meanwhile(seconds):
        world.keep_client(theirs)
        lease.release()

    client = clients(world, seams=world.seams(pause=register_meanwhile)).for_login(found(SERVER), ADDRESS, None).client
    assert client == theirs
    assert world.server.log() == []


def test_who_gets_the_lease_looks_once_more_before_registering(world):
    theirs = Client("theirs", ISSUER, redirect_uri=ADDRESS, origin=ClientOrigin.REGISTERED)
    world.store.before_lease = lambda: world.keep_client(theirs)
    assert clients(world).for_login(found(SERVER), ADDRESS, None).client == theirs
    assert world.server.log() == []


def test_another_program_that_takes_too_long_is_not_waited_for(world):
    lease = world.store.lease(client_key(ISSUER, world.settings()), seconds=20)
    with lease, pytest.raises(TemporaryError, match="Another program has been registering"):
        clients(world).for_login(found(SERVER), ADDRESS, None)
    assert 25 <= world.clock.time - BEGINNING < 26
    assert world.server.log() == []


# The address of a login.


@pytest.mark.parametrize("client_id", [None, "mine"])
def test_a_given_address_is_the_only_one(world, client_id):
    assert clients(world, client_id=client_id, redirect_uri=ADDRESS).redirect_uri(found(SERVER)) == (ADDRESS, True)


@requirement("DCR-12")
def test_a_registered_client_wants_its_address_again(world):
    clients(world).for_login(found(SERVER), ADDRESS, None)
    assert clients(world).redirect_uri(found(SERVER)) == (ADDRESS, False)
    assert clients(world).redirect_uri(found(replace(SERVER, issuer="https://elsewhere.example.com"))) == (None, False)


def test_a_client_registered_by_hand_may_have_any_address(world):
    clients(world).for_login(found(SERVER), ADDRESS, None)
    assert clients(world, client_id="mine").redirect_uri(found(SERVER)) == (None, False)


# The client the user registered by hand.


@requirement("REG-1", "REG-2", "CC-3")
def test_a_given_client_is_used_and_nobody_is_registered(world):
    given = {"client_id": "mine", "client_secret": Secret("s"), "client_authentication": ClientAuthentication.POST}
    client = clients(world, redirect_uri=ADDRESS, **given).for_login(found(SERVER), ADDRESS, None).client
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


def test_without_a_client_id_there_is_no_given_client(world):
    with pytest.raises(ConfigurationError, match="no client for"):
        clients(world).configured(SERVER)


# Forgetting.


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
    first = clients(world).for_login(found(SERVER), ADDRESS, None)
    known = clients(world).for_login(found(SERVER), ADDRESS, None)
    assert (first.is_new, known.is_new) == (True, False)
    assert clients(world).drop_refused(known, error) is True
    assert clients(world).for_login(found(SERVER), ADDRESS, None).client.client_id != first.client.client_id


@requirement("DCR-12")
def test_a_login_that_nobody_finished_may_mean_a_forgotten_client_and_the_next_one_registers_anew(world):
    clients(world).for_login(found(SERVER), ADDRESS, None)
    known = clients(world).for_login(found(SERVER), ADDRESS, None)
    assert clients(world).drop_refused(known, LoginFailed("Nobody came.", hint="Again.")) is False
    assert clients(world).for_login(found(SERVER), ADDRESS, None).is_new


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
    clients(world).for_login(found(SERVER), ADDRESS, None)
    known = clients(world).for_login(found(SERVER), ADDRESS, None)
    assert clients(world).drop_refused(known, error) is False
    assert clients(world).for_login(found(SERVER), ADDRESS, None) == known


def test_a_client_that_was_registered_a_moment_ago_is_not_worth_another_try_when_it_is_refused(world):
    new = clients(world).for_login(found(SERVER), ADDRESS, None)
    assert clients(world).drop_refused(new, ClientRefused("No.", hint="Ask.", error="invalid_client")) is False
    assert clients(world).for_login(found(SERVER), ADDRESS, None).is_new


@pytest.mark.parametrize("changes", [{"origin": ClientOrigin.CONFIGURED}, {"client_id": "an older one"}])
def test_only_the_registration_that_was_refused_is_forgotten(world, changes):
    first = clients(world).for_login(found(SERVER), ADDRESS, None).client
    clients(world).registrations.forget(replace(first, **changes))
    assert clients(world).for_login(found(SERVER), ADDRESS, None).client == first


def test_forgetting_what_is_not_there_is_no_error(world):
    clients(world).registrations.forget(Client("unknown", ISSUER, origin=ClientOrigin.REGISTERED))
    assert [what for what, _ in world.store.calls] == ["get"]


def test_a_registration_that_somebody_has_just_replaced_is_not_forgotten(world):
    first = clients(world).for_login(found(SERVER), ADDRESS, None).client
    theirs = replace(first, client_id="theirs")
    world.store.before_write[client_key(ISSUER, world.settings())] = lambda: world.keep_client(theirs)
    clients(world).registrations.forget(first)
    assert clients(world).for_login(found(SERVER), ADDRESS, None).client == theirs
