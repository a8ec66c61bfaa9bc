# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Renewing a session: what is written before and after, and which answers end what."""

import hashlib
import logging
import math
import os
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, TOKEN
from tests.fakes.network import HTML, no_answer, unreachable
from tests.fakes.world import World, a_session
from tests.requirements import requirement
from valetkey._engine.refresh import Refresher
from valetkey._engine.refresh_outcome import Overtaken, RefreshRefused, Renewed, Unanswered, Unavailable
from valetkey._grants.token_endpoint import TokenEndpoint
from valetkey._network.sender import UnknownOutcome
from valetkey._sessions.sessions import Sessions
from valetkey.errors import AuthError, MalformedDocument, Refused, StoreError
from valetkey.store import ABSENT
from valetkey.values import Client, ClientAuthentication, ClientOrigin, RefreshIntent, Secret
from valetkey.wire import HttpRequest

HTML_403 = (403, "text/html", "<html>Blocked by our firewall</html>")


def answer(error):
    return (400, "application/json", f'{{"error": "{error}"}}')


@dataclass
class Lease:
    """A lease that somebody else keeps track of, with this much time left."""

    seconds: float = math.inf
    extended: object = False  # how much is left after an extension; False if it is lost

    def remaining(self):
        return self.seconds

    def extend(self, seconds):
        if isinstance(self.extended, Exception):
            raise self.extended
        self.seconds = min(self.extended, seconds) if self.extended else 0.0
        return bool(self.extended)


def refresh(session, version, sessions, seams, settings, seconds=math.inf, extended=False):
    refresher = Refresher(settings, seams, sessions, TokenEndpoint(settings, seams))
    outcome = refresher.refresh(session, version, Lease(seconds, extended))
    return outcome.session if isinstance(outcome, Renewed) else outcome


def fingerprint(session):
    return hashlib.sha256(session.token.refresh_token.reveal().encode()).hexdigest()[:16]


class Renewal:
    """A session in the store, whose server knows it, and the ways to renew it."""

    def __init__(self, **switches):
        self.world = World(**switches)
        self.server = self.world.server
        self.sessions = Sessions(self.world.settings(), self.world.store, self.world.seams())
        self.world.logged_in()
        self.session, self.version = self.sessions.read()

    def run(self, send=None, seconds=math.inf, extended=False):
        seams = self.world.seams(send=send or self.server)
        return refresh(self.session, self.version, self.sessions, seams, self.world.settings(), seconds, extended)

    def breaks_off(self, *, after_acting=False, ago=0.0, holder="process 1 on another computer"):
        """Somebody has begun to renew and left no answer; maybe after the server had acted."""
        intent = RefreshIntent(self.world.clock.time, fingerprint(self.session), holder, self.world.clock.time + 10)
        self.world.keep(replace(self.session, refresh_intent=intent))
        if after_acting:
            self.server.has(TOKEN, no_answer(), after_acting=True)
            with pytest.raises(UnknownOutcome):
                self.server(self.request)
        self.world.clock.time += ago
        self.server.requests.clear()
        self.session, self.version = self.sessions.read()

    @property
    def request(self):
        body = {
            "grant_type": "refresh_token",
            "refresh_token": self.session.token.refresh_token.reveal(),
            "resource": MCP,
            "client_id": self.session.client.client_id,
        }
        fields = (("Content-Type", "application/x-www-form-urlencoded"),)
        return HttpRequest("POST", TOKEN, "renew the token", fields, urlencode(body).encode())

    @property
    def kept(self):
        return self.world.kept()

    @property
    def sent(self):
        """The refresh tokens that were sent."""
        return [form["refresh_token"] for form in self.server.token_forms()]


@requirement("REF-4", "RES-1", "RES-8", "TOK-1")
def test_the_request_has_what_it_needs_and_no_scope():
    renewal = Renewal(publishes_scopes=("read",))
    renewal.run()
    assert renewal.server.token_forms() == [
        {
            "grant_type": "refresh_token",
            "refresh_token": renewal.session.token.refresh_token.reveal(),
            "resource": MCP,
            "client_id": renewal.session.client.client_id,
        }
    ]
    request = renewal.server.requests[-1]
    assert (request.method, request.url, request.issuer, set(request.credentials_of)) == (
        "POST",
        TOKEN,
        ISSUER,
        {ISSUER},
    )


