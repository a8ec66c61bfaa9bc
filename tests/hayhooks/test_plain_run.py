# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Plain `hayhooks run` takes no middleware: its pipeline names the user, and the pages are a server of their own."""

import http.client
import json

import pytest

from tests.browser.chromium import in_browser
from tests.hayhooks.running import program, surroundings
from tests.servers.process import HOST, free_port

FIELD = "x-forwarded-user"
PAGES = "haystack_integrations.tools.mcp_oauth.web"


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    """The ports of Hayhooks and of the pages."""
    with surroundings(tmp_path_factory.mktemp("plain")) as (environment, public):
        port = free_port()
        options = (f"--public-url={environment['PUBLIC_URL']}", f"--principal-header={FIELD}", f"--port={public}")
        hayhooks = program(environment, port, "hayhooks", "run", "--port", str(port))
        pages = program(environment, public, "python", "-m", PAGES, *options, ready_path="/")
        with hayhooks, pages:
            yield port, public


def run(port, user):
    connection = http.client.HTTPConnection(HOST, port, timeout=60.0)
    try:
        connection.request("POST", "/named_user/run", "{}", {"Content-Type": "application/json", FIELD: user})
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    assert response.status == 200, body
    return json.loads(body)["result"]


@pytest.mark.timeout(400)
@in_browser
def test_users_of_a_plain_hayhooks_log_in_at_the_pages_beside_it(chromium, ports):
    """Row J1."""
    port, public = ports
    link = run(port, "alice")["link"]
    assert link.startswith(f"http://localhost:{public}/mcp-oauth/start/")
    for user, said in (("bob", "This login is not yours"), ("alice", "You are connected")):
        with chromium.browser.new_context(extra_http_headers={FIELD: user}) as context:  # the proxy of the service
            page = context.new_page()
            page.goto(link)
            if user == "alice":
                page.fill("input[name=account]", "account of alice")
                page.click("button")
                page.wait_for_url("**/mcp-oauth/connected/*")
            assert page.inner_text("h1") == said
    assert run(port, "alice") == {"account": "account of alice"}
    assert "link" in run(port, "bob")
