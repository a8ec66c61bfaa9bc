# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""docs/traps.md names the tests that there are."""

import re
from pathlib import Path

HERE = Path(__file__).parent
ROWS = [
    line for line in (HERE.parent.parent / "docs" / "traps.md").read_text().splitlines() if re.match(r"\| \d", line)
]


def test_every_trap_has_a_test_that_names_it():
    assert [int(row.split("|")[1]) for row in ROWS] == [1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 14, 21]
    for row in ROWS:
        number, _, tests = (cell.strip() for cell in row.strip("|").split("|"))
        source = (HERE / re.search(r"(test_\w+\.py)::", tests)[1]).read_text()
        for name in re.findall(r"(?:::|`)(test_\w+)`", tests):
            body = source.split(f"def {name}(")[1].split("\ndef ")[0]
            assert re.search(rf"Traps? (?:\d+ and )?{number}\b", body), f"{name} does not name trap {number}"
