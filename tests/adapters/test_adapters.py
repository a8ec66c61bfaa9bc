# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The two `Auth` objects, in every way they are used, against a real MCP server on this computer."""

import threading
import time
from dataclasses import replace
from functools import partial

import anyio
import pytest

from tests.adapters.server import Answer, McpServer
from tests.adapters.ways import WAYS, Way
from tests.fakes.threads import LONGEST_WAIT
from tests.requirements import requirement
from valetkey._adapters.credential import rejection
from valetkey._sessions.codec import decode_session, encode_session
from valetkey.errors import ConfigurationError, LoginRequired
from valetkey.settings import Settings
from valetkey.store.backends.memory import MemoryStore
from valetkey.values import Secret

every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.library_name} {way.mode}")
every_async_way = pytest.mark.parametrize(
    "way", [way for way in WAYS if way.mode != "sync"], ids=lambda way: f"{way.library_name} {way.mode}"
)
each_library = pytest.mark.parametrize("library", ["httpx", "httpx2"])

CALL = {"json": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, "headers": {"Mcp-Session-Id": "s1"}}
BODIES = {
    "nothing": lambda way: {},
    "bytes": lambda way: {"content": bytes(range(256)) * 10},
    "JSON": lambda way: {"json": {"jsonrpc": "2.0", "method": "schlüssel"}},
    "a form": lambda way: {"data": {"a": "1", "b": "&="}},
    "a stream": lambda way: {"content": way.stream(b"first", b"second" * 1000, b"", b"last")},
    "a file": lambda way: {"files": {"file": ("name.bin", b"\x00\x01" * 500)}, "headers": BOUNDARY},
}
BOUNDARY = {"Content-Type": "multipart/form-data; boundary=0123456789"}


@pytest.fixture
def server():
    with McpServer() as running:
        yield running


@pytest.fixture
def elsewhere():
    """A server at another origin."""
    with McpServer() as running:
        yield running


def endless(way, piece=b"x" * 65_536):
    """A body of the library's own kind whose end nobody will see; it breaks off where a test would fill the memory."""

    class Endless(way.library.SyncByteStream, way.library.AsyncByteStream):
        sent, is_closed = 0, False

        def __iter__(self):
            while True:
                self.sent += len(piece)
                assert self.sent < 10_000_000, "the body is read to an end that it does not have"
                yield piece

        async def __aiter__(self):
            for one in self:
                yield one

        def close(self):
            self.is_closed = True

        async def aclose(self):
            self.is_closed = True

    return Endless()


@requirement("GEN-1")
@every_way
@pytest.mark.parametrize("length", [{}, {"Content-Length": "70000"}], ids=["no length", "a large length"])
@pytest.mark.parametrize("coding", [{}, {"Content-Encoding": "gzip"}], ids=["plain", "packed"])
def test_a_rejection_whose_body_has_no_end_is_not_read(way, length, coding, server):
    auth = way.auth(server)
    way.send(auth, ("POST", server.url, CALL))  # logs in
    body, seen = endless(way), []

    def answer(request):
        seen.append(request.headers.get("Authorization"))
        if len(seen) > 1:
            return way.library.Response(200, text="served")
        fields = {"WWW-Authenticate": 'Bearer error="invalid_token"', **length, **coding}
        return way.library.Response(401, headers=fields, stream=body)

    (response,) = way.send(auth, ("POST", server.url, CALL), transport=way.library.MockTransport(answer))
    assert (response.text, len(seen), len(set(seen))) == ("served", 2, 2)
    assert (body.sent, body.is_closed) == (0, True)
    assert response.history[0].status_code == 401


