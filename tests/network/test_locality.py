# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Where the MCP server lives: what it claims by its name, and what it proves with its certificate."""

import json

import httpx2
import pytest

from tests.network.certificates import make_certificates
from tests.network.names import NameServer
from tests.network.server import WireServer, answer, ended_connection
from tests.network.test_sender import PROXIES
from tests.processes.child import Child
from tests.requirements import requirement
from tests.servers.process import free_port
from valetkey._network import locality
from valetkey._network.addresses import AddressKind
from valetkey._network.clock import ExchangeClock
from valetkey._network.guard import Guard
from valetkey._network.locality import REMEMBERED_SECONDS, Locality
from valetkey.errors import TemporaryError

LOOPBACK, PRIVATE, LINK_LOCAL = AddressKind.LOOPBACK, AddressKind.PRIVATE, AddressKind.LINK_LOCAL
TLS = httpx2.create_ssl_context()

ASK = """
    import json, sys
    from tests.network.names import NameServer
    from valetkey.errors import InsecureEndpoint, TemporaryError
    from valetkey._network.guard import Guard
    from valetkey._network.sender import HttpSender
    from valetkey.wire import HttpRequest

    server_url, url, answers = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    names = NameServer(**answers)
    sender = HttpSender(Guard(server_url, resolve=names))
    for _ in range(2):
        try:
            print(sender(HttpRequest("POST", url, "renew the token", body=b"refresh_token=canary")).status)
        except InsecureEndpoint:
            print("refused")
        except TemporaryError as error:
            print("not trusted" if "certificate" in error.message else "not reached")
    print(*names.asked)
"""


def serving(context, **place):
    return WireServer(lambda peer: peer.send(answer()), tls=context, **place)


def asking(certificates, server_url, url, **answers):
    environment = {"SSL_CERT_FILE": str(certificates.authority), **dict.fromkeys(PROXIES, "")}
    with Child(ASK, server_url, url, json.dumps(answers), environment=environment) as child:
        return child.succeed().splitlines()


def started_clock():
    clock = ExchangeClock()
    clock.start(10.0)
    return clock


def is_at(server_url, kind, names):
    return Locality(Guard(server_url, resolve=names), lambda: TLS).is_at(kind, started_clock())


@requirement("SEC-4", "SEC-7", "SEC-10")
def test_a_server_that_proves_it_lives_here_may_lead_to_another_here(tmp_path):
    certificates = make_certificates(tmp_path)
    with serving(certificates.context("mcp.example")) as server, serving(certificates.context("as.example")) as other:
        outcome = asking(
            certificates,
            f"https://mcp.example:{server.port}/mcp",
            f"https://as.example:{other.port}/token",
            mcp_example=["127.0.0.1"],
            as_example=["127.0.0.1"],
        )
        # Certificates and SNI go by the names, though both connections go to the address.
        assert outcome == ["200", "200", "as.example mcp.example as.example"]
        assert (server.connections, len(server.requests)) == (1, 0)
        assert len(other.requests) == 2
        assert f"host: as.example:{other.port}".encode() in other.requests[0].lower()


@requirement("SEC-3", "SEC-7")
@pytest.mark.parametrize("name", ["as.example", "self-signed", "expired"])
def test_a_server_outside_that_only_says_it_lives_here_leads_nowhere(name, tmp_path):
    """Who owns a name can let it point to your network, for as long as it takes; a certificate cannot be borrowed."""
    certificates = make_certificates(tmp_path)
    with serving(certificates.context(name)) as victim, serving(certificates.context("as.example")) as other:
        outcome = asking(
            certificates,
            f"https://mcp.example:{victim.port}/mcp",
            f"https://as.example:{other.port}/token",
            mcp_example=[["8.8.8.8"], ["127.0.0.1"]],
            as_example=["127.0.0.1"],
        )
        assert outcome[:2] == ["refused", "refused"]
        assert victim.requests == []
        assert other.connections == 0


@requirement("SEC-10")
@pytest.mark.parametrize(
    ("name", "outcome"), [("mcp.example", "200"), ("good", "not trusted"), ("as.example", "not trusted")]
)
def test_the_own_host_of_the_server_needs_the_certificate_of_its_name(name, outcome, tmp_path):
    certificates = make_certificates(tmp_path)
    with serving(certificates.context(name)) as server:
        url = f"https://mcp.example:{server.port}"
        found = asking(certificates, f"{url}/mcp", f"{url}/token", mcp_example=["127.0.0.1"])
        assert found == [outcome, outcome, "mcp.example mcp.example"]
        assert len(server.requests) == (2 if outcome == "200" else 0)


