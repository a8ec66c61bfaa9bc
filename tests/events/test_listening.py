# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Events reach those who listen: in order, outside of every lock and event loop, and whatever a listener does."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
from contextvars import ContextVar

import pytest

from tests.fakes.network import Gate
from tests.fakes.threads import LONGEST_WAIT
from tests.fakes.world import World
from valetkey.errors import ConfigurationError
from valetkey.events import AttemptEnded, AttemptStarted, LoginEnded, flush, listen, listening
from valetkey.settings import Settings

URL = "https://mcp.example.com/mcp"
REQUEST = ContextVar("request", default="none")


def names(events):
    return [type(event).__name__ for event in events]


@pytest.fixture
def heard():
    events = []
    end = listen(events.append)
    yield events
    end()


def test_a_login_is_told_in_order_and_all_of_it_belongs_to_one_attempt(heard):
    world = World()
    world.engine().replace(None)
    assert flush()
    expected = ["AttemptStarted", "LoginStarted", "PersonAsked", "RequestSent", "SessionSaved", "LoginEnded"]
    assert names(heard) == [*expected, "AttemptEnded"]
    assert len({event.attempt for event in heard}) == 1
    assert {(event.server_url, event.principal, event.label) for event in heard} == {(URL, "local", "default")}


def test_two_attempts_have_two_names(heard):
    world = World(token_life=100)
    world.logged_in().replace(None)
    assert flush()
    assert len({event.attempt for event in heard}) == 2


def test_an_option_hears_its_own_sessions_and_no_others():
    events = []
    world = World()
    world.engine(on_event=events.append).replace(None)
    World().engine(label="another").replace(None)
    assert flush()
    assert {event.label for event in events} == {"default"}
    assert names(events)[0] == "AttemptStarted"


def test_a_query_and_a_user_of_the_url_are_not_told():
    events = []
    source = listening.source_of(events.append, server_url="https://user:pass@mcp.example.com/mcp?key=1#part")
    with listening.telling_of(source):
        pass
    assert flush()
    assert {event.server_url for event in events} == {URL}


def test_nothing_is_told_where_nothing_listens():
    assert listening.source_of(server_url=URL) is None
    assert not listening.is_heard()
    with listening.telling_of(None):
        listening.tell("HeldBack", message="not heard")
    assert flush(0)


def test_a_listener_that_has_ended_hears_nothing_more(heard):
    late = []
    end = listen(late.append)
    end()
    World().engine().replace(None)
    assert flush()
    assert late == []
    assert heard


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
def test_what_a_listener_raises_is_logged_and_ends_nothing(heard, caplog, error):
    def fails(event):
        raise error(event.attempt)

    end = listen(fails)
    token = World().engine().replace(None)
    assert flush()
    end()
    assert token is not None
    assert names(heard)[-1] == "AttemptEnded"
    assert "the listener of events" in caplog.text


def test_a_listener_that_blocks_holds_no_login_up_and_is_called_in_another_thread():
    gate, threads = Gate(), []

    def blocks(event):
        threads.append(threading.current_thread())
        gate.pass_through()

    world = World()
    engine = world.engine(on_event=blocks)
    assert engine.replace(None) is not None  # nothing waits for it
    assert not flush(0)
    gate.opened.set()
    assert flush()
    assert {thread.name for thread in threads} == {"valetkey-events"}
    assert threading.current_thread() not in threads


def test_a_listener_may_use_the_engine():
    """It is called outside of every lock and lease, or this would stand still."""
    world, answers = World(), []

    def asks(event):
        if isinstance(event, LoginEnded):
            answers.append(engine.current())
            answers.append(engine.logout().existed)

    engine = world.engine(on_event=asks)
    token = engine.replace(None)
    assert flush(LONGEST_WAIT)
    assert answers == [token, True]


def test_a_listener_that_flushes_does_not_wait_for_itself():
    results = []
    World().engine(on_event=lambda event: results.append(flush())).replace(None)
    assert flush()
    assert set(results) == {False}


