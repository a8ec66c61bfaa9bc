# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The report for machines: one JSON document, whose names and codes stay."""

from datetime import UTC, datetime

from valetkey._cli.doctor.findings import Finding, Report, Sent, Step


def document(report: Report) -> dict[str, object]:
    """Give the report as JSON knows it."""
    verdict = report.verdict
    return {
        "url": report.url,
        "examined_at": datetime.fromtimestamp(report.examined_at, UTC).isoformat(timespec="seconds"),
        "valetkey": report.version,
        "verdict": {
            "name": verdict.name,
            "can_log_in": verdict.is_good,
            "text": verdict.text,
            "todo": verdict.todo or None,
            "error": verdict.error,
            "exit_code": verdict.exit_code,
        },
        "steps": [_step(step) for step in report.steps],
        "requests": [_sent(each) for each in report.sent],
    }


def _step(step: Step) -> dict[str, object]:
    return {
        "step": step.key,
        "title": step.title,
        "mark": step.mark.value,
        "findings": [_finding(each) for each in step.findings],
    }


def _finding(finding: Finding) -> dict[str, object]:
    kind = finding.kind
    return {
        "code": kind.code,
        "mark": finding.worth.value,
        "meaning": kind.meaning,
        "text": finding.text,
        "sent": finding.said or None,
        "requirements": list(kind.requirements),
        "sections": kind.sections or None,
        "client": finding.remedy or None,
        "owner": kind.owner or None,
    }


def _sent(sent: Sent) -> dict[str, object]:
    return {
        "number": sent.number,
        "method": sent.method,
        "url": sent.url,
        "purpose": sent.purpose,
        "outcome": sent.outcome,
        "seconds": round(sent.seconds, 3),
        "fields": [list(each) for each in sent.fields],
        "excerpt": sent.excerpt or None,
    }
