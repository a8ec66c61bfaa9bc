# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The threads in which one event loop has requests answered: those that read the store, those that ask a server.

A server that hangs has a part of them only, so what has to be asked at other servers goes on.
"""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

MOST_READING = 16
"""Threads that read the store; what comes then waits."""

MOST_ASKING = 32
"""Threads that ask servers: an MCP server, or its authorization server."""

MOST_OF_A_SERVER = 8
"""How many of them ask the same server. Four that hang leave none; then what comes waits for the end of a request."""

Result = TypeVar("Result")


class Threads:
    """Those of one event loop."""

    def __init__(self) -> None:
        self._reading = anyio.CapacityLimiter(MOST_READING)
        self._asking = anyio.CapacityLimiter(MOST_ASKING)
        self._of_servers: dict[str, anyio.CapacityLimiter] = {}
        self._requests: Counter[str] = Counter()  # that ask a server, or wait for that

    async def read(self, act: Callable[[], Result]) -> Result:
        """Do what may wait for the store."""
        return await anyio.to_thread.run_sync(act, limiter=self._reading)

    async def ask(self, server: str, act: Callable[[], Result]) -> Result:
        """Do what may wait for a server, which any text tells from the others."""
        if server not in self._of_servers:
            self._of_servers[server] = anyio.CapacityLimiter(MOST_OF_A_SERVER)
        self._requests[server] += 1
        try:
            async with self._of_servers[server]:
                return await anyio.to_thread.run_sync(act, limiter=self._asking)
        finally:
            self._requests[server] -= 1
            if not self._requests[server]:
                del self._requests[server], self._of_servers[server]
