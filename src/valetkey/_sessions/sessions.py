# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The one session of an engine in its store: read, written, compared."""

from valetkey._sessions.codec import decode_session, encode_session, session_key
from valetkey.errors import StoreError
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.protocol import ABSENT, Absent, Conflict, Store
from valetkey.values import Session, Token

SAVING_SECONDS = 60.0
"""How long an answer is held in memory while the store cannot be written."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5


class Sessions:
    """
    Reads and writes the session of these settings. What it wrote or read last is at hand as `version`.

    :param settings: The settings.
    :param store: The store.
    :param seams: Where the engine touches the world.
    """

    def __init__(self, settings: Settings, store: Store, seams: Seams) -> None:
        self.store: Store = store
        self.key: str = session_key(settings)
        self._settings = settings
        self._seams = seams

    def read(self) -> tuple[Session | None, str | Absent]:
        """
        Read the session.

        :returns: The session and its version; None and `ABSENT` if there is none. A session of another issuer than the
            pinned one is none of ours, nor is one that is bound to a key, or is not, against `dpop=`; but its version
            is needed to write over it.
        :raises StoreError: If the store cannot be read.
        """
        record = self.store.get(self.key)
        if record is None:
            return None, ABSENT
        session = decode_session(record.value)
        is_bound = session.dpop_key is not None
        if self._settings.issuer not in (None, session.issuer) or self._settings.dpop not in (None, is_bound):
            return None, record.version
        return session, record.version

    def write(self, session: Session, version: str | Absent) -> str:
        """
        Write the session once.

        :param session: The session.
        :param version: The version that must be there now.
        :returns: The new version.
        :raises Conflict: If another version is there.
        :raises StoreError: If the store cannot be written.
        """
        return self.store.put(self.key, encode_session(session), if_version=version)

    def delete(self, version: str) -> None:
        """
        Delete the session.

        :param version: The version that must be there now.
        :raises Conflict: If another version is there.
        :raises StoreError: If the store cannot be written.
        """
        self.store.delete(self.key, if_version=version)

    def prove_writable(self) -> None:
        """
        Make sure that what is about to be obtained can be kept, before anybody is asked for it.

        :raises StoreError: If the store cannot be written.
        """
        self.store.put(self.key + ":intent", b"")

    def save_answer(self, session: Session, version: str | Absent, *, renews: Token | None = None) -> Session:
        """
        Write a session that a server has just issued; it exists nowhere else, so a store in trouble is tried again.

        :param session: The session.
        :param version: The version that was there when the request was sent.
        :param renews: The token it goes on from, if it does: then a session that has been ended meanwhile stays so.
        :returns: The session that is in the store now.
        :raises Conflict: If somebody has logged out meanwhile, and the session would go on.
        :raises StoreError: If the store could not be written for a whole minute.
        """
        deadline = self._seams.monotonic() + SAVING_SECONDS
        pause = _FIRST_PAUSE
        while True:
            try:
                return self._write_newest(session, version, renews=renews)
            except StoreError:
                if self._seams.monotonic() >= deadline:
                    raise
                self._seams.pause(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _write_newest(self, session: Session, version: str | Absent, *, renews: Token | None) -> Session:
        while True:
            try:
                self.write(session, version)
            except Conflict:
                found, version = self.read()
                if version is ABSENT and renews is not None:
                    raise
                if found is not None and _is_newer(found.token, session.token, renews):
                    return found  # somebody went on while we were frozen
            else:
                return session


def _is_newer(found: Token, ours: Token, renews: Token | None) -> bool:
    """
    Tell which of two generations is the newer one: that whose request left later.

    What we have renewed is older than what came of it, whatever a clock says that was set back meanwhile.
    """
    if renews is not None and found.access_token == renews.access_token:
        return False
    return found.obtained_at > ours.obtained_at
