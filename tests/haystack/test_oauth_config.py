# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What a user may set for a login, and what can be read from it afterwards."""

import asyncio
import json
from dataclasses import fields

import haystack_integrations.tools.mcp as upstream
import pytest
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import (
    IdentityProvider,
    MCPAuthorizationError,
    OAuthConfig,
    RegisteredClient,
    SSEServerInfo,
    StreamableHttpServerInfo,
)
from tests.haystack.calling import call, requests_of, token_requests, tool_of
from tests.haystack.misbehaving_server import TOKEN_PATH
from tests.haystack.shared_servers import server_info
from tests.haystack.stored import stored_session
from tests.requirements import requirement
from tests.servers import MACHINE_CLIENT
from valetkey import values
from valetkey.errors import ConfigurationError
from valetkey.settings import credentials

MACHINE_ID, MACHINE_SECRET = MACHINE_CLIENT
INFOS = [StreamableHttpServerInfo, SSEServerInfo]


@pytest.fixture
def machine(monkeypatch):
    """The settings of a machine, which oidc-provider knows."""
    monkeypatch.setenv("MACHINE_SECRET", MACHINE_SECRET)
    return {"client_id": MACHINE_ID, "client_secret": Secret.from_env_var("MACHINE_SECRET")}


def a_token_for(audience):
    """Stand for a function that a platform offers."""
    return f"a token for {audience}"


def allows_nothing(request):
    """Stand for a function that a careful user has written."""
    return False


def use(open_toolset, url, config):
    return call(tool_of(open_toolset(StreamableHttpServerInfo(url=url, oauth_config=config))), a=1, b=2)


def test_with_everything_given_nothing_is_discovered(misbehaving, open_toolset, person):
    config = OAuthConfig(
        client_id="by-hand",
        issuer=misbehaving.origin,
        authorization_endpoint=misbehaving.origin + "/authorize",
        token_endpoint=misbehaving.origin + TOKEN_PATH,
        scopes=["one", "two"],
        resource="https://canonical.example/mcp",
    )
    assert use(open_toolset, misbehaving.mcp_url, config) == "3"
    oauth = [one for one in misbehaving.seen if one.path != "/mcp"]
    assert [one.path for one in oauth] == ["/authorize", TOKEN_PATH]
    for name, value in {"client_id": "by-hand", "resource": "https://canonical.example/mcp"}.items():
        assert {one.parameters[name] for one in oauth} == {value}
    assert oauth[0].parameters["scope"] == "one two"
    assert person.logins == 1


def test_an_endpoint_that_is_given_replaces_the_published_one_and_the_rest_is_discovered(misbehaving, open_toolset):
    misbehaving.switches.names_token_endpoint = False
    config = OAuthConfig(token_endpoint=misbehaving.origin + TOKEN_PATH)
    assert use(open_toolset, misbehaving.mcp_url, config) == "3"
    assert [one.path for one in misbehaving.seen if one.path != "/mcp"] == [
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/register",
        "/authorize",
        TOKEN_PATH,
    ]


@requirement("REG-2")
def test_a_client_registered_by_hand_uses_its_fixed_redirect_address(misbehaving, open_toolset, free_redirect_uri):
    config = OAuthConfig(client_id="by-hand", redirect_uri=free_redirect_uri)
    assert use(open_toolset, misbehaving.mcp_url, config) == "3"
    assert misbehaving.requests("/register") == []
    (asked,) = misbehaving.requests("/authorize")
    assert (asked.parameters["client_id"], asked.parameters["redirect_uri"]) == ("by-hand", free_redirect_uri)


@requirement("CC-3", "CC-9")
@pytest.mark.parametrize("configuration", [OAuthConfig, upstream.OAuthConfig], ids=["ours", "upstream's"])
@pytest.mark.parametrize("kind", ["http", "sse"])
def test_a_machine_logs_in_without_a_person(servers, kind, configuration, machine, open_toolset, person):
    server, issuer = servers.remote(kind), servers.issuer()
    issuer.reset_log()
    config = configuration(**machine, issuer=issuer.url, scopes=["mcp"])
    toolset = open_toolset(server_info(server.mcp_url, kind, oauth_config=config))
    assert json.loads(call(tool_of(toolset, "whoami"))) == {"client_id": MACHINE_ID, "scopes": ["mcp"]}
    assert token_requests(issuer.log()) == ["client_credentials"]
    assert ("POST", "/reg") not in requests_of(issuer.log())
    assert person.logins == 0


