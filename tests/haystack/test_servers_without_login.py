# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server that wants no login, or gets its token from the user, is used exactly as upstream uses it."""

import asyncio
import gc
import inspect
import time
from concurrent.futures import ThreadPoolExecutor

import haystack_integrations.tools.mcp as upstream
import pytest
from haystack.utils import Secret

import haystack_integrations.tools.mcp_oauth as ours
from haystack_integrations.tools.mcp_oauth._accounts.account import FIRST_ANSWER_WAIT
from tests.haystack.calling import call, tool_of, wait_until
from tests.haystack.shared_servers import KINDS
from tests.requirements import requirement
from tests.servers import STATIC_TOKEN
from valetkey.errors import ConfigurationError

# Upstream never closes the HTTP clients it makes; they are collected while this filter holds.
pytestmark = [pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"), pytest.mark.usefixtures("collected")]

STOPPING = 2.0
"""Seconds upstream waits for a connection that it gives up."""
BUSY = 10.0
"""Seconds on top, for a busy machine; the clock that does not hold would be that of 30 seconds, or none."""


@pytest.fixture
def collected():
    yield
    gc.collect()


def info_of(package, kind, url, **settings):
    return (package.SSEServerInfo if kind == "sse" else package.StreamableHttpServerInfo)(url=url, **settings)


def log_of_a_life(server, server_info):
    """Connect, call a tool, close, and give what the server has seen; the stream comes at any time."""
    server.reset_log()
    toolset = upstream.MCPToolset(server_info)
    assert call(tool_of(toolset), a=1, b=2) == "3"
    opens_stream = not isinstance(server_info, upstream.SSEServerInfo)
    if opens_stream:
        wait_until(lambda: any(one["method"] == "GET" and one["status"] == 200 for one in server.log()))
    toolset.close()
    if opens_stream:
        wait_until(lambda: any(one["method"] == "DELETE" and one["status"] == 200 for one in server.log()))
    return sorted((one["method"], one["path"], one["status"]) for one in server.log())


@requirement("GEN-1")
@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_wants_no_login_sees_the_requests_of_upstream(servers, kind, person, store):
    server = servers.open(kind)
    expected = log_of_a_life(server, info_of(upstream, kind, server.mcp_url))
    assert log_of_a_life(server, info_of(ours, kind, server.mcp_url)) == expected
    assert person.logins == 0
    assert not store.exists()


def test_a_server_that_wants_no_login_does_not_care_whether_the_store_can_be_read(servers, open_toolset, store):
    store.parent.mkdir(mode=0o700)
    store.write_bytes(b"no database")
    assert call(tool_of(open_toolset(servers.open("http").mcp_url)), a=1, b=2) == "3"
    assert store.read_bytes() == b"no database"


@pytest.mark.parametrize(
    "credential",
    [{"token": STATIC_TOKEN}, {"headers": {"authorization": f"Bearer {STATIC_TOKEN}"}}],
    ids=["token", "header"],
)
def test_a_server_that_gets_a_static_token_sees_the_requests_of_upstream(servers, credential, person, store):
    server = servers.static()
    expected = log_of_a_life(server, info_of(upstream, "http", server.mcp_url, **credential))
    assert log_of_a_life(server, info_of(ours, "http", server.mcp_url, **credential)) == expected
    assert person.logins == 0
    assert not store.exists()


@pytest.mark.parametrize("build", ["create_client", "directly"])
@pytest.mark.parametrize(
    ("credential", "sent"),
    [
        ({"token": STATIC_TOKEN}, STATIC_TOKEN),
        ({"token": Secret.from_token(STATIC_TOKEN)}, STATIC_TOKEN),
        ({"headers": {"AUTHORIZATION": f"Bearer {STATIC_TOKEN}"}}, STATIC_TOKEN),
        ({"token": "other", "headers": {"Authorization": f"Bearer {STATIC_TOKEN}"}}, STATIC_TOKEN),
    ],
    ids=["token", "secret", "header", "header before token"],
)
def test_a_client_sends_the_credential_of_its_server_info(misbehaving, credential, sent, build, person, store):
    """Row J7."""
    misbehaving.switches.open = True
    info = info_of(ours, "http", misbehaving.mcp_url, **credential)
    client = info.create_client() if build == "create_client" else ours.StreamableHttpClient(info)
    assert client.token == (info.token.resolve_value() if isinstance(info.token, Secret) else info.token)

    async def use():
        await client.connect()
        await client.call_tool("add", {"a": 1, "b": 2})
        await client.aclose()

    asyncio.run(use())
    assert {one.token for one in misbehaving.requests("/mcp", "initialize")} == {sent}
    assert {one.token for one in misbehaving.requests("/mcp", "tools/call")} == {sent}
    assert person.logins == 0
    assert not store.exists()


def test_headers_of_ones_own_replace_the_token_as_they_do_upstream(misbehaving):
    """Row J7."""
    misbehaving.switches.open = True
    given = {"token": "t", "headers": {"X-Team": "blue"}}
    for package in (upstream, ours):
        client = info_of(package, "http", misbehaving.mcp_url, **given).create_client()
        asyncio.run(connect_and_close(client))
    opened = misbehaving.requests(message="initialize")
    assert [(one.token, one.headers["X-Team"]) for one in opened] == [(None, "blue")] * 2


async def connect_and_close(client):
    await client.connect()
    await client.aclose()


@pytest.mark.parametrize("kind", ["http", "sse"])
def test_a_credential_that_the_server_rejects_is_told_and_nobody_is_asked_to_log_in(
    misbehaving, kind, person, store, open_toolset
):
    """Row J7."""
    toolset = open_toolset(info_of(ours, kind, misbehaving.mcp_url, token="the-static-secret"))
    with pytest.raises(ours.MCPServerError, match="rejects the credential") as raised:
        toolset.warm_up()
    assert misbehaving.mcp_url in str(raised.value)
    assert "the-static-secret" not in str(raised.value)
    assert {one.path for one in misbehaving.seen} == {"/mcp"}
    assert person.logins == 0
    assert not store.exists()


def test_a_session_in_memory_is_no_credential_beside_a_token(misbehaving, open_toolset):
    """Row J7."""
    config = ours.OAuthConfig(token_storage="memory:")
    call(tool_of(open_toolset(info_of(ours, "http", misbehaving.mcp_url, oauth_config=config))), a=1, b=2)
    misbehaving.switches.open = True
    misbehaving.seen.clear()
    call(tool_of(open_toolset(info_of(ours, "http", misbehaving.mcp_url, token="static"))), a=1, b=2)
    assert {one.token for one in misbehaving.requests(message="tools/call")} == {"static"}


@pytest.mark.parametrize("name", ["StreamableHttpClient", "SSEClient"])
def test_a_client_has_the_signature_and_the_class_of_upstreams(name):
    """Row J7."""
    mine, theirs = getattr(ours, name), getattr(upstream, name)
    assert inspect.signature(mine).parameters.keys() == inspect.signature(theirs).parameters.keys()
    for parameter in ("max_retries", "base_delay", "max_delay"):
        expected = inspect.signature(theirs).parameters[parameter]
        assert inspect.signature(mine).parameters[parameter].default == expected.default
    info = info_of(ours, "sse" if name == "SSEClient" else "http", "http://127.0.0.1:9/mcp")
    client = mine(info, 7, 0.5, 9.0)
    assert (client.max_retries, client.base_delay, client.max_delay) == (7, 0.5, 9.0)
    assert isinstance(client, theirs)
    assert (client.url, client.token, client.headers, client.timeout) == (info.url, None, None, 30)


def test_the_settings_of_a_server_info_reach_its_client():
    """Row J7."""
    info = info_of(ours, "http", "http://127.0.0.1:9/mcp", max_retries=7, base_delay=0.5, max_delay=9.0, timeout=4)
    client = info.create_client()
    assert (client.max_retries, client.base_delay, client.max_delay, client.timeout) == (7, 0.5, 9.0, 4)


@pytest.mark.parametrize("name", ["MCPTool", "MCPToolset"])
def test_tools_have_the_signatures_of_upstreams(name):
    """Row J7."""
    mine, theirs = (list(inspect.signature(getattr(each, name)).parameters.values()) for each in (ours, upstream))
    assert mine[: len(theirs)] == theirs
    assert all(each.kind is each.KEYWORD_ONLY for each in mine[len(theirs) :])
    assert issubclass(getattr(ours, name), getattr(upstream, name))


@pytest.mark.parametrize("kind", ["http", "sse"])
@pytest.mark.parametrize("how", ["toolset", "tool"])
def test_our_configuration_in_a_server_info_of_upstream_says_which_import_to_change(misbehaving, kind, how):
    """Row J7."""
    info = info_of(upstream, kind, misbehaving.mcp_url, oauth_config=ours.OAuthConfig())
    tools = upstream.MCPToolset(info) if how == "toolset" else upstream.MCPTool("add", info)
    with pytest.raises(ConfigurationError, match=misbehaving.mcp_url) as raised:
        tools.warm_up()
    assert "haystack_integrations.tools.mcp_oauth" in raised.value.hint
    assert misbehaving.seen == []


def test_other_headers_reach_the_server_together_with_the_token(misbehaving, open_toolset):
    call(tool_of(open_toolset(info_of(ours, "http", misbehaving.mcp_url, headers={"X-Team": "blue"}))), a=1, b=2)
    (called,) = misbehaving.requests(message="tools/call")
    assert (called.headers["X-Team"], called.token) == ("blue", "secret-access-1")


def test_the_connection_timeout_holds_for_a_server_that_says_nothing(misbehaving, open_toolset, open_tool):
    """Upstream's own clock starts when the first answer has been waited for."""
    misbehaving.switches.hangs = True
    makers = [
        lambda info: open_toolset(info, connection_timeout=0.2),
        lambda info: open_tool(info, connection_timeout=0.2),
    ]
    kinds = ["http", "sse"]
    patient = [make(info_of(ours, kind, misbehaving.mcp_url)) for make in makers for kind in kinds]
    with ThreadPoolExecutor(len(patient)) as threads:
        ends = list(threads.map(how_warming_up_ends, patient))
    assert [kind for kind, _ in ends] == [ours.MCPServerTimeoutError] * 4
    assert max(seconds for _, seconds in ends) < FIRST_ANSWER_WAIT + 0.2 + STOPPING + BUSY


def how_warming_up_ends(tools):
    started = time.monotonic()
    with pytest.raises(TimeoutError) as raised:
        tools.warm_up()
    return raised.type, time.monotonic() - started
