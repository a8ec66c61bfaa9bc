# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which store an error is about, and the way on where it cannot be used any more."""

import os
from typing import cast

from valetkey.errors import StoreError
from valetkey.store.protocol import Lease, Record, Store

ANOTHER_STORE = "name another store where this one is named (store=, token_storage= or VALETKEY_STORE)"
"""A part of a hint. A name in the program counts before the environment variable."""


MOST_WRITES = 20
"""How often in a row a record is written while another program is always first; then the store is at fault."""


class DamagedRecord(StoreError):
    """A record that no program can read any more. A logout removes it."""


LOG_OUT = "Log out of this server and log in again."
"""The hint where the damaged record is of a session."""


def place_of(store: Store) -> str:
    """Give the path or URL of a store, without a password; empty for one that does not say."""
    return str(getattr(store, "place", ""))


def busy_hint(store: Store) -> str:
    """Say what to do if another program keeps a lease for long; with a file, its name leads to that program."""
    place = place_of(store)
    if os.name != "posix" or not os.path.isabs(place):  # on a server, a lease ends by itself
        return "Try again in a moment."
    import shlex

    locks = shlex.quote(f"{place}.locks")
    return f"Try again in a moment; if that does not help, end the program that `fuser -v {locks}/*` finds."


def always_in_conflict() -> StoreError:
    """Make the error for a store that reports a conflict at every write."""
    hint = "Try again; if that does not help, test the store with valetkey.store.testing."
    return StoreError("The session store reports a conflict at every write.", hint=hint)


def as_record(value: object, version: object) -> Record:
    """Make a record of what a backend has read; a `TypeError` if another program has put something else there."""
    if not isinstance(value, bytes) or not isinstance(version, str):
        message = "it has a record with another type of value or version"
        raise TypeError(message)
    return Record(value, version)


def as_lease(found: object) -> Lease:
    """Give what a backend gives for a lease; a `TypeError` if it is none."""
    if not all(callable(getattr(found, name, None)) for name in ("__enter__", "__exit__")):
        message = f"its lease is a {type(found).__name__}"
        raise TypeError(message)
    return cast("Lease", found)


def not_of_valetkey(place: str) -> StoreError:
    """Make the error for what is in a store, and what no program of ours has put there."""
    message = f"The session store {place} holds something that Valetkey has not written."
    return StoreError(message, hint=f"Find out which program writes there, and remove it; or {ANOTHER_STORE}.")
