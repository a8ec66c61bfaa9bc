# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Servers that make every login and every token come to nothing: what they get in a minute, and in a day."""

import itertools
import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, TOKEN
from tests.fakes.calls import Program
from tests.fakes.network import challenges
from tests.fakes.threads import in_threads
from tests.fakes.workload import Workload
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._engine.decision import Situation, need_after
from valetkey._policy.brake import CLEAN
from valetkey._policy.verdict import MOST_WIDENED
from valetkey.errors import (
    AuthError,
    ClientRefused,
    LoginFailed,
    LoginRequired,
    ScopeMissing,
    TemporaryError,
    TokenRejected,
)
from valetkey.login.never import NeverLogin
from valetkey.values import Secret
from valetkey.wire import HttpResponse

INVALID = (401, 'Bearer error="invalid_token"')
MACHINE = {"client_id": "machine", "client_secret": Secret("s3cret"), "issuer": ISSUER}
MOST = 3
DAY = 86_400
MOST_IN_A_DAY = 33
"""Three at once, pauses of 1, 2, 4, 8, 16 and 32 minutes, and then one in an hour."""


def rejects_everything(token):
    return INVALID


def a_server_that_rejects_every_token_and_refuses_every_refresh():
    world = World()
    program = Program(world, rejects_everything)
    program.settings = {}
    issue = world.server._refresh
    world.server._refresh = lambda form, client_id: None
    assert issue is not None
    return program


def a_server_that_wants_another_scope_each_time():
    numbers = itertools.count()
    world = World(publishes_scopes=("read",))

    def answer(token):
        if token is None:
            return INVALID
        return 403, f'Bearer error="insufficient_scope", scope="scope{next(numbers)}"'

    return Program(world, answer)


def a_server_where_every_login_is_denied_at_once():
    world = World()
    world.person.denies = True
    return Program(world, rejects_everything)


def a_server_that_refuses(code):
    world = World(refuses_tokens_with=code)
    return Program(world, rejects_everything)


def a_server_whose_tokens_live_a_second():
    world = World(token_life=1, issues_refresh_tokens=False)
    return Program(world, lambda token: INVALID if token is None else None)


def a_server_that_answers_token_requests_with(*answer):
    world = World()
    world.server.has(TOKEN, *[answer] * 10_000)
    return Program(world, rejects_everything)


def a_server_that_wants_a_scope_that_the_token_has():
    world = World(publishes_scopes=("read", "write"), issues_refresh_tokens=False)
    wants_write = 403, 'Bearer error="insufficient_scope", scope="write"'
    return Program(world, lambda token: INVALID if token is None else wants_write)


def a_server_that_rejects_every_token_and_issues_no_refresh_token():
    return Program(World(issues_refresh_tokens=False), rejects_everything)


def a_server_whose_renewals_are_refused_where_no_person_may_be_asked():
    world = World()
    world.engine().replace(None)
    world.clock.time += DAY
    world.forget_what_happened()
    world.server.has(TOKEN, *[(400, "text/html", "<html>no</html>")] * 10_000)
    return Program(world, rejects_everything, login=NeverLogin())


def a_server_that_rejects_each_renewed_token():
    world = World()
    return Program(world, rejects_everything)


def a_server_that_rejects_every_token_of_a_machine():
    world = World()
    world.server.knows("machine", secret="s3cret")
    return Program(world, rejects_everything, MACHINE)


def a_server_that_rejects_every_token_of_a_workload():
    workload = Workload()
    return Program(workload.world, rejects_everything, {"workload_token": workload.source})


