# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Writes the table of targets in docs/security-testing.md: `python -m tests.fuzz.report LOGS`, a folder of logs."""

import re
import sys
from pathlib import Path

from tests.fuzz.corpus import ROOT
from tests.fuzz.targets import TARGETS

PAGE = ROOT / "docs" / "security-testing.md"
BEGIN, END = "<!-- written by python -m tests.fuzz.report -->", "<!-- end of what is written -->"
_HEAD = """\
| target | reads | inputs | a second | commit |
| --- | --- | ---: | ---: | --- |"""


def figures(log):
    """Read the inputs, the inputs a second and the commit of a target from the log of its runs; None of no runs."""
    runs = [int(number) for number in re.findall(r"^stat::number_of_executed_units:\s*(\d+)", log, re.MULTILINE)]
    speeds = [int(number) for number in re.findall(r"^stat::average_exec_per_sec:\s*(\d+)", log, re.MULTILINE)]
    commits = re.findall(r"^valetkey: commit (\w+)", log, re.MULTILINE)
    if not runs:
        return None
    seconds = sum(number / max(speed, 1) for number, speed in zip(runs, speeds, strict=False))
    return sum(runs), round(sum(runs) / max(seconds, 1)), ", ".join(dict.fromkeys(commits))


def table(logs):
    """Write the table; a target that has no log, and had no row before, has an empty row."""
    before = _rows()
    return "\n".join([_HEAD, *(_row(target, logs, before.get(target.name)) for target in TARGETS.values())])


def _row(target, logs, before):
    path = logs / f"{target.name}.log" if logs is not None else None
    measured = figures(path.read_text(errors="replace")) if path is not None and path.exists() else None
    cells = (f"{measured[0]:,}", f"{measured[1]:,}", measured[2]) if measured else (before or ("", "", ""))
    return " | ".join((f"| `{target.name}`", target.reads, *cells)).replace("  ", " ") + " |"


def _rows():
    """The figures that the page has already."""
    written = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in written.splitlines() if "| `" in line]
    return {row[0].strip("`"): tuple(row[2:5]) for row in rows}


def written(logs):
    """Give the page with the table anew."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table(logs)}\n\n{END}{after}"


def main(folder=None):
    """Write the page."""
    PAGE.write_text(written(None if folder is None else Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
