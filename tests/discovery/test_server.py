# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The metadata of one authorization server: whose document counts for an issuer that the user has named."""

import pytest

from tests.fakes.authorization_server import (
    ISSUER,
    MCP,
    SERVER_METADATA,
    AuthorizationServer,
)
from tests.fakes.network import Internet, no_answer, unreachable
from tests.fakes.world import World
from tests.requirements import requirement
from valetkey._discovery.discovery import discover
from valetkey._discovery.server import fresh_server, moved_server
from valetkey.errors import IssuerMismatch, TemporaryError, Unsupported
from valetkey.settings.settings import Settings
from valetkey.values import MetadataSource, Secret, ServerMetadata

PIN = "https://login.example.org"
PIN_METADATA = f"{PIN}/.well-known/oauth-authorization-server"
ORIGIN = "https://mcp.example.com"
GIVEN = {"authorization_endpoint": f"{PIN}/a", "token_endpoint": f"{PIN}/t"}


def find(server, **settings):
    return discover(Settings(**{"url": MCP, **settings}), None, server)


def gets(*urls):
    return [f"GET {url}" for url in urls]


def pinned(issuer=PIN, **switches):
    """The server of the pinned issuer; without its document unless a switch says otherwise."""
    return AuthorizationServer(**{"issuer": issuer, "describes_itself_at": (), **switches})


# The issuer that the user has named.


@requirement("ASM-8", "REG-5")
def test_the_issuer_that_the_hint_names_is_a_way_out():
    """Row B4."""
    published = AuthorizationServer(calls_itself=PIN)
    with pytest.raises(IssuerMismatch) as caught:
        find(Internet(published, pinned()))
    assert f'"{PIN}", give it as issuer=' in caught.value.hint
    found = find(Internet(published, pinned()), issuer=PIN)
    assert (found.server.issuer, found.server.token_endpoint) == (PIN, f"{ISSUER}/token")


def test_a_person_logs_in_at_the_issuer_that_the_hint_names():
    """Row B4."""
    world = World(calls_itself=PIN)
    world.send = Internet(world.server, pinned())
    world.engine(issuer=PIN).replace(None)
    assert world.kept(issuer=PIN).issuer == PIN


@pytest.mark.parametrize("pin", [f"{ISSUER}/tenant", f"{ISSUER}:8443/tenant", "https://other.example.net/x/"])
@pytest.mark.parametrize("published", [ISSUER, f"{ISSUER}/", f"{ISSUER}/path"])
def test_the_document_of_a_published_place_may_name_an_issuer_with_another_path_or_host(published, pin):
    """Row B4."""
    server = AuthorizationServer(issuer=published, calls_itself=pin)
    assert find(Internet(server, pinned("https://other.example.net")), issuer=pin).server.issuer == pin


@requirement("ASM-8")
@pytest.mark.parametrize("named", [f"{PIN}/", PIN.upper(), f"{PIN}:443", f"{PIN}/x", "https://evil.example.com"])
def test_a_document_that_does_not_name_the_pinned_issuer_byte_for_byte_is_of_another(named):
    """Row B4."""
    with pytest.raises(IssuerMismatch) as caught:
        find(Internet(AuthorizationServer(calls_itself=named), pinned()), issuer=PIN)
    assert (caught.value.expected, caught.value.received) == (PIN, named)
    assert "change issuer=" in caught.value.hint


def test_the_pinned_issuers_own_document_counts_more_than_one_elsewhere():
    """Row B4."""
    own = pinned(describes_itself_at=(PIN_METADATA,))
    found = find(Internet(AuthorizationServer(calls_itself=PIN), own), issuer=PIN)
    assert found.server.token_endpoint == f"{PIN}/token"


@pytest.mark.parametrize("trouble", [404, 503, unreachable(), no_answer(), 302])
def test_the_pinned_issuers_own_document_counts_where_the_published_place_has_none(trouble):
    """Row B4."""
    published = AuthorizationServer(describes_itself_at=())
    published.has(SERVER_METADATA, trouble)
    own = pinned(describes_itself_at=(PIN_METADATA,))
    assert find(Internet(published, own), issuer=PIN).server.issuer == PIN


@pytest.mark.parametrize("published", ["http://keycloak:8080", "http://auth.example.com", "javascript:x()", "no url"])
def test_a_pinned_issuer_is_a_way_out_where_the_published_one_cannot_be_asked(published):
    """Rows B4, F9."""
    resource = AuthorizationServer(names_issuers=(published,))
    own = pinned(describes_itself_at=(PIN_METADATA,))
    assert find(Internet(resource, own), issuer=PIN).server.issuer == PIN


