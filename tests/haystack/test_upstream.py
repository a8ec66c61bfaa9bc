# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The comparison with mcp-haystack's own tests, without fetching them: `make upstream` does that."""

import io
import tarfile

from tests.haystack.upstream.differences import DIFFERENCES
from tests.haystack.upstream.run import compare, results_of, unpack

TESTS = """
import asyncio
import pytest
import pytest_asyncio
from haystack_integrations.tools.mcp import MCPToolset

@pytest_asyncio.fixture
async def name():
    return MCPToolset.__module__

@pytest.mark.asyncio
async def test_ours(name):
    await asyncio.sleep(0)
    assert name == "haystack_integrations.tools.mcp_oauth.toolset"

async def test_wrong(name):
    assert name == ""
"""


def test_the_tests_of_an_archive_run_with_our_classes(tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for name, text in [("a-1/tests/__init__.py", ""), ("a-1/tests/test_one.py", TESTS), ("a-1/pyproject.toml", "")]:
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    results = results_of(unpack(tmp_path / "a.tar.gz", tmp_path))
    assert results == {"test_one::test_ours": True, "test_one::test_wrong": False}


def test_what_is_not_in_the_list_and_what_is_no_longer_true_of_it_is_told():
    results = {"good": True, "bad": False, "listed": False, "mended": True}
    assert compare(results, dict.fromkeys(["listed", "mended", "gone"], "why")) == [
        "fails, and is in no list: bad",
        "passes now, and is in the list: mended",
        "is in the list, and there is no such test: gone",
    ]
    assert compare({"good": True, "listed": False}, {"listed": "why"}) == []


def test_every_difference_has_a_reason():
    assert all(reason.endswith(".") for reason in DIFFERENCES.values())
