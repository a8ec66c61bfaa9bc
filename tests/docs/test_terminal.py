# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The pictures of the command line: each command has one, each is there as text too, and none changes for no reason."""

import html
import importlib
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from valetkey._cli.app import app

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "terminal.md").read_text(encoding="utf-8")
PICTURES = re.findall(r"\]\((images/terminal-[\w-]+\.svg)\)", PAGE)


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "terminal"))
    return importlib.import_module


def test_each_command_has_a_scene(terminal):
    """A new command needs one in docs/terminal/scenes.py; `make pictures` then records it."""
    shown = set().union(*(scene.needs for scene in terminal("scenes").SCENES))
    assert {each.name for each in (*app.registered_commands, *app.registered_groups)} <= shown


def test_the_page_has_each_picture_and_the_names_of_scenes_are_unique(terminal):
    names = [scene.name for scene in terminal("scenes").SCENES]
    assert len(set(names)) == len(names)
    assert {path.name for path in (DOCS / "images").glob("terminal-*.svg")} == {Path(each).name for each in PICTURES}
    assert {f"images/terminal-{name}.svg" for name in names} >= set(PICTURES)


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_loads_nothing_and_shows_what_stands_below_it(picture):
    drawing = (DOCS / picture).read_text(encoding="utf-8")
    assert re.findall(r"href=|src=|url\((?!#)|@import|@font-face|<script|<image", drawing) == []
    words = html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", drawing, flags=re.DOTALL)).replace("\xa0", " ")
    text = PAGE.partition(picture)[2].partition("```text\n")[2].partition("```")[0]
    commands = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
    assert commands
    assert [line for line in commands if line.partition(" >")[0].split("|")[0].strip() not in words] == []


@pytest.mark.parametrize("command", re.findall(r"^\$ valetkey (.*--help)$", PAGE, re.MULTILINE))
def test_the_help_in_a_picture_is_that_of_the_command_line(command):
    """After a change of a command: `make pictures`."""
    shown = PAGE.partition(f"$ valetkey {command}\n")[2].partition("```")[0]
    done = CliRunner().invoke(app, command.split(), prog_name="valetkey")
    assert "".join(done.stdout.split()) == "".join(shown.split())  # lines are folded at another width


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("a\r\nb\r\n", ["a", "b"]),
        ("waits\rdone \r\n", ["done"]),
        ("\x1b[?25lwaits\r\x1b[2Kdone\x1b[?25h\r\n", ["done"]),
        ("one\r\ntwo\r\n\x1b[1A\x1b[2Kthree\r\n", ["one", "three"]),
        ("\x1b]8;;https://a.example\x1b\\link\x1b]8;;\x1b\\", ["link"]),
        ("abcdefghijkl", ["abcdefghij", "kl"]),
        ("ab\x1b[3Gc", ["abc"]),
        ("\n\n", []),
    ],
)
def test_a_line_that_was_written_over_is_not_in_the_picture(terminal, written, lines):
    screen = terminal("screen").Screen(10)
    screen.write(written)
    assert screen.lines() == lines


def test_colours_stay(terminal):
    screen = terminal("screen").Screen(10)
    screen.write("\x1b[1m\x1b[31mab\x1b[0mc")
    assert screen.lines() == ["\x1b[0m\x1b[1m\x1b[31mab\x1b[0mc"]
    assert terminal("screen").plain(screen.lines()[0]) == "abc"


def test_what_differs_from_run_to_run_is_shown_as_one_value(terminal):
    record = terminal("record")
    written = [
        f"Sessions are in {home}/credentials.db, since 2026-11-{day} 1{day[0]}:00:0{day[1]}, on 127.0.0.1:4{port}1"
        for home, day, port in (("/home/a", "27", "711"), ("/home/b", "28", "909"))
    ]
    first, second = (
        record.steady(text, Path(home)) for text, home in zip(written, ("/home/a", "/home/b"), strict=True)
    )
    assert first == second
    assert record.HOME in first
