# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server that rejects even the new token: the caller gets its answer, and the log says what it means."""

import logging

import pytest

from tests.adapters.server import Answer, McpServer
from tests.adapters.ways import WAYS

every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.library_name} {way.mode}")
CALL = {"json": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}}


@pytest.fixture
def server():
    with McpServer() as running:
        yield running


def rejecting(server, status, *challenges):
    fields = tuple(("WWW-Authenticate", challenge) for challenge in challenges)
    server.routes["/mcp"] = lambda seen: Answer(status, fields, b"no")


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@every_way
def test_one_warning_names_the_server_its_words_and_what_to_do(way, server, caplog):
    """Row F15."""
    rejecting(server, 401, 'Bearer error="invalid_token", error_description="wrong audience"')
    (response,) = way.send(way.auth(server), ("POST", f"{server.url}?key=private", CALL))
    assert (response.status_code, response.text) == (401, "no")
    (line,) = warnings(caplog)
    assert f"{server.url} rejects the new token too (401)" in line
    assert '"invalid_token" "wrong audience"' in line
    assert "Tell the server's operator" in line
    assert "private" not in line


@pytest.mark.parametrize(
    ("status", "challenges", "said"),
    [
        (401, [], "nothing about the reason"),
        (401, ["Bearer"], "nothing about the reason"),
        (401, ["Basic realm=x", "Negotiate"], '"basic" "negotiate"'),
        (401, ['Bearer error="caf\xe9"'], '"caf\\u00e9"'),
        (401, [f'Bearer error="{"x" * 999}"'], f'"{"x" * 200}..."'),
        (403, ['Bearer error="insufficient_scope", scope="admin"'], '"insufficient_scope" "admin". See whether'),
    ],
)
def test_what_the_server_says_is_quoted_and_capped(status, challenges, said, server, caplog):
    """Row F15."""
    rejecting(server, status, *challenges)
    (response,) = WAYS[0].send(WAYS[0].auth(server), ("POST", server.url, CALL))
    assert response.status_code == status
    (line,) = warnings(caplog)
    assert said in line


def test_a_token_that_the_server_repeats_is_not_logged(server, caplog):
    """Row F15."""

    def echoing(seen):
        return Answer(401, (("WWW-Authenticate", f'Bearer error_description="{seen.token} is no good"'),))

    server.routes["/mcp"] = echoing
    WAYS[0].send(WAYS[0].auth(server), ("POST", server.url, CALL))
    (line,) = warnings(caplog)
    assert "is no good" in line
    assert server.seen[-1].token not in caplog.text


def test_an_answer_that_is_no_rejection_is_not_logged(server, caplog):
    """Row F15."""
    server.routes["/mcp"] = lambda seen: Answer(403) if seen.token else server.rejects(seen)
    (response,) = WAYS[0].send(WAYS[0].auth(server), ("POST", server.url, CALL))
    assert response.status_code == 403
    assert warnings(caplog) == []
