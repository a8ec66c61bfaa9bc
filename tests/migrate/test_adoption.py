# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Whose session it is, and that it goes on here without a login."""

import base64
import json
import logging
from dataclasses import replace
from functools import partial

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, REGISTER, RESOURCE_METADATA, SERVER_METADATA, TOKEN
from tests.fakes.network import Internet, unreachable
from tests.fakes.seams import BEGINNING
from tests.fakes.world import World, a_session
from tests.migrate.files import CLIENT, OLD_CLIENT, OLD_TOKENS, TOKENS, Records, write
from tests.requirements import requirement
from valetkey._sessions.codec import session_key
from valetkey.errors import (
    ConfigurationError,
    IssuerMismatch,
    LoginRequired,
    ResourceMismatch,
    StoreError,
    TemporaryError,
    Unsupported,
)
from valetkey.migrate.adoption import MigratedSession, adopt
from valetkey.migrate.fastmcp import read_fastmcp
from valetkey.migrate.mcp_remote import Invocation, read_mcp_remote
from valetkey.values import Client, ClientOrigin, Secret
from valetkey.wire import HttpResponse

ELSEWHERE = "https://elsewhere.example.com"
OTHER_ISSUER = "https://other.example.com"


def jwt(**claims):
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims)]
    return f"{parts[0]}.{parts[1]}.signature"


def kept_by(program, folder, session, *, issuer=ISSUER):
    """Keep a session as another program does, as if its user had logged in there."""
    token = {
        "access_token": session.token.access_token.reveal(),
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": session.token.refresh_token.reveal(),
    }
    client = {"client_id": session.client.client_id, "redirect_uris": [session.client.redirect_uri]}
    client = {**client, "token_endpoint_auth_method": "none", **({"issuer": issuer} if issuer else {})}
    if program == "FastMCP":
        return read_fastmcp(MCP, Records(token, client, BEGINNING + 3600))
    written = {**token, "expires_at": (BEGINNING + 3600) * 1000, "requested_scope": "mcp"}
    return read_mcp_remote(Invocation(MCP), write(folder, written, client))


def old(folder, **members):
    """What an old mcp-remote keeps: no issuer."""
    return read_mcp_remote(
        Invocation(MCP), write(folder, {**json.loads(OLD_TOKENS), **members}, OLD_CLIENT, at=BEGINNING)
    )


def taken_over(world, foreign, *, overwrite=False, **settings):
    return adopt(foreign, world.settings(**settings), world.store, world.seams(), overwrite=overwrite)


def logged_in_elsewhere(**switches):
    """A server at which somebody has logged in with another program; our store is empty."""
    world = World(**switches)
    world.engine().replace(None)
    session = world.kept()
    world.store.inner.close()
    world.forget_what_happened()
    return world, session


@pytest.fixture
def current(tmp_path):
    """What mcp-remote keeps now: it names the issuer."""
    return read_mcp_remote(Invocation(MCP), write(tmp_path))


@pytest.mark.parametrize("program", ["mcp-remote", "FastMCP"])
@pytest.mark.parametrize("issuer", [ISSUER, None], ids=["issuer written down", "no issuer"])
def test_a_session_goes_on_without_a_person_and_is_renewed_like_our_own(tmp_path, program, issuer):
    world, session = logged_in_elsewhere()
    taken = taken_over(world, kept_by(program, tmp_path, session, issuer=issuer))
    assert taken.client_id == session.client.client_id
    world.forget_what_happened()
    engine = world.engine()
    assert world.server.accepts(engine.current().access_token.reveal())
    assert world.server.log() == []
    world.clock.time += 7200
    assert world.server.accepts(engine.replace(engine.current()).access_token.reveal())
    assert (world.server.log(), world.person.asked) == ([f"POST {TOKEN}"], [])
    assert world.server.token_forms() == [
        {
            "grant_type": "refresh_token",
            "refresh_token": session.token.refresh_token.reveal(),
            "client_id": session.client.client_id,
            "resource": MCP,
        }
    ]


def test_what_is_told_has_no_secret_in_it(current, caplog):
    caplog.set_level(logging.DEBUG)
    taken = taken_over(World(), current)
    assert taken == MigratedSession(
        program="mcp-remote",
        place=current.place,
        issuer=ISSUER,
        client_id="d7b033f0-a9b2-4865-96fa-52270befee0d",
        scope=("mcp",),
        expires_at=1_800_003_000.0,
        renewable=True,
    )
    told = f"{taken!r} {current!r} {caplog.text}"
    for secret in ("access-of-mcp-remote", "refresh-of-mcp-remote", "secret-of-mcp-remote"):
        assert secret not in told


