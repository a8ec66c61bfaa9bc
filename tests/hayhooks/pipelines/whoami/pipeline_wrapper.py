# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A pipeline that says to which account of the MCP server the user of the request is logged in."""

import json
import os
from collections.abc import Generator

from hayhooks import BasePipelineWrapper

from haystack_integrations.tools.mcp_oauth import MCPTool
from tests.hayhooks.served_app import answer_of, server_info


class PipelineWrapper(BasePipelineWrapper):
    def setup(self) -> None:
        self.tool = MCPTool("whoami", server_info(), eager_connect=False)

    def run_api(self) -> dict:
        return {**answer_of(self.tool), "worker": os.getpid()}

    def run_chat_completion(self, model: str, messages: list, body: dict) -> Generator:
        for _ in range(3):
            yield json.dumps(answer_of(self.tool)) + "\n"
