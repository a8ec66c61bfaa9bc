# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Looking names up takes no more time than an exchange has, and holds up nobody."""

import os
import socket
import threading

import pytest

from tests.fakes.threads import LONGEST_WAIT, until
from tests.network.names import NameServer, SilentNameServer
from tests.network.server import WireServer, answer
from tests.network.test_sender import HERE, failing_in_time
from tests.processes.child import Child
from tests.requirements import requirement
from valetkey._network import resolver
from valetkey._network.addresses import address_of
from valetkey._network.guard import Guard
from valetkey._network.hosts import numeric_address
from valetkey._network.resolver import addresses_of, look_up, start_lookup
from valetkey._network.sender import HttpSender, UnknownOutcome
from valetkey.wire import HttpRequest

UNANSWERED = """
    import socket, threading
    from valetkey.errors import TemporaryError
    from valetkey._network.guard import Guard
    from valetkey._network.sender import HttpSender, UnknownOutcome
    from valetkey.wire import HttpRequest

    def silence(host, *arguments, flags=0, **options):
        if host not in (asked, asked.encode()) or flags & socket.AI_NUMERICHOST:
            return system(host, *arguments, flags=flags, **options)
        print("asked", flush=True)
        threading.Event().wait()

    system, socket.getaddrinfo = socket.getaddrinfo, silence
    asked = "{asked}"
    try:
        sender = HttpSender(Guard("https://8.8.8.8/mcp", longest_exchange=3.0))
        sender(HttpRequest("POST", "https://as.example/", "renew the token"))
    except TemporaryError as error:
        outcome = "unknown outcome" if isinstance(error, UnknownOutcome) else "not sent"
        print(outcome, flush=True)
"""


@pytest.fixture
def silent():
    names = SilentNameServer()
    yield names
    names.release()


@requirement("SEC-9")
def test_a_name_server_that_says_nothing_has_no_more_time_than_connecting(silent):
    with failing_in_time() as caught:
        HttpSender(Guard(HERE, longest_exchange=0.6, resolve=silent))(
            HttpRequest("POST", "https://as.example/token", "renew the token", body=b"x")
        )
    assert not isinstance(caught.value, UnknownOutcome)
    assert "https://as.example/token cannot be reached" in caught.value.message
    assert silent.asked == ["as.example"]


@requirement("SEC-9")
def test_the_mcp_server_is_looked_up_in_the_same_time(silent):
    with failing_in_time() as caught:
        HttpSender(Guard("https://mcp.example/mcp", longest_exchange=0.6, resolve=silent))(
            HttpRequest("GET", "https://10.0.0.1/", "read a document")
        )
    assert not isinstance(caught.value, UnknownOutcome)
    assert silent.asked == ["mcp.example"]


