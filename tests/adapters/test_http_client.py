# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An MCP session over `MCPHttpClient` survives what ends it over another HTTP client."""

import asyncio
import inspect
import threading
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import anyio
import mcp.shared._httpx_utils
import pytest
from mcp import ClientSession

from tests.adapters.bound import BoundMcpServer
from tests.adapters.mcp_programs import LIBRARY, OURS, PROGRAMS
from tests.adapters.server import Answer
from tests.adapters.tool_server import ToolServer
from tests.fakes.network import Gate
from tests.fakes.threads import LONGEST_WAIT
from tests.requirements import requirement
from valetkey.errors import AuthError, LoginFailed, LoginRequired, ScopeMissing, TemporaryError, TokenRejected
from valetkey.store.backends.memory import MemoryStore

each_program = pytest.mark.parametrize("program", PROGRAMS, ids=str)
MCPHttpClient, auth_error_behind = OURS.MCPHttpClient, OURS.auth_error_behind
plain_client = mcp.shared._httpx_utils.create_mcp_http_client
TAKES_SECONDS = "float" in str(inspect.signature(ClientSession.__init__).parameters["read_timeout_seconds"])


@pytest.fixture
def server():
    with ToolServer() as running:
        yield running


def oauth(server, program, **settings):
    settings = {"login": server.person, "store": MemoryStore(), **settings}
    return OURS.OAuth(server.url_of(program.transport), **settings)


@asynccontextmanager
async def opened(program, server, factory=MCPHttpClient, *, auth=None, **options):
    """Open a session of a person who logs in at once."""
    url = server.url_of(program.transport)
    async with program.session(url, factory, auth=auth or oauth(server, program), **options) as call:
        yield call


async def error_of(awaitable):
    """Give what a call fails with, in time."""
    with anyio.fail_after(LONGEST_WAIT), pytest.raises(Exception) as raised:  # noqa: PT011 - each client has its own
        await awaitable
    return raised.value


def run(work):
    return asyncio.run(work())


@each_program
def test_a_renewal_that_is_answered_503_once_costs_one_call(program, server):
    """Row E4."""

    async def use():
        async with opened(program, server) as call:
            assert await call(a=1, b=2) == "3"
            server.authorization.forget_access_tokens()
            server.authorization.has(f"{server.origin}/token", 503)
            error = await error_of(call(a=1, b=2))
            assert isinstance(auth_error_behind(error), TemporaryError)
            assert str(auth_error_behind(error)) in str(error)
            return [await call(a=number, b=2) for number in (3, 4)]

    assert run(use) == ["5", "6"]
    assert server.sessions == 1
    assert len(server.person.asked) == 1


@each_program
def test_a_grant_that_is_revoked_in_mid_run_costs_no_more_than_the_calls_until_the_person_logs_in(program, server):
    """Row E4."""

    def too_slow(callback):
        message = "Nobody came."
        raise LoginFailed(message, hint="Again.")

    async def use():
        async with opened(program, server) as call:
            assert await call(a=1, b=2) == "3"
            server.authorization.forget_access_tokens()
            server.authorization.forget_refresh_tokens()
            server.person.brings = too_slow
            error = await error_of(call(a=1, b=2))
            assert isinstance(auth_error_behind(error), LoginFailed)
            server.person.brings = lambda callback: callback
            return await call(a=3, b=2)

    assert run(use) == "5"
    assert server.sessions == 1


@each_program
def test_a_first_login_that_fails_is_told_and_asks_once(program, server):
    """
    A client that begins with "server/discover" goes on with "initialize" when that fails; the person said no once.

    Row E4.
    """
    server.person.denies = True

    async def use():
        async with opened(program, server):
            pytest.fail("the session is open")

    with pytest.raises(BaseException) as raised:  # noqa: PT011 - each client has its own
        run(use)
    assert isinstance(auth_error_behind(raised.value), LoginFailed)
    assert len(server.person.asked) == 1


@each_program
def test_a_call_waits_for_a_login_no_longer_than_it_is_told_and_a_later_call_finds_the_token(program, server):
    """Row E4."""
    auth = oauth(server, program)

    async def use():
        async with opened(program, server, auth=auth) as call:  # the first login is not the one that is waited for
            assert await call(a=1, b=2) == "3"
        async with opened(program, server, partial(MCPHttpClient, login_wait=0.2), auth=auth) as call:
            assert await call(a=1, b=2) == "3"
            server.person.gate = gate = Gate()
            server.authorization.forget_access_tokens()
            server.authorization.forget_refresh_tokens()
            error = await error_when_person_is_asked(call)
            assert "Finish the login" in str(error)
            assert auth_error_behind(error).authorization_url == server.person.asked[-1].authorization_url
            gate.opened.set()
            await until_it_works(call)
            return await call(a=3, b=2)

    assert run(use) == "5"
    assert len(server.person.asked) == 2


