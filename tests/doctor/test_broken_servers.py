# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The doctor names the true cause on every broken server, and says what to do."""

import pytest

from tests.doctor.broken import Broken
from tests.doctor.rows import ROWS
from tests.doctor.wire import GOOD, examined
from valetkey._cli.doctor.findings import Mark


def report_of(row: Broken):
    return examined({**GOOD, **row.answers}, registers=row.registers, **row.settings)


def findings(report):
    return {finding.kind.code: finding for step in report.steps for finding in step.findings}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_true_cause_is_named_with_its_remedy(row):
    """Rows C1, C2, C3, C4, D1, D2, D3, D4, D5, D6, D7, D8, F9."""
    report = report_of(row)
    found = findings(report)
    assert row.cause in found, sorted(found)
    named = found[row.cause]
    assert named.worth is not Mark.OK
    assert row.advises in f"{named.remedy} {named.kind.owner}"
    assert set(row.others) <= set(found)
    assert report.verdict.error == row.error, report.verdict
    assert report.verdict.is_good == (row.error is None)


@pytest.mark.parametrize("row", [row for row in ROWS if row.error is not None], ids=lambda row: row.id)
def test_a_login_that_cannot_work_has_a_fault_before_it(row):
    report = report_of(row)
    faults = [step.key for step in report.steps if step.mark is Mark.FAULT]
    assert faults
    assert report.verdict.todo


def test_nothing_is_wrong_at_a_good_server():
    report = examined(GOOD)
    assert {step.mark for step in report.steps} <= {Mark.OK, Mark.SKIPPED}
    assert (report.verdict.name, report.verdict.exit_code) == ("works", 0)
