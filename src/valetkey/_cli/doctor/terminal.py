# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The report on a terminal: one line for each step that is as it should be, and all of what is not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from valetkey._cli.doctor.findings import SIGNS, Finding, Mark, Report, Step

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text

_STYLES = {Mark.OK: "green", Mark.WARNING: "yellow", Mark.FAULT: "bold red", Mark.SKIPPED: "dim"}
_PLAIN_SIGNS = {Mark.OK: "+", Mark.WARNING: "!", Mark.FAULT: "X", Mark.SKIPPED: "-"}
_NARROWEST = 12


@dataclass(frozen=True, slots=True)
class TerminalReport:
    """The report as rich prints it: each line goes on below its own text, at every width, and none ends in spaces."""

    report: Report

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> Iterator["Text"]:
        """Give the lines."""
        from rich.text import Text

        signs = _PLAIN_SIGNS if options.ascii_only else SIGNS
        for line in _lines(self.report):
            indent = line.indent + (2 if line.sign is not None else 0)
            width = max(options.max_width - indent, _NARROWEST)
            for number, part in enumerate(Text.assemble(*line.parts).wrap(console, width, overflow="fold")):
                part.rstrip()
                is_first = line.sign is not None and number == 0
                lead = (f"{' ' * line.indent}{signs[line.sign]} ", _STYLES[line.sign]) if is_first and line.sign else ""
                whole = Text.assemble(lead or " " * indent, part) if part.plain else Text("")
                yield Text(_ascii(whole.plain)) if options.ascii_only else whole


@dataclass(frozen=True, slots=True)
class _Line:
    """One line, however often it is folded."""

    indent: int
    sign: Mark | None
    parts: tuple[str | tuple[str, str], ...]


def _lines(report: Report) -> Iterator[_Line]:
    for step in report.steps:
        yield from _step(step)
    yield _Line(0, None, (" ",))
    verdict = report.verdict
    yield _Line(0, Mark.OK if verdict.is_good else Mark.FAULT, ((verdict.text, "bold"),))
    if verdict.todo:
        yield _Line(2, None, (("What to do: ", "bold"), verdict.todo))


def _step(step: Step) -> Iterator[_Line]:
    if step.mark is Mark.SKIPPED:
        yield _Line(0, step.mark, ((f"{step.title}: not reached", "dim"),))
    elif step.mark is Mark.OK:
        texts = " ".join(finding.text for finding in step.findings)
        yield _Line(0, step.mark, ((f"{step.title}: ", "bold"), texts))
    else:
        yield _Line(0, step.mark, ((step.title, "bold"),))
        for finding in step.findings:
            yield from _finding(finding)


def _finding(finding: Finding) -> Iterator[_Line]:
    if finding.worth is Mark.OK:
        yield _Line(2, finding.worth, (finding.text,))
        return
    yield _Line(2, finding.worth, (f"{finding.kind.meaning} {finding.text}",))
    for label, text in details(finding):
        yield _Line(4, None, ((f"{label}: ", "dim"), text))


def _ascii(text: str) -> str:
    """Write a text for an output that knows no more; a report with a question mark is better than none."""
    return text.replace("§", "section ").replace("…", "...").encode("ascii", "replace").decode()


def details(finding: Finding) -> Iterator[tuple[str, str]]:
    """Give what stands below a finding, with its label."""
    if finding.said:
        yield "It sent", finding.said
    if finding.kind.sections or finding.kind.requirements:
        yield "See", broken(finding)
    if finding.remedy:
        yield "You", finding.remedy
    if finding.kind.owner:
        yield "Its owner", finding.kind.owner


def broken(finding: Finding) -> str:
    """Name the sections and the requirements that a finding is about."""
    ids = ", ".join(finding.kind.requirements)
    return f"{finding.kind.sections} ({ids})" if finding.kind.sections and ids else finding.kind.sections or ids