SERVERS = [
    pytest.param(a_server_that_rejects_every_token_and_refuses_every_refresh, id="H1 rejects and refuses"),
    pytest.param(a_server_that_wants_another_scope_each_time, id="H2 another scope"),
    pytest.param(a_server_where_every_login_is_denied_at_once, id="H3 denied"),
    pytest.param(lambda: a_server_that_refuses("unauthorized_client"), id="H4 unauthorized_client"),
    pytest.param(lambda: a_server_that_refuses("invalid_client"), id="H4 invalid_client"),
    pytest.param(a_server_whose_tokens_live_a_second, id="H5 a second"),
    pytest.param(lambda: a_server_that_answers_token_requests_with(400, "text/plain", "no"), id="H6 400"),
    pytest.param(lambda: a_server_that_answers_token_requests_with(200, "text/html", "<html>"), id="H6 HTML"),
    pytest.param(lambda: a_server_that_answers_token_requests_with(200, "application/json", "{"), id="H6 garbage"),
    pytest.param(a_server_that_wants_a_scope_that_the_token_has, id="H7 scope held"),
    pytest.param(a_server_that_rejects_every_token_and_issues_no_refresh_token, id="H8 no refresh token"),
    pytest.param(a_server_whose_renewals_are_refused_where_no_person_may_be_asked, id="H10 never"),
    pytest.param(a_server_that_rejects_each_renewed_token, id="H11 renewed"),
    pytest.param(a_server_that_rejects_every_token_of_a_machine, id="H12 machine"),
    pytest.param(a_server_that_rejects_every_token_of_a_workload, id="H12 workload"),
]

every_server = pytest.mark.parametrize("server", SERVERS)


@requirement("STP-5", "STP-6", "WWW-15")
@every_server
def test_in_a_minute_one_program_makes_three_acts_at_most(server):
    """Rows H1, H2, H3, H4, H5, H6, H7, H8, H10, H11, H12."""
    program = server()
    engine, started = program.engine(), program.world.clock.time
    while program.world.clock.time < started + 60:
        program.call(engine)
        program.world.clock.time += 0.5
    assert 1 <= program.most() <= MOST, program.made


@every_server
def test_in_a_minute_twenty_callers_make_three_acts_at_most(server):
    """Rows H1, H2, H3, H4, H5, H6, H7, H8, H10, H11, H12."""
    program = server()
    engine = program.engine()

    def call_often(_):
        for _ in range(5):
            program.call(engine)

    in_threads(20, call_often)
    assert 1 <= program.most() <= MOST, program.made


@every_server
def test_in_a_minute_several_programs_with_one_store_make_three_acts_at_most(server):
    """Rows H1, H2, H3, H4, H5, H6, H7, H8, H10, H11, H12."""
    program = server()
    engines, started = [program.engine() for _ in range(3)], program.world.clock.time
    while program.world.clock.time < started + 60:
        for engine in engines:
            program.call(engine)
        program.call(program.engine())
        program.world.clock.time += 5
    assert 1 <= program.most() <= MOST, program.made


@pytest.mark.exhaustive
@every_server
def test_in_a_day_of_calls_the_pauses_grow_to_an_hour(server):
    """Rows H1, H2, H3, H4, H5, H6, H7, H8, H10, H11, H12."""
    program = server()
    engine, started = program.engine(), program.world.clock.time
    while program.world.clock.time < started + DAY:
        program.call(engine)
        program.world.clock.time += 61
    logins_at_once = 2 if isinstance(program.call(engine), ClientRefused) else 1
    assert program.tabs() <= MOST_IN_A_DAY * logins_at_once
    assert program.most() <= MOST_IN_A_DAY * MOST


def explicitly(engine, rejected=None):
    """Obtain a token as `login()` does, after the server has rejected the last one."""
    need = need_after(rejected, challenges('Bearer error="invalid_token"'))
    return engine._attempts.obtain(replace(need, explicit=True), threading.Event())


@pytest.mark.parametrize("server", [each for each in SERVERS if "never" not in each.id])
def test_a_login_that_the_user_asks_for_is_made_at_once_always(server):
    """Rows H1, H13."""
    program = server()
    engine = program.engine()
    while not isinstance(program.call(engine), AuthError):
        program.world.clock.time += 1
    for _ in range(3):
        stored, before = engine.stored_session(), len(program.made) + program.tabs()
        with suppress(AuthError):
            explicitly(engine, stored and stored.token)
        assert len(program.made) + program.tabs() > before


