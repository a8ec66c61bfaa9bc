# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What goes through a proxy, what past it, and what the guard can still say then."""

import base64
import logging

import pytest

from tests.network.certificates import make_certificates
from tests.network.names import NameServer
from tests.network.server import WireServer, answer
from tests.network.test_sender import PROXIES
from tests.requirements import requirement
from valetkey._network.guard import Guard
from valetkey._network.proxies import proxy_for
from valetkey._network.sender import HttpSender, UnknownOutcome
from valetkey.errors import ConfigurationError, InsecureEndpoint, TemporaryError
from valetkey.settings import Network
from valetkey.wire import HttpRequest

PUBLIC = "https://8.8.8.8/mcp"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def proxy(monkeypatch):
    with WireServer(lambda peer: peer.send(answer("403 Forbidden"))) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        yield server


def post(url, names, server_url=PUBLIC):
    return HttpSender(Guard(server_url, resolve=names))(HttpRequest("POST", url, "renew the token", body=b"s3cret"))


@requirement("SEC-8")
def test_names_are_for_the_proxy_to_look_up(proxy):
    names = NameServer()
    with pytest.raises(TemporaryError, match="The proxy does not connect to") as caught:
        post("https://as.example/token", names)
    assert not isinstance(caught.value, UnknownOutcome)
    assert proxy.requests[0].startswith(b"CONNECT as.example:443 ")
    assert names.asked == []


