# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The HTTP client, loaded with the first request: a program that starts with a good token sends none of its own."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from valetkey.made_once import made_once
from valetkey.settings.network import Network
from valetkey.wire import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from valetkey._network.sender import HttpSender


class SenderOnDemand:
    """A `Send` that becomes an `HttpSender` when it is first used, for the MCP server at `server_url` (see `Guard`)."""

    def __init__(self, server_url: str, named: tuple[str, ...] = (), network: Network | None = None) -> None:
        self._server_url = server_url
        self._named = named
        self._network = network

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Send a request."""
        return self._sender(request)

    def keep_connections(self) -> AbstractContextManager[None]:
        """Use one connection for all requests to one origin in this context (`contextvars`), until the block ends."""
        return self._sender.keep_connections()

    def judge_link(self, url: str) -> None:
        """Refuse a link that the MCP server may not let a browser open."""
        self._sender.judge_link(url)

    @made_once
    def _sender(self) -> "HttpSender":
        from valetkey._network.guard import Guard
        from valetkey._network.sender import HttpSender

        return HttpSender(Guard(self._server_url, self._named), self._network)
