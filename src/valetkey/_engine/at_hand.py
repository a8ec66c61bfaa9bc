# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The session in memory, which one look into the store fills."""

import concurrent.futures
import logging

from valetkey._engine.single_flight import SingleFlight
from valetkey._sessions.sessions import Sessions
from valetkey.errors import StoreError
from valetkey.store.another import place_of
from valetkey.values import Session

_logger = logging.getLogger("valetkey")


class SessionAtHand:
    """The session of one engine in memory. It is replaced as a whole, so reading it needs no lock."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._look: SingleFlight[None] = SingleFlight(must_finish=False, lane="looks")
        self.session: Session | None = None
        self.has_looked = False

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
        session = None
        try:
            session, _ = self._sessions.read()
        except StoreError as error:
            _logger.warning("going on without a session: %s", error.with_place(place_of(self._sessions.store)))
        if not self.has_looked:  # else a login or a logout ended meanwhile, and knows better
            self.replace(session)

    def start_look(self) -> concurrent.futures.Future[None]:
        """
        Look in another thread; callers at the same time share one look.

        :raises RuntimeError: If no thread can be started.
        """
        return self._look.join(lambda _: self.look())[0]
