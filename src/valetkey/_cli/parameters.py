# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The arguments and options that several commands share, declared once."""

from pathlib import Path
from typing import Annotated

import typer

from valetkey._cli.completion import complete_label, complete_url

Url = Annotated[
    str,
    typer.Argument(metavar="URL", help="The URL of the MCP server.", show_default=False, autocompletion=complete_url),
]
OptionalUrl = Annotated[
    str | None,
    typer.Argument(
        metavar="URL",
        help="The URL of an MCP server; all without it.",
        show_default=False,
        autocompletion=complete_url,
    ),
]
StoreName = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="STORE",
        help="Where sessions are kept, as in VALETKEY_STORE; by default where your programs keep them.",
        show_default=False,
    ),
]
Label = Annotated[
    str | None,
    typer.Option(
        "--label",
        metavar="ACCOUNT",
        help="Your name for one of several accounts at a server.",
        show_default=False,
        autocompletion=complete_label,
    ),
]
Principal = Annotated[
    str | None,
    typer.Option("--principal", metavar="USER", help="Whose session, in a store of many users.", show_default=False),
]
ClientId = Annotated[
    str | None,
    typer.Option("--client-id", metavar="ID", help="The id of a client registered by hand.", show_default=False),
]
Issuer = Annotated[
    str | None,
    typer.Option("--issuer", metavar="URL", help="The only authorization server to trust.", show_default=False),
]
ClientMetadataUrl = Annotated[
    str | None,
    typer.Option(
        "--client-metadata-url", metavar="URL", help="The URL of a client metadata document.", show_default=False
    ),
]
Profile = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="The provider profile: auto, none or a name.", show_default=False),
]
Scope = Annotated[list[str] | None, typer.Option("--scope", metavar="SCOPE", help="Ask for this scope.")]
Further = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="Any other option, such as assume_pkce=true; may be repeated."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document, also for an error.")]
TraceFile = Annotated[
    Path | None,
    typer.Option(
        "--trace", metavar="FILE", help="Write what happens into a file, without secrets.", show_default=False
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show every request, and the traceback of an error.")]
