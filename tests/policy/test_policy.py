# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The rules of MCP on top of OAuth."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.network import challenges
from tests.requirements import requirement
from valetkey._policy.issuers import choose_issuers
from valetkey._policy.lifetime import is_client_usable, is_expired, is_renewal_due
from valetkey._policy.refusal import ends_refresh_token
from valetkey._policy.rejection import is_rejection
from valetkey._policy.scope import choose_scope, covers_scope, smaller_scope, unite
from valetkey._policy.tolerance import (
    as_presented,
    correct_request,
    declines_audience,
    declines_resource,
    wants_scope_named,
)
from valetkey.errors import IssuerMismatch, Refused, Unsupported
from valetkey.protocol.token_request import TokenRequest
from valetkey.values import Client, ResourceMetadata, Secret, ServerMetadata, Session, Token

NOW = 1_800_000_000.0
SCOPES = st.none() | st.lists(st.sampled_from("abcdeAB"), unique=True).map(tuple)


def token(**members):
    return Token(**{"access_token": Secret("t"), "obtained_at": NOW, **members})


def session(scope):
    return Session(token(scope=scope), Client("c", "https://as"), ServerMetadata("https://as"), "https://mcp")


@pytest.mark.parametrize("fields", [(), ("Basic",), ('Bearer error="invalid_token"',), ("nonsense, , =",)])
def test_every_401_is_a_rejection(fields):
    assert is_rejection(401, challenges(*fields))


@requirement("STP-1")
@pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
def test_a_403_that_says_insufficient_scope_is_a_rejection(scheme):
    assert is_rejection(403, challenges(f'{scheme} error="insufficient_scope", scope="write"'))


@requirement("WWW-17")
@pytest.mark.parametrize(
    "fields",
    [
        (),
        ('Bearer error="access_denied"',),
        ('Bearer error="invalid_token"',),
        ('Bearer scope="write"',),
        ('DPoP error="invalid_token"',),
    ],
)
def test_any_other_403_is_a_matter_of_permission(fields):
    assert not is_rejection(403, challenges(*fields))


@pytest.mark.parametrize("status", [200, 302, 400, 404, 500])
def test_other_statuses_are_no_rejection_whatever_their_challenges_say(status):
    assert not is_rejection(status, challenges('Bearer error="insufficient_scope"'))


@requirement("ASM-1")
def test_without_a_pin_the_published_servers_are_tried_in_their_order():
    metadata = ResourceMetadata("https://mcp", ("https://b", "https://a/"))
    assert choose_issuers(metadata, None) == ("https://b", "https://a/")


def test_a_pinned_issuer_replaces_the_spelling_of_the_published_one():
    metadata = ResourceMetadata("https://mcp", ("https://other", "https://as/"))
    assert choose_issuers(metadata, "https://as") == ("https://as",)


def test_a_pinned_issuer_stands_in_for_a_list_that_is_not_published():
    assert choose_issuers(ResourceMetadata("https://mcp"), "https://as") == ("https://as",)


@requirement("REG-5")
def test_a_pinned_issuer_is_not_led_to_another_host():
    metadata = ResourceMetadata("https://mcp", ("https://evil.example", "https://worse.example"))
    with pytest.raises(IssuerMismatch, match="only https://as is trusted") as caught:
        choose_issuers(metadata, "https://as")
    assert (caught.value.expected, caught.value.received) == ("https://as", "https://evil.example")


@requirement("SCP-1", "SCP-2", "SCP-3", "SCP-5", "SCP-7")
@pytest.mark.parametrize(
    ("pinned", "challenged", "published", "chosen"),
    [
        (("mine",), ("challenged",), ("published",), ("mine",)),
        ((), ("challenged",), ("published",), ()),
        (None, ("challenged",), ("published",), ("challenged",)),
        (None, None, ("published", "more"), ("published", "more")),
        (None, None, None, None),
    ],
)
def test_the_scope_is_the_users_else_the_challenges_else_the_resources_else_none(pinned, challenged, published, chosen):
    server = ServerMetadata("https://as", scopes_supported=("everything", "admin"))
    assert choose_scope(pinned=pinned, challenged=challenged, published=published, server=server) == chosen


@requirement("SCP-4")
def test_a_challenged_scope_need_not_be_a_published_one():
    server = ServerMetadata("https://as")
    chosen = choose_scope(pinned=None, challenged=("x",), published=("y",), server=server)
    assert chosen == ("x",)


@requirement("SCP-8")
def test_offline_access_is_added_where_the_authorization_server_lists_it():
    server = ServerMetadata("https://as", scopes_supported=("read", "offline_access"))
    chosen = choose_scope(pinned=None, challenged=("read",), published=None, server=server)
    assert chosen == ("read", "offline_access")


