# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
One toolset, many users: each call uses the session of the user who makes it, whichever way it comes.

The MCP server is a real one. It knows each user by his token, binds an MCP session to the user who has opened it, and
tells who calls.
"""

import asyncio
import copy
import json
import random
from concurrent.futures import ThreadPoolExecutor

import haystack
import pytest
from haystack import Pipeline, component
from haystack.components.agents import Agent
from haystack.dataclasses import ChatMessage, ToolCall

from haystack_integrations.tools.mcp_oauth import OAuthConfig, as_user, current_user
from tests.haystack.calling import call, tool_of
from tests.haystack.shared_servers import server_info
from tests.haystack.users import logged_in
from tests.servers import fastmcp

USERS = ["alice", "bob", "carol", "dave"]
CALLS = [user for _ in range(10) for user in USERS]


@pytest.fixture(scope="module", params=["http", "sse"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def server(kind):
    with fastmcp("users", transport=kind) as running:
        yield running


@pytest.fixture
def toolset(server, kind, open_toolset):
    """A toolset that the program itself, which has a session too, has warmed up at deploy time."""
    logged_in(server.mcp_url, [*USERS, "local"])
    toolset = open_toolset(server_info(server.mcp_url, kind))
    toolset.warm_up()
    return toolset


def name_in(answer):
    return json.loads(json.loads(answer)["content"][0]["text"])["client_id"]


def ask(tool):
    return json.loads(call(tool))["client_id"]


@component
class Asker:
    """A language model that asks the tool who the user is, and repeats the answer."""

    def answer(self, messages):
        result = messages[-1].tool_call_result
        if result is None:
            return {"replies": [ChatMessage.from_assistant(tool_calls=[ToolCall("whoami", {})])]}
        return {"replies": [ChatMessage.from_assistant(name_in(result.result))]}

    @component.output_types(replies=list[ChatMessage])
    def run(self, messages: list[ChatMessage], tools=None):
        return self.answer(messages)

    @component.output_types(replies=list[ChatMessage])
    async def run_async(self, messages: list[ChatMessage], tools=None):
        await asyncio.sleep(0)
        return self.answer(messages)


def of_user(user, function, *arguments):
    with as_user(user):
        return function(*arguments)


async def of_user_async(user, function, *arguments):
    with as_user(user):
        return await function(*arguments)


def in_pool(function):
    with ThreadPoolExecutor(10) as pool:
        return list(pool.map(lambda user: of_user(user, function), CALLS))


def in_tasks(function):
    async def all_of_them():
        return await asyncio.gather(*(of_user_async(user, function) for user in CALLS))

    return asyncio.run(all_of_them())


def whoami_of(toolset):
    return next(tool for tool in toolset.tools if tool.name == "whoami")


def threads(toolset):
    tool = whoami_of(toolset)
    return in_pool(lambda: ask(tool))


def threads_of_tasks(toolset):
    tool = whoami_of(toolset)
    return in_tasks(lambda: asyncio.to_thread(ask, tool))


def deepcopies(toolset):
    copied = copy.deepcopy(whoami_of(toolset))
    return in_pool(lambda: ask(copy.deepcopy(copied)))


def streams(toolset):
    """Users whose answers come piece by piece, in turn, each read in a thread of its own."""
    tool = whoami_of(toolset)

    def stream():
        for _ in range(10):
            yield ask(tool)

    with ThreadPoolExecutor(len(USERS)) as pool:
        read = list(pool.map(lambda user: of_user(user, list, stream()), USERS))
    return [name for names in zip(*read, strict=True) for name in names]


def interleaved_streams(toolset):
    """Users whose generators are resumed by turns in one thread, with a block around each step."""
    tool = whoami_of(toolset)
    running = {user: iter(lambda: ask(tool), None) for user in USERS}
    return [of_user(user, next, running[user]) for user in CALLS]


def last_text(result):
    return result["messages"][-1].text


def agents(toolset):
    agent = Agent(chat_generator=Asker(), tools=toolset)
    agent.warm_up()
    return in_pool(lambda: last_text(agent.run([ChatMessage.from_user("Who am I?")])))


def agents_async(toolset):
    agent = Agent(chat_generator=Asker(), tools=toolset)
    agent.warm_up()

    async def run():
        return last_text(await agent.run_async([ChatMessage.from_user("Who am I?")]))

    return in_tasks(run)


def pipeline_of(toolset, kind):
    pipeline = kind()
    pipeline.add_component("agent", Agent(chat_generator=Asker(), tools=toolset))
    pipeline.warm_up() if hasattr(pipeline, "warm_up") else None
    return pipeline


INPUT = {"agent": {"messages": [ChatMessage.from_user("Who am I?")]}}


def pipelines(toolset):
    pipeline = pipeline_of(toolset, Pipeline)
    return in_pool(lambda: last_text(pipeline.run(INPUT)["agent"]))


def pipelines_async(toolset):
    pipeline = pipeline_of(toolset, getattr(haystack, "AsyncPipeline", Pipeline))

    async def run():
        return last_text((await pipeline.run_async(INPUT))["agent"])

    return in_tasks(run)


WAYS = [
    threads,
    threads_of_tasks,
    deepcopies,
    streams,
    interleaved_streams,
    agents,
    agents_async,
    pipelines,
    pipelines_async,
]


@pytest.mark.parametrize("use", WAYS, ids=lambda use: use.__name__)
def test_forty_calls_of_four_users_are_each_made_as_the_user_who_makes_them(toolset, use):
    """Row J1. Traps 7, 8 and 9."""
    assert use(toolset) == CALLS
    assert ask(whoami_of(toolset)) == "local"


def test_a_single_tool_is_used_by_four_users_in_one_event_loop(server, kind, open_tool):
    """Row J1. Trap 11."""
    logged_in(server.mcp_url, USERS)
    tool = open_tool(server_info(server.mcp_url, kind), "whoami")
    with as_user("alice"):
        tool.warm_up()

    async def whoami():
        return name_in(await tool.ainvoke())

    assert in_tasks(whoami) == CALLS


@pytest.mark.parametrize("copied", [False, True], ids=["the same", "a copy"])
def test_a_client_is_used_by_four_users_from_any_loop(server, kind, copied):
    """Row J1. Traps 8 and 15."""
    logged_in(server.mcp_url, USERS)
    client = of_user("alice", server_info(server.mcp_url, kind).create_client)
    client = copy.deepcopy(client) if copied else client

    async def whoami():
        await client.connect()
        return name_in(await client.call_tool("whoami", {}))

    assert in_tasks(whoami) == CALLS
    asyncio.run(client.aclose())


def test_a_cold_copy_of_a_toolset_uses_the_same_sessions(server, kind, open_toolset):
    """Trap 15: a copy that copies the sessions too would renew each of them twice."""
    logged_in(server.mcp_url, USERS)
    original = open_toolset(server_info(server.mcp_url, kind), eager_connect=False)
    copied = copy.deepcopy(original)
    for toolset in (original, copied):
        assert of_user("bob", lambda toolset=toolset: ask(tool_of(toolset, "whoami"))) == "bob"
    copied.close()


@pytest.mark.parametrize("source", ["text", "function", "label"])
def test_the_settings_name_the_user_too(server, kind, open_toolset, source):
    """Rows J1 and J10."""
    config = {
        "text": OAuthConfig(principal="alice"),
        "function": OAuthConfig(principal=current_user),
        "label": OAuthConfig(label="work"),
    }[source]
    logged_in(server.mcp_url, USERS, config)
    with as_user("bob"):
        tool = tool_of(open_toolset(server_info(server.mcp_url, kind, oauth_config=config)), "whoami")
        assert ask(tool) == ("alice" if source == "text" else "bob")
    with as_user("carol"):
        assert ask(tool) == ("alice" if source == "text" else "carol")


def test_a_function_that_names_nobody_stops_the_call_and_no_other(toolset, server, kind, open_toolset):
    """Row J1."""
    config = OAuthConfig(principal=current_user)
    with as_user("alice"):
        tool = tool_of(open_toolset(server_info(server.mcp_url, kind, oauth_config=config)), "whoami")
        assert ask(tool) == "alice"
    with pytest.raises(Exception, match="principal is of the type NoneType"):
        ask(tool)
    assert of_user("bob", ask, tool) == "bob"


def test_a_thousand_calls_of_fifty_users_mix_nobody_up(server, kind):
    """Row J1."""
    users = [f"user-{number}" for number in range(50)]
    logged_in(server.mcp_url, users)
    client = of_user(users[0], server_info(server.mcp_url, kind).create_client)
    calls = users * 20
    random.Random(11).shuffle(calls)

    async def use():
        limit = asyncio.Semaphore(50)

        async def whoami(user):
            async with limit:
                with as_user(user):
                    return name_in(await client.call_tool("whoami", {}))

        answers = await asyncio.gather(*map(whoami, calls))
        await client.aclose()
        return answers

    assert asyncio.run(use()) == calls
