# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Attacks on the way to the person and back: the browser, the callback port, the pages, the terminal."""

import json
import re
import socket
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.fakes.threads import LONGEST_WAIT
from tests.fakes.world import World
from tests.login.test_connections import is_closed
from tests.login.test_loopback import ANSWER, answered, end_of, login
from tests.requirements import requirement
from valetkey._sessions.codec import login_key
from valetkey.errors import AuthError, InsecureEndpoint, LoginFailed, StateMismatch
from valetkey.login import LoginPrompt, connections, page
from valetkey.login.browser import WSL, browser_command, open_browser, platform_of
from valetkey.login.link import LinkLogin
from valetkey.login.loopback import LoopbackLogin
from valetkey.login.prompt import logged_in_text, prompt_text

COMMAND = "https://as.example/$(calc.exe)/a;calc?x=1&calc&y=$(id)'"
HARMLESS = "https://as.example/%24%28calc.exe%29/a%3Bcalc?x=1&calc=&y=%24%28id%29%27"
PROMPT = LoginPrompt("https://mcp.example/mcp", "https://as.example", "https://as.example/a", "http://127.0.0.1:1/c")
RECORDER = """#!{python} -IS
import json, os, sys
with open({report!r}, "w") as report:
    json.dump([sys.argv[1:], dict(os.environ)], report)
"""


@pytest.fixture
def recorder(tmp_path, monkeypatch):
    """The browser of the person is a program that writes down what it gets."""
    program = tmp_path / "firefox"
    program.write_text(RECORDER.format(python=sys.executable, report=str(tmp_path / "report")))
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setenv("BROWSER", "firefox")

    def report():
        for thread in threading.enumerate():
            if thread.name == "valetkey-browser":
                thread.join(LONGEST_WAIT)
        assert (tmp_path / "report").exists(), "another program was started"
        return json.loads((tmp_path / "report").read_text())

    return report


@requirement("AUT-13", "AUT-14")
@pytest.mark.parametrize("entry", ["firefox", "firefox %s", 'sh -c "calc %s":firefox', "firefox '%s;calc':firefox"])
def test_a_command_in_the_login_page_is_one_harmless_argument(entry, recorder, monkeypatch):
    """CVE-2025-6514 (mcp-remote) and CVE-2025-10619 (sequa-mcp). Row I1. Threat C1."""
    monkeypatch.setenv("BROWSER", entry)
    assert open_browser(COMMAND)
    assert recorder()[0] == [HARMLESS]


@requirement("AUT-13")
@pytest.mark.parametrize("entry", ["", "wslview", "x-www-browser", "www-browser %s", "xdg-open", "link-to-wslview"])
def test_under_wsl_nothing_is_started_that_builds_a_command_line(entry):
    """Row I1. Threat C2."""
    leads = {"link-to-wslview": "/usr/bin/wslview", "rundll32.exe": "/mnt/d/rundll32.exe"}
    system = platform_of({}, "linux", "5.15.153.1-microsoft-standard-WSL2")
    environment = {"BROWSER": entry, "DISPLAY": ":0"}
    command = browser_command(
        HARMLESS, environment, system, lambda name: leads.get(name, None if "/" in name else name)
    )
    assert (system, command) == (WSL, ["rundll32.exe", "url.dll,FileProtocolHandler", HARMLESS])


@requirement("AUT-12")
@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,<script>1</script>",
        "file:///etc/passwd",
        "https://good.example@evil.example/",
        "https://as.example/\nPaste your password:",
        "https://аs.example/",
        "https://as.example/\u202ex",
    ],
)
def test_a_login_page_that_is_no_page_is_neither_opened_nor_shown(link, tmp_path, monkeypatch):
    """Row I1. Threat C3."""
    monkeypatch.setenv("BROWSER", str(tmp_path / "none"))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InsecureEndpoint):
        open_browser(link)
    for prompt in (replace(PROMPT, authorization_url=link), replace(PROMPT, user_code="A", link_with_code=link)):
        with pytest.raises(InsecureEndpoint):
            prompt_text(prompt, opened=False, environment={})


