# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The gate of one session: which requests get the token, and what is remembered of what they meet."""

import asyncio

import pytest

from haystack_integrations.tools.mcp_oauth._mcp_session.failures import RequestRejected
from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate
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
