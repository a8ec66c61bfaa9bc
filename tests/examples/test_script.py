# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The script of a user who has a browser."""

from tests.examples.running import a_model, run
from tests.servers import browser_environment, fastmcp


def test_the_first_run_of_the_script_logs_in_and_the_second_does_not(tmp_path):
    visits = tmp_path / "visits.txt"
    with fastmcp("own") as server, a_model() as model:
        store = {"VALETKEY_STORE": f"sqlite:///{tmp_path / 'credentials.db'}"}
        for _ in range(2):
            arguments = ("script.py", server.mcp_url, "What is 20 + 22?")
            done = run(*arguments, **store, **model, **browser_environment(log=visits))
            assert (done.returncode, done.stdout.strip()) == (0, "42"), done.stderr
            assert len(visits.read_text("utf-8").splitlines()) == 1
