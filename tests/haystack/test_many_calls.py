# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""However many calls find the token at its end, one request brings the next."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from haystack_integrations.tools.mcp_oauth import StreamableHttpServerInfo
from tests.haystack.calling import call, token_requests, tool_of
from tests.haystack.misbehaving_server import TOKEN_PATH
from tests.haystack.shared_servers import KINDS, server_info
from tests.haystack.stored import wait_until_expired
from tests.requirements import requirement

CALLS = 50


def call_all_at_once(tool):
    with ThreadPoolExecutor(CALLS) as threads:
        return list(threads.map(lambda number: call(tool, a=number, b=1), range(CALLS)))


RIGHT_ANSWERS = [str(number + 1) for number in range(CALLS)]


@requirement("REF-7")
def test_fifty_calls_with_an_expired_token_make_one_token_request(misbehaving, open_toolset, person, store):
    misbehaving.switches.lifetime = 1
    add = tool_of(open_toolset(misbehaving.mcp_url))
    misbehaving.switches.lifetime = 3600
    wait_until_expired(store)
    assert call_all_at_once(add) == RIGHT_ANSWERS
    assert [one.parameters["grant_type"] for one in misbehaving.requests(TOKEN_PATH)] == [
        "authorization_code",
        "refresh_token",
    ]
    assert {one.status for one in misbehaving.requests(message="tools/call")} == {200}
    assert person.logins == 1


@requirement("REF-7")
@pytest.mark.parametrize("kind", KINDS)
def test_fifty_calls_with_a_revoked_token_make_one_token_request(servers, kind, open_toolset, person):
    server = servers.own(kind)
    add = tool_of(open_toolset(server_info(server.mcp_url, kind)))
    server.post("/control/revoke-all")
    server.reset_log()
    assert call_all_at_once(add) == RIGHT_ANSWERS
    assert token_requests(server.log()) == ["refresh_token"]
    assert person.logins == 1


def test_fifty_calls_after_the_end_of_the_grant_ask_the_person_once(misbehaving, open_toolset, person):
    add = tool_of(open_toolset(StreamableHttpServerInfo(url=misbehaving.mcp_url)))
    misbehaving.revoke_everything()
    assert call_all_at_once(add) == RIGHT_ANSWERS
    assert misbehaving.executed == CALLS
    assert person.logins == 2
