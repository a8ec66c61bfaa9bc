# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The connections of one attempt, as real servers count them: how many, where to, and what is never sent twice."""

import gzip
import threading
import tracemalloc
import zlib
from contextlib import contextmanager

import pytest

from tests.fakes.threads import LONGEST_WAIT
from tests.fakes.world import World
from tests.network.certificates import make_certificates
from tests.network.names import NameServer
from tests.network.server import WireServer, answer
from tests.network.test_sender import HERE, PROXIES
from tests.processes.child import Child
from tests.requirements import requirement
from valetkey._network import connections
from valetkey._network.connections import LONGEST_REST
from valetkey._network.guard import LARGEST_BODY, Guard
from valetkey._network.sender import HttpSender
from valetkey._network.unpacking import MOST_CODINGS
from valetkey.errors import ConfigurationError, InsecureEndpoint, MalformedDocument, TemporaryError
from valetkey.wire import HttpRequest, UnknownOutcome


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def kept(body=b"{}", status="200 OK", *headers):
    """An answer after which the connection stays open."""
    return answer(status, *headers, body=body, closing=False)


def serving(*answers, **place):
    """A server that gives these answers on each connection, one for each request, and closes it after the last one."""
    return WireServer(*(say(parts) for parts in answers), **place)


def say(parts):
    return parts if callable(parts) else lambda peer: peer.send(parts)


def hang_up(peer):
    """Read the request, and close the connection without an answer."""


def sender(**guard):
    return HttpSender(Guard(HERE, **guard))


def read(send, url):
    return send(HttpRequest("GET", url, "read a document"))


def post(send, url):
    return send(HttpRequest("POST", url, "renew the token", body=b"refresh_token=once"))


def test_all_requests_of_an_attempt_to_one_origin_use_one_connection():
    with serving(kept(), kept(), kept()) as server:
        send = sender()
        with send.keep_connections():
            assert [read(send, f"{server.url}/a").status, post(send, f"{server.url}/b").status] == [200, 200]
            assert read(send, f"{server.url}/c").status == 200
    assert server.connections == 1
    assert [request.split()[1] for request in server.requests] == [b"/a", b"/b", b"/c"]


def test_each_origin_has_its_own_connection():
    with serving(kept(), kept()) as one, serving(kept(), kept()) as two:
        send = sender()
        with send.keep_connections():
            for server in (one, two, one, two):
                read(send, server.url)
    assert (one.connections, two.connections) == (1, 1)


def test_the_next_attempt_opens_connections_of_its_own():
    with serving(kept(), kept()) as server:
        send = sender()
        for _ in range(2):
            with send.keep_connections():
                read(send, server.url)
    assert server.connections == 2


def test_a_block_within_a_block_belongs_to_the_same_attempt():
    with serving(kept(), kept(), kept()) as server:
        send = sender()
        with send.keep_connections():
            read(send, server.url)
            with send.keep_connections():
                read(send, server.url)
            read(send, server.url)
    assert server.connections == 1


def test_a_connection_belongs_to_the_thread_that_keeps_it():
    with serving(kept(), kept()) as server:
        send = sender()
        with send.keep_connections():
            read(send, server.url)
            thread = threading.Thread(target=read, args=(send, server.url))
            thread.start()
            thread.join()
            read(send, server.url)
    assert server.connections == 2


def fail_after(act):
    act()
    message = "The document is no JSON."
    raise MalformedDocument(message, hint="Tell the operator.", url="https://as.example")


def test_the_connection_is_closed_at_the_end_of_the_attempt_also_if_it_fails():
    closed = threading.Event()

    def wait_for_the_end(peer):
        peer.send(kept())
        peer.wait()
        closed.set()

    with serving(wait_for_the_end) as server:
        send = sender()
        with pytest.raises(MalformedDocument), send.keep_connections():
            fail_after(lambda: read(send, server.url))
        assert closed.wait(LONGEST_WAIT)


