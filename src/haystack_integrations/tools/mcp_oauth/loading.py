# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
What a first connection and a first login need, loaded with this package.

A program imports this package before its event loops run. If these modules were loaded by the first login, in whatever
thread, Python would look through all objects of the process for garbage, because there are so many new ones. That takes
a fifth to half of a second in a program with Haystack, and holds up every thread and event loop meanwhile.
"""

from contextlib import suppress
from importlib import import_module

import mcp.client.streamable_http

from haystack_integrations.tools.mcp_oauth._mcp_session.http_client import library_of

_OF_LIBRARIES = ("anyio._backends._asyncio", "httpcore2", "httpcore")
"""anyio loads the first one with an event loop, and httpx2 and httpx load the others with a client."""

_OURS = (
    "tomllib",
    "valetkey._discovery.mix_up",
    "valetkey._engine.attempts",
    "valetkey._engine.login_and_logout",
    "valetkey._grants.authorization_code",
    "valetkey._network.links",
    "valetkey._network.sender",
    "valetkey.login.browser",
    "valetkey.login.here",
    "valetkey.login.kernel",
    "valetkey.login.listener",
    "valetkey.login.pasting",
    "valetkey.login.race",
    "valetkey.login.whereabouts",
    "valetkey.settings.checks",
    "valetkey.store.backends.sqlite",
    "valetkey.store.encryption.protection",
)


def load_ahead() -> None:
    """Load what this package and the libraries below it would load with their first use."""
    unused = "httpcore" if library_of(mcp.client.streamable_http).__name__ == "httpx2" else ""  # ours is httpx2
    for name in _OF_LIBRARIES:
        with suppress(ImportError):
            if name != unused:
                import_module(name)
    for name in _OURS:
        import_module(name)
