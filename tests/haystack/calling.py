# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Calling tools as Haystack calls them, and reading what came of it."""

import json
import time
from urllib.parse import urlsplit

from haystack_integrations.tools.mcp_oauth import MCPAuthorizationError
from tests.fakes.threads import LONGEST_WAIT

_POLL = 0.01


def tool_of(toolset, name="add"):
    """Connect the toolset and give one of its tools."""
    toolset.warm_up()
    return next(tool for tool in toolset.tools if tool.name == name)


def call(tool, **arguments):
    """Invoke a tool and give the text it answers."""
    return json.loads(tool.invoke(**arguments))["content"][0]["text"]


def sign_in_name(server):
    """Give the name of the tool that signs a user in to a server of a test."""
    return f"sign_in_to_127_0_0_1_{urlsplit(server.mcp_url).port}"


def authorization_error_behind(error):
    """Find the error of ours: Haystack's `Tool.invoke` and an eager `MCPTool` put it into one of theirs."""
    while not isinstance(error, MCPAuthorizationError):
        assert error.__cause__ is not None, f"no MCPAuthorizationError behind {error!r}"
        error = error.__cause__
    return error


def wait_until(condition, seconds=LONGEST_WAIT):
    """Look again and again until something is true; fail if it does not become true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(_POLL)


def requests_of(log):
    """Give a server's log as pairs of method and path, calls to the MCP endpoint included."""
    return [(entry["method"], entry["path"]) for entry in log]


def token_requests(log):
    """Give the grant types of the token requests."""
    return [entry["grant_type"] for entry in log if (entry["method"], entry["path"]) == ("POST", "/token")]
