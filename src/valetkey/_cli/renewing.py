# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Renewing a stored session by name, with nothing but its record."""

from typing import TYPE_CHECKING

from valetkey._cli.accounts import settings_of
from valetkey._cli.views import server_of, shown_url
from valetkey._engine.factory import build_engine
from valetkey.errors import LoginRequired

if TYPE_CHECKING:
    from valetkey._sessions.listing import StoredSession
    from valetkey.store import Store
    from valetkey.values import Session


def renewed(stored: "StoredSession", store: "Store") -> "Session":
    """
    Renew a session, and give it as it is then.

    :raises LoginRequired: If only a person could give a new token.
    """
    settings, session = settings_of(stored), stored.session
    if session is None or (session.token.refresh_token is None and not settings.is_machine):
        ended = session.ended if session is not None else None
        what = "has ended" if ended is not None else "has nothing to be renewed with"
        message = f"The session at {server_of(stored)} {what}."
        raise LoginRequired(message, hint=f"Log in again: valetkey login {shown_url(settings.server_url)}")
    return build_engine(settings, store=store, login="never").renew()
