# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Attacks on what is bound to what: codes, states, tokens, secrets and keys, and the server that each belongs to."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from haystack_integrations.tools.mcp_oauth._mcp_session.gate import Gate
from haystack_integrations.tools.mcp_oauth._mcp_session.http_client import guarded_client_class
from tests.adapters.server import Answer, McpServer
from tests.fakes.authorization_server import ISSUER, MCP, RESOURCE_METADATA, TOKEN, AuthorizationServer
from tests.fakes.bound_tokens import world_of
from tests.fakes.network import Internet, challenges
from tests.fakes.workload import LISTED, Workload
from tests.fakes.world import World, a_session
from tests.haystack.one_server import OneServer
from tests.requirements import requirement
from valetkey.errors import (
    AuthError,
    ConfigurationError,
    InsecureEndpoint,
    IssuerMismatch,
    LoginFailed,
    MalformedDocument,
    ResourceMismatch,
    StateMismatch,
    TemporaryError,
    Unsupported,
)
from valetkey.httpx2 import OAuth
from valetkey.protocol.authorization import OWN_PARAMETERS, AuthorizationRequest, authorization_url
from valetkey.store.backends.memory import MemoryStore
from valetkey.values import Client, Secret, ServerMetadata

EVIL = "https://evil.example"
ADDRESS = "http://127.0.0.1:8080/callback"
SECRET = Secret("s3cret-of-the-user")
WANTS_ADMIN = challenges('Bearer error="insufficient_scope", scope="admin"')


def fails(engine, *arguments):
    """Ask for a token, and give the error; None if there is a token."""
    try:
        engine.replace(*arguments or (None,))
    except AuthError as error:
        return error
    return None


def asked_of(world):
    """The parameters of each authorization request so far, in order."""
    return [dict(parse_qsl(urlsplit(prompt.authorization_url).query)) for prompt in world.person.asked]


def with_query(callback, **changes):
    """The answer to a login with other parameters; None leaves one out."""
    parameters = {**dict(parse_qsl(urlsplit(callback).query)), **changes}
    named = {name: value for name, value in parameters.items() if value is not None}
    return f"{callback.partition('?')[0]}?{urlencode(named)}"


def moved_to_evil(world, **switches):
    """From now on the MCP server names an attacker's authorization server, which does what it should."""
    evil = AuthorizationServer(issuer=EVIL, **switches)
    world.server.names_issuers = (EVIL,)
    world.send = Internet(world.server, evil)
    world.person.visits = evil.visit
    return evil


def posts(server):
    return [each.url for each in server.requests if each.method == "POST"]


# The answer to a login.


@requirement("AUT-6", "AUT-7")
@pytest.mark.parametrize("state", ["", "state=", "state=forged&", "state=a&state=b&"])
def test_an_answer_with_another_state_redeems_no_code(state):
    """Another person's code, put into this login, would give this person the other's account. Threat T1."""
    world = World()
    world.person.brings = lambda callback: f"{callback.partition('?')[0]}?{state}code=code-of-the-attacker"
    error = fails(world.engine())
    assert world.server.token_forms() == []
    assert isinstance(error, StateMismatch)
    assert "code-of-the-attacker" not in str(error)


@requirement("AUT-6", "AUT-8", "RSP-12")
def test_the_answer_of_an_earlier_login_is_no_answer_to_a_later_one():
    """A person's browser keeps the address of an earlier answer, with its state and a code. Threat T7."""
    world, answers = World(), []
    world.person.brings = lambda callback: answers.append(callback) or "http://127.0.0.1:1/callback?error=x&state=y"
    fails(world.engine())
    world.person.brings = lambda callback: answers[0]
    error = fails(world.engine(), None)
    assert world.server.token_forms() == []
    assert isinstance(error, StateMismatch)
    first, second = asked_of(world)
    assert first["state"] != second["state"]


