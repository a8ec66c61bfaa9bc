# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Registering a client: what is asked and stored, at the same time as another program, and when it is dropped."""

import math
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.authorization_server import ISSUER, REGISTER, TOKEN
from tests.fakes.clients import ADDRESS, GUESSED, OTHER_ADDRESS, SERVER, clients, target_of
from tests.fakes.network import HTML, challenges, no_answer, unreachable
from tests.fakes.seams import BEGINNING
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._clients.advice import proposed_address
from valetkey._sessions.codec import client_key
from valetkey.errors import (
    ClientRefused,
    ConfigurationError,
    LoginFailed,
    MalformedDocument,
    Refused,
    StoreError,
    TemporaryError,
    Unsupported,
)
from valetkey.values import Client, ClientAuthentication, ClientOrigin, Secret
from valetkey.wire import HttpResponse

FIRST_ADDRESS = "http://127.0.0.1:50001/callback"


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
    assert first.registered_at == BEGINNING
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
    assert proposed_address(target_of(SERVER), world.settings()) in caught.value.hint
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


# What a server lists, refuses and makes of a registration.


def methods_asked(world):
    return [each["token_endpoint_auth_method"] for each in world.server.registrations()]


NO = {"error": "invalid_client_metadata", "error_description": "token_endpoint_auth_method is not supported"}
NO_REASON = {"error": "invalid_client_metadata"}
PYDANTIC = {"detail": [{"loc": ["body", "token_endpoint_auth_method"], "msg": "Input should be another"}]}


@pytest.mark.parametrize(
    ("listed", "asked"),
    [
        (("none", "client_secret_post", "client_secret_basic"), "none"),
        (("client_secret_basic", "client_secret_post"), "client_secret_post"),
        (("client_secret_basic",), "client_secret_basic"),
        (("private_key_jwt", "client_secret_basic"), "client_secret_basic"),
        (("private_key_jwt",), "none"),
        (None, "none"),
    ],
    ids=str,
)
def test_the_method_that_is_asked_for_is_the_first_of_those_listed(listed, asked):
    """Row C1."""
    world = World(lists_authentication=listed, issues_secrets=True)
    world.engine().replace(None)
    assert methods_asked(world) == [asked]
    assert world.kept().client.authentication == asked
    assert len(world.person.asked) == 1


@pytest.mark.parametrize("answer", [(400, NO), (400, NO_REASON), (422, PYDANTIC), (403, NO), (400, {})], ids=str)
@pytest.mark.parametrize(
    ("listed", "accepted"),
    [
        (None, "client_secret_basic"),
        (None, "client_secret_post"),
        (("none", "client_secret_basic"), "client_secret_basic"),
        (("client_secret_post", "client_secret_basic"), "none"),
    ],
    ids=str,
)
def test_a_method_that_is_refused_is_followed_by_the_next_and_the_refresh_grant_stays(answer, listed, accepted):
    """Row C1."""
    world = World(lists_authentication=listed, issues_secrets=True)
    methods = {"none", "client_secret_basic", "client_secret_post"}
    world.server.refuses_methods_with = dict.fromkeys(methods - {accepted}, answer)
    world.engine().replace(None)
    assert methods_asked(world)[-1] == accepted
    assert all(each["grant_types"][1:] == ["refresh_token"] for each in world.server.registrations())
    assert len(world.server.registrations()) <= 3
    assert world.kept().token.refresh_token is not None


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_the_user_may_say_which_method_without_a_client(method):
    """Row C1."""
    world = World(issues_secrets=True)
    for _ in range(2):
        clients(world, client_authentication=method).for_login(target_of(SERVER), ADDRESS, None)
    assert methods_asked(world) == [method]
    clients(world).for_login(target_of(SERVER), ADDRESS, None)
    assert methods_asked(world) == [method, "none"]


def test_a_method_that_the_user_has_said_is_the_only_one():
    """Row C1."""
    world = World(refuses_methods_with={"client_secret_post": (400, NO)})
    with pytest.raises(ClientRefused, match="token_endpoint_auth_method is not supported"):
        world.engine(client_authentication="client_secret_post").replace(None)
    assert methods_asked(world) == ["client_secret_post"]


