# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
No refusal is a dead end: every status from 300 to 599 with every kind of body, for every request of a session's life.

There is always a next step that ends in a session which the MCP server accepts, without a file being deleted; nothing
that the authorization server has not ended is lost; and no attempt loops.
"""

import math
import threading
from enum import Enum

import pytest

from tests.fakes.authorization_server import (
    DEVICE_AUTHORIZATION,
    ISSUER,
    REGISTER,
    RESOURCE_METADATA,
    REVOKE,
    SERVER_METADATA,
    TOKEN,
)
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._engine.decision import TokenNeed
from valetkey._engine.logout import Logout
from valetkey._engine.workers import run_steps
from valetkey._sessions.codec import client_key, session_key
from valetkey.errors import AuthError, LoginRequired, TemporaryError
from valetkey.login.never import NeverLogin
from valetkey.store.backends.memory import MemoryStore
from valetkey.values import Secret
from valetkey.wire import HttpResponse

pytestmark = pytest.mark.exhaustive

STATUSES = range(300, 600)
SOME = (300, 301, 304, 307, 308, 400, 401, 403, 404, 405, 407, 408, 410, 413, 422, 425, 429, 451, 500, 502, 503, 599)
TEMPORARY = {407, 408, 425, 429, *range(500, 600)}
JSON, PROBLEM = "application/json", "application/problem+json"
BODIES = {
    "nothing": ("", ""),
    "plain text": ("text/plain", "invalid_grant"),
    "a web page": ("text/html", "<html>invalid_grant</html>"),
    "JSON without an error": (JSON, '{"message": "Unauthorized"}'),
    "a problem": (PROBLEM, '{"type": "about:blank", "title": "invalid_client", "status": 401}'),
    "an error within an error": (JSON, '{"error": {"code": "invalid_grant", "message": "invalid_client"}}'),
    "an unknown code": (JSON, '{"error": "x_17", "error_description": "invalid_grant"}'),
    "invalid_grant": (JSON, '{"error": "invalid_grant", "error_description": "revoked"}'),
    "invalid_client": (JSON, '{"error": "invalid_client"}'),
}
MOST_REQUESTS = 12
"""More than a refresh, a look for where it has moved to, a whole login, and all of it corrected once."""


class Kind(Enum):
    """The requests of a session's life."""

    RESOURCE = RESOURCE_METADATA
    SERVER = SERVER_METADATA
    REGISTRATION = REGISTER
    CODE = f"{TOKEN} for a code"
    RENEWAL = f"{TOKEN} for a refresh token"
    MACHINE = f"{TOKEN} for a machine"
    POLL = f"{TOKEN} for a device"
    DEVICE = DEVICE_AUTHORIZATION
    REVOCATION = REVOKE


FORMS = {
    b"grant_type=refresh_token": Kind.RENEWAL,
    b"grant_type=authorization_code": Kind.CODE,
    b"grant_type=client_credentials": Kind.MACHINE,
    b"grant_type=urn": Kind.POLL,
}


KINDS = {kind.value: kind for kind in Kind}


def kind_of(request):
    if request.url != TOKEN:
        return KINDS.get(request.url)
    return next(kind for form, kind in FORMS.items() if request.body.startswith(form))


class Refusing:
    """Sends to a server, which refuses one kind of request as often as it is told."""

    def __init__(self, server):
        self.server, self.count, self.documents = server, 0, {}
        self.heal()

    def refuse(self, kind, status, body, times=math.inf):
        self.kind, self.status, self.left = kind, status, times
        self.media_type, self.body = BODIES[body]

    def heal(self):
        self.refuse(None, 0, "nothing", 0)

    def __call__(self, request):
        self.count += 1
        assert self.count <= MOST_REQUESTS, f"it loops, with {request.method} {request.url}"
        if self.left <= 0 or kind_of(request) is not self.kind:
            if request.method != "GET":
                return self.server(request)
            if request.url not in self.documents:
                self.documents[request.url] = self.server(request)
            return self.documents[request.url]
        self.left -= 1
        headers = (("Content-Type", self.media_type),) if self.media_type else ()
        return HttpResponse(self.status, request.url, headers, self.body.encode())


