# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Who the user of a request is, and that no part of the app and no other request takes one user for another."""

import asyncio
import contextvars
import threading
import time
from functools import partial

import pytest
from starlette.applications import Starlette
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute

from haystack_integrations.tools.mcp_oauth import OAuthConfig, current_user
from haystack_integrations.tools.mcp_oauth.principals import LOCAL
from haystack_integrations.tools.mcp_oauth.web import install
from haystack_integrations.tools.mcp_oauth.web.answers import Answer
from haystack_integrations.tools.mcp_oauth.web.middleware import LoginMiddleware
from haystack_integrations.tools.mcp_oauth.web.threads import MOST_ASKING, MOST_OF_A_SERVER
from tests.fakes.threads import LONGEST_WAIT, in_background, until
from tests.haystack.web.asking import PUBLIC, ask, ask_async, scope_of
from tests.haystack.web.place import greets, user_of
from valetkey.errors import ConfigurationError
from valetkey.settings.names import LONGEST
from valetkey.store.backends.memory import MemoryStore

USERS = ("alice", "bob", "carol", "dora")


def whose():
    """Whose session a call would use, as the client of a toolset asks."""
    return OAuthConfig().to_settings("https://mcp.example.com/mcp").principal


def sync_endpoint(request):
    return PlainTextResponse(whose())


async def async_endpoint(request):
    await asyncio.sleep(0)
    return PlainTextResponse(whose())


def sync_stream(request):
    def parts():
        for _ in range(5):
            yield f"{whose()} "

    return StreamingResponse(parts())


async def async_stream(request):
    async def parts():
        for _ in range(5):
            await asyncio.sleep(0)
            yield f"{whose()} "

    return StreamingResponse(parts())


async def endpoint_with_a_thread(request):
    """As Hayhooks streams: a thread of its own, in a copy of the context."""
    found = []
    context = contextvars.copy_context()
    thread = threading.Thread(target=lambda: found.append(context.run(whose)))
    thread.start()
    await asyncio.to_thread(thread.join)
    return PlainTextResponse(found[0])


async def socket_endpoint(websocket):
    await websocket.accept()
    await websocket.send_text(whose())
    await websocket.close()


ROUTES = {
    "/sync": sync_endpoint,
    "/async": async_endpoint,
    "/sync-stream": sync_stream,
    "/async-stream": async_stream,
    "/thread": endpoint_with_a_thread,
}


def installed(app, principal=user_of, **options):
    return install(app, **{"principal": principal, "public_url": PUBLIC, "store": MemoryStore(), **options})


@pytest.fixture
def app():
    routes = [Route(path, endpoint) for path, endpoint in ROUTES.items()]
    return installed(Starlette(routes=[*routes, WebSocketRoute("/socket", socket_endpoint)]))


def test_forty_requests_of_four_users_at_once_are_each_of_their_user(app):
    """Sync, async and streaming endpoints, and a thread that one of them starts. Row J1. Trap 19."""

    async def all_at_once():
        asked = [(path, user) for path in ROUTES for user in USERS for _ in range(2)]
        replies = await asyncio.gather(*(ask_async(app, path, user=user) for path, user in asked))
        return [(user, set(reply.text.split())) for (_, user), reply in zip(asked, replies, strict=True)]

    answers = asyncio.run(all_at_once())
    assert len(answers) == 40
    assert [(user, names) for user, names in answers if names != {user}] == []


@pytest.mark.parametrize("path", ROUTES)
def test_nothing_of_a_user_stays_behind_a_request(path, app):
    """Row J1. Trap 19."""

    async def one_after_the_other():
        names = []
        for user in USERS:
            names.append({*(await ask_async(app, path, user=user)).text.split()})
            names.append(current_user())
        return names

    assert asyncio.run(one_after_the_other()) == [part for user in USERS for part in ({user}, None)]


def test_a_streaming_answer_that_a_user_breaks_off_leaves_nothing_behind(app):
    """Trap 19."""

    async def broken_off():
        async def receive():
            await asyncio.Event().wait()

        async def send(message):
            if message["type"] == "http.response.body":
                message = "the browser has gone"
                raise OSError(message)

        scope = scope_of("/async-stream", headers=[("x-forwarded-user", "alice")])
        with pytest.raises((OSError, ExceptionGroup)):
            await app(scope, receive, send)
        return current_user()

    assert asyncio.run(broken_off()) is None


