# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a caller is told while the brake holds: the kind of error, what happened, how often, and what leads on."""

import pytest

from tests.fakes.authorization_server import ISSUER, MCP
from tests.fakes.world import World, a_session
from valetkey._engine.held_back import held_back
from valetkey._policy.brake import Act, Brake, Declined, Failure, Planned, rest_of
from valetkey.errors import (
    ClientRefused,
    LoginFailed,
    LoginRequired,
    MalformedDocument,
    Refused,
    ScopeMissing,
    TemporaryError,
    TokenRejected,
    TrustError,
    Unsupported,
)

NOW = 1_800_000_000.0
SESSION = a_session(scope=("read",))


def told(brake, act=Act.LOGIN, *, session=SESSION, scope=None, now=NOW):
    planned = Planned(act=act, now=now, asks_person=act is not Act.RENEWAL, scope=scope)
    return held_back(rest_of(brake, planned), brake, planned, World.settings(), session)


def spent(failure, **changes):
    facts = {"acts": 3, "since": NOW - 30, "at": NOW - 10, "rejections": 3, "words": "It said no.", "failure": failure}
    return Brake(**{**facts, **changes})


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (None, LoginRequired),
        (Failure.REJECTED, TokenRejected),
        (Failure.SCOPE, ScopeMissing),
        (Failure.DECLINED, LoginFailed),
        (Failure.UNANSWERED, LoginFailed),
        (Failure.NO_PERSON, LoginRequired),
        (Failure.REFUSED, Refused),
        (Failure.CLIENT_REFUSED, ClientRefused),
        (Failure.UNREADABLE, MalformedDocument),
        (Failure.UNAVAILABLE, TemporaryError),
        (Failure.UNSUPPORTED, Unsupported),
        (Failure.UNTRUSTED, TrustError),
    ],
)
def test_the_error_is_of_the_kind_that_the_caller_would_have_met(failure, kind):
    error = told(spent(failure, error="a_code"), Act.RENEWAL)
    assert type(error) is kind
    assert "in the last minute" in error.message or failure is Failure.SCOPE
    assert error.hint.endswith("The next try may be made in 50 s; login() or valetkey login makes one at once.")
    assert MCP in error.message
    if failure not in (None, Failure.REJECTED):
        assert "It said no." in error.message
    if hasattr(error, "error") and failure is not None:
        assert error.error == "a_code"


def test_every_failure_has_its_kind():
    assert all(told(spent(failure)) for failure in Failure)


def test_what_time_alone_helps_says_when():
    assert told(spent(Failure.UNAVAILABLE)).retry_after == 50


def test_tokens_that_were_all_rejected_are_counted_and_the_server_is_quoted():
    error = told(spent(Failure.REJECTED, words='"invalid_token"'))
    issued = f"3 tokens were issued by {ISSUER} in the last minute"
    assert error.message == f'{issued}, all rejected by {MCP}. It says: "invalid_token".'
    assert error.hint.startswith("Tell the server's operator to check the audience")
    assert told(spent(Failure.REJECTED, words="")).message == f"{issued}, all rejected by {MCP}."


def test_one_token_that_was_rejected_is_no_series():
    error = told(spent(Failure.REJECTED, acts=1, rejections=1, words=""))
    assert error.message == f"{MCP} rejects the token that {ISSUER} has just issued for it."
    assert (
        "the authorization server has just issued" in told(spent(Failure.REJECTED, rejections=1), session=None).message
    )


@pytest.mark.parametrize(("age", "words"), [(30, "minute"), (100, "100 s"), (600, "10 minutes"), (7200, "2 h")])
def test_how_long_it_goes_on_is_said_in_a_unit_that_fits(age, words):
    assert f"3 tries in the last {words}" in told(spent(Failure.REFUSED, since=NOW - age)).message


def test_scope_that_no_login_brings_is_named():
    error = told(spent(Failure.SCOPE), Act.STEP_UP, scope=("write",))
    assert type(error) is ScopeMissing
    assert (error.required, error.granted) == (("write",), ("read",))
    assert "The last login did not bring it." in error.message
    assert told(spent(Failure.SCOPE), Act.STEP_UP, scope=("write",), session=None).granted == ()


@pytest.mark.parametrize(("times", "often"), [(1, ""), (3, " 3 times in a row")])
def test_a_login_that_was_declined_says_so_and_when_it_is_asked_again(times, often):
    error = told(Brake(acts=1, at=NOW - 60, declined=(Declined(None, times, NOW - 60),)))
    assert type(error) is LoginFailed
    assert (error.error, error.description) == ("access_denied", None)
    assert error.message == f"The person has declined the login for {MCP}{often}, 60 s ago."
    said = told(spent(Failure.DECLINED, acts=1, declined=(Declined(None, times, NOW - 10),)))
    assert said.message == f"The person has declined the login for {MCP}{often}, 10 s ago. It said no."
    left = {1: "9 minutes", 3: "39 minutes"}[times]
    assert error.hint == f"The person may be asked again in {left}; login() or valetkey login asks at once."


@pytest.mark.parametrize("session", [SESSION, None])
@pytest.mark.parametrize(("times", "often"), [(1, ""), (2, ", 2 times in a row")])
def test_a_scope_that_was_declined_says_so(session, times, often):
    brake = Brake(declined=(Declined(("write",), times, NOW - 10),))
    error = told(brake, Act.STEP_UP, scope=("write",), session=session)
    assert type(error) is ScopeMissing
    assert error.message == f'{MCP} wants the scope "write", which was declined a short while ago{often}.'
    assert error.required == ("write",)


def test_where_a_login_was_declined_after_a_scope_that_is_what_is_said():
    brake = Brake(declined=(Declined(("write",), 1, NOW - 20), Declined(None, 1, NOW - 10)))
    assert type(told(brake, Act.STEP_UP, scope=("write",))) is LoginFailed
    assert type(told(Brake(declined=brake.declined[1:]), Act.STEP_UP, scope=("write",))) is LoginFailed
