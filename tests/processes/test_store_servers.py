# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Renewals on a Redis or a PostgreSQL that is away, is killed in the middle, or has forgotten the lease."""

import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.durability import count_deaths, run_stampede
from benchmarks.killing import begin, kept, open_plain, settings_of
from benchmarks.rotation import RotatingServer
from tests.fakes.network import Gate
from tests.fakes.threads import LONGEST_WAIT, in_background
from tests.processes.child import Child
from tests.requirements import requirement
from tests.store.servers import PostgresServer, RedisServer
from valetkey._sessions.codec import encode_session, session_key

USE = """
    import sys
    from benchmarks.killing import open_engine
    from valetkey.errors import AuthError

    engine = open_engine(sys.argv[1], sys.argv[2], "s")

    def current():
        token = engine.current()
        while engine._flight.running() is not None:
            engine._flight.running().result(40)
        return token

    print("ready", flush=True)
    for line in sys.stdin:
        try:
            token = current() if line.strip() == "current" else engine.replace(engine.session and engine.session.token)
        except AuthError as error:
            print(type(error).__name__, flush=True)
        else:
            print(token.access_token.reveal() if token else "nothing", flush=True)
"""


@pytest.fixture(scope="module")
def open_folder():
    """A folder that another user can reach, which those of pytest are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module", params=[RedisServer, PostgresServer], ids=["Redis", "PostgreSQL"])
def keeper(request, open_folder):
    """The server that keeps the sessions."""
    with request.param(open_folder / request.param.__name__) as running:
        yield running


@pytest.fixture
def server():
    with RotatingServer(0.0, latency=(0, 0)) as running:
        yield running


def begun(server, keeper, *, left):
    """Put a session into the store whose access token has this many seconds left."""
    session = begin(server.origin, keeper.url, "s", server.begin("s"))
    now = time.time()
    token = replace(session.token, obtained_at=now + left - 3600, expires_at=now + left)
    key = session_key(settings_of(server.origin, "s"))
    open_plain(keeper.url).put(key, encode_session(replace(session, token=token)))
    return token


def is_alive(server, keeper):
    token = kept(server.origin, keeper.url, "s").token
    return server.is_alive("s", token.access_token.reveal(), token.refresh_token and token.refresh_token.reveal())


def asked(running, what):
    running.tell(what)
    return running.hear()


@requirement("REF-8")
def test_while_the_store_is_away_the_token_serves_and_no_refresh_token_is_spent(server, keeper):
    token = begun(server, keeper, left=900.0)
    with Child(USE, server.origin, keeper.url) as running:
        assert running.hear() == "ready"
        assert asked(running, "current") == token.access_token.reveal()
        with keeper.stopped(signal.SIGKILL):
            assert asked(running, "current") == token.access_token.reveal()
            assert asked(running, "replace") == "StoreError"
            assert server.families["s"].arrivals == []
        assert asked(running, "replace") == kept(server.origin, keeper.url, "s").token.access_token.reveal()
    assert is_alive(server, keeper)


@requirement("REF-8")
def test_a_store_killed_while_the_server_answers_gets_the_answer_when_it_is_back(server, keeper):
    begun(server, keeper, left=-1.0)
    gate = Gate()
    server.holds["answer"] = gate.pass_through
    with Child(USE, server.origin, keeper.url) as running:
        assert running.hear() == "ready"
        running.tell("replace")
        assert gate.reached.wait(LONGEST_WAIT)
        with keeper.stopped(signal.SIGKILL):
            gate.opened.set()
            with pytest.raises(subprocess.TimeoutExpired):
                running.process.wait(0.5)
        assert running.hear() == kept(server.origin, keeper.url, "s").token.access_token.reveal()
    assert is_alive(server, keeper)
    assert len(server.families["s"].arrivals) == 1


@requirement("REF-7")
def test_many_processes_on_one_server_make_one_refresh_in_each_round(keeper):
    stampede = run_stampede(type(keeper).__name__, keeper.url, processes=10, rounds=4)
    assert (stampede.refreshes, stampede.reuses, stampede.logins) == ([1] * 4, 0, 0)


@requirement("REF-7", "REF-8")
@pytest.mark.timeout(600)
def test_renewals_killed_at_random_moments_lose_nothing_at_a_server_with_a_grace_period(open_folder):
    """Both kinds side by side: whoever goes on waits until the lease of the killed process ends."""

    def kill(number):
        kind = (RedisServer, PostgresServer)[number]
        with kind(open_folder / f"killed-{number}") as keeper:
            return count_deaths(kind.__name__, keeper.url, grace=30.0, kills=20, together=10)

    for running in [in_background(lambda number=number: kill(number)) for number in range(2)]:
        deaths = running.result(500)
        assert (deaths.killed.total(), deaths.lost.total()) == (20, 0)
