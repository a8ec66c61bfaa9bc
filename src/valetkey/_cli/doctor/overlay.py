# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""A store that reads what is in another one and writes nothing there: a rehearsal leaves no trace."""

from collections.abc import Collection
from contextlib import suppress

from valetkey.errors import StoreError
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.protocol import ANY, Condition, Record, Store


class Overlay(MemoryStore):
    """
    The records of a store as they were when they were first read, and what is written over them in memory.

    Records whose keys are `hidden` are taken to be absent.
    """

    def __init__(self, store: Store, hidden: Collection[str] = ()) -> None:
        super().__init__()
        self._store = store
        self._seen = set(hidden)

    def get(self, key: str) -> Record | None:
        """Read a record; one of a store that cannot be read counts as absent."""
        if key not in self._seen:
            self._seen.add(key)
            with suppress(StoreError):
                record = self._store.get(key)
                if record is not None:
                    super().put(key, record.value)
        return super().get(key)

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """Write a record here."""
        self.get(key)
        return super().put(key, value, if_version=if_version)

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """Delete a record here."""
        self.get(key)
        return super().delete(key, if_version=if_version)
