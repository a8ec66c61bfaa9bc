# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A pipeline in YAML of a service whose users log in by links: deployed by nobody, used by each after a login elsewhere.

The language model is another program, and so is the worker that completes the login.
"""

import asyncio

import pytest
from haystack import Pipeline
from haystack.dataclasses import ChatMessage

from haystack_integrations.tools.mcp_oauth import AuthorizationRequired, as_user
from haystack_integrations.tools.mcp_oauth._accounts.access import Access
from haystack_integrations.tools.mcp_oauth.principals import LOCAL
from tests.examples.running import a_model
from tests.haystack.calling import authorization_error_behind
from tests.haystack.processes import run_program

WEB_APP = "https://bot.example.com"
PIPELINE = """
components:
  agent:
    type: haystack.components.agents.agent.Agent
    init_parameters:
      chat_generator:
        type: haystack.components.generators.chat.openai.OpenAIChatGenerator
        init_parameters: {api_key: {type: env_var, env_vars: [OPENAI_API_KEY], strict: true}}
      tools:
        type: haystack_integrations.tools.mcp_oauth.toolset.MCPToolset
        data:
          server_info:
            type: haystack_integrations.tools.mcp_oauth.server_info.StreamableHttpServerInfo
            url: MCP_URL
            oauth_config: {login: link, public_url: "https://bot.example.com"}
connections: []
"""
QUESTION = {"agent": {"messages": [ChatMessage.from_user("What is 20 + 22?")]}}


def run(pipeline):
    return pipeline.run(QUESTION)


def run_where_an_event_loop_runs(pipeline):
    async def work():
        return pipeline.run(QUESTION)

    return asyncio.run(work())


WAYS = {"in a thread": run, "on the thread of an event loop": run_where_an_event_loop_runs}


@pytest.fixture
def deployed(misbehaving, monkeypatch):
    """Load the pipeline, and warm it up as a server does where no request and no user is."""
    with a_model() as model:
        for name, value in model.items():
            monkeypatch.setenv(name, value)
        pipeline = Pipeline.loads(PIPELINE.replace("MCP_URL", misbehaving.mcp_url))
        pipeline.warm_up()
        yield pipeline
        tools_of(pipeline).close()


def tools_of(pipeline):
    return pipeline.get_component("agent").tools


def refusal(way, pipeline, user):
    """Run it for a user who has no session, and give the error that comes out."""
    with as_user(user), pytest.raises(Exception) as raised:  # noqa: PT011 - a pipeline wraps it
        way(pipeline)
    error = authorization_error_behind(raised.value)
    assert isinstance(error, AuthorizationRequired)
    assert error.principal == user
    return error


def test_a_deployment_begins_no_login(deployed, misbehaving):
    """Row J2. Trap 10."""
    assert not {"/register", "/authorize", "/token"} & {one.path for one in misbehaving.seen}
    assert not Access(tools_of(deployed).server_info, LOCAL).engine.is_asking()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_user_logs_in_at_another_worker_and_then_has_the_tools(way, deployed, misbehaving):
    """Rows J1, J2. Trap 25."""
    link = refusal(way, deployed, "alice").authorization_url
    assert link.startswith(f"{WEB_APP}/mcp-oauth/start/")
    assert refusal(way, deployed, "alice").authorization_url == link
    run_program("complete", link)
    with as_user("alice"):
        assert way(deployed)["agent"]["messages"][-1].text == "42"
    assert misbehaving.executed == 1
    assert refusal(way, deployed, "bob").authorization_url != link
