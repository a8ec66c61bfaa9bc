# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""What no part of ours has foreseen: the caller's request fails with an `AuthError`."""

import asyncio

import pytest

from tests.adapters.server import McpServer
from tests.adapters.ways import WAYS
from valetkey._adapters.unforeseen import as_auth_error
from valetkey.errors import AuthError, ConfigurationError, StoreError
from valetkey.store.backends.memory import MemoryStore

CANARY = "canary-9b1f"

every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way.library_name} {way.mode}")


class Breaking(MemoryStore):
    """A store with a fault: from the first lease on, it raises what no store may."""

    def lease(self, key, *, seconds):
        raise KeyError(CANARY)


@pytest.fixture
def server():
    with McpServer() as running:
        yield running


@every_way
def test_a_backend_with_a_fault_is_an_auth_error_of_the_request(way, server):
    """Row I11."""
    with pytest.raises(StoreError, match="KeyError") as caught:
        way.send(way.auth(server, store=Breaking()), ("POST", server.url, {"json": {}}))
    assert isinstance(caught.value.__cause__, KeyError)
    assert CANARY not in str(caught.value)


@every_way
def test_a_fault_of_ours_is_an_auth_error_of_the_request_too(way, server, monkeypatch):
    """Row I11."""
    auth = way.auth(server)

    def fail(*_, **__):
        raise IndexError(CANARY)

    monkeypatch.setattr(auth.engine._attempts, "obtaining", fail)
    with pytest.raises(AuthError, match="did not foresee: IndexError") as caught:
        way.send(auth, ("POST", server.url, {"json": {}}))
    assert isinstance(caught.value.__cause__, IndexError)
    assert CANARY not in str(caught.value)
    assert "report" in caught.value.hint


@pytest.mark.parametrize("ask", [lambda auth: auth.login(), lambda auth: auth.logout(), lambda auth: auth.session])
def test_what_a_program_asks_by_name_ends_in_an_auth_error(server, monkeypatch, ask):
    """Row I11."""
    auth = WAYS[0].auth(server)

    def fail(*_, **__):
        raise IndexError(CANARY)

    for name in ("stored_session", "login", "logout"):
        monkeypatch.setattr(auth.engine, name, fail)
    with pytest.raises(AuthError, match="IndexError"):
        ask(auth)


@pytest.mark.parametrize(
    "ask", [lambda auth: auth.login_async(), lambda auth: auth.logout_async()], ids=["login", "logout"]
)
def test_what_a_task_asks_by_name_ends_in_an_auth_error(server, monkeypatch, ask):
    """Row I11."""
    auth = WAYS[0].auth(server)

    async def fail(*_, **__):
        raise IndexError(CANARY)

    for name in ("login_async", "logout_async"):
        monkeypatch.setattr(auth.engine, name, fail)
    with pytest.raises(AuthError, match="IndexError"):
        asyncio.run(ask(auth))


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, asyncio.CancelledError, GeneratorExit, StopIteration])
def test_what_ends_a_program_a_task_or_a_generator_passes(stop):
    with pytest.raises(stop), as_auth_error:
        raise stop


def test_an_error_of_ours_passes_as_it_is():
    error = ConfigurationError("It is wrong.", hint="Set it right.")
    with pytest.raises(ConfigurationError) as caught, as_auth_error:
        raise error
    assert caught.value is error


@every_way
def test_what_the_library_raises_is_the_librarys(way, server):
    """A server that cannot be reached is no matter of a login."""
    with pytest.raises(way.library.ConnectError):
        way.send(way.auth(server), ("POST", "http://127.0.0.1:9/mcp", {"json": {}}))
