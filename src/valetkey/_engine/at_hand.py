# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The session in memory, which one look into the store fills.

A program may have several engines of one session: with other settings, or another way to log in. After a logout of one,
none of them sends the token any more. Where several processes serve the users, each looks again from time to time.
"""

import concurrent.futures
import logging
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress

from valetkey._engine.single_flight import SingleFlight
from valetkey._sessions.sessions import Sessions
from valetkey.errors import StoreError
from valetkey.store.another import place_of
from valetkey.store.checked import CheckedStore
from valetkey.store.protocol import Store
from valetkey.values import Session, Token

_logger = logging.getLogger("valetkey")

LOOK_SECONDS = 30.0
"""How long after the last look `look_again` looks."""


class _SameSession:
    """All that have one session of one store at hand: most often one, for which a `WeakSet` would be large."""

    __slots__ = ("__weakref__", "_members")

    def __init__(self) -> None:
        self._members: list[weakref.ref[SessionAtHand]] = []

    def add(self, member: "SessionAtHand") -> None:
        self._members = [each for each in self._members if each() is not None] + [weakref.ref(member)]

    def others(self, member: "SessionAtHand") -> "list[SessionAtHand]":
        return [each for one in self._members if (each := one()) is not None and each is not member]


_living: "weakref.WeakValueDictionary[tuple[int, str], _SameSession]" = weakref.WeakValueDictionary()
_joining = threading.Lock()  # guards _living, and the members of each


class SessionAtHand:
    """The session of one engine in memory. It is replaced as a whole, so reading it needs no lock."""

    def __init__(self, sessions: Sessions, monotonic: Callable[[], float]) -> None:
        self._sessions = sessions
        self._monotonic = monotonic
        self._looked_at = 0.0
        self._look: SingleFlight[None] = SingleFlight(must_finish=False, lane="looks")
        self.session: Session | None = None
        self.has_looked = False
        self._forgotten = 0  # how often
        store = _innermost(sessions.store)
        with _joining:
            self._same = _living.setdefault((id(store), sessions.key), _SameSession())
            self._same.add(self)

    def forget(self) -> None:
        """Forget the session after its end; every other engine of it in this process looks into the store anew."""
        with _joining:
            others = self._same.others(self)
        for each in others:
            each._forgotten += 1
            each.session, each.has_looked = None, False
        self.replace(None)

    def replace(self, session: Session | None) -> None:
        """Keep the session of a login, or None after a logout."""
        self.session, self.has_looked, self._looked_at = session, True, self._monotonic()

    def read(self) -> Session | None:
        """Read the session from the store again, and leave the one in memory as it is; it may be newer by then."""
        return self._sessions.read()[0]

    def is_outdated(self, token: Token | None) -> bool:
        """Tell whether the stored session has another token by now, or has ended; a store that fails says neither."""
        if token is None:
            return True
        try:
            stored = self.read()
        except StoreError as error:
            _logger.info("the token that was sent counts as new: %s", error.with_place(place_of(self._sessions.store)))
            return False
        return stored is None or stored.token.access_token != token.access_token

    def look(self) -> None:
        """
        Read the session from the store, the first time.

        A store that cannot be read is logged and is no error: the MCP server may want no token.
        """
        if self.has_looked:
            return
        session, forgotten = None, self._forgotten
        try:
            session, _ = self._sessions.read()
        except StoreError as error:
            _logger.warning("going on without a session: %s", error.with_place(place_of(self._sessions.store)))
        if self._is_news(forgotten):
            self.replace(session)

    def _is_news(self, forgotten: int) -> bool:
        """Tell whether what was read counts: no login and no logout has ended meanwhile, which would know better."""
        return not self.has_looked and forgotten == self._forgotten

    def start_look(self) -> concurrent.futures.Future[None]:
        """
        Look in another thread; callers at the same time share one look.

        :raises RuntimeError: If no thread can be started.
        """
        return self._look.join(lambda _: self.look())[0]

    def look_again(self) -> None:
        """Look in another thread whether there is another session now, or none, if the last look is long ago."""
        now = self._monotonic()
        if self.session is not None and now >= self._looked_at + LOOK_SECONDS:
            self._looked_at = now
            with suppress(RuntimeError):  # no thread can be started: the look is for a later call
                self._look.join(lambda _: self._see())

    def _see(self) -> None:
        before, forgotten = self.session, self._forgotten
        try:
            stored = self.read()
        except StoreError as error:
            _logger.info("going on with the session at hand: %s", error.with_place(place_of(self._sessions.store)))
            return
        is_same = self.session is before and forgotten == self._forgotten  # else a login or a logout ended meanwhile
        if is_same and (stored is None or before is None or stored.token.obtained_at >= before.token.obtained_at):
            self.replace(stored)


def _innermost(store: Store) -> Store:
    return store.inner if isinstance(store, CheckedStore) else store
