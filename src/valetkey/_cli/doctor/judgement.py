# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The judgement as a table: each step of the way to a login, in order, and the function that judges it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from valetkey._cli.doctor import judging_clients as clients
from valetkey._cli.doctor import judging_endpoints as endpoints
from valetkey._cli.doctor import judging_here as here
from valetkey._cli.doctor import judging_logins as logins
from valetkey._cli.doctor import judging_servers as servers
from valetkey._cli.doctor.catalog import found
from valetkey._cli.doctor.facts import Exchange, Facts
from valetkey._cli.doctor.findings import Finding, Mark, Report, Sent, Step, Verdict
from valetkey._cli.doctor.judging_challenges import judge_challenge
from valetkey._cli.doctor.judging_mcp import judge_mcp
from valetkey._cli.doctor.judging_resources import judge_resource
from valetkey._cli.doctor.shown import excerpt, fields_shown, outcome_of, shown_url
from valetkey._cli.doctor.verdict import verdict_of


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: its stable key, its title, and what judges it."""

    key: str
    title: str
    judge: Callable[[Facts], tuple[Finding, ...]]


STEPS = (
    StepRow("url", "URL", servers.judge_url),
    StepRow("host", "Host", servers.judge_host),
    StepRow("connection", "Connection", servers.judge_connection),
    StepRow("mcp", "Speaks MCP", judge_mcp),
    StepRow("rejection", "Wants a login", servers.judge_rejection),
    StepRow("challenge", "Challenge", judge_challenge),
    StepRow("resource", "Metadata of the MCP server", judge_resource),
    StepRow("server", "Authorization server", logins.judge_server),
    StepRow("endpoints", "Endpoints", endpoints.judge_endpoints),
    StepRow("pkce", "PKCE", endpoints.judge_pkce),
    StepRow("client", "Client", clients.judge_client),
    StepRow("grants", "Ways to log in", clients.judge_grants),
    StepRow("scope", "Scope", clients.judge_scope),
    StepRow("authentication", "Client authentication", clients.judge_authentication),
    StepRow("end", "Logout and issuer of answers", clients.judge_end),
    StepRow("session", "Session on this computer", here.judge_session),
    StepRow("clock", "Clock", here.judge_clock),
    StepRow("login", "Login", here.judge_login),
)
"""All steps, in the order in which a login meets them."""


def judge(facts: Facts, *, now: float = 0.0, version: str = "") -> Report:
    """Judge the facts: findings in steps, and the verdict."""
    steps = tuple(Step(row.key, row.title, row.judge(facts)) for row in STEPS)
    if facts.tried is None:
        steps = steps[:-1]
    verdict = verdict_of(facts, steps)
    if verdict.error is not None and not any(step.mark is Mark.FAULT for step in steps):
        steps = tuple(_with_stop(step, verdict) if step.key == "client" else step for step in steps)
    if verdict.is_good:
        steps = tuple(map(_survived, steps))
    sent = tuple(_sent(number, exchange) for number, exchange in enumerate(facts.exchanges, 1))
    return Report(facts.url, steps, verdict, sent, now, version)


def _survived(step: Step) -> Step:
    """Call what a login has survived no fault: the settings replace it, or this login does not need it."""
    findings = (replace(each, mark=Mark.WARNING) if each.worth is Mark.FAULT else each for each in step.findings)
    return replace(step, findings=tuple(findings))


def _with_stop(step: Step, verdict: Verdict) -> Step:
    """Let no login be blocked without a step that says so, whatever the engine has found."""
    return Step(step.key, step.title, (*step.findings, found("login_stops", verdict.text, client=verdict.todo)))


def _sent(number: int, exchange: Exchange) -> Sent:
    request, response = exchange.request, exchange.response
    failure = exchange.failure.error.message if exchange.failure is not None else ""
    return Sent(
        number=number,
        method=request.method,
        url=shown_url(request.url),
        host=urlsplit(shown_url(request.url)).netloc,
        purpose=request.purpose,
        outcome=outcome_of(exchange),
        is_good=response is not None and response.status < 400,
        seconds=exchange.seconds,
        fields=fields_shown(response) if response is not None else (),
        excerpt=excerpt(response) if response is not None else failure,
    )
