# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A service whose users log in by links is deployed before it has a user: no login begins, and no look connects."""

import asyncio
from dataclasses import replace

import httpx2
import pytest
from haystack.components.agents import Agent
from haystack.dataclasses import ChatMessage, ToolCall

from haystack_integrations.tools.mcp_oauth import (
    AuthorizationRequired,
    MCPAuthorizationError,
    MCPTool,
    MCPToolset,
    OAuthConfig,
    StreamableHttpServerInfo,
    as_user,
    current_user,
)
from haystack_integrations.tools.mcp_oauth._accounts.access import Access
from haystack_integrations.tools.mcp_oauth.principals import LOCAL
from tests.haystack.calling import authorization_error_behind, sign_in_name
from tests.haystack.test_toolset import PLACEHOLDER, QUESTION, Scripted, agent_with, names_of
from valetkey._adapters.framework import complete_login

WEB_APP = "http://127.0.0.1:9"
FOR_USERS = {
    "links of a web app": {"login": "link", "public_url": WEB_APP},
    "a web app": {"public_url": WEB_APP},
    "links": {"login": "link"},
}
KINDS = ("toolset", "toolset with a tool to sign in", "tool")


def info_of(server, **settings):
    return StreamableHttpServerInfo(url=server.mcp_url, oauth_config=OAuthConfig(**settings))


def deployed(kind, info):
    if kind == "tool":
        return MCPTool("add", info)
    return MCPToolset(info, on_unauthorized="raise" if kind == "toolset" else "sign_in_tool")


def begun(info, user=LOCAL):
    """Whether a login of a user waits in the store."""
    config = replace(info.oauth_config, principal=user)  # named, so that it is looked for
    return Access(StreamableHttpServerInfo(url=info.url, oauth_config=config), user).engine.is_asking()


def warm_up(one):
    one.warm_up()


def warm_up_in_a_loop(one):
    asyncio.run(one.warm_up_async())


def warm_up_of_an_agent(one):
    Agent(chat_generator=Scripted(), tools=one if isinstance(one, MCPToolset) else [one]).warm_up()


@pytest.mark.parametrize("warm", [warm_up, warm_up_in_a_loop, warm_up_of_an_agent])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("settings", FOR_USERS)
def test_no_login_begins_when_a_service_of_many_users_is_deployed(misbehaving, settings, kind, warm):
    info = info_of(misbehaving, **FOR_USERS[settings])
    one = deployed(kind, info)
    warm(one)
    assert not begun(info)
    with as_user("alice"), pytest.raises(Exception) as raised:  # noqa: PT011 - some are wrapped
        MCPTool("add", info).invoke(a=1, b=2)
    assert isinstance(authorization_error_behind(raised.value), AuthorizationRequired)
    assert begun(info, "alice")
    one.close()


@pytest.mark.parametrize("kind", ["toolset", "tool"])
def test_a_service_without_a_login_has_its_tools_when_it_is_deployed(misbehaving, kind):
    misbehaving.switches.open = True
    one = deployed(kind, info_of(misbehaving, login="link", public_url=WEB_APP))
    one.warm_up()
    assert (names_of(one) == ["add"]) if kind == "toolset" else "a" in one.parameters["properties"]
    one.close()


def test_a_session_of_the_program_itself_is_used_when_a_service_is_deployed(misbehaving, open_toolset):
    info = info_of(misbehaving, login="link")
    with pytest.raises(AuthorizationRequired) as raised:
        info.login()
    complete_login(None, visited(raised.value.authorization_url), principal=LOCAL)
    misbehaving.revoke_access_tokens()
    toolset = open_toolset(info)
    toolset.warm_up()
    assert names_of(toolset) == ["add"]


def visited(link):
    """Where the browser of the person comes to."""
    return httpx2.get(link).headers["location"]


CALLS = {
    "a tool": lambda info: MCPTool("add", info).invoke(a=1, b=2),
    "a tool in a loop": lambda info: asyncio.run(MCPTool("add", info).ainvoke(a=1, b=2)),
    "a tool to sign in": lambda info: next(iter(warmed(info, "sign_in_tool"))).invoke(),
    "a run": lambda info: agent_with(MCPToolset(info), ("add", {"a": 1, "b": 2})).run(QUESTION),
    "a login by name": lambda info: info.login(),
}


def warmed(info, on_unauthorized):
    toolset = MCPToolset(info, on_unauthorized=on_unauthorized)
    toolset.warm_up()
    return toolset


