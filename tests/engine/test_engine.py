# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The engine: the token at hand, one attempt for everybody, renewal ahead of time, and callers who give up."""

import logging
import math
import threading
from dataclasses import replace
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from tests.fakes.authorization_server import ISSUER, MCP, REGISTER, TOKEN
from tests.fakes.network import Gate, challenges, unreachable
from tests.fakes.threads import LONGEST_WAIT, in_background, in_threads
from tests.fakes.world import World, a_session
from tests.requirements import requirement
from valetkey._engine.engine import Engine
from valetkey._engine.single_flight import SingleFlight
from valetkey._sessions.codec import session_key
from valetkey.errors import (
    LoginFailed,
    LoginRequired,
    ScopeMissing,
    StoreError,
    TemporaryError,
    TokenRejected,
)
from valetkey.values import Secret

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])
MACHINE = {"client_id": "machine", "client_secret": Secret("s3cret"), "issuer": ISSUER}
MANY = 50


def text(token):
    return token.access_token.reveal()


def all_is_quiet(engine):
    """Wait until the work that runs in the background, if any, has ended."""
    running = engine._flight.running()
    if running is not None:
        running.result(LONGEST_WAIT)


class WatchedFlight(SingleFlight):
    """Tells when somebody has joined what already ran."""

    def __init__(self):
        super().__init__()
        self.somebody_has_joined = threading.Event()

    def join(self, work):
        future, is_own = super().join(work)
        if not is_own:
            self.somebody_has_joined.set()
        return future, is_own


@pytest.fixture
def world():
    """A person has logged in a day ago; the token has expired, and the refresh token is good."""
    return World()


@pytest.fixture
def engine(world):
    return world.logged_in()


@pytest.fixture
def nearly_expired(world):
    """An engine with a token that still serves for half a minute."""
    engine = world.logged_in()
    world.clock.time = world.kept().token.expires_at - 30
    return engine


# The token at hand.


def test_without_a_session_there_is_no_token_and_none_is_known_to_be_wanted(world):
    engine = world.engine()
    assert (engine.current(), engine.session, engine.is_known(), engine.prompt) == (None, None, False, None)


def test_the_store_is_read_once_and_never_again(world):
    world.keep(a_session(expires_at=None))
    engine = world.engine()
    assert [text(engine.current()) for _ in range(3)] == ["access-0"] * 3
    assert world.store.calls == [("get", session_key(world.settings()))]
    assert world.server.log() == []


def test_an_expired_token_is_not_sent_but_the_server_is_known(world, engine):
    assert engine.current() is None
    assert engine.is_known()
    assert world.server.log() == []


@requirement("REF-8")
def test_another_engine_goes_on_where_the_first_stopped_without_discovery(world, engine):
    token = world.engine().replace(None)
    assert world.server.log() == [f"POST {TOKEN}"]
    assert world.server.accepts(text(token))


@BACKENDS
def test_the_first_look_into_the_store_holds_no_event_loop_up(world, backend):
    world.keep(a_session())
    readers = []
    read = world.store.get

    class FarAway:
        def __getattr__(self, name):
            return getattr(world.store, name)

        def get(self, key):
            readers.append(threading.get_ident())
            return read(key)

    engine = Engine(world.settings(), FarAway(), world.seams())

    async def look():
        return [await engine.current_async() for _ in range(2)], threading.get_ident()

    (first, second), loop = anyio.run(look, backend=backend)
    assert text(first) == text(second) == "access-0"
    assert len(readers) == 1
    assert loop not in readers


def test_a_store_that_cannot_be_read_is_no_concern_of_a_server_that_wants_no_token(world, caplog):
    world.keep(a_session(expires_at=None))
    world.store.fails_reads = 1
    engine = world.engine()
    assert engine.current() is None
    assert "cannot be read" in caplog.text


def test_who_is_rejected_learns_that_the_store_cannot_be_read_and_then_finds_the_session(world):
    world.keep(a_session(expires_at=None))
    world.store.fails_reads = 2
    engine = world.engine()
    assert engine.current() is None
    with pytest.raises(StoreError):
        engine.replace(None)
    assert text(engine.replace(None)) == "access-0"
    assert world.server.log() == []


