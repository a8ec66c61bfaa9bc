# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The list of a user's MCP servers: a record beside the sessions, because no session is found by its user.

A server comes onto the list when a login of the user ends at this web app, and leaves it when the user disconnects it.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from valetkey.errors import StoreError
from valetkey.store import ABSENT, Condition, Conflict, Store

LONGEST_LIST = 200
"""How many servers of one user are kept; the oldest make room."""

_FORMAT = 1
_MOST_WRITES = 20


@dataclass(frozen=True, slots=True)
class ListedServer:
    """An MCP server on the list of a user: what finds its session, and since when it is there (Unix time)."""

    url: str
    label: str
    client_id: str | None
    since: float | None

    @property
    def key(self) -> str:
        """What names it in a form: a digest, because a URL may hold a secret."""
        parts = json.dumps([self.url, self.label, self.client_id])
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class ServerLists:
    """Reads and writes the lists. Each method may raise `StoreError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, principal: str) -> tuple[ListedServer, ...]:
        """Give the servers of a user, those that came first first."""
        return self._read(principal)[0]

    def add(self, principal: str, server: ListedServer) -> None:
        """Put a server onto the list of a user, in place of an entry with the same key."""
        self._change(principal, lambda listed: (*_without(listed, server.key), server)[-LONGEST_LIST:])

    def remove(self, principal: str, key: str) -> None:
        """Take a server off the list of a user."""
        self._change(principal, lambda listed: _without(listed, key))

    def _change(self, principal: str, change: Callable[[tuple[ListedServer, ...]], tuple[ListedServer, ...]]) -> None:
        for _ in range(_MOST_WRITES):
            listed, version = self._read(principal)
            changed = change(listed)
            if changed == listed:
                return
            value = json.dumps({"format": _FORMAT, "servers": [asdict(each) for each in changed]}).encode()
            try:
                self._store.put(_key(principal), value, if_version=version)
            except Conflict:
                continue
            return
        message = "The list of the user's MCP servers is written by other programs all the time."
        raise StoreError(message, hint="Find out which program writes there.")

    def _read(self, principal: str) -> tuple[tuple[ListedServer, ...], Condition]:
        record = self._store.get(_key(principal))
        return ((), ABSENT) if record is None else (_listed(record.value), record.version)


def _without(listed: tuple[ListedServer, ...], key: str) -> tuple[ListedServer, ...]:
    return tuple(each for each in listed if each.key != key)


def _key(principal: str) -> str:
    return f"web-servers:{hashlib.sha256(json.dumps([_FORMAT, principal]).encode()).hexdigest()}"


def _listed(value: bytes) -> tuple[ListedServer, ...]:
    """Read a list; one that is damaged is empty, for the sessions are elsewhere and the next login begins it anew."""
    try:
        servers: Any = json.loads(value)["servers"]
        return tuple(_server(each) for each in servers)
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()


def _server(members: Any) -> ListedServer:
    url, label, client_id, since = (members[name] for name in ("url", "label", "client_id", "since"))
    if not isinstance(url, str) or not isinstance(label, str) or not isinstance(client_id, str | None):
        raise TypeError(members)
    if not isinstance(since, int | float | None):
        raise TypeError(members)
    return ListedServer(url, label, client_id, since)
