# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A connection over the SDK's own transport, without a client around it."""

from contextlib import asynccontextmanager

import anyio
import mcp.client.streamable_http

from haystack_integrations.tools.mcp_oauth._mcp_session.connection import Connection
from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate
from haystack_integrations.tools.mcp_oauth._mcp_session.http_client import guarded_client_class, library_of
from valetkey._engine.legs import Legs
from valetkey.settings.settings import Settings

LIBRARY = library_of(mcp.client.streamable_http)


class NoToken:
    """An engine without a token."""

    settings = Settings(url="https://mcp.example.com/mcp")
    legs = Legs(settings.server_url)
    session = None

    def serves(self, url):
        return True

    async def current_async(self):
        return None


def connection_to(url, beside=None):
    """A connection over the SDK's own transport, and something that goes on beside that."""

    async def enter(stack, gate):
        http_client = await stack.enter_async_context(guarded_client_class(LIBRARY, gate)())
        transport = mcp.client.streamable_http.streamable_http_client(url, http_client=http_client)
        streams = await stack.enter_async_context(transport)
        if beside is not None:
            group = await stack.enter_async_context(anyio.create_task_group())
            group.start_soon(beside)
        return streams

    return Connection(Gate(NoToken()), enter)


@asynccontextmanager
async def opened(connection):
    await connection.open()
    try:
        yield connection
    finally:
        await connection.close()
