# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The pages of a web app with many users in a real browser: how they look, who can read them, what their buttons do."""

import threading

import pytest
import uvicorn

from haystack_integrations.tools.mcp_oauth import StreamableHttpServerInfo
from haystack_integrations.tools.mcp_oauth.web import install
from tests.adapters.server import Answer, McpServer
from tests.browser.chromium import Site, in_browser
from tests.browser.test_pages import AXE, DESKTOP, PHONE, Tab
from tests.browser.web_pages import HARD_WEB_PAGES, WEB_PAGES
from tests.fakes.threads import until
from tests.haystack.web.place import greets
from tests.servers.process import HOST, free_port
from valetkey.store.backends.memory import MemoryStore

every_page = pytest.mark.parametrize("name", [*WEB_PAGES, *HARD_WEB_PAGES])


@pytest.fixture(scope="module")
def site():
    with Site() as running:
        yield running


@every_page
@in_browser
def test_a_page_of_the_app_is_for_every_person_on_every_screen(name, chromium, site):
    """Light and dark, a phone and a desktop: nothing to scroll sideways, and nothing that axe-core finds."""
    with Tab(chromium, reduced_motion="reduce") as tab:
        tab.page.goto(f"{site.origin}/{name}")
        tab.page.evaluate(AXE.read_text("utf-8") + "; 0")
        for scheme in ("light", "dark"):
            for width, height in (PHONE, DESKTOP):
                tab.page.emulate_media(color_scheme=scheme)
                tab.page.set_viewport_size({"width": width, "height": height})
                assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
                found = tab.page.evaluate("axe.run({resultTypes: ['violations', 'incomplete']})")
                told = [(each["id"], node["html"]) for each in found["violations"] for node in each["nodes"]]
                assert told == []
        assert tab.troubles == []


@every_page
@in_browser
def test_a_page_of_the_app_asks_for_nothing_and_runs_nothing(name, chromium, site):
    with Tab(chromium) as tab:
        address = f"{site.origin}/{name}"
        tab.page.goto(address)
        assert [each for each in tab.requests if not each.endswith("/favicon.ico")] == [address]
        assert tab.troubles == []
        assert tab.page.title() == tab.page.inner_text("h1")
        assert tab.page.title() != "pwned"
        assert tab.page.locator("script, img, iframe, b").count() == 0


@pytest.fixture(scope="module")
def app():
    """An app on a port, whose user is the one of a strict cookie, and an MCP server of another site."""
    port = free_port()
    public_url = f"http://localhost:{port}"
    with McpServer() as server:

        def allows(seen):
            answer = server.authorization.visit(f"{server.origin}{seen.line.split()[1]}")
            return Answer(303, (("Location", answer),), b"")

        server.routes["/authorize"] = allows
        server.routes["/away"] = lambda _: Answer(200, (("Content-Type", "text/html"),), b"<title>away</title>")
        served = install(
            greets,
            principal=lambda request: request.cookies["user"],
            public_url=public_url,
            store=MemoryStore(),
            servers=[StreamableHttpServerInfo(url=server.url)],
        )
        running = uvicorn.Server(uvicorn.Config(served, host=HOST, port=port, log_level="error", lifespan="off"))
        thread = threading.Thread(target=running.run)
        thread.start()
        until(lambda: running.started)
        yield public_url, server
        running.should_exit = True
        thread.join()


@in_browser
def test_the_buttons_connect_and_disconnect_with_a_cookie_of_the_strictest_kind(chromium, app):
    """The authorization server is another site, which a `SameSite=Strict` cookie does not come along from."""
    public_url, _ = app
    with chromium.browser.new_context() as context:
        context.add_cookies([{"name": "user", "value": "alice", "url": public_url, "sameSite": "Strict"}])
        page = context.new_page()
        page.goto(f"{public_url}/mcp-oauth/")
        page.click("button:has-text('Connect')")
        page.wait_for_url("**/mcp-oauth/connected/*")
        assert page.inner_text("h1") == "You are connected"
        page.click("text=Your connections")
        page.click("button:has-text('Disconnect')")
        page.wait_for_selector("text=disconnected here")
        assert page.locator("text=Not connected").count() == 1


@in_browser
def test_an_answer_in_the_browser_of_a_visitor_ends_at_a_page_that_says_so(chromium, app):
    """It is asked for once more for a strict cookie, and not without end."""
    public_url, server = app
    with chromium.browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{server.origin}/away")
        with page.expect_navigation(url="**/mcp-oauth/callback*"):
            page.evaluate("address => { location = address }", f"{public_url}/mcp-oauth/callback?code=c&state=s")
        page.wait_for_selector("text=You are not signed in")
        page.wait_for_load_state("networkidle")
        assert page.inner_text("h1") == "You are not signed in"
