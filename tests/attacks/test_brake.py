# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Attacks on a person's patience and on servers: what comes of calls without end."""

import itertools
import json
from contextlib import suppress

import pytest

from tests.fakes.authorization_server import ISSUER, REGISTER, TOKEN
from tests.fakes.calls import Program
from tests.fakes.world import World
from valetkey._policy.brake import Brake, Declined, Failure
from valetkey._sessions.brakes import encode_brake
from valetkey._sessions.codec import brake_key
from valetkey.login.never import NeverLogin
from valetkey.values import Secret

MACHINE = {"client_id": "machine", "client_secret": Secret("s3cret"), "issuer": ISSUER}
INVALID = (401, 'Bearer error="invalid_token"')


def rejects_everything(token):
    return INVALID


def call_for_a_minute(program, engine):
    for _ in range(20):
        program.call(engine)
        program.world.clock.time += 2.9


def test_a_server_that_rejects_and_refuses_everything_gets_three_acts_in_a_minute():
    """Threat B1."""
    program = Program(World(), rejects_everything)
    program.world.server._refresh = lambda form, client_id: None
    call_for_a_minute(program, program.engine())
    assert program.most() <= 3


def test_a_server_that_wants_another_scope_each_time_gets_three_tabs():
    """Threat B2."""
    numbers = itertools.count()

    def wants_more(token):
        return INVALID if token is None else (403, f'Bearer error="insufficient_scope", scope="s{next(numbers)}"')

    program = Program(World(publishes_scopes=("read",)), wants_more)
    call_for_a_minute(program, program.engine())
    assert program.tabs() == 3


def test_a_login_that_is_declined_at_once_opens_one_tab():
    """Threat B3."""
    program = Program(World(), rejects_everything)
    program.world.person.denies = True
    call_for_a_minute(program, program.engine())
    assert program.tabs() == 1


def test_a_server_that_refuses_the_clients_it_registers_gets_three_registrations():
    """Threat B4."""
    program = Program(World(refuses_tokens_with="unauthorized_client"), rejects_everything)
    call_for_a_minute(program, program.engine())
    assert (program.requests(REGISTER), program.tabs()) == (3, 1)


def test_calls_a_minute_apart_are_not_free_for_ever():
    """Threat B5."""
    program = Program(World(issues_refresh_tokens=False), rejects_everything)
    engine = program.engine()
    for _ in range(200):
        program.call(engine)
        program.world.clock.time += 61
    assert 5 <= program.tabs() <= 13


def test_programs_that_are_killed_in_their_login_have_been_counted():
    """Threat B6."""
    program = Program(World(), rejects_everything)

    def killed(url, *, allows=True):
        raise SystemExit

    program.world.person.visits = killed
    for _ in range(6):
        try:
            program.call(program.engine())
        except SystemExit:
            continue
    assert program.tabs() == 3


@pytest.mark.parametrize(
    "settings", [{}, {"client_id": "machine", "client_secret": Secret("s3cret"), "issuer": ISSUER}], ids=str
)
def test_tokens_without_end_are_not_asked_for_where_each_is_rejected(settings):
    """Threat B7."""
    program = Program(World(), rejects_everything, settings)
    program.world.server.knows("machine", secret="s3cret")
    call_for_a_minute(program, program.engine())
    assert program.requests(TOKEN) == 3


def test_a_token_that_is_accepted_for_other_calls_alone_is_no_success():
    """Threat B8."""
    program = Program(World(issues_refresh_tokens=False, token_life=None), rejects_everything)
    engine = program.engine()
    for _ in range(30):
        program.answers = rejects_everything
        program.call(engine)
        for _ in range(5):  # a list of tools, again and again
            program.answers = lambda token: INVALID if token is None else None
            program.call(engine)
            program.world.clock.time += 60
    assert program.tabs() <= 10


def test_a_token_that_a_challenge_repeats_does_not_come_into_the_record():
    """Threat B9."""
    world = World(issues_refresh_tokens=False)
    program = Program(world, lambda token: (401, f'Bearer error="invalid_token", error_description="no {token}"'))
    engine = program.engine()
    errors = [program.call(engine) for _ in range(3)]
    record = world.store.inner.get(brake_key(world.settings())).value.decode()
    assert "invalid_token" in record
    assert not [secret for secret in world.server.secrets if secret in record + str(errors)]


def test_a_renewal_that_is_refused_is_not_sent_with_every_call():
    """Threat B10."""
    world = World()
    world.logged_in()
    world.server.has(TOKEN, *[(400, "text/html", "<html>")] * 50)
    program = Program(world, rejects_everything, login=NeverLogin())
    call_for_a_minute(program, program.engine())
    assert program.requests(TOKEN) == 3


@pytest.mark.parametrize("changes", [{}, {"failure": "unheard of"}], ids=["far future", "cannot be read"])
def test_a_made_up_record_locks_nobody_out(changes):
    """Threat B11."""
    world = World()
    future = world.clock.time + 1e9
    record = Brake(9, future, future, 9, Failure.REJECTED, declined=(Declined(None, 9, future),))
    written = {**json.loads(encode_brake(record)), **changes}
    world.store.inner.put(brake_key(world.settings()), json.dumps(written).encode())
    program = Program(world, lambda token: INVALID if token is None else None)
    status = 0
    with suppress(ValueError):
        status = program.call(program.engine())
    assert status == 200


def test_a_server_that_serves_one_call_for_each_login_is_held_back():
    """Threat B12."""
    numbers, served = itertools.count(), set()
    world = World(publishes_scopes=("read",))

    def serves_once(token):
        if token is None:
            return INVALID
        if token not in served:
            served.add(token)
            return None
        return 403, f'Bearer error="insufficient_scope", scope="s{next(numbers)}"'

    program = Program(world, serves_once)
    call_for_a_minute(program, program.engine())
    assert program.tabs() <= 11


def test_a_token_that_is_accepted_once_is_no_success():
    """Threat B13."""
    numbers = itertools.count()
    program = Program(World(), lambda token: INVALID if token is None or next(numbers) % 2 else None)
    call_for_a_minute(program, program.engine())
    assert program.requests(TOKEN) <= 4


def test_scopes_that_are_declined_without_end_make_no_record_without_end():
    """Threat B14."""
    numbers = itertools.count()

    def wants_more(token):
        return INVALID if token is None else (403, f'Bearer error="insufficient_scope", scope="s{next(numbers)}"')

    program = Program(World(publishes_scopes=("read",)), wants_more, settings={"approve_scope": lambda request: False})
    engine = program.engine()
    for _ in range(90):
        program.call(engine)
    assert len(program.world.store.inner.get(brake_key(program.world.settings())).value) < 2000
