# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The steps of one request, without a server: what is asked of the engine, and what is sent."""

import httpx2
import pytest

from valetkey._adapters.credential import NO_LOGIN
from valetkey._adapters.steps import CurrentToken, IsOutdated, OtherToken, steps_of
from valetkey._engine.acceptance import Acceptance
from valetkey._engine.legs import Legs
from valetkey.values import Secret, Token

URL = "https://mcp.example.com/mcp"
FIRST, SECOND = (Token(access_token=Secret(text), obtained_at=0.0) for text in ("first", "second"))


class Engine:
    """An engine of which the steps ask only what needs no I/O."""

    legs = Legs(URL)

    def __init__(self, *, is_known=False):
        self.acceptance = Acceptance(lambda: 0.0)
        self._is_known = is_known

    def is_known(self):
        return self._is_known

    def serves(self, url):
        return url.startswith("https://mcp.example.com/")


@pytest.fixture
def request_():
    return httpx2.Request("POST", URL, json={})


def answered(request, status):
    return httpx2.Response(status, request=request)


def test_a_request_is_sent_with_the_token_at_hand_and_its_response_ends_the_steps(request_):
    steps = steps_of(Engine(), request_)
    assert next(steps) == CurrentToken()
    assert steps.send(FIRST) is request_
    assert request_.headers["Authorization"] == "Bearer first"
    with pytest.raises(StopIteration):
        steps.send(answered(request_, 200))


def test_a_server_that_is_not_known_to_want_a_token_gets_the_request_without_one(request_):
    steps = steps_of(Engine(), request_)
    next(steps)
    assert steps.send(None) is request_
    assert "Authorization" not in request_.headers


def test_where_a_token_is_wanted_and_none_is_at_hand_it_is_obtained_first(request_):
    steps = steps_of(Engine(is_known=True), request_)
    next(steps)
    assert steps.send(None) == OtherToken(None)
    assert steps.send(FIRST) is request_


def test_a_rejected_token_is_replaced_once(request_):
    engine = Engine()
    steps = steps_of(engine, request_)
    next(steps)
    steps.send(FIRST)
    assert steps.send(answered(request_, 401)) == OtherToken(FIRST, ())
    assert steps.send(SECOND) is request_
    assert request_.headers["Authorization"] == "Bearer second"
    assert steps.send(answered(request_, 401)) == IsOutdated(SECOND)
    with pytest.raises(StopIteration):
        steps.send(False)
    assert engine.acceptance.was_rejected(SECOND)


def test_a_token_that_another_has_followed_meanwhile_is_replaced_again_and_not_called_rejected(request_):
    """But not for ever: a server may reject what it likes."""
    engine = Engine()
    steps = steps_of(engine, request_)
    next(steps)
    steps.send(FIRST)
    steps.send(answered(request_, 401))
    steps.send(SECOND)
    for _ in range(2):
        assert steps.send(answered(request_, 401)) == IsOutdated(SECOND)
        assert steps.send(True) == OtherToken(SECOND, ())
        assert not engine.acceptance.was_rejected(SECOND)
        assert steps.send(SECOND) is request_
    with pytest.raises(StopIteration):
        steps.send(answered(request_, 401))


def test_the_rejection_of_a_request_that_is_not_worth_a_login_says_nothing_of_the_token(request_, caplog):
    """The end of an MCP session, for one: its token may be an old one."""
    engine = Engine(is_known=True)
    request_.extensions[NO_LOGIN] = True
    steps = steps_of(engine, request_)
    next(steps)
    assert steps.send(FIRST) is request_
    with pytest.raises(StopIteration):
        steps.send(answered(request_, 401))
    assert not engine.acceptance.was_rejected(FIRST)
    assert caplog.records == []


def test_a_rejection_by_another_origin_after_a_redirect_is_the_callers(request_):
    steps = steps_of(Engine(), request_)
    next(steps)
    steps.send(FIRST)
    with pytest.raises(StopIteration):
        steps.send(answered(httpx2.Request("POST", "https://elsewhere.example/mcp"), 401))
