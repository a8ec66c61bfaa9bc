# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How long a call waits for a person, and what it is told where it does not wait."""

import asyncio
from contextlib import suppress

from haystack_integrations.tools.mcp_oauth._accounts.tracing import tracing_login
from haystack_integrations.tools.mcp_oauth._mcp_session.failures import RequestRejected
from valetkey._adapters.framework import Engine
from valetkey.errors import LoginRequired

Patience = float | None
"""How many seconds a login is waited for: None as long as it may take, 0 until a person has been asked."""
NO_LOGIN: Patience = -1.0
"""No first login is begun: the program is deployed, and its users come later."""

_STEP_SECONDS = 0.02
"""How soon a caller that must not wait for a person sees that one is asked."""


async def replaced(engine: Engine, rejected: RequestRejected, patience: Patience) -> None:
    """Get another token than the one that the MCP server has rejected; an error says what to do if that takes long."""
    with tracing_login(engine.settings.server_url):
        await _replaced(engine, rejected, patience)


async def _replaced(engine: Engine, rejected: RequestRejected, patience: Patience) -> None:
    need = rejected.token, rejected.challenges
    if patience is None or patience > 0:
        await engine.replace_async(*need, seconds=patience)
        return
    wait = asyncio.ensure_future(engine.replace_async(*need))
    try:
        while not wait.done() and engine.prompt is None:
            await asyncio.wait({wait}, timeout=_STEP_SECONDS)
        if wait.done():
            await wait
            return
    finally:
        wait.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.wait({wait})
    try:
        await engine.replace_async(*need, seconds=0.0)  # whose error has the link
    except LoginRequired as error:
        raise _naming_what_waits(error) from error


def _naming_what_waits(error: LoginRequired) -> LoginRequired:
    """Add what waits for a login on a thread that runs an event loop, as the one of a notebook does."""
    said = error.hint.removesuffix(".")
    return error.with_hint(f"{said}, or await warm_up_async() or run_async() instead, which waits for the login.")
