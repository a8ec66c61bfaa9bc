# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The toolset: what it shows to whom and when, and what it does not wait for."""

import asyncio
import copy
import json
import re
from itertools import chain

import haystack
import pytest
from haystack import Pipeline, component
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage, ToolCall
from haystack.tools import Tool, Toolset
from haystack_integrations.tools.mcp import MCPToolset as UpstreamMCPToolset

from haystack_integrations.tools.mcp_oauth import (
    AuthorizationRequired,
    MCPAuthorizationError,
    MCPTool,
    MCPToolNotFoundError,
    MCPToolset,
    OAuthConfig,
    StreamableHttpServerInfo,
    as_user,
    current_user,
)
from tests.fakes.threads import LONGEST_WAIT
from tests.haystack.calling import authorization_error_behind, call, sign_in_name, tool_of, wait_until
from tests.haystack.event_loops import HELD_UP, longest_pause, pauses_of_best
from tests.haystack.misbehaving_server import MisbehavingServer
from tests.haystack.test_closing import asked

ARGUMENTS = {"a": 1, "b": 2}
IS_HAYSTACK_3 = int(haystack.__version__.partition(".")[0]) >= 3
PLACEHOLDER = "mcp_not_connected_placeholder_"


def info_of(server, **settings):
    return StreamableHttpServerInfo(url=server.mcp_url, oauth_config=OAuthConfig(**settings))


def names_of(toolset):
    return [tool.name for tool in toolset]


@component
class Scripted:
    """A language model that makes one call after the other, and notes which tools it is given for each step."""

    def __init__(self, *calls):
        self.calls, self.given = list(calls), []
        self.before_answer = lambda step: None

    def answer(self, messages, tools):
        self.given.append([tool.name for tool in tools or []])
        self.before_answer(len(self.given))
        step = sum(1 for message in messages if message.tool_call_result)
        if step < len(self.calls):
            return {"replies": [ChatMessage.from_assistant(tool_calls=[ToolCall(*self.calls[step])])]}
        return {"replies": [ChatMessage.from_assistant(messages[-1].tool_call_result.result)]}

    @component.output_types(replies=list[ChatMessage])
    def run(self, messages: list[ChatMessage], tools=None):
        return self.answer(messages, tools)

    @component.output_types(replies=list[ChatMessage])
    async def run_async(self, messages: list[ChatMessage], tools=None):
        await asyncio.sleep(0)
        return self.answer(messages, tools)


def agent_with(tools, *calls):
    return Agent(chat_generator=Scripted(*calls), tools=tools, raise_on_tool_invocation_failure=True)


QUESTION = [ChatMessage.from_user("add 1 and 2")]


def text_in(result):
    return json.loads(result["messages"][-1].text)["content"][0]["text"]


def test_the_toolset_is_upstreams_by_name_class_and_serialised_form(misbehaving, open_toolset):
    toolset = open_toolset(info_of(misbehaving), tool_names=["add"], eager_connect=False)
    assert isinstance(toolset, UpstreamMCPToolset)
    assert isinstance(toolset, Toolset)
    written, theirs = toolset.to_dict(), UpstreamMCPToolset(info_of(misbehaving), ["add"]).to_dict()
    kinds = [each["data"].pop("server_info")["type"].rpartition(".")[2] for each in (written, copy.deepcopy(theirs))]
    assert kinds[0] == kinds[1]
    upstreams = {name: value for name, value in theirs["data"].items() if name != "server_info" and value is not None}
    assert written["data"] == upstreams
    assert type(MCPToolset.from_dict(theirs)) is MCPToolset


@pytest.mark.parametrize("eager", [True, False])
def test_a_toolset_is_written_and_read_with_all_that_was_set(misbehaving, open_toolset, eager):
    misbehaving.switches.open = True
    settings = {
        "tool_names": ["add"],
        "connection_timeout": 7.0,
        "invocation_timeout": 8.0,
        "inputs_from_state": {"add": {"first": "a"}},
        "outputs_to_state": {"add": {"sum": {"source": "x"}}},
        "outputs_to_string": {"add": {"source": "x"}},
        "on_unauthorized": "sign_in_tool",
    }
    toolset = open_toolset(info_of(misbehaving), eager_connect=eager, **settings)
    read = MCPToolset.from_dict(toolset.to_dict())
    assert {name: getattr(read, name) for name in settings} == settings
    assert read.to_dict() == toolset.to_dict()
    assert names_of(read)[0].startswith(PLACEHOLDER) is not eager
    read.close()