def test_the_scope_of_the_login_is_repeated_where_the_providers_profile_says_so():
    renewal = Renewal(publishes_scopes=("read", "write"), reads_scope_in_refresh=True)
    settings = renewal.world.settings(profile="entra")
    refresh(renewal.session, renewal.version, renewal.sessions, renewal.world.seams(), settings)
    assert [form["scope"] for form in renewal.server.token_forms()] == ["read write"]


@requirement("REF-10")
@pytest.mark.parametrize("method", [ClientAuthentication.BASIC, ClientAuthentication.POST])
def test_a_confidential_client_proves_itself(method):
    world = World()
    redirect_uri = "http://127.0.0.1:8080/callback"
    world.server.knows("mine", redirect_uri, secret="s3cret", method=method)
    given = {"client_id": "mine", "client_secret": Secret("s3cret"), "issuer": ISSUER, "redirect_uri": redirect_uri}
    given["client_authentication"] = method
    world.logged_in(**given)
    sessions = Sessions(world.settings(**given), world.store, world.seams())
    session, version = sessions.read()
    assert refresh(session, version, sessions, world.seams(), world.settings(**given)).token != session.token


@requirement("REF-5")
def test_a_rotated_refresh_token_replaces_the_old_one():
    renewal = Renewal(rotates_refresh_tokens=True)
    renewed = renewal.run()
    assert renewed == renewal.kept
    assert renewed.token.access_token != renewal.session.token.access_token
    assert renewed.token.refresh_token not in (None, renewal.session.token.refresh_token)


@requirement("REF-5")
def test_a_refresh_token_that_is_not_rotated_is_kept():
    renewal = Renewal(rotates_refresh_tokens=False)
    renewed = renewal.run()
    assert renewed == renewal.kept
    assert renewed.token.access_token != renewal.session.token.access_token
    assert renewed.token.refresh_token == renewal.session.token.refresh_token


def test_the_expiry_is_absolute_and_counted_from_when_the_request_left():
    renewal = Renewal(token_life=100)
    started = renewal.world.clock.time

    def slowly(request):
        renewal.world.clock.time += 7
        return renewal.server(request)

    renewed = renewal.run(slowly)
    assert (renewed.token.obtained_at, renewed.token.expires_at) == (started, started + 100)


@requirement("REF-11", "SCP-12")
def test_a_smaller_scope_is_what_was_granted():
    renewal = Renewal(publishes_scopes=("read", "write"))
    renewal.server.has(TOKEN, (200, "application/json", '{"access_token": "a", "scope": "read"}'))
    assert renewal.run().token.scope == ("read",)


@requirement("SCP-12")
def test_an_answer_without_a_scope_keeps_the_scope():
    renewal = Renewal(publishes_scopes=("read", "write"), tells_scope=False)
    assert renewal.run().token.scope == ("read", "write")


# What is written when.


def test_the_intent_is_written_before_the_request_and_cleared_with_the_answer():
    renewal = Renewal()
    seen = []

    def look(request):
        seen.append(renewal.kept)
        return renewal.server(request)

    renewal.run(look)
    [begun] = seen
    assert begun == replace(renewal.session, refresh_intent=begun.refresh_intent)
    assert begun.refresh_intent.started_at == renewal.world.clock.time
    assert begun.refresh_intent.fingerprint == fingerprint(renewal.session)
    assert begun.refresh_intent.holder.startswith(f"process {os.getpid()} on ")
    assert begun.refresh_intent.deadline == renewal.world.clock.time + 10
    assert renewal.kept.refresh_intent is None


@pytest.mark.parametrize(
    ("seconds", "extended", "is_sent"),
    [
        (1.5, False, True),
        (1.4, False, False),
        (0.0, False, False),
        (1.4, 3.0, True),
        (0.0, 3.0, True),
        (0.0, 1.4, False),
        (1.4, StoreError("Away.", hint="Wait."), False),
        (1.4, ConnectionError("of a library"), False),
    ],
    ids=["lasts", "lost soon", "lost", "extended", "over and still held", "a slow store", "away", "another error"],
)
def test_nothing_is_sent_on_a_lease_that_is_over_or_ends_too_soon_to_be_extended(seconds, extended, is_sent):
    """A holder that was frozen for longer than its lease may have lost it: another process may have sent the token."""
    renewal = Renewal()
    outcome = renewal.run(seconds=seconds, extended=extended)
    if is_sent:
        assert outcome == renewal.kept
        return
    assert isinstance(outcome, Unanswered)
    assert "too slow to renew" in str(outcome.error)
    assert renewal.server.log() == []
    assert renewal.kept == renewal.session


