# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a caller reads when there is no session: which one it was, who has ended it, and what leads on."""

import threading
from dataclasses import replace

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, TOKEN
from tests.fakes.network import challenges
from tests.fakes.world import World, a_session
from tests.requirements import requirement
from valetkey._engine.attempts import Attempts
from valetkey._engine.decision import TokenNeed, need_after
from valetkey._engine.refusing import explained
from valetkey.errors import LoginRequired, TemporaryError, TokenRejected
from valetkey.login.never import NeverLogin
from valetkey.store.another import place_of
from valetkey.store.backends.sqlite import SqliteStore
from valetkey.store.encryption.encrypted import EncryptedStore
from valetkey.values import Secret

REVOKED = (400, "application/json", '{"error": "invalid_grant", "error_description": "session revoked\\u001b"}')
MACHINE = {"client_id": "machine", "client_secret": Secret("s3cret"), "issuer": ISSUER}
SECRET_CLIENT = {**MACHINE, "redirect_uri": "http://127.0.0.1:8765/callback"}

INVALID = challenges('Bearer error="invalid_token"')


@pytest.fixture
def world():
    """A person has logged in a day ago; the token has expired, and the refresh token is good."""
    world = World()
    world.logged_in()
    return world


def attempts_that_ask_nobody(world, **settings):
    return world.attempts(seams=world.seams(login=NeverLogin()), **settings)


def just_expired(world, **settings):
    """Let the token have expired a moment ago, so that no program can have tried in vain for long."""
    session = world.kept(**settings)
    world.keep(replace(session, token=replace(session.token, expires_at=world.clock.time - 1)), **settings)


def need_of(world, **settings):
    return TokenNeed(world.kept(**settings).token.access_token.reveal())


def fails(kind, attempts, need):
    with pytest.raises(kind) as caught:
        attempts.obtain(need, threading.Event())
    return caught.value


@requirement("REF-9")
def test_who_has_ended_a_session_and_in_whose_words_is_told_by_every_process(world):
    """Row A10."""
    world.server.has(TOKEN, REVOKED)
    need = need_of(world)
    for _ in range(2):  # the second one has only the store
        error = fails(LoginRequired, attempts_that_ask_nobody(world), need)
        assert type(error) is LoginRequired
        assert f"The session at {MCP} was ended by {ISSUER}" in error.message
        assert f'{TOKEN} refused (400): "invalid_grant" "session revoked\\u001b"' in error.message
        assert f"call OAuth('{MCP}').login() with the same settings" in error.hint
        assert error.hint.startswith("Log in once in a program that may ask a person, with the same session store")
        assert error.hint.endswith("the session store is RecordingStore.")
    assert world.server.grant_types() == ["refresh_token"]


def test_the_principal_and_the_label_are_named_where_they_are_not_the_usual_ones():
    """Row A10."""
    world, chosen = World(), {"principal": "alice", "label": "work"}
    world.logged_in(**chosen)
    world.server.has(TOKEN, REVOKED)
    error = fails(LoginRequired, attempts_that_ask_nobody(world, **chosen), need_of(world, **chosen))
    assert f'The session of principal "alice" and label "work" at {MCP} was ended by {ISSUER}' in error.message
    assert f"OAuth('{MCP}', principal='alice', label='work').login()" in error.hint
    assert "valetkey login" not in error.hint  # the user logs in at the web app of the service


@pytest.mark.parametrize(
    ("chosen", "command"),
    [
        ({}, f"run valetkey login {MCP}, or call OAuth("),
        ({"label": "at work"}, f"run valetkey login {MCP} --label 'at work', or call OAuth("),
        ({"client_id": "c-1"}, f"run valetkey login {MCP} --client-id c-1, or call OAuth("),
        (SECRET_CLIENT, "the same session store: call OAuth("),
    ],
    ids=str,
)
def test_the_command_that_makes_the_same_session_is_named_where_there_is_one(chosen, command):
    """Row A10."""
    world = World()
    world.logged_in()
    session = replace(world.kept(), ended="the grant was revoked")
    error = LoginRequired("A person has to log in.", hint="Log in once, with the same session store.")
    told = explained(error, world.settings(**chosen), session, None, world.store)
    assert command in told.hint


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, "application/json", '{"detail": "no"}'), "refused (404)"),
        ((400, "text/html", "<html>"), "refused (400): without saying why"),
        ((200, "text/html", "<html>"), "answered 200 with something that is no token"),
    ],
    ids=str,
)
def test_a_renewal_that_was_not_understood_is_told_and_ends_nothing(world, answer, words):
    """Rows A3, A10."""
    before = world.kept()
    world.server.has(TOKEN, answer)
    error = fails(LoginRequired, attempts_that_ask_nobody(world), need_of(world))
    assert f"The session at {MCP} was not renewed by {ISSUER}" in error.message
    assert words in error.message
    assert world.kept() == before
    assert attempts_that_ask_nobody(world).obtain(need_of(world), threading.Event()) == world.kept()


def test_a_session_that_was_never_refused_is_named_too():
    """Row A10."""
    world = World(issues_refresh_tokens=False)
    world.logged_in()
    error = fails(LoginRequired, attempts_that_ask_nobody(world), need_of(world))
    assert f"The session at {MCP}, issued by {ISSUER}, cannot be renewed" in error.message


