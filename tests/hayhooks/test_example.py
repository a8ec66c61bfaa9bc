# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The service of `examples/hayhooks`, run as it stands there; the browser's field stands for the proxy in front."""

import http.client
import json
import re

import pytest

from tests.browser.chromium import in_browser
from tests.examples.running import EXAMPLES, a_model
from tests.hayhooks.running import program, surroundings
from tests.servers.process import HOST

FIELD = "X-Forwarded-User"
FOLDER = EXAMPLES / "hayhooks"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """The port of the service, which is that of its public URL too."""
    with surroundings(tmp_path_factory.mktemp("example")) as (environment, public), a_model() as model:
        folders = {"HAYHOOKS_PIPELINES_DIR": str(FOLDER / "pipelines"), "PYTHONPATH": environment["PYTHONPATH"]}
        app = ("python", "-m", "uvicorn", "my_app:create_app", "--factory", f"--port={public}")
        with program({**environment, **model, **folders}, public, *app, directory=FOLDER):
            yield public


def post(port, user, path, body):
    connection = http.client.HTTPConnection(HOST, port, timeout=60.0)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", FIELD: user})
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    assert response.status == 200, text
    return json.loads(text)


def ask(port, user):
    return post(port, user, "/assistant/run", {"question": "Who am I?"})["result"]


def chat(port, user):
    body = {"model": "assistant", "messages": [{"role": "user", "content": "Who am I?"}]}
    return post(port, user, "/chat/completions", body)["choices"][0]["message"]["content"]


@pytest.mark.timeout(400)
@in_browser
def test_each_user_logs_in_by_the_link_and_gets_answers_of_the_own_account(chromium, port):
    """Rows J1, J2."""
    links = {}
    for user in ("alice", "bob"):
        (links[user],) = ask(port, user)["log_in_first"]
        assert re.fullmatch(rf"http://localhost:{port}/mcp-oauth/start/[\w-]+", links[user])
        assert chat(port, user).endswith(links[user])
    for user, link in links.items():
        with chromium.browser.new_context(extra_http_headers={FIELD: user}) as context:
            page = context.new_page()
            page.goto(link)
            page.fill("input[name=account]", f"account of {user}")
            page.click("button")
            page.wait_for_url("**/mcp-oauth/connected/*")
            assert page.inner_text("h1") == "You are connected"
        assert ask(port, user) == {"answer": f"account of {user}"}
    assert chat(port, "alice") == "account of alice"
    assert list(ask(port, "carol")) == ["log_in_first"]
