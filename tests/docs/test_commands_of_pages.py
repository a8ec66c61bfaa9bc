# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Every command that a page shows is one of the program, with options that it has."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from valetkey._cli.app import app

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = get_command(app).commands
SHOWN = re.compile(r"(?:`|^\$? *|\(|[=&|] )valetkey ([a-z][^`\n]*(?:\\\n[^`\n]*)*)", re.MULTILINE)


def commands_in(text):
    """Each command as its words, without what comes behind a pipe."""
    for found in SHOWN.findall(text):
        words = found.replace("\\\n", " ").replace(")", " ").split()
        if words != ["attempt"]:  # the name of a span
            yield words[: next((at for at, word in enumerate(words) if word in {"|", ">", "#"}), None)]


def options_of(command):
    return {option for parameter in command.params for option in parameter.opts} | {"-h", "--help"}


def fault_of(words):
    """Say what is wrong with a command, or None."""
    name, *rest = words
    command = COMMANDS.get(name)
    if command is None:
        return f"there is no command {name}"
    inner = getattr(command, "commands", {})
    if inner and rest and rest[0] in inner:
        command = inner[rest[0]]
    known = options_of(command)
    if inner and command is COMMANDS[name]:
        known = known.union(*(options_of(each) for each in inner.values()))
    named = {word.partition("=")[0].rstrip(".,;:'\"") for word in rest if word.startswith("--")}
    return ", ".join(sorted(named - known)) or None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_command_of_a_page_is_there_with_its_options(page):
    faults = {" ".join(words): fault_of(words) for words in commands_in(page.read_text("utf-8"))}
    assert {shown: fault for shown, fault in faults.items() if fault is not None} == {}


def test_a_command_or_an_option_that_is_not_there_is_found():
    text = "`valetkey logni URL`, or:\nvaletkey login URL --nothing \\\n    --paste\nx=$(valetkey token URL --header)\n"
    assert [fault_of(words) for words in commands_in(text)] == ["there is no command logni", "--nothing", None]
