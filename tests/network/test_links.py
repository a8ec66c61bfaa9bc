# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where a link of a login may lead: into whose network, however its host is written, behind which proxy."""

import pytest

from tests.network.names import NameServer, SilentNameServer
from tests.network.server import WireServer, answer
from tests.network.test_private_network import HERE, HOSTS, INSIDE, ON_THE_INTERNET, PUBLIC
from tests.network.test_sender import PROXIES
from tests.requirements import requirement
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.errors import InsecureEndpoint, TemporaryError
from valetkey.settings import Network

REBOOT = "/admin/reboot"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def judge(url, server_url=PUBLIC, named=(), names=None, network=None, **limits):
    """Judge a link as the engine does, with a name server that knows the MCP server and what else it is given."""
    names = names or NameServer(mcp_example=ON_THE_INTERNET)
    HttpSender(Guard(server_url, named, resolve=names, **limits), network).judge_link(url)


@requirement("SEC-4", "AUT-12", "AUT-14")
@pytest.mark.parametrize("dot", ["", "."])
@pytest.mark.parametrize("host", HOSTS)
def test_a_link_of_a_public_server_leads_to_no_special_address_however_it_is_written(host, dot):
    """Row I8."""
    with pytest.raises(InsecureEndpoint) as caught:
        judge(f"https://{host}{'' if ']' in host else dot}{REBOOT}")
    assert caught.value.hint


@requirement("SEC-4", "AUT-12")
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/admin/reboot",
        "http://localhost:8080/admin/reboot",
        "https://localhost./",
        "https://LOCALHOST/",
        "https://router.localhost/",
        "https://localhost.localdomain/",
        "http://[::1]:8080/",
        "http://192.168.1.1/",
        "https://192.168.1.1/",
        "https://metadata.google.internal/computeMetadata/v1/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://as.example@192.168.1.1/",
        "",
    ],
)
def test_a_link_of_a_public_server_leads_to_nothing_that_only_this_computer_reaches(url):
    """Row I8."""
    with pytest.raises(InsecureEndpoint):
        judge(url)


@requirement("SEC-5")
@pytest.mark.parametrize("address", ["192.168.1.1", "127.0.0.1", "::1", "169.254.1.1", "fd00::1", "169.254.169.254"])
@pytest.mark.parametrize("host", ["router.example", "router.example.", "ROUTER.example"])
def test_a_name_that_leads_there_is_no_better_than_the_address(host, address):
    """Row I8."""
    names = NameServer(mcp_example=ON_THE_INTERNET, router_example=[*ON_THE_INTERNET, address])
    with pytest.raises(InsecureEndpoint) as caught:
        judge(f"https://{host}/", names=names)
    assert address not in str(caught.value)


def test_a_refused_link_is_told_with_a_way_on_that_leads_on():
    """Row I8."""
    link = "https://192.168.1.1/login"
    with pytest.raises(InsecureEndpoint, match="private network") as caught:
        judge(link)
    assert "authorization_endpoint=" in caught.value.hint
    judge(link, named=(link,))


@pytest.mark.parametrize("link", ["https://as.example/authorize", "https://8.8.8.8/", "https://[2606:4700::1111]/"])
def test_a_link_to_a_public_address_is_shown(link):
    judge(link, names=NameServer(as_example=ON_THE_INTERNET))


def test_a_name_that_is_not_known_here_is_shown_because_the_browser_may_know_it():
    """Row I8."""
    judge("https://login.inside.example/", names=NameServer())


def test_a_name_server_that_does_not_answer_delays_a_login_for_a_moment_only():
    """Row I8."""
    silent = SilentNameServer()
    try:
        judge("https://login.inside.example/", names=silent, longest_exchange=0.02)
    finally:
        silent.release()
    assert silent.asked == ["login.inside.example"]


@pytest.mark.parametrize(
    ("server_url", "link"),
    [
        (HERE, "http://127.0.0.1:9000/authorize"),
        (HERE, "http://localhost:9000/authorize"),
        (HERE, "https://[::1]:9000/authorize"),
        ("http://localhost:8000/mcp", "http://127.0.0.1:9000/authorize"),
        (INSIDE, "https://10.0.0.8/authorize"),
        (INSIDE, "https://192.168.1.1/authorize"),
        (INSIDE, "https://login.inside.example/authorize"),
        (PUBLIC, "https://mcp.example:8443/authorize"),
    ],
)
def test_a_server_leads_to_where_it_lives_itself(server_url, link):
    """Row I8."""
    here = ["127.0.0.1"]
    judge(link, server_url, names=NameServer(localhost=here, login_inside_example=["10.0.0.9"], mcp_example=here))


@pytest.mark.parametrize(
    ("server_url", "link"), [(HERE, "https://192.168.1.1/"), (INSIDE, "http://127.0.0.1:9000/"), (None, HERE)]
)
def test_a_server_leads_to_no_other_kind_of_address(server_url, link):
    """Row I8."""
    with pytest.raises(InsecureEndpoint):
        judge(link, server_url)


@pytest.mark.parametrize("server_url", [HERE, INSIDE, PUBLIC])
@pytest.mark.parametrize("link", ["https://169.254.169.254/", "https://0.0.0.0/", "https://[ff02::1]/"])
def test_where_no_server_lives_no_link_leads_even_if_the_user_names_it(server_url, link):
    """Row I8."""
    with pytest.raises(InsecureEndpoint):
        judge(link, server_url, named=(link,))


def test_where_the_server_lives_is_not_guessed_if_it_cannot_be_reached():
    """Row I8."""
    with pytest.raises(TemporaryError):
        judge("https://192.168.1.1/", names=NameServer())


@requirement("SEC-8")
@pytest.mark.parametrize("is_of_the_user", [False, True])
def test_behind_a_proxy_only_what_a_host_says_itself_is_judged(is_of_the_user, monkeypatch):
    """Row I8."""
    names = NameServer(mcp_example=ON_THE_INTERNET, as_example=["10.0.0.8"])
    with WireServer(lambda peer: peer.send(answer())) as proxy:
        network = Network(proxy=proxy.url) if is_of_the_user else None
        if network is None:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        judge("https://as.example/authorize", names=names, network=network)
        assert names.asked == []
        for link in ("https://192.168.1.1/", "https://127.0.0.1./", "https://0xa9fea9fe./", "https://localhost./"):
            with pytest.raises(InsecureEndpoint):
                judge(link, names=names, network=network)
        assert proxy.connections == 0


@requirement("SEC-5", "SEC-8")
def test_a_proxy_that_the_user_does_without_lets_no_link_pass(monkeypatch):
    """Row I8."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    names = NameServer(mcp_example=ON_THE_INTERNET, router_example=["192.168.1.1"])
    with pytest.raises(InsecureEndpoint):
        judge("https://router.example/", names=names, network=Network(proxy="none"))
