# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The table of a run: scenarios down, legs across. The same results make the same text."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.conformance.result import Result

_INTRODUCTION = """\
# Conformance

The official MCP conformance suite, every `auth/*` scenario of a client, driven through Valetkey's public API by
[one small client](../tests/conformance/client.py). `make conformance` runs it and writes this page.

A cell says how many of the suite's checks were fulfilled; – means that the scenario does not belong to the protocol
version. A scenario passes only if no check failed, none warned, and the client ended as it should: with success, or,
where it has to refuse, with the error that names the right reason. A cell with ✗ did not pass.

The scenario's name is never looked at. What the suite hands over beforehand (a client id, a secret, an issuer, a key,
a workload's token, an identity provider) is given to `OAuth` as a user would give it. A client that comes with its
issuer is one of the `clients=` registered by hand, with which people log in; a client id with a secret alone is a
machine.
"""


def page(legs: Mapping[str, Sequence[Result]], versions: Mapping[str, str]) -> str:
    """
    Write the page.

    :param legs: The results of each leg, by its title. The first leg has every scenario.
    :param versions: Names and versions of what took part.
    :returns: Markdown.
    """
    by_leg = {title: {result.scenario: result for result in results} for title, results in legs.items()}
    scenarios = list(dict.fromkeys(scenario for results in by_leg.values() for scenario in results))
    rows = [["scenario", *by_leg], ["---", *("---:" for _ in by_leg)]]
    rows += [
        [f"`{scenario}`", *(_cell(results.get(scenario)) for results in by_leg.values())] for scenario in scenarios
    ]
    rows.append(["**passed**", *(f"**{_total(results.values())}**" for results in by_leg.values())])
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
    versions_text = "\n".join(f"* {name} {version}" for name, version in versions.items())
    return f"{_INTRODUCTION}\n{versions_text}\n\n{table}\n"


def _cell(result: Result | None) -> str:
    if result is None:
        return "–"
    return f"{'' if result.is_pass else '✗ '}{result.passed}/{result.checks}"


def _total(results: Sequence[Result]) -> str:
    return f"{sum(result.is_pass for result in results)}/{len(results)}"


def failures(legs: Mapping[str, Sequence[Result]]) -> str:
    """
    List what did not pass, for a person who wants to know why.

    :param legs: The results of each leg, by its title.
    :returns: Text, empty if everything passed.
    """
    parts = []
    for title, results in legs.items():
        for result in results:
            if not result.is_pass:
                lines = [f"{result.scenario} ({title})", *(f"  - {problem}" for problem in result.problems)]
                lines += [f"    | {line}" for line in result.client_output.splitlines()]
                parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def replace_file(path: Path, text: str) -> None:
    """
    Write a file so that it is never seen half written.

    :param path: The file.
    :param text: All of its new content.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)  # mkstemp makes it private, and the page is for everybody
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
