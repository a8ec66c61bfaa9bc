# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A pipeline with our server infos is written to YAML and read back, without a secret and without an allowlist."""

import pytest
import yaml
from haystack import Pipeline
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.utils import Secret

from haystack_integrations.tools.mcp_oauth import (
    IdentityProvider,
    MCPTool,
    MCPToolset,
    OAuthConfig,
    RegisteredClient,
    SSEServerInfo,
    StreamableHttpServerInfo,
)
from tests.haystack.calling import call, tool_of
from tests.haystack.stored import stored_session
from tests.requirements import requirement


@pytest.fixture(autouse=True)
def _language_model_key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "never used")


def pipeline_with(tools):
    pipeline = Pipeline()
    pipeline.add_component("agent", Agent(chat_generator=OpenAIChatGenerator(), tools=tools))
    return pipeline


@pytest.fixture
def read_back():
    """Read a pipeline and give its tools, which are closed when the test is over."""
    read = []

    def read_tools(text):
        read.append(Pipeline.loads(text).get_component("agent").tools)
        return read[-1]

    yield read_tools
    for tools in read:
        for one in tools if isinstance(tools, list) else [tools]:
            one.close()


def test_a_pipeline_that_was_read_back_calls_its_tools_without_another_login(
    servers, open_toolset, read_back, person, store
):
    """Traps 13 and 14: a configuration that YAML cannot hold, and classes that Haystack 3 refuses to load."""
    server = servers.own()
    toolset = open_toolset(StreamableHttpServerInfo(url=server.mcp_url, oauth_config=OAuthConfig(client_name="Agent")))
    tool_of(toolset)
    text = pipeline_with(toolset).dumps()
    token = stored_session(store).token
    assert token.access_token.reveal() not in text
    assert token.refresh_token.reveal() not in text
    loaded = read_back(text)
    assert type(loaded) is MCPToolset
    assert loaded.server_info == toolset.server_info
    assert call(tool_of(loaded), a=1, b=2) == "3"
    assert person.logins == 1


def test_a_server_info_with_nothing_but_a_url_is_read_back(read_back, open_toolset):
    """Traps 13 and 14: a configuration that YAML cannot hold, and classes that Haystack 3 refuses to load."""
    toolset = open_toolset("https://mcp.example.com/mcp")
    assert read_back(pipeline_with(toolset).dumps()).server_info == toolset.server_info


@requirement("CC-9")
def test_a_secret_stays_a_reference_to_the_environment(read_back, open_toolset, monkeypatch):
    """Trap 13: a configuration that YAML cannot hold."""
    monkeypatch.setenv("MCP_CLIENT_SECRET", "the-secret-itself")
    config = OAuthConfig(
        client_id="job", client_secret=Secret.from_env_var("MCP_CLIENT_SECRET"), scopes=["a", "b"], strict=True
    )
    toolset = open_toolset(StreamableHttpServerInfo(url="https://mcp.example.com/mcp", oauth_config=config))
    text = pipeline_with(toolset).dumps()
    assert "MCP_CLIENT_SECRET" in text
    assert "the-secret-itself" not in text
    loaded = read_back(text).server_info.oauth_config
    assert loaded == config
    assert loaded.client_secret.resolve_value() == "the-secret-itself"


def test_a_secret_given_as_text_is_not_written(open_toolset):
    """Trap 13: a configuration that YAML cannot hold."""
    config = OAuthConfig(client_id="job", client_secret=Secret.from_token("the-secret-itself"))
    toolset = open_toolset(StreamableHttpServerInfo(url="https://mcp.example.com/mcp", oauth_config=config))
    with pytest.raises(ValueError, match="Cannot serialize") as raised:
        pipeline_with(toolset).dumps()
    assert "the-secret-itself" not in str(raised.value)


def test_single_tools_over_sse_are_read_back(read_back, open_tool):
    """Traps 13 and 14: a configuration that YAML cannot hold, and classes that Haystack 3 refuses to load."""
    info = SSEServerInfo(url="https://mcp.example.com/sse", oauth_config=OAuthConfig(login="link"))
    (loaded,) = read_back(pipeline_with([open_tool(info)]).dumps())
    assert type(loaded) is MCPTool
    assert loaded.server_info == info


def test_yaml_written_for_upstream_works_after_its_class_name_is_changed(read_back, open_toolset):
    """An `oauth_config` of upstream has the same field names."""
    from haystack_integrations.tools.mcp import OAuthConfig as UpstreamConfig
    from haystack_integrations.tools.mcp import StreamableHttpServerInfo as UpstreamInfo

    config = UpstreamConfig(client_id="job", client_secret=Secret.from_env_var("MCP_CLIENT_SECRET"), scopes=["a"])
    upstream = open_toolset(UpstreamInfo(url="https://mcp.example.com/mcp", oauth_config=config))
    text = pipeline_with(upstream).dumps()
    name = StreamableHttpServerInfo.__name__
    ours = text.replace(f"{UpstreamInfo.__module__}.{name}", f"{StreamableHttpServerInfo.__module__}.{name}")
    loaded = read_back(ours)
    assert type(loaded.server_info) is StreamableHttpServerInfo
    assert loaded.server_info.oauth_config.client_id == "job"
    assert loaded.server_info.oauth_config.grant_type == "client_credentials"


def test_the_yaml_of_a_configuration_holds_what_was_set_and_no_nulls(read_back, open_toolset):
    config = OAuthConfig(
        label="nightly",
        principal="ada",
        clients=[RegisteredClient("https://as.example", "a")],
        private_key=Secret.from_env_var("KEY"),
        identity_provider=IdentityProvider("https://idp.example", "b", Secret.from_env_var("ID_TOKEN")),
        authorization_parameters={"audience": "x"},
    )
    info = StreamableHttpServerInfo(url="https://mcp.example.com/mcp", oauth_config=config)
    text = pipeline_with(open_toolset(info)).dumps()
    assert "\n".join(nulls_below("oauth_config", yaml.safe_load(text))) == ""
    assert read_back(text).server_info.oauth_config == config


def nulls_below(name, node, path=""):
    """Give the paths of what is null somewhere below a key."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        here = f"{path}.{key}"
        if child is None and f".{name}." in here:
            yield here
        yield from nulls_below(name, child, here)
