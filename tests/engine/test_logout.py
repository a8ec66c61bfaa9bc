# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Logging out: what the server is told, what is forgotten here in any case, and what nothing brings back."""

import json
import logging
import math
from dataclasses import replace

import anyio
import pytest

from tests.fakes.authorization_server import DEVICE_AUTHORIZATION, ISSUER, REVOKE, SERVER_METADATA, TOKEN
from tests.fakes.network import Gate, no_answer, unreachable
from tests.fakes.seams import RecordingStore
from tests.fakes.threads import LONGEST_WAIT, in_background, in_threads
from tests.fakes.world import World, a_session
from tests.requirements import requirement
from valetkey._engine.engine import Engine
from valetkey._engine.logout import LogoutResult
from valetkey._sessions.codec import session_key
from valetkey.errors import LoginFailed, LoginRequired, StoreError, TemporaryError
from valetkey.login.never import NeverLogin
from valetkey.store.another import MOST_WRITES
from valetkey.store.encryption.encrypted import EncryptedStore
from valetkey.store.encryption.keys import DataKey, DataKeys
from valetkey.values import Client, ClientAuthentication, Secret
from valetkey.wire import HttpResponse

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])
DONE = LogoutResult(existed=True, revoked=True)
NOTHING = LogoutResult(existed=False)
SECRET = {"client_secret": Secret("s3cret"), "issuer": ISSUER}
SECRETIVE = {"client_id": "mine", **SECRET, "redirect_uri": "http://127.0.0.1:8080/callback"}


def text(token):
    return token.access_token.reveal()


def stored(world, **settings):
    """The kinds of the records that say anything."""
    records = world.store.inner._records
    return sorted(key.partition(":")[0] for key, record in records.items() if record.value)


def revoked(world):
    return [(form["token_type_hint"], form["token"]) for form in world.server.revocation_forms()]


def tokens_of(session):
    return [
        ("refresh_token", session.token.refresh_token.reveal()),
        ("access_token", session.token.access_token.reveal()),
    ]


def a_session_to_revoke(*names, **changes):
    session = a_session(*names, **changes)
    return replace(session, server=replace(session.server, revocation_endpoint=REVOKE))


@pytest.fixture
def world():
    return World(revokes_tokens=True)


@pytest.fixture
def engine(world):
    """The engine of a person who has just logged in."""
    engine = world.engine()
    engine.replace(None)
    world.forget_what_happened()
    return engine


# What the server is told.


@requirement("REV-1", "REV-3", "REV-6")
def test_the_refresh_token_is_revoked_first_and_then_the_access_token(world, engine):
    session = world.kept()
    assert engine.logout() == DONE
    assert world.server.log() == [f"POST {REVOKE}"] * 2
    assert [*map(tuple, map(dict.items, world.server.revocation_forms()))] == [
        (("token", token), ("token_type_hint", kind), ("client_id", session.client.client_id))
        for kind, token in tokens_of(session)
    ]
    assert not world.server.accepts(session.token.access_token.reveal())


@requirement("REV-1")
def test_without_a_refresh_token_the_access_token_is_revoked():
    world = World(revokes_tokens=True, issues_refresh_tokens=False)
    engine = world.engine()
    token = engine.replace(None)
    assert engine.logout() == DONE
    assert revoked(world) == [("access_token", text(token))]


def test_an_id_token_in_the_place_of_the_access_token_is_not_revoked(world):
    session = a_session_to_revoke("an-id-token")
    world.server.knows("client-0")
    world.keep(replace(session, token=replace(session.token, id_token=session.token.access_token)))
    assert world.engine().logout() == DONE
    assert revoked(world) == [("refresh_token", "refresh-0")]


def test_a_session_in_the_store_is_ended_by_an_engine_that_has_not_used_it(world, engine):
    session = world.kept()
    assert world.engine().logout() == DONE
    assert revoked(world) == tokens_of(session)
    assert world.store.inner.get(session_key(world.settings())) is None


