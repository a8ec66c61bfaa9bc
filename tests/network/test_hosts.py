# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a host says of itself, in every notation that some program on the way reads as an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.network.names import NameServer
from tests.network.server import WireServer, answer
from tests.network.test_sender import HERE, PROXIES
from tests.requirements import requirement
from valetkey._network.addresses import AddressKind
from valetkey._network.guard import Guard
from valetkey._network.hosts import kind_of_host, numeric_address
from valetkey._network.proxies import proxy_for
from valetkey._network.sender import HttpSender
from valetkey.errors import InsecureEndpoint, TemporaryError
from valetkey.wire import HttpRequest

PUBLIC = "https://8.8.8.8/mcp"

KINDS = {
    AddressKind.METADATA: (
        *("169.254.169.254", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "169.254.43518", "169.16689662"),
        *("0xA9.0xFE.0xA9.0xFE", "00251.254.169.254", "[::ffff:169.254.169.254]", "[::FFFF:A9FE:A9FE]"),
        *("100.100.100.200", "168.63.129.16", "[fd00:ec2::254]"),
        *("metadata.google.internal", "METADATA.Google.Internal", "metadata.goog", "instance-data"),
    ),
    AddressKind.LOOPBACK: (
        *("127.0.0.1", "127.1", "2130706433", "0177.0.0.1", "0x7f000001", "0x7F.1", "127.255.255.254"),
        *("[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::FFFF:7F00:1]"),
        *("localhost", "LOCALHOST", "any.localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"),
    ),
    AddressKind.PRIVATE: ("10.0.0.5", "0xa.5", "167772165", "192.168.257", "[::ffff:10.0.0.5]", "[fd00::1]"),
    AddressKind.RESERVED: (
        *("0.0.0.0", "0", "[::]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "255.255.255.255"),
        *("1.2.3.4.5", "4294967297", "256.1.1.1", "127.0.0.0x", "08.1.1.1", "as.example.0x7f000001", "as.example.1"),
    ),
}
SPECIAL = [(host, kind) for kind, hosts in KINDS.items() for host in hosts]
DOTS = ["", ".", ".."]


def spelled(host, dots):
    return host if host.startswith("[") else host + dots


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["direct", "HTTPS_PROXY", "ALL_PROXY", "socks"])
def proxy(request, monkeypatch):
    """A proxy of each kind, and none; the sender may not connect to it in any case."""
    with WireServer(lambda peer: peer.send(answer("403 Forbidden"))) as server:
        if request.param == "socks":
            monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{server.port}")
        elif request.param != "direct":
            monkeypatch.setenv(request.param, server.url)
        yield server
        assert server.connections == 0


def post(url, names, server_url):
    return HttpSender(Guard(server_url, resolve=names))(HttpRequest("POST", url, "renew the token", body=b"s3cret"))


@requirement("SEC-4", "SEC-8")
@pytest.mark.parametrize("dots", DOTS)
@pytest.mark.parametrize(("host", "kind"), SPECIAL)
def test_a_special_host_is_refused_in_every_notation_with_a_proxy_and_without(host, kind, dots, proxy):
    """No name server is asked, and the proxy hears nothing. Row I12."""
    url, names = f"https://{spelled(host, dots)}/token", NameServer()
    assert kind_of_host(spelled(host, dots).strip("[]")) is kind
    with pytest.raises(InsecureEndpoint) as caught:
        post(url, names, PUBLIC)
    assert caught.value.url == url
    assert kind.value in str(caught.value) or "is not a URL" in str(caught.value)  # httpx2 refuses some of them too
    assert names.asked == []


@requirement("SEC-1", "SEC-4")
@pytest.mark.parametrize(
    "host",
    [
        *("１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1", "169.254.169.254。", "ⓛocalhost"),
        *("[fe80::1%25eth0]", "[fe80::1%eth0]", "127.0.0.1%2e", "[::1", "127.0.0.1%00", "[127.0.0.1]", "[v1.x]"),
    ],
)
def test_a_host_that_programs_do_not_read_alike_is_no_host(host, proxy):
    """Row I12."""
    with pytest.raises(InsecureEndpoint):
        post(f"https://{host}/token", NameServer(), PUBLIC)


@requirement("SEC-8")
@pytest.mark.parametrize("dots", DOTS)
@pytest.mark.parametrize("host", [host for host in KINDS[AddressKind.LOOPBACK] if host != "0177.0.0.1"])
def test_what_is_on_this_computer_is_never_asked_through_a_proxy(host, dots, monkeypatch):
    """To the proxy, the same text would be its own computer. Row I12."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with WireServer() as server:
        name = spelled(host, dots)
        names = NameServer(**{name.lower().replace(".", "_"): ["127.0.0.1"]})
        url = f"https://{name}:{server.port}/token"
        with pytest.raises(TemporaryError, match="cannot be reached") as caught:
            post(url, names, HERE)
        assert "proxy" not in str(caught.value)


@pytest.mark.parametrize("dots", DOTS)
@pytest.mark.parametrize("no_proxy", ["as.example", ".example", "as.example.:443", "*.example."])
def test_a_dot_at_the_end_of_a_name_is_no_difference_to_no_proxy(no_proxy, dots, monkeypatch):
    """Rows I12, E7."""
    monkeypatch.setenv("HTTPS_PROXY", "http://one:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert proxy_for(f"https://AS.example{dots}/") is None


@requirement("SEC-4", "SEC-7")
@pytest.mark.parametrize(
    "answers",
    [["8.8.8.8", "127.0.0.1"], ["8.8.8.8", "::1"], ["2606:4700::1", "10.0.0.1"], ["8.8.8.8", "fd00::1"]],
)
@pytest.mark.parametrize("host", ["as.example", "as.example.", "AS.EXAMPLE"])
def test_a_name_with_one_special_address_is_refused_also_with_a_dot(host, answers):
    """So are aliases (CNAME): the addresses count, whatever led to them. Row I12."""
    names = NameServer(**{host.lower().replace(".", "_"): answers})
    with pytest.raises(InsecureEndpoint, match="leads to"):
        post(f"https://{host}/token", names, PUBLIC)


@pytest.mark.parametrize(
    "host", ["as.example", "as.example.", "x1", "127.example", "0x7f.example", "localhost.example", "a1", "1e100.net"]
)
def test_an_honest_name_is_for_the_name_server(host):
    assert kind_of_host(host) is None


@given(st.text(max_size=40))
def test_any_text_is_read_without_an_error(text):
    assert kind_of_host(text) in (None, *AddressKind)


@given(st.ip_addresses(v=4), st.sampled_from(DOTS))
def test_an_address_is_the_same_in_every_notation(address, dots):
    number = int(address)
    for text in (str(address), str(number), hex(number), f"0{number:o}", hex(number).upper().replace("X", "x")):
        assert numeric_address(text + dots) == address
