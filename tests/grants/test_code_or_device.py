# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where no browser can be opened: a login on another device if the server offers that, and else with a link."""

import pytest

from tests.fakes.authorization_server import DEVICE_AUTHORIZATION, DEVICE_GRANT
from tests.fakes.world import World
from valetkey.errors import LoginFailed, Refused
from valetkey.login.here import LoginHere


class Here(LoginHere):
    """The login of a terminal, with the person of the test in front of it."""

    def __init__(self, person, *, has_browser=False):
        super().__init__(opens=True)
        self._person = person
        self._has_browser = has_browser

    def is_without_browser(self):
        return not self._has_browser

    def open(self, redirect_uri, *, fixed):
        return self._person.open(redirect_uri, fixed=fixed)

    def open_device(self):
        return self._person.open_device()


def engine_of(world, *, has_browser=False, **settings):
    return world.engine(seams=world.seams(login=Here(world.person, has_browser=has_browser)), **settings)


def ways(world):
    """How the person was asked, each time: with a code, or with a link."""
    return ["link" if prompt.user_code is None else "code" for prompt in world.person.asked]


@pytest.fixture
def world():
    return World(offers_device_login=True)


def test_the_person_gets_a_code_and_the_session_is_renewed_as_any(world):
    engine = engine_of(world)
    engine.replace(None)
    assert ways(world) == ["code"]
    assert world.kept().terms.grant == "authorization_code"
    world.clock.time += 86_400
    engine.replace(engine.token_at_hand())
    assert ways(world) == ["code"]
    assert world.server.grant_types() == [DEVICE_GRANT, "refresh_token"]


def test_the_client_is_registered_for_that_grant(world):
    engine_of(world).replace(None)
    assert world.server.registrations()[0]["grant_types"] == [DEVICE_GRANT, "refresh_token"]


def test_a_server_that_offers_no_such_login_gives_a_link(world):
    world.server.offers_device_login = False
    engine_of(world).replace(None)
    assert ways(world) == ["link"]


def test_where_a_browser_can_be_opened_nothing_changes(world):
    engine_of(world, has_browser=True).replace(None)
    assert ways(world) == ["link"]


@pytest.mark.parametrize(
    "settings", [{"grant": "authorization_code"}, {"redirect_uri": "http://127.0.0.1:8765/callback"}]
)
def test_who_has_set_how_the_answer_comes_gets_a_link(world, settings):
    engine_of(world, **settings).replace(None)
    assert ways(world) == ["link"]


@pytest.mark.parametrize("error", ["unauthorized_client", "invalid_request", "unsupported_grant_type"])
def test_a_server_that_refuses_what_it_announces_costs_the_person_nothing(world, error):
    world.server.refuses_device_login_with = [(error, "no")] * 3
    engine_of(world).replace(None)
    assert ways(world) == ["link"]
    assert any(line.endswith(DEVICE_AUTHORIZATION) for line in world.server.log())


def test_a_person_who_was_asked_is_not_asked_again_in_another_way(world):
    world.server.answers_polls_with = ["access_denied"]
    with pytest.raises(LoginFailed):
        engine_of(world).replace(None)
    assert ways(world) == ["code"]


def test_a_refusal_after_the_person_was_asked_is_told(world):
    world.server.answers_polls_with = ["invalid_grant"]
    with pytest.raises(Refused):
        engine_of(world).replace(None)
    assert ways(world) == ["code"]


def test_the_next_login_uses_the_same_client(world):
    engine = engine_of(world)
    engine.replace(None)
    engine.logout()
    engine.login()
    assert ways(world) == ["code", "code"]
    assert len(world.server.registrations()) == 1


def test_a_client_that_the_server_has_forgotten_is_registered_again(world):
    engine = engine_of(world)
    engine.replace(None)
    world.server.clients.clear()
    world.clock.time += 86_400
    engine.replace(engine.session.token)
    assert ways(world) == ["code", "code"]
    assert len(world.server.registrations()) == 2