@requirement("TOK-15")
@pytest.mark.parametrize(
    ("listed", "is_basic"),
    [(["client_secret_post"], False), (["client_secret_basic"], True), (None, True)],
    ids=str,
)
def test_the_client_proves_itself_by_the_methods_of_this_endpoint(listed, is_basic):
    world = World(
        revokes_tokens=True,
        lists_authentication=("client_secret_basic",),
        says_further={"revocation_endpoint_auth_methods_supported": listed},
    )
    world.server.knows("mine", "http://127.0.0.1:8080/callback", secret="s3cret")
    engine = world.engine(**SECRETIVE)
    engine.replace(None)
    assert engine.logout() == DONE
    for request in world.server.requests[-2:]:
        assert ("Authorization" in dict(request.headers)) == is_basic


@requirement("REV-4")
def test_a_token_the_server_does_not_know_is_revoked_too(world, engine):
    world.server.forget_refresh_tokens()
    world.server.forget_access_tokens()
    assert engine.logout() == DONE


@requirement("REV-5")
def test_a_server_that_cannot_now_is_asked_again_when_it_says(world, engine):
    busy = HttpResponse(503, REVOKE, (("Retry-After", "4"),))
    world.server.has(REVOKE, busy, 503, unreachable())
    began = world.clock.time
    assert engine.logout() == DONE
    assert [kind for kind, _ in revoked(world)] == ["refresh_token"] * 4 + ["access_token"]
    assert world.clock.time - began == 4 + 2 + 4
    assert world.store.inner.get(session_key(world.settings())) is None


@requirement("REV-1", "REV-5")
@pytest.mark.parametrize("trouble", [503, 500, 429, unreachable(), no_answer()], ids=str)
def test_a_server_that_stays_out_of_reach_does_not_keep_the_session(world, engine, trouble):
    world.server.has(REVOKE, *[trouble] * 20)
    began = world.clock.time
    result = engine.logout()
    assert (result.existed, result.revoked) == (True, False)
    assert result.problem
    assert world.clock.time - began <= 15
    assert stored(world) == ["client"]
    assert engine.current() is None


def test_a_server_that_wants_more_patience_than_there_is_is_not_waited_for(world, engine):
    world.server.has(REVOKE, *[HttpResponse(503, REVOKE, (("Retry-After", "3600"),))] * 2)
    began = world.clock.time
    assert engine.logout() == LogoutResult(True, False, f"The revocation endpoint {REVOKE} answered 503.")
    assert world.clock.time == began
    assert len(revoked(world)) == 2


@requirement("REV-1")
@pytest.mark.parametrize(
    "answer",
    [
        (400, "application/json", '{"error": "invalid_request"}'),
        (401, "application/json", '{"error": "invalid_client"}'),
        (404, "text/html", "<html>Not here</html>"),
    ],
    ids=str,
)
def test_a_refusal_does_not_keep_the_session_and_is_told(world, engine, answer):
    world.server.has(REVOKE, *[answer] * 4)
    result = engine.logout()
    assert (result.existed, result.revoked) == (True, False)
    assert result.problem.startswith(f"The revocation endpoint {REVOKE} refused ({answer[0]})")
    assert list(dict.fromkeys(kind for kind, _ in revoked(world))) == ["refresh_token", "access_token"]
    assert stored(world) == ["client"]


@requirement("REV-5")
def test_access_tokens_that_are_not_revoked_are_no_harm_where_the_grant_has_ended(world, engine):
    world.server.revokes_no = ("access_token",)
    assert engine.logout() == DONE


@requirement("REV-5")
@pytest.mark.parametrize(
    ("switches", "problem"),
    [
        ({"revokes_no": ("refresh_token",)}, f"{ISSUER} revokes no refresh token."),
        ({"revokes_no": ("access_token",), "issues_refresh_tokens": False}, f"{ISSUER} revokes no access token."),
    ],
)
def test_a_grant_that_the_server_does_not_end_is_told(switches, problem):
    world = World(revokes_tokens=True, **switches)
    engine = world.engine()
    engine.replace(None)
    assert engine.logout() == LogoutResult(True, False, problem)
    assert stored(world) == ["client"]


