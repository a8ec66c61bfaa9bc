# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What is sent once more, where a server says that it does not take a request as the specifications want it."""

import json
import logging
from functools import partial

import pytest

from tests.fakes.authorization_server import DEVICE_GRANT, ISSUER, JWT_BEARER, TOKEN, UNKNOWN_PARAMETER
from tests.fakes.bound_tokens import BEARER, DPOP_ONLY, fails, proofs, world_of
from tests.fakes.device import Device
from tests.fakes.dpop import ProofChecks
from tests.fakes.employee import Employee
from tests.fakes.workload import Workload
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey.errors import ClientRefused, LoginFailed, Refused, TemporaryError
from valetkey.values import ClientAuthentication, Secret, TokenType
from valetkey.wire import HttpResponse

NO_SCOPE = {"error": "invalid_request", "error_description": "The request body must contain 'scope'."}
REDIRECT = "http://127.0.0.1:8080/callback"
MINE = {"client_id": "mine", "client_secret": Secret("s3cret"), "issuer": ISSUER, "redirect_uri": REDIRECT}
MACHINE = {"client_id": "machine", "client_secret": Secret("s3cret"), "issuer": ISSUER}


def refusal(error):
    text = ", ".join(f'"{name}": "{value}"' for name, value in error.items())
    return 400, "application/json", f"{{{text}}}"


@pytest.fixture(autouse=True)
def _logging(caplog):
    caplog.set_level(logging.INFO, logger="valetkey")


def corrections(caplog):
    return [record.getMessage() for record in caplog.records if "once more" in record.getMessage()]


def machine(**switches):
    world = World(**switches)
    world.server.knows("machine", secret="s3cret")
    return world


# A machine.


def test_a_machine_goes_without_resource_where_the_server_does_not_know_the_parameter(caplog):
    world = machine(takes_resource=False)
    world.engine(**MACHINE).replace(None)
    assert ["resource" in form for form in world.server.token_forms()] == [True, False]
    assert world.kept(**MACHINE).resource is None
    (told,) = corrections(caplog)
    assert "without resource" in told
    assert "s3cret" not in told


@requirement("RES-9")
def test_a_machine_does_not_go_without_where_the_server_refuses_this_resource():
    world = machine()
    world.server.has(TOKEN, refusal({"error": "invalid_target", "error_description": "Unknown parameter: resource"}))
    with pytest.raises(Refused, match="invalid_target"):
        world.engine(**MACHINE).replace(None)
    assert len(world.server.token_forms()) == 1


def test_a_request_is_corrected_once():
    world = machine()
    world.server.has(TOKEN, refusal(UNKNOWN_PARAMETER), refusal(UNKNOWN_PARAMETER))
    with pytest.raises(Refused, match="Unknown parameter"):
        world.engine(**MACHINE).replace(None)
    assert len(world.server.token_forms()) == 2


# A renewal.


def test_a_renewal_goes_without_resource_and_so_does_the_next_one(caplog):
    world = World()
    engine = world.logged_in()
    world.server.takes_resource = False
    engine.replace(None)
    world.clock.time += 86_400
    engine.replace(None)
    assert ["resource" in form for form in world.server.token_forms()] == [True, False, False]
    assert world.person.asked == []
    (told,) = corrections(caplog)
    assert "without resource" in told
    assert not any(secret in told for secret in world.server.secrets)


def test_a_renewal_names_the_granted_scope_where_the_server_wants_to_read_it(caplog):
    world = World(publishes_scopes=("read", "write"), grants_only="read")
    engine = world.logged_in()
    world.server.has(TOKEN, refusal(NO_SCOPE))
    world.server.reads_scope_in_refresh = True
    engine.replace(None)
    assert [form.get("scope") for form in world.server.token_forms()] == [None, "read"]
    assert world.person.asked == []
    (told,) = corrections(caplog)
    assert "with its scope" in told


def test_a_renewal_without_any_scope_has_none_to_name():
    world = World()
    engine = world.logged_in()
    world.server.has(TOKEN, refusal(NO_SCOPE))
    engine.replace(None)
    assert world.server.grant_types() == ["refresh_token", "authorization_code"]


# A login.


def test_a_login_begins_once_more_without_resource(caplog):
    world = World(takes_resource=False)
    world.engine().replace(None)
    asked = [prompt.authorization_url for prompt in world.person.asked]
    assert ["resource=" in url for url in asked] == [True, False]
    assert ["resource" in form for form in world.server.token_forms()] == [False]
    assert world.kept().resource is None
    assert any("once more" in told for told in corrections(caplog))


@requirement("RES-9")
def test_a_login_does_not_go_without_where_the_server_refuses_this_resource():
    world = World(declines_with="invalid_target")
    with pytest.raises(LoginFailed, match="invalid_target"):
        world.engine().replace(None)
    assert len(world.person.asked) == 1


# A server on the MCP Python SDK, which looks a client up by the form alone.


def world_that_reads_the_form(**switches):
    world = World(lists_authentication=("client_secret_basic",), **switches)
    world.server.knows("mine", REDIRECT, secret="s3cret", method=ClientAuthentication.BASIC)
    return world


