# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Attacks on a web app with many users: its links, its forms, its pages, and who it takes a request for."""

import asyncio
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from haystack_integrations.tools.mcp_oauth import OAuthConfig, StreamableHttpServerInfo, current_user
from haystack_integrations.tools.mcp_oauth.principals import LOCAL
from haystack_integrations.tools.mcp_oauth.web import install
from haystack_integrations.tools.mcp_oauth.web.connections import Connections
from haystack_integrations.tools.mcp_oauth.web.form_tokens import HALF_DAY, FormTokens
from haystack_integrations.tools.mcp_oauth.web.middleware import LoginMiddleware
from haystack_integrations.tools.mcp_oauth.web.routes import Routes
from tests.fakes.world import a_session
from tests.haystack.web.asking import PUBLIC, ask, ask_async, press, target_of
from tests.haystack.web.place import a_place, greets, user_of
from valetkey._sessions.codec import encode_session, session_key
from valetkey.errors import ConfigurationError, LoginFailed
from valetkey.login import PendingLogin
from valetkey.store.backends.memory import MemoryStore

HOME = "/mcp-oauth/"
HOSTILE = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;"


@pytest.fixture
def place():
    with a_place() as made:
        yield made


def test_what_another_user_allows_is_not_stored_for_who_has_begun_the_login(place):
    """Threat W1. Trap 24."""
    answer = place.answer_for("eve")  # Bob has followed her link, and his browser comes back
    refused = ask(place.app, target_of(answer), user="bob")
    assert (refused.status, refused.heading) == (403, "This login is not yours")
    assert place.server.authorization.token_forms() == []
    assert (place.token_of("eve"), place.token_of("bob")) == (None, None)
    assert ask(place.app, target_of(answer), user="eve").status == 303  # nothing was used up


def test_a_short_link_leads_on_for_its_user_alone(place):
    """Threat W2."""
    link = target_of(place.link_for("alice"))
    for stranger, status in (("eve", 403), ("Alice", 403), ("alice ", 403), (None, 401)):
        refused = ask(place.app, link, user=stranger)
        assert (refused.status, "location" in refused.headers) == (status, False)
        assert "alice" not in refused.text
    assert ask(place.app, link[:-1], user="alice").status == 410
    assert ask(place.app, link, user="alice").status == 303


@pytest.mark.parametrize("act", ["disconnect", "connect"])
def test_no_other_site_connects_or_disconnects_for_a_user(act, place):
    """Threat W3."""
    if act == "disconnect":
        place.connect("alice")
    form = ask(place.app, HOME, user="alice").form(act)
    before = (place.token_of("alice"), place.server.authorization.registrations())
    foreign = [
        ({"sec-fetch-site": "cross-site"}, {}),
        ({"sec-fetch-site": "same-site"}, {}),
        ({"origin": "https://evil.example"}, {}),
        ({"origin": "null"}, {}),
        ({"origin": ""}, {}),
        ({"origin": f"{PUBLIC}.evil.example"}, {}),
        ({}, {"token": ""}),
        ({}, {"token": "0" * 64}),
    ]
    for headers, fields in foreign:
        refused = press(place.app, form, user="alice", headers=headers, **fields)
        assert (refused.status, refused.heading) == (403, "Nothing was done")
    assert (place.token_of("alice"), place.server.authorization.registrations()) == before
    assert press(place.app, form, user="alice").status == 200


def test_the_token_of_one_user_is_no_token_of_another(place):
    """Threat W4."""
    place.connect("bob")
    eves, bobs = (ask(place.app, HOME, user=user).forms[0]["fields"]["token"] for user in ("eve", "bob"))
    form = ask(place.app, HOME, user="bob").form("disconnect")
    assert press(place.app, form, user="bob", token=eves).status == 403
    store = MemoryStore()
    old = FormTokens(store, lambda: 0.0).make("bob")
    assert not FormTokens(store, lambda: 2 * HALF_DAY).is_right(old, "bob")
    assert place.token_of("bob") is not None
    assert press(place.app, form, user="bob", token=bobs).status == 200


