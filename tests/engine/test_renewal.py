# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What follows a refresh within an attempt: where the endpoint has moved to, a new login, and another process."""

import threading
from dataclasses import replace

import pytest

from tests.fakes.authorization_server import ISSUER, SERVER_METADATA, TOKEN
from tests.fakes.network import challenges, unreachable
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._engine.decision import TokenNeed, need_after
from valetkey._policy.fitting import terms_of
from valetkey._sessions.codec import client_key
from valetkey.errors import (
    AuthError,
    ClientRefused,
    InsecureEndpoint,
    IssuerMismatch,
    LoginFailed,
    Refused,
    TemporaryError,
)
from valetkey.values import Secret
from valetkey.wire import HttpResponse

MOVED_TO = "https://auth.example.com/v2/token"
INVALID = challenges('Bearer error="invalid_token"')
SECRET = {"client_secret": Secret("s3cret"), "issuer": ISSUER}
BY_HAND = {"client_id": "by-hand", **SECRET, "redirect_uri": "http://127.0.0.1:8080/cb"}
NOT_HERE = [301, 302, 303, 307, 308, 404, 405, 410]
UNREADABLE = [
    (400, "", ""),
    (400, "text/plain", "Bad Request"),
    (400, "text/html", "<html>Bad Request</html>"),
    (401, "text/html", "<html>Sign in</html>"),
    (403, "text/plain", "Forbidden"),
    (400, "application/problem+json", '{"title": "invalid_grant", "status": 400}'),
    (400, "application/json", '{"error": {"code": "invalid_grant"}}'),
    (401, "application/json", '{"message": "Unauthorized"}'),
    (413, "application/json", '{"detail": "too large"}'),
    (404, "application/json", '{"detail": "Not Found"}'),
    (400, "application/json", '["invalid_grant"]'),
    (400, "text/plain", "error=invalid_grant"),
    (200, "application/json", '{"error": "x_17"}'),
    (200, "text/html", "<html>Welcome</html>"),
]


class Moved:
    """An authorization server whose token endpoint answers at another URL than the stored one."""

    def __init__(self, world, status):
        self.world, self.status = world, status
        world.server.says_further = {"token_endpoint": MOVED_TO}
        world.send = self

    def __call__(self, request):
        server = self.world.server
        if request.url == MOVED_TO:
            return server(replace(request, url=TOKEN))
        if request.url == TOKEN:
            server.requests.append(request)
            return HttpResponse(self.status, TOKEN, (("Location", MOVED_TO), ("Content-Type", "text/html")), b"<html>")
        return server(request)


@pytest.fixture
def world():
    """A person has logged in a day ago; the token has expired, and the refresh token is good."""
    world = World(publishes_scopes=("read",))
    world.logged_in()
    return world


def obtain(world, attempts=None, **need):
    need = TokenNeed(world.kept().token.access_token.reveal(), **need)
    return (attempts or world.attempts()).obtain(need, threading.Event())


# An endpoint that has moved.


@requirement("REF-9")
@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("status", NOT_HERE)
def test_a_token_endpoint_that_has_moved_is_looked_up_and_stored(world, status, early):
    """Row A4."""
    before = world.kept()
    Moved(world, status)
    session = obtain(world, early=early)
    assert world.server.log() == [f"POST {TOKEN}", f"GET {SERVER_METADATA}", f"POST {TOKEN}"]
    assert session == world.kept()
    assert (session.server.token_endpoint, session.client) == (MOVED_TO, before.client)
    assert world.server.accepts(session.token.access_token.reveal())
    assert world.person.asked == []


def test_the_next_renewal_goes_to_the_new_endpoint_at_once(world):
    """Row A4."""
    Moved(world, 404)
    obtain(world)
    world.forget_what_happened()
    obtain(world)
    assert world.server.log() == [f"POST {TOKEN}"]


@pytest.mark.parametrize("status", NOT_HERE)
def test_an_endpoint_that_is_not_there_and_has_not_moved_is_asked_once_and_leads_to_a_login(world, status):
    """Rows A3, A4."""
    world.server.has(TOKEN, status)
    session = obtain(world)
    assert world.server.grant_types() == ["refresh_token", "authorization_code"]
    assert (len(world.person.asked), session) == (1, world.kept())


