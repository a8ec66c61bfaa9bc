# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The durable agent of `adder`, run by a coroutine."""

from fastapi import Request
from hayhooks import BasePipelineWrapper
from hayhooks.durable import DurableContext
from haystack.dataclasses import ChatMessage

from haystack_integrations.tools.mcp_oauth import as_user
from tests.hayhooks.durable_pipelines.adder import pipeline_wrapper as adder
from tests.hayhooks.served_app import SESSIONS


class PipelineWrapper(BasePipelineWrapper):
    durable_revision = "1"

    def setup(self) -> None:
        adder.PipelineWrapper.setup(self)

    def durable_owner_id(self, request: Request) -> str:
        return SESSIONS[request.cookies["session"]]

    async def run_durable_async(self, context: DurableContext, request: adder.Question) -> dict:
        with as_user(context.owner_id):
            result = await context.run_agent_async(messages=[ChatMessage.from_user(request.tools)])
        return {"text": result["last_message"].text, "exit_reason": result["exit_reason"]}