@requirement("GEN-1", "SEC-9")
@every_way
@pytest.mark.parametrize("codings", ["gzip", "gzip, gzip", "deflate", "br", "zstd", "identity, gzip"])
def test_a_short_rejection_that_is_packed_is_not_unpacked(way, codings, server):
    """A body of 100 bytes may be a gigabyte, and both libraries read it before they send again. Row I4."""
    auth = way.auth(server)
    way.send(auth, ("POST", server.url, CALL))
    body, seen = endless(way), []

    def answer(request):
        seen.append(request.headers.get("Authorization"))
        if len(seen) > 1:
            return way.library.Response(200, text="served")
        fields = {"WWW-Authenticate": "Bearer", "Content-Length": "100", "Content-Encoding": codings}
        return way.library.Response(401, headers=fields, stream=body)

    (response,) = way.send(auth, ("POST", server.url, CALL), transport=way.library.MockTransport(answer))
    assert (response.text, len(set(seen))) == ("served", 2)
    assert (body.sent, body.is_closed) == (0, True)


@requirement("GEN-1")
@every_way
def test_a_short_rejection_stays_readable_in_the_history(way, server):
    auth = way.auth(server)
    way.send(auth, ("POST", server.url, CALL))
    answers = [(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}, "expired"), (200, {}, "served")]

    def answer(request):
        status, fields, text = answers.pop(0)
        return way.library.Response(status, headers=fields, text=text)

    (response,) = way.send(auth, ("POST", server.url, CALL), transport=way.library.MockTransport(answer))
    assert [one.text for one in (*response.history, response)] == ["expired", "served"]


@requirement("GEN-1")
@every_way
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_an_open_server_gets_the_requests_it_would_have_got(way, body):
    with McpServer(wants_login=False) as server:

        def requests():
            return ("POST", server.url, body(way)), ("GET", f"{server.url}?a=b"), ("DELETE", server.url, CALL)

        way.send(None, *requests())
        plain, server.seen[:] = list(server.seen), []
        responses = way.send(way.auth(server), *requests())
        assert server.seen == plain
        assert len(plain) == 3
        assert [response.status_code for response in responses] == [200, 200, 200]
        assert [response.history for response in responses] == [[], [], []]
        assert server.authorization.requests == []
        assert server.person.asked == []


@requirement("USE-1", "USE-8")
@every_way
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_rejected_request_is_sent_once_more_with_a_token_and_the_same_body(way, body, server):
    (response,) = way.send(way.auth(server), ("POST", server.url, body(way)))
    first, second = server.seen
    assert response.status_code == 200
    assert first.token is None
    assert server.authorization.accepts(second.token)
    assert (second.line, second.body) == (first.line, first.body)
    assert [pair for pair in second.fields if pair[0].lower() != "authorization"] == list(first.fields)
    assert len(server.person.asked) == 1


@requirement("USE-2")
@every_way
def test_the_token_goes_on_every_request_that_follows(way, server):
    auth = way.auth(server)
    way.send(auth, ("POST", server.url, CALL), ("GET", server.url))
    way.send(auth, ("DELETE", f"{server.url}/x?y=z"))
    tokens = [seen.token for seen in server.seen]
    assert tokens[0] is None
    assert tokens[1] is not None
    assert set(tokens[1:]) == {tokens[1]}
    assert len(tokens) == 4
    assert len(server.person.asked) == 1


@requirement("SEC-12")
@every_way
def test_the_history_of_a_response_has_the_rejection_and_nothing_of_the_login(way, server):
    (response,) = way.send(way.auth(server), ("POST", server.url, CALL))
    (rejected,) = response.history
    assert rejected.status_code == 401
    assert str(rejected.url) == server.url
    assert rejected.text == "unauthorized"
    assert len(server.authorization.requests) == 4


@requirement("USE-6")
@every_way
def test_no_other_origin_gets_the_token(way, server, elsewhere):
    elsewhere.wants_login = False
    same_port = server.url.replace("127.0.0.1", "localhost")
    way.send(way.auth(server), ("GET", server.url), ("GET", elsewhere.url), ("GET", same_port))
    assert server.seen[1].token is not None
    assert [seen.field("authorization") for seen in [*elsewhere.seen, *server.seen[2:]]] == [None, None]


@requirement("USE-6")
@every_way
def test_another_origin_that_wants_a_login_gets_none(way, server, elsewhere):
    (response,) = way.send(way.auth(server), ("GET", elsewhere.url))
    assert response.status_code == 401
    assert len(elsewhere.seen) == 1
    assert server.person.asked == elsewhere.person.asked == []


