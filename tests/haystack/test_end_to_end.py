# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""With nothing but the URL: real servers, real HTTP, a person who logs in once."""

import json

import pytest

from tests.haystack.calling import call, tool_of
from tests.haystack.shared_servers import KINDS, server_info
from tests.requirements import requirement

AUTHORIZATION_SERVERS = ["own", "remote"]


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(params=AUTHORIZATION_SERVERS)
def server(request, servers, kind):
    return getattr(servers, request.param)(kind)


@requirement("GEN-1", "GEN-3", "DCR-1")
@pytest.mark.parametrize("eager", [False, True], ids=["lazy", "eager"])
def test_a_toolset_logs_in_with_nothing_but_the_url(server, kind, eager, open_toolset, person):
    toolset = open_toolset(server_info(server.mcp_url, kind), eager_connect=eager)
    assert person.logins == (1 if eager else 0)
    assert call(tool_of(toolset), a=1, b=2) == "3"
    assert json.loads(call(tool_of(toolset, "whoami")))["scopes"] == ["mcp"]
    assert person.logins == 1


@pytest.mark.parametrize("eager", [False, True], ids=["lazy", "eager"])
def test_a_single_tool_logs_in_with_nothing_but_the_url(server, kind, eager, open_tool, person):
    tool = open_tool(server_info(server.mcp_url, kind), eager_connect=eager)
    assert person.logins == (1 if eager else 0)
    assert call(tool, a=1, b=2) == "3"
    assert person.logins == 1
