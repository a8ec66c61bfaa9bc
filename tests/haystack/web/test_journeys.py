# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The way of a user through the pages: a link, the authorization server, back again, connected, disconnected."""

import asyncio
import gc
from functools import partial
from html import unescape
from urllib.parse import urlencode, urlsplit

import pytest
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import Network, OAuthConfig, StreamableHttpServerInfo
from haystack_integrations.tools.mcp_oauth._accounts.access import Access
from haystack_integrations.tools.mcp_oauth.web import install
from tests.adapters.server import McpServer
from tests.fakes.network import Trouble
from tests.fakes.threads import LONGEST_WAIT, in_background
from tests.haystack.web.asking import PUBLIC, ask, ask_async, press, target_of
from tests.haystack.web.place import a_place, greets, user_of
from valetkey.errors import StoreError
from valetkey.store.backends.memory import MemoryStore

HOME = "/mcp-oauth/"


@pytest.fixture
def place():
    with a_place() as made:
        yield made


def test_a_user_connects_a_server_and_disconnects_it():
    with a_place(revokes_tokens=True, says_further={}) as place:
        page = ask(place.app, HOME, user="alice")
        assert (page.status, page.heading) == (200, "Your connections")
        assert "Not connected" in page.text

        link = place.link_for("alice")
        assert link.startswith(f"{PUBLIC}/mcp-oauth/start/")
        start = ask(place.app, target_of(link), user="alice")
        assert start.status == 303
        ended = ask(place.app, target_of(place.server.authorization.visit(start.location)), user="alice")
        done = ask(place.app, target_of(ended.location), user="alice")
        assert (done.status, done.heading) == (200, "You are connected")
        assert place.server.authorization.accepts(place.token_of("alice"))

        page = ask(place.app, HOME, user="alice")
        assert "Connected" in page.text
        assert "Since" in page.text
        gone = press(place.app, page.form("disconnect"), user="alice")
        assert "disconnected. The server has ended the access." in gone.text
        assert "Not connected" in gone.text
        assert place.token_of("alice") is None


def test_any_worker_completes_a_login_that_another_one_has_begun(place):
    """Trap 25."""
    answer = place.answer_for("alice")
    ended = ask(place.another_worker(), target_of(answer), user="alice")
    assert ended.location.startswith(f"{PUBLIC}/mcp-oauth/connected/")
    assert place.token_of("alice") is not None


def test_a_worker_has_the_settings_of_a_named_server_that_no_record_holds():
    """A network or a key has no text: it comes from `servers=`, also where no tool of the worker was used yet."""
    with a_place() as place:
        config = OAuthConfig(public_url=PUBLIC, network=Network(proxy="none"))
        info = StreamableHttpServerInfo(url=place.server.url, oauth_config=config)
        options = {"principal": user_of, "public_url": PUBLIC, "store": place.store}
        place.app = install(greets, **options, servers=[info])
        answer = target_of(place.answer_for("alice"))
        gc.collect()  # another process would not have the engine of this one either
        told = ask(install(greets, **options), answer, user="alice")
        assert (told.status, "network" in told.text) == (502, True)
        assert ask(install(greets, **options, servers=[info]), answer, user="alice").status == 303


def test_a_client_that_was_registered_by_hand_is_one_server_on_the_list_before_and_after_a_login():
    with a_place() as place:
        place.server.authorization.knows("mine", f"{PUBLIC}/mcp-oauth/callback", secret="s3cret")
        secret = Secret.from_token("s3cret")
        config = OAuthConfig(client_id="mine", client_secret=secret, issuer=place.server.origin, public_url=PUBLIC)
        info = StreamableHttpServerInfo(url=place.server.url, oauth_config=config)
        place.app = install(greets, principal=user_of, public_url=PUBLIC, store=place.store, servers=[info])
        before = ask(place.app, HOME, user="alice").form("connect")["fields"]["server"]
        done = place.connect("alice")
        assert done.location.endswith(f"/connected/{before}")
        page = ask(place.app, HOME, user="alice")
        assert [form["fields"]["server"] for form in page.forms] == [before]
        assert "Since" in page.text
        gone = press(place.app, page.form("disconnect"), user="alice")
        assert [form["fields"]["server"] for form in gone.forms] == [before]
        assert gone.form("connect")


def test_a_link_that_is_asked_for_twice_is_the_same_one(place):
    assert place.link_for("alice") == place.link_for("alice", place.another_worker())


def test_a_link_may_be_opened_again_until_its_login_has_ended(place):
    link = target_of(place.link_for("alice"))
    first, second = (ask(place.app, link, user="alice") for _ in range(2))
    assert first.location == second.location
    ask(place.app, target_of(place.server.authorization.visit(first.location)), user="alice")
    over = ask(place.app, link, user="alice")
    assert (over.status, over.heading) == (410, "This link is over")
    assert "ask for a new one" in over.text


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT"])
@pytest.mark.parametrize("page", ["start", "callback"])
def test_another_method_uses_up_neither_a_link_nor_an_answer(method, page, place):
    answer = target_of(place.answer_for("alice"))
    target = answer if page == "callback" else target_of(place.link_for("alice"))
    refused = ask(place.app, target, user="alice", method=method)
    assert (refused.status, refused.headers["allow"]) == (405, "GET")
    assert refused.body == b"" or method != "HEAD"
    assert ask(place.app, answer, user="alice").status == 303