@requirement("USE-6")
@every_way
@pytest.mark.parametrize("status", [302, 307, 308])
def test_a_redirect_to_another_origin_does_not_take_the_token_along(way, status, server, elsewhere):
    elsewhere.wants_login = False
    server.routes["/mcp/moved"] = lambda seen: Answer(status, (("Location", elsewhere.url),), b"")
    auth = way.auth(server)
    responses = way.send(auth, ("GET", server.url), ("POST", f"{server.url}/moved", CALL), follow_redirects=True)
    assert responses[1].status_code == 200
    assert server.seen[-1].token is not None
    assert [seen.field("authorization") for seen in elsewhere.seen] == [None]


@every_way
def test_what_another_origin_says_after_a_redirect_leads_to_no_login(way, server, elsewhere):
    """Its challenge could name an authorization server of its own."""
    server.routes["/mcp/moved"] = lambda seen: Answer(307, (("Location", elsewhere.url),), b"")
    (response,) = way.send(way.auth(server), ("POST", f"{server.url}/moved", CALL), follow_redirects=True)
    assert response.status_code == 401
    assert len(elsewhere.seen) == 1
    assert server.person.asked == elsewhere.person.asked == []
    assert server.authorization.requests == elsewhere.authorization.requests == []


@every_way
def test_a_redirect_within_the_origin_keeps_the_token(way, server):
    server.routes["/mcp/old"] = lambda seen: Answer(307, (("Location", server.url),), b"")
    (response,) = way.send(way.auth(server), ("POST", f"{server.url}/old", CALL), follow_redirects=True)
    assert response.status_code == 200
    assert [seen.path for seen in server.seen] == ["/mcp/old", "/mcp", "/mcp/old", "/mcp"]
    assert [seen.token is not None for seen in server.seen] == [False, False, True, True]


@every_way
@pytest.mark.parametrize("name", ["Authorization", "authorization"])
@pytest.mark.parametrize("value", ["Bearer mine", "Basic bWluZQ==", ""])
def test_a_credential_of_the_callers_own_is_left_alone(way, name, value, server):
    responses = way.send(way.auth(server), ("GET", server.url, {"headers": {name: value}}), ("GET", server.url))
    assert responses[0].status_code == 401
    assert server.seen[0].field("authorization") == value
    assert server.seen[1].field("authorization") is None  # and the next request is handled as ever
    assert responses[1].status_code == 200


@requirement("WWW-13", "WWW-17")
@every_way
@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (403, ()),
        (403, (("WWW-Authenticate", "Bearer"),)),
        (403, (("WWW-Authenticate", 'Bearer error="invalid_token"'),)),
        (403, (("WWW-Authenticate", 'DPoP error="invalid_token"'),)),
        (400, (("WWW-Authenticate", 'Bearer error="invalid_token"'),)),
        (404, (("WWW-Authenticate", "Bearer"),)),
        (407, (("Proxy-Authenticate", "Basic"),)),
        (500, (("WWW-Authenticate", "Bearer"),)),
    ],
    ids=str,
)
def test_what_asks_for_no_other_token_is_the_callers(way, status, fields, server):
    server.routes["/mcp"] = lambda seen: Answer(status, fields, b"no")
    (response,) = way.send(way.auth(server), ("POST", server.url, CALL))
    assert (response.status_code, response.content) == (status, b"no")
    assert len(server.seen) == 1
    assert server.person.asked == []


@requirement("STP-1")
@every_way
def test_missing_scope_leads_to_a_login_for_more_and_the_request_is_sent_once_more(way, server):
    challenge = 'Bearer error="insufficient_scope", scope="write"'
    server.routes["/mcp/write"] = lambda seen: (
        Answer()
        if server.authorization.token_forms()[-1:] and len(server.person.asked) == 2
        else Answer(403, (("WWW-Authenticate", challenge),), b"")
    )
    responses = way.send(way.auth(server), ("GET", server.url), ("POST", f"{server.url}/write", CALL))
    assert responses[1].status_code == 200
    assert [response.status_code for response in responses[1].history] == [403]
    assert "scope=write" in server.person.asked[1].authorization_url
    assert server.seen[-1].token != server.seen[-2].token
    assert server.seen[-1].body == server.seen[-2].body


