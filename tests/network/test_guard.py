# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What never leaves: requests to places that hide where they lead, and credentials of somebody else."""

import pytest

from tests.network.server import WireServer, answer
from tests.requirements import requirement
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.errors import InsecureEndpoint, IssuerMismatch
from valetkey.errors.texts import harmless
from valetkey.wire import HttpRequest

ALLOWED = [
    "https://as.example/token",
    "HTTPS://AS.EXAMPLE:8443/token?tenant=1",
    "https://xn--mnchen-3ya.example/token",
    "https://[2001:db8::1]/token",
    "http://127.0.0.1:8080/token",
    "http://127.9.9.9/token",
    "http://localhost:8080/token",
    "http://LOCALHOST/token",
    "http://[::1]:8080/token",
]
REFUSED = [
    # Plain http that leaves this computer, however its address is written.
    "http://as.example/token",
    "http://10.0.0.5/token",
    "http://192.168.1.1/token",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00::1]/token",
    "http://[fe80::1]/token",
    "http://[::ffff:10.0.0.1]/token",
    "http://0.0.0.0:8080/token",
    "http://[::]:8080/token",
    # What one program reads as loopback and another as something else.
    "http://0x7f000001/token",
    "http://0x7f.1/token",
    "http://0177.0.0.1/token",
    "http://2130706433/token",
    "http://127.1/token",
    "http://127.0.0.1.evil.example/token",
    "http://localhost.evil.example/token",
    "http://localhost./token",
    "http://127.0.0.1%2eevil.example/token",
    "http://127.0.0.1%00.evil.example/token",
    "http://[::1%25eth0]/token",
    "http://１２７.0.0.1/token",
    "http://127。0。0。1/token",
    # User information, which hides the host.
    "https://user:password@as.example/token",
    "https://as.example@evil.example/token",
    "https://as.example:443@evil.example/token",
    "https://@evil.example/token",
    "http://127.0.0.1:80@evil.example/token",
    "https://as.example\\@evil.example/token",
    # Other schemes, and none.
    "ftp://as.example/token",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x",
    "unix:/var/run/docker.sock",
    "javascript:alert(1)",
    "//as.example/token",
    "/token",
    "as.example/token",
    "",
    "https://",
    "https:///token",
    "https:as.example/token",
    # What would break out of the request.
    "https://as.example/token\r\nX-Injected: 1",
    "https://as.example/to ken",
    " https://as.example/token",
    "https://as.example/\x00",
    "https://as.example:99999/token",
    "https://as.example:-1/token",
    "https://as.example:8o/token",
    "https://as.example/token#fragment",
    "https://аs.example/token",
    "https://[::1/token",
]


@requirement("SEC-1")
@pytest.mark.parametrize("url", ALLOWED)
def test_https_and_this_computer_may_be_asked(url):
    Guard().check(HttpRequest("GET", url, "read a document"))


@requirement("SEC-1", "AUT-14")
@pytest.mark.parametrize("url", REFUSED)
def test_every_other_place_is_refused(url):
    with pytest.raises(InsecureEndpoint) as caught:
        Guard().check(HttpRequest("GET", url, "read a document"))
    assert caught.value.url == harmless(url)
    assert caught.value.hint
    assert "password" not in caught.value.message


@requirement("SEC-1")
@pytest.mark.parametrize("url", REFUSED)
def test_a_sender_asks_its_guard_before_anything_else(url):
    with pytest.raises(InsecureEndpoint):
        HttpSender(Guard())(HttpRequest("POST", url, "renew the token", body=b"secret"))


@requirement("SEC-15")
@pytest.mark.parametrize(
    ("issuer", "owners"),
    [
        ("https://evil.example", ("https://as.example",)),
        ("https://as.example", ("https://as.example", "https://other.example")),
        ("https://as.example/", ("https://as.example",)),
        ("https://AS.example", ("https://as.example",)),
        (None, ("https://as.example",)),
    ],
)
def test_a_credential_of_another_issuer_never_leaves(issuer, owners):
    with WireServer(lambda peer: peer.send(answer())) as server:
        request = HttpRequest(
            "POST", f"{server.url}/token", "renew the token", body=b"s3cret", issuer=issuer, credentials_of=owners
        )
        with pytest.raises(IssuerMismatch) as caught:
            HttpSender(Guard())(request)
        assert caught.value.expected in owners
        assert caught.value.received == issuer
        assert "s3cret" not in str(caught.value)
    assert server.seen == []


@requirement("SEC-15")
def test_a_credential_goes_to_its_own_issuer():
    with WireServer(lambda peer: peer.send(answer())) as server:
        owner = "https://as.example"
        request = HttpRequest(
            "POST", f"{server.url}/token", "renew the token", body=b"x", issuer=owner, credentials_of=(owner, owner)
        )
        assert HttpSender(Guard(server.url))(request).status == 200
    assert len(server.requests) == 1


def test_a_request_without_credentials_needs_no_issuer():
    Guard().check(HttpRequest("GET", "https://as.example/.well-known/oauth-authorization-server", "read"))
