# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The HTTP client under a session: nothing it meets ends the SDK's transport."""

import asyncio
import gc
import json
from dataclasses import replace

import httpx
import httpx2
import pytest

from haystack_integrations.tools.mcp_oauth._mcp_session.failures import OtherAccount, RequestRejected
from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate
from haystack_integrations.tools.mcp_oauth._mcp_session.http_client import guarded_client_class
from tests.fakes.world import a_session
from tests.haystack.one_server import TOKEN, OneServer, as_raised_by_the_sdk
from tests.requirements import requirement
from valetkey._adapters.event_stream import EventStream
from valetkey._adapters.failures import HttpError, NoAnswer, SessionEnded

URL = "https://mcp.example.com/mcp"
CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "add"}}
NOTIFICATION = {"jsonrpc": "2.0", "method": "notifications/cancelled"}
CHALLENGE = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


@pytest.fixture(params=[httpx, httpx2], ids=["httpx", "httpx2"])
def library(request):
    return request.param


@pytest.fixture
def gate():
    return Gate(OneServer())


def exchange(library, gate, answer, message=CALL, *, events=None, headers=None, url=URL):
    """Post a message to a server that answers so, and give the request it saw and the response the SDK sees."""
    seen = []

    def handle(request):
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return library.Response(**answer)

    async def post():
        client_class = guarded_client_class(library, gate, events)
        async with client_class(transport=library.MockTransport(handle)) as client:
            request = client.build_request("POST", url, json=message, headers=headers)
            response = await client.send(request, stream=True)
            await response.aread()
            return response

    response = asyncio.run(post())
    return seen[0], response


def sent(library, gate, method, **arguments):
    """Send a request to a server that says yes, and give what it saw, and the response."""
    seen = []

    def handle(request):
        seen.append(request)
        return library.Response(200, json={})

    async def send():
        async with guarded_client_class(library, gate)(transport=library.MockTransport(handle)) as client:
            return await client.send(client.build_request(method, URL, **arguments))

    response = asyncio.run(send())
    return seen, response


def reason_in(gate, response):
    """Give the reason behind an answer of ours."""
    assert response.status_code == 200
    assert response.json()["id"] == CALL["id"]
    return gate.failure_behind(as_raised_by_the_sdk(response.json()))


@requirement("USE-1", "USE-2")
def test_a_message_carries_the_token_and_its_answer_is_untouched(library, gate):
    body = {"jsonrpc": "2.0", "id": 7, "result": {}}
    request, response = exchange(library, gate, {"status_code": 200, "json": body})
    assert request.headers["Authorization"] == f"Bearer {TOKEN.access_token.reveal()}"
    assert json.loads(request.content) == CALL
    assert response.json() == body


@requirement("USE-6")
def test_a_rejection_by_another_origin_is_none_by_the_mcp_server(library, gate):
    answer = {"status_code": 401, "headers": CHALLENGE}
    _, response = exchange(library, gate, answer, url="https://elsewhere.example/mcp")
    assert isinstance(reason_in(gate, response), HttpError)
    assert gate.rejected is None