@requirement("WWW-15")
@every_way
def test_a_second_rejection_is_the_callers_response(way, server):
    """A server that rejects what its own authorization server has issued is not asked for ever."""
    server.routes["/mcp"] = server.rejects
    (response,) = way.send(way.auth(server), ("POST", server.url, CALL))
    assert response.status_code == 401
    assert [seen.token is None for seen in server.seen] == [True, False]
    assert len(server.person.asked) == 1


@every_way
def test_a_slow_request_holds_up_no_other(way, server):
    answered = []
    all_answered = threading.Event()

    def fast(seen):
        answered.append(seen)
        if len(answered) == 20:
            all_answered.set()
        return Answer()

    server.routes["/mcp/slow"] = lambda seen: Answer(200 if all_answered.wait(LONGEST_WAIT) else 504)
    server.routes["/mcp/fast"] = fast
    auth = way.auth(server)
    way.send(auth, ("GET", server.url))
    requests = [("GET", f"{server.url}/slow"), *[("GET", f"{server.url}/fast")] * 20]
    assert [response.status_code for response in way.send_at_once(auth, requests)] == [200] * 21


@every_way
def test_a_renewal_ahead_of_time_holds_up_no_request(way, server):
    auth = way.auth(server)
    way.send(auth, ("GET", server.url))
    store = MemoryStore()
    keep(store, auth, obtained_at=time.time() - 3000, expires_at=time.time() + 30)
    gate = server.authorization.gate(f"{server.origin}/token")
    second = way.auth(server, store=store)
    responses = way.send_at_once(second, [("GET", server.url)] * 10)
    assert gate.reached.wait(LONGEST_WAIT)
    assert [response.status_code for response in responses] == [200] * 10
    assert {seen.token for seen in server.seen[1:]} == {server.seen[1].token}
    gate.opened.set()
    second.engine.replace(second.engine.session.token)
    way.send(second, ("GET", server.url))
    assert server.seen[-1].token != server.seen[1].token
    assert server.authorization.grant_types() == ["authorization_code", "refresh_token"]


@every_way
def test_requests_that_are_rejected_together_lead_to_one_login(way, server):
    responses = way.send_at_once(way.auth(server), [("POST", server.url, CALL)] * 12)
    assert [response.status_code for response in responses] == [200] * 12
    assert len(server.person.asked) == 1
    assert len(server.authorization.registrations()) == 1
    assert server.authorization.grant_types() == ["authorization_code"]


@every_way
def test_an_expired_session_is_renewed_before_the_request_and_not_after_its_rejection(way, server):
    auth = way.auth(server)
    way.send(auth, ("GET", server.url))
    store = MemoryStore()
    keep(store, auth, expires_at=1.0)
    server.seen.clear()
    server.authorization.requests.clear()
    (response,) = way.send(way.auth(server, store=store), ("POST", server.url, CALL))
    assert response.status_code == 200
    assert response.history == []
    assert len(server.seen) == 1
    assert server.authorization.log() == [f"POST {server.origin}/token"]


@every_way
def test_a_token_that_has_been_ended_is_renewed_without_the_person(way, server):
    auth = way.auth(server)
    way.send(auth, ("GET", server.url))
    server.authorization.forget_access_tokens()
    (response,) = way.send(auth, ("POST", server.url, CALL))
    assert response.status_code == 200
    assert len(response.history) == 1
    assert len(server.person.asked) == 1
    assert server.authorization.grant_types() == ["authorization_code", "refresh_token"]