def test_the_record_is_complete_so_that_a_restart_asks_nobody(current):
    world = World()
    taken_over(world, current)
    session = world.kept()
    assert (session.issuer, session.server.token_endpoint, session.resource) == (ISSUER, TOKEN, MCP)
    assert (session.requested_scope, session.interactive, session.refresh_intent) == (("mcp", "openid"), True, None)
    assert (session.client.issuer, session.client.origin) == (ISSUER, ClientOrigin.REGISTERED)


def test_the_other_program_s_files_stay_as_they_are(tmp_path):
    folder = write(tmp_path)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}
    taken_over(World(), read_mcp_remote(Invocation(MCP), folder))
    assert {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()
    } == before


def test_no_secret_leaves_while_a_session_is_taken_over(current):
    world = World()
    taken_over(world, current)
    assert world.server.log() == [f"POST {MCP}", f"GET {RESOURCE_METADATA}", f"GET {SERVER_METADATA}"]
    sent = b"".join(request.body for request in world.server.requests).decode() + str(
        [request.headers for request in world.server.requests]
    )
    assert "of-mcp-remote" not in sent


def test_metadata_is_looked_for_where_the_mcp_server_says(current):
    world = World(describes_the_resource_at=(f"{ELSEWHERE}/metadata",))
    field = ("WWW-Authenticate", f'Bearer resource_metadata="{ELSEWHERE}/metadata"')
    world.server.has(MCP, HttpResponse(401, MCP, (field,)))
    assert taken_over(world, current).issuer == ISSUER


def test_a_session_of_ours_is_not_written_over(current):
    world = World()
    world.keep(a_session("ours"))
    with pytest.raises(ConfigurationError, match="already"):
        taken_over(world, current)
    assert world.kept().token.access_token == Secret("ours")
    assert world.server.log() == []


def test_a_session_of_ours_is_written_over_on_demand(current):
    world = World()
    world.keep(a_session("ours"))
    taken_over(world, current, overwrite=True)
    assert world.kept().token.access_token == Secret("access-of-mcp-remote")


def test_a_session_that_appears_meanwhile_is_not_written_over(current):
    world = World()
    world.store.before_lease = partial(world.keep, a_session("ours"))
    with pytest.raises(ConfigurationError, match="already"):
        taken_over(world, current)
    assert world.kept().token.access_token == Secret("ours")


def test_a_session_that_appears_at_the_last_moment_is_written_over_only_on_demand(current):
    for overwrite in (False, True):
        world = World()
        world.store.before_write[session_key(world.settings())] = partial(world.keep, a_session("ours"))
        if overwrite:
            taken_over(world, current, overwrite=True)
        else:
            with pytest.raises(ConfigurationError, match="already"):
                taken_over(world, current)
        kept = world.kept().token.access_token
        assert kept == Secret("access-of-mcp-remote" if overwrite else "ours")


def test_a_renewal_that_is_under_way_is_waited_for(current):
    world = World()
    world.keep(a_session("ours"))
    lease = world.store.lease(session_key(world.settings()), seconds=20)
    with lease, pytest.raises(TemporaryError, match="busy"):
        taken_over(world, current, overwrite=True)
    assert world.kept().token.access_token == Secret("ours")
    assert sum(world.clock.pauses) > 20


def test_principals_and_labels_have_sessions_of_their_own(current):
    world = World()
    taken_over(world, current, principal="ada", label="work")
    assert world.engine().current() is None
    assert world.engine(principal="ada", label="work").current() is not None


@requirement("REG-4")
def test_a_session_of_another_issuer_than_the_one_that_is_named_now_stays_where_it_is(tmp_path):
    """Who controls the MCP server must not get a refresh token of the authorization server it has had before."""
    world = World(issuer=OTHER_ISSUER)
    foreign = read_mcp_remote(Invocation(MCP), write(tmp_path, TOKENS, CLIENT))
    with pytest.raises(IssuerMismatch) as caught:
        taken_over(world, foreign)
    assert (caught.value.expected, caught.value.received) == (ISSUER, OTHER_ISSUER)
    with pytest.raises(IssuerMismatch):
        taken_over(world, foreign, issuer=OTHER_ISSUER)
    assert world.store.inner.keys() == []


def test_a_session_is_bound_to_the_issuer_that_was_written_down_and_not_to_the_first_of_several(current):
    world = World(names_issuers=(OTHER_ISSUER, ISSUER))
    world.send = Internet(world.server, World(issuer=OTHER_ISSUER).server)
    taken_over(world, current)
    assert world.kept().issuer == ISSUER


