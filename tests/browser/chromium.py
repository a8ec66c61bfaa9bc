# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A real Chromium without a window, and pages for it to visit."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from types import TracebackType
from typing import Self, TypeVar

from playwright.sync_api import Browser, sync_playwright

from tests.browser.web_pages import HARD_WEB_PAGES, WEB_PAGES
from valetkey.login import listener, page
from valetkey.login.connections import Connections, listen
from valetkey.login.request import read_request

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--force-color-profile=srgb"),
)
PROGRAM = shutil.which("chromium") or "/usr/bin/chromium"

Result = TypeVar("Result")


class Chromium:
    """
    A browser while the context is open.

    It is driven from a thread of its own: Playwright leaves an event loop in its thread, and other tests want theirs.
    """

    browser: Browser

    def __enter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1, "chromium")
        self._thread.submit(self._start).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._thread.submit(self._stop).result()
        self._thread.shutdown()

    def _start(self) -> None:
        self._playwright = sync_playwright().start()
        self.browser = self._playwright.chromium.launch(executable_path=PROGRAM, args=list(FLAGS))

    def _stop(self) -> None:
        self.browser.close()
        self._playwright.stop()

    def run(self, function: Callable[..., Result], *arguments: object, **named: object) -> Result:
        """Call a function in the browser's thread."""
        return self._thread.submit(function, *arguments, **named).result()


def in_browser(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test in the thread of the browser that it takes as `chromium`."""

    @wraps(test)
    def run(*arguments: object, **named: object) -> None:
        named["chromium"].run(test, *arguments, **named)

    return run


LONG = (
    "The authorization server https://login.example.com/realms/production refused the code for a token: "
    '"invalid_client", "Client authentication failed: the assertion was issued at 2026-11-28T09:12:44Z and is not '
    "accepted before 2026-11-28T09:14:02Z because the clock of the client is 78 seconds behind the clock of the "
    'server; the request was logged under the id 3f1c8e0b-52f6-4a2e-9d0c-8f6f2a5c7d11-eu-central-1a".'
)
HOSTILE = "\"><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\"><b>no</b> &amp; "
PAGES = {
    "logged-in": page.logged_in_page("mcp.example.com"),
    "failed": page.failed_page(
        'https://as.example.com declined the login: "access_denied", "The resource owner denied the request".',
        "Log in again and allow the access.",
    ),
    "failed-long": page.failed_page(LONG, "Set the clock of this computer, then log in again."),
    "undecided": page.undecided_page(),
    "doubtful": page.doubtful_page("/callback?end=canary"),
    "unread": page.unread_page(),
    "too-long": page.too_long_page(),
    "stray": page.stray_page(),
}
HARD_PAGES = {
    "markup": page.failed_page(HOSTILE, HOSTILE),
    "turned": page.failed_page(
        "https://as.example said: \u202e\u2067gpj.exe\u2069 שלום עולם. مرحبا", "\u200f\u2028\x1b[31m"
    ),
    "one-word": page.failed_page("x" * 5000, "y" * 5000),
    "long-host": page.logged_in_page("a-very-long-name-of-a-server." * 8 + "example:8443"),
    "markup-host": page.logged_in_page(HOSTILE),
    "empty": page.failed_page("", ""),
}


class Site:
    """Serves the pages as the callback port does, each under its name, while the context is open."""

    def __init__(self) -> None:
        listening = listen("127.0.0.1", 0)
        self.origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._connections = Connections([listening], self._answer, for_now=b"", patience=1.0)

    @staticmethod
    def _answer(head: bytes) -> bytes:
        request = read_request(head)
        name = request.target.partition("?")[0].removeprefix("/") if request else ""
        if name in WEB_PAGES or name in HARD_WEB_PAGES:
            return listener._response(200, *{**WEB_PAGES, **HARD_WEB_PAGES}[name])
        document = {**PAGES, **HARD_PAGES}.get(name)
        if document is None:
            return listener._response(404, page.stray_page())
        return listener._response(200, document, page.HEADERS_OF_FORM if name == "doubtful" else page.HEADERS)

    def __enter__(self) -> Self:
        self._connections.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connections.__exit__(kind, error, traceback)