def test_after_a_login_the_session_shows_issuer_endpoints_and_client(world):
    engine = world.engine()
    token = engine.replace(None)
    assert (engine.session, engine.session.token, engine.current()) == (world.kept(), token, token)
    assert (engine.session.issuer, engine.session.server.token_endpoint) == (ISSUER, TOKEN)


@requirement("USE-4")
@pytest.mark.parametrize(
    ("url", "serves"),
    [
        (MCP, True),
        ("https://mcp.example.com/mcp/?x=1", True),
        ("HTTPS://MCP.example.com:443/mcp", True),
        ("https://mcp.example.com/other?x=1", False),
        ("https://mcp.example.com/", False),
        ("http://mcp.example.com/mcp", False),
        ("https://mcp.example.com:8443/mcp", False),
        ("https://mcp.example.com.evil.example/mcp", False),
        ("https://mcp.example.com@evil.example/mcp", False),
        (f"{ISSUER}/token", False),
        ("https://[", False),
    ],
)
def test_the_token_is_for_the_servers_own_url_before_anything_else_is_known(world, url, serves):
    assert world.engine().serves(url) is serves


@pytest.mark.parametrize(
    ("settings", "name"),
    [({}, "none"), ({"issuer": "https://accounts.google.com"}, "google"), ({"profile": "entra"}, "entra")],
)
def test_the_profile_is_that_of_the_issuer_or_the_one_the_user_names(world, settings, name):
    assert world.engine(**settings).profile == name


def test_the_profile_is_that_of_the_sessions_issuer_after_a_login(world):
    server = replace(a_session().server, issuer="https://accounts.google.com")
    world.keep(replace(a_session(), server=server))
    engine = world.engine()
    engine.look()
    assert engine.profile == "google"


def test_a_nonce_is_learned_where_the_answer_has_one(world):
    engine = world.engine()
    assert [engine.learn_nonce(MCP, nonce) for nonce in (None, "n-1")] == [False, True]


# Another token.


@requirement("USE-8", "USE-9")
def test_an_expired_token_is_renewed_before_a_request(world, engine):
    token = engine.replace(None)
    assert world.server.grant_types() == ["refresh_token"]
    assert (world.server.accepts(text(token)), engine.current()) == (True, token)


def test_a_first_rejection_leads_through_discovery_registration_and_login(world):
    token = world.engine().replace(None, challenges("Bearer"))
    assert [line.rpartition("/")[2] for line in world.server.log()] == [
        "mcp",
        "oauth-authorization-server",
        "register",
        "token",
    ]
    assert world.server.accepts(text(token))


def test_what_another_engine_has_brought_is_used(world, engine):
    other = world.engine()
    token = other.replace(None)
    world.forget_what_happened()
    assert engine.replace(None) == token
    assert world.server.log() == []


@requirement("WWW-15", "USE-8")
def test_a_token_just_renewed_and_rejected_costs_one_request_each_time_and_no_person_until_three_were_in_vain(
    world, engine
):
    token, fields = engine.replace(None), challenges('Bearer error="invalid_token"')
    for _ in range(2):
        token = engine.replace(token, fields)
    with pytest.raises(TokenRejected, match=r"3 tokens were issued by .* in the last minute, all rejected"):
        engine.replace(token, fields)
    assert world.server.grant_types() == ["refresh_token"] * 3
    assert world.person.asked == []


def test_a_failure_leaves_the_engine_ready_for_the_next_try(world, engine):
    world.server.has(TOKEN, 503)
    with pytest.raises(TemporaryError):
        engine.replace(None)
    assert world.server.accepts(text(engine.replace(None)))


@requirement("STP-8")
def test_a_denied_upgrade_leaves_the_old_token_in_use(world):
    engine = world.engine()
    token = engine.replace(None)
    world.person.denies = True
    with pytest.raises(LoginFailed):
        engine.replace(token, challenges('Bearer error="insufficient_scope", scope="write"'))
    assert engine.current() == token
    assert world.engine().current() == token


# At the same time.


@requirement("REF-7")
def test_many_threads_with_one_expired_token_make_one_token_request(world, engine):
    tokens = in_threads(MANY, lambda number: engine.replace(None))
    assert {text(token) for token in tokens} == {text(world.kept().token)}
    assert world.server.grant_types() == ["refresh_token"]


