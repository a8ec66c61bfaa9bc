# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Errors that a Haystack user sees.

They are `MCPConnectionError`s, so code that handles upstream's errors handles these; and they are `ValueError`s,
because `MCPToolset` shows only those with their own text and replaces the text of every other by a checklist.
"""

from haystack_integrations.tools.mcp import MCPConnectionError

from haystack_integrations.tools.mcp_oauth._mcp_session.diagnosis import Diagnosis
from valetkey._adapters.framework import without_secrets
from valetkey.errors import AuthError, LoginRequired


class MCPServerError(MCPConnectionError, ValueError):
    """
    The MCP server cannot be used, and no login would change that: it is down, its URL is wrong, it forbids access.

    :param message: The server, the cause and what to do about it.
    :param operation: What was being done.
    :param hint: What to do about it, in one sentence.
    """

    def __init__(self, message: str, operation: str, *, hint: str) -> None:
        super().__init__(message=message, operation=operation)
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        return _in_parts(self)


class MCPServerTimeoutError(MCPServerError, TimeoutError):
    """The MCP server has not opened a session within the `connection_timeout` of a tool or toolset."""


class MCPAuthorizationError(MCPConnectionError, ValueError):
    """
    The MCP server wants a token, and none could be obtained.

    :param error: What went wrong; its type says what to do next.
    :param operation: What was being done.
    :param server_url: The URL of the MCP server. It stands in the message: a program may use many servers.
    """

    def __init__(self, error: AuthError, operation: str, server_url: str) -> None:
        text, url = (without_secrets(each, server_url) for each in (str(error), server_url))
        message = text if url in text else f"No access to {url}: {text}"
        super().__init__(message=message, operation=operation)
        self.error = error
        self.hint = error.hint
        self.server_url = server_url

    def __reduce__(self) -> tuple[object, ...]:
        return _in_parts(self)


class AuthorizationRequired(MCPAuthorizationError):
    """
    A person has to log in before the MCP server can be used.

    Its attributes are for the program that shows the person what to do; its text may come to a language model, so the
    only link in it is the short one of a web app (`public_url`).

    :param error: What the engine says: a `LoginRequired` or a `LoginFailed`.
    :param operation: What was being done.
    :param server_url: The URL of the MCP server.
    """

    def __init__(self, error: LoginRequired, operation: str, server_url: str) -> None:
        super().__init__(error, operation, server_url)
        self.principal = error.principal
        self.reason = error.reason
        self.deadline = error.deadline
        self.authorization_url = error.authorization_url


def to_mcp_error(error: AuthError, operation: str, server_url: str) -> MCPAuthorizationError:
    """Turn an error of the engine into the one that the user sees."""
    if isinstance(error, LoginRequired):
        return AuthorizationRequired(error, operation, server_url)
    return MCPAuthorizationError(error, operation, server_url)


def to_server_error(diagnosis: Diagnosis, operation: str, server_url: str) -> MCPServerError:
    """Tell the user why a server cannot be used."""
    return MCPServerError(diagnosis.about(server_url), operation, hint=diagnosis.hint)


def _in_parts(error: MCPConnectionError) -> tuple[object, ...]:
    """Take an error apart for a copy or a pickle, by which a pool of processes hands it on."""
    return _put_together, (type(error), error.args), error.__dict__


def _put_together(kind: type[MCPConnectionError], arguments: tuple[object, ...]) -> MCPConnectionError:
    family = OSError if issubclass(kind, OSError) else ValueError  # a `TimeoutError` is made by no other
    error: MCPConnectionError = family.__new__(kind)
    error.args = arguments
    return error
