# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What no field can have is refused where the user writes it, with the field's name and the spelling to use."""

import traceback
from pathlib import Path
from types import MappingProxyType

import haystack_integrations.tools.mcp as upstream
import pytest
from haystack.utils import Secret

import haystack_integrations.tools.mcp_oauth as ours
from haystack_integrations.tools.mcp_oauth import (
    IdentityProvider,
    InMemoryTokenStorage,
    OAuthConfig,
    RegisteredClient,
    StreamableHttpServerInfo,
)
from tests.haystack.calling import call, tool_of
from tests.requirements import requirement
from valetkey import settings, values
from valetkey.errors import ConfigurationError
from valetkey.login import open_login
from valetkey.settings import PrivateKey
from valetkey.store import open_store
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.backends.opening import require_known_store

ISSUER = "https://as.example"
SERVER = "https://mcp.example.com/mcp"
SECRET = Secret.from_env_var("S", strict=False)

REFUSED = [
    ({"client_secret": "canary"}, "client_secret", "Secret"),
    ({"client_secret": {"type": "env_var", "env_vars": ["canary"]}}, "client_secret", "Secret"),
    ({"client_secret": 7}, "client_secret", "Secret"),
    ({"grant_type": "bogus"}, 'grant_type is "bogus"', '"client_credentials"'),
    ({"grant_type": None}, "grant_type", '"auto"'),
    ({"grant_type": ["client_credentials"]}, "grant_type", '"client_credentials"'),
    ({"login": "bogus"}, 'login is "bogus"', '"auto", "browser", "paste", "device", "link" or "never"'),
    ({"login": True}, "login", '"never"'),
    ({"profile": "bogus"}, "profile", "github"),
    ({"profile": None}, "profile", "a text"),
    ({"bearer": "bogus"}, "bearer", '"access_token" or "id_token"'),
    ({"token_endpoint_auth_method": "tls"}, "token_endpoint_auth_method", '"client_secret_post"'),
    ({"token_storage": "bogus"}, "token_storage", '"memory:"'),
    ({"token_storage": "memory"}, "token_storage", '"memory:"'),
    ({"token_storage": "user:canary@host"}, "token_storage", "redis://host"),
    ({"token_storage": "sqlite://"}, "token_storage", "sqlite:////srv"),
    ({"token_storage": "sqlite:///here.db"}, "token_storage", "sqlite:////"),
    ({"token_storage": ""}, "token_storage", '"memory:"'),
    ({"token_storage": 5}, "token_storage", "a text"),
    ({"client_id": 123}, "client_id", "a text"),
    ({"client_name": None}, "client_name", "a text"),
    ({"scopes": 1}, "scopes", '["read", "write"]'),
    ({"scopes": [1]}, "scopes is of the type list that holds int", '["read", "write"]'),
    ({"scopes": b"read"}, "scopes", '["read", "write"]'),
    ({"authorization_parameters": [("a", "b")]}, "authorization_parameters", "dictionary"),
    (
        {"authorization_parameters": {"a": 1}},
        "authorization_parameters is of the type dict that holds int",
        "dictionary",
    ),
    ({"strict": "yes"}, "strict", "True or False"),
    ({"dpop": 1}, "dpop", "True or False"),
    ({"login_timeout": "5"}, "login_timeout", "a number"),
    ({"login_timeout": 0}, "login_timeout is 0", "greater than 0"),
    ({"login_timeout": float("nan")}, "login_timeout", "greater than 0"),
    ({"issuer": "as.example"}, "issuer", "https"),
    ({"token_endpoint": "http://auth.example.com/token"}, "token_endpoint", "https"),
    ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint", "https"),
    ({"redirect_uri": 8080}, "redirect_uri", "a text"),
    ({"approve_scope": "yes"}, "approve_scope", "a function"),
    ({"clients": {"issuer": ISSUER, "client_id": "a", "client_secret": "canary"}}, "clients", "RegisteredClient(…)"),
    ({"clients": [{"issuer": ISSUER, "client_id": "a", "client_secret": "canary"}]}, "clients", "RegisteredClient(…)"),
    ({"clients": "canary"}, "clients", "RegisteredClient(…)"),
    ({"identity_provider": {"client_secret": "canary"}}, "identity_provider", "IdentityProvider(…)"),
]


