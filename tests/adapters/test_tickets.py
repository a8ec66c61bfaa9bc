# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""From an error that an MCP client raises back to what kept it from the server."""

import pytest

from tests.adapters.raised import as_raised_by_the_sdk
from valetkey._adapters.failures import HttpError
from valetkey._adapters.tickets import Tickets, auth_error_behind, of_all_clients
from valetkey.errors import LoginRequired, TemporaryError


@pytest.fixture
def tickets():
    return Tickets()


def raised(tickets, failure):
    """What the SDK's session raises over an answer with the ticket of a failure."""
    return as_raised_by_the_sdk({"error": {"code": -32010, "message": "no", "data": tickets.issue(failure)}})


def test_two_calls_find_each_its_own_reason(tickets):
    reasons = [HttpError("first"), HttpError("second")]
    errors = [raised(tickets, reason) for reason in reasons]
    assert [tickets.find(error) for error in reversed(errors)] == list(reversed(reasons))
    assert [tickets.take(error) for error in reversed(errors)] == list(reversed(reasons))


def test_a_reason_that_is_taken_is_given_once(tickets):
    error = raised(tickets, HttpError("403"))
    assert tickets.take(error) is not error
    assert tickets.take(error) is error


@pytest.mark.parametrize("data", [None, "text", {}, {"valetkey": 1}, {"valetkey": "guessed"}, {"valetkey": None}])
def test_an_error_of_the_server_is_what_it_is(tickets, data):
    tickets.issue(HttpError("403"))
    error = as_raised_by_the_sdk({"error": {"code": -32000, "message": "of the server", "data": data}})
    assert tickets.take(error) is error
    assert tickets.find(error) is None


def test_an_error_of_python_is_what_it_is(tickets):
    error = ValueError("of Python")
    assert tickets.take(error) is error


def test_reasons_nobody_asks_for_do_not_pile_up(tickets):
    first = raised(tickets, HttpError("first"))
    for number in range(2000):
        tickets.issue(HttpError(str(number)))
    assert tickets.take(first) is first
    assert len(tickets) <= 1024


LOGIN = LoginRequired("https://mcp.example.com/mcp waits for you.", hint="Log in.")
LATER = TemporaryError("The server cannot be reached.", hint="Try again.")


def caused(error, cause):
    error.__cause__ = cause
    return error


def met_while(error, context):
    error.__context__ = context
    return error


@pytest.mark.parametrize(
    "error",
    [
        LOGIN,
        ExceptionGroup("of a task group", [ValueError("other"), LOGIN]),
        ExceptionGroup("outer", [ExceptionGroup("inner", [LOGIN])]),
        caused(RuntimeError("Client failed to connect"), ExceptionGroup("of a task group", [LOGIN])),
        met_while(RuntimeError("meanwhile"), LOGIN),
        raised(of_all_clients, LOGIN),
        caused(RuntimeError("of a framework"), raised(of_all_clients, LOGIN)),
        caused(RuntimeError("first"), LOGIN),
    ],
    ids=lambda error: repr(error)[:60],
)
def test_the_error_behind_an_error_is_found_however_it_is_wrapped(error):
    """Row E4."""
    assert auth_error_behind(error) is LOGIN
    assert auth_error_behind(error) is LOGIN


def test_the_nearest_one_counts():
    assert auth_error_behind(caused(LATER.with_hint("Try again."), LOGIN)).hint == "Try again."


def hidden():
    error = met_while(RuntimeError("from None"), LOGIN)
    error.__suppress_context__ = True
    return error


def circle():
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first
    return first


@pytest.mark.parametrize(
    "error", [ValueError("of Python"), hidden(), circle(), raised(of_all_clients, HttpError("500"))], ids=repr
)
def test_an_error_that_no_login_is_at_fault_for_has_none_behind_it(error):
    assert auth_error_behind(error) is None