@BACKENDS
@requirement("REF-7")
def test_many_tasks_with_one_expired_token_make_one_token_request(world, engine, backend):
    tokens = []

    async def call():
        tokens.append(await engine.replace_async(None))

    async def main():
        async with anyio.create_task_group() as tasks:
            for _ in range(MANY):
                tasks.start_soon(call)

    anyio.run(main, backend=backend)
    assert ([text(token) for token in tokens]) == [text(world.kept().token)] * MANY
    assert world.server.grant_types() == ["refresh_token"]


@requirement("REF-7")
def test_threads_and_two_kinds_of_event_loops_share_one_token_request(world, engine):
    async def main():
        return await engine.replace_async(None)

    def call(number):
        if number % 3 == 0:
            return engine.replace(None)
        return anyio.run(main, backend=["asyncio", "trio"][number % 3 - 1])

    tokens = in_threads(9, call)
    assert {text(token) for token in tokens} == {text(world.kept().token)}
    assert world.server.grant_types() == ["refresh_token"]


@requirement("REF-7", "DCR-12")
def test_many_engines_on_one_store_make_one_login_and_one_registration():
    world = World()
    seams = world.seams(pause=world.store.wait_for_a_change)
    tokens = in_threads(8, lambda number: world.engine(seams=seams).replace(None))
    assert {text(token) for token in tokens} == {text(world.kept().token)}
    assert (len(world.person.asked), len(world.server.registrations())) == (1, 1)
    assert world.server.grant_types() == ["authorization_code"]


@requirement("REF-7")
def test_many_engines_on_one_store_with_one_expired_token_make_one_token_request(world, engine):
    seams = world.seams(pause=world.store.wait_for_a_change)
    tokens = in_threads(8, lambda number: world.engine(seams=seams).replace(None))
    assert {text(token) for token in tokens} == {text(world.kept().token)}
    assert world.server.grant_types() == ["refresh_token"]


@requirement("CC-8")
def test_many_threads_of_a_machine_make_one_token_request():
    world = World()
    world.server.knows("machine", secret="s3cret")
    engine = world.logged_in(**MACHINE)
    in_threads(MANY, lambda number: engine.replace(None))
    assert world.server.grant_types() == ["client_credentials"]


@BACKENDS
@requirement("STP-5", "SCP-12")
def test_a_login_that_brings_less_scope_than_wanted_is_made_once(backend):
    world = World(grants_only="read")
    engine = world.engine()
    fields = challenges('Bearer error="insufficient_scope", scope="write"')
    assert engine.replace(None, fields) == world.kept().token
    assert len(world.person.asked) == 1
    world.clock.time += 86_400

    async def main():
        return await engine.replace_async(world.kept().token, fields)

    assert anyio.run(main, backend=backend) == world.kept().token
    assert len(world.person.asked) == 2


def test_many_rejections_for_the_same_scope_make_one_login():
    world = World(grants_only="read")
    engine = world.engine()
    token = engine.replace(None)
    world.forget_what_happened()
    fields = challenges('Bearer error="insufficient_scope", scope="write"')

    def call(number):
        try:
            return text(engine.replace(token, fields))
        except ScopeMissing as refused:
            return refused.required

    assert set(in_threads(8, call)) <= {text(world.kept().token), ("write",)}
    assert len(world.person.asked) == 1


@BACKENDS
def test_everybody_who_waits_gets_the_same_refusal(world, engine, backend):
    gate = world.server.gate(TOKEN)
    world.server.has(TOKEN, 503)
    refusals = []

    async def call():
        with pytest.raises(TemporaryError) as caught:
            await engine.replace_async(None)
        refusals.append(caught.value)

    async def main():
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(call)
            await anyio.to_thread.run_sync(gate.reached.wait, LONGEST_WAIT)
            await anyio.lowlevel.checkpoint()  # every task has had its turn, and waits
            gate.opened.set()

    anyio.run(main, backend=backend)
    assert (len(refusals), len(set(refusals))) == (3, 1)
    assert len(world.server.token_forms()) == 1


# Callers who give up.