def test_a_store_that_cannot_be_written_keeps_the_refresh_token_unspent():
    renewal = Renewal()
    renewal.world.store.fails_writes = math.inf
    with pytest.raises(StoreError):
        renewal.run()
    assert renewal.server.log() == []
    assert renewal.kept == renewal.session


def test_a_session_that_somebody_else_has_written_is_not_renewed():
    renewal = Renewal()
    theirs = a_session("theirs")
    renewal.world.keep(theirs)
    assert renewal.run() == Overtaken()
    assert renewal.server.log() == []
    assert renewal.kept == theirs


@requirement("REF-8")
def test_an_answer_is_not_lost_when_the_store_fails_just_then():
    renewal = Renewal()

    def answer_to_a_broken_store(request):
        renewal.world.store.fails_writes = 5
        return renewal.server(request)

    renewed = renewal.run(answer_to_a_broken_store)
    assert renewed == renewal.kept
    assert renewed.token.refresh_token != renewal.session.token.refresh_token


def test_who_was_frozen_meanwhile_uses_the_newer_session():
    renewal = Renewal()
    newer = a_session("newer", obtained_at=renewal.world.clock.time + 1)

    def freeze(request):
        response = renewal.server(request)
        renewal.world.keep(newer)
        return response

    assert renewal.run(freeze) == newer
    assert renewal.kept == newer


def test_a_session_without_a_refresh_token_cannot_be_renewed():
    renewal = Renewal(issues_refresh_tokens=False)
    with pytest.raises(ValueError, match="no refresh token"):
        renewal.run()
    assert renewal.server.log() == []


# Answers that end nothing.


@requirement("REF-9", "TOK-14")
@pytest.mark.parametrize(
    "trouble",
    [
        *(500, 503, 407, 408, 425, 429, unreachable()),
        (502, "text/html", "<html>Bad gateway</html>"),
        *map(answer, ("temporarily_unavailable", "server_error", "ratelimited")),
        (200, "application/json", '{"ok": false, "error": "internal_error"}'),
    ],
    ids=str,
)
def test_a_server_that_cannot_answer_now_keeps_everything(trouble):
    """Rows A6, A9."""
    renewal = Renewal()
    renewal.server.has(TOKEN, trouble)
    outcome = renewal.run()
    assert isinstance(outcome, Unavailable)
    assert renewal.kept == renewal.session
    assert len(renewal.sent) == 1


@requirement("REF-9", "TOK-14")
@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (HTML, MalformedDocument),
        ((200, "application/json", ""), MalformedDocument),
        ((200, "application/json", "{}"), MalformedDocument),
        (HTML_403, Refused),
        ((404, "text/plain", "not here"), Refused),
        ((301, "text/html", "<html>Moved</html>"), Refused),
        ((401, "application/json", '{"message": "Unauthorized"}'), Refused),
        ((400, "application/json", '{"error": {"code": "invalid_grant"}}'), Refused),
        ((400, "application/problem+json", '{"title": "invalid_grant", "status": 400}'), Refused),
    ],
    ids=str,
)
def test_an_answer_that_says_nothing_about_the_token_keeps_everything(trouble, error):
    """Rows A1, A2, A3."""
    renewal = Renewal()
    renewal.server.has(TOKEN, trouble)
    outcome = renewal.run()
    assert isinstance(outcome.refusal, error)
    assert not outcome.meaning.ends_token
    assert renewal.kept == renewal.session
    assert len(renewal.sent) == 1


def test_an_intent_that_cannot_be_taken_back_hides_no_error():
    renewal = Renewal()

    def break_everything(request):
        renewal.world.store.fails_writes = math.inf
        raise unreachable()

    assert "cannot be reached" in str(renewal.run(break_everything).error)
    assert renewal.kept.token == renewal.session.token


