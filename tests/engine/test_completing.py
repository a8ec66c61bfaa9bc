# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A login whose answer comes to another thread, process or host than the one that began it."""

import logging
import threading
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, TOKEN
from tests.fakes.network import challenges, no_answer
from tests.fakes.threads import LONGEST_WAIT, in_background, until
from tests.fakes.world import World, a_session
from tests.requirements import requirement
from valetkey._engine.workers import WORKERS
from valetkey._sessions.brakes import decode_brake
from valetkey._sessions.codec import Kind, brake_key, login_key, waiting_key
from valetkey._sessions.pending_codec import decode_pending
from valetkey.errors import (
    AuthError,
    IssuerMismatch,
    LoginFailed,
    LoginRequired,
    MalformedDocument,
    Refused,
    ScopeMissing,
    StateMismatch,
    StoreError,
    TemporaryError,
    TokenRejected,
)
from valetkey.login.link import LinkLogin
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.encryption.encrypted import list_keys
from valetkey.store.protocol import ANY

WEB_APP = {"public_url": "https://bot.example.com"}
CALLBACK = "https://bot.example.com/mcp-oauth/callback"
ASKED = "authorization_code"
NO_RESOURCE = {
    "error": "invalid_request",
    "error_description": "AADSTS901002:+The+%27resource%27+request+parameter+is+not+supported.",
}


class Web:
    """A world with any number of processes that begin and complete logins with a link."""

    def __init__(self, **switches):
        self.world = World(**switches)

    def process(self, **settings):
        return self.world.engine(seams=self.world.seams(login=LinkLogin()), **{**WEB_APP, **settings})

    def link_of(self, engine, challenges=()):
        with pytest.raises(LoginRequired) as caught:
            engine.replace(None, challenges)
        return caught.value

    def answer(self, pending, **how):
        return self.world.server.visit(pending.authorization_url, **how)

    def exchanges(self):
        return self.world.server.grant_types().count(ASKED)

    def kinds(self):
        return {key.partition(":")[0] for key in list_keys(self.world.store.inner)}

    def brake(self, **settings):
        record = self.world.store.inner.get(brake_key(self.world.settings(**{**WEB_APP, **settings})))
        return decode_brake(record.value)


@pytest.fixture
def web():
    return Web()


def without_code(callback, **parameters):
    """Give an answer with these parameters and the state of another."""
    state = parse_qs(urlsplit(callback).query)["state"][0]
    pairs = "&".join(f"{name}={value}" for name, value in {"state": state, **parameters}.items())
    return f"{CALLBACK}?{pairs}"


def waits_on(web, engine, pending):
    """Tell whether the login still waits, and its right answer completes it."""
    return engine.complete(web.answer(pending)).token.access_token is not None


@requirement("AUT-1", "AUT-4", "TOK-2")
def test_a_login_is_completed_by_another_process_and_adopted_by_every_one(web):
    """The one that began it may have ended by then. Trap 25."""
    begun, other, third = web.process(), web.process(), web.process()
    pending = begun.begin()
    assert (pending.server_url, pending.issuer, pending.principal, pending.label) == (MCP, ISSUER, "local", "default")
    assert pending.redirect_uri == CALLBACK
    assert pending.ends_at == web.world.clock.time + 300
    session = other.complete(web.answer(pending))
    assert web.world.server.accepts(session.token.access_token.reveal())
    assert web.world.kept(**WEB_APP) == session
    assert [engine.replace(None) for engine in (begun, third)] == [session.token] * 2
    assert other.session == session
    assert web.exchanges() == 1


def threads_beside_the_pool():
    """Count those that do not come and go with the work of the pool, such as one that waits for a person."""
    return threading.active_count() - WORKERS.threads


def test_nothing_is_held_while_a_login_waits(web):
    """Neither a thread nor a lease. Trap 1."""
    before = threads_beside_the_pool()
    web.process().begin()
    until(lambda: WORKERS.at_work == 0 and threads_beside_the_pool() <= before)
    with web.world.store.lease("session:nothing", seconds=1) as lease:
        assert lease is not None
    for key in list_keys(web.world.store.inner):
        with web.world.store.lease(key, seconds=1) as lease:
            assert lease is not None


def test_every_process_sees_whether_the_person_is_still_asked(web):
    first, other = web.process(), web.process()
    assert not other.is_asking()
    pending = first.begin()
    assert first.is_asking()
    assert other.is_asking()
    other.complete(web.answer(pending))
    assert not first.is_asking()


