# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server that has forgotten a registered client is found out before a person is sent there."""

import json
import threading

import pytest

from tests.fakes.authorization_server import ISSUER, TOKEN
from tests.fakes.network import HTML, no_answer, unreachable
from tests.fakes.seams import BEGINNING
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._engine.decision import TokenNeed
from valetkey.errors import AuthError, LoginFailed, TemporaryError
from valetkey.login.never import NeverLogin
from valetkey.values import Client, ClientAuthentication, ClientOrigin, Secret

DAY = 86_400
ADDRESS = "http://127.0.0.1:50001/callback"
INVALID_CLIENT = (401, "application/json", '{"error": "invalid_client"}')


def unanswered(*_, **__):
    message = "Nobody has answered."
    raise LoginFailed(message, hint="Log in next time.")


@pytest.fixture
def world():
    """A world whose person has logged in a day ago, and whose session is gone since."""
    world = World(issues_refresh_tokens=False)
    world.engine().replace(None)
    world.clock.time += DAY
    world.forget_what_happened()
    return world


def restart(world):
    """The server keeps its clients in memory."""
    world.server.clients.clear()


@requirement("DCR-12")
@pytest.mark.parametrize("settings", [{}, {"redirect_uri": "http://127.0.0.1:8080/callback"}], ids=["any", "fixed"])
def test_a_restarted_server_gets_a_new_registration_and_the_person_one_link_that_works(settings):
    """Row A7."""
    world = World(issues_refresh_tokens=False)
    world.engine(**settings).replace(None)
    world.clock.time += DAY
    restart(world)
    world.forget_what_happened()
    token = world.engine(**settings).replace(None)
    assert world.server.accepts(token.access_token.reveal())
    assert (len(world.person.asked), len(world.server.registrations())) == (1, 1)
    assert len(world.server.questions()) == 1


@pytest.mark.parametrize(
    "answer",
    [
        INVALID_CLIENT,
        (400, "application/json", '{"error": "invalid_client"}'),
        (400, "application/json", '{"error": "unauthorized_client"}'),
        (403, "application/json", '{"error": "invalid_client", "error_description": "gone"}'),
        (200, "application/json", '{"error": "invalid_client"}'),
    ],
    ids=str,
)
def test_only_the_server_itself_can_say_that_it_has_forgotten_the_client(world, answer):
    """Row A7."""
    world.server.has(TOKEN, answer)
    world.engine().replace(None)
    assert (len(world.person.asked), len(world.server.registrations())) == (1, 1)


@pytest.mark.parametrize(
    "answer",
    [
        (400, "application/json", '{"error": "invalid_grant"}'),
        (400, "application/json", '{"error": "invalid_request"}'),
        (401, "text/plain", "Unauthorized"),
        (403, "application/json", '{"message": "Forbidden"}'),
        (422, "application/json", '{"message": "Unrecognized client_id"}'),
        (200, "application/json", '{"access_token": "for-nothing", "token_type": "Bearer"}'),
        (400, "text/plain", ""),
        HTML,
        301,
        404,
        408,
        429,
        500,
        503,
        no_answer(),
        unreachable(),
    ],
    ids=str,
)
def test_any_other_answer_or_none_keeps_the_client_and_the_login_goes_on(world, answer):
    """Row A7."""
    world.server.has(TOKEN, answer)
    world.engine().replace(None)
    assert (len(world.person.asked), world.server.registrations()) == (1, [])


def test_the_question_holds_nothing_of_the_login(world):
    """Row A7."""
    world.engine().replace(None)
    (question,), (exchange,) = world.server.questions(), world.server.token_forms()
    assert set(question) == set(exchange)
    assert question["client_id"] == exchange["client_id"]
    assert {question["code"], question["code_verifier"]}.isdisjoint({exchange["code"], exchange["code_verifier"]})
    request = next(each for each in world.server.requests if each.url == TOKEN)
    assert (request.issuer, request.credentials_of) == (ISSUER, (ISSUER,))


def test_a_client_with_a_secret_is_asked_for_with_it():
    """Row A7."""
    world = World(issues_refresh_tokens=False)
    world.server.registers_with = {"client_secret": "s3cret", "token_endpoint_auth_method": "client_secret_post"}
    world.engine().replace(None)
    world.clock.time += DAY
    world.engine().replace(None)
    assert [form["client_secret"] for form in world.server.questions()] == ["s3cret"]
    assert len(world.server.registrations()) == 1


def test_nobody_is_asked_about_a_client_that_has_just_been_seen_or_that_is_not_ours(world):
    """Row A7."""
    engine = world.engine()
    first = engine.replace(None)
    assert len(world.server.questions()) == 1
    world.clock.time += 61
    world.keep_client(
        Client("other", ISSUER, origin=ClientOrigin.REGISTERED, redirect_uri=ADDRESS), client_name="Other"
    )
    world.engine(client_name="Third").replace(first)
    world.server.knows("mine", "http://127.0.0.1:8080/callback")
    world.engine(client_id="mine", redirect_uri="http://127.0.0.1:8080/callback").replace(None)
    assert len(world.server.questions()) == 1


