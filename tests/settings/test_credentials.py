# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a user may give to prove a client, a machine or an employee, and what is refused at once."""

from pathlib import Path

import pytest

from tests.fakes.keys import material_of, pem_of, private_key
from tests.requirements import requirement
from valetkey.errors import ConfigurationError
from valetkey.settings.credentials import (
    IdentityProvider,
    PrivateKey,
    RegisteredClient,
    to_private_key,
    to_token_source,
)
from valetkey.settings.settings import Settings
from valetkey.values import Secret

PEM = Secret(pem_of(private_key("P-256")))


@pytest.mark.parametrize(
    ("given", "algorithm", "key"),
    [
        (None, None, None),
        ("key.pem", None, PrivateKey(Path("key.pem"))),
        (Path("key.pem"), "ES256", PrivateKey(Path("key.pem"), "ES256")),
        (PEM, "ES256", PrivateKey(PEM, "ES256")),
        (PrivateKey(PEM, key_id="1"), None, PrivateKey(PEM, key_id="1")),
        (PrivateKey(PEM, key_id="1"), "ES256", PrivateKey(PEM, "ES256", "1")),
        (PrivateKey(PEM, "ES256"), "ES256", PrivateKey(PEM, "ES256")),
    ],
)
def test_a_private_key_is_taken_as_users_have_it(given, algorithm, key):
    assert to_private_key(given, algorithm) == key


@requirement("CC-9", "SEC-12")
def test_a_key_in_plain_text_is_refused_without_being_shown():
    with pytest.raises(ConfigurationError, match=r"valetkey\.Secret") as caught:
        to_private_key(PEM.reveal())
    assert not any(line in str(caught.value) for line in material_of(PEM.reveal()))


BARE = "".join(PEM.reveal().splitlines()[1:-1])
"""The key without the lines around it, as some consoles show one."""


@requirement("CC-9", "SEC-12")
@pytest.mark.parametrize(
    "key",
    [
        pytest.param(BARE, id="base64"),
        pytest.param('{"kty": "EC", "d": "canary"}', id="JWK"),
        pytest.param("canary\ncanary", id="lines"),
    ],
)
def test_a_key_in_another_form_is_no_path_and_is_not_shown(key):
    with pytest.raises(ConfigurationError, match=r"valetkey\.Secret") as caught:
        to_private_key(key)
    assert key not in str(caught.value)


@requirement("CC-9", "SEC-12")
@pytest.mark.parametrize("key", [PEM.reveal(), PEM.reveal().encode(), "key.pem"], ids=["text", "bytes", "path"])
def test_the_key_object_takes_no_text_that_it_would_show(key):
    with pytest.raises(ConfigurationError, match=r"valetkey\.Secret") as caught:
        PrivateKey(key)
    assert not any(line in str(caught.value) for line in material_of(PEM.reveal()))


@requirement("SEC-12")
def test_the_key_of_an_identity_provider_is_taken_as_other_keys_are():
    provider = IdentityProvider("https://idp.example", "c", Secret("t"), private_key=PEM)
    assert provider.private_key == PrivateKey(PEM)
    with pytest.raises(ConfigurationError, match="plain text"):
        IdentityProvider("https://idp.example", "c", Secret("t"), private_key=PEM.reveal())


@requirement("SEC-12")
@pytest.mark.parametrize(
    "options",
    [
        {"client_id": "c", "client_secret": b"canary"},
        {"issuer": "https://as.example", "initial_access_token": b"canary"},
        {"clients": [{"issuer": "https://as.example", "client_secret": "canary"}]},
        {"identity_provider": {"issuer": "https://idp.example", "client_secret": "canary"}},
    ],
)
def test_a_value_of_a_type_that_would_show_a_secret_is_refused_at_once(options):
    with pytest.raises(ConfigurationError) as caught:
        Settings(url="https://mcp.example/mcp", **options)
    assert "canary" not in str(caught.value)


@requirement("TOK-9")
@pytest.mark.parametrize("algorithm", ["none", "HS256", "es256", "ES256K", ""])
def test_an_algorithm_that_is_none_for_a_private_key_is_refused_at_once(algorithm):
    """With `none` anybody could be the client, and with HS256 the key would be a shared secret."""
    with pytest.raises(ConfigurationError, match="cannot sign with"):
        PrivateKey(PEM, algorithm)


@pytest.mark.parametrize("given", [None, PrivateKey(PEM, "ES256")])
def test_an_algorithm_that_contradicts_the_key_is_refused(given):
    with pytest.raises(ConfigurationError, match="RS256"):
        to_private_key(given, "RS256")


@requirement("EMA-15")
@pytest.mark.parametrize("member", ["issuer", "token_endpoint"])
@pytest.mark.parametrize(
    "url", ["http://idp.example", "idp.example", "https://u:p@idp.example", "https://idp.example#f"]
)
def test_an_identity_provider_has_urls_that_a_credential_may_go_to(member, url):
    urls = {"issuer": "https://idp.example", "token_endpoint": None, member: url}
    with pytest.raises(ConfigurationError, match="identity provider"):
        IdentityProvider(client_id="c", id_token=Secret("t"), **urls)


JWT = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJjYW5hcnkifQ.c2ln"


@pytest.mark.parametrize(
    ("given", "source"), [(None, None), ("a/token", Path("a/token")), (Path("t"), Path("t")), (str.upper, str.upper)]
)
def test_the_source_of_a_token_is_taken_as_users_have_it(given, source):
    assert to_token_source(given) == source


@requirement("SEC-12")
def test_a_token_in_plain_text_is_refused_without_being_shown():
    with pytest.raises(ConfigurationError, match="plain text") as caught:
        to_token_source(JWT)
    assert JWT not in str(caught.value)


@requirement("SEC-12")
@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("workload_token", JWT, "A token is given as plain text"),
        ("workload_token", Secret(JWT), "The workload_token is a Secret"),
        ("workload_token", 7, "The workload_token is a int"),
        ("client_assertion", JWT, "The client_assertion is a str"),
        ("client_assertion", Secret(JWT), "The client_assertion is a Secret"),
        ("client_assertion", 7, "The client_assertion is a int"),
    ],
)
def test_what_is_no_source_of_tokens_is_refused_at_once(name, given, words):
    with pytest.raises(ConfigurationError, match=words) as caught:
        Settings(url="https://mcp.example/mcp", client_id="c", **{name: given})
    assert JWT not in str(caught.value)


@requirement("SEC-12")
def test_an_id_token_in_plain_text_is_refused_without_being_shown():
    with pytest.raises(ConfigurationError, match="The id_token is a str") as caught:
        IdentityProvider("https://idp.example", "c", JWT)
    assert JWT not in str(caught.value)


@requirement("SEC-12")
@pytest.mark.parametrize(
    "client",
    [
        RegisteredClient("https://as.example", "c", "canary"),
        IdentityProvider("https://idp.example", "c", Secret("t"), client_secret="canary"),
    ],
)
def test_a_secret_in_plain_text_is_wrapped(client):
    assert client.client_secret == Secret("canary")
    assert "canary" not in repr(client)


@requirement("SEC-12")
def test_an_identity_provider_shows_neither_token_nor_secret_nor_key():
    key = PrivateKey(PEM)
    shown = repr(IdentityProvider("https://idp.example", "c", Secret("canary-1"), None, Secret("canary-2"), key))
    assert "canary" not in shown
    assert not any(line in shown for line in material_of(PEM.reveal()))
