# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A server that wants no login, or gets its token from the user, is used exactly as upstream uses it."""

import gc
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import haystack_integrations.tools.mcp as upstream
import pytest

import haystack_integrations.tools.mcp_oauth as ours
from haystack_integrations.tools.mcp_oauth.client import FIRST_ANSWER_WAIT
from tests.haystack.calling import call, tool_of, wait_until
from tests.haystack.shared_servers import KINDS
from tests.requirements import requirement
from tests.servers import STATIC_TOKEN

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


@pytest.mark.parametrize("credential", [{"token": "t"}, {"headers": {"AUTHORIZATION": "t"}}], ids=["token", "header"])
@pytest.mark.parametrize("kind", ["http", "sse"])
def test_with_a_credential_of_its_own_the_client_is_upstreams(kind, credential):
    client = info_of(ours, kind, "http://127.0.0.1:9/mcp", **credential).create_client()
    assert type(client).__module__ == "haystack_integrations.tools.mcp.mcp_tool"


def test_other_headers_reach_the_server_together_with_the_token(misbehaving, open_toolset):
    call(tool_of(open_toolset(info_of(ours, "http", misbehaving.mcp_url, headers={"X-Team": "blue"}))), a=1, b=2)
    (called,) = misbehaving.requests(message="tools/call")
    assert (called.headers["X-Team"], called.token) == ("blue", "secret-access-1")


@pytest.fixture
def nobody():
    """A URL nobody listens at: the port is taken, and connections to it are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/mcp"


def test_a_server_that_is_not_there_is_the_error_of_upstream(nobody, open_toolset):
    with pytest.raises(upstream.MCPConnectionError) as expected:
        open_toolset(info_of(upstream, "http", nobody), connection_timeout=10.0).warm_up()
    with pytest.raises(upstream.MCPConnectionError) as raised:
        open_toolset(info_of(ours, "http", nobody), connection_timeout=10.0).warm_up()
    assert str(raised.value) == str(expected.value)
    assert nobody in str(raised.value.__cause__)


@pytest.mark.parametrize("kind", ["http", "sse"])
def test_a_single_tool_of_a_server_that_is_not_there_says_so_at_once(kind, nobody, open_tool):
    started = time.monotonic()
    with pytest.raises(upstream.MCPConnectionError, match=f"{nobody}.*connection attempts failed"):
        open_tool(info_of(ours, kind, nobody)).warm_up()
    assert time.monotonic() - started < BUSY


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
    assert [kind for kind, _ in ends] == [upstream.MCPConnectionError] * 2 + [TimeoutError] * 2
    assert max(seconds for _, seconds in ends) < FIRST_ANSWER_WAIT + 0.2 + STOPPING + BUSY


def how_warming_up_ends(tools):
    started = time.monotonic()
    with pytest.raises((upstream.MCPConnectionError, TimeoutError)) as raised:
        tools.warm_up()
    return raised.type, time.monotonic() - started
