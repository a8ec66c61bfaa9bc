# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The proof that a form was sent from our own page: a token in it that no other site can know or make.

It is a digest over the user and the half day, with a key that the store keeps for all workers.
"""

import hmac
import secrets
import time
from collections.abc import Callable
from contextlib import suppress

from valetkey.store import ABSENT, Conflict, Store

KEY = "web:form-key"
"""Of the record with the key."""

HALF_DAY = 43_200.0
"""Seconds for which a form is good at least; it is good twice as long at most."""

MOST_AHEAD = 300.0
"""How many seconds the clock of the worker that made a form may be ahead of the clock of the one that gets it."""


class FormTokens:
    """Makes and checks the tokens of forms. Each method may raise `StoreError`."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now

    def make(self, principal: str) -> str:
        """Make a token for the forms of one user."""
        return _token(self._shared_key(), principal, self._half_day())

    def is_right(self, token: str, principal: str) -> bool:
        """Tell whether a token was made for this user, not longer than a day ago."""
        key, now = self._shared_key(), self._half_day()
        half_days = {now - 1, now, self._half_day(ahead=MOST_AHEAD)}
        candidates = [_token(key, principal, half_day) for half_day in half_days]
        given = token.encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(given, candidate.encode()) for candidate in candidates)

    def _half_day(self, ahead: float = 0.0) -> int:
        return int((self._now() + ahead) // HALF_DAY)

    def _shared_key(self) -> bytes:
        """Read the key each time: a store that was emptied has another one, which every worker has to use at once."""
        while True:
            stored = self._store.get(KEY)
            if stored is not None:
                return stored.value
            with suppress(Conflict):  # another worker has made it meanwhile
                self._store.put(KEY, secrets.token_bytes(32), if_version=ABSENT)


def _token(key: bytes, principal: str, half_day: int) -> str:
    return hmac.digest(key, f"{half_day}\n{principal}".encode(), "sha256").hex()
