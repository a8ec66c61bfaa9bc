# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The session in memory, which one look into the store fills.

A program may have several engines of one session: with other settings, or another way to log in. After a logout of one,
none of them sends the token any more.
"""

import concurrent.futures
import logging
import threading
import weakref

from valetkey._engine.single_flight import SingleFlight
from valetkey._sessions.sessions import Sessions
from valetkey.errors import StoreError
from valetkey.store.another import place_of
from valetkey.store.checked import CheckedStore
from valetkey.store.protocol import Store
from valetkey.values import Session

_logger = logging.getLogger("valetkey")


class _SameSession:
    """All that have one session of one store at hand."""

    def __init__(self) -> None:
        self.members: weakref.WeakSet[SessionAtHand] = weakref.WeakSet()


_living: "weakref.WeakValueDictionary[tuple[int, str], _SameSession]" = weakref.WeakValueDictionary()
_joining = threading.Lock()  # guards _living, and the members of each


class SessionAtHand:
    """The session of one engine in memory. It is replaced as a whole, so reading it needs no lock."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._look: SingleFlight[None] = SingleFlight(must_finish=False, lane="looks")
        self.session: Session | None = None
        self.has_looked = False
        self._forgotten = 0  # how often
        store = _innermost(sessions.store)
        with _joining:
            self._same = _living.setdefault((id(store), sessions.key), _SameSession())
            self._same.members.add(self)

    def forget(self) -> None:
        """Forget the session after its end; every other engine of it in this process looks into the store anew."""
        with _joining:
            others = [each for each in self._same.members if each is not self]
        for each in others:
            each._forgotten += 1
            each.session, each.has_looked = None, False
        self.replace(None)

    def replace(self, session: Session | None) -> None:
        """Keep the session of a login, or None after a logout."""
        self.session, self.has_looked = session, True

    def read(self) -> Session | None:
        """Read the session from the store again, and leave the one in memory as it is; it may be newer by then."""
        return self._sessions.read()[0]

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


def _innermost(store: Store) -> Store:
    return store.inner if isinstance(store, CheckedStore) else store
