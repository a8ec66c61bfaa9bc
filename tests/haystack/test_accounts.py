# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A thousand users come and go: the MCP sessions that stay open are bounded, and no call notices."""

import asyncio

import pytest

from haystack_integrations.tools.mcp_oauth import (
    MCPAuthorizationError,
    MCPConnectionError,
    OAuthConfig,
    StreamableHttpServerInfo,
    as_user,
)
from haystack_integrations.tools.mcp_oauth._accounts import accounts
from haystack_integrations.tools.mcp_oauth._accounts.accounts import Accounts
from tests.haystack.calling import wait_until
from tests.haystack.test_many_users import name_in
from tests.haystack.users import logged_in
from tests.servers import fastmcp


class FakeAccount:
    """An account whose MCP session opens and closes as it is told."""

    def __init__(self, principal):
        self.principal = principal
        self.uses = 0
        self.has_connection = False
        self.may_connect = not principal.startswith("visitor")
        self.opened = 0
        self.was_cut = False

    def in_use(self):
        return self

    def __enter__(self):
        self.uses += 1
        self.opened += self.may_connect and not self.has_connection
        self.has_connection = self.may_connect

    def __exit__(self, *_):
        self.uses -= 1

    def rest(self):
        self.was_cut = self.uses > 0
        self.has_connection = False
        return asyncio.sleep(0)


@pytest.fixture
def bounds(monkeypatch):
    monkeypatch.setattr(accounts, "MOST_OPEN", 3)
    monkeypatch.setattr(accounts, "MOST_KNOWN", 5)


@pytest.fixture
def made():
    return {}


@pytest.fixture
def some(made):
    def make(principal):
        made.setdefault(principal, []).append(FakeAccount(principal))
        return made[principal][-1]

    return Accounts(make)


def open_now(some):
    return [account.principal for account in some.all() if account.has_connection]


async def use(some, *principals):
    for principal in principals:
        with some.use(principal):
            await asyncio.sleep(0)
        await asyncio.sleep(0)


def test_a_thousand_users_leave_a_bounded_number_of_sessions_open(some):
    """Row J1."""

    async def come_and_go():
        for number in range(1500):
            await use(some, f"user-{number}")
            assert len(open_now(some)) <= accounts.MOST_OPEN
        return len(some.all()), open_now(some)[-1]

    assert asyncio.run(come_and_go()) == (accounts.MOST_KNOWN, "user-1499")


@pytest.mark.usefixtures("bounds")
def test_the_session_that_was_used_least_recently_is_closed_and_opened_again_on_need(some, made):
    """Row J1."""

    async def come_and_go():
        await use(some, "a", "b", "c", "a", "d")
        assert sorted(open_now(some)) == ["a", "c", "d"]
        await use(some, "b")
        assert sorted(open_now(some)) == ["a", "b", "d"]

    asyncio.run(come_and_go())
    assert {name: [account.opened for account in each] for name, each in made.items()} == {
        "a": [1],
        "b": [2],
        "c": [1],
        "d": [1],
    }


@pytest.mark.usefixtures("bounds")
def test_a_session_that_is_used_is_never_closed(some, made):
    """Row J1."""

    async def come_and_go():
        with some.use("busy"):
            await use(some, *"abcdefgh")
            assert "busy" in open_now(some)
            assert len(open_now(some)) == 3 + 1  # those that nobody uses, and this one
        await use(some, "i", "j", "k")
        return open_now(some)

    assert "busy" not in asyncio.run(come_and_go())
    assert not any(account.was_cut for each in made.values() for account in each)


@pytest.mark.usefixtures("bounds")
def test_visitors_without_a_session_are_forgotten_and_close_no_users_session(some):
    """Each of them gets a link, and may never come back. Row J1."""

    async def come_and_go():
        await use(some, "a", "b", "c", *(f"visitor-{number}" for number in range(50)))
        return open_now(some), len(some.all())

    assert asyncio.run(come_and_go()) == (["a", "b", "c"], accounts.MOST_KNOWN)


