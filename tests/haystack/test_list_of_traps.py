# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""docs/traps.md names the tests that there are."""

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent
PAGE = TESTS.parent / "docs" / "traps.md"
ROWS = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d", line)]
TRAPS = 26


def test_every_trap_has_tests_that_name_it():
    assert [int(row.split("|")[1]) for row in ROWS] == list(range(1, TRAPS + 1))
    for row in ROWS:
        number, _, tests = (cell.strip() for cell in row.strip("|").split("|"))
        named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", tests)
        assert named, number
        for path, name in named:
            body = (TESTS / path).read_text(encoding="utf-8").split(f"def {name}(")[1].split("\ndef ")[0]
            assert re.search(rf"\bTraps? (?:\d+(?:, | and ))*{number}\b", body), f"{name} does not name trap {number}"