@requirement("SCP-9")
@pytest.mark.parametrize("listed", [None, ("read",)])
def test_offline_access_is_not_asked_for_where_nobody_lists_it(listed):
    server = ServerMetadata("https://as", scopes_supported=listed)
    assert choose_scope(pinned=None, challenged=("read",), published=None, server=server) == ("read",)


@requirement("SCP-3")
def test_offline_access_alone_is_never_asked_for():
    server = ServerMetadata("https://as", scopes_supported=("offline_access",))
    assert choose_scope(pinned=None, challenged=None, published=None, server=server) is None


# What is tried once more, because a server said so.


@pytest.mark.parametrize(
    "description",
    [
        "AADSTS901002: The 'resource' request parameter is not supported. Trace ID: x",
        "AADSTS901002: The 'resource' request parameter isn't supported.",
        "Unknown parameter: resource",
        "unknown parameter 'resource'",
        'Unrecognized parameter "resource"',
        "Unsupported request parameter: resource.",
        "The resource parameter is not allowed",
        "resource parameter not recognized",
        "the `resource` parameter is unsupported",
    ],
)
def test_a_server_that_does_not_know_the_resource_parameter_says_so(description):
    assert declines_resource("invalid_request", description)


@requirement("RES-9")
@pytest.mark.parametrize(
    ("error", "description"),
    [
        ("invalid_target", "The 'resource' request parameter is not supported."),
        (
            "invalid_target",
            "AADSTS9010010: The resource parameter provided in the request doesn't match with the scopes",
        ),
        ("invalid_request", "AADSTS9010010: The resource parameter provided in the request doesn't match"),
        ("invalid_grant", "Unknown parameter: resource"),
        ("invalid_client", "Unknown parameter: resource"),
        (None, "Unknown parameter: resource"),
        ("invalid_request", None),
        ("invalid_request", ""),
        ("invalid_request", "The resource is not allowed for this client"),
        ("invalid_request", "Unknown resource"),
        ("invalid_request", "The requested resource is unknown"),
        ("invalid_request", "The value of the resource parameter is not a known resource"),
        ("invalid_request", "The resource parameter has an unknown value"),
        ("invalid_request", "Missing parameter: resource"),
        ("invalid_request", "Unknown parameter: resource_id"),
        ("invalid_request", "Unknown parameter: protected_resource"),
        ("invalid_request", "Unknown parameter: nonce. The resource parameter is required."),
        ("invalid_request", "Invalid parameter: resource"),
    ],
)
def test_what_a_server_says_about_this_resource_is_no_leave_to_go_without(error, description):
    assert not declines_resource(error, description)


@pytest.mark.parametrize(
    ("scope", "published", "error", "smaller"),
    [
        (("read", "offline_access"), ("read",), "invalid_scope", ("read",)),
        (("read", "offline_access"), None, "invalid_scope", ("read",)),
        (("read", "offline_access"), ("read", "offline_access"), "invalid_scope", None),
        (("read", "offline_access"), ("read",), "invalid_request", None),
        (("read",), ("read",), "invalid_scope", None),
        (("offline_access",), None, "invalid_scope", None),
        (None, None, "invalid_scope", None),
    ],
)
def test_of_a_refused_scope_only_what_we_added_is_left_out(scope, published, error, smaller):
    assert smaller_scope(scope, published, error) == smaller


@pytest.mark.parametrize(
    ("description", "declined"),
    [
        ("Service not found: https://mcp.example.com/mcp", True),
        ("Service not enabled within domain: https://mcp.example.com/mcp", True),
        ("Service not found: https://other.example.com", False),
        ('Client "x" is not authorized to access resource server "https://mcp.example.com/mcp".', False),
        ("User did not authorize the request", False),
        (None, False),
    ],
)
def test_an_audience_of_ours_is_left_out_where_the_server_knows_no_such_thing(description, declined):
    assert declines_audience("https://mcp.example.com/mcp", description) is declined


@requirement("REF-9")
@pytest.mark.parametrize(
    ("error", "ended"),
    [
        ("invalid_grant", True),
        ("bad_refresh_token", True),
        ("invalid_refresh_token", True),
        ("refresh_token_expired", True),
        ("invalid_request", False),
        ("invalid_client", False),
        ("invalid_scope", False),
        ("server_error", False),
        ("", False),
        (None, False),
    ],
)
def test_a_refresh_token_ends_where_the_refusal_is_about_it(error, ended):
    assert ends_refresh_token(error) is ended


@pytest.mark.parametrize(
    ("error", "description", "wanted"),
    [
        ("invalid_request", "AADSTS900144: The request body must contain the following parameter: 'scope'.", True),
        ("invalid_request", "Missing Scope", True),
        ("invalid_scope", None, True),
        ("invalid_request", "The token request is invalid.", False),
        ("invalid_request", None, False),
        ("invalid_grant", "The scope has changed", False),
        (None, "scope", False),
    ],
)
def test_a_server_that_wants_to_read_the_scope_in_a_refresh_says_so(error, description, wanted):
    assert wants_scope_named(error, description) is wanted


