# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The engine's own HTTP client against a real server on this computer, down to the bytes."""

import gzip
import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from tests.network.certificates import make_certificates
from tests.network.server import WireServer, answer
from tests.requirements import requirement
from tests.servers.process import free_port
from valetkey import __version__
from valetkey._network.clock import CONNECT_SECONDS
from valetkey._network.guard import LARGEST_BODY, LONGEST_EXCHANGE, Guard
from valetkey._network.sender import HttpSender, UnknownOutcome
from valetkey.errors import InsecureEndpoint, MalformedDocument, TemporaryError
from valetkey.wire import HttpRequest, NotReached

CANARY = "canary-3d7f"
HERE = "http://127.0.0.1/mcp"
"""An MCP server on this computer, which may lead to others on it."""
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def get(url, **guard):
    return HttpSender(Guard(HERE, **guard))(
        HttpRequest("GET", url, "read a document", headers=(("Accept", "application/json"),))
    )


def post(url, body=b"grant_type=refresh_token", **guard):
    headers = (("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", f"Basic {CANARY}"))
    return HttpSender(Guard(HERE, **guard))(HttpRequest("POST", url, "renew the token", headers=headers, body=body))


@contextmanager
def serving(*parts):
    with WireServer(lambda peer: peer.send(*parts)) as server:
        yield server


LIMIT_IS_BROKEN = 8.0
"""Seconds. With limits of a second or less these exchanges end before; without them, all would take 20 or more."""


@contextmanager
def failing_in_time():
    started = time.monotonic()
    with pytest.raises(TemporaryError) as caught:
        yield caught
    assert time.monotonic() - started < LIMIT_IS_BROKEN


def fields(request):
    head = request.partition(b"\r\n\r\n")[0].decode()
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:])}


@requirement("PRM-18")
def test_a_document_is_asked_for_with_these_fields_and_no_others():
    with serving(answer()) as server:
        get(f"{server.url}/.well-known/oauth-authorization-server?a=b")
    (request,) = server.requests
    assert request.startswith(b"GET /.well-known/oauth-authorization-server?a=b HTTP/1.1\r\n")
    assert fields(request) == {
        "host": f"127.0.0.1:{server.port}",
        "accept": "application/json",
        "accept-encoding": "identity",
        "connection": "keep-alive",
        "user-agent": "valetkey",
    }


def test_a_form_is_posted_as_it_is():
    with serving(answer()) as server:
        post(f"{server.url}/token", b"grant_type=refresh_token&refresh_token=a%2Bb")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /token HTTP/1.1\r\n")
    assert body == b"grant_type=refresh_token&refresh_token=a%2Bb"
    assert fields(head)["content-type"] == "application/x-www-form-urlencoded"
    assert fields(head)["content-length"] == str(len(body))
    assert fields(head)["authorization"] == f"Basic {CANARY}"


def test_the_user_agent_is_a_name_without_a_version():
    """A version would tell every server which faults may be tried."""
    with serving(answer()) as server:
        get(server.url)
    assert fields(server.requests[0])["user-agent"] == "valetkey"
    assert __version__.encode() not in server.requests[0].partition(b"user-agent")[2]


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "204 No Content", "400 Bad", "401 X", "404 X", "503 X"])
def test_an_answer_of_any_status_is_an_answer(status):
    with serving(answer(status, body=b"" if "204" in status else b"{}")) as server:
        response = get(f"{server.url}/x")
    assert response.status == int(status[:3])
    assert response.url == f"{server.url}/x"
    assert response.body == (b"" if "204" in status else b"{}")


def test_every_field_of_an_answer_is_kept_also_repeated_ones():
    with serving(answer("401 X", "WWW-Authenticate: Basic", "WWW-Authenticate: Bearer a=b", "X-Y:  z ")) as server:
        response = get(server.url)
    wanted = [(name.lower(), value) for name, value in response.headers]
    assert [pair for pair in wanted if pair[0] in ("www-authenticate", "x-y")] == [
        ("www-authenticate", "Basic"),
        ("www-authenticate", "Bearer a=b"),
        ("x-y", "z"),
    ]


@pytest.mark.parametrize("status", ["200 OK", "400 X"])
def test_an_answer_arrives_as_it_was_sent_whatever_it_repeats(status):
    """A short secret may be part of an error code, which is compared; the texts that quote an answer are redacted."""
    with serving(answer(status, body=CANARY.encode())) as server:
        assert post(server.url).body == CANARY.encode()


