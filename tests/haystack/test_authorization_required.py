# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A login that is needed reaches the caller through every layer of Haystack, with what the caller has to know.

`MCPToolset` and `MCPTool.warm_up` raise it itself. Where Haystack wraps an error in one of its own (`Tool.invoke`, and
so `ToolInvoker` and `Agent` that are told to raise), it is the `__cause__`; else its text is the tool's message.
"""

import asyncio
import copy
import pickle
import time

import httpx2
import pytest
from haystack import component
from haystack.components.agents import Agent
from haystack.dataclasses import ChatMessage, ToolCall

from haystack_integrations.tools.mcp_oauth import (
    AuthorizationRequired,
    MCPAuthorizationError,
    OAuthConfig,
    StreamableHttpServerInfo,
)
from haystack_integrations.tools.mcp_oauth._tools.refused_calls import HAS_ASYNC_FUNCTION
from haystack_integrations.tools.mcp_oauth.errors import MCPServerError, MCPServerTimeoutError
from tests.haystack.calling import authorization_error_behind, call, tool_of
from valetkey._adapters.framework import complete_login, find_pending
from valetkey.errors import LoginFailed, LoginRequired, StoreBusy

try:
    from haystack.components.tools import ToolInvoker
except ImportError:  # Haystack 3: the agent does its work
    ToolInvoker = None

WEB_APP = "http://127.0.0.1:9"


@component
class Scripted:
    """A language model that calls `add` once, and repeats what came of it."""

    @component.output_types(replies=list[ChatMessage])
    def run(self, messages, tools=None, **_):
        results = [result for message in messages for result in message.tool_call_results]
        if results:
            return {"replies": [ChatMessage.from_assistant(str(results[-1].result))]}
        return {"replies": [ChatMessage.from_assistant(tool_calls=[ToolCall("add", {"a": 1, "b": 2})])]}


@pytest.fixture
def info(misbehaving):
    config = OAuthConfig(login="link", public_url=WEB_APP, login_wait=1.0, principal="alice")
    return StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config)


def visit(link):
    """Do what the web app and the browser do: find the login, go to its page, come back with an answer."""
    pending = find_pending(None, link.rpartition("/")[2])
    return httpx2.get(pending.authorization_url).headers["location"]


def log_in(link):
    return complete_login(None, visit(link), principal="alice")


def is_told(error, info, reason="no session yet"):
    assert isinstance(error, AuthorizationRequired)
    assert isinstance(error, MCPAuthorizationError)
    assert (error.server_url, error.principal) == (info.url, "alice")
    assert error.reason.startswith(reason)
    assert error.authorization_url.startswith(f"{WEB_APP}/mcp-oauth/start/")
    assert time.time() < error.deadline <= time.time() + 300
    text = str(error)
    assert error.authorization_url in text
    assert [part for part in ("state=", "code_challenge", "client_id", "/authorize?") if part in text] == []
    return error.authorization_url


WAYS = {
    "lazy toolset": lambda toolset, tool, info: toolset(info).warm_up(),
    "eager toolset": lambda toolset, tool, info: toolset(info, eager_connect=True),
    "lazy tool": lambda toolset, tool, info: call(tool(info), a=1, b=2),
    "eager tool": lambda toolset, tool, info: tool(info, eager_connect=True),
    "login by name": lambda toolset, tool, info: info.login(),
}
ITSELF = ("lazy toolset", "eager toolset", "login by name")


@pytest.mark.parametrize("way", WAYS)
def test_a_first_login_is_asked_for_at_once_and_nothing_waits(info, way, open_toolset, open_tool, person):
    """Also where Haystack's time limits are short. Traps 1 and 12. Trap 12."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - each way has a type of its own
        WAYS[way](open_toolset, open_tool, info)
    error = authorization_error_behind(raised.value)
    assert way not in ITSELF or raised.value is error
    link = is_told(error, info)
    assert type(error.error) is LoginRequired
    assert person.logins == 0
    log_in(link)
    assert call(tool_of(open_toolset(info)), a=1, b=2) == "3"