def test_a_server_that_registers_for_a_method_without_its_secret_is_asked_for_the_next():
    """Row C1."""
    world = World(issues_secrets=True)
    answer = '{"client_id": "x", "token_endpoint_auth_method": "tls_client_auth"}'
    world.server.has(REGISTER, (201, "application/json", answer))
    world.engine().replace(None)
    assert methods_asked(world) == ["none", "client_secret_basic"]


def test_a_server_that_refuses_everything_is_asked_a_bounded_number_of_times():
    """Row C1."""
    world = World(refuses_registration_with=(400, "invalid_client_metadata"))
    with pytest.raises(ClientRefused):
        world.engine().replace(None)
    assert len(world.server.registrations()) == 5
    assert world.person.asked == []


def test_contacts_that_a_server_requires_are_an_empty_list():
    """Rows C1, C4."""
    world = World()
    answer = '{"detail": [{"loc": ["body", "contacts"], "msg": "Field required"}]}'
    world.server.has(REGISTER, (422, "application/json", answer))
    world.engine().replace(None)
    assert [each.get("contacts") for each in world.server.registrations()] == [None, []]


def test_a_server_that_wants_a_contact_is_quoted():
    """Row C4."""
    world = World()
    answer = (422, "application/json", '{"detail": [{"loc": ["body", "contacts"], "msg": "Field required"}]}')
    world.server.has(REGISTER, answer, answer)
    with pytest.raises(ClientRefused, match='answered 422 "contacts: Field required"'):
        world.engine().replace(None)


def test_a_server_that_has_no_time_says_when_to_come_again():
    """Row C4."""
    world = World()
    world.server.has(REGISTER, HttpResponse(429, REGISTER, (("Retry-After", "3600"),)))
    with pytest.raises(TemporaryError, match="Try again in 60 minutes") as caught:
        world.engine().replace(None)
    assert caught.value.retry_after == 3600


@pytest.mark.parametrize("status", [407, 408, 425, 429, 500, 503])
def test_a_registration_that_may_succeed_later_is_a_temporary_matter(status):
    """Row A6."""
    world = World()
    world.server.has(REGISTER, status)
    engine = world.engine()
    with pytest.raises(TemporaryError):
        engine.replace(None)
    world.clock.time += 3600
    engine.replace(None)
    assert len(world.server.registrations()) == 2


# A client that is refused as soon as it is used.


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client"])
@pytest.mark.parametrize("listed", [None, ("none", "client_secret_post")], ids=str)
def test_a_new_client_that_is_refused_after_the_login_is_registered_once_more_with_the_next_method(listed, error):
    """Row C1."""
    world = World(lists_authentication=listed, issues_secrets=True)
    world.server.has(TOKEN, (401, "application/json", f'{{"error": "{error}"}}'))
    token = world.engine().replace(None)
    assert world.server.accepts(token.access_token.reveal())
    assert methods_asked(world) == ["none", "client_secret_basic" if listed is None else "client_secret_post"]
    assert (len(world.person.asked), world.person.told) == (2, [None])


def test_a_new_client_that_is_refused_and_has_no_other_method_is_told_what_to_do():
    """Rows C1, F7."""
    world = World(lists_authentication=("none",))
    world.server.has(TOKEN, (401, "application/json", '{"error": "invalid_client"}'))
    with pytest.raises(ClientRefused, match="invalid_client") as caught:
        world.engine().replace(None)
    assert "client_secret" not in str(caught.value)
    assert f"redirect_uri='{proposed_address(target_of(SERVER), world.settings())}'" in caught.value.hint
    assert len(world.person.asked) == 1
    assert [each.hint for each in world.person.told] == [caught.value.hint]


@pytest.mark.parametrize(
    ("registered", "accepted"),
    [
        ("client_secret_basic", "client_secret_post"),
        ("client_secret_post", "client_secret_basic"),
        ("client_secret_post", "none"),
        ("none", "client_secret_post"),
        ("none", "client_secret_basic"),
    ],
)
def test_the_same_code_is_sent_with_the_secret_in_the_other_way_and_the_person_is_asked_once(registered, accepted):
    """Row C1."""
    world = World(accepts_methods=(accepted,))
    world.server.registers_with = {"client_secret": "s3cret", "token_endpoint_auth_method": registered}
    engine = world.engine()
    engine.replace(None)
    assert (len(world.person.asked), len(world.server.registrations())) == (1, 1)
    assert len({form["code"] for form in world.server.token_forms()}) == 1
    assert world.kept().client.authentication == accepted
    assert clients(world).registrations.stored(ISSUER) == world.kept().client
    world.clock.time += 86_400
    world.forget_what_happened()
    world.engine().replace(None)
    assert world.server.grant_types() == ["refresh_token"]


