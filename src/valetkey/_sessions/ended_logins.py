# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Removing logins whose time is over: one that no person looks at again would leave its two records in the store for ever.

It happens beside the calls, in the thread that keeps stores up. The process that began a login removes it after its
end. What a process has left that ended before is found in a list of the store's keys, once an hour at most.
"""

import logging
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial

from valetkey._sessions.codec import Kind, login_key, readable_members
from valetkey._sessions.pending_codec import PendingRecord, decode_pending
from valetkey.errors import StoreError
from valetkey.store import upkeep
from valetkey.store.another import DamagedRecord, place_of
from valetkey.store.checked import CheckedStore
from valetkey.store.encryption.encrypted import Listing
from valetkey.store.protocol import ABSENT, Absent, Conflict, Store

_logger = logging.getLogger("valetkey")

GRACE_SECONDS = 60.0
"""How long after its end a login is removed: the clocks of other hosts may differ, and an answer may be on its way."""

SWEEP_SECONDS = 3600.0
"""Seconds between two looks of a process through all keys of a store."""

Later = Callable[[float, upkeep.Task, str], object]
"""Calls a task after some seconds; the text names the store, whose tasks are done one after the other."""

_swept: dict[str, float] = {}  # when this process has looked through the store at a place


def noted_login(store: Store, waiting: str) -> tuple[str | None, str | Absent]:
    """Give the id of the login that a note names, None if it names none, and the version of the note."""
    note = store.get(waiting)
    if note is None:
        return None, ABSENT
    login_id = (readable_members(Kind.WAITING, note.value) or {}).get("login")
    return login_id if isinstance(login_id, str) else None, note.version


class EndedLogins:
    """Removes the ended logins of one store. A store that fails is left as it is, until the next time."""

    def __init__(self, store: Store, now: Callable[[], float], later: Later | None) -> None:
        self._store = store
        self._now = now
        self._later = later or upkeep.later

    def remove_later(self, waiting: str, record: PendingRecord) -> None:
        """Have a login that begins now removed after its end, with the note that names it."""
        seconds = max(0.0, record.ends_at - self._now()) + GRACE_SECONDS
        self._later(seconds, partial(self._remove, waiting, record.id), place_of(self._store))

    def _remove(self, waiting: str, login_id: str) -> None:
        try:
            self._remove_login(login_key(login_id))
            noted, version = noted_login(self._store, waiting)
            if noted == login_id and not self._is_there(login_id):
                self._remove_note(waiting, version)
        except StoreError as error:
            _logger.debug("a login that is over is not removed now: %s", error)
        self._sweep_now_and_then()

    def _sweep_now_and_then(self) -> None:
        store = self._store.inner if isinstance(self._store, CheckedStore) else self._store
        place, now = place_of(store), time.monotonic()
        if not place or not isinstance(store, Listing) or now < _swept.get(place, -SWEEP_SECONDS) + SWEEP_SECONDS:
            return
        _swept[place] = now
        # In a line of its own: while a long list is read, the leases of the store have to be extended.
        self._later(0.0, partial(_next_step, self._sweeping(store)), f"logins in {place}")

    def _sweeping(self, store: Listing) -> Generator[float, None, None]:
        """Remove what is over, and pause before each request, so that other tasks have their turn."""
        keys = store.keys()
        for key in (each for each in keys if each.startswith(f"{Kind.LOGIN}:")):
            yield 0.0
            self._remove_login(key)
        lonely = []
        for key in (each for each in keys if each.startswith(f"{Kind.WAITING}:")):
            yield 0.0
            login_id, version = noted_login(self._store, key)
            if not self._is_there(login_id):
                lonely.append((key, login_id, version))
        yield GRACE_SECONDS  # a login that begins just now writes the note first
        for key, login_id, version in lonely:
            yield 0.0
            if not self._is_there(login_id):
                self._remove_note(key, version)

    def _remove_login(self, key: str) -> None:
        stored = self._store.get(key)
        if stored is None:
            return
        with suppress(DamagedRecord):  # then it is none that could be completed
            if not decode_pending(stored.value).is_over(self._now() - GRACE_SECONDS):
                return
        with suppress(Conflict):
            self._store.delete(key, if_version=stored.version)

    def _is_there(self, login_id: str | None) -> bool:
        return login_id is not None and self._store.get(login_key(login_id)) is not None

    def _remove_note(self, key: str, version: str | Absent) -> None:
        with suppress(Conflict):  # another login has begun meanwhile
            self._store.delete(key, if_version=version)


def _next_step(steps: Generator[float, None, None]) -> float | None:
    try:
        return next(steps, None)
    except StoreError as error:
        _logger.debug("the logins that are over are not looked for now: %s", error)
        return None
