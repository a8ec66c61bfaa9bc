# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The logins in a store that wait for their answer: at most one for each session, and a note beside the session names it.

Nothing is held meanwhile. A process that redeems an answer claims the record first with a conditional write, so that of
any number of processes one does.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace

from valetkey._sessions.codec import Kind, encode_members, login_key
from valetkey._sessions.ended_logins import EndedLogins, Later, noted_login
from valetkey._sessions.pending_codec import PendingRecord, decode_pending, encode_pending
from valetkey.store.another import MOST_WRITES, DamagedRecord, always_in_conflict
from valetkey.store.leases.holding import LeaseTimeout, hold
from valetkey.store.leases.keeping import LEASE_SECONDS
from valetkey.store.protocol import ABSENT, Conflict, Store


class PendingLogins:
    """Reads and writes the pending logins of one store. Each method may raise `StoreError`."""

    def __init__(self, store: Store, now: Callable[[], float], later: Later | None = None) -> None:
        self._store = store
        self._now = now
        self._ended = EndedLogins(store, now, later)

    def find(self, login_id: str) -> tuple[PendingRecord, str] | None:
        """Give a login by its id, with its version; None if there is none, or its time is over."""
        key = login_key(login_id)
        stored = self._store.get(key)
        if stored is None:
            return None
        try:
            record = decode_pending(stored.value)
        except DamagedRecord:
            return None
        if record.id != login_id:  # a record that was copied to another key
            return None
        if record.is_over(self._now()):
            with suppress(Conflict):
                self._store.delete(key, if_version=stored.version)
            return None
        return record, stored.version

    def of_session(self, waiting: str) -> PendingRecord | None:
        """Give the login that waits for a session, by the key of the note beside it."""
        login_id = noted_login(self._store, waiting)[0]
        found = None if login_id is None else self.find(login_id)
        return None if found is None else found[0]

    def to_join(self, waiting: str, mark: str, *, by_name: bool = False) -> PendingRecord | None:
        """
        Give the login that a caller with these settings joins.

        While an answer is redeemed there is no session yet, and its process may have died. So a person who asks for a
        login by name then does not get the link that leads no further, and other callers only while the process lives.
        """
        found = self.of_session(waiting)
        if found is None or found.mark != mark:
            return None
        is_to_come = found.claimed_at is None or not (by_name or self._is_abandoned(waiting))
        return found if is_to_come else None

    def begin(self, waiting: str, record: PendingRecord) -> None:
        """Write a login as the one of its session; it takes the place of the one before, whose answer is then void."""
        for _ in range(MOST_WRITES):
            before, version = noted_login(self._store, waiting)
            try:
                # The note comes first: a process that dies in between leaves no record that no note names.
                self._store.put(waiting, encode_members(Kind.WAITING, {"login": record.id}), if_version=version)
            except Conflict:
                continue
            if before is not None:
                self._store.delete(login_key(before))
            self._store.put(login_key(record.id), encode_pending(record), if_version=ABSENT)
            self._ended.remove_later(waiting, record)
            return
        raise always_in_conflict()

    def hold(self, waiting: str) -> AbstractContextManager[object]:
        """Show the other processes that this one lives, while it redeems the answer of the login of a session."""
        try:
            # The lease of the note, and not of the login: a file keeps a lock for each name that was ever held.
            return hold(self._store, waiting, seconds=0.0)
        except LeaseTimeout:  # another process redeems an answer, and the claim says of which login
            return nullcontext()

    def _is_abandoned(self, waiting: str) -> bool:
        """Tell whether the process that has claimed the login of a session lives no more: nothing holds the lease."""
        lease = self._store.lease(waiting, seconds=LEASE_SECONDS)
        if lease is None:
            return False
        lease.release()
        return True

    def claim(self, record: PendingRecord, version: str) -> str | None:
        """Take a login to redeem its answer, and give its new version; None if another process has taken it."""
        if record.claimed_at is not None:
            return None
        claimed = replace(record, claimed_at=self._now())
        try:
            return self._store.put(login_key(record.id), encode_pending(claimed), if_version=version)
        except Conflict:
            return None

    def give_back(self, record: PendingRecord, version: str) -> None:
        """Let the answer be redeemed once more, because its server could not answer now."""
        with suppress(Conflict):
            self._store.put(login_key(record.id), encode_pending(record), if_version=version)

    def end(self, waiting: str, login_id: str) -> bool:
        """Delete a login and the note that names it; True if there was one."""
        existed = self._store.delete(login_key(login_id))
        noted, version = noted_login(self._store, waiting)
        if noted == login_id:
            with suppress(Conflict):  # another login has begun meanwhile
                self._store.delete(waiting, if_version=version)
        return existed

    def end_of_session(self, waiting: str) -> None:
        """Delete the login that waits for a session, if one does."""
        login_id = noted_login(self._store, waiting)[0]
        if login_id is not None:
            self.end(waiting, login_id)
