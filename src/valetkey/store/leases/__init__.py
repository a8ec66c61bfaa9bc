# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Leases: waiting for one, keeping one, and making one for a backend that has none.

A backend of your own gets its leases from `valetkey.store.leases.cas_lease.CasLeases`.
"""

from valetkey.store.leases.holding import WAIT_SECONDS, LeaseTimeout, hold
from valetkey.store.leases.keeping import LEASE_SECONDS, kept_alive

__all__ = ["LEASE_SECONDS", "WAIT_SECONDS", "LeaseTimeout", "hold", "kept_alive"]
