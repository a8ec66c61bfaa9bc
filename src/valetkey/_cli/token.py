# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey token`: the access token itself, for a script."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from valetkey._cli.console import Console
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey._cli.parameters import ClientId, Label, Principal, StoreName, Url

if TYPE_CHECKING:
    from valetkey._sessions.listing import StoredSession
    from valetkey.store import Store
    from valetkey.values import Token

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
    from valetkey.store import open_store

    if sys.stdout.isatty() and not show:
        message = "A token is a password, and this is a terminal."
        hint = "Let a program read it, as in $(valetkey token URL), or give --show."
        raise CommandFailed(message, hint=hint, code=ExitCode.USAGE)
    opened = open_store(store)
    stored = one_account(opened, url, principal=principal, label=label, client_id=client_id)
    if stored.session is None:  # a problem would have been raised
        return
    usable = _usable(console, stored, stored.session.token, opened)
    if header:
        _require_bearer(usable, url)
    text = usable.access_token.reveal()
    document = {
        "access_token": text,
        "token_type": str(usable.token_type),
        "expires_at": usable.expires_at,
        "scope": None if usable.scope is None else list(usable.scope),
    }
    console.result(document, f"Authorization: Bearer {text}" if header else text)


def _usable(console: Console, stored: "StoredSession", kept: "Token", store: "Store") -> "Token":
    """Give the token, renewed if it ends soon; where that fails, the one that is kept, as long as it is good."""
    from valetkey._cli.renewing import renewed
    from valetkey._cli.views import duration
    from valetkey.errors import AuthError

    expires_at = kept.expires_at
    if expires_at is None or expires_at - time.time() >= SOON:
        return kept
    try:
        with console.progress("Renewing the token…"):
            return renewed(stored, store).token
    except AuthError as error:
        left = expires_at - time.time()
        if left <= 0:
            raise
        console.tell(f"The token ends in {duration(left)}, and could not be renewed: {error.message}")
        return kept


def _require_bearer(usable: "Token", url: str) -> None:
    from valetkey._cli.views import shown_url
    from valetkey.values import TokenType

    if usable.token_type is not TokenType.BEARER:
        message = f"The token for {shown_url(url)} is bound to a key, so a header alone is of no use."
        raise CommandFailed(
            message, hint="Use a program that makes the proof: OAuth of valetkey.", code=ExitCode.UNSUPPORTED
        )
