# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Sessions of FastMCP's client: `fastmcp.client.auth.OAuth(token_storage=...)`.

The user's program gives FastMCP a key-value store, in which FastMCP keeps three records for each URL.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from valetkey._discovery.target import AuthorizationTarget
from valetkey.errors import LoginRequired, quote
from valetkey.migrate.foreign import Foreign, read_issuer, read_time, read_token
from valetkey.wire import read_scope

PROGRAM = "FastMCP"


class KeyValues(Protocol):
    """The method that Valetkey uses of a FastMCP storage (`key_value.aio.protocols.AsyncKeyValue`)."""

    async def get(self, key: str, *, collection: str | None = None) -> Mapping[str, Any] | None:
        """
        Read a record.

        :param key: The record's key.
        :param collection: The collection it is in.
        :returns: The record; None if there is none.
        """


def read_fastmcp(url: str, storage: KeyValues) -> Foreign:
    """Read the session that FastMCP keeps. Not for a thread in which an event loop runs."""
    return asyncio.run(_read(url.rstrip("/"), storage))


async def _read(url: str, storage: KeyValues) -> Foreign:
    token = await storage.get(f"{url}/tokens", collection="mcp-oauth-token")
    if token is None:
        message = f"FastMCP keeps no session for {quote(url)} in this storage."
        hint = "Give the URL as FastMCP's client has it, and the storage as your program makes it, or log in."
        raise LoginRequired(message, hint=hint)
    registration = await storage.get(f"{url}/client_info", collection="mcp-oauth-client-info")
    expiry = await storage.get(f"{url}/token_expiry", collection="mcp-oauth-token-expiry")
    place = f"{type(storage).__name__}, {url}"
    return Foreign(
        program=PROGRAM,
        place=place,
        token=read_token(
            token, PROGRAM, place, expires_at=read_time((expiry or {}).get("expires_at")), written_at=None
        ),
        registration=registration,
        issuer=read_issuer(token, registration, PROGRAM, place),
        requested_scope=read_scope(registration.get("scope")) if registration is not None else None,
        resource_of=_resource_of,
    )


def _resource_of(target: AuthorizationTarget) -> str | None:
    """Since MCP 2025-06-18 the SDK behind FastMCP names the resource as it is published, or else the server's URL."""
    return target.resource_parameter
