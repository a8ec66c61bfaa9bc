# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A pipeline that names the user itself, by a field of the proxy in front: its server is a plain `hayhooks run`."""

from hayhooks import BasePipelineWrapper
from starlette.datastructures import Headers

from haystack_integrations.tools.mcp_oauth import MCPTool, as_user
from tests.hayhooks.served_app import answer_of, server_info


class PipelineWrapper(BasePipelineWrapper):
    def setup(self) -> None:
        self.tool = MCPTool("whoami", server_info(), eager_connect=False)

    def run_api(self, headers: Headers | None = None) -> dict:
        with as_user(headers["x-forwarded-user"]):
            return answer_of(self.tool)
