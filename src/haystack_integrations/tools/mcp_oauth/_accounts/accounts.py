# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The accounts of one client, one for each principal that has called.

A service may see thousands of users, and each open MCP session costs it a connection. So a bounded number of sessions
that no call uses stays open: the one that was used least recently is closed, and opened again by its user's next call.
"""

import asyncio
import sys
from collections import OrderedDict
from collections.abc import Callable, Container, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from haystack_integrations.tools.mcp_oauth._accounts.account import Account

MOST_OPEN = 100
"""How many MCP sessions of one client stay open without being used."""

MOST_KNOWN = 1000
"""How many principals a client remembers, with their tokens and their lists of tools in memory."""


class Accounts:
    """The accounts of one client. Used in upstream's event loop only, except for `at_hand` and `close_soon`."""

    def __init__(self, make: Callable[[str], Account]) -> None:
        self._make = make
        self._accounts: OrderedDict[str, Account] = OrderedDict()  # the least recently used one first
        self._open: OrderedDict[str, Account] = OrderedDict()  # those with an MCP session, in the same order
        self._closing: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None  # that all uses were in

    def at_hand(self, principal: str) -> Account | None:
        """Give the account of a principal if he has one, from any thread."""
        return self._accounts.get(principal)

    def all(self) -> list[Account]:
        """Give every account."""
        return list(self._accounts.values())

    def close_soon(self) -> None:
        """Let the event loop close every account, from any thread, which takes no lock here and waits for nothing."""
        loop = self._loop
        if loop is not None and not loop.is_closed() and not sys.is_finalizing():
            loop.call_soon_threadsafe(self._close_all)

    @contextmanager
    def use(self, principal: str) -> Iterator[Account]:
        """Give the account of a principal; its MCP session stays open for as long as the block runs."""
        account = self._accounts.get(principal)
        if account is None:
            account = self._accounts[principal] = self._make(principal)
        self._accounts.move_to_end(principal)
        self._loop = asyncio.get_running_loop()
        try:
            with account.in_use():
                yield account
        finally:
            self._note(principal, account)
            self._rest_others()
            self._forget_others()

    def _note(self, principal: str, account: Account) -> None:
        if account.has_connection:
            self._open[principal] = account
            self._open.move_to_end(principal)
        else:
            self._open.pop(principal, None)

    def _rest_others(self) -> None:
        """Close the sessions that are too many; those in use stay open, and there may be more of them."""
        while len(self._open) > MOST_OPEN and (idle := _first_idle(self._open)) is not None:
            self._begin(self._open.pop(idle).rest())  # from here on, a call of this user opens another session

    def _close_all(self) -> None:
        for account in self.all():
            self._begin(account.close())

    def _begin(self, closing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _forget_others(self) -> None:
        """Forget the accounts that are too many, but none whose MCP session is open: it would stay so."""
        while len(self._accounts) > MOST_KNOWN:
            idle = _first_idle(self._accounts, besides=self._open)
            if idle is None:
                return
            del self._accounts[idle]


def _first_idle(accounts: OrderedDict[str, Account], *, besides: Container[str] = ()) -> str | None:
    idle = (name for name, account in accounts.items() if account.uses == 0 and name not in besides)
    return next(idle, None)
