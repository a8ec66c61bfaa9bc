# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The page of the bridge names each flag that there is, and its snippets can be used."""

import json
import re
from pathlib import Path

import typer.main

from tests.docs.test_readme import run
from valetkey._cli.app import app

PAGE = (Path(__file__).parent.parent.parent / "docs" / "bridge.md").read_text(encoding="utf-8")


def flags():
    command = typer.main.get_command(app).commands["bridge"]
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")} - {"--help"}


def test_the_table_has_each_flag_that_there_is():
    _, table = PAGE.split("## Flags")
    assert flags() - set(re.findall(r"--[a-z-]+", table)) == set()


def test_what_the_page_says_of_mcp_remotes_flags_is_so():
    same, *others = re.findall(
        r"^\| (`?[^|]+) \| ([^|]+) \|$", PAGE.split("## Coming from mcp-remote")[1], re.MULTILINE
    )[2:]
    assert set(re.findall(r"--[a-z-]+", same[0])) - flags() == set()
    absent = {name for flag, said in others if "not needed:" in said for name in re.findall(r"--[a-z-]+", flag)}
    assert absent - {"--enable-proxy"} == absent - flags()


def test_the_configurations_are_json_and_start_the_bridge():
    configurations = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    for configuration in configurations:
        (server,) = configuration["mcpServers"].values()
        assert "bridge" in server["args"]
        assert set(filter(lambda word: word.startswith("--"), server["args"])) <= flags()


def test_the_snippet_for_haystack_runs(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert run(f"{code}\nprint(server.to_dict()['command'])", tmp_path).strip() == "valetkey"
