# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The page that a run writes, and the list of what failed."""

import pytest

from tests.conformance import report
from tests.conformance.result import Result

LEGS = {
    "default": [Result("auth/one", 3, 3), Result("auth/two", 4, 5, ("WARNING a: b",), "last\nwords")],
    "2025-11-25": [Result("auth/two", 5, 5)],
}


def test_the_table_has_a_row_for_each_scenario_and_the_totals_below():
    table = [line for line in report.page(LEGS, {"suite": "1.0"}).splitlines() if line.startswith("|")]
    assert table == [
        "| scenario | default | 2025-11-25 |",
        "| --- | ---: | ---: |",
        "| `auth/one` | 3/3 | – |",
        "| `auth/two` | ✗ 4/5 | 5/5 |",
        "| **passed** | **1/2** | **1/1** |",
    ]


def test_the_page_names_the_versions_that_took_part():
    assert "\n* suite 1.0\n" in report.page(LEGS, {"suite": "1.0"})


def test_the_same_results_make_the_same_page():
    assert report.page(LEGS, {"suite": "1.0"}) == report.page(dict(LEGS), {"suite": "1.0"})


def test_failures_are_listed_with_their_checks_and_the_clients_last_words():
    assert report.failures(LEGS) == "auth/two (default)\n  - WARNING a: b\n    | last\n    | words\n"


def test_nothing_is_listed_when_everything_passed():
    assert report.failures({"2025-11-25": LEGS["2025-11-25"]}) == ""


def test_a_page_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("old", encoding="utf-8")
    report.replace_file(path, "new – ✗\n")
    assert path.read_text(encoding="utf-8") == "new – ✗\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_that_cannot_be_written_leaves_the_old_one_and_nothing_else(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(UnicodeEncodeError):
        report.replace_file(path, "\ud800")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
