# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The manifest of requirements: complete, honest, and in step with the tests."""

import textwrap

import pytest

from tests.manifest.page import BEYOND_THE_SUITE, PAGE, page
from tests.manifest.proofs import named_by_tests, unproven
from tests.requirements import GROUPS, MANIFEST, requirement

SIZES = {
    **{"GEN": 7, "WWW": 18, "PRM": 20, "ASM": 17},
    **{"REG": 8, "CIMD": 12, "DCR": 15, "SCP": 12, "RES": 10, "AUT": 18, "RSP": 14},
    **{"TOK": 17, "USE": 10, "REF": 11, "STP": 10},
    **{"SEC": 20, "NAT": 10, "REV": 6, "DEV": 7},
    **{"CC": 9, "EMA": 18, "WIF": 6, "DPOP": 10, "MTLS": 3},
    **{"VER": 13, "HTTP": 10},
}
WITHOUT_GAPS = frozenset(
    {"WWW", "PRM", "ASM", "REG", "CIMD", "DCR", "SCP", "RES", "AUT", "RSP", "TOK", "USE", "REF", "STP", "VER", "CC"}
)
"""The main path: discovery, registration, login, tokens, older revisions and client credentials."""
NOT_OURS = frozenset({"VER-13"})
"""What only the library that speaks MCP can do; Valetkey is below it and sees no generation of a server."""


def test_the_manifest_has_every_item_once_sorted_by_group_and_number():
    ids = [item.id for group in GROUPS for item in group]
    assert ids == [f"{group}-{number}" for group, size in SIZES.items() for number in range(1, size + 1)]
    assert len(MANIFEST) == len(ids) == 311


@pytest.mark.parametrize("item", MANIFEST.values(), ids=lambda item: item.id)
def test_an_item_says_how_strongly_where_and_what_in_one_sentence(item):
    assert item.level
    assert item.source == "practice" or item.source.startswith("https://")
    for sentence in filter(None, (item.text, item.gap)):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert ". " not in sentence


def test_what_is_binding_on_the_main_path_leaves_no_gap():
    gaps = [item for item in MANIFEST.values() if item.gap is not None]
    assert {item.id for item in gaps if item.group in WITHOUT_GAPS and item.is_binding} == NOT_OURS


def test_every_requirement_without_a_gap_is_proven_by_a_test():
    assert {id_: MANIFEST[id_].text for id_ in unproven()} == {}


@pytest.mark.parametrize("subject", BEYOND_THE_SUITE)
def test_what_the_official_suite_leaves_out_has_tests_here(subject):
    named = named_by_tests()
    assert [id_ for id_ in BEYOND_THE_SUITE[subject] if id_ not in named] == []


def test_the_page_says_what_the_manifest_and_the_tests_say():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.manifest.page"


def test_what_a_test_proves_is_no_gap_any_more():
    named = named_by_tests()
    assert {item.id: named[item.id] for item in MANIFEST.values() if item.gap is not None and item.id in named} == {}


def test_tests_name_only_requirements_of_the_manifest():
    """The decorator refuses others too, but only where it is imported."""
    assert named_by_tests().keys() - MANIFEST.keys() == set()


def test_the_marks_of_modules_classes_tests_and_parameters_are_found(tmp_path):
    source = """
        pytestmark = [pytest.mark.slow, requirement("GEN-1")]

        @requirement("WWW-1", "WWW-2")
        def test_one(): ...

        class TestTwo:
            @pytest.mark.parametrize("case", [pytest.param(1, marks=requirement("WWW-3"))])
            async def test_three(self, case): ...

        @requirement("WWW-4")
        def no_test(): ...
    """
    (tmp_path / "test_it.py").write_text(textwrap.dedent(source), encoding="utf-8")
    assert named_by_tests(tmp_path) == {
        "GEN-1": ["test_it.py"],
        "WWW-1": ["test_it.py::test_one"],
        "WWW-2": ["test_it.py::test_one"],
        "WWW-3": ["test_it.py::test_three"],
    }


def test_ids_that_cannot_be_read_without_running_the_test_are_refused(tmp_path):
    (tmp_path / "test_it.py").write_text("@requirement(*IDS)\ndef test_one(): ...\n", encoding="utf-8")
    with pytest.raises(TypeError, match=r"test_it\.py:1: write the ids of requirements out"):
        named_by_tests(tmp_path)


@pytest.mark.parametrize("wrong", ["", "WWW", "www-3", "WWW-0", "WWW-19", "WWW-3a", "WWW 3", "3-WWW", "WWW-3, WWW-4"])
def test_what_the_manifest_does_not_have_cannot_be_named(wrong):
    with pytest.raises(ValueError, match="no requirement"):
        requirement("WWW-3", wrong)


def test_a_requirement_needs_an_id():
    with pytest.raises(ValueError, match="at least one"):
        requirement()


def test_requirements_become_a_marker():
    marker = requirement("WWW-3", "DPOP-10").mark
    assert (marker.name, marker.args) == ("requirement", ("WWW-3", "DPOP-10"))