def test_a_grant_that_has_ended_is_over_even_if_the_access_token_could_not_be_revoked(world, engine):
    send = world.server

    def refuse_access_tokens(request):
        if b"access_token" in request.body:
            return HttpResponse(400, request.url, (), b'{"error": "invalid_request"}')
        return send(request)

    result = world.engine(seams=world.seams(send=refuse_access_tokens)).logout()
    assert result.revoked
    assert "invalid_request" in result.problem


@requirement("REV-1", "REV-2")
@pytest.mark.parametrize("endpoint", [None, "http://auth.example.com/revoke"])
def test_where_nothing_can_be_revoked_the_session_is_only_forgotten_here(endpoint):
    world = World(says_further={"revocation_endpoint": endpoint})
    engine = world.engine()
    engine.replace(None)
    world.forget_what_happened()
    problem = f"{ISSUER} offers no revocation, so its tokens end when their time is over."
    assert engine.logout() == LogoutResult(True, False, problem)
    assert world.server.log() == []
    assert stored(world) == ["client"]


def test_a_client_that_cannot_prove_itself_any_more_does_not_keep_the_session(world):
    client = Client("client-0", ISSUER, authentication=ClientAuthentication.POST)
    world.keep(a_session_to_revoke(client=client))
    result = world.engine().logout()
    assert not result.revoked
    assert "it has no secret" in result.problem
    assert stored(world) == []


def test_even_a_fault_of_ours_does_not_keep_the_session(world, engine):
    def break_down(request):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.engine(seams=world.seams(send=break_down)).logout()
    assert stored(world) == ["client"]


# What is forgotten.


@requirement("REV-1")
def test_the_next_call_logs_in_anew_with_the_same_registration(world, engine):
    before = engine.session
    engine.logout()
    assert (engine.session, engine.current(), engine.is_known()) == (None, None, False)
    world.forget_what_happened()
    token = engine.replace(None)
    assert token.access_token != before.token.access_token
    assert len(world.person.asked) == 1
    assert world.server.registrations() == []
    assert world.kept().client == before.client


def test_without_a_session_there_is_nothing_to_do(world):
    engine = world.engine()
    assert engine.logout() == NOTHING
    assert world.server.log() == []
    assert engine.logout() == NOTHING


def test_nobody_is_asked(world, engine):
    assert world.engine(seams=world.seams(login=NeverLogin())).logout() == DONE


def test_the_session_of_another_person_stays(world, engine):
    other = world.engine(principal="somebody")
    other.replace(None)
    engine.logout()
    assert world.kept(principal="somebody").token == other.current()


def test_a_session_of_an_issuer_that_is_not_trusted_any_more_is_only_forgotten(world, engine):
    result = world.engine(issuer="https://other.example.com").logout()
    assert result == LogoutResult(True, False, "The session was of another issuer than the trusted one.")
    assert revoked(world) == []
    assert stored(world) == ["client"]


@pytest.mark.parametrize("is_encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("damage", [lambda value: value[:-1], lambda value: value[:-2] + b"\0]"])
def test_a_logout_and_a_login_lead_on_from_a_damaged_record(world, is_encrypted, damage):
    """Row I11."""
    store = EncryptedStore(world.store, DataKeys(DataKey.random())) if is_encrypted else world.store
    world.engine(store=store).replace(None)
    name = session_key(world.settings())
    world.store.put(name, damage(world.store.get(name).value))
    engine = world.engine(store=store)
    with pytest.raises(StoreError) as caught:
        engine.replace(None)
    assert "Log out of this server and log in again." in caught.value.hint
    result = engine.logout()
    assert (result.existed, result.revoked) == (True, False)
    assert result.problem.endswith("Its tokens end when their time is over.")
    assert engine.replace(None) == engine.current()