@requirement("SEC-6", "TOK-10")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", [get, post])
def test_a_redirect_is_not_followed(status, method):
    with serving(answer()) as target, serving(answer(f"{status} Moved", f"Location: {target.url}/x")) as server:
        response = method(f"{server.url}/y")
    assert response.status == status
    assert target.requests == []
    assert len(server.requests) == 1


@requirement("SEC-9")
def test_the_largest_answer_is_a_mebibyte():
    assert LARGEST_BODY == 2**20
    with serving(answer(body=b"x" * LARGEST_BODY)) as server:
        assert len(get(server.url).body) == LARGEST_BODY
    with serving(answer(body=b"x" * (LARGEST_BODY + 1))) as server:
        with pytest.raises(MalformedDocument, match="is larger than 1048576 bytes") as caught:
            get(f"{server.url}/big")
        assert caught.value.url == f"{server.url}/big"


@requirement("SEC-9")
def test_an_answer_without_an_end_is_broken_off():
    def endless(peer):
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100_000):
            peer.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    with WireServer(endless) as server, pytest.raises(MalformedDocument):
        get(server.url)


@requirement("SEC-9")
def test_a_small_answer_that_unpacks_to_a_large_one_is_refused():
    packed = gzip.compress(b"\x00" * (LARGEST_BODY + 1))
    assert len(packed) < 2000
    with serving(answer("200 OK", "Content-Encoding: gzip", body=packed)) as server, pytest.raises(MalformedDocument):
        get(server.url)


def test_an_answer_that_is_packed_without_being_asked_is_read():
    with serving(answer("200 OK", "Content-Encoding: gzip", body=gzip.compress(b'{"a": 1}'))) as server:
        assert get(server.url).body == b'{"a": 1}'
    assert fields(server.requests[0])["accept-encoding"] == "identity"


def test_a_whole_exchange_has_ten_seconds_and_connecting_five():
    assert (Guard().longest_exchange, LONGEST_EXCHANGE, CONNECT_SECONDS) == (10.0, 10.0, 5.0)