@pytest.mark.usefixtures("bounds")
def test_more_users_at_once_than_the_bound_are_all_served_and_then_it_counts_again(some):
    """Row J1."""

    async def come_and_go():
        blocks = [some.use(name) for name in "abcdefgh"]
        for block in blocks:
            block.__enter__()
        assert len(open_now(some)) == len(some.all()) == 8
        for block in blocks:
            block.__exit__(None, None, None)
        await asyncio.sleep(0)
        await use(some, "z")
        return len(open_now(some)), len(some.all())

    assert asyncio.run(come_and_go()) == (3, 5)


@pytest.mark.usefixtures("bounds")
def test_an_account_that_could_not_be_made_leaves_nothing():
    def make(_):
        raise MCPConnectionError(message="no")

    some = Accounts(make)
    with pytest.raises(MCPConnectionError), some.use("alice"):
        pass
    assert some.all() == []


@pytest.mark.usefixtures("bounds")
def test_users_beyond_the_bound_get_their_answers_from_sessions_that_are_opened_again():
    """Row J1."""
    users = [f"user-{number}" for number in range(8)]
    with fastmcp("users") as server:
        logged_in(server.mcp_url, users)
        with as_user(users[0]):
            client = StreamableHttpServerInfo(url=server.mcp_url).create_client()

        async def whoami(user):
            with as_user(user):
                return name_in(await client.call_tool("whoami", {}))

        async def come_and_go():
            slow = asyncio.ensure_future(slow_call())
            answers = [await whoami(user) for user in users * 2]
            together = await asyncio.gather(*map(whoami, users * 5))
            return answers + together, await slow

        async def slow_call():
            with as_user("user-0"):
                return await client.call_tool("slow", {"seconds": 2})

        answers, slow = asyncio.run(come_and_go())
        assert answers == users * 7
        assert "after 2 s" in slow
        wait_until(lambda: sum(account.has_connection for account in client._accounts.all()) <= 3)
        asyncio.run(client.aclose())
        sessions = [entry for entry in server.log() if (entry["method"], entry["path"]) == ("DELETE", "/mcp")]
        assert len(sessions) > len(users)  # each session is closed at the server too


def test_a_call_that_comes_just_when_its_session_is_to_be_closed_is_made_once(monkeypatch):
    """Row J1."""
    monkeypatch.setattr(accounts, "MOST_OPEN", 1)
    with fastmcp("users") as server:
        logged_in(server.mcp_url, ["alice", "bob"])
        info = StreamableHttpServerInfo(url=server.mcp_url, max_retries=0)
        with as_user("alice"):
            client = info.create_client()

        async def one_after_the_other():
            for user in ("alice", "bob"):
                with client._accounts.use(user) as account:
                    await account.connect()
            with client._accounts.use("alice") as account:  # nothing else of this event loop has run since
                return await account.invoke("whoami", {}, 0)

        assert name_in(asyncio.run(client._on_executor(one_after_the_other()))) == "alice"
        asyncio.run(client.aclose())


def test_a_session_that_the_server_has_refused_to_a_visitor_is_none_that_is_open(misbehaving):
    """Row J1."""
    config = OAuthConfig(login="never")
    with as_user("visitor"):
        client = StreamableHttpServerInfo(url=misbehaving.mcp_url, oauth_config=config).new_client()
        with pytest.raises(MCPAuthorizationError):
            asyncio.run(client.connect())
    (account,) = client._accounts.all()
    assert not account.has_connection
    assert not client._accounts._open


def test_the_connections_of_a_closed_client_are_all_closed():
    """Row J1."""
    with fastmcp("users") as server:
        logged_in(server.mcp_url, ["alice", "bob"])
        with as_user("alice"):
            client = StreamableHttpServerInfo(url=server.mcp_url).create_client()

        async def call_and_close():
            for user in ("alice", "bob"):
                with as_user(user):
                    assert name_in(await client.call_tool("whoami", {})) == user
            await client.aclose()
            with as_user("bob"), pytest.raises(MCPConnectionError, match="Not connected"):
                await client.call_tool("whoami", {})
            with as_user("bob"), pytest.raises(MCPConnectionError, match="Not connected"):
                await client.tools_for_current()
            with as_user("alice"):
                await client.connect()
            with as_user("bob"):
                assert name_in(await client.call_tool("whoami", {})) == "bob"
            await client.aclose()

        asyncio.run(call_and_close())
        ends = [entry for entry in server.log() if (entry["method"], entry["path"]) == ("DELETE", "/mcp")]
        assert len(ends) == 4
