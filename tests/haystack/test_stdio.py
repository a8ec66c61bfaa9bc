# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server on standard input and output is upstream's matter: nothing it says leads to a login."""

import sys

import haystack_integrations.tools.mcp as upstream

from haystack_integrations.tools.mcp_oauth import StdioServerInfo
from tests.haystack.calling import call, tool_of
from tests.requirements import requirement

SERVER = """
import json, os, sys

TOOL = {"name": "add", "description": "Add.", "inputSchema": {"type": "object"}}
SAID = 'HTTP/1.1 401 Unauthorized WWW-Authenticate: Bearer resource_metadata="https://mcp.example.com/metadata"'

for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    version = message.get("params", {}).get("protocolVersion")
    results = {
        "initialize": {
            "protocolVersion": version,
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "stdio", "version": "1"},
        },
        "tools/list": {"tools": [TOOL]},
        "tools/call": {"content": [{"type": "text", "text": SAID + os.environ["MCP_API_KEY"]}], "isError": False},
    }
    answer = {"jsonrpc": "2.0", "id": message["id"], "result": results.get(message["method"], {})}
    print(json.dumps(answer), flush=True)
"""


@requirement("GEN-2")
def test_a_server_on_standard_input_and_output_gets_its_environment_and_no_login(open_toolset, person, store):
    info = StdioServerInfo(command=sys.executable, args=["-I", "-c", SERVER], env={"MCP_API_KEY": "key-of-its-own"})
    said = call(tool_of(open_toolset(info)))
    assert said.startswith("HTTP/1.1 401 Unauthorized")
    assert said.endswith("key-of-its-own")
    assert person.logins == 0
    assert not store.exists()


@requirement("GEN-2")
def test_the_server_info_of_such_a_server_is_upstreams_own():
    assert StdioServerInfo is upstream.StdioServerInfo