@requirement("AUT-18", "STP-6")
def test_a_denial_rests_at_once_and_says_when_the_person_is_asked_again():
    """Row H9."""
    program = a_server_where_every_login_is_denied_at_once()
    engine = program.engine()
    errors = [program.call(engine) for _ in range(6)]
    assert program.tabs() == 1
    assert {type(error) for error in errors} == {LoginFailed}
    assert {error.error for error in errors} == {"access_denied"}
    assert "The person has declined the login for" in str(errors[-1])
    assert errors[-1].hint == "The person may be asked again in 10 minutes; login() or valetkey login asks at once."
    program.world.clock.time += 600
    program.call(engine)
    assert program.tabs() == 2
    assert "declined the login for https://mcp.example.com/mcp 2 times in a row" in str(program.call(engine))


def test_whoever_declines_and_then_asks_for_the_login_is_not_held_to_it():
    """Row H9."""
    program = a_server_where_every_login_is_denied_at_once()
    engine = program.engine()
    program.call(engine)
    program.world.person.denies = False
    assert explicitly(engine) == program.world.kept()
    assert engine._attempts.braking.brake.declined == ()


# Honest servers.


def a_server_whose_tokens_end(seconds, *, says_so, **switches):
    """Its MCP server accepts a token for some time, and the authorization server says so or not."""
    world = World(token_life=seconds if says_so else None, **switches)
    issued = {}

    def answer(token):
        if token is None or not world.server.accepts(token):
            return INVALID
        return None if world.clock.time < issued.setdefault(token, world.clock.time) + seconds else INVALID

    return Program(world, answer)


@pytest.mark.parametrize(
    ("seconds", "every", "switches"),
    [
        (300, 7, {"says_so": True, "issues_refresh_tokens": False}),
        (300, 7, {"says_so": False, "issues_refresh_tokens": False}),
        (300, 7, {"says_so": True}),
        (1, 0.5, {"says_so": True}),
        (20, 1, {"says_so": True}),
        (20, 1, {"says_so": False}),
        (100, 7, {"says_so": False}),
        (120, 7, {"says_so": True, "issues_refresh_tokens": False}),
        (180, 7, {"says_so": True, "issues_refresh_tokens": False}),
        (3600, 61, {"says_so": False}),
    ],
    ids=str,
)
def test_a_server_whose_tokens_are_short_is_never_slowed(seconds, every, switches):
    """Row H14."""
    program = a_server_whose_tokens_end(seconds, **switches)
    engine = program.engine()
    for _ in range(1500):
        assert program.call(engine) == 200
        program.world.clock.time += every


@pytest.mark.parametrize("seconds", [1, 30, 600])
def test_a_machine_whose_tokens_are_short_is_never_slowed(seconds):
    """Row H14."""
    program = a_server_whose_tokens_end(seconds, says_so=True)
    program.world.server.knows("machine", secret="s3cret")
    program.settings = MACHINE
    engine = program.engine()
    for _ in range(200):
        assert program.call(engine) == 200
        program.world.clock.time += 2.0


def a_server_with_a_scope_for_each_tool(world):
    """It wants the scope of the tool that is called, and accepts a token that has it."""
    tool = ["read"]

    def answer(token):
        if token is None or not world.server.accepts(token):
            return INVALID
        is_granted = tool[0] in (world.kept().token.scope or ())
        return None if is_granted else (403, f'Bearer error="insufficient_scope", scope="{tool[0]}"')

    return Program(world, answer), tool


def test_step_ups_that_are_each_worth_it_are_not_slowed():
    """Row H2."""
    program, tool = a_server_with_a_scope_for_each_tool(World(publishes_scopes=("read",)))
    engine = program.engine()
    for name in ("read", "write", "delete", "send", "share", "invite"):
        tool[0] = name
        assert [program.call(engine) for _ in range(2)] == [200, 200]
        program.world.clock.time += 5
    assert program.tabs() == 6


def test_a_server_that_serves_one_call_for_each_login_is_held_back_too():
    """Row H2."""
    program, tool = a_server_with_a_scope_for_each_tool(World(publishes_scopes=("read",)))
    engine = program.engine()
    for number in range(120):
        last = program.call(engine)
        tool[0] = f"scope{number}"
        program.world.clock.time += 0.5
    assert program.tabs() <= MOST + MOST_WIDENED
    assert isinstance(last, ScopeMissing)
    assert "The last login did not bring it." in str(last)


