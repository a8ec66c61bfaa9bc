# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Why a message did not reach the MCP server or has no answer, where that is no `AuthError`."""

from typing import Any

from valetkey import urls
from valetkey.errors import QUOTE_LIMIT, quote
from valetkey.errors.redaction import redacting
from valetkey.errors.texts import harmless


class SessionEnded(ConnectionError):
    """The MCP server does not know the session any more (404, MCP Transports, Session Management)."""


class NoAnswer(ConnectionError):
    """The connection to the MCP server failed or broke off before an answer came."""


def unanswered(request: Any, cause: Exception) -> NoAnswer:
    """Say of a request that it has no answer, and why."""
    address = urls.without_query(str(request.url))
    failure = NoAnswer(f"{address} has not answered: {type(cause).__name__}: {cause}")
    failure.__cause__ = cause
    return failure


class HttpError(Exception):
    """The MCP server answered with an HTTP error that another token would not change, or with what is no MCP."""

    def __init__(self, text: str, response: Any = None) -> None:
        super().__init__(text)
        self.response = response


def is_end_of_session(response: Any) -> bool:
    """Tell whether the MCP server has forgotten the session of a request."""
    return response.status_code == 404 and "mcp-session-id" in response.request.headers


def http_error(response: Any) -> HttpError:
    """Say what the MCP server answered, and where it redirects to if it does."""
    text = f"the MCP server answered {response.status_code}"
    with redacting(*credentials_in(response.request)):
        text = f"{text} {harmless(response.reason_phrase, QUOTE_LIMIT)}"
        if response.next_request is not None:
            address = urls.without_query(str(response.next_request.url))
            text = f"{text}: it redirects to {quote(address)}. Use that URL if it is the right server."
    return HttpError(text, response)


def no_mcp(response: Any) -> HttpError | None:
    """Tell whether a successful response to a request holds no MCP: SDK 1.x would wait for an answer for ever."""
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status_code >= 300 or media_type in ("application/json", "text/event-stream"):
        return None
    if response.status_code != 200:
        media_type = ""  # 202 and 204 have no content
    with redacting(*credentials_in(response.request)):
        shown = harmless(media_type, QUOTE_LIMIT)
    return HttpError(f"the MCP server answered with the content type '{shown}', which is no MCP", response)


def credentials_in(request: Any) -> list[str]:
    """Give the token and the proof of a request, which its server may repeat."""
    fields = (request.headers.get(name, "") for name in ("authorization", "dpop"))
    return [field.rpartition(" ")[2] for field in fields if field]
