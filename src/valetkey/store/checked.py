# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
Any store, also one of the user's own: whatever it raises or gives that no store may is a `StoreError`.

So an answer of a token endpoint that such a store cannot write is kept and written again, as with every other store.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from valetkey.errors import AuthError, StoreError
from valetkey.store.another import as_lease, as_record, place_of
from valetkey.store.protocol import ANY, Condition, Conflict, Lease, Record, Store, require_condition

Result = TypeVar("Result")


class CheckedStore:
    """A store whose methods raise what the protocol says, and nothing else."""

    def __init__(self, store: Store) -> None:
        self.inner: Store = store

    @property
    def place(self) -> str:
        """The path or URL of the store."""
        return place_of(self.inner)

    def get(self, key: str) -> Record | None:
        """Read a record."""

        def read() -> Record | None:
            found: Any = self.inner.get(key)
            return None if found is None else as_record(*found)

        return self._ask(read)

    def put(self, key: str, value: bytes, *, if_version: Condition = ANY) -> str:
        """Write a record."""
        require_condition(if_version)
        return self._ask(lambda: self.inner.put(key, value, if_version=if_version))

    def delete(self, key: str, *, if_version: Condition = ANY) -> bool:
        """Delete a record."""
        require_condition(if_version)
        return self._ask(lambda: self.inner.delete(key, if_version=if_version))

    def lease(self, key: str, *, seconds: float) -> Lease | None:
        """Try to take the lease of a record."""

        def take() -> Lease | None:
            found: Any = self.inner.lease(key, seconds=seconds)
            return None if found is None else as_lease(found)

        return self._ask(take)

    def close(self) -> None:
        """Close the store."""
        self.inner.close()

    def _ask(self, act: Callable[[], Result]) -> Result:
        try:
            return act()
        except (AuthError, Conflict):
            raise
        except Exception as error:
            name = self.place or type(self.inner).__name__
            message = f"The session store {name} has failed with {type(error).__name__}."
            hint = "See the error behind this one: it is a fault of the store, or of what it is kept with."
            raise StoreError(message, hint=hint) from error
