# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The listener for the answer of a login, asked over real sockets as a browser, and others, would."""

import http.client
import logging
import re
import select
import socket
import threading
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.fakes.auditing import audited
from tests.fakes.threads import LONGEST_WAIT
from tests.requirements import requirement
from tests.servers.process import free_port
from valetkey.errors import ConfigurationError, LoginFailed
from valetkey.login import LoginPrompt, listener, page
from valetkey.login.loopback import LoopbackLogin
from valetkey.seams import Cancellation

CODE, STATE = "canary-code-81", "canary-state-92"
ANSWER = f"/callback?code={CODE}&state={STATE}"
SERVER = "https://mcp.example:8443/mcp?tenant=1"
FAILURE = LoginFailed('as.example declined: "<b>no</b> & no".', hint='Ask <a href="x">them</a>.')


class Login:
    """A login that waits for its answer in a thread of its own."""

    def __init__(self, attempt, shown):
        self.attempt = attempt
        self.port = urlsplit(attempt.redirect_uri).port
        self.cancelled = Cancellation()
        self.callback = None
        self.error = None
        self._shown = shown
        self._thread = threading.Thread(target=self._ask)
        self._seconds = 600.0

    def start(self, seconds):
        self._seconds = seconds
        self._thread.start()
        assert self._shown.wait(LONGEST_WAIT)

    def ask_here(self):
        """Ask in this thread, and wait here."""
        url = f"https://as.example/authorize?state={STATE}"
        prompt = LoginPrompt(SERVER, "https://as.example", url, self.attempt.redirect_uri)
        return self.attempt.ask(prompt, seconds=self._seconds, cancelled=self.cancelled)

    def _ask(self):
        try:
            self.callback = self.ask_here()
        except LoginFailed as error:
            self.error = error

    def outcome(self):
        self._thread.join(LONGEST_WAIT)
        assert not self._thread.is_alive()
        return self.error or self.callback

    def is_waiting(self):
        return self._thread.is_alive()

    def connect(self, host="127.0.0.1"):
        return http.client.HTTPConnection(host, self.port, timeout=LONGEST_WAIT)

    def ask(self, path, method="GET", headers=None, host="127.0.0.1"):
        """Send a request and give the answer, which must come before the login is over."""
        connection = self.connect(host)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            response.body = response.read()
            return response
        finally:
            connection.close()


@contextmanager
def login(redirect_uri=None, *, fixed=False, seconds=600.0):
    shown = threading.Event()
    with LoopbackLogin(lambda _: shown.set()).open(redirect_uri, fixed=fixed) as attempt:
        running = Login(attempt, shown)
        running.start(seconds)
        try:
            yield running
        finally:
            running.cancelled.set()
            running.outcome()


def answered(running, error=None, path=ANSWER):
    """Bring the answer, end the login, and give the page the browser got."""
    browser = running.connect()
    browser.request("GET", path)
    running.outcome()
    running.attempt.conclude(error)
    response = browser.getresponse()
    response.body = response.read()
    browser.close()
    return response


@requirement("NAT-1", "NAT-2", "AUT-10")
def test_the_address_is_a_loopback_literal_with_a_free_port():
    with login() as one, login() as other:
        assert one.attempt.redirect_uri == f"http://127.0.0.1:{one.port}/callback"
        assert 1024 <= one.port != other.port


@requirement("NAT-3")
def test_a_fixed_address_is_used_as_it_is():
    address = f"http://127.0.0.1:{free_port()}/oauth/answer"
    with login(address, fixed=True) as running:
        assert running.attempt.redirect_uri == address
        assert answered(running, path=f"/oauth/answer?code={CODE}&state={STATE}").status == 200
        assert running.callback == f"{address}?code={CODE}&state={STATE}"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.3", "localhost", "LOCALHOST"])
@pytest.mark.parametrize("path", ["", "/", "/callback", "/a/b%20c"])
def test_the_answer_arrives_at_any_address_that_settings_allow(host, path):
    """A browser sends the host in lower case, and a slash where there is no path."""
    port = free_port()
    with login(f"http://{host}:{port}{path}", fixed=True) as running:
        headers = {"Host": f"{host.lower()}:{port}"}
        browser = running.connect(host)
        browser.request("GET", f"{path or '/'}?code={CODE}&state={STATE}", headers=headers)
        assert running.outcome() == f"http://{host}:{port}{path}?code={CODE}&state={STATE}"
        running.attempt.conclude(None)
        assert browser.getresponse().status == 200
        browser.close()


