# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Servers on the MCP Python SDK look a client up by the form alone, whatever stands in the header."""

import pytest

from tests.fakes.authorization_server import REVOKE, TOKEN
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey.errors import ClientRefused
from valetkey.values import ClientAuthentication, Secret

REDIRECT = "http://127.0.0.1:8080/callback"
MINE = {"client_id": "mine", "client_secret": Secret("s3cret"), "redirect_uri": REDIRECT}


def a_world(**switches):
    world = World(lists_authentication=("client_secret_basic",), **switches)
    world.server.knows("mine", REDIRECT, secret="s3cret", method=ClientAuthentication.BASIC)
    return world


@requirement("TOK-4", "RSP-13")
def test_a_client_that_is_refused_with_basic_alone_gives_its_name_in_the_form_too_and_the_code_is_still_good():
    world = a_world(wants_the_name_in_the_form=True)
    world.engine(**MINE).replace(None)
    assert [form.get("client_id") for form in world.server.token_forms()] == [None, "mine"]
    assert len(world.person.asked) == 1


def test_what_the_server_wants_is_remembered():
    world = a_world(wants_the_name_in_the_form=True, token_life=100)
    engine = world.engine(**MINE)
    engine.replace(None)
    world.clock.time += 100
    world.forget_what_happened()
    engine.replace(None)
    assert [(form["grant_type"], form["client_id"]) for form in world.server.token_forms()] == [
        ("refresh_token", "mine")
    ]


@requirement("TOK-4")
def test_a_client_that_is_accepted_never_says_its_name_twice():
    """Notion refuses Basic with a client_id in the form."""
    world = a_world()
    world.engine(**MINE).replace(None)
    assert [form.get("client_id") for form in world.server.token_forms()] == [None]


def test_a_wrong_secret_is_asked_about_once_more_and_not_a_third_time():
    world = a_world()
    with pytest.raises(ClientRefused):
        world.engine(**{**MINE, "client_secret": Secret("wrong")}).replace(None)
    assert world.server.log().count(f"POST {TOKEN}") == 2


@requirement("REV-3")
def test_a_public_client_whose_revocation_is_refused_without_a_secret_sends_an_empty_one():
    world = World(says_further={"revocation_endpoint": REVOKE})
    engine = world.engine()
    engine.replace(None)
    world.server.has(REVOKE, (400, "application/json", '{"error": "invalid_request"}'))
    assert engine.logout().revoked
    sent = [(form["token_type_hint"], form.get("client_secret")) for form in world.server.revocation_forms()]
    assert sent == [("refresh_token", None), ("refresh_token", ""), ("access_token", None)]


@requirement("REV-1")
def test_a_revocation_that_is_refused_all_the_same_is_told_and_the_session_is_gone():
    world = World(says_further={"revocation_endpoint": REVOKE})
    engine = world.engine()
    engine.replace(None)
    refusal = (400, "application/json", '{"error": "invalid_request"}')
    world.server.has(REVOKE, *[refusal] * 4)
    result = engine.logout()
    assert not result.revoked
    assert "invalid_request" in result.problem
    assert engine.current() is None
