# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Servers that many tests use one after the other; each starts when the first test wants it."""

from contextlib import ExitStack

from haystack_integrations.tools.mcp_oauth import SSEServerInfo, StreamableHttpServerInfo
from tests.servers import fastmcp, free_port, oidc_provider
from tests.servers.process import HOST

KINDS = ("http", "json", "sse")
"""Streamable HTTP with answers as events, streamable HTTP with JSON answers, and the SSE transport."""


class SharedServers:
    """FastMCP of every kind, and an authorization server beside it."""

    def __init__(self):
        self._stack = ExitStack()
        self._running = {}
        self._reserved = {kind: free_port() for kind in KINDS}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._stack.close()

    def reset_logs(self):
        for server in self._running.values():
            server.reset_log()

    def open(self, kind="http"):
        """A server that wants no token."""
        return self._get(("open", kind), lambda: fastmcp("open", **_transport(kind)))

    def static(self):
        """A server that wants the token of `STATIC_TOKEN`."""
        return self._get(("static",), lambda: fastmcp("static"))

    def own(self, kind="http"):
        """A server that is its own authorization server."""
        return self._get(("own", kind), lambda: fastmcp("own", **_transport(kind)))

    def remote(self, kind="http"):
        """A server whose tokens come from `issuer`."""
        issuer, port = self.issuer().url, self._reserved[kind]
        return self._get(("remote", kind), lambda: fastmcp("remote", issuer=issuer, port=port, **_transport(kind)))

    def issuer(self):
        """The authorization server of the `remote` ones: oidc-provider."""
        resources = [f"http://{HOST}:{self._reserved[kind]}/{_path(kind)}" for kind in KINDS]
        return self._get(("issuer",), lambda: oidc_provider(resources))

    def _get(self, key, start):
        if key not in self._running:
            self._running[key] = self._stack.enter_context(start())
        return self._running[key]


def server_info(url, kind="http", **settings):
    """Give the server info that fits a kind of server."""
    return (SSEServerInfo if kind == "sse" else StreamableHttpServerInfo)(url=url, **settings)


def _transport(kind):
    return {"transport": "sse" if kind == "sse" else "http", "json_response": kind == "json"}


def _path(kind):
    return "sse" if kind == "sse" else "mcp"
