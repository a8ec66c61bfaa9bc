# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Renewals whose process is killed: at each step of them, and at moments nobody has chosen."""

import signal
import time
from dataclasses import replace

import pytest

from benchmarks.durability import count_deaths, run_stampede
from benchmarks.killing import begin, kept, open_plain, settings_of
from benchmarks.rotation import RotatingServer
from tests.fakes.network import Gate
from tests.fakes.threads import LONGEST_WAIT
from tests.processes.child import Child
from tests.requirements import requirement
from valetkey._sessions.codec import encode_session, session_key

RENEW_AND_STOP = """
    import sys
    from benchmarks.killing import open_plain, settings_of
    from valetkey._engine.engine import Engine
    from valetkey._network.guard import Guard
    from valetkey.login.never import NeverLogin
    from valetkey.seams import Seams
    from valetkey._network.sender import HttpSender

    origin, store, moment = sys.argv[1:]

    def reach(name):
        if name == moment:
            print("reached", flush=True)
            sys.stdin.readline()

    class Stopping:
        def __init__(self, inner):
            self.inner, self.get, self.delete, self.lease = inner, inner.get, inner.delete, inner.lease
            self.writes = 0

        def put(self, key, value, **condition):
            self.writes += 1
            reach({1: "before the intent", 2: "before the write"}[self.writes])
            version = self.inner.put(key, value, **condition)
            reach({1: "after the intent", 2: "after the write"}[self.writes])
            return version

    send = HttpSender(Guard(origin))
    engine = Engine(settings_of(origin, "s"), Stopping(open_plain(store)), Seams(send=send, login=NeverLogin()))
    engine.replace(None)
"""

RENEW = """
    import logging, sys
    from benchmarks.killing import open_engine
    from valetkey.errors import AuthError

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        print(open_engine(sys.argv[1], sys.argv[2], "s").replace(None).access_token.reveal(), flush=True)
    except AuthError as error:
        print(type(error).__name__, flush=True)
"""

AT_THE_SERVER = {"before the rotation": "rotation", "before the answer": "answer"}
MOMENTS = [
    "before the intent",
    "after the intent",
    "before the rotation",
    "before the answer",
    "before the write",
    "after the write",
]
SPENT = MOMENTS[2:5]
"""Killed here, the server has spent the refresh token, or is about to."""


@pytest.fixture
def store(tmp_path):
    return f"sqlite:///{tmp_path}/valetkey/credentials.db"


def kill_at(moment, server, store):
    """Renew in a process, and kill it at a moment."""
    gate = Gate()
    if moment in AT_THE_SERVER:
        server.holds[AT_THE_SERVER[moment]] = gate.pass_through
    with Child(RENEW_AND_STOP, server.origin, store, moment) as child:
        if moment in AT_THE_SERVER:
            assert gate.reached.wait(LONGEST_WAIT)
        else:
            assert child.hear() == "reached"
        child.kill()
    server.holds.clear()
    gate.opened.set()


def go_on(server, store):
    """Let another process go on: the token it gets, or the name of its error; and what it has logged."""
    with Child(RENEW, server.origin, store) as child:
        _, output, errors = child.end()
    return output.strip(), errors


def wait_until_rotated(server):
    deadline = time.monotonic() + LONGEST_WAIT
    while server.families["s"].arrivals[0].rotated_at > time.monotonic():
        assert time.monotonic() < deadline