def test_a_query_in_a_fixed_address_is_not_doubled():
    port = free_port()
    with login(f"http://127.0.0.1:{port}/callback?app=1", fixed=True) as running:
        answered(running, path=f"/callback?app=1&code={CODE}&state={STATE}")
        assert running.callback == f"http://127.0.0.1:{port}/callback?app=1&code={CODE}&state={STATE}"


@requirement("NAT-3")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_fixed_port_that_is_taken_fails_with_a_hint_before_a_person_is_asked(host):
    with taken("127.0.0.1") as port, pytest.raises(LoginFailed, match="Nothing can listen") as caught:
        LoopbackLogin(print).open(f"http://{host}:{port}/callback", fixed=True)
    assert f"http://{host}:{port}/callback" in caught.value.message
    assert "redirect_uri" in caught.value.hint


@requirement("NAT-2", "NAT-4")
def test_localhost_is_not_shared_with_a_program_that_has_one_of_its_addresses():
    """Else half of the answers would go there."""
    for address in loopback_addresses():
        with taken(address) as port:
            with pytest.raises(LoginFailed, match="Nothing can listen"):
                LoopbackLogin(print).open(f"http://localhost:{port}/callback", fixed=True)
            for other in loopback_addresses():
                assert other == address or not is_open(other, port)


def test_a_preferred_port_that_is_taken_leads_to_a_free_one():
    with taken("127.0.0.1") as port, login(f"http://127.0.0.1:{port}/callback") as running:
        assert running.port != port
        assert answered(running).status == 200


def test_a_preferred_port_that_is_free_is_used():
    address = f"http://127.0.0.1:{free_port()}/callback"
    with login(address) as running:
        assert running.attempt.redirect_uri == address


@requirement("NAT-3")
def test_the_same_port_can_be_used_for_one_login_after_the_other():
    address = f"http://127.0.0.1:{free_port()}/callback"
    for _ in range(3):
        with login(address, fixed=True) as running:
            assert answered(running).status == 200


def test_an_address_of_another_scheme_is_refused_with_both_ways_on():
    """Row G6."""
    with pytest.raises(ConfigurationError, match="Nothing can listen") as caught:
        LoopbackLogin(print).open("https://127.0.0.1:8080/callback", fixed=True)
    assert 'login="paste"' in caught.value.hint


def test_an_address_this_computer_does_not_have_fails_with_a_hint():
    with pytest.raises(LoginFailed, match="Nothing can listen"):
        LoopbackLogin(print).open(f"http://[::2]:{free_port()}/callback", fixed=True)


@requirement("NAT-2", "NAT-4")
def test_localhost_listens_at_every_loopback_address_there_is():
    port = free_port()
    with login(f"http://localhost:{port}/callback", fixed=True) as running:
        addresses = loopback_addresses()
        assert addresses
        for address in addresses:
            response = running.ask("/favicon.ico", host=address, headers={"Host": f"localhost:{port}"})
            assert response.status == 404
        browser = running.connect(addresses[-1])
        browser.request("GET", ANSWER, headers={"Host": f"localhost:{port}"})
        assert running.outcome() == f"http://localhost:{port}{ANSWER}"
        running.attempt.conclude(None)
        assert browser.getresponse().status == 200
        browser.close()
    assert not any(is_open(address, port) for address in addresses)


@requirement("NAT-2", "NAT-4")
def test_the_name_localhost_may_have_a_free_port_too_and_has_the_same_at_every_address():
    with login("http://localhost:0/callback") as running:
        assert running.port != 0
        assert running.attempt.redirect_uri == f"http://localhost:{running.port}/callback"
        assert all(is_open(address, running.port) for address in loopback_addresses())


@requirement("NAT-5")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_nothing_listens_beyond_the_loopback_address(host):
    """A listener on 0.0.0.0 would have the port on every address, also on this one."""
    with login(f"http://{host}:{free_port()}/callback", fixed=True) as running, socket.socket() as probe:
        probe.bind(("127.0.0.2", running.port))
        assert not is_open("127.0.0.2", running.port)


