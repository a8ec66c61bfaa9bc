# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The table of the examples names each of them, and on which Haystack a test runs it."""

import re
from importlib.metadata import version

from tests.examples.running import EXAMPLES

ROOT = EXAMPLES.parent
ROWS = re.findall(
    r"^\| \[([^]]+)\]\(([^)]+)\) \| .+ \| ([^|]+) \|$", (EXAMPLES / "README.md").read_text(), re.MULTILINE
)


def pinned(line):
    """Give the version of Haystack of one of our two environments."""
    (found,) = re.findall(r"^haystack-ai==(\S+)$", (ROOT / "requirements" / f"{line}.txt").read_text(), re.MULTILINE)
    return found


def test_each_example_has_a_row():
    there = {path.name for path in EXAMPLES.iterdir()} - {"README.md", "__pycache__"}
    assert {name.split("/")[0] for name, _, _ in ROWS} == there
    assert len(ROWS) == len(there)
    assert [link for _, link, _ in ROWS if not (EXAMPLES / link).is_file()] == []


def test_the_examples_for_haystack_2_run_on_the_oldest_one_and_on_haystack_3():
    """
    `make test` and `make test-sdk1` run this folder; so each runs an example such as the pipeline in YAML.

    The first has Haystack 3, the second the oldest one that is supported.
    """
    (oldest,) = re.findall(r'"haystack-ai>=(\S+)"', (ROOT / "pyproject.toml").read_text())
    assert pinned("sdk1").startswith(f"{oldest}.")
    assert pinned("main").startswith("3.")
    assert version("haystack-ai") in {pinned("sdk1"), pinned("main")}
    (recipe,) = re.findall(r"^test-sdk1:.*\n\t(.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe.endswith(" tests/adapters tests/haystack tests/examples")
    assert {row[2] for row in ROWS if row[0].startswith(("script", "container", "ci_job", "pipeline"))} == {
        f"{oldest} to 3.x"
    }
