# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A page of another site in a real browser: it knows the port of a login, and uses it in every way that pages have."""

import os
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.adapters.server import Answer, McpServer
from tests.browser.chromium import FLAGS, PROGRAM, in_browser
from tests.fakes.threads import LONGEST_WAIT
from tests.login.test_loopback import ANSWER, FAILURE, login
from tests.requirements import requirement
from valetkey.httpx2 import OAuth

RIGHT = "CALLBACK" + ANSWER.removeprefix("/callback")
"""An answer that only its way gives away: another page does not know the state, and here it does."""
FORGED = "CALLBACK?error=access_denied&error_description=forged"

EMBEDDED = {
    "an image": f'<img src="{RIGHT}">',
    "a frame": f'<iframe src="{RIGHT}"></iframe>',
    "an object": f'<object data="{RIGHT}"></object>',
    "an embed": f'<embed src="{RIGHT}">',
    "a script": f'<script src="{RIGHT}"></script>',
    "a style": f'<link rel="stylesheet" href="{RIGHT}">',
    "a prefetch": f'<link rel="prefetch" href="{RIGHT}">',
    "a preload": f'<link rel="preload" as="fetch" href="{RIGHT}">',
    "a picture in a style": f'<style>body {{ background: url("{RIGHT}") }}</style>',
    "a video": f'<video src="{RIGHT}" preload="auto"></video>',
    "a fetch": f'<script>fetch("{RIGHT}", {{mode: "no-cors", credentials: "include"}})</script>',
    "a fetch that wants to read": f'<script>fetch("{RIGHT}").catch(() => 0)</script>',
    "a fetch with a field of its own": f'<script>fetch("{RIGHT}", {{headers: {{"X-A": "b"}}}}).catch(() => 0)</script>',
    "a form in a frame": '<iframe name="f"></iframe><form action="CALLBACK" target="f"><input name="error" value="x">'
    "</form><script>document.forms[0].submit()</script>",
    "a form": f'<form method="post" action="{RIGHT}"></form><script>document.forms[0].submit()</script>',
    "a beacon": f'<script>navigator.sendBeacon("{RIGHT}", "x")</script>',
    "a socket": f'<script>new WebSocket("{RIGHT}".replace("http", "ws"))</script>',
    "a stream": f'<script>new EventSource("{RIGHT}")</script>',
}
NAVIGATED = {
    "a redirect": f'<meta http-equiv="refresh" content="0;url={FORGED}">',
    "a script that goes there": f'<script>location = "{FORGED}"</script>',
    "a form with another state": '<form action="CALLBACK"><input name="code" value="c"><input name="state" value="s">'
    "</form><script>document.forms[0].submit()</script>",
    "a window": f'<script>window.open("{FORGED}")</script>',
}


class Evil:
    """A page of another site, which this browser visits."""

    def __init__(self):
        self.page = ""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler):  # noqa: N805
                body = self.page.encode()
                handler.send_response(200)
                handler.send_header("Content-Type", "text/html")
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(handler, *arguments):  # noqa: N805
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def server_bind(server):  # noqa: N805
                socketserver.TCPServer.server_bind(server)

        self._server = Server(("127.0.0.1", 0), Handler)
        # Another site than 127.0.0.1 for a browser, and an origin that it trusts as much.
        self.url = f"http://localhost:{self._server.server_address[1]}/"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, kind, error, traceback):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def evil():
    with Evil() as site:
        yield site


@contextmanager
def visiting(chromium, evil, page, address):
    """Open the page, and wait until what it does has reached the port and has ended."""
    evil.page = f"<!doctype html><title>evil</title><body>{page}".replace("CALLBACK", address)
    context = chromium.browser.new_context()
    tab = context.new_page()
    try:
        ended = []
        context.on("requestfinished", lambda request: ended.append(request.url))
        context.on("requestfailed", lambda request: ended.append(request.url))
        sockets = []

        def note(error):
            sockets.append(error)

        tab.on("websocket", lambda socket: socket.on("socketerror", note))
        tab.goto(evil.url, wait_until="commit")
        for _ in range(500):
            if sockets or any(url.startswith(address) for url in ended):
                break
            tab.wait_for_timeout(20)
        else:
            pytest.fail(f"the page has not reached {address}: {ended}")
        yield context
    finally:
        context.close()


