# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Why a call did not reach the MCP server or has no answer. These exceptions never leave this package."""

from haystack_integrations.tools.mcp import MCPError

from valetkey._adapters.failures import SessionEnded
from valetkey._adapters.framework import Challenge, rejection_of_new_token, wants_more_scope
from valetkey.errors import AuthError
from valetkey.values import Token


class RequestRejected(MCPError):
    """The MCP server rejected a request and wants another token; `token` is None if none was sent."""

    def __init__(self, token: Token | None, challenges: tuple[Challenge, ...]) -> None:
        super().__init__("the MCP server rejected the token")
        self.token = token
        self.challenges = challenges
        self.wants_more_scope = wants_more_scope(challenges)

    def of_new_token(self, server_url: str) -> AuthError:
        """Make the error for the user where the rejected token is a new one."""
        granted = self.token.scope if self.token is not None else None
        credentials = [self.token.access_token.reveal()] if self.token is not None else []
        return rejection_of_new_token(server_url, self.challenges, granted, credentials=credentials)


class OtherAccount(SessionEnded):
    """A person has logged in anew, or out, since the MCP session was opened: no other account may use it."""

    def __init__(self) -> None:
        super().__init__("the MCP session belongs to a login that has ended")


class CallLost(MCPError):
    """A call has no answer because the connection or the MCP session has ended; a new connection may help."""

    def __init__(self, message: str, *, was_sent: bool = True) -> None:
        super().__init__(message)
        self.was_sent = was_sent
