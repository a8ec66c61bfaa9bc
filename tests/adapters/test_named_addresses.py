# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which paths of the MCP server's origin get the token: its own, and those that the server itself names."""

import json
import zlib

import pytest

from tests.adapters.server import Answer, McpServer
from tests.adapters.ways import WAYS, Way
from tests.fakes.world import a_session
from tests.requirements import requirement
from valetkey._sessions.codec import encode_session, session_key
from valetkey.settings import Settings
from valetkey.store.backends.memory import MemoryStore

every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.library_name} {way.mode}")
CALL = {"json": {"jsonrpc": "2.0", "id": 1, "method": "ping"}}
EVENTS = {"headers": {"Accept": "text/event-stream"}}
JSON = (("Content-Type", "application/json"),)
SSE = "https://h/sse"
STREAM = ("Content-Type", "text/event-stream; charset=utf-8")


@pytest.fixture
def server():
    with McpServer() as running:
        yield running


def protected(server, answer):
    """A route that wants the token, as the MCP server does."""

    def route(seen):
        return answer if server.authorization.accepts(seen.token or "") else server.rejects(seen)

    return route


def tokens_at(server, path):
    return [seen.token for seen in server.seen if seen.path == path]


@every_way
@pytest.mark.parametrize("path", ["/", "/health", "/mcp2", "/tenant/mcp", "/MCP"])
@requirement("USE-4")
def test_another_path_of_the_origin_gets_no_token_and_leads_to_no_login(way, path, server):
    """Row I9."""
    server.routes[path] = server.rejects
    responses = way.send(way.auth(server), ("GET", server.url), ("POST", f"{server.origin}{path}", CALL))
    assert [response.status_code for response in responses] == [200, 401]
    assert tokens_at(server, path) == [None]
    assert len(server.person.asked) == 1


@every_way
@requirement("USE-4")
def test_what_the_published_resource_covers_gets_the_token_also_from_a_session_of_an_earlier_program(way, server):
    """Row I9."""
    document = {"resource": server.origin, "authorization_servers": [server.origin]}
    published = Answer(200, JSON, json.dumps(document).encode())
    server.routes["/.well-known/oauth-protected-resource/mcp"] = lambda _: published
    server.routes["/mcp"] = server.routes["/api/tools"] = lambda seen: Answer() if seen.token else server.rejects(seen)
    store, url = MemoryStore(), f"{server.origin}/api/tools"
    way.send(way.auth(server, store=store), ("GET", server.url), ("GET", url))
    (later,) = way.send(way.auth(server, store=store), ("GET", url))
    assert later.status_code == 200
    assert len(tokens_at(server, "/api/tools")) == 2
    assert None not in tokens_at(server, "/api/tools")


@every_way
@pytest.mark.parametrize(
    "event",
    [
        b"event: endpoint\ndata: /messages/?session_id=1\n\n",
        b": a comment\r\n\r\nevent: endpoint\r\ndata: /messages/?session_id=1\r\n\r\n",
        b"data: /messages/?session_id=1\revent: endpoint\r\r",
        b"event: other\ndata: /nowhere\n\nevent:endpoint\ndata:/messages/\n\n",
    ],
    ids=["usual", "comment first", "data first", "another event first"],
)
@requirement("USE-4")
def test_an_sse_session_posts_with_the_token_where_the_server_says(way, event, server):
    """Row I9."""
    server.routes["/mcp"] = protected(server, Answer(200, (STREAM,), event))
    server.routes["/messages/"] = protected(server, Answer(202, (), b""))
    auth = way.auth(server)
    url = f"{server.origin}/messages/?session_id=1"
    stream, posted = way.send(auth, ("GET", server.url, EVENTS), ("POST", url, CALL))
    assert stream.content == event
    assert posted.status_code == 202
    assert None not in tokens_at(server, "/messages/")
    server.authorization.forget_access_tokens()
    (posted,) = way.send(auth, ("POST", url, CALL))  # a rejection there is the MCP server's word
    assert posted.status_code == 202


@every_way
@pytest.mark.parametrize(
    "stream",
    [
        b"event: endpoint\ndata: https://evil.example/messages/\n\n",
        b"event: message\ndata: /messages/\n\n",
        b"event: message\ndata: " + b"x" * 100_000 + b"\n\nevent: endpoint\ndata: /messages/\n\n",
        b"",
    ],
    ids=["another origin", "no endpoint", "too late", "nothing"],
)
@requirement("USE-4")
def test_what_a_stream_does_not_name_gets_no_token(way, stream, server):
    """Row I9."""
    server.routes["/mcp"] = protected(server, Answer(200, (STREAM,), stream))
    server.routes["/messages/"] = server.rejects
    url = f"{server.origin}/messages/"
    way.send(way.auth(server), ("GET", server.url, EVENTS), ("POST", url, CALL))
    assert tokens_at(server, "/messages/") == [None]