def test_a_socket_is_of_its_user(app):
    async def connect(user):
        sent = []

        async def receive():
            return {"type": "websocket.connect"}

        async def send(message):
            sent.append(message)

        scope = {**scope_of("/socket", headers=[("x-forwarded-user", user)]), "type": "websocket", "subprotocols": []}
        await app(scope, receive, send)
        return sent

    assert asyncio.run(connect("alice"))[1]["text"] == "alice"
    assert asyncio.run(connect("local")) == [{"type": "websocket.close", "code": 1008}]


def test_a_visitor_who_is_not_signed_in_gets_neither_a_users_session_nor_the_programs(app):
    """Row J1."""
    with pytest.raises(ConfigurationError, match="not signed in"):
        ask(app, "/async")


@pytest.mark.parametrize(
    "principal",
    ["a" * (LONGEST + 1), "a" * 2**20, "alice\tbob", " ", LOCAL, 7, b"alice"],
    ids=["long", "a megabyte", "a tab", "blank", "the program", "a number", "bytes"],
)
def test_what_can_be_no_user_is_refused_before_the_app_sees_it(principal, caplog):
    reached = []

    async def app(scope, receive, send):
        reached.append(scope)

    for path in ("/anything", "/mcp-oauth/"):
        refused = ask(installed(app, lambda _: principal), path)
        assert (refused.status, reached) == (400, [])
        assert "Sign in anew" in refused.text
    assert caplog.text.count("principal= of the app") == 2  # the operator reads what is wrong with it
    assert len(caplog.text) < 2000


@pytest.mark.parametrize("nobody", [None, ""])
def test_no_name_is_a_visitor_who_is_not_signed_in(nobody):
    app = installed(greets, lambda _: nobody)
    assert ask(app, "/anything").text == "None"
    assert ask(app, "/mcp-oauth/").status == 401


def test_the_function_that_names_the_user_may_be_async():
    async def principal(request):
        await asyncio.sleep(0)
        return request.cookies["session"]

    app = installed(greets, principal)
    assert ask(app, "/", headers={"cookie": "a=b; session=alice"}).text == "alice"
    assert ask(app, "/").text == "None"


@pytest.mark.parametrize(
    "header",
    [
        *("session=alice", 'session="alice=="', r'session="a\"b\\c\054\303\244"', 'session="', 'session=""'),
        *('session="a', "session=a=b", "a=b;session=alice ; c=d", "session=%22alice%22", r'session="\1"'),
        *("session=", "=x; session=a"),
    ],
)
def test_cookies_are_read_as_the_app_reads_them(header):
    """Python's http.cookies puts a value with other characters than most in quotes. Row J1."""
    found = []
    ask(installed(greets, lambda request: found.append(dict(request.cookies))), "/", headers={"cookie": header})
    assert found == [{name: value for name, value in cookie_parser(header).items() if f"{name}=" in header}]


def test_an_error_of_the_function_that_names_the_user_is_the_apps_own():
    def principal(request):
        message = "the directory of users is away"
        raise OSError(message)

    with pytest.raises(OSError, match="directory of users"):
        ask(installed(greets, principal), "/")


def test_the_function_sees_the_request_and_what_other_middlewares_have_found():
    seen = []
    ask(
        installed(greets, seen.append),
        "/below/page?x=y",
        headers={"X-One": "1", "cookie": "a=1; b=2; a=3; odd"},
        root_path="/below",
        user=None,
        session={"name": "alice"},
    )
    (request,) = seen
    assert (request.method, request.path, request.client) == ("GET", "/page", "127.0.0.1")
    assert (request.headers["x-one"], request.headers["X-ONE"], request.headers.get("x-two")) == ("1", "1", None)
    assert dict(request.cookies) == {"a": "3", "b": "2"}
    assert (request.user, request.scope["session"]) == (None, {"name": "alice"})
    assert "x-one" in request.headers
    assert len(request.headers) == len(list(request.headers))
    with pytest.raises(TypeError):
        request.scope["session"] = {}


def test_other_events_of_the_server_reach_the_app():
    reached = []

    async def app(scope, receive, send):
        reached.append(scope["type"])

    asyncio.run(installed(app)({"type": "lifespan"}, None, None))
    assert reached == ["lifespan"]


