# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Moving all records from one store to another, in an order in which no record can be lost.

A record is written durably to the new store and read back before it is deleted in the old store. A process that dies in
between leaves the record in both stores, and another call continues the move.
"""

import time
from collections.abc import Callable
from contextlib import suppress

from valetkey.errors import ConfigurationError, StoreError, TemporaryError
from valetkey.store.encryption.encrypted import list_keys
from valetkey.store.leases.holding import LeaseTimeout, hold
from valetkey.store.protocol import ABSENT, Condition, Conflict, Record, Store

_LEASE = ":lease"  # a record of `valetkey.store.leases.cas_lease`, which is of no use in another store


def move_records(
    source: Store,
    target: Store,
    *,
    delete: bool = True,
    overwrite: bool = False,
    pause: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> int:
    """
    Move every record under its lease, so that no program renews the session meanwhile.

    :param delete: False to leave them at their old place too. Only one of the two may be used then: where refresh
        tokens rotate, the other one's sessions end.
    :returns: How many records are at their new place now.
    """
    keys = [key for key in list_keys(source) if not key.endswith(_LEASE)]
    taken = [key for key in keys if _is_taken(source.get(key), target.get(key))]
    if taken and not overwrite:
        raise _taken(len(taken))
    moved = 0
    for key in keys:
        try:
            lease = hold(source, key, pause=pause, monotonic=monotonic)
        except LeaseTimeout as error:
            message = f"A program is busy with one of the sessions; {moved} of {len(keys)} records have been moved."
            raise TemporaryError(message, hint="End the programs that use the old store, then move again.") from error
        with lease:
            moved += _move(key, source, target, delete=delete, overwrite=overwrite)
    return moved


def _move(key: str, source: Store, target: Store, *, delete: bool, overwrite: bool) -> bool:
    """Move one record, and move it again if a program without its lease writes it meanwhile."""
    ours: str | None = None
    while True:
        record, there = source.get(key), target.get(key)
        if record is None:  # a program has logged out, so the copy in the new store ends too
            if ours is not None:
                with suppress(Conflict):
                    target.delete(key, if_version=ours)
            return False
        if _is_taken(record, there) and not overwrite and (there is None or there.version != ours):
            raise _taken(1)
        try:
            ours = _copy(key, record, there, target)
            if delete:
                source.delete(key, if_version=record.version)
        except Conflict:
            continue
        return True


def _copy(key: str, record: Record, there: Record | None, target: Store) -> str:
    if there is not None and there.value == record.value:
        return there.version  # of an earlier move that was interrupted
    expected: Condition = ABSENT if there is None else there.version
    version = target.put(key, record.value, if_version=expected)
    kept = target.get(key)
    if kept is None or kept.version != version:
        raise Conflict(key)
    if kept.value != record.value:
        message = "The new store does not give back what was written into it."
        raise StoreError(message, hint="Nothing is lost at the old place; look after the new store.")
    return version


def _is_taken(record: Record | None, there: Record | None) -> bool:
    if record is None or there is None:
        return False
    if record.version == there.version:  # versions are random, so this is the same record
        message = "Both names lead to the same store."
        raise ConfigurationError(message, hint="Name another place to move to.")
    return record.value != there.value


def _taken(count: int) -> ConfigurationError:
    message = f"{count} of the records are in the new store already, and are not the same there."
    hint = "See which of the two stores is in use: go on with it, or give overwrite=True to let the old one win."
    return ConfigurationError(message, hint=hint)