@requirement("NAT-7")
@pytest.mark.parametrize("page", EMBEDDED.values(), ids=EMBEDDED.keys())
@in_browser
def test_what_another_page_loads_is_no_answer_even_with_the_right_state(page, chromium, evil):
    """Row I13."""
    with login() as running:
        with visiting(chromium, evil, page, running.attempt.redirect_uri):
            assert running.is_waiting()
        comes_back_and_is_logged_in(chromium, running)


@requirement("NAT-7", "RSP-2")
@pytest.mark.parametrize("page", NAVIGATED.values(), ids=NAVIGATED.keys())
@in_browser
def test_where_another_page_sends_the_browser_is_no_answer_without_the_state(page, chromium, evil):
    """Row I13."""
    with login() as running:
        with visiting(chromium, evil, page, running.attempt.redirect_uri) as context:
            assert running.is_waiting()
            shown = context.pages[-1]
            shown.wait_for_selector("h1")
            assert shown.inner_text("h1") == "This answer does not count"
            assert "forged" not in shown.content()
            assert shown.evaluate("window.opener") is None
        comes_back_and_is_logged_in(chromium, running)


@in_browser
def test_the_person_ends_a_login_whose_server_has_lost_the_state(chromium, evil):
    """Rows F3, I13."""
    with login() as running:
        page = f'<meta http-equiv="refresh" content="0;url={FORGED}">'
        with visiting(chromium, evil, page, running.attempt.redirect_uri) as context:
            tab = context.pages[-1]
            tab.wait_for_selector("button")
            tab.click("button", no_wait_after=True)
            assert running.outcome().startswith(f"{running.attempt.redirect_uri}?error=access_denied")
            running.attempt.conclude(FAILURE)
            tab.wait_for_selector("text=The login did not work")


def comes_back_and_is_logged_in(chromium, running):
    with chromium.browser.new_context() as context:
        tab = context.new_page()
        ending = threading.Thread(target=lambda: (running.outcome(), running.attempt.conclude(None)))
        ending.start()
        tab.goto(f"http://127.0.0.1:{running.port}{ANSWER}")
        ending.join(LONGEST_WAIT)
        assert tab.inner_text("h1") == "You are logged in"
        assert tab.url == f"http://127.0.0.1:{running.port}/callback"


STARTS_CHROMIUM = """#!/bin/sh
cat /proc/$$/environ > {folder}/environment
echo $$ > {folder}/pid
exec {program} --headless=new {flags} --user-data-dir={folder}/profile "$1"
"""


def test_a_browser_that_we_start_logs_in_with_what_it_inherits(tmp_path, monkeypatch):
    """From the first request of a program to its token, with the real opener. Row I14."""
    script = tmp_path / "browser"
    script.write_text(STARTS_CHROMIUM.format(folder=tmp_path, program=PROGRAM, flags=" ".join(FLAGS)))
    script.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(script))
    for name in ("VALETKEY_STORE_KEY", "OPENAI_API_KEY", "DATABASE_URL"):
        monkeypatch.setenv(name, "canary-77")
    with McpServer() as server:

        def authorize(seen):
            answer = server.authorization.visit(server.origin + seen.line.split()[1])
            return Answer(302, (("Location", answer),), b"")

        server.routes["/authorize"] = authorize
        auth = OAuth(server.url, store="memory:")
        try:
            assert auth.engine.replace(None).access_token.reveal()
        finally:
            os.kill(int((tmp_path / "pid").read_text()), 15)
    assert b"canary-77" not in (tmp_path / "environment").read_bytes()
