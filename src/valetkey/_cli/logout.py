# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey logout`: revoke the tokens where the authorization server offers it, and forget the session."""

from typing import TYPE_CHECKING, Annotated

import typer

from valetkey._cli.completion import complete_url
from valetkey._cli.console import Console
from valetkey._cli.outcome import CommandFailed, ExitCode, code_of
from valetkey._cli.parameters import ClientId, Label, Principal, StoreName

if TYPE_CHECKING:
    from valetkey._engine.logout import LogoutResult
    from valetkey._sessions.listing import StoredSession
    from valetkey.settings.settings import Settings
    from valetkey.store import Store

_All = Annotated[bool, typer.Option("--all", help="Log out everywhere.")]
_Where = Annotated[
    str | None,
    typer.Argument(
        metavar="URL", help="The URL of an MCP server; or --all.", show_default=False, autocompletion=complete_url
    ),
]


def logout(
    console: Console,
    url: _Where = None,
    everywhere: _All = False,
    label: Label = None,
    principal: Principal = None,
    client_id: ClientId = None,
    store: StoreName = None,
) -> ExitCode | None:
    """Log out: revoke the tokens and forget the session. It is forgotten whatever the server answers."""
    from valetkey._cli.accounts import ACCOUNT, PERSON, accounts_at, all_accounts, one_account
    from valetkey._cli.views import counted
    from valetkey.settings.settings import Settings
    from valetkey.store import open_store

    if (url is None) is not everywhere:
        message = "Nothing says where to log out." if url is None else "A URL and --all contradict each other."
        raise CommandFailed(message, hint="Give a URL, or --all.", code=ExitCode.USAGE)
    opened = open_store(store)
    if url is not None:
        found, usual = accounts_at(opened, url, principal=principal, label=label), None
        if len(found) == 1 and found[0].problem is not None:  # a record that is damaged is forgotten too
            usual = Settings(url=url, principal=principal or PERSON, label=label or ACCOUNT)
        else:
            meant = one_account(opened, url, principal=principal, label=label, client_id=client_id, is_to_end=True)
            found = [meant]
        with console.progress("Logging out…"):
            ended = [(found[0], _end(found[0], opened, usual))]
        _tell(console, ended)
        return None
    listed = all_accounts(opened)
    found = [each for each in listed if _is_meant(each, principal or PERSON, label)]
    code = _end_all(console, found, opened)
    left = len(listed) - len(found)
    if left:
        console.tell(f"{counted(left, 'session stays', 'sessions stay')}: of other users, or of unknown ones.")
    return code


def _is_meant(stored: "StoredSession", principal: str, label: str | None) -> bool:
    """Tell whether a session is of this person; a damaged record is of no use for anyone."""
    from valetkey.store.another import DamagedRecord

    if stored.problem is not None:
        return label is None and isinstance(stored.problem, DamagedRecord)
    return stored.said("principal") == principal and label in (None, stored.said("label"))


def _end_all(console: Console, found: "list[StoredSession]", store: "Store") -> ExitCode | None:
    """End each session, whatever becomes of the others; the exit code is that of the first that cannot be ended."""
    from valetkey._cli.views import server_of
    from valetkey.errors import AuthError

    ended, failure = [], None
    for stored in found:
        try:
            with console.progress("Logging out…"):
                ended.append((stored, _end(stored, store, None)))
        except AuthError as error:
            failure = failure or error
            console.tell_failure(f"{server_of(stored)}: {error.message}", console.hint_of(error))
    _tell(console, ended)
    return None if failure is None else code_of(failure)


def _end(stored: "StoredSession", store: "Store", usual: "Settings | None") -> "LogoutResult":
    """End one session; what no program here can revoke is forgotten all the same."""
    from valetkey._engine.factory import build_engine
    from valetkey._engine.logout import LogoutResult
    from valetkey.store.another import DamagedRecord

    settings = stored.settings or usual
    if stored.problem is not None and not isinstance(stored.problem, DamagedRecord):
        raise stored.problem  # of a newer version, which may still be in use
    if settings is not None:
        return build_engine(settings, store=store, login="never").logout()
    store.delete(stored.key)
    why = "It was made with what no record holds" if stored.problem is None else stored.problem.message.rstrip(".")
    return LogoutResult(existed=True, problem=f"{why}, so its tokens are not revoked and end when their time is over.")


def _tell(console: Console, ended: "list[tuple[StoredSession, LogoutResult]]") -> None:
    from valetkey._cli.views import account_of, names_of_session, server_of
    from valetkey.errors.texts import harmless

    documents, lines = [], []
    for stored, result in ended:
        documents.append({**names_of_session(stored), "revoked": result.revoked, "problem": result.problem})
        did = "revoked its tokens and forgot the session" if result.revoked else "forgot the session"
        lines.append(f"Logged out of {server_of(stored)} ({account_of(stored)}): {did}.")
        if result.problem is not None:
            lines.append(f"  {harmless(result.problem)}")
    console.result({"logged_out": documents}, "\n".join(lines) or "There was no session.")
