# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Attacks on the way to a server: addresses, certificates, proxies, redirects, sizes and times."""

import base64
import gzip
import ssl
import time
import tracemalloc

import httpx2
import pytest

from tests.adapters.server import McpServer
from tests.adapters.ways import Way
from tests.network.certificates import make_certificates
from tests.network.names import NameServer
from tests.network.server import WireServer, answer
from tests.network.test_sender import HERE, PROXIES
from tests.requirements import requirement
from valetkey._network.guard import LARGEST_BODY, Guard
from valetkey._network.proxies import proxy_of
from valetkey._network.sender import HttpSender
from valetkey.errors import AuthError, ConfigurationError, InsecureEndpoint, IssuerMismatch, MalformedDocument
from valetkey.settings import ClientCertificate, Network
from valetkey.wire import HttpRequest, UnknownOutcome

CANARY = "canary-0f6e"
PUBLIC = "https://8.8.8.8/mcp"
EXAMPLE = "https://as.example"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in (*PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def outcome(url, server_url=PUBLIC, names=None, network=None, *, method="POST", named=(), seconds=0.4, **request):
    """Send a secret to a URL, and give the status of the answer or the class of the error."""
    guard = Guard(server_url, named, longest_exchange=seconds, resolve=names or NameServer())
    body = CANARY.encode() if method == "POST" else b""
    try:
        return HttpSender(guard, network)(HttpRequest(method, url, "renew the token", body=body, **request)).status
    except AuthError as error:
        assert CANARY not in f"{error} {error!r}"
        return type(error)


def serving(*headers, status="200 OK", body=b"{}", **place):
    return WireServer(lambda peer: peer.send(answer(status, *headers, body=body)), **place)


def trusting(certificates, **more):
    return Network(certificate_authorities=certificates.authority, **more)


@requirement("SEC-1")
def test_a_url_that_hides_where_it_leads_gets_no_secret():
    """Threat N1."""
    with serving() as server:
        for user in ("as.example", "as.example:443", "user:password"):
            assert outcome(f"http://{user}@127.0.0.1:{server.port}/token", HERE) is InsecureEndpoint
    assert server.connections == 0


@requirement("SEC-1")
def test_plain_http_leaves_this_computer_under_no_name():
    """A hosts file or name server that points localhost elsewhere. Threat N2."""
    names = NameServer(localhost=["10.255.255.1"])
    assert outcome("http://localhost:9/token", "http://localhost:8/mcp", names) is InsecureEndpoint


@requirement("SEC-3", "SEC-4")
def test_a_server_outside_leads_to_no_service_inside(certificates):
    """Threat N3."""
    with serving(tls=certificates.context("as.example")) as inside:
        names = NameServer(as_example=["127.0.0.1"])
        assert outcome(f"{EXAMPLE}:{inside.port}/token", PUBLIC, names, trusting(certificates)) is InsecureEndpoint
        mixed = NameServer(as_example=["8.8.8.8", "127.0.0.1"])
        assert outcome(f"{EXAMPLE}:{inside.port}/token", PUBLIC, mixed, trusting(certificates)) is InsecureEndpoint
    assert inside.connections == 0


@requirement("SEC-4")
@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200"])
def test_the_metadata_service_of_a_cloud_is_asked_for_no_one(address):
    """Not even where the user has named the host. Threat N4."""
    names = NameServer(as_example=[address])
    assert outcome(f"{EXAMPLE}/token", "https://10.0.0.7/mcp", names, named=(EXAMPLE,)) is InsecureEndpoint


@requirement("SEC-4", "SEC-5")
@pytest.mark.parametrize("address", ["64:ff9b::7f00:1", "2002:7f00:1::1", "2001:0:808:808::80ff:fffe"])
def test_an_inner_address_in_the_wrapping_of_a_gateway_is_an_inner_address(address):
    """Threat N5."""
    names = NameServer(as_example=[address])
    assert outcome(f"{EXAMPLE}/token", PUBLIC, names, named=(EXAMPLE,)) is InsecureEndpoint


@requirement("SEC-7")
def test_a_name_that_changes_after_it_was_checked_changes_nothing():
    """DNS rebinding. Threat N6."""
    with serving() as first, serving(host="127.0.0.2", port=first.port) as second:
        names = NameServer(localhost=[["127.0.0.1"], ["127.0.0.2"]])
        assert outcome(f"http://localhost:{first.port}/token", HERE, names, seconds=5.0) == 200
    assert (first.connections, second.connections) == (1, 0)
    assert names.asked == ["localhost"]


@requirement("SEC-4", "SEC-8")
@pytest.mark.parametrize(
    "host", ["169.254.169.254.", "10.0.0.5.", "0xa9fea9fe.", "2852039166", "metadata.google.internal.", "1.2.3.4.5"]
)
def test_a_proxy_is_led_to_no_inner_address_in_any_notation(host, monkeypatch):
    """Row I12. Threat N7."""
    with serving(status="403 Forbidden") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert outcome(f"https://{host}/token") is InsecureEndpoint
    assert proxy.connections == 0


@requirement("SEC-1", "SEC-8")
@pytest.mark.parametrize("chosen", ["environment", "network"])
def test_a_proxy_reads_no_request_to_this_computer(chosen, monkeypatch):
    """It is plain http. Threat N8."""
    with serving() as proxy, serving() as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        network = Network(proxy=proxy.url) if chosen == "network" else None
        answered = outcome(f"{server.url}/token", HERE, network=network, seconds=5.0)
    assert CANARY.encode() not in b"".join(proxy.seen)
    assert (answered, proxy.connections, server.connections) == (200, 0, 1)


@requirement("SEC-4", "SEC-7", "SEC-10")
def test_a_server_that_only_claims_to_live_inside_leads_nowhere_inside(certificates):
    """Its owner can point its name to an inner address, but cannot show its certificate there. Threat N9."""
    with (
        serving(tls=certificates.context("self-signed")) as victim,
        serving(tls=certificates.context("as.example")) as other,
    ):
        names = NameServer(mcp_example=["127.0.0.1"], as_example=["127.0.0.1"])
        server_url = f"https://mcp.example:{victim.port}/mcp"
        url = f"{EXAMPLE}:{other.port}/token"
        assert outcome(url, server_url, names, trusting(certificates), seconds=5.0) is InsecureEndpoint
    assert (victim.requests, other.connections) == ([], 0)


@requirement("SEC-10")
def test_tls_that_verifies_nothing_cannot_be_set(certificates):
    """Threat N10."""
    open_to_all = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    later = ssl.create_default_context()
    network = Network(certificate_authorities=later)
    for context in (open_to_all, later):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    with pytest.raises(ConfigurationError):
        Network(certificate_authorities=open_to_all)
    with serving(tls=certificates.context("self-signed")) as server:
        assert outcome(f"{server.url}/token", HERE, network=network, seconds=5.0) is ConfigurationError
    assert server.requests == []


@requirement("SEC-12")
def test_a_header_field_of_one_origin_reaches_no_other():
    """Threat N11."""
    with serving() as gateway, serving() as other:
        network = Network(headers={gateway.url: {"X-Key": CANARY}})
        for server in (gateway, other):
            assert outcome(f"{server.url}/a", HERE, network=network, method="GET", seconds=5.0) == 200
    assert CANARY.encode() in gateway.requests[0]
    assert CANARY.encode() not in other.requests[0]


@requirement("SEC-12")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "Bearer x"),
        ("transfer_encoding", "chunked"),
        ("Host", "evil"),
        ("X-Key", "a\r\nHost: evil"),
        ("X\r\nY", "a"),
    ],
)
def test_a_value_from_elsewhere_changes_no_field_of_ours(name, value):
    """Threat N12."""
    with pytest.raises(ConfigurationError):
        Network(headers={EXAMPLE: {name: value}})