@requirement("RES-9")
@pytest.mark.parametrize("error", ["invalid_scope", "invalid_request", "invalid_target", "unsupported_grant_type", "x"])
def test_a_refusal_of_something_else_keeps_the_refresh_token(error):
    renewal = Renewal()
    renewal.server.refuses_tokens_with = error
    refused = renewal.run()
    assert refused.refusal.error == error
    assert renewal.kept == renewal.session


# Answers that end the refresh token.


@requirement("REF-9", "REF-7")
def test_invalid_grant_ends_the_refresh_token_and_nothing_else():
    renewal = Renewal()
    renewal.server.forget_refresh_tokens()
    refused = renewal.run()
    assert refused.refusal.error == "invalid_grant"
    ended = 'The token endpoint https://auth.example.com/token refused (400): "invalid_grant".'
    token = replace(renewal.session.token, refresh_token=None)
    assert renewal.kept == replace(renewal.session, token=token, ended=ended)


@requirement("REF-9")
def test_a_client_that_is_not_known_any_more_has_no_refresh_token():
    renewal = Renewal()
    renewal.server.clients.clear()
    refused = renewal.run()
    assert refused.refusal.error == "invalid_client"
    assert renewal.kept.token.refresh_token is None
    assert renewal.kept.token.access_token == renewal.session.token.access_token


def test_a_client_registered_by_hand_that_is_refused_keeps_its_refresh_token():
    """The refusal speaks about the client's settings; when they are corrected, the session goes on."""
    renewal = Renewal()
    by_hand = replace(renewal.session.client, origin=ClientOrigin.CONFIGURED)
    renewal.world.keep(replace(renewal.session, client=by_hand))
    renewal.session, renewal.version = renewal.sessions.read()
    renewal.server.clients.clear()
    assert isinstance(renewal.run(), RefreshRefused)
    assert renewal.kept == renewal.session


@requirement("REF-7")
def test_invalid_grant_for_a_token_that_somebody_has_rotated_adopts_theirs():
    renewal = Renewal()
    theirs = a_session("theirs", refresh_token="theirs")

    def be_late(request):
        renewal.world.keep(theirs)
        renewal.server.forget_refresh_tokens()
        return renewal.server(request)

    assert renewal.run(be_late) == theirs
    assert renewal.kept == theirs


def test_a_session_that_was_deleted_meanwhile_does_not_come_back():
    renewal = Renewal()

    def log_out(request):
        renewal.world.store.inner.delete(renewal.sessions.key)
        renewal.server.forget_refresh_tokens()
        return renewal.server(request)

    assert isinstance(renewal.run(log_out), RefreshRefused)
    assert renewal.sessions.read() == (None, ABSENT)


# No answer at all.


@requirement("REF-9")
def test_without_an_answer_the_intent_and_the_token_stay():
    renewal = Renewal()
    renewal.server.has(TOKEN, no_answer())
    assert isinstance(renewal.run().error, UnknownOutcome)
    kept = renewal.kept
    assert kept == replace(renewal.session, refresh_intent=kept.refresh_intent)
    assert kept.refresh_intent.started_at == renewal.world.clock.time
    assert len(renewal.sent) == 1


# What somebody else has begun.


@requirement("REF-9")
@pytest.mark.parametrize("has_acted", [False, True])
def test_who_finds_an_intent_tries_the_same_token_at_once_and_a_server_that_forgives_heals_it(has_acted, caplog):
    caplog.set_level(logging.INFO, "valetkey")
    renewal = Renewal(forgives_the_previous_refresh_token=True)
    renewal.breaks_off(after_acting=has_acted)
    renewed = renewal.run()
    assert (renewed, renewed.refresh_intent) == (renewal.kept, None)
    assert renewal.server.accepts(renewed.token.access_token.reveal())
    assert renewal.sent == [renewal.session.token.refresh_token.reveal()]
    assert renewal.world.clock.pauses == []
    assert "that process 1 on another computer began has left no answer" in caplog.text
    assert "the same refresh token is sent once more" in caplog.text