def test_a_logout_does_not_remove_the_record_of_a_newer_version(world, engine):
    """Row I11."""
    name = session_key(world.settings())
    newer = json.dumps({**json.loads(world.store.get(name).value), "format": 3}).encode()
    world.store.put(name, newer)
    with pytest.raises(StoreError, match="newer version"):
        engine.logout()
    assert world.store.get(name).value == newer


@requirement("SEC-12")
def test_no_token_shows_in_what_is_said_and_logged(world, engine, caplog):
    caplog.set_level(logging.DEBUG)
    world.server.has(REVOKE, (400, "application/json", '{"error": "invalid_request"}'))
    said = repr(engine.logout()) + caplog.text + "".join(map(repr, world.server.requests))
    assert [secret for secret in world.server.secrets if secret in said] == []


# A store in trouble.


@pytest.mark.parametrize("fault", ["fails_reads", "fails_deletes"])
def test_a_session_that_cannot_be_deleted_is_the_callers_concern(world, engine, fault):
    setattr(world.store, fault, math.inf)
    with pytest.raises(StoreError):
        engine.logout()
    setattr(world.store, fault, 0)
    assert engine.logout().existed
    assert stored(world) == ["client"]


# What goes on at the same time.


@BACKENDS
def test_a_task_logs_out_too(world, engine, backend):
    assert anyio.run(engine.logout_async, backend=backend) == DONE
    assert stored(world) == ["client"]


@BACKENDS
def test_what_goes_wrong_reaches_the_task(world, engine, backend):
    world.store.fails_reads = math.inf
    with pytest.raises(StoreError):
        anyio.run(engine.logout_async, backend=backend)


def test_many_who_log_out_at_once_revoke_once(world, engine):
    assert set(in_threads(8, lambda number: engine.logout())) <= {DONE, NOTHING}
    assert len(revoked(world)) == 2


def in_a_task(engine):
    return anyio.run(engine.logout_async)


WAYS = pytest.mark.parametrize("log_out", [Engine.logout, in_a_task], ids=["thread", "task"])


@WAYS
def test_a_login_that_waits_for_a_person_is_broken_off(world, log_out):
    engine = world.engine()
    world.person.never_answers = True
    waiting = in_background(lambda: engine.replace(None))
    assert world.person.has_been_asked.wait(LONGEST_WAIT)
    assert log_out(engine) == NOTHING
    with pytest.raises(LoginFailed):
        waiting.result(LONGEST_WAIT)
    assert engine.session is None


def test_a_login_on_another_device_is_broken_off():
    world = World(revokes_tokens=True, offers_device_login=True, answers_polls_with=["authorization_pending"] * 99)
    paused = Gate()

    def pause(seconds):
        paused.pass_through()
        world.clock.pause(seconds)

    engine = world.engine(seams=world.seams(pause=pause), grant="device_code")
    waiting = in_background(lambda: engine.replace(None))
    assert paused.reached.wait(LONGEST_WAIT)
    leaving = in_background(engine.logout)
    assert engine._flight._cancelled.wait(LONGEST_WAIT)
    paused.opened.set()
    assert leaving.result(LONGEST_WAIT) == NOTHING
    with pytest.raises(LoginFailed, match="cancelled"):
        waiting.result(LONGEST_WAIT)
    assert world.server.log()[-1] == f"POST {DEVICE_AUTHORIZATION}"


@WAYS
@requirement("REV-1")
def test_a_renewal_under_way_is_finished_first_and_what_it_brought_is_revoked(world, engine, log_out):
    world.clock.time += 86_400
    gate = world.server.gate(TOKEN)
    renewing = in_background(lambda: engine.replace(None))
    assert gate.reached.wait(LONGEST_WAIT)
    leaving = in_background(lambda: log_out(engine))
    assert engine._flight._cancelled.wait(LONGEST_WAIT)  # it has joined the renewal
    gate.opened.set()
    assert leaving.result(LONGEST_WAIT) == DONE
    assert text(renewing.result(LONGEST_WAIT)) == revoked(world)[1][1]
    assert (engine.session, stored(world)) == (None, ["client"])