def test_a_caller_in_mid_run_is_told_why_and_goes_on_after_the_login(info, misbehaving, open_toolset):
    """Trap 12."""
    toolset = open_toolset(info)
    with pytest.raises(AuthorizationRequired) as first:
        toolset.warm_up()
    log_in(first.value.authorization_url)
    tool = tool_of(toolset)
    misbehaving.revoke_everything()
    with pytest.raises(Exception) as raised:  # noqa: PT011 - Haystack's own
        tool.invoke(a=1, b=2)
    assert isinstance(raised.value.__cause__, AuthorizationRequired)
    link = is_told(raised.value.__cause__, info, "the session has ended: ")
    assert link in str(raised.value)
    log_in(link)
    assert call(tool, a=1, b=2) == "3"


def ready(info, misbehaving, toolset):
    """A toolset that was logged in and whose session has just ended."""
    with pytest.raises(AuthorizationRequired) as first:
        toolset.warm_up()
    log_in(first.value.authorization_url)
    toolset.warm_up()
    misbehaving.revoke_everything()
    return toolset


def test_an_agent_shows_the_model_the_short_link_and_no_other(info, misbehaving, open_toolset):
    """Trap 26."""
    agent = Agent(chat_generator=Scripted(), tools=ready(info, misbehaving, open_toolset(info)))
    messages = agent.run([ChatMessage.from_user("Add them.")])["messages"]
    seen = "\n".join(str(message.to_dict()) for message in messages)
    assert f"{WEB_APP}/mcp-oauth/start/" in seen
    assert [part for part in ("state=", "code_challenge", "client_id=", "/authorize?") if part in seen] == []


def test_an_agent_that_is_told_to_raise_has_it_as_the_cause(info, misbehaving, open_toolset):
    """Trap 12."""
    toolset = ready(info, misbehaving, open_toolset(info))
    agent = Agent(chat_generator=Scripted(), tools=toolset, raise_on_tool_invocation_failure=True)
    with pytest.raises(Exception) as raised:  # noqa: PT011 - each line has a type of its own
        agent.run([ChatMessage.from_user("Add them.")])
    is_told(authorization_error_behind(raised.value), info, "the session has ended: ")


def test_an_invoker_of_haystack_2_has_it_as_the_cause(info, misbehaving, open_toolset):
    """On Haystack 3 the agent invokes the tools itself. Trap 12."""
    toolset = ready(info, misbehaving, open_toolset(info))
    message = ChatMessage.from_assistant(tool_calls=[ToolCall("add", {"a": 1, "b": 2})])

    def invoke():
        if ToolInvoker is None:
            return toolset.tools[0].invoke(a=1, b=2)
        return ToolInvoker(tools=toolset, raise_on_failure=True).run(messages=[message])

    with pytest.raises(Exception) as raised:  # noqa: PT011 - each line has a type of its own
        invoke()
    is_told(authorization_error_behind(raised.value), info, "the session has ended: ")


def test_a_user_who_denies_is_told_and_not_asked_again(info, misbehaving, open_toolset):
    """Trap 12."""
    with pytest.raises(AuthorizationRequired) as raised:
        open_toolset(info).warm_up()
    misbehaving.switches.denies = True
    with pytest.raises(LoginFailed, match="access_denied"):
        log_in(raised.value.authorization_url)
    with pytest.raises(AuthorizationRequired) as again:
        open_toolset(info).warm_up()
    assert again.value.authorization_url is None
    assert again.value.reason == "no session yet"
    assert "has declined the login" in str(again.value)


FOR_A_PROGRAM = ("authorization_url", "complete()", "this error", "state=", "code_challenge", "/authorize?")
CALLS = {
    "from a thread": lambda tool: tool.invoke(a=1, b=2),
    **({"from a task": lambda tool: asyncio.run(tool.invoke_async(a=1, b=2))} if HAS_ASYNC_FUNCTION else {}),
}