@requirement("REF-8", "REF-9")
@pytest.mark.parametrize("grace", [30.0, 0.0], ids=["grace", "no grace"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_renewal_killed_at_any_step_goes_on_wherever_the_server_has_not_ended_it(moment, grace, store):
    with RotatingServer(grace, latency=(0, 0)) as server:
        before = begin(server.origin, store, "s", server.begin("s"))
        kill_at(moment, server, store)
        if moment in SPENT:
            wait_until_rotated(server)
        outcome, log = go_on(server, store)
        session = kept(server.origin, store, "s")
        assert session.refresh_intent is None
        if grace == 0 and moment in SPENT:
            assert session.token == replace(before.token, refresh_token=None)  # nothing that still serves is deleted
            assert f"the answer that was lost at {server.origin} had spent the refresh token" in log
            assert len(server.families["s"].arrivals) == 2
            go_on(server, store)
            assert len(server.families["s"].arrivals) == 2  # nobody tries the dead token again
        else:
            assert outcome == session.token.access_token.reveal()
            assert server.is_alive("s", outcome, session.token.refresh_token.reveal())
        has_intent = moment not in ("before the intent", "after the write")
        assert ("has left no answer; the same refresh token is sent once more" in log) is has_intent


LEAVE_ON_SIGTERM = """
    import signal, sys
    from benchmarks.killing import open_engine

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    engine = open_engine(sys.argv[1], sys.argv[2], "s")
    print(engine.current() is not None, flush=True)
    signal.pause()
"""


@requirement("REF-8")
@pytest.mark.parametrize("until", ["rotation", "answer"])
def test_a_program_that_ends_well_on_sigterm_finishes_its_renewal(until, store):
    with RotatingServer(0.0, latency=(0, 0)) as server:
        before = begin(server.origin, store, "s", server.begin("s"))
        nearly = replace(
            before, token=replace(before.token, obtained_at=time.time() - 3000, expires_at=time.time() + 9)
        )
        keep(server, store, nearly)
        gate = Gate()
        server.holds[until] = gate.pass_through
        with Child(LEAVE_ON_SIGTERM, server.origin, store) as child:
            assert child.hear() == "True"
            assert gate.reached.wait(LONGEST_WAIT)
            child.process.send_signal(signal.SIGTERM)
            gate.opened.set()
            child.succeed()
        session = kept(server.origin, store, "s")
        assert session.refresh_intent is None
        assert server.is_alive(
            "s", *(text.reveal() for text in (session.token.access_token, session.token.refresh_token))
        )


LOOK_AT_THE_END = """
    import atexit, sys

    def look():
        print(engine.current() is not None, flush=True)

    atexit.register(look)  # before the engine's own, so it runs after that one
    from benchmarks.killing import open_engine
    engine = open_engine(sys.argv[1], sys.argv[2], "s")
"""


def test_no_renewal_begins_while_the_process_ends_and_the_token_serves(store):
    with RotatingServer(0.0, latency=(0, 0)) as server:
        before = begin(server.origin, store, "s", server.begin("s"))
        nearly = replace(
            before, token=replace(before.token, obtained_at=time.time() - 3000, expires_at=time.time() + 9)
        )
        keep(server, store, nearly)
        with Child(LOOK_AT_THE_END, server.origin, store) as child:
            assert child.succeed() == "True\n"
        assert kept(server.origin, store, "s") == nearly
        assert server.families["s"].arrivals == []


def keep(server, store, session):
    open_plain(store).put(session_key(settings_of(server.origin, "s")), encode_session(session))


@requirement("REF-7", "REF-8")
def test_renewals_killed_at_random_moments_lose_nothing_at_a_server_with_a_grace_period(store):
    deaths = count_deaths("SQLite", store, grace=30.0, kills=60)
    assert deaths.killed.total() == 60
    assert deaths.lost.total() == 0


@requirement("REF-7", "REF-8")
def test_renewals_killed_at_random_moments_lose_only_what_nobody_can_know_at_a_server_without_one(store):
    deaths = count_deaths("SQLite", store, grace=0.0, kills=60)
    assert deaths.killed.total() == 60
    assert deaths.missed() == []


@requirement("REF-7")
def test_twenty_processes_that_are_rejected_at_once_make_one_refresh_in_each_round(store):
    stampede = run_stampede("SQLite", store, processes=20, rounds=8)
    assert (stampede.refreshes, stampede.reuses, stampede.logins) == ([1] * 8, 0, 0)