def test_a_server_that_accepts_each_new_token_once_gets_three_token_requests_in_a_minute():
    """Row H1."""
    numbers = itertools.count()
    program = Program(World(), lambda token: INVALID if token is None or next(numbers) % 2 else None)
    engine = program.engine()
    for _ in range(120):
        program.call(engine)
        program.world.clock.time += 0.5
    assert program.most() <= MOST + 1  # the login, and three renewals
    assert program.tabs() == 1


@pytest.mark.parametrize("attempts", [2, 3, 6])
def test_a_secret_that_was_corrected_in_the_settings_does_not_wait_for_the_wrong_one(attempts):
    """Row H4."""
    world = World()
    world.server.knows("machine", secret="s3cret")
    program = Program(world, lambda token: None if token else INVALID)
    program.settings = {**MACHINE, "client_secret": Secret("wr0ng")}
    for _ in range(attempts):
        assert isinstance(program.call(program.engine()), ClientRefused)
    assert "tries in the last minute" in str(program.call(program.engine()))
    program.settings = MACHINE
    assert program.call(program.engine()) == 200


@requirement("STP-5")
def test_a_login_and_two_step_ups_in_a_row_are_free():
    """Row H2."""
    world = World(publishes_scopes=("a",), token_life=None)
    wanted = {"a": "b", "a b": "c"}

    def answer(token):
        if token is None or not world.server.accepts(token):
            return INVALID
        more = wanted.get(" ".join(world.kept().token.scope))
        return None if more is None else (403, f'Bearer error="insufficient_scope", scope="{more}"')

    program = Program(world, answer)
    engine = program.engine()
    assert [program.call(engine) for _ in range(3)] == [403, 403, 200]
    assert (program.tabs(), world.kept().token.scope) == (3, ("a", "b", "c"))


# What is remembered, and what is forgotten.


def held(program, engine):
    """Call until the brake holds."""
    for _ in range(5):
        error = program.call(engine)
    assert isinstance(error, AuthError)
    return error


def test_another_program_is_held_back_as_the_first_one_and_told_the_same():
    """Row H1."""
    program = a_server_that_rejects_each_renewed_token()
    error = held(program, program.engine())
    other = program.call(program.engine())
    assert type(other) is type(error) is TokenRejected
    assert other.message == error.message
    assert "3 tokens were issued by https://auth.example.com in the last minute, all rejected by" in error.message
    assert 'It says: "invalid_token".' in error.message


def test_a_token_that_serves_for_four_minutes_ends_the_row():
    """Row H14."""
    program = a_server_that_rejects_every_token_and_issues_no_refresh_token()
    engine, reject = program.engine(), program.answers
    held(program, engine)
    program.answers = lambda token: INVALID if token is None else None
    program.world.clock.time += 3600
    assert program.call(engine) == 200
    program.world.clock.time += 240
    program.answers, before = reject, program.tabs()
    program.call(engine)
    assert program.tabs() == before + 1
    assert engine._attempts.braking._brakes.read().acts == 1


def test_a_logout_forgets():
    """Row H13."""
    program = a_server_where_every_login_is_denied_at_once()
    engine = program.engine()
    held(program, engine)
    engine.logout()
    program.call(engine)
    assert program.tabs() == 2
    assert program.world.store.inner.get(engine._attempts.braking._brakes.key) is not None
    engine.logout()
    assert program.world.store.inner.get(engine._attempts.braking._brakes.key) is None


def test_a_program_that_is_killed_while_a_person_is_asked_has_been_counted():
    """Row H5."""
    program = Program(World(), rejects_everything)

    def killed(url, *, allows=True):
        raise SystemExit

    program.world.person.visits = killed
    for _ in range(3):
        with pytest.raises(SystemExit):
            program.call(program.engine())
    error = program.call(program.engine())
    assert isinstance(error, LoginRequired)
    assert "3 tries in the last minute" in error.message
    assert program.tabs() == 3


def test_a_login_that_asks_nobody_and_sends_nothing_is_not_counted():
    """Row H10."""
    program = Program(World(), rejects_everything, login=NeverLogin())
    engine = program.engine()
    for _ in range(5):
        error = program.call(engine)
        assert type(error) is LoginRequired
        assert "asks none" in error.message
    assert engine._attempts.braking._brakes.read() == CLEAN