@requirement("SEC-12")
@pytest.mark.parametrize(("given", "named", "spelling"), REFUSED, ids=lambda part: str(part)[:40])
def test_a_value_that_a_field_cannot_have_is_refused_at_once_with_its_name_and_the_spelling(given, named, spelling):
    """Row F14."""
    with pytest.raises(ConfigurationError) as raised:
        OAuthConfig(**given)
    assert f"OAuthConfig.{named}" in raised.value.message
    assert spelling in raised.value.hint
    assert isinstance(raised.value, ValueError)  # as upstream's
    assert "canary" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    "make",
    [
        lambda: RegisteredClient(ISSUER, "a", "canary"),
        lambda: RegisteredClient(ISSUER, "a", {"canary": 1}),
        lambda: RegisteredClient(ISSUER, None, SECRET),
        lambda: RegisteredClient(ISSUER, "a", SECRET, "tls"),
        lambda: RegisteredClient("as.example", "a"),
        lambda: IdentityProvider(ISSUER, "a", 7),
        lambda: IdentityProvider(ISSUER, "a", "/run/token", token_endpoint="http://idp.example/token"),
        lambda: IdentityProvider(ISSUER, "a", "/run/token", client_secret=["canary"]),
    ],
)
def test_the_parts_of_a_configuration_are_checked_as_it_is(make):
    """Row F14."""
    with pytest.raises(ConfigurationError, match=r"(RegisteredClient|IdentityProvider)\.\w+") as raised:
        make()
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ({"grant_type": "bogus"}, "OAuthConfig.grant_type"),
        ({"login": "bogus"}, "OAuthConfig.login"),
        ({"client_secret": "canary"}, "OAuthConfig.client_secret"),
        ({"clients": ["canary"]}, "OAuthConfig.clients"),
        ({"clients": [{"issuer": ISSUER, "client_id": 1}]}, "RegisteredClient.client_id"),
        ({"clients": {"canary": 1}}, "OAuthConfig.clients"),
        ({"identity_provider": "canary"}, "OAuthConfig.identity_provider"),
    ],
    ids=str,
)
def test_a_file_that_has_such_a_value_is_refused_when_it_is_read(written, named):
    """Row F14."""
    data = {"url": "https://mcp.example.com/mcp", "oauth_config": written}
    with pytest.raises(ConfigurationError, match=named) as raised:
        StreamableHttpServerInfo.from_dict(data)
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize("name", [row[0]["token_storage"] for row in REFUSED if "token_storage" in row[0]][:-1])
def test_the_names_that_are_refused_are_those_that_no_store_has(name):
    with pytest.raises(ConfigurationError, match="There is no store"):
        require_known_store(name)
    with pytest.raises(ConfigurationError, match="There is no store"):
        open_store(name or "-")


@pytest.mark.parametrize(
    "name", ["memory:", "sqlite:///~/sessions.db", "redis://h", "rediss://h", "unix:///run/redis", "postgresql://h/d"]
)
def test_the_name_of_a_store_is_accepted_without_opening_it(name):
    assert OAuthConfig(token_storage=name).token_storage == name


@pytest.mark.parametrize("text", ["read write", " read  write ", "read\twrite\n"])
def test_scopes_as_one_text_are_split_at_its_spaces(text):
    """Row F14."""
    config = OAuthConfig(scopes=text)
    assert config == OAuthConfig(scopes=["read", "write"])
    assert config.to_settings(SERVER).scope == ("read", "write")
    assert config.to_dict() == {"scopes": ["read", "write"]}
    assert OAuthConfig.from_dict({"scopes": text}) == config


@pytest.mark.parametrize("text", ["", "  "])
def test_a_text_without_scopes_means_what_the_server_wants(text):
    """Row F14."""
    assert OAuthConfig(scopes=text) == OAuthConfig()