def test_upstreams_token_storage_in_memory_means_ours_in_memory(servers, machine, open_toolset, store):
    server = servers.remote("json")
    config = upstream.OAuthConfig(**machine, issuer=servers.issuer().url, scopes=["mcp"])
    tool_of(open_toolset(StreamableHttpServerInfo(url=server.mcp_url, oauth_config=config)))
    assert not store.exists()


@pytest.mark.parametrize("info", INFOS)
def test_a_token_storage_of_ones_own_is_refused_with_what_to_use_instead(info, machine):
    class Vault(upstream.InMemoryTokenStorage):
        pass

    with pytest.raises(ConfigurationError, match="Vault") as raised:
        info(url="https://mcp.example.com/mcp", oauth_config=upstream.OAuthConfig(**machine, token_storage=Vault()))
    assert "sqlite:///" in raised.value.hint


@pytest.mark.parametrize("info", INFOS)
def test_what_is_no_configuration_is_refused(info):
    with pytest.raises(ConfigurationError, match="oauth_config is a dict"):
        info(url="https://mcp.example.com/mcp", oauth_config={"client_id": "job"})


@pytest.mark.parametrize("info", INFOS)
@pytest.mark.parametrize("credential", [{"token": "t"}, {"headers": {"authorization": "t"}}], ids=["token", "header"])
def test_a_login_and_a_static_credential_contradict_each_other_as_they_do_upstream(info, credential, machine):
    arguments = {"url": "https://mcp.example.com/mcp", **credential}
    with pytest.raises(ValueError, match="can't be used together") as expected:
        getattr(upstream, info.__name__)(**arguments, oauth_config=upstream.OAuthConfig(**machine))
    with pytest.raises(ValueError, match="can't be used together") as raised:
        info(**arguments, oauth_config=OAuthConfig())
    assert (raised.type, str(raised.value)) == (expected.type, str(expected.value))


def test_after_a_login_the_client_shows_what_was_found_and_no_token(servers, store):
    server = servers.own()
    info = StreamableHttpServerInfo(url=server.mcp_url)
    client = info.create_client()
    try:
        shown = client.oauth_config
    finally:
        asyncio.run(client.aclose())
    session = stored_session(store)
    assert shown == OAuthConfig(
        client_id=session.client.client_id,
        issuer=server.url + "/",
        scopes=["mcp"],
        authorization_endpoint=server.url + "/authorize",
        token_endpoint=server.url + "/token",
        registration_endpoint=server.url + "/register",
        resource=server.mcp_url,
    )
    for text in (repr(shown), str(shown.to_dict()), repr(client), repr(info), str(info.to_dict())):
        assert session.token.access_token.reveal() not in text
        assert session.token.refresh_token.reveal() not in text
    assert info.oauth_config is None


def test_before_a_login_the_client_shows_the_settings(servers):
    config = OAuthConfig(client_name="Research", scopes=["mcp"])
    client = StreamableHttpServerInfo(url=servers.open().mcp_url, oauth_config=config).create_client()
    assert client.oauth_config == config
    asyncio.run(client.aclose())


def test_what_is_shown_after_a_login_can_be_used_as_a_configuration(misbehaving, open_toolset, person):
    """Discovery and registration are then never repeated, not even with an empty store."""
    client = StreamableHttpServerInfo(url=misbehaving.mcp_url).create_client()
    found = client.oauth_config
    asyncio.run(client.aclose())
    misbehaving.seen.clear()
    assert use(open_toolset, misbehaving.mcp_url, found) == "3"
    assert [one.path for one in misbehaving.seen if one.path != "/mcp"] == ["/authorize", TOKEN_PATH]
    assert person.logins == 2


