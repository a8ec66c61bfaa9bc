# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The programs of docs/frameworks.md.

`make frameworks` runs all of them; here those of the packages that the tests have anyway.
"""

import ast
import os
import subprocess
import sys

import pytest

from tests.frameworks.frameworks import BEGINNING, END, FRAMEWORKS, PAGE, PLACEHOLDER
from tests.servers import browser_environment, fastmcp

TEXT = PAGE.read_text(encoding="utf-8")
BY_TITLE = {framework.title: framework for framework in FRAMEWORKS}


def test_every_section_of_the_page_is_run():
    headings = [line.removeprefix("## ") for line in TEXT.splitlines() if line.startswith("## ")]
    assert headings == list(BY_TITLE)


@pytest.mark.parametrize("title", BY_TITLE)
def test_each_program_hands_over_the_one_oauth_with_nothing_but_the_url(title):
    program = ast.parse(BY_TITLE[title].program(PLACEHOLDER))
    imported = {
        (node.module, alias.name)
        for node in ast.walk(program)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    calls = [
        node
        for node in ast.walk(program)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "OAuth"
    ]
    assert ("valetkey", "OAuth") in imported
    assert [ast.unparse(call) for call in calls] == ["OAuth(URL)"]


def test_the_page_names_the_versions_of_every_framework():
    written = TEXT.split(BEGINNING)[1].split(END)[0]
    for framework in FRAMEWORKS:
        row = next(line for line in written.splitlines() if line.startswith(f"| {framework.title} |"))
        assert all(f"{name} " in row for name in framework.distributions)


@pytest.mark.parametrize("title", ["MCP SDK 2.x", "FastMCP"])
def test_a_program_logs_in_once_and_its_successor_has_no_login(title, tmp_path):
    program, visits = tmp_path / "program.py", tmp_path / "visits.txt"
    environment = {**os.environ, "VALETKEY_STORE": f"sqlite:///{tmp_path / 'credentials.db'}"}
    environment.update(browser_environment(log=visits))
    with fastmcp("own") as server:
        program.write_text(BY_TITLE[title].program(server.mcp_url), encoding="utf-8")
        for _ in range(2):
            result = subprocess.run(
                [sys.executable, str(program)],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert (result.returncode, "42" in result.stdout) == (0, True), result.stderr
            assert len(visits.read_text(encoding="utf-8").splitlines()) == 1
