# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The one session of an engine in its store: read, written, compared."""

import logging
from dataclasses import replace

from valetkey._policy.fitting import as_kept, as_set, contradicting_option
from valetkey._sessions.codec import decode_session, encode_session, session_key
from valetkey._sessions.fingerprint import fingerprint
from valetkey._sessions.members import Members
from valetkey._sessions.written_settings import write_given_settings
from valetkey.errors import StoreError
from valetkey.events.listening import tell
from valetkey.made_once import made_once
from valetkey.seams import Seams
from valetkey.settings.settings import Settings
from valetkey.store.another import MOST_WRITES, DamagedRecord, always_in_conflict
from valetkey.store.protocol import ABSENT, ANY, Absent, Condition, Conflict, Store
from valetkey.values import Session, Token

_logger = logging.getLogger("valetkey")

SAVING_SECONDS = 60.0
"""How many seconds an answer is held in memory while the store cannot be written."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5


class Sessions:
    """Reads and writes the session of one principal at one MCP server. Each method may raise `StoreError`."""

    def __init__(self, settings: Settings, store: Store, seams: Seams) -> None:
        self.store: Store = store
        self.key: str = session_key(settings)
        self._settings = settings
        self._seams = seams
        self._seen: tuple[str | Absent, Session] | None = None  # the version read or written last, and what is stored
        self._told: str | Absent = ABSENT  # the version of a session that does not fit, when that is in the log

    @made_once
    def _written(self) -> Members:
        return write_given_settings(self._settings)

    def read(self) -> tuple[Session | None, str | Absent]:
        """
        Read the session and its version; None and `ABSENT` if there is none.

        A session that does not fit the settings is not used: then there is only the version, to write over it.
        """
        session, version = self._read()
        option = contradicting_option(self._settings, session) if session is not None else None
        if session is None or option is None:
            return session and as_set(self._settings, session), version
        if version != self._told:
            self._told = version
            _logger.info("the session at %s was obtained with another %s=, so it is not used", session.issuer, option)
        return None, version

    def read_to_revoke(self) -> tuple[Session | str | None, Condition]:
        """
        Do as `read`, but give a session that does not fit too; or say why there is nothing to revoke its tokens with.

        The version is the one to delete: any one of a record that is damaged.
        """
        try:
            session, version = self._read()
        except DamagedRecord as error:
            return f"{error.message} Its tokens end when their time is over.", ANY
        if session is None:
            return None, version
        if self._settings.issuer not in (None, session.issuer):
            return "The session was of another issuer than the trusted one.", version
        return as_set(self._settings, session), version

    def _read(self) -> tuple[Session | None, str | Absent]:
        record = self.store.get(self.key)
        if record is None:
            return None, ABSENT
        session = decode_session(record.value)
        self._seen = record.version, session
        return session, record.version

    def write(self, session: Session, version: str | Absent) -> str:
        """
        Write the session once, and give its new version.

        :raises Conflict: If another version than the given one is there.
        """
        written = self.store.put(self.key, encode_session(session, self._written), if_version=version)
        self._seen = written, session
        return written

    def amend(self, session: Session, version: str | Absent) -> str:
        """
        Write once what has happened to a session that was read, and give its new version.

        What the settings replace of it stays as it was stored: only the answer to a renewal shows that they are right.

        :raises Conflict: If another version than the given one is there.
        """
        if self._seen is not None and self._seen[0] == version:
            stored = self._seen[1]
            session = as_kept(session, as_set(self._settings, stored), stored)
        return self.write(session, version)

    def delete(self, version: Condition) -> None:
        """
        Delete the session.

        :raises Conflict: If another version than the given one is there.
        """
        self.store.delete(self.key, if_version=version)

    def save_answer(self, session: Session, version: str | Absent, *, renews: Token | None = None) -> Session:
        """
        Write a session that a server has just issued. It exists nowhere else, so this is tried for a whole minute.

        :param renews: The token that was refreshed; None for a new login, which is written although a person has logged
            out meanwhile.
        :returns: The session that is in the store now: this one, or a newer one that another program has written.
        :raises Conflict: If a person has logged out meanwhile, and the token was refreshed.
        """
        if renews is None and session.interactive:
            session = replace(session, login=fingerprint(session.token.access_token))
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
        for _ in range(MOST_WRITES):
            try:
                self.write(session, version)
            except Conflict:
                stored, version = self.read()
                if version is ABSENT and renews is not None:
                    raise
                if stored is not None and _is_newer(stored.token, session.token, renews):
                    return stored  # another program went on while this one was frozen
            else:
                _tell_of(session)
                return session
        raise always_in_conflict()


def _tell_of(session: Session) -> None:
    tell(
        "SessionSaved",
        issuer=session.issuer,
        client_id=session.client.client_id,
        scope=session.token.scope,
        expires_at=session.token.expires_at,
        renewable=session.token.refresh_token is not None,
    )


def _is_newer(stored: Token, ours: Token, renews: Token | None) -> bool:
    """
    Tell whether the stored token is newer than ours: its request left later.

    The token that was refreshed is older than its successor, also where the clock was set back meanwhile.
    """
    if renews is not None and stored.access_token == renews.access_token:
        return False
    return stored.obtained_at > ours.obtained_at