@requirement("AUT-17")
def test_who_gives_up_learns_where_to_log_in_and_the_next_call_finds_the_token(world):
    engine = world.engine()
    world.person.gate = Gate()
    waiting = in_background(lambda: engine.replace(None))
    assert world.person.gate.reached.wait(LONGEST_WAIT)
    with pytest.raises(LoginRequired, match="waits for you to log in") as caught:
        engine.replace(None, seconds=0)
    assert caught.value.authorization_url == world.person.asked[0].authorization_url
    assert engine.prompt == world.person.asked[0]
    world.person.gate.opened.set()
    assert waiting.result(LONGEST_WAIT) == engine.replace(None, seconds=0) == engine.current()
    assert engine.prompt is None
    assert len(world.person.asked) == 1


def test_who_gives_up_before_anybody_is_asked_is_told_to_try_again(world, engine):
    gate = world.server.gate(TOKEN)
    waiting = in_background(lambda: engine.replace(None))
    assert gate.reached.wait(LONGEST_WAIT)
    with pytest.raises(TemporaryError, match="takes long") as early:
        engine.replace(None, seconds=0)
    assert "finish the login there" in early.value.hint  # another program may wait for the person
    gate.opened.set()
    assert waiting.result(LONGEST_WAIT) == engine.current()


def test_who_gives_up_on_a_login_on_another_device_learns_the_code():
    world = World(offers_device_login=True, answers_polls_with=["authorization_pending"])
    polling = Gate()

    def pause(seconds):
        polling.pass_through()
        world.clock.pause(seconds)

    engine = world.engine(seams=world.seams(pause=pause), grant="device_code")
    waiting = in_background(lambda: engine.replace(None))
    assert polling.reached.wait(LONGEST_WAIT)
    code = world.person.asked[0].user_code
    with pytest.raises(LoginRequired, match=f'Enter the code "{code}" there') as caught:
        engine.replace(None, seconds=0)
    assert caught.value.authorization_url == world.person.asked[0].authorization_url
    polling.opened.set()
    assert waiting.result(LONGEST_WAIT) == engine.current()


@BACKENDS
def test_a_task_that_gives_up_leaves_the_login_running(backend):
    world = World()
    engine = world.engine()
    world.person.gate = Gate()

    async def main():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.replace_async, None)
            await anyio.to_thread.run_sync(world.person.gate.reached.wait, LONGEST_WAIT)
            with pytest.raises(LoginRequired) as caught:
                await engine.replace_async(None, seconds=0)
            assert caught.value.authorization_url == world.person.asked[0].authorization_url
            world.person.gate.opened.set()
        return await engine.replace_async(None)

    assert anyio.run(main, backend=backend) == world.kept().token
    assert len(world.person.asked) == 1


@BACKENDS
@requirement("REF-8")
def test_a_cancelled_task_does_not_lose_a_rotated_refresh_token(world, engine, backend):
    gate = world.server.gate(TOKEN)
    before = world.kept().token

    async def main():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.replace_async, None)
            await anyio.to_thread.run_sync(gate.reached.wait, LONGEST_WAIT)
            tasks.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    gate.opened.set()
    token = engine.replace(None)
    assert world.server.grant_types() == ["refresh_token"]
    assert token == world.kept().token
    assert token.refresh_token not in (None, before.refresh_token)


@BACKENDS
def test_a_task_tries_again_when_what_it_joined_was_not_what_it_needs(world, nearly_expired, backend):
    engine, gate = nearly_expired, world.server.gate(TOKEN)
    world.server.has(TOKEN, unreachable())
    token = engine.current()
    assert gate.reached.wait(LONGEST_WAIT)

    async def open_later():
        gate.opened.set()

    async def main():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(open_later)
            return await engine.replace_async(token, challenges("Bearer"))

    assert world.server.accepts(text(anyio.run(main, backend=backend)))
    assert world.server.grant_types() == ["refresh_token"] * 2


