# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The table of docs/interop.md, from what the tests came to."""

from collections.abc import Mapping, Sequence

from tests.interop.life import Step
from tests.interop.profile import Profile

_HEAD = """\
# Valetkey at real servers

`make interop` installs these servers from their registries, starts them on this machine and lives the life of a session
at each: with the MCP SDK as the client, Valetkey's `OAuth` on its HTTP client, an MCP server behind it, and a person
who logs in with a browser, played by a program that fills in the servers' own forms. It wrote this page.
"""
_LEGEND = """\
Every step begins with an empty store. Where a person logs in, the user has given nothing but the URL of the MCP server,
if the step does not say otherwise.
"""


def table(profiles: Sequence[Profile], steps: Sequence[Step], passed: Mapping[tuple[str, str], bool]) -> str:
    """
    Write the page.

    :param profiles: The rows.
    :param steps: The columns.
    :param passed: Whether the test of a row and a column, by their names, has passed.
    :returns: The text: the same for the same servers and outcomes.
    """
    notes: dict[str, int] = {}

    def cell(profile: Profile, step: Step) -> str:
        reason = profile.missing.get(step.name)
        if reason is None:
            return "yes" if passed[profile.name, step.name] else "**no**"
        return f"– <sup>{notes.setdefault(reason, len(notes) + 1)}</sup>"

    rows = [["Server", *(step.name for step in steps)], ["---"] * (len(steps) + 1)]
    rows += [[f"**{profile.name}**", *(cell(profile, step) for step in steps)] for profile in profiles]
    parts = [
        _HEAD,
        "".join(f"| {' | '.join(row)} |\n" for row in rows),
        "".join(f"{number}. {reason}\n" for reason, number in notes.items()),
        "## Versions\n",
        "".join(f"* {profile.name}: {profile.versions()}\n" for profile in profiles),
        "## What a yes means\n",
        _LEGEND,
        "".join(f"* **{step.name}**: {step.meaning}\n" for step in steps),
    ]
    return "\n".join(part for part in parts if part)
