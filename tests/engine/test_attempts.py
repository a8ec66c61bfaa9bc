# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How another token is obtained: what somebody has already brought, a refresh, a person; and who is not asked."""

import json
import logging
import math
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, RESOURCE_METADATA, TOKEN, AuthorizationServer
from tests.fakes.network import Internet, challenges, no_answer, unreachable
from tests.fakes.world import World, a_session
from tests.requirements import requirement
from valetkey._engine.attempts import Attempts
from valetkey._engine.decision import TokenNeed, need_after
from valetkey._engine.refresh_outcome import MOST_CONFLICTS
from valetkey._network.sender import UnknownOutcome
from valetkey._sessions.codec import FORMAT, session_key
from valetkey.errors import (
    AuthError,
    ClientRefused,
    InsecureEndpoint,
    LoginFailed,
    Refused,
    ScopeMissing,
    StoreBusy,
    StoreError,
    TemporaryError,
    TokenRejected,
)
from valetkey.values import Secret

MACHINE = {"client_id": "machine", "client_secret": Secret("s3cret"), "issuer": ISSUER}
WANTS_WRITE = challenges('Bearer error="insufficient_scope", scope="write"')
WANTS_MORE = challenges('Bearer error="insufficient_scope"')
INVALID = challenges('Bearer error="invalid_token"')


def obtain(world, *fields, rejects_kept=True, early=False, cancelled=None, **settings):
    """Obtain a session after the server has rejected the kept token, if there is one, with these challenges."""
    record = world.store.inner.get(session_key(world.settings(**settings)))
    rejected = world.kept(**settings).token if record is not None and rejects_kept else None
    need = replace(need_after(rejected, fields), early=early)
    return world.attempts(**settings).obtain(need, cancelled or threading.Event())


def too_slow(callback):
    """What a person brings who has left the computer."""
    message = "Nobody came."
    raise LoginFailed(message, hint="Again.")


@pytest.fixture
def world():
    """A person has logged in a day ago; the token has expired, and the refresh token is good."""
    world = World(publishes_scopes=("read",))
    world.logged_in()
    return world


@pytest.fixture
def without_refresh_tokens():
    """A person has logged in a day ago, and got no refresh token."""
    world = World(publishes_scopes=("read",), issues_refresh_tokens=False)
    world.logged_in()
    return world


# Cheapest first.


@pytest.mark.parametrize("succeeds", [True, False])
def test_an_attempt_keeps_its_connections_to_its_end(world, succeeds):
    kept = []

    @contextmanager
    def keep_connections():
        kept.append("open")
        try:
            yield
        finally:
            kept.append(f"closed after {len(world.server.log())} requests")

    if not succeeds:
        world.server.has(TOKEN, 503)
    attempts = world.attempts(seams=world.seams(keep_connections=keep_connections))
    with nullcontext() if succeeds else pytest.raises(TemporaryError):
        attempts.obtain(need_after(world.kept().token, INVALID), threading.Event())
    assert kept == ["open", "closed after 1 requests"]


@requirement("REF-7")
def test_what_somebody_else_has_brought_costs_nothing(world):
    old = world.kept().token
    theirs = a_session("theirs", obtained_at=world.clock.time, expires_at=None)
    world.keep(theirs)
    assert world.attempts().obtain(need_after(old, INVALID), threading.Event()) == theirs
    assert world.server.log() == []


@requirement("REF-7")
def test_what_somebody_brings_while_the_lease_is_taken_costs_nothing(world):
    theirs = a_session("theirs", obtained_at=world.clock.time, expires_at=None)
    world.store.before_lease = lambda: world.keep(theirs)
    assert obtain(world) == theirs
    assert world.server.log() == []


@requirement("USE-8", "REF-5")
def test_a_refresh_comes_before_a_person_and_needs_no_discovery(world):
    session = obtain(world, *INVALID)
    assert world.server.log() == [f"POST {TOKEN}"]
    assert world.server.grant_types() == ["refresh_token"]
    assert (world.person.asked, session) == ([], world.kept())


@requirement("REF-2")
def test_without_a_refresh_token_the_person_is_asked(without_refresh_tokens):
    world = without_refresh_tokens
    session = obtain(world, *INVALID)
    assert world.server.grant_types() == ["authorization_code"]
    assert (len(world.person.asked), session) == (1, world.kept())


