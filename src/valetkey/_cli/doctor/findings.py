# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What an examination comes to: findings in steps, a verdict, the requests that led there. All of it may be shown."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """What a finding or a step is worth."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    SKIPPED = "skipped"


SIGNS = {Mark.OK: "✓", Mark.WARNING: "⚠", Mark.FAULT: "✗", Mark.SKIPPED: "–"}
_WORST_FIRST = (Mark.FAULT, Mark.WARNING, Mark.OK)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding: its stable name, and what is the same each time."""

    code: str
    mark: Mark
    meaning: str
    client: str = ""  # what the user of the client can do
    owner: str = ""  # what the server's owner can do
    requirements: tuple[str, ...] = ()  # those of docs/requirements.md that it is about
    sections: str = ""  # of the specifications, which the server does not follow


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: `text` says it of this server, `said` quotes what the server sent."""

    kind: Kind
    text: str
    said: str = ""
    client: str = ""
    mark: Mark | None = None

    @property
    def worth(self) -> Mark:
        """Its mark: the kind's, unless this one differs."""
        return self.mark or self.kind.mark

    @property
    def remedy(self) -> str:
        """What the user of the client can do."""
        return self.client or self.kind.client


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way to a login."""

    key: str
    title: str
    findings: tuple[Finding, ...] = ()

    @property
    def mark(self) -> Mark:
        """The worst mark of its findings; a step without any was not reached."""
        marks = {finding.worth for finding in self.findings}
        return next((mark for mark in _WORST_FIRST if mark in marks), Mark.SKIPPED)


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it may be shown: where it went, what for, and what came of it."""

    number: int
    method: str
    url: str
    host: str
    purpose: str
    outcome: str
    is_good: bool
    seconds: float
    fields: tuple[tuple[str, str], ...] = ()
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a login can work."""

    name: str  # works, not_needed, blocked or unreachable
    text: str
    todo: str = ""
    error: str | None = None  # the name of the error that a login would meet
    exit_code: int = 0

    @property
    def is_good(self) -> bool:
        """True if a login can work, or none is needed."""
        return self.exit_code == 0


@dataclass(frozen=True, slots=True)
class Report:
    """The whole of it."""

    url: str
    steps: tuple[Step, ...]
    verdict: Verdict
    sent: tuple[Sent, ...] = ()
    examined_at: float = 0.0
    version: str = ""

    def has(self, code: str) -> bool:
        """Tell whether there is a finding of a kind."""
        return any(finding.kind.code == code for step in self.steps for finding in step.findings)
