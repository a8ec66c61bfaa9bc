# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey export` and `valetkey import`: sessions from one store to another, and those of other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from valetkey._cli.console import Console
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey._cli.parameters import ClientId, Label, StoreName, Url

if TYPE_CHECKING:
    from valetkey.migrate import MigratedSession

_FILE = "sqlite:///"
_Other = Annotated[
    str, typer.Argument(metavar="STORE", help="A file, or a store as in VALETKEY_STORE.", show_default=False)
]
_Copy = Annotated[bool, typer.Option("--copy", help="Keep them in the old store too. Use only one of the two then.")]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is in the new store and is not the same.")]
_Plain = Annotated[bool, typer.Option("--plain", help="Allow a new store that is not encrypted.")]
_Folder = Annotated[
    str | None, typer.Option("--folder", metavar="PATH", help="The folder of that program.", show_default=False)
]
_Issuer = Annotated[
    str | None, typer.Option("--issuer", metavar="URL", help="The issuer of the session.", show_default=False)
]
_Secret = Annotated[
    str | None,
    typer.Option("--client-secret", metavar="env:NAME|file:PATH|ask", help="Where its secret is.", show_default=False),
]
_Document = Annotated[
    str | None,
    typer.Option("--client-metadata-url", metavar="URL", help="Its client metadata document.", show_default=False),
]
_Resource = Annotated[
    str | None, typer.Option("--resource", metavar="URL", help="As for mcp-remote.", show_default=False)
]
_Header = Annotated[
    list[str] | None, typer.Option("--header", metavar="'NAME: VALUE'", help="As for mcp-remote; may be repeated.")
]
_Parameter = Annotated[
    list[str] | None,
    typer.Option("--authorize-param", metavar="NAME=VALUE", help="As for mcp-remote; may be repeated."),
]
_Key = Annotated[
    str | None,
    typer.Option("--key", metavar="FILE", help="The file with the Fernet key of its storage.", show_default=False),
]


def export_sessions(
    console: Console,
    target: _Other,
    copy: _Copy = False,
    overwrite: _Overwrite = False,
    plain: _Plain = False,
    store: StoreName = None,
) -> None:
    """Move all sessions to another store. They are deleted in this one, unless --copy is given."""
    _move(console, store, store_name(target), copy=copy, overwrite=overwrite, plain=plain)


def import_store(
    console: Console,
    source: _Other,
    copy: _Copy = False,
    overwrite: _Overwrite = False,
    plain: _Plain = False,
    store: StoreName = None,
) -> None:
    """Move all sessions of another store into yours."""
    _move(console, store_name(source), store, copy=copy, overwrite=overwrite, plain=plain)


def import_mcp_remote(
    console: Console,
    url: Url,
    folder: _Folder = None,
    resource: _Resource = None,
    header: _Header = None,
    authorize_param: _Parameter = None,
    client_metadata_url: _Document = None,
    client_id: ClientId = None,
    client_secret: _Secret = None,
    issuer: _Issuer = None,
    label: Label = None,
    overwrite: _Overwrite = False,
    store: StoreName = None,
) -> None:
    """Take over the session of mcp-remote. End that program first."""
    from valetkey._cli.further_options import read_pairs
    from valetkey._cli.secrets import read_client_secret
    from valetkey.migrate import from_mcp_remote

    migrated = from_mcp_remote(
        url,
        store,
        folder=folder,
        resource=resource,
        headers=read_pairs(header or (), ":", "--header"),
        authorization_parameters=read_pairs(authorize_param or (), "=", "--authorize-param"),
        client_metadata_url=client_metadata_url,
        client_id=client_id,
        client_secret=read_client_secret(client_secret),
        issuer=issuer,
        overwrite=overwrite,
        **_account(label),
    )
    _tell(console, url, migrated)


def import_fastmcp(
    console: Console,
    url: Url,
    folder: Annotated[str, typer.Option("--folder", metavar="PATH", help="The folder of its storage.")],
    key: _Key = None,
    client_metadata_url: _Document = None,
    client_id: ClientId = None,
    client_secret: _Secret = None,
    issuer: _Issuer = None,
    label: Label = None,
    overwrite: _Overwrite = False,
    store: StoreName = None,
) -> None:
    """Take over the session of FastMCP's client, from the folder of its storage. End that program first."""
    from valetkey._cli.secrets import read_client_secret
    from valetkey.migrate import from_fastmcp

    migrated = from_fastmcp(
        url,
        _storage(Path(folder).expanduser(), key),
        store,
        client_metadata_url=client_metadata_url,
        client_id=client_id,
        client_secret=read_client_secret(client_secret),
        issuer=issuer,
        overwrite=overwrite,
        **_account(label),
    )
    _tell(console, url, migrated)


