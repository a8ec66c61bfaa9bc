# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The logins that wait for their answer, as the routes see them: what `valetkey` has for web apps, and its seam."""

from typing import Protocol

from valetkey._adapters.framework import complete_login, find_pending, pending_of_answer
from valetkey.login import PendingLogin
from valetkey.store import Store
from valetkey.values import Session


class PendingLogins(Protocol):
    """The pending logins of one store. Each method may raise an `AuthError`."""

    def find(self, login_id: str) -> PendingLogin | None:
        """Give a login by the id in its link; None if it is over."""

    def of_answer(self, callback_url: str) -> PendingLogin | None:
        """Give the login that an answer belongs to; None if none waits for it."""

    def complete(self, callback_url: str, principal: str) -> Session:
        """Redeem the answer of a user's login, and save the session."""


class StoredLogins:
    """Those in a store that all workers share."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, login_id: str) -> PendingLogin | None:
        """Look the login up."""
        return find_pending(self._store, login_id)

    def of_answer(self, callback_url: str) -> PendingLogin | None:
        """Look the login up by the state in its answer."""
        return pending_of_answer(self._store, callback_url)

    def complete(self, callback_url: str, principal: str) -> Session:
        """Complete it, also if another worker has begun it."""
        return complete_login(self._store, callback_url, principal=principal)
