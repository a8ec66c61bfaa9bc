# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey doctor`: examine, judge, and show the report in the form that is asked for."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from valetkey._cli.console import Console
from valetkey._cli.outcome import ExitCode
from valetkey._cli.parameters import ClientId, ClientMetadataUrl, Further, Issuer, Label, Profile, Scope, StoreName, Url

if TYPE_CHECKING:
    from valetkey._cli.doctor.findings import Report
    from valetkey._cli.doctor.trying import LogIn
    from valetkey.login import LoginName
    from valetkey.seams import Seams
    from valetkey.settings.settings import Settings
    from valetkey.store import Store

_Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write the report as one page too.", show_default=False)
]
_LogIn = Annotated[bool, typer.Option("--login", help="Log in too, and look at the token.")]
_Register = Annotated[bool, typer.Option("--register", help="Really register a client, which stays at the server.")]
_Header = Annotated[
    list[str] | None,
    typer.Option(
        "--header", metavar="'NAME: VALUE'", help="A header field for the MCP server's host, as for an access gateway."
    ),
]
_Secret = Annotated[
    str | None,
    typer.Option(
        "--client-secret",
        metavar="env:NAME|file:PATH|ask",
        help="Where the client's secret is. Never the secret itself.",
        show_default=False,
    ),
]
_Redirect = Annotated[
    str | None,
    typer.Option("--redirect-uri", metavar="URL", help="The address for the browser's answer.", show_default=False),
]
_Device = Annotated[bool, typer.Option("--device", help="Examine the login on another device.")]
_Paste = Annotated[bool, typer.Option("--paste", help="With --login: paste the address that your browser stops at.")]


def doctor(
    console: Console,
    url: Url,
    html: _Html = None,
    login: _LogIn = False,
    register: _Register = False,
    header: _Header = None,
    issuer: Issuer = None,
    client_id: ClientId = None,
    client_secret: _Secret = None,
    client_metadata_url: ClientMetadataUrl = None,
    redirect_uri: _Redirect = None,
    scope: Scope = None,
    profile: Profile = None,
    device: _Device = False,
    paste: _Paste = False,
    option: Further = None,
    label: Label = None,
    store: StoreName = None,
) -> ExitCode:
    """Find out why a login at an MCP server fails, step by step. No login is made unless you ask for it."""
    from valetkey._cli.doctor.shown import secrets_in, secrets_in_field
    from valetkey._cli.further_options import read_options
    from valetkey._cli.secrets import read_client_secret
    from valetkey._cli.written_files import require_file
    from valetkey.errors.redaction import redacting

    if html is not None:
        require_file(html, "page")
    given: dict[str, Any] = {
        "issuer": issuer,
        "client_id": client_id,
        "client_metadata_url": client_metadata_url,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scope) if scope else None,
        "profile": profile,
        "label": label,
        "grant": "device_code" if device else None,
    }
    way: LoginName = "paste" if paste else "device" if device else "auto"
    fields = (value.partition(":")[2].strip() for value in header or ())
    with redacting(*secrets_in(url), *(each for value in fields for each in secrets_in_field(value))):
        changes = read_options(option or ())
        changes |= {name: value for name, value in given.items() if value is not None}
        if client_secret is not None:
            changes["client_secret"] = read_client_secret(client_secret)
        # A login has prompts of its own, which nothing may write over.
        with nullcontext() if login else console.progress("Examining the way to a login"):
            report = examine(url, changes, header or (), store, registers=register, logs_in=login, way=way)
        return _show(console, report, html)


def examine(
    url: str,
    changes: dict[str, Any],
    fields: "list[str] | tuple[str, ...]" = (),
    store_name: str | None = None,
    *,
    registers: bool = False,
    logs_in: bool = False,
    way: "LoginName" = "auto",
) -> "Report":
    """Examine one server with the engine's own parts, and judge what came."""
    import logging
    import time

    import valetkey
    from valetkey._cli.doctor.examination import Examination, unreached
    from valetkey._cli.doctor.judgement import judge
    from valetkey._cli.doctor.shown import shown_url
    from valetkey._network.resolver import look_up
    from valetkey.errors import ConfigurationError
    from valetkey.store import open_store

    logging.getLogger("valetkey").addHandler(logging.NullHandler())  # the findings say what the log would
    store, shown = open_store(store_name), shown_url(url)
    try:
        settings = _settings(url, changes, fields)
    except ConfigurationError as error:
        return judge(unreached(shown, error), now=time.time(), version=valetkey.__version__)
    examination = Examination(
        shown,
        settings,
        store,
        _seams(settings),
        resolve=look_up,
        registers=registers,
        log_in=_log_in(settings, store, way) if logs_in else None,
        place=_place_of(store),
    )
    return judge(examination.run(), now=time.time(), version=valetkey.__version__)


def _settings(url: str, changes: dict[str, Any], fields: "list[str] | tuple[str, ...]") -> "Settings":
    from valetkey import urls
    from valetkey._cli.further_options import read_pairs
    from valetkey.settings.network import Network
    from valetkey.settings.settings import Settings

    named = read_pairs(fields, ":", "--header")
    settings = Settings(url=url, **changes)
    if not named:
        return settings
    return settings.for_server(url, network=Network(headers={urls.origin(settings.server_url): named}))


def _seams(settings: "Settings") -> "Seams":
    from valetkey._network.on_demand import SenderOnDemand
    from valetkey.login.never import NeverLogin
    from valetkey.seams import Seams

    send = SenderOnDemand(settings.server_url, settings.named_urls, settings.network)
    return Seams(send=send, login=NeverLogin(), keep_connections=send.keep_connections, judge_link=send.judge_link)


def _log_in(settings: "Settings", store: "Store", way: "LoginName") -> "LogIn":
    from valetkey._engine.factory import build_engine

    engine = build_engine(settings, store=store, login=way)
    return engine.login


def _place_of(store: "Store") -> str:
    from valetkey.errors.texts import harmless

    return harmless(str(getattr(store, "place", "")), 200)


def _show(console: Console, report: "Report", html: Path | None) -> ExitCode:
    from valetkey._cli.doctor.machine import document
    from valetkey._cli.doctor.page import page
    from valetkey._cli.doctor.terminal import TerminalReport
    from valetkey._cli.written_files import write_file

    if html is not None:
        write_file(html, "page", page(report).encode("utf-8", "replace"))
        console.tell(f"The page is in {html}.")
    console.result(document(report), TerminalReport(report))
    return ExitCode(report.verdict.exit_code)
