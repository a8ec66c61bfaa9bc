# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Logging in by name from many threads, tasks and event loops, and beside other work of the same engine."""

import threading

import anyio
import pytest

from tests.fakes.authorization_server import MCP, TOKEN
from tests.fakes.network import Gate, challenges
from tests.fakes.threads import LONGEST_WAIT, in_background, in_threads
from tests.fakes.world import World
from valetkey._engine.engine import Engine
from valetkey._engine.logout import LogoutResult
from valetkey._engine.single_flight import SingleFlight
from valetkey.errors import AuthError, ConfigurationError, LoginFailed, LoginRequired, TemporaryError
from valetkey.wire import HttpResponse

MANY = 50
BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])
REJECTED = HttpResponse(401, MCP, (("WWW-Authenticate", 'Bearer error="invalid_token"'),))


class WatchedFlight(SingleFlight):
    """Tells when a caller has joined what already ran."""

    def __init__(self):
        super().__init__()
        self.has_joined = threading.Event()

    def join(self, work):
        future, is_own = super().join(work)
        if not is_own:
            self.has_joined.set()
        return future, is_own


def in_a_task(engine, **options):
    async def main():
        return await engine.login_async(**options)

    return anyio.run(main)


WAYS = pytest.mark.parametrize("log_in", [Engine.login, in_a_task], ids=["thread", "task"])


def pings(world):
    return [request for request in world.server.requests if b'"ping"' in request.body]


@pytest.fixture
def world():
    return World(revokes_tokens=True)


@pytest.fixture
def slow_person(world):
    """A person who answers when the gate is opened."""
    world.person.gate = Gate()
    return world.person


@BACKENDS
def test_a_thread_that_runs_an_event_loop_is_told_to_await_the_login(world, backend):
    async def main():
        return world.engine().login()

    with pytest.raises(ConfigurationError, match="login_async"):
        anyio.run(main, backend=backend)
    assert world.server.requests == []


@BACKENDS
def test_a_task_awaits_the_login_while_its_event_loop_goes_on(world, slow_person, backend):
    engine = world.engine()

    async def answer_later():
        while not slow_person.gate.reached.is_set():
            await anyio.sleep(0)
        slow_person.gate.opened.set()

    async def main():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(answer_later)
            return await engine.login_async()

    assert anyio.run(main, backend=backend) == world.kept()


