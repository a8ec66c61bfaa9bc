# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Migrating the session of another program, and moving all sessions to another store, so that no user has to log in.

```python
from valetkey.migrate import from_mcp_remote

print(from_mcp_remote("https://mcp.example.com/mcp"))
```

The other program's files are only read. End that program first: where refresh tokens rotate, a renewal by one of the
two programs makes the refresh token of the other one invalid.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.login.never import NeverLogin
from valetkey.migrate.adoption import MigratedSession, adopt
from valetkey.migrate.fastmcp import KeyValues, read_fastmcp
from valetkey.migrate.foreign import Foreign
from valetkey.migrate.mcp_remote import Invocation, read_mcp_remote
from valetkey.migrate.moves import move_records
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.encryption.protected import ProtectedStore
from valetkey.store.opening import open_store
from valetkey.store.protocol import Store
from valetkey.values import Secret, as_secret

__all__ = ["KeyValues", "MigratedSession", "from_fastmcp", "from_mcp_remote", "move_store"]


def from_mcp_remote(
    url: str,
    store: Store | str | None = None,
    *,
    folder: Path | str | None = None,
    resource: str | None = None,
    headers: Mapping[str, str] | None = None,
    authorization_parameters: Mapping[str, str] | None = None,
    client_metadata_url: str | None = None,
    client_id: str | None = None,
    client_secret: str | Secret | None = None,
    issuer: str | None = None,
    principal: str = "local",
    label: str = "default",
    overwrite: bool = False,
) -> MigratedSession:
    """
    Migrate the session of mcp-remote. In a running event loop, call it with `asyncio.to_thread`.

    :param url: The URL of the MCP server, spelled as on mcp-remote's command line.
    :param store: The store for the session, or a text that names one as for `open_store`; None for the default.
    :param folder: mcp-remote's folder; None for `MCP_REMOTE_CONFIG_DIR` or `~/.mcp-auth`.
    :param resource: The value of its option `--resource`.
    :param headers: The values of its options `--header`, as they are written there.
    :param authorization_parameters: The values of its options `--authorize-param`.
    :param client_metadata_url: The URL of its client's metadata document.
    :param client_id: The client of its `--static-oauth-client-info`; `OAuth` needs the same one afterwards.
    :param client_secret: The secret of that client.
    :param issuer: The issuer of the session, where the MCP server names several.
    :param principal: The user whose session it is, as for `OAuth`.
    :param label: The name of the session among several sessions of one principal at one MCP server.
    :param overwrite: True to replace a session that is in the store already.
    :returns: A description of the session; it holds no token.
    :raises LoginRequired: If the program keeps no session, or only an expired token.
    :raises ConfigurationError: If the store has a session already, or the issuer of the session is unknown.
    :raises AuthError: If it cannot be migrated; the store is unchanged then.
    """
    invocation = Invocation(url, resource, authorization_parameters or {}, headers or {}, client_metadata_url)
    settings = Settings(
        url=url,
        resource=resource,
        client_metadata_url=client_metadata_url,
        client_id=client_id,
        client_secret=as_secret(client_secret),
        grant="authorization_code",
        issuer=issuer,
        principal=principal,
        label=label,
    )
    place = Path(folder).expanduser() if folder is not None else None
    return _migrate(lambda: read_mcp_remote(invocation, place), settings, store, overwrite=overwrite)


def from_fastmcp(
    url: str,
    storage: KeyValues,
    store: Store | str | None = None,
    *,
    client_metadata_url: str | None = None,
    client_id: str | None = None,
    client_secret: str | Secret | None = None,
    issuer: str | None = None,
    principal: str = "local",
    label: str = "default",
    overwrite: bool = False,
) -> MigratedSession:
    """
    Migrate the session of FastMCP's client. In a running event loop, call it with `asyncio.to_thread`.

    :param url: The URL of the MCP server, as FastMCP's client was given it.
    :param storage: The `token_storage` of its `OAuth`: a new object, because it is read in an event loop of its own.
    :param store: The store for the session, or a text that names one as for `open_store`; None for the default.
    :param client_metadata_url: The URL of its client's metadata document.
    :param client_id: The client it was given, if it has not registered itself; `OAuth` needs the same one afterwards.
    :param client_secret: The secret of that client.
    :param issuer: The issuer of the session, where the MCP server names several.
    :param principal: The user whose session it is, as for `OAuth`.
    :param label: The name of the session among several sessions of one principal at one MCP server.
    :param overwrite: True to replace a session that is in the store already.
    :returns: A description of the session; it holds no token.
    :raises LoginRequired: If the program keeps no session, or only an expired token.
    :raises ConfigurationError: If the store has a session already, or the issuer of the session is unknown.
    :raises AuthError: If it cannot be migrated; the store is unchanged then.
    """
    settings = Settings(
        url=url,
        client_metadata_url=client_metadata_url,
        client_id=client_id,
        client_secret=as_secret(client_secret),
        grant="authorization_code",
        issuer=issuer,
        principal=principal,
        label=label,
    )
    return _migrate(lambda: read_fastmcp(url, storage), settings, store, overwrite=overwrite)


def move_store(source: Store | str | None, target: Store | str, *, delete: bool = True, overwrite: bool = False) -> int:
    """
    Move all sessions and clients from one store to another. If a move is interrupted, another call continues it.

    A key that is given (`VALETKEY_STORE_KEY`) encrypts the new store; the old one may be plain. Let the programs use
    the new store afterwards: a program that uses the old store finds no session.

    :param source: The old store, or a text that names it as for `open_store`; None for the default.
    :param target: The new store, or a text that names it.
    :param delete: False to keep the records in the old store too. Use only one of the two stores then: where refresh
        tokens rotate, the sessions of the other store end.
    :param overwrite: True to replace different records in the new store.
    :returns: The number of records that were moved, or were in the new store already.
    :raises ConfigurationError: If the new store has different records under the same keys, or is the old store; no
        record has been moved then.
    :raises TemporaryError: If a program holds the lease of a session; records that have been moved stay moved.
    :raises StoreError: If one of the stores cannot do its work.
    """
    old = _opened(source)
    if isinstance(old, ProtectedStore):
        old = old.to_move_from()
    return move_records(old, _opened(target), delete=delete, overwrite=overwrite)


def _opened(store: Store | str | None) -> Store:
    return open_store(store) if store is None or isinstance(store, str) else store


def _migrate(
    read: Callable[[], Foreign], settings: Settings, store: Store | str | None, *, overwrite: bool
) -> MigratedSession:
    kept = _opened(store)
    send = HttpSender(Guard(settings.server_url, settings.named_urls), settings.network)
    seams = Seams(send=send, login=NeverLogin(), keep_connections=send.keep_connections)
    # In a thread of its own: FastMCP's storage needs a thread in which no event loop runs.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(lambda: adopt(read(), settings, kept, seams, overwrite=overwrite)).result()