@requirement("RSP-9")
@pytest.mark.parametrize("repeated", ["code=evil", "state=evil", "iss=https%3A%2F%2Fevil.example", "error=evil"])
@pytest.mark.parametrize("is_first", [True, False])
def test_an_answer_that_repeats_a_parameter_is_none(repeated, is_first):
    """Two readers of one answer would take different values of it. Threat T8."""
    world = World(announces_iss=True)

    def twice(callback):
        address, _, query = callback.partition("?")
        query = f"{query}&error=access_denied" if repeated == "error=evil" else query
        return f"{address}?{repeated}&{query}" if is_first else f"{address}?{query}&{repeated}"

    world.person.brings = twice
    error = fails(world.engine())
    assert world.server.token_forms() == []
    assert isinstance(error, StateMismatch)
    assert "evil" not in str(error)


@requirement("RSP-1", "RSP-3", "RSP-5", "RSP-6", "SEC-15")
@pytest.mark.parametrize(
    "iss",
    [EVIL, f"{ISSUER}/", f"{ISSUER}:443", ISSUER.upper(), ISSUER.replace("auth", "%61uth"), "", f"{ISSUER}#a", "null"],
)
@pytest.mark.parametrize("announces_iss", [True, False])
def test_an_answer_of_another_issuer_redeems_no_code(iss, announces_iss):
    """A person logs in at an attacker's server, which gives a code of the honest one (mix-up). Threat T9."""
    world = World(announces_iss=announces_iss)
    world.person.brings = lambda callback: with_query(callback, iss=iss)
    error = fails(world.engine())
    assert world.server.token_forms() == []
    assert isinstance(error, IssuerMismatch)


@requirement("RSP-2", "SEC-15")
def test_an_answer_without_the_issuer_that_was_announced_redeems_no_code():
    """The attacker leaves out what would give the mix-up away. Threat T10."""
    world = World(announces_iss=True)
    world.person.brings = lambda callback: with_query(callback, iss=None)
    error = fails(world.engine())
    assert world.server.token_forms() == []
    assert isinstance(error, IssuerMismatch)


@requirement("RSP-7")
@pytest.mark.parametrize("announces_iss", [True, False])
def test_the_words_of_another_issuer_are_not_shown(announces_iss):
    """An error answer with the attacker's text, which asks the person to do something. Threat T11."""
    world = World(announces_iss=announces_iss)
    text = "Log in at evil.example instead"
    world.person.brings = lambda callback: with_query(
        callback, code=None, iss=EVIL, error="access_denied", error_description=text
    )
    error = fails(world.engine())
    told = [*world.person.told, error]
    assert [each for each in told if text in f"{each} {getattr(each, 'hint', '')}"] == []
    assert isinstance(error, IssuerMismatch)


# The proof that the code is ours.


@requirement("AUT-2", "AUT-3", "AUT-4", "AUT-5")
def test_who_sees_an_authorization_request_cannot_redeem_its_code():
    """Another program reads the link, and with luck the answer; the verifier is in neither. Threat T12."""
    world = World()
    world.server.declines_with = "access_denied"
    assert isinstance(fails(world.engine()), LoginFailed)
    world.server.declines_with = None
    world.clock.time += 86_400
    assert fails(world.engine()) is None
    asked, verifier = asked_of(world), world.server.token_forms()[0]["code_verifier"]
    assert {each["code_challenge_method"] for each in asked} == {"S256"}
    assert verifier not in json.dumps(asked)
    assert len({each["code_challenge"] for each in asked}) == len(asked)
    assert len(verifier) >= 43


@requirement("ASM-12", "ASM-13", "AUT-5")
@pytest.mark.parametrize("methods", [("plain",), ("plain", "s256"), (), ("none",)])
def test_a_server_cannot_talk_the_client_out_of_s256(methods):
    """Metadata that loses S256, by an attacker or by a gateway. Threat T13."""
    world = World(announces_pkce=methods)
    error = fails(world.engine())
    assert world.person.asked == []
    assert isinstance(error, Unsupported)
    if methods:
        assert "assume_pkce" not in error.hint


