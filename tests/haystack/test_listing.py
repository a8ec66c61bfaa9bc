# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The list of tools: all pages of it, and an end where the server finds none."""

import asyncio

import pytest

from tests.haystack.calling import call, tool_of
from tests.haystack.connecting import connection_to, opened
from valetkey._adapters.failures import HttpError


@pytest.fixture
def server(misbehaving):
    misbehaving.switches.open = True
    return misbehaving


def names_at(server):
    async def use():
        async with opened(connection_to(server.mcp_url)) as connection:
            return [tool.name for tool in connection.tools]

    return asyncio.run(use())


def listings(server):
    return len(server.requests(message="tools/list"))


@pytest.mark.parametrize(
    "pages",
    [
        [["a"]],
        [["a", "b", "c", "d"], ["e", "f", "g", "h"], ["i", "j"]],
        [[f"tool{number}"] for number in range(60)],
        [["a"], [], [], ["b"]],
    ],
    ids=["one", "ten on three", "one on each", "empty ones"],
)
def test_the_tools_of_every_page_are_listed(server, pages):
    """Row J5."""
    server.switches.pages = pages
    assert names_at(server) == [name for page in pages for name in page]
    assert listings(server) == len(pages)


def test_a_toolset_calls_a_tool_of_the_last_page_after_a_login(misbehaving, open_toolset, person):
    """Row J5."""
    misbehaving.switches.pages = [["a"], ["b"], ["add"]]
    assert call(tool_of(open_toolset(misbehaving.mcp_url)), a=1, b=2) == "3"
    assert person.logins == 1


def test_an_empty_cursor_is_none(server):
    """Row J5."""
    server.switches.next_page = {"0": ""}
    assert names_at(server) == ["add"]
    assert listings(server) == 1


@pytest.mark.parametrize(
    ("pages", "next_page", "most"),
    [
        ([["a"], ["b"]], {"1": "0"}, 3),
        ([["a"], ["b"]], {"1": "1"}, 2),
        ([["a", "b"]], {str(number): str(number + 1) for number in range(100)}, 25),
        ([[f"tool{number}"] for number in range(300)], {}, 200),
    ],
    ids=["back to the first", "on the spot", "the same tools for ever", "new tools for ever"],
)
def test_a_list_without_an_end_is_cut_and_the_log_says_so(server, caplog, pages, next_page, most):
    """Row J5."""
    server.switches.pages, server.switches.next_page = pages, next_page
    names = names_at(server)
    assert names == [name for page in pages for name in page][: len(names)]
    assert names[:2] == [name for page in pages for name in page][:2]
    assert 1 < listings(server) <= most
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert f"the {len(names)} tools until here are used" in warning


def test_a_page_that_is_refused_leaves_the_tools_before_it(server, caplog):
    """Row J5."""
    server.switches.pages, server.switches.fails_at_page = [["a"], ["b"], ["c"]], 2
    assert names_at(server) == ["a", "b"]
    assert "answers the error -32602" in caplog.text


def test_a_first_page_that_fails_is_no_list(server):
    """Row J5."""
    server.switches.fails_to_list = True
    with pytest.raises(HttpError, match="500"):
        names_at(server)


def test_a_name_that_is_listed_twice_is_one_tool(server):
    """Row J5."""
    server.switches.pages = [["a", "b", "a"], ["b", "c"]]
    assert names_at(server) == ["a", "b", "c"]
