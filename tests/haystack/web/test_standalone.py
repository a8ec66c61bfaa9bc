# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The pages of logins as a server of their own, beside an app that cannot be changed."""

import http.client
import os
import subprocess
import sys

import pytest

from haystack_integrations.tools.mcp_oauth.web.__main__ import main
from tests.servers.process import HOST, ServerProcess, free_port

MODULE = "haystack_integrations.tools.mcp_oauth.web"
OPTIONS = ["--store=memory:", "--principal-header=X-Forwarded-User"]


@pytest.fixture(scope="module")
def port():
    port = free_port()
    command = [sys.executable, "-m", MODULE, f"--public-url=http://{HOST}:{port}", f"--port={port}", *OPTIONS]
    with ServerProcess(command, port, ready_path="/", environment=dict(os.environ)):
        yield port


def get(port, path, method="GET", **headers):
    connection = http.client.HTTPConnection(HOST, port, timeout=30.0)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_a_user_whom_the_proxy_names_has_a_page(port):
    status, text = get(port, "/mcp-oauth/", x_forwarded_user="alice")
    assert (status, "You have not connected any MCP server yet" in text) == (200, True)
    assert get(port, "/mcp-oauth/")[0] == 401


def test_everything_else_is_not_there(port):
    status, text = get(port, "/run", x_forwarded_user="alice")
    assert (status, "Nothing to see here" in text) == (404, True)
    assert get(port, "/run", method="HEAD") == (404, "")


def test_it_says_where_it_listens_and_writes_down_no_answer_to_a_login():
    port = free_port()
    command = [sys.executable, "-m", MODULE, f"--public-url=http://{HOST}:{port}", f"--port={port}", *OPTIONS]
    with ServerProcess(command, port, ready_path="/", environment=dict(os.environ)) as server:
        status, _ = get(port, "/mcp-oauth/callback?code=secret-code&state=secret-state", x_forwarded_user="alice")
    assert f"running on http://{HOST}:{port}" in server.output()
    assert (status, "secret" in server.output()) == (410, False)


def test_its_help_says_what_it_is_and_where_it_listens(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "users of an app log in to MCP servers" in text
    assert "127.0.0.1" in text
    assert "8765" in text


def test_a_setting_that_cannot_be_right_ends_it_with_a_sentence(capsys):
    assert main(["--public-url=http://bot.example.com", *OPTIONS]) == 2
    assert "public_url" in capsys.readouterr().err


def test_without_uvicorn_it_says_what_to_install():
    code = f"import sys; sys.modules['uvicorn'] = None; from {MODULE}.__main__ import main; exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "--public-url=https://login.example.com", *OPTIONS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.strip()) == (
        2,
        "The server needs uvicorn: pip install 'valetkey[haystack,web]'",
    )
