# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Why a call did not reach the MCP server or has no answer. These exceptions never leave this package."""

from haystack_integrations.tools.mcp import MCPError

from valetkey._adapters.framework import Challenge, challenge_to_answer, wants_more_scope
from valetkey.values import Scope, Token


class RequestRejected(MCPError):
    """The MCP server rejected a request and wants another token; `token` is None if none was sent."""

    def __init__(self, token: Token | None, challenges: tuple[Challenge, ...]) -> None:
        super().__init__("the MCP server rejected the token")
        self.token = token
        self.challenges = challenges
        self.wants_more_scope = wants_more_scope(challenges)

    @property
    def missing_scope(self) -> Scope:
        """The scope that the server names; empty where it names none."""
        answered = challenge_to_answer(self.challenges)
        return (answered.scope if answered is not None else None) or ()


class CallLost(MCPError):
    """A call has no answer because the connection or the MCP session has ended; a new connection may help."""