@requirement("RSP-13")
@pytest.mark.parametrize("error", ["invalid_target", "invalid_scope", "invalid_grant", "invalid_request"])
def test_a_code_is_sent_once(error):
    """A server that refuses the code, or wants it in another way, would get it twice. Threat T14."""
    world = World()
    refusal = {"error": error, "error_description": "Unknown parameter: resource"}
    world.server.has(TOKEN, *[(400, "application/json", json.dumps(refusal))] * 3)
    fails(world.engine())
    codes = [form["code"] for form in world.server.token_forms() if "code" in form]
    assert codes != []
    assert len(codes) == len(set(codes))


# Parameters of the authorization request.


@requirement("AUT-11")
@pytest.mark.parametrize("parameter", sorted(OWN_PARAMETERS))
def test_a_user_cannot_be_talked_into_replacing_what_protects_a_login(parameter):
    """A page tells the user to set a parameter, such as a fixed state or no code_challenge. Row I18. Threat T15."""
    try:
        world = World()
        engine = world.engine(authorization_parameters=((parameter, "of-the-attacker"),))
        fails(engine)
        refused = False
    except ConfigurationError as error:
        refused = parameter in str(error)
    assert refused


@requirement("AUT-11")
@pytest.mark.parametrize("parameter", sorted(OWN_PARAMETERS))
def test_a_further_parameter_of_a_provider_replaces_none_of_ours(parameter):
    """A profile, or a program that makes one, has a parameter with one of our names. Row I18. Threat T16."""
    pending = AuthorizationRequest(
        ServerMetadata(ISSUER, authorization_endpoint=f"{ISSUER}/authorize", token_endpoint=TOKEN),
        Client("client-1", ISSUER),
        ADDRESS,
        MCP,
        ("read",),
        Secret("our-state"),
        Secret("v" * 43),
    )
    usual = dict(parse_qsl(urlsplit(authorization_url(pending)).query))
    further = replace(pending, parameters=((parameter, "of-the-attacker"), ("prompt", "login")))
    pairs = parse_qsl(urlsplit(authorization_url(further)).query, keep_blank_values=True)
    assert dict(pairs) == {**usual, "prompt": "login"}
    assert len(pairs) == len(usual) + 1


@requirement("AUT-11")
@pytest.mark.parametrize("name", ["state", "redirect_uri", "code_challenge", "%73tate", "client_id", "response_type"])
def test_a_query_of_the_endpoint_repeats_no_parameter_of_ours(name):
    """The server that reads the first value takes the attacker's, and the client checks its own. Threat T17."""
    world = World(says_further={"authorization_endpoint": f"{ISSUER}/authorize?tenant=a&{name}=of-the-attacker"})
    fails(world.engine())
    pairs = parse_qsl(urlsplit(world.person.asked[0].authorization_url).query)
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names))
    assert "of-the-attacker" not in dict(pairs).values()
    assert dict(pairs)["tenant"] == "a"


# What belongs to an issuer.


@requirement("REG-3", "REG-4", "REG-7", "REF-1")
def test_nothing_of_a_session_follows_a_login_that_moves():
    """The MCP server rejects a good token, and names another authorization server. Threat T18."""
    world = World()
    engine = world.engine()
    token = engine.replace(None)
    secrets, clients = [*world.server.secrets], [*world.server.clients]
    world.server.forget_access_tokens()
    evil = moved_to_evil(world)
    challenge = challenges(f'Bearer error="invalid_token", resource_metadata="{RESOURCE_METADATA}"')
    fails(world.engine(), token, challenge)
    sent = [f"{each.url} {each.headers} {each.body.decode()}" for each in evil.requests]
    assert evil.registrations() != []
    assert [each for each in [*secrets, *clients] if any(each in text for text in sent)] == []


@requirement("REG-3", "REG-5")
def test_a_client_id_of_the_user_goes_to_no_second_issuer():
    """A new login, for which the MCP server names an attacker's server. Threat T19."""
    world, mine = World(), {"client_id": "mine", "redirect_uri": ADDRESS}
    world.server.knows("mine", ADDRESS)
    world.engine(**mine).replace(None)
    evil = moved_to_evil(world)
    evil.knows("mine", ADDRESS)
    asked = len(world.person.asked)
    error = fails(world.engine(**mine, label="another"))
    assert len(world.person.asked) == asked
    assert posts(evil) == []
    assert isinstance(error, IssuerMismatch)