def test_without_a_session_there_is_nothing_to_name():
    error = fails(LoginRequired, attempts_that_ask_nobody(World()), TokenNeed())
    assert "session at" not in error.message


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_the_place_of_the_store_is_told(tmp_path, is_encrypted):
    """Row A10."""
    world, file = World(issues_refresh_tokens=False), SqliteStore(tmp_path / "sessions.db")
    store = EncryptedStore(file, None) if is_encrypted else file
    assert place_of(store) == str(tmp_path / "sessions.db")
    Attempts(world.settings(), file, world.seams(), lambda prompt: None).obtain(TokenNeed(), threading.Event())
    world.clock.time += 86_400
    error = fails(
        LoginRequired,
        Attempts(world.settings(), file, world.seams(login=NeverLogin()), lambda prompt: None),
        TokenNeed(),
    )
    assert str(tmp_path / "sessions.db") in error.hint


# A renewal that has failed for minutes.


def fails_for_minutes(world, attempts, need, minutes=(0, 1, 2)):
    started, errors = world.clock.time, []
    for minute in minutes:
        world.clock.time = started + 60 * minute
        errors.append(fails(TemporaryError, attempts, need))
    return errors


@requirement("REF-9")
def test_after_several_failures_over_minutes_the_error_names_the_way_out(world):
    """Row A5."""
    just_expired(world)
    attempts, before = world.attempts(), world.kept()
    world.server.has(TOKEN, *[500] * 5)
    *first, last = fails_for_minutes(world, attempts, need_of(world))
    assert not any("login()" in error.hint for error in first)
    assert "or begin a new login: call login(), run valetkey login, or log out and log in again" in last.hint
    resting = fails(TemporaryError, attempts, need_of(world))
    assert "call login()" in resting.hint
    assert "Try again in" in resting.hint
    assert (world.kept(), world.person.asked) == (before, [])
    world.server.troubles[TOKEN] = world.server.troubles[TOKEN][:1]  # the server does not renew, and logs in
    need = TokenNeed(need_of(world).rejected, explicit=True)
    session = attempts.obtain(need, threading.Event())
    assert (session, len(world.person.asked)) == (world.kept(), 1)


def test_a_program_that_is_started_long_after_the_end_of_the_token_names_the_way_out_at_once(world):
    """The programs before it have failed too, and each of them has forgotten that. Row A5."""
    just_expired(world)
    world.clock.time += 3600
    world.server.has(TOKEN, *[500] * 5)
    for _ in range(2):
        error = fails(TemporaryError, world.attempts(), need_of(world))
        assert "or begin a new login: call login(), run valetkey login, or log out and log in again" in error.hint


def test_many_failures_within_a_moment_are_no_matter_of_minutes(world):
    """Row A5."""
    just_expired(world)
    world.server.has(TOKEN, *[500] * 5)
    errors = fails_for_minutes(world, world.attempts(), need_of(world), minutes=(0, 0.2, 0.4, 0.6, 0.8))
    assert not any("login()" in error.hint for error in errors)


def test_two_failures_are_not_several(world):
    """Row A5."""
    just_expired(world)
    world.server.has(TOKEN, *[500] * 2)
    errors = fails_for_minutes(world, world.attempts(), need_of(world), minutes=(0, 10))
    assert not any("login()" in error.hint for error in errors)


def test_a_success_in_between_begins_the_count_anew(world):
    """Row A5."""
    just_expired(world)
    attempts = world.attempts()
    world.server.has(TOKEN, 500, 500)
    fails_for_minutes(world, attempts, need_of(world), minutes=(0, 5))
    world.clock.time += 60
    attempts.obtain(need_of(world), threading.Event())
    world.server.has(TOKEN, 500)
    assert "login()" not in fails(TemporaryError, attempts, need_of(world)).hint


def test_a_machine_is_not_told_to_log_in():
    """Row A5."""
    world = World()
    world.server.knows("machine", secret="s3cret")
    world.logged_in(**MACHINE)
    world.server.has(TOKEN, *[500] * 5)
    errors = fails_for_minutes(world, world.attempts(**MACHINE), need_of(world, **MACHINE))
    assert not any("login()" in error.hint for error in errors)


@requirement("STP-5")
@pytest.mark.parametrize("refusal", [REVOKED, (400, "application/json", '{"error": "unsupported_grant_type"}')])
def test_a_server_that_rejects_every_token_and_a_refusal_of_each_renewal_ask_a_person_once_in_a_minute(world, refusal):
    """Row A8."""
    world.server.has(TOKEN, refusal)
    attempts = world.attempts()
    token = attempts.obtain(need_after(world.kept().token, INVALID), threading.Event()).token
    world.server.has(TOKEN, refusal)
    error = fails(TokenRejected, attempts, need_after(token, INVALID))
    assert error.hint.startswith("Tell the server's operator")
    assert "The next try may be made in 60 s; login() or valetkey login makes one at once." in error.hint
    assert (len(world.person.asked), len(world.server.token_forms())) == (1, 3)
    world.clock.time += 60
    assert attempts.obtain(need_after(token, INVALID), threading.Event()) == world.kept()


def test_a_server_that_rejects_a_fresh_token_is_named(world):
    world.keep(a_session(refresh_token=None, obtained_at=world.clock.time, expires_at=None))
    need = need_after(world.kept().token, challenges('Bearer error="invalid_token"'))
    with pytest.raises(Exception, match=f"rejects the token that {ISSUER} has just issued"):
        world.attempts().obtain(need, threading.Event())
