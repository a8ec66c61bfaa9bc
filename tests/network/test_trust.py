# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Whom Valetkey trusts, and to whom it shows which certificate: with real handshakes."""

import os
import shutil
import ssl

import pytest
from cryptography.hazmat.primitives import serialization

from tests.network.certificates import make_certificates
from tests.network.names import NameServer
from tests.network.server import WireServer, answer
from tests.network.test_connections import kept
from tests.network.test_sender import HERE, PROXIES
from tests.processes.child import Child
from tests.requirements import requirement
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey._network.trust import Trust, trusted_authorities
from valetkey.errors import ConfigurationError, TemporaryError
from valetkey.settings import ClientCertificate, Network
from valetkey.values import Secret
from valetkey.wire import HttpRequest

CANARY = "canary-2b88"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in (*PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def locked_key(certificates, tmp_path):
    """The path of a certificate's key that has a password."""
    key = serialization.load_pem_private_key((certificates.folder / "good.pem").read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(CANARY.encode()),
    )
    path = tmp_path / "locked.pem"
    path.write_bytes(locked)
    return path


def serving(certificates, name="good", *, wants_certificate=False, version=ssl.TLSVersion.TLSv1_3, **place):
    """A server with a certificate, which remembers whose certificate it was shown."""
    context = certificates.context(name)
    context.maximum_version = version
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates.authority)
    else:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(certificates.authority)
    shown = []

    def respond(peer):
        shown.append(peer._connection.getpeercert())
        peer.send(answer())

    server = WireServer(respond, tls=context, **place)
    server.shown = shown
    return server


def get(network, url, **guard):
    return HttpSender(Guard(HERE, **guard), network)(HttpRequest("GET", url, "read a document"))


@requirement("SEC-10")
def test_an_authority_that_the_user_names_is_trusted(certificates):
    with serving(certificates) as server:
        with pytest.raises(TemporaryError, match="does not prove with a certificate"):
            get(None, server.url)
        assert get(Network(certificate_authorities=certificates.authority), server.url).status == 200
        context = ssl.create_default_context(cafile=certificates.authority)
        assert get(Network(certificate_authorities=context), server.url).status == 200


@requirement("SEC-10")
def test_an_authority_that_the_user_names_is_one_more_and_a_context_is_the_only_one(certificates, monkeypatch):
    trusted = Trust(Network(certificate_authorities=certificates.authority)).context_for("https://as.example")
    assert len(trusted.get_ca_certs()) == len(trusted_authorities().get_ca_certs()) + 1
    alone = ssl.create_default_context(cafile=certificates.authority)
    assert Trust(Network(certificate_authorities=alone)).context_for("https://as.example") is alone
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))  # the environment's stay, too
    with serving(certificates) as server:
        assert get(Network(certificate_authorities=certificates.folder / "self-signed.pem"), server.url).status == 200


@requirement("SEC-10")
@pytest.mark.parametrize("has_certificate", [False, True])
def test_an_authority_that_the_environment_names_after_an_error_is_trusted_without_a_restart(
    has_certificate, certificates, monkeypatch, tmp_path
):
    """A notebook sets SSL_CERT_FILE as the error says, and another program may renew the file."""
    named = tmp_path / "authorities.pem"
    shutil.copy(certificates.folder / "self-signed.pem", named)
    with serving(certificates) as server:
        own = {server.url: ClientCertificate(certificates.folder / "mcp.example.pem")} if has_certificate else {}
        send = HttpSender(Guard(HERE), Network(client_certificates=own))
        request = HttpRequest("GET", server.url, "read a document")
        with pytest.raises(TemporaryError, match="SSL_CERT_FILE"):
            send(request)
        monkeypatch.setenv("SSL_CERT_FILE", str(named))
        with pytest.raises(TemporaryError, match="SSL_CERT_FILE"):
            send(request)
        shutil.copy(certificates.authority, named)
        os.utime(named, (1, 1))
        assert send(request).status == 200