RENEWAL = TokenRequest(
    ServerMetadata("https://as"),
    Client("c", "https://as"),
    "renew the token",
    (("grant_type", "refresh_token"), ("refresh_token", "r"), ("resource", "https://mcp")),
    scope=("read",),
)


def refusal(error, description=None):
    return Refused("No.", hint="Log in again.", error=error, description=description)


@requirement("RES-9", "REF-4")
@pytest.mark.parametrize(
    ("request_", "said", "granted", "corrected"),
    [
        (RENEWAL, refusal("invalid_request", "Unknown parameter: resource"), ("read",), RENEWAL.without_resource()),
        (RENEWAL.without_resource(), refusal("invalid_request", "Unknown parameter: resource"), ("read",), None),
        (RENEWAL, refusal("invalid_scope"), ("read",), RENEWAL.with_scope(("read",))),
        (RENEWAL, refusal("invalid_scope"), None, None),
        (RENEWAL.with_scope(("read",)), refusal("invalid_scope"), ("read",), None),
        (RENEWAL, refusal("invalid_target", "Unknown parameter: resource"), ("read",), None),
        (RENEWAL, refusal("invalid_grant"), ("read",), None),
        (RENEWAL, refusal(None), ("read",), None),
    ],
)
def test_a_request_is_corrected_in_what_was_refused_and_in_nothing_else(request_, said, granted, corrected):
    assert correct_request(request_, said, granted) == corrected


# Which token is shown.


def test_the_access_token_is_what_the_mcp_server_sees():
    issued = token(id_token=Secret("i"))
    assert as_presented(issued, "access_token") is issued


def test_the_id_token_is_shown_where_that_is_wanted():
    issued = token(id_token=Secret("i"), refresh_token=Secret("r"))
    shown = as_presented(issued, "id_token")
    assert (shown.access_token, shown.refresh_token) == (Secret("i"), Secret("r"))


def test_an_id_token_that_was_not_issued_cannot_be_shown():
    with pytest.raises(Unsupported, match="issued none"):
        as_presented(token(), "id_token")


@requirement("SCP-11", "STP-3")
@settings(deadline=None)  # the first example pays for the imports
@given(SCOPES, SCOPES, SCOPES)
def test_a_union_has_every_token_once_in_the_order_they_came(one, two, three):
    union = unite(one, two, three)
    everything = [*(one or ()), *(two or ()), *(three or ())]
    assert sorted(union) == sorted(set(everything))
    assert [everything.index(each) for each in union] == sorted(everything.index(each) for each in union)


@pytest.mark.parametrize(
    ("granted", "wanted", "covered"),
    [
        (("a", "b"), ("b",), True),
        (("a",), None, True),
        (("a",), (), True),
        (None, None, True),
        (("a",), ("a", "b"), False),
        (None, ("a",), False),
        (("Read",), ("read",), False),
    ],
)
def test_a_session_covers_a_scope_when_nothing_of_it_is_missing(granted, wanted, covered):
    assert covers_scope(session(granted), wanted) is covered


@pytest.mark.parametrize(("expires_at", "expired"), [(None, False), (NOW + 1, False), (NOW, True), (NOW - 1, True)])
def test_a_token_is_expired_from_its_last_second_on(expires_at, expired):
    assert is_expired(token(expires_at=expires_at), NOW) is expired


@requirement("USE-9")
@pytest.mark.parametrize(
    ("life", "age", "due"),
    [
        (None, 1e9, False),
        (3600, 3539, False),
        (3600, 3540, True),
        (100, 89, False),
        (100, 90, True),
        (100, 200, True),
    ],
)
def test_renewal_is_due_a_minute_before_the_end_or_in_the_last_tenth_of_a_short_life(life, age, due):
    fresh = token(expires_at=None if life is None else NOW + life)
    assert is_renewal_due(fresh, NOW + age) is due


@requirement("DCR-8", "DCR-12")
@pytest.mark.parametrize(
    ("changes", "usable"),
    [
        ({}, True),
        ({"secret_expires_at": NOW + 1}, True),
        ({"secret_expires_at": NOW}, False),
        ({"issuer": "https://as/"}, False),
        ({"redirect_uri": "http://127.0.0.1:2/callback"}, False),
    ],
)
def test_a_registration_is_used_for_its_issuer_and_address_until_its_secret_expires(changes, usable):
    uri = "http://127.0.0.1:1/callback"
    client = Client(**{"client_id": "c", "issuer": "https://as", "redirect_uri": uri, **changes})
    assert is_client_usable(client, issuer="https://as", redirect_uri=uri, now=NOW) is usable