@every_way
@requirement("USE-4")
def test_a_stream_of_another_path_names_nothing(way, server):
    """Row I9."""
    server.routes["/tenant"] = lambda _: Answer(200, (STREAM,), b"event: endpoint\ndata: /tenant/messages\n\n")
    server.routes["/tenant/messages"] = server.rejects
    auth = way.auth(server)
    tenant = f"{server.origin}/tenant"
    way.send(auth, ("GET", server.url), ("GET", tenant, EVENTS), ("POST", f"{tenant}/messages", CALL))
    assert tokens_at(server, "/tenant/messages") == [None]


def zlib_stream(coding):
    return zlib.compressobj(wbits={"gzip": 31, "x-gzip": 31, "deflate": 15}[coding])


@every_way
@pytest.mark.parametrize("coding", ["gzip", "X-Gzip", "deflate"])
@requirement("USE-4")
def test_a_compressed_stream_names_what_it_says_and_nothing_else(way, coding, server):
    """A server may compress what was asked for as it is (RFC 9110 §12.5.3). Row I9."""
    event, packer = b"event: endpoint\ndata: /messages/\n\n", zlib_stream(coding.lower())
    packed = packer.compress(event) + packer.flush()
    server.routes["/mcp"] = protected(server, Answer(200, (STREAM, ("Content-Encoding", coding)), packed))
    server.routes["/messages/"] = protected(server, Answer(202, (), b""))
    server.routes["/other"] = server.rejects
    posts = [("POST", f"{server.origin}{path}", CALL) for path in ("/messages/", "/other")]
    stream, posted, other = way.send(way.auth(server), ("GET", server.url, EVENTS), *posts)
    assert (stream.content, posted.status_code, other.status_code) == (event, 202, 401)
    assert tokens_at(server, "/other") == [None]


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
@requirement("USE-4")
def test_a_compressed_stream_is_heard_and_read_while_it_goes_on(library):
    """Row I9."""
    way, packer = Way(library, "sync"), zlib_stream("gzip")
    lines = b"event: endpoint\n", b"data: /messages\n\n", b": x"
    pieces = [packer.compress(each) + packer.flush(zlib.Z_SYNC_FLUSH) for each in lines]
    store, heard = MemoryStore(), []
    store.put(session_key(Settings().for_server(SSE)), encode_session(a_session(expires_at=None, resource=SSE)))

    class Library(way.library.BaseTransport):
        def handle_request(self, request):
            if request.url.path == "/messages":
                heard.append("authorization" in request.headers)
                return OwnResponse(202)
            fields = {"content-type": "text/event-stream", "content-encoding": "gzip"}
            return OwnResponse(200, headers=fields, stream=Pieces())

    class OwnResponse(way.library.Response):
        """A transport of the caller may give a response of its own class."""

    class Pieces(way.library.SyncByteStream):
        def __iter__(self):
            for piece in pieces:
                yield piece
                client.post("https://h/messages")

    auth = way.oauth(SSE, store=store)
    with way.library.Client(auth=auth, transport=Library()) as client, client.stream("GET", SSE) as stream:
        assert b"".join(stream.iter_bytes()) == b"".join(lines)
    assert heard == [False, True, True]


@every_way
@pytest.mark.parametrize("follow", [True, False], ids=["the library follows", "the program follows"])
@pytest.mark.parametrize("status", [307, 308])
@requirement("USE-4")
def test_where_the_server_redirects_within_its_origin_the_token_goes(way, status, follow, server):
    """Row I9."""
    server.routes["/mcp"] = lambda _: Answer(status, (("Location", "/v2/mcp/"),), b"")
    server.routes["/v2/mcp/"] = protected(server, Answer())
    auth = way.auth(server)
    requests = [("POST", server.url, CALL), ("POST", f"{server.origin}/v2/mcp/", CALL)]
    *_, last = way.send(auth, *requests[: 1 if follow else 2], follow_redirects=follow)
    assert last.status_code == 200
    assert tokens_at(server, "/v2/mcp/")[-1] is not None
    assert len(server.person.asked) == 1


@every_way
@pytest.mark.parametrize("status", [301, 302, 303])
@requirement("USE-4")
def test_a_page_that_a_message_is_redirected_to_is_no_address_of_the_server(way, status, server):
    """Row I9."""
    server.routes["/mcp/old"] = lambda _: Answer(status, (("Location", "/login"),), b"")
    server.routes["/login"] = server.rejects
    auth = way.auth(server)
    requests = ("GET", server.url), ("POST", f"{server.url}/old", CALL), ("GET", f"{server.origin}/login")
    *_, last = way.send(auth, *requests)
    assert last.status_code == 401
    assert tokens_at(server, "/login") == [None]
