# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
An agent in a terminal that meets a login in the middle of a run: it stops, the user logs in, and it goes on.

    python examples/agents/login_in_mid_run.py https://mcp.example.com/mcp add '{"a": 1, "b": 2}'

The language model here only calls the tool that it is told, so that the program runs without a key; put a chat
generator of your own in its place. Nothing listens for the browser: the user hands over the address that it ends at.
"""

import json
import sys

from haystack import component
from haystack.components.agents import Agent
from haystack.dataclasses import ChatMessage, ToolCall

from haystack_integrations.tools.mcp_oauth import AuthorizationHook, MCPToolset, OAuthConfig, StreamableHttpServerInfo
from valetkey import AuthError, OAuth


@component
class Model:
    """Calls the tool once it is there, else whatever tool there is, and repeats the last result."""

    def __init__(self, name, arguments):
        self.wanted = ToolCall(name, arguments)

    @component.output_types(replies=list[ChatMessage])
    def run(self, messages: list[ChatMessage], tools: list):
        result = messages[-1].tool_call_result
        if result is not None:
            return {"replies": [ChatMessage.from_assistant(str(result.result))]}
        is_there = self.wanted.tool_name in [tool.name for tool in tools]
        call = self.wanted if is_there else ToolCall(tools[0].name, {})
        return {"replies": [ChatMessage.from_assistant(tool_calls=[call])]}


def log_in(login):
    """Have the user log in: a web app would show the link, and its callback would complete the login."""
    print(f"{login['server_url']} wants a login. Open this:\n{login['link']}", flush=True)
    address = input("The address that your browser has come to: ")
    try:
        OAuth(login["server_url"], principal=login["principal"], login="link").complete(address)
    except AuthError as error:  # no answer to this login, or the user has declined: the next run says what follows
        print(error)


def main(url, name, arguments):
    server = StreamableHttpServerInfo(url=url, oauth_config=OAuthConfig(login="link", principal="local"))
    agent = Agent(
        chat_generator=Model(name, json.loads(arguments)),
        tools=MCPToolset(server, on_unauthorized="sign_in_tool"),
        hooks={"after_tool": [AuthorizationHook()]},
    )
    messages = [ChatMessage.from_user("Call the tool.")]
    result = agent.run(messages)
    while result["exit_reason"] == "authorization_required":
        for login in result["authorization"]:
            if login["link"] is None:
                sys.exit(login["message"])
            log_in(login)
        result = agent.run(messages)
    print(f"\n{result['last_message'].text}")
    agent.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