@requirement("AUT-14")
@pytest.mark.parametrize(
    "trick", ["\nPaste your password:", "\x1b]8;;https://evil.example\x07", "\x9b2J", "\u202e", "\u2028", "A" * 5000]
)
def test_no_server_writes_a_line_of_its_own_into_the_terminal(trick):
    """Row I1. Threat C4."""
    names = [
        replace(PROMPT, issuer=trick),
        replace(PROMPT, server_url=trick),
        replace(PROMPT, issuer=f"https://a/{trick}"),
    ]
    for prompt in [*names, replace(PROMPT, user_code=trick)]:
        for text in (prompt_text(prompt, opened=False, environment={}), logged_in_text(prompt)):
            assert all(each.isprintable() or each == "\n" for each in text)
            assert "\nPaste" not in text
            assert len(text) < 1500


@requirement("NAT-7", "RSP-2")
@pytest.mark.parametrize("query", ["error=access_denied", "error=access_denied&state=x", "code=c", "code=c&state=x"])
def test_a_forged_answer_ends_no_login(query):
    """Row I13. Threat C5."""
    with LoopbackLogin(print).open(None, fixed=False) as attempt:
        address = urlsplit(attempt.redirect_uri)
        with socket.create_connection((address.hostname, address.port), timeout=LONGEST_WAIT) as early:
            early.sendall(f"GET /callback?{query}&state= HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
            assert b"Nothing to see here" in early.makefile("rb").read()
    with login() as running:
        response = running.ask(f"/callback?{query}")
        assert (response.status, running.is_waiting()) == (400, True)
        assert b"This answer does not count" in response.body
        assert answered(running).status == 200


EMBEDDED = {
    "an image": ("GET", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "document"}),
    "a fetch": ("GET", {"Sec-Fetch-Mode": "cors"}),
    "a frame": ("GET", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}),
    "a beacon": ("GET", {"Sec-Fetch-Dest": "empty"}),
    "a socket": ("GET", {"Upgrade": "websocket"}),
    "a form": ("POST", {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}),
    "a look before a fetch": ("OPTIONS", {"Access-Control-Request-Private-Network": "true"}),
    "a page in advance": ("GET", {"Sec-Purpose": "prefetch;prerender", "Sec-Fetch-Mode": "navigate"}),
}


@requirement("NAT-7")
@pytest.mark.parametrize(("method", "headers"), EMBEDDED.values(), ids=EMBEDDED.keys())
def test_what_a_page_embeds_is_no_answer(method, headers):
    """With the right state, which no page knows. Row I13. Threat C6."""
    with login() as running:
        response = ask_or_none(running, method, headers)
        assert response is not None
        assert response.status in (400, 405, 503)
        assert running.is_waiting()


def ask_or_none(running, method, headers):
    """What comes back; None where the browser is kept waiting, as for the answer of the login."""
    connection = running.connect()
    connection.timeout = 2
    try:
        connection.request(method, ANSWER, headers=headers)
        return connection.getresponse()
    except TimeoutError:
        return None
    finally:
        connection.close()


@requirement("NAT-8")
@pytest.mark.parametrize(
    ("target", "hosts"),
    [
        (ANSWER, ["evil.example:{port}"]),
        (ANSWER, ["127.0.0.1:{port}", "evil.example"]),
        (ANSWER, ["127.0.0.1:{port}.evil.example"]),
        (f"http://evil.example{ANSWER}", ["127.0.0.1:{port}"]),
        (ANSWER, []),
    ],
)
def test_a_page_that_is_rebound_to_loopback_reads_nothing(target, hosts):
    """Row I13. Threat C7."""
    with login() as running:
        with socket.create_connection(("127.0.0.1", running.port), timeout=2) as connection:
            fields = "".join(f"Host: {host.format(port=running.port)}\r\n" for host in hosts)
            connection.sendall(f"GET {target} HTTP/1.1\r\n{fields}\r\n".encode())
            try:
                answer = connection.recv(100)
            except TimeoutError:
                answer = b"kept waiting, as for the answer of the login"
        assert re.match(rb"HTTP/1.1 40[04] ", answer)
        assert running.is_waiting()