def test_a_new_endpoint_that_is_not_there_either_is_asked_once(world):
    """Row A4."""
    moved = Moved(world, 404)
    world.server.has(TOKEN, 404)  # what the new one answers first
    session = obtain(world)
    assert (session.server.token_endpoint, len(world.person.asked)) == (MOVED_TO, 1)
    assert [request.url for request in world.server.requests].count(SERVER_METADATA) == 2  # the other for the login
    assert moved.world.kept() == session


def test_the_users_own_endpoint_stays(world):
    """Row A4."""
    world.server.has(TOKEN, 404)
    world.person.denies = True
    attempts = world.attempts(token_endpoint=TOKEN)
    with pytest.raises(LoginFailed):
        obtain(world, attempts)
    assert world.server.log()[0] == f"POST {TOKEN}"
    assert world.server.log()[1] != f"GET {SERVER_METADATA}"


@pytest.mark.parametrize("trouble", [404, 503, unreachable()], ids=str)
def test_metadata_that_cannot_be_read_again_keeps_nobody_from_logging_in_later(world, trouble):
    """Rows A3, A4."""
    before = world.kept()
    world.server.has(TOKEN, 404)
    world.server.has(SERVER_METADATA, trouble, trouble)
    with pytest.raises(AuthError):
        obtain(world)
    assert world.kept() == before
    assert obtain(world) == world.kept()
    assert world.person.asked == []


@requirement("ASM-2")
def test_metadata_of_another_issuer_ends_the_attempt_and_nothing_else_is_tried(world):
    """Row A4."""
    before = world.kept()
    world.server.has(TOKEN, 404)
    world.server.calls_itself = "https://evil.example.com"
    with pytest.raises(IssuerMismatch):
        obtain(world)
    assert (world.kept(), world.person.asked) == (before, [])
    assert world.server.log() == [f"POST {TOKEN}", f"GET {SERVER_METADATA}"]


@requirement("SEC-1")
def test_no_refresh_token_goes_to_a_new_endpoint_that_is_not_encrypted(world):
    """Row A4."""
    world.server.has(TOKEN, 404)
    world.server.says_further = {"token_endpoint": "http://auth.example.com/token"}
    with pytest.raises(InsecureEndpoint):
        obtain(world)
    assert len(world.server.token_forms()) == 1


def test_a_session_that_another_program_has_written_while_the_metadata_was_read_stays(world):
    """Row A4."""
    moved = Moved(world, 404)
    theirs = replace(world.kept(), token=replace(world.kept().token, refresh_token=Secret("theirs")))

    def be_overtaken(request):
        if request.url == SERVER_METADATA:
            world.keep(theirs)
        return moved(request)

    world.send = be_overtaken
    world.person.denies = True
    with pytest.raises(LoginFailed):
        obtain(world)
    assert world.kept().token.access_token == theirs.token.access_token


def test_who_loses_the_race_for_the_new_endpoint_looks_again(world):
    """Row A4."""
    Moved(world, 404)
    key = world.attempts().sessions.key
    writes = []

    def overtake():
        writes.append(1)
        if len(writes) == 3:  # the intent, its withdrawal, and then the new endpoint
            world.keep(replace(world.kept(), requested_scope=("theirs",)))
        else:
            world.store.before_write[key] = overtake

    world.store.before_write[key] = overtake
    world.person.denies = True
    with pytest.raises(LoginFailed):
        obtain(world)
    assert world.kept().requested_scope == ("theirs",)


# What nobody understands.


@requirement("REF-9")
@pytest.mark.parametrize("answer", UNREADABLE, ids=str)
@pytest.mark.parametrize("settings", [{}, BY_HAND], ids=["registered", "by hand"])
def test_an_answer_that_nobody_understands_leads_to_a_login_beside_the_record(answer, settings):
    """Rows A1, A2, A3."""
    world = World()
    world.server.knows("by-hand", BY_HAND["redirect_uri"], secret="s3cret")
    world.logged_in(**settings)
    before = world.kept(**settings)
    seen = []
    world.person.brings = lambda callback: seen.append(world.kept(**settings)) or callback
    world.server.has(TOKEN, answer)
    session = world.attempts(**settings).obtain(need_after(before.token, INVALID), threading.Event())
    assert seen == [before]
    assert (session, session.client) == (world.kept(**settings), before.client)
    assert world.server.registrations() == []
    assert world.server.accepts(session.token.access_token.reveal())


