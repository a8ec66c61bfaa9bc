# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The event loop in which the connections are: that of Haystack's own MCP integration.

A child process that is forked has none of its parent's threads, so that loop never runs there, and who waits for it
waits for ever. The child gets another one.
"""

import os
import threading
from collections.abc import Callable

from haystack_integrations.tools.mcp.mcp_tool import AsyncExecutor

_making = threading.Lock()  # guards _of_child
_of_child: AsyncExecutor | None = None
_is_child = False
_in_child: list[Callable[[], None]] = []


def executor() -> AsyncExecutor:
    """Give what runs the event loop of this process."""
    global _of_child  # noqa: PLW0603 - one for the process, as upstream's
    if not _is_child:
        return AsyncExecutor.get_instance()
    with _making:
        if _of_child is None:
            _of_child = AsyncExecutor()
        return _of_child


def do_in_child(begin_anew: Callable[[], None]) -> None:
    """Call a function in each process that is forked from this one."""
    _in_child.append(begin_anew)


def _after_fork() -> None:
    global _making, _of_child, _is_child
    _making, _of_child, _is_child = threading.Lock(), None, True
    for begin_anew in _in_child:
        begin_anew()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
