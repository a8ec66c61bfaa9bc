# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A store and a person of its own for each test, shared servers, and everything closed in the end."""

from importlib.metadata import version

import pytest

from haystack_integrations.tools.mcp_oauth import MCPTool, MCPToolset, StreamableHttpServerInfo
from tests.haystack.misbehaving_server import MisbehavingServer
from tests.haystack.person import Person
from tests.haystack.shared_servers import SharedServers
from tests.servers import free_port

HOOKS_STOP_RUNS = tuple(int(part) for part in version("haystack-ai").split(".")[:2]) >= (3, 2)

collect_ignore = [] if HOOKS_STOP_RUNS else ["test_agent_hook.py"]


@pytest.fixture(scope="session")
def all_servers():
    """The servers that run until the last test."""
    with SharedServers() as servers:
        yield servers


@pytest.fixture
def servers(all_servers):
    """The shared servers, with empty logs. A test gets no other test's session, for its store is its own."""
    all_servers.reset_logs()
    return all_servers


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """The file that the sessions of this test are kept in."""
    path = tmp_path / "sessions" / "credentials.db"
    monkeypatch.setenv("VALETKEY_STORE", f"sqlite:///{path}")
    return path


@pytest.fixture(autouse=True)
def person(tmp_path, monkeypatch):
    """The person in front of the browser."""
    return Person(tmp_path / "person", monkeypatch.setenv)


@pytest.fixture
def open_toolset():
    """Make an `MCPToolset` of a server info or a URL; it is closed when the test is over."""
    yield from _maker(MCPToolset)


@pytest.fixture
def open_tool():
    """Make an `MCPTool` of a name and a server info or a URL; it is closed when the test is over."""

    def make(server_info, name="add", **options):
        return MCPTool(name, server_info, **options)

    yield from _maker(make)


def _maker(make_one):
    made = []

    def make(server_info, *arguments, **options):
        info = StreamableHttpServerInfo(url=server_info) if isinstance(server_info, str) else server_info
        made.append(make_one(info, *arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def misbehaving():
    """A server that is right in everything until its switches are thrown."""
    with MisbehavingServer() as server:
        yield server


@pytest.fixture
def free_redirect_uri():
    """A redirect address nobody listens at yet."""
    return f"http://127.0.0.1:{free_port()}/callback"