def test_a_code_that_is_spent_by_then_leaves_the_first_refusal():
    """Row C1."""
    world = World(lists_authentication=("client_secret_post",), issues_secrets=True)
    refusal = (401, "application/json", '{"error": "invalid_client"}')
    spent = (400, "application/json", '{"error": "invalid_grant"}')
    world.server.has(TOKEN, refusal, spent, spent)
    world.engine().replace(None)
    assert methods_asked(world) == ["client_secret_post", "none"]
    assert world.person.told == [None]


# The address and the scope that the answer names.


@pytest.mark.parametrize(
    "addresses",
    [
        ["https://gateway.example/callback"],
        ["http://127.0.0.1/callback"],
        ["http://localhost:50001/callback"],
        ["http://127.0.0.1:50001/callback/"],
        "http://127.0.0.1:50001/callback",
        [],
        7,
    ],
    ids=str,
)
def test_another_address_in_the_answer_does_not_keep_a_person_from_logging_in(addresses, caplog):
    """Row C2."""
    caplog.set_level("INFO")
    world = World(registers_with={"redirect_uris": addresses})
    world.engine().replace(None)
    assert world.kept().client.redirect_uri == FIRST_ADDRESS
    is_other = isinstance(addresses, list) and addresses != []
    assert ("is used all the same" in caplog.text) is is_other


def unanswered(url):
    message = "Nobody has answered."
    raise LoginFailed(message, hint="Log in next time.")


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_login_that_then_fails_says_what_was_registered(is_stored):
    """Rows C2, F7."""
    world = World(registers_with={"redirect_uris": ["https://gateway.example/callback"]})
    if is_stored:
        world.engine().replace(None)
        world.server.forget_refresh_tokens()
    world.person.brings = unanswered
    with pytest.raises(LoginFailed) as caught:
        world.engine().replace(world.kept().token if is_stored else None)
    assert f'registered "https://gateway.example/callback" instead of {FIRST_ADDRESS}' in caught.value.hint
    assert f"redirect_uri='{proposed_address(target_of(SERVER), world.settings())}'" in caught.value.hint


def test_a_refused_address_at_the_token_endpoint_says_what_was_registered():
    """Row C2."""
    world = World(registers_with={"redirect_uris": ["http://localhost/callback"]})
    answer = '{"error": "invalid_grant", "error_description": "redirect_uri mismatch"}'
    world.server.has(TOKEN, (400, "application/json", answer))
    with pytest.raises(Refused, match="redirect_uri mismatch") as caught:
        world.engine().replace(None)
    assert 'registered "http://localhost/callback"' in caught.value.hint


def scopes_asked(world):
    return [parse_qs(urlsplit(each.authorization_url).query).get("scope") for each in world.person.asked]


@pytest.mark.parametrize(
    ("wanted", "registered", "asked"),
    [
        (("read", "write"), "read", ["read"]),
        (("read", "write"), "write openid read", ["read write"]),
        (("read",), "openid", None),
        (("read",), ["openid"], ["read"]),
        (("read",), None, ["read"]),
    ],
    ids=str,
)
def test_a_login_asks_for_no_more_than_its_client_may(wanted, registered, asked):
    """Row C3."""
    world = World(registers_with={"scope": registered}, publishes_scopes=wanted)
    engine = world.engine()
    engine.replace(None)
    assert scopes_asked(world) == [asked]
    assert world.kept().requested_scope == wanted
    world.engine().replace(None)
    assert len(world.server.registrations()) == 1