def test_a_server_that_announces_the_end_of_a_connection_gets_a_new_one():
    with serving(answer(body=b"{}")) as server:
        send = sender()
        with send.keep_connections():
            assert [post(send, server.url).status for _ in range(3)] == [200] * 3
    assert (server.connections, len(server.requests)) == (3, 3)


@requirement("SEC-9")
def test_a_token_request_on_a_connection_that_the_server_has_closed_is_sent_once_on_a_new_one():
    with serving(kept()) as server:  # closes the connection after its answer, and has not announced it
        send = sender()
        with send.keep_connections():
            read(send, server.url)
            server.wait_until_closed()
            assert post(send, server.url).status == 200
    assert server.connections == 2
    assert sum(request.startswith(b"POST") for request in server.requests) == 1


def test_a_token_request_that_was_sent_and_not_answered_is_never_sent_again():
    with serving(kept(), hang_up) as server:
        send = sender()
        with send.keep_connections():
            read(send, server.url)
            with pytest.raises(UnknownOutcome, match="broke the connection off"):
                post(send, server.url)
    assert server.connections == 1
    assert sum(request.startswith(b"POST") for request in server.requests) == 1


def test_a_document_that_was_not_answered_on_a_used_connection_is_asked_for_once_more():
    with serving(kept(), hang_up) as server:
        send = sender()
        with send.keep_connections():
            read(send, server.url)
            assert read(send, server.url).status == 200
    assert (server.connections, len(server.requests)) == (2, 3)


def test_a_document_that_was_not_answered_on_a_new_connection_is_not_asked_for_again():
    with serving(hang_up) as server:
        send = sender()
        with send.keep_connections(), pytest.raises(UnknownOutcome):
            read(send, server.url)
    assert len(server.requests) == 1


def test_a_connection_that_was_not_used_for_a_while_is_not_used_again(monkeypatch):
    """While a person logs in, minutes pass, and a network may have forgotten the connection without a word."""
    assert LONGEST_REST == 1.5  # less than servers keep theirs
    monkeypatch.setattr(connections, "LONGEST_REST", 0.0)
    with serving(kept(), kept()) as server:
        send = sender()
        with send.keep_connections():
            read(send, server.url)
            assert post(send, server.url).status == 200
    assert server.connections == 2


@requirement("SEC-7")
def test_the_addresses_of_a_host_are_the_same_for_a_whole_attempt():
    with serving(answer()) as first, serving(answer(), host="127.0.0.2", port=first.port) as rebound:
        names = NameServer(localhost=[["127.0.0.1"], ["127.0.0.2"]])
        send = sender(resolve=names)
        with send.keep_connections():
            for _ in range(2):
                read(send, f"http://localhost:{first.port}/")
        assert names.asked == ["localhost"]
        assert (first.connections, rebound.connections) == (2, 0)


@requirement("SEC-7")
def test_the_next_attempt_looks_the_host_up_and_checks_its_addresses_again():
    with serving(kept()) as server:
        send = sender(resolve=NameServer(localhost=[["127.0.0.1"], ["10.0.0.1"]]))
        with send.keep_connections():
            read(send, f"http://localhost:{server.port}/")
        with send.keep_connections(), pytest.raises(InsecureEndpoint, match="not encrypted"):
            read(send, f"http://localhost:{server.port}/")
    assert server.connections == 1


@requirement("SEC-4", "SEC-7")
def test_another_origin_is_checked_like_the_first():
    names = NameServer(localhost=["127.0.0.1"], as_example=["10.0.0.1"])
    with serving(kept(), kept()) as server:
        send = sender(resolve=names)
        with send.keep_connections():
            read(send, f"http://localhost:{server.port}/")
            with pytest.raises(InsecureEndpoint):
                post(send, "https://as.example/token")
            with pytest.raises(InsecureEndpoint):
                post(send, "http://as.example/token")
            read(send, f"http://localhost:{server.port}/")
    assert names.asked == ["localhost", "as.example"]
    assert server.connections == 1