def store_name(given: str) -> str:
    """Give the name of a store; a path of a file becomes one."""
    if "://" in given or given == "memory:":
        return given
    return f"sqlite:///{Path(given).expanduser().absolute()}"


def _move(
    console: Console, source: str | None, target: str | None, *, copy: bool, overwrite: bool, plain: bool
) -> None:
    from valetkey._cli.views import counted
    from valetkey.migrate import move_store
    from valetkey.store import open_store
    from valetkey.store.another import place_of
    from valetkey.store.encryption.encrypted import list_keys
    from valetkey.store.encryption.protection import describe

    old, new = open_store(source), open_store(target)
    if target == "memory:":
        message = "A store in memory ends with this command, and the sessions with it."
        raise CommandFailed(message, hint="Name a file, or a store on a server.", code=ExitCode.USAGE)
    if source is not None and source.startswith(_FILE) and not Path(source.removeprefix(_FILE)).expanduser().exists():
        message = f"There is no store {place_of(old)}."
        raise CommandFailed(message, hint="Check its name.", code=ExitCode.USAGE)
    list_keys(old)  # an old store that cannot be read leaves no new one behind
    protection = describe(new)
    if not protection.encrypted and not plain:
        message = f"The store {place_of(new)} is not encrypted: who can read it can use your sessions."
        hint = "Give a key (VALETKEY_STORE_KEY or VALETKEY_STORE_KEY_FILE), or --plain to move them all the same."
        raise CommandFailed(message, hint=hint, code=ExitCode.USAGE)
    with console.progress("Moving the sessions…"):
        count = move_store(old, new, delete=not copy, overwrite=overwrite)
    document = {
        "from": place_of(old),
        "to": place_of(new),
        "records": count,
        "copied": copy,
        "encrypted": protection.encrypted,
    }
    kept = "encrypted" if protection.encrypted else "not encrypted"
    done = "copied" if copy else "moved"
    what = counted(count, "record", "records")
    console.result(document, f"{what} {done} from {place_of(old)} to {place_of(new)} ({kept}).")


def _account(label: str | None) -> dict[str, Any]:
    return {} if label is None else {"label": label}


def _storage(folder: Path, key: str | None) -> Any:
    try:
        from key_value.aio.stores.filetree import (
            FileTreeStore,
            FileTreeV1CollectionSanitizationStrategy,
            FileTreeV1KeySanitizationStrategy,
        )
    except ImportError as error:
        message = "FastMCP's storage is read with FastMCP, which is not installed here."
        raise CommandFailed(message, hint="Install it: pip install fastmcp.", code=ExitCode.USAGE) from error
    if not folder.is_dir():
        message = f"There is no folder {folder}."
        raise CommandFailed(message, hint="Give the folder of FastMCP's token_storage.", code=ExitCode.USAGE)
    files = FileTreeStore(
        data_directory=folder,
        key_sanitization_strategy=FileTreeV1KeySanitizationStrategy(folder),
        collection_sanitization_strategy=FileTreeV1CollectionSanitizationStrategy(folder),
    )
    if key is None:
        return files
    from cryptography.fernet import Fernet
    from key_value.aio.wrappers.encryption import FernetEncryptionWrapper

    try:
        return FernetEncryptionWrapper(key_value=files, fernet=Fernet(Path(key).expanduser().read_bytes().strip()))
    except (OSError, ValueError) as error:
        message = f"The file {key} holds no Fernet key."
        raise CommandFailed(
            message, hint="Give the file with the key of FastMCP's storage.", code=ExitCode.USAGE
        ) from error


def _tell(console: Console, url: str, migrated: "MigratedSession") -> None:
    from valetkey._cli.views import shown_url
    from valetkey.errors.texts import harmless

    document = {
        "server_url": shown_url(url),
        "program": migrated.program,
        "place": migrated.place,
        "issuer": migrated.issuer,
        "client_id": migrated.client_id,
        "scope": None if migrated.scope is None else list(migrated.scope),
        "expires_at": migrated.expires_at,
        "renewable": migrated.renewable,
    }
    shown = f"Took the session at {shown_url(url)} over from {migrated.program} ({harmless(migrated.place)})."
    console.result(document, shown)
    console.tell(f"Do not use {migrated.program} with it any more: a renewal by one ends it for the other.")
