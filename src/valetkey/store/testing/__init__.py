# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
A test kit for engines of your own: everything Valetkey relies on, tried on a real store.

    from functools import partial
    from valetkey.store.testing import check_store

    def test_my_store():
        check_store(partial(MyStore, "address"))

A check is a function that takes what opens the store, and raises `AssertionError` if a promise is broken; so each can
be a test of its own. Keys are new in each run, and deleted afterwards where the check ends well. What opens the store
is called in other processes too, so it has to be a function of a module, or a `partial` of one. Programs, as opposed
to tests, need the usual `if __name__ == "__main__":` around the call.
"""

from valetkey.store.testing.leases import LEASES
from valetkey.store.testing.processes import PROCESSES
from valetkey.store.testing.promise import Check, Open
from valetkey.store.testing.records import RECORDS
from valetkey.store.testing.trouble import check_full_disk

__all__ = ["LEASES", "PROCESSES", "RECORDS", "Check", "Open", "check_full_disk", "check_store"]


def check_store(open_store: Open, *, is_shared: bool = True) -> None:
    """
    Run every check: what records promise, what leases promise, and what holds among processes.

    :param open_store: Opens the store: the same one each time.
    :param is_shared: False for a store that only its own process sees.
    :raises AssertionError: If a promise is broken.
    """
    for check in (*RECORDS, *LEASES, *(PROCESSES if is_shared else ())):
        check(open_store)