@pytest.mark.parametrize(
    ("public_url", "path", "root_path"),
    [
        ("https://bot.example.com", "/mcp-oauth/", ""),
        ("https://bot.example.com/", "/mcp-oauth", ""),
        ("https://bot.example.com/bot", "/mcp-oauth/", ""),  # the proxy takes the prefix away
        ("https://bot.example.com/bot/", "/bot/mcp-oauth/", ""),  # or leaves it
        ("https://bot.example.com/bot", "/bot/mcp-oauth/", "/bot"),
        ("https://bot.example.com/bot", "/mcp-oauth/", "/bot"),  # a server of ASGI before 2.4
        ("https://bot.example.com/bot", "/bot/mcp-oauth", "/bot/"),
    ],
)
def test_an_app_below_a_prefix_has_its_pages_there(public_url, path, root_path):
    app = installed(greets, public_url=public_url)
    assert ask(app, path, user="alice", root_path=root_path).heading == "Your connections"
    assert ask(app, "/botmcp-oauth/", user="alice", root_path=root_path).text == "alice"


def test_an_app_that_another_one_mounts_has_its_pages_below_it():
    inner = installed(Starlette(routes=[Route("/async", async_endpoint)]), public_url=f"{PUBLIC}/bot")
    outer = Starlette(routes=[Mount("/bot", inner)])
    assert ask(outer, "/bot/mcp-oauth/", user="alice").heading == "Your connections"
    assert ask(outer, "/bot/async", user="alice").text == "alice"


def test_no_code_and_no_state_stays_in_the_scope_that_the_access_log_is_written_from():
    answered = ask(installed(greets), "/mcp-oauth/callback?code=canary&state=canary", user="alice")
    assert answered.scope["query_string"] == b""
    assert ask(installed(greets), "/other?x=y", user="alice").scope["query_string"] == b"x=y"


class SlowRoutes:
    """Pages whose store takes its time."""

    prefix = ""

    def prepared(self, asked):
        return "https://login.example.com", asked

    def answer(self, asked):
        time.sleep(0.01)
        return Answer(200, {}, asked.principal.encode())


def test_requests_of_several_event_loops_wait_for_each_other_and_none_for_ever():
    """A server may have one in each of its threads, and a thread that becomes free in one is no news in another."""
    app = LoginMiddleware(greets, SlowRoutes(), user_of)

    async def ask_together(user):
        requests = (ask_async(app, "/mcp-oauth/callback?code=a", user=user) for _ in range(MOST_ASKING * 2))
        return {reply.body.decode() for reply in await asyncio.gather(*requests)}

    loops = [in_background(partial(asyncio.run, ask_together(user))) for user in USERS]
    assert [loop.result(LONGEST_WAIT) for loop in loops] == [{user} for user in USERS]


class HangingRoutes:
    """Pages of which those that ask the servers named `slow` have no answer until it is given."""

    prefix = ""

    def __init__(self):
        self.goes_on = threading.Event()
        self.waiting = set()

    def prepared(self, asked):
        return asked.query.partition("=")[2] or asked.body.decode(), asked

    def answer(self, asked):
        server, _ = self.prepared(asked)
        if server.startswith("slow"):
            self.waiting.add(threading.get_ident())
            assert self.goes_on.wait(LONGEST_WAIT)
        return Answer(200, {}, server.encode())


def test_servers_that_hang_hold_up_no_callback_and_no_connection_at_another_one():
    """As many as there are answers of users: what waits for its turn holds no thread."""
    routes = HangingRoutes()
    app = LoginMiddleware(greets, routes, user_of)

    async def ask_all():
        names = ["slow-1", "slow-2", "slow-3"] * MOST_ASKING
        hanging = [asyncio.ensure_future(ask_async(app, f"/mcp-oauth/callback?s={name}", user="a")) for name in names]
        await asyncio.to_thread(until, lambda: len(routes.waiting) == 3 * MOST_OF_A_SERVER)
        others = [ask_async(app, f"/mcp-oauth/callback?s=quick-{number}", user="bob") for number in range(40)]
        others += [ask_async(app, "/mcp-oauth/connect", user="bob", method="POST", body=b"quick") for _ in range(40)]
        others += [ask_async(app, "/mcp-oauth/", user="bob")]
        answered = await asyncio.wait_for(asyncio.gather(*others), LONGEST_WAIT)
        assert not any(each.done() for each in hanging)
        assert len(routes.waiting) == 3 * MOST_OF_A_SERVER
        routes.goes_on.set()
        return answered, await asyncio.gather(*hanging), app._threads_here()

    answered, hung, threads = asyncio.run(ask_all())
    assert {reply.status for reply in (*answered, *hung)} == {200}
    assert (threads._of_servers, dict(threads._requests)) == ({}, {})  # nothing of a server stays
