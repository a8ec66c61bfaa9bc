# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Programs that open connections to the callback port and send slowly, much or nothing, while a login waits."""

import errno
import os
import select
import socket
import threading
import time
from contextlib import ExitStack, suppress

import pytest

from tests.fakes.threads import LONGEST_WAIT
from tests.login.test_loopback import ANSWER, answered, login
from tests.requirements import requirement
from valetkey.login import connections, listener, page
from valetkey.login.connections import MOST_CONNECTIONS, Connections, listen

DRIPPING = 500


def connected(running, stack):
    """Another program's connection, which ends with the block."""
    return stack.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=LONGEST_WAIT))


def is_closed(connection, within=LONGEST_WAIT):
    """Whether the listener has closed a connection, or does so within some seconds."""
    if not select.select([connection], [], [], within)[0]:
        return False
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def threads_of_logins():
    return [thread for thread in threading.enumerate() if thread.name == "valetkey-callback"]


@requirement("NAT-7")
@pytest.mark.parametrize("sent", [b"", b"G", b"GET /callback HTTP/1.1\r\nX: "], ids=["nothing", "a byte", "a head"])
def test_the_answer_gets_through_while_many_connections_drip(sent):
    """Row I17."""
    threads = len(threads_of_logins())
    with login() as running, ExitStack() as stack:
        drips = [connected(running, stack) for _ in range(DRIPPING)]
        for drip in drips:
            try:
                drip.sendall(sent)
            except ConnectionError:
                assert is_closed(drip)
        assert len(threads_of_logins()) == threads + 1
        assert answered(running).status == 200
        still_open = [drip for drip in drips if not is_closed(drip, 0)]
        assert len(still_open) <= MOST_CONNECTIONS
        assert still_open == drips[len(drips) - len(still_open) :]
    assert len(threads_of_logins()) == threads
    assert running.callback is not None


@pytest.mark.parametrize("drop", [b"", b"X"], ids=["nothing", "bytes"])
def test_a_connection_has_a_time_limit_in_all_however_often_it_sends(drop, monkeypatch):
    """Row I17."""
    monkeypatch.setattr(connections, "LONGEST_EXCHANGE", 0.3)
    with login() as running, ExitStack() as stack:
        drip = connected(running, stack)
        drip.sendall(b"GET /callback HTTP/1.1\r\nX: ")
        begun = time.monotonic()
        while not is_closed(drip, 0.01) and time.monotonic() < begun + LONGEST_WAIT:
            try:
                drip.sendall(drop)
            except ConnectionError:
                break
        assert 0.2 < time.monotonic() - begun < LONGEST_WAIT
        assert answered(running).status == 200


@pytest.mark.parametrize("sent", [b"A" * (1 << 17), b"GET /callback HTTP/1.1\r\n" + b"X: y\r\n" * (1 << 15)])
def test_a_request_without_an_end_is_not_read_on(sent):
    """Row I17."""
    with login() as running, ExitStack() as stack:
        endless = connected(running, stack)
        endless.settimeout(LONGEST_WAIT)
        with suppress(ConnectionError):
            endless.sendall(sent)
        assert endless.recv(1 << 20).startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        assert is_closed(endless)
        assert answered(running).status == 200


def test_a_browser_with_too_many_cookies_is_told_the_way_on():
    """Row I17."""
    with login() as running:
        response = running.ask(ANSWER, headers={"Cookie": "c" * (1 << 16)})
        assert (response.status, response.body) == (431, page.too_long_page())
        assert running.is_waiting()


def test_a_browser_that_tries_https_first_is_refused_at_once():
    """Row I17."""
    with login() as running, ExitStack() as stack:
        browser = connected(running, stack)
        begun = time.monotonic()
        browser.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        assert is_closed(browser)
        assert time.monotonic() - begun < connections.LONGEST_EXCHANGE / 2


def test_a_request_that_comes_byte_by_byte_is_read():
    with login() as running, ExitStack() as stack:
        slow = connected(running, stack)
        for byte in f"GET /other HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n\r\n".encode():
            slow.sendall(bytes([byte]))
        assert slow.recv(100).startswith(b"HTTP/1.1 404 Not Found\r\n")


@pytest.mark.parametrize("break_", ["\n", "\r\n"])
def test_a_line_may_end_without_a_carriage_return(break_):
    """RFC 9112 §2.2."""
    with login() as running, ExitStack() as stack:
        browser = connected(running, stack)
        lines = [f"GET {ANSWER} HTTP/1.1", f"Host: 127.0.0.1:{running.port}", "", ""]
        browser.sendall(break_.join(lines).encode())
        running.outcome()
        running.attempt.conclude(None)
        assert browser.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_the_browser_that_waits_for_the_result_is_not_closed_for_others():
    with login() as running, ExitStack() as stack:
        browser = running.connect()
        browser.request("GET", ANSWER)
        running.outcome()
        drips = [connected(running, stack) for _ in range(2 * MOST_CONNECTIONS)]
        assert is_closed(drips[0])
        running.attempt.conclude(None)
        assert b"You are logged in" in browser.getresponse().read()
        browser.close()


