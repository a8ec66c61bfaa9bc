# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a program asks an engine for by name."""

import asyncio

import pytest

from tests.fakes.world import World
from valetkey.errors import ConfigurationError, LoginFailed, LoginRequired, Unsupported
from valetkey.login.link import LinkLogin

WEB_APP = {"public_url": "https://bot.example.com"}
MACHINE = {"client_id": "machine", "client_secret": "s3cret", "issuer": "https://auth.example.com"}


@pytest.fixture
def world():
    return World()


def web_engine(world, **settings):
    return world.engine(seams=world.seams(login=LinkLogin()), **{**WEB_APP, **settings})


def test_a_login_is_begun_with_the_link_only(world):
    for engine in (world.engine(), web_engine(world, public_url=None, **MACHINE)):
        with pytest.raises(ConfigurationError, match="no thread waits for") as caught:
            engine.begin()
        assert 'login="link"' in caught.value.hint
    assert world.server.requests == []


def test_on_an_event_loop_it_is_awaited(world):
    engine = web_engine(world)

    async def log_in():
        calls = ((engine.begin, "begin_async"), (lambda: engine.complete("https://a.example"), "complete_async"))
        for call, way in calls:
            with pytest.raises(ConfigurationError, match="would stand still") as caught:
                call()
            assert way in caught.value.hint
        pending = await engine.begin_async(seconds=30)
        session = await engine.complete_async(world.server.visit(pending.authorization_url), principal="local")
        assert await engine.begin_async() is None
        return session

    assert asyncio.run(log_in()) == world.kept(**WEB_APP)


def test_where_a_session_is_good_no_login_is_begun(world):
    engine = web_engine(world)
    engine.complete(world.server.visit(engine.begin().authorization_url))
    assert engine.begin() is None


def test_a_login_that_is_held_back_is_begun_by_name_only(world):
    engine = web_engine(world)
    with pytest.raises(LoginFailed):
        engine.complete(world.server.visit(engine.begin().authorization_url, allows=False))
    with pytest.raises(LoginFailed):
        engine.replace(None)
    assert engine.begin().link.startswith("https://bot.example.com/mcp-oauth/start/")


def test_a_login_by_name_says_where_the_link_is(world):
    engine = web_engine(world)
    with pytest.raises(LoginRequired) as caught:
        engine.login()
    assert caught.value.authorization_url == engine.begin().link


def test_a_login_that_cannot_be_begun_says_why(world):
    world.server.registers_clients = False
    with pytest.raises(Unsupported, match="does not let programs register"):
        web_engine(world).begin()
