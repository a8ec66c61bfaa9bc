# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The head of a request to the callback port: what is one, and what may be the answer of a login."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.requirements import requirement
from valetkey.login.request import read_request, status_of_stray

ADDRESS = "http://127.0.0.1:8080/callback"


def head(*lines):
    return "\r\n".join(lines).encode("latin-1")


GOOD = head("GET /callback?code=a HTTP/1.1", "Host: 127.0.0.1:8080", "Accept:  text/html \t", "X: 1", "x: 2")


def test_a_request_is_read():
    request = read_request(GOOD)
    assert (request.method, request.target, request.query) == ("GET", "/callback?code=a", "code=a")
    assert dict(request.fields) == {"host": "127.0.0.1:8080", "accept": "text/html", "x": "1, 2"}
    assert status_of_stray(request, ADDRESS) is None


NO_REQUESTS = {
    "nothing": b"",
    "HTTP/0.9": head("GET /callback?code=a"),
    "HTTP/2": head("PRI * HTTP/2.0"),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a space in the target": head("GET /callback?code=a b HTTP/1.1", "Host: 127.0.0.1:8080"),
    "a byte beyond ASCII in the target": head("GET /callback?code=é HTTP/1.1", "Host: 127.0.0.1:8080"),
    "two hosts": head("GET / HTTP/1.1", "Host: 127.0.0.1:8080", "Host: evil.example"),
    "two hosts that are the same": head("GET / HTTP/1.1", "Host: 127.0.0.1:8080", "hOST: 127.0.0.1:8080"),
    "a space before the colon": head("GET / HTTP/1.1", "Host : 127.0.0.1:8080"),
    "a folded field": head("GET / HTTP/1.1", "Host: 127.0.0.1:8080", " evil.example"),
    "a line without a colon": head("GET / HTTP/1.1", "Host"),
    "a field without a name": head("GET / HTTP/1.1", ": x"),
    "a carriage return alone": head("GET / HTTP/1.1", "Host: 127.0.0.1:8080\rX: y"),
    "a null byte": head("GET / HTTP/1.1", "Host: 127.0.0.1:8080\x00"),
    "a method in small letters": head("get / HTTP/1.1"),
}


@requirement("NAT-7")
@pytest.mark.parametrize("sent", NO_REQUESTS.values(), ids=NO_REQUESTS.keys())
def test_what_is_no_request_is_none(sent):
    """Row I13."""
    assert read_request(sent) is None


FOR_ANOTHER = {
    "no host": (),
    "HTTP/1.0 without a host": (),
    "an empty host": ("Host:",),
    "another name": ("Host: evil.example:8080",),
    "a name that only begins like ours": ("Host: 127.0.0.1:8080.evil.example",),
    "user information": ("Host: 127.0.0.1:8080@evil.example",),
    "no port": ("Host: 127.0.0.1",),
    "another port": ("Host: 127.0.0.1:8081",),
    "another spelling": ("Host: 127.1:8080",),
    "a number": ("Host: 2130706433:8080",),
    "a last dot": ("Host: 127.0.0.1.:8080",),
    "the name": ("Host: localhost:8080",),
    "IPv6": ("Host: [::1]:8080",),
    "two in one": ("Host: 127.0.0.1:8080, evil.example",),
}


@requirement("NAT-8")
@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
@pytest.mark.parametrize("fields", FOR_ANOTHER.values(), ids=FOR_ANOTHER.keys())
def test_a_request_for_another_host_is_no_answer(fields, version):
    """Row I13."""
    request = read_request(head(f"GET /callback?code=a {version}", *fields))
    assert status_of_stray(request, ADDRESS) == 404


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/callback", None),
        ("/callback?a#b", None),
        ("http://127.0.0.1:8080/callback?a=http://evil.example", None),
        ("HTTP://127.0.0.1:8080/callback", None),
        ("http://evil.example/callback", 404),
        ("http://127.0.0.1:8080", 404),
        ("https://127.0.0.1:8080/callback", 404),
        ("127.0.0.1:8080/callback", 404),
        ("//127.0.0.1:8080/callback", 404),
        ("/callback/", 404),
        ("/%63allback", 404),
        ("/./callback", 404),
        ("*", 404),
        ("/[", 404),
        ("http://[/callback", 404),
    ],
)
def test_the_target_has_to_be_this_address(target, status):
    """Row I13."""
    assert status_of_stray(read_request(head(f"GET {target} HTTP/1.1", "Host: 127.0.0.1:8080")), ADDRESS) == status


@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_a_request_or_none(sent):
    request = read_request(sent)
    assert request is None or status_of_stray(request, ADDRESS) in (None, 400, 404, 405, 503)


@pytest.mark.parametrize("piece", [b"\n", b":", b" ", b"a:\n", b"\r", b"GET ", b"\t", b"x: \t \n", b"host: \n"])
def test_a_long_head_is_read_in_time(piece):
    """Row I17."""
    begun = time.monotonic()
    read_request(b"GET / HTTP/1.1\n" + piece * ((1 << 20) // len(piece)))
    read_request(piece * ((1 << 20) // len(piece)))
    assert time.monotonic() - begun < 5
