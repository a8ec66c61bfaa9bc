# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The tools of an MCP server, from every page of its list (MCP, Pagination).

A list that does not end is cut, and the log says so: the tools that are there can be used.
"""

from typing import Any

from haystack import logging
from mcp import ClientSession, types

from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate
from haystack_integrations.tools.mcp_oauth._mcp_session.negotiation import code_of

_logger = logging.getLogger(__name__)

_MOST_PAGES = 200
_MOST_PAGES_WITHOUT_NEWS = 20
"""How many pages in a row may bring no tool that was not on an earlier one: a server may filter its pages."""


async def every_tool(session: ClientSession, gate: Gate) -> list[types.Tool]:
    """List the tools of all pages, each name once; an error on the first page is raised as it is."""
    page: Any = await session.list_tools()
    found: dict[str, types.Tool] = {}
    _add(page, found)
    cursors = {cursor := _cursor_of(page)}
    without_news = 0
    while cursor is not None:
        if len(cursors) >= _MOST_PAGES or without_news > _MOST_PAGES_WITHOUT_NEWS:
            return _cut(found, gate, "does not end its list of tools")
        try:
            page = await session.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
        except Exception as error:
            if gate.failure_of(error) is not None or code_of(error) in (None, types.CONNECTION_CLOSED):
                raise
            return _cut(found, gate, f"answers the error {code_of(error)} instead of the next page of its tools")
        without_news = 0 if _add(page, found) else without_news + 1
        cursor = _cursor_of(page)
        if cursor in cursors and cursor is not None:
            return _cut(found, gate, "leads from a page of its tools back to an earlier one")
        cursors.add(cursor)
    return list(found.values())


def _add(page: Any, found: dict[str, types.Tool]) -> bool:
    """Add the tools of a page, where the first one of a name counts; tell whether there was a new one."""
    known = len(found)
    for tool in page.tools:
        found.setdefault(tool.name, tool)
    return len(found) > known


def _cut(found: dict[str, types.Tool], gate: Gate, why: str) -> list[types.Tool]:
    _logger.warning(
        "{server} {why}; the {count} tools until here are used", server=gate.server, why=why, count=len(found)
    )
    return list(found.values())


def _cursor_of(page: Any) -> str | None:
    """Give the cursor of the next page; an empty one, by which some servers say that there is none, is none."""
    cursor: str | None = page.next_cursor if hasattr(page, "next_cursor") else page.nextCursor
    return cursor or None
