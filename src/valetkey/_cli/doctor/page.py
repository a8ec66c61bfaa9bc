# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The report as one page that loads nothing: verdict, steps, the sequence of requests as a picture, each answer."""

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from valetkey._cli.doctor.findings import SIGNS, Finding, Mark, Report, Sent, Step
from valetkey._cli.doctor.page_style import STYLE
from valetkey._cli.doctor.sequence import sequence
from valetkey._cli.doctor.terminal import details
from valetkey.login.page_design import shown


def page(report: Report) -> str:
    """Write the page. Everything from outside passes `shown`."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = f"Valetkey doctor: {shown(report.url)}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><main>"
        f'{_header(report)}<h2>Step by step</h2><ol class="steps">{"".join(map(_step, report.steps))}</ol>'
        f"{''.join(_requests(report))}{_footer(report)}</main></body></html>\n"
    )


def _header(report: Report) -> str:
    verdict = report.verdict
    kind, sign = ("good", SIGNS[Mark.OK]) if verdict.is_good else ("bad", SIGNS[Mark.FAULT])
    headings = {"works": "A login can work", "not_needed": "No login is needed", "unreachable": "Not reachable"}
    heading = headings.get(verdict.name, "A login cannot work")
    todo = f"<p><strong>What to do:</strong> {_advice(verdict.todo)}</p>" if verdict.todo else ""
    error = f'<p class="code">{shown(verdict.error)}, exit code {verdict.exit_code}</p>' if verdict.error else ""
    return (
        f'<header><p class="url">{shown(report.url)}</p><h1>{heading}</h1></header>'
        f'<div class="verdict {kind}"><p>{sign} {shown(verdict.text)}</p>{todo}{error}</div>'
    )


_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def _advice(text: str) -> str:
    """Write a text so that no option of a command in it is broken after its hyphens."""
    return _OPTION.sub(r'<span class="option">\g<0></span>', shown(text))


def _step(step: Step) -> str:
    mark, findings = step.mark.value, "".join(map(_finding, step.findings))
    title = shown(step.title) if findings else f"{shown(step.title)}: not reached"
    return (
        f'<li class="{mark}" id="{step.key}"><span class="sign {mark}" aria-label="{mark}">{SIGNS[step.mark]}</span>'
        f"<div><h3>{title}</h3>{findings}</div></li>"
    )


def _finding(finding: Finding) -> str:
    if finding.worth is Mark.OK:
        return f'<p class="finding">{shown(finding.text)}</p>'
    mark = finding.worth.value
    meaning, text = shown(finding.kind.meaning), shown(finding.text)
    rows = "".join(f"<dt>{label}</dt><dd>{_advice(value)}</dd>" for label, value in details(finding))
    sign = f'<span class="sign {mark}" aria-label="{mark}">{SIGNS[finding.worth]}</span>'
    return (
        f'<p class="finding {mark}">{sign}<strong>{meaning}</strong> {text} '
        f'<span class="code">{finding.kind.code}</span></p>{f"<dl>{rows}</dl>" if rows else ""}'
    )


def _requests(report: Report) -> Iterator[str]:
    if not report.sent:
        return
    yield f'<h2>What was asked</h2><div class="picture" tabindex="0">{sequence(report.sent)}</div>'
    yield "<h2>What was answered</h2>"
    yield from map(_sent, report.sent)


def _sent(sent: Sent) -> str:
    fields = "".join(f"{shown(name)}: {shown(value)}\n" for name, value in sent.fields)
    body = shown(sent.excerpt)
    answer = f"{fields}{chr(10) if fields and body else ''}{body}" or "No body."
    return (
        f'<details id="request-{sent.number}"><summary>{sent.number}. {shown(sent.method)} {shown(sent.url)}: '
        f'<strong>{shown(sent.outcome)}</strong></summary><p class="finding">To {shown(sent.purpose)}; '
        f"{sent.seconds * 1000:.0f} ms.</p><pre>{answer}</pre></details>"
    )


def _footer(report: Report) -> str:
    when = datetime.fromtimestamp(report.examined_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<footer>Examined on {when} with Valetkey {shown(report.version)}. Secrets are left out.</footer>"