def test_where_several_issuers_are_named_and_none_is_written_down_the_user_says_which(tmp_path):
    world = World(names_issuers=(ISSUER, OTHER_ISSUER))
    world.send = Internet(world.server, World(issuer=OTHER_ISSUER).server)
    with pytest.raises(ConfigurationError, match="several issuers") as caught:
        taken_over(world, old(tmp_path))
    assert ISSUER in caught.value.hint
    assert OTHER_ISSUER in caught.value.hint
    taken_over(world, old(tmp_path), issuer=OTHER_ISSUER)
    assert world.kept(issuer=OTHER_ISSUER).issuer == OTHER_ISSUER


def test_a_token_that_names_another_issuer_itself_is_not_taken(tmp_path):
    world = World()
    foreign = old(tmp_path, access_token=jwt(iss=OTHER_ISSUER))
    with pytest.raises(IssuerMismatch, match=OTHER_ISSUER):
        taken_over(world, foreign)
    taken_over(world, foreign, issuer=ISSUER)
    assert world.kept().issuer == ISSUER


@pytest.mark.parametrize("claims", [{"iss": f"{ISSUER}/tenant"}, {"iss": "our own name"}, {"iss": 7}, {"sub": "ada"}])
def test_a_token_that_contradicts_nothing_is_taken(tmp_path, claims):
    assert taken_over(World(), old(tmp_path, access_token=jwt(**claims))).issuer == ISSUER


def test_where_nothing_is_published_nobody_knows_whose_token_it_is(current):
    world = World(describes_the_resource_at=(), describes_itself_at=())
    with pytest.raises(Unsupported, match="publishes nothing"):
        taken_over(world, current)
    assert world.store.inner.keys() == []


def test_a_server_of_2025_03_26_is_its_own_issuer(current):
    world = World(describes_the_resource_at=(), issuer="https://mcp.example.com")
    foreign = replace(current, issuer="https://mcp.example.com")
    taken_over(world, foreign)
    session = world.kept()
    assert (session.issuer, session.resource) == ("https://mcp.example.com", None)


def test_metadata_of_somebody_else_is_fatal(current):
    world = World(names_the_resource="https://evil.example.com/mcp")
    with pytest.raises(ResourceMismatch):
        taken_over(world, current)
    assert world.store.inner.keys() == []


def test_a_server_that_cannot_be_reached_is_asked_another_time(current):
    world = World()
    world.server.has(MCP, unreachable())
    with pytest.raises(TemporaryError):
        taken_over(world, current)


def test_a_store_that_cannot_be_written_is_an_error(current):
    world = World()
    world.store.fails_writes = 1
    with pytest.raises(StoreError):
        taken_over(world, current)


def test_a_token_that_is_bound_to_a_key_is_of_no_use_here(tmp_path):
    with pytest.raises(Unsupported, match="bound to a key"):
        taken_over(World(), old(tmp_path, token_type="DPoP"))


def test_an_expired_token_without_a_refresh_token_is_not_worth_it(tmp_path):
    world = World()
    world.clock.time += 7200
    with pytest.raises(LoginRequired, match="expired"):
        taken_over(world, old(tmp_path, refresh_token=None))
    assert taken_over(world, old(tmp_path)).renewable


def test_a_client_that_the_user_has_registered_is_given_by_the_user(tmp_path):
    """mcp-remote does not keep the client of --static-oauth-client-info."""
    world = World()
    foreign = read_mcp_remote(Invocation(MCP), write(tmp_path, TOKENS, None))
    with pytest.raises(LoginRequired, match="which client"):
        taken_over(world, foreign)
    mine = {"client_id": "mine", "client_secret": Secret("secret-of-mine"), "grant": "authorization_code"}
    mine["issuer"] = ISSUER
    taken_over(world, foreign, **mine)
    assert world.kept(**mine).client == Client("mine", ISSUER, Secret("secret-of-mine"))
    assert world.engine(**mine).current() is not None


def test_a_client_with_a_document_is_given_by_its_address(tmp_path):
    document = "https://app.example.com/client.json"
    world = World(says_further={"client_id_metadata_document_supported": True})
    invocation = Invocation(MCP, client_metadata_url=document)
    foreign = read_mcp_remote(invocation, write(tmp_path, TOKENS, None, invocation=invocation))
    taken_over(world, foreign, client_metadata_url=document)
    assert (world.kept().client.client_id, world.kept().client.origin) == (document, ClientOrigin.DOCUMENT)


def test_a_client_that_the_server_has_forgotten_ends_in_a_login_like_one_of_ours(tmp_path):
    world, session = logged_in_elsewhere()
    taken_over(world, kept_by("mcp-remote", tmp_path, session))
    world.server.clients.clear()
    world.clock.time += 7200
    assert world.server.accepts(world.engine().replace(None).access_token.reveal())
    assert f"POST {REGISTER}" in world.server.log()