@requirement("NAT-5")
def test_the_port_is_open_before_the_person_is_asked_and_closed_afterwards():
    ports = []

    def show(prompt):
        ports.append(urlsplit(prompt.redirect_uri).port)
        assert is_open("127.0.0.1", ports[0])

    with LoopbackLogin(show).open(None, fixed=False) as attempt:
        running = Login(attempt, threading.Event())
        running.cancelled.set()
        with pytest.raises(LoginFailed):
            running.ask_here()
    assert len(ports) == 1
    assert not is_open("127.0.0.1", ports[0])


@requirement("NAT-5")
@pytest.mark.parametrize("error", [None, FAILURE], ids=["success", "failure"])
def test_the_port_is_closed_when_the_login_is_over(error):
    with login() as running:
        answered(running, error)
    assert not is_open("127.0.0.1", running.port)


def test_no_name_is_looked_up_to_listen():
    """The standard library asks DNS for the name of 127.0.0.1, which takes seconds where nobody answers."""
    with audited("socket.gethostbyaddr", "socket.gethostbyname", "socket.getaddrinfo") as events:
        LoopbackLogin(print).open(None, fixed=False)._listeners[0].close()
    assert events == []


STRAYS = {
    "favicon": ("GET", "/favicon.ico", {}, 404),
    "root": ("GET", "/", {}, 404),
    "another path with a code": ("GET", f"/other?code={CODE}&state={STATE}", {}, 404),
    "a longer path": ("GET", f"/callback/?code={CODE}&state={STATE}", {}, 404),
    "another case": ("GET", f"/Callback?code={CODE}&state={STATE}", {}, 404),
    "no query": ("GET", "/callback", {}, 400),
    "neither code nor error": ("GET", f"/callback?state={STATE}", {}, 400),
    "a code in the fragment": ("GET", f"/callback#code={CODE}", {}, 400),
    "HEAD": ("HEAD", ANSWER, {}, 405),
    "POST": ("POST", ANSWER, {}, 405),
    "PUT": ("PUT", ANSWER, {}, 405),
    "OPTIONS": ("OPTIONS", ANSWER, {}, 405),
    "Sec-Purpose": ("GET", ANSWER, {"Sec-Purpose": "prefetch;prerender"}, 503),
    "Purpose": ("GET", ANSWER, {"Purpose": "prefetch"}, 503),
    "X-Moz": ("GET", ANSWER, {"X-Moz": "prefetch"}, 503),
    "X-Purpose": ("GET", ANSWER, {"X-Purpose": "preview"}, 503),
    "an image of another page": ("GET", ANSWER, {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, 400),
    "a fetch of another page": ("GET", "/callback?error=access_denied", {"Sec-Fetch-Mode": "cors"}, 400),
    "a frame in another page": ("GET", ANSWER, {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 400),
    "an object in another page": ("GET", ANSWER, {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "object"}, 400),
    "an embed in another page": ("GET", ANSWER, {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "embed"}, 400),
    "a beacon of another page": ("GET", ANSWER, {"Sec-Fetch-Dest": "empty"}, 400),
    "a mode that is said twice": ("GET", ANSWER, {"Sec-Fetch-Mode": "navigate, no-cors"}, 400),
    "a socket of another page": ("GET", ANSWER, {"Upgrade": "websocket", "Connection": "Upgrade"}, 400),
    "a form of another page": ("POST", ANSWER, {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 405),
    "a request for private access": (
        "OPTIONS",
        ANSWER,
        {"Origin": "https://evil.example", "Access-Control-Request-Private-Network": "true"},
        405,
    ),
    "a page in advance": ("GET", ANSWER, {"Sec-Purpose": "Prefetch;Prerender", "Sec-Fetch-Mode": "navigate"}, 503),
    "another state": ("GET", f"/callback?code={CODE}&state=another", {}, 400),
    "no state": ("GET", f"/callback?code={CODE}", {}, 400),
    "an empty state": ("GET", f"/callback?code={CODE}&state=", {}, 400),
    "a part of the state": ("GET", f"/callback?code={CODE}&state={STATE[:-1]}", {}, 400),
    "a forged refusal": ("GET", "/callback?error=access_denied&state=another", {}, 400),
    "a refusal without a state": ("GET", "/callback?error=access_denied", {}, 400),
    "another scheme": ("GET", "https://127.0.0.1:{port}" + ANSWER, {}, 404),
    "a whole address of another host": ("GET", "http://evil.example" + ANSWER, {"Host": "127.0.0.1:{port}"}, 404),
    "a host before the path": ("GET", "//evil.example" + ANSWER, {}, 404),
    "a rebound name": ("GET", ANSWER, {"Host": "evil.example"}, 404),
    "a rebound name with the port": ("GET", ANSWER, {"Host": "evil.example:{port}"}, 404),
    "another port": ("GET", ANSWER, {"Host": "127.0.0.1:1"}, 404),
    "another name of this computer": ("GET", ANSWER, {"Host": "localhost:{port}"}, 404),
    "a host with a path": ("GET", ANSWER, {"Host": "127.0.0.1:{port}/x"}, 404),
    "an empty host": ("GET", ANSWER, {"Host": ""}, 404),
}


@requirement("NAT-7", "NAT-8")
@pytest.mark.parametrize(("method", "path", "headers", "status"), STRAYS.values(), ids=STRAYS.keys())
def test_what_is_no_answer_does_not_count_and_the_answer_after_it_does(method, path, headers, status):
    """Row I13."""
    with login() as running:
        headers = {name: value.format(port=running.port) for name, value in headers.items()}
        response = running.ask(path.replace("{port}", str(running.port)), method, headers)
        assert response.status == status
        assert running.is_waiting()
        assert answered(running).status == 200
        assert running.callback == running.attempt.redirect_uri + ANSWER.removeprefix("/callback")


@requirement("NAT-7")
def test_noise_at_the_port_does_not_end_the_login():
    noise = [b"", b"\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET //[ HTTP/1.1\r\n\r\n"]
    with login() as running:
        for sent in [*noise, b"A" * 100_000, b"GET /callback HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n"]:
            with socket.create_connection(("127.0.0.1", running.port), timeout=LONGEST_WAIT) as connection:
                connection.sendall(sent)
        assert running.is_waiting()
        assert answered(running).status == 200


def test_a_connection_that_sends_nothing_does_not_keep_the_answer_out():
    with login() as running, ExitStack() as connections:
        for _ in range(5):
            connections.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=LONGEST_WAIT))
        assert answered(running).status == 200


@requirement("NAT-7", "RSP-14")
@pytest.mark.parametrize(
    ("path", "shown"),
    [("/favicon.ico", page.stray_page()), ("/callback", page.unread_page())],
    ids=["other", "callback"],
)
def test_who_is_no_answer_learns_nothing(path, shown):
    with login() as running:
        response = running.ask(path)
        assert response.body == shown
        assert headers_of(response) == page.HEADERS
        assert b"mcp.example" not in response.body


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none", "Sec-Fetch-User": "?1"},
        {"Sec-Fetch-Mode": "Navigate", "Sec-Fetch-Dest": "Document"},
        {"Origin": "null", "Referer": "https://as.example/"},
        {"Cookie": "of-another-program-here=" + "c" * 30_000},
        {"Upgrade": "h2c", "Connection": "Upgrade"},
        {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"},
    ],
    ids=["old", "redirected", "pasted", "spelled otherwise", "after a form", "cookies", "another HTTP", "a worker"],
)
def test_an_honest_browser_is_not_taken_for_another_page(headers):
    """Row I13."""
    with login() as running:
        browser = running.connect()
        browser.request("GET", ANSWER, headers=headers)
        assert running.outcome() == running.attempt.redirect_uri + ANSWER.removeprefix("/callback")
        running.attempt.conclude(None)
        assert b"You are logged in" in browser.getresponse().read()
        browser.close()