@requirement("REF-9")
def test_after_invalid_grant_the_person_is_asked_and_the_log_says_so(world, caplog):
    caplog.set_level(logging.INFO, "valetkey")
    world.server.forget_refresh_tokens()
    session = obtain(world)
    assert f"the session at {ISSUER} cannot be renewed, it begins anew" in caplog.text
    assert world.server.grant_types() == ["refresh_token", "authorization_code"]
    assert (len(world.person.asked), session) == (1, world.kept())
    assert world.server.registrations() == []


@requirement("REF-9", "DCR-12")
def test_a_client_the_server_has_forgotten_is_registered_anew(world):
    world.server.clients.clear()
    old = world.kept()
    session = obtain(world)
    assert len(world.server.registrations()) == len(world.person.asked) == 1
    assert session.client.client_id != old.client.client_id
    assert world.server.accepts(session.token.access_token.reveal())


@requirement("REF-9")
@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (503, TemporaryError),
        (429, TemporaryError),
        (408, TemporaryError),
        (unreachable(), TemporaryError),
    ],
    ids=str,
)
def test_a_refresh_that_could_not_be_answered_asks_nobody_and_forgets_nothing(world, trouble, error):
    """Row A6."""
    before = world.kept()
    world.server.has(TOKEN, trouble)
    with pytest.raises(error):
        obtain(world)
    assert (world.person.asked, world.kept()) == ([], before)
    assert obtain(world) == world.kept() != before


def test_the_lease_is_given_back_whatever_happens(world):
    key = session_key(world.settings())
    world.server.has(TOKEN, 503)
    with pytest.raises(TemporaryError):
        obtain(world)
    world.store.lease(key, seconds=20).release()
    obtain(world)
    assert world.store.lease(key, seconds=20) is not None


def test_who_loses_the_race_without_a_lease_adopts_the_winners_session(world):
    theirs = a_session("theirs", obtained_at=world.clock.time, expires_at=None)
    world.store.before_write[session_key(world.settings())] = lambda: world.keep(theirs)
    assert obtain(world) == theirs
    assert (world.server.log(), world.kept()) == ([], theirs)


def test_a_winner_whose_token_is_of_no_use_is_renewed_in_turn(world):
    theirs = replace(world.kept(), refresh_intent=None, requested_scope=("theirs",))
    world.store.before_write[session_key(world.settings())] = lambda: world.keep(theirs)
    session = obtain(world)
    assert world.server.grant_types() == ["refresh_token"]
    assert session.requested_scope == ("theirs",)


@requirement("REF-7")
def test_a_store_that_reports_a_conflict_at_every_write_ends_the_attempt_with_an_error(world):
    before = world.kept()

    def overtake():
        world.keep(before)
        world.store.before_write[session_key(world.settings())] = overtake

    overtake()
    with pytest.raises(TemporaryError, match="conflict whenever") as caught:
        obtain(world)
    assert "valetkey.store.testing" in caught.value.hint
    assert world.store.calls.count(("put", session_key(world.settings()))) == MOST_CONFLICTS
    assert (world.server.log(), world.person.asked, world.kept()) == ([], [], before)


# Without an answer.


@requirement("REF-9")
def test_an_unknown_outcome_is_tried_once_more_at_once_with_the_same_token(world, caplog):
    caplog.set_level(logging.INFO, "valetkey")
    world.server.has(TOKEN, no_answer())
    assert obtain(world) == world.kept()
    forms = world.server.token_forms()
    assert (len(forms), forms[0]) == (2, forms[1])
    assert world.clock.pauses == []
    assert "the renewal is tried once more" in caplog.text


@requirement("REF-9")
def test_after_two_unknown_outcomes_the_caller_is_told_and_everything_stays(world):
    before = world.kept()
    world.server.has(TOKEN, no_answer(), no_answer())
    with pytest.raises(UnknownOutcome):
        obtain(world)
    kept = world.kept()
    assert kept.refresh_intent is not None
    assert (replace(kept, refresh_intent=None), len(world.server.token_forms())) == (before, 2)
    assert world.person.asked == []