def test_a_renewal_under_way_that_fails_does_not_keep_the_session(world, engine):
    world.clock.time += 86_400
    gate = world.server.gate(TOKEN)
    world.server.has(TOKEN, 503)
    renewing = in_background(lambda: engine.replace(None))
    assert gate.reached.wait(LONGEST_WAIT)
    leaving = in_background(engine.logout)
    gate.opened.set()
    assert leaving.result(LONGEST_WAIT) == DONE
    with pytest.raises(TemporaryError):
        renewing.result(LONGEST_WAIT)
    assert stored(world) == ["client"]


def test_who_wants_a_token_meanwhile_gets_one_of_a_new_login(world, engine):
    session = world.kept()
    gate = world.server.gate(REVOKE)
    leaving = in_background(engine.logout)
    assert gate.reached.wait(LONGEST_WAIT)
    wanting = in_background(lambda: engine.replace(session.token))
    wanting_in_a_task = in_background(lambda: anyio.run(engine.replace_async, session.token))
    gate.opened.set()
    assert leaving.result(LONGEST_WAIT) == DONE
    new = wanting.result(LONGEST_WAIT)
    assert new == wanting_in_a_task.result(LONGEST_WAIT) == engine.current()
    assert new.access_token != session.token.access_token
    assert len(world.person.asked) == 1


def test_an_engine_that_looks_into_the_store_while_another_thread_logs_out_finds_no_session(world, engine):
    class OvertakenStore(RecordingStore):
        def get(self, key):
            found = super().get(key)
            if overtaking:
                overtaking.pop()()
            return found

    late = Engine(world.settings(), OvertakenStore(inner=world.store.inner), world.seams())
    overtaking = [late.logout]
    assert late.current() is None
    assert late.session is None


# Other programs.


def test_another_program_that_renews_is_waited_for_and_what_it_brought_is_revoked(world, engine):
    newer = a_session_to_revoke("newer", refresh_token="newer-refresh")
    lease = world.store.lease(session_key(world.settings()), seconds=20)

    def pause(seconds):
        world.keep(newer)
        lease.release()

    world.server.knows("client-0")
    assert world.engine(seams=world.seams(pause=pause)).logout() == DONE
    assert revoked(world) == [("refresh_token", "newer-refresh"), ("access_token", "newer")]


def test_another_program_that_has_logged_out_meanwhile_leaves_nothing_to_do(world, engine):
    lease = world.store.lease(session_key(world.settings()), seconds=20)

    def pause(seconds):
        world.store.inner.delete(session_key(world.settings()))

    assert world.engine(seams=world.seams(pause=pause)).logout() == NOTHING
    lease.release()


def test_another_program_that_waits_for_a_person_does_not_hold_the_logout_up_for_long(world, engine):
    session = world.kept()
    lease = world.store.lease(session_key(world.settings()), seconds=20)
    began = world.clock.time
    assert engine.logout() == DONE
    assert 25 <= world.clock.time - began < 26
    assert revoked(world) == tokens_of(session)
    assert stored(world) == ["client"]
    lease.release()


def test_a_session_that_somebody_writes_without_the_lease_is_ended_too(world, engine):
    newer = a_session_to_revoke("newer", refresh_token="newer-refresh")
    session = world.kept()
    world.server.knows("client-0")
    world.store.before_write[session_key(world.settings())] = lambda: world.keep(newer)
    assert engine.logout() == DONE
    assert revoked(world) == [*tokens_of(session), ("refresh_token", "newer-refresh"), ("access_token", "newer")]
    assert stored(world) == ["client"]


@requirement("REV-1")
def test_a_renewal_of_another_program_that_lost_its_lease_does_not_bring_the_session_back(world, engine):
    """It was frozen between its request and its answer; then its caller needs a login like everybody else."""
    world.clock.time += 86_400

    def freeze(request):
        response = world.server(request)
        if request.url == TOKEN and b"refresh_token" in request.body:
            world.store.inner.delete(session_key(world.settings()))
        return response

    token = world.engine(seams=world.seams(send=freeze)).replace(None)
    assert world.server.grant_types() == ["refresh_token", "authorization_code"]
    assert len(world.person.asked) == 1
    assert world.kept().token == token