def test_yaml_that_names_the_toolset_of_upstream_is_read_with_our_server_info(misbehaving, open_toolset, monkeypatch):
    """Traps 13 and 14: a configuration that YAML cannot hold, and classes that Haystack 3 refuses to load."""
    monkeypatch.setenv("OPENAI_API_KEY", "never used")
    ours = open_toolset(info_of(misbehaving, login="never"))
    pipeline = Pipeline()
    pipeline.add_component("agent", Agent(chat_generator=OpenAIChatGenerator(), tools=ours))
    text = pipeline.dumps()
    old = text.replace(f"{MCPToolset.__module__}.MCPToolset", f"{UpstreamMCPToolset.__module__}.MCPToolset")
    assert old != text
    for written, expected in [(text, MCPToolset), (old, UpstreamMCPToolset)]:
        read = Pipeline.loads(written).get_component("agent").tools
        assert type(read) is expected
        assert read.server_info == ours.server_info


def test_on_unauthorized_has_two_values(misbehaving):
    with pytest.raises(ValueError, match="raise or sign_in_tool"):
        MCPToolset(info_of(misbehaving), on_unauthorized="ask")


def test_looking_at_the_tools_asks_the_server_nothing(misbehaving, open_toolset):
    """Trap 20."""
    misbehaving.switches.open, misbehaving.switches.pages = True, [["add", "two"], ["three"]]
    toolset = open_toolset(info_of(misbehaving))
    assert len(toolset) == 1
    assert misbehaving.seen == []
    toolset.warm_up()
    before = len(misbehaving.requests(message="tools/list"))
    for _ in range(100):
        toolset.warm_up()
        assert names_of(toolset) == ["add", "two", "three"]
    assert len(toolset) == 3
    assert "three" in toolset
    assert "four" not in toolset
    assert toolset[1].name == "two"
    assert toolset[0] is next(iter(toolset)) is toolset.tools[0]
    assert len(misbehaving.requests(message="tools/list")) == before


def test_tools_are_added_to_a_toolset_and_outlive_a_change_of_its_list(misbehaving, open_toolset):
    misbehaving.switches.open = misbehaving.switches.streams = True
    toolset = open_toolset(info_of(misbehaving))
    mine = Tool(name="mine", description="", parameters={"type": "object", "properties": {}}, function=lambda: "1")
    toolset.add(mine)
    toolset.warm_up()
    with pytest.raises(ValueError, match="mine"):
        toolset.add(mine)
    assert misbehaving.stream_opened.wait(LONGEST_WAIT)
    misbehaving.switches.pages = [["add", "new"]]
    misbehaving.says("notifications/tools/list_changed")
    wait_until(lambda: names_of(toolset) == ["add", "new", "mine"])


def test_a_tool_that_was_added_stays_when_the_server_lists_one_of_its_name(misbehaving, open_toolset):
    """Two tools of one name would end every run of the agent. Row J9."""
    misbehaving.switches.open = misbehaving.switches.streams = True
    toolset = open_toolset(info_of(misbehaving))
    toolset.add(Tool(name="mine", description="", parameters={"type": "object", "properties": {}}, function=len))
    toolset.warm_up()
    assert misbehaving.stream_opened.wait(LONGEST_WAIT)
    misbehaving.switches.pages = [["mine", "new"]]
    misbehaving.says("notifications/tools/list_changed")
    wait_until(lambda: names_of(toolset) == ["new", "mine"])
    assert len(toolset) == 2
    assert toolset.tools[-1].function is len


def test_a_toolset_that_a_call_has_connected_again_after_its_end_serves_the_next_user_too(misbehaving, open_toolset):
    """Row J1."""
    misbehaving.switches.open = True
    toolset = open_toolset(info_of(misbehaving))
    with as_user("alice"):
        add = tool_of(toolset)
        toolset.close()
        assert call(add, a=1, b=2) == "3"
        toolset.warm_up()
    with as_user("bob"):
        assert names_of(toolset) == ["add"]


def test_a_sum_with_a_tool_goes_on_following_the_server(misbehaving, open_toolset):
    misbehaving.switches.open = True
    toolset = open_toolset(info_of(misbehaving))
    mine = Tool(name="mine", description="", parameters={"type": "object", "properties": {}}, function=lambda: "1")
    if IS_HAYSTACK_3:
        assert not hasattr(Toolset, "__add__")
        return
    others = mine, [mine], Toolset([mine])
    sums = [toolset + other for other in others]
    toolset.warm_up()
    assert [names_of(each) for each in sums] == [["add", "mine"]] * 3