@requirement("SEC-4")
@pytest.mark.parametrize(
    ("server_url", "kinds"),
    [
        ("https://10.0.0.7/mcp", {PRIVATE}),
        ("https://[fd00::7]:8443/mcp", {PRIVATE}),
        ("https://[::ffff:10.0.0.7]/mcp", {PRIVATE}),
        ("http://192.168.1.7:8000/mcp", {PRIVATE}),
        ("https://100.64.0.7/mcp", {PRIVATE}),
        ("https://169.254.1.7/mcp", {LINK_LOCAL}),
        ("https://198.18.0.7/mcp", {AddressKind.BENCHMARK}),
        ("http://127.0.0.1:8000/mcp", {LOOPBACK}),
        ("http://127.1:8000/mcp", {LOOPBACK}),
        ("https://8.8.8.8/mcp", set()),
        ("not a URL", set()),
        (None, set()),
    ],
)
def test_an_address_that_the_user_wrote_needs_no_proof(server_url, kinds):
    names = NameServer()
    special = set(AddressKind) - {AddressKind.PUBLIC}
    assert {kind for kind in special if is_at(server_url, kind, names)} == kinds
    assert names.asked == []


@pytest.mark.parametrize(
    ("server_url", "addresses", "kinds"),
    [
        ("http://localhost:8000/mcp", ["::1", "127.0.0.1"], {LOOPBACK}),
        ("https://localhost:8443/mcp", ["127.0.0.1"], {LOOPBACK}),
        ("http://localhost:8000/mcp", ["10.0.0.1"], {PRIVATE}),
        ("http://mcp.example:8000/mcp", ["10.0.0.1"], {PRIVATE}),
        ("http://mcp.example:8000/mcp", ["fe80::1%eth0", "192.168.1.2"], {PRIVATE, LINK_LOCAL}),
        ("http://mcp.example:8000/mcp", ["10.0.0.1", "8.8.8.8"], set()),
        ("http://mcp.example:8000/mcp", ["8.8.8.8"], set()),
        ("https://mcp.example/mcp", ["8.8.8.8"], set()),
    ],
)
def test_the_name_of_this_computer_and_one_without_encryption_count_by_where_they_lead(server_url, addresses, kinds):
    names = NameServer(localhost=addresses, mcp_example=addresses)
    assert {kind for kind in (LOOPBACK, PRIVATE, LINK_LOCAL) if is_at(server_url, kind, names)} == kinds


def test_a_server_that_does_not_answer_leaves_open_where_it_lives():
    names = NameServer(mcp_example=["127.0.0.1"])
    with pytest.raises(TemporaryError, match="cannot be reached to see where it lives"):
        is_at(f"https://mcp.example:{free_port()}/mcp", LOOPBACK, names)


def test_one_address_with_the_right_certificate_is_enough(tmp_path):
    certificates = make_certificates(tmp_path)
    good, expired = certificates.context("mcp.example"), certificates.context("expired")
    with serving(good, host="127.0.0.2") as server, serving(expired, host="127.0.0.3", port=server.port) as neighbour:
        outcome = asking(
            certificates,
            f"https://mcp.example:{server.port}/mcp",
            f"https://127.0.0.3:{server.port}/token",
            mcp_example=["127.0.0.1", "127.0.0.3", "127.0.0.2"],
        )
        assert outcome[:2] == ["not trusted", "not trusted"]  # so it was asked, and showed its own certificate
        assert (server.connections, neighbour.connections) == (1, 3)


def test_a_proof_lasts_five_minutes_and_a_doubt_not_at_all():
    assert REMEMBERED_SECONDS == 300
    clock = [1000.0]
    names = NameServer(mcp_example=[["8.8.8.8"], ["10.0.0.1"], ["8.8.8.8"]])
    locality = Locality(Guard("http://mcp.example/mcp", resolve=names), lambda: TLS, now=lambda: clock[0])

    def is_inside():
        return locality.is_at(PRIVATE, started_clock())

    assert [is_inside(), is_inside(), is_inside()] == [False, True, True]
    clock[0] += 299.9
    assert is_inside()
    assert len(names.asked) == 2
    clock[0] += 0.2
    assert not is_inside()


@requirement("SEC-4", "SEC-10")
def test_a_connection_that_ends_before_the_handshake_proves_nothing(monkeypatch):
    """`ssl` makes no handshake then, and no error: any host inside the network could do that."""
    with ended_connection() as ended:
        monkeypatch.setattr(locality.socket, "create_connection", lambda address, timeout: ended)
        with pytest.raises(TemporaryError, match="cannot be reached to see where it lives"):
            is_at("https://mcp.example/mcp", PRIVATE, NameServer(mcp_example=["10.0.0.7"]))
