# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Keys and proofs: each request has a proof of its own, with the nonce of its server, and neither shows anywhere."""

import json
import logging
import traceback

import pytest

from tests.fakes.authorization_server import MCP, TOKEN
from tests.fakes.bound_tokens import DPOP_ONLY, INVALID, fails, proofs, world_of
from tests.fakes.dpop import ProofChecks
from tests.fakes.world import a_session
from tests.processes.child import Child
from tests.requirements import requirement
from valetkey.errors import AuthError, StoreError
from valetkey.values import Secret
from valetkey.wire import HttpResponse


@pytest.fixture
def world():
    return world_of()


@requirement("DPOP-4")
def test_a_nonce_is_remembered_and_replaced_by_the_one_of_the_latest_answer(world):
    engine = world.engine()
    world.server.proofs.nonce = "n-1"
    token = engine.replace(None, DPOP_ONLY)
    world.server.has(TOKEN, HttpResponse(200, TOKEN, (("DPoP-Nonce", "n-2"),), answer_of(token)))
    token = engine.replace(token, INVALID)
    world.server.proofs.nonce = "n-2"
    engine.replace(token, INVALID)
    told = [claims.get("nonce") for claims in world.server.proofs.seen]
    assert told == [None, "n-1", "n-2"]
    assert len(proofs(world)) == 4  # the third was answered in the server's place


def answer_of(token):
    members = {"access_token": "another", "token_type": "DPoP", "refresh_token": token.refresh_token.reveal()}
    return json.dumps(members).encode()


@requirement("DPOP-4")
def test_a_nonce_of_one_server_is_not_shown_to_another(world):
    """The MCP server and the authorization server are two servers, even behind one address (RFC 9449 §9)."""
    engine = world.engine()
    engine.learn_nonce(TOKEN, "of-the-mcp-server")
    engine.learn_nonce(MCP, "of-the-mcp-server")
    token = engine.replace(None, DPOP_ONLY)
    assert "nonce" not in world.server.proofs.seen[0]
    checks = ProofChecks(nonce="of-the-mcp-server")
    checks.check([("DPoP", engine.proof(token, "POST", MCP))], "POST", MCP, token.access_token.reveal())
    assert checks.refused == []


@requirement("DPOP-1", "DPOP-2", "DPOP-3")
def test_each_request_to_the_mcp_server_has_a_proof_of_its_own(world):
    engine = world.engine()
    token = engine.replace(None, DPOP_ONLY)
    text = token.access_token.reveal()
    checks = ProofChecks()
    for method, url in (("POST", MCP), ("POST", MCP), ("GET", f"{MCP}?session=1"), ("DELETE", MCP)):
        fields = [("DPoP", engine.proof(token, method, url))]
        assert checks.check(fields, method, url, text) == (world.server.key_of(text), None)
    assert len(checks.seen) == 4


OFF_THE_CURVE = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43, "d": "s3cret-part", "alg": "ES256"}


@pytest.mark.parametrize("damage", ["", '{"kty": "EC", "d": "s3cret-part"}', json.dumps(OFF_THE_CURVE)])
def test_a_damaged_key_is_told_without_quoting_it(damage, world):
    world.keep(a_session(dpop_key=Secret(damage)))
    engine = world.engine()
    with pytest.raises(StoreError) as caught:
        engine.proof(engine.current(), "POST", MCP)
    assert "s3cret-part" not in "".join(traceback.format_exception(caught.value))


@requirement("DPOP-9", "SEC-12")
def test_neither_key_nor_proof_shows_anywhere(caplog):
    caplog.set_level(logging.DEBUG)
    world = world_of(nonce="n-1")
    engine = world.engine()
    token = engine.replace(None, DPOP_ONLY)
    secrets = [*proofs(world), json.loads(world.kept().dpop_key.reveal())["d"]]
    shown = [repr(engine.session), repr(engine.session.token), repr(engine.settings)]
    shown += [repr(request) for request in world.server.requests]
    world.server.refuses_tokens_with, world.server.repeats_what_it_was_sent = "invalid_dpop_proof", True
    error = fails(AuthError, engine, *INVALID, rejected=token)
    secrets += proofs(world)
    shown += [str(error), repr(error), "".join(traceback.format_exception(error)), caplog.text]
    assert "grant_type=" in str(error)
    assert len(set(secrets)) >= 4
    assert [secret for secret in secrets if any(secret in text or secret[:40] in text for text in shown)] == []


def test_without_the_packages_the_error_says_what_to_install():
    code = """
        import sys
        sys.modules["cryptography"] = None
        from valetkey._clients.dpop import create_key
        from valetkey.errors import ConfigurationError
        try:
            create_key("ES256")
        except ConfigurationError as error:
            print(error.hint)
    """
    with Child(code) as child:
        assert "valetkey[crypto]" in child.succeed()
