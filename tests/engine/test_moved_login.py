# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""An MCP server whose login moves to another authorization server while a session lives."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.authorization_server import ISSUER, MCP, RESOURCE_METADATA, AuthorizationServer
from tests.fakes.network import Internet, challenges
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey.errors import IssuerMismatch, ResourceMismatch
from valetkey.settings.credentials import RegisteredClient

NEW = "https://new.example.com"
POINTS_TO_METADATA = challenges(f'Bearer error="invalid_token", resource_metadata="{RESOURCE_METADATA}"')


class Move:
    """A person has logged in at the old server; the token is good, and the MCP server names another one now."""

    def __init__(self, **settings):
        self.world = World(token_life=86_400 * 30)
        self.old = self.world.server
        self.new = AuthorizationServer(issuer=NEW)
        self.world.send = self.network = Internet(self.old, self.new)
        self.world.person.visits = self.visit
        self.settings = settings
        self.engine = self.world.engine(**settings)
        self.engine.replace(None)
        self.world.clock.time += 3600
        self.world.forget_what_happened()
        self.network.requests.clear()

    def visit(self, url, *, allows=True):
        return (self.new if url.startswith(NEW) else self.old).visit(url, allows=allows)

    def happens(self, *issuers):
        self.old.names_issuers = issuers or (NEW,)

    def is_noticed(self, fields=POINTS_TO_METADATA):
        return self.engine.replace(self.engine.current(), fields)


@requirement("WWW-14", "REG-4", "REG-7", "ASM-2")
def test_the_person_logs_in_at_the_new_server_which_sees_nothing_of_the_old_one():
    move = Move()
    before = move.world.kept()
    move.happens()
    move.is_noticed()
    after = move.world.kept()
    assert (before.issuer, after.issuer) == (ISSUER, NEW)
    assert len(move.new.registrations()) == 1
    sent = b"".join(request.body for request in move.new.requests).decode() + str(move.world.person.asked)
    old_secrets = [before.client.client_id, before.token.access_token.reveal(), before.token.refresh_token.reveal()]
    assert not any(secret in sent for secret in old_secrets)
    assert move.old.token_forms() == [], "the old server is not asked any more"


@requirement("WWW-14")
def test_a_login_that_has_not_moved_costs_one_question_and_is_renewed():
    move = Move()
    move.is_noticed()
    assert move.network.log() == [f"GET {RESOURCE_METADATA}", f"POST {ISSUER}/token"]
    assert move.world.person.asked == []


@requirement("WWW-14")
@pytest.mark.parametrize(
    "fields",
    [challenges('Bearer error="invalid_token"'), ()],
    ids=["a challenge without metadata", "no challenge"],
)
def test_a_rejection_that_points_nowhere_is_answered_with_a_renewal(fields):
    move = Move()
    move.is_noticed(fields)
    assert move.network.log() == [f"POST {ISSUER}/token"]


def test_a_token_that_has_expired_is_renewed_without_a_question():
    move = Move()
    token = move.engine.current()
    move.world.clock.time += 86_400 * 30
    move.engine.replace(token, POINTS_TO_METADATA)
    assert move.network.log() == [f"POST {ISSUER}/token"]


@pytest.mark.parametrize("trouble", [503, 500, 429])
def test_a_server_that_cannot_answer_now_has_not_moved_for_that(trouble):
    move = Move()
    for url in (RESOURCE_METADATA, RESOURCE_METADATA.removesuffix("/mcp")):
        move.old.has(url, trouble)
    move.is_noticed()
    assert move.network.log()[-1] == f"POST {ISSUER}/token"
    assert move.world.person.asked == []


@requirement("PRM-7")
def test_metadata_of_another_resource_is_a_failed_check_and_nothing_else_is_tried():
    move = Move()
    move.old.names_the_resource = "https://evil.example.com/mcp"
    with pytest.raises(ResourceMismatch):
        move.is_noticed()
    assert move.network.log() == [f"GET {RESOURCE_METADATA}"]


@requirement("REG-5")
def test_a_pinned_issuer_is_not_left_and_the_error_names_both():
    """The document of the new issuer is read, because it may name the pinned one. Row B4."""
    move = Move(issuer=ISSUER)
    move.happens()
    with pytest.raises(IssuerMismatch) as caught:
        move.is_noticed()
    assert (caught.value.expected, caught.value.received) == (ISSUER, NEW)
    assert {request.method for request in move.new.requests} == {"GET"}


def test_a_login_at_a_place_that_names_the_pinned_issuer_has_not_moved():
    """Row B4."""
    move = Move(issuer=ISSUER)
    move.happens()
    move.new.calls_itself = ISSUER
    move.is_noticed()
    assert move.network.log()[-1] == f"POST {ISSUER}/token"
    assert move.world.person.asked == []


@requirement("ASM-1")
def test_of_several_servers_the_one_that_knows_us_goes_first():
    move = Move()
    move.happens(NEW, ISSUER)
    move.old.forget_refresh_tokens()
    move.world.clock.time += 86_400 * 30
    move.engine.replace(None, POINTS_TO_METADATA)
    assert move.world.kept().issuer == ISSUER
    assert move.new.requests == []


@requirement("ASM-1", "REG-1", "REG-2", "REG-3")
def test_of_several_servers_the_one_with_a_client_of_the_users_goes_first():
    world = World(names_issuers=(ISSUER, NEW))
    new = AuthorizationServer(issuer=NEW)
    new.knows("mine", "http://127.0.0.1:8080/callback")
    world.send = Internet(world.server, new)
    world.person.visits = new.visit
    client = RegisteredClient(NEW, "mine", redirect_uri="http://127.0.0.1:8080/callback")
    world.engine(clients=(client,)).replace(None)
    query = parse_qs(urlsplit(world.person.asked[0].authorization_url).query)
    assert query["client_id"] == ["mine"]
    assert query["redirect_uri"] == ["http://127.0.0.1:8080/callback"]
    assert new.registrations() == world.server.registrations() == []


@requirement("REG-6", "CIMD-11", "CIMD-1")
def test_a_document_of_ones_own_goes_along_without_any_registration():
    document = "https://app.example.com/client.json"
    move = Move(client_metadata_url=document)
    assert move.world.kept().client.client_id != document, "the old server takes no documents"
    move.new.says_further = {"client_id_metadata_document_supported": True}
    move.new.knows(document, *(f"http://127.0.0.1:{port}/callback" for port in range(50_001, 50_010)))
    move.happens()
    move.is_noticed()
    assert move.world.kept().client.client_id == document
    assert move.new.registrations() == []
    assert [form["client_id"] for form in move.new.token_forms()] == [document]


def test_the_address_of_the_mcp_server_is_what_the_session_is_kept_under():
    move = Move()
    move.happens()
    move.is_noticed()
    assert move.world.kept().resource == MCP
