# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Errors a Haystack user sees.

They are `MCPConnectionError`s, so code that handles upstream's errors handles these; and they are `ValueError`s,
because `MCPToolset` shows only those with their own text and replaces every other by a list of things to check.
"""

from haystack_integrations.tools.mcp import MCPConnectionError, MCPError

from valetkey._policy.rejection import wants_more_scope
from valetkey.errors import AuthError, LoginRequired, TokenRejected
from valetkey.protocol.challenge import Challenge
from valetkey.values import Token


class MCPAuthorizationError(MCPConnectionError, ValueError):
    """
    The MCP server wants a token, and none could be obtained.

    :param error: What went wrong; its type says what to do next.
    :param operation: What was being done.
    :param server_url: The URL of the MCP server. It stands in the message: a program may use many servers.
    """

    def __init__(self, error: AuthError, operation: str, server_url: str) -> None:
        text = str(error)
        message = text if server_url in text else f"No access to {server_url}: {text}"
        super().__init__(message=message, operation=operation)
        self.error = error
        self.hint = error.hint


class MCPLoginRequiredError(MCPAuthorizationError):
    """
    A person has to log in; `authorization_url` is the link, when a login is waiting.
    """

    def __init__(self, error: LoginRequired, operation: str, server_url: str) -> None:
        super().__init__(error, operation, server_url)
        self.authorization_url = error.authorization_url


def readable(error: AuthError, operation: str, server_url: str) -> MCPAuthorizationError:
    """
    Put an error of the engine into the form that reaches the user.

    :param error: The error.
    :param operation: What was being done.
    :param server_url: The URL of the MCP server.
    :returns: The error to raise from it.
    """
    if isinstance(error, LoginRequired):
        return MCPLoginRequiredError(error, operation, server_url)
    return MCPAuthorizationError(error, operation, server_url)


class Rejected(MCPError):
    """
    The MCP server rejected a request's token. It never leaves this package.

    :param token: The token that was sent, if any.
    :param challenges: What the server said.
    """

    def __init__(self, token: Token | None, challenges: tuple[Challenge, ...]) -> None:
        super().__init__("the MCP server rejected the token")
        self.token = token
        self.challenges = challenges
        self.wants_more_scope = wants_more_scope(challenges)


class Lost(MCPError):
    """
    A call got no answer because the connection is gone. It never leaves this package.
    """


def still_rejected(server_url: str) -> TokenRejected:
    """
    Build the error for a fresh token that the server does not accept either.

    :param server_url: The URL of the MCP server.
    :returns: The error.
    """
    message = f"{server_url} rejects even a new token."
    return TokenRejected(message, hint="Check that this account may use the server; else tell its operator.")