def test_a_listener_has_the_context_of_the_caller_that_began_the_attempt():
    seen = []
    REQUEST.set("mine")
    World().engine(on_event=lambda event: seen.append(REQUEST.get())).replace(None)
    assert flush()
    assert set(seen) == {"mine"}


def test_an_attempt_of_a_task_is_told_outside_of_its_event_loop():
    loops = []

    def hears(event):
        try:
            loops.append(asyncio.get_running_loop())
        except RuntimeError:
            loops.append(None)

    asyncio.run(World().engine(on_event=hears).replace_async(None))
    assert flush()
    assert set(loops) == {None}


def test_an_attempt_that_fails_says_with_which_error(heard):
    world = World(registers_clients=False)
    with pytest.raises(Exception, match="does not let programs register"):
        world.engine().replace(None)
    assert flush()
    ended = heard[-1]
    assert isinstance(ended, AttemptEnded)
    assert (ended.error, ended.seconds >= 0) == ("Unsupported", True)
    assert "does not let programs register" in ended.message


def test_events_that_a_slow_listener_lets_pile_up_are_lost_and_the_log_says_so_once(monkeypatch, caplog):
    monkeypatch.setattr(listening, "MOST_WAITING", 2)
    gate, events = Gate(), []

    def slow(event):
        events.append(event)
        gate.pass_through()

    end = listen(slow)
    for number in range(9):
        listening.tell("HeldBack", message=str(number))
        assert gate.reached.wait(LONGEST_WAIT)
    gate.opened.set()
    assert flush()
    end()
    assert [event.message for event in events] == ["0", "1", "2"]
    assert caplog.text.count("a listener of events is too slow") == 1


def test_the_thread_ends_when_there_is_nothing_to_deliver_and_begins_again(monkeypatch, heard):
    monkeypatch.setattr(listening, "_IDLE_SECONDS", 0.01)
    for number in range(3):
        listening.tell("HeldBack", message=str(number))
        assert flush()
        thread = listening._delivery._thread
        if thread is not None:
            thread.join(LONGEST_WAIT)
    assert [event.message for event in heard] == ["0", "1", "2"]


def test_an_event_waits_where_no_thread_can_be_started(monkeypatch, heard):
    def cannot(thread):
        message = "can't start new thread"
        raise RuntimeError(message)

    delivery = listening._Delivery()
    monkeypatch.setattr(listening, "_delivery", delivery)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", cannot)
        listening.tell("HeldBack", message="0")
        assert not flush(0)
    listening.tell("HeldBack", message="1")
    assert flush()
    assert [event.message for event in heard] == ["0", "1"]


def test_a_forked_child_tells_of_its_own_and_not_of_its_parents():
    code = """
import os, sys, threading
from valetkey.events import flush, listen, listening
heard, gate = [], threading.Event()
listen(lambda event: (gate.wait(10), heard.append(event.message)))
listening.tell("HeldBack", message="parent")
child = os.fork()
gate.set()
if child == 0:
    listening.tell("HeldBack", message="child")
assert flush(10)
assert heard == (["child"] if child == 0 else ["parent"]), heard
if child:
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_end_of_the_process_waits_for_what_has_happened():
    code = """
import json, time
from valetkey.events import listen, listening
listen(lambda event: (time.sleep(0.2), print(json.dumps(event.message), flush=True)))
listening.tell("HeldBack", message="last")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout) == "last"


async def _hears(event):
    """A coroutine that nothing would await."""


@pytest.mark.parametrize("listener", [_hears, "print", 1], ids=["coroutine", "text", "number"])
def test_a_listener_that_cannot_be_called_is_refused(listener):
    with pytest.raises(ConfigurationError, match="on_event"):
        Settings(url=URL, on_event=listener)


def test_an_attempt_begins_with_its_first_event(heard):
    World().engine().replace(None)
    assert flush()
    assert isinstance(heard[0], AttemptStarted)
    assert heard[0].time > 0
    assert heard[0].attempt.startswith(f"{os.getpid()}-")


def test_a_listener_of_the_log_and_one_of_events_do_not_need_each_other(heard, caplog):
    caplog.set_level(logging.CRITICAL)
    World().engine().replace(None)
    assert flush()
    assert "RequestSent" in names(heard)