def test_connections_without_end_do_not_keep_the_browser_out(monkeypatch):
    """Row I17. Threat C8."""
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 8)
    monkeypatch.setattr(connections, "LONGEST_EXCHANGE", 0.5)
    with login() as running, ExitStack() as stack:

        def connect():
            return stack.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=LONGEST_WAIT))

        endless = connect()
        ended = threading.Event()

        def send_without_end():
            try:
                while not ended.is_set():
                    endless.send(b"A" * 65536)
            except OSError:
                ended.set()

        drips = [connect() for _ in range(20)]
        begun = time.monotonic()
        sender = threading.Thread(target=send_without_end)
        assert is_closed(drips[0])
        assert time.monotonic() - begun < 0.4
        assert is_closed(drips[-1], 5)
        endless = connect()
        begun = time.monotonic()
        sender.start()
        assert ended.wait(5)
        ended.set()
        assert time.monotonic() - begun < 0.4
        assert answered(running).status == 200


def test_the_browser_inherits_no_secret(recorder, monkeypatch):
    """Row I14. Threat C9."""
    for name in ("VALETKEY_STORE_KEY", "OPENAI_API_KEY", "DATABASE_URL", "XDG_TOKEN", "WSL_PASSWORD"):
        monkeypatch.setenv(name, "canary-77")
    monkeypatch.setenv("https_proxy", "http://user:canary-77@proxy.example:3128")
    assert open_browser(HARMLESS)
    assert "canary-77" not in json.dumps(recorder())


@pytest.mark.parametrize(("path", "entry"), [("", "firefox"), (".:/bin", "firefox"), ("/bin", "./firefox %s")])
def test_no_program_of_the_current_folder_is_started(path, entry, tmp_path, monkeypatch):
    """Row I1. Threat C10."""
    (tmp_path / "firefox").write_text("#!/bin/sh\n")
    (tmp_path / "firefox").chmod(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("BROWSER", entry)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not open_browser(HARMLESS)


class Reader(HTMLParser):
    """Reads the tags of a page as a browser does."""

    def __init__(self, document):
        super().__init__()
        self.tags = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)


@requirement("SEC-12")
@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script><img src=x>", "\u202egnp.exe\u2066\x00\x1b[2J", "x" * 100_000]
)
def test_the_text_of_a_server_is_no_markup_on_our_page(text):
    """Threat C11."""
    plain = Reader(page.failed_page("a", "b").decode()).tags
    document = page.failed_page(text, text).decode()
    assert Reader(document).tags == plain
    assert Reader(page.logged_in_page(text).decode()).tags.count("script") == 1
    assert not set(document) & set("\u202e\u2066\x00\x1b")
    assert len(document) < 20_000
    assert page.HEADERS["Content-Security-Policy"].startswith("default-src 'none';")


@requirement("RSP-14")
@pytest.mark.parametrize("headers", [page.HEADERS, page.HEADERS_OF_FORM], ids=["without a form", "with one"])
def test_the_page_leaves_nothing_behind_and_obeys_no_other_page(headers):
    """Threat C12."""
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers.get("Cross-Origin-Opener-Policy") == "same-origin"
    assert headers.get("Referrer-Policy") == "no-referrer"
    assert headers.get("Cache-Control") == "no-store"
    assert b"<script>history.replaceState(null, '', location.pathname);</script>" in page.doubtful_page(
        "/callback?end=x"
    )


