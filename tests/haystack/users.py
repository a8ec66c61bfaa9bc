# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Users who have logged in already, each with a token that the server of mode `users` knows as his."""

import time

from haystack_integrations.tools.mcp_oauth import OAuthConfig
from tests.fakes.world import a_session
from valetkey._sessions.codec import encode_session, session_key
from valetkey.store import open_store


def logged_in(url, users, config=None):
    """Put a session of each user into the store."""
    now = time.time()
    for user in users:
        session = a_session(
            f"token-of-{user}", refresh_token=None, obtained_at=now, expires_at=now + 3600, scope=("mcp",), resource=url
        )
        settings = (config or OAuthConfig()).to_settings(url, user)
        open_store().put(session_key(settings), encode_session(session))