def test_an_answer_to_a_renewal_or_to_a_code_shows_that_the_client_lives():
    """Row A7."""
    world = World()
    engine = world.logged_in()
    world.server.forget_refresh_tokens()
    token = engine.replace(None)
    assert world.server.questions() == []
    world.clock.time += 59
    world.server.forget_refresh_tokens()
    need = TokenNeed(token.access_token.reveal(), explicit=True)  # the third token request; the brake would hold it
    engine._attempts.obtain(need, threading.Event())
    assert len(world.person.asked) == 2
    assert world.server.questions() == []


@pytest.mark.parametrize(("age", "questions"), [(59, 0), (60, 1), (-1, 1)])
def test_a_client_that_another_program_has_registered_within_a_minute_is_not_asked_for(age, questions):
    """Row A7."""
    world = World()
    client = {"authentication": ClientAuthentication.NONE, "origin": ClientOrigin.REGISTERED}
    world.server.knows("theirs", ADDRESS)
    world.keep_client(Client("theirs", ISSUER, redirect_uri=ADDRESS, registered_at=BEGINNING - age, **client))
    world.engine().replace(None)
    assert len(world.server.questions()) == questions


def test_where_nobody_may_be_asked_the_server_is_not_asked_either(world):
    """Row A7."""
    with pytest.raises(AuthError):
        world.engine(seams=world.seams(login=NeverLogin())).replace(None)
    assert world.server.questions() == []


@requirement("DCR-12")
def test_where_the_question_told_nothing_the_error_says_so_and_the_second_login_registers_anew(world):
    """Row A7."""
    world.server.has(TOKEN, (400, "application/json", '{"error": "invalid_grant"}'))
    restart(world)
    world.person.visits = unanswered  # the page says `invalid_client` to the person alone
    engine = world.engine()
    with pytest.raises(
        LoginFailed, match="may have forgotten this program; the next login registers it anew"
    ) as caught:
        engine.replace(None)
    assert [each.hint for each in world.person.told] == [caught.value.hint]
    world.person.visits = world.server.visit
    world.clock.time += DAY
    token = engine.replace(None)
    assert world.server.accepts(token.access_token.reveal())
    assert len(world.server.registrations()) == 1


def test_a_new_client_is_not_said_to_be_forgotten():
    """Row A7."""
    world = World()
    world.person.brings = unanswered
    with pytest.raises(LoginFailed) as caught:
        world.engine().replace(None)
    assert "forgotten" not in str(caught.value)
    assert caught.value.hint == "Log in next time."


def test_a_registration_that_is_not_possible_any_more_is_told(world):
    """Row A7."""
    restart(world)
    world.server.has(TOKEN, INVALID_CLIENT)
    world.server.refuses_registration_with = (403, "access_denied")
    with pytest.raises(AuthError, match="access_denied"):
        world.engine().replace(None)
    assert world.person.asked == []


@pytest.mark.parametrize("secret", [None, Secret("s3cret")], ids=["public", "confidential"])
def test_a_client_of_the_user_is_never_asked_for(secret):
    """Row A7."""
    world = World(issues_refresh_tokens=False)
    settings = {"client_id": "mine", "client_secret": secret, "redirect_uri": "http://127.0.0.1:8080/callback"}
    settings["issuer"] = ISSUER
    world.server.knows("mine", settings["redirect_uri"], secret=secret and secret.reveal())
    for _ in range(2):
        world.engine(**settings).replace(None)
        world.clock.time += DAY
    assert world.server.questions() == []


def test_a_server_that_is_down_is_no_reason_to_ask_nobody(world):
    """Row A7."""
    world.server.has(TOKEN, 503, 503)
    with pytest.raises(TemporaryError):
        world.engine().replace(None)
    assert len(world.person.asked) == 1


def in_words(said):
    return 400, "application/json", json.dumps({"error": "invalid_request", "error_description": said})


@pytest.mark.parametrize(
    "said",
    [
        "unknown client_id",
        "Client not found",
        "No such client",
        "The client 'client-1' does not exist",
        "client_id client-1 is not registered with this server",
        "Unregistered OAuth client",
    ],
)
def test_a_server_that_says_in_words_that_it_does_not_know_the_client_gets_a_new_one(world, said):
    """Row A7."""
    world.server.has(TOKEN, in_words(said))
    world.engine().replace(None)
    assert (len(world.person.asked), len(world.server.registrations())) == (1, 1)


@pytest.mark.parametrize(
    "said",
    [
        "client authentication is missing",
        "invalid client authentication method",
        "The code was issued to another client. The code is unknown",
        "code not found",
        "unknown",
    ],
)
def test_other_words_about_a_client_keep_it(world, said):
    """Row A7."""
    world.server.has(TOKEN, in_words(said))
    world.engine().replace(None)
    assert (len(world.person.asked), world.server.registrations()) == (1, [])