async def error_when_person_is_asked(call):
    """Call until a person is asked; where that takes longer than a call waits, its error says so."""
    with anyio.fail_after(LONGEST_WAIT):
        while True:
            error = await error_of(call(a=1, b=2))
            if isinstance(auth_error_behind(error), LoginRequired):
                return error
            assert isinstance(auth_error_behind(error), TemporaryError), error


async def until_it_works(call):
    """Call until the login that goes on has ended; each failure meanwhile says that it goes on."""
    with anyio.fail_after(LONGEST_WAIT):
        while True:
            try:
                return await call(a=1, b=2)
            except Exception as error:  # noqa: BLE001 - each client has its own
                assert isinstance(auth_error_behind(error), LoginRequired | TemporaryError), error


@each_program
def test_a_login_goes_on_when_the_session_gives_its_call_up(program, server):
    """Row E4."""
    seconds = 1.0 if TAKES_SECONDS or program.client == "fastmcp" else timedelta(seconds=1)

    async def use():
        server.person.gate = gate = Gate()
        gate.opened.set()
        async with opened(program, server, read_timeout_seconds=seconds) as call:
            assert await call(a=1, b=2) == "3"
            gate.opened.clear()
            server.authorization.forget_access_tokens()
            server.authorization.forget_refresh_tokens()
            error = await error_of(call(a=1, b=2))
            assert auth_error_behind(error) is None
            gate.opened.set()
            return await call(a=3, b=2)

    assert run(use) == "5"
    assert len(server.person.asked) == 2


@each_program
def test_the_end_of_a_session_asks_nobody_to_log_in(program, server):
    """Row E4."""

    async def use():
        async with opened(program, server) as call:
            assert await call(a=1, b=2) == "3"
            server.authorization.forget_access_tokens()
            server.authorization.forget_refresh_tokens()

    run(use)
    ends = [seen for seen in server.seen if seen.line.startswith("DELETE ")]
    assert len(ends) == (program.transport == "http")
    assert len(server.person.asked) == 1


@each_program
def test_a_call_that_is_cancelled_leaves_login_and_session_alone(program, server):
    async def use():
        async with opened(program, server) as call:
            server.person.gate = gate = Gate()
            server.authorization.forget_access_tokens()
            server.authorization.forget_refresh_tokens()
            given_up = asyncio.ensure_future(call(a=1, b=2))
            await asyncio.to_thread(gate.reached.wait, LONGEST_WAIT)
            given_up.cancel()
            await asyncio.wait([given_up])
            gate.opened.set()
            return await call(a=3, b=2)

    assert run(use) == "5"
    assert len(server.person.asked) == 2


FACTORIES = {"MCPHttpClient": MCPHttpClient, "the SDK's factory": plain_client}


def as_the_sdk_calls_it(factory, headers=None, timeout=None, auth=None, **_):
    """FastMCP gives an argument that the SDK's factory does not take."""
    return factory(headers=headers, timeout=timeout, auth=auth)


SILENCE = LIBRARY.Timeout(5.0).read + 0.5
"""Seconds: longer than what a client waits that nobody has told of MCP."""


def test_a_tool_may_be_silent_for_longer_than_an_http_client_waits_by_itself(server):
    """Row E3."""
    assert LIBRARY.AsyncClient().timeout.read < SILENCE
    server.holds_calls = partial(threading.Event().wait, SILENCE)

    async def use(program, factory):
        async with opened(program, server, partial(as_the_sdk_calls_it, factory)) as call:
            return await call(a=1, b=2)

    async def at_the_same_time():
        ways = [(program, factory) for program in PROGRAMS for factory in FACTORIES.values()]
        return await asyncio.gather(*(use(*way) for way in ways))

    assert set(run(at_the_same_time)) == {"3"}


@pytest.mark.parametrize("moment", ["the first login", "a renewal"])
def test_over_another_http_client_the_error_ends_the_session_and_is_caught_around_it(server, moment):
    """Row E4."""
    program = next(program for program in PROGRAMS if str(program) == "sdk http")
    server.person.denies = moment == "the first login"
    caught = []

    async def use():
        try:
            async with opened(program, server, plain_client) as call:
                assert await call(a=1, b=2) == "3"
                server.authorization.forget_access_tokens()
                server.authorization.has(f"{server.origin}/token", 503)
                await call(a=3, b=2)
        except* AuthError as group:
            caught.append(auth_error_behind(group))

    run(use)
    assert [type(error) for error in caught] == [LoginFailed if server.person.denies else TemporaryError]


SAID = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"the disk is full"}}'


