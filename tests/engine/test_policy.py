# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The rules of MCP on top of OAuth."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.network import challenges
from tests.requirements import requirement
from valetkey import policy
from valetkey.errors import IssuerMismatch
from valetkey.values import Client, ResourceMetadata, Secret, ServerMetadata, Session, Token

NOW = 1_800_000_000.0
SCOPES = st.none() | st.lists(st.sampled_from("abcdeAB"), unique=True).map(tuple)


def token(**members):
    return Token(**{"access_token": Secret("t"), "obtained_at": NOW, **members})


def session(scope):
    return Session(token(scope=scope), Client("c", "https://as"), ServerMetadata("https://as"), "https://mcp")


@pytest.mark.parametrize("fields", [(), ("Basic",), ('Bearer error="invalid_token"',), ("nonsense, , =",)])
def test_every_401_is_a_rejection(fields):
    assert policy.is_rejection(401, challenges(*fields))


@requirement("STP-1")
@pytest.mark.parametrize("scheme", ["Bearer", "DPoP"])
def test_a_403_that_says_insufficient_scope_is_a_rejection(scheme):
    assert policy.is_rejection(403, challenges(f'{scheme} error="insufficient_scope", scope="write"'))


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
    assert not policy.is_rejection(403, challenges(*fields))


@pytest.mark.parametrize("status", [200, 302, 400, 404, 500])
def test_other_statuses_are_no_rejection_whatever_their_challenges_say(status):
    assert not policy.is_rejection(status, challenges('Bearer error="insufficient_scope"'))


@requirement("ASM-1")
def test_without_a_pin_the_published_servers_are_tried_in_their_order():
    metadata = ResourceMetadata("https://mcp", ("https://b", "https://a/"))
    assert policy.choose_issuers(metadata, None) == ("https://b", "https://a/")


def test_a_pinned_issuer_replaces_the_spelling_of_the_published_one():
    metadata = ResourceMetadata("https://mcp", ("https://other", "https://as/"))
    assert policy.choose_issuers(metadata, "https://as") == ("https://as",)


def test_a_pinned_issuer_stands_in_for_a_list_that_is_not_published():
    assert policy.choose_issuers(ResourceMetadata("https://mcp"), "https://as") == ("https://as",)


@requirement("REG-5")
def test_a_pinned_issuer_is_not_led_to_another_host():
    metadata = ResourceMetadata("https://mcp", ("https://evil.example", "https://worse.example"))
    with pytest.raises(IssuerMismatch, match="only https://as is trusted") as caught:
        policy.choose_issuers(metadata, "https://as")
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
    assert policy.choose_scope(pinned=pinned, challenged=challenged, published=published, server=server) == chosen


@requirement("SCP-4")
def test_a_challenged_scope_need_not_be_a_published_one():
    server = ServerMetadata("https://as")
    chosen = policy.choose_scope(pinned=None, challenged=("x",), published=("y",), server=server)
    assert chosen == ("x",)


@requirement("SCP-8")
def test_offline_access_is_added_where_the_authorization_server_lists_it():
    server = ServerMetadata("https://as", scopes_supported=("read", "offline_access"))
    chosen = policy.choose_scope(pinned=None, challenged=("read",), published=None, server=server)
    assert chosen == ("read", "offline_access")


@requirement("SCP-9")
@pytest.mark.parametrize("listed", [None, ("read",)])
def test_offline_access_is_not_asked_for_where_nobody_lists_it(listed):
    server = ServerMetadata("https://as", scopes_supported=listed)
    assert policy.choose_scope(pinned=None, challenged=("read",), published=None, server=server) == ("read",)


@requirement("SCP-3")
def test_offline_access_alone_is_never_asked_for():
    server = ServerMetadata("https://as", scopes_supported=("offline_access",))
    assert policy.choose_scope(pinned=None, challenged=None, published=None, server=server) is None


@requirement("SCP-11", "STP-3")
@settings(deadline=None)  # the first example pays for the imports
@given(SCOPES, SCOPES, SCOPES)
def test_a_union_has_every_token_once_in_the_order_they_came(one, two, three):
    union = policy.unite(one, two, three)
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
    assert policy.covers_scope(session(granted), wanted) is covered


@pytest.mark.parametrize(("expires_at", "expired"), [(None, False), (NOW + 1, False), (NOW, True), (NOW - 1, True)])
def test_a_token_is_expired_from_its_last_second_on(expires_at, expired):
    assert policy.is_expired(token(expires_at=expires_at), NOW) is expired


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
    assert policy.is_renewal_due(fresh, NOW + age) is due


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
    assert policy.is_client_usable(client, issuer="https://as", redirect_uri=uri, now=NOW) is usable