class Life:
    """A person or a machine with a session in the store, which is put back before each refusal."""

    def __init__(self, *, without=(), settings=None, **switches):
        self.settings = settings or {}
        self.world = World(rotates_refresh_tokens=False, revokes_tokens=True, offers_device_login=True, **switches)
        self.world.server.knows("machine", secret="s3cret")
        self.world.send = self.refusing = Refusing(self.world.server)
        self.attempts = self.world.attempts(**self.settings)
        self.never = self.world.attempts(seams=self.world.seams(login=NeverLogin()), **self.settings)
        self.attempts.obtain(TokenNeed(), threading.Event())
        self.world.clock.time += 86_400
        self.key = session_key(self.world.settings(**self.settings))
        self.begin_again()
        self.before = self.world.kept(**self.settings)
        self.client_key = client_key(self.before.issuer, self.world.settings(**self.settings))
        if "registration" in without:
            self.world.store.inner.delete(self.client_key)
        self.had_no_client = not self.has_client
        self._records = dict(self.world.store.inner._records)
        self._clients = dict(self.world.server.clients)
        self._known = {}

    def begin_again(self):
        self.world.forget_what_happened()
        self.attempts.backoff.succeeded()
        self.never.backoff.succeeded()
        self.refusing.heal()

    def put_back(self):
        self.begin_again()
        self.world.store.inner = MemoryStore()
        self.world.store.inner._records.update(self._records)
        self.world.server.clients.clear()
        self.world.server.clients.update(self._clients)

    def goes_on(self, attempts=None):
        """Tell whether the next attempt brings a session; it depends on the store, so each state is tried once."""
        records = frozenset((key, record.value) for key, record in self.world.store.inner._records.items())
        state = (attempts is self.never, records)
        if state not in self._known:
            self.refusing.heal()
            self.world.clock.time += 60
            self._known[state] = self.works(self.obtain(attempts))
        return self._known[state]

    def obtain(self, attempts=None, **need):
        """Give the session of one attempt, or its error."""
        self.refusing.count = 0
        need = TokenNeed(self.before.token.access_token.reveal(), **need)
        try:
            return (attempts or self.attempts).obtain(need, threading.Event())
        except AuthError as error:
            assert error.hint.endswith(".")
            return error

    def works(self, session):
        return not isinstance(session, AuthError) and self.world.server.accepts(session.token.access_token.reveal())

    @property
    def kept(self):
        return self.world.kept(**self.settings)

    @property
    def is_untouched(self):
        """True while the session's record is what it was; its version may be another."""
        record = self.world.store.inner.get(self.key)
        return record is not None and record.value == self._records[self.key].value

    @property
    def has_client(self):
        return self.world.store.inner.get(self.client_key) is not None


def ends(status, body):
    """Tell what the authorization server itself has ended: "token", "client" or nothing."""
    if status < 400 or status in TEMPORARY:
        return None
    return {"invalid_grant": "token", "invalid_client": "client"}.get(body)


@pytest.fixture(scope="module")
def life():
    """A person with a session that can be renewed."""
    return Life()


@requirement("REF-9")
@pytest.mark.parametrize("body", BODIES)
def test_a_refused_renewal_loses_only_what_the_server_has_ended_and_goes_on_when_it_heals(life, body):
    """With a program that may ask no person. Rows A1, A2, A3, A6, A10."""
    for status in STATUSES:
        life.put_back()
        life.refusing.refuse(Kind.RENEWAL, status, body)
        error, ended = life.obtain(life.never), ends(status, body)
        assert isinstance(error, TemporaryError if status in TEMPORARY else LoginRequired)
        assert life.has_client is (ended != "client")
        assert life.is_untouched is (ended is None)
        if status in TEMPORARY:
            assert isinstance(life.obtain(life.never, explicit=True), LoginRequired)
            assert life.is_untouched
        assert life.goes_on(life.never) is (ended is None)
        assert life.world.person.asked == []
        if ended is not None:
            kept = life.before.token.access_token
            assert (life.kept.token.access_token, life.kept.token.refresh_token) == (kept, None)
            assert f"was ended by {life.before.issuer}" in str(error)
            assert life.goes_on()