def test_only_the_named_tools_are_shown_and_a_missing_one_is_named(misbehaving, open_toolset):
    misbehaving.switches.open, misbehaving.switches.pages = True, [["add"], ["two"], ["three"]]
    toolset = open_toolset(info_of(misbehaving), tool_names=["three"])
    toolset.warm_up()
    assert names_of(toolset) == ["three"]
    with pytest.raises(MCPToolNotFoundError, match=r"not found: four.*three"):
        open_toolset(info_of(misbehaving), tool_names=["three", "four"]).warm_up()


def test_a_running_agent_gets_a_tool_that_was_added_meanwhile_in_its_next_step(misbehaving, open_toolset):
    """Row J9."""
    misbehaving.switches.open = misbehaving.switches.streams = True
    toolset = open_toolset(info_of(misbehaving))
    agent = agent_with(toolset, ("add", ARGUMENTS), ("multiply", ARGUMENTS))

    def change(step):
        if step == 1:
            assert misbehaving.stream_opened.wait(LONGEST_WAIT)
            misbehaving.switches.pages = [["add"], ["multiply"]]
            misbehaving.says("notifications/tools/list_changed")
            wait_until(lambda: len(misbehaving.requests(message="tools/list")) > 1)

    agent.chat_generator.before_answer = change
    assert text_in(agent.run(QUESTION)) == "3"
    assert agent.chat_generator.given[0] == ["add"]
    assert agent.chat_generator.given[1:] == [["add", "multiply"]] * 2


def test_after_a_reconnection_the_list_is_a_new_one(misbehaving, open_toolset):
    """Row J9. Trap 3."""
    misbehaving.switches.open = True
    toolset = open_toolset(info_of(misbehaving))
    add = tool_of(toolset)
    misbehaving.switches.pages, misbehaving.switches.sessions_to_forget = [["add", "new"]], 1
    assert call(add, **ARGUMENTS) == "3"
    assert names_of(toolset) == ["add", "new"]


def test_each_user_has_the_tools_that_the_server_lists_for_him(misbehaving, open_toolset):
    """Row J1."""
    toolset = open_toolset(info_of(misbehaving))
    for user, names in [("alice", ["add", "alices"]), ("bob", ["add", "bobs"])]:
        misbehaving.switches.pages = [names]
        with as_user(user):
            toolset.warm_up()
            assert names_of(toolset) == names
    for user, names in [("alice", ["add", "alices"]), ("bob", ["add", "bobs"])]:
        with as_user(user):
            assert names_of(toolset) == names
            assert call(toolset[0], **ARGUMENTS) == "3"


def in_a_thread(toolset):
    toolset.warm_up()


def in_a_task(toolset):
    asyncio.run(toolset.warm_up_async())


@pytest.mark.parametrize("warm_up", [in_a_thread, in_a_task])
def test_a_user_without_a_named_tool_is_told_so_each_time_and_disturbs_no_other_user(
    warm_up, misbehaving, open_toolset
):
    """Row J1."""
    toolset = open_toolset(info_of(misbehaving), tool_names=["add", "alices"])
    misbehaving.switches.pages = [["add", "alices"]]
    with as_user("alice"):
        warm_up(toolset)
    misbehaving.switches.pages = [["add"]]
    opened = messages_of(misbehaving, "initialize")
    for _ in range(2):
        with as_user("bob"), pytest.raises(MCPToolNotFoundError, match="alices"):
            warm_up(toolset)
    with as_user("alice"):
        assert names_of(toolset) == ["add", "alices"]
        assert call(toolset[0], **ARGUMENTS) == "3"
    assert messages_of(misbehaving, "initialize") == opened + 2  # bob's, before his login and after it
    misbehaving.switches.pages = [["add", "alices"]]
    toolset.close()
    with as_user("bob"):
        warm_up(toolset)
        assert names_of(toolset) == ["add", "alices"]


def messages_of(server, name):
    return sum(1 for request in server.seen if request.message == name)


def of_toolset(info, made):
    made.append(MCPToolset(info))
    return made[-1].warm_up_async()


def of_single_tool(info, made):
    made.append(MCPTool("add", info))
    return made[-1].ainvoke(**ARGUMENTS)