@pytest.mark.parametrize("guess", ["end=", "end=end", "end", "state=", ""])
def test_no_other_page_ends_the_login_for_the_person(guess):
    """Row I13. Threat C13."""
    with login() as running:
        button = end_of(running.ask("/callback?error=access_denied"))
        connection = running.connect()
        connection.timeout = 2
        connection.request("POST", f"/callback?{guess}")
        try:
            status = connection.getresponse().status
        except TimeoutError:
            status = "kept waiting, as for the answer of the login"
        connection.close()
        assert status == 405
        assert running.is_waiting()
        assert len(button) > len("/callback?end=") + 40


@requirement("AUT-2")
def test_the_arguments_of_the_browser_hold_no_secret():
    """Row I16. Threat C14."""
    world = World()
    with suppress(AuthError):  # what comes of it is not looked at
        world.engine().replace(None)
    link = world.person.asked[0].authorization_url
    form = world.server.token_forms()[0]
    assert dict(parse_qsl(urlsplit(link).query)).keys() >= {"state", "code_challenge"}
    assert form["code_verifier"] not in link
    assert form["code"] not in link


class Users:
    """The logins with a link of the users of one web app."""

    def __init__(self):
        self.world = World()

    def process_of(self, principal, **settings):
        settings = {"public_url": "https://bot.example.com", "principal": principal, **settings}
        return self.world.engine(seams=self.world.seams(login=LinkLogin()), **settings)

    def exchanges(self):
        return self.world.server.grant_types().count("authorization_code")


@pytest.mark.parametrize("attacker", ["eve", "bob ", " bob", "Bob", "b\u043eb"])
def test_a_login_is_completed_by_the_user_it_was_begun_for_and_by_no_other(attacker):
    """Threat C15. Trap 24."""
    users = Users()
    bob, eve = users.process_of("bob"), users.process_of(attacker)
    answer = users.world.server.visit(bob.begin().authorization_url)
    for attempt in (
        lambda: bob.complete(answer, principal=attacker),
        lambda: bob.complete(answer, principal="bob\n"),  # no user's name, and no reason to say more
        lambda: eve.complete(answer),
        lambda: eve.complete(answer, principal="bob"),
    ):
        with pytest.raises(StateMismatch):
            attempt()
    assert users.exchanges() == 0
    assert bob.complete(answer, principal="bob").token


def test_an_answer_that_comes_twice_is_redeemed_once():
    """Threat C16."""
    users = Users()
    pending = users.process_of("bob").begin()
    answer = users.world.server.visit(pending.authorization_url)
    key = login_key(pending.id)
    users.world.store.before_write[key] = lambda: users.process_of("bob").complete(answer)
    with suppress(AuthError):
        users.process_of("bob").complete(answer)
    assert users.exchanges() == 1
    assert users.world.store.inner.get(key) is None
    with pytest.raises(LoginFailed):
        users.process_of("bob").complete(answer)
    assert users.exchanges() == 1


def test_a_login_whose_time_is_over_is_void():
    """Threat C17."""
    users = Users()
    bob = users.process_of("bob")
    pending = bob.begin()
    answer = users.world.server.visit(pending.authorization_url)
    users.world.clock.time = pending.ends_at
    with pytest.raises(LoginFailed, match="its time is over"):
        bob.complete(answer)
    assert users.exchanges() == 0
    assert users.world.store.inner.get(login_key(pending.id)) is None


def test_the_short_link_says_nothing_of_the_login():
    """Threat C18. Trap 26."""
    users = Users()
    pending = users.process_of("bob").begin()
    login_id = pending.link.removeprefix("https://bot.example.com/mcp-oauth/start/")
    state = dict(parse_qsl(urlsplit(pending.authorization_url).query))["state"]
    assert re.fullmatch("[A-Za-z0-9_-]{32}", login_id)
    assert login_id not in state
    assert state not in pending.link
    assert login_id != users.process_of("eve").begin().id
    with pytest.raises(LoginFailed):
        users.process_of("bob").complete(f"https://bot.example.com/mcp-oauth/callback?code=c&state={login_id}")
