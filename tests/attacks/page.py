# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Writes the threat model into SECURITY.md: `python -m tests.attacks.page`."""

from pathlib import Path

from tests.attacks.threat import Threat
from tests.attacks.threats import by_room

PAGE = Path(__file__).parent.parent.parent / "SECURITY.md"
BEGINNING, END = "<!-- written by python -m tests.attacks.page -->\n", "<!-- end of what is written -->\n"

TITLES = {
    "brake": "A server that rejects or refuses without end",
    "discovery": "A server that names other servers and links",
    "network": "The way to a server",
    "secrets": "What is shown, logged and handed on",
    "callback": "The browser, the callback address, other users of the computer",
    "store": "The store, and where a token is sent",
    "parsers": "Texts and documents that no parser expects",
    "tokens": "What is bound to what",
    "web": "A web app with many users",
    "command_line": "The command line and its bridge",
}


def table(title: str, threats: tuple[Threat, ...]) -> str:
    """Give the threats of one module as Markdown."""
    rows = [
        f"| {each.id} | {each.attacker} | {each.controls} | {each.gets} | {each.remains} | {_test(each)} |"
        for each in threats
    ]
    head = ("| | attacker | controls | gets | what remains | test |", "|---|---|---|---|---|---|")
    return "\n".join([f"### {title}", "", *head, *rows])


def _test(threat: Threat) -> str:
    return f"`{threat.test.removeprefix('test_').replace('.py::test_', ': ')}`"


def page() -> str:
    """Give SECURITY.md with the threats in it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGINNING)
    tables = "\n\n".join(table(TITLES[room], threats) for room, threats in by_room().items() if threats)
    return f"{before}{BEGINNING}\n{tables}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
