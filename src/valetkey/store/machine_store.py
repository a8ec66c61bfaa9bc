# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The default store of a machine, which can obtain its token anew: in memory, where the default place cannot be used.

It never returns to the file, and it never leaves a file that it has written: either would lose a session.
"""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from valetkey.errors import StoreError
from valetkey.store.another import place_of
from valetkey.store.backends.default_file import is_place_unusable
from valetkey.store.backends.memory import MemoryStore
from valetkey.store.protocol import ANY, Condition, Lease, Record, Store

_logger = logging.getLogger("valetkey")

Result = TypeVar("Result")


class MachineStore:
    """A store that goes on in memory if its place turns out to be unusable before anything was written there."""

    def __init__(self, file: Store) -> None:
        self._file = file
        self._deciding = threading.Lock()  # guards _memory and _has_written
        self._memory: MemoryStore | None = None
        self._has_written = False

    @property
    def place(self) -> str:
        """Where the records are kept now."""
        return place_of(self._memory or self._file)

    def get(self, key: str) -> Record | None:
        """Read a record."""
        return self._use(lambda store: store.get(key))

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """Write a record."""

        def write(store: Store) -> str:
            version = store.put(key, value, if_version=if_version)
            with self._deciding:
                self._has_written = True
            return version

        return self._use(write)

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """Delete a record."""
        return self._use(lambda store: store.delete(key, if_version=if_version))

    def lease(self, key: str, *, seconds: float) -> Lease | None:
        """Try to take the lease of a record."""
        return self._use(lambda store: store.lease(key, seconds=seconds))

    def close(self) -> None:
        """Close the file, and forget what is in memory."""
        self._file.close()
        if self._memory is not None:
            self._memory.close()

    def _use(self, act: Callable[[Store], Result]) -> Result:
        if self._memory is not None:
            return act(self._memory)
        try:
            return act(self._file)
        except StoreError as error:
            memory = self._go_on_in_memory(error) if is_place_unusable(error) else None
            if memory is None:
                raise
        return act(memory)

    def _go_on_in_memory(self, error: StoreError) -> Store | None:
        with self._deciding:
            if self._memory is None and not self._has_written:
                self._memory = MemoryStore()
                _logger.warning(
                    "%s This machine goes on in memory, so each process obtains a token of its own. Name another place "
                    "in VALETKEY_STORE, or set it to memory: where this is meant.",
                    error.message,
                )
            return self._memory
