# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Rejections come at any time and in any form, and are answered before anything else about a server is known."""

import json

import pytest

from tests.adapters.server import Answer, McpServer
from tests.adapters.ways import WAYS
from tests.requirements import requirement

every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.library_name} {way.mode}")


@pytest.fixture
def server():
    with McpServer() as running:
        yield running


def call(method):
    return {"json": {"jsonrpc": "2.0", "id": 1, "method": method}}


@requirement("WWW-2")
@every_way
@pytest.mark.parametrize("field", [None, "Bearer", 'Bearer realm="mcp"', "Basic", "", "="], ids=repr)
def test_a_401_that_names_no_metadata_leads_to_the_well_known_addresses(way, field, server):
    fields = () if field is None else (("WWW-Authenticate", field),)
    server.routes["/mcp"] = lambda seen: (
        Answer() if server.authorization.accepts(seen.token or "") else Answer(401, fields, b"")
    )
    (response,) = way.send(way.auth(server), ("POST", server.url, call("initialize")))
    assert response.status_code == 200
    assert server.authorization.log()[0] == f"GET {server.origin}/.well-known/oauth-protected-resource/mcp"
    assert len(server.person.asked) == 1


@requirement("WWW-16")
@every_way
def test_a_server_that_opens_for_everybody_may_want_a_token_later_and_more_scope_after_that(way, server):
    def answer(seen):
        method = json.loads(seen.body)["method"]
        if method == "initialize":
            return Answer()
        if not server.authorization.accepts(seen.token or ""):
            return server.rejects(seen)
        if method == "tools/call" and len(server.person.asked) < 2:
            return Answer(403, (("WWW-Authenticate", 'Bearer error="insufficient_scope", scope="write"'),), b"")
        return Answer()

    server.routes["/mcp"] = answer
    methods = ["initialize", "tools/list", "tools/call", "tools/call"]
    responses = way.send(way.auth(server), *[("POST", server.url, call(method)) for method in methods])
    assert [response.status_code for response in responses] == [200] * 4
    assert [[one.status_code for one in response.history] for response in responses] == [[], [401], [403], []]
    assert len(server.person.asked) == 2


@requirement("VER-12", "VER-9")
@every_way
@pytest.mark.parametrize("status", [400, 404, 405])
def test_what_a_server_does_not_understand_is_told_after_the_login_and_costs_no_other(way, status, server):
    """Its 401 says nothing about its generation, and its 400 nothing about the token."""
    server.routes["/mcp"] = lambda seen: (
        (Answer() if json.loads(seen.body)["method"] == "initialize" else Answer(status, (), b""))
        if server.authorization.accepts(seen.token or "")
        else server.rejects(seen)
    )
    probe, opened = way.send(
        way.auth(server), ("POST", server.url, call("server/discover")), ("POST", server.url, call("initialize"))
    )
    assert (probe.status_code, probe.content) == (status, b"")
    assert opened.status_code == 200
    assert len(server.person.asked) == 1
    assert server.authorization.grant_types() == ["authorization_code"]


@requirement("USE-3")
@every_way
def test_a_token_stands_once_in_a_request_and_never_in_its_address(way, server):
    auth = way.auth(server)
    way.send(auth, ("POST", server.url, call("initialize")), ("GET", f"{server.url}?a=b"), ("DELETE", server.url))
    server.authorization.forget_access_tokens()
    way.send(auth, ("POST", server.url, call("tools/list")))
    tokens = {seen.token for seen in server.seen} - {None}
    assert len(tokens) == 2
    for seen in server.seen:
        assert [name.lower() for name, _ in seen.fields].count("authorization") <= 1
        assert not any(token in seen.line or token.encode() in seen.body for token in tokens)


@requirement("USE-10")
@every_way
def test_an_answer_that_breaks_off_after_it_has_begun_is_not_asked_for_again(way, server):
    """The call may have been executed by then; only what was turned away before it began is repeated."""
    events = (("Content-Type", "text/event-stream"), ("Content-Length", "100"))
    server.routes["/mcp"] = lambda seen: (
        Answer(200, events, b"data: 1\n\n", lambda: b"")
        if server.authorization.accepts(seen.token or "")
        else server.rejects(seen)
    )
    with pytest.raises(way.library.RemoteProtocolError):
        way.send(way.auth(server), ("POST", server.url, call("tools/call")))
    assert [seen.token is not None for seen in server.seen] == [False, True]