def test_a_pinned_issuer_that_no_connection_leads_to_may_be_a_name_only():
    """Row B4."""
    own = pinned()
    own.has(PIN_METADATA, unreachable())
    assert find(Internet(AuthorizationServer(calls_itself=PIN), own), issuer=PIN).server.issuer == PIN


@pytest.mark.parametrize("trouble", [503, 429, no_answer()])
def test_a_pinned_issuer_that_cannot_answer_now_is_not_replaced(trouble):
    """Row B4."""
    own = pinned()
    own.has(PIN_METADATA, trouble)
    with pytest.raises(TemporaryError, match=PIN):
        find(Internet(AuthorizationServer(calls_itself=PIN), own), issuer=PIN)


def test_of_several_published_places_the_one_that_names_the_pinned_issuer_counts():
    """Row B4."""
    first = AuthorizationServer(issuer="https://first.example.com")
    second = AuthorizationServer(calls_itself=PIN, names_issuers=("https://first.example.com", ISSUER))
    assert find(Internet(second, first, pinned()), issuer=PIN).server.token_endpoint == f"{ISSUER}/token"


def test_an_mcp_server_that_publishes_its_authorization_servers_document_itself_works_with_issuer():
    """Many servers of 2025-03-26 hand on the document of another issuer. Row B4."""
    server = AuthorizationServer(issuer=ORIGIN, describes_the_resource_at=(), calls_itself=PIN)
    with pytest.raises(IssuerMismatch):
        find(Internet(server, pinned()))
    assert find(Internet(server, pinned()), issuer=PIN).server.issuer == PIN


@pytest.mark.parametrize("trouble", [404, unreachable()])
def test_a_pinned_issuer_without_any_document_is_told_with_the_way_on(trouble):
    """Row B4."""
    published = AuthorizationServer(describes_itself_at=())
    own = pinned()
    own.has(PIN_METADATA, trouble)
    with pytest.raises((Unsupported, TemporaryError), match=PIN):
        find(Internet(published, own), issuer=PIN)
    own.has(PIN_METADATA, trouble)
    given = {**GIVEN, "registration_endpoint": f"{PIN}/r"}
    assert find(Internet(published, own), issuer=PIN, **given).server.source is MetadataSource.CONFIGURED


# What belongs to the pinned issuer stays there.

SECRETS = [
    {"client_id": "c", "client_secret": Secret("s"), "redirect_uri": "http://127.0.0.1:8080/callback"},
    {"initial_access_token": Secret("s")},
    {"workload_token": lambda audience: "jwt"},
]


@requirement("REG-2", "REG-3")
@pytest.mark.parametrize("given", SECRETS, ids=lambda given: next(reversed(given)))
def test_a_document_elsewhere_does_not_get_a_secret_of_the_pinned_issuer(given):
    """Row B4."""
    server = Internet(AuthorizationServer(calls_itself=PIN), pinned())
    with pytest.raises(IssuerMismatch) as caught:
        find(server, issuer=PIN, **given)
    assert f'token_endpoint="{ISSUER}/token"' in caught.value.hint


def test_a_secret_goes_to_an_endpoint_elsewhere_if_the_user_names_it_as_the_hint_says():
    """Row B4."""
    server = Internet(AuthorizationServer(calls_itself=PIN, registers_clients=False), pinned())
    found = find(server, issuer=PIN, token_endpoint=f"{ISSUER}/token", **SECRETS[0])
    assert (found.server.issuer, found.server.token_endpoint) == (PIN, f"{ISSUER}/token")


def test_a_document_elsewhere_does_not_send_the_code_of_the_pinned_issuer_away():
    """The authorization endpoint of an honest server, and the token endpoint of another (RFC 9700 §4.4). Row B4."""
    evil = AuthorizationServer(calls_itself=PIN, says_further={"authorization_endpoint": f"{PIN}/authorize"})
    with pytest.raises(IssuerMismatch, match="token_endpoint"):
        find(Internet(evil, pinned()), issuer=PIN)


def test_a_document_elsewhere_may_lead_to_the_pinned_issuer_itself_but_not_its_tokens_away():
    """Row B4."""
    endpoints = {f"{name}_endpoint": f"{PIN}/{name}" for name in ("authorization", "token", "registration")}
    server = AuthorizationServer(calls_itself=PIN, revokes_tokens=True, says_further=endpoints)
    found = find(Internet(server, pinned()), issuer=PIN).server
    assert (found.token_endpoint, found.revocation_endpoint) == (f"{PIN}/token", None)
    server.says_further["revocation_endpoint"] = f"{PIN}/revoke"
    assert find(Internet(server, pinned()), issuer=PIN).server.revocation_endpoint == f"{PIN}/revoke"


