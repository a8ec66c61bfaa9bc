# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Haystack's tools over `valetkey bridge`: a program that starts an MCP server with a command reaches a remote one.

    python examples/bridge.py https://mcp.example.com/mcp add '{"a": 1, "b": 2}'

The bridge opens your browser at the first run. Haystack itself needs no bridge, `MCPToolset` of
`haystack_integrations.tools.mcp_oauth` logs in by itself; this is for programs that know only commands, such as a
pipeline that is written for `StdioServerInfo`.
"""

import json
import os
import sys

from haystack_integrations.tools.mcp import MCPToolset, StdioServerInfo


def main(url, name, arguments):
    command = [sys.executable, "-m", "valetkey", "bridge", url]  # "valetkey" where it is on the PATH
    server = StdioServerInfo(command=command[0], args=command[1:], env=dict(os.environ))
    toolset = MCPToolset(server, connection_timeout=300)  # so long may the first login take
    try:
        toolset.warm_up()
        tool = next(each for each in toolset if each.name == name)
        print(json.loads(tool.invoke(**json.loads(arguments)))["content"][0]["text"])
    finally:
        toolset.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