@requirement("REF-9")
@pytest.mark.parametrize("forgives", [True, False])
def test_a_lost_answer_is_healed_by_a_server_that_forgives_and_else_ends_the_refresh_token(forgives):
    world = World(forgives_the_previous_refresh_token=forgives)
    world.logged_in()
    world.server.has(TOKEN, no_answer(), after_acting=True)
    session = obtain(world)
    assert world.server.accepts(session.token.access_token.reveal())
    assert len(world.person.asked) == (0 if forgives else 1)


def test_every_try_has_a_lease_of_its_own(world):
    """On one that began with the first try, the second might end too late."""
    leased = []
    world.store.before_lease = lambda: leased.append(len(world.server.token_forms()))
    world.server.has(TOKEN, no_answer())
    obtain(world)
    assert leased == [0, 1]


class ShortLeases:
    """A store whose leases end soon."""

    def __init__(self, inner, *seconds):
        self.inner, self.seconds = inner, list(seconds)
        self.get, self.put, self.delete = inner.get, inner.put, inner.delete

    def lease(self, key, *, seconds):
        lease = self.inner.lease(key, seconds=seconds)
        left = self.seconds.pop(0)
        lease.remaining = lambda: left
        return lease


def test_a_lease_that_runs_out_is_taken_anew(world):
    store = ShortLeases(world.store, 1.0, 4.0)
    attempts = Attempts(world.settings(), store, world.seams(), lambda prompt: None)
    assert attempts.obtain(TokenNeed(), threading.Event()) == world.kept()
    assert (world.server.grant_types(), store.seconds) == (["refresh_token"], [])


def test_a_store_that_is_too_slow_for_its_leases_is_a_trouble_of_now(world):
    before = world.kept()
    store = ShortLeases(world.store, 1.0, 1.0)
    attempts = Attempts(world.settings(), store, world.seams(), lambda prompt: None)
    with pytest.raises(TemporaryError, match="too slow to renew"):
        attempts.obtain(TokenNeed(), threading.Event())
    assert (world.server.log(), world.kept()) == ([], before)


# Taking turns with other programs.


def test_who_waits_for_another_program_takes_over_its_session(world):
    lease = world.store.lease(session_key(world.settings()), seconds=20)
    theirs = a_session("theirs", obtained_at=world.clock.time, expires_at=None)
    attempts = world.attempts(seams=world.seams(pause=lambda seconds: (world.keep(theirs), lease.release())))
    assert attempts.obtain(TokenNeed(), threading.Event()) == theirs
    assert world.server.log() == []


@pytest.mark.parametrize(
    ("settings", "longest"), [({"login_timeout": 60}, 85), ({"login_timeout": 60, "early": True}, 25), (MACHINE, 25)]
)
def test_another_program_that_takes_too_long_is_not_waited_for(world, settings, longest):
    settings = dict(settings)
    early = settings.pop("early", False)
    started = world.clock.time
    lease = world.store.lease(session_key(world.settings(**settings)), seconds=20)
    with lease, pytest.raises(TemporaryError, match="Another program has been obtaining a token"):
        obtain(world, early=early, **settings)
    assert longest <= world.clock.time - started < longest + 1
    assert world.server.log() == []


def test_who_is_cancelled_does_not_wait_for_another_program(world):
    cancelled = threading.Event()
    cancelled.set()
    lease = world.store.lease(session_key(world.settings()), seconds=20)
    with lease, pytest.raises(TemporaryError, match="Another program"):
        obtain(world, cancelled=cancelled)
    assert world.clock.pauses == []


# A store in trouble.


def test_a_store_that_cannot_be_read_asks_nobody(world):
    world.store.fails_reads = math.inf
    with pytest.raises(StoreError):
        obtain(world)
    assert (world.server.log(), world.person.wanted_addresses) == ([], [])


@pytest.mark.parametrize("issues_refresh_tokens", [True, False])
def test_a_store_that_cannot_be_written_asks_nobody_and_spends_no_refresh_token(issues_refresh_tokens):
    world = World(issues_refresh_tokens=issues_refresh_tokens)
    world.logged_in()
    before = world.kept()
    world.store.fails_writes = math.inf
    with pytest.raises(StoreError):
        obtain(world)
    assert (world.server.log(), world.person.wanted_addresses, world.kept()) == ([], [], before)
    world.store.fails_writes = 0
    assert obtain(world) == world.kept() != before


