# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How long a server is left alone that could not answer."""

import pytest

from tests.fakes.authorization_server import ISSUER, TOKEN
from tests.fakes.network import no_answer, unreachable
from tests.fakes.seams import BEGINNING, Clock
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._engine.backoff import Backoff, Resting
from valetkey._network.sender import UnknownOutcome
from valetkey.errors import Refused, TemporaryError
from valetkey.values import Secret

MACHINE = {"client_id": "machine", "client_secret": Secret("s3cret"), "issuer": ISSUER}


def trouble(retry_after=None):
    return TemporaryError("The server is busy.", hint="Wait.", retry_after=retry_after, error="temporarily_unavailable")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def backoff(clock):
    return Backoff(clock.now)


def pauses(clock, is_over):
    """Give how long it takes until a pause is over, in seconds and to the next half second."""
    started = clock.time
    while not is_over():
        clock.time += 0.5
    return clock.time - started


def early_pause(clock, backoff):
    return pauses(clock, lambda: not backoff.is_resting())


def urgent_pause(clock, backoff):
    return pauses(clock, lambda: backoff.pause() is None)


def test_without_a_failure_nobody_waits(backoff):
    assert not backoff.is_resting()
    assert backoff.pause() is None


def test_renewals_ahead_of_time_wait_longer_with_each_failure_but_not_for_ever(clock, backoff):
    waited = []
    for _ in range(7):
        backoff.failed(trouble())
        waited.append(early_pause(clock, backoff))
    assert waited == [30, 60, 120, 240, 480, 480, 480]


def test_who_waits_for_a_token_may_try_at_once_after_one_failure_and_then_less_and_less_often(clock, backoff):
    waited = []
    for _ in range(9):
        backoff.failed(trouble())
        waited.append(urgent_pause(clock, backoff))
    assert waited == [0, 1, 2, 4, 8, 16, 30, 30, 30]


@pytest.mark.parametrize(
    ("wish", "early", "urgent"), [(5, 30, 5), (90, 90, 90), (1e9, 3600, 3600), (-5, 30, 0), (0, 30, 0)]
)
def test_what_the_server_asks_for_holds_for_everybody(wish, early, urgent):
    for seconds, pause in ((early, early_pause), (urgent, urgent_pause)):
        clock = Clock()
        backoff = Backoff(clock.now)
        backoff.failed(trouble(retry_after=wish))
        assert pause(clock, backoff) == seconds


def test_during_the_pause_everybody_learns_what_went_wrong_and_when_it_ends(clock, backoff):
    backoff.failed(trouble(retry_after=20))
    clock.time += 5
    pause = backoff.pause()
    assert str(pause) == "The server is busy. Try again in 15 s."
    assert (pause.retry_after, pause.error) == (15, "temporarily_unavailable")
    clock.time += 14
    assert backoff.pause().hint == "Try again in a moment."


def test_a_success_ends_the_pause_and_forgets_the_failures(clock, backoff):
    for _ in range(5):
        backoff.failed(trouble())
    backoff.succeeded()
    assert backoff.pause() is None
    assert not backoff.is_resting()
    backoff.failed(trouble())
    assert early_pause(clock, backoff) == 30


def test_a_definite_no_keeps_only_renewals_ahead_of_time_from_trying(clock, backoff):
    for _ in range(3):
        backoff.failed(Refused("No.", hint="Ask."))
    assert backoff.pause() is None
    assert early_pause(clock, backoff) == 120


# In the engine.


@pytest.fixture
def world():
    return World()


def ask(engine):
    try:
        engine.replace(None)
    except TemporaryError as error:
        return error
    return None


@requirement("REF-9")
def test_a_server_that_is_down_is_not_hammered_by_requests_that_need_a_token(world):
    engine = world.logged_in()
    world.server.has(TOKEN, *[503] * 100)
    for _ in range(100):
        assert isinstance(ask(engine), TemporaryError)
        world.clock.time += 0.1
    assert 3 <= len(world.server.token_forms()) <= 6  # in ten seconds
    assert world.person.asked == []


def test_a_server_that_says_when_to_come_back_is_left_alone_until_then(world):
    engine = world.logged_in()
    engine._attempts.backoff.failed(trouble(retry_after=60))
    assert ask(engine).retry_after == 60
    assert world.server.log() == []
    world.clock.time += 60
    assert ask(engine) is None


def test_what_another_program_brings_meanwhile_is_used_during_the_pause(world):
    engine = world.logged_in()
    engine._attempts.backoff.failed(trouble(retry_after=60))
    token = world.engine().replace(None)
    assert engine.replace(None) == token
    assert not engine._attempts.backoff.is_resting()


def test_a_machine_leaves_its_server_alone_too(world):
    world.server.knows("machine", secret="s3cret")
    engine = world.logged_in(**MACHINE)
    engine._attempts.backoff.failed(trouble(retry_after=60))
    assert ask(engine).retry_after == 60
    assert world.server.log() == []


def test_a_person_may_log_in_although_the_server_could_not_answer_before(world):
    engine = world.engine()
    engine._attempts.backoff.failed(trouble(retry_after=60))
    assert ask(engine) is None
    assert len(world.person.asked) == 1


def test_after_a_logout_nothing_of_it_is_left(world):
    engine = world.logged_in()
    engine._attempts.backoff.failed(trouble(retry_after=60))
    engine.logout()
    assert not engine._attempts.backoff.is_resting()


@requirement("REF-9")
def test_after_two_unknown_outcomes_the_next_try_waits(world):
    engine = world.logged_in()
    world.server.has(TOKEN, *[no_answer()] * 4)
    assert isinstance(ask(engine), UnknownOutcome)
    assert len(world.server.token_forms()) == 2
    assert isinstance(ask(engine), UnknownOutcome)
    assert isinstance(ask(engine), Resting)
    assert len(world.server.token_forms()) == 4
    world.clock.time += 1
    assert ask(engine) is None
    assert len({form["refresh_token"] for form in world.server.token_forms()}) == 1


def test_the_pauses_of_two_sessions_have_nothing_to_do_with_each_other(world):
    one, other = world.engine(principal="one"), world.engine(principal="other")
    for engine in (one, other):
        engine.replace(None)
    world.clock.time = BEGINNING + 86_400
    world.server.has(TOKEN, unreachable(), unreachable())
    assert [isinstance(ask(one), TemporaryError) for _ in range(3)] == [True] * 3
    assert ask(other) is None