def test_a_field_that_a_user_writes_makes_no_other_user_of_him(place):
    """Threat W5."""
    place.connect("alice")

    def asked_with(*names):
        async def doubled(scope, receive, send):
            pairs = [(b"x-forwarded-user", name.encode("latin-1")) for name in names]
            await place.app({**scope, "headers": [*scope["headers"], *pairs]}, receive, send)

        return ask(doubled, HOME)

    for names in (("alice", "eve"), ("eve", "alice"), ("alice", "")):
        assert "Not connected" in asked_with(*names).text
    for name in ("alice\r\nx: y", "alice\x00", "a" * 2**20, LOCAL):
        assert asked_with(name).status == 400
    assert "Disconnect" in asked_with("alice").text


class _Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.names, self.attributes = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attributes}


def test_no_text_of_a_server_is_markup_on_the_pages():
    """Threat W6."""
    store = MemoryStore()
    config = OAuthConfig(label=HOSTILE)
    info = StreamableHttpServerInfo(url="https://mcp.example.com/mcp", oauth_config=config)
    host = StreamableHttpServerInfo(url="https://x.example<img>y/mcp")
    settings = replace(config, public_url=PUBLIC).to_settings(info.url, "alice")
    session = replace(a_session(scope=(HOSTILE.replace(" ", "-"),)), ended=HOSTILE)
    store.put(session_key(settings), encode_session(session))
    app = install(greets, principal=user_of, public_url=PUBLIC, store=store, servers=[info, host])
    page = ask(app, HOME, user="alice")
    pages = [page, _told_of(HOSTILE)]
    for each in pages:
        tags = _Tags(each.text)
        assert tags.names.isdisjoint({"script", "img", "b", "iframe"})
        assert tags.attributes.isdisjoint({"onerror", "onclick"})
        assert "alert(1)" in each.text
        assert "default-src 'none'" in each.headers["content-security-policy"]


def _told_of(text):
    return ask(_app_with(LoginFailed(text, hint=text)), "/mcp-oauth/callback?code=c&state=s", user="alice")


class _Logins:
    """Pending logins that go wrong as a test says."""

    def __init__(self, error=None, authorization_url="https://as.example.com/authorize"):
        self.error = error
        self.login = PendingLogin(
            **{"id": "x", "server_url": "https://mcp.example.com/mcp", "issuer": "https://as.example.com"},
            **{"principal": "alice", "label": "default", "link": f"{PUBLIC}/mcp-oauth/start/x"},
            **{"authorization_url": authorization_url, "redirect_uri": f"{PUBLIC}/mcp-oauth/callback", "ends_at": 2e9},
        )
        self.asked = []

    def find(self, login_id):
        self.asked.append(login_id)
        return self.login

    def of_answer(self, callback_url):
        self.asked.append(callback_url)
        return self.login

    def complete(self, callback_url, principal):
        raise self.error


def _app_with(error=None, logins=None, sign_in=None):
    routes = Routes(
        PUBLIC, logins or _Logins(error), Connections(MemoryStore(), [], PUBLIC), FormTokens(MemoryStore()), sign_in
    )
    return LoginMiddleware(greets, routes, user_of)


def test_the_app_redirects_to_no_page_of_an_attacker():
    """Threat W7."""
    for url in ("javascript:alert(1)", "data:text/html,x", "http://evil.example/", "https://a.example/\r\nx: y"):
        refused = ask(_app_with(logins=_Logins(authorization_url=url)), "/mcp-oauth/start/x", user="alice")
        assert (refused.status, "location" in refused.headers) == (502, False)
    logins = _Logins()
    app = _app_with(logins=logins, sign_in="/login?next={next}")
    for path in ("//evil.example", "https:/evil.example", "x&next=//evil.example", "x%2f..", "..", "x\\evil"):
        assert ask(app, f"/mcp-oauth/start/{path}").location in (
            "/login?next=https%3A%2F%2Fbot.example.com%2Fmcp-oauth%2F",
        )
        ask(app, f"/mcp-oauth/start/{path}", user="alice")
    assert logins.asked == []
    assert ask(app, "/mcp-oauth/start/x").location == (
        "/login?next=https%3A%2F%2Fbot.example.com%2Fmcp-oauth%2Fstart%2Fx"
    )


