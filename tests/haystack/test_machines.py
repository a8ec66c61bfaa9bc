# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Machines: a secret, a key, the platform's token. All of it stands in YAML as references, which are resolved late."""

import time

import pytest
import yaml
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import (
    MCPAuthorizationError,
    MCPTool,
    MCPToolset,
    OAuthConfig,
    SSEServerInfo,
    StreamableHttpServerInfo,
)
from tests.adapters.tool_server import ToolServer
from tests.fakes.assertions import Voucher
from tests.fakes.authorization_server import JWT_BEARER
from tests.fakes.keys import pem_of, private_key
from tests.haystack.calling import call, tool_of
from valetkey.errors import ConfigurationError

PLATFORM = "https://platform.example.net"
INFOS = {"http": StreamableHttpServerInfo, "sse": SSEServerInfo}
URL = "https://mcp.example.com/mcp"


@pytest.fixture
def server():
    methods = ["client_secret_basic", "private_key_jwt"]
    says = {
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "grant_types_supported": ["client_credentials", JWT_BEARER],
    }
    platform = Voucher(PLATFORM)
    with ToolServer(now=time.time, says_further=says, believes=(platform,)) as server:
        server.platform = platform
        server.authorization.knows("job", secret="s3cret")
        server.authorization.knows("signing-job", key=private_key("P-256").public_key())
        yield server


@pytest.fixture
def platform_says(server):
    def says(audience):
        now = int(time.time())
        return server.platform.says(aud=audience, iat=now, exp=now + 600)

    return says


@pytest.fixture
def options(server, platform_says, tmp_path, monkeypatch):
    """The options of each kind of machine."""
    monkeypatch.setenv("MCP_CLIENT_SECRET", "s3cret")
    monkeypatch.setenv("MCP_PRIVATE_KEY", pem_of(private_key("P-256")))
    (tmp_path / "key.pem").write_text(pem_of(private_key("P-256")))
    (tmp_path / "token").write_text(platform_says(server.authorization.issuer) + "\n")
    issuer = {"issuer": server.authorization.issuer}
    return {
        "secret": {"client_id": "job", "client_secret": Secret.from_env_var("MCP_CLIENT_SECRET"), **issuer},
        "key": {"client_id": "signing-job", "private_key": Secret.from_env_var("MCP_PRIVATE_KEY"), **issuer},
        "path of a key": {"client_id": "signing-job", "private_key": str(tmp_path / "key.pem")},
        "workload": {"workload_token": str(tmp_path / "token"), **issuer},
    }


GRANTS = {"secret": "client_credentials", "key": "client_credentials", "workload": JWT_BEARER}
KINDS = ["secret", "key", "path of a key", "workload"]


