# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Stores of sessions: the protocol of a store, and opening one by its name.

Valetkey's own stores are in `valetkey.store.backends`. A backend of your own gets its leases from
`valetkey.store.leases.cas_lease` and is checked by `valetkey.store.testing`.
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
