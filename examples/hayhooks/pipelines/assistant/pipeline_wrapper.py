# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An agent with the tools of the user who asks; a user without a session gets the link to log in."""

from hayhooks import BasePipelineWrapper
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from my_app import server_info

from haystack_integrations.tools.mcp_oauth import AuthorizationHook, MCPToolset


class PipelineWrapper(BasePipelineWrapper):
    def setup(self) -> None:
        self.pipeline = Agent(
            chat_generator=OpenAIChatGenerator(model="gpt-5-mini"),
            tools=MCPToolset(server_info(), on_unauthorized="sign_in_tool"),
            hooks={"after_tool": [AuthorizationHook()]},
        )

    def run_api(self, question: str) -> dict:
        result = self.pipeline.run([ChatMessage.from_user(question)])
        if result["exit_reason"] == "authorization_required":
            return {"log_in_first": [login["link"] or login["message"] for login in result["authorization"]]}
        return {"answer": result["last_message"].text}

    def run_chat_completion(self, model: str, messages: list[dict], body: dict) -> str:  # noqa: ARG002
        result = self.run_api(messages[-1]["content"])
        return result.get("answer") or "Log in first, then ask again: " + " ".join(result["log_in_first"])
