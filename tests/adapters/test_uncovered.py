# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An address beside the MCP server that wants a token: the log says how it gets one, and that way leads on."""

import logging

import pytest

from tests.adapters.server import Answer, McpServer
from tests.adapters.ways import WAYS
from tests.requirements import requirement
from valetkey.settings import Settings

every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.library_name} {way.mode}")


@pytest.fixture
def server():
    with McpServer() as running:
        for path in ("/mcp", "/api"):
            running.routes[path] = lambda seen: Answer() if seen.token else running.rejects(seen)
        yield running


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@every_way
@requirement("USE-4")
def test_the_log_says_once_why_there_was_no_token_and_what_to_set(way, server, caplog):
    """Row I9."""
    url = f"{server.origin}/api"
    responses = way.send(way.auth(server), ("GET", server.url), ("GET", f"{url}?key=private"), ("GET", url))
    assert [response.status_code for response in responses] == [200, 401, 401]
    (line,) = warnings(caplog)
    assert line.startswith(f"{url} has answered 401. The request had no token, because the token is for {server.url}")
    assert f"give resource= (in Settings) a URL that covers both, as in {server.origin};" in line


@every_way
@requirement("USE-4")
def test_what_it_says_leads_on_from_the_first_request(way, server, caplog):
    """Row I9."""
    auth = way.auth(server, settings=Settings(resource=server.origin))
    responses = way.send(auth, ("GET", f"{server.origin}/api"), ("GET", server.url))
    assert [response.status_code for response in responses] == [200, 200]
    assert len(server.person.asked) == 1
    assert warnings(caplog) == []


@every_way
def test_what_is_not_ours_to_explain_is_not_told(way, server, caplog):
    """Row I9."""
    server.routes["/public"] = lambda _: Answer(404)
    with McpServer() as other:
        other.routes["/mcp"] = other.rejects
        with_credential = {"headers": {"Authorization": "Basic YTpi"}}
        server.routes["/own"] = server.rejects
        paths = [("GET", f"{server.origin}/own", with_credential), ("GET", f"{server.origin}/public")]
        way.send(way.auth(server), *paths, ("GET", other.url))
    assert warnings(caplog) == []


@every_way
def test_a_program_that_asks_for_many_addresses_is_told_of_the_first(way, server, caplog):
    """Row I9."""
    urls = [f"{server.origin}/api/{number}" for number in range(20)]
    for number in range(20):
        server.routes[f"/api/{number}"] = server.rejects
    way.send(way.auth(server), *[("GET", url) for url in urls])
    assert [line.split()[0] for line in warnings(caplog)] == urls[:16]
