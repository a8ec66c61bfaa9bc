# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""docs/field.md has every row of the field, and each row has tests that name it."""

import pytest

from tests.docs.field import PAGE, named_by_tests, page, rows_in
from tests.docs.field_rows import ROWS, SECTIONS

LAST = {"A": 10, "B": 5, "C": 4, "D": 8, "E": 9, "F": 17, "G": 6, "H": 14, "I": 18, "J": 10}
IDS = [*(f"{letter}{number}" for letter, last in LAST.items() for number in range(1, last + 1))]


def test_the_page_is_what_the_rows_and_the_tests_say():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.docs.field"


def test_every_row_of_the_field_is_there_in_its_order():
    assert [row.id for row in ROWS] == IDS
    assert list(SECTIONS) == sorted({row.id[0] for row in ROWS})


@pytest.mark.parametrize("row", IDS)
def test_every_row_has_a_test_that_names_it(row):
    assert named_by_tests().get(row), f"no test says in its docstring: Row {row}."


def test_a_test_names_no_row_that_is_not_there():
    assert sorted(named_by_tests().keys() - set(IDS)) == []


def test_rows_are_read_in_both_spellings():
    assert rows_in("A sentence. Row A1.") == ["A1"]
    assert rows_in("Rows A1, B2 and F17.") == ["A1", "B2", "F17"]
    assert rows_in("A row of A1 sauce.") == []