def test_after_a_host_could_not_be_reached_it_is_looked_up_again():
    with serving(kept(), host="127.0.0.2") as server:
        names = NameServer(localhost=[["127.0.0.1"], ["127.0.0.2"]])
        send = sender(resolve=names)
        with send.keep_connections():
            with pytest.raises(TemporaryError, match="cannot be reached"):
                read(send, f"http://localhost:{server.port}/")
            assert read(send, f"http://localhost:{server.port}/").status == 200


@requirement("SEC-6")
def test_a_redirect_is_not_followed_and_leaves_the_connection_usable():
    with serving(kept()) as target, serving(kept(b"", "302 Found", f"Location: {target.url}"), kept()) as server:
        send = sender()
        with send.keep_connections():
            assert [read(send, server.url).status, post(send, server.url).status] == [302, 200]
    assert (server.connections, target.connections) == (1, 0)


@requirement("SEC-9")
@pytest.mark.parametrize("codings", ["", "gzip", "gzip, gzip", "deflate"])
def test_an_answer_that_is_too_large_ends_its_connection_and_takes_no_memory(codings):
    """1.3 kB that are packed twice unpack to more than a gigabyte; here 80 MB are enough to be seen."""
    body = b"x" * 80_000_000
    for coding in filter(None, codings.split(", ")):
        body = gzip.compress(body) if coding == "gzip" else zlib.compress(body)

    large = kept(body, "200 OK", f"Content-Encoding: {codings}")

    def say_what_is_asked(peer):
        peer.send(kept(b"next") if b"/next" in peer.request else large)

    with WireServer(say_what_is_asked, say_what_is_asked) as server:
        send = sender()
        with send.keep_connections(), measuring() as memory:
            with pytest.raises(MalformedDocument, match="is larger than 1048576 bytes"):
                read(send, f"{server.url}/large")
            assert read(send, f"{server.url}/next").body == b"next"
    assert server.connections == 2
    assert memory[0] < 8 * LARGEST_BODY


@contextmanager
def measuring():
    """Give the largest amount of memory that was in use on top, in bytes."""
    tracemalloc.start()
    peak = [0]
    try:
        yield peak
    finally:
        peak[0] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()


def test_a_coding_that_nobody_knows_leaves_the_body_as_it_is():
    with serving(kept(b"abc", "404 Not Found", "Content-Encoding: br")) as server:
        assert (read(sender(), server.url).status, read(sender(), server.url).body) == (404, b"abc")


def test_an_exchange_that_takes_too_long_does_not_disturb_the_next():
    late = threading.Event()

    def too_late(peer):
        late.wait(LONGEST_WAIT)
        peer.send(kept(b"late"))

    with serving(kept(b"first"), too_late, kept(b"never")) as server:
        send = sender(longest_exchange=1.0)
        with send.keep_connections():
            assert read(send, server.url).body == b"first"
            with pytest.raises(UnknownOutcome, match=r"did not answer in 1 s"):
                post(send, server.url)
            late.set()
            assert read(send, server.url).body == b"first"
    assert server.connections == 2


FORGED = kept(b"forged")


def all_at_once(*parts):
    return b"".join(parts)


@requirement("SEC-9")
@pytest.mark.parametrize(
    "first",
    [
        pytest.param(all_at_once(kept(b"first"), FORGED), id="after a length"),
        pytest.param(all_at_once(kept(b"first"), b"HTTP/1.1 200 OK\r\nX-Forged: yes\r\nX: "), id="half a head"),
        pytest.param(
            all_at_once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n", FORGED),
            id="after the last chunk",
        ),
        pytest.param(all_at_once(b"HTTP/1.1 204 No Content\r\n\r\n", FORGED), id="after an answer without a body"),
        pytest.param(all_at_once(b"HTTP/1.1 304 Not Modified\r\n\r\n", FORGED), id="after a 304"),
    ],
)
def test_what_a_server_sends_after_an_answer_is_never_read_as_the_next_one(first):
    """A gateway that miscounts one answer would hand out the rest of it, or another user's, as the next."""

    def say_what_is_asked(peer):
        peer.send(first if b"GET" in peer.request else kept(b"asked"))

    with WireServer(say_what_is_asked, say_what_is_asked) as server:
        send = sender()
        with send.keep_connections():
            read(send, server.url)
            answered = post(send, server.url)
    assert (answered.body, answered.header("x-forged")) == (b"asked", None)
    assert server.connections == 2
    assert sum(request.startswith(b"POST") for request in server.requests) == 1


