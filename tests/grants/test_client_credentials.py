# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A machine authenticates with its own credentials: how it sends its secret, and to which servers."""

import json

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, TOKEN
from tests.fakes.grants import GrantAttempt
from tests.fakes.network import HTML
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._sessions.codec import pin_key
from valetkey.errors import ClientRefused, IssuerMismatch, MalformedDocument, Refused, TemporaryError, Unsupported
from valetkey.values import MetadataSource, Secret

FIXED = "http://127.0.0.1:8080/callback"
NAMELESS = {"client_id": "machine", "client_secret": Secret("s3cret")}
MACHINE = {**NAMELESS, "issuer": ISSUER}
OLD_PIN = json.dumps({"format": 1, "kind": "pin", "issuer": ISSUER}).encode()


@pytest.fixture
def world():
    return World()


@requirement("CC-2", "CC-3", "CC-4", "CC-5", "CC-6", "RES-1")
@pytest.mark.parametrize(
    ("listed", "header"), [(None, True), (("client_secret_basic",), True), (("client_secret_post",), False)]
)
def test_a_machine_sends_its_secret_by_the_method_the_server_lists(world, listed, header):
    world.server.knows("machine", secret="s3cret")
    world.server.lists_authentication = listed
    GrantAttempt(world, scope=("read",), **MACHINE).run()
    form, headers = world.server.token_forms()[0], dict(world.server.requests[0].headers)
    proof = {} if header else {"client_id": "machine", "client_secret": "s3cret"}
    assert form == {"grant_type": "client_credentials", "resource": MCP, "scope": "read", **proof}
    assert headers.get("Authorization") == ("Basic bWFjaGluZTpzM2NyZXQ=" if header else None)
    assert world.server.log() == [f"POST {TOKEN}"]


@requirement("CC-5", "CC-8")
def test_a_machine_has_a_session_without_a_person_and_without_a_refresh_token(world):
    world.server.knows("machine", secret="s3cret")
    session = GrantAttempt(world, **MACHINE).run()
    assert "scope" not in world.server.token_forms()[0]
    assert (session.interactive, session.token.refresh_token, session.client.client_id) == (False, None, "machine")
    assert world.person.wanted_addresses == []


@requirement("CC-2", "ASM-16")
@pytest.mark.parametrize("settings", [NAMELESS, {**NAMELESS, "redirect_uri": FIXED}], ids=["machine", "person"])
def test_a_secret_is_not_sent_to_a_token_endpoint_that_nobody_has_named(settings):
    world = World(issuer="https://mcp.example.com", describes_the_resource_at=(), describes_itself_at=())
    world.server.knows("machine", secret="s3cret")
    GrantAttempt(world, **settings).fails(Unsupported, "a secret is not sent to a guess")
    assert world.server.log() == []
    assert world.person.asked == []


@requirement("CC-2")
def test_a_machine_needs_a_token_endpoint():
    world = World(says_further={"token_endpoint": None})
    world.server.knows("machine", secret="s3cret")
    GrantAttempt(world, **MACHINE).fails(Unsupported, "names no token endpoint")
    assert world.server.log() == []


@requirement("REG-5")
def test_a_machines_secret_is_not_shown_to_a_second_issuer(world):
    """The record is of a time when the first issuer was shown the secret."""
    world.server.knows("machine", secret="s3cret")
    world.store.inner.put(pin_key(world.settings(**NAMELESS)), OLD_PIN)
    GrantAttempt(world, **NAMELESS).run()
    world.server.issuer = "https://elsewhere.example.com"
    world.server.describes_itself_at = ("https://elsewhere.example.com/.well-known/oauth-authorization-server",)
    raised = GrantAttempt(world, **NAMELESS).fails(IssuerMismatch)
    assert (raised.expected, raised.received) == (ISSUER, "https://elsewhere.example.com")
    assert world.server.token_forms() == []


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (503, TemporaryError),
        ((401, "application/json", '{"error": "invalid_client"}'), ClientRefused),
        ((400, "application/json", '{"error": "invalid_scope"}'), Refused),
        (HTML, MalformedDocument),
    ],
    ids=str,
)
def test_a_machine_that_is_not_served_asks_nobody(world, trouble, error):
    world.server.knows("machine", secret="s3cret")
    world.server.has(TOKEN, trouble, trouble)
    GrantAttempt(world, **MACHINE).fails(error)
    assert world.person.wanted_addresses == []


def test_a_machine_proves_itself_at_the_endpoint_the_user_gave(world):
    world.server.knows("machine", secret="s3cret")
    session = GrantAttempt(world, token_endpoint=TOKEN, **MACHINE).run()
    assert (session.issuer, session.server.source) == (ISSUER, MetadataSource.CONFIGURED)