def test_an_error_is_an_answer_too():
    with login() as running:
        answered(running, FAILURE, path=f"/callback?error=access_denied&state={STATE}")
        assert running.callback == f"{running.attempt.redirect_uri}?error=access_denied&state={STATE}"


@pytest.mark.parametrize(
    "query",
    [
        "code=a&code=b",
        "code=",
        "error=",
        "code=%C3%A9&other=%",
        "code=" + "c" * 8000,
        "iss=https%3A%2F%2Fas&code=a%26b",
    ],
    ids=lambda query: query[:20],
)
@requirement("RSP-8")
def test_the_query_is_handed_over_as_it_came(query):
    """What it means is not decided here: all of it goes to the check."""
    with login() as running:
        answered(running, path=f"/callback?{query}&state={STATE}")
        assert running.callback == f"{running.attempt.redirect_uri}?{query}&state={STATE}"


def test_an_address_in_absolute_form_is_understood():
    with login() as running:
        answered(running, path=f"http://127.0.0.1:{running.port}{ANSWER}")
        assert running.callback == f"{running.attempt.redirect_uri}?code={CODE}&state={STATE}"


def test_the_first_answer_counts_and_the_second_reads_how_it_ended():
    """A person who presses twice at the server comes back twice, and sees the page of the second."""
    with login() as running:
        browser = running.connect()
        browser.request("GET", ANSWER)
        running.outcome()
        second = running.connect()
        second.request("GET", f"/callback?code=another&state={STATE}")
        assert select.select([second.sock], [], [], 0.1)[0] == []
        running.attempt.conclude(None)
        for each in (browser, second):
            assert b"You are logged in" in each.getresponse().read()
            each.close()
        assert running.callback == running.attempt.redirect_uri + ANSWER.removeprefix("/callback")


