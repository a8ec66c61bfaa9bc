# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The warning for a service that names no user: all of its users then act as the one person who has logged in.

Why these signs and no others: docs/decisions/principals.md.
"""

import sys

from haystack import logging

from haystack_integrations.tools.mcp_oauth._accounts.access import Access
from haystack_integrations.tools.mcp_oauth.principals import LOCAL
from valetkey._adapters.framework import without_secrets

_logger = logging.getLogger(__name__)

_WEB_SERVERS = (
    *("aiohttp.web", "cheroot.", "daphne.", "granian.", "gunicorn.", "hypercorn.", "sanic.", "streamlit.web."),
    *("uvicorn.", "waitress.", "werkzeug.serving"),
)
"""The modules of which a function runs for as long as a web server does in this process."""


class UnnamedUsers:
    """What the calls of one client say about its users. Used in upstream's event loop only."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._is_told = False
        self._has_users = False
        self._calls = 0

    def note(self, access: Access) -> None:
        """Note whose session a call has used, and warn once where calls of users seem to share one."""
        if self._is_told or access.principal_source is not None:
            return
        if access.principal != LOCAL:
            self._has_users = True
            return
        if not access.is_of_a_person:
            return
        self._calls += 1
        is_looked_at = self._calls & (self._calls - 1) == 0  # the 1st, 2nd, 4th, 8th: looking costs a little
        if self._has_users or (is_looked_at and serves_requests()):
            self._is_told = True
            _logger.warning(
                "A call of a tool at {server} names no user, in a process that {serves}. It uses the session of the "
                "person who has logged in as {principal!r}, as every such call does. Name the user of each call by "
                "`with as_user(…)` or OAuthConfig(principal=…); if one session for all is right, say so by "
                "principal={principal!r}.",
                server=without_secrets(self._url, self._url),
                serves="serves users by name" if self._has_users else "serves requests",
                principal=LOCAL,
            )


def serves_requests() -> bool:
    """Tell whether a web server runs in this process: one of its functions is on the stack of a thread."""
    for frame in sys._current_frames().values():
        current = frame
        while current is not None:
            if str(current.f_globals.get("__name__")).startswith(_WEB_SERVERS):
                return True
            current = current.f_back  # type: ignore[assignment]  # None ends the loop
    return False
