# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""When a scenario passes."""

import json

import pytest

from tests.conformance.result import judge, read_result


def check(status, name="a-check", **more):
    return {"id": name, "status": status, "description": "what  is\nchecked", **more}


def answer(status):
    return {"id": "outgoing-response", "status": "INFO", "details": {"statusCode": status}}


def test_a_scenario_passes_when_every_check_is_fulfilled():
    result = judge("auth/dpop", [check("SUCCESS"), check("INFO"), check("SUCCESS"), check("SKIPPED")], "", 0)
    assert (result.is_pass, result.passed, result.checks) == (True, 2, 2)


@pytest.mark.parametrize("status", ["FAILURE", "WARNING"])
def test_a_warning_fails_a_scenario_like_a_failure(status):
    result = judge("auth/dpop", [check("SUCCESS"), check(status, "other", errorMessage="not so")], "", 0)
    assert (result.passed, result.checks, result.problems) == (1, 2, (f"{status} other: not so",))


def test_a_failed_check_without_a_message_is_told_by_its_description_in_one_line():
    result = judge("auth/dpop", [check("FAILURE")], "", 1)
    assert result.problems == ("FAILURE a-check: what is checked",)


def test_a_scenario_without_checks_does_not_pass():
    assert judge("auth/dpop", [check("INFO")], "", 0).problems == ("nothing was checked",)


def test_a_client_that_fails_after_the_checks_fails_the_scenario():
    problems = judge("auth/dpop", [check("SUCCESS")], "KeyError", 1).problems
    assert problems == ("exit status 1 of the suite: the client did not end well",)


@pytest.mark.parametrize("output", ["a line\nIssuerMismatch", "IssuerMismatch"])
def test_a_refusal_passes_with_the_error_that_names_the_reason(output):
    assert judge("auth/iss-wrong-issuer", [check("SUCCESS")], output, 0).is_pass


@pytest.mark.parametrize("output", ["", "ResourceMismatch", "IssuerMismatch\nKeyError", "MCPError"])
def test_a_refusal_for_another_reason_does_not_pass_though_the_suite_is_content(output):
    (problem,) = judge("auth/iss-wrong-issuer", [check("SUCCESS"), answer(403)], output, 0).problems
    assert problem.endswith("instead of IssuerMismatch")


@pytest.mark.parametrize("output", ["ScopeMissing", "MCPError", "HTTPStatusError"])
def test_a_scope_that_is_never_granted_may_reach_the_caller_as_the_servers_answer(output):
    assert judge("auth/scope-retry-limit", [check("SUCCESS"), answer(401), answer(403)], output, 0).is_pass


def test_another_answer_than_403_is_no_refusal_of_a_scope():
    assert not judge("auth/scope-retry-limit", [check("SUCCESS"), answer(403), answer(500)], "MCPError", 0).is_pass


def test_the_files_of_a_scenario_are_found_wherever_the_suite_puts_them(tmp_path):
    folder = tmp_path / "auth" / "dpop-2026"
    folder.mkdir(parents=True)
    (folder / "checks.json").write_text(json.dumps([check("SUCCESS")]), encoding="utf-8")
    lines = [f"line {number}" for number in range(20)]
    (folder / "stderr.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = read_result("auth/dpop", tmp_path, suite_status=0)
    assert result.is_pass
    assert result.client_output.splitlines() == lines[8:]


def test_a_suite_that_leaves_nothing_is_told_with_its_own_words(tmp_path):
    result = read_result("auth/dpop", tmp_path, suite_status=1, suite_output="cannot listen\n")
    assert result.problems == ("0 files with checks, exit status 1",)
    assert result.client_output == "cannot listen"


def test_a_suite_that_had_to_be_ended_does_not_pass_whatever_it_left(tmp_path):
    (tmp_path / "checks.json").write_text("[", encoding="utf-8")
    result = read_result("auth/dpop", tmp_path, suite_status=None)
    assert result.problems == ("the suite did not come to an end",)
