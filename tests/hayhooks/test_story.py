# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The story of a service: two users of a Hayhooks with two workers log in to an MCP server, each in the own browser.

Everything in it is real: Hayhooks in its own environment, Redis, an MCP server with logins, Chromium.
"""

import http.client
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from tests.hayhooks.proxy import Proxy
from tests.hayhooks.running import program, surroundings
from tests.servers.process import HOST, ServerProcess, free_port

USERS = ("alice", "bob", "carol", "dora")


@dataclass
class Service:
    """Two workers behind a proxy, and what they use."""

    workers: list[ServerProcess]
    proxy: Proxy
    public_url: str
    mcp_url: str

    def run(self, user, worker):
        """Call the pipeline of a worker as a program of the user's does, which is signed in."""
        return json.loads(self.post(user, worker, "/whoami/run", {}))["result"]

    def stream(self, user, worker):
        """Call it as a chat, and give the lines that are streamed."""
        body = {"model": "whoami", "stream": True, "messages": [{"role": "user", "content": "who am I?"}]}
        events = self.post(user, worker, "/v1/chat/completions", body).split("data: ")
        parts = [json.loads(event) for event in events if event.startswith("{")]
        text = "".join(part["choices"][0]["delta"].get("content") or "" for part in parts)
        return [json.loads(line) for line in text.splitlines()]

    def post(self, user, worker, path, body):
        connection = http.client.HTTPConnection(HOST, worker.port, timeout=60.0)
        headers = {"Content-Type": "application/json", "Cookie": f"session=session-of-{user}"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        assert response.status == 200, (text, worker.output()[-4000:])
        return text


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Start everything; the workers at the same time, because that takes long."""
    with ExitStack() as stack:
        environment, public = stack.enter_context(surroundings(tmp_path_factory.mktemp("service")))
        ports = [free_port(), free_port()]
        app = ("python", "-m", "uvicorn", "tests.hayhooks.served_app:create_app", "--factory")
        workers = [program(environment, port, *app, f"--port={port}") for port in ports]
        with ThreadPoolExecutor(2) as pool:
            for worker in pool.map(ServerProcess.start, workers):
                stack.callback(worker.stop)
        proxy = stack.enter_context(Proxy(public, ports))
        yield Service(workers, proxy, environment["PUBLIC_URL"], environment["MCP_URL"])


@contextmanager
def browser_of(user, chromium, service):
    """Open the browser of one user, who is signed in to the app with the strictest kind of cookie."""
    with chromium.browser.new_context() as context:
        if user is not None:
            cookie = {"name": "session", "value": f"session-of-{user}", "url": service.public_url, "sameSite": "Strict"}
            context.add_cookies([cookie])
        yield context.new_page()


def heading(page):
    page.wait_for_selector("h1")
    return page.inner_text("h1")


def allow(page, account):
    """Sign in at the login page of the MCP server."""
    page.fill("input[name=account]", account)
    page.click("button")


def log_in(chromium, service, link, user):
    """Go through a login in a user's browser, and give what the last page says."""
    with browser_of(user, chromium, service) as page:
        page.goto(link)
        allow(page, f"account of {user}")
        page.wait_for_url("**/mcp-oauth/connected/*")
        return heading(page)


@pytest.mark.timeout(600)
def test_a_service_with_two_workers_and_two_users_in_their_browsers(service, chromium):
    """
    Rows J1, J2. Traps 19, 20, 24, 25 and 26.

    It is one story, because each step begins where the one before has ended.
    """
    first, second = service.workers

    # Nobody has logged in at deploy time; a call of a user gives a short link, the same at both workers.
    asked = service.run("alice", first)
    link = asked["link"]
    assert link.startswith(f"{service.public_url}/mcp-oauth/start/")
    assert asked["principal"] == "alice"
    assert service.run("alice", second)["link"] == link
    assert "code_challenge" not in asked["text"]  # what may come to a language model
    bobs_link = service.run("bob", second)["link"]
    assert bobs_link != link

    def strangers():
        for user, said in (("bob", "This login is not yours"), (None, "You are not signed in")):
            with browser_of(user, chromium, service) as page:
                page.goto(link)
                assert heading(page) == said

    chromium.run(strangers)

    # The worker that has answered the link dies before the answer comes; the other one completes the login.
    def login_over_a_dead_worker():
        with browser_of("alice", chromium, service) as page:
            service.proxy.targets = [first.port]
            page.goto(link)
            assert page.url.startswith(service.mcp_url.removesuffix("/mcp"))
            first.kill()
            service.proxy.targets = [second.port]
            allow(page, "account of alice")
            page.wait_for_url("**/mcp-oauth/connected/*")
            assert heading(page) == "You are connected"

    chromium.run(login_over_a_dead_worker)
    assert service.run("alice", second)["account"] == "account of alice"
    assert "link" in service.run("bob", second)

    # The second user, by the page; the worker that died is back.
    first.start()
    service.proxy.targets = [first.port, second.port]
    assert chromium.run(log_in, chromium, service, bobs_link, "bob") == "You are connected"
    for user in USERS[2:]:
        their_link = service.run(user, first)["link"]
        assert chromium.run(log_in, chromium, service, their_link, user) == "You are connected"

    # Forty calls of four users at once, plain and streaming, over both workers.
    calls = [(user, service.workers[number % 2], number) for number in range(10) for user in USERS]

    def call(user, worker, number):
        if number % 3 == 0:
            return user, [line.get("account") for line in service.stream(user, worker)]
        return user, [service.run(user, worker).get("account")]

    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda each: call(*each), calls))
    assert Counter(user for user, _ in answers) == dict.fromkeys(USERS, 10)
    assert [answer for answer in answers if set(answer[1]) != {f"account of {answer[0]}"}] == []

    # A user disconnects on his page, and is asked anew; nobody else is.
    def disconnects():
        with browser_of("bob", chromium, service) as page:
            page.goto(f"{service.public_url}/mcp-oauth/")
            assert heading(page) == "Your connections"
            page.click("button:has-text('Disconnect')")
            page.wait_for_selector("text=The server has ended the access")
            page.click("button:has-text('Connect')")
            page.wait_for_selector("input[name=account]")

    chromium.run(disconnects)
    assert "link" in service.run("bob", first)
    assert service.run("alice", first)["account"] == "account of alice"

    # No code and no token stands in what the workers have written.
    written = "".join(worker.output() for worker in service.workers)
    assert "/mcp-oauth/callback" in written
    assert "code=" not in written
    assert "test_access_token" not in written