@every_way
def test_a_request_that_is_sent_again_gets_the_token_of_its_time(way, server):
    """What we put on it the first time is not taken for a credential of the caller's own."""
    auth = way.auth(server)

    async def send_twice():
        async with way.client(auth) as client:
            request = client.build_request("POST", server.url, **CALL)
            await client.send(request)
            server.authorization.forget_access_tokens()
            return await client.send(request)

    if way.mode == "sync":
        with way.client(auth) as client:
            request = client.build_request("POST", server.url, **CALL)
            client.send(request)
            server.authorization.forget_access_tokens()
            response = client.send(request)
    else:
        response = anyio.run(send_twice, backend=way.mode)
    assert response.status_code == 200
    assert len({seen.token for seen in server.seen}) == 3  # none, the first, the second
    assert len(server.person.asked) == 1


@every_way
def test_a_token_does_not_show_in_a_request(way, server):
    (response,) = way.send(way.auth(server), ("POST", server.url, CALL))
    token = server.seen[-1].token
    assert response.request.headers["Authorization"] == f"Bearer {token}"
    assert token not in repr(response.request) + repr(response.request.extensions) + repr(response.request.headers)


@every_async_way
def test_a_request_that_is_cancelled_during_a_renewal_loses_nothing(way, server):
    """The refresh token is spent by then; only its answer has the next one."""
    auth = way.auth(server)
    way.send(auth, ("GET", server.url))
    server.authorization.forget_access_tokens()
    gate = server.authorization.gate(f"{server.origin}/token")

    async def give_up():
        async with way.client(auth) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(partial(client.get, server.url))
            with anyio.fail_after(LONGEST_WAIT):
                await anyio.to_thread.run_sync(gate.reached.wait, LONGEST_WAIT)
            tasks.cancel_scope.cancel()

    anyio.run(give_up, backend=way.mode)
    gate.opened.set()
    (response,) = way.send(auth, ("GET", server.url))
    assert response.status_code == 200
    assert server.authorization.grant_types() == ["authorization_code", "refresh_token"]
    assert len(server.person.asked) == 1


@every_way
def test_a_stream_of_events_is_not_waited_for(way, server):
    """The adapter looks at status and header fields; the body belongs to the caller, who may read it for hours."""
    first_event_read = threading.Event()
    pieces = iter([b"data: 2\n\n", b""])

    def rest():
        assert first_event_read.wait(LONGEST_WAIT)
        return next(pieces)

    def answer(seen):
        accepted = server.authorization.accepts(seen.token or "")
        return (
            Answer(200, (("Content-Type", "text/event-stream"),), b"data: 1\n\n", rest)
            if accepted
            else server.rejects(seen)
        )

    server.routes["/mcp"] = answer
    auth = way.auth(server)

    async def read():
        events = []
        async with way.client(auth) as client, client.stream("GET", server.url) as response:
            async for line in response.aiter_lines():
                events.append(line)
                first_event_read.set()
        return events

    if way.mode == "sync":
        events = []
        with way.client(auth) as client, client.stream("GET", server.url) as response:
            for line in response.iter_lines():
                events.append(line)
                first_event_read.set()
    else:
        events = anyio.run(read, backend=way.mode)
    assert [event for event in events if event] == ["data: 1", "data: 2"]


@every_way
def test_where_nobody_may_be_asked_the_request_fails_with_what_to_do(way, server):
    with pytest.raises(LoginRequired) as caught:
        way.send(way.auth(server, login="never"), ("POST", server.url, CALL))
    assert "Log in once in a program that may ask a person" in caught.value.hint
    assert len(server.seen) == 1


@each_library
def test_one_object_serves_threads_and_event_loops_alike(library, server):
    ways = [Way(library, mode) for mode in ("sync", "asyncio", "trio")]
    auth = ways[0].auth(server)
    for way in ways:
        assert way.send(auth, ("GET", server.url))[0].status_code == 200
    assert len({seen.token for seen in server.seen}) == 2
    assert len(server.person.asked) == 1


@each_library
def test_it_is_an_auth_object_of_its_library(library):
    way = Way(library, "sync")
    auth = way.oauth("https://mcp.example/mcp", store="memory:", login="never")
    assert isinstance(auth, way.library.Auth)
    assert "One object may be used by any number of clients" in type(auth).__doc__