@requirement("REF-9")
@pytest.mark.parametrize("answer", UNREADABLE, ids=str)
def test_a_login_that_fails_then_leaves_all_as_it_was_and_the_next_renewal_may_succeed(world, answer):
    """Rows A1, A2, A3."""
    before = world.kept()
    registration = world.store.inner.get(client_key(ISSUER, world.settings()))
    world.server.has(TOKEN, answer)
    world.person.denies = True
    with pytest.raises(LoginFailed):
        obtain(world)
    assert (world.kept(), world.store.inner.get(client_key(ISSUER, world.settings()))) == (before, registration)
    assert obtain(world).client == before.client
    assert len(world.person.asked) == 1


@requirement("REF-9", "CC-8")
def test_a_machine_gets_a_new_token_where_its_renewal_is_not_understood():
    """Row A1."""
    machine = {"client_id": "machine", "client_secret": Secret("s3cret"), "issuer": ISSUER}
    world = World()
    world.server.knows("machine", secret="s3cret")
    world.logged_in(**machine)
    kept = world.kept(**machine)
    world.keep(replace(kept, token=replace(kept.token, refresh_token=Secret("r"))), **machine)
    world.server.has(TOKEN, (400, "text/html", "<html>"))
    world.attempts(**machine).obtain(TokenNeed(kept.token.access_token.reveal()), threading.Event())
    assert world.server.grant_types() == ["refresh_token", "client_credentials"]
    assert world.person.asked == []


def test_an_id_token_that_a_renewal_does_not_bring_comes_with_a_login(world):
    """Row A1."""
    kept = world.kept()
    attempts, terms = world.attempts(bearer="id_token"), terms_of(world.settings(bearer="id_token"))
    world.keep(replace(kept, token=replace(kept.token, id_token=kept.token.access_token), terms=terms))
    world.server.has(TOKEN, (200, "application/json", '{"access_token": "a", "refresh_token": "r"}'))
    with_id_token = (200, "application/json", '{"access_token": "a", "id_token": "i", "refresh_token": "r"}')
    world.person.brings = lambda callback: world.server.has(TOKEN, with_id_token) or callback
    session = attempts.obtain(TokenNeed(kept.token.access_token.reveal()), threading.Event())
    assert session.token.access_token == Secret("i")
    assert len(world.person.asked) == 1


# What has ended.


def too_slow(callback):
    """What a person brings who has left the computer."""
    message = "Nobody came."
    raise LoginFailed(message, hint="Again.")


def test_another_process_waits_a_minute_where_a_refusal_says_nothing_and_the_renewal_may_work_again():
    """B has only the store, and sends the same refresh token, which is the third token request. Row A8."""
    world = World()
    a, b = world.attempts(), world.attempts()
    token = a.obtain(TokenNeed(), threading.Event()).token
    world.server.has(TOKEN, *[(400, "text/plain", "Bad Request")] * 2)
    world.person.brings = too_slow
    with pytest.raises(LoginFailed):
        a.obtain(need_after(token, INVALID), threading.Event())
    world.person.brings = lambda callback: callback
    with pytest.raises(Refused, match="3 tries in the last minute") as caught:
        b.obtain(need_after(token, INVALID), threading.Event())
    assert "may be made in 60 s" in caught.value.hint
    world.clock.time += 60
    session = b.obtain(need_after(token, INVALID), threading.Event())
    assert (world.server.accepts(session.token.access_token.reveal()), len(world.person.asked)) == (True, 2)


@requirement("WWW-15", "REF-9")
@pytest.mark.parametrize(
    "answer",
    [
        (400, "application/json", '{"error": "invalid_grant"}'),
        (200, "application/json", '{"ok": false, "error": "invalid_refresh_token"}'),
        (401, "application/json", '{"error": "invalid_client"}'),
    ],
    ids=str,
)
def test_another_process_may_log_in_although_the_ended_session_is_fresh(answer):
    """A has seen the refusal and does not finish the login; B has only the store. Row A8."""
    world = World()
    a, b = world.attempts(), world.attempts()
    token = a.obtain(TokenNeed(), threading.Event()).token
    world.server.has(TOKEN, answer)
    world.person.brings = too_slow
    with pytest.raises(LoginFailed):
        a.obtain(need_after(token, INVALID), threading.Event())
    world.person.brings = lambda callback: callback
    session = b.obtain(need_after(token, INVALID), threading.Event())
    assert world.server.accepts(session.token.access_token.reveal())
    assert session.ended is None


