# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The pending logins of a store, for a web app: it has a store and no settings, and all that it needs is in the records.

Its start route looks a login up by the id in the link, and redirects the browser of the user it was begun for, and of
no other one, to its `authorization_url`. Its callback route hands the whole URL over to `complete_login`.
"""

import time

from valetkey._engine.completing import require_owner, waiting_for
from valetkey._engine.engine import Engine
from valetkey._engine.factory import build_engine, living_engine
from valetkey._sessions.codec import session_key, waiting_key
from valetkey._sessions.fingerprint import settings_mark
from valetkey._sessions.pending_codec import PendingRecord, login_id_of
from valetkey._sessions.pending_logins import PendingLogins
from valetkey.errors import ConfigurationError
from valetkey.errors.redaction import redacting
from valetkey.login.pending import PendingLogin
from valetkey.protocol.authorization import state_of
from valetkey.settings.settings import Settings
from valetkey.store.checked import CheckedStore
from valetkey.store.opening import open_store
from valetkey.store.protocol import Store
from valetkey.values import Session


def find_pending(store: Store | str | None, login_id: str) -> PendingLogin | None:
    """Give a login that waits for its answer, by its id; None if there is none, or its time is over."""
    found = _logins_of(_opened(store)).find(login_id)
    return None if found is None else found[0].view


def pending_of_answer(store: Store | str | None, callback_url: str) -> PendingLogin | None:
    """Give the login that an answer belongs to, by the state in it; None if no login waits for it."""
    with redacting():
        return find_pending(store, login_id_of(state_of(callback_url)))


def complete_login(store: Store | str | None, callback_url: str, *, principal: str) -> Session:
    """
    Complete a login with the URL that the browser of a user has come to, in any process that has the store.

    An answer to the login of another user, or with a wrong state, is refused and changes nothing.
    """
    opened = _opened(store)
    with redacting():
        record, _ = waiting_for(callback_url, _logins_of(opened))
        require_owner(record, principal)
    return _engine_for(record, opened).complete(callback_url, principal=principal)


def cancel_login(store: Store | str | None, login_id: str) -> bool:
    """End a login that waits, so that its link and its answer do nothing any more; False if there is none."""
    logins = _logins_of(_opened(store))
    found = logins.find(login_id)
    return False if found is None else logins.end(waiting_key(found[0].settings), login_id)


def _opened(store: Store | str | None) -> Store:
    return open_store(store) if store is None or isinstance(store, str) else store


def _logins_of(store: Store) -> PendingLogins:
    return PendingLogins(CheckedStore(store), time.time)


def _engine_for(record: PendingRecord, store: Store) -> Engine:
    """Give the engine that this process has for the session, or one made of what is in the record."""

    def fits(settings: Settings) -> bool:
        return session_key(settings) == session_key(record.settings) and settings_mark(settings) == record.mark

    engine = living_engine(store, fits)
    if engine is None and record.needs:
        needs = ", ".join(record.needs)
        message = f"The login at {record.request.server.issuer} was begun with {needs}, which no record holds."
        hint = "Complete it in a process that has these settings: with complete() of its OAuth object."
        raise ConfigurationError(message, hint=hint)
    return engine or build_engine(record.settings, store=store, login="link")