@requirement("USE-6", "VER-11")
def test_another_origin_gets_no_token(library, gate):
    request, _ = exchange(library, gate, {"status_code": 200, "json": {}}, url="https://elsewhere.example/mcp")
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    "answer",
    [
        {"status_code": 401, "headers": CHALLENGE},
        {"status_code": 401},
        {"status_code": 403, "headers": {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="x"'}},
    ],
    ids=["challenge", "no challenge", "insufficient scope"],
)
def test_a_rejected_call_gets_an_answer_with_the_reason(library, gate, answer):
    _, response = exchange(library, gate, answer)
    reason = reason_in(gate, response)
    assert type(reason) is RequestRejected
    assert reason.token is TOKEN


@requirement("VER-10")
def test_a_session_the_server_does_not_know_is_lost(library, gate):
    _, response = exchange(library, gate, {"status_code": 404}, headers={"Mcp-Session-Id": "gone"})
    assert type(reason_in(gate, response)) is SessionEnded
    assert gate.session_has_ended


def outdated():
    """The gate of a session whose person has logged in anew."""
    engine = OneServer()
    gate = Gate(engine)
    asyncio.run(gate.token_for(URL))
    engine.session = replace(a_session("of-another-login"), login="second")
    return gate


def test_a_message_in_the_session_of_another_login_is_not_sent(library):
    gate = outdated()
    seen, response = sent(library, gate, "POST", json=CALL)
    assert seen == []
    assert type(reason_in(gate, response)) is OtherAccount
    assert gate.session_has_ended


def test_a_session_of_another_login_is_listened_to_no_more_and_ended_with_its_own_token(library):
    gate = outdated()
    seen, response = sent(library, gate, "GET", headers={"Mcp-Session-Id": "one"})
    assert (seen, response.status_code) == ([], 404)
    (request,), _ = sent(library, gate, "DELETE", headers={"Mcp-Session-Id": "one"})
    assert request.headers["Authorization"] == f"Bearer {TOKEN.access_token.reveal()}"


def test_an_unknown_path_is_no_lost_session(library, gate):
    _, response = exchange(library, gate, {"status_code": 404})
    assert "404 Not Found" in str(reason_in(gate, response))
    assert not gate.session_has_ended


@pytest.mark.parametrize("status", [400, 403, 405, 429, 500, 502, 503])
def test_an_http_error_is_an_answer(library, gate, status):
    _, response = exchange(library, gate, {"status_code": status, "text": "a page about the error"})
    reason = reason_in(gate, response)
    assert type(reason) is HttpError
    assert str(status) in str(reason)


def test_what_the_server_says_in_json_rpc_is_handed_on(library, gate):
    error = {"code": -32602, "message": "unknown tool", "data": {"tool": "add"}}
    body = {"jsonrpc": "2.0", "id": None, "error": error}
    _, response = exchange(library, gate, {"status_code": 400, "json": body})
    assert response.status_code == 200
    assert response.json() == {"jsonrpc": "2.0", "id": 7, "error": error}


@pytest.fixture
def no_collection():
    """At the bottom of deeply nested JSON no finalizer can run: what other tests left behind is collected later."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"text"', b"{}", b'{"error": "text"}', b'{"error": {"code": 1}}', b"\xff\xfe", b"[" * 100_000],
)
def test_json_that_is_no_json_rpc_is_an_http_error_like_any_other(library, gate, content):
    answer = {"status_code": 400, "headers": {"Content-Type": "application/json"}, "content": content}
    _, response = exchange(library, gate, answer)
    assert type(reason_in(gate, response)) is HttpError


@pytest.mark.parametrize("error", ["ConnectError", "ReadTimeout", "RemoteProtocolError"])
def test_a_broken_connection_is_an_answer(library, gate, error):
    _, response = exchange(library, gate, getattr(library, error)("it broke"))
    reason = reason_in(gate, response)
    assert type(reason) is NoAnswer
    assert str(reason) == f"{URL} has not answered: {error}: it broke"


@pytest.mark.parametrize("answer", [{"status_code": 401}, {"status_code": 500}], ids=["rejected", "failed"])
def test_a_notification_that_is_not_accepted_counts_as_accepted(library, gate, answer):
    """The SDK's transport would end over it, and nobody waits for its answer."""
    _, response = exchange(library, gate, answer, NOTIFICATION)
    assert (response.status_code, response.content) == (202, b"")
    assert (gate.rejected is not None) == (answer["status_code"] == 401)


def test_over_sse_the_answer_comes_in_on_the_stream(library, gate):
    """Trap 18."""
    delivered = []

    class Recording(EventStream):
        def deliver(self, answer):
            delivered.append(answer)

    _, response = exchange(library, gate, {"status_code": 401, "headers": CHALLENGE}, events=Recording())
    assert response.status_code == 202
    (answer,) = delivered
    assert answer["id"] == CALL["id"]
    assert type(gate.failure_behind(as_raised_by_the_sdk(answer))) is RequestRejected


def send(library, gate, *answers, request=None, events=None, **settings):
    """Send a request to a server that answers so, one after the other; give what it saw and the response."""
    seen, waiting = [], list(answers)

    def handle(request):
        seen.append(request)
        return library.Response(**waiting.pop(0))

    async def post():
        client_class = guarded_client_class(library, gate, events)
        async with client_class(transport=library.MockTransport(handle), **settings) as client:
            response = await client.send(library.Request("POST", URL, **request), stream=True)
            await response.aread()
            return response

    response = asyncio.run(post())
    assert waiting == []
    return seen, response


@pytest.mark.parametrize("status", [307, 308])
def test_a_message_whose_body_is_a_stream_is_read_before_it_is_sent(library, gate, status):
    """
    The SDK follows redirects by itself; a redirected request has the body of the first one as a stream.

    Row E1.
    """
    body = json.dumps(CALL).encode()
    request = {"stream": library.ByteStream(body), "headers": {"Content-Length": str(len(body))}}
    answers = [{"status_code": status, "headers": {"Location": "/mcp/"}}, {"status_code": 401, "headers": CHALLENGE}]
    seen, response = send(library, gate, *answers, request=request, follow_redirects=True)
    assert [json.loads(one.read()) for one in seen] == [CALL, CALL]
    assert type(reason_in(gate, response)) is RequestRejected


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[]", b"a=b", b"[" * 100_000], ids=lambda content: content[:9]
)
@pytest.mark.usefixtures("no_collection")
def test_a_body_that_is_no_json_is_no_message(library, gate, content):
    """Row E1."""
    seen, response = send(library, gate, {"status_code": 500}, request={"content": content})
    assert response.status_code == 500
    assert seen[0].headers["Authorization"] == f"Bearer {TOKEN.access_token.reveal()}"


def test_an_http_error_without_an_end_is_an_http_error_like_any_other(library, gate):
    sent = []

    class Endless(library.AsyncByteStream):
        async def __aiter__(self):
            while True:
                sent.append(1)
                assert len(sent) < 100, "the body is read to an end that it does not have"
                yield b" " * 100_000

    answer = {"status_code": 400, "headers": {"Content-Type": "application/json"}, "stream": Endless()}
    _, response = exchange(library, gate, answer)
    assert type(reason_in(gate, response)) is HttpError


@requirement("USE-6", "VER-11")
@pytest.mark.parametrize("target", ["https://elsewhere.example/mcp", "https://mcp.example.com:8443/mcp"])
def test_a_redirect_to_another_origin_takes_no_token_along(library, gate, target):
    answers = [{"status_code": 307, "headers": {"Location": target}}, {"status_code": 200, "json": {}}]
    seen, _ = send(library, gate, *answers, request={"json": CALL}, follow_redirects=True)
    assert ["Authorization" in one.headers for one in seen] == [True, False]


@pytest.mark.parametrize("over_sse", [False, True], ids=["streamable HTTP", "SSE"])
@pytest.mark.parametrize(
    ("answer", "followed"),
    [
        ((307, "/mcp/"), True),
        ((308, "https://mcp.example.com/mcp/#part"), True),
        ((307, "//mcp.example.com/mcp/"), True),
        ((301, "/mcp/"), False),
        ((302, "/mcp/"), False),
        ((303, "/mcp/"), False),
        ((307, "https://elsewhere.example/mcp"), False),
        ((307, "http://mcp.example.com/mcp/"), False),
        ((308, "https://user@mcp.example.com/mcp/"), False),
        ((307, None), False),
        ((304, None), False),
    ],
    ids=str,
)
def test_a_redirect_is_left_to_the_sdk_only_where_it_follows(library, gate, over_sse, answer, followed):
    """SDK 1.x ends its transport over one that it does not follow, and over SSE the call has no answer."""
    status, location = answer
    headers = {} if location is None else {"Location": location}
    events = EventStream() if over_sse else None
    _, response = exchange(library, gate, {"status_code": status, "headers": headers}, events=events)
    assert response.status_code == (status if followed else 202 if over_sse else 200)


def stream(library, gate, events, answer):
    """Ask for the server's stream."""

    async def get():
        client_class = guarded_client_class(library, gate, events)
        async with client_class(transport=library.MockTransport(handle)) as client:
            response = await client.send(client.build_request("GET", URL), stream=True)
            await response.aread()
            return response

    seen = []

    def handle(request):
        seen.append(request)
        return library.Response(**answer)

    return asyncio.run(get()), seen[0]


@requirement("USE-1", "VER-11")
def test_the_stream_of_an_sse_session_carries_the_token_and_must_not_be_compressed(library, gate):
    events = {"Content-Type": "text/event-stream"}
    answer = {"status_code": 200, "headers": events, "text": "data: 1\n\n"}
    response, request = stream(library, gate, EventStream(), answer)
    assert request.headers["Authorization"] == f"Bearer {TOKEN.access_token.reveal()}"
    assert request.headers["Accept-Encoding"] == "identity"
    assert response.text == "data: 1\n\n"


def test_a_rejected_stream_of_an_sse_session_ends_the_opening_with_the_reason(library, gate):
    with pytest.raises(RequestRejected) as raised:
        stream(library, gate, EventStream(), {"status_code": 401, "headers": CHALLENGE})
    assert raised.value.token is TOKEN
    assert raised.value.challenges


def test_a_rejected_stream_beside_a_session_is_left_to_the_sdk(library, gate):
    response, _ = stream(library, gate, None, {"status_code": 401, "headers": CHALLENGE})
    assert response.status_code == 401
