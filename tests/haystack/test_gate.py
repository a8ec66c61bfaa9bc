# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The gate of one session: which requests get the token, and what is remembered of what they meet."""

import asyncio
from dataclasses import replace

import pytest

from haystack_integrations.tools.mcp_oauth._mcp_session.failures import OtherAccount, RequestRejected
from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate
from tests.fakes.world import a_session
from tests.haystack.one_server import TOKEN, OneServer, as_raised_by_the_sdk
from valetkey._adapters.failures import HttpError, NoAnswer, SessionEnded


@pytest.fixture
def gate():
    return Gate(OneServer())


def test_only_requests_to_the_server_get_the_token(gate):
    assert asyncio.run(gate.token_for("https://mcp.example.com/mcp")) is TOKEN
    assert asyncio.run(gate.token_for("https://mcp.example.com/messages?session_id=1")) is TOKEN
    assert asyncio.run(gate.token_for("https://elsewhere.example/mcp")) is None


@pytest.mark.parametrize("reason", [RequestRejected(TOKEN, ()), SessionEnded("gone"), NoAnswer("no"), HttpError("403")])
def test_who_made_a_call_finds_the_reason_behind_the_answer(gate, reason):
    error = {"code": -32010, "message": str(reason), "data": gate.tickets.issue(reason)}
    assert "the-token" not in repr(error)
    assert gate.failure_behind(as_raised_by_the_sdk({"error": error})) is reason


def test_two_sessions_do_not_find_each_others_reasons(gate):
    error = {"code": -32010, "message": "no", "data": Gate(OneServer()).tickets.issue(HttpError("403"))}
    raised = as_raised_by_the_sdk({"error": error})
    assert gate.failure_behind(raised) is raised


def test_a_rejection_nobody_waits_for_is_remembered(gate):
    rejected = RequestRejected(TOKEN, ())
    gate.learn(rejected)
    assert gate.rejected is rejected
    assert not gate.session_has_ended


def test_a_lost_session_is_remembered(gate):
    gate.learn(SessionEnded("gone"))
    assert gate.session_has_ended


LOGIN = a_session("of-another-login")
OTHERS = {
    "another login": replace(LOGIN, login="second"),
    "a login of an older program": LOGIN,
    "a logout": None,
}


def asked(gate):
    return asyncio.run(gate.token_for("https://mcp.example.com/mcp"))


@pytest.mark.parametrize("session", OTHERS.values(), ids=OTHERS)
def test_after_another_login_no_request_of_the_session_gets_a_token(session):
    engine = OneServer()
    gate = Gate(engine)
    assert asked(gate) is TOKEN
    assert not gate.is_of_another_login
    engine.session = session
    assert gate.is_of_another_login
    with pytest.raises(OtherAccount):
        asked(gate)
    assert gate.last_token is TOKEN


def test_a_renewed_token_is_of_the_same_login():
    engine = OneServer()
    gate = Gate(engine)
    asked(gate)
    engine.session = replace(LOGIN, login="first", renewed=True)
    assert asked(gate) is LOGIN.token
    assert not gate.is_of_another_login


def test_a_session_that_was_opened_without_a_token_becomes_that_of_the_first_login():
    engine = OneServer()
    engine.session = None
    gate = Gate(engine)
    assert asked(gate) is None
    engine.session = replace(LOGIN, login="first")
    assert asked(gate) is LOGIN.token
    engine.session = replace(LOGIN, login="second")
    with pytest.raises(OtherAccount):
        asked(gate)


def test_a_login_that_comes_while_the_token_is_fetched_does_not_lend_it_its_name():
    """Else the next request would go into the session with the other account's token."""

    class Changing(OneServer):
        changes = 1

        async def current_async(self):
            token = await super().current_async()
            if self.changes:
                self.changes -= 1
                self.session = replace(LOGIN, login="second")
            return token

    gate = Gate(Changing())
    assert asked(gate) is LOGIN.token
    assert gate.login == "second"