@pytest.mark.parametrize(
    ("given", "in_yaml"),
    [
        ({"scopes": ("read", "write")}, {"scopes": ["read", "write"]}),
        ({"scopes": {"read"}}, {"scopes": ["read"]}),
        ({"clients": (RegisteredClient(ISSUER, "a"),)}, {"clients": [{"issuer": ISSUER, "client_id": "a"}]}),
        ({"authorization_parameters": MappingProxyType({"a": "b"})}, {"authorization_parameters": {"a": "b"}}),
        ({"private_key": Path("/run/key.pem")}, {"private_key": str(Path("/run/key.pem"))}),
        ({"workload_token": Path("/run/token")}, {"workload_token": str(Path("/run/token"))}),
    ],
    ids=str,
)
def test_a_value_that_yaml_writes_in_another_form_is_taken_in_its_form(given, in_yaml):
    """Row F14."""
    config = OAuthConfig(**given)
    assert config.to_dict() == in_yaml
    assert OAuthConfig.from_dict(in_yaml) == config


def test_the_path_of_an_id_token_may_be_a_path():
    """Row F14."""
    provider = IdentityProvider(ISSUER, "a", Path("/run/token"))
    assert provider.to_dict() == {"issuer": ISSUER, "client_id": "a", "id_token": str(Path("/run/token"))}


def test_a_login_and_a_key_of_ones_own_are_accepted():
    """Row F14."""
    login, key = open_login("paste"), PrivateKey(Path("/run/key.pem"), key_id="of-two")
    assert OAuthConfig(login=login).login is login
    assert OAuthConfig(client_id="a", private_key=key).to_settings(SERVER).private_key == key


def test_the_classes_that_the_engine_has_under_the_same_names_are_accepted():
    """Row F14."""
    client = settings.RegisteredClient(ISSUER, "a")
    provider = settings.IdentityProvider(ISSUER, "a", Path("/run/token"))
    given = {"issuer": ISSUER, "client_id": "a", "client_secret": Secret.from_token("s"), "identity_provider": provider}
    assert OAuthConfig(clients=[client]).to_settings(SERVER).clients == (client,)
    assert OAuthConfig(**given).to_settings(SERVER).identity_provider == provider


def test_a_store_of_ones_own_is_accepted():
    store = MemoryStore()
    assert OAuthConfig(token_storage=store).token_storage is store


def test_upstreams_configuration_is_taken_with_a_secret_that_no_file_can_hold():
    """Row J7."""
    given = upstream.OAuthConfig("a", Secret.from_token("canary"), issuer=ISSUER, scopes=["read"])
    config = StreamableHttpServerInfo(SERVER, oauth_config=given).oauth_config
    assert config.to_settings(SERVER).client_secret == values.Secret("canary")
    assert (config.client_id, config.issuer, config.scopes) == ("a", ISSUER, ["read"])
    assert (config.grant_type, config.token_storage) == ("client_credentials", "memory:")
    assert "canary" not in repr(config)


def test_a_secret_whose_variable_is_not_set_is_told_with_the_name_of_its_field():
    """Row F14."""
    config = OAuthConfig("a", Secret.from_env_var("NOT_SET"), ISSUER)
    with pytest.raises(ConfigurationError, match=r"OAuthConfig\.client_secret has no value.*NOT_SET"):
        config.to_settings(SERVER)


def test_upstreams_storage_in_memory_means_ours():
    """Row J7."""
    assert OAuthConfig(token_storage=InMemoryTokenStorage()) == OAuthConfig(token_storage="memory:")
    assert OAuthConfig(token_storage=upstream.InMemoryTokenStorage()).to_dict() == {"token_storage": "memory:"}


def test_sessions_in_memory_leave_no_file(misbehaving, open_toolset, person, store):
    """Row J7."""
    config = OAuthConfig(token_storage=InMemoryTokenStorage())
    assert call(tool_of(open_toolset(StreamableHttpServerInfo(misbehaving.mcp_url, oauth_config=config))), a=1, b=2)
    assert person.logins == 1
    assert not store.exists()


def test_a_token_storage_of_ones_own_is_refused_with_what_to_use_instead():
    """Row J7."""

    class Vault(upstream.InMemoryTokenStorage):
        pass

    with pytest.raises(ConfigurationError, match=r"token_storage.*Vault") as raised:
        OAuthConfig(token_storage=Vault())
    assert "sqlite:///" in raised.value.hint


def test_everything_that_upstream_exports_is_exported_here():
    """Row J7."""
    assert set(upstream.__all__) <= set(ours.__all__)
    assert [name for name in ours.__all__ if not hasattr(ours, name)] == []