def test_the_page_comes_when_it_is_known_how_the_login_ended():
    with login() as running:
        browser = running.connect()
        browser.request("GET", ANSWER)
        running.outcome()
        assert select.select([browser.sock], [], [], 0.1)[0] == []
        running.attempt.conclude(None)
        response = browser.getresponse()
        assert (response.status, response.reason) == (200, "OK")
        assert response.read() == page.logged_in_page("mcp.example:8443")
        browser.close()


def test_the_page_of_a_failure_says_what_went_wrong_and_what_to_do():
    with login() as running:
        response = answered(running, FAILURE)
        assert response.body == page.failed_page(FAILURE.message, FAILURE.hint)
        assert b"<b>" not in response.body
        assert b"as.example declined: &quot;&lt;b&gt;no&lt;/b&gt; &amp; no&quot;." in response.body


def test_the_page_is_delivered_before_the_port_is_closed():
    browser = None
    with login() as running:
        browser = running.connect()
        browser.request("GET", ANSWER)
        running.outcome()
        running.attempt.conclude(None)
    response = browser.getresponse()
    assert response.read() == page.logged_in_page("mcp.example:8443")
    browser.close()


def test_a_browser_that_has_hung_up_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(listener, "_DELIVERY", 600.0)
    with login() as running:
        browser = running.connect()
        browser.request("GET", ANSWER)
        running.outcome()
        browser.close()
        running.attempt.conclude(None)


def test_a_login_that_nobody_answered_is_concluded_without_waiting_for_a_browser(monkeypatch):
    monkeypatch.setattr(listener, "_DELIVERY", 600.0)
    with login() as running:
        running.attempt.conclude(FAILURE)


def test_a_login_that_ends_without_a_word_does_not_leave_the_browser_waiting():
    with login() as running:
        browser = running.connect()
        browser.request("GET", ANSWER)
        running.outcome()
    assert browser.getresponse().read() == page.undecided_page()
    browser.close()


@requirement("RSP-14", "SEC-13", "SEC-14")
def test_the_page_goes_out_with_exactly_these_headers():
    with login() as running:
        response = answered(running, path=f"{ANSWER}&next=https://evil.example/&redirect_uri=https://evil.example/")
        assert headers_of(response) == page.HEADERS
        assert {name.lower() for name in response.headers} == {
            *(name.lower() for name in page.HEADERS),
            "connection",
            "content-length",
            "server",
            "date",
        }
        assert int(response.headers["Content-Length"]) == len(response.body)
        assert response.headers["Server"].strip() == "valetkey"
        assert b"evil" not in response.body