def of_agent(info, made):
    made.append(MCPToolset(info))
    return agent_with(made[-1], ("add", ARGUMENTS)).run_async(QUESTION)


def of_haystacks_function(info, made):
    from haystack.tools import warm_up_tools_async

    made.append(MCPToolset(info))
    return warm_up_tools_async([made[-1], MCPTool("add", info)])


def of_invoke_async(info, made):
    made.append(MCPTool("add", info))
    return made[-1].invoke_async(**ARGUMENTS)


WAITING = [of_toolset, of_single_tool, *([of_agent, of_haystacks_function, of_invoke_async] if IS_HAYSTACK_3 else [])]


def of_endpoint(info, made):
    """Call an endpoint of a web app, which runs in the event loop of the app."""
    from httpx2 import ASGITransport, AsyncClient
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def endpoint(request):
        return PlainTextResponse(await made[-1].ainvoke(**ARGUMENTS))

    async def ask():
        app = Starlette(routes=[Route("/", endpoint)])
        async with AsyncClient(transport=ASGITransport(app), base_url="http://app", timeout=LONGEST_WAIT) as client:
            assert (await client.get("/")).text

    made.append(MCPTool("add", info))
    return ask()


WAITING.append(of_endpoint)


@pytest.mark.parametrize("use", WAITING)
def test_an_event_loop_goes_on_while_its_task_waits_for_a_login(misbehaving, person, use):
    """In a process that has done the same before, which loads what the test itself needs. Row J2. Traps 10, 11."""
    person.hurries()
    made, executed = [], use not in (of_toolset, *([of_haystacks_function] if IS_HAYSTACK_3 else []))
    asyncio.run(use(info_of(misbehaving, label="before"), made))
    person.takes(3)

    def pause(attempt):
        return asyncio.run(longest_pause(use(info_of(misbehaving, label=f"measured {attempt}"), made)))

    pauses = pauses_of_best(pause)
    assert min(pauses) < HELD_UP
    assert person.logins == 1 + len(pauses)
    assert misbehaving.executed == executed * (1 + len(pauses))
    for one in made:
        one.close()


def test_an_event_loop_goes_on_beside_logins_of_eight_seconds_in_every_way(misbehaving, person):
    """Each way has a login of its own; one begins after the other, and all wait together. Row J2. Traps 10, 11."""
    made = {use: [] for use in WAITING}

    async def all_ways(when):
        waiting = []
        for use in WAITING:
            waiting.append(asyncio.ensure_future(use(info_of(misbehaving, label=f"{use.__name__} {when}"), made[use])))
            while asked() < len(waiting) and not waiting[-1].done():
                await asyncio.sleep(0.01)
        await asyncio.gather(*waiting)

    person.hurries()
    asyncio.run(all_ways("before"))
    person.takes(8)
    pauses = pauses_of_best(lambda attempt: asyncio.run(longest_pause(all_ways(f"measured {attempt}"))))
    assert min(pauses) < HELD_UP
    assert person.logins == len(WAITING) * (1 + len(pauses))
    for one in chain.from_iterable(made.values()):
        one.close()


@pytest.mark.parametrize("kind", [MCPToolset, lambda info: MCPTool("add", info)], ids=["toolset", "tool"])
def test_a_plain_warm_up_in_an_event_loop_waits_for_no_person_and_the_login_goes_on(misbehaving, person, kind):
    """Row J2. Traps 10, 11."""
    person.waits()
    one = kind(info_of(misbehaving))

    async def warm_up():
        with pytest.raises(MCPAuthorizationError) as raised:
            one.warm_up()
        assert "warm_up_async" in raised.value.hint

    asyncio.run(asyncio.wait_for(warm_up(), LONGEST_WAIT))
    person.goes_on()
    wait_until(lambda: misbehaving.scopes)
    one.warm_up()
    assert person.logins == 1
    one.close()


def test_an_agent_in_an_event_loop_that_meets_a_login_works_in_the_end(misbehaving, open_toolset, person):
    """Row J2. Below Haystack 3.4 its first run fails at once, while the browser shows the login. Traps 10, 11."""
    person.takes(1)
    agent = agent_with(open_toolset(info_of(misbehaving)), ("add", ARGUMENTS))

    async def main():
        try:
            return await agent.run_async(QUESTION)
        except Exception as error:  # noqa: BLE001 - what it is, is asked next
            assert isinstance(authorization_error_behind(error), MCPAuthorizationError)
        await asyncio.to_thread(wait_until, lambda: misbehaving.scopes)
        return await agent.run_async(QUESTION)

    assert text_in(asyncio.run(main())) == "3"
    assert person.logins == 1


