# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Secrets that do not show, and scopes."""

import copy
import dataclasses
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import hostile
from tests.requirements import requirement
from valetkey.errors import ConfigurationError
from valetkey.values import (
    Client,
    ClientAuthentication,
    Secret,
    ServerMetadata,
    Session,
    Token,
    scope_from_text,
    scope_to_text,
    to_client_authentication,
)

CANARY = "canary-5f1d"
SECRET = Secret(CANARY)
TOKEN = Token(access_token=SECRET, obtained_at=0.0, refresh_token=SECRET, scope=("read",))
CLIENT = Client("client-1", "https://as.example", secret=SECRET)
SESSION = Session(TOKEN, CLIENT, ServerMetadata("https://as.example"), "https://mcp.example")

scope_tokens = st.text(st.sampled_from([chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\']), min_size=1)
"""RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )."""


@requirement("SEC-12")
@pytest.mark.parametrize("value", [SECRET, TOKEN, CLIENT, SESSION], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(repr, id="repr"),
        pytest.param(str, id="str"),
        pytest.param("{}".format, id="format"),
        pytest.param(lambda value: json.dumps({"value": value}, default=str), id="json with default=str"),
        pytest.param(lambda value: str([value, (value,), {"value": value}]), id="inside of collections"),
    ],
)
def test_no_way_of_showing_a_value_shows_its_secrets(value, shown):
    text = shown(value)
    assert text
    assert CANARY not in text


@requirement("SEC-12")
def test_the_dictionary_of_a_session_does_not_show_its_secrets():
    taken_apart = dataclasses.asdict(SESSION)
    assert taken_apart["token"]["access_token"] == SECRET
    assert CANARY not in repr(taken_apart)


@requirement("SEC-12")
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [SECRET, SESSION], ids=lambda value: type(value).__name__)
def test_a_secret_does_not_get_into_a_pickle(value, protocol):
    with pytest.raises(TypeError, match="not pickled") as raised:
        pickle.dumps(value, protocol)
    assert CANARY not in str(raised.value)


def test_a_secret_is_no_json():
    with pytest.raises(TypeError):
        json.dumps(SECRET)


def test_a_secret_gives_itself_back_only_when_asked():
    assert SECRET.reveal() == CANARY
    assert not hasattr(SECRET, "__dict__")


def test_secrets_are_compared_by_their_text():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


@given(hostile.texts, hostile.texts)
def test_secrets_of_any_text_can_be_compared(one, other):
    assert (Secret(one) == Secret(other)) is (one == other)
    assert Secret(one) == Secret(one)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_the_copy_of_a_secret_is_the_same_secret(copied):
    assert copied(SECRET) is SECRET


def test_a_session_belongs_to_the_issuer_of_its_server():
    assert SESSION.issuer == "https://as.example"


def test_what_nobody_says_is_the_careful_choice():
    assert SESSION.server.iss_parameter_supported is False
    assert CLIENT.registered is False
    assert SESSION.interactive is True


@pytest.mark.parametrize("changed", ["token", "resource", "refresh_intent"])
def test_a_session_cannot_be_changed(changed):
    with pytest.raises(AttributeError):
        setattr(SESSION, changed, None)


@requirement("SCP-11", "WWW-12")
@pytest.mark.parametrize(
    ("text", "scope"),
    [
        pytest.param(None, None, id="absent means no scope"),
        pytest.param("", None, id="empty means no scope"),
        pytest.param("   ", None, id="only spaces means no scope"),
        pytest.param("a", ("a",), id="one"),
        pytest.param("a  b a", ("a", "b"), id="too many spaces and a repetition"),
        pytest.param(" a b ", ("a", "b"), id="spaces around"),
        pytest.param("Read read", ("Read", "read"), id="case counts"),
        pytest.param("b a", ("b", "a"), id="the order stays"),
        pytest.param("repo,gist", ("repo,gist",), id="a comma is part of a scope"),
        pytest.param("https://a/x.read offline_access", ("https://a/x.read", "offline_access"), id="URLs are scopes"),
    ],
)
def test_a_scope_value_is_read(text, scope):
    assert scope_from_text(text) == scope


@requirement("SCP-11")
@given(st.lists(scope_tokens, unique=True, min_size=1).map(tuple))
def test_a_scope_that_is_written_reads_the_same(scope):
    assert scope_from_text(scope_to_text(scope)) == scope


@requirement("SCP-11")
@given(hostile.texts)
def test_any_text_reads_as_scopes_without_spaces_each_once(text):
    scope = scope_from_text(text)
    assert scope is None or (all(scope) and len(set(scope)) == len(scope))
    assert scope is None or scope_from_text(scope_to_text(scope)) == scope


@pytest.mark.parametrize("wrong", ["", "None", "CLIENT_SECRET_BASIC", "tls_client_auth"])
def test_an_unknown_client_authentication_is_named_together_with_the_known_ones(wrong):
    with pytest.raises(ConfigurationError, match="Use one of none, client_secret_basic, client_secret_post"):
        to_client_authentication(wrong)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        (None, None),
        ("none", ClientAuthentication.NONE),
        ("client_secret_basic", ClientAuthentication.BASIC),
        ("client_secret_post", ClientAuthentication.POST),
    ],
)
def test_a_client_authentication_is_read_by_its_registered_name(name, method):
    assert to_client_authentication(name) is method
