# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey login`: log in at an MCP server, in one of the ways that there are."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from valetkey._cli.console import Console
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey._cli.parameters import ClientId, ClientMetadataUrl, Further, Issuer, Label, Profile, StoreName, Url

if TYPE_CHECKING:
    from valetkey._sessions.listing import StoredSession
    from valetkey.login import Login, LoginName
    from valetkey.settings.settings import Settings
    from valetkey.store import Store

_Paste = Annotated[bool, typer.Option("--paste", help="Print the link; paste the address that your browser stops at.")]
_Device = Annotated[bool, typer.Option("--device", help="Show a code to enter on any other device.")]
_NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Open no browser: print the link, and wait.")]
_Scope = Annotated[
    list[str] | None, typer.Option("--scope", metavar="SCOPE", help="Ask for this scope; may be repeated.")
]
_Secret = Annotated[
    str | None,
    typer.Option(
        "--client-secret",
        metavar="env:NAME|file:PATH|ask",
        help="Where the client's secret is: a variable, a file, or asked for here. Never the secret itself.",
        show_default=False,
    ),
]
_Port = Annotated[
    int | None,
    typer.Option(
        "--callback-port",
        metavar="PORT",
        min=1,
        max=65535,
        help="The port for the answer of the browser.",
        show_default=False,
    ),
]
_Host = Annotated[
    str | None,
    typer.Option(
        "--callback-host",
        metavar="HOST",
        help="This computer's name in that address: 127.0.0.1, localhost or ::1.",
        show_default=False,
    ),
]
_Listen = Annotated[
    str | None,
    typer.Option(
        "--listen",
        metavar="ADDRESS",
        help="In a container with a published port: listen at 0.0.0.0.",
        show_default=False,
    ),
]
_Parameter = Annotated[
    list[str] | None,
    typer.Option(
        "--authorize-param",
        metavar="NAME=VALUE",
        help="A parameter for the login page, such as prompt=login; may be repeated.",
    ),
]
_Seconds = Annotated[
    float | None, typer.Option("--timeout", metavar="SECONDS", help="How long to wait for you.", show_default=False)
]


def login(
    console: Console,
    url: Url,
    paste: _Paste = False,
    device: _Device = False,
    no_browser: _NoBrowser = False,
    scope: _Scope = None,
    client_id: ClientId = None,
    client_secret: _Secret = None,
    issuer: Issuer = None,
    client_metadata_url: ClientMetadataUrl = None,
    label: Label = None,
    profile: Profile = None,
    callback_port: _Port = None,
    callback_host: _Host = None,
    listen: _Listen = None,
    timeout: _Seconds = None,
    authorize_param: _Parameter = None,
    option: Further = None,
    store: StoreName = None,
) -> None:
    """Log in at an MCP server. It is asked first: if it accepts your session, no person is asked."""
    from valetkey._cli.further_options import read_options, read_pairs
    from valetkey.store import open_store

    _require_listener(listen, callback_port)
    way = _way(paste=paste, device=device, no_browser=no_browser, listen=listen)
    given: dict[str, Any] = {
        "client_id": client_id,
        "issuer": issuer,
        "client_metadata_url": client_metadata_url,
        "profile": profile,
        "login_timeout": timeout,
        "authorization_parameters": read_pairs(authorize_param or (), "=", "--authorize-param") or None,
        "scope": " ".join(scope) if scope else None,
        "redirect_uri": _redirect_uri(callback_host, callback_port),
    }
    changes = {**read_options(option or ()), **{name: value for name, value in given.items() if value is not None}}
    opened = open_store(store)
    _log_in(console, _settings(url, label, changes, client_secret, opened), opened, way)


