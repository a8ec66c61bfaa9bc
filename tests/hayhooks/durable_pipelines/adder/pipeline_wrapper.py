# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A durable agent that calls a tool of the MCP server, and beside it one that writes a line into a file."""

import os
from pathlib import Path

from fastapi import Request
from hayhooks import BasePipelineWrapper
from hayhooks.durable import DurableContext
from haystack import component
from haystack.components.agents import Agent
from haystack.dataclasses import ChatMessage, ToolCall
from haystack.tools import Tool
from pydantic import BaseModel

from haystack_integrations.tools.mcp_oauth import AuthorizationHook, MCPToolset, as_user
from tests.hayhooks.served_app import SESSIONS, server_info

NOTES = Path(os.environ["NOTES"])


@component
class Caller:
    """A language model that calls those tools of its question that there are, and those that have failed once more."""

    @component.output_types(replies=list[ChatMessage])
    def run(self, messages: list[ChatMessage], tools: list):
        results = [message.tool_call_result for message in messages if message.tool_call_results]
        latest = {each.origin.tool_name: each for each in results}.values()
        failed = [each.origin for each in latest if each.error]
        if latest and not failed:
            return {"replies": [ChatMessage.from_assistant("; ".join(str(each.result) for each in latest))]}
        names = [name for name in messages[0].text.split() if name in {tool.name for tool in tools}]
        asked = [ToolCall(name, {"a": 1, "b": 2} if name == "add" else {}) for name in names]
        return {"replies": [ChatMessage.from_assistant(tool_calls=failed or asked)]}


class Question(BaseModel):
    tools: str


def note() -> str:
    with NOTES.open("a") as file:
        file.write("noted\n")
    return "noted"


class PipelineWrapper(BasePipelineWrapper):
    durable_revision = "1"

    def setup(self) -> None:
        toolset = MCPToolset(server_info(), on_unauthorized="sign_in_tool")
        note_tool = Tool("note", "Takes a note.", {"type": "object", "properties": {}}, note)
        hooks = {"after_tool": [AuthorizationHook("suspend")]}
        self.pipeline = Agent(chat_generator=Caller(), tools=[toolset, note_tool], hooks=hooks)

    def durable_owner_id(self, request: Request) -> str:
        return SESSIONS[request.cookies["session"]]

    def run_durable(self, context: DurableContext, request: Question) -> dict:
        with as_user(context.owner_id):
            result = context.run_agent(messages=[ChatMessage.from_user(request.tools)])
        return {"text": result["last_message"].text, "exit_reason": result["exit_reason"]}