@requirement("SEC-10", "SEC-12")
def test_a_client_certificate_is_shown_to_no_other_origin(certificates):
    """Threat N14."""
    shown = []

    def respond(peer):
        shown.append(peer._connection.getpeercert())
        peer.send(answer())

    def asking():
        context = certificates.context("good")
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(certificates.authority)
        return WireServer(respond, tls=context)

    with asking() as known, asking() as curious:
        own = {known.url: ClientCertificate(certificates.folder / "mcp.example.pem")}
        network = trusting(certificates, client_certificates=own)
        for server in (curious, known):
            assert outcome(f"{server.url}/a", HERE, network=network, seconds=5.0) == 200
    assert shown[0] is None
    assert shown[1] is not None


@requirement("SEC-8", "SEC-12")
def test_the_password_of_a_proxy_is_in_no_text(monkeypatch):
    """Threat N15."""
    with serving(status="407 Proxy Authentication Required") as proxy:
        url = f"http://user:{CANARY}@127.0.0.1:{proxy.port}"
        network = Network(proxy=url)
        assert issubclass(outcome(f"{EXAMPLE}/token", network=network, seconds=5.0), AuthError)
    assert base64.b64encode(f"user:{CANARY}".encode()) in proxy.requests[0]
    assert CANARY not in f"{network!r} {proxy_of(EXAMPLE, network.proxy)!r}"
    for unusable in (f"ftp://user:{CANARY}@proxy", f"http://user:{CANARY}@proxy:port", f"http://{CANARY}@"):
        monkeypatch.setenv("HTTPS_PROXY", unusable)
        assert outcome(f"{EXAMPLE}/token") is ConfigurationError


