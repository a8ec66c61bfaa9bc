# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server that rejects even the new token: the caller gets its answer, and the log says what it means."""

import logging

import pytest

from tests.adapters.server import Answer, McpServer
from tests.adapters.ways import WAYS
from valetkey.store import ANY
from valetkey.store.backends.memory import MemoryStore

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


class Meanwhile:
    """An MCP server at which something happens just when a request with a new token arrives, before it is judged."""

    def __init__(self, server, *happens):
        self.server = server
        self.happens = list(happens)
        self.tokens = []
        server.routes["/mcp"] = self.answer

    def answer(self, seen):
        ping = b'"ping"' in seen.body  # of the login by name, which is what happens
        if not ping:
            self.tokens.append(seen.token)
        if not ping and len(self.tokens) > 1 and self.happens:
            self.happens.pop(0)()
        return Answer() if self.server.authorization.accepts(seen.token or "") else self.server.rejects(seen)


def another_account(auth, server):
    """A person logs out and in again, here or in another program that has the same store."""
    auth.logout()
    server.authorization.forget_access_tokens()
    server.authorization.forget_refresh_tokens()
    auth.login()


def a_renewal(auth, server):
    server.authorization.forget_access_tokens()
    auth.login()


@every_way
@pytest.mark.parametrize("change", [another_account, a_renewal])
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("is_elsewhere", [False, True], ids=["here", "in another program"])
def test_a_call_whose_token_was_replaced_meanwhile_is_sent_with_the_one_in_its_place(
    way, change, times, is_elsewhere, server, caplog
):
    store = MemoryStore()
    auth = way.auth(server, store=store)
    other = way.auth(server, store=Unknown(store)) if is_elsewhere else auth
    meanwhile = Meanwhile(server, *[lambda: change(other, server)] * times)
    (response,) = way.send(auth, ("POST", server.url, CALL))
    assert response.status_code == 200
    assert len(set(meanwhile.tokens)) == len(meanwhile.tokens) == 2 + times
    assert warnings(caplog) == []


@every_way
def test_a_token_that_is_always_replaced_meanwhile_is_not_tried_for_ever(way, server):
    auth = way.auth(server)
    meanwhile = Meanwhile(server, *[lambda: another_account(auth, server)] * 20)
    (response,) = way.send(auth, ("POST", server.url, CALL))
    assert response.status_code == 401
    assert len(meanwhile.tokens) == 4


@every_way
def test_a_token_whose_session_was_logged_out_meanwhile_is_not_called_rejected(way, server, caplog):
    """The request was answered as the logout wanted it, and a login is what leads on."""
    auth = way.auth(server)

    def log_out():
        auth.logout()
        server.authorization.forget_access_tokens()

    meanwhile = Meanwhile(server, log_out)
    (response,) = way.send(auth, ("POST", server.url, CALL))
    assert response.status_code == 200
    assert (len(meanwhile.tokens), len(server.person.asked)) == (3, 2)
    assert warnings(caplog) == []


class Unknown(MemoryStore):
    """The store of another program: what it does there, no engine of this one is told of."""

    def __init__(self, inner):
        super().__init__()
        self._inner = inner

    def get(self, key):
        return self._inner.get(key)

    def put(self, key, value, *, if_version):
        return self._inner.put(key, value, if_version=if_version)

    def delete(self, key, *, if_version=ANY):
        return self._inner.delete(key, if_version=if_version)

    def lease(self, name, *, seconds):
        return self._inner.lease(name, seconds=seconds)
