# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A job of a CI system: a machine with a secret calls a tool, and no person is asked.

    MCP_URL=https://mcp.example.com/mcp MCP_ISSUER=https://auth.example.com \
    MCP_CLIENT_ID=my-job MCP_CLIENT_SECRET=… python ci_job.py

Install: `pip install 'valetkey[haystack]'`. The secret is one of the CI system's secrets; it goes to MCP_ISSUER only.
"""

import json
import os
import sys

from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import (
    MCPConnectionError,
    MCPToolset,
    OAuthConfig,
    StreamableHttpServerInfo,
)


def main() -> None:
    config = OAuthConfig(
        client_id=os.environ["MCP_CLIENT_ID"],
        client_secret=Secret.from_env_var("MCP_CLIENT_SECRET"),
        issuer=os.environ["MCP_ISSUER"],
        token_storage="memory:",  # the next job asks for its own token
    )
    toolset = MCPToolset(StreamableHttpServerInfo(url=os.environ["MCP_URL"], oauth_config=config))
    try:
        toolset.warm_up()
        add = next(tool for tool in toolset if tool.name == "add")
        print(json.loads(add.invoke(a=20, b=22))["content"][0]["text"])
    except MCPConnectionError as error:  # no access, or no server
        sys.exit(f"The job has no tools: {error}")
    finally:
        toolset.close()


if __name__ == "__main__":
    main()
