# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The program that reaches a remote server with a command."""

from tests.examples.running import run
from tests.servers import browser_environment, fastmcp


def test_the_program_logs_in_over_the_bridge_and_calls_a_tool(tmp_path):
    visits = tmp_path / "visits.txt"
    with fastmcp("own") as server:
        store = {"VALETKEY_STORE": f"sqlite:///{tmp_path / 'credentials.db'}"}
        arguments = ("bridge.py", server.mcp_url, "add", '{"a": 20, "b": 22}')
        done = run(*arguments, **store, **browser_environment(log=visits))
    assert (done.returncode, done.stdout.strip()) == (0, "42"), done.stderr
    assert len(visits.read_text("utf-8").splitlines()) == 1