@requirement("REG-3", "REG-4")
def test_a_secret_that_is_given_later_does_not_go_to_an_issuer_that_was_taken_on_trust():
    """The attacker's server first wants a client without a secret, then one with; the session is there. Threat T20."""
    world, mine = World(), {"client_id": "mine", "redirect_uri": ADDRESS}
    evil = moved_to_evil(world)
    evil.knows("mine", ADDRESS)
    world.engine(**mine).replace(None)
    evil.forget_access_tokens()
    world.clock.time += 86_400
    fails(world.engine(**mine, client_secret=SECRET))
    world.clock.time += 86_400
    fails(world.engine(**mine, client_secret=SECRET, label="another"))
    sent = [f"{each.headers} {each.body.decode()}" for each in evil.requests]
    basic = "bWluZTpzM2NyZXQtb2YtdGhlLXVzZXI="
    assert [text for text in sent if SECRET.reveal() in text or basic in text] == []


@requirement("ASM-16", "REG-4")
def test_a_secret_does_not_go_to_a_guess():
    """An MCP server of 2025-03-26 that publishes nothing: its own /token is a guess. Threat T21."""
    world = World(issuer="https://mcp.example.com", describes_the_resource_at=(), describes_itself_at=())
    world.server.knows("mine", ADDRESS, secret=SECRET.reveal())
    for settings in ({}, {"redirect_uri": ADDRESS}):
        error = fails(world.engine(client_id="mine", client_secret=SECRET, **settings))
        assert posts(world.server) == []
        assert isinstance(error, Unsupported)


@requirement("REV-1", "REG-4")
def test_tokens_of_the_users_endpoint_are_revoked_nowhere_else():
    """The user has named the token endpoint, and the MCP server's document names the rest. Threat T22."""
    world = World()
    mine = {"client_id": "machine", "client_secret": SECRET, "token_endpoint": TOKEN}
    world.server.knows("machine", secret=SECRET.reveal())
    evil = moved_to_evil(world, revokes_tokens=True)
    session = a_session(
        client=Client("machine", EVIL, SECRET),
        server=ServerMetadata(EVIL, token_endpoint=f"{EVIL}/token", revocation_endpoint=f"{EVIL}/revoke"),
    )
    world.keep(session, **mine)
    world.engine(**mine).logout()
    assert posts(evil) == []


@requirement("REG-4", "REF-1")
def test_a_record_that_joins_two_issuers_sends_nothing():
    """A program that can write to the store gives a session the endpoints of another server. Threat T23."""
    world = World()
    evil = moved_to_evil(world)
    server = ServerMetadata(EVIL, token_endpoint=f"{EVIL}/token", revocation_endpoint=f"{EVIL}/revoke")
    world.keep(a_session(client=Client("client-0", ISSUER, SECRET), server=server))
    world.clock.time += 86_400
    world.person.denies = True
    fails(world.engine())
    assert posts(evil) == []


@requirement("WIF-3", "REG-4")
def test_the_token_of_a_platform_goes_only_where_its_audience_says():
    """It is the whole credential of a workload, and the MCP server names the receiver. Threat T24."""
    workload = Workload()
    evil = moved_to_evil(workload.world, says_further=LISTED)
    token = workload.token(ISSUER)
    error = fails(workload.engine(workload_token=lambda audience: token))
    assert posts(evil) == []
    assert isinstance(error, IssuerMismatch)


# What a token is for.


@requirement("RES-1", "RES-8")
def test_every_token_is_asked_for_one_resource():
    """A token without one may be good at another server, to which a hostile one would pass it on. Threat T25."""
    world = World()
    engine = world.engine()
    with suppress(KeyError):  # the servers of these tests expect the parameter
        engine.replace(None)
        world.clock.time += 86_400
        engine.replace(None)
    named = [asked_of(world)[0].get("resource"), *(form.get("resource") for form in world.server.token_forms())]
    assert named == [MCP] * 3
    machine = World()
    machine.server.knows("machine", secret=SECRET.reveal())
    with suppress(KeyError):
        machine.engine(client_id="machine", client_secret=SECRET, issuer=ISSUER).replace(None)
    assert [form.get("resource") for form in machine.server.token_forms()] == [MCP]


