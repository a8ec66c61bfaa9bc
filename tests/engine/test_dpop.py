# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Tokens that are bound to a key: obtained, kept, renewed and presented; every proof is checked as a server does."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.authorization_server import MCP, TOKEN
from tests.fakes.bound_tokens import BEARER, DEMANDED, DPOP_ONLY, INVALID, fails, proofs, world_of
from tests.fakes.network import challenges, no_answer
from tests.fakes.world import World, a_session
from tests.requirements import requirement
from valetkey._clients.dpop import create_key
from valetkey._engine.decision import need_after
from valetkey._policy.tolerance import as_presented
from valetkey.errors import ConfigurationError, Refused, Unsupported
from valetkey.protocol.dpop import ALGORITHMS, thumbprint
from valetkey.values import Secret, Token, TokenType
from valetkey.wire import HttpResponse


@pytest.fixture
def world():
    return world_of()


@requirement("DPOP-1", "DPOP-2", "WWW-10")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_server_that_takes_nothing_but_dpop_gets_a_token_that_is_bound_to_a_key(algorithm):
    world = world_of(algorithm)
    token = world.engine().replace(None, DPOP_ONLY)
    assert token.token_type is TokenType.DPOP
    assert world.server.key_of(token.access_token.reveal()) == thumbprint(world.kept().dpop_key)
    (claims,) = world.server.proofs.seen
    assert set(claims) == {"jti", "htm", "htu", "iat"}
    assert world.server.proofs.refused == []


@requirement("PRM-20", "DPOP-1")
def test_a_server_whose_metadata_demands_bound_tokens_gets_one_whatever_its_challenge_says():
    world = world_of(**DEMANDED)
    assert world.engine().replace(None, BEARER).token_type is TokenType.DPOP
    assert world.engine(label="without a challenge").replace(None).token_type is TokenType.DPOP


@requirement("DPOP-1")
def test_a_user_who_wants_every_token_to_be_bound_gets_it_so(world):
    assert world.engine(dpop=True).replace(None, BEARER).token_type is TokenType.DPOP


@requirement("DPOP-5")
@pytest.mark.parametrize("fields", [BEARER, (), challenges("Bearer, DPoP algs=ES256")], ids=["Bearer", "none", "both"])
def test_where_nobody_demands_it_no_key_is_made_and_the_token_is_a_bearer_token(world, fields):
    token = world.engine().replace(None, fields)
    assert token.token_type is TokenType.BEARER
    assert proofs(world) == [None]
    assert world.kept().dpop_key is None
    assert "dpop_jkt" not in world.person.asked[0].authorization_url
    assert "dpop_bound_access_tokens" not in world.server.registrations()[0]


@requirement("PRM-20", "WWW-10")
@pytest.mark.parametrize(("switches", "fields"), [({}, DPOP_ONLY), (DEMANDED, BEARER)], ids=["challenge", "metadata"])
def test_where_the_user_has_ruled_it_out_nobody_is_asked_for_what_the_server_would_reject(switches, fields):
    world = world_of(**switches)
    error = fails(Unsupported, world.engine(dpop=False), *fields)
    assert "dpop=False" in error.message
    assert world.person.asked == []
    assert proofs(world) == []


@requirement("DPOP-7")
@pytest.mark.parametrize(
    ("algorithms", "switches", "fields"),
    [
        pytest.param(["RS256"], {}, DPOP_ONLY, id="none that we have"),
        pytest.param(["ES256"], {}, challenges("DPoP algs=EdDSA"), id="none that the challenge names"),
        pytest.param(None, {}, DPOP_ONLY, id="none announced"),
    ],
)
def test_algorithms_that_do_not_fit_are_told_before_anybody_is_asked(algorithms, switches, fields):
    world = world_of(says_further={"dpop_signing_alg_values_supported": algorithms}, **switches)
    fails(Unsupported, world.engine(), *fields)
    assert world.person.asked == []


@requirement("DPOP-8")
def test_the_key_is_announced_in_the_login(world):
    world.engine().replace(None, DPOP_ONLY)
    asked = parse_qs(urlsplit(world.person.asked[0].authorization_url).query)
    assert asked["dpop_jkt"] == [thumbprint(world.kept().dpop_key)]


