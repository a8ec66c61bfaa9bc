# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The threat model fits the tests, the tests fit the threat model, and SECURITY.md says what they say."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.attacks.mutants import ROOT, without
from tests.attacks.page import PAGE, TITLES, page
from tests.attacks.threats import LETTERS, by_room, every_threat

FOLDER = Path(__file__).parent
THREATS = {threat.id: threat for threat in every_threat()}
DEFENCES = {
    f"{threat.id}-{number}": each for threat in every_threat() for number, each in enumerate(threat.defences, 1)
}
FEWEST = 60
_NAMED = re.compile(r"\bThreats?\s+([A-Z]\d+(?:(?:,\s+|\s+and\s+)[A-Z]\d+)*)\.")


@cache
def named_by_tests():
    """Every test of this folder as the table writes it, with the threats that its docstring names."""
    found = {}
    for path in sorted(FOLDER.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found[f"{path.name}::{node.name}"] = threats_in(ast.get_docstring(node) or "")
    return found


def threats_in(docstring):
    return [threat for names in _NAMED.findall(docstring) for threat in re.findall(r"[A-Z]\d+", names)]


def test_no_id_is_given_twice_and_each_has_the_letter_of_its_module():
    ids = [threat.id for threat in every_threat()]
    assert len(ids) == len(set(ids))
    for room, threats in by_room().items():
        numbers = [int(threat.id.removeprefix(LETTERS[room])) for threat in threats]
        assert numbers == sorted(numbers)


def test_there_are_as_many_threats_and_defences_as_there_have_to_be():
    assert len(THREATS) >= FEWEST
    assert len(DEFENCES) >= FEWEST


@pytest.mark.parametrize(
    "cve", ["CVE-2025-6514", "CVE-2025-10619", "CVE-2026-115563", "CVE-2026-104850", "CVE-2026-63127"]
)
def test_a_published_attack_has_its_row(cve):
    """Those on MCP clients that came from what a server names."""
    texts = [f"{threat.attacker} {threat.controls} {threat.gets}" for threat in every_threat()]
    assert any(cve in text for text in texts)


def test_every_module_has_a_letter_and_a_title():
    modules = {path.stem for path in (FOLDER / "threats").glob("*.py")} - {"__init__"}
    assert modules <= LETTERS.keys()
    assert list(TITLES) == list(LETTERS)


@pytest.mark.parametrize("threat", THREATS)
def test_the_test_of_a_threat_exists_and_names_it(threat):
    assert threat in named_by_tests().get(THREATS[threat].test, ())


def test_every_test_that_names_a_threat_is_in_its_row():
    named = {(threat, test) for test, threats in named_by_tests().items() for threat in threats}
    assert named == {(threat.id, threat.test) for threat in every_threat()}


@pytest.mark.parametrize("threat", THREATS)
def test_a_threat_says_everything_in_one_line_and_has_a_defence(threat):
    row = THREATS[threat]
    for text in (row.attacker, row.controls, row.gets, row.remains):
        assert text == " ".join(text.split())
        assert "|" not in text
    assert row.attacker
    assert row.controls
    assert row.gets
    assert row.defences


@pytest.mark.parametrize("defence", DEFENCES)
def test_a_defence_stands_once_in_its_file_and_the_file_compiles_without_it(defence):
    edit = DEFENCES[defence]
    assert edit.file.startswith("src/")
    text = (ROOT / edit.file).read_text(encoding="utf-8")
    changed = without(text, edit)
    assert changed != text
    compile(changed, edit.file, "exec")


def test_security_md_is_what_the_threats_say():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.attacks.page"


def test_threats_are_read_in_both_spellings():
    assert threats_in("A sentence. Threat T1.") == ["T1"]
    assert threats_in("A sentence.\n\nRow I1. Threats C1, C2 and C13.") == ["C1", "C2", "C13"]
    assert threats_in("The threat of T1 is small.") == []
