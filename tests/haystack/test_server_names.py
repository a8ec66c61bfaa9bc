# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Who a server is, its address says: two of them never share a login, whatever they call themselves."""

from tests.haystack.calling import call, tool_of
from tests.haystack.misbehaving_server import MisbehavingServer
from tests.requirements import requirement


@requirement("SEC-17", "RES-10")
def test_two_servers_of_the_same_name_get_a_login_each(misbehaving, open_toolset, person):
    with MisbehavingServer() as other:
        for server in (misbehaving, other):
            assert call(tool_of(open_toolset(server.mcp_url)), a=1, b=2) == "3"
        for server in (misbehaving, other):
            (asked,) = server.requests("/authorize")
            assert asked.parameters["resource"] == server.mcp_url
            assert len(server.requests("/register")) == 1
    assert person.logins == 2
