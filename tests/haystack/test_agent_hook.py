# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
An agent whose tool needs a login in the middle of a run, with `AuthorizationHook`.

The agents are Haystack's own. Below Haystack 3.2 no hook can stop a run, so this file is not collected there.
"""

import asyncio
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from haystack import Pipeline, component
from haystack.components.agents import Agent
from haystack.components.agents.state import State
from haystack.components.agents.tool_calling import _finalize_tool_result
from haystack.dataclasses import ChatMessage, ToolCall
from haystack.tools import Tool

from haystack_integrations.tools.mcp_oauth import (
    AuthorizationHook,
    AuthorizationRequired,
    OAuthConfig,
    StreamableHttpServerInfo,
    as_user,
)
from haystack_integrations.tools.mcp_oauth._tools import durable_runs
from haystack_integrations.tools.mcp_oauth._tools.tool_results import take_result
from tests.haystack.calling import sign_in_name
from tests.haystack.misbehaving_server import MisbehavingServer
from tests.haystack.test_authorization_required import WEB_APP, visit
from valetkey._adapters.framework import complete_login
from valetkey.errors import LoginFailed

QUESTION = [ChatMessage.from_user("Add them.")]
ADD = ToolCall("add", {"a": 1, "b": 2})
NOTE = ToolCall("note", {})
SUM = ToolCall("sum", {"a": 20, "b": 1})
EXAMPLE = Path(__file__).parents[2] / "examples" / "agents" / "login_in_mid_run.py"
SECRETS = ("state=", "code_challenge", "client_id", "/authorize?", "secret")


@component
class Caller:
    """A language model that makes its calls, those that have failed once more, and then repeats the results."""

    def __init__(self, *calls):
        self.calls = list(calls) or [ADD]

    def to_dict(self):
        return {"type": f"{__name__}.Caller", "init_parameters": {}}

    @classmethod
    def from_dict(cls, _):
        return cls()

    def answer(self, messages):
        results = [message.tool_call_result for message in messages if message.tool_call_results]
        latest = {(each.origin.tool_name, str(each.origin.arguments)): each for each in results}.values()
        failed = [each.origin for each in latest if each.error]
        if latest and not failed:
            return {"replies": [ChatMessage.from_assistant("; ".join(map(text_of, latest)))]}
        return {"replies": [ChatMessage.from_assistant(tool_calls=failed or self.calls)]}

    @component.output_types(replies=list[ChatMessage])
    def run(self, messages: list[ChatMessage], tools=None):
        return self.answer(messages)

    @component.output_types(replies=list[ChatMessage])
    async def run_async(self, messages: list[ChatMessage], tools=None):
        return self.answer(messages)


def text_of(result):
    return json.loads(result.result)["content"][0]["text"] if result.result.startswith("{") else result.result


def info_of(server):
    return StreamableHttpServerInfo(url=server.mcp_url, oauth_config=OAuthConfig(login="link", public_url=WEB_APP))


def log_in(link, user="alice"):
    return complete_login(None, visit(link), principal=user)


def ready(toolset, server, *users):
    """Give a toolset whose users have logged in, and whose sessions the server has just ended."""
    for user in users:
        with as_user(user):
            with pytest.raises(AuthorizationRequired) as asked:
                toolset.warm_up()
            log_in(asked.value.authorization_url, user)
            toolset.warm_up()
    server.revoke_everything()
    return toolset


@pytest.fixture
def toolset(misbehaving, open_toolset):
    return ready(open_toolset(info_of(misbehaving)), misbehaving, "alice")


@pytest.fixture
def other_server():
    with MisbehavingServer() as server:
        server.switches.pages = [["sum"]]
        yield server


@pytest.fixture
def other_toolset(other_server, open_toolset):
    return ready(open_toolset(info_of(other_server)), other_server, "alice")


def a_note(notes):
    """A tool that needs no login, and counts its calls."""
    return Tool("note", "Takes a note.", {"type": "object", "properties": {}}, lambda: notes.append(1) or "noted")


def agent_of(tools, *calls, hook=None, **options):
    hook = hook or AuthorizationHook()
    return Agent(chat_generator=Caller(*calls), tools=tools, hooks={"after_tool": [hook]}, **options)


def run(agent, messages=QUESTION, user="alice", **options):
    with as_user(user):
        return agent.run(messages, **options)


def run_in_loop(agent, messages=QUESTION, user="alice", **options):
    async def work():
        with as_user(user):
            return await agent.run_async(messages, **options)

    return asyncio.run(work())


WAYS = {"run": run, "run_async": run_in_loop}
both_ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def link_of(result, server, user="alice"):
    """Check what a run that has stopped says, and give the link."""
    assert result["exit_reason"] == "authorization_required"
    (login,) = result["authorization"]
    assert (login["server_url"], login["principal"], login["tools"]) == (server.mcp_url, user, ["add"])
    assert login["reason"].startswith("the session has ended: ")
    assert login["link"].startswith(f"{WEB_APP}/mcp-oauth/start/")
    assert time.time() < login["deadline"] <= time.time() + 300
    written = json.dumps(result["authorization"])
    assert [part for part in SECRETS if part in written] == []
    assert {type(each.result) for message in result["messages"] for each in message.tool_call_results} == {str}
    return login["link"]


@both_ways
def test_a_run_stops_and_the_same_messages_go_on_after_the_login(way, toolset, misbehaving):
    agent = agent_of(toolset)
    link = link_of(way(agent), misbehaving)
    assert link_of(way(agent), misbehaving) == link
    assert misbehaving.executed == 0
    log_in(link)
    result = way(agent)
    assert (result["last_message"].text, result["exit_reason"]) == ("3", "text")
    assert "authorization" not in result
    assert misbehaving.executed == 1


@both_ways
def test_the_messages_of_the_stopped_run_go_on_too(way, toolset, misbehaving):
    agent = agent_of(toolset)
    stopped = way(agent)
    log_in(link_of(stopped, misbehaving))
    assert way(agent, stopped["messages"])["last_message"].text == "3"
    assert misbehaving.executed == 1


def test_a_single_tool_stops_a_run_too(misbehaving, open_tool):
    agent = agent_of([ready(open_tool(info_of(misbehaving)), misbehaving, "alice")])
    log_in(link_of(run(agent), misbehaving))
    assert run(agent)["last_message"].text == "3"
    assert misbehaving.executed == 1


def test_a_run_that_cannot_begin_raises_as_without_a_hook(misbehaving, open_toolset):
    with pytest.raises(AuthorizationRequired):
        run(agent_of(open_toolset(info_of(misbehaving))))


@both_ways
def test_the_sign_in_tool_stops_a_run_and_the_tools_are_there_after_the_login(way, misbehaving, open_toolset):
    toolset = open_toolset(info_of(misbehaving), on_unauthorized="sign_in_tool")
    sign_in = agent_of(toolset, ToolCall(sign_in_name(misbehaving), {}))
    result = way(sign_in)
    assert result["exit_reason"] == "authorization_required"
    log_in(result["authorization"][0]["link"])
    assert way(agent_of(toolset))["last_message"].text == "3"


def test_a_pipeline_gives_what_the_agent_gives(toolset, misbehaving):
    pipeline = Pipeline()
    pipeline.add_component("agent", agent_of(toolset))
    with as_user("alice"):
        result = pipeline.run({"agent": {"messages": QUESTION}})["agent"]
    log_in(link_of(result, misbehaving))
    with as_user("alice"):
        assert pipeline.run({"agent": {"messages": QUESTION}})["agent"]["last_message"].text == "3"


def test_a_program_may_declare_the_key_as_state_of_its_own(toolset, misbehaving):
    agent = agent_of(toolset, state_schema={"authorization": {"type": list}})
    link_of(run(agent), misbehaving)
    assert link_of(run(agent, authorization=["old"]), misbehaving)


def test_an_agent_with_a_hook_is_written_and_read_back(toolset, misbehaving, monkeypatch):
    monkeypatch.setenv("HAYSTACK_DESERIALIZATION_ALLOWLIST", f"{__name__}.*")
    written = agent_of(toolset, hook=AuthorizationHook("wait", seconds=0.0)).to_dict()
    log_in(link_of(run(agent_of(toolset)), misbehaving))
    agent = Agent.from_dict(written)
    (hook,) = agent.hooks["after_tool"]
    assert (type(hook), hook.mode, hook.seconds) == (AuthorizationHook, "wait", 0.0)
    assert run(agent)["last_message"].text == "3"
    misbehaving.revoke_everything()
    link_of(run(agent), misbehaving)
    agent.close()


def test_what_a_stopped_run_says_to_a_user_has_nothing_that_is_for_the_program(misbehaving, open_toolset):
    info = StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=OAuthConfig(login="link"))
    result = run(agent_of(open_toolset(info, on_unauthorized="sign_in_tool"), ToolCall(sign_in_name(misbehaving), {})))
    (login,) = result["authorization"]
    assert login["link"].startswith(f"{misbehaving.origin}/authorize?")
    assert login["message"] == f"{misbehaving.mcp_url} waits for a person to log in at {misbehaving.origin}."


@both_ways
def test_several_refused_calls_in_one_step_are_told_once_for_each_login(
    way, toolset, other_toolset, misbehaving, other_server
):
    again = ToolCall("add", {"a": 5, "b": 5})
    result = way(agent_of([toolset, other_toolset], ADD, SUM, again))
    told = [(each["server_url"], each["tools"]) for each in result["authorization"]]
    assert told == [(misbehaving.mcp_url, ["add"]), (other_server.mcp_url, ["sum"])]
    for each in result["authorization"]:
        log_in(each["link"])
    assert way(agent_of([toolset, other_toolset], ADD, SUM, again))["last_message"].text == "3; 21; 10"
    assert (misbehaving.executed, other_server.executed) == (2, 1)


@both_ways
def test_a_call_that_fails_otherwise_is_left_to_the_model(way, toolset, other_toolset, misbehaving, other_server):
    with as_user("alice"), pytest.raises(Exception, match="start/") as asked:
        toolset.tools[0].invoke(a=0, b=0)
    log_in(asked.value.__cause__.authorization_url)
    misbehaving.switches.fails_calls = True
    result = way(agent_of([toolset], max_agent_steps=2))
    assert result["exit_reason"] == "max_agent_steps"
    assert "authorization" not in result
    (login,) = way(agent_of([toolset, other_toolset], ADD, SUM))["authorization"]
    assert (login["server_url"], login["tools"]) == (other_server.mcp_url, ["sum"])


@both_ways
def test_users_whose_runs_stop_at_the_same_time_get_each_the_own_link(way, misbehaving, open_toolset):
    """Rows J1, J2."""
    users = ["alice", "bob", "carol", "dave"]
    agent = agent_of(ready(open_toolset(info_of(misbehaving)), misbehaving, *users))
    runs = users * 3
    with ThreadPoolExecutor(len(runs)) as pool:
        results = list(pool.map(lambda user: way(agent, user=user), runs))
    links = {}
    for user, result in zip(runs, results, strict=True):
        assert links.setdefault(user, link_of(result, misbehaving, user)) == link_of(result, misbehaving, user)
    assert len(set(links.values())) == len(users)
    log_in(links["bob"], "bob")
    assert way(agent, user="bob")["last_message"].text == "3"
    assert link_of(way(agent), misbehaving) == links["alice"]


@both_ways
def test_a_denial_stops_a_run_with_its_reason_and_no_link(way, toolset, misbehaving):
    link = link_of(way(agent_of(toolset)), misbehaving)
    misbehaving.switches.denies = True
    with pytest.raises(LoginFailed):
        log_in(link)
    hook = AuthorizationHook("wait", seconds=300.0)
    result = way(agent_of(toolset, hook=hook))
    (login,) = result["authorization"]
    assert (result["exit_reason"], login["link"]) == ("authorization_required", None)
    assert "declined" in login["message"]


class Person:
    """A user who is told of the logins, as a chat program tells him, and answers them in another thread."""

    def __init__(self, *, denies=None):
        self.told = []
        self._threads = []
        self._denies = denies

    def __call__(self, logins):
        self.told.append(logins)
        if self._denies is not None:
            self._denies.switches.denies = True
        thread = threading.Thread(target=self._answer, args=(logins,))
        self._threads.append(thread)
        thread.start()

    def _answer(self, logins):
        for each in logins:
            try:
                log_in(each["link"], each["principal"])
            except LoginFailed:
                assert self._denies is not None

    @property
    def context(self):
        return {"hook_context": {"on_authorization": self}}


@both_ways
def test_a_run_that_waits_makes_the_call_when_the_login_is_over(way, toolset, misbehaving):
    person = Person()
    result = way(agent_of(toolset, hook=AuthorizationHook("wait", seconds=60)), **person.context)
    assert (result["last_message"].text, result["exit_reason"]) == ("3", "text")
    assert misbehaving.executed == 1
    assert [each["principal"] for each in person.told[0]] == ["alice"]
    assert "authorization" not in result
    assert [each.error for message in result["messages"] for each in message.tool_call_results] == [False]


@both_ways
def test_each_tool_of_a_step_is_executed_once_when_a_run_waits(way, toolset, other_toolset, misbehaving, other_server):
    notes, person = [], Person()
    agent = agent_of([toolset, other_toolset, a_note(notes)], ADD, NOTE, SUM, hook=AuthorizationHook("wait"))
    assert way(agent, **person.context)["last_message"].text == "3; noted; 21"
    assert (misbehaving.executed, len(notes), other_server.executed) == (1, 1, 1)


@both_ways
def test_an_exit_condition_is_met_by_the_call_that_was_made_again(way, toolset):
    agent = agent_of(toolset, hook=AuthorizationHook("wait"), exit_conditions=["add"])
    assert way(agent, **Person().context)["exit_reason"] == "add"


@both_ways
def test_a_denial_ends_the_waiting_at_once(way, toolset, misbehaving):
    agent = agent_of(toolset, hook=AuthorizationHook("wait", seconds=300))
    result = way(agent, **Person(denies=misbehaving).context)
    (login,) = result["authorization"]
    assert (result["exit_reason"], login["link"]) == ("authorization_required", None)
    assert "declined" in login["message"]


@both_ways
@pytest.mark.parametrize("seconds", [0, 0.3])
def test_a_login_that_takes_too_long_stops_the_run(way, toolset, misbehaving, seconds):
    link = link_of(way(agent_of(toolset, hook=AuthorizationHook("wait", seconds=seconds))), misbehaving)
    log_in(link)
    assert way(agent_of(toolset))["last_message"].text == "3"


def test_an_event_loop_goes_on_while_a_run_waits(toolset):
    """The login is made in a task of the same loop, which is told by a coroutine function. Trap 10."""

    async def work():
        async def tell(logins):
            tasks.append(asyncio.create_task(asyncio.to_thread(log_in, logins[0]["link"])))

        tasks = []
        agent = agent_of(toolset, hook=AuthorizationHook("wait", seconds=300))
        with as_user("alice"):
            return await agent.run_async(QUESTION, hook_context={"on_authorization": tell})

    assert asyncio.run(work())["last_message"].text == "3"


def test_an_async_function_is_told_of_the_logins_of_a_plain_run_too(toolset, misbehaving):
    """A user who is told nothing would be waited for in vain. Row J2."""
    person = Person()

    async def tell(logins):
        await asyncio.sleep(0)
        person(logins)

    agent = agent_of(toolset, hook=AuthorizationHook("wait", seconds=60))
    result = run(agent, hook_context={"on_authorization": tell})
    assert (result["last_message"].text, len(person.told)) == ("3", 1)
    assert misbehaving.executed == 1


def test_a_plain_run_on_the_thread_of_an_event_loop_waits_for_nothing(toolset, misbehaving):
    """Trap 10."""

    async def work():
        return run(agent_of(toolset, hook=AuthorizationHook("wait", seconds=300)))

    assert link_of(asyncio.run(work()), misbehaving)


def test_a_login_of_another_program_is_waited_for(toolset, misbehaving, open_toolset):
    """The login is completed by what has nothing but the store, and the call is made by a cold copy of the agent."""
    person = Person()
    cold = open_toolset(info_of(misbehaving), on_unauthorized="sign_in_tool")
    agent = agent_of([cold], ToolCall(sign_in_name(misbehaving), {}), hook=AuthorizationHook("wait"))
    assert "Its tools can be used now: add." in run(agent, user="eve", **person.context)["last_message"].text


MAPPINGS = {
    "none": ({}, "text"),
    "not a text": ({}, {"a": [1, "é"]}),
    "one source": ({"outputs_to_string": {"source": "a"}}, {"a": 1, "b": 2}),
    "one handler": ({"outputs_to_string": {"handler": str}}, {"a": 1}),
    "a source and a handler": ({"outputs_to_string": {"source": "a", "handler": str.upper}}, {"a": "x"}),
    "several": ({"outputs_to_string": {"x": {"source": "a"}, "y": {"source": "b", "handler": str}}}, {"a": "", "b": 2}),
    "the state": ({"outputs_to_state": {"sum": {"source": "a"}}}, {"a": 3}),
    "the whole into the state": ({"outputs_to_state": {"sum": {}}}, {"a": 3}),
    "a handler of the state": ({"outputs_to_state": {"sum": {"source": "a", "handler": lambda _, new: new}}}, {"a": 3}),
    "no such source": ({"outputs_to_state": {"sum": {"source": "z"}}}, {"a": 3}),
    "no dictionary for the state": ({"outputs_to_state": {"sum": {"source": "a"}}}, "3"),
}


@pytest.mark.parametrize(("mappings", "result"), MAPPINGS.values(), ids=MAPPINGS)
def test_a_result_is_taken_as_haystack_takes_it(mappings, result):
    tool = Tool("add", "Adds.", {"type": "object", "properties": {}}, lambda: {}, **mappings)
    states = [State({"sum": {"type": object}}), State({"sum": {"type": object}})]
    theirs = _finalize_tool_result(result, ADD, tool, states[0], raise_on_failure=True)
    assert take_result(result, tool, ADD, states[1]) == theirs
    assert states[1].data == states[0].data


def run_example(server, before=""):
    """Run the example with a user who enters `before`, opens its link and hands the address over; give its output."""
    command = [sys.executable, str(EXAMPLE), server.mcp_url, "add", '{"a": 1, "b": 2}']
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as program:
        assert program.stdout.readline() == f"{server.mcp_url} wants a login. Open this:\n"
        address = httpx2.get(program.stdout.readline().strip()).headers["location"]
        written, errors = program.communicate(f"{before}{address}\n", timeout=60)
    return program.returncode, written, errors


def test_the_example_of_a_login_in_mid_run_goes_on_after_it(misbehaving):
    code, written, errors = run_example(misbehaving)
    assert code == 0, errors
    assert '"text":"3"' in written.replace(" ", "")
    assert misbehaving.executed == 1


def test_the_example_asks_again_after_what_is_no_answer(misbehaving):
    code, written, errors = run_example(misbehaving, "no address\n")
    assert code == 0, errors
    assert "nothing says which login it belongs to" in written
    assert '"text":"3"' in written.replace(" ", "")


def test_the_example_ends_with_the_reason_where_the_user_declines(misbehaving):
    misbehaving.switches.denies = True
    code, _, errors = run_example(misbehaving)
    assert code == 1
    assert errors.startswith("The person has declined the login")


class DurableRun:
    """What Hayhooks gives a hook; `tests/hayhooks` has the real one."""

    def __init__(self):
        self.waits = []

    def suspend_sync(self, wait, *, adapter_checkpoint=None):
        self.waits.append((wait["kind"], wait["message"], adapter_checkpoint))
        raise Suspended

    async def suspend(self, wait, *, adapter_checkpoint=None):
        self.suspend_sync(wait, adapter_checkpoint=adapter_checkpoint)


class Suspended(BaseException):
    pass


@pytest.fixture
def durable_run(monkeypatch):
    durable_run = DurableRun()
    monkeypatch.setattr(durable_runs, "require_hayhooks", lambda: None)
    monkeypatch.setattr(durable_runs, "current_context", lambda: durable_run)
    return durable_run


@both_ways
def test_a_durable_run_is_suspended_where_its_step_can_be_done_again(way, toolset, misbehaving, durable_run):
    link = link_of(way(agent_of(toolset)), misbehaving)
    with pytest.raises(Suspended):
        way(agent_of(toolset, hook=AuthorizationHook("suspend")))
    assert durable_run.waits == [("mcp_authorization", link, None)]


@both_ways
def test_what_was_executed_is_in_the_checkpoint_of_a_suspended_run(way, toolset, durable_run):
    notes = []
    agent = agent_of([toolset, a_note(notes)], ADD, NOTE, hook=AuthorizationHook("suspend"))
    with pytest.raises(Suspended):
        way(agent)
    ((_, _, checkpoint),) = durable_run.waits
    messages = State.from_dict(checkpoint["state"]).data["messages"]
    results = [each.result for message in messages for each in message.tool_call_results]
    assert results == ["This tool was not executed, because the user had to log in first. Call it again.", "noted"]
    assert len(notes) == 1


class LateHook(AuthorizationHook):
    """A hook that comes when the user has just answered, through the link that another run of his has shown."""

    def __init__(self, before):
        super().__init__("suspend")
        self.before = before

    def run(self, state):
        self.before()
        super().run(state)

    async def run_async(self, state):
        await asyncio.to_thread(self.before)
        await super().run_async(state)


@both_ways
def test_a_run_is_not_suspended_for_a_login_that_has_ended_meanwhile(way, toolset, misbehaving, durable_run):
    """Nothing would resume it: the link is over, and the user has done his part."""
    link = link_of(way(agent_of(toolset)), misbehaving)
    result = way(agent_of(toolset, hook=LateHook(lambda: log_in(link))))
    assert durable_run.waits == []
    assert result["messages"][-1].text == "3"
    assert misbehaving.executed == 1


@both_ways
def test_of_two_logins_a_run_is_suspended_for_the_one_that_is_missing(
    way, toolset, other_toolset, misbehaving, other_server, durable_run
):
    link = link_of(way(agent_of(toolset)), misbehaving)
    agent = agent_of([toolset, other_toolset], ADD, SUM, hook=LateHook(lambda: log_in(link)))
    with pytest.raises(Suspended):
        way(agent)
    ((_, other_link, checkpoint),) = durable_run.waits
    assert other_link not in (None, link)
    messages = State.from_dict(checkpoint["state"]).data["messages"]
    results = [each.result for message in messages for each in message.tool_call_results]
    assert [("content" in result, "was not executed" in result) for result in results] == [(True, False), (False, True)]
    assert (misbehaving.executed, other_server.executed) == (1, 0)


@both_ways
def test_a_login_that_was_denied_meanwhile_stops_a_durable_run(way, toolset, misbehaving, durable_run):
    link = link_of(way(agent_of(toolset)), misbehaving)
    misbehaving.switches.denies = True

    def deny():
        with pytest.raises(LoginFailed):
            log_in(link)

    result = way(agent_of(toolset, hook=LateHook(deny)))
    assert result["authorization"][0]["link"] is None
    assert durable_run.waits == []


@both_ways
def test_a_denial_stops_a_durable_run(way, toolset, misbehaving, durable_run):
    link = link_of(way(agent_of(toolset)), misbehaving)
    misbehaving.switches.denies = True
    with pytest.raises(LoginFailed):
        log_in(link)
    result = way(agent_of(toolset, hook=AuthorizationHook("suspend")))
    assert result["authorization"][0]["link"] is None
    assert durable_run.waits == []


@both_ways
def test_a_run_that_is_not_durable_stops_instead(way, toolset, misbehaving, durable_run, monkeypatch, caplog):
    monkeypatch.setattr(durable_runs, "current_context", lambda: None)
    link_of(way(agent_of(toolset, hook=AuthorizationHook("suspend"))), misbehaving)
    assert "it is no durable run of Hayhooks" in caplog.text
