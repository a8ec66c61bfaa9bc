# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server that answers every question with the same nothing: one error says what was asked and what came back."""

import pytest

from tests.fakes.authorization_server import MCP
from tests.fakes.network import HTML, challenges, unreachable
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey.errors import TemporaryError, Unsupported

ORIGIN = "https://mcp.example.com"
RESOURCE = [
    f"{ORIGIN}/.well-known/oauth-protected-resource/mcp",
    f"{ORIGIN}/.well-known/oauth-protected-resource",
]
LEGACY = [f"{ORIGIN}/.well-known/oauth-authorization-server", f"{ORIGIN}/.well-known/openid-configuration"]
REGISTER = f"{ORIGIN}/register"


def a_server_that_answers(what, *urls):
    world = World(describes_the_resource_at=(), describes_itself_at=())
    for url in urls:
        world.server.has(url, *[what] * 4)
    return world


@requirement("PRM-5", "ASM-7", "WWW-2")
@pytest.mark.parametrize(
    ("what", "told"),
    [
        ((401, "application/json", '{"error": "unauthorized"}'), "401 application/json"),
        ((403, "text/plain; charset=utf-8", "Forbidden"), "403 text/plain"),
        ((404, "", ""), "404 without Content-Type"),
        (HTML, "200 text/html"),
    ],
    ids=["401", "403", "404", "a web page"],
)
def test_who_publishes_nothing_at_all_is_one_error_with_every_question(what, told):
    world = a_server_that_answers(what, *RESOURCE, *LEGACY, REGISTER)
    with pytest.raises(Unsupported, match="publishes nothing about how to log in") as caught:
        world.engine().replace(None)
    assert caught.value.tried[:4] == tuple(f"{url}: {told}" for url in (*RESOURCE, *LEGACY))
    assert REGISTER in caught.value.tried[4]
    assert all(url in str(caught.value) for url in (*RESOURCE, *LEGACY, REGISTER))
    assert world.person.asked == []


@requirement("PRM-5", "ASM-7")
@pytest.mark.parametrize("what", [500, 503, unreachable()], ids=["500", "503", "no connection"])
def test_who_cannot_answer_now_is_a_temporary_error_with_every_question_and_nothing_is_guessed(what):
    world = a_server_that_answers(what, *RESOURCE)
    with pytest.raises(TemporaryError) as caught:
        world.engine().replace(None)
    came_back = f"{what} text/plain" if isinstance(what, int) else "no answer"
    assert caught.value.tried == tuple(f"{url}: {came_back}" for url in RESOURCE)
    assert all(url in str(caught.value) for url in RESOURCE)
    assert world.server.log() == [f"GET {url}" for url in RESOURCE]


@requirement("ASM-16", "PRM-19")
def test_who_announces_metadata_and_has_none_is_an_error_with_every_question():
    """The origin is asked as if nothing had been announced, and nothing is guessed. Row D2."""
    world = a_server_that_answers(HTML, *RESOURCE, f"{ORIGIN}/announced")
    with pytest.raises(Unsupported) as caught:
        world.engine().replace(None, challenges(f'Bearer resource_metadata="{ORIGIN}/announced"'))
    asked = [line.partition(": ")[0] for line in caught.value.tried]
    assert asked == [f"{ORIGIN}/announced", *RESOURCE, *LEGACY]
    assert world.server.registrations() == []


@requirement("ASM-16")
def test_an_authorization_server_without_metadata_is_an_error_with_every_question():
    world = World(describes_itself_at=())
    with pytest.raises(Unsupported) as caught:
        world.engine().replace(None)
    said = str(caught.value)
    assert "https://auth.example.com/.well-known/oauth-authorization-server: 404 application/json" in said
    assert "https://auth.example.com/.well-known/openid-configuration: 404 application/json" in said


@requirement("GEN-7", "WWW-13")
def test_what_a_server_calls_its_answer_is_capped_and_made_harmless():
    world = a_server_that_answers((404, "x" * 500 + "\x1b[31m", ""), *RESOURCE, *LEGACY, REGISTER)
    with pytest.raises(Unsupported) as caught:
        world.engine().replace(None)
    assert max(map(len, caught.value.tried)) < 200
    assert "\x1b" not in str(caught.value)


def test_an_error_of_another_kind_has_nothing_to_list():
    world = World(registers_clients=False)
    with pytest.raises(Unsupported) as caught:
        world.engine().replace(None)
    assert caught.value.tried == ()
    assert "Asked:" not in str(caught.value)
    assert MCP not in caught.value.tried
