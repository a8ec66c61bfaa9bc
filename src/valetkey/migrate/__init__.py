# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Taking over the session of another program, and moving all sessions to another store, so that nobody has to log in anew.

```python
from valetkey.migrate import from_mcp_remote

print(from_mcp_remote("https://mcp.example.com/mcp"))
```

The other program's files are only read. Where refresh tokens rotate, that program's copy is worthless after the first
renewal here, and a renewal there makes this one worthless: end the other program first.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from valetkey._network.guard import Guard
from valetkey._network.sender import HttpSender
from valetkey.login.never import NeverLogin
from valetkey.migrate.adoption import TakenOver, adopt
from valetkey.migrate.fastmcp import KeyValues, read_fastmcp
from valetkey.migrate.foreign import Foreign
from valetkey.migrate.mcp_remote import Invocation, read_mcp_remote
from valetkey.migrate.moves import move_records
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.opening import open_store
from valetkey.store.protocol import Store
from valetkey.values import Secret, as_secret

__all__ = ["KeyValues", "TakenOver", "from_fastmcp", "from_mcp_remote", "move_store"]


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
) -> TakenOver:
    """
    Take over the session of mcp-remote. In a running event loop, call it with `asyncio.to_thread`.

    :param url: The URL of the MCP server, spelled as on mcp-remote's command line.
    :param store: Where it is kept from now on: a store, or a text that names one; None for the default.
    :param folder: mcp-remote's folder; None for `MCP_REMOTE_CONFIG_DIR` or `~/.mcp-auth`.
    :param resource: Its option `--resource`, if it is run with it.
    :param headers: Its options `--header`, as they are written there.
    :param authorization_parameters: Its options `--authorize-param`.
    :param client_metadata_url: The document of its client, if it is run with one.
    :param client_id: The client of its `--static-oauth-client-info`; use the session with the same one then.
    :param client_secret: The secret of that client.
    :param issuer: The authorization server, where there are several.
    :param principal: Whose session this is.
    :param label: Tells several sessions of one principal at one server apart.
    :param overwrite: True to write over a session that is there already.
    :returns: What was taken over; no token in it.
    :raises LoginRequired: If there is no session, or one that is of no use any more.
    :raises ConfigurationError: If there is one already, or it is not known which issuer it belongs to.
    :raises AuthError: If it cannot be taken over; nothing is changed then.
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
    return _take_over(lambda: read_mcp_remote(invocation, place), settings, store, overwrite=overwrite)


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
) -> TakenOver:
    """
    Take over the session of FastMCP's client. In a running event loop, call it with `asyncio.to_thread`.

    :param url: The URL of the MCP server, as FastMCP's client was given it.
    :param storage: The `token_storage` of its `OAuth`, made anew for this call: it is read in an event loop of its own.
    :param store: Where the session is kept from now on: a store, or a text that names one; None for the default.
    :param client_metadata_url: The document of its client, if it has one.
    :param client_id: The client it was given, if it has not registered itself; use the session with the same one then.
    :param client_secret: The secret of that client.
    :param issuer: The authorization server, where there are several.
    :param principal: Whose session this is.
    :param label: Tells several sessions of one principal at one server apart.
    :param overwrite: True to write over a session that is there already.
    :returns: What was taken over; no token in it.
    :raises LoginRequired: If there is no session, or one that is of no use any more.
    :raises ConfigurationError: If there is one already, or it is not known which issuer it belongs to.
    :raises AuthError: If it cannot be taken over; nothing is changed then.
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
    return _take_over(lambda: read_fastmcp(url, storage), settings, store, overwrite=overwrite)


def move_store(source: Store | str | None, target: Store | str, *, delete: bool = True, overwrite: bool = False) -> int:
    """
    Move all sessions and clients from one store to another. What is broken off goes on with another call.

    Let the programs use the new store from then on: what still looks into the old one finds nothing and logs in anew.

    :param source: The old store, or a text that names it; None for the default.
    :param target: The new one.
    :param delete: False to leave everything at its old place too. Only one of the two may be used then: where refresh
        tokens rotate, the sessions of the other one end.
    :param overwrite: True to write over other records in the new store.
    :returns: How many records are in the new store now.
    :raises ConfigurationError: If the new store has other records under the same keys, or is the old one; nothing has
        been moved then.
    :raises TemporaryError: If a program is busy with a session; what has been moved so far stays moved.
    :raises StoreError: If one of the stores cannot do its work.
    """
    return move_records(_opened(source), _opened(target), delete=delete, overwrite=overwrite)


def _opened(store: Store | str | None) -> Store:
    return open_store(store) if store is None or isinstance(store, str) else store


def _take_over(
    read: Callable[[], Foreign], settings: Settings, store: Store | str | None, *, overwrite: bool
) -> TakenOver:
    kept = _opened(store)
    send = HttpSender(Guard(settings.server_url, settings.named_urls))
    seams = Seams(send=send, login=NeverLogin(), keep_connections=send.keep_connections)
    # In a thread of its own, because there the other program's storage finds no event loop running.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(lambda: adopt(read(), settings, kept, seams, overwrite=overwrite)).result()
