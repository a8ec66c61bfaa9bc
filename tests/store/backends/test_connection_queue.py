# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Threads queue for the few connections to a server with sessions: in their order, and for a limited time."""

import gc
import threading
import time

import pytest

from tests.fakes.threads import LONGEST_WAIT, in_background
from valetkey.errors import StoreBusy, StoreError, TemporaryError
from valetkey.store.backends import connection_queue
from valetkey.store.backends.connection_queue import ConnectionQueue


class Full(Exception):
    """The server takes no more connections."""


class Server:
    """A server that counts its connections; `refuses` are the errors of the next tries to open one."""

    def __init__(self, limit=1000):
        self.limit, self.opened, self.closed, self.broken = limit, [], [], set()
        self.refuses = []
        self.tries = self.looks = 0
        self.most = 0

    def open(self):
        self.tries += 1
        if self.refuses:
            raise self.refuses.pop(0)
        if self.open_now >= self.limit:
            raise Full
        self.opened.append(f"connection {len(self.opened)}")
        self.most = max(self.most, self.open_now)
        return self.opened[-1]

    def close(self, connection):
        self.closed.append(connection)

    def is_usable(self, connection):
        return connection not in self.broken

    def is_alive(self, connection):
        self.looks += 1
        return connection not in self.broken

    def is_full(self, error):
        return isinstance(error, Full)

    @property
    def open_now(self):
        return len(self.opened) - len(self.closed)


@pytest.fixture
def server():
    return Server()


def queue_of(server, most=2, patience=LONGEST_WAIT, rested=0.0):
    return ConnectionQueue(server, "redis://host/0", most=most, patience=patience, rested=rested)


def wait_until(condition):
    ends_at = time.monotonic() + LONGEST_WAIT
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.002)


def waiting(queue):
    return len(queue._waiting)


def test_a_connection_is_used_again(server):
    queue = queue_of(server)
    for _ in range(3):
        with queue.one() as connection:
            assert connection == "connection 0"
    assert server.closed == []
    assert server.looks == 2, "after the first use it was idle"


def test_a_connection_that_has_hardly_rested_is_not_looked_at_again(server):
    queue = queue_of(server, rested=LONGEST_WAIT)
    for _ in range(3):
        with queue.one():
            pass
    assert (len(server.opened), server.looks) == (1, 0)


