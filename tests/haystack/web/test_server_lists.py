# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The list of a user's servers in the store: many workers write it, and no record of another kind can break a page."""

import json

import pytest

from haystack_integrations.tools.mcp_oauth.web.server_lists import LONGEST_LIST, ListedServer, ServerLists, _key
from tests.fakes.threads import in_threads
from valetkey.errors import StoreError
from valetkey.store import Conflict
from valetkey.store.backends.memory import MemoryStore


def server(number=0, **changes):
    return ListedServer(
        **{"url": f"https://mcp{number}.example.com", "label": "default", "client_id": None, "since": 1.0, **changes}
    )


def test_a_server_is_added_once_and_removed():
    lists = ServerLists(MemoryStore())
    lists.add("alice", server())
    lists.add("alice", server(since=2.0))
    assert lists.of("alice") == (server(since=2.0),)
    assert lists.of("bob") == ()
    lists.remove("alice", server().key)
    lists.remove("alice", server().key)
    assert lists.of("alice") == ()


def test_a_server_with_another_label_or_client_is_another_one():
    servers = [server(), server(label="work"), server(client_id="mine"), server(1)]
    assert len({each.key for each in servers}) == 4


def test_workers_that_write_at_once_lose_nothing():
    store = MemoryStore()
    in_threads(8, lambda number: ServerLists(store).add("alice", server(number)))
    assert len(ServerLists(store).of("alice")) == 8


def test_a_list_does_not_grow_without_end():
    lists = ServerLists(MemoryStore())
    for number in range(LONGEST_LIST + 3):
        lists.add("alice", server(number))
    assert len(lists.of("alice")) == LONGEST_LIST
    assert lists.of("alice")[-1] == server(LONGEST_LIST + 2)


GOOD = {"url": "https://mcp.example.com", "label": "default", "client_id": None, "since": None}
WRONG = {"url": [], "label": 7, "client_id": 7, "since": "x"}


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"servers": 7}',
        b'{"servers": [7]}',
        b'{"servers": [{}]}',
        *(json.dumps({"servers": [{**GOOD, name: wrong}]}).encode() for name, wrong in WRONG.items()),
        b"[" * 100_000,
    ],
)
def test_a_damaged_list_is_empty_and_is_written_anew(value):
    store = MemoryStore()
    store.put(_key("alice"), value)
    lists = ServerLists(store)
    assert lists.of("alice") == ()
    lists.add("alice", server())
    assert lists.of("alice") == (server(),)


def test_a_list_that_other_programs_write_all_the_time_is_an_error_of_the_store():
    class Busy(MemoryStore):
        def put(self, key, value, **options):
            raise Conflict

    with pytest.raises(StoreError, match="all the time"):
        ServerLists(Busy()).add("alice", server())
