# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""More scope: one login for everybody who misses some, who may forbid it, and who is not asked again."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.authorization_server import ISSUER, MCP
from tests.fakes.network import challenges
from tests.fakes.threads import LONGEST_WAIT, in_background, until
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._engine.step_up import not_brought
from valetkey._policy.brake import DECLINED_SECONDS
from valetkey.errors import LoginFailed, ScopeMissing
from valetkey.settings.credentials import ScopeRequest
from valetkey.values import Secret


def wants(scope):
    return challenges(f'Bearer error="insufficient_scope", scope="{scope}"')


def asked_scopes(world):
    return [parse_qs(urlsplit(each.authorization_url).query)["scope"][0] for each in world.person.asked]


@pytest.fixture
def world():
    """A person has logged in for reading; the token is good."""
    world = World(publishes_scopes=("read",), token_life=None)
    world.engine().replace(None)
    world.forget_what_happened()
    return world


@requirement("STP-10", "STP-3")
def test_calls_that_miss_different_scopes_at_the_same_moment_lead_to_one_login_for_all_of_them(world):
    second = []

    def come_meanwhile(seconds):
        """Be rejected too, in the pause before the person is asked."""
        if not second:
            second.append(in_background(lambda: engine.replace(token, wants("share"))))
            until(lambda: "share" in engine.missing_scope())
        world.clock.pause(seconds)

    engine = world.engine(seams=world.seams(pause=come_meanwhile))
    token = engine.current()
    mine = engine.replace(token, wants("write"))
    theirs = second[0].result(LONGEST_WAIT)
    assert asked_scopes(world) == ["read write share"]
    assert (mine, mine.scope) == (theirs, ("read", "write", "share"))


@requirement("STP-6", "STP-7", "STP-8")
def test_a_declined_scope_is_not_asked_for_again_for_a_while_and_the_old_token_stays(world):
    engine = world.engine()
    token = engine.current()
    world.person.denies = True
    with pytest.raises(LoginFailed):
        engine.replace(token, wants("write"))
    with pytest.raises(ScopeMissing, match="declined a short while ago") as caught:
        engine.replace(token, wants("write"))
    assert caught.value.required == ("write",)
    assert len(world.person.asked) == 1
    assert engine.current() == token


@requirement("STP-6")
def test_another_scope_may_be_asked_for_meanwhile_and_the_same_one_later(world):
    engine = world.engine()
    token = engine.current()
    world.person.denies = True
    with pytest.raises(LoginFailed):
        engine.replace(token, wants("write"))
    world.person.denies = False
    token = engine.replace(token, wants("share"))
    world.clock.time += DECLINED_SECONDS
    assert engine.replace(token, wants("write")).scope == ("read", "share", "write")


def test_a_login_that_was_only_too_slow_is_no_answer(world):
    engine = world.engine()
    token = engine.current()

    def too_slow(callback):
        message = "Nobody came."
        raise LoginFailed(message, hint="Again.")

    world.person.brings = too_slow
    with pytest.raises(LoginFailed):
        engine.replace(token, wants("write"))
    world.person.brings = lambda callback: callback
    assert engine.replace(token, wants("write")).scope == ("read", "write")


@requirement("AUT-18", "SCP-7")
def test_the_user_sees_what_would_be_asked_for_and_may_forbid_it(world):
    seen = []

    def forbid(request):
        seen.append(request)
        return False

    engine = world.engine(approve_scope=forbid)
    for _ in range(2):
        with pytest.raises(ScopeMissing):
            engine.replace(engine.current(), wants("write"))
    assert seen == [ScopeRequest(MCP, ISSUER, ("write",), ("read",), ("read", "write"))]
    assert world.person.asked == []


@requirement("AUT-18")
def test_what_the_user_allows_is_asked_for(world):
    engine = world.engine(approve_scope=lambda request: request.required == ("write",))
    assert engine.replace(engine.current(), wants("write")).scope == ("read", "write")


@requirement("SCP-6", "SCP-4")
def test_a_new_login_with_a_challenged_scope_keeps_what_was_granted_before(world):
    world.server.forget_refresh_tokens()
    world.clock.time += 3600
    engine = world.engine()
    engine.replace(engine.current(), challenges('Bearer error="invalid_token", scope="write"'))
    assert asked_scopes(world) == ["read write"]


@requirement("SCP-10")
def test_offline_access_comes_together_with_a_question_for_consent(world):
    world.server.lists_scopes = ("read", "offline_access")
    engine = world.engine(label="another")
    engine.replace(None)
    query = parse_qs(urlsplit(world.person.asked[0].authorization_url).query)
    assert (query["scope"], query["prompt"]) == (["read offline_access"], ["consent"])


@requirement("SCP-8", "SCP-10")
def test_who_wants_no_offline_access_is_asked_neither_for_it_nor_for_consent(world):
    world.server.lists_scopes = ("read", "offline_access")
    world.engine(label="another", offline_access=False).replace(None)
    query = parse_qs(urlsplit(world.person.asked[0].authorization_url).query)
    assert query["scope"] == ["read"]
    assert "prompt" not in query


def test_a_server_that_refuses_the_offline_access_it_lists_is_asked_once_without_it(world):
    world.server.lists_scopes = ("read", "offline_access")

    def refuse_it(url, *, allows=True):
        refuses = "offline_access" in url
        world.server.declines_with = "invalid_scope" if refuses else None
        return world.server.visit(url, allows=allows)

    world.person.visits = refuse_it
    world.engine(label="another").replace(None)
    assert asked_scopes(world) == ["read offline_access", "read"]


@requirement("CC-5")
def test_a_machine_never_asks_for_offline_access():
    world = World(publishes_scopes=("read",), lists_scopes=("read", "offline_access"))
    world.server.knows("machine", secret="s3cret")
    world.engine(client_id="machine", client_secret=Secret("s3cret"), issuer=ISSUER).replace(None)
    assert [form["scope"] for form in world.server.token_forms()] == ["read"]


@pytest.mark.parametrize(("wanted", "words"), [(("write",), 'the scope "write"'), ((), "more scope, but does not say")])
def test_a_login_that_has_not_brought_the_scope_is_told_with_what_it_brought(wanted, words):
    error = not_brought(MCP, wanted, ("read",))
    assert words in error.message
    assert (error.required, error.granted) == (wanted, ("read",))