def _log_in(console: Console, settings: "Settings", opened: "Store", way: "Login | LoginName") -> None:
    from valetkey._cli.reachable import require_mcp
    from valetkey._cli.views import shown_url
    from valetkey._engine.factory import build_engine
    from valetkey._sessions.codec import session_key
    from valetkey._sessions.listing import read_session

    console.tell_activity(f"Asking {shown_url(settings.server_url)} whether it wants a login.")
    before = read_session(opened, session_key(settings)).session
    session = build_engine(settings, store=opened, login=way).login()
    if session is None:
        require_mcp(settings)
        text = f"{shown_url(settings.server_url)} needs no login."
        console.result({"server_url": shown_url(settings.server_url), "login": "not_needed", "session": None}, text)
        return
    _tell(console, read_session(opened, session_key(settings)), is_new=before is None or before.token != session.token)


def _tell(console: Console, stored: "StoredSession", *, is_new: bool) -> None:
    from valetkey._cli.views import document_of_session, lines_of_session, server_of

    document = document_of_session(stored)
    # That the login worked stands on standard error already, where a person reads it.
    done = f"The session at {server_of(stored)}:" if is_new else f"You are logged in to {server_of(stored)} already."
    shown = "\n".join([done, *lines_of_session(stored)[1:]])
    console.result(
        {"server_url": document["server_url"], "login": "new" if is_new else "kept", "session": document}, shown
    )
    if not is_new:
        console.tell_activity("For another account, log out first; or keep both, with --label NAME for the other.")


def _way(*, paste: bool, device: bool, no_browser: bool, listen: str | None) -> "Login | LoginName":
    chosen = [
        name for name, is_set in {"--paste": paste, "--device": device, "--no-browser": no_browser}.items() if is_set
    ]
    if len(chosen) > 1:
        message = f"{' and '.join(chosen)} contradict each other."
        raise CommandFailed(message, hint="Give one of them.", code=ExitCode.USAGE)
    if listen is not None and (paste or device):
        message = f"--listen and {chosen[0]} contradict each other: nothing listens there."
        raise CommandFailed(message, hint="Give one of them.", code=ExitCode.USAGE)
    if no_browser or listen is not None:
        from valetkey.login.here import LinkHere, LoginHere

        return LinkHere(listen_at=listen) if no_browser else LoginHere(opens=True, listen_at=listen)
    if paste:
        from valetkey.login.paste import PasteHere

        pasting = PasteHere()
        pasting.tell = lambda _: None  # the command tells how it ended
        return pasting
    return "device" if device else "auto"


def _require_listener(address: str | None, port: int | None) -> None:
    """Refuse to listen where no answer would come."""
    if address is not None and port is None:
        message = "--listen needs --callback-port: the port that is published."
        raise CommandFailed(message, hint="Give both, or none.", code=ExitCode.USAGE)
    if address is not None and not _is_address(address):
        message = f"{address} is no address to listen at."
        raise CommandFailed(message, hint="Give 0.0.0.0, or another IP address of this computer.", code=ExitCode.USAGE)


def _is_address(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _redirect_uri(host: str | None, port: int | None) -> str | None:
    if port is None:
        if host is None:
            return None
        message = "--callback-host needs --callback-port."
        raise CommandFailed(message, hint="Give both, or none.", code=ExitCode.USAGE)
    named = host or "127.0.0.1"
    return f"http://{f'[{named}]' if ':' in named else named}:{port}/callback"


def _settings(
    url: str, label: str | None, changes: dict[str, Any], client_secret: str | None, store: "Store"
) -> "Settings":
    """Give the settings that were typed; without any, those of the one session that is there."""
    from valetkey._cli.accounts import accounts_at
    from valetkey._cli.secrets import read_client_secret
    from valetkey._sessions.codec import session_key
    from valetkey.settings.settings import Settings

    usual = Settings(url=url, label=Settings.label if label is None else label)
    if client_secret is not None:
        changes = {**changes, "client_secret": read_client_secret(client_secret)}
    if changes.keys() - {"login_timeout"}:
        return replace(usual, **changes)
    if store.get(session_key(usual)) is None:
        found = accounts_at(store, url, principal=usual.principal, label=usual.label)
        if len(found) == 1 and found[0].settings is not None:
            usual = found[0].settings
    return replace(usual, **changes) if changes else usual