@requirement("DPOP-8")
def test_a_program_that_binds_every_token_is_registered_so_and_as_no_other(world):
    """That client gets no Bearer tokens (RFC 9449 §5.2), and other programs with this store may need some."""
    world.engine(dpop=True).replace(None)
    world.engine(label="another").replace(None)
    first, second = world.server.registrations()
    assert first["dpop_bound_access_tokens"] is True
    assert "dpop_bound_access_tokens" not in second
    world.engine(dpop=True, label="third").replace(None)
    assert len(world.server.registrations()) == 2


@requirement("DPOP-8")
def test_a_program_that_binds_tokens_where_they_are_demanded_may_need_others_elsewhere(world):
    world.engine().replace(None, DPOP_ONLY)
    assert "dpop_bound_access_tokens" not in world.server.registrations()[0]


@requirement("WWW-9", "WWW-10")
def test_of_two_challenges_the_one_for_dpop_speaks_to_who_uses_it(world):
    both = challenges('Bearer scope="b", DPoP scope="d"')
    assert need_after(None, both).challenge == both[0]
    assert need_after(Token(Secret("t"), 0.0), both).challenge == both[0]
    assert need_after(Token(Secret("t"), 0.0, token_type=TokenType.DPOP), both).challenge == both[1]
    assert world.engine(dpop=True).replace(None, both).scope == ("d",)
    assert world.engine(label="another").replace(None, both).scope == ("b",)


@requirement("DPOP-6", "DPOP-3")
def test_a_session_is_renewed_with_the_key_it_began_with_and_a_new_proof(world):
    engine = world.engine()
    first = engine.replace(None, DPOP_ONLY)
    key = world.kept().dpop_key
    world.clock.time += 86_400
    second = engine.replace(first, INVALID)
    third = world.engine().replace(second, INVALID)  # another program, that has the key from the store
    assert world.server.grant_types() == ["authorization_code", "refresh_token", "refresh_token"]
    assert {world.server.key_of(each.access_token.reveal()) for each in (first, second, third)} == {thumbprint(key)}
    assert world.kept().dpop_key == key
    assert len(set(proofs(world))) == 3
    assert world.server.proofs.refused == []


def test_another_login_makes_another_key(world):
    engine = world.engine()
    engine.replace(None, DPOP_ONLY)
    first = world.kept().dpop_key
    world.clock.time += 86_400
    world.server.forget_refresh_tokens()
    token = engine.replace(engine.session.token, INVALID)
    assert world.kept().dpop_key != first
    assert world.server.key_of(token.access_token.reveal()) == thumbprint(world.kept().dpop_key)


@requirement("STP-1")
def test_a_bound_token_that_lacks_scope_leads_to_a_login_for_a_bound_one_with_more(world):
    engine = world.engine(scope=None)
    token = engine.replace(None, DPOP_ONLY)
    world.clock.time += 120
    more = engine.replace(token, challenges('Bearer, DPoP error="insufficient_scope", scope="write"'))
    assert (more.token_type, more.scope) == (TokenType.DPOP, ("write",))


def test_a_session_of_a_bearer_token_is_of_no_use_to_a_server_that_now_takes_only_dpop(world):
    engine = world.engine()
    bearer = engine.replace(None, BEARER)
    bound = engine.replace(bearer, DPOP_ONLY)
    assert bound.token_type is TokenType.DPOP
    assert world.server.grant_types() == ["authorization_code", "authorization_code"]


def test_a_bearer_token_that_somebody_else_has_obtained_is_no_answer_to_a_server_that_takes_only_dpop(world):
    engine = world.engine()
    assert engine.current() is None
    world.keep(a_session())
    assert engine.replace(None, DPOP_ONLY).token_type is TokenType.DPOP
    world.keep(bound := a_session("theirs", dpop_key=create_key("ES256")))
    assert world.engine().replace(None, DPOP_ONLY) == bound.token


