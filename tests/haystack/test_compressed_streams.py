# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server, or a gateway before it, may compress the stream of an SSE session though the client asked for no coding."""

import pytest
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import OAuthConfig, SSEServerInfo
from tests.adapters.tool_server import ToolServer
from tests.haystack.calling import call, tool_of


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "GZip", "deflate, gzip", ""])
def test_over_a_compressed_stream_calls_work_after_a_rejection(open_toolset, coding):
    """Row E2."""
    with ToolServer() as server:
        server.compresses = coding
        server.authorization.knows("machine", secret="s3cret")
        proof = {"client_secret": Secret.from_token("s3cret"), "issuer": server.authorization.issuer}
        config = OAuthConfig(client_id="machine", token_storage="memory:", **proof)
        add = tool_of(open_toolset(SSEServerInfo(url=server.sse_url, oauth_config=config)))
        assert call(add, a=1, b=2) == "3"
        for number in range(2):
            server.authorization.forget_access_tokens()
            assert call(add, a=number, b=2) == str(number + 2)
        assert server.authorization.grant_types() == ["client_credentials"] * 3
        assert server.sessions == 1