@requirement("REF-9", "REF-7")
def test_a_token_that_a_lost_answer_has_spent_ends_and_the_access_token_goes_on(caplog):
    renewal = Renewal()
    renewal.breaks_off(after_acting=True)
    assert isinstance(renewal.run(), RefreshRefused)
    ended = replace(renewal.session.token, refresh_token=None)
    kept = renewal.kept
    assert kept == replace(renewal.session, token=ended, refresh_intent=None, ended=kept.ended)
    assert len(renewal.sent) == 1
    assert f"the answer that was lost at {ISSUER} had spent the refresh token" in caplog.text


@pytest.mark.parametrize("trouble", [503, unreachable()], ids=str)
def test_an_outcome_stays_unknown_while_the_server_says_nothing_about_the_token(trouble):
    renewal = Renewal()
    renewal.breaks_off()
    renewal.server.has(TOKEN, trouble)
    assert isinstance(renewal.run(), Unavailable)
    assert renewal.kept == renewal.session
    assert renewal.kept.refresh_intent is not None


def test_an_intent_of_an_older_version_is_about_the_token_beside_it(caplog):
    caplog.set_level(logging.INFO, "valetkey")
    renewal = Renewal()
    renewal.world.keep(replace(renewal.session, refresh_intent=RefreshIntent(started_at=1.0)))
    renewal.session, renewal.version = renewal.sessions.read()
    assert renewal.run() == renewal.kept
    assert "that another program began has left no answer" in caplog.text


def test_an_intent_about_another_token_means_nothing(caplog):
    caplog.set_level(logging.INFO, "valetkey")
    renewal = Renewal()
    renewal.world.keep(replace(renewal.session, refresh_intent=RefreshIntent(1.0, "0123456789abcdef", "process 1")))
    renewal.session, renewal.version = renewal.sessions.read()
    assert renewal.run() == renewal.kept
    assert "has left no answer" not in caplog.text


@pytest.mark.parametrize(
    ("ago", "seconds", "waits"),
    [(0.0, 3.0, [2.0]), (2.0, 3.0, [1.0]), (3.0, 3.0, []), (11.0, 3.0, []), (0.0, math.inf, [])],
    ids=["just begun", "its lease is nearly over", "its lease is over", "all is over", "a lock of the kernel"],
)
def test_a_holder_that_may_still_live_has_a_moment_to_save_its_answer(ago, seconds, waits):
    """Its lease may be gone before its end because the store's server was started anew; after its end it is dead."""
    renewal = Renewal()
    renewal.breaks_off(ago=ago)
    renewal.run(seconds=seconds)
    assert renewal.world.clock.pauses == waits


def test_a_process_does_not_wait_for_itself():
    renewal = Renewal()
    renewal.server.has(TOKEN, no_answer())
    assert isinstance(renewal.run(seconds=20.0).error, UnknownOutcome)
    renewal.session, renewal.version = renewal.sessions.read()
    renewal.run(seconds=20.0)
    assert renewal.world.clock.pauses == []


def test_what_the_holder_saves_in_that_moment_is_used():
    renewal = Renewal()
    renewal.breaks_off()
    theirs = a_session("theirs", refresh_token="theirs")
    seams = renewal.world.seams(pause=lambda seconds: renewal.world.keep(theirs))
    outcome = refresh(renewal.session, renewal.version, renewal.sessions, seams, renewal.world.settings(), 20.0)
    assert outcome == Overtaken()
    assert renewal.server.log() == []
    assert renewal.kept == theirs


def test_what_was_renewed_wins_over_what_it_came_from_although_the_clock_was_set_back():
    renewal = Renewal()
    renewal.world.clock.time = renewal.session.token.obtained_at - 3600

    def freeze(request):
        response = renewal.server(request)
        renewal.world.keep(replace(renewal.session, refresh_intent=None))
        return response

    renewed = renewal.run(freeze)
    assert renewed == renewal.kept
    assert renewed.token.refresh_token != renewal.session.token.refresh_token


@requirement("REF-1")
def test_a_refresh_token_goes_to_no_other_issuer():
    renewal = Renewal()
    renewal.session = replace(renewal.session, client=Client("c", "https://other.example.com"))
    with pytest.raises(AuthError, match="about to be sent"):
        renewal.run()
    assert renewal.server.log() == []
    assert renewal.kept.token == renewal.session.token