def test_many_threads_and_event_loops_share_one_login(world, slow_person):
    engine = world.engine()

    def call(number):
        if number == MANY - 1:
            assert slow_person.gate.reached.wait(LONGEST_WAIT)
            slow_person.gate.opened.set()
            return engine.login()
        if number % 2:
            return engine.login()
        return anyio.run(engine.login_async, backend=["asyncio", "trio"][number % 4 // 2])

    assert set(in_threads(MANY, call)) == {world.kept()}
    assert len(slow_person.asked) == 1


def test_many_tasks_learn_from_one_question_that_no_login_is_wanted():
    world = World(describes_the_resource_at=())
    gate, results = world.server.gate(MCP), []
    engine = world.engine()

    async def call():
        results.append(await engine.login_async())

    async def main():
        async with anyio.create_task_group() as tasks:
            for _ in range(MANY):
                tasks.start_soon(call)
            await anyio.to_thread.run_sync(gate.reached.wait, LONGEST_WAIT)
            gate.opened.set()

    anyio.run(main)
    assert results == [None] * MANY
    assert len(pings(world)) == 1


@WAYS
def test_a_caller_that_reaches_its_time_limit_leaves_the_login_running(world, slow_person, log_in):
    engine = world.engine()
    first = in_background(engine.login)
    assert slow_person.gate.reached.wait(LONGEST_WAIT)
    with pytest.raises(LoginRequired, match="waits for you to log in") as caught:
        log_in(engine, seconds=0)
    assert caught.value.authorization_url == slow_person.asked[0].authorization_url
    slow_person.gate.opened.set()
    assert first.result(LONGEST_WAIT) == engine.login() == world.kept()
    assert len(slow_person.asked) == 1


@WAYS
def test_a_caller_that_reaches_its_time_limit_while_the_server_is_asked_is_told_so(world, log_in):
    gate, engine = world.server.gate(MCP), world.engine()
    with pytest.raises(TemporaryError, match=MCP):
        log_in(engine, seconds=0)
    gate.opened.set()
    assert engine.login() == world.kept()


def test_a_cancelled_task_leaves_the_login_running(world, slow_person):
    engine = world.engine()

    async def main():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.login_async)
            await anyio.to_thread.run_sync(slow_person.gate.reached.wait, LONGEST_WAIT)
            tasks.cancel_scope.cancel()

    anyio.run(main)
    slow_person.gate.opened.set()
    assert engine.login() == world.kept()
    assert len(slow_person.asked) == 1


def test_a_request_that_is_rejected_meanwhile_gets_the_token_of_the_login(world, slow_person):
    engine = world.engine()
    login = in_background(engine.login)
    assert slow_person.gate.reached.wait(LONGEST_WAIT)
    call = in_background(lambda: engine.replace(None, challenges("Bearer")))
    slow_person.gate.opened.set()
    assert login.result(LONGEST_WAIT).token == call.result(LONGEST_WAIT) == world.kept().token
    assert len(slow_person.asked) == 1


def test_a_request_that_is_rejected_while_the_server_is_asked_makes_an_attempt_of_its_own():
    world = World(describes_the_resource_at=())
    gate, engine = world.server.gate(MCP), world.engine()
    login = in_background(engine.login)
    assert gate.reached.wait(LONGEST_WAIT)
    world.server.describes_the_resource_at = ("https://mcp.example.com/metadata",)
    fields = challenges('Bearer resource_metadata="https://mcp.example.com/metadata"')
    call = in_background(lambda: engine.replace(None, fields))
    gate.opened.set()
    assert login.result(LONGEST_WAIT) is None
    assert call.result(LONGEST_WAIT) == world.kept().token


@pytest.mark.parametrize("trouble", [[], [503]], ids=["succeeds", "fails"])
def test_a_login_beside_a_renewal_waits_for_its_end_and_then_asks_the_server(world, trouble):
    engine = world.logged_in()
    gate = world.server.gate(TOKEN)
    world.server.has(TOKEN, *trouble)
    renewal = in_background(lambda: engine.replace(None))
    assert gate.reached.wait(LONGEST_WAIT)
    login = in_background(engine.login)
    gate.opened.set()
    assert login.result(LONGEST_WAIT) == world.kept()
    assert renewal.exception(LONGEST_WAIT) is None if not trouble else renewal.exception(LONGEST_WAIT) is not None
    assert len(pings(world)) == 1
    assert world.person.asked == []


def test_a_person_who_has_just_denied_a_login_is_not_asked_again_by_a_login_that_waited_for_the_same(
    world, slow_person
):
    engine, slow_person.denies = world.engine(), True
    engine._flight = flight = WatchedFlight()
    call = in_background(lambda: engine.replace(None, challenges("Bearer")))
    assert slow_person.gate.reached.wait(LONGEST_WAIT)
    login = in_background(engine.login)
    assert flight.has_joined.wait(LONGEST_WAIT)
    slow_person.gate.opened.set()
    for waiting in (call, login):
        with pytest.raises(LoginFailed):
            waiting.result(LONGEST_WAIT)
    assert len(slow_person.asked) == 1


def test_a_logout_breaks_off_a_login_that_waits_for_a_person(world):
    engine, world.person.never_answers = world.engine(), True
    login = in_background(engine.login)
    assert world.person.has_been_asked.wait(LONGEST_WAIT)
    assert engine.logout() == LogoutResult(existed=False)
    with pytest.raises(LoginFailed):
        login.result(LONGEST_WAIT)


def test_a_logout_beside_the_question_of_a_login_ends_the_session_all_the_same(world):
    engine = world.logged_in()
    world.clock.time -= 86_400
    gate = world.server.gate(MCP)
    login = in_background(engine.login)
    assert gate.reached.wait(LONGEST_WAIT)
    logout = in_background(engine.logout)
    gate.opened.set()
    assert login.result(LONGEST_WAIT) is not None
    assert logout.result(LONGEST_WAIT) == LogoutResult(existed=True, revoked=True)
    assert engine.session is None


def test_after_a_logout_a_login_begins_anew(world):
    engine = world.engine()
    first = engine.login()
    engine.logout()
    world.server.has(MCP, REJECTED)
    assert engine.login().token != first.token
    assert len(world.person.asked) == 2


def test_after_a_login_that_was_denied_nothing_says_that_none_was_tried(world):
    """Row E5."""
    engine, world.person.denies = world.engine(), True
    with pytest.raises(LoginFailed):
        engine.login()
    assert engine.state == "not logged in"


def test_a_session_is_renewed_by_name_though_its_token_still_serves(world):
    engine = world.logged_in()
    before = world.kept().token
    assert engine.renew() == world.kept()
    assert world.kept().token != before
    assert engine.session == world.kept()
    assert world.person.asked == []


def test_a_renewal_by_name_passes_the_brake_and_tells_the_refusal(world):
    engine = world.logged_in()
    world.server.refuses_tokens_with = "server_error"
    for _ in range(5):
        with pytest.raises(AuthError):
            engine.renew()
    world.server.refuses_tokens_with = None
    assert engine.renew() == world.kept()


def test_without_a_session_there_is_nothing_to_renew(world):
    with pytest.raises(LoginRequired, match="no session to renew"):
        world.engine().renew()


def test_a_renewal_by_name_asks_no_person(world):
    engine = world.engine()
    engine.replace(None)
    world.server.forget_refresh_tokens()
    world.forget_what_happened()
    with pytest.raises(AuthError):
        engine.renew()
    assert world.person.asked == []
