# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The page about inputs from the field: `python -m tests.docs.field` writes docs/field.md.

The texts stand in `field_rows`. A test names a row in its docstring ("Row A1." or "Rows A1, A2."), and the page lists
the tests that name it.
"""

import ast
import re
from functools import cache
from pathlib import Path

from tests.docs.field_rows import ROWS, SECTIONS

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "field.md"

_NAMED = re.compile(r"\bRows?\s+([A-J]\d+(?:(?:,\s+|\s+and\s+|,\s+and\s+)[A-J]\d+)*)\b")

_INTRODUCTION = """\
# Cases from the field

Inputs that servers, gateways, computers and users have really produced, what Valetkey does with each, and the tests
that show it. Each row is an example of a kind; the tests try its neighbours too. The letters and numbers of the rows
stand in the docstrings of the tests. `python -m tests.docs.field` writes this page.
"""


@cache
def named_by_tests() -> dict[str, tuple[str, ...]]:
    """Give the tests that name each row, as `path::name` below `tests/`."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for row in rows_in(ast.get_docstring(node) or ""):
                    found.setdefault(row, []).append(f"{path.relative_to(ROOT / 'tests')}::{node.name}")
    return {row: tuple(sorted(tests)) for row, tests in found.items()}


def rows_in(docstring: str) -> list[str]:
    """Read the rows that a docstring names."""
    return [row for names in _NAMED.findall(docstring) for row in re.findall(r"[A-J]\d+", names)]


def cell(tests: tuple[str, ...]) -> str:
    """Write the tests of a row: each file once, its tests after it."""
    files: dict[str, list[str]] = {}
    for test in tests:
        path, name = test.split("::")
        files.setdefault(path, []).append(name)
    return "; ".join(
        ", ".join([f"`{path}::{names[0]}`", *(f"`{name}`" for name in names[1:])]) for path, names in files.items()
    )


def page() -> str:
    """Give the page as Markdown."""
    parts = [_INTRODUCTION]
    for letter, title in SECTIONS.items():
        parts.append(f"## {letter}. {title}\n")
        parts += ["| | what comes | what Valetkey does | tests in `tests/` |", "|---|---|---|---|"]
        parts += [
            f"| {row.id} | {row.comes} | {row.does} | {cell(named_by_tests().get(row.id, ()))} |"
            for row in ROWS
            if row.id.startswith(letter)
        ]
        parts.append("")
    return "\n".join(parts).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
