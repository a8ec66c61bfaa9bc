# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The session at hand: read from the store once, and never by a thread that runs an event loop."""

import threading

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from tests.fakes.network import Gate
from tests.fakes.threads import LONGEST_WAIT, in_background
from tests.fakes.world import World, a_session
from valetkey._engine.at_hand import LOOK_SECONDS
from valetkey._engine.single_flight import SingleFlight
from valetkey._sessions.codec import encode_session, session_key
from valetkey.login.link import LinkLogin
from valetkey.store.backends.memory import MemoryStore

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


class FarStore(MemoryStore):
    """A store whose `get` takes as long as the test says."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner
        self.gate = Gate()
        self.readers = []

    def get(self, key):
        self.readers.append(threading.get_ident())
        self.gate.pass_through()
        return self.inner.get(key)


class NoThreads(SingleFlight):
    """What a process has that may start no more threads."""

    def join(self, work):
        message = "can't start new thread"
        raise RuntimeError(message)


@pytest.fixture
def world():
    """Another program has stored a session whose token is good."""
    world = World()
    world.keep(a_session())
    return world


@pytest.fixture
def store(world):
    return FarStore(world.store.inner)


@pytest.fixture
def engine(world, store):
    return world.engine(store=store)


def text(token):
    return token.access_token.reveal()


@BACKENDS
def test_on_an_event_loop_the_token_is_given_from_memory_and_the_look_runs_in_the_background(engine, store, backend):
    async def main():
        before = [engine.current(), engine.current()]
        await anyio.to_thread.run_sync(store.gate.reached.wait, LONGEST_WAIT)
        before.append(engine.current())
        store.gate.opened.set()
        await engine.look_async()
        return before, engine.current(), threading.get_ident()

    before, after, loop = anyio.run(main, backend=backend)
    assert (before, text(after)) == ([None] * 3, "access-0")
    assert len(store.readers) == 1
    assert loop not in store.readers


@BACKENDS
def test_tasks_that_ask_while_the_store_is_read_share_one_look_and_hold_up_no_other_task(engine, store, backend):
    tokens = []

    async def ask():
        tokens.append(await engine.current_async())

    async def main():
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(ask)
            await anyio.lowlevel.checkpoint()
            assert tokens == []
            store.gate.opened.set()  # by another task of the same loop: it was not blocked

    anyio.run(main, backend=backend)
    assert [text(token) for token in tokens] == ["access-0"] * 3
    assert len(store.readers) == 1


@BACKENDS
def test_a_cancelled_task_leaves_the_look_running_for_the_next(engine, store, backend):
    async def main():
        with anyio.CancelScope() as scope:
            scope.cancel()
            await engine.current_async()
        await anyio.to_thread.run_sync(store.gate.reached.wait, LONGEST_WAIT)
        store.gate.opened.set()
        return await engine.current_async()

    assert text(anyio.run(main, backend=backend)) == "access-0"
    assert len(store.readers) == 1


def test_a_thread_waits_for_the_look(engine, store):
    asked = in_background(engine.current)
    assert store.gate.reached.wait(LONGEST_WAIT)
    assert (engine.token_at_hand(), engine.is_known()) == (None, False)
    store.gate.opened.set()
    assert text(asked.result(LONGEST_WAIT)) == text(engine.token_at_hand()) == "access-0"


@BACKENDS
def test_a_caller_that_blocks_anyway_may_look_on_an_event_loop(engine, store, backend):
    store.gate.opened.set()

    async def main():
        engine.look()
        return engine.token_at_hand()

    assert text(anyio.run(main, backend=backend)) == "access-0"


def test_only_the_first_look_reads_the_store(engine, store):
    store.gate.opened.set()
    for _ in range(3):
        engine.look()
    assert len(store.readers) == 1


def test_the_token_at_hand_needs_no_look(engine, store):
    assert engine.token_at_hand() is None
    assert store.readers == []


def test_where_no_thread_can_be_started_an_event_loop_goes_on_without_a_token(engine, store):
    engine._at_hand._look = NoThreads()

    async def main():
        return engine.current()

    assert anyio.run(main) is None
    assert store.readers == []


def test_after_a_logout_no_engine_of_the_session_sends_its_token(world):
    """A web app has one engine for its page and another for its tools, and the user presses Disconnect. Row J10."""
    world.keep(a_session("access-of-bob"), principal="bob")
    page, tools = world.engine(login_timeout=7), world.engine()
    of_another = [world.engine(principal="bob"), world.engine(store=world.store.inner)]
    tokens = [text(engine.current()) for engine in (page, tools, *of_another)]
    assert tokens == ["access-0", "access-0", "access-of-bob", "access-0"]
    assert page.logout().existed
    assert (page.current(), tools.current(), tools.is_known()) == (None, None, False)
    assert [text(engine.current()) for engine in of_another] == tokens[2:]
    world.keep(a_session("access-1"))
    assert text(tools.replace(None)) == "access-1"


class LateStore(MemoryStore):
    """A store whose first answer arrives late."""

    def __init__(self):
        super().__init__()
        self.gate = Gate()

    def get(self, key):
        record = super().get(key)
        if not self.gate.reached.is_set():
            self.gate.pass_through()
        return record


def test_a_look_that_began_before_a_logout_brings_nothing_back(world):
    store = LateStore()
    store.put(session_key(world.settings()), encode_session(a_session()))
    tools, page = world.engine(store=store), world.engine(store=store, login_timeout=7)
    looking = in_background(tools.look)
    assert store.gate.reached.wait(LONGEST_WAIT)
    assert page.logout().existed
    store.gate.opened.set()
    looking.result(LONGEST_WAIT)
    assert tools.current() is None


@pytest.fixture
def web():
    """A service whose users log in with a link, at any of its processes."""
    world = World()
    world.keep(a_session())
    engine = world.engine(seams=world.seams(login=LinkLogin()))
    assert text(engine.current()) == "access-0"
    return world, engine


def looks_again(world, engine, seconds=LOOK_SECONDS):
    """Let a call come after some time, and wait for what it has begun."""
    world.clock.time += seconds
    engine.current()
    engine._at_hand._look.join(lambda _: None)[0].result(LONGEST_WAIT)
    return None if engine.current() is None else text(engine.current())


def test_a_logout_at_another_process_is_seen_after_half_a_minute(web):
    world, engine = web
    world.store.inner.delete(session_key(world.settings()))
    assert looks_again(world, engine, LOOK_SECONDS - 1) == "access-0"
    assert looks_again(world, engine, 1) is None
    assert not engine.is_known()


def test_a_login_with_another_account_at_another_process_is_seen_after_half_a_minute(web):
    world, engine = web
    world.keep(a_session("access-of-another-account", obtained_at=world.clock.time + 7))
    assert looks_again(world, engine) == "access-of-another-account"


def test_what_is_older_than_the_session_at_hand_does_not_replace_it(web):
    world, engine = web
    world.keep(a_session("access-of-before", obtained_at=-7.0))
    assert looks_again(world, engine) == "access-0"


def test_a_store_that_cannot_be_read_costs_no_session_and_is_asked_again(web, caplog):
    world, engine = web
    caplog.set_level("INFO")
    world.store.fails_reads = 1
    assert looks_again(world, engine) == "access-0"
    assert "going on with the session at hand" in caplog.text
    world.store.inner.delete(session_key(world.settings()))
    assert looks_again(world, engine) is None


def test_only_where_several_processes_serve_a_user_the_store_is_looked_into_again(world):
    engine = world.engine()
    engine.current()
    world.store.inner.delete(session_key(world.settings()))
    assert looks_again(world, engine) == "access-0"


def test_where_no_thread_can_be_started_the_session_at_hand_serves_on(web):
    world, engine = web
    engine._at_hand._look = NoThreads()
    world.clock.time += LOOK_SECONDS
    assert text(engine.current()) == "access-0"


def test_a_login_that_ends_while_the_store_is_looked_into_again_counts(web):
    world, engine = web
    world.store.inner.delete(session_key(world.settings()))
    newer = a_session("access-new")
    read = engine._at_hand.read

    def read_late():
        found = read()
        engine._at_hand.replace(newer)
        return found

    engine._at_hand.read = read_late
    assert looks_again(world, engine) == "access-new"


@pytest.mark.parametrize("backend", ["sync", "asyncio", "trio"])
@pytest.mark.parametrize(
    ("stored", "sent", "is_outdated"),
    [
        ("access-0", "access-0", False),
        ("access-1", "access-0", True),
        (None, "access-0", True),
        ("access-0", None, True),
        (None, None, True),
    ],
    ids=["the one in the store", "another has followed", "logged out", "sent without one", "sent without, none there"],
)
def test_a_token_that_was_sent_is_outdated_if_the_store_has_another_or_none_by_now(backend, stored, sent, is_outdated):
    """Another program has changed it, so memory does not know."""
    world = World()
    world.keep(a_session())
    engine = world.engine()
    engine.look()
    token = None if sent is None else a_session(sent).token
    if stored is None:
        world.store.inner.delete(session_key(world.settings()))
    else:
        world.keep(a_session(stored))
    if backend == "sync":
        assert engine.is_outdated(token) is is_outdated
    else:
        assert anyio.run(engine.is_outdated_async, token, backend=backend) is is_outdated


def test_a_store_that_cannot_be_read_outdates_no_token(world, caplog):
    engine = world.engine()
    engine.look()
    world.store.fails_reads = 1
    with caplog.at_level("INFO", "valetkey"):
        assert not engine.is_outdated(a_session().token)
    assert "counts as new" in caplog.text
