# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The pages at the end of a login in a real browser: how they look, who can read them, what they leave behind."""

from pathlib import Path

import pytest

from tests.browser.chromium import HARD_PAGES, PAGES, Site, in_browser
from tests.requirements import requirement

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESKTOP = (360, 640), (1280, 800)
every_page = pytest.mark.parametrize("name", [*PAGES, *HARD_PAGES])


@pytest.fixture(scope="module")
def site():
    with Site() as running:
        yield running


class Tab:
    """A tab that notes what goes wrong in it and what it asks for."""

    def __init__(self, chromium, **settings):
        self._context = chromium.browser.new_context(**settings)
        self.page = self._context.new_page()
        self.troubles, self.requests = [], []
        self.page.on("console", lambda message: self.troubles.append(message.text))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        self._context.close()


@every_page
@in_browser
def test_a_page_is_for_every_person_on_every_screen(name, chromium, site):
    """Light and dark, a phone and a desktop: nothing to scroll sideways, and nothing that axe-core finds."""
    with Tab(chromium, reduced_motion="reduce") as tab:
        tab.page.goto(f"{site.origin}/{name}")
        tab.page.evaluate(AXE.read_text("utf-8") + "; 0")
        for scheme in ("light", "dark"):
            for width, height in (PHONE, DESKTOP):
                tab.page.emulate_media(color_scheme=scheme)
                tab.page.set_viewport_size({"width": width, "height": height})
                assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
                ground = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
                assert (sum(map(int, ground[4:-1].split(","))) > 3 * 128) == (scheme == "light")
                found = tab.page.evaluate("axe.run({resultTypes: ['violations', 'incomplete']})")
                told = [(each["id"], node["html"]) for each in found["violations"] for node in each["nodes"]]
                assert told == []
        assert tab.troubles == []


@every_page
@in_browser
def test_a_page_asks_for_nothing_and_runs_nothing_that_came_from_outside(name, chromium, site):
    with Tab(chromium) as tab:
        address = f"{site.origin}/{name}"
        tab.page.goto(f"{address}?code=canary")
        assert [each for each in tab.requests if not each.endswith("/favicon.ico")] == [f"{address}?code=canary"]
        assert tab.troubles == []
        assert tab.page.title() == tab.page.inner_text("h1")
        assert tab.page.title() != "pwned"
        assert tab.page.locator("script").count() == 1
        assert tab.page.locator("img, iframe, a, b, input").count() == 0
        assert tab.page.evaluate("document.documentElement.lang") == "en"
        with pytest.raises(Exception, match=r"Failed to fetch|Content Security Policy"):
            tab.page.evaluate("fetch('/')")


@requirement("RSP-14")
@pytest.mark.parametrize("name", ["logged-in", "failed", "doubtful", "markup"])
@in_browser
def test_the_code_is_gone_from_the_address_bar_and_from_the_history(name, chromium, site):
    with Tab(chromium) as tab:
        tab.page.goto("about:blank")
        tab.page.goto(f"{site.origin}/{name}?code=canary&state=canary")
        assert tab.page.url == f"{site.origin}/{name}"
        tab.page.go_back()
        tab.page.go_forward()
        assert tab.page.url == f"{site.origin}/{name}"
        assert not any("canary" in url for url in tab.requests[2:])


@in_browser
def test_only_who_wants_motion_sees_it(chromium, site):
    moving = {}
    for wanted in ("no-preference", "reduce"):
        with Tab(chromium, reduced_motion=wanted) as tab:
            tab.page.goto(f"{site.origin}/logged-in")
            moving[wanted] = tab.page.evaluate("document.getAnimations().length")
    assert moving == {"no-preference": 2, "reduce": 0}


@in_browser
def test_the_button_is_reached_and_pressed_with_the_keyboard(chromium, site):
    with Tab(chromium) as tab:
        tab.page.goto(f"{site.origin}/doubtful?code=canary")
        tab.page.keyboard.press("Tab")
        assert tab.page.evaluate("document.activeElement.textContent") == "End the login"
        assert tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        with tab.page.expect_request(lambda request: request.method == "POST") as pressed:
            tab.page.keyboard.press("Enter")
        assert pressed.value.url == f"{site.origin}/callback?end=canary"
        assert "referer" not in pressed.value.all_headers()
        assert tab.troubles == [] or "404" in tab.troubles[0]
