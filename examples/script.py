# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A script: an agent with the tools of a server that wants a login. The first run opens your browser, the next do not.

    OPENAI_API_KEY=… python script.py https://mcp.example.com/mcp "What is 20 + 22?"

Install: `pip install 'valetkey[haystack]'`.
"""

import sys

from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage

from haystack_integrations.tools.mcp_oauth import MCPToolset, StreamableHttpServerInfo

url, question = sys.argv[1:]
toolset = MCPToolset(StreamableHttpServerInfo(url=url))
agent = Agent(chat_generator=OpenAIChatGenerator(model="gpt-5-mini"), tools=toolset)
answer = agent.run([ChatMessage.from_user(question)])
print(answer["messages"][-1].text)
toolset.close()
