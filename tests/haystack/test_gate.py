# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The gate of one session: which requests get the token, and how a call learns why it was not delivered."""

import asyncio

import pytest

from haystack_integrations.tools.mcp_oauth.failures import HttpError, NoAnswer, RequestRejected, SessionEnded
from haystack_integrations.tools.mcp_oauth.gate import Gate
from tests.haystack.one_server import TOKEN, OneServer, as_raised_by_the_sdk

CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {}}


@pytest.fixture
def gate():
    return Gate(OneServer())


def test_only_requests_to_the_server_get_the_token(gate):
    assert asyncio.run(gate.token_for("https://mcp.example.com/mcp")) is TOKEN
    assert asyncio.run(gate.token_for("https://mcp.example.com/messages?session_id=1")) is TOKEN
    assert asyncio.run(gate.token_for("https://elsewhere.example/mcp")) is None


@pytest.mark.parametrize("reason", [RequestRejected(TOKEN, ()), SessionEnded("gone"), NoAnswer("no"), HttpError("403")])
def test_who_made_a_call_finds_the_reason_behind_the_answer(gate, reason):
    answer = gate.answer(CALL, reason)
    assert (answer["jsonrpc"], answer["id"]) == ("2.0", 7)
    assert gate.failure_behind(as_raised_by_the_sdk(answer)) is reason


def test_two_calls_find_each_its_own_reason(gate):
    reasons = [HttpError("first"), HttpError("second")]
    answers = [gate.answer({**CALL, "id": number}, reason) for number, reason in enumerate(reasons)]
    found = [gate.failure_behind(as_raised_by_the_sdk(answer)) for answer in reversed(answers)]
    assert found == list(reversed(reasons))


def test_a_reason_is_given_once(gate):
    error = as_raised_by_the_sdk(gate.answer(CALL, HttpError("403")))
    assert gate.failure_behind(error) is not error
    assert gate.failure_behind(error) is error


@pytest.mark.parametrize("data", [None, "text", {}, {"valetkey": 1}, {"valetkey": "guessed"}, {"valetkey": None}])
def test_an_error_of_the_server_is_what_it_is(gate, data):
    gate.answer(CALL, HttpError("403"))
    error = as_raised_by_the_sdk({"error": {"code": -32000, "message": "of the server", "data": data}})
    assert gate.failure_behind(error) is error


def test_an_error_of_python_is_what_it_is(gate):
    error = ValueError("of Python")
    assert gate.failure_behind(error) is error


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 1, "result": {}},
    ],
    ids=["a notification", "an answer"],
)
def test_what_expects_no_answer_gets_none(gate, message):
    assert gate.answer(message, HttpError("403")) is None


def test_a_rejection_nobody_waits_for_is_remembered(gate):
    rejected = RequestRejected(TOKEN, ())
    gate.answer({"jsonrpc": "2.0", "method": "notifications/initialized"}, rejected)
    assert gate.rejected is rejected
    assert not gate.session_has_ended


def test_a_lost_session_is_remembered(gate):
    gate.answer(CALL, SessionEnded("gone"))
    assert gate.session_has_ended


def test_an_answer_shows_no_token(gate):
    assert "the-token" not in repr(gate.answer(CALL, RequestRejected(TOKEN, ())))


def test_reasons_nobody_asks_for_do_not_pile_up(gate):
    first = gate.answer(CALL, HttpError("first"))
    for number in range(2000):
        gate.answer(CALL, HttpError(str(number)))
    error = as_raised_by_the_sdk(first)
    assert gate.failure_behind(error) is error
    assert len(gate._failures) <= 1024
