# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
From an error of the MCP SDK back to the failure behind it.

An answer in the server's place is a JSON-RPC error, and the SDK makes an exception of its own out of it. The answer
carries a random ticket, under which the failure is kept; a server that sends one has to guess it.
"""

import secrets
import threading
from collections import OrderedDict
from typing import Any

from valetkey._adapters.causes import errors_behind
from valetkey.errors import AuthError

_TICKET = "valetkey"
_MOST_FAILURES = 1024


class Tickets:
    """The failures that were answered lately. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards _failures
        self._failures: OrderedDict[str, Exception] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def issue(self, failure: Exception) -> dict[str, Any]:
        """Keep a failure, and give the data of the JSON-RPC error that leads back to it."""
        ticket = secrets.token_hex(8)
        with self._lock:
            self._failures[ticket] = failure
            if len(self._failures) > _MOST_FAILURES:
                self._failures.popitem(last=False)  # its call was given up long ago
        return {_TICKET: ticket}

    def find(self, error: BaseException) -> Exception | None:
        """Find the failure behind an error of the SDK's session; None for an error that is no answer of ours."""
        return self._failures.get(_ticket_in(error))

    def take(self, error: Exception) -> Exception:
        """Find the failure behind an error, once; an error that is no answer of ours is itself."""
        with self._lock:
            return self._failures.pop(_ticket_in(error), error)


def _ticket_in(error: BaseException) -> str:
    data = getattr(getattr(error, "error", None), "data", None)
    ticket = data.get(_TICKET) if isinstance(data, dict) else None
    return ticket if isinstance(ticket, str) else ""


of_all_clients = Tickets()
"""The tickets of `MCPHttpClient`: a program that hands the class to a framework has no client to ask."""


def auth_error_behind(error: BaseException) -> AuthError | None:
    """
    Find the `AuthError` behind an error of an MCP client.

    The MCP SDK and the frameworks over it wrap what kept a call from the server: in an error of their session, in an
    exception group, in a `RuntimeError`.

    ```python
    try:
        result = await session.call_tool("add", {"a": 1, "b": 2})
    except McpError as error:
        if isinstance(auth_error_behind(error), LoginRequired):
            ...
    ```

    :param error: What was raised. Its members, its causes and what an `MCPHttpClient` has answered are searched too.
    :returns: The error, whose type says what to do next, or None if no login is at fault.
    """
    for one in errors_behind(error):
        found = one if isinstance(one, AuthError) else of_all_clients.find(one)
        if isinstance(found, AuthError):
            return found
    return None
