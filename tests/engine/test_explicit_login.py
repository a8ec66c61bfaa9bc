# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A login that the user asks for by name: what the MCP server is asked, and what its answers mean."""

import jwt
import pytest

from tests.fakes.authorization_server import ISSUER, MCP, RESOURCE_METADATA, ROOT_RESOURCE_METADATA, TOKEN
from tests.fakes.bound_tokens import world_of
from tests.fakes.network import challenges, no_answer, unreachable
from tests.fakes.world import World
from valetkey.errors import (
    LoginFailed,
    LoginRequired,
    ResourceMismatch,
    ScopeMissing,
    StoreError,
    TemporaryError,
)
from valetkey.login.never import NeverLogin
from valetkey.values import Secret, TokenType
from valetkey.wire import HttpResponse

ELSEWHERE = "https://mcp.example.com/metadata"
BEARER = ("WWW-Authenticate", 'Bearer error="invalid_token"')
METADATA_ELSEWHERE = ("www-authenticate", f'Bearer resource_metadata="{ELSEWHERE}"')
MACHINE = {"client_id": "machine", "client_secret": Secret("s3cret"), "issuer": ISSUER}


def answer(status, *fields, url=MCP):
    return HttpResponse(status, url, fields)


def questions(world):
    """What the MCP server was asked: the address and the credential of each ping."""
    pings = [request for request in world.server.requests if b'"ping"' in request.body]
    return [(request.url, dict(request.headers).get("Authorization")) for request in pings]


def credentials(world):
    return [credential for _, credential in questions(world)]


def open_world(**switches):
    """A world whose MCP server publishes nothing about a login."""
    return World(**{"describes_the_resource_at": (), "describes_itself_at": (), **switches})


REJECTIONS = pytest.mark.parametrize(
    "rejection",
    [
        pytest.param(answer(401, BEARER), id="401"),
        pytest.param(answer(401), id="401 without a challenge"),
        pytest.param(answer(401, ("WWW-Authenticate", "Basic")), id="401 with a scheme that nothing answers"),
        pytest.param(answer(403, BEARER), id="403 with a challenge"),
    ],
)


# A server that wants a login.


@REJECTIONS
@pytest.mark.parametrize(
    "switches",
    [
        pytest.param({}, id="resource metadata"),
        pytest.param({"issuer": "https://mcp.example.com", "describes_the_resource_at": ()}, id="2025-03-26"),
    ],
)
def test_a_server_that_rejects_the_question_gets_a_login(rejection, switches):
    world = World(**switches)
    world.server.has(MCP, rejection)
    engine = world.engine()
    session = engine.login()
    assert (session, session.token) == (world.kept(), engine.current())
    assert len(world.person.asked) == 1
    assert questions(world) == [(MCP, None)]


def test_a_server_that_takes_only_bound_tokens_gets_a_login_with_a_key():
    world = world_of()
    world.server.has(MCP, answer(403, ("WWW-Authenticate", "DPoP")))
    assert world.engine().login().token.token_type is TokenType.DPOP


# A server that offers a login.


@pytest.mark.parametrize("status", [200, 202, 204, 301, 307, 400, 403, 404, 405, 406, 415, 429, 500, 503])
@pytest.mark.parametrize("place", [RESOURCE_METADATA, ROOT_RESOURCE_METADATA], ids=["path", "root"])
def test_a_server_that_serves_anonymous_requests_and_publishes_resource_metadata_gets_a_login(status, place):
    """Exa's server does so: without a token it serves everybody, with one it serves the account. Row E9."""
    world = World(describes_the_resource_at=(place,))
    world.server.has(MCP, answer(status))
    engine = world.engine()
    assert engine.login() == world.kept()
    assert len(world.person.asked) == 1
    assert engine.current() == world.kept().token  # it goes along, although the server has never asked for it
    assert world.engine().current() == world.kept().token  # after a restart too


@pytest.mark.parametrize("status", [200, 400, 404, 405])
def test_an_answer_that_is_no_rejection_may_announce_where_the_metadata_is(status):
    """A field of a challenge in another answer says that credentials would change it (RFC 9110 §11.6.1). Row E9."""
    world = World(describes_the_resource_at=(ELSEWHERE,))
    world.server.has(MCP, answer(status, METADATA_ELSEWHERE))
    assert world.engine().login() == world.kept()


@pytest.mark.parametrize(
    "named",
    [
        pytest.param({"issuer": ISSUER}, id="issuer"),
        pytest.param(
            {
                "client_id": "mine",
                "redirect_uri": "http://127.0.0.1:8080/callback",
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": TOKEN,
            },
            id="endpoints",
        ),
    ],
)
def test_a_login_that_the_user_names_in_the_settings_is_offered_whatever_the_server_publishes(named):
    world = open_world(describes_itself_at=None)
    world.server.knows("mine", "http://127.0.0.1:8080/callback")
    world.server.has(MCP, answer(200))
    assert world.engine(**named).login() == world.kept(**named)


