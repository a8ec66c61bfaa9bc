# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The app that a worker serves: Hayhooks, and the logins of its users on it.

A worker runs in an environment with Hayhooks, so this imports nothing that only the tests have.
"""

import json
import os

from hayhooks import create_app as create_hayhooks_app

from haystack_integrations.tools.mcp_oauth import AuthorizationRequired, OAuthConfig, StreamableHttpServerInfo
from haystack_integrations.tools.mcp_oauth.web import install

SESSIONS = {f"session-of-{user}": user for user in ("alice", "bob", "carol", "dora")}
"""Who is signed in to the app, by the value of the cookie."""


def server_info():
    config = OAuthConfig(login="link", public_url=os.environ["PUBLIC_URL"], token_storage=os.environ["VALETKEY_STORE"])
    return StreamableHttpServerInfo(url=os.environ["MCP_URL"], oauth_config=config)


def user_of(request):
    return SESSIONS.get(request.cookies["session"])


def create_app():
    return install(
        create_hayhooks_app(),
        principal=user_of,
        public_url=os.environ["PUBLIC_URL"],
        store=os.environ["VALETKEY_STORE"],
        servers=[server_info()],
    )


def answer_of(tool):
    """Call a tool for the user of the request, and tell what came of it."""
    try:
        return {"account": json.loads(tool.invoke())["content"][0]["text"]}
    except Exception as error:
        cause = error
        while not isinstance(cause, AuthorizationRequired):
            if cause.__cause__ is None:
                raise
            cause = cause.__cause__
        return {"link": cause.authorization_url, "principal": cause.principal, "text": str(cause)}