@pytest.mark.parametrize("early", [False, True], ids=["for a caller", "ahead of time"])
@pytest.mark.parametrize("switch", ["fails_reads", "fails_writes"])
def test_a_busy_store_ends_nothing_and_the_next_call_is_made_at_once(switch, early):
    """
    The trouble is told as one that passes, and the pauses for a server that cannot answer are not for a store.

    Row J4.
    """
    world = World()
    world.logged_in()
    before, attempts = world.kept(), world.attempts()
    world.store.trouble = StoreBusy
    for _ in range(4):
        setattr(world.store, switch, 1)
        with pytest.raises(StoreBusy) as caught:
            attempts.obtain(TokenNeed(early=early), threading.Event())
        assert isinstance(caught.value, TemporaryError)
        world.clock.time += 60
    assert (world.server.log(), world.person.wanted_addresses, world.kept()) == ([], [], before)
    assert attempts.obtain(TokenNeed(), threading.Event()) == world.kept() != before


def test_a_session_of_a_newer_format_asks_nobody_and_stays(world):
    key = session_key(world.settings())
    newer = json.dumps({"format": FORMAT + 1, "kind": "session"}).encode()
    world.store.inner.put(key, newer)
    with pytest.raises(StoreError, match="newer version of Valetkey"):
        world.attempts().obtain(TokenNeed(), threading.Event())
    assert (world.server.log(), world.person.wanted_addresses) == ([], [])
    assert world.store.inner.get(key).value == newer


@requirement("REF-8")
@pytest.mark.parametrize("switch", ["fails_writes", "fails_reads"])
def test_a_login_is_not_lost_when_the_store_fails_just_then(switch):
    world = World()
    world.person.brings = lambda url: setattr(world.store, switch, 5) or url
    session = world.attempts().obtain(TokenNeed(), threading.Event())
    assert session == world.kept()


# Nobody is asked in vain.


def test_a_session_that_cannot_be_renewed_early_asks_nobody(without_refresh_tokens):
    with pytest.raises(TemporaryError, match="nothing to renew with"):
        obtain(without_refresh_tokens, early=True)
    assert without_refresh_tokens.server.log() == []


def test_an_early_renewal_that_is_refused_asks_nobody(world):
    world.server.forget_refresh_tokens()
    with pytest.raises(Refused) as caught:
        obtain(world, early=True)
    assert caught.value.error == "invalid_grant"
    assert (world.server.grant_types(), world.person.wanted_addresses) == (["refresh_token"], [])
    assert world.kept().token.refresh_token is None


@requirement("WWW-15", "STP-5")
def test_a_server_that_rejects_the_token_of_a_login_just_made_asks_nobody_again():
    world = World(issues_refresh_tokens=False)
    obtain(world)
    world.forget_what_happened()
    with pytest.raises(TokenRejected, match="has just issued for it"):
        obtain(world, *INVALID)
    assert (world.server.log(), world.person.asked) == ([], [])
    world.clock.time += 60
    obtain(world, *INVALID)
    assert len(world.person.asked) == 1


@requirement("REF-9")
def test_a_login_may_be_tried_again_when_the_issuer_has_ended_a_fresh_grant_itself():
    world = World()
    attempts = world.attempts()
    token = attempts.obtain(TokenNeed(), threading.Event()).token
    world.server.forget_refresh_tokens()
    world.person.brings = too_slow
    with pytest.raises(LoginFailed):
        attempts.obtain(need_after(token, INVALID), threading.Event())
    world.person.brings = lambda callback: callback
    session = attempts.obtain(need_after(token, INVALID), threading.Event())
    assert world.server.accepts(session.token.access_token.reveal())
    assert len(world.person.asked) == 3


def test_a_clock_that_was_set_back_does_not_keep_a_person_from_logging_in():
    world = World(issues_refresh_tokens=False)
    obtain(world)
    world.clock.time -= 3600
    obtain(world, *INVALID)
    assert len(world.person.asked) == 2


def test_who_was_rejected_without_a_token_may_be_asked_although_the_last_login_is_fresh():
    world = World(issues_refresh_tokens=False, token_life=10)
    obtain(world)
    world.clock.time += 11
    obtain(world, rejects_kept=False)
    assert len(world.person.asked) == 2


@requirement("CC-8")
def test_a_machine_may_try_again_at_once():
    world = World()
    world.server.knows("machine", secret="s3cret")
    tokens = {obtain(world, *INVALID, **MACHINE).token.access_token.reveal() for _ in range(3)}
    assert len(tokens) == 3
    assert world.person.wanted_addresses == []