@pytest.mark.parametrize(
    "fields",
    [{"sec-purpose": "prefetch;prerender"}, {"purpose": "prefetch"}, {"x-moz": "prefetch"}, {"x-purpose": "preview"}],
)
@pytest.mark.parametrize("page", ["start", "callback"])
def test_what_a_browser_loads_in_advance_uses_up_neither_a_link_nor_an_answer(fields, page, place):
    answer = target_of(place.answer_for("alice"))
    target = answer if page == "callback" else target_of(place.link_for("alice"))
    assert ask(place.app, target, user="alice", headers=fields).status == 503
    assert ask(place.app, answer, user="alice").status == 303


def test_a_visitor_who_is_not_signed_in_is_told_so_and_may_come_back(place):
    link = target_of(place.link_for("alice"))
    for target in (link, HOME, "/mcp-oauth/connected/x", "/mcp-oauth/callback?code=c&state=s"):
        refused = ask(place.app, target)
        assert (refused.status, refused.heading) == (401, "You are not signed in")
    assert ask(place.app, link, user="alice").status == 303


def test_a_user_whose_own_session_has_ended_is_not_told_that_another_site_has_sent_the_form(place):
    form = ask(place.app, HOME, user="alice").form("connect")
    assert press(place.app, form, user=None).status == 401
    app = place.another_worker(sign_in="/login?next={next}")
    assert press(app, form, user=None).location.endswith("%2Fmcp-oauth%2F")


def test_a_visitor_is_led_to_the_apps_own_login_page_and_back(place):
    app = place.another_worker(sign_in="/login?next={next}")
    link = place.link_for("alice")
    assert ask(app, target_of(link)).location == f"/login?next={link.replace(':', '%3A').replace('/', '%2F')}"
    assert ask(app, HOME).location == "/login?next=https%3A%2F%2Fbot.example.com%2Fmcp-oauth%2F"
    assert ask(app, "/mcp-oauth/callback?code=canary&state=s").status == 401  # a code goes to no other page


def test_an_answer_that_comes_without_a_strict_cookie_is_asked_for_once_more_by_the_page_itself(place):
    """A browser sends a `SameSite=Strict` cookie along where our own page sends it, and not from another site."""
    answer = target_of(place.answer_for("alice"))
    bounced = ask(place.app, answer, headers={"sec-fetch-site": "cross-site"})
    assert bounced.status == 200
    again = f"/mcp-oauth/callback{unescape(bounced.text.partition('; url=')[2].partition(chr(34))[0])}"
    for site in ("same-origin", "cross-site"):  # a browser may go on telling which site has sent it at first
        assert ask(place.app, again, headers={"sec-fetch-site": site}).status == 401
    assert ask(place.app, again, user="alice", headers={"sec-fetch-site": "same-origin"}).status == 303


def test_a_user_who_declines_is_told_that_he_has(place):
    told = ask(place.app, target_of(place.answer_for("alice", allows=False)), user="alice")
    assert (told.status, told.heading) == (400, "You are not connected")
    assert "ask for a new link" in told.text
    assert place.token_of("alice") is None


def test_a_user_who_declines_may_allow_it_the_next_time(place):
    link = target_of(place.answer_for("alice", allows=False))
    ask(place.app, link, user="alice")
    assert place.connect("alice").status == 303


def test_an_answer_counts_once(place):
    answer = target_of(place.answer_for("alice"))
    assert ask(place.app, answer, user="alice").status == 303
    again = ask(place.another_worker(), answer, user="alice")
    assert (again.status, again.heading) == (410, "This link is over")
    assert len(place.server.authorization.token_forms()) == 1


def test_a_browser_that_sends_the_answer_twice_at_once_is_not_told_that_the_login_did_not_work(place):
    """The page of the second request is the one that the user sees."""
    answer, workers = target_of(place.answer_for("alice")), (place.app, place.another_worker())
    requests = [partial(ask, worker, answer, user="alice") for worker in workers * 3]
    replies = [waiting.result(LONGEST_WAIT) for waiting in [in_background(request) for request in requests]]
    assert sorted(reply.status for reply in replies) == [303, *[410] * 5]
    assert {reply.heading for reply in replies if reply.status == 410} == {"This link is over"}
    assert len(place.server.authorization.token_forms()) == 1


def test_a_token_endpoint_that_cannot_answer_now_leaves_the_answer_good(place):
    answer = target_of(place.answer_for("alice"))
    token = f"{place.server.origin}/token"
    place.server.authorization.troubles[token] = [Trouble(503)]
    told = ask(place.app, answer, user="alice")
    assert told.status == 503
    assert ask(place.app, answer, user="alice").status == 303