def test_a_store_that_cannot_take_down_a_failure_hides_it_from_nobody():
    program = a_server_where_every_login_is_denied_at_once()
    world = program.world
    deny = world.person.visits
    world.person.visits = lambda url, **how: setattr(world.store, "fails_writes", 1) or deny(url, **how)
    assert isinstance(program.call(program.engine()), LoginFailed)


@every_server
def test_no_secret_is_in_the_record(server):
    program = server()
    engine = program.engine()
    for _ in range(6):
        program.call(engine)
    record = program.world.store.inner.get(engine._attempts.braking._brakes.key).value.decode()
    assert not [secret for secret in program.world.server.secrets if secret in record]


def test_a_challenge_that_repeats_the_token_does_not_bring_it_into_the_record():
    world = World(issues_refresh_tokens=False)
    program = Program(world, lambda token: (401, f'Bearer error="invalid_token", error_description="bad {token}"'))
    engine = program.engine()
    held(program, engine)
    brake = engine._attempts.braking._brakes.read()
    assert brake.words == '"invalid_token" "bad \\u2026"'


@requirement("REF-7")
def test_an_ordinary_renewal_reads_the_brake_once_and_writes_nothing_more():
    world = World()
    engine = world.logged_in()
    engine.replace(None)
    key, brake = engine._attempts.sessions.key, engine._attempts.braking._brakes.key
    assert [call for call in world.store.calls if call[1] == brake] == [("get", brake)]
    assert [kind for kind, each in world.store.calls if each == key and kind == "put"] == ["put", "put"]


def test_a_first_login_writes_the_brake_once_and_the_session_once():
    world = World()
    engine = world.engine()
    engine.replace(None)
    keys = [each.partition(":")[0] for kind, each in world.store.calls if kind == "put"]
    assert keys == ["brake", "client", "session"]


def test_a_brake_that_holds_nothing_has_no_error():
    engine = World().engine()
    need = need_after(None, ())
    with pytest.raises(ValueError, match="holds nothing"):
        engine._attempts.braking.error(Situation(need=need, session=None, now=0.0), None)


@pytest.mark.parametrize("settings", [{}, MACHINE], ids=["person", "machine"])
def test_a_server_that_cannot_answer_a_renewal_has_pauses_of_seconds(settings):
    """Row A5."""
    world = World()
    world.server.knows("machine", secret="s3cret")
    program = Program(world, lambda token: None if token and world.server.accepts(token) else INVALID, settings)
    engine = program.engine()
    program.call(engine)
    world.clock.time += DAY
    world.server.has(TOKEN, *[503] * 4)
    for _ in range(4):
        assert isinstance(program.call(engine), TemporaryError)
        world.clock.time += 30
    assert program.call(engine) == 200


def test_a_login_by_name_lifts_the_brake_also_where_the_server_does_not_reject_its_ping():
    """Over SSE the MCP server's address takes no ping, and says nothing about the token. Row H13."""
    world = World(issues_refresh_tokens=False, token_life=None)
    program = Program(world, lambda token: INVALID)
    engine = program.engine()
    world.send = lambda request: HttpResponse(405, MCP) if request.url == MCP else world.server(request)
    assert isinstance(held(program, engine), TokenRejected)
    before = program.tabs()
    assert engine.login() is not None
    assert program.tabs() == before
    assert engine._attempts.braking._brakes.read().acts == 0
    program.call(engine)
    assert program.tabs() == before + 1
    engine.logout()
    engine.login()


def test_a_grant_that_has_served_may_end_and_more_scope_may_be_wanted_at_once():
    """Row H2."""
    world = World(publishes_scopes=("read",), token_life=None)

    def answer(token):
        if token is None or not world.server.accepts(token):
            return INVALID
        is_enough = "write" in world.kept().token.scope or program.tabs() < 2
        return None if is_enough else (403, 'Bearer error="insufficient_scope", scope="write"')

    program = Program(world, answer)
    engine = program.engine()
    assert program.call(engine) == 200
    world.server.forget_access_tokens()
    world.server.forget_refresh_tokens()
    assert [program.call(engine), program.call(engine)] == [403, 200]
    assert program.tabs() == 3
