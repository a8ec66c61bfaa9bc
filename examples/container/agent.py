# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A program in a container, where no person can log in: it uses the session in a mounted folder, or fails at once.

    python agent.py login    on a computer with a browser: make the session
    python agent.py          in the container: use it

MCP_URL names the MCP server, VALETKEY_STORE the file of sessions. Both programs need the same `OAuthConfig`, except for
`login`: a session is found by its server and its user.
"""

import json
import os
import sys

from haystack_integrations.tools.mcp_oauth import (
    AuthorizationRequired,
    MCPToolset,
    OAuthConfig,
    StreamableHttpServerInfo,
)


def log_in(url: str) -> None:
    session = StreamableHttpServerInfo(url=url).login()
    print("logged in at", session.issuer if session is not None else "nothing: the server wants no login")


def call_a_tool(url: str) -> None:
    toolset = MCPToolset(StreamableHttpServerInfo(url=url, oauth_config=OAuthConfig(login="never")))
    try:
        toolset.warm_up()
        add = next(tool for tool in toolset if tool.name == "add")
        print(json.loads(add.invoke(a=20, b=22))["content"][0]["text"])
    except AuthorizationRequired as error:
        sys.exit(f"Run `python agent.py login` where there is a browser, and mount its folder. {error}")
    finally:
        toolset.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["login"]:
        log_in(os.environ["MCP_URL"])
    else:
        call_a_tool(os.environ["MCP_URL"])