def test_a_second_caller_joins_the_login_that_waits(web):
    """One registration, one request, one link, in any process. Trap 25."""
    first = web.link_of(web.process())
    registered, asked = len(web.world.server.registrations()), len(web.world.server.requests)
    for engine in (web.process(), web.process()):
        error = web.link_of(engine)
        assert (error.authorization_url, error.deadline) == (first.authorization_url, first.deadline)
    assert len(web.world.server.registrations()) == registered == 1
    assert len(web.world.server.requests) == asked
    assert web.process().begin().link == first.authorization_url


def test_what_a_caller_is_told(web):
    """Trap 26."""
    error = web.link_of(web.process(principal="alice"))
    assert type(error) is LoginRequired
    assert (error.server_url, error.principal, error.reason) == (MCP, "alice", "no session yet")
    assert error.deadline == web.world.clock.time + 300
    assert error.authorization_url.startswith("https://bot.example.com/mcp-oauth/start/")
    link = error.authorization_url
    assert str(error) == (
        f"{MCP} waits for a person to log in at {ISSUER}. Open {link} and log in there, then try again."
    )
    assert "?" not in str(error)


def test_without_a_web_app_the_link_is_the_page_itself_and_no_text_holds_it(web):
    error = web.link_of(web.process(public_url=None))
    assert error.authorization_url.startswith(f"{ISSUER}/authorize?")
    assert ISSUER + "/authorize" not in f"{error} {error!r} {error.hint}"
    assert "complete()" in error.hint


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        (None, "the session has ended: it cannot be renewed"),
        ("It says so.", "the session has ended: It says so."),
    ],
)
def test_the_reason_says_that_a_session_has_ended(web, ended, reason):
    web.world.keep(a_session(refresh_token=None, expires_at=0.0, ended=ended), **WEB_APP)
    assert web.link_of(web.process()).reason == reason


def test_the_reason_says_in_whose_words_it_was_not_renewed(web):
    engine = web.process()
    engine.complete(web.answer(engine.begin()))
    web.world.clock.time += 86_400
    web.world.server.forget_refresh_tokens()
    reason = web.link_of(engine).reason
    assert reason.startswith("the session has ended: ")
    assert "invalid_grant" in reason


def test_the_reason_names_the_scope_that_is_missing_and_the_login_asks_for_it(web):
    engine = web.process()
    token = engine.complete(web.answer(engine.begin())).token
    engine.acceptance.accept(token)
    wanting = challenges('Bearer error="insufficient_scope", scope="write"')
    with pytest.raises(LoginRequired) as caught:
        engine.replace(token, wanting)
    assert caught.value.reason == "more scope: write"
    login_id = caught.value.authorization_url.rpartition("/")[2]
    record = decode_pending(web.world.store.inner.get(login_key(login_id)).value)
    with pytest.raises(LoginFailed, match="declined"):
        engine.complete(web.answer(record.view, allows=False))
    with pytest.raises(ScopeMissing, match="declined a short while ago"):
        web.process().replace(token, wanting)
    web.world.clock.time += 700
    with pytest.raises(LoginRequired):
        engine.replace(token, wanting)
    pending = web.world.store.inner
    link = [decode_pending(pending.get(key).value).view for key in list_keys(pending) if key.startswith("login:")]
    assert web.process().complete(web.answer(link[0])).token.scope == ("write",)
    assert engine.replace(token, wanting) == web.world.kept(**WEB_APP).token


def test_after_its_end_a_link_is_void_and_the_next_call_gives_another(web):
    engine = web.process()
    pending = engine.begin()
    answer = web.answer(pending)
    web.world.clock.time = pending.ends_at
    with pytest.raises(LoginFailed, match="its time is over") as caught:
        engine.complete(answer)
    assert caught.value.hint == "Call the tool or the server again: it gives a new link."
    again = web.link_of(engine)
    assert again.authorization_url != pending.link
    assert len(web.world.server.registrations()) == 1
    assert waits_on(web, engine, engine.begin())


def test_a_replayed_answer_is_refused_and_the_session_stays(web):
    engine = web.process()
    answer = web.answer(engine.begin())
    session = engine.complete(answer)
    for process in (engine, web.process()):
        with pytest.raises(LoginFailed, match="it was completed"):
            process.complete(answer)
    assert web.world.kept(**WEB_APP) == session
    assert web.exchanges() == 1


