# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Into whose network an MCP server may lead: from outside into none, from inside into its own."""

import pytest

from tests.fakes.network import challenges
from tests.network.names import NameServer
from tests.network.server import WireServer, answer
from tests.network.test_sender import PROXIES
from tests.requirements import requirement
from valetkey._discovery.discovery import discover
from valetkey._network.addresses import AddressKind
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender, UnknownOutcome
from valetkey.errors import InsecureEndpoint, TemporaryError, TrustError
from valetkey.settings.credentials import RegisteredClient
from valetkey.settings.settings import Settings
from valetkey.wire import HttpRequest

PUBLIC = "https://mcp.example/mcp"
"""An MCP server on the internet."""
HERE = "http://127.0.0.1:8000/mcp"
INSIDE = "https://10.0.0.7/mcp"
ON_THE_INTERNET = ["8.8.8.8", "2606:4700::1111"]

SPECIAL = [
    "127.0.0.1",
    "127.9.9.9",
    "[::1]",
    "10.0.0.5",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "169.254.1.1",
    "168.63.129.16",
    "100.100.100.200",
    "198.18.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[fd00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[ff02::1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::10.0.0.1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a00:1::1]",
    "[2001:0:808:808::f5ff:fffe]",
]
NOTATIONS = [
    "2130706433",  # 127.0.0.1
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "167772161",  # 10.0.0.1
    "0xa.1",
    "2852039166",  # 169.254.169.254
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "0",
]
HOSTS = SPECIAL + NOTATIONS


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def send(url, guard, method="GET"):
    return HttpSender(guard)(HttpRequest(method, url, "read a document", body=b"s3cret" if method == "POST" else b""))


@requirement("SEC-3", "SEC-4", "SEC-5", "PRM-15")
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("server_url", [PUBLIC, None], ids=["public", "unknown"])
def test_a_public_server_leads_to_no_special_address_however_it_is_written(host, server_url):
    names = NameServer(mcp_example=ON_THE_INTERNET)
    with pytest.raises(InsecureEndpoint) as caught:
        send(f"https://{host}/token", Guard(server_url, resolve=names))
    assert caught.value.url == f"https://{host}/token"
    assert caught.value.hint
    assert set(names.asked) <= {"mcp.example"}  # an address is read and not looked up


@requirement("SEC-4", "SEC-5")
@pytest.mark.parametrize("address", [host.strip("[]") for host in SPECIAL])
def test_a_public_server_leads_to_no_special_address_by_a_name(address):
    names = NameServer(mcp_example=ON_THE_INTERNET, as_example=[address])
    with pytest.raises(InsecureEndpoint, match="leads to") as caught:
        send("https://as.example/token", Guard(PUBLIC, resolve=names), "POST")
    assert address not in str(caught.value)
    assert "s3cret" not in str(caught.value)


@requirement("SEC-4", "SEC-5")
@pytest.mark.parametrize("forbidden", ["10.0.0.1", "::1", "fd00::1", "169.254.169.254", "0.0.0.0"])
@pytest.mark.parametrize("is_first", [True, False])
def test_one_special_address_among_public_ones_is_one_too_many(forbidden, is_first):
    addresses = [forbidden, *ON_THE_INTERNET] if is_first else [*ON_THE_INTERNET, forbidden]
    names = NameServer(mcp_example=ON_THE_INTERNET, as_example=addresses)
    with pytest.raises(InsecureEndpoint):
        send("https://as.example/token", Guard(PUBLIC, resolve=names))


@requirement("SEC-3", "SEC-4")
@pytest.mark.parametrize("server_url", [PUBLIC, INSIDE, "https://169.254.1.1/mcp", "https://198.18.0.1/mcp", None])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_only_a_server_on_this_computer_leads_to_another_on_it(server_url, host):
    names = NameServer(mcp_example=ON_THE_INTERNET, localhost=["127.0.0.1"])
    with WireServer(lambda peer: peer.send(answer())) as server:
        url = f"http://{host}:{server.port}/token"
        with pytest.raises(InsecureEndpoint, match="loopback"):
            send(url, Guard(server_url, resolve=names), "POST")
        assert server.connections == 0
        for server_here in (HERE, "http://localhost:1/mcp", "https://[::1]:8443/mcp"):
            assert send(url, Guard(server_here, resolve=names), "POST").status == 200


@requirement("SEC-4")
@pytest.mark.parametrize("server_url", [HERE, INSIDE, "https://169.254.169.254/mcp", "https://168.63.129.16/mcp"])
@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "168.63.129.16", "as.example", "0.0.0.0"])
def test_nobody_leads_to_the_metadata_service_of_a_cloud(server_url, host):
    names = NameServer(as_example=["169.254.169.254"])
    with pytest.raises(InsecureEndpoint):
        send(f"https://{host}/latest/meta-data/", Guard(server_url, resolve=names))


def test_this_computer_is_no_door_to_the_network_it_is_in():
    with pytest.raises(InsecureEndpoint, match="private network") as caught:
        send("https://10.0.0.5/token", Guard(HERE))
    assert "URL inside your network" in caught.value.hint