@requirement("SEC-10")
def test_a_folder_of_authorities_is_read_as_openssl_has_it(certificates, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with serving(certificates) as server, pytest.raises(TemporaryError, match="does not prove with a certificate"):
        get(Network(certificate_authorities=empty), server.url)


@requirement("SEC-10")
@pytest.mark.parametrize("name", ["expired", "elsewhere", "self-signed"])
def test_an_authority_of_ones_own_verifies_like_any_other(name, certificates):
    with (
        serving(certificates, name) as server,
        pytest.raises(TemporaryError, match="does not prove with a certificate"),
    ):
        get(Network(certificate_authorities=certificates.authority), server.url)
    assert server.requests == []


@requirement("SEC-10")
def test_a_context_that_stops_verifying_later_is_not_used(certificates):
    context = ssl.create_default_context(cafile=certificates.authority)
    network = Network(certificate_authorities=context)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with serving(certificates) as server, pytest.raises(ConfigurationError, match="verifies no certificates"):
        get(network, server.url)
    assert server.connections == 0


def shows(certificates, origin, **certificate):
    own = ClientCertificate(certificates.folder / "mcp.example.pem", **certificate)
    return Network(certificate_authorities=certificates.authority, client_certificates={origin: own})


def names_in(shown):
    return [value for part in shown["subject"] for _, value in part]


@requirement("SEC-10", "SEC-12")
def test_a_client_certificate_is_shown_to_its_origin_and_to_no_other(certificates):
    """It says who the user is."""
    with serving(certificates) as known, serving(certificates) as other:
        network = shows(certificates, known.url)
        for server in (known, other):
            get(network, f"{server.url}/token")
    assert names_in(known.shown[0]) == ["mcp.example"]
    assert other.shown == [None]


@requirement("SEC-10")
def test_a_server_that_wants_a_certificate_gets_no_request_without_one(certificates):
    with serving(certificates, wants_certificate=True) as server:
        assert get(shows(certificates, server.url), server.url).status == 200
        with pytest.raises(TemporaryError) as caught:
            get(Network(certificate_authorities=certificates.authority), server.url)
        assert "client_certificates" in caught.value.hint
    assert len(server.requests) == 1


@requirement("SEC-10")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_does_not_accept_a_certificate_says_so(version, certificates):
    own = ClientCertificate(certificates.folder / "self-signed.pem")
    with serving(certificates, wants_certificate=True, version=version) as server:
        network = Network(certificate_authorities=certificates.authority, client_certificates={server.url: own})
        with pytest.raises(TemporaryError, match="does not accept this client certificate") as caught:
            get(network, server.url)
    assert "client_certificates" in caught.value.hint
    assert server.requests == []


@requirement("SEC-8")
def test_a_proxy_that_wants_a_password_says_so_and_with_it_leads_to_the_server(certificates):
    def tunnel(peer):
        if b"Proxy-Authorization: Basic " not in peer.request:
            peer.send(answer("407 Proxy Authentication Required", "Proxy-Authenticate: Basic"))
            return
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        inside = peer.speak_tls(certificates.context("as.example"))
        inside.receive()
        inside.send(kept())

    with WireServer(tunnel, tunnel) as proxy:
        trusted, there = certificates.authority, proxy.url.removeprefix("http://")
        with pytest.raises(TemporaryError, match="407 Proxy Authentication Required") as caught:
            get(Network(certificate_authorities=trusted, proxy=proxy.url), "https://as.example/token")
        assert "user name and password" in caught.value.hint
        network = Network(certificate_authorities=trusted, proxy=f"http://me:{CANARY}@{there}")
        assert get(network, "https://as.example/token").status == 200


@requirement("SEC-8", "SEC-10")
def test_a_proxy_that_wants_a_certificate_gets_its_own_and_the_server_behind_it_none(certificates):
    inner = []

    def tunnel(peer):
        inner.append(peer._connection.getpeercert())
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        context = certificates.context("as.example")
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(certificates.authority)
        inside = peer.speak_tls(context)
        inside.receive()
        inner.append(inside._tls.getpeercert())
        inside.send(kept())

    outer = certificates.context("good")
    outer.verify_mode = ssl.CERT_REQUIRED
    outer.load_verify_locations(certificates.authority)
    with WireServer(tunnel, tls=outer) as proxy:
        own = ClientCertificate(certificates.folder / "mcp.example.pem")
        network = Network(
            certificate_authorities=certificates.authority,
            client_certificates={proxy.url: own},
            proxy=proxy.url,
        )
        assert get(network, "https://as.example/doc").status == 200
    assert names_in(inner[0]) == ["mcp.example"]
    assert inner[1] is None


def test_a_key_with_a_password_is_opened_and_never_asked_for_at_the_terminal(certificates, locked_key):
    """Without a password of ours, OpenSSL would ask the person at the terminal, and wait."""

    def own(password):
        certificate = ClientCertificate(certificates.folder / "good.pem", locked_key, password)
        return Network(certificate_authorities=certificates.authority, client_certificates={server.url: certificate})

    with serving(certificates, wants_certificate=True) as server:
        assert get(own(Secret(CANARY)), server.url).status == 200
        for wrong in (None, Secret("wrong"), Secret("x" * 2000)):
            with pytest.raises(ConfigurationError, match="cannot be used") as caught:
                get(own(wrong), server.url)
            assert "good.pem" in str(caught.value)
            assert CANARY not in f"{caught.value!r} {caught.value}"
        assert len(server.requests) == 1


@pytest.mark.parametrize("path", ["missing.pem", ".", "no-pem.pem"])
@pytest.mark.parametrize("what", ["authorities", "certificate", "key"])
def test_a_file_that_cannot_be_used_is_named(path, what, certificates, tmp_path):
    (tmp_path / "no-pem.pem").write_text("not PEM")
    place = tmp_path / path
    if what == "authorities":
        if path == ".":
            place = tmp_path / "gone"
        network = Network(certificate_authorities=place)
    else:
        good = certificates.folder / "good.pem"
        own = ClientCertificate(place) if what == "certificate" else ClientCertificate(good, place)
        network = Network(client_certificates={"https://127.0.0.1:1": own})
    with pytest.raises(ConfigurationError, match="of `network=` cannot be used"):
        get(network, "https://127.0.0.1:1/token")


def test_a_certificate_that_another_program_renews_is_read_again(certificates, tmp_path):
    own = tmp_path / "own.pem"
    shutil.copy(certificates.folder / "mcp.example.pem", own)
    with serving(certificates) as server:
        network = Network(
            certificate_authorities=certificates.authority, client_certificates={server.url: ClientCertificate(own)}
        )
        send = HttpSender(Guard(HERE), network)
        send(HttpRequest("GET", server.url, "read a document"))
        shutil.copy(certificates.folder / "as.example.pem", own)
        os.utime(own, (1, 1))
        send(HttpRequest("GET", server.url, "read a document"))
    assert [names_in(shown) for shown in server.shown] == [["mcp.example"], ["as.example"]]


def test_one_context_serves_all_connections_with_the_same_files(certificates):
    network = shows(certificates, "https://as.example")
    contexts = {id(Trust(network).context_for("https://as.example/token")) for _ in range(3)}
    assert len(contexts) == 1
    assert Trust(Network()).context_for("https://as.example") is trusted_authorities()


@requirement("SEC-4", "SEC-10")
def test_a_server_inside_the_network_proves_itself_by_the_users_own_authority(certificates):
    names = NameServer(mcp_example=["127.0.0.1"], as_example=["127.0.0.1"])
    with serving(certificates, "mcp.example") as server, serving(certificates, "as.example") as other:
        guard = Guard(f"https://mcp.example:{server.port}/mcp", resolve=names)
        network = Network(certificate_authorities=certificates.authority)
        send = HttpSender(guard, network)
        assert send(HttpRequest("GET", f"https://as.example:{other.port}/token", "read")).status == 200
        assert server.connections == 1


# The environment.


def test_the_environments_authorities_are_trusted(certificates, monkeypatch):
    """Row E7."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    with serving(certificates) as server:
        assert get(None, server.url).status == 200


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"SSL_CERT_FILE": "{folder}/missing.pem"}, "SSL_CERT_FILE"),
        ({"SSL_CERT_FILE": "{folder}"}, "SSL_CERT_FILE"),
        ({"SSL_CERT_FILE": "{folder}/empty.pem"}, "SSL_CERT_FILE"),
        ({"SSL_CERT_FILE": "{folder}/text.pem"}, "SSL_CERT_FILE"),
        ({"SSL_CERT_FILE": "{folder}/missing.pem", "SSL_CERT_DIR": "{folder}"}, "SSL_CERT_FILE"),
        ({"SSL_CERT_DIR": "{folder}/missing"}, "SSL_CERT_DIR"),
        ({"SSL_CERT_DIR": "{folder}/empty.pem"}, "SSL_CERT_DIR"),
        ({"SSL_CERT_DIR": "{folder}/a:{folder}/b"}, "SSL_CERT_DIR"),
    ],
)
def test_authorities_of_the_environment_that_cannot_be_read_are_named(environment, named, tmp_path, monkeypatch):
    """Else no server would be trusted, and each of them would be told as the culprit. Row E7."""
    (tmp_path / "empty.pem").write_text("")
    (tmp_path / "text.pem").write_text("not PEM")
    for name, value in environment.items():
        monkeypatch.setenv(name, value.format(folder=tmp_path))
    with pytest.raises(ConfigurationError, match=f"^{named} names") as caught:
        get(None, "https://127.0.0.1:1/token")
    assert str(tmp_path) in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    "environment", [{"SSL_CERT_DIR": "{folder}:/missing"}, {"SSL_CERT_FILE": ""}, {"SSL_CERT_DIR": ""}]
)
def test_an_empty_variable_is_none_and_one_folder_of_several_is_enough(environment, tmp_path, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value.format(folder=tmp_path))
    assert isinstance(Trust(Network()).context_for("https://as.example"), ssl.SSLContext)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"])
def test_a_variable_of_another_program_is_not_read(name, certificates, monkeypatch):
    monkeypatch.setenv(name, str(certificates.authority))
    with serving(certificates) as server, pytest.raises(TemporaryError, match="does not prove with a certificate"):
        get(None, server.url)


TERMINAL = """
    from valetkey._network.guard import Guard
    from valetkey._network.sender import HttpSender
    from valetkey.errors import ConfigurationError
    from valetkey.settings import ClientCertificate, Network
    from valetkey.wire import HttpRequest
    import sys

    own = ClientCertificate(sys.argv[1], sys.argv[2])
    try:
        HttpSender(Guard("https://127.0.0.1/mcp"), Network(client_certificates={"https://127.0.0.1:1": own}))(
            HttpRequest("GET", "https://127.0.0.1:1/", "read")
        )
    except ConfigurationError:
        print("refused")
"""


def test_a_missing_password_ends_at_once_in_a_process_of_its_own(certificates, locked_key):
    with Child(TERMINAL, str(certificates.folder / "good.pem"), str(locked_key)) as child:
        assert child.succeed().split() == ["refused"]