@requirement("REF-9")
@pytest.mark.parametrize("body", BODIES)
def test_a_renewal_that_is_refused_for_ever_leads_to_a_login_and_at_the_latest_to_an_explicit_one(life, body):
    """Rows A1, A2, A3, A5."""
    for status in SOME:  # that a login is begun after every status is shown above
        life.put_back()
        life.refusing.refuse(Kind.RENEWAL, status, body)
        session = life.obtain()
        assert isinstance(session, TemporaryError) is (status in TEMPORARY)
        if status in TEMPORARY:
            assert life.is_untouched
            session = life.obtain(explicit=True)
        assert life.works(session)
        assert session == life.kept
        assert len(life.world.person.asked) == 1
        assert (session.client == life.before.client) is (ends(status, body) != "client")


@requirement("REF-9")
@pytest.mark.parametrize("body", BODIES)
def test_a_renewal_ahead_of_time_that_is_refused_asks_no_person_and_deletes_nothing(life, body):
    """Row A3."""
    for status in STATUSES:
        life.put_back()
        life.refusing.refuse(Kind.RENEWAL, status, body)
        assert isinstance(life.obtain(early=True), AuthError)
        assert (life.world.person.asked, life.has_client) == ([], True)
        assert life.is_untouched is (ends(status, body) is None)


LOGINS = {
    Kind.RESOURCE: {},
    Kind.SERVER: {},
    Kind.REGISTRATION: {"without": ("registration",)},
    Kind.CODE: {},
}
OTHERS = {
    Kind.DEVICE: {"settings": {"grant": "device_code"}},
    Kind.POLL: {"settings": {"grant": "device_code"}},
    Kind.MACHINE: {"settings": {"client_id": "machine", "client_secret": Secret("s3cret"), "issuer": ISSUER}},
}


def one_way_on(life, kind, status, body, times):
    """Let a login meet a refusal: it brings a session all the same, or leaves all as it was, and the next one works."""
    life.put_back()
    life.refusing.refuse(kind, status, body, times)
    session = life.obtain()
    assert life.has_client or life.had_no_client or ends(status, body) == "client"
    if isinstance(session, AuthError):
        assert status not in TEMPORARY or isinstance(session, TemporaryError) or kind is Kind.POLL
        assert life.is_untouched
        assert life.goes_on()
    else:
        assert life.works(session)
        assert status not in SOME or session == life.kept


@pytest.fixture(scope="module", params=LOGINS, ids=lambda kind: kind.name)
def login(request):
    """A kind of request, and a session that only a login replaces."""
    return request.param, Life(issues_refresh_tokens=False, **LOGINS[request.param])


@requirement("REF-9", "ASM-7", "PRM-5")
@pytest.mark.parametrize("body", BODIES)
def test_a_login_that_is_refused_on_its_way_keeps_the_record_and_the_next_one_works(login, body):
    """Rows A3, A6."""
    kind, life = login
    for status in STATUSES:
        one_way_on(life, kind, status, body, times=1)


@requirement("REF-9", "CC-8")
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("times", [1, math.inf])
def test_a_machine_and_a_login_on_another_device_go_on_after_a_refusal_too(kind, body, times):
    """Rows A3, A6."""
    life = Life(issues_refresh_tokens=False, **OTHERS[kind])
    life.world.server.says_of_device_login = {"expires_in": 20}
    for status in SOME:
        one_way_on(life, kind, status, body, times)


@requirement("REF-9", "ASM-7", "PRM-5")
@pytest.mark.parametrize("status", SOME)
def test_a_login_that_is_refused_for_ever_ends_at_once_and_works_when_the_server_heals(login, status):
    """Row A3."""
    kind, life = login
    for body in BODIES:
        life.put_back()
        life.refusing.refuse(kind, status, body)
        assert isinstance(life.obtain(), AuthError)
        assert life.is_untouched
        assert life.goes_on()


@pytest.mark.parametrize("body", BODIES)
def test_a_refused_revocation_ends_the_session_here_and_nothing_else(life, body):
    for status in STATUSES:
        life.put_back()
        life.refusing.refuse(Kind.REVOCATION, status, body)
        life.refusing.count = 0
        settings, seams = life.world.settings(), life.world.seams()
        result = run_steps(Logout(settings, seams, life.attempts.sessions).ending_session(), seams.pause)
        assert (result.existed, result.revoked, life.has_client) == (True, False, True)
        assert result.problem
        assert life.world.store.inner.get(life.key) is None
        assert life.goes_on()