def test_an_endpoint_that_the_login_does_not_use_is_not_held_against_a_document_elsewhere():
    """The hint that names the token endpoint is followed, and no other one comes. Rows B4, B5."""
    device = {"device_authorization_endpoint": f"{ISSUER}/device"}
    server = AuthorizationServer(calls_itself=PIN, says_further=device)
    given = {"client_id": "c", "client_secret": "s", "redirect_uri": "http://127.0.0.1:8080/callback", "issuer": PIN}
    with pytest.raises(IssuerMismatch, match="give token_endpoint="):
        find(Internet(server, pinned()), **given)
    found = find(Internet(server, pinned()), **given, token_endpoint=f"{ISSUER}/token").server
    assert (found.registration_endpoint, found.device_authorization_endpoint) == (None, None)


# Endpoints that the user has given make metadata optional.


@pytest.mark.parametrize("given", [{"registration_endpoint": f"{PIN}/r"}, {}], ids=str)
@pytest.mark.parametrize("published", [(), (ISSUER,)], ids=["no issuer", "an issuer"])
@pytest.mark.parametrize("issuer", [None, PIN])
def test_no_document_is_needed_where_both_endpoints_are_given(issuer, published, given):
    """Row B4."""
    server = AuthorizationServer(describes_itself_at=(), names_issuers=published)
    found = find(Internet(server, pinned()), issuer=issuer, **GIVEN, **given).server
    assert (found.token_endpoint, found.source) == (f"{PIN}/t", MetadataSource.CONFIGURED)
    assert found.registration_endpoint == given.get("registration_endpoint")
    assert found.issuer == (issuer or (ISSUER if published else PIN))


@pytest.mark.parametrize("trouble", [503, 429, unreachable(), no_answer()])
def test_a_server_that_is_down_is_not_needed_where_everything_is_given(trouble):
    """Row B4."""
    server = AuthorizationServer(describes_itself_at=())
    server.has(SERVER_METADATA, trouble)
    given = {**GIVEN, "registration_endpoint": f"{PIN}/r"}
    assert find(server, **given).server.source is MetadataSource.CONFIGURED
    server.has(SERVER_METADATA, trouble)
    with pytest.raises(TemporaryError):
        find(server, **GIVEN)  # its metadata may name the registration endpoint


def test_no_resource_metadata_is_needed_where_both_endpoints_are_given():
    """Row B4."""
    server = AuthorizationServer(issuer=ORIGIN, describes_the_resource_at=(), describes_itself_at=())
    found = find(server, **GIVEN)
    assert (found.server.source, found.server.issuer, found.resource) == (MetadataSource.CONFIGURED, PIN, MCP)


def test_a_document_that_names_another_issuer_is_not_used_where_the_user_names_issuer_and_endpoints():
    """Row B4."""
    server = Internet(AuthorizationServer(), pinned())
    found = find(server, issuer=PIN, **GIVEN).server
    assert (found.issuer, found.token_endpoint, found.registration_endpoint) == (PIN, f"{PIN}/t", None)
    with pytest.raises(IssuerMismatch):
        find(AuthorizationServer(calls_itself=PIN), **GIVEN)


@pytest.mark.parametrize(
    ("grant", "given"),
    [
        ({"grant": "device_code"}, {"device_authorization_endpoint": f"{PIN}/d", "token_endpoint": f"{PIN}/t"}),
        ({"workload_token": lambda audience: "jwt"}, {"token_endpoint": f"{PIN}/t"}),
    ],
    ids=["device", "machine"],
)
def test_the_endpoints_of_the_grant_are_enough(grant, given):
    """Row B4."""
    server = AuthorizationServer(describes_itself_at=())
    assert find(server, **grant, **given).server.source is MetadataSource.CONFIGURED
    with pytest.raises(Unsupported):
        find(server, **grant)


@pytest.mark.parametrize("value", [17, "http://auth.example.com/x"])
def test_a_published_endpoint_that_cannot_be_used_is_replaced_by_the_users(value):
    """Rows B4, D5."""
    server = AuthorizationServer(says_further={"token_endpoint": value})
    assert find(server, token_endpoint=f"{PIN}/t").server.token_endpoint == f"{PIN}/t"


@pytest.mark.parametrize("value", [17, False, "http://auth.example.com/x"])
def test_a_login_on_another_device_needs_no_authorization_endpoint(value):
    """Row D5."""
    server = AuthorizationServer(says_further={"authorization_endpoint": value}, offers_device_login=True)
    assert find(server, grant="device_code").server.authorization_endpoint is None