@requirement("USE-4")
def test_one_principal_never_gets_the_session_of_another():
    """Two users of one service, and a store that both share. Threat T26."""
    world = World()
    alice = world.engine(principal="alice").replace(None)
    bob = world.engine(principal="bob")
    assert bob.current() is None
    bob.replace(None)
    assert bob.current().access_token != alice.access_token
    assert world.engine(principal="alice").current().access_token == alice.access_token


@requirement("STP-7", "SCP-1")
def test_a_server_does_not_get_more_scope_than_the_user_has_set():
    """An MCP server asks a person or a machine for more than the user wants to give. Threat T27."""
    world = World()
    engine = world.engine(scope=("read",))
    token = engine.replace(None)
    asked = len(world.person.asked)
    error = fails(engine, token, WANTS_ADMIN)
    assert len(world.person.asked) == asked
    assert all("admin" not in each.get("scope", "") for each in asked_of(world))
    assert isinstance(error, AuthError)


@requirement("DPOP-4")
def test_a_token_without_the_key_is_not_taken_where_a_bound_one_is_wanted():
    """The authorization server, or a program between, takes the binding away. Threat T28."""
    world = world_of(binds_tokens=False)
    engine = world.engine(dpop=True)
    error = fails(engine)
    assert engine.current() is None
    assert isinstance(error, AuthError)


@requirement("DPOP-1")
def test_a_key_never_leaves():
    """What all servers get of a bound session is proofs, and the public half of the key. Threat T29."""
    world = world_of()
    engine = world.engine(dpop=True)
    with suppress(AuthError):  # the servers of these tests refuse a proof with a private key
        engine.replace(None)
        world.clock.time += 86_400
        engine.replace(None)
    assert not any("a private key" in each for each in world.server.proofs.refused)
    key = world.kept(dpop=True).dpop_key.reveal()
    private = json.loads(key)["d"] if key.startswith("{") else key
    sent = "".join(f"{each.url}{each.headers}{each.body.decode()}" for each in world.server.requests)
    assert private not in sent
    assert world.server.grant_types() == ["authorization_code", "refresh_token"]


# Where a token goes.


@pytest.fixture
def server():
    with McpServer() as honest:
        yield honest


@pytest.fixture
def elsewhere():
    with McpServer() as evil:
        yield evil


def client_of(server, **options):
    auth = OAuth(server.url, login=server.person, store=MemoryStore())
    return httpx2.Client(auth=auth, trust_env=False, follow_redirects=True, **options)


@requirement("USE-6")
@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("target", ["https://evil.example/mcp", "https://mcp.example.com:8443/mcp"])
def test_a_token_does_not_follow_a_redirect_to_another_origin(status, target):
    """An open redirect on the MCP server leads a call of Haystack's tools away. Threat T30."""
    seen = []

    def answer(request):
        seen.append(request)
        leads_away = str(request.url).startswith(f"{MCP}")
        return httpx2.Response(status, headers={"Location": target}) if leads_away else httpx2.Response(200, json={})

    async def call():
        client_class = guarded_client_class(httpx2, Gate(OneServer()))
        async with client_class(transport=httpx2.MockTransport(answer), follow_redirects=True) as client:
            await client.send(client.build_request("POST", MCP, json={"jsonrpc": "2.0", "id": 1, "method": "ping"}))

    asyncio.run(call())
    assert [("Authorization" in one.headers, "DPoP" in one.headers) for one in seen] == [(True, False), (False, False)]


@requirement("USE-6")
def test_another_origin_cannot_have_a_token_replaced(server, elsewhere):
    """After a redirect, the attacker's 401 would cost a renewal, or a login at a server of its choice. Threat T31."""
    with client_of(server) as client:
        assert client.get(server.url).status_code == 200
        server.routes["/mcp"] = lambda seen: Answer(307, (("Location", elsewhere.url),))
        asked = len(server.authorization.token_forms())
        with suppress(AuthError):
            client.get(server.url)
    assert len(server.authorization.token_forms()) == asked
    assert elsewhere.authorization.requests == []