def test_a_store_that_is_away_is_told_and_the_service_goes_on(place):
    answer = target_of(place.answer_for("alice"))
    link = target_of(place.link_for("alice"))

    class Away(MemoryStore):
        def get(self, key):
            message = "redis://canary-host does not answer"
            raise StoreError(message, hint="Start it.")

    app = install(greets, principal=user_of, public_url=PUBLIC, store=Away(), servers=[place.info])
    for target in (answer, link, HOME):
        told = ask(app, target, user="alice")
        assert (told.status, told.heading) == (503, "Not now")
        assert "canary" not in told.text
    assert ask(app, "/run", user="alice").text == "alice"
    assert ask(place.app, answer, user="alice").status == 303


def test_the_page_of_a_login_that_is_not_the_users_any_more_leads_to_the_list(place):
    done = target_of(place.connect("alice").location)
    assert ask(place.app, done, user="bob").location == f"{PUBLIC}/mcp-oauth/"
    page = ask(place.app, HOME, user="alice")
    press(place.app, page.form("disconnect"), user="alice")
    assert ask(place.app, done, user="alice").location == f"{PUBLIC}/mcp-oauth/"


def test_every_user_sees_the_own_connections_alone(place):
    place.connect("alice")
    assert "Disconnect" in ask(place.app, HOME, user="alice").text
    bobs = ask(place.app, HOME, user="bob")
    assert "Not connected" in bobs.text
    press(place.app, {**bobs.form("connect"), "action": "/mcp-oauth/disconnect"}, user="bob")
    assert place.token_of("alice") is not None


def test_a_server_that_the_app_does_not_name_is_listed_after_a_login_and_gone_after_its_end(place):
    """A login that began in the middle of a run, with settings of a toolset that the page knows nothing of."""
    with a_place() as other:
        settings = {"public_url": PUBLIC, "login": "link", "token_storage": place.store, "principal": "alice"}
        info = StreamableHttpServerInfo(url=other.server.url, oauth_config=OAuthConfig(**settings, label="work"))
        login = Access(info).engine.begin()
        start = ask(place.app, target_of(login.link), user="alice")
        ask(place.app, target_of(other.server.authorization.visit(start.location)), user="alice")
        host = other.server.origin.removeprefix("http://")
        page = ask(place.app, HOME, user="alice")
        assert f"{host} (work)" in page.text
        gone = press(place.app, page.form("disconnect", host), user="alice")
        assert f"{host} (work)" not in gone.text.replace(f"{host}: ", "")
        assert Access(info).engine.stored_session() is None


def test_a_login_at_a_server_that_wants_none_says_so():
    with a_place(wants_login=False) as place:
        place.server.authorization.describes_the_resource_at = ()
        told = press(place.app, ask(place.app, HOME, user="alice").form("connect"), user="alice")
        assert "wants no login" in told.text


def test_paths_that_are_not_ours_and_paths_below_ours_that_do_not_exist(place):
    assert ask(place.app, "/anything", user="alice").text == "alice"
    assert ask(place.app, "/mcp-oauthx", user="alice").text == "alice"
    for path in ("nothing", "start", "start/", "callback/x", "connected/", "disconnect/x", "start/a/b/../c"):
        assert ask(place.app, f"/mcp-oauth/{path}", user="alice").status in (404, 410)


def test_an_authorization_server_that_hangs_holds_up_no_login_at_another_one():
    """Its users wait; a user who comes back from another server, and one who begins there, do not."""
    with a_place() as place, McpServer() as slow:
        offered = [place.info, StreamableHttpServerInfo(url=slow.url)]
        app = install(greets, principal=user_of, public_url=PUBLIC, store=place.store, servers=offered)
        answers = {}
        for user in [f"user-{number}" for number in range(20)]:
            link = pressed(app, user, slow.url)
            answers[user] = target_of(slow.authorization.visit(ask(app, target_of(link), user=user).location))
        answer = target_of(place.answer_for("bob"))
        exchange = slow.authorization.gate(f"{slow.origin}/token")

        async def come_back():
            waiting = [asyncio.ensure_future(ask_async(app, target, user=user)) for user, target in answers.items()]
            await asyncio.to_thread(exchange.reached.wait, LONGEST_WAIT)
            came_back = await ask_async(app, answer, user="bob")
            page = await ask_async(app, HOME, user="carol")
            form = page.form("connect", urlsplit(place.server.url).netloc)
            body, own = urlencode(form["fields"]).encode(), {"origin": PUBLIC, "sec-fetch-site": "same-origin"}
            begun = await ask_async(app, form["action"], user="carol", method="POST", headers=own, body=body)
            assert not any(each.done() for each in waiting)
            exchange.opened.set()
            return came_back, begun, await asyncio.gather(*waiting)

        came_back, begun, others = asyncio.run(come_back())
        assert (came_back.status, begun.status) == (303, 200)
        assert {reply.status for reply in others} == {303}


def pressed(app, user, server):
    """Let a user press the button of one server, and give the link that the page leads to."""
    form = ask(app, HOME, user=user).form("connect", urlsplit(server).netloc)
    return unescape(press(app, form, user=user).text.partition('href="')[2].partition('"')[0])
