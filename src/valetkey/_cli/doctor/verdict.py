# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The verdict: whether a login can work, and with which error it would end else."""

from collections.abc import Sequence

from valetkey import errors
from valetkey._cli.doctor.facts import Facts
from valetkey._cli.doctor.findings import Finding, Mark, Step, Verdict
from valetkey._cli.doctor.judging_endpoints import unreachable_token_endpoint
from valetkey._cli.outcome import code_of
from valetkey._cli.wording import for_commands
from valetkey.errors import AuthError, ScopeMissing, TemporaryError, TokenRejected, Unsupported

_LATER = frozenset({"server_fails", "rate_limited", "proxy_failed"})
_NO_SERVER = ("mcp", "rejection")
_ON_THE_WAY = ("url", "host", "connection")


def verdict_of(facts: Facts, steps: Sequence[Step]) -> Verdict:
    """Give the verdict: what a login would meet first."""
    error = _first_error(facts, steps)
    if error is not None:
        return _blocked(facts, error, steps)
    if facts.tried is not None and facts.tried.session is not None:
        unproven = next((each for each in steps[-1].findings if each.kind.code == "token_unproven"), None)
        made = f"A login at {facts.url} works: it was made."
        if unproven is None:
            return Verdict("works", made)
        return Verdict("works", f"{made} {unproven.kind.meaning}", unproven.remedy)
    if not facts.wants_login and not facts.offers_login:
        return Verdict("not_needed", f"{facts.url} needs no login.")
    untried = (
        " The secret or key of the client was not tried."
        if facts.settings is not None and facts.settings.is_machine
        else ""
    )
    offered = "" if facts.wants_login else ", and is not demanded"
    guesses = [step for step in steps if any(each.kind.code == "server_is_guessed" for each in step.findings)]
    if guesses:
        text = f"A login at {facts.url} may work, but the server publishes nothing about it."
        return Verdict("works", text, guesses[0].findings[0].remedy)
    warnings = sum(step.mark is Mark.WARNING for step in steps)
    noted = f" {warnings} steps have warnings." if warnings > 1 else " One step has a warning." if warnings else ""
    return Verdict("works", f"A login at {facts.url} can work{offered}.{untried}{noted}")


def _first_error(facts: Facts, steps: Sequence[Step]) -> AuthError | None:
    """Give the error that a login would meet; for what is no MCP server, the one that says so."""
    if facts.settings_error is not None:
        return facts.settings_error
    if facts.answer is None or facts.answer.failure is not None:
        return facts.answer.failure.error if facts.answer is not None and facts.answer.failure is not None else None
    fault = _fault_in(steps, _NO_SERVER)
    if fault is not None:
        kind = TemporaryError if fault.kind.code in _LATER else Unsupported
        return kind(fault.text, hint=fault.remedy)
    if facts.registration_error is not None:
        return facts.registration_error
    if facts.rehearsal is not None and facts.rehearsal.error is not None:
        return facts.rehearsal.error
    if facts.server is not None and facts.tried is None:
        away = unreachable_token_endpoint(facts.endpoints, facts.server)
        if away is not None and away.failure is not None:
            return away.failure.error
    return _error_of_login(facts, steps)


def _error_of_login(facts: Facts, steps: Sequence[Step]) -> AuthError | None:
    if facts.tried is None or facts.tried.error is not None:
        return None if facts.tried is None else facts.tried.error
    fault = _fault_in(steps, ("login",))
    if fault is None:
        return None
    kind = ScopeMissing if fault.kind.code == "token_lacks_scope" else TokenRejected
    return kind(f"{facts.url}: {fault.text}", hint=fault.remedy)


def _fault_in(steps: Sequence[Step], keys: Sequence[str]) -> Finding | None:
    findings = (each for step in steps if step.key in keys for each in step.findings)
    return next((each for each in findings if each.worth is Mark.FAULT), None)


def _name_of(error: AuthError) -> str:
    """Name the class of an error as programs catch it: the ones that only the engine tells apart have no name there."""
    public = (kind for kind in type(error).__mro__ if kind.__module__.startswith(f"{errors.__name__}"))
    return next(kind.__name__ for kind in public)


def _blocked(facts: Facts, error: AuthError, steps: Sequence[Step]) -> Verdict:
    is_unreached = facts.answer is None or facts.answer.failure is not None
    name = "unreachable" if is_unreached and isinstance(error, TemporaryError) else "blocked"
    on_the_way, first = _fault_in(steps, _ON_THE_WAY), _fault_in(steps, [step.key for step in steps])
    todo = on_the_way.remedy if on_the_way is not None else (first and first.client) or for_commands(error.hint)
    what = "The server cannot be reached" if name == "unreachable" else f"A login at {facts.url} cannot work"
    return Verdict(name, f"{what}: {error.message}", todo, _name_of(error), int(code_of(error)))