@requirement("SEC-9")
@pytest.mark.parametrize(
    ("head", "rest"),
    [
        (b"", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50 + b"Content-Length: 0\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x" * 1000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 200 + b"0\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    ],
    ids=["head", "body", "chunks", "body without length", "empty promises"],
)
def test_a_server_that_answers_drop_by_drop_has_no_more_time_than_any_other(head, rest):
    """A time-out for each read would never be reached."""

    def answer_slowly(peer):
        peer.send(head)
        peer.drip(rest, every=0.02)

    with WireServer(answer_slowly) as server, failing_in_time() as caught:
        post(server.url, longest_exchange=0.3)
    assert isinstance(caught.value, UnknownOutcome)
    assert "did not answer in 0.3 s" in caught.value.message


def test_a_server_that_says_nothing_leaves_the_outcome_unknown():
    with WireServer(lambda peer: peer.wait()) as server, failing_in_time() as caught:
        post(server.url, longest_exchange=0.2)
    assert isinstance(caught.value, UnknownOutcome)
    assert len(server.requests) == 1


def test_where_nobody_listens_nothing_was_sent():
    """So the refresh token is certainly not spent. Row F6."""
    url = f"http://127.0.0.1:{free_port()}/token"
    with pytest.raises(TemporaryError, match="cannot be reached") as caught:
        post(url)
    assert not isinstance(caught.value, UnknownOutcome)
    assert url in caught.value.message
    assert isinstance(caught.value, NotReached)
    assert caught.value.reason == "connection refused"


def test_where_nobody_takes_the_connection_nothing_was_sent():
    """Row F6."""
    with full_listener() as port, failing_in_time() as caught:
        post(f"http://127.0.0.1:{port}/token", longest_exchange=0.4)
    assert not isinstance(caught.value, UnknownOutcome)


@contextmanager
def full_listener():
    """A program that is stuck: its queue is full, and the kernel drops who knocks."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as queue:
        for _ in range(4):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_a_name_that_does_not_exist_is_not_reached():
    """Row F6."""
    with pytest.raises(TemporaryError, match="cannot be reached: the host name is not known") as caught:
        get("https://a..b/")
    assert not isinstance(caught.value, UnknownOutcome)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b"HTTP/1.1 200 OK\r\nContent-"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"],
        [b"SSH-2.0-OpenSSH_9.2\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}"],
    ],
    ids=["no answer", "half a head", "half a body", "half a chunk", "no HTTP", "no length"],
)
def test_a_server_that_breaks_off_leaves_the_outcome_unknown(parts):
    with serving(*parts) as server, pytest.raises(UnknownOutcome, match="broke the connection off"):
        post(server.url)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"plain"),
        ("deflate", b"\xff\xffno"),
        ("gzip", gzip.compress(b"{}", mtime=0)[:-4]),
        ("gzip, gzip", gzip.compress(b"{}", mtime=0)),
    ],
    ids=["not gzip", "not deflate", "cut off", "packed once"],
)
def test_an_answer_that_is_not_packed_as_it_says_is_told_as_that(coding, body):
    """What it says is not known: it may have been a new refresh token. Row F11."""
    sent = answer("200 OK", f"Content-Encoding: {coding}", body=body)
    with (
        serving(sent) as server,
        pytest.raises(UnknownOutcome, match="not packed as its Content-Encoding says") as caught,
    ):
        post(server.url)
    assert f'"{coding}"' in caught.value.message
    assert "operator" in caught.value.hint


@requirement("SEC-10", "TOK-10")
def test_a_server_without_a_trusted_certificate_gets_nothing(tmp_path):
    certificates = make_certificates(tmp_path)
    with WireServer(lambda peer: peer.send(answer()), tls=certificates.context("self-signed")) as server:
        with pytest.raises(TemporaryError, match="does not prove with a certificate who it is") as caught:
            post(server.url)
        assert not isinstance(caught.value, UnknownOutcome)
        assert "SSL_CERT_FILE" in caught.value.hint
    assert server.requests == []


def test_a_server_that_speaks_no_tls_gets_nothing():
    with serving(answer()) as server, pytest.raises(TemporaryError, match="cannot be reached"):
        post(f"https://127.0.0.1:{server.port}/token", longest_exchange=0.5)
    assert not any(b"POST" in part or CANARY.encode() in part for part in server.seen)


@requirement("PRM-18")
def test_cookies_are_not_kept():
    with serving(answer("200 OK", "Set-Cookie: session=1; Path=/", "Set-Cookie: other=2")) as server:
        sender = HttpSender(Guard(HERE))
        for _ in range(2):
            sender(HttpRequest("GET", server.url, "read a document"))
    assert len(server.requests) == 2
    assert not any("cookie" in fields(request) for request in server.requests)


def test_no_connection_is_kept():
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as server:
        sender = HttpSender(Guard(HERE))
        for _ in range(2):
            sender(HttpRequest("GET", server.url, "read a document"))
    assert len(server.requests) == 2


@requirement("SEC-8")
def test_a_proxy_of_the_environment_is_used(monkeypatch):
    with serving(answer("502 Bad Gateway")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(TemporaryError):
            post("https://as.example/token")
    (request,) = proxy.requests
    assert request.startswith(b"CONNECT as.example:443 HTTP/1.1\r\n")
    assert CANARY.encode() not in request


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_request_to_this_computer_goes_past_every_proxy(name, host, monkeypatch):
    """It is plain http, because it does not leave the computer."""
    with serving(answer()) as proxy, serving(answer(body=b"direct")) as server:
        monkeypatch.setenv(name, proxy.url)
        assert post(f"http://{host}:{server.port}/token").body == b"direct"
    assert proxy.requests == []


def test_a_url_that_passes_the_guard_and_is_none_to_the_client_is_refused():
    with pytest.raises(InsecureEndpoint) as caught:
        get("https://as.example/" + "a" * 70_000)
    assert len(str(caught.value)) < 1000


@requirement("SEC-12")
def test_the_log_has_purpose_and_outcome_and_no_secret(caplog):
    caplog.set_level(logging.DEBUG, "valetkey")
    with serving(answer("200 OK", f"X: {CANARY}", body=CANARY.encode())) as server:
        post(f"{server.url}/token?code={CANARY}", CANARY.encode())
    with pytest.raises(TemporaryError):
        post(f"http://127.0.0.1:{free_port()}/token?code={CANARY}", CANARY.encode())
    lines = [record.getMessage() for record in caplog.records if record.name == "valetkey.requests"]
    assert lines[0].startswith(f"POST {server.url}/token: 200 in ")
    assert lines[0].endswith("(renew the token)")
    assert ": no connection in " in lines[1]
    assert CANARY not in repr([vars(record) for record in caplog.records if record.name.startswith("valetkey")])


def test_senders_work_in_several_threads_at_once():
    with serving(answer(body=b"1")) as server, ThreadPoolExecutor(8) as pool:
        sender = HttpSender(Guard(HERE))
        requests = [HttpRequest("GET", f"{server.url}/{number}", "read") for number in range(16)]
        assert [response.body for response in pool.map(sender, requests)] == [b"1"] * 16