# A server that does neither.


@pytest.mark.parametrize("status", [200, 202, 204, 301, 307, 400, 403, 404, 405, 406, 415])
@pytest.mark.parametrize("switches", [{}, {"describes_the_resource_at": (RESOURCE_METADATA,), "names_issuers": ()}])
def test_a_server_that_neither_wants_nor_offers_a_login_gets_none_and_nothing_is_kept(status, switches):
    world = open_world(**switches)
    world.server.has(MCP, answer(status))
    engine = world.engine()
    assert engine.login() is None
    assert (engine.session, engine.is_known(), engine.current()) == (None, False, None)
    assert world.store.inner._records == {}
    assert world.person.asked == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_cannot_answer_now_and_offers_nothing_is_asked_again_later(status):
    world = open_world()
    world.server.has(MCP, answer(status, ("Retry-After", "7")), answer(200))
    with pytest.raises(TemporaryError, match=rf"{MCP}.*{status}") as caught:
        world.engine().login()
    assert caught.value.retry_after == 7
    assert world.engine().login() is None


@pytest.mark.parametrize("trouble", [unreachable(), no_answer()], ids=["unreachable", "no answer"])
def test_a_server_that_cannot_be_reached_is_an_error_and_nobody_is_asked(trouble):
    world = World()
    world.server.has(MCP, trouble)
    with pytest.raises(TemporaryError):
        world.engine().login()
    assert world.person.asked == []
    assert world.engine().login() == world.kept()


def test_metadata_of_another_resource_is_no_offer_and_no_finding_that_there_is_none():
    world = World(names_the_resource="https://evil.example/mcp")
    with pytest.raises(ResourceMismatch):
        world.engine().login()


# A session that is there.


@pytest.mark.parametrize("status", [200, 202, 400, 403, 404, 405, 406, 429, 500, 503])
def test_a_good_token_that_the_server_does_not_reject_is_the_answer_and_nobody_is_asked(status):
    world = World()
    world.logged_in()
    world.clock.time -= 86_400
    world.server.has(MCP, answer(status))
    engine = world.engine()
    assert engine.login() == engine.session == world.kept()
    assert credentials(world) == [f"Bearer {world.kept().token.access_token.reveal()}"]
    assert len(world.server.requests) == 1
    assert world.person.asked == []


@REJECTIONS
def test_a_token_that_the_server_rejects_is_renewed_without_a_person(rejection):
    world = World()
    world.logged_in()
    world.clock.time -= 86_400
    world.server.has(MCP, rejection)
    old = world.kept().token
    session = world.engine().login()
    assert session.token != old
    assert world.server.grant_types() == ["refresh_token"]
    assert world.person.asked == []


def test_an_expired_token_is_not_shown_and_is_renewed_although_the_server_neither_wants_nor_offers_a_login():
    world = World()
    world.logged_in()
    world.server.describes_the_resource_at = ()
    world.server.has(MCP, answer(200))
    assert world.engine().login() == world.kept()
    assert credentials(world) == [None]
    assert world.server.grant_types() == ["refresh_token"]
    assert world.person.asked == []


def test_a_session_that_does_not_fit_the_settings_is_replaced():
    world = World()
    world.logged_in()
    world.clock.time -= 86_400
    world.server.has(MCP, answer(200))
    assert world.engine(scope=("write",)).login().token.scope == ("write",)
    assert credentials(world) == [None]
    assert len(world.person.asked) == 1


def test_a_session_without_a_refresh_token_ends_in_a_login():
    world = World(issues_refresh_tokens=False)
    world.logged_in()
    assert world.engine().login() == world.kept()
    assert len(world.person.asked) == 1


def test_scope_that_the_question_needs_is_asked_for():
    world = World()
    world.logged_in()
    world.clock.time -= 86_400
    world.server.has(MCP, answer(403, ("WWW-Authenticate", 'Bearer error="insufficient_scope", scope="write"')))
    assert world.engine().login().token.scope == ("write",)


def test_scope_that_the_settings_fix_is_not_widened():
    world = World()
    world.logged_in(scope=("read",))
    world.clock.time -= 86_400
    world.server.has(MCP, answer(403, ("WWW-Authenticate", 'Bearer error="insufficient_scope", scope="write"')))
    with pytest.raises(ScopeMissing):
        world.engine(scope=("read",)).login()


def test_a_store_that_cannot_be_read_is_an_error_before_the_server_is_asked():
    world = World()
    world.store.fails_reads = 1
    with pytest.raises(StoreError):
        world.engine().login()
    assert world.server.requests == []


