# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Which revision of MCP a session speaks.

The handshake of the older revisions comes first, because nearly every server knows it: it costs them no additional
request. A server that speaks only 2026-07-28 or later refuses it, and is then asked what it speaks, where the SDK knows
how to ask (`mcp` 2).
"""

from typing import Any

from mcp import ClientSession, types

from haystack_integrations.tools.mcp_oauth._mcp_session.failures import RequestRejected
from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate

UNSUPPORTED_VERSION = -32022
"""MCP 2026-07-28, UnsupportedProtocolVersionError."""

_REQUEST_TIMEOUT = -32001
"""What the SDK makes of a request that has no answer."""

_REFUSALS = frozenset({400, 404, 405, 501})
"""The statuses by which a server, or a gateway before it, says that it does not know the handshake."""


async def open_session(session: ClientSession, gate: Gate) -> None:
    """Open an MCP session; an error of the handshake is raised as it is, unless the server can say more."""
    try:
        await session.initialize()
    except Exception as error:
        if not hasattr(session, "discover") or not _may_be_newer(error, gate):
            raise
        await _discover(session, gate, error)


async def _discover(session: Any, gate: Gate, refusal: Exception) -> None:
    try:
        await session.discover()
    except Exception as error:
        if isinstance(gate.failure_of(error), RequestRejected) or code_of(error) == UNSUPPORTED_VERSION:
            raise
        raise refusal from None


def _may_be_newer(error: Exception, gate: Gate) -> bool:
    """Tell whether a server has refused the handshake in a way in which one of a later revision does."""
    failure = gate.failure_of(error)
    status = getattr(getattr(failure, "response", None), "status_code", None)
    if failure is not None:
        return status in _REFUSALS
    return code_of(error) not in (None, types.CONNECTION_CLOSED, _REQUEST_TIMEOUT) or is_about_the_version(error)


def code_of(error: BaseException) -> int | None:
    """Give the code of a JSON-RPC error."""
    code = getattr(getattr(error, "error", None), "code", None)
    return code if isinstance(code, int) else None


def is_about_the_version(error: BaseException) -> bool:
    """Tell whether an error says that client and server speak no common revision; the SDK has no type for it."""
    return code_of(error) == UNSUPPORTED_VERSION or "nsupported protocol version" in str(error)