@requirement("USE-4")
def test_a_token_goes_to_no_other_server(server, elsewhere):
    """The caller's program uses one client for two servers. Threat T32."""
    elsewhere.wants_login = False
    with client_of(server) as client:
        client.get(server.url)
        client.get(elsewhere.url)
    assert [seen.field("authorization") for seen in elsewhere.seen] == [None]


@requirement("SEC-1", "USE-5")
@pytest.mark.parametrize("url", ["http://mcp.example.com/mcp", "http://10.0.0.5/mcp", "http://127.0.0.1.evil.example/"])
def test_no_token_is_obtained_for_a_server_on_plain_http(url):
    """A program on the way reads what is sent; the record is of another program. Threat T33."""
    world = World()
    world.keep(a_session(resource=url), url=url)
    error = fails(world.engine(url=url))
    assert isinstance(error, InsecureEndpoint)
    assert world.server.log() == []


@requirement("TOK-10", "SEC-6")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_code_does_not_follow_a_redirect(status, server, elsewhere):
    """The token endpoint, or an open redirect at it, leads to another server. Threat T34."""
    taken = []

    def leads_away(seen):
        taken.append(seen)
        return Answer(status, (("Location", f"{elsewhere.origin}/token"),))

    server.routes["/token"] = leads_away
    with client_of(server) as client, suppress(AuthError):
        client.get(server.url)
    assert taken != []
    assert elsewhere.authorization.requests == []


@requirement("AUT-14", "SEC-1")
@pytest.mark.parametrize("member", ["authorization_endpoint", "token_endpoint", "registration_endpoint"])
def test_an_endpoint_that_hides_its_host_is_not_used(member):
    """https://auth.example.com@evil.example/ looks like the honest server. Threat T35."""
    world = World(says_further={member: f"https://auth.example.com@evil.example/{member}"})
    error = fails(world.engine())
    assert world.person.asked == []
    assert posts(world.server) == []
    assert isinstance(error, InsecureEndpoint | MalformedDocument)


# A check that fails.


@requirement("PRM-6", "PRM-19")
def test_a_document_of_another_resource_is_not_skipped_for_the_next_place():
    """The attacker would only have to fail a check to choose which document counts. Threat T36."""
    world = World(names_the_resource="https://other.example.com/mcp")
    root = "https://mcp.example.com/.well-known/oauth-protected-resource"
    good = {"resource": "https://mcp.example.com", "authorization_servers": [ISSUER]}
    world.server.has(root, (200, "application/json", json.dumps(good)))
    error = fails(world.engine())
    assert world.person.asked == []
    assert f"GET {root}" not in world.server.log()
    assert isinstance(error, ResourceMismatch)


@requirement("ASM-4", "ASM-5")
def test_a_document_of_another_issuer_is_not_skipped_for_the_next_place():
    """The same for the authorization server's own metadata. Threat T37."""
    world = World(calls_itself=EVIL)
    openid = f"{ISSUER}/.well-known/openid-configuration"
    good = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": TOKEN,
        "registration_endpoint": f"{ISSUER}/register",
        "code_challenge_methods_supported": ["S256"],
    }
    world.server.has(openid, (200, "application/json", json.dumps(good)))
    error = fails(world.engine())
    assert world.person.asked == []
    assert f"GET {openid}" not in world.server.log()
    assert isinstance(error, IssuerMismatch)


@requirement("ASM-16")
@pytest.mark.parametrize("trouble", [503, 429, 408, 500])
def test_a_server_that_cannot_answer_now_leads_to_no_guess(trouble):
    """An attacker who keeps the documents away would have clients registered at the MCP server's host. Threat T38."""
    world = World(issuer="https://mcp.example.com", describes_the_resource_at=(), describes_itself_at=())
    place = "https://mcp.example.com/.well-known/oauth-authorization-server"
    world.server.has(place, *[trouble] * 5)
    error = fails(world.engine())
    assert posts(world.server) == []
    assert isinstance(error, TemporaryError)
