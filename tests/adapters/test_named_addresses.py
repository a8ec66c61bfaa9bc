# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which paths of the MCP server's origin get the token: its own, and those that the server itself names."""

import gzip
import json

import pytest

from tests.adapters.server import Answer, McpServer
from tests.adapters.ways import WAYS
from tests.requirements import requirement
from valetkey.store.backends.memory import MemoryStore

every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.library_name} {way.mode}")
CALL = {"json": {"jsonrpc": "2.0", "id": 1, "method": "ping"}}
EVENTS = {"headers": {"Accept": "text/event-stream"}}
JSON = (("Content-Type", "application/json"),)
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


@every_way
def test_a_compressed_stream_may_name_any_path_of_the_origin(way, server):
    """Row I9."""
    event = b"event: endpoint\ndata: /messages/\n\n"
    fields = (STREAM, ("Content-Encoding", "gzip"))
    server.routes["/mcp"] = protected(server, Answer(200, fields, gzip.compress(event)))
    server.routes["/messages/"] = protected(server, Answer(202, (), b""))
    requests = ("GET", server.url, EVENTS), ("POST", f"{server.origin}/messages/", CALL)
    stream, posted = way.send(way.auth(server), *requests)
    assert (stream.content, posted.status_code) == (event, 202)


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
