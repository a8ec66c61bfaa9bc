# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Why a message did not reach the MCP server or has no answer, where that is no `AuthError`."""

from typing import Any

from valetkey.errors import quote


class SessionEnded(ConnectionError):
    """The MCP server does not know the session any more (404, MCP Transports, Session Management)."""


class NoAnswer(ConnectionError):
    """The connection to the MCP server failed or broke off before an answer came."""


class HttpError(Exception):
    """The MCP server answered with an HTTP error that another token would not change."""


def is_end_of_session(response: Any) -> bool:
    """Tell whether the MCP server has forgotten the session of a request."""
    return response.status_code == 404 and "mcp-session-id" in response.request.headers


def http_error(response: Any) -> HttpError:
    """Say what the MCP server answered, and where it redirects to if it does."""
    text = f"the MCP server answered {response.status_code} {response.reason_phrase}"
    if response.next_request is None:
        return HttpError(text)
    address = response.next_request.url.copy_with(userinfo=b"", query=None, fragment=None)
    return HttpError(f"{text}: it redirects to {quote(str(address))}. Use that URL if it is the right server.")