def test_a_person_logs_in_with_endpoints_of_the_settings_and_registers_at_the_given_one():
    """Row B4."""
    world = World(describes_itself_at=())
    names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "registration_endpoint": "register"}
    world.engine(**{name: f"{ISSUER}/{path}" for name, path in names.items()}).replace(None)
    assert (len(world.person.asked), len(world.server.registrations())) == (1, 1)


# The metadata of an issuer that is known, once more.


def fresh(server, known, **settings):
    return fresh_server(known, Settings(**{"url": MCP, **settings}), server)


def test_an_issuer_that_is_known_is_asked_where_its_endpoints_are_now():
    """The issuer alone is asked, and not the MCP server. Row A4."""
    server = AuthorizationServer(says_further={"token_endpoint": f"{ISSUER}/v2/token"})
    found = fresh(server, ServerMetadata(ISSUER, token_endpoint=f"{ISSUER}/token"))
    assert found.token_endpoint == f"{ISSUER}/v2/token"
    assert server.log() == gets(SERVER_METADATA)


def test_the_users_endpoint_counts_when_an_issuer_is_asked_once_more():
    """Row A4."""
    found = fresh(AuthorizationServer(), ServerMetadata(ISSUER), token_endpoint="https://given.example.org/t")
    assert found.token_endpoint == "https://given.example.org/t"


def test_everything_that_the_user_has_given_is_not_asked_for_once_more():
    """Row A4."""
    server = AuthorizationServer()
    given = {"client_id": "c", "authorization_endpoint": f"{ISSUER}/a", "token_endpoint": f"{ISSUER}/t"}
    assert fresh(server, ServerMetadata(ISSUER), **given).token_endpoint == f"{ISSUER}/t"
    assert server.log() == []


def test_an_issuer_keeps_its_known_spelling_and_source_when_it_is_asked_once_more():
    """What is bound to the issuer, byte for byte, stays bound to it. Row A4."""
    known = ServerMetadata(ISSUER, source=MetadataSource.LEGACY)
    found = fresh(AuthorizationServer(calls_itself=f"{ISSUER}/"), known)
    assert (found.issuer, found.source) == (ISSUER, MetadataSource.LEGACY)


def test_another_issuer_at_the_known_place_is_not_believed():
    """Row A4."""
    with pytest.raises(IssuerMismatch):
        fresh(AuthorizationServer(calls_itself="https://evil.example.com"), ServerMetadata(ISSUER))


@pytest.mark.parametrize(("status", "error"), [(404, Unsupported), (503, TemporaryError), (429, TemporaryError)])
def test_an_issuer_that_publishes_nothing_now_says_whether_that_may_change(status, error):
    """Row A4."""
    server = AuthorizationServer(describes_itself_at=())
    server.has(SERVER_METADATA, status)
    with pytest.raises(error):
        fresh(server, ServerMetadata(ISSUER))


# An endpoint that is not there any more.

KNOWN = ServerMetadata(ISSUER, token_endpoint=f"{ISSUER}/old/token", revocation_endpoint=f"{ISSUER}/old/revoke")


def moved(server, endpoint, known=KNOWN):
    return moved_server(known, endpoint, Settings(url=MCP), server)


@pytest.mark.parametrize("endpoint", ["token_endpoint", "revocation_endpoint"])
def test_an_endpoint_is_where_the_metadata_of_its_issuer_now_says(endpoint):
    """Row A4."""
    server = AuthorizationServer(says_further={endpoint: f"{ISSUER}/v2"})
    assert getattr(moved(server, endpoint), endpoint) == f"{ISSUER}/v2"


@pytest.mark.parametrize("says", [{}, {"revocation_endpoint": None}], ids=["the same", "none"])
def test_metadata_that_names_no_other_endpoint_leads_nowhere(says):
    """Row A4."""
    known = ServerMetadata(ISSUER, revocation_endpoint=f"{ISSUER}/revoke")
    server = AuthorizationServer(says_further={"revocation_endpoint": f"{ISSUER}/revoke", **says})
    assert moved(server, "revocation_endpoint", known) is None


@pytest.mark.parametrize("trouble", [404, 503, unreachable()], ids=str)
def test_metadata_that_cannot_be_read_again_leads_nowhere(trouble):
    """Row A4."""
    server = AuthorizationServer()
    server.has(SERVER_METADATA, trouble)
    server.describes_itself_at = ()
    assert moved(server, "token_endpoint") is None


def test_metadata_of_another_issuer_is_no_reason_to_stay():
    """Row A4."""
    with pytest.raises(IssuerMismatch):
        moved(AuthorizationServer(calls_itself="https://evil.example.com"), "token_endpoint")
