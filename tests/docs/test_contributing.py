# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What CONTRIBUTING.md names is there."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROOMS = re.findall(r"`(\w+)/?`", "".join(re.findall(r"^\| (`.*?) \|", TEXT.partition("## Pages")[0], re.MULTILINE)))
PAGES = re.findall(r"^\| .*?`(docs/\w+\.md)` \| `(python -m ([\w.]+)|make (\w+).*?)`", TEXT, re.MULTILINE)


def test_every_room_is_named_once():
    there = {path.stem for path in (ROOT / "src/valetkey").iterdir() if path.is_dir() and path.stem != "__pycache__"}
    assert len(ROOMS) == len(set(ROOMS))
    assert there <= set(ROOMS)
    assert {name for name in ROOMS if importlib.util.find_spec(f"valetkey.{name}") is None} == set()


@pytest.mark.parametrize(("page", "module", "target"), [(page, module, target) for page, _, module, target in PAGES])
def test_every_page_that_a_program_writes_is_there_and_so_is_its_program(page, module, target):
    assert (ROOT / page).is_file()
    if target:
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    else:
        assert importlib.util.find_spec(module) is not None


def test_the_pages_are_found():
    assert len(PAGES) == 12