@requirement("SEC-9")
@pytest.mark.parametrize(
    ("asked", "environment"),
    [
        ("as.example", {"HTTPS_PROXY": "", "https_proxy": "", "ALL_PROXY": "", "all_proxy": ""}),
        ("proxy.example", {"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "", "no_proxy": ""}),
    ],
    ids=["the server's name", "the proxy's name"],
)
def test_a_lookup_that_never_ends_holds_up_neither_the_caller_nor_the_end_of_the_process(asked, environment):
    with Child(UNANSWERED.replace("{asked}", asked), environment=environment) as child:
        code, output, errors = child.end()
    assert (code, output.split("\n"), errors) == (0, ["asked", "not sent", ""], "")


def test_addresses_are_read_in_every_notation_of_the_system_and_names_in_none():
    for text in ("127.0.0.1", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "0x7f000001"):
        assert numeric_address(text) == address_of("127.0.0.1")
    assert numeric_address("::FFFF:10.0.0.1") == address_of("::ffff:a00:1")
    for name in ("localhost", "as.example", "1.2.3.4.5", "a..b", "a" * 64 + ".example", ""):
        assert numeric_address(name) is None


def test_the_system_knows_this_computer_and_no_host_with_an_empty_label():
    assert "127.0.0.1" in look_up("127.0.0.1", 80)
    for host in ("a..b", "a" * 64 + ".example"):
        with pytest.raises(OSError, match="is not a host name"):
            look_up(host, 80)


def test_each_address_is_given_once_and_in_order():
    names = NameServer(as_example=["::2", "10.0.0.1", "::2", "fe80::1%eth0"])
    found = addresses_of("as.example", 443, names, 10.0)
    assert [str(address) for address in found] == ["::2", "10.0.0.1", "fe80::1%eth0"]


def test_an_address_is_not_looked_up():
    names = NameServer()
    assert addresses_of("127.1", 443, names, 10.0) == (address_of("127.0.0.1"),)
    assert names.asked == []
    with pytest.raises(socket.gaierror):
        addresses_of("as.example", 443, names, 10.0)


def test_several_lookups_run_side_by_side(silent):
    waiting = [start_lookup(silent, name, 443) for name in ("a.example", "b.example", "c.example")]
    silent.release()
    assert [future.result(LONGEST_WAIT) for future in waiting] == [["127.0.0.1"]] * 3


def test_lookups_of_one_host_at_the_same_moment_share_a_thread_and_none_joins_one_that_may_hang(silent, monkeypatch):
    first, second = start_lookup(silent, "as.example", 443), start_lookup(silent, "as.example", 443)
    other = start_lookup(silent, "as.example", 8443)
    assert first is second is not other
    with monkeypatch.context() as later:
        later.setattr(resolver, "_SHARED_SECONDS", 0.0)
        assert start_lookup(silent, "as.example", 443) is not first
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: -1)
        assert start_lookup(silent, "as.example", 8443) is not other
    silent.release()
    assert first.result(LONGEST_WAIT) == other.result(LONGEST_WAIT) == ["127.0.0.1"]
    assert silent.asked == ["as.example"] * 4
    until(lambda: not [name for name in resolver._latest if name[0] is silent])
    assert start_lookup(silent, "as.example", 443).result(LONGEST_WAIT) == ["127.0.0.1"]


def test_a_lookup_that_takes_too_long_goes_on_in_the_background(silent):
    with pytest.raises(TimeoutError):
        addresses_of("as.example", 443, silent, 0.05)
    silent.release()
    assert silent.asked == ["as.example"]


def test_where_no_thread_can_be_started_any_more_the_name_is_looked_up_in_the_thread_that_asks(monkeypatch):
    """Python 3.12 starts none while the process ends, and a renewal that has begun is brought to its end."""

    def refuse(thread):
        message = "can't create new thread at interpreter shutdown"
        raise RuntimeError(message)

    with monkeypatch.context() as ending:
        ending.setattr(threading.Thread, "start", refuse)
        assert start_lookup(lambda host, port: [host], "as.example", 443).result(0) == ["as.example"]


def test_an_error_of_a_lookup_reaches_the_thread_that_waits():
    with pytest.raises(socket.gaierror):
        start_lookup(NameServer(), "as.example", 443).result(10)


def test_this_computer_is_asked_without_a_lookup():
    names = NameServer()
    with WireServer(lambda peer: peer.send(answer())) as server:
        assert HttpSender(Guard(HERE, resolve=names))(HttpRequest("GET", server.url, "read")).status == 200
    assert names.asked == []


def test_an_address_is_given_with_its_zone(monkeypatch):
    """`getaddrinfo` gives the zone as a number, and apart."""
    stream = (socket.AF_INET6, socket.SOCK_STREAM, 6, "")
    entries = [(*stream, ("fe80::1", 443, 0, 4)), (*stream, ("fd00::1", 443, 0, 0)), (*stream, ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: entries)
    assert look_up("mcp.local", 443) == ["fe80::1%4", "fd00::1", "10.0.0.1"]
