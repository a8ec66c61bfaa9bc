# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Serving many users: `install` lets each user of a web app log in to the MCP servers in his own browser.

It works with Hayhooks, FastAPI, Starlette and any other ASGI app, and needs none of them.
"""

from haystack_integrations.tools.mcp_oauth.web.installing import install
from haystack_integrations.tools.mcp_oauth.web.request import WebRequest

__all__ = ["WebRequest", "install"]
