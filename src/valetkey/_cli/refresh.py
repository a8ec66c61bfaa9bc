# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey refresh`: renew sessions now, and see whether that works."""

from typing import TYPE_CHECKING

from valetkey._cli.console import Console
from valetkey._cli.outcome import ExitCode, code_of
from valetkey._cli.parameters import ClientId, Label, OptionalUrl, Principal, StoreName

if TYPE_CHECKING:
    from valetkey._sessions.listing import StoredSession
    from valetkey.store import Store
    from valetkey.values import Session


def refresh(
    console: Console,
    url: OptionalUrl = None,
    label: Label = None,
    principal: Principal = None,
    client_id: ClientId = None,
    store: StoreName = None,
) -> ExitCode | None:
    """Renew a session now. Without a URL, all are that need no person."""
    from valetkey._cli.accounts import PERSON, all_accounts, one_account
    from valetkey._cli.renewing import renewed
    from valetkey.store import open_store

    opened = open_store(store)
    if url is not None:
        stored = one_account(opened, url, principal=principal, label=label, client_id=client_id)
        with console.progress("Renewing…"):
            session = renewed(stored, opened)
        console.result({"sessions": [_document(stored, session)]}, _line(stored, session))
        return None
    everything = all_accounts(opened)
    if any(each.problem is not None for each in everything):
        console.tell("There are sessions that cannot be read; `valetkey status` says why.")
    listed = [each for each in everything if each.said("principal") == (principal or PERSON)]
    found = [each for each in listed if label in (None, each.said("label")) and _is_renewable(each)]
    return _renew_all(console, found, opened, otherwise=_nothing(found, listed))


def _renew_all(console: Console, found: "list[StoredSession]", store: "Store", *, otherwise: str) -> ExitCode | None:
    """Renew each session, whatever becomes of the others; the exit code is that of the first that is not renewed."""
    from valetkey._cli.renewing import renewed
    from valetkey._cli.views import account_of, names_of_session, server_of
    from valetkey.errors import AuthError

    documents, lines, failure = [], [], None
    for stored in found:
        try:
            with console.progress("Renewing…"):
                session = renewed(stored, store)
        except AuthError as error:
            failure = failure or error
            documents.append({**names_of_session(stored), "renewed": False, "error": console.document_of(error)})
            console.tell(f"{server_of(stored)} ({account_of(stored)}): {error.message} {console.hint_of(error)}")
        else:
            documents.append(_document(stored, session))
            lines.append(_line(stored, session))
    console.result({"sessions": documents}, "\n".join(lines) or otherwise)
    return None if failure is None else code_of(failure)


def _document(stored: "StoredSession", session: "Session") -> dict[str, object]:
    from valetkey._cli.views import names_of_session

    return {**names_of_session(stored), "renewed": True, "expires_at": session.token.expires_at}


def _line(stored: "StoredSession", session: "Session") -> str:
    import time

    from valetkey._cli.views import account_of, duration, server_of

    expires_at = session.token.expires_at
    lasts = "" if expires_at is None else f"; the token is good for {duration(expires_at - time.time())}"
    return f"Renewed {server_of(stored)} ({account_of(stored)}){lasts}."


def _nothing(found: "list[StoredSession]", listed: "list[StoredSession]") -> str:
    if found:  # each failure is told already
        return "No session was renewed."
    if listed:
        return "No session can be renewed without a person. See your sessions: valetkey status"
    return "No session yet. Log in: valetkey login URL"


def _is_renewable(stored: "StoredSession") -> bool:
    is_machine = stored.settings is not None and stored.settings.is_machine
    return stored.session is not None and (stored.session.token.refresh_token is not None or is_machine)
