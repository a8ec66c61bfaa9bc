# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What happens in the life of a session is told: logins, renewals, refusals, step-ups, what is held back, the end."""

import threading

import pytest

from tests.fakes.authorization_server import ISSUER, TOKEN
from tests.fakes.network import challenges, no_answer
from tests.fakes.world import World
from valetkey._engine.decision import TokenNeed
from valetkey.errors import AuthError, LoginFailed, LoginRequired, ScopeMissing, TemporaryError
from valetkey.events import flush
from valetkey.login.link import LinkLogin

WANTS_WRITE = challenges('Bearer error="insufficient_scope", scope="write"')


class Life:
    """A world in which everything is heard."""

    def __init__(self, **switches):
        self.world = World(**switches)
        self.events = []

    def engine(self, **settings):
        return self.world.engine(on_event=self.events.append, **settings)

    def heard(self, *kinds):
        """Give what was heard since the last look, of some kinds."""
        assert flush()
        heard, self.events[:] = list(self.events), []
        return [event for event in heard if type(event).__name__ in kinds]


LOGIN = ("LoginStarted", "PersonAsked", "SessionSaved", "LoginEnded")


def test_a_login():
    life = Life()
    engine = life.engine()
    engine.replace(None)
    started, asked, saved, ended = life.heard(*LOGIN)
    assert (started.grant, started.reason) == ("authorization_code", "no session yet")
    assert (asked.issuer, asked.method) == (ISSUER, "browser")
    assert asked.ends_at > life.world.clock.now()
    assert saved.issuer == ISSUER
    assert saved.client_id.startswith("client-1")  # the rest reads like the secrets of this server
    assert (saved.expires_at, saved.renewable) == (engine.session.token.expires_at, True)
    assert (ended.outcome, ended.issuer, ended.error) == ("logged in", ISSUER, None)


def test_a_login_that_is_declined():
    life = Life()
    life.world.person.denies = True
    with pytest.raises(LoginFailed):
        life.engine().replace(None)
    (ended,) = life.heard("LoginEnded")
    assert (ended.outcome, ended.error) == ("failed", "LoginFailed")
    assert "access_denied" in ended.message


def test_a_login_with_a_link_waits_and_is_completed():
    life = Life()
    engine = life.world.engine(
        on_event=life.events.append,
        seams=life.world.seams(login=LinkLogin()),
        public_url="https://bot.example.com",
    )
    life.world.server.knows("mine", "https://bot.example.com/mcp-oauth/callback")
    pending = engine.begin()
    started, ended = life.heard(*LOGIN)
    assert (started.reason, ended.outcome, ended.error) == ("no session yet", "waits", "LoginRequired")
    engine.complete(life.world.server.visit(pending.authorization_url))
    started, _, ended = life.heard(*LOGIN)
    assert (started.reason, ended.outcome) == ("the answer of a login has come", "logged in")


@pytest.mark.parametrize("by_name", [True, False])
def test_a_renewal(by_name):
    life = Life(token_life=100)
    engine = life.engine()
    engine.replace(None)
    life.world.clock.time += 1000
    life.heard()
    _ = engine.login() if by_name else engine.replace(None)
    (renewed,) = life.heard("SessionRenewed", "RenewalFailed", "LoginStarted")
    assert (renewed.issuer, renewed.early) == (ISSUER, False)


def test_a_renewal_ahead_of_time():
    life = Life(token_life=100)
    engine = life.engine()
    engine.replace(None)
    life.heard()
    life.world.clock.time += 99
    token = engine.current()
    engine.replace(token)
    assert [event.early for event in life.heard("SessionRenewed")] == [True]


@pytest.mark.parametrize(
    ("trouble", "refused", "next_steps"),
    [
        ([503], False, ["tell the caller"]),
        ([no_answer()] * 2, False, ["once more, with a new lease", "tell the caller"]),
        ([(400, "application/json", '{"error": "invalid_grant"}')], True, ["log in"]),
        ([(401, "application/json", '{"error": "invalid_client"}')], True, ["forget the client, log in"]),
    ],
    ids=["later", "no answer", "ended", "forgotten client"],
)
def test_a_renewal_that_comes_to_nothing(trouble, refused, next_steps):
    life = Life(token_life=100)
    engine = life.engine()
    engine.replace(None)
    life.world.clock.time += 1000
    life.world.server.has(TOKEN, *trouble)
    life.heard()
    try:
        engine.replace(None)
    except AuthError as error:
        assert isinstance(error, TemporaryError) != refused
    failed = life.heard("RenewalFailed")
    assert [(each.refused, each.early) for each in failed] == [(refused, False)] * len(next_steps)
    assert [each.next_step for each in failed] == next_steps
    assert all(each.error and each.message for each in failed)


def test_a_session_that_its_server_has_ended():
    life = Life(token_life=100)
    engine = life.engine()
    engine.replace(None)
    life.world.clock.time += 1000
    life.world.server.has(TOKEN, (400, "application/json", '{"error": "invalid_grant"}'))
    life.heard()
    engine.replace(None)
    (ended,) = life.heard("SessionEnded")
    assert ended.issuer == ISSUER
    assert "invalid_grant" in ended.message


def test_more_scope():
    life = Life(publishes_scopes=("read",), token_life=None)
    engine = life.engine()
    token = engine.replace(None)
    life.heard()
    engine.replace(token, WANTS_WRITE)
    wanted, ended = life.heard("StepUpWanted", "LoginEnded")
    assert (wanted.scope, ended.outcome) == (("write",), "logged in")


def test_more_scope_than_the_user_allows_is_held_back():
    life = Life(token_life=None)
    engine = life.engine(scope="read")
    token = engine.replace(None)
    life.heard()
    with pytest.raises(ScopeMissing):
        engine.replace(token, WANTS_WRITE)
    wanted, held = life.heard("StepUpWanted", "HeldBack", "LoginStarted")
    assert wanted.scope == ("write",)
    assert "write" in held.message


def test_what_the_brake_holds():
    life = Life()
    life.world.person.denies = True
    engine = life.engine()
    for _ in range(2):
        with pytest.raises(LoginRequired):
            engine.replace(None)
    (held,) = life.heard("HeldBack")
    assert "declined" in held.message


def test_a_renewal_ahead_of_time_that_would_need_a_person_is_no_news():
    life = Life(token_life=100, issues_refresh_tokens=False)
    engine = life.engine()
    token = engine.replace(None)
    life.heard()
    life.world.clock.time += 99
    assert engine.current() == token
    with pytest.raises(TemporaryError):
        engine._attempts.obtain(TokenNeed(rejected=token.access_token.reveal(), early=True), threading.Event())
    assert life.heard("HeldBack", "LoginStarted") == []


@pytest.mark.parametrize("existed", [True, False])
def test_a_logout(existed):
    life = Life()
    engine = life.engine()
    if existed:
        engine.replace(None)
    engine.logout()
    (ended,) = life.heard("LoggedOut")
    assert ended.existed == existed
    assert (ended.problem is None) == (ended.revoked or not existed)


def test_no_event_of_a_life_has_a_secret_in_it():
    life = Life(token_life=100, publishes_scopes=("read",))
    engine = life.engine()
    token = engine.replace(None)
    engine.replace(token, WANTS_WRITE)
    life.world.clock.time += 1000
    engine.replace(None)
    engine.logout()
    assert flush()
    told = repr(life.events)
    assert len(life.events) > 10
    assert [secret for secret in set(life.world.server.secrets) if secret in told] == []
