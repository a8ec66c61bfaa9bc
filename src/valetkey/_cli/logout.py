# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey logout`: revoke the tokens where the authorization server offers it, and forget the session."""

from typing import TYPE_CHECKING, Annotated

import typer

from valetkey._cli.console import Console
from valetkey._cli.outcome import CommandFailed, ExitCode
from valetkey._cli.parameters import ClientId, Label, OptionalUrl, Principal, StoreName

if TYPE_CHECKING:
    from valetkey._engine.logout import LogoutResult
    from valetkey._sessions.listing import StoredSession
    from valetkey.store import Store

_All = Annotated[bool, typer.Option("--all", help="Log out everywhere.")]


def logout(
    console: Console,
    url: OptionalUrl = None,
    everywhere: _All = False,
    label: Label = None,
    principal: Principal = None,
    client_id: ClientId = None,
    store: StoreName = None,
) -> None:
    """Log out: revoke the tokens (RFC 7009). Then the session is forgotten, whatever the server says."""
    from valetkey._cli.accounts import PERSON, accounts_at, all_accounts, one_account
    from valetkey.store import open_store

    if (url is None) is not everywhere:
        message = "Nothing says where to log out." if url is None else "A URL and --all contradict each other."
        raise CommandFailed(message, hint="Give a URL, or --all.", code=ExitCode.USAGE)
    opened = open_store(store)
    others = 0
    if url is None:
        listed = all_accounts(opened)
        found = [each for each in listed if each.said("principal") in (None, principal or PERSON)]
        found = [each for each in found if label in (None, each.said("label"))]
        others = sum(1 for each in listed if each.said("principal") not in (None, principal or PERSON))
    else:
        found = accounts_at(opened, url, principal=principal, label=label)
        if len(found) != 1 or found[0].problem is None:  # a record that is damaged is forgotten too
            found = [one_account(opened, url, principal=principal, label=label, client_id=client_id)]
    ended = []
    for stored in found:
        with console.progress("Logging out…"):
            ended.append((stored, _end(stored, opened, url)))
    _tell(console, ended, others)


def _end(stored: "StoredSession", store: "Store", url: str | None) -> "LogoutResult":
    """End one session; what no program here can revoke is forgotten all the same."""
    from valetkey._engine.factory import build_engine
    from valetkey._engine.logout import LogoutResult
    from valetkey.settings.settings import Settings
    from valetkey.store.another import DamagedRecord

    settings = stored.settings
    if settings is None and stored.problem is not None and not isinstance(stored.problem, DamagedRecord):
        raise stored.problem  # of a newer version, which may still be in use
    if settings is None and stored.problem is not None and url is not None:
        settings = Settings(url=url, principal=stored.said("principal") or Settings.principal)
    if settings is not None:
        return build_engine(settings, store=store, login="never").logout()
    store.delete(stored.key)
    why = "It was made with what no record holds" if stored.problem is None else stored.problem.message.rstrip(".")
    return LogoutResult(existed=True, problem=f"{why}, so its tokens are not revoked and end when their time is over.")


def _tell(console: Console, ended: "list[tuple[StoredSession, LogoutResult]]", others: int) -> None:
    from valetkey._cli.views import account_of, document_of_session, server_of
    from valetkey.errors.texts import harmless

    documents = []
    for stored, result in ended:
        described = document_of_session(stored)
        names = {name: described[name] for name in ("server_url", "principal", "label")}
        documents.append({**names, "revoked": result.revoked, "problem": result.problem})
    lines = []
    for stored, result in ended:
        did = "revoked its tokens and forgot the session" if result.revoked else "forgot the session"
        lines.append(f"Logged out of {server_of(stored)} ({account_of(stored)}): {did}.")
        if result.problem is not None:
            lines.append(f"  {harmless(result.problem)}")
    if others:
        console.tell(f"The sessions of other users stay: {others}.")
    console.result({"logged_out": documents}, "\n".join(lines) or "There was no session.")
