# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a scenario came to: read from the files the suite leaves, and judged more strictly than the suite does."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REFUSALS = {
    "auth/resource-mismatch": "ResourceMismatch",
    "auth/metadata-issuer-mismatch": "IssuerMismatch",
    "auth/iss-supported-missing": "IssuerMismatch",
    "auth/iss-wrong-issuer": "IssuerMismatch",
    "auth/iss-unexpected": "IssuerMismatch",
    "auth/iss-normalized": "IssuerMismatch",
    "auth/scope-retry-limit": "ScopeMissing",
}
"""
The scenarios in which a client must stop, and the error that is the right reason for it. The suite takes any end for a
refusal, also that of a client that crashed.
"""

_CALLER_MAY_GET_403 = frozenset({"auth/scope-retry-limit"})
"""Where the server's refusal may as well reach the caller, for whom it is."""
_REFUSED_CALLS = frozenset({"HTTPStatusError", "MCPError"})
"""What an SDK makes of a call that is answered with an HTTP error: 1.x that error, 2.x an error of its own."""
_LAST_LINES = 12


@dataclass(frozen=True, slots=True)
class Result:
    """
    One scenario on one leg.

    :param scenario: Its name.
    :param passed: How many checks the suite found fulfilled.
    :param checks: How many checks it made; notes of what went by are none.
    :param problems: What is wrong, one line each; empty if the scenario passes.
    :param client_output: The last lines the client wrote to standard error.
    """

    scenario: str
    passed: int = 0
    checks: int = 0
    problems: tuple[str, ...] = ()
    client_output: str = ""

    @property
    def is_pass(self) -> bool:
        """True if nothing is wrong."""
        return not self.problems


def read_result(scenario: str, folder: Path, *, suite_status: int | None, suite_output: str = "") -> Result:
    """
    Read what the suite left in a folder.

    :param scenario: The scenario that ran.
    :param folder: The folder of its results.
    :param suite_status: The exit status of the suite, None if it had to be ended.
    :param suite_output: What the suite wrote; told if it left nothing else.
    :returns: The result.
    """
    if suite_status is None:
        return Result(scenario, problems=("the suite did not come to an end",), client_output=_end_of(suite_output))
    files = list(folder.rglob("checks.json"))
    if len(files) != 1:
        message = f"{len(files)} files with checks, exit status {suite_status}"
        return Result(scenario, problems=(message,), client_output=_end_of(suite_output))
    checks = json.loads(files[0].read_text(encoding="utf-8"))
    client_output = files[0].with_name("stderr.txt").read_text(encoding="utf-8").strip()
    return judge(scenario, checks, client_output, suite_status)


def judge(scenario: str, checks: list[dict[str, Any]], client_output: str, suite_status: int) -> Result:
    """
    Decide whether a scenario passes: nothing failed, nothing warned of, something checked, and the right end.

    :param scenario: The scenario.
    :param checks: The checks as the suite wrote them.
    :param client_output: What the client wrote to standard error.
    :param suite_status: The exit status of the suite.
    :returns: The result.
    """
    counted = [check for check in checks if check["status"] in ("SUCCESS", "FAILURE", "WARNING")]
    failed = [check for check in counted if check["status"] != "SUCCESS"]
    problems = [f"{check['status']} {check['id']}: {_message(check)}" for check in failed]
    if not counted:
        problems.append("nothing was checked")
    end = client_output.rpartition("\n")[2]
    reason = REFUSALS.get(scenario)
    if reason is not None and end != reason and not _is_refused_call(scenario, end, checks):
        problems.append(f"the client ended with {end!r} instead of {reason}")
    if suite_status != 0 and not problems:
        problems.append(f"exit status {suite_status} of the suite: the client did not end well")
    passed = len(counted) - len(failed)
    return Result(scenario, passed, len(counted), tuple(problems), _end_of(client_output))


def _is_refused_call(scenario: str, end: str, checks: list[dict[str, Any]]) -> bool:
    if scenario not in _CALLER_MAY_GET_403 or end not in _REFUSED_CALLS:
        return False
    answers = [check["details"]["statusCode"] for check in checks if check["id"] == "outgoing-response"]
    return answers[-1:] == [403]


def _message(check: dict[str, Any]) -> str:
    return " ".join(str(check.get("errorMessage") or check.get("description") or "").split())


def _end_of(output: str) -> str:
    return "\n".join(output.strip().splitlines()[-_LAST_LINES:])