@requirement("TOK-4", "RSP-13")
def test_a_client_that_is_refused_with_basic_alone_gives_its_name_in_the_form_too_and_the_code_is_still_good():
    world = world_that_reads_the_form(wants_the_name_in_the_form=True)
    world.engine(**MINE).replace(None)
    assert [form.get("client_id") for form in world.server.token_forms()] == [None, "mine"]
    assert len(world.person.asked) == 1


def test_what_the_server_wants_is_remembered():
    world = world_that_reads_the_form(wants_the_name_in_the_form=True, token_life=100)
    engine = world.engine(**MINE)
    engine.replace(None)
    world.clock.time += 100
    world.forget_what_happened()
    engine.replace(None)
    assert [(form["grant_type"], form["client_id"]) for form in world.server.token_forms()] == [
        ("refresh_token", "mine")
    ]


@requirement("TOK-4")
@pytest.mark.parametrize("status", [400, 401, 503])
def test_a_name_in_the_form_that_did_not_help_is_not_remembered(status):
    """A refusal that passes by itself would else be answered for ever with what the server does not accept."""
    world = world_that_reads_the_form()
    engine = world.engine(**MINE)
    world.server.has(TOKEN, *[(status, "application/json", '{"error": "invalid_client"}')] * (1 if status > 500 else 2))
    with pytest.raises(TemporaryError if status > 500 else ClientRefused):
        engine.replace(None)
    world.forget_what_happened()
    engine.replace(None)
    assert [form.get("client_id") for form in world.server.token_forms()] == [None]


@requirement("TOK-4")
def test_a_client_that_is_accepted_never_says_its_name_twice():
    """Notion refuses Basic with a client_id in the form."""
    world = world_that_reads_the_form()
    world.engine(**MINE).replace(None)
    assert [form.get("client_id") for form in world.server.token_forms()] == [None]


def test_a_wrong_secret_is_asked_about_once_more_and_not_a_third_time():
    world = world_that_reads_the_form()
    with pytest.raises(ClientRefused):
        world.engine(**{**MINE, "client_secret": Secret("wrong")}).replace(None)
    assert world.server.log().count(f"POST {TOKEN}") == 2


# A token that is bound to a key.


@pytest.fixture
def world():
    return world_of()


@requirement("DPOP-4", "DPOP-3")
@pytest.mark.parametrize("status", [400, 401])
def test_a_server_that_wants_its_nonce_gets_the_same_code_again_with_it_and_a_new_proof(status):
    world = world_of(nonce="n-1")
    refusal = json.dumps({"error": "use_dpop_nonce"}).encode()
    world.server.has(TOKEN, HttpResponse(status, TOKEN, (("dpop-nonce", "n-1"),), refusal))
    assert world.engine().replace(None, DPOP_ONLY).token_type is TokenType.DPOP
    first, second = world.server.token_forms()
    assert first == second
    assert len(set(proofs(world))) == 2
    assert world.server.proofs.seen[-1]["nonce"] == "n-1"
    assert len(world.person.asked) == 1


GRANTS = {
    "authorization_code": lambda switches: (world := World(**switches), world.engine),
    "client_credentials": lambda switches: (world := World(**switches), partial(world.engine, **MACHINE)),
    "device_code": lambda switches: (device := Device(**switches), device.engine),
    "workload_identity": lambda switches: (workload := Workload(**switches), workload.engine),
    "enterprise_managed": lambda switches: (employee := Employee(**switches), employee.engine),
}


@requirement("DPOP-1", "DPOP-4")
@pytest.mark.parametrize("grant", GRANTS)
def test_every_grant_proves_the_key_and_answers_to_nonces(grant):
    listed = {"dpop_signing_alg_values_supported": ["ES256"], "grant_types_supported": [JWT_BEARER, DEVICE_GRANT]}
    somebody, engine_with = GRANTS[grant]({"says_further": listed})
    world = getattr(somebody, "world", somebody)
    world.server.knows("machine", secret="s3cret")
    world.server.proofs = ProofChecks(nonce="n-1", now=world.clock.now)
    token = engine_with(dpop=True).replace(None)
    assert token.token_type is TokenType.DPOP
    assert world.server.accepts(token.access_token.reveal())
    assert [claims.get("nonce") for claims in world.server.proofs.seen] == [None, "n-1"]


@requirement("DPOP-4")
@pytest.mark.parametrize("fields", [(("DPoP-Nonce", "n"),), ()], ids=["a nonce", "no nonce"])
def test_a_server_that_is_never_content_with_a_proof_is_asked_twice_and_not_for_ever(fields, world):
    refusal = HttpResponse(400, TOKEN, fields, b'{"error": "use_dpop_nonce"}')
    world.server.has(TOKEN, *[refusal] * 5)
    error = fails(Refused, world.engine(), *DPOP_ONLY)
    assert error.error == "use_dpop_nonce"
    assert len(proofs(world)) == 2
    assert world.store.inner.get(world.attempts().sessions.key) is None


@requirement("DPOP-4")
def test_a_server_that_is_asked_for_a_bearer_token_gets_no_proof_even_if_it_wants_one(world):
    world.server.has(TOKEN, HttpResponse(400, TOKEN, (("DPoP-Nonce", "n"),), b'{"error": "use_dpop_nonce"}'))
    assert fails(Refused, world.engine(), *BEARER).error == "use_dpop_nonce"
    assert proofs(world) == [None]