@pytest.mark.parametrize(
    "config",
    [
        OAuthConfig(),
        OAuthConfig(client_id="a", client_secret=Secret.from_env_var("S"), scopes=["b"], login="never", strict=True),
        OAuthConfig(redirect_uri="http://127.0.0.1:8080/callback", login_timeout=5.0, token_storage="memory:"),
        OAuthConfig(
            clients=[RegisteredClient("https://as.example", "a", client_secret=Secret.from_env_var("S"))],
            client_metadata_url="https://app.example.com/client.json",
            private_key=Secret.from_env_var("KEY"),
            signing_algorithm="ES256",
            offline_access=False,
            authorization_parameters={"audience": "https://api.example.com"},
            profile="none",
        ),
        OAuthConfig(client_id="a", private_key="/etc/keys/client.pem", client_assertion=None, dpop=True),
        OAuthConfig(client_id="a", client_assertion=a_token_for, approve_scope=allows_nothing),
        OAuthConfig(grant_type="workload_identity", workload_token="/var/run/token", issuer="https://as.example"),
        OAuthConfig(grant_type="workload_identity", workload_token=a_token_for, issuer="https://as.example"),
        OAuthConfig(
            client_id="a",
            identity_provider=IdentityProvider(
                "https://idp.example", "b", Secret.from_env_var("ID_TOKEN"), client_secret=Secret.from_env_var("S")
            ),
        ),
        OAuthConfig(client_id="a", identity_provider=IdentityProvider("https://idp.example", "b", a_token_for)),
        OAuthConfig(
            client_id="a",
            identity_provider=IdentityProvider(
                "https://idp.example",
                "b",
                "/var/run/id-token",
                private_key=Secret.from_env_var("KEY"),
                signing_algorithm="ES256",
            ),
        ),
    ],
)
def test_a_configuration_survives_a_dictionary(config, monkeypatch):
    # Haystack 3 reads functions of a user's module only where the user has allowed it.
    monkeypatch.setenv("HAYSTACK_DESERIALIZATION_ALLOWLIST", f"{__name__}.*")
    assert OAuthConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize("info", INFOS)
def test_a_server_info_survives_a_dictionary(info):
    written = info(url="https://mcp.example.com/mcp", oauth_config=OAuthConfig(client_id="a"), max_retries=7)
    data = json.loads(json.dumps(written.to_dict()))
    assert data["type"] == f"{info.__module__}.{info.__name__}"
    assert info.from_dict(data) == written


@requirement("TOK-7", "CC-9", "EMA-11")
def test_what_is_configured_reaches_the_engine_with_its_secrets_resolved(monkeypatch):
    for name in ("S", "KEY", "INITIAL", "ID_TOKEN"):
        monkeypatch.setenv(name, f"the {name}")
    settings = OAuthConfig(
        client_id="a",
        private_key=Secret.from_env_var("KEY"),
        signing_algorithm="ES256",
        issuer="https://as.example",
        initial_access_token=Secret.from_env_var("INITIAL"),
        identity_provider=IdentityProvider(
            "https://idp.example", "b", Secret.from_env_var("ID_TOKEN"), client_secret=Secret.from_env_var("S")
        ),
        authorization_parameters={"audience": "x"},
    ).to_settings("https://mcp.example.com/mcp")
    assert settings.private_key == credentials.PrivateKey(values.Secret("the KEY"), "ES256")
    assert settings.initial_access_token == values.Secret("the INITIAL")
    assert settings.identity_provider == credentials.IdentityProvider(
        "https://idp.example", "b", values.Secret("the ID_TOKEN"), client_secret=values.Secret("the S")
    )
    assert settings.authorization_parameters == (("audience", "x"),)


def test_clients_of_several_issuers_reach_the_engine():
    given = RegisteredClient("https://as.example", "a", Secret.from_token("s"), "client_secret_post")
    (client,) = OAuthConfig(clients=[given]).to_settings("https://mcp.example.com/mcp").clients
    method = values.ClientAuthentication.POST
    assert client == credentials.RegisteredClient("https://as.example", "a", values.Secret("s"), method)


def test_upstreams_fields_are_taken_by_position_too():
    secret = Secret.from_env_var("S")
    given = ("a", secret, "https://as.example", ["mcp"], "client_secret_post", "client_credentials")
    expected, config = upstream.OAuthConfig(*given), OAuthConfig(*given)
    for name in vars(expected).keys() - {"token_storage"}:
        assert getattr(config, name) == getattr(expected, name)


def test_a_configuration_cannot_be_changed_after_a_client_has_read_it():
    with pytest.raises(AttributeError):
        OAuthConfig().scopes = ["mcp"]


@requirement("SEC-12", "CC-9")
@pytest.mark.parametrize(
    "make",
    [
        lambda text: OAuthConfig(client_id="a", client_secret=text),
        lambda text: OAuthConfig(issuer="https://as.example", initial_access_token=text),
        lambda text: RegisteredClient("https://as.example", "a", text),
        lambda text: IdentityProvider("https://idp.example", "b", "/var/run/id-token", client_secret=text),
        lambda text: OAuthConfig(client_id="a", private_key=f"-----BEGIN PRIVATE KEY-----\n{text}"),
        lambda text: OAuthConfig(client_id="a", private_key=f"MI{text * 20}"),
        lambda text: IdentityProvider("https://idp.example", "b", "/run/token", private_key=f'{{"d": "{text}"}}'),
        lambda text: OAuthConfig(workload_token=f"eyJ.{text}.x"),
        lambda text: IdentityProvider("https://idp.example", "b", f"eyJ.{text}.x"),
        lambda text: OAuthConfig(client_id="a", client_secret=text.encode()),
    ],
    ids=[
        *("client_secret", "initial_access_token", "RegisteredClient", "IdentityProvider"),
        *("PEM", "DER", "JWK", "workload_token", "id_token", "bytes"),
    ],
)
def test_a_secret_in_plain_text_is_refused_because_it_would_stand_in_yaml(make):
    with pytest.raises(ConfigurationError, match="plain text") as caught:
        make("canary")
    assert "canary" not in str(caught.value)


