# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""How a client authenticates: one method a request, encoded as RFC 6749 §2.3.1 says."""

import base64
from dataclasses import replace
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import hostile
from tests.protocol.answers import CLIENT, SERVER
from tests.requirements import requirement
from valetkey.errors import ConfigurationError
from valetkey.protocol.client_auth import authenticate, choose_authentication
from valetkey.values import Client, ClientAuthentication, Secret

NONE, BASIC, POST = ClientAuthentication.NONE, ClientAuthentication.BASIC, ClientAuthentication.POST


def server(*methods):
    return replace(SERVER, token_endpoint_auth_methods_supported=methods or None)


def authenticated(who, where):
    """What a client without a key puts into a request: form fields and header fields."""
    authentication = authenticate(who, choose_authentication(who, where))
    return dict(authentication.fields), authentication.headers


def client(secret=None, authentication=None, client_id="client-1"):
    text = Secret(secret) if secret is not None else None
    return replace(CLIENT, client_id=client_id, secret=text, authentication=authentication)


@requirement("TOK-4", "ASM-11")
@pytest.mark.parametrize(
    ("who", "where", "method"),
    [
        pytest.param(client(), server(), NONE, id="no secret: none"),
        pytest.param(client(), server("client_secret_basic"), NONE, id="no secret: none, whatever is offered"),
        pytest.param(client("s"), server(), BASIC, id="no list: Basic is its default"),
        pytest.param(client("s"), server("client_secret_basic"), BASIC, id="Basic is offered"),
        pytest.param(client("s"), server("client_secret_post"), POST, id="post is offered"),
        pytest.param(client("s"), server("none", "client_secret_post"), POST, id="none is not for who has a secret"),
        pytest.param(client("s"), server("client_secret_post", "client_secret_basic"), BASIC, id="both: Basic"),
        pytest.param(
            client("a:b/c"),
            server("client_secret_post", "client_secret_basic"),
            POST,
            id="both, but the secret needs encoding that not every server undoes: post",
        ),
        pytest.param(
            client("s", client_id="https://client.example/metadata"),
            server("client_secret_post", "client_secret_basic"),
            POST,
            id="both, but the client id needs encoding: post",
        ),
        pytest.param(client("a:b/c"), server("client_secret_basic"), BASIC, id="only Basic: encoded"),
        pytest.param(client("s"), server("private_key_jwt"), BASIC, id="nothing we can do: Basic"),
        pytest.param(client("s", BASIC), server("client_secret_post"), BASIC, id="the registration says Basic"),
        pytest.param(client("s", POST), server("client_secret_basic"), POST, id="the registration says post"),
        pytest.param(client("s", NONE), server("client_secret_basic"), NONE, id="the registration says none"),
    ],
)
def test_the_method_is_what_the_registration_fixed_else_what_the_metadata_offers(who, where, method):
    assert choose_authentication(who, where) is method


@requirement("TOK-4", "SEC-12")
@pytest.mark.parametrize("method", [BASIC, POST])
def test_a_method_that_needs_a_secret_says_so_when_there_is_none(method):
    with pytest.raises(ConfigurationError, match=f'"evil\\\\nid" has to authenticate with {method}') as raised:
        authenticated(client(authentication=method, client_id="evil\nid"), server())
    assert "client_secret" in raised.value.hint


@requirement("TOK-2", "TOK-4", "NAT-10")
@pytest.mark.parametrize("who", [client(), client("s3cret", NONE)], ids=["no secret", "a secret that is not used"])
def test_a_public_client_gives_its_name_in_the_form(who):
    assert authenticated(who, server()) == ({"client_id": "client-1"}, ())


@requirement("TOK-4", "TOK-6")
def test_post_puts_name_and_secret_in_the_form_and_nowhere_else():
    assert authenticated(client("a:b/c+d %é"), server("client_secret_post")) == (
        {"client_id": "client-1", "client_secret": "a:b/c+d %é"},
        (),
    )


@requirement("TOK-4", "TOK-5")
def test_basic_puts_both_in_the_header_and_nothing_in_the_form():
    """Notion refuses Basic together with a client_id in the body."""
    who = Client("s6BhdRkqt3", SERVER.issuer, secret=Secret("7Fjfp0ZBr1KtDRbnfVdmIw"))
    assert authenticated(who, server()) == (
        {},
        (("Authorization", "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"),),  # the example of RFC 6749 §2.3.1
    )


@requirement("TOK-5")
@pytest.mark.parametrize(
    ("client_id", "secret", "pair"),
    [
        pytest.param("client", "a:b/c+d %é", "client:a%3Ab%2Fc%2Bd+%25%C3%A9", id="every kind of trouble"),
        pytest.param("a:b", "c", "a%3Ab:c", id="a colon in the client id"),
        pytest.param("client", " %&+£€", "client:+%25%26%2B%C2%A3%E2%82%AC", id="the example of RFC 6749 appendix B"),
        pytest.param("https://c.example/m", "c", "https%3A%2F%2Fc.example%2Fm:c", id="a URL as client id"),
        pytest.param("a-b_c.d", "e~f", "a-b_c.d:e~f", id="plain characters stay"),
        pytest.param("client", "", "client:", id="an empty secret"),
    ],
)
def test_basic_encodes_both_before_it_joins_them(client_id, secret, pair):
    (((name, value),)) = authenticated(client(secret, BASIC, client_id), server())[1]
    assert (name, value) == ("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())


@requirement("TOK-5")
@given(st.text(min_size=1), st.text())
def test_a_server_that_decodes_basic_gets_both_back(client_id, secret):
    (((_, value),)) = authenticated(client(secret, BASIC, client_id), server())[1]
    left, _, right = base64.b64decode(value.removeprefix("Basic "), validate=True).decode("ascii").partition(":")
    assert (unquote_plus(left), unquote_plus(right)) == (client_id, secret)


@requirement("TOK-4")
@given(
    st.sampled_from([None, "s3cret", "a:b"]),
    st.sampled_from([None, NONE, BASIC, POST]),
    st.lists(st.one_of(st.sampled_from(list(ClientAuthentication)), hostile.texts), max_size=3),
)
def test_one_request_never_authenticates_twice(secret, method, offered):
    who = client(secret, method)
    try:
        fields, headers = authenticated(who, server(*offered))
    except ConfigurationError:
        assert secret is None
        assert method in (BASIC, POST)
    else:
        assert ("client_secret" in fields) + len(headers) <= 1
        assert ("client_id" in fields) is not bool(headers)