def test_two_answers_at_once_lead_to_one_exchange(web):
    """The person has pressed twice, and two workers get it."""
    pending = web.process().begin()
    answer, outcomes = web.answer(pending), []

    key = login_key(pending.id)
    web.world.store.before_write[key] = lambda: outcomes.append(web.process().complete(answer))
    with pytest.raises(LoginFailed, match="has come before"):
        web.process().complete(answer)
    assert len(outcomes) == 1
    assert web.exchanges() == 1


@requirement("AUT-5")
def test_the_answer_of_another_user_is_refused_and_the_right_one_goes_on(web):
    """Eve sends Bob her link, or brings the answer to his. Trap 24."""
    bob = web.process(principal="bob")
    pending = bob.begin()
    answer = web.answer(pending)
    for principal in ("eve", "", "bob ", "Bob", "bob\0", "b" * 100_000):
        with pytest.raises(StateMismatch, match="for another user") as caught:
            bob.complete(answer, principal=principal)
        assert "bob" not in str(caught.value)
    with pytest.raises(StateMismatch, match="for another user"):
        web.process(principal="eve").complete(answer)
    assert web.exchanges() == 0
    assert bob.complete(answer, principal="bob") == web.world.kept(**WEB_APP, principal="bob")
    assert "session" in web.kinds()


def test_an_answer_to_a_login_at_another_server_is_refused_and_waits_on(web):
    pending = web.process().begin()
    for other in ({"url": f"{MCP}/other"}, {"label": "second"}, {"client_id": "mine"}):
        with pytest.raises(StateMismatch, match="another MCP server"):
            web.process(**other).complete(web.answer(pending))
    assert waits_on(web, web.process(), pending)


@requirement("AUT-4")
@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("code=c", StateMismatch),
        ("", StateMismatch),
        ("code=c&state=", StateMismatch),
        ("code=c&state=guessed", LoginFailed),
        ("code=c&state=a&state=b", StateMismatch),
        (f"code=c&state={'s' * 1_000_000}", StateMismatch),
        ("code=c&state=%ff%fe", LoginFailed),
        ("code=c&state=\ud800", StateMismatch),
    ],
)
def test_an_answer_with_another_state_completes_nothing(web, query, error):
    engine = web.process()
    pending = engine.begin()
    with pytest.raises(error) as caught:
        engine.complete(f"{CALLBACK}?{query}")
    assert len(str(caught.value)) < 1000
    assert web.exchanges() == 0
    assert waits_on(web, engine, pending)


@requirement("AUT-6")
def test_an_answer_from_another_issuer_is_refused_and_the_right_one_goes_on(web):
    engine = web.process()
    pending = engine.begin()
    with pytest.raises(IssuerMismatch):
        engine.complete(f"{web.answer(pending)}&iss=https://evil.example.com")
    assert web.exchanges() == 0
    assert waits_on(web, engine, pending)


def test_an_answer_without_a_code_completes_nothing(web):
    engine = web.process()
    pending = engine.begin()
    with pytest.raises(MalformedDocument):
        engine.complete(without_code(web.answer(pending)))
    assert waits_on(web, engine, pending)


def test_a_server_that_cannot_do_it_now_may_be_asked_through_the_same_link(web):
    engine = web.process()
    pending = engine.begin()
    with pytest.raises(TemporaryError):
        engine.complete(without_code(web.answer(pending), error="server_error"))
    assert waits_on(web, engine, pending)


def test_a_person_who_declines_ends_the_login_and_is_not_asked_again_at_once(web):
    engine = web.process()
    pending = engine.begin()
    with pytest.raises(LoginFailed, match="declined") as caught:
        engine.complete(web.answer(pending, allows=False))
    assert caught.value.error == "access_denied"
    assert web.kinds() & {Kind.LOGIN, Kind.WAITING} == set()
    for process in (engine, web.process()):
        error = web.link_of(process)
        assert isinstance(error, LoginFailed)
        assert (error.error, error.authorization_url) == ("access_denied", None)
        assert "has declined the login" in error.message
    assert engine.begin().link  # asked for by name
    assert waits_on(web, engine, engine.begin())


def test_a_worker_that_dies_while_it_redeems_leaves_a_way_on(web):
    engine = web.process()
    pending = engine.begin()
    answer = web.answer(pending)
    record = decode_pending(web.world.store.inner.get(login_key(pending.id)).value)
    engine._login_and_logout._completing._pending.claim(
        record, web.world.store.inner.get(login_key(pending.id)).version
    )
    with pytest.raises(LoginFailed, match="has come before"):
        web.process().complete(answer)
    assert not web.process().is_asking()
    assert web.link_of(web.process()).authorization_url != pending.link
    with pytest.raises(LoginFailed, match="No login waits"):
        web.process().complete(answer)


