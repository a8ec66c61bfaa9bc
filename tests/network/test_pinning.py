# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Connecting to the addresses that were checked, with real servers on several addresses of this computer."""

import pytest

from tests.network.certificates import make_certificates
from tests.network.names import NameServer
from tests.network.server import WireServer, answer
from tests.network.test_sender import HERE, PROXIES, failing_in_time, fields, full_listener
from tests.requirements import requirement
from tests.servers.process import free_port
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender, UnknownOutcome
from valetkey.errors import TemporaryError
from valetkey.wire import HttpRequest


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def saying(text, **place):
    return WireServer(lambda peer: peer.send(answer(body=text.encode())), **place)


def ask(url, names, method="GET", **guard):
    return HttpSender(Guard(HERE, resolve=names, **guard))(HttpRequest(method, url, "renew the token", body=b"x"))


@requirement("SEC-7")
def test_the_connection_goes_to_the_address_that_was_checked():
    with saying("checked") as first, saying("rebound", host="127.0.0.2", port=first.port) as second:
        names = NameServer(localhost=[["127.0.0.1"], ["127.0.0.2"]])
        assert ask(f"http://localhost:{first.port}/token", names).body == b"checked"
        assert names.asked == ["localhost"]
        assert (first.connections, second.connections) == (1, 0)


@requirement("SEC-7")
def test_every_new_connection_is_checked_again():
    with saying("first") as server:
        names = NameServer(localhost=[["127.0.0.1"], ["10.0.0.1"]])
        sender = HttpSender(Guard(HERE, resolve=names))
        request = HttpRequest("GET", f"http://localhost:{server.port}/", "read a document")
        assert sender(request).body == b"first"
        with pytest.raises(Exception, match="not encrypted"):
            sender(request)
        assert server.connections == 1


def test_the_server_hears_the_name_and_not_the_address():
    with saying("", host="127.0.0.3") as server:
        ask(f"http://localhost:{server.port}/token?a=b", NameServer(localhost=["127.0.0.3"]), "POST")
    (request,) = server.requests
    assert request.startswith(b"POST /token?a=b HTTP/1.1\r\n")
    assert fields(request)["host"] == f"localhost:{server.port}"


@requirement("SEC-10")
def test_tls_is_for_the_name_and_not_for_the_address(tmp_path):
    """The certificate is one of the address; its authority is unknown here, so the name that was asked for tells."""
    asked = []
    context = make_certificates(tmp_path).context("good")
    context.sni_callback = lambda connection, name, _: asked.append(name)
    with saying("", tls=context) as server:
        with pytest.raises(TemporaryError, match="does not prove with a certificate who it is"):
            ask(f"https://localhost:{server.port}/token", NameServer(localhost=["127.0.0.1"]))
        assert server.requests == []
    assert asked == ["localhost"]


def test_an_address_where_nobody_listens_is_passed_over():
    with saying("here", host="127.0.0.2") as server:
        names = NameServer(localhost=["127.0.0.1", "::1", "127.0.0.2", "127.0.0.3"])
        assert ask(f"http://localhost:{server.port}/token", names, "POST").body == b"here"
    assert len(server.requests) == 1


def test_an_address_that_takes_no_connection_gets_only_its_share_of_the_time():
    with full_listener() as port, saying("here", host="127.0.0.2", port=port) as server:
        names = NameServer(localhost=["127.0.0.1", "127.0.0.2"])
        response = ask(f"http://localhost:{port}/token", names, "POST", longest_exchange=2.0)
    assert response.body == b"here"
    assert server.connections == 1


def test_where_nobody_listens_at_any_address_nothing_was_sent():
    names = NameServer(localhost=["127.0.0.1", "127.0.0.2"])
    with failing_in_time() as caught:
        ask(f"http://localhost:{free_port()}/token", names, "POST")
    assert not isinstance(caught.value, UnknownOutcome)


def test_many_addresses_have_no_more_time_than_one():
    with full_listener() as port, failing_in_time() as caught:
        ask(f"http://localhost:{port}/", NameServer(localhost=["127.0.0.1"] * 2 + ["127.0.0.1"]), longest_exchange=1.0)
    assert not isinstance(caught.value, UnknownOutcome)


@requirement("SEC-10")
def test_a_wrong_certificate_is_not_followed_by_another_address(tmp_path):
    context = make_certificates(tmp_path).context("self-signed")
    with saying("", tls=context) as first, saying("", tls=context, host="127.0.0.2", port=first.port) as second:
        names = NameServer(localhost=["127.0.0.1", "127.0.0.2"])
        with pytest.raises(TemporaryError, match="does not prove with a certificate who it is"):
            ask(f"https://localhost:{first.port}/token", names, "POST")
        assert (first.connections, second.connections) == (1, 0)


def test_a_name_without_addresses_is_not_reached():
    for names in (NameServer(), NameServer(as_example=[])):
        with pytest.raises(TemporaryError, match="cannot be reached") as caught:
            ask("https://as.example/token", names, "POST")
        assert not isinstance(caught.value, UnknownOutcome)