@pytest.mark.parametrize("transport", ["http", "sse"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_machine_that_yaml_describes_calls_a_tool_without_a_person(
    server, options, open_toolset, person, kind, transport
):
    info = INFOS[transport](url=server.url_of(transport), oauth_config=OAuthConfig(**options[kind]))
    text = yaml.safe_dump(MCPToolset(info).to_dict())
    assert "null" not in text
    for secret in ("s3cret", "BEGIN"):
        assert secret not in text
    read = MCPToolset.from_dict(yaml.safe_load(text)).server_info
    assert read == info
    add = tool_of(open_toolset(read))
    assert call(add, a=1, b=2) == "3"
    server.authorization.forget_access_tokens()
    assert call(add, a=2, b=2) == "4"
    assert server.authorization.grant_types() == [GRANTS.get(kind, "client_credentials")] * 2
    assert person.logins == 0


def test_a_function_of_the_platform_gives_the_token_too(server, platform_says, open_toolset):
    config = OAuthConfig(workload_token=platform_says, issuer=server.authorization.issuer)
    add = tool_of(open_toolset(StreamableHttpServerInfo(url=server.url, oauth_config=config)))
    assert call(add, a=1, b=2) == "3"


@pytest.mark.parametrize("kind", ["secret", "key"])
def test_a_secret_may_be_set_after_the_pipeline_was_loaded(server, options, open_toolset, monkeypatch, kind):
    config = OAuthConfig(**options[kind])
    written = MCPToolset(StreamableHttpServerInfo(url=server.url, oauth_config=config)).to_dict()
    values = {name: variable(name) for name in ("MCP_CLIENT_SECRET", "MCP_PRIVATE_KEY")}
    for name in values:
        monkeypatch.delenv(name)
    toolset = open_toolset(MCPToolset.from_dict(written).server_info)
    with pytest.raises(MCPAuthorizationError):
        toolset.warm_up()
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    assert call(tool_of(toolset), a=1, b=2) == "3"


def variable(name):
    return Secret.from_env_var(name).resolve_value()


UNSET = Secret.from_env_var("NOT_SET_HERE")
EMPTY = Secret.from_env_var("EMPTY_HERE", strict=False)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"oauth_config": {"client_id": "a", "client_secret": UNSET, "issuer": PLATFORM}}, "OAuthConfig.client_secret"),
        ({"oauth_config": {"client_id": "a", "private_key": UNSET}}, "OAuthConfig.private_key"),
        ({"oauth_config": {"initial_access_token": UNSET}}, "OAuthConfig.initial_access_token"),
        ({"oauth_config": {"token_storage": UNSET}}, "OAuthConfig.token_storage"),
        ({"token": UNSET}, "StreamableHttpServerInfo.token"),
        ({"headers": {"X-Key": UNSET}}, "X-Key"),
        ({"oauth_config": {"client_id": "a", "client_secret": EMPTY, "issuer": PLATFORM}}, "OAuthConfig.client_secret"),
    ],
)
@pytest.mark.parametrize("make", [MCPToolset, lambda info: MCPTool("add", info)], ids=["toolset", "tool"])
def test_a_variable_that_is_not_set_is_named_with_its_field(arguments, field, make, monkeypatch):
    monkeypatch.delenv("NOT_SET_HERE", raising=False)
    monkeypatch.setenv("EMPTY_HERE", "")
    given = {name: OAuthConfig(**value) if name == "oauth_config" else value for name, value in arguments.items()}
    tools = make(StreamableHttpServerInfo(url=URL, **given))
    with pytest.raises(MCPAuthorizationError) as raised:
        tools.warm_up()
    assert isinstance(raised.value.error, ConfigurationError)
    assert field in str(raised.value)
    assert any(name in str(raised.value) for name in ("NOT_SET_HERE", "EMPTY_HERE"))
    assert "environment variable" in raised.value.hint


@pytest.mark.parametrize("grant_type", ["bogus", "implicit", "password", 7])
def test_a_grant_that_there_is_not_is_refused_when_the_settings_are_made(grant_type):
    with pytest.raises(ConfigurationError, match="grant_type"):
        OAuthConfig(grant_type=grant_type)
    with pytest.raises(ConfigurationError, match="grant_type"):
        OAuthConfig.from_dict({"grant_type": grant_type})


@pytest.mark.parametrize("info", INFOS.values(), ids=INFOS.keys())
@pytest.mark.parametrize("make", [MCPToolset, lambda info: MCPTool("add", info)], ids=["toolset", "tool"])
def test_a_dump_shows_what_was_set_and_no_default_of_the_server(info, make):
    written = make(info(url=URL)).to_dict()
    assert None not in written["data"].values()
    assert written["data"]["server_info"] == {"type": f"{info.__module__}.{info.__name__}", "url": URL}


@pytest.mark.parametrize("info", INFOS.values(), ids=INFOS.keys())
def test_a_dump_with_the_nulls_of_upstream_is_read_too(info):
    """As mcp-haystack and older versions of this package have written it."""
    server_info = info(url=URL, headers={"X-Key": Secret.from_env_var("X_KEY")}, timeout=7)
    written = MCPToolset(server_info, ["add"]).to_dict()
    nulls = dict.fromkeys(["token", "oauth_config", *(["base_url"] if info is SSEServerInfo else [])])
    more = dict.fromkeys(["inputs_from_state", "outputs_to_state", "outputs_to_string"])
    older = {**written["data"], **more, "server_info": {**written["data"]["server_info"], **nulls, "max_retries": 3}}
    read = MCPToolset.from_dict({**written, "data": older})
    assert read.server_info == server_info
    assert read.to_dict() == written