@requirement("SEC-9")
def test_an_answer_whose_end_is_told_twice_ends_its_connection():
    """RFC 9112 §6.3: somebody in between may have counted otherwise."""
    twice = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    with serving(twice, twice) as server:
        send = sender()
        with send.keep_connections():
            assert [read(send, server.url).body for _ in range(2)] == [b"{}"] * 2
    assert server.connections == 2


def test_an_answer_that_is_packed_many_times_is_not_unpacked():
    body = b"{}"
    for _ in range(MOST_CODINGS + 1):
        body = gzip.compress(body)
    codings = ", ".join(["gzip"] * (MOST_CODINGS + 1))
    with serving(kept(body, "200 OK", f"Content-Encoding: {codings}")) as server, pytest.raises(UnknownOutcome):
        read(sender(), server.url)


@pytest.mark.parametrize("token", ["s3cret\n", "s3cret\r\nX: y", "s3cr\u00e9t", "s3cret ", "s3\x00cret", "\udce9"])
def test_a_token_that_fits_in_no_header_field_is_a_fault_of_the_settings(token):
    with serving(kept()) as server, pytest.raises(ConfigurationError, match="header field") as caught:
        sender()(
            HttpRequest(
                "POST", server.url, "register this program as a client", headers=(("Authorization", f"Bearer {token}"),)
            )
        )
    assert "s3" not in str(caught.value)
    assert server.requests == []


FORKS = """
    import os, sys
    from valetkey._network.guard import Guard
    from valetkey._network.sender import HttpSender
    from valetkey.wire import HttpRequest

    url = sys.argv[1]
    send = HttpSender(Guard(url))
    with send.keep_connections():
        send(HttpRequest("GET", f"{url}/parent", "read a document"))
        child = os.fork()
        if child == 0:
            send(HttpRequest("GET", f"{url}/child", "read a document"))
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        send(HttpRequest("GET", f"{url}/parent", "read a document"))
"""


@requirement("SEC-9")
def test_a_child_that_is_forked_in_the_middle_of_an_attempt_leaves_the_parents_connection_alone():
    """Two processes on one connection would read each other's answers."""
    with WireServer(*[lambda peer: peer.send(kept())] * 3) as server:
        with Child(FORKS, server.url, environment=dict.fromkeys(PROXIES, "")) as child:
            child.succeed()
        assert server.connections == 2
    assert sorted(request.split()[1] for request in server.requests) == [b"/child", b"/parent", b"/parent"]


THROUGH_A_PROXY = """
    import sys
    from valetkey._network.guard import Guard
    from valetkey._network.sender import HttpSender
    from valetkey.wire import HttpRequest

    send = HttpSender(Guard("https://8.8.8.8/mcp"))
    with send.keep_connections():
        for _ in range(2):
            print(send(HttpRequest("GET", "https://as.example/doc", "read a document")).status)
"""


FORGED_THROUGH_A_PROXY = """
    from valetkey._network.guard import Guard
    from valetkey._network.sender import HttpSender
    from valetkey.wire import HttpRequest

    send = HttpSender(Guard("https://8.8.8.8/mcp"))
    with send.keep_connections():
        for _ in range(2):
            print(send(HttpRequest("GET", "https://as.example/doc", "read a document")).body.decode())
"""