@requirement("SEC-15")
def test_a_credential_of_one_issuer_goes_to_no_endpoint_of_another():
    """Threat N16."""
    with serving() as server:
        found = outcome(
            f"{server.url}/token", HERE, issuer="https://evil.example", credentials_of=(EXAMPLE,), seconds=5.0
        )
    assert found is IssuerMismatch
    assert server.requests == []


@requirement("SEC-9")
def test_a_body_without_an_end_is_read_to_the_cap():
    """Threat N17."""
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    sent = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 40 + b"0\r\n\r\n"
    with WireServer(lambda peer: peer.send(sent)) as server:
        assert outcome(f"{server.url}/token", HERE, seconds=10.0) is MalformedDocument


@requirement("SEC-9")
def test_a_bomb_is_unpacked_to_the_cap():
    """Row I4. Threat N18."""
    bomb = gzip.compress(gzip.compress(b"\x00" * 40_000_000))
    with serving("Content-Encoding: gzip, gzip", body=bomb) as server:
        tracemalloc.start()
        found = outcome(f"{server.url}/token", HERE, seconds=10.0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert found is MalformedDocument
    assert peak < 8 * LARGEST_BODY


@requirement("SEC-9")
def test_a_rejection_that_is_a_bomb_is_not_unpacked_by_the_callers_library():
    """Row I4. Threat N19."""
    bomb = gzip.compress(gzip.compress(b"\x00" * 20_000_000))
    fields = {"WWW-Authenticate": "Bearer", "Content-Encoding": "gzip, gzip", "Content-Length": str(len(bomb))}
    presented = []

    class Body(httpx2.SyncByteStream):
        def __iter__(self):
            yield bomb

    def respond(request):
        presented.append(request.headers.get("Authorization"))
        is_first = len(presented) == 1
        return httpx2.Response(401, headers=fields, stream=Body()) if is_first else httpx2.Response(200)

    with McpServer() as server:
        way = Way("httpx2", "sync")
        auth = way.auth(server)
        way.send(auth, ("POST", server.url))  # logs in
        tracemalloc.start()
        (response,) = way.send(auth, ("POST", server.url), transport=httpx2.MockTransport(respond))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (response.status_code, len(set(presented))) == (200, 2)
    assert peak < 8 * LARGEST_BODY


@requirement("SEC-9")
def test_an_answer_drop_by_drop_has_no_more_time_than_any_other():
    """Threat N20."""
    dripped = b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n" + b"x" * 60

    with WireServer(lambda peer: peer.drip(dripped, every=0.02)) as server:
        started = time.monotonic()
        assert outcome(f"{server.url}/token", HERE, seconds=0.3) is UnknownOutcome
    assert time.monotonic() - started < 5


@requirement("SEC-9")
def test_what_follows_an_answer_is_not_the_answer_to_the_next_request():
    """Threat N21."""
    forged = answer(body=b"first", closing=False) + answer(body=b"forged", closing=False)

    def respond(peer):
        peer.send(forged if b"GET" in peer.request else answer(body=b"asked", closing=False))

    with WireServer(respond, respond) as server:
        send = HttpSender(Guard(HERE))
        with send.keep_connections():
            send(HttpRequest("GET", server.url, "read a document"))
            assert send(HttpRequest("POST", server.url, "renew the token", body=b"x")).body == b"asked"


@requirement("SEC-9")
def test_a_connection_that_is_broken_off_makes_no_request_go_twice():
    """A refresh token that comes twice can end the login. Threat N13."""
    with WireServer(lambda peer: peer.send(answer(body=b"{}", closing=False)), lambda peer: None) as server:
        send = HttpSender(Guard(HERE))
        with send.keep_connections():
            send(HttpRequest("GET", server.url, "read a document"))
            with pytest.raises(UnknownOutcome):
                send(HttpRequest("POST", server.url, "renew the token", body=b"x"))
    assert sum(request.startswith(b"POST") for request in server.requests) == 1