def test_while_a_worker_redeems_an_answer_a_call_joins_it_and_begins_no_other_login(web):
    """However long the server takes: the worker shows that it lives."""
    pending = web.process().begin()
    exchange = web.world.server.gate(TOKEN)
    completing = in_background(lambda: web.process().complete(web.answer(pending)))
    assert exchange.reached.wait(LONGEST_WAIT)
    for _ in range(3):
        assert web.link_of(web.process()).authorization_url == pending.link
        web.world.clock.time += 15
    with pytest.raises(LoginFailed, match="has come before"):
        web.process().complete(web.answer(pending))
    exchange.opened.set()
    session = completing.result(LONGEST_WAIT)
    assert web.process().replace(None) == session.token


def test_a_call_that_comes_just_when_an_answer_is_redeemed_finds_its_session(web):
    """It sees the login before its end, and the session after that."""
    engine, pending = web.process(), web.process().begin()
    caller = web.process()

    def completes():
        engine.complete(web.answer(pending))

    web.world.store.before_read[waiting_key(web.world.settings(**WEB_APP))] = completes
    assert caller.replace(None) == web.world.kept(**WEB_APP).token


def test_a_person_who_asks_by_name_does_not_get_the_link_of_a_worker_that_has_died(web):
    """Its answer is claimed for a minute more, in which no browser gets on with it."""
    engine = web.process()
    pending = engine.begin()
    answer = web.answer(pending)
    record = decode_pending(web.world.store.inner.get(login_key(pending.id)).value)
    completing = engine._login_and_logout._completing
    completing._pending.claim(record, web.world.store.inner.get(login_key(pending.id)).version)
    again = web.process().begin()
    assert again.link != pending.link
    assert waits_on(web, web.process(), again)
    with pytest.raises(LoginFailed, match="No login waits"):
        web.process().complete(answer)


class StoreThatFails(MemoryStore):
    """A store whose access fails once: the one with this number."""

    def __init__(self, inner, number):
        super().__init__()
        self._records, self.accesses_before = inner._records, number

    def _pass(self):
        self.accesses_before -= 1
        if self.accesses_before == -1:
            message = "The store is away."
            raise StoreError(message, hint="Wait for it.")

    def get(self, key):
        self._pass()
        return super().get(key)

    def put(self, key, value, *, if_version=ANY):
        self._pass()
        return super().put(key, value, if_version=if_version)

    def delete(self, key, *, if_version=ANY):
        self._pass()
        return super().delete(key, if_version=if_version)


@pytest.mark.parametrize("allows", [True, False])
def test_a_store_that_fails_while_an_answer_is_completed_leaves_a_way_on_at_once(allows):
    """Whichever access it is: the same answer completes the login then, or it is completed, or a new one begins."""
    failures = 0
    for number in range(40):
        web = Web()
        pending = web.process().begin()
        answer = web.answer(pending, allows=allows)
        store = StoreThatFails(web.world.store.inner, number)
        try:
            web.world.engine(seams=web.world.seams(login=LinkLogin()), store=store, **WEB_APP).complete(answer)
        except StoreError:
            failures += 1
            outcome = web.process().complete if allows else refused_by(web.process())
            assert outcome(answer) is not None
        except LoginFailed:
            assert not allows
        assert web.exchanges() == int(allows)
        assert web.brake().acts <= 1
        if store.accesses_before >= 0:
            break
    else:
        pytest.fail("the store is asked for ever")
    assert failures >= 4


def refused_by(engine):
    def complete(answer):
        with pytest.raises(LoginFailed, match="declined") as caught:
            engine.complete(answer)
        return caught.value

    return complete


@pytest.mark.parametrize("trouble", [no_answer(), 503])
def test_the_answer_may_be_brought_once_more_if_the_server_cannot_answer_now(web, trouble):
    engine = web.process()
    pending = engine.begin()
    answer = web.answer(pending)
    web.world.server.has(TOKEN, trouble)
    with pytest.raises(TemporaryError):
        engine.complete(answer)
    assert web.process().complete(answer).token == web.world.kept(**WEB_APP).token


def test_a_code_that_is_refused_ends_the_login_and_the_next_call_begins_another(web):
    engine = web.process()
    pending = engine.begin()
    web.world.server.has(TOKEN, (400, "application/json", '{"error": "invalid_grant"}'))
    with pytest.raises(Refused):
        engine.complete(web.answer(pending))
    assert web.brake().acts == 1
    assert Kind.LOGIN not in web.kinds()
    assert waits_on(web, engine, engine.begin())


