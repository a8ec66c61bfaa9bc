# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What happens to the requests of one MCP session: which token they carry, and what the caller learns of a failure.

An exception inside the SDK's transport ends the session, on both SDK lines. So a message that was not delivered is
answered in the server's place, with a JSON-RPC error that carries a ticket; the caller finds the exception under that
ticket.
"""

import secrets
from collections import OrderedDict
from typing import Any

from haystack_integrations.tools.mcp_oauth.failures import RequestRejected, SessionEnded
from valetkey._adapters.credential import present, rejection_by_server, wants_nonce
from valetkey._adapters.framework import Challenge, Engine
from valetkey.values import Token

_TICKET = "valetkey"
_CODE = -32001
_MOST_FAILURES = 1024


class Gate:
    """The gate of one MCP session. Used in one event loop only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._failures: OrderedDict[str, Exception] = OrderedDict()
        self.session_has_ended = False
        self.rejected: RequestRejected | None = None

    @property
    def extensions(self) -> dict[str, dict[str, object]]:
        """The protocol extensions that the settings use, for the capabilities of the session."""
        return self._engine.settings.extensions

    def serves(self, url: str) -> bool:
        """Tell whether a URL is on the MCP server's origin."""
        return self._engine.serves(url)

    async def token_for(self, url: str) -> Token | None:
        """Give the token for a request; None for another origin or when there is none."""
        return await self._engine.current_async() if self.serves(url) else None

    def present(self, request: Any, token: Token) -> None:
        """Put a token on a request to the MCP server, with a proof if it is bound to a key."""
        present(self._engine, request, token)

    def wants_nonce(self, token: Token | None, response: Any) -> bool:
        """Tell whether a request is to be sent again with the nonce that its answer brings (RFC 9449 §9)."""
        return wants_nonce(self._engine, token, response)

    def challenges_in(self, response: Any, token: Token | None) -> tuple[Challenge, ...] | None:
        """Read the challenges of a rejection by the MCP server; None for every other response."""
        return rejection_by_server(self._engine, response, token)

    def answer(self, message: dict[str, Any], failure: Exception) -> dict[str, Any] | None:
        """Answer a JSON-RPC message that was not delivered; None for a message that gets no answer."""
        if isinstance(failure, RequestRejected):
            self.rejected = failure
        if isinstance(failure, SessionEnded):
            self.session_has_ended = True
        if "id" not in message or "method" not in message:
            return None
        ticket = secrets.token_hex(8)
        self._failures[ticket] = failure
        if len(self._failures) > _MOST_FAILURES:
            self._failures.popitem(last=False)  # its call was given up long ago
        error = {"code": _CODE, "message": str(failure), "data": {_TICKET: ticket}}
        return {"jsonrpc": "2.0", "id": message["id"], "error": error}

    def failure_behind(self, error: Exception) -> Exception:
        """Find the failure behind an error of the SDK's session; an error that is no answer of ours is itself."""
        data = getattr(getattr(error, "error", None), "data", None)
        ticket = data.get(_TICKET) if isinstance(data, dict) else None
        return self._failures.pop(ticket, error) if isinstance(ticket, str) else error