@requirement("SEC-1", "SEC-4")
@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["8.8.8.8"], ["127.0.0.1", "8.8.8.8"]])
@pytest.mark.parametrize("server_url", [HERE, INSIDE, "http://localhost/mcp"])
def test_localhost_is_this_computer_only_if_it_leads_there(addresses, server_url):
    names = NameServer(localhost=addresses)
    with pytest.raises(InsecureEndpoint, match=r"not encrypted|leads to"):
        send("http://localhost:8080/token", Guard(server_url, resolve=names))


@requirement("SEC-4")
@pytest.mark.parametrize("server_url", [HERE, INSIDE, PUBLIC, None])
@pytest.mark.parametrize("kind", AddressKind)
def test_what_the_guard_says_of_each_kind_of_address(server_url, kind):
    guard = Guard(server_url)
    if kind in (AddressKind.METADATA, AddressKind.RESERVED):
        with pytest.raises(InsecureEndpoint):
            guard.is_restricted("https://as.example/token", kind)
    else:
        assert guard.is_restricted("https://as.example/token", kind) is (kind is not AddressKind.PUBLIC)


@pytest.mark.parametrize("url", ["https://mcp.example/.well-known/x", "https://MCP.example:8443/register"])
def test_the_host_of_the_mcp_server_itself_is_asked_wherever_it_is(url):
    """Its certificate tells whether it is the one: this one does not."""
    assert not Guard(PUBLIC).is_restricted(url, AddressKind.PRIVATE)
    with WireServer(lambda peer: peer.send(answer())) as server:
        names = NameServer(mcp_example=["127.0.0.1"])
        with pytest.raises(TemporaryError, match="cannot be reached"):
            send(f"https://mcp.example:{server.port}/register", Guard(PUBLIC, resolve=names, longest_exchange=1.0))
        assert server.connections == 1
        assert names.asked == ["mcp.example"]


@requirement("SEC-9")
def test_an_mcp_server_that_cannot_be_found_leaves_the_question_open():
    with pytest.raises(TemporaryError, match=r"mcp\.example/mcp") as caught:
        send("https://10.0.0.5/token", Guard(PUBLIC, resolve=NameServer()))
    assert not isinstance(caught.value, UnknownOutcome | TrustError)


@requirement("SEC-3", "SEC-4", "PRM-15")
@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "inside.example"])
def test_a_challenge_that_points_into_the_network_ends_discovery(host):
    names = NameServer(mcp_example=ON_THE_INTERNET, inside_example=["192.168.0.1"])
    settings = Settings(url=PUBLIC)
    (challenge,) = challenges(f'Bearer resource_metadata="https://{host}/metadata"')
    with pytest.raises(InsecureEndpoint, match=host):
        discover(settings, challenge, HttpSender(Guard(settings.server_url, resolve=names)))


@requirement("SEC-6")
def test_a_redirect_into_the_network_is_only_an_answer():
    with WireServer(lambda peer: peer.send(answer())) as inner:
        moved = answer("307 Moved", f"Location: {inner.url}/token")
        with WireServer(lambda peer: peer.send(moved)) as server:
            assert send(f"{server.url}/token", Guard(HERE), "POST").status == 307
        assert inner.connections == 0


@requirement("SEC-3")
def test_an_authorization_server_that_the_user_has_named_may_live_anywhere():
    with WireServer(lambda peer: peer.send(answer())) as server:
        settings = Settings(url=PUBLIC, issuer=server.url)
        names = NameServer(mcp_example=ON_THE_INTERNET)
        named = Guard(settings.server_url, settings.named_urls, resolve=names)
        assert send(f"{server.url}/token", named, "POST").status == 200
        with pytest.raises(InsecureEndpoint, match="loopback") as caught:
            send(f"{server.url}/token", Guard(settings.server_url, resolve=names), "POST")
        assert "issuer=" in caught.value.hint


@requirement("SEC-4")
@pytest.mark.parametrize("url", ["https://login.example:8443/token", "https://other.example/token"])
def test_what_the_user_has_named_is_one_origin_and_no_other(url):
    guard = Guard(PUBLIC, ("https://login.example/tenant",))
    assert not guard.is_restricted("https://login.example/token", AddressKind.PRIVATE)
    assert guard.is_restricted(url, AddressKind.PRIVATE)


@requirement("SEC-4")
@pytest.mark.parametrize("kind", [AddressKind.METADATA, AddressKind.RESERVED])
def test_not_even_who_is_named_may_be_the_metadata_service_of_a_cloud(kind):
    with pytest.raises(InsecureEndpoint):
        Guard(PUBLIC, ("https://login.example",)).is_restricted("https://login.example/token", kind)


def test_the_settings_name_what_the_user_has_given():
    settings = Settings(
        url=PUBLIC,
        issuer="https://a.example",
        token_endpoint="https://b.example/token",
        clients=(RegisteredClient("https://c.example", "c"),),
    )
    assert settings.named_urls == ("https://a.example", "https://b.example/token", "https://c.example")
