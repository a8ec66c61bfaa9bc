# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Renewals on a Redis or a PostgreSQL that is away, is killed in the middle, or has forgotten the lease."""

import shutil
import signal
import subprocess
import tempfile
import threading
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
from valetkey._engine.factory import build_engine
from valetkey._sessions.codec import encode_session, session_key
from valetkey.store.leases import LEASE_SECONDS

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


@requirement("REF-8")
def test_the_session_of_a_process_that_was_killed_in_a_renewal_is_free_within_five_seconds(server, keeper):
    """Row J4."""
    begun(server, keeper, left=-1.0)
    gate = Gate()
    server.holds["rotation"] = gate.pass_through
    with Child(USE, server.origin, keeper.url) as killed, Child(USE, server.origin, keeper.url) as following:
        assert (killed.hear(), following.hear()) == ("ready", "ready")
        killed.tell("replace")
        assert gate.reached.wait(LONGEST_WAIT)
        killed.process.kill()
        killed_at = time.monotonic()
        server.grace = 30.0
        gate.opened.set()
        assert asked(following, "replace") == kept(server.origin, keeper.url, "s").token.access_token.reveal()
        assert time.monotonic() - killed_at < 5.0
    assert is_alive(server, keeper)


@requirement("REF-7", "REF-8")
def test_an_exchange_that_takes_longer_than_a_lease_is_made_once(server, keeper):
    """Row J4."""
    begun(server, keeper, left=-1.0)
    gate = Gate()
    server.holds["answer"] = gate.pass_through
    with Child(USE, server.origin, keeper.url) as slow, Child(USE, server.origin, keeper.url) as waiting:
        assert (slow.hear(), waiting.hear()) == ("ready", "ready")
        slow.tell("replace")
        assert gate.reached.wait(LONGEST_WAIT)
        waiting.tell("replace")
        with pytest.raises(subprocess.TimeoutExpired):  # nothing comes of waiting
            waiting.process.wait(LEASE_SECONDS * 1.5)
        gate.opened.set()
        token = slow.hear()
        assert waiting.hear() == token
    assert kept(server.origin, keeper.url, "s").token.access_token.reveal() == token
    assert len(server.families["s"].arrivals) == 1
    assert is_alive(server, keeper)


@requirement("REF-7")
def test_a_hundred_sessions_of_one_process_are_renewed_at_once_with_one_request_each(keeper):
    """Row J4."""
    names = [f"user-{number}" for number in range(100)]
    with RotatingServer(0.0, latency=(0.1, 0.1)) as server:
        for name in names:
            begin(server.origin, keeper.url, name, server.begin(name))
        store = open_plain(keeper.url)
        engines = [build_engine(settings_of(server.origin, name), store=store, login="never") for name in names]
        start = threading.Barrier(len(names))

        def renew(engine):
            start.wait(LONGEST_WAIT)
            return engine.replace(None).access_token.reveal()

        running = [in_background(lambda engine=engine: renew(engine)) for engine in engines]
        tokens = [each.result(LONGEST_WAIT) for each in running]
        for name, token in zip(names, tokens, strict=True):
            assert kept(server.origin, keeper.url, name).token.access_token.reveal() == token
            assert len(server.families[name].arrivals) == 1


FREEZE = """
    import sys
    from benchmarks.killing import open_plain, settings_of
    from valetkey._engine.factory import build_engine

    class Store:
        # Stops before or after its first write, which is the intent, until it is told to go on.
        def __init__(self, inner):
            self.inner, self.is_first = inner, True

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def put(self, key, value, **condition):
            is_first, self.is_first = self.is_first, False
            if is_first and sys.argv[3] == "before":
                self.stop()
            version = self.inner.put(key, value, **condition)
            if is_first and sys.argv[3] == "after":
                self.stop()
            return version

        def stop(self):
            print("stopped", flush=True)
            sys.stdin.readline()

    engine = build_engine(settings_of(sys.argv[1], "s"), store=Store(open_plain(sys.argv[2])), login="never")
    print(engine.replace(None).access_token.reveal(), flush=True)
"""


@pytest.mark.parametrize("where", ["before", "after"], ids=["before the intent", "before the request"])
@requirement("REF-7", "REF-8")
def test_a_holder_frozen_for_longer_than_its_lease_neither_sends_nor_overwrites(server, keeper, where):
    """The server forgives no refresh token that comes twice. Row J4."""
    begun(server, keeper, left=-1.0)
    with Child(FREEZE, server.origin, keeper.url, where) as frozen, Child(USE, server.origin, keeper.url) as following:
        assert (frozen.hear(), following.hear()) == ("stopped", "ready")
        frozen.process.send_signal(signal.SIGSTOP)
        try:
            token = asked(following, "replace")
        finally:
            frozen.process.send_signal(signal.SIGCONT)
        frozen.tell()
        assert frozen.hear() == token
    assert kept(server.origin, keeper.url, "s").token.access_token.reveal() == token
    assert len(server.families["s"].arrivals) == 1
    assert is_alive(server, keeper)


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