def test_the_new_session_is_not_ended(world):
    """Row A8."""
    world.server.forget_refresh_tokens()
    with pytest.raises(AuthError):
        obtain(world, early=True)
    assert world.kept().ended == f'The token endpoint {TOKEN} refused (400): "invalid_grant".'
    assert obtain(world).ended is None
    assert world.kept().ended is None


# A login that the user has asked for by name.


@requirement("REF-9")
@pytest.mark.parametrize(
    "trouble",
    [500, 503, 429, 408, unreachable(), (401, "application/json", '{"error": "invalid_dpop_proof"}')],
    ids=str,
)
def test_a_login_begins_in_spite_of_a_refresh_that_fails_if_the_user_asks_for_it(world, trouble):
    """Row A5."""
    world.server.has(TOKEN, trouble)
    session = obtain(world, explicit=True)
    assert world.server.grant_types() == ["refresh_token", "authorization_code"]
    assert (len(world.person.asked), session) == (1, world.kept())


def test_a_refresh_comes_first_also_if_the_user_has_asked_for_a_login(world):
    """Row A5."""
    obtain(world, explicit=True)
    assert (world.server.grant_types(), world.person.asked) == (["refresh_token"], [])


def test_a_login_passes_the_pause_if_the_user_has_asked_for_it(world):
    """Row A5."""
    attempts = world.attempts()
    world.server.has(TOKEN, 503, 503)
    for _ in range(3):  # the third one is not sent
        with pytest.raises(TemporaryError):
            obtain(world, attempts)
    obtain(world, attempts, explicit=True)
    assert world.server.grant_types() == ["refresh_token"] * 3


def test_a_client_of_the_user_that_is_refused_is_told_but_a_login_begins_if_it_is_asked_for():
    """Row A5."""
    world = World()
    world.server.knows("by-hand", BY_HAND["redirect_uri"], secret="s3cret")
    world.logged_in(**BY_HAND)
    attempts, need = world.attempts(**BY_HAND), TokenNeed(world.kept(**BY_HAND).token.access_token.reveal())
    refusal = (400, "application/json", '{"error": "invalid_client"}')
    world.server.has(TOKEN, refusal, refusal)
    with pytest.raises(ClientRefused):
        attempts.obtain(need, threading.Event())
    world.server.has(TOKEN, refusal, refusal)
    attempts.obtain(replace(need, explicit=True), threading.Event())
    assert len(world.person.asked) == 1


# A server that is busy.


@requirement("REF-9")
@pytest.mark.parametrize("status", [407, 408, 425, 429, 500, 502, 599])
def test_a_busy_server_is_asked_again_when_it_says(world, status):
    """Row A6."""
    before, attempts = world.kept(), world.attempts()
    world.server.has(TOKEN, HttpResponse(status, TOKEN, (("Retry-After", "40"),)))
    with pytest.raises(TemporaryError) as caught:
        obtain(world, attempts)
    assert (caught.value.retry_after, world.kept(), world.person.asked) == (40.0, before, [])
    with pytest.raises(TemporaryError, match="Try again in 40 s"):
        obtain(world, attempts)
    world.clock.time += 40
    assert obtain(world, attempts) == world.kept()
    assert len(world.server.token_forms()) == 2


@requirement("REF-9")
@pytest.mark.parametrize("error", ["internal_error", "ratelimited", "service_unavailable", "fatal_error"])
@pytest.mark.parametrize("status", [200, 400])
def test_a_code_that_says_later_opens_no_browser(world, error, status):
    """Row A9."""
    before = world.kept()
    world.server.has(TOKEN, (status, "application/json", f'{{"ok": false, "error": "{error}"}}'))
    with pytest.raises(TemporaryError):
        obtain(world)
    assert (world.kept(), world.person.asked) == (before, [])
    assert obtain(world) == world.kept()


@pytest.mark.parametrize("error", ["x_17", "invalid_request", "account_inactive"])
@pytest.mark.parametrize("status", [200, 400])
def test_an_unknown_code_ends_nothing(world, error, status):
    """Row A9."""
    before = world.kept()
    world.server.has(TOKEN, (status, "application/json", f'{{"ok": false, "error": "{error}"}}'))
    world.person.denies = True
    with pytest.raises(LoginFailed):
        obtain(world)
    assert world.kept() == before
