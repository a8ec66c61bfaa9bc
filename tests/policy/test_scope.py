# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which scope is asked for, and whether a session has enough of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.requirements import requirement
from valetkey._policy.scope import choose_scope, covers_scope, smaller_scope, unite
from valetkey.values import Client, Secret, ServerMetadata, Session, Token

SCOPES = st.none() | st.lists(st.sampled_from("abcdeAB"), unique=True).map(tuple)


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


@requirement("SCP-11", "STP-3")
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
    token = Token(Secret("t"), 0.0, scope=granted)
    session = Session(token, Client("c", "https://as"), ServerMetadata("https://as"), "https://mcp")
    assert covers_scope(session, wanted) is covered