@pytest.mark.parametrize("way", ["thread", "asyncio", "trio"])
def test_a_caller_waits_no_longer_than_it_said_although_it_joins_one_attempt_and_starts_another(
    world, nearly_expired, way
):
    """The renewal that it joins fails when its time is over; nothing is left for an attempt of its own."""
    engine, renewal, attempt = nearly_expired, world.server.gate(TOKEN), Gate()
    world.server.has(TOKEN, unreachable())
    engine._flight = flight = WatchedFlight()
    token = engine.current()
    assert renewal.reached.wait(LONGEST_WAIT)
    joined = in_background(lambda: replace_within(20, engine, token, way))
    assert flight.somebody_has_joined.wait(LONGEST_WAIT)
    world.store.before_lease = attempt.pass_through
    world.clock.time += 20
    renewal.opened.set()
    with pytest.raises(TemporaryError, match="takes long"):
        joined.result(LONGEST_WAIT)
    attempt.opened.set()
    all_is_quiet(engine)
    asked = world.server.grant_types()
    assert world.server.accepts(text(engine.replace(token, challenges("Bearer"))))
    assert world.server.grant_types() == asked


def replace_within(seconds, engine, token, way):
    if way == "thread":
        return engine.replace(token, challenges("Bearer"), seconds=seconds)

    async def main():
        return await engine.replace_async(token, challenges("Bearer"), seconds=seconds)

    return anyio.run(main, backend=way)


# Ahead of time.


@requirement("USE-9")
def test_a_token_close_to_its_end_is_renewed_in_the_background_while_it_serves(world, nearly_expired):
    gate = world.server.gate(TOKEN)
    old = nearly_expired.current()
    assert gate.reached.wait(LONGEST_WAIT)
    assert nearly_expired.current() == old
    gate.opened.set()
    all_is_quiet(nearly_expired)
    assert nearly_expired.current() == world.kept().token != old
    assert world.server.grant_types() == ["refresh_token"]
    assert world.person.wanted_addresses == []


@pytest.mark.parametrize("gone", ["forget_refresh_tokens", "is_unreachable"])
def test_a_renewal_ahead_of_time_that_fails_is_nobodys_error_and_rests_before_the_next(
    world, nearly_expired, caplog, gone
):
    caplog.set_level(logging.INFO, "valetkey")
    engine, old = nearly_expired, nearly_expired.session.token
    if gone == "is_unreachable":
        world.server.has(TOKEN, unreachable(), unreachable())
    else:
        world.server.forget_refresh_tokens()
    assert engine.current() == old
    all_is_quiet(engine)
    assert "renewal ahead of time failed" in caplog.text
    sent = len(world.server.requests)
    world.clock.time += 10
    assert engine.current() == old
    all_is_quiet(engine)
    assert len(world.server.requests) == sent == 1
    world.clock.time += 19
    assert engine.current() == old
    assert world.person.wanted_addresses == []


@requirement("USE-9")
@pytest.mark.parametrize(("jitter", "before"), [(0.0, 60), (0.5, 90), (0.999, 119.9)])
def test_engines_that_began_at_the_same_moment_do_not_all_renew_at_the_same_moment(world, jitter, before):
    world.logged_in()
    engine = world.engine(seams=world.seams(jitter=lambda: jitter))
    expires_at = world.kept().token.expires_at
    world.clock.time = expires_at - before - 1
    engine.current()
    all_is_quiet(engine)
    assert world.server.log() == []
    world.clock.time = expires_at - before + 1
    engine.current()
    all_is_quiet(engine)
    assert world.server.grant_types() == ["refresh_token"]


def test_who_is_due_later_takes_what_another_engine_has_renewed(world, nearly_expired):
    other = world.engine()
    other.current()
    all_is_quiet(other)
    nearly_expired.current()
    all_is_quiet(nearly_expired)
    assert nearly_expired.current() == other.current() == world.kept().token
    assert world.server.grant_types() == ["refresh_token"]


def test_without_a_thread_to_be_had_the_token_serves_all_the_same(world, nearly_expired):
    nearly_expired._flight = NoThreads()
    assert nearly_expired.current() == world.kept().token


class NoThreads(SingleFlight):
    def join(self, work):
        message = "can't start new thread"
        raise RuntimeError(message)


@requirement("USE-9")
def test_after_its_rest_the_renewal_is_tried_again(world):
    engine = world.logged_in()
    world.clock.time = world.kept().token.expires_at - 50
    world.server.has(TOKEN, unreachable())
    engine.current()
    all_is_quiet(engine)
    world.clock.time += 30
    engine.current()
    all_is_quiet(engine)
    assert world.server.grant_types() == ["refresh_token"] * 2
    assert engine.session == world.kept()