@each_library
def test_a_login_can_be_made_ahead_of_time(library, server):
    way = Way(library, "sync")
    auth = way.auth(server)
    auth.engine.replace(None)
    way.send(auth, ("GET", server.url))
    assert [seen.token is None for seen in server.seen] == [False]


@each_library
@pytest.mark.parametrize("scope", ["read write", ["read", "write"], ("read", "write")], ids=str)
def test_a_scope_is_a_text_or_a_sequence(library, scope, server):
    way = Way(library, "sync")
    way.send(way.auth(server, scope=scope), ("GET", server.url))
    assert "scope=read+write" in server.person.asked[0].authorization_url


@each_library
def test_a_keyword_replaces_what_the_settings_have(library, server):
    settings = Settings(scope="read", client_name="Agent")
    way = Way(library, "sync")
    way.send(way.auth(server, scope="write", settings=settings), ("GET", server.url))
    assert "scope=write" in server.person.asked[0].authorization_url
    assert way.auth(server, settings=settings).engine.serves(server.url)


@each_library
def test_the_settings_of_another_server_are_refused(library, server):
    with pytest.raises(ConfigurationError, match="contradicts"):
        Way(library, "sync").auth(server, settings=Settings(url="https://other.example/mcp"))


@requirement("CC-4")
@each_library
@pytest.mark.parametrize("secret", ["s3cret", Secret("s3cret")], ids=["text", "Secret"])
def test_a_machine_proves_itself_without_a_person(library, secret, server):
    server.authorization.knows("machine", secret="s3cret")
    way = Way(library, "sync")
    shown_in_the_body = Settings(client_authentication="client_secret_post")
    machine = {"client_id": "machine", "client_secret": secret, "issuer": server.authorization.issuer}
    auth = way.auth(server, **machine, settings=shown_in_the_body)
    assert way.send(auth, ("GET", server.url))[0].status_code == 200
    assert server.person.asked == []
    assert server.authorization.token_forms()[0]["client_secret"] == "s3cret"


@each_library
@pytest.mark.parametrize(
    "settings",
    [
        {"settings": Settings(client_authentication="private_key_jwt")},
        {"client_secret": "s"},
        {"grant": "password"},
        {"store": "nowhere://localhost"},
        {"login": "telepathy"},
        {"settings": Settings(login_timeout=0)},
        {"redirect_uri": "http://192.168.1.5/callback"},
        {"redirect_uri": "myapp:/callback"},
        {"url": "mcp.example/mcp"},
    ],
    ids=str,
)
@requirement("NAT-6", "AUT-10")
def test_settings_that_cannot_work_are_refused_when_the_object_is_made(library, settings):
    arguments = {"url": "https://mcp.example/mcp", "store": "memory:", "login": "never", **settings}
    with pytest.raises(ConfigurationError):
        Way(library, "sync").oauth(**arguments)


@requirement("WWW-1", "WWW-4")
@each_library
@pytest.mark.parametrize(
    ("status", "fields", "schemes"),
    [
        (200, [("WWW-Authenticate", "Bearer")], None),
        (401, [], ()),
        (401, [("WWW-Authenticate", "Basic, Bearer a=b"), ("www-authenticate", "DPoP")], ("basic", "bearer", "dpop")),
        (403, [("WWW-Authenticate", 'Bearer error="insufficient_scope"')], ("bearer",)),
        (403, [("WWW-Authenticate", "Bearer")], None),
    ],
    ids=str,
)
def test_every_challenge_of_a_rejection_is_read(library, status, fields, schemes):
    response = Way(library, "sync").library.Response(status, headers=fields)
    challenges = rejection(response)
    assert challenges is None if schemes is None else tuple(one.scheme.lower() for one in challenges) == schemes


def keep(store, auth, **changes):
    """Put the session of an auth object into another store, with changes to its token."""
    sessions = auth.engine._attempts.sessions
    session = decode_session(sessions.store.get(sessions.key).value)
    store.put(sessions.key, encode_session(replace(session, token=replace(session.token, **changes))))
