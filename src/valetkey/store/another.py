# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""Which store an error is about, and the way on where it cannot be used any more."""

from valetkey.store.protocol import Store

ANOTHER_STORE = "name another store where this one is named (store=, token_storage= or VALETKEY_STORE)"
"""A part of a hint. A name in the program counts before the environment variable."""


def place_of(store: Store) -> str:
    """Give the path or URL of a store, without a password; empty for one that does not say."""
    return str(getattr(store, "place", ""))