def test_a_thousand_threads_share_a_few_connections_and_none_fails(server):
    """Row J4."""
    queue, used = queue_of(server, most=4), []

    def use():
        for _ in range(5):
            with queue.one() as connection:
                used.append(connection)

    threads = [threading.Thread(target=use, daemon=True) for _ in range(1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_WAIT)
    assert len(used) == 5000
    assert server.most <= 4


def test_threads_have_their_turns_in_the_order_in_which_they_came(server):
    """Row J4."""
    queue, order = queue_of(server, most=1), []

    def use(number):
        with queue.one():
            order.append(number)

    with queue.one():
        running = []
        for number in range(20):
            running.append(in_background(lambda number=number: use(number)))
            wait_until(lambda number=number: waiting(queue) == number + 1)
    for each in running:
        each.result(LONGEST_WAIT)
    assert order == list(range(20))
    assert server.looks == 0, "a connection that passes from one thread to the next has not been idle"


def test_the_extension_of_a_lease_comes_before_all_others(server):
    queue, order = queue_of(server, most=1), []

    def use(name, *, is_urgent):
        with queue.one(is_urgent=is_urgent):
            order.append(name)

    with queue.one():
        running = [in_background(lambda: use("first", is_urgent=False))]
        wait_until(lambda: waiting(queue) == 1)
        running.append(in_background(lambda: use("urgent", is_urgent=True)))
        wait_until(lambda: waiting(queue) == 2)
    for each in running:
        each.result(LONGEST_WAIT)
    assert order == ["urgent", "first"]


def test_a_thread_whose_turn_does_not_come_in_time_is_told_that_the_store_is_busy(server):
    """Row J4."""
    queue = queue_of(server, most=1, patience=0.05)
    with queue.one(), pytest.raises(StoreBusy, match="redis://host/0 is busy") as caught, queue.one():
        pass
    assert isinstance(caught.value, TemporaryError)
    assert isinstance(caught.value, StoreError)
    assert caught.value.hint == "Try again in a moment."
    assert waiting(queue) == 0
    with queue.one() as connection:
        assert connection == "connection 0"


def test_a_connection_that_broke_is_closed_and_the_next_thread_opens_another(server):
    queue = queue_of(server, most=1)

    def use():
        with queue.one() as connection:
            return connection

    with queue.one() as first:
        following = in_background(use)
        wait_until(lambda: waiting(queue) == 1)
        server.broken.add(first)
    assert following.result(LONGEST_WAIT) == "connection 1"
    assert server.closed == [first]


def test_a_connection_that_broke_while_it_was_idle_is_replaced_before_it_is_used(server):
    queue = queue_of(server, most=1)
    with queue.one() as first:
        pass
    server.broken.add(first)
    with queue.one() as second:
        assert (second, server.closed) == ("connection 1", [first])


def test_a_server_that_is_away_is_an_error_at_once_for_each_thread_and_then_forgotten(server):
    queue = queue_of(server, most=1)
    server.refuses = [ConnectionError("away"), ConnectionError("away")]
    for _ in range(2):
        with pytest.raises(ConnectionError), queue.one():
            pass
    with queue.one() as connection:
        assert connection == "connection 0"


def test_the_next_in_the_queue_tries_where_a_connection_cannot_be_opened(server):
    queue, gate = queue_of(server, most=1), threading.Event()
    opened = server.open

    def fail_late():
        assert gate.wait(LONGEST_WAIT)
        server.open = opened
        message = "away"
        raise ConnectionError(message)

    server.open = fail_late

    def use():
        with queue.one() as connection:
            return connection

    first = in_background(use)
    wait_until(lambda: queue._open == 1)
    second = in_background(use)
    wait_until(lambda: waiting(queue) == 1)
    gate.set()
    with pytest.raises(ConnectionError):
        first.result(LONGEST_WAIT)
    assert second.result(LONGEST_WAIT) == "connection 0"


def test_a_server_that_takes_no_more_connections_is_asked_again_after_a_pause(server):
    """Row J4."""
    queue = queue_of(server)
    server.refuses = [Full(), Full(), Full()]
    with queue.one() as connection:
        assert connection == "connection 0"
    assert server.tries == 4


def test_processes_that_share_a_server_with_few_connections_wait_for_each_other(server, monkeypatch):
    """Row J4."""
    monkeypatch.setattr(connection_queue, "IDLE_SECONDS", 0.1)
    server.limit = 3
    queues, used = [queue_of(server, most=8) for _ in range(4)], []

    def use(queue):
        with queue.one() as connection:
            used.append(connection)
            time.sleep(0.01)

    running = [in_background(lambda queue=queue: use(queue)) for queue in queues for _ in range(15)]
    for each in running:
        each.result(LONGEST_WAIT)
    assert len(used) == 60
    assert server.most == 3


def test_a_thread_takes_a_connection_of_its_own_process_while_the_server_takes_no_more(server):
    queue, (server.limit, server.most) = queue_of(server, most=8), (1, 0)

    def use():
        with queue.one() as connection:
            return connection

    with queue.one():
        following = in_background(use)
        wait_until(lambda: server.tries >= 2)
    assert following.result(LONGEST_WAIT) == "connection 0"


def test_a_server_that_takes_no_more_connections_for_long_is_busy(server):
    """Row J4."""
    server.limit = 0
    queue = queue_of(server, patience=0.2)
    with pytest.raises(StoreBusy) as caught, queue.one():
        pass
    assert caught.value.__cause__ is None
    assert server.tries > 1
    server.limit = 1
    with queue.one() as connection:
        assert connection == "connection 0"


def test_what_is_idle_is_closed_after_some_seconds(server, monkeypatch):
    monkeypatch.setattr(connection_queue, "IDLE_SECONDS", 0.05)
    queue = queue_of(server)
    with queue.one(), queue.one():
        pass
    wait_until(lambda: server.open_now == 0)
    with queue.one() as connection:
        assert connection == "connection 2"
    wait_until(lambda: server.open_now == 0)


def test_a_connection_that_is_used_all_the_time_is_not_closed_as_idle(server, monkeypatch):
    monkeypatch.setattr(connection_queue, "IDLE_SECONDS", 0.1)
    queue = queue_of(server)
    with queue.one(), queue.one():
        pass
    ends_at = time.monotonic() + 0.5
    while time.monotonic() < ends_at:
        with queue.one():
            time.sleep(0.005)
    assert len(server.closed) == 1
    assert len(server.opened) == 2


def test_a_closed_queue_has_closed_what_was_idle_and_opens_anew(server):
    queue = queue_of(server, most=1)
    with queue.one():
        pass
    queue.close()
    assert server.open_now == 0
    with queue.one() as connection:
        assert connection == "connection 1"


def test_a_queue_that_no_variable_has_closes_its_connections(server):
    queue = queue_of(server)
    with queue.one():
        pass
    del queue
    gc.collect()
    assert server.open_now == 0


class Interrupted(BaseException):
    """What Ctrl-C raises, anywhere."""


@pytest.mark.parametrize("has_come", [False, True], ids=["before its turn", "at its turn"])
@pytest.mark.parametrize("has_connection", [True, False], ids=["a connection", "a place for one"])
def test_a_thread_that_is_interrupted_while_it_waits_leaves_nothing_behind(
    server, monkeypatch, has_come, has_connection
):
    queue = queue_of(server, most=1)

    class Event(threading.Event):
        def wait(self, timeout=None):
            if has_come and not has_connection:
                server.broken.update(server.opened)
            if has_come:
                holder.__exit__(None, None, None)
                assert self.is_set()
            raise Interrupted

    holder = queue.one()
    holder.__enter__()
    with monkeypatch.context() as patch:
        patch.setattr(connection_queue.threading, "Event", Event)
        with pytest.raises(Interrupted), queue.one():
            pass
    if not has_come:
        holder.__exit__(None, None, None)
    assert waiting(queue) == 0
    with queue.one() as connection:
        assert connection == ("connection 1" if has_come and not has_connection else "connection 0")


def test_a_thread_that_is_interrupted_while_the_server_is_full_leaves_nothing_behind(server, monkeypatch):
    queue = queue_of(server, most=1)
    server.refuses = [Full()]

    class Event(threading.Event):
        def wait(self, timeout=None):
            if self.is_set():
                return True
            raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(connection_queue.threading, "Event", Event)
        with pytest.raises(Interrupted), queue.one():
            pass
    assert (waiting(queue), queue._open) == (0, 0)
    with queue.one() as connection:
        assert connection == "connection 0"


def test_a_forked_child_opens_its_own_and_leaves_those_of_its_parent_open(server):
    queue = queue_of(server, most=1)
    holder = queue.one()
    holder.__enter__()
    queue.after_fork()  # what a child does, in which no thread gives the connection back
    with queue.one() as connection:
        assert connection == "connection 1"
    assert server.closed == []
