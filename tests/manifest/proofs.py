# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Which test names which requirement: read from the source, so that it does not matter which tests run today.

`python -m tests.manifest.proofs` prints what no test names.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard

from tests.requirements import MANIFEST

TESTS = Path(__file__).parent.parent


@cache
def named_by_tests(folder: Path = TESTS) -> dict[str, list[str]]:
    """
    Find the tests that name requirements. The files are read once in a process.

    :param folder: Where the tests are.
    :returns: For each id the tests that name it, as "file::test".
    """
    named: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        if "node_modules" in path.parts:
            continue
        for test, id_ in _names(ast.parse(path.read_text(encoding="utf-8")), str(path.relative_to(folder))):
            named.setdefault(id_, []).append(test)
    return named


def unproven() -> list[str]:
    """
    List what should be proven and is not.

    :returns: The ids without a gap that no test names.
    """
    named = named_by_tests()
    return [item.id for item in MANIFEST.values() if item.gap is None and item.id not in named]


def _names(module: ast.Module, file: str) -> Iterator[tuple[str, str]]:
    """Marks of a module, of a class of tests and of a test; a mark of a parameter stands among the test's own."""
    for node in ast.walk(module):
        if _is_test(node):
            yield from ((f"{file}::{node.name}", id_) for id_ in _ids(node.decorator_list, file))
    for statement in module.body:
        if isinstance(statement, ast.Assign) and any(_is_pytestmark(target) for target in statement.targets):
            yield from ((file, id_) for id_ in _ids([statement.value], file))


def _is_test(node: ast.AST) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    if isinstance(node, ast.ClassDef):
        return node.name.startswith("Test")
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")


def _is_pytestmark(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id == "pytestmark"


def _ids(expressions: Iterable[ast.expr], file: str) -> Iterator[str]:
    for expression in expressions:
        for node in ast.walk(expression):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "requirement":
                for argument in node.args:
                    if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
                        message = f"{file}:{node.lineno}: write the ids of requirements out"
                        raise TypeError(message)
                    yield argument.value


if __name__ == "__main__":
    sys.stdout.write("".join(f"{id_}: {MANIFEST[id_].text}\n" for id_ in unproven()))