def test_a_machine_renews_early_without_a_refresh_token():
    world = World()
    world.server.knows("machine", secret="s3cret")
    first = obtain(world, **MACHINE)
    assert obtain(world, early=True, **MACHINE) != first


@requirement("USE-5", "SEC-1")
def test_a_server_that_is_not_encrypted_gets_no_token():
    world = World()
    with pytest.raises(InsecureEndpoint, match="URL of the MCP server"):
        world.attempts(url="http://mcp.example.com/mcp").obtain(TokenNeed(), threading.Event())
    assert (world.server.log(), world.store.calls) == ([], [])


@requirement("STP-8")
def test_a_denied_login_keeps_what_is_stored(world):
    before = world.kept()
    world.person.denies = True
    with pytest.raises(LoginFailed, match="access_denied"):
        obtain(world, *WANTS_WRITE)
    assert world.kept() == before


# More scope.


@requirement("STP-1", "STP-3", "REF-6", "SCP-4", "SCP-5", "SCP-6")
def test_more_scope_comes_from_a_login_for_the_union_and_not_from_a_refresh(world):
    session = obtain(world, *WANTS_WRITE)
    assert world.server.grant_types() == ["authorization_code"]
    assert (session.requested_scope, session.token.scope) == (("read", "write"), ("read", "write"))


@requirement("STP-3", "SCP-6")
def test_the_union_has_what_was_requested_what_was_granted_and_what_is_wanted():
    world = World(publishes_scopes=("read",), grants_only="granted")
    world.logged_in()
    world.server.grants_only = None
    assert obtain(world, *WANTS_WRITE).requested_scope == ("read", "granted", "write")


@requirement("VER-8")
def test_a_challenge_that_repeats_what_is_there_adds_nothing_twice(world):
    fields = challenges('Bearer error="insufficient_scope", scope="write read"')
    assert obtain(world, *fields).requested_scope == ("read", "write")


@requirement("STP-4", "REF-6")
def test_more_scope_that_is_not_named_is_chosen_as_for_a_first_login(world):
    world.server.publishes_scopes = ("read", "admin")
    session = obtain(world, *WANTS_MORE)
    assert world.server.grant_types() == ["authorization_code"]
    assert session.requested_scope == ("read", "admin")


@requirement("STP-9", "WWW-14")
def test_the_metadata_a_403_announces_is_read(world):
    custom = "https://mcp.example.com/custom"
    world.server.describes_the_resource_at = (custom,)
    obtain(world, *challenges(f'Bearer error="insufficient_scope", scope="write", resource_metadata="{custom}"'))
    assert world.server.log()[0] == f"GET {custom}"


@requirement("SCP-7", "STP-5")
@pytest.mark.parametrize(
    ("fields", "required", "says"),
    [
        (WANTS_WRITE, ("write",), 'wants the scope "write". Add it to scope='),
        (WANTS_MORE, (), "wants more scope, but does not say which. Add it to scope="),
    ],
)
def test_a_scope_the_user_has_set_is_not_widened(fields, required, says):
    world = World()
    world.logged_in(scope=("read",))
    with pytest.raises(ScopeMissing, match=says) as caught:
        obtain(world, *fields, scope=("read",))
    assert (caught.value.required, caught.value.granted) == (required, ("read",))
    assert (world.server.log(), world.person.wanted_addresses) == ([], [])


@requirement("STP-5", "STP-7", "SCP-12")
def test_a_scope_that_the_login_did_not_bring_is_not_asked_for_again_at_once(world):
    world.server.grants_only = "read"
    assert obtain(world, *WANTS_WRITE).token.scope == ("read",)
    with pytest.raises(ScopeMissing, match="The last login did not bring it") as caught:
        obtain(world, *WANTS_WRITE)
    assert (caught.value.required, caught.value.granted) == (("write",), ("read",))
    assert len(world.person.asked) == 1
    world.clock.time += 60
    obtain(world, *WANTS_WRITE)
    assert len(world.person.asked) == 2


@requirement("STP-5", "WWW-15")
@pytest.mark.parametrize("fields", [WANTS_WRITE, WANTS_MORE])
def test_a_server_that_is_never_content_with_the_scope_asks_nobody_twice(world, fields):
    obtain(world, *WANTS_WRITE)
    with pytest.raises(ScopeMissing):
        obtain(world, *fields)
    assert len(world.person.asked) == 1