def test_where_nobody_may_be_asked_such_a_renewal_ends_without_a_session(world, engine):
    world.clock.time += 86_400

    def freeze(request):
        response = world.server(request)
        if request.url == TOKEN:
            world.store.inner.delete(session_key(world.settings()))
        return response

    with pytest.raises(LoginRequired):
        world.engine(seams=world.seams(send=freeze, login=NeverLogin())).replace(None)
    assert stored(world) == ["brake", "client"]


# A server that refuses the first revocation.


@requirement("REV-3")
def test_a_public_client_whose_revocation_is_refused_without_a_secret_sends_an_empty_one():
    world = World(says_further={"revocation_endpoint": REVOKE})
    engine = world.engine()
    engine.replace(None)
    world.server.has(REVOKE, (400, "application/json", '{"error": "invalid_request"}'))
    assert engine.logout().revoked
    sent = [(form["token_type_hint"], form.get("client_secret")) for form in world.server.revocation_forms()]
    assert sent == [("refresh_token", None), ("refresh_token", ""), ("access_token", None)]


@requirement("REV-1")
def test_a_revocation_that_is_refused_all_the_same_is_told_and_the_session_is_gone():
    world = World(says_further={"revocation_endpoint": REVOKE})
    engine = world.engine()
    engine.replace(None)
    refusal = (400, "application/json", '{"error": "invalid_request"}')
    world.server.has(REVOKE, *[refusal] * 4)
    result = engine.logout()
    assert not result.revoked
    assert "invalid_request" in result.problem
    assert engine.current() is None


# How the client proves itself at the revocation endpoint.


def methods_used(world):
    """How each revocation was authenticated."""
    used = []
    for request, form in zip(
        [each for each in world.server.requests if each.url == REVOKE], world.server.revocation_forms(), strict=True
    ):
        is_basic = "Authorization" in dict(request.headers)
        used.append("basic" if is_basic else "post" if form.get("client_secret") else "none")
    return used


@requirement("REV-3", "TOK-15")
@pytest.mark.parametrize(
    ("registered", "own_list", "accepts", "used"),
    [
        ("none", None, "client_secret_basic", ["basic"] * 2),
        ("none", ["client_secret_post"], "client_secret_post", ["post"] * 2),
        ("none", ["none"], "none", ["none"] * 2),
        ("none", ["none", "client_secret_basic"], "client_secret_basic", ["none", "basic", "basic"]),
        ("none", None, "none", ["basic", "none", "none"]),
        ("client_secret_post", None, "client_secret_basic", ["basic"] * 2),
        ("client_secret_post", None, "client_secret_post", ["basic", "post", "post"]),
        ("client_secret_basic", ["client_secret_post"], "client_secret_post", ["post"] * 2),
        ("client_secret_basic", ["client_secret_post"], "client_secret_basic", ["post", "basic", "basic"]),
        ("client_secret_post", ["private_key_jwt"], "client_secret_basic", ["post", "basic", "basic"]),
    ],
)
@pytest.mark.parametrize("status", [400, 401])
def test_the_list_of_the_endpoint_decides_and_then_what_the_client_has(registered, own_list, accepts, used, status):
    """Row E6."""
    world = World(
        revokes_tokens=True,
        registers_with={"client_secret": "s3cret", "token_endpoint_auth_method": registered},
        says_further={"revocation_endpoint_auth_methods_supported": own_list},
    )
    world.server.accepts_methods = (registered,)
    engine = world.engine()
    engine.replace(None)
    session = world.kept()
    world.server.accepts_methods = (accepts,)
    world.server.invalid_client_status = status
    world.forget_what_happened()
    assert engine.logout() == DONE
    assert methods_used(world) == used
    assert not world.server.accepts(session.token.access_token.reveal())