HTTP_ERRORS = [
    (Answer(500, (("Content-Type", "text/plain"),), b"oops"), "500 Internal Server Error"),
    (Answer(503, (), b""), "503 Service Unavailable"),
    (Answer(403, (), b"no"), "403 Forbidden"),
    (Answer(405, (), b""), "405 Method Not Allowed"),
    (Answer(307, (("Location", "https://elsewhere.example/mcp"),), b""), "elsewhere.example"),
    (Answer(302, (("Location", "/mcp/"),), b""), "302 Found"),
    (Answer(500, (("Content-Type", "application/json"),), SAID), "the disk is full"),
    (Answer(500, (("Content-Type", "application/json"),), b"{"), "500 Internal Server Error"),
]


@each_program
@pytest.mark.parametrize(("answer", "text"), HTTP_ERRORS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_http_error_costs_one_call(program, server, answer, text):
    """Row E4."""

    def not_following(headers=None, timeout=None, auth=None, **_):
        return MCPHttpClient(headers, timeout, auth, follow_redirects=False)

    async def use():
        async with opened(program, server, not_following) as call:
            server.fails_calls = [answer]
            error = await error_of(call(a=1, b=2))
            assert text in str(error)
            assert auth_error_behind(error) is None
            return await call(a=3, b=2)

    assert run(use) == "5"
    assert server.sessions == 1


@each_program
@pytest.mark.parametrize(
    ("status", "challenge", "kind"),
    [
        (401, 'Bearer error="invalid_token"', TokenRejected),
        (401, None, TokenRejected),
        (403, 'Bearer error="insufficient_scope", scope="a b"', ScopeMissing),
    ],
)
def test_a_new_token_that_is_rejected_too_costs_one_call_and_is_told(program, server, status, challenge, kind):
    """Row E4."""
    where = f', resource_metadata="{server.metadata_url}"'
    fields = () if challenge is None else (("WWW-Authenticate", challenge + where),)

    async def use():
        async with opened(program, server) as call:
            server.fails_calls = [Answer(status, fields, b"no")] * 2
            error = await error_of(call(a=1, b=2))
            behind = auth_error_behind(error)
            assert type(behind) is kind
            assert server.origin in str(error)
            assert getattr(behind, "required", ("a", "b")) == ("a", "b")
            assert ('wants the scope "a b"' in str(error)) == (kind is ScopeMissing)
            return await call(a=3, b=2)

    assert run(use) == "5"


@each_program
def test_a_connection_that_breaks_off_costs_one_call(program, server):
    """Row E4."""

    async def use():
        async with opened(program, server) as call:
            server.breaks_off_calls = 1
            error = await error_of(call(a=1, b=2))
            assert "RemoteProtocolError" in str(error)
            return await call(a=3, b=2)

    assert run(use) == "5"


@each_program
def test_a_session_that_the_server_has_forgotten_is_told_in_words_that_programs_know(program, server):
    async def use():
        async with opened(program, server) as call:
            server.fails_calls = [Answer(404, (), b"")]
            return await error_of(call(a=1, b=2))

    error = run(use)
    assert ("404 Not Found" if program.transport == "sse" else "Session terminated") in str(error)


@each_program
def test_a_credential_of_the_callers_own_is_left_alone(program, server):
    server.wanted_header = ("authorization", "Bearer of-the-caller")

    async def use(token):
        def with_header(headers=None, **arguments):
            return MCPHttpClient(headers={**(headers or {}), "Authorization": f"Bearer {token}"}, **arguments)

        async with opened(program, server, with_header) as call:
            return await call(a=1, b=2)

    assert asyncio.run(use("of-the-caller")) == "3"
    assert {seen.field("authorization") for seen in server.seen} == {"Bearer of-the-caller"}
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - each client has its own
        asyncio.run(use("of-another"))
    assert auth_error_behind(raised.value) is None
    assert server.person.asked == []


@each_program
def test_fifty_calls_are_made_at_the_same_time(program, server):
    together = threading.Barrier(50)
    server.holds_calls = partial(together.wait, LONGEST_WAIT)

    async def use():
        async with opened(program, server) as call:
            return await asyncio.gather(*(call(a=number, b=1) for number in range(50)))

    assert run(use) == [str(number + 1) for number in range(50)]


@each_program
def test_fifty_calls_that_are_rejected_together_cost_one_renewal(program, server):
    async def use():
        async with opened(program, server) as call:
            server.authorization.forget_access_tokens()
            return await asyncio.gather(*(call(a=number, b=1) for number in range(50)))

    assert run(use) == [str(number + 1) for number in range(50)]
    assert server.authorization.grant_types() == ["authorization_code", "refresh_token"]


@each_program
@pytest.mark.parametrize("coding", ["gzip", "deflate", "x-gzip, deflate", "deflate, gzip", "identity", "", "GZIP"])
def test_over_a_compressed_stream_calls_work_after_a_rejection(program, server, coding):
    """Row E2."""
    server.compresses = "" if coding == "identity" else coding

    async def use():
        async with opened(program, server) as call:
            assert await call(a=1, b=2) == "3"
            server.authorization.forget_access_tokens()
            server.authorization.has(f"{server.origin}/token", 503)
            await error_of(call(a=1, b=2))
            return await call(a=3, b=2)

    assert run(use) == "5"


@each_program
@pytest.mark.parametrize("factory", FACTORIES)
@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("wants_login", [True, False], ids=["protected", "open"])
@requirement("USE-6")
def test_an_endpoint_that_is_redirected_works(program, factory, status, wants_login):
    """Row E1."""
    with ToolServer(wants_login=wants_login) as server:
        server.moves = {"/mcp": (status, "/mcp/"), "/mcp/sse": (status, "/mcp/sse/")}
        server.moves |= {"/mcp/messages": (status, "/mcp/messages/")}

        async def use():
            async with opened(program, server, partial(as_the_sdk_calls_it, FACTORIES[factory])) as call:
                assert await call(a=1, b=2) == "3"
                server.authorization.forget_access_tokens()
                return await call(a=3, b=2)

        assert run(use) == "5"
        assert len(server.person.asked) == wants_login


@pytest.mark.parametrize("factory", [MCPHttpClient, LIBRARY.AsyncClient], ids=["ours", "the library's"])
@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
@requirement("USE-6", "VER-11")
def test_another_origin_gets_no_token_after_a_redirect(server, factory, path):
    with ToolServer(wants_login=False) as elsewhere:
        server.moves = (
            {"/mcp": (307, elsewhere.url)}
            if path == "/mcp"
            else {"/mcp": (307, "/mcp/"), "/mcp/": (308, elsewhere.url)}
        )

        async def use():
            auth = OURS.OAuth(server.url, login=server.person, store=MemoryStore())
            async with factory(auth=auth, follow_redirects=True) as client:
                await client.get(f"{server.url}/first")
                return await client.post(server.url, json=CALL)

        assert run(use).status_code == 200
        assert [seen.token for seen in elsewhere.seen] == [None]
        assert server.seen[-1].token is not None


@requirement("DPOP-1", "DPOP-4", "WWW-10")
@pytest.mark.parametrize(("path", "wrong_proofs"), [("/mcp", 0), ("/mcp/", 3)])
def test_a_bound_token_is_proved_with_the_nonce_that_the_server_wants(path, wrong_proofs):
    """The library takes a proof along where it follows a redirect; the request is sent again with one that is right."""
    with BoundMcpServer() as server:
        server.proofs.nonce = server.authorization.proofs.nonce = "n-1"
        if path != "/mcp":
            server.routes["/mcp/"] = server.routes["/mcp"]
            server.routes["/mcp"] = lambda _: Answer(307, (("Location", "/mcp/"),), b"")
        auth = OURS.OAuth(server.url, login=server.person, store=MemoryStore())

        async def use():
            async with MCPHttpClient(auth=auth) as client:
                answers = [await client.post(server.url, json=CALL) for _ in range(2)]
                server.next_nonces = ["n-2"]
                return [*answers, await client.post(server.url, json=CALL)]

        assert [answer.json() for answer in run(use)] == [{"jsonrpc": "2.0", "id": 1, "result": {}}] * 3
        assert len([fault for fault in server.proofs.refused if "nonce" not in fault]) == wrong_proofs
        assert len(server.person.asked) == 1


CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


async def chunks(*pieces):
    for piece in pieces:
        yield piece


@pytest.mark.parametrize("factory", [MCPHttpClient, LIBRARY.AsyncClient], ids=["ours", "the library's"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"a=b", b"\xff", b'"text"', b"7", b'[{"jsonrpc":"2.0"}]'])
def test_a_body_that_is_no_message_is_sent_as_it_is(server, factory, content):
    """Row E1."""
    server.routes["/mcp/elsewhere"] = lambda seen: Answer(
        500 if server.authorization.accepts(seen.token or "") else 401
    )

    async def use():
        auth = OURS.OAuth(server.url, login=server.person, store=MemoryStore())
        async with factory(auth=auth) as client:
            return await client.post(f"{server.url}/elsewhere", content=chunks(content[:1], content[1:]))

    assert run(use).status_code == 500
    assert [seen.body for seen in server.seen] == [content, content]


@pytest.mark.parametrize("program", [program for program in PROGRAMS if program.client == "sdk"], ids=str)
def test_a_session_in_trio_survives_as_well(program, server):
    async def use():
        async with opened(program, server) as call:
            assert await call(a=1, b=2) == "3"
            server.authorization.forget_access_tokens()
            server.authorization.has(f"{server.origin}/token", 503)
            error = await error_of(call(a=1, b=2))
            assert isinstance(auth_error_behind(error), TemporaryError)
            assert await call(a=3, b=2) == "5"

    anyio.run(use, backend="trio")
