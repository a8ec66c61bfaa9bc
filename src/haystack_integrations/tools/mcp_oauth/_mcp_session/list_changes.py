# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What a server says about its list of tools while a session is open.

Until MCP 2025-11-25 it sends `notifications/tools/list_changed` by itself. From 2026-07-28 on, a client has to open a
stream for it with `subscriptions/listen`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Any

from haystack import logging
from mcp import ClientSession, types

_logger = logging.getLogger(__name__)

_PAUSE = 1.0
"""Seconds between two listings at least, and before the first attempt to listen again; each further one is twice it."""

_MOST_ATTEMPTS = 6
"""How often the stream is opened in a row without having brought anything."""

_FRESH_LIST_WAIT = 2.0
"""Seconds that an answer waits for the list of tools of which the server has said before that it has changed."""

_MOST_IN_VAIN = 3
"""After how many listings in a row that brought nothing no answer waits for another one, until one brings news."""


class Listing(Enum):
    """What a listing has brought."""

    NEWS = auto()
    NO_NEWS = auto()
    WANTS_TOKEN = auto()
    """The server wants another token first, which the next call gets."""


class ListChanges:
    """Keeps a list of tools as new as the server says. Used in one event loop only."""

    def __init__(self, list_anew: Callable[[], Awaitable[Listing]]) -> None:
        self._list_anew = list_anew
        self._changed = asyncio.Event()
        self._is_fresh = asyncio.Event()
        self._is_fresh.set()
        self._was_missed = False
        self._in_vain = 0

    async def hear(self, message: Any) -> None:
        """Hear a message of the server; it must not wait here, for the SDK reads no further meanwhile."""
        if isinstance(getattr(message, "root", message), types.ToolListChangedNotification):
            self.note()

    def note(self) -> None:
        """Note that the list has changed."""
        self._is_fresh.clear()
        self._changed.set()

    async def wait_for_fresh_list(self) -> None:
        """Wait a moment for a new list, after a call during which the server has said that the list has changed."""
        if self._was_missed:
            self.note()  # the call has succeeded, so the token is good again
        if not self._is_fresh.is_set() and self._in_vain < _MOST_IN_VAIN:
            await asyncio.wait({waiting := asyncio.ensure_future(self._is_fresh.wait())}, timeout=_FRESH_LIST_WAIT)
            waiting.cancel()

    async def follow(self, session: ClientSession) -> None:
        """List the tools anew whenever the server says that they have changed, until this is cancelled."""
        listening = asyncio.create_task(self._listen(session)) if _wants_to_be_asked(session) else None
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                listing = await self._list_anew()
                self._was_missed = listing is Listing.WANTS_TOKEN
                self._in_vain = self._in_vain + 1 if listing is Listing.NO_NEWS else 0
                if not self._changed.is_set():
                    self._is_fresh.set()
                await asyncio.sleep(_PAUSE)
        finally:
            if listening is not None:
                listening.cancel()

    async def _listen(self, session: ClientSession) -> None:
        from mcp.client.subscriptions import listen  # SDK 2 has it

        failures = 0
        while failures < _MOST_ATTEMPTS:
            try:
                async with listen(session, tools_list_changed=True) as events:
                    if failures:
                        self.note()  # what was said meanwhile is not said again
                    async for _ in events:
                        failures = 0
                        self.note()
            except Exception as error:  # noqa: BLE001 - the tools can be used without it
                _logger.debug("no news about the list of tools: {error}", error=str(error))
            failures += 1
            await asyncio.sleep(_PAUSE * 2**failures)


def _wants_to_be_asked(session: Any) -> bool:
    """Tell whether a server has news about its list of tools, and speaks a revision in which it has to be asked."""
    discovered = getattr(session, "discover_result", None)
    tools = getattr(getattr(discovered, "capabilities", None), "tools", None)
    return bool(getattr(tools, "list_changed", None))
