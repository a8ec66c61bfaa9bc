# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""The brake of one session in its store, beside the session's record: it counts for every program that shares it."""

import logging
from collections.abc import Callable
from dataclasses import asdict

from valetkey._policy.brake import CLEAN, Brake, Declined, Failure, marked, with_settings
from valetkey._sessions.codec import Kind, brake_key, encode_members, readable_members
from valetkey._sessions.fingerprint import settings_mark
from valetkey._sessions.members import Members, optional, text, texts, time
from valetkey.made_once import made_once
from valetkey.settings.settings import Settings
from valetkey.store.another import MOST_WRITES, always_in_conflict
from valetkey.store.protocol import ABSENT, Absent, Conflict, Store

_logger = logging.getLogger("valetkey")


def encode_brake(brake: Brake) -> bytes:
    """Give the value of a brake's record."""
    return encode_members(Kind.BRAKE, asdict(brake))


def decode_brake(value: bytes) -> Brake:
    """Read what `encode_brake` wrote; what cannot be read holds nothing back. A `StoreError` if it is newer."""
    try:
        members = readable_members(Kind.BRAKE, value) or {}
        failure = optional(text, members, "failure")
        return Brake(
            acts=_number(members, "acts"),
            since=float(time(members, "since")),
            at=float(time(members, "at")),
            rejections=_number(members, "rejections"),
            failure=None if failure is None else Failure(failure),
            words=text(members, "words"),
            error=optional(text, members, "error"),
            judged=text(members, "judged"),
            declined=tuple(map(_declined, members["declined"])),
            widened=_number(members, "widened"),
            settings=texts(members, "settings") or (),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        _logger.warning("the record of a session's failed logins is damaged, and counts as empty")
        return CLEAN


def _declined(members: Members) -> Declined:
    return Declined(texts(members, "scope"), _number(members, "times"), float(time(members, "at")))


def _number(members: Members, name: str) -> int:
    return max(int(time(members, name)), 0)


class Brakes:
    """Reads and writes the brake of one session. Each method may raise `StoreError`."""

    def __init__(self, settings: Settings, store: Store, mark: str | None = None) -> None:
        self.key: str = brake_key(settings)
        self._store = store
        self._settings = settings
        self._known_mark = mark  # a login's record has the mark, and not all the settings
        self._read: tuple[Brake, str | Absent] = CLEAN, ABSENT

    @made_once
    def _mark(self) -> str:
        return self._known_mark or settings_mark(self._settings)

    def read(self) -> Brake:
        """Read the brake; a session without a record has nothing behind it, and neither have settings not yet tried."""
        record = self._store.get(self.key)
        if record is None:
            self._read = CLEAN, ABSENT
        else:
            self._read = with_settings(decode_brake(record.value), self._mark), record.version
        return self._read[0]

    def change(self, change: Callable[[Brake], Brake]) -> Brake:
        """Write what a change makes of the brake that was read last, or of the one that another program has written."""
        for _ in range(MOST_WRITES):
            brake, version = self._read
            changed = marked(change(brake), self._mark)
            try:
                self._read = changed, self._store.put(self.key, encode_brake(changed), if_version=version)
            except Conflict:
                self.read()
            else:
                return changed
        raise always_in_conflict()

    def forget(self) -> None:
        """Delete the record, if there is one."""
        if self._store.get(self.key) is not None:
            self._store.delete(self.key)
        self._read = CLEAN, ABSENT
