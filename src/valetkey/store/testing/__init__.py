# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Checks for a backend of your own: everything that Valetkey needs of a store, tried on a real one.

    from functools import partial
    from valetkey.store.testing import check_store

    def test_my_store():
        check_store(partial(MyStore, "address"))

A check takes a function that opens the store, and raises `AssertionError` if the store breaks a promise; so each check
can be a test of its own. Each run uses new keys, and deletes them if the check succeeds. Other processes call the
function that opens the store too, so it must be a function of a module, or a `partial` of one. A program, as opposed to
a test, needs `if __name__ == "__main__":` around the call.
"""

from valetkey.store.testing.leases import LEASES
from valetkey.store.testing.processes import PROCESSES
from valetkey.store.testing.promise import Check, Open
from valetkey.store.testing.records import RECORDS
from valetkey.store.testing.trouble import check_full_disk

__all__ = ["LEASES", "PROCESSES", "RECORDS", "Check", "Open", "check_full_disk", "check_store"]


def check_store(open_store: Open, *, is_shared: bool = True) -> None:
    """
    Run every check: of records, of leases, and with several processes.

    :param open_store: Opens the store, the same one each time.
    :param is_shared: False for a store that only its own process can read.
    :raises AssertionError: If a promise is broken.
    """
    for check in (*RECORDS, *LEASES, *(PROCESSES if is_shared else ())):
        check(open_store)