@requirement("REF-2")
def test_without_a_refresh_token_nothing_is_renewed_ahead_of_time():
    world = World(issues_refresh_tokens=False)
    engine = world.logged_in()
    world.clock.time = world.kept().token.expires_at - 1
    assert engine.current() == world.kept().token
    assert engine._flight.running() is None
    assert world.server.log() == []


@requirement("CC-8")
def test_a_machine_is_renewed_ahead_of_time_without_a_refresh_token():
    world = World()
    world.server.knows("machine", secret="s3cret")
    engine = world.logged_in(**MACHINE)
    world.clock.time = world.kept(**MACHINE).token.expires_at - 1
    old = engine.current()
    all_is_quiet(engine)
    assert engine.current() == world.kept(**MACHINE).token != old


@pytest.mark.parametrize(("trouble", "requests"), [([], 1), ([unreachable()], 2)], ids=["good", "failed"])
def test_who_joins_a_renewal_ahead_of_time_needs_an_attempt_of_his_own_only_if_it_fails(
    world, nearly_expired, trouble, requests
):
    engine, gate = nearly_expired, world.server.gate(TOKEN)
    world.server.has(TOKEN, *trouble)
    engine._flight = flight = WatchedFlight()
    old = engine.current()
    assert gate.reached.wait(LONGEST_WAIT)
    joined = in_background(lambda: engine.replace(old, challenges("Bearer")))
    assert flight.somebody_has_joined.wait(LONGEST_WAIT)
    gate.opened.set()
    token = joined.result(LONGEST_WAIT)
    assert (world.server.accepts(text(token)), token) == (True, world.kept().token)
    assert world.server.grant_types() == ["refresh_token"] * requests


def test_a_store_that_fails_ahead_of_time_is_nobodys_error(world, nearly_expired):
    world.store.fails_writes = math.inf
    old = nearly_expired.current()
    all_is_quiet(nearly_expired)
    assert nearly_expired.current() == old
    assert world.server.log() == []


# People who do not answer.


@pytest.mark.parametrize("lets_go", [False, True])
def test_a_person_who_never_answers_is_let_go_when_the_login_is_broken_off(world, lets_go):
    """Row J3."""
    engine = world.engine()
    world.person.never_answers = True
    waiting = in_background(lambda: engine.replace(None))
    assert world.person.has_been_asked.wait(LONGEST_WAIT)
    engine.break_off_login(lets_go=lets_go)
    with pytest.raises(LoginFailed):
        waiting.result(LONGEST_WAIT)
    assert engine.prompt is None
    assert world.server.log()[-1] == f"POST {REGISTER}"


@requirement("WWW-15")
def test_a_fresh_token_that_is_rejected_is_told_and_nobody_logs_in_again():
    world = World(issues_refresh_tokens=False)
    engine = world.engine()
    token = engine.replace(None)
    with pytest.raises(TokenRejected):
        engine.replace(token, challenges('Bearer error="invalid_token"'))
    assert len(world.person.asked) == 1


def test_the_sessions_of_two_principals_do_not_mix(world):
    alice, bob = world.engine(principal="alice"), world.engine(principal="bob")
    of_alice, of_bob = alice.replace(None), bob.replace(None)
    assert of_alice.access_token != of_bob.access_token
    assert (alice.current(), bob.current()) == (of_alice, of_bob)
    assert replace(world.kept(principal="alice"), token=of_bob) != world.kept(principal="alice")


def test_a_request_to_another_origin_can_never_carry_the_token():
    engine = World().engine()
    assert engine.may_serve(f"{urlsplit(MCP).scheme}://{urlsplit(MCP).netloc}/elsewhere")
    assert not engine.may_serve("https://other.example.com/mcp")


def test_whether_the_store_was_looked_into_is_known_without_looking():
    engine = World().engine()
    assert not engine.has_looked
    engine.look()
    assert engine.has_looked


def test_an_error_of_the_store_names_the_mcp_server_whose_session_was_read():
    world = World()
    world.store.inner.put(session_key(world.settings()), b"of a newer version")
    with pytest.raises(StoreError) as caught:
        world.engine().stored_session()
    assert caught.value.server_url == MCP