def test_a_client_without_a_secret_shows_its_id_whatever_is_listed():
    """Row E6."""
    says = {"revocation_endpoint_auth_methods_supported": ["client_secret_basic"]}
    world = World(revokes_tokens=True, says_further=says)
    engine = world.engine()
    engine.replace(None)
    assert engine.logout() == DONE
    assert methods_used(world) == ["none"] * 2


def test_a_client_that_no_method_helps_is_told_and_the_session_is_gone():
    """Row E6."""
    world = World(revokes_tokens=True, registers_with={"client_secret": "s3cret"}, accepts_methods=("none",))
    engine = world.engine()
    engine.replace(None)
    world.server.accepts_methods = ()
    world.forget_what_happened()
    result = engine.logout()
    assert (result.existed, result.revoked) == (True, False)
    assert "invalid_client" in result.problem
    assert methods_used(world)[:3] == ["basic", "none", "post"]
    assert stored(world) == ["client"]


# A revocation endpoint that has moved.

MOVED_TO = "https://auth.example.com/v2/revoke"


@pytest.mark.parametrize("status", [301, 302, 307, 308, 404, 405, 410])
def test_a_revocation_endpoint_that_has_moved_is_found_in_the_metadata_of_its_issuer(world, engine, status):
    """Row A4."""
    session = world.kept()
    world.server.has(REVOKE, status)
    world.server.says_further = {"revocation_endpoint": MOVED_TO}
    world.server.has(MOVED_TO, (200, "text/plain", ""), (200, "text/plain", ""))
    assert engine.logout() == DONE
    assert world.server.log() == [f"POST {REVOKE}", f"GET {SERVER_METADATA}", *[f"POST {MOVED_TO}"] * 2]
    assert all(request.issuer == session.issuer for request in world.server.requests if request.method == "POST")


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"revocation_endpoint": None},
        {"revocation_endpoint": "http://auth.example.com/revoke"},
        {"issuer": "https://evil.example.com", "revocation_endpoint": MOVED_TO},
    ],
    ids=str,
)
def test_a_revocation_endpoint_that_is_nowhere_is_told_and_the_metadata_is_read_once(world, engine, metadata):
    """Row A4."""
    world.server.has(REVOKE, 404, 404)
    world.server.says_further = metadata
    result = engine.logout()
    assert (result.existed, result.revoked) == (True, False)
    assert result.problem
    assert MOVED_TO not in str(world.server.log())
    assert sum(SERVER_METADATA in line for line in world.server.log()) == 1
    assert stored(world) == ["client"]


@pytest.mark.parametrize("trouble", [404, 503, unreachable()], ids=str)
def test_a_revocation_endpoint_whose_issuer_cannot_be_asked_is_told_with_its_own_answer(world, engine, trouble):
    """Row A4."""
    world.server.has(REVOKE, 404, 404)
    world.server.has(SERVER_METADATA, trouble, trouble)
    result = engine.logout()
    assert (result.existed, result.revoked) == (True, False)
    assert REVOKE in result.problem
    assert "404" in result.problem
    assert stored(world) == ["client"]


@pytest.mark.parametrize("status", [407, 408, 425, 429, 500, 503])
def test_a_revocation_that_may_succeed_later_is_asked_for_again(world, engine, status):
    """Row A6."""
    world.server.has(REVOKE, status)
    assert engine.logout() == DONE
    assert len(revoked(world)) == 3


def test_a_store_that_reports_a_conflict_at_every_delete_ends_the_logout_with_an_error(world):
    session = a_session_to_revoke()
    world.keep(session)
    key = session_key(world.settings())

    def overtake():
        world.keep(session)
        world.store.before_write[key] = overtake

    overtake()
    with pytest.raises(StoreError, match="conflict at every write") as caught:
        world.engine().logout()
    assert "valetkey.store.testing" in caught.value.hint
    assert world.store.calls.count(("delete", key)) == MOST_WRITES