def refusing(server, **settings):
    return info_of(server, login="never", **settings)


def test_a_user_without_a_session_sees_one_tool_and_after_the_login_the_real_ones(misbehaving, open_toolset, person):
    toolset = open_toolset(info_of(misbehaving, login_wait=0.1), on_unauthorized="sign_in_tool")
    person.waits()

    async def warm_up():
        toolset.warm_up()

    asyncio.run(warm_up())
    (sign_in,) = toolset
    assert sign_in.name == sign_in_name(misbehaving)
    answer = sign_in.invoke()
    assert misbehaving.mcp_url in answer
    assert "http" in answer.split(misbehaving.mcp_url, 1)[1]  # the link
    person.goes_on()
    wait_until(lambda: misbehaving.scopes)
    assert sign_in.invoke().endswith("Its tools can be used now: add.")
    assert names_of(toolset) == ["add"]
    assert person.logins == 1


SAME_HOST = {
    "ports": ["http://127.0.0.1:8001/mcp", "http://127.0.0.1:8002/mcp"],
    "paths": [f"https://gateway.example.com/{path}" for path in ("mcp", "", "sse", "linear/mcp", "linear_mcp")],
    "queries": [f"https://gateway.example.com/mcp?tenant={number}" for number in range(3)],
    "labels": [("https://mcp.example.com/mcp", {"oauth_config": OAuthConfig(label=name)}) for name in ("a", "default")],
    "tools": [("https://mcp.example.com/mcp", {"tool_names": [name]}) for name in ("add", "remove")],
    "long hosts": [f"https://{'a' * 60}.{'b' * 60}.{end}/mcp" for end in ("example", "example.com")],
    "hosts that are alike": ["https://mcp-a.example/mcp", "https://mcp-a.example:8443/mcp", "https://[::1]:8443/mcp"],
}


@pytest.mark.parametrize("servers", SAME_HOST.values(), ids=SAME_HOST.keys())
def test_the_tools_to_sign_in_of_two_toolsets_have_two_names(servers, open_toolset):
    """Haystack runs no agent two of whose tools have one name. Row J1."""
    given = [each if isinstance(each, tuple) else (each, {}) for each in servers]
    toolsets = []
    for url, options in given:
        config = options.get("oauth_config")
        names = {"tool_names": options["tool_names"]} if "tool_names" in options else {}
        info = StreamableHttpServerInfo(url=url, oauth_config=config)
        toolsets.append(open_toolset(info, on_unauthorized="sign_in_tool", **names))
    names = [toolset._sign_in.name for toolset in [*toolsets, *map(copy.deepcopy, toolsets)]]
    assert len(set(names[: len(servers)])) == len(servers)
    assert names[len(servers) :] == names[: len(servers)]
    assert all(re.fullmatch("sign_in_to_[a-z0-9_]{1,53}", name) for name in names)
    assert not any("tenant" in name for name in names)


@component
class SignsIn(Scripted):
    """A language model that signs the user in where it is given a tool for that, and adds."""

    def answer(self, messages, tools):
        self.given.append(names := [tool.name for tool in tools])
        done = {message.tool_call_result.origin.tool_name for message in messages if message.tool_call_result}
        if "add" in done:
            return {"replies": [ChatMessage.from_assistant(messages[-1].tool_call_result.result)]}
        wanted = ("add", ARGUMENTS) if "add" in names else (names[0], {})
        return {"replies": [ChatMessage.from_assistant(tool_calls=[ToolCall(*wanted)])]}

    run, run_async = Scripted.run, Scripted.run_async


def test_an_agent_with_two_servers_of_one_host_signs_in_to_both(misbehaving, open_toolset):
    """Row J1."""
    with MisbehavingServer() as other:
        toolsets = [open_toolset(refusing(server), on_unauthorized="sign_in_tool") for server in (misbehaving, other)]
        for toolset in toolsets:
            toolset.warm_up()
        agent = agent_with([tool for toolset in toolsets for tool in toolset])
        agent.run([*QUESTION, ChatMessage.from_tool("noted", ToolCall("add", {}))])
        assert agent.chat_generator.given == [[sign_in_name(misbehaving), sign_in_name(other)]]