@requirement("STP-3")
def test_a_third_scope_may_follow_the_second_at_once(world):
    obtain(world, *WANTS_WRITE)
    session = obtain(world, *challenges('Bearer error="insufficient_scope", scope="admin"'))
    assert session.requested_scope == ("read", "write", "admin")


@requirement("STP-2")
def test_a_machine_asks_for_more_scope_too():
    world = World(publishes_scopes=("read",))
    world.server.knows("machine", secret="s3cret")
    obtain(world, **MACHINE)
    assert obtain(world, *WANTS_WRITE, **MACHINE).token.scope == ("read", "write")


# Another authorization server.


def move(world):
    """Let the MCP server move its login to another issuer; the old one stays up."""
    new = AuthorizationServer(issuer="https://new.example.com")
    world.server.names_issuers = (new.issuer,)
    world.send = Internet(world.server, new)
    world.person.visits = new.visit
    return new


@requirement("REG-4", "REG-7", "ASM-2", "REF-1", "WWW-14")
def test_a_login_that_has_moved_begins_anew_there_and_shows_nothing_of_the_old_one(world):
    new = move(world)
    old = world.kept()
    world.server.forget_refresh_tokens()
    session = obtain(world, *challenges(f'Bearer resource_metadata="{RESOURCE_METADATA}"'))
    assert (session.issuer, len(new.registrations())) == (new.issuer, 1)
    told = b"".join(request.body for request in new.requests).decode() + world.person.asked[0].authorization_url
    known = (old.client.client_id, old.token.access_token.reveal(), old.token.refresh_token.reveal())
    assert not any(text in told for text in known)
    assert world.server.grant_types() == ["refresh_token"]


@requirement("STP-3", "ASM-2")
def test_the_scope_of_the_old_issuer_is_not_asked_for_at_the_new_one(world):
    move(world)
    session = obtain(world, *WANTS_WRITE)
    assert session.requested_scope == ("write",)


@requirement("REG-7")
def test_a_session_of_another_issuer_than_the_pinned_one_is_written_over(world):
    new = move(world)
    world.server.names_issuers = (new.issuer, ISSUER)
    session = obtain(world, rejects_kept=False, issuer=new.issuer)
    assert (session.issuer, world.kept()) == (new.issuer, session)
    assert world.server.grant_types() == []


@requirement("RES-10", "USE-4")
def test_two_servers_of_one_issuer_have_two_tokens_for_two_resources():
    world = World()
    mine = obtain(world)
    world.server.mcp_url = f"{MCP}/other"
    world.server.describes_the_resource_at = (f"{RESOURCE_METADATA}/other",)
    other = obtain(world, url=f"{MCP}/other")
    assert (mine.resource, other.resource) == (MCP, f"{MCP}/other")
    assert mine.token.access_token != other.token.access_token
    assert len(world.server.registrations()) == 1


@requirement("RES-1")
def test_login_and_refresh_send_the_same_resource():
    world = World(names_the_resource="https://mcp.example.com")
    obtain(world)
    obtain(world)
    assert [form["resource"] for form in world.server.token_forms()] == ["https://mcp.example.com"] * 2


def test_an_answer_that_never_came_is_asked_for_again_with_the_same_token(world):
    world.server.has(TOKEN, no_answer(), no_answer())
    with pytest.raises(AuthError):
        obtain(world)
    session = obtain(world)
    assert len({form["refresh_token"] for form in world.server.token_forms()}) == 1
    assert (world.person.asked, session.refresh_intent) == ([], None)


def test_a_client_registered_by_hand_that_is_refused_is_no_reason_to_ask_a_person():
    secret = {"client_secret": Secret("s3cret"), "issuer": ISSUER}
    hand_made = {"client_id": "by-hand", **secret, "redirect_uri": "http://127.0.0.1:8080/cb"}
    world = World(publishes_scopes=("read",))
    world.server.knows("by-hand", "http://127.0.0.1:8080/cb", secret="s3cret")
    world.logged_in(**hand_made)
    world.server.clients.clear()
    with pytest.raises(ClientRefused):
        obtain(world, *INVALID, **hand_made)
    assert world.person.asked == []
    assert world.kept(**hand_made).token.refresh_token is not None