@requirement("SEC-8", "SEC-9")
@pytest.mark.parametrize("encrypted", [False, True], ids=["http proxy", "https proxy"])
def test_what_a_server_sends_after_an_answer_through_a_tunnel_is_not_read_as_the_next_one(encrypted, tmp_path):
    certificates = make_certificates(tmp_path)

    def tunnel(peer):
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        inside = peer.speak_tls(certificates.context("as.example"))
        inside.receive()
        inside.send_together(kept(b"asked"), FORGED)
        inside.receive()

    with WireServer(tunnel, tls=certificates.context("good") if encrypted else None) as proxy:
        environment = {**dict.fromkeys(PROXIES, ""), "HTTPS_PROXY": proxy.url, "https_proxy": proxy.url}
        environment["SSL_CERT_FILE"] = str(certificates.authority)
        with Child(FORGED_THROUGH_A_PROXY, environment=environment) as child:
            assert child.succeed().split() == ["asked", "asked"]
    assert proxy.connections == 2


@requirement("SEC-8", "SEC-10")
@pytest.mark.parametrize("encrypted", [False, True], ids=["http proxy", "https proxy"])
def test_one_tunnel_through_a_proxy_serves_the_whole_attempt(encrypted, tmp_path):
    """The proxy sees the host and no request; an https proxy carries one TLS connection inside another."""
    certificates = make_certificates(tmp_path)
    inner = []

    def tunnel(peer):
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        inside = peer.speak_tls(certificates.context("as.example"))
        for _ in range(2):
            inner.append(inside.receive())
            inside.send(kept())

    with WireServer(tunnel, tls=certificates.context("good") if encrypted else None) as proxy:
        environment = {**dict.fromkeys(PROXIES, ""), "HTTPS_PROXY": proxy.url, "https_proxy": proxy.url}
        environment["SSL_CERT_FILE"] = str(certificates.authority)
        with Child(THROUGH_A_PROXY, environment=environment) as child:
            assert child.succeed().split() == ["200", "200"]
    assert proxy.connections == 1
    assert proxy.requests[0].startswith(b"CONNECT as.example:443 HTTP/1.1")
    assert [request.split()[:2] for request in inner] == [[b"GET", b"/doc"]] * 2


# Streams.


@pytest.mark.parametrize("media_type", ["text/event-stream", "Text/Event-Stream; charset=utf-8"])
def test_a_stream_of_events_is_not_read_because_it_may_have_no_end(media_type):
    def stream(peer):
        peer.send(f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        peer.wait()

    with serving(stream, kept(b'{"next":1}')) as server:
        send = sender()
        with send.keep_connections():
            response = read(send, server.url)
            assert (response.status, response.body) == (200, b"")
            assert response.header("Content-Type") == media_type


def speaking_for(world):
    """Hand requests from the wire on to the fake servers of a world, and their answers back."""

    def respond(peer):
        head, _, body = peer.request.partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        method, path, _ = line.split(" ")
        headers = tuple(tuple(field.split(": ", 1)) for field in fields)
        made = world.server(HttpRequest(method, f"{world.server.issuer}{path}", "", headers, body))
        names = [f"{name}: {value}" for name, value in made.headers]
        peer.send(kept(made.body, f"{made.status} OK", *names))

    return respond


@pytest.mark.parametrize("separate", [False, True], ids=["one server", "an authorization server of its own"])
def test_a_login_opens_one_connection_to_each_server(separate):
    """Metadata, registration and token; each request on a connection of its own would wait for it. Row E8."""
    world = World()
    respond = speaking_for(world)
    with serving(*[respond] * 9) as mcp, serving(*[respond] * 9) as other:
        own = other if separate else mcp
        world.server.mcp_url, world.server.issuer = f"{mcp.url}/mcp", own.url
        resource, metadata = "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server"
        # The fake knows its documents by the path alone here: both servers hand on to it as the same origin.
        world.server.describes_the_resource_at = (f"{own.url}{resource}",)
        world.server.describes_itself_at = (f"{own.url}{metadata}",)
        send = HttpSender(Guard(world.server.mcp_url))
        seams = world.seams(send=send, keep_connections=send.keep_connections)
        world.engine(url=world.server.mcp_url, seams=seams).replace(None)
        assert (mcp.connections, other.connections) == (1, 1 if separate else 0)
        asked = [request.split(b" ")[1].decode() for request in (*mcp.requests, *other.requests)]
    assert asked == [resource, metadata, "/register", "/token"]