def refused_for_want_of_a_user(info, way):
    """Call, and give the error, which says that no user is named and has no link."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - some are wrapped
        CALLS[way](info)
    error = authorization_error_behind(raised.value)
    assert not isinstance(error, AuthorizationRequired)
    assert "names no user" in str(error)
    return error


@pytest.mark.parametrize("way", CALLS)
def test_a_call_in_a_web_app_that_names_no_user_says_so_and_makes_no_link(misbehaving, way):
    """The link would be for the program itself, and no browser can be signed in as that."""
    info = info_of(misbehaving, public_url=WEB_APP)
    assert "as_user(…)" in refused_for_want_of_a_user(info, way).hint
    assert not begun(info)


def test_the_program_itself_may_log_in_by_a_link_of_a_web_app_where_the_settings_say_so(misbehaving):
    with pytest.raises(AuthorizationRequired) as raised:
        info_of(misbehaving, public_url=WEB_APP, principal=LOCAL).login()
    assert raised.value.authorization_url.startswith(WEB_APP)


def the_program_logs_in(misbehaving):
    """Leave a session of the program itself in the store, which no engine of this process has read."""
    info = info_of(misbehaving, login="link")
    with pytest.raises(AuthorizationRequired) as raised:
        info.login()
    complete_login(None, visited(raised.value.authorization_url), principal=LOCAL)


WAYS_TO_LOG_IN = {"in a thread": lambda info: info.login(), "in a loop": lambda info: asyncio.run(info.login_async())}


@pytest.mark.parametrize("way", WAYS_TO_LOG_IN)
@pytest.mark.parametrize("renews", [False, True], ids=["good", "to be renewed"])
def test_a_login_by_name_in_a_web_app_gives_the_session_that_the_program_has(misbehaving, way, renews):
    the_program_logs_in(misbehaving)
    if renews:
        misbehaving.revoke_access_tokens()
    info = info_of(misbehaving, public_url=WEB_APP)
    session = WAYS_TO_LOG_IN[way](info)
    assert misbehaving.scopes[session.token.access_token.reveal()] == "mcp"
    assert info.found is not None


@pytest.mark.parametrize("way", WAYS_TO_LOG_IN)
def test_a_login_by_name_in_a_web_app_finds_that_a_server_wants_none(misbehaving, way):
    misbehaving.switches.open, misbehaving.switches.publishes = True, False
    assert WAYS_TO_LOG_IN[way](info_of(misbehaving, public_url=WEB_APP)) is None


@pytest.mark.parametrize("way", CALLS)
def test_where_the_session_of_the_program_has_ended_no_link_is_made_for_it_either(misbehaving, way):
    the_program_logs_in(misbehaving)
    misbehaving.revoke_everything()
    info = info_of(misbehaving, public_url=WEB_APP)
    refused_for_want_of_a_user(info, way)


def test_a_login_by_name_that_fails_for_another_reason_says_so(misbehaving):
    misbehaving.stops()
    with pytest.raises(MCPAuthorizationError) as raised:
        info_of(misbehaving, public_url=WEB_APP).login()
    assert "names no user" not in str(raised.value)


NAMES_NONE = {**FOR_USERS, "a function that names none": {"principal": current_user}}


@pytest.mark.parametrize("settings", NAMES_NONE)
def test_a_run_that_names_no_user_fails_and_no_model_sees_a_tool_that_stands_for_others(misbehaving, settings):
    """Haystack 2 warms the tools up once and looks at them then; Haystack 3 does so before each run."""
    toolset = MCPToolset(info_of(misbehaving, **NAMES_NONE[settings]))
    agent = agent_with(toolset, ("add", {"a": 1, "b": 2}))
    agent.warm_up()
    for _ in range(2):
        with pytest.raises(Exception) as raised:  # noqa: PT011 - Haystack 2 wraps it
            agent.run(QUESTION)
        assert isinstance(authorization_error_behind(raised.value), MCPAuthorizationError)
    assert agent.chat_generator.given == []
    toolset.close()


@pytest.mark.parametrize("settings", NAMES_NONE)
def test_a_run_that_names_no_user_has_the_tool_to_sign_in(misbehaving, settings):
    toolset = MCPToolset(info_of(misbehaving, **NAMES_NONE[settings]), on_unauthorized="sign_in_tool")
    agent = Agent(chat_generator=Scripted(), tools=toolset)
    agent.warm_up()
    agent.run([*QUESTION, ChatMessage.from_tool("noted", ToolCall("note", {}))])
    assert agent.chat_generator.given == [[sign_in_name(misbehaving)]]
    toolset.close()


LOOKS = {
    "repr": repr,
    "text": str,
    "format": lambda toolset: f"{toolset}",
    "truth": bool,
    "length": len,
    "comparison": lambda toolset: str(toolset == MCPToolset(toolset.server_info)),
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("settings", [{"login": "link"}, {"login": "browser"}, {"principal": current_user}])
def test_a_look_at_a_toolset_that_is_cold_asks_the_server_nothing(misbehaving, open_toolset, person, settings, look):
    toolset = open_toolset(info_of(misbehaving, **settings))
    LOOKS[look](toolset)
    with as_user("alice"):
        LOOKS[look](toolset)
    assert misbehaving.seen == []
    assert person.logins == 0


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_at_a_toolset_that_is_warm_connects_no_user(misbehaving, open_toolset, look):
    toolset = open_toolset(info_of(misbehaving, login="link"))
    toolset.warm_up()
    seen = len(misbehaving.seen)
    LOOKS[look](toolset)
    with as_user("alice"):
        LOOKS[look](toolset)
    assert len(misbehaving.seen) == seen


def test_the_repr_names_the_server_and_the_tools_at_hand(misbehaving, open_toolset):
    misbehaving.switches.open = True
    toolset = open_toolset(misbehaving.mcp_url)
    assert PLACEHOLDER not in repr(toolset)
    assert misbehaving.mcp_url in repr(toolset)
    toolset.warm_up()
    assert "'add'" in repr(toolset)
