# SPDX-FileCopyrightText: 2026 The Valetkey authors
# SPDX-License-Identifier: Apache-2.0

"""
The record of an encrypted store that lists its keys, unencrypted: their ids and sources.

A program without a key reads there that the store is encrypted, and with which key.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from valetkey.errors import StoreError
from valetkey.store.another import ANOTHER_STORE
from valetkey.store.encryption.keys import DataKey, Source
from valetkey.store.protocol import ABSENT, Conflict, Store

RECORD_KEY = "protection"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class KeyNames:
    """
    The keys of a store's records, the one that encrypts first.

    :param sources: The source of each key, by the key's id.
    """

    sources: Mapping[bytes, Source]

    @classmethod
    def of(cls, key: DataKey) -> Self:
        """Name one key."""
        return cls({key.id: key.source})

    @property
    def first(self) -> bytes:
        """The id of the key in use."""
        return next(iter(self.sources))

    def encode(self) -> bytes:
        """Write the names."""
        keys = [{"id": key_id.hex(), "source": source} for key_id, source in self.sources.items()]
        return json.dumps({"format": _FORMAT, "kind": RECORD_KEY, "keys": keys}).encode()

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Read what `encode` wrote."""
        try:
            members: Any = json.loads(value)
            is_newer = members["format"] > _FORMAT
            sources = {} if is_newer else {bytes.fromhex(key["id"]): Source(key["source"]) for key in members["keys"]}
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _damaged() from error
        if is_newer:
            message = f"The session store was encrypted by a newer version of Valetkey (format {members['format']})."
            raise StoreError(message, hint=f"Update Valetkey here, or {ANOTHER_STORE}.")
        if not sources:
            raise _damaged()
        return cls(sources)


def read_key_names(store: Store) -> KeyNames | None:
    """Read which keys a store is encrypted with."""
    record = store.get(RECORD_KEY)
    return None if record is None else KeyNames.decode(record.value)


def write_key_name(store: Store, key: DataKey) -> None:
    """Name a key as the one in use, unless it is named already. The names of others stay: records may need them."""
    while True:
        record = store.get(RECORD_KEY)
        sources = dict(KeyNames.decode(record.value).sources) if record is not None else {}
        if key.id in sources:
            return
        names = KeyNames({key.id: key.source, **sources})
        try:
            store.put(RECORD_KEY, names.encode(), if_version=record.version if record is not None else ABSENT)
        except Conflict:
            continue
        return


def _damaged() -> StoreError:
    message = "The record that says how the session store is encrypted is damaged."
    return StoreError(message, hint=f"If it is a file, move it away and log in again; else {ANOTHER_STORE}.")