@requirement("SEC-12", "RSP-14")
@pytest.mark.parametrize("error", [None, FAILURE], ids=["success", "failure"])
def test_neither_code_nor_state_is_shown_or_logged(error, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    with login() as running:
        strays = [running.ask(path) for path in (f"/other?code={CODE}", f"/callback?state={STATE}")]
        refused = running.ask(ANSWER, "POST")
        response = answered(running, error)
    written = capfd.readouterr()
    for shown in [*(one.body.decode() for one in [*strays, refused, response]), caplog.text, written.out, written.err]:
        assert CODE not in shown
        assert STATE not in shown
    assert CODE not in str(response.headers)


@requirement("NAT-7")
def test_a_person_who_does_not_come_is_not_waited_for_for_ever():
    """The page of the server may have shown an error, and nothing comes back then. Row F8."""
    with login(seconds=0.1) as running:
        error = running.outcome()
        assert isinstance(error, LoginFailed)
        assert str(error) == (
            "The login at https://as.example was not completed within 0.1 seconds. "
            "Start again, and finish the login in the browser in time; if the page showed an error, do what it says: "
            f"most often the redirect address {running.attempt.redirect_uri} has to be registered for this client at "
            "https://as.example (redirect_uri= sets another address)."
        )


DOUBTFUL = ["error=access_denied", "error=access_denied&state=another", f"code={CODE}", f"code={CODE}&state=another"]
doubtful = pytest.mark.parametrize("query", DOUBTFUL)


def end_of(response):
    """Where the button of a page that tells of a doubtful answer leads."""
    return re.search(r'<form method="post" action="([^"]+)"><button>End the login</button>', response.body.decode())[1]


@doubtful
def test_an_answer_that_does_not_prove_to_be_one_is_handed_over_when_the_person_says_so(query):
    """A server that leaves the state out of an error sends nothing else. Rows F3, I13."""
    with login() as running:
        response = running.ask(f"/callback?{query}")
        assert b"This answer does not count" in response.body
        assert headers_of(response, page.HEADERS_OF_FORM) == page.HEADERS_OF_FORM
        assert b"access_denied" not in response.body
        browser = running.connect()
        browser.request("POST", end_of(response), headers={"Sec-Fetch-Site": "same-origin"})
        assert running.outcome() == f"{running.attempt.redirect_uri}?{query}"
        running.attempt.conclude(FAILURE)
        assert b"The login did not work" in browser.getresponse().read()
        browser.close()


def test_the_button_pressed_twice_leads_to_the_result():
    """In two tabs, or because the first press seems to do nothing. Rows F3, I13."""
    with login() as running:
        button = end_of(running.ask("/callback?error=access_denied"))
        pressed = [running.connect() for _ in range(2)]
        for browser in pressed:
            browser.request("POST", button)
            running.outcome()
        running.attempt.conclude(FAILURE)
        for browser in pressed:
            assert b"The login did not work" in browser.getresponse().read()
            browser.close()


def test_who_reloads_the_page_with_the_button_gets_it_again():
    """The query is out of the address by then. Rows F3, I13."""
    with login() as running:
        told = running.ask("/callback?error=access_denied")
        assert running.ask("/callback").body == told.body
        assert running.ask("/callback?a").body == page.unread_page()
        answered(running)
        assert running.callback == running.attempt.redirect_uri + ANSWER.removeprefix("/callback")


@pytest.mark.parametrize("path", ["/callback", "/callback?", "/callback?lang=en"])
def test_an_answer_behind_a_number_sign_is_refused_with_the_way_on(path):
    """A browser sends nothing of it (OAuth 2.0 Multiple Response Type Encoding Practices §2.1). Row I13."""
    with login() as running:
        response = running.ask(path)
        assert (response.status, response.body) == (400, page.unread_page())
        assert answered(running).status == 200


def test_an_answer_that_comes_as_a_form_is_refused_with_the_way_on():
    """OAuth 2.0 Form Post Response Mode. Row I13."""
    with login() as running:
        browser = running.connect()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        browser.request("POST", "/callback", f"code={CODE}&state={STATE}", headers)
        response = browser.getresponse()
        assert (response.status, response.read()) == (405, page.unread_page())
        browser.close()
        assert b"{&quot;response_mode&quot;: &quot;query&quot;}" in page.unread_page()
        assert running.ask("/callback?end=old", "POST", {**headers, "Content-Length": "0"}).body == page.stray_page()
        assert answered(running).status == 200


@pytest.mark.parametrize("ending", ["end=", "end=guessed", "", f"code={CODE}&state={STATE}"])
def test_no_other_page_says_so_for_the_person(ending):
    """Row I13."""
    with login() as running:
        before = running.ask(f"/callback?{ending}", "POST")
        button = end_of(running.ask("/callback?error=access_denied"))
        refused = running.ask(f"/callback?{ending}", "POST")
        framed = running.ask(button, "POST", {"Sec-Fetch-Dest": "iframe"})
        rebound = running.ask(button, "POST", {"Host": "evil.example"})
        assert [each.status for each in (before, refused, framed, rebound)] == [405, 405, 400, 404]
        assert refused.headers["Allow"] == "GET"
        assert running.is_waiting()
        assert answered(running).status == 200


@doubtful
def test_a_doubtful_answer_is_handed_over_when_no_other_has_come_in_time(query):
    """Rows F3, I13."""
    shown = threading.Event()
    with LoopbackLogin(lambda _: shown.set()).open(None, fixed=False) as attempt:
        running = Login(attempt, shown)
        prompt = LoginPrompt(SERVER, "https://as.example", f"https://as.example/?state={STATE}", attempt.redirect_uri)
        attempt.prepare(prompt)
        assert running.ask(f"/callback?{query}").status == 400
        assert attempt.ask(prompt, seconds=0, cancelled=running.cancelled) == f"{attempt.redirect_uri}?{query}"


def test_nothing_is_an_answer_before_the_link_is_shown():
    with LoopbackLogin(print).open(None, fixed=False) as attempt:
        running = Login(attempt, threading.Event())
        assert running.ask(ANSWER).status == 400
        assert running.ask("/callback?code=guessed&state=").status == 400
        attempt.conclude(None)


def test_a_login_can_be_cancelled():
    with login() as running:
        running.cancelled.set()
        assert isinstance(running.outcome(), LoginFailed)
        assert "cancelled" in running.error.message


def test_an_error_while_asking_closes_the_port():
    ports = []

    def show(prompt):
        ports.append(urlsplit(prompt.redirect_uri).port)
        raise FAILURE

    with pytest.raises(LoginFailed), LoopbackLogin(show).open(None, fixed=False) as attempt:
        Login(attempt, threading.Event()).ask_here()
    assert not is_open("127.0.0.1", ports[0])


def test_two_logins_at_once_get_their_own_answers():
    with login() as one, login() as other:
        answered(other, path=f"/callback?code=other&state={STATE}")
        answered(one, path=f"/callback?code=one&state={STATE}")
        assert one.callback == f"{one.attempt.redirect_uri}?code=one&state={STATE}"
        assert other.callback == f"{other.attempt.redirect_uri}?code=other&state={STATE}"


def headers_of(response, expected=page.HEADERS):
    return {name: response.headers[name] for name in expected}


def loopback_addresses():
    """The addresses of `localhost` that this computer has."""
    found = []
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.bind((address, 0))
        except OSError:
            continue
        found.append(address)
    return found


@contextmanager
def taken(address):
    """Another program listens at a port of one address; the other addresses have that port free."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((address, free_port()))
        other.listen()
        yield other.getsockname()[1]


def is_open(address, port):
    try:
        socket.create_connection((address, port), timeout=5).close()
    except OSError:
        return False
    return True


@requirement("NAT-4")
def test_a_computer_without_the_first_address_listens_at_the_second():
    """192.0.2.1 is nobody's address (RFC 5737), as 127.0.0.1 is on a computer that has only IPv6."""
    with LoopbackLogin(lambda prompt: None, hosts=("192.0.2.1", "127.0.0.1")).open(None, fixed=False) as attempt:
        assert attempt.redirect_uri.startswith("http://127.0.0.1:")


@requirement("NAT-1", "NAT-4")
def test_an_address_of_ip_version_6_is_written_in_brackets():
    with LoopbackLogin(lambda prompt: None, hosts=("::1",)).open(None, fixed=False) as attempt:
        assert attempt.redirect_uri.startswith("http://[::1]:")


def test_in_a_container_it_listens_where_its_published_port_leads():
    """The answer still has to be addressed to loopback, and to have the state of this login."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/callback"
    login = LoopbackLogin(lambda prompt: None, listen_at="0.0.0.0")
    with login.open(address, fixed=True) as attempt:
        assert attempt.redirect_uri == address
        (listening,) = attempt._listeners
        assert listening.getsockname() == ("0.0.0.0", port)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_WAIT)
        connection.request("GET", ANSWER, headers={"Host": f"container.internal:{port}"})
        assert connection.getresponse().status == 404
        connection.close()
