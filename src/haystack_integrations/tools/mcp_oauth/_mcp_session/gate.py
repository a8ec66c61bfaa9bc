# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What happens to the requests of one MCP session: which token they carry, and what the caller learns of a failure.

A message that was not delivered is answered in the server's place (`valetkey._adapters.delivery`); the caller finds the
exception behind that answer here.
"""

from typing import Any

from haystack_integrations.tools.mcp_oauth._mcp_session.failures import OtherAccount, RequestRejected
from haystack_integrations.tools.mcp_oauth.token_source import SourceTokens
from valetkey._adapters.credential import note_acceptance, present, rejection_by_server, wants_nonce
from valetkey._adapters.failures import SessionEnded
from valetkey._adapters.framework import Challenge, Engine, without_secrets
from valetkey._adapters.named_addresses import hear
from valetkey._adapters.tickets import Tickets
from valetkey.values import Session, Token


def login_of(session: Session | None) -> str | None:
    """Tell which login a session comes from; all that do not say so count as one."""
    return None if session is None else session.login or ""


class Gate:
    """The gate of one MCP session. Used in one event loop only."""

    def __init__(self, engine: Engine, tokens: SourceTokens | None = None) -> None:
        self._engine = engine
        self._tokens = tokens
        self.tickets = Tickets()
        self.session_has_ended = False
        self.rejected: RequestRejected | None = None
        self.login: str | None = None  # whose MCP session it is; None until a request goes with a login's token
        self.last_token: Token | None = None

    @property
    def extensions(self) -> dict[str, dict[str, object]]:
        """The protocol extensions that the settings use, for the capabilities of the session."""
        return self._engine.settings.extensions

    @property
    def server(self) -> str:
        """The MCP server's URL, as texts may show it."""
        url = self._engine.settings.url or ""
        return without_secrets(url, url)

    def serves(self, url: str) -> bool:
        """Tell whether a URL is one of the MCP server's, where the token goes."""
        return self._engine.serves(url)

    def hear(self, response: Any) -> None:
        """Note which other addresses the MCP server names for itself."""
        hear(self._engine, response)

    @property
    def is_of_another_login(self) -> bool:
        """Tell whether a person has logged in anew, or out, since the MCP session was opened."""
        return self.login is not None and self.login != login_of(self._engine.session)

    async def token_for(self, url: str) -> Token | None:
        """
        Give the token for a request; None for where it does not go, or when there is none.

        It raises `OtherAccount` where the token is another login's than the MCP session.
        """
        if not self.serves(url):
            return None
        if self._tokens is not None:
            return await self._tokens.current()
        token, login = await self._current()
        self.login = login if self.login is None else self.login
        if login != self.login:
            raise OtherAccount
        self.last_token = token
        return token

    async def _current(self) -> tuple[Token | None, str | None]:
        """Give the token at hand, and the login that it comes from, although another may come in between."""
        while True:
            token = await self._engine.current_async()
            session = self._engine.session
            if token is None or (session is not None and session.token == token):
                return token, login_of(session)

    def present(self, request: Any, token: Token) -> None:
        """Put a token on a request to the MCP server, with a proof if it is bound to a key."""
        present(self._engine, request, token)

    def wants_nonce(self, token: Token | None, response: Any) -> bool:
        """Tell whether a request is to be sent again with the nonce that its answer brings (RFC 9449 §9)."""
        return wants_nonce(self._engine, token, response)

    def challenges_in(self, response: Any, token: Token | None) -> tuple[Challenge, ...] | None:
        """Read the challenges of a rejection by the MCP server; None for every other response."""
        return rejection_by_server(self._engine, response, token)

    def note_acceptance(self, response: Any, token: Token | None) -> None:
        """Note that the MCP server accepts a token."""
        note_acceptance(self._engine, response, token)

    def learn(self, failure: Exception) -> None:
        """Note what a message met that may have no answer to tell it."""
        if isinstance(failure, RequestRejected):
            self.rejected = failure
        if isinstance(failure, SessionEnded):
            self.session_has_ended = True

    def failure_of(self, error: Exception) -> Exception | None:
        """Find the failure behind an error of the SDK's session, and leave it to be found again; None for any other."""
        return self.tickets.find(error)

    def failure_behind(self, error: Exception) -> Exception:
        """Find the failure behind an error of the SDK's session; an error that is no answer of ours is itself."""
        return self.tickets.take(error)
