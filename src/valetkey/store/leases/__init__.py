# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Leases: waiting for one, keeping one, and making one for a backend that has none."""

from valetkey.store.leases.acquiring import LEASE_SECONDS, LeaseTimeout, acquire_unless
from valetkey.store.leases.keeping import kept_alive

__all__ = ["LEASE_SECONDS", "LeaseTimeout", "acquire_unless", "kept_alive"]