# What holds a login back otherwise.


def test_a_token_that_is_rejected_just_after_the_login_is_no_obstacle():
    world = World(issues_refresh_tokens=False)
    engine = world.engine()
    first = engine.login()
    world.server.has(MCP, answer(401, BEARER))
    second = engine.login()
    assert first.token != second.token
    assert len(world.person.asked) == 2


def test_a_pause_after_failures_is_passed():
    world = World()
    world.server.knows("machine", secret="s3cret")
    engine = world.engine(**MACHINE)
    world.server.has(TOKEN, answer(503, ("Retry-After", "3600"), url=TOKEN))
    with pytest.raises(TemporaryError):
        engine.login()
    with pytest.raises(TemporaryError):
        engine.replace(None)
    assert len(world.server.token_forms()) == 1  # the second one was held back
    assert engine.login() == world.kept(**MACHINE)


def test_a_scope_that_was_declined_is_asked_for_again():
    world = World()
    engine = world.engine()
    token = engine.login().token
    more = 'Bearer error="insufficient_scope", scope="write"'
    world.person.denies = True
    with pytest.raises(LoginFailed):
        engine.replace(token, challenges(more))
    world.person.denies = False
    world.server.has(MCP, answer(403, ("WWW-Authenticate", more)))
    assert engine.login().token.scope == ("write",)


def test_a_program_that_may_ask_nobody_says_so():
    world = World()
    with pytest.raises(LoginRequired):
        world.engine(seams=world.seams(login=NeverLogin())).login()


@pytest.mark.parametrize("wants", [True, False], ids=["wanted", "offered"])
def test_a_machine_logs_in_with_its_secret(wants):
    world = World()
    world.server.knows("machine", secret="s3cret")
    if wants:
        world.server.has(MCP, answer(401, BEARER))
    assert world.engine(**MACHINE).login() == world.kept(**MACHINE)
    assert world.engine(**MACHINE).login() == world.kept(**MACHINE)
    assert world.server.grant_types() == ["client_credentials"]


# Where the question goes.


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("location", ["/mcp/", "mcp/", f"{MCP}/", "//mcp.example.com:443/mcp/"])
def test_a_redirect_within_the_servers_origin_is_followed(status, location):
    world = World()
    world.logged_in()
    world.clock.time -= 86_400
    world.server.has(MCP, answer(status, ("Location", location)))
    session = world.engine().login()
    assert [url.replace(":443", "") for url, _ in questions(world)] == [MCP, f"{MCP}/"]
    assert credentials(world) == [f"Bearer {session.token.access_token.reveal()}"] * 2


@pytest.mark.parametrize(
    "location", ["https://evil.example/mcp", "http://mcp.example.com/mcp", "https://[", "javascript:alert(1)", ""]
)
def test_a_redirect_that_leads_elsewhere_or_nowhere_is_not_followed(location):
    world = World()
    world.logged_in()
    world.clock.time -= 86_400
    world.server.has(MCP, *[answer(307, ("Location", location))] * 9)
    assert world.engine().login() == world.kept()
    assert {url for url, _ in questions(world)} == {MCP}


def test_a_circle_of_redirects_ends():
    world = open_world()
    world.server.has(MCP, *[answer(307, ("Location", MCP))] * 9)
    assert world.engine().login() is None
    assert len(questions(world)) == 4


# A token that is bound to a key.


def test_a_bound_token_goes_with_a_proof_and_with_the_nonce_that_the_server_wants():
    world = world_of()
    engine = world.engine(dpop=True)
    engine.login()
    world.forget_what_happened()
    nonce = ("DPoP-Nonce", "n-1")
    world.server.has(MCP, answer(401, ("WWW-Authenticate", 'DPoP error="use_dpop_nonce"'), nonce), answer(200, nonce))
    session = engine.login()
    assert credentials(world) == [f"DPoP {session.token.access_token.reveal()}"] * 2
    proofs = [dict(request.headers)["DPoP"] for request in world.server.requests]
    claims = [jwt.decode(proof, options={"verify_signature": False}) for proof in proofs]
    assert [(each["htm"], each["htu"], each.get("nonce")) for each in claims] == [
        ("POST", MCP, None),
        ("POST", MCP, "n-1"),
    ]


def test_a_bound_token_that_the_server_rejects_is_renewed():
    world = world_of()
    engine = world.engine(dpop=True)
    old = engine.login().token
    world.server.has(MCP, answer(401, ("WWW-Authenticate", 'DPoP error="invalid_token"'), ("DPoP-Nonce", "n-1")))
    assert engine.login().token != old
    assert len(world.person.asked) == 1