def test_each_browser_that_brings_the_answer_reads_the_result():
    """A reload, a second tab, a virus scanner that opens the address before the browser does. Row I17."""
    with login() as running, ExitStack() as stack:
        asked = f"GET {ANSWER} HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n\r\n".encode()
        reloaded = connected(running, stack)
        reloaded.sendall(asked)
        running.outcome()
        reloaded.close()
        browsers = [connected(running, stack) for _ in range(3)]
        for browser in browsers:
            browser.sendall(asked)
        assert not is_closed(browsers[-1], 0.1)
        running.attempt.conclude(None)
        for browser in browsers:
            assert b"You are logged in" in browser.makefile("rb").read()


def test_only_so_many_browsers_wait_and_the_oldest_is_told_to_look_at_the_program(monkeypatch):
    """Row I17."""
    monkeypatch.setattr(connections, "MOST_WAITING", 2)
    with login() as running, ExitStack() as stack:
        browsers = [connected(running, stack) for _ in range(4)]
        for browser in browsers:
            browser.sendall(f"GET {ANSWER} HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n\r\n".encode())
            running.outcome()
        early = [browser.makefile("rb").read() for browser in browsers[:2]]
        running.attempt.conclude(None)
        late = [browser.makefile("rb").read() for browser in browsers[2:]]
        assert [b"Almost there" in each for each in early] == [True, True]
        assert [b"You are logged in" in each for each in late] == [True, True]


def test_a_browser_that_waits_too_long_is_told_to_look_at_the_program(monkeypatch):
    monkeypatch.setattr(listener, "_PATIENCE", 0.05)
    with login() as running:
        browser = running.connect()
        browser.request("GET", ANSWER)
        assert browser.getresponse().read() == page.undecided_page()
        browser.close()
        running.attempt.conclude(None)


def test_strangers_get_no_page_after_some_and_the_answer_still_counts(monkeypatch):
    """Row I17."""
    monkeypatch.setattr(listener, "_MOST_STRAYS", 3)
    with login() as running, ExitStack() as stack:
        for _ in range(3):
            assert running.ask("/").status == 404
        stranger = connected(running, stack)
        stranger.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n\r\n".encode())
        assert stranger.recv(100) == b""
        assert answered(running).status == 200


class Plain:
    """Connections that answer without a login."""

    def __init__(self, answer, patience=LONGEST_WAIT):
        self.listener = listen("127.0.0.1", 0)
        self.connections = Connections([self.listener], answer, for_now=b"for now", patience=patience)
        self.address = self.listener.getsockname()

    def __enter__(self):
        self.connections.__enter__()
        return self

    def __exit__(self, kind, error, traceback):
        self.connections.__exit__(kind, error, traceback)

    def asked(self):
        connection = socket.create_connection(self.address, timeout=LONGEST_WAIT)
        connection.sendall(b"head\r\n\r\n")
        return connection


def test_a_request_that_makes_the_listener_stumble_ends_alone():
    def stumble(head):
        raise RuntimeError(head)

    with Plain(stumble) as plain:
        for _ in range(2):
            with plain.asked() as connection:
                assert connection.recv(10) == b""


def test_an_answer_that_is_longer_than_what_a_connection_takes_at_once_arrives():
    long = b"x" * (1 << 24)
    with Plain(lambda head: long) as plain, plain.asked() as connection, connection.makefile("rb") as stream:
        assert stream.read() == long


def test_a_program_that_takes_no_answer_is_not_waited_for():
    long = b"x" * (1 << 24)
    with Plain(lambda head: long) as plain:
        connection = plain.asked()
        assert connection.recv(1) == b"x"
    connection.close()
    assert threads_of_logins() == []


def test_what_waits_when_the_listening_ends_gets_what_there_is_for_now():
    kept = threading.Event()
    with Plain(lambda head: kept.set()) as plain:
        connection = plain.asked()
        assert kept.wait(LONGEST_WAIT)
    assert connection.recv(100) == b"for now"
    connection.close()


class Full(socket.socket):
    """A listener of a process that has no file descriptor left, as often as `times` says."""

    times = 0

    def accept(self):
        if self.times:
            self.times -= 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return super().accept()


def test_where_no_file_descriptor_is_left_the_oldest_connection_makes_room():
    """Row I17."""
    full = Full(fileno=listen("127.0.0.1", 0).detach())
    full.setblocking(False)
    with Connections([full], lambda head: b"page", for_now=b"", patience=1), ExitStack() as stack:

        def connect():
            return stack.enter_context(socket.create_connection(full.getsockname(), timeout=LONGEST_WAIT))

        full.times = 1
        oldest = asks(connect())  # there is none to close yet: it waits until there is room
        assert oldest.recv(10) == b"page"
        drips = [connect() for _ in range(3)]
        assert asks(connect()).recv(10) == b"page"  # all of them are accepted by now
        full.times = 1
        assert asks(connect()).recv(10) == b"page"
        assert is_closed(drips[0])
        assert not is_closed(drips[1], 0)


def asks(connection):
    connection.sendall(b"head\r\n\r\n")
    return connection
