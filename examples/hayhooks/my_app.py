# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A Hayhooks for many users: each logs in to the MCP server in a browser of their own, at any worker.

    pip install 'valetkey[haystack,crypto,redis]' hayhooks
    cd examples/hayhooks
    export MCP_URL=https://mcp.example.com/mcp PUBLIC_URL=https://bot.example.com OPENAI_API_KEY=…
    export VALETKEY_STORE=redis://localhost VALETKEY_STORE_KEY="$(openssl rand -base64 32)"
    HAYHOOKS_PIPELINES_DIR=pipelines uvicorn my_app:create_app --factory --workers 4

PUBLIC_URL is this app as browsers reach it. The proxy in front says who the user is, in the field X-Forwarded-User; it
must remove what a user writes there, and nothing else may reach the app. The Redis has to keep what it has stored: its
settings stand in docs/stores.md.
"""

import os

from hayhooks import create_app as create_hayhooks_app

from haystack_integrations.tools.mcp_oauth import OAuthConfig, StreamableHttpServerInfo
from haystack_integrations.tools.mcp_oauth.web import install


def server_info():
    config = OAuthConfig(login="link", public_url=os.environ["PUBLIC_URL"])
    return StreamableHttpServerInfo(url=os.environ["MCP_URL"], oauth_config=config)


def create_app():
    return install(
        create_hayhooks_app(),
        principal=lambda request: request.headers["x-forwarded-user"],
        public_url=os.environ["PUBLIC_URL"],
        servers=[server_info()],
    )