@pytest.mark.parametrize("host", [".as.example", "as..example", f"{'a' * 64}.example"])
def test_a_name_that_none_can_have_is_not_reached_through_a_proxy_either(host, monkeypatch):
    with WireServer(lambda peer: peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        with pytest.raises(TemporaryError, match="cannot be reached"):
            post(f"https://{host}/token", NameServer())


@requirement("SEC-8")
def test_a_proxy_at_several_addresses_gets_no_handshake_without_its_connect(monkeypatch):
    """A handshake that fails is the fault of the server behind the proxy; another address would not know the tunnel."""
    with (
        WireServer(lambda peer: peer.send(b"HTTP/1.1 200 OK\r\n\r\n", b"no TLS")) as first,
        WireServer(port=first.port, host="127.0.0.2") as second,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://proxy.example:{first.port}")
        with pytest.raises(TemporaryError, match="cannot be reached"):
            post("https://as.example/token", NameServer(proxy_example=["127.0.0.1", "127.0.0.2"]))
    assert (first.connections, second.connections) == (1, 0)


@pytest.mark.parametrize("place", ["nowhere.example:3128", "127.0.0.1:1"])
def test_a_proxy_that_is_not_reached_is_named_as_the_cause(place, monkeypatch):
    """Else the person would look at the server's host name. Row F1."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:s3cret@{place}")
    with pytest.raises(TemporaryError, match="cannot be reached: its proxy cannot be reached") as caught:
        post("https://as.example/token", NameServer())
    assert "the proxy" in caught.value.hint
    assert "s3cret" not in str(caught.value)


@requirement("SEC-4", "SEC-8")
@pytest.mark.parametrize(
    "host", ["10.0.0.5", "169.254.169.254", "[fd00::1]", "[::ffff:10.0.0.1]", "167772161", "0xa9fea9fe", "0.0.0.0"]
)
def test_a_special_address_is_refused_before_the_proxy_hears_of_it(proxy, host):
    with pytest.raises(InsecureEndpoint):
        post(f"https://{host}/token", NameServer())
    assert proxy.connections == 0


@requirement("SEC-8")
def test_a_private_address_may_be_asked_through_a_proxy_by_a_server_that_lives_at_one(proxy):
    with pytest.raises(TemporaryError, match="The proxy does not connect to"):
        post("https://10.0.0.5/token", NameServer(), "https://10.0.0.7/mcp")
    assert proxy.requests[0].startswith(b"CONNECT 10.0.0.5:443 ")


@requirement("SEC-4", "SEC-8")
@pytest.mark.parametrize(
    "no_proxy", ["as.example", ".example", "*.example", "*", "as.example:443", "other, as.example"]
)
def test_what_goes_past_the_proxy_is_checked_like_everything_else(proxy, no_proxy, monkeypatch):
    monkeypatch.setenv("NO_PROXY", no_proxy)
    names = NameServer(as_example=["10.0.0.5"])
    with pytest.raises(InsecureEndpoint):
        post("https://as.example:443/token", names)
    assert names.asked == ["as.example"]
    assert proxy.connections == 0


@requirement("SEC-1", "SEC-8")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "2130706433", "[::ffff:127.0.0.1]"])
def test_this_computer_is_asked_past_the_proxy_however_it_is_written(proxy, host, tmp_path):
    names = NameServer(localhost=["127.0.0.1"])
    with WireServer(lambda peer: None, tls=make_certificates(tmp_path).context("self-signed")) as server:
        with pytest.raises(TemporaryError, match="does not prove with a certificate"):
            post(f"https://{host}:{server.port}/token", names, "http://127.0.0.1/mcp")
        assert server.connections == 1
    assert proxy.connections == 0


@requirement("SEC-12")
@pytest.mark.parametrize(
    "unusable",
    [
        *("ftp://user:s3cret@proxy.example", "http://user:s3cret@proxy:no", "socks4://user:s3cret@proxy"),
        *("http://user:s3cret@", "http://user:s3cret@proxy:99999", "http://user:s3cret@proxy/path", "http://[::1"),
        *("http://user:s3#cret@proxy:3128", "user:s3cret@", "http://user:s3cret@pro xy", "socks://proxy:1080"),
    ],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "Https_Proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_that_is_none_is_told_by_the_name_of_its_variable(unusable, variable, monkeypatch):
    """Row E7."""
    monkeypatch.setenv(variable, unusable)
    with pytest.raises(ConfigurationError, match=f"^{variable} names a proxy that cannot be used") as caught:
        post("https://as.example/token", NameServer())
    assert "http://host:port" in caught.value.hint
    assert "s3" not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize("exempt", ["as.example", "*"])
def test_a_proxy_that_is_none_is_no_matter_where_it_is_not_used(exempt, monkeypatch):
    """Row E7."""
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy.example")
    monkeypatch.setenv("NO_PROXY", exempt)
    with pytest.raises(TemporaryError, match="the host name is not known"):
        post("https://as.example/token", NameServer())


@requirement("SEC-8")
def test_an_ipv6_address_stands_in_brackets_in_what_the_proxy_is_asked(proxy):
    """Without them, the port would be a part of the address (RFC 9112 §3.2.3)."""
    with pytest.raises(TemporaryError, match="The proxy does not connect to"):
        post("https://[2606:4700::1111]/token", NameServer())
    assert proxy.requests[0].startswith(b"CONNECT [2606:4700::1111]:443 ")
    assert b"\r\nHost: [2606:4700::1111]:443\r\n" in proxy.requests[0]


@requirement("SEC-8", "SEC-10")
def test_tls_to_an_ipv6_address_behind_a_proxy_is_for_the_address(monkeypatch, tmp_path):
    certificates = make_certificates(tmp_path)

    def tunnel(peer):
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        peer.speak_tls(certificates.context("as.example"))

    with WireServer(tunnel) as server:
        network = Network(proxy=server.url, certificate_authorities=certificates.authority)
        with pytest.raises(TemporaryError, match=r"IP address mismatch.*2606:4700::1111"):
            send_with(network, "https://[2606:4700::1111]/token")


# The user's own proxy.


def send_with(network, url, names=None):
    guard = Guard(PUBLIC, resolve=names or NameServer())
    return HttpSender(guard, network)(HttpRequest("POST", url, "renew the token", body=b"s3cret"))


@requirement("SEC-8")
@pytest.mark.parametrize("no_proxy", ["", "*", "as.example"])
def test_the_users_own_proxy_comes_before_everything_in_the_environment(proxy, no_proxy, monkeypatch):
    """NO_PROXY belongs to the proxies of the environment."""
    monkeypatch.setenv("NO_PROXY", no_proxy)
    with (
        WireServer(lambda peer: peer.send(answer("403 Forbidden"))) as own,
        pytest.raises(TemporaryError, match="The proxy does not connect to"),
    ):
        send_with(Network(proxy=own.url), "https://as.example/token")
    assert own.requests[0].startswith(b"CONNECT as.example:443 ")
    assert proxy.connections == 0


@requirement("SEC-8")
def test_none_is_no_proxy_whatever_the_environment_says(proxy):
    names = NameServer()
    with pytest.raises(TemporaryError, match="the host name is not known"):
        send_with(Network(proxy="none"), "https://as.example/token", names)
    assert names.asked == ["as.example"]
    assert proxy.connections == 0


@requirement("SEC-1", "SEC-8")
def test_a_request_to_this_computer_goes_past_the_users_own_proxy_too():
    with WireServer() as own, WireServer(lambda peer: peer.send(answer())) as server:
        guard = Guard("http://127.0.0.1/mcp")
        assert HttpSender(guard, Network(proxy=own.url))(HttpRequest("GET", server.url, "read")).status == 200
    assert own.connections == 0


@requirement("SEC-8", "SEC-12")
@pytest.mark.parametrize("by", ["environment", "network"])
def test_the_password_of_a_proxy_goes_to_the_proxy_and_nowhere_else(by, tmp_path, monkeypatch):
    certificates, inner = make_certificates(tmp_path), []

    def tunnel(peer):
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        inside = peer.speak_tls(certificates.context("as.example"))
        inner.append(inside.receive())
        inside.send(answer())

    with WireServer(tunnel) as own:
        url = f"http://user:p%40ss@127.0.0.1:{own.port}"
        if by == "environment":
            monkeypatch.setenv("HTTPS_PROXY", url)
        network = Network(proxy=None if by == "environment" else url, certificate_authorities=certificates.authority)
        assert send_with(network, "https://as.example/token").status == 200
    encoded = base64.b64encode(b"user:p@ss")
    assert b"Proxy-Authorization: Basic " + encoded in own.requests[0]
    assert b"s3cret" not in own.requests[0]
    assert encoded not in inner[0]
    assert b"roxy-" not in inner[0]


@requirement("SEC-8", "SEC-12")
@pytest.mark.parametrize("refusal", ["407 Proxy Authentication Required", "403 Forbidden", "302 Found"])
def test_a_proxy_that_refuses_is_told_without_its_password(refusal, caplog):
    caplog.set_level(logging.DEBUG)
    with (
        WireServer(lambda peer: peer.send(answer(refusal, "Location: https://evil.example/"))) as own,
        pytest.raises(TemporaryError, match="The proxy does not connect to") as caught,
    ):
        send_with(Network(proxy=f"http://user:canary@127.0.0.1:{own.port}"), "https://as.example/token")
    assert own.connections == 1
    encoded = base64.b64encode(b"user:canary").decode()
    logged = repr([vars(record) for record in caplog.records if record.name.startswith("valetkey")])
    for secret in ("canary", encoded):
        assert secret not in f"{caught.value} {caught.value!r} {logged}"


@pytest.mark.parametrize(
    ("environment", "url", "chosen"),
    [
        ({}, "https://as.example/", None),
        ({"HTTPS_PROXY": "http://one:3128"}, "https://as.example/", "http://one:3128"),
        ({"https_proxy": "http://one:3128"}, "HTTPS://AS.example/", "http://one:3128"),
        ({"HTTPS_PROXY": "one:3128"}, "https://as.example/", "http://one:3128"),
        ({"HTTPS_PROXY": ""}, "https://as.example/", None),
        ({"ALL_PROXY": "http://two:3128"}, "https://as.example/", "http://two:3128"),
        ({"ALL_PROXY": "http://two", "HTTPS_PROXY": "http://one"}, "https://as.example/", "http://one"),
        ({"HTTP_PROXY": "http://one:3128"}, "https://as.example/", None),
        ({"Https_Proxy": "http://one:3128"}, "https://as.example/", "http://one:3128"),
        ({"all_proxy": "socks5h://two:1080"}, "https://as.example/", "socks5h://two:1080"),
        ({"HTTPS_PROXY": "http://one", "https_proxy": ""}, "https://as.example/", None),
        ({"HTTPS_PROXY": "http://one", "https_proxy": "http://two"}, "https://as.example/", "http://two"),
        ({"HTTPS_PROXY": "", "ALL_PROXY": "http://two"}, "https://as.example/", "http://two"),
    ],
)
def test_the_proxy_of_the_scheme_comes_before_the_proxy_of_all(environment, url, chosen, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == chosen


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_exempt"),
    [
        ("", "https://as.example/", False),
        ("as.example", "https://as.example/", True),
        ("as.example", "https://as.example:8443/", True),
        ("AS.example", "https://as.EXAMPLE/", True),
        ("example", "https://as.example/", True),
        ("as.example", "https://as.example.evil/", False),
        ("s.example", "https://as.example/", False),
        ("*.example", "https://as.example/", True),
        ("*.example", "https://example/", False),
        ("as.example:8443", "https://as.example:8443/", True),
        ("as.example:8443", "https://as.example/", False),
        ("other.example , *", "https://as.example/", True),
        ("10.0.0.0/8", "https://10.1.2.3:8443/", True),
        ("10.0.0.1/8", "https://10.1.2.3/", True),
        ("10.0.0.0/8", "https://11.1.2.3/", False),
        ("fd00::/8", "https://[fd00::1]:8443/", True),
        ("10.0.0.0/8, https://as.example/, 1/2/3", "https://as.example/", False),
        ("10.1.2.3", "https://10.1.2.3/", True),
        ("as.example:443", "https://as.example/", True),
        ("AS.Example:443", "https://as.EXAMPLE/", True),
        ("as.example:443", "https://as.example:8443/", False),
        ("as.example:443", "https://as.example.:443/", True),
        ("as.example:80", "https://as.example/", False),
        (".example:443", "https://as.example/", True),
        ("*.example:443", "https://as.example/", True),
        ("*.example:443", "https://as.example:8443/", False),
        (".as.example", "https://as.example/", True),
        (".example", "https://as.example/", True),
        ("*example", "https://as.example/", True),
        ("as.example.", "https://as.example/", True),
        ("10.1.2.3:443", "https://10.1.2.3/", True),
        ("10.1.2.3:8443", "https://10.1.2.3/", False),
        ("2.3", "https://10.1.2.3/", False),
        ("[fd00::1]", "https://[fd00::1]/", True),
        ("[FD00:0::1]:443", "https://[fd00::1]/", True),
        ("[fd00::1]:8443", "https://[fd00::1]/", False),
        ("fd00::1", "https://[fd00::1]:8443/", True),
        ("fd00::/8", "https://[fe80::1]/", False),
        ("other.example as.example:443", "https://as.example/", True),
        ("as.example:https", "https://as.example/", False),
        (":443", "https://as.example/", False),
        (".,, ,", "https://as.example/", False),
        ("[]", "https://as.example/", False),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_names_hosts_domains_and_networks(no_proxy, url, is_exempt, name, monkeypatch):
    """Row E7."""
    monkeypatch.setenv("HTTPS_PROXY", "http://one:3128")
    monkeypatch.setenv(name, no_proxy)
    assert (proxy_for(url) is None) is is_exempt