def test_no_link_and_no_redirect_has_the_host_of_the_request(place):
    """Threat W8."""
    evil = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    answer = target_of(place.answer_for("alice"))
    form = ask(place.app, HOME, user="alice", headers=evil).form("connect")
    refused = press(place.app, form, user="alice", headers={**evil, "origin": "http://evil.example"})
    ended = ask(place.app, answer, user="alice", headers=evil)
    assert ended.status == 303
    pages = [ended, refused, ask(place.app, HOME, user="alice", headers=evil)]
    assert not any("evil" in f"{page.headers} {page.text}" for page in pages)
    logins = _Logins(LoginFailed("x", hint="y"))
    ask(_app_with(logins=logins), "/mcp-oauth/callback?code=c&state=s", user="alice", headers=evil)
    assert logins.asked == [f"{PUBLIC}/mcp-oauth/callback?code=c&state=s"]


def test_a_program_that_loads_links_in_advance_uses_none_up(place):
    """Threat W9."""
    answer = target_of(place.answer_for("alice"))
    for headers in (
        {"sec-purpose": "prefetch"},
        {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
        {"sec-fetch-dest": "iframe"},
    ):
        assert ask(place.app, answer, user="alice", headers=headers).status in (400, 503)
        assert "location" not in ask(place.app, answer, user="alice", headers=headers).headers
    assert ask(place.app, answer, user="alice", method="HEAD").status == 405
    assert ask(place.app, answer, headers={"user-agent": "Slackbot-LinkExpanding"}).status == 401
    assert ask(place.app, answer, user="alice").status == 303


def test_the_access_log_holds_no_code(place):
    """Threat W10."""
    lines = []

    async def server_with_a_log(scope, receive, send):
        async def logging_send(message):
            if message["type"] == "http.response.start":
                lines.append(f"{scope['path']}?{scope['query_string'].decode()} {message['status']}")
            await send(message)

        await place.app(scope, receive, logging_send)

    ask(server_with_a_log, target_of(place.answer_for("alice")), user="alice")
    assert lines == ["/mcp-oauth/callback? 303"]


def test_a_visitor_gets_no_session_at_all():
    """Threat W11."""
    found = []

    async def calls_a_tool(scope, receive, send):
        try:
            found.append(OAuthConfig().to_settings("https://mcp.example.com/mcp").principal)
        except ConfigurationError as error:
            found.append(error.message)
        await greets(scope, receive, send)

    app = install(calls_a_tool, principal=user_of, public_url=PUBLIC, store="memory:")
    ask(app, "/run")
    assert "not signed in" in found[0]
    ask(app, "/run", user="alice")
    assert found[1] == "alice"


def test_the_user_of_a_request_ends_with_it():
    """Threat W12. Trap 19."""

    async def fails(scope, receive, send):
        message = current_user()
        raise OSError(message)

    async def one_after_the_other():
        after = []
        for inner in (greets, fails):
            app = install(inner, principal=user_of, public_url=PUBLIC, store="memory:")
            try:
                await ask_async(app, "/run", user="alice")
            except OSError as error:
                assert str(error) == "alice"
            after.append(current_user())
        return after

    assert asyncio.run(one_after_the_other()) == [None, None]


def test_a_megabyte_of_query_or_form_is_refused(place):
    """Threat W13."""
    for query in ("state=s&code=" + "a" * 2**20, "x=y&" * 2**18, "%" * 2**20):
        refused = ask(place.app, f"/mcp-oauth/callback?{query}", user="alice")
        assert (refused.status, len(refused.body) < 20_000) == (414, True)
    form = ask(place.app, HOME, user="alice").form("connect")
    assert press(place.app, form, user="alice", more="a" * 2**20).status == 413
    assert ask(place.app, HOME, user="alice").status == 200


def test_the_pages_stand_in_no_frame_and_no_cache(place):
    """Threat W14."""
    ended = place.connect("alice")
    for target in (HOME, target_of(ended.location), "/mcp-oauth/start/x", "/mcp-oauth/callback?code=c&state=s"):
        for user in ("alice", None):
            headers = ask(place.app, target, user=user).headers
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers.get("cache-control") == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers.get("referrer-policy") in ("no-referrer", "same-origin")
            assert "script-src" not in headers["content-security-policy"]
