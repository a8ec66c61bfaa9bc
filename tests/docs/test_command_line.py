# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The page about the command line: every command, every option and every exit code of the program stands in it."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from valetkey._cli.app import app
from valetkey._cli.outcome import MEANINGS

PAGE = (Path(__file__).parent.parent.parent / "docs/command-line.md").read_text("utf-8")
OTHER_PAGES = {"doctor", "bridge"}  # which have a page of their own
COMMANDS = get_command(app).commands
EVERYWHERE = {"--json", "--debug", "--trace", "--store", "--label", "--principal", "--help", "-h"}


def section(name):
    found = re.search(rf"\n## valetkey {name}\n(.*?)(?=\n## |\Z)", PAGE, re.DOTALL)
    assert found is not None, f"there is no section about valetkey {name}"
    return found[1]


def options_of(command):
    inner = getattr(command, "commands", {}).values()
    own = {option for parameter in command.params for option in parameter.opts if option.startswith("-")}
    return own.union(*(options_of(each) for each in inner)) - EVERYWHERE


def test_the_exit_codes_are_those_of_the_program():
    rows = {int(code): meaning for code, meaning in re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.MULTILINE)}
    assert rows == {int(code): meaning for code, meaning in MEANINGS.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_section(name):
    assert section(name).strip()


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - OTHER_PAGES))
def test_every_option_of_a_command_is_named(name):
    named = PAGE if name in ("tools", "call", "refresh", "token", "logout", "import") else section(name)
    assert {option for option in options_of(COMMANDS[name]) if f"{option}" not in named} == set()


def test_no_section_is_about_a_command_that_is_gone():
    assert set(re.findall(r"\n## valetkey (\S+)\n", PAGE)) == set(COMMANDS)