def test_an_agent_in_an_event_loop_signs_a_user_in_and_goes_on_in_the_same_run(misbehaving, open_toolset, person):
    """Row J2. Traps 10, 11."""
    person.takes(1)
    toolset = open_toolset(info_of(misbehaving), on_unauthorized="sign_in_tool")
    agent = Agent(chat_generator=SignsIn(), tools=toolset, raise_on_tool_invocation_failure=True)
    results = []

    async def answer():
        results.append(await agent.run_async(QUESTION))

    assert asyncio.run(longest_pause(answer())) < 0.9
    assert [text_in(result) for result in results] == ["3"]
    assert agent.chat_generator.given == [[sign_in_name(misbehaving)]] * (not IS_HAYSTACK_3) + [["add"]] * 2
    assert person.logins == 1


def test_where_no_person_can_be_asked_the_sign_in_tool_says_what_would_help(misbehaving, open_toolset):
    toolset = open_toolset(refusing(misbehaving), on_unauthorized="sign_in_tool")
    toolset.warm_up()
    (sign_in,) = toolset
    with pytest.raises(MCPAuthorizationError) as raised:
        MCPToolset(refusing(misbehaving)).warm_up()
    answer = sign_in.invoke()
    assert answer.startswith("The user cannot sign in here.")
    assert raised.value.hint in answer


def test_the_sign_in_tool_speaks_to_the_user_where_the_program_itself_shows_the_link(misbehaving, open_toolset):
    """An error's own hint is for the program that catches it."""
    info = info_of(misbehaving, login="link", principal="alice")
    toolset = open_toolset(info, on_unauthorized="sign_in_tool")
    toolset.warm_up()
    (sign_in,) = toolset
    with pytest.raises(AuthorizationRequired) as raised:
        info.login()
    answer = sign_in.invoke()
    assert raised.value.authorization_url in answer
    assert misbehaving.mcp_url in answer
    assert [each for each in ("authorization_url", "complete()", "this error") if each in answer] == []


@pytest.mark.parametrize("how", ["toolset", "tool"])
def test_a_service_is_deployed_without_a_login_and_its_first_user_gets_the_tools(misbehaving, person, how):
    def user():
        return current_user() or 1 / 0

    info = info_of(misbehaving, principal=user)
    one = MCPToolset(info) if how == "toolset" else MCPTool("add", info)
    agent = agent_with(one if how == "toolset" else [one], ("add", ARGUMENTS))
    agent.warm_up()
    assert person.logins == 0
    assert misbehaving.seen == []
    with as_user("alice"):
        assert text_in(agent.run(QUESTION)) == "3"
    assert person.logins == 1
    one.close()


def test_with_never_a_warm_up_without_a_session_fails_at_once(misbehaving, open_toolset):
    """Row J6. Trap 12."""
    with pytest.raises(MCPAuthorizationError) as raised:
        open_toolset(refusing(misbehaving)).warm_up()
    assert raised.value.hint


def test_a_copy_of_a_warm_toolset_works_and_asks_no_person(misbehaving, open_toolset, person):
    """Trap 15."""
    toolset = open_toolset(info_of(misbehaving))
    tool_of(toolset)
    copied = copy.deepcopy(toolset)
    assert copied is not toolset
    assert call(copied.tools[0], **ARGUMENTS) == "3"
    copied.close()
    assert call(toolset.tools[0], **ARGUMENTS) == "3"
    single = MCPTool("add", info_of(misbehaving))
    assert call(copy.deepcopy(single), **ARGUMENTS) == "3"
    assert person.logins == 1


def test_a_toolset_can_be_closed_in_an_event_loop_and_used_again(misbehaving, open_toolset, person):
    toolset = open_toolset(info_of(misbehaving))

    async def use():
        for _ in range(2):
            await toolset.warm_up_async()
            assert names_of(toolset) == ["add"]
            await toolset.close_async()

    asyncio.run(use())
    assert person.logins == 1
    assert call(tool_of(toolset), **ARGUMENTS) == "3"


def test_after_a_denied_login_the_toolset_works_as_soon_as_the_person_allows_it(misbehaving, open_toolset):
    """Trap 2."""
    misbehaving.switches.denies = True
    toolset = open_toolset(info_of(misbehaving))
    with pytest.raises(MCPAuthorizationError):
        toolset.warm_up()
    misbehaving.switches.denies = False
    toolset.server_info.login()
    assert call(tool_of(toolset), **ARGUMENTS) == "3"
