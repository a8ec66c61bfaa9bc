# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Whether a URL is that of an MCP server at all: what answers without a login may be any web page."""

from typing import TYPE_CHECKING

from valetkey import urls
from valetkey._cli.outcome import CommandFailed
from valetkey._cli.views import shown_url
from valetkey._engine.explicit_login import MOST_QUESTIONS
from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.errors import quote
from valetkey.protocol.ping import ping_request, redirection
from valetkey.wire import json_object

if TYPE_CHECKING:
    from valetkey.settings.settings import Settings

_HINT = "Check the URL; that of an MCP server often ends in /mcp or /sse."


def require_mcp(settings: "Settings") -> None:
    """
    Ask the server once more, and refuse what does not answer as an MCP server does.

    405 is what an SSE server answers to a POST, so it says nothing; and a server that wants a login may be one.
    """
    sender = HttpSender(Guard(settings.server_url, settings.named_urls), settings.network)
    answer = sender(ping_request(settings.server_url, None))
    for _ in range(MOST_QUESTIONS - 1):
        url = redirection(answer)
        if url is None or not urls.same_origin(url, settings.server_url):
            break
        answer = sender(ping_request(url, None))
    kind = (answer.header("Content-Type") or "").partition(";")[0].strip().lower()
    document = json_object(answer)
    speaks = document is not None and "jsonrpc" in document
    if answer.status in (401, 403, 405) or speaks or (answer.status < 300 and kind in ("", "text/event-stream")):
        return
    what = f"{answer.status}, {quote(kind)}" if kind else str(answer.status)
    message = f"{shown_url(settings.server_url)} does not answer as an MCP server does ({what})."
    raise CommandFailed(message, hint=_HINT)
