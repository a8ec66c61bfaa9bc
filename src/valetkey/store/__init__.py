# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Where sessions are kept: what a store has to do, and how one is opened.

The protocol of stores is in `valetkey.store.protocol`, the stores of Valetkey in `valetkey.store.backends`. A store of
your own gets its lease from `valetkey.store.leases.cas_lease` and is tried by `valetkey.store.testing`.
"""

from valetkey.store.default_place import default_path
from valetkey.store.opening import ENVIRONMENT, open_store
from valetkey.store.protocol import (
    ABSENT,
    ANY,
    Absent,
    Condition,
    Conflict,
    Lease,
    Record,
    Store,
    is_met,
    require_condition,
)

__all__ = [
    "ABSENT",
    "ANY",
    "ENVIRONMENT",
    "Absent",
    "Condition",
    "Conflict",
    "Lease",
    "Record",
    "Store",
    "default_path",
    "is_met",
    "open_store",
    "require_condition",
]
