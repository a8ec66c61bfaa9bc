# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""`valetkey status`: which sessions there are, where they are, and whether they are encrypted."""

from typing import TYPE_CHECKING

from valetkey._cli.console import Console
from valetkey._cli.outcome import ExitCode
from valetkey._cli.parameters import Label, OptionalUrl, Principal, StoreName

if TYPE_CHECKING:
    from collections.abc import Callable

    from valetkey._sessions.listing import StoredSession


def status(
    console: Console,
    url: OptionalUrl = None,
    label: Label = None,
    principal: Principal = None,
    store: StoreName = None,
) -> ExitCode | None:
    """Show your sessions. It says where they are kept, and whether they are encrypted."""
    from valetkey._cli.accounts import accounts_at, all_accounts, one_account
    from valetkey._cli.views import counted, document_of_session, lines_of_session, state_of
    from valetkey._sessions.codec import Kind
    from valetkey._sessions.listing import count_records
    from valetkey.errors import StoreError
    from valetkey.store import open_store
    from valetkey.store.another import place_of
    from valetkey.store.encryption.protection import describe

    opened = open_store(store)
    try:
        protection = describe(opened)
        listed = all_accounts(opened) if url is None else accounts_at(opened, url, principal=principal, label=label)
        found = [stored for stored in listed if _is_wanted(stored.said, principal, label)]
        pending, clients = count_records(opened, Kind.LOGIN), count_records(opened, Kind.CLIENT)
    except StoreError as error:
        raise error.with_place(place_of(opened)) from error.__cause__
    if url is not None and not found:
        one_account(opened, url, principal=principal, label=label)  # raises, and says what there is
    place = place_of(opened) or "memory"
    document = {
        "store": {"place": place, "encrypted": protection.encrypted, "protection": protection.where},
        "sessions": [document_of_session(stored) for stored in found],
        "registered_clients": clients,
        "pending_logins": pending,
    }
    kept = "encrypted" if protection.encrypted else "not encrypted"
    head = [f"Sessions are in {place}", f"  {kept}: {protection.where}"]
    counts = [
        (clients, "registered client", "registered clients"),
        (pending, "login that waits for a person", "logins that wait for a person"),
    ]
    if clients or pending:
        head.append(f"  besides: {', '.join(counted(*each) for each in counts if each[0])}")
    blocks = [head, *map(lines_of_session, found)] if found else [head, [_none(listed, principal, label)]]
    console.result(document, "\n\n".join("\n".join(block) for block in blocks))
    needs_person = {"expired", "ended", "unreadable"}
    return ExitCode.LOGIN if url is not None and any(state_of(each) in needs_person for each in found) else None


def _none(listed: "list[StoredSession]", principal: str | None, label: str | None) -> str:
    from valetkey._cli.views import account_of
    from valetkey.errors import quote

    if not listed:
        return "No session yet. Log in: valetkey login URL"
    who = " of ".join(quote(name) for name in (label, principal) if name is not None)
    return f"No session of {who}. Choose one of: {', '.join(dict.fromkeys(account_of(each) for each in listed))}."


def _is_wanted(said: "Callable[[str], str | None]", principal: str | None, label: str | None) -> bool:
    return principal in (None, said("principal")) and label in (None, said("label"))