@pytest.fixture
def without_web_app(misbehaving):
    """A server whose users log in by a link that the program shows itself."""
    config = OAuthConfig(login="link", principal="alice")
    return StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config)


def tool_in_mid_run(info, misbehaving, open_toolset):
    with pytest.raises(AuthorizationRequired) as first:
        info.login()
    complete_login(None, httpx2.get(first.value.authorization_url).headers["location"], principal="alice")
    tool = tool_of(open_toolset(info))
    misbehaving.revoke_everything()
    return tool


def is_for_model(text, url):
    assert f"{url} waits for a person to log in" in text
    assert text.endswith("The program that runs this tool has the link for it. Call the tool again after the login.")
    assert [each for each in FOR_A_PROGRAM if each in text] == []


@pytest.mark.parametrize("way", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("moment", ["at first", "in mid-run"])
def test_a_model_is_told_nothing_that_is_for_the_program_which_has_the_link(
    without_web_app, misbehaving, open_toolset, open_tool, moment, way
):
    """What the program has to do stands in the error's hint."""
    is_first = moment == "at first"
    tool = open_tool(without_web_app) if is_first else tool_in_mid_run(without_web_app, misbehaving, open_toolset)
    with pytest.raises(Exception) as raised:  # noqa: PT011 - Haystack's own
        way(tool)
    is_for_model(str(raised.value), misbehaving.mcp_url)
    error = authorization_error_behind(raised.value)
    assert "authorization_url" in error.hint
    assert str(error).endswith(error.hint)


def test_an_agent_tells_its_model_nothing_that_is_for_the_program_which_has_the_link(
    without_web_app, misbehaving, open_toolset
):
    agent = Agent(chat_generator=Scripted(), tools=[tool_in_mid_run(without_web_app, misbehaving, open_toolset)])
    messages = agent.run([ChatMessage.from_user("Add them.")])["messages"]
    (result,) = (each for message in messages for each in message.tool_call_results)
    assert result.error
    is_for_model(result.result, misbehaving.mcp_url)


def test_a_model_is_told_that_what_would_help_is_for_the_operator(misbehaving, open_tool):
    """As the tool for signing in says it."""
    tool = open_tool(StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=OAuthConfig(login="never")))
    with pytest.raises(Exception, match="cannot sign in here") as raised:
        tool.invoke(a=1, b=2)
    error = authorization_error_behind(raised.value)
    assert str(raised.value).endswith(f"The user cannot sign in here. For the operator of this program: {error}")
    assert "operator" not in str(error)


COPIES = {
    "a pickle": lambda error: pickle.loads(pickle.dumps(error)),  # noqa: S301
    "a copy": copy.copy,
    "a deep copy": copy.deepcopy,
}
ERRORS = [
    AuthorizationRequired(
        LoginRequired(
            "A person is needed.",
            hint="Open the link.",
            authorization_url="https://bot.example.com/x",
            principal="alice",
            reason="no session yet",
            deadline=7.0,
        ),
        "call_tool",
        "https://mcp.example.com/mcp",
    ),
    AuthorizationRequired(
        LoginFailed("Declined.", hint="Try again.", error="access_denied"), "connect", "https://a.b/c"
    ),
    MCPAuthorizationError(StoreBusy("The store is busy.", hint="Try again."), "connect", "https://a.b/c"),
    MCPServerError("It is down.", "connect", hint="Start it."),
    MCPServerTimeoutError("It is slow.", "connect", hint="Wait."),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_an_error_of_a_tool_comes_whole_through_a_pool_of_processes(error, copied):
    """One that cannot be read again breaks the pool, and with it the calls of all other users. Row J1."""
    other = copied(error)
    assert type(other) is type(error)
    assert (str(other), other.args) == (str(error), error.args)
    assert vars(other).keys() == vars(error).keys()
    plain = {name: value for name, value in vars(error).items() if name != "error"}
    assert {name: vars(other)[name] for name in plain} == plain
    if isinstance(error, MCPAuthorizationError):
        assert (str(other.error), vars(other.error)) == (str(error.error), vars(error.error))
