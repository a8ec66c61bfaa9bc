# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey cimd`: a client metadata document of one's own, made and checked."""

from typing import Annotated

import typer

from valetkey._cli.console import Console
from valetkey._cli.outcome import ExitCode

_Place = Annotated[
    str, typer.Argument(metavar="URL", help="The https URL of the document: it is the client_id.", show_default=False)
]
_Name = Annotated[str, typer.Option("--name", metavar="NAME", help="The name that people see.", show_default=False)]
_Redirect = Annotated[
    list[str] | None,
    typer.Option("--redirect-uri", metavar="URI", help="Instead of the loopback addresses; may be repeated."),
]
_Keys = Annotated[
    str | None,
    typer.Option("--public-keys-url", metavar="URL", help="The keys of a client that signs.", show_default=False),
]


def build(
    console: Console, url: _Place, name: _Name, redirect_uri: _Redirect = None, public_keys_url: _Keys = None
) -> None:
    """Print a document to put on your web server, under exactly that URL."""
    from valetkey.client_document import LOOPBACK_ADDRESSES, build_document, document_text

    document = build_document(
        url, name=name, redirect_uris=redirect_uri or LOOPBACK_ADDRESSES, public_keys_url=public_keys_url
    )
    console.result(document, document_text(document).rstrip("\n"))


def check(console: Console, url: _Place) -> ExitCode | None:
    """Read a document as an authorization server does, and list what is wrong with it."""
    from valetkey._cli.views import shown_url
    from valetkey.client_document import check as find
    from valetkey.errors.texts import harmless

    with console.progress("Reading the document…"):
        findings = find(url)
    faults = [harmless(each.text) for each in findings if each.is_fault]
    warnings = [harmless(each.text) for each in findings if not each.is_fault]
    lines = [*(f"fault: {each}" for each in faults), *(f"warning: {each}" for each in warnings)]
    good = f"{shown_url(url)} is a client metadata document that authorization servers take."
    console.result({"url": shown_url(url), "faults": faults, "warnings": warnings}, "\n".join(lines) or good)
    return ExitCode.MALFORMED if faults else None
