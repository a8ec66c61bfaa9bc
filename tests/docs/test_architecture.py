# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The page about the architecture has the tables of the engine, and names rooms that exist."""

import re
from pathlib import Path

import valetkey
from tests.docs.architecture import BEGINNING, END, PAGE, page, tables
from valetkey._engine.decision import STEPS

PACKAGE = Path(valetkey.__file__).parent
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_has_the_tables_of_the_code():
    assert (TEXT.count(BEGINNING), TEXT.count(END)) == (1, 1)
    assert page() == TEXT, "run: python -m tests.docs.architecture"


def test_the_tables_have_every_row_in_its_order():
    places = [tables().index(f"| {row.step.value} | {row.when} |") for row in STEPS]
    assert places == sorted(places)


def test_every_module_and_room_that_the_page_names_exists():
    named = set(re.findall(r"[a-z_]+(?:/[a-z_0-9]+)*(?:\.py|/)(?![a-z/*])", TEXT))
    ours = {name for name in named if (PACKAGE / name.split("/")[0]).exists()}
    assert {"_engine/decision.py", "_discovery/", "_grants/", "store/", "seams.py"} <= ours
    assert [name for name in sorted(ours) if not (PACKAGE / name).exists()] == []