@pytest.mark.parametrize("code", ["invalid_dpop_proof", "use_dpop_nonce"])
def test_a_proof_that_is_refused_is_no_reason_to_ask_a_person(code, world):
    engine = world.engine()
    token = engine.replace(None, DPOP_ONLY)
    world.server.refuses_tokens_with = code
    error = fails(Refused, engine, *INVALID, rejected=token)
    assert error.error == code
    assert ("clock" in error.hint) == (code == "invalid_dpop_proof")
    assert len(world.person.asked) == 1
    world.server.refuses_tokens_with = None
    assert engine.replace(token, INVALID) == world.kept().token
    assert len(world.person.asked) == 1


@requirement("DPOP-3")
def test_a_request_that_is_sent_again_because_no_answer_came_has_a_new_proof(world):
    engine = world.engine()
    token = engine.replace(None, DPOP_ONLY)
    world.server.has(TOKEN, no_answer())
    assert engine.replace(token, INVALID).token_type is TokenType.DPOP
    assert len(set(proofs(world))) == len(proofs(world)) == 3


@requirement("DPOP-5")
def test_a_token_that_is_not_bound_although_the_server_demands_it_is_discarded():
    world = world_of(binds_tokens=False)
    error = fails(Unsupported, world.engine(), *DPOP_ONLY)
    assert "not bound to our key" in error.message
    assert world.store.inner.get(world.attempts().sessions.key) is None
    assert world.person.told == [error]


@requirement("DPOP-5")
def test_a_renewed_token_that_is_not_bound_any_more_is_discarded_but_not_its_refresh_token(world):
    engine = world.engine()
    token = engine.replace(None, DPOP_ONLY)
    answer = {"access_token": "unbound", "token_type": "Bearer", "refresh_token": "the-next"}
    world.server.has(TOKEN, HttpResponse(200, TOKEN, (), json.dumps(answer).encode()))
    fails(Unsupported, engine, *INVALID, rejected=token)
    kept = world.kept().token
    assert (kept.access_token, kept.refresh_token) == (token.access_token, Secret("the-next"))


def test_a_token_that_is_bound_to_a_key_nobody_has_is_discarded(world):
    world.server.has(TOKEN, HttpResponse(200, TOKEN, (), b'{"access_token": "a", "token_type": "DPoP"}'))
    fails(Unsupported, world.engine(), *BEARER)
    assert world.store.inner.get(world.attempts().sessions.key) is None


@pytest.mark.parametrize(("dpop", "is_bound"), [(True, False), (False, True)])
def test_a_session_that_is_not_as_the_user_wants_it_now_is_none_of_ours(dpop, is_bound, world):
    world.keep(a_session(dpop_key=create_key("ES256") if is_bound else None))
    engine = world.engine(dpop=dpop)
    assert engine.current() is None
    assert not engine.is_known()
    assert engine.replace(None, BEARER).token_type is (TokenType.BEARER if is_bound else TokenType.DPOP)
    assert world.engine().current() == engine.current()


def test_there_is_no_proof_of_a_bearer_token_nor_after_the_session_has_ended(world):
    """A token without its proof is rejected by the server, and then it is replaced."""
    engine = world.engine()
    assert engine.proof(engine.replace(None), "POST", MCP) is None
    token = engine.replace(engine.current(), DPOP_ONLY)
    assert engine.proof(token, "POST", MCP) is not None
    assert engine.proof(Token(Secret("t"), 0.0), "POST", MCP) is None
    engine.logout()
    assert engine.proof(token, "POST", MCP) is None


@requirement("DPOP-9")
def test_the_key_is_kept_with_the_session_and_nowhere_else(world):
    engine = world.engine()
    engine.replace(None, DPOP_ONLY)
    private = json.loads(world.kept().dpop_key.reveal())["d"]
    records = {key: world.store.inner.get(key) for _, key in world.store.calls}
    held = [key for key, record in records.items() if record is not None and private.encode() in record.value]
    assert set(held) == {world.attempts().sessions.key}
    engine.logout()
    assert world.store.inner.get(world.attempts().sessions.key) is None


def test_an_id_token_can_be_bound_to_no_key():
    token = Token(Secret("t"), 0.0, token_type=TokenType.DPOP, id_token=Secret("i"))
    assert as_presented(token, "id_token").token_type is TokenType.BEARER
    with pytest.raises(ConfigurationError, match="no ID token is bound to a key"):
        World.settings(bearer="id_token", dpop=True)
