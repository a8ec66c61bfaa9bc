# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The first pages of the site show what runs: at a server on this machine, or as an example that a test runs."""

import ast
import json
import re
from pathlib import Path

from tests.docs.test_readme import at, run, visits
from tests.servers import fastmcp

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"


def snippets(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)


def program(name):
    """An example without its head."""
    source = (EXAMPLES / name).read_text(encoding="utf-8")
    first, *_ = [node for node in ast.parse(source).body if not isinstance(node, ast.Expr)]
    return "".join(source.splitlines(keepends=True)[first.lineno - 1 :])


def test_the_first_ten_minutes_end_with_tools_after_one_login(tmp_path):
    login, tools = snippets("start.md")
    with fastmcp("own") as server:
        assert run(at(server, login), tmp_path).strip().startswith(server.url)
        assert "whoami" in run(at(server, tools), tmp_path)
        assert visits(tmp_path) == 1


def test_the_commands_of_the_first_ten_minutes_work_one_after_the_other(tmp_path):
    """In the order of the page; `pip` and `source` are the reader's."""
    page = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    commands = [line.split()[1:] for line in page.splitlines() if line.startswith("valetkey ")]
    assert [command[0] for command in commands] == ["login", "tools", "status", "logout"]
    with fastmcp("own") as server:
        told = [
            run(
                f"import sys; sys.argv[1:] = {at(server, repr(each))}\nfrom valetkey.__main__ import main; main()",
                tmp_path,
            )
            for each in commands
        ]
    assert [server.mcp_url in told[number] for number in (0, 2, 3)] == [True] * 3
    assert "whoami" in told[1]
    assert visits(tmp_path) == 1


def test_the_script_and_the_notebook_are_those_of_the_examples():
    script, _, cell = snippets("scripts-and-notebooks.md")
    assert script == program("script.py")
    notebook = json.loads((EXAMPLES / "notebook.ipynb").read_text(encoding="utf-8"))
    assert cell.strip() in ["".join(each["source"]) for each in notebook["cells"]]


def test_an_agent_with_the_hook_is_made_as_the_page_says(tmp_path):
    """The run itself, with its loop, is that of examples/agents."""
    (code,) = snippets("agents.md")
    compile(code, "agents.md", "exec")
    making, loop = code.split("messages = ")
    assert run(f"{making}\nprint(agent.tools)", tmp_path, OPENAI_API_KEY="none").strip()
    for line in ('while result["exit_reason"] == "authorization_required":', 'for login in result["authorization"]:'):
        assert line in loop
        assert line in program("agents/login_in_mid_run.py")