def test_offline_access_that_the_client_may_not_have_is_neither_asked_for_nor_consented_to():
    """Row C3."""
    world = World(lists_scopes=("offline_access",), publishes_scopes=("read",), registers_with={"scope": "read"})
    world.engine().replace(None)
    assert scopes_asked(world) == [["read"]]
    assert "prompt=" not in world.person.asked[0].authorization_url


def test_more_scope_than_the_client_may_have_is_registered_anew_with_all_of_it():
    """Row C3."""
    world = World(publishes_scopes=("read",))
    engine = world.engine()
    token = engine.replace(None)
    challenge = challenges('Bearer error="insufficient_scope", scope="write"')
    assert engine.replace(token, challenge).scope == ("read", "write")
    assert [each["scope"] for each in world.server.registrations()] == ["read", "read write"]
    assert scopes_asked(world) == [["read"], ["read write"]]


def test_scope_that_a_registration_did_not_get_is_not_registered_for_again():
    """Row C3."""
    world = World(publishes_scopes=("read", "write"), registers_with={"scope": "read"})
    for _ in range(3):
        clients(world).for_login(target_of(SERVER), ADDRESS, ("read", "write"))
    assert len(world.server.registrations()) == 1
    clients(world).for_login(target_of(SERVER), ADDRESS, ("share",))
    assert world.server.registrations()[-1]["scope"] == "read write share"


@pytest.mark.parametrize("refusal", [(403, "application/json", "{}"), (200, "text/html", "<html>")], ids=str)
def test_a_wider_registration_that_is_refused_leaves_the_client_that_there_is(refusal):
    """Row C3."""
    world = World(publishes_scopes=("read",))
    first = clients(world).for_login(target_of(SERVER), ADDRESS, ("read",)).client
    world.server.has(REGISTER, refusal)
    assert clients(world).for_login(target_of(SERVER), ADDRESS, ("read", "write")).client == first
    closed = target_of(replace(SERVER, registration_endpoint=None))
    assert clients(world).for_login(closed, ADDRESS, ("read", "write")).client == first


# Answers with status 200 that are none.


def test_a_refusal_with_status_200_is_one_and_is_followed_by_the_next_method():
    """Rows C1, C4."""
    world = World(registers_with={"client_secret": "s3cret"})
    refusal = '{"error": "invalid_client_metadata", "error_description": "token_endpoint_auth_method none"}'
    world.server.has(REGISTER, (200, "application/json", refusal))
    server = replace(SERVER, token_endpoint_auth_methods_supported=("none", "client_secret_basic"))
    clients(world).for_login(target_of(server), ADDRESS, None)
    asked = [each["token_endpoint_auth_method"] for each in world.server.registrations()]
    assert asked == ["none", "client_secret_basic"]


def test_a_refusal_with_status_200_that_stays_is_quoted():
    """Row C4."""
    world = World()
    refusal = '{"error": "access_denied", "error_description": "Ask admin@corp.example"}'
    world.server.has(REGISTER, (200, "application/json", refusal))
    with pytest.raises(ClientRefused, match=r'answered 200: "access_denied" "Ask admin@corp\.example"'):
        clients(world).for_login(target_of(SERVER), ADDRESS, None)
    assert len(world.server.registrations()) == 1


def test_a_registration_that_is_packed_without_saying_so_is_told_as_that():
    """Row F11."""
    world = World()
    world.server.has(REGISTER, HttpResponse(201, REGISTER, (), b"\x1f\x8b..."))
    with pytest.raises(MalformedDocument, match="packed with gzip, and no Content-Encoding says so"):
        clients(world).for_login(target_of(SERVER), ADDRESS, None)


@pytest.mark.parametrize(
    "refusal",
    [
        '{"error": "invalid_redirect_uri"}',
        '{"error": "invalid_client_metadata", "error_description": "redirect_uris must have the host localhost"}',
        '{"detail": [{"loc": ["body", "redirect_uris"], "msg": "not allowed"}]}',
    ],
)
def test_an_address_that_is_refused_in_words_alone_is_asked_for_under_its_name(refusal):
    """Rows C1, C4."""
    world = World()
    world.server.has(REGISTER, (422, "application/json", refusal))
    world.engine().replace(None)
    hosts = [urlsplit(each["redirect_uris"][0]).hostname for each in world.server.registrations()]
    assert hosts == ["127.0.0.1", "localhost"]
