# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a program asks an engine for by name."""

import asyncio
import threading

import pytest

from tests.fakes.authorization_server import TOKEN
from tests.fakes.threads import LONGEST_WAIT
from tests.fakes.world import World
from valetkey._policy.brake import MOST_ACTS
from valetkey.errors import ConfigurationError, LoginFailed, LoginRequired, Unsupported
from valetkey.login.link import LinkLogin
from valetkey.store.backends.memory import MemoryStore

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


def test_a_login_is_begun_after_the_work_that_runs(world):
    """A renewal under way, for example, is finished first."""
    engine, goes_on = web_engine(world), threading.Event()
    running, _ = engine._flight.join(lambda _: goes_on.wait(LONGEST_WAIT) and None)
    rounds = engine._login_and_logout.beginning()
    assert next(rounds) is running
    goes_on.set()
    running.result(LONGEST_WAIT)
    own = next(rounds)
    own.result(LONGEST_WAIT)
    with pytest.raises(StopIteration) as ended:
        next(rounds)
    assert ended.value.value == engine.begin()


def test_a_renewal_in_vain_counts_although_the_login_after_it_is_only_begun(world):
    engine = web_engine(world)
    token = engine.complete(world.server.visit(engine.begin().authorization_url)).token
    engine.acceptance.accept(token)
    world.clock.time += 86_400
    world.server.has(TOKEN, *[(400, "application/json", '{"error": "invalid_request"}')] * 9)
    links = set()
    for _ in range(6):
        with pytest.raises(LoginRequired) as caught:
            engine.replace(token)
        links.add(caught.value.authorization_url)
    assert len(links) == 1
    assert world.server.grant_types().count("refresh_token") <= MOST_ACTS


def test_a_login_that_has_gone_at_once_gives_no_link(world):
    """Another process has ended it, or the store has lost it: the error has the way on."""

    class Forgetful(MemoryStore):
        def get(self, key):
            return None if key.startswith("waiting:") else super().get(key)

    engine = world.engine(store=Forgetful(), seams=world.seams(login=LinkLogin()), **WEB_APP)
    with pytest.raises(LoginRequired) as caught:
        engine.begin()
    assert caught.value.hint
