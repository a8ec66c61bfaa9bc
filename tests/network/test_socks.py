# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A SOCKS5 proxy as RFC 1928 and RFC 1929 have it, and proxies that do not keep to them."""

import socket
import threading
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address, ip_address

import httpcore2
import pytest

from tests.fakes.threads import LONGEST_WAIT
from tests.network.names import NameServer
from tests.network.test_sender import PROXIES
from tests.requirements import requirement
from valetkey._network.clock import ExchangeClock
from valetkey._network.guard import Guard
from valetkey._network.pinning import PinnedBackend
from valetkey._network.sender import HttpSender
from valetkey._network.socks import SocksBackend
from valetkey.errors import TemporaryError
from valetkey.wire import HttpRequest, UnknownOutcome

NO_PASSWORD, CONNECTED = b"\x05\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"


class SocksProxy:
    """Gives one answer to each message, byte by byte if `drips`, and remembers the messages."""

    def __init__(self, *answers, drips=False):
        self.heard = []
        self.was_closed = False
        self._answers, self._drips = answers, drips
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def serve(self):
        connection, _ = self._listener.accept()
        connection.settimeout(LONGEST_WAIT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, self._listener:
            for answer in self._answers:
                self.heard.append(connection.recv(4096))
                for part in [bytes([byte]) for byte in answer] if self._drips else [answer]:
                    connection.sendall(part)
            with suppress(OSError):  # the client may have ended the connection
                connection.shutdown(socket.SHUT_WR)
            self.was_closed = has_closed(connection)


def has_closed(connection):
    """Wait until the other side has closed the connection, with what it has not read or without."""
    try:
        while connection.recv(4096):
            """It still says something."""
    except ConnectionResetError:
        return True
    return True


@contextmanager
def serving(*answers, drips=False):
    proxy = SocksProxy(*answers, drips=drips)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    yield proxy
    thread.join(LONGEST_WAIT)
    assert not thread.is_alive()


def connect(proxy, host="as.example", user=None):
    clock = ExchangeClock()
    clock.start(10.0)
    backend = PinnedBackend(lambda host, port: [IPv4Address("127.0.0.1")], clock)
    return SocksBackend(backend, ("proxy.example", proxy.port), user).connect_tcp(host, 443)


@requirement("SEC-8")
@pytest.mark.parametrize("drips", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("as.example", b"\x03\x0aas.example"),
        ("8.8.8.8", b"\x01\x08\x08\x08\x08"),
        ("2001:db8::1", b"\x04" + ip_address("2001:db8::1").packed),
    ],
)
def test_the_proxy_is_told_the_host_and_what_follows_is_the_servers(host, written, drips):
    with serving(NO_PASSWORD, CONNECTED + b"the server's", drips=drips) as proxy:
        stream = connect(proxy, host)
        received = b""
        while part := stream.read(100):
            received += part
        stream.close()
    assert received == b"the server's"
    assert proxy.heard == [b"\x05\x01\x00", b"\x05\x01\x00" + written + b"\x01\xbb"]


@requirement("SEC-8")
def test_a_proxy_that_wants_a_password_gets_it():
    with serving(b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x03\x01h\x00\x50") as proxy:
        connect(proxy, user=(b"user", b"s3cret")).close()
    assert proxy.heard[:2] == [b"\x05\x01\x02", b"\x01\x04user\x06s3cret"]


WRONG = {
    "nothing": [b""],
    "half an answer": [b"\x05"],
    "SOCKS4": [b"\x00\x5a"],
    "no method": [b"\x05\xff"],
    "a password nobody has given": [b"\x05\x02"],
    "refused": [NO_PASSWORD, b"\x05\x05\x00\x01" + bytes(6)],
    "a reply of no meaning": [NO_PASSWORD, b"\x05\x99\x00\x01" + bytes(6)],
    "an address of no kind": [NO_PASSWORD, b"\x05\x00\x00\x09" + bytes(6)],
    "half a reply": [NO_PASSWORD, b"\x05\x00"],
}


@requirement("SEC-8")
@pytest.mark.parametrize("answers", WRONG.values(), ids=WRONG.keys())
def test_a_proxy_that_does_not_connect_is_left(answers):
    with serving(*answers) as proxy, pytest.raises(httpcore2.ProxyError) as caught:
        connect(proxy)
    assert proxy.was_closed
    del caught  # its traceback would keep an open socket alive


@pytest.mark.parametrize(
    ("host", "user"), [("a." * 150 + "example", None), ("as.example", (b"u" * 256, b"p"))], ids=["host", "user"]
)
def test_a_name_that_is_too_long_for_the_protocol_is_not_reached(host, user):
    answers = [NO_PASSWORD] if user is None else [b"\x05\x02"]
    with serving(*answers) as proxy, pytest.raises(httpcore2.ProxyError):
        connect(proxy, host, user)


@requirement("SEC-8")
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_of_the_environment_is_used_and_its_refusal_leaves_nothing_sent(scheme, monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    names = NameServer()
    with serving(NO_PASSWORD, b"\x05\x02\x00\x01" + bytes(6)) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{proxy.port}")
        send = HttpSender(Guard("https://8.8.8.8/mcp", resolve=names))
        with pytest.raises(TemporaryError, match="The proxy does not connect to") as caught:
            send(HttpRequest("POST", "https://as.example/token", "renew the token", body=b"s3cret"))
    assert not isinstance(caught.value, UnknownOutcome)
    assert names.asked == []
    assert not any(b"s3cret" in message for message in proxy.heard)
