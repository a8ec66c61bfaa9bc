# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey token`: the access token itself, for a script."""

import sys
import time
from typing import Annotated

import typer

from valetkey._cli.console import Console
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey._cli.parameters import ClientId, Label, Principal, StoreName, Url

SOON = 60.0
"""Seconds that a token is good for at least, if it can be renewed."""

_Show = Annotated[bool, typer.Option("--show", help="Print it to a terminal too.")]
_Header = Annotated[bool, typer.Option("--header", help="Print the whole header field, as curl -H @- reads it.")]


def token(
    console: Console,
    url: Url,
    show: _Show = False,
    header: _Header = False,
    label: Label = None,
    principal: Principal = None,
    client_id: ClientId = None,
    store: StoreName = None,
) -> None:
    """Print an access token, for a script. It is renewed first if it ends within a minute."""
    from valetkey._cli.accounts import one_account
    from valetkey._cli.renewing import renewed
    from valetkey._cli.views import duration, shown_url
    from valetkey.errors import AuthError
    from valetkey.store import open_store
    from valetkey.values import TokenType

    if sys.stdout.isatty() and not show:
        message = "A token is a password, and this is a terminal."
        hint = "Let a program read it, as in $(valetkey token URL), or give --show."
        raise CommandFailed(message, hint=hint, code=ExitCode.USAGE)
    opened = open_store(store)
    stored = one_account(opened, url, principal=principal, label=label, client_id=client_id)
    session = stored.session
    if session is None:  # a problem would have been raised
        return
    expires_at = session.token.expires_at
    if expires_at is not None and expires_at - time.time() < SOON:
        try:
            with console.progress("Renewing the token…"):
                session = renewed(stored, opened)
        except AuthError as error:
            left = expires_at - time.time()
            if left <= 0:
                raise
            console.tell(f"The token ends in {duration(left)}, and could not be renewed: {error.message}")
    token_of = session.token
    if header and token_of.token_type is not TokenType.BEARER:
        message = f"The token for {shown_url(url)} is bound to a key, so a header alone is of no use."
        raise CommandFailed(
            message, hint="Use a program that makes the proof: OAuth of valetkey.", code=ExitCode.UNSUPPORTED
        )
    text = token_of.access_token.reveal()
    document = {
        "access_token": text,
        "token_type": str(token_of.token_type),
        "expires_at": token_of.expires_at,
        "scope": None if token_of.scope is None else list(token_of.scope),
    }
    console.result(document, f"Authorization: Bearer {text}" if header else text)