def test_two_labels_are_two_sessions_of_one_person(servers, open_toolset, person):
    server = servers.own()
    for label, logins in (("work", 1), ("home", 2), ("work", 2)):
        config = OAuthConfig(label=label)
        assert use(open_toolset, server.mcp_url, config) == "3"
        assert person.logins == logins


def test_two_principals_are_two_sessions(servers, open_toolset, person):
    server = servers.own()
    for principal, logins in (("ada", 1), ("grace", 2), ("ada", 2)):
        assert use(open_toolset, server.mcp_url, OAuthConfig(principal=principal)) == "3"
        assert person.logins == logins


def test_a_dictionary_has_no_nulls_and_no_defaults():
    assert OAuthConfig().to_dict() == {}
    assert OAuthConfig(client_name="Haystack", scopes=["mcp"], strict=False).to_dict() == {"scopes": ["mcp"]}
    client = RegisteredClient("https://as.example", "a")
    assert client.to_dict() == {"issuer": "https://as.example", "client_id": "a"}
    provider = IdentityProvider("https://idp.example", "b", "/var/run/id-token")
    assert provider.to_dict() == {
        "issuer": "https://idp.example",
        "client_id": "b",
        "id_token": "/var/run/id-token",
    }


def test_a_dictionary_with_nulls_means_the_defaults():
    """Older versions wrote every field."""
    client = {"issuer": "https://as.example", "client_id": "a", "client_secret": None, "redirect_uri": None}
    written = {"client_id": None, "login_timeout": None, "clients": [client], "approve_scope": None, "label": None}
    assert OAuthConfig.from_dict(written) == OAuthConfig(clients=[RegisteredClient("https://as.example", "a")])
    assert OAuthConfig.from_dict({each.name: None for each in fields(OAuthConfig)}) == OAuthConfig()


def test_a_dictionary_of_upstream_is_read():
    config = upstream.OAuthConfig("a", Secret.from_env_var("S"))
    assert OAuthConfig.from_dict(config.to_dict()) == OAuthConfig(
        client_id="a",
        client_secret=Secret.from_env_var("S"),
        token_endpoint_auth_method="client_secret_basic",
        grant_type="client_credentials",
    )


def test_a_secret_never_shows_in_a_representation():
    secret = Secret.from_token("the-secret-itself")
    config = OAuthConfig(client_id="a", client_secret=secret)
    info = StreamableHttpServerInfo(url="https://mcp.example.com/mcp", oauth_config=config)
    client_settings = config.to_settings(info.url)
    for text in (repr(config), str(config), repr(info), repr(client_settings)):
        assert "the-secret-itself" not in text


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (OAuthConfig(client_secret=Secret.from_token("s")), "`client_secret=` needs `client_id=`"),
        (OAuthConfig(client_id="a", client_secret=Secret.from_env_var("UNSET", strict=False)), "empty value"),
        (OAuthConfig(client_metadata_url="https://app.example.com"), "has no path"),
        (OAuthConfig(client_id="a", private_key=Secret.from_env_var("UNSET", strict=False)), "empty value"),
    ],
)
def test_a_contradiction_is_told_before_anything_is_sent(misbehaving, config, words, open_toolset):
    with pytest.raises(MCPAuthorizationError, match=words) as raised:
        open_toolset(StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config)).warm_up()
    assert type(raised.value.error) is ConfigurationError
    assert misbehaving.seen == []


def test_its_repr_shows_what_was_set_and_no_secret():
    config = OAuthConfig(
        client_id="my-job", client_secret=Secret.from_token("very-secret"), issuer="https://auth.example"
    )
    assert repr(config) == "OAuthConfig(client_id='my-job', client_secret=…, issuer='https://auth.example')"
    assert repr(OAuthConfig()) == "OAuthConfig()"
