# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What happens to the requests of one MCP session: which token they carry, and what the session hears of a rejection.

An exception inside the SDK's transport ends the session for good, on both SDK lines. So a rejected or lost request
is answered in the server's place, with a JSON-RPC error that carries a ticket; who made the call finds the reason
under that ticket.
"""

import secrets
from collections import OrderedDict
from typing import Any

from haystack_integrations.tools.mcp_oauth.errors import Rejected
from valetkey._adapters.credential import present, wants_nonce
from valetkey._engine.engine import Engine
from valetkey.values import Token

_TICKET = "valetkey"
_CODE = -32001
_MOST_REASONS = 1024


class SessionLost(ConnectionError):
    """The MCP server does not know the session any more (404, MCP Transports, Session Management)."""


class Unanswered(ConnectionError):
    """The MCP server gave no answer."""


class NotAccepted(Exception):
    """The MCP server answered with an HTTP error that is no matter of the token."""


class Gate:
    """
    The gate of one MCP session. Used in one event loop only.

    :param engine: Has the token.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reasons: OrderedDict[str, Exception] = OrderedDict()
        self.is_lost = False
        self.rejected: Rejected | None = None

    def serves(self, url: str) -> bool:
        """
        Tell whether a URL is the MCP server's own.

        :param url: The URL.
        :returns: True on its origin.
        """
        return self._engine.serves(url)

    @property
    def extensions(self) -> dict[str, dict[str, object]]:
        """The protocol extensions that the settings make use of, for the capabilities of the session."""
        return self._engine.settings.extensions

    def present(self, request: Any, token: Token) -> None:
        """
        Put a token on a request.

        :param request: The request, to the MCP server.
        :param token: The token.
        :raises ConfigurationError: If it is bound to a key and the packages for that are not installed.
        """
        present(self._engine, request, token)

    def wants_nonce(self, token: Token | None, response: Any) -> bool:
        """
        Tell whether a request is to be sent once more with the nonce that its answer brings.

        :param token: The token it carried.
        :param response: The answer.
        :returns: True if only the proof of the token's key was at fault.
        """
        return wants_nonce(self._engine, token, response)

    async def token_for(self, url: str) -> Token | None:
        """Give the token for a request; None for another origin or when there is none."""
        return await self._engine.current_async() if self.serves(url) else None

    def answer(self, message: dict[str, Any], reason: Exception) -> dict[str, Any] | None:
        """
        Answer a message that was not delivered.

        :param message: The JSON-RPC message.
        :param reason: Why; `reason_of` gives it back to who made the call.
        :returns: The JSON-RPC answer, None for a message that gets none.
        """
        if isinstance(reason, Rejected):
            self.rejected = reason
        if isinstance(reason, SessionLost):
            self.is_lost = True
        if "id" not in message or "method" not in message:
            return None
        ticket = secrets.token_hex(8)
        self._reasons[ticket] = reason
        if len(self._reasons) > _MOST_REASONS:
            self._reasons.popitem(last=False)  # its call was given up long ago
        error = {"code": _CODE, "message": str(reason), "data": {_TICKET: ticket}}
        return {"jsonrpc": "2.0", "id": message["id"], "error": error}

    def reason_of(self, error: Exception) -> Exception:
        """
        Find why a call failed.

        :param error: What the SDK's session raised.
        :returns: The reason behind an answer of ours, else the error itself.
        """
        data = getattr(getattr(error, "error", None), "data", None)
        ticket = data.get(_TICKET) if isinstance(data, dict) else None
        return self._reasons.pop(ticket, error) if isinstance(ticket, str) else error