def test_a_store_that_cannot_delete_costs_no_session(web):
    engine = web.process()
    pending = engine.begin()
    web.world.store.fails_deletes = 1
    assert engine.complete(web.answer(pending)) == web.world.kept(**WEB_APP)


def test_a_server_that_says_what_it_does_not_accept_gets_another_request_and_the_person_one_more_link(web):
    """Once: what is refused in both ways ends the login."""
    engine = web.process()
    pending = engine.begin()
    with pytest.raises(LoginRequired, match="waits for a person") as caught:
        engine.complete(without_code(web.answer(pending), **NO_RESOURCE))
    again = engine.begin()
    assert caught.value.authorization_url == again.link != pending.link
    assert "resource" in parse_qs(urlsplit(pending.authorization_url).query)
    assert "resource" not in parse_qs(urlsplit(again.authorization_url).query)
    with pytest.raises(LoginFailed) as ended:
        engine.complete(without_code(web.answer(again), **NO_RESOURCE))
    assert ended.value.error == "invalid_request"
    assert Kind.LOGIN not in web.kinds()


def test_a_client_that_its_server_has_forgotten_is_registered_anew_for_the_next_link(web):
    engine = web.process()
    engine.complete(web.answer(engine.begin()))
    web.world.clock.time += 86_400
    web.world.forget_what_happened()
    engine.logout()
    pending = engine.begin()
    web.world.server.has(
        TOKEN,
        (401, "application/json", '{"error": "invalid_client"}'),
        (401, "application/json", '{"error": "invalid_client"}'),
    )
    with pytest.raises(AuthError) as caught:
        engine.complete(web.answer(pending))
    assert caught.value.hint
    assert len(web.world.server.registrations()) >= 1


def test_a_link_that_nobody_opens_does_not_count_as_a_failed_login(web):
    engine = web.process()
    for _ in range(10):
        pending = engine.begin()
        web.world.clock.time = pending.ends_at
        web.link_of(engine)
        web.world.clock.time += 300
    assert web.brake().acts == 0


def test_at_most_one_login_of_a_session_is_in_the_store(web):
    for _ in range(5):
        pending = web.process().begin()
        web.world.clock.time = pending.ends_at + 1
    keys = [key for key in list_keys(web.world.store.inner) if key.startswith((Kind.LOGIN, Kind.WAITING))]
    assert len(keys) == 2


def test_a_logout_ends_the_login_that_waits(web):
    engine = web.process()
    answer = web.answer(engine.begin())
    engine.logout()
    assert web.kinds() & {Kind.LOGIN, Kind.WAITING} == set()
    with pytest.raises(LoginFailed, match="No login waits"):
        engine.complete(answer)


def test_a_login_that_cannot_be_deleted_is_no_reason_to_keep_a_session(web):
    engine = web.process()
    pending = engine.begin()

    def fail():
        message = "The store cannot be written."
        raise StoreError(message, hint="Look after the store.")

    web.world.store.before_write[login_key(pending.id)] = fail
    assert engine.logout().existed is False


def test_a_token_that_the_server_rejects_counts_as_every_logins(web):
    engine = web.process()
    session = engine.complete(web.answer(engine.begin()))
    web.world.keep(replace(session, token=replace(session.token, refresh_token=None)), **WEB_APP)
    with pytest.raises(TokenRejected, match="rejects the token that"):
        engine.replace(session.token)
    assert (web.brake().acts, web.brake().rejections) == (1, 1)


def test_nothing_of_a_login_is_in_the_log_or_in_a_text(web, caplog):
    caplog.set_level(logging.DEBUG)
    engine = web.process()
    pending = engine.begin()
    record = decode_pending(web.world.store.inner.get(login_key(pending.id)).value)
    state, verifier = record.request.state.reveal(), record.request.verifier.reveal()
    error = web.link_of(web.process())
    answer = web.answer(pending)
    with pytest.raises(StateMismatch) as refused:
        engine.complete(answer, principal="eve")
    shown = f"{pending!r} {record!r} {error!r} {error} {refused.value!r} {refused.value} {caplog.text}"
    engine.complete(answer)
    with pytest.raises(LoginFailed) as replayed:
        engine.complete(answer)
    shown += f"{replayed.value} {caplog.text}"
    code = parse_qs(urlsplit(answer).query)["code"][0]
    assert [secret for secret in (state, verifier, code) if secret in shown] == []
